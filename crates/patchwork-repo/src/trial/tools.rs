//! What builds need of a home folder: programs and packages that were installed there, never credentials.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A tool that keeps things in the home folder.
struct Tool {
    /// The variable that names its folder.
    variable: Option<&'static str>,
    /// Its folder otherwise, below the home folder.
    folder: &'static str,
    /// What of its folder is shown; all of it when empty. What is left out holds credentials (`~/.cargo/credentials.toml`,
    /// `~/.m2/settings.xml`, `~/.gradle/gradle.properties`, `~/.dotnet/corefx`).
    parts: &'static [&'static str],
    /// Whether it does not work with a folder that it can't write.
    writes: bool,
}

const fn tool(variable: Option<&'static str>, folder: &'static str, parts: &'static [&'static str]) -> Tool {
    Tool { variable, folder, parts, writes: false }
}

const fn cache(variable: Option<&'static str>, folder: &'static str, parts: &'static [&'static str]) -> Tool {
    Tool { variable, folder, parts, writes: true }
}

const TOOLS: &[Tool] = &[
    // Rust.
    tool(Some("CARGO_HOME"), ".cargo", &["bin", "registry", "git"]),
    tool(Some("RUSTUP_HOME"), ".rustup", &[]),
    // Python.
    tool(Some("PYENV_ROOT"), ".pyenv", &[]),
    tool(Some("PIPX_HOME"), ".local/pipx", &[]),
    tool(None, ".local/share/pipx", &[]),
    tool(None, ".local/lib", &[]),
    tool(None, ".local/bin", &[]),
    tool(Some("UV_PYTHON_INSTALL_DIR"), ".local/share/uv/python", &[]),
    tool(None, ".local/share/uv/tools", &[]),
    tool(None, ".local/share/virtualenvs", &[]),
    tool(Some("WORKON_HOME"), ".virtualenvs", &[]),
    tool(None, ".cache/pypoetry/virtualenvs", &[]),
    cache(Some("UV_CACHE_DIR"), ".cache/uv", &[]),
    cache(Some("PIP_CACHE_DIR"), ".cache/pip", &[]),
    tool(None, "miniconda3", &[]),
    tool(None, "anaconda3", &[]),
    tool(None, "miniforge3", &[]),
    // JavaScript.
    tool(Some("NVM_DIR"), ".nvm", &["versions", "alias", "nvm.sh", "nvm-exec"]),
    tool(Some("FNM_DIR"), ".local/share/fnm", &[]),
    tool(Some("VOLTA_HOME"), ".volta", &[]),
    tool(Some("BUN_INSTALL"), ".bun", &["bin", "install"]),
    tool(Some("DENO_INSTALL"), ".deno", &["bin"]),
    cache(Some("DENO_DIR"), ".cache/deno", &[]),
    cache(Some("npm_config_cache"), ".npm", &["_cacache"]),
    tool(None, ".npm-global", &[]),
    tool(Some("PNPM_HOME"), ".local/share/pnpm", &[]),
    cache(Some("YARN_CACHE_FOLDER"), ".cache/yarn", &[]),
    cache(None, ".yarn/berry/cache", &[]),
    tool(Some("COREPACK_HOME"), ".cache/node/corepack", &[]),
    tool(Some("PLAYWRIGHT_BROWSERS_PATH"), ".cache/ms-playwright", &[]),
    tool(None, ".cache/puppeteer", &[]),
    tool(Some("CYPRESS_CACHE_FOLDER"), ".cache/Cypress", &[]),
    // Java.
    tool(Some("SDKMAN_DIR"), ".sdkman", &["candidates", "bin", "src", "var"]),
    tool(Some("JENV_ROOT"), ".jenv", &[]),
    tool(None, ".jdks", &[]),
    cache(None, ".m2", &["repository", "wrapper"]),
    cache(Some("GRADLE_USER_HOME"), ".gradle", &["caches", "wrapper", "jdks", "native"]),
    cache(None, ".ivy2", &["cache"]),
    // Go.
    tool(Some("GOPATH"), "go", &["bin", "pkg"]),
    tool(Some("GOMODCACHE"), "go/pkg/mod", &[]),
    tool(None, ".goenv", &[]),
    cache(Some("GOCACHE"), ".cache/go-build", &[]),
    // Ruby, PHP, .NET.
    tool(Some("RBENV_ROOT"), ".rbenv", &[]),
    tool(None, ".rvm", &["bin", "gems", "rubies", "scripts"]),
    tool(Some("GEM_HOME"), ".gem/ruby", &[]),
    tool(None, ".local/share/gem", &[]),
    tool(None, ".bundle", &["cache"]),
    cache(Some("COMPOSER_CACHE_DIR"), ".cache/composer", &[]),
    tool(None, ".config/composer", &["vendor"]),
    tool(
        Some("DOTNET_ROOT"),
        ".dotnet",
        &[
            "dotnet",
            "host",
            "library-packs",
            "metadata",
            "packs",
            "sdk",
            "sdk-manifests",
            "shared",
            "templates",
            "tools",
        ],
    ),
    tool(Some("NUGET_PACKAGES"), ".nuget/packages", &[]),
    // Whatever is installed by version.
    tool(Some("ASDF_DATA_DIR"), ".asdf", &[]),
    tool(Some("MISE_DATA_DIR"), ".local/share/mise", &[]),
    tool(None, ".nix-profile", &[]),
    tool(None, ".linuxbrew", &[]),
    cache(None, ".cache/bazelisk", &[]),
];

