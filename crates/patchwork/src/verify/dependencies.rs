//! What a run's checkout lacks of the user's repository, since git ignores it: installed dependencies. Trials are lent them.

use std::path::{Path, PathBuf};

use patchwork_core::port::trial::Lent;
use patchwork_core::step::{Context, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::commands::{Folder, folders};

/// A folder of installed dependencies in the user's repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dependencies {
    /// Where it is, relative to the root with `/`; trials see it at the same place.
    pub place: String,
    /// What is in it.
    pub kind: Kind,
    /// Where it is on this machine.
    #[serde(skip)]
    pub from: PathBuf,
}

/// Who installed a folder of dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// npm, pnpm or Yarn: `node_modules`.
    Node,
    /// A virtual environment of Python: `.venv`, `venv`.
    Venv,
    /// Composer: `vendor`.
    Composer,
    /// Bundler: `vendor/bundle`.
    Bundler,
}

/// Folders that are lent at most: a workspace has one for each of its packages.
const MAX_LENT: usize = 200;

/// The dependency folders of the user's repository beside the manifests that ask for them. Those that git keeps are among
/// them: a fresh checkout has these already.
pub fn find(repository: &Path) -> Vec<Dependencies> {
    let Some(top) = Folder::open(repository, String::new()) else { return Vec::new() };
    let below = folders(&top);
    std::iter::once(&top)
        .chain(&below)
        .flat_map(|folder| of_folder(folder, repository))
        .take(MAX_LENT)
        .collect()
}

fn of_folder(folder: &Folder, repository: &Path) -> Vec<Dependencies> {
    let mut found = Vec::new();
    let mut take = |at: Option<Folder>, kind| {
        if let Some(at) = at {
            let from = repository.join(at.place());
            found.push(Dependencies { place: at.place().to_owned(), kind, from });
        }
    };
    if folder.has("package.json") {
        take(folder.sub("node_modules"), Kind::Node);
    }
    let venv = [".venv", "venv"].into_iter().filter_map(|name| folder.sub(name));
    take(venv.into_iter().find(|venv| venv.has("pyvenv.cfg")), Kind::Venv);
    let vendor = folder.sub("vendor");
    if folder.has("composer.json") {
        take(folder.sub("vendor").filter(|vendor| vendor.has("autoload.php")), Kind::Composer);
    }
    if folder.has("Gemfile") {
        take(vendor.and_then(|vendor| vendor.sub("bundle")), Kind::Bundler);
    }
    found
}

/// Lends the trials of a run what its checkout lacks, and answers what that is.
pub(super) fn lend(ctx: &Context) -> Result<Vec<Dependencies>, StepError> {
    let mut lent = find(&ctx.checkout()?.base().repository);
    let root = ctx.root()?;
    lent.retain(|lent| root.join(&lent.place).symlink_metadata().is_err());
    let folders: Vec<Lent> =
        lent.iter().map(|lent| Lent { place: lent.place.clone(), from: lent.from.clone() }).collect();
    ctx.trials()?.lend(&folders);
    Ok(lent)
}

/// What a command of a trial is told by variables.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Environment {
    /// Folders to search for programs before all others.
    pub(super) programs: Vec<PathBuf>,
    /// Variables.
    pub(super) variables: Vec<(String, String)>,
}

/// The environment of a command of the trial at `root` that runs in `cwd` (relative, with `/`).
pub(super) fn environment(root: &Path, cwd: &str, lent: &[Dependencies]) -> Environment {
    let here = root.join(cwd);
    // The same folder may have its own dependencies and those of the root.
    let mut near: Vec<&Dependencies> =
        lent.iter().filter(|lent| here.starts_with(parent_of(root, lent))).collect();
    near.sort_by_key(|lent| std::cmp::Reverse(lent.place.len()));
    let text = |path: &Path| path.to_string_lossy().into_owned();
    let mut environment = Environment {
        // What a setup makes in the copy itself.
        programs: vec![here.join(".venv/bin"), here.join("node_modules/.bin"), here.join("vendor/bin")],
        variables: Vec::new(),
    };
    for lent in &near {
        let place = root.join(&lent.place);
        match lent.kind {
            Kind::Venv => environment.programs.push(place.join("bin")),
            Kind::Node => environment.programs.push(place.join(".bin")),
            Kind::Composer => environment.programs.push(place.join("bin")),
            Kind::Bundler => {}
        }
    }
    let first = |kind: Kind| near.iter().find(|lent| lent.kind == kind).map(|lent| root.join(&lent.place));
    if let Some(venv) = first(Kind::Venv) {
        environment.variables.push(("VIRTUAL_ENV".to_owned(), text(&venv)));
    }
    if let Some(bundle) = first(Kind::Bundler) {
        environment.variables.push(("BUNDLE_PATH".to_owned(), text(&bundle)));
    }
    if let Some(python) = python_path(root, &here) {
        environment.variables.push(("PYTHONPATH".to_owned(), python));
    }
    environment
}