/// Settings that builds need (mirrors of registries) and that seldom hold more.
const SETTINGS: &[&str] = &[".cargo/config.toml", ".cargo/config"];

/// Words of settings that may stand beside a credential.
const TELLING: [&str; 5] = ["token", "password", "secret", "credential", "@"];

/// Longer settings are none that a person wrote.
const MAX_SETTINGS: u64 = 64 << 10;

/// Something of a home folder that a trial sees.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shown {
    /// Where it is.
    pub(super) path: PathBuf,
    /// Whether it is of use only when it can be written.
    pub(super) writes: bool,
}

/// What there is of all that for these variables, without what is in another one of them.
pub(super) fn shown(home: &Path, variables: &BTreeMap<String, String>) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for tool in TOOLS {
        let named = tool.variable.and_then(|name| variables.get(name)).map(PathBuf::from);
        let folder = named.filter(|path| path.is_absolute()).unwrap_or_else(|| home.join(tool.folder));
        // A home folder is never all a tool's.
        if home.starts_with(&folder) {
            continue;
        }
        let parts = if tool.parts.is_empty() { &[""] } else { tool.parts };
        let paths = parts.iter().map(|part| if part.is_empty() { folder.clone() } else { folder.join(part) });
        all.extend(paths.map(|path| Shown { path, writes: tool.writes }));
    }
    let settings = SETTINGS.iter().map(|name| home.join(name)).filter(|path| is_harmless(path));
    all.extend(settings.map(|path| Shown { path, writes: false }));
    all.retain(|shown| shown.path.exists());
    all.sort();
    all.dedup_by(|next, kept| next.path.starts_with(&kept.path));
    all
}

/// Whether settings hold nothing that looks like a credential.
fn is_harmless(path: &Path) -> bool {
    let small = std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= MAX_SETTINGS);
    small
        && std::fs::read_to_string(path).is_ok_and(|text| {
            let text = text.to_lowercase();
            !TELLING.iter().any(|word| text.contains(word))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home(files: &[(&str, &str)]) -> tempfile::TempDir {
        let home = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        home
    }

    fn names(home: &Path, variables: &[(&str, &Path)]) -> Vec<String> {
        let variables =
            variables.iter().map(|(name, path)| ((*name).to_owned(), path.display().to_string())).collect();
        let shown = shown(home, &variables).into_iter();
        shown.map(|shown| shown.path.strip_prefix(home).unwrap().display().to_string()).collect()
    }

    #[test]
    fn packages_are_shown_and_credentials_are_not() {
        let home = home(&[
            (".cargo/credentials.toml", "token = \"x\""),
            (".cargo/registry/index", ""),
            (".m2/settings.xml", "<password>"),
            (".m2/repository/junit.jar", ""),
            (".npmrc", "//registry/:_authToken=x"),
            (".ssh/id_ed25519", ""),
            (".config/gh/hosts.yml", ""),
            ("go/pkg/mod/x", ""),
        ]);
        assert_eq!(names(home.path(), &[]), [".cargo/registry", ".m2/repository", "go/pkg"]);
    }

    #[test]
    fn settings_are_shown_unless_they_may_hold_a_credential() {
        let mirror = "[source.crates-io]\nreplace-with = \"mirror\"\n";
        let home = home(&[(".cargo/config.toml", mirror)]);
        assert_eq!(names(home.path(), &[]), [".cargo/config.toml"]);
        std::fs::write(home.path().join(".cargo/config.toml"), "[registries.ours]\nTOKEN = \"x\"\n").unwrap();
        assert_eq!(names(home.path(), &[]), [""; 0]);
    }

    #[test]
    fn a_variable_moves_a_tool_but_never_shows_the_home_folder() {
        let home = home(&[("tools/cargo/bin/rg", ""), ("tools/cargo/credentials.toml", ""), (".ssh/id", "")]);
        let cargo = home.path().join("tools/cargo");
        assert_eq!(names(home.path(), &[("CARGO_HOME", &cargo)]), ["tools/cargo/bin"]);
        assert_eq!(names(home.path(), &[("PYENV_ROOT", home.path())]), [""; 0]);
        assert_eq!(names(home.path(), &[("PYENV_ROOT", home.path().parent().unwrap())]), [""; 0]);
    }
}