/// The folder that holds a folder of dependencies, in a trial.
fn parent_of(root: &Path, lent: &Dependencies) -> PathBuf {
    let place = match lent.kind {
        Kind::Bundler => lent.place.strip_suffix("/bundle").unwrap_or(&lent.place),
        _ => &lent.place,
    };
    root.join(place.rsplit_once('/').map_or("", |(parent, _)| parent))
}

/// Where Python finds the trial's own packages. An installation that can be edited (`pip install -e`) names the user's
/// checkout: without this its code were tested in place of the trial's.
fn python_path(root: &Path, here: &Path) -> Option<String> {
    let mut places: Vec<PathBuf> = Vec::new();
    for place in [here, root] {
        let folder = Folder::open(place, String::new())?;
        let is_python = folder.has("pyproject.toml") || folder.has("setup.py") || folder.has("setup.cfg");
        if is_python || folder.has_python() {
            places.push(place.to_owned());
            places.extend(folder.sub("src").map(|_| place.join("src")));
        }
    }
    places.dedup();
    let joined = std::env::join_paths(places).ok()?.into_string().ok()?;
    (!joined.is_empty()).then_some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for path in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        }
        dir
    }

    #[test]
    fn folders_beside_their_manifests_are_found() {
        let dir = repository(&[
            "package.json",
            "node_modules/a/package.json",
            "node_modules/a/node_modules/b/index.js",
            "web/package.json",
            "web/node_modules/c/index.js",
            "loose/node_modules/c/index.js",
            ".venv/pyvenv.cfg",
            "venv/pyvenv.cfg",
            "tools/venv/not-an-environment",
            "php/composer.json",
            "php/vendor/autoload.php",
            "ruby/Gemfile",
            "ruby/vendor/bundle/ruby/x",
        ]);
        let found = find(dir.path());
        let places: Vec<(&str, Kind)> = found.iter().map(|lent| (lent.place.as_str(), lent.kind)).collect();
        let expected = [
            ("node_modules", Kind::Node),
            (".venv", Kind::Venv),
            ("php/vendor", Kind::Composer),
            ("ruby/vendor/bundle", Kind::Bundler),
            ("web/node_modules", Kind::Node),
        ];
        assert_eq!(places, expected);
        assert_eq!(found[0].from, dir.path().join("node_modules"));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_not_lent() {
        let dir = repository(&["package.json", "elsewhere/secret"]);
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), dir.path().join("node_modules")).unwrap();
        assert_eq!(find(dir.path()), []);
    }

    #[test]
    fn commands_find_what_is_lent_the_nearest_first() {
        let trial = repository(&["web/package.json", "web/src/a.js", "setup.cfg", "src/p/a.py"]);
        let lent = |place: &str, kind| Dependencies { place: place.into(), kind, from: PathBuf::new() };
        let all = [
            lent(".venv", Kind::Venv),
            lent("node_modules", Kind::Node),
            lent("web/node_modules", Kind::Node),
            lent("other/venv", Kind::Venv),
        ];
        let root = trial.path();
        let environment = environment(root, "web", &all);
        let programs: Vec<String> = environment
            .programs
            .iter()
            .map(|path| path.strip_prefix(root).unwrap().to_string_lossy().into_owned())
            .collect();
        let own = ["web/.venv/bin", "web/node_modules/.bin", "web/vendor/bin"];
        let shared = ["web/node_modules/.bin", "node_modules/.bin", ".venv/bin"];
        assert_eq!(programs, [own, shared].concat());
        let shown = |path: &str| root.join(path).to_string_lossy().into_owned();
        let variable = |name: &str| {
            environment.variables.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        assert_eq!(variable("VIRTUAL_ENV"), Some(shown(".venv")));
        assert_eq!(
            variable("PYTHONPATH"),
            Some(format!("{}:{}", shown("").trim_end_matches('/'), shown("src")))
        );
    }
}
