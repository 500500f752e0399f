//! What programs of trials see of the system: what is there for everyone, and what builds need of the user's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::tools::{self, Shown};
use crate::process::sandbox::policy::{Mount, What};

/// Top folders that are there for everyone: what is installed. All others are somebody's: homes, the work of other jobs, files
/// of a CI system with its tokens, secrets that a container is handed. `/proc`, `/dev` and `/tmp` are the sandbox's own.
const SHOWN: &[&str] =
    &["bin", "etc", "gnu", "lib", "lib32", "lib64", "libx32", "nix", "opt", "sbin", "snap", "sys", "usr"];

/// What programs need of `/var`, which holds the data, the logs and the sockets of services.
const OF_VAR: &[&str] =
    &["/var/cache/fontconfig", "/var/lib/dpkg", "/var/lib/gems", "/var/lib/ghc", "/var/lib/texmf"];

/// Files of the system that only root may read; to everyone else they are closed anyway.
const OF_ROOT: &[&str] = &[
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/kubernetes",
    "/etc/NetworkManager/system-connections",
    "/etc/rancher",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/ssh",
    "/etc/ssl/private",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/wireguard",
    "/sys/firmware/efi",
    "/sys/firmware/qemu_fw_cfg",
    "/sys/fs/bpf",
    "/sys/fs/pstore",
    "/sys/kernel/debug",
    "/sys/kernel/tracing",
];

/// Variables that name a folder in which a CI system keeps credentials.
const OF_CI: &[&str] = &["AGENT_TEMPDIRECTORY", "RUNNER_TEMP"];

/// What belongs to the programs of an installation: `/venv/lib` to those of `/venv/bin`.
const OF_PROGRAMS: &[&str] =
    &["conf", "include", "jmods", "lib", "lib64", "libexec", "pyvenv.cfg", "release", "share"];

/// Entries of `/etc` that are looked at; most systems have some thousands.
const MAX_SETTINGS: usize = 100_000;

/// What is there and what is not. All paths are absolute and without links.
#[derive(Debug, Clone)]
pub(super) struct Sight {
    /// The user's home folder; none when they have none of their own.
    pub(super) home: Option<PathBuf>,
    /// What is there for everyone.
    system: Vec<PathBuf>,
    /// Folders below those that hold secrets: the user's repository, our state, what is root's.
    hidden: Vec<PathBuf>,
    /// What builds need of the user's home folder, and folders with programs that are hidden otherwise.
    pub(super) tools: Vec<Shown>,
}

impl Sight {
    /// For these variables of the user.
    pub(super) fn new(variables: &BTreeMap<String, String>, repository: &Path, state_dir: &Path) -> Self {
        let home = variables.get("HOME").and_then(|home| fs::canonicalize(home).ok());
        let home = home.filter(|home| home.is_dir() && home.components().count() > 1);
        let mut guarded = vec![real(repository), real(state_dir)];
        guarded.extend(home.clone());
        guarded.extend(work_around(repository));
        let named = OF_CI.iter().filter_map(|name| variables.get(*name)).map(Path::new);
        guarded.extend(named.filter(|path| path.is_absolute() && path.components().count() > 1).map(real));
        let mut tools = home.as_deref().map(|home| tools::shown(home, variables)).unwrap_or_default();
        let path = variables
            .get("PATH")
            .map(|path| std::env::split_paths(path).collect::<Vec<_>>())
            .unwrap_or_default();
        let folders: Vec<PathBuf> =
            path.into_iter().filter(|folder| folder.is_absolute() && folder.is_dir()).collect();
        // A job in a container often has another home than the one with its tools.
        let homes: BTreeSet<PathBuf> = folders.iter().filter_map(|folder| home_of(folder)).collect();
        for other in homes.into_iter().filter(|other| home.as_ref() != Some(other)) {
            tools.extend(tools::shown(&other, &BTreeMap::new()));
            guarded.push(other);
        }
        // A folder of programs is shown, but not when it is a whole home.
        let folders = folders
            .into_iter()
            .filter(|folder| !guarded.iter().any(|guarded| guarded.starts_with(real(folder))));
        for folder in folders {
            let belongs = belongings(&folder).filter(|path| {
                !guarded.iter().any(|guarded| guarded.starts_with(path) || path.starts_with(guarded))
            });
            tools.extend(belongs.map(|path| Shown { path, writes: false }));
            tools.push(Shown { path: folder, writes: false });
        }
        let mut hidden: Vec<PathBuf> = OF_ROOT.iter().map(PathBuf::from).collect();
        if is_root() {
            hidden.extend(closed_in(Path::new("/etc")));
        }
        hidden.extend(guarded);
        hidden.sort();
        hidden.dedup();
        let mut sight = Self { home, system: system(), hidden, tools: Vec::new() };
        tools.retain(|tool| !sight.is_for_everyone(&tool.path));
        tools.sort();
        tools.dedup_by(|next, kept| next.path.starts_with(&kept.path));
        sight.tools = tools;
        sight
    }

    /// Whether a path is there without anything being done for it.
    pub(super) fn is_for_everyone(&self, path: &Path) -> bool {
        let real = real(path);
        self.system.iter().any(|shown| real.starts_with(shown))
            && !self.hidden.iter().any(|hidden| real.starts_with(hidden))
    }

    /// The places of a view that are there for everyone, and those that are covered in them.
    pub(super) fn mounts(&self, network: bool) -> Vec<Mount> {
        let mut mounts: Vec<Mount> =
            self.system.iter().map(|path| Mount { to: path.clone(), what: What::Same }).collect();
        mounts.extend(self.hidden.iter().map(|path| Mount { to: path.clone(), what: What::Nothing }));
        if network {
            mounts.extend(resolver().map(|to| Mount { to, what: What::Same }));
        }
        mounts
    }

    /// What may be read where nothing can be covered: every folder that is there for everyone, with nothing hidden in it.
    pub(super) fn readable(&self, network: bool) -> Vec<PathBuf> {
        let mut open = self.system.clone();
        open.push("/proc".into());
        open.extend(network.then(resolver).flatten());
        let mut readable = Vec::new();
        while let Some(path) = open.pop() {
            if self.hidden.iter().any(|hidden| path.starts_with(hidden)) {
                continue;
            }
            if self.hidden.iter().any(|hidden| hidden.starts_with(&path)) {
                let entries = fs::read_dir(&path).into_iter().flatten().flatten();
                // A link says nothing: where it leads is readable or not.
                open.extend(
                    entries
                        .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
                        .map(|entry| entry.path()),
                );
            } else {
                readable.push(path);
            }
        }
        readable
    }
}

/// The home folder around a folder, going by its name.
fn home_of(folder: &Path) -> Option<PathBuf> {
    let mut parts = folder.components().skip(1).map(|part| part.as_os_str());
    match parts.next()?.to_str()? {
        "root" => Some("/root".into()),
        "home" => Some(Path::new("/home").join(parts.next()?)),
        _ => None,
    }
}

/// What belongs to a folder of programs.
fn belongings(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let is_programs = folder.ends_with("bin") || folder.ends_with("sbin");
    let around = folder.parent().filter(|around| is_programs && around.components().count() > 1);
    let paths = around.into_iter().flat_map(|around| OF_PROGRAMS.iter().map(|name| around.join(name)));
    paths.filter(|path| path.exists())
}

/// The installation that a repository lies in: a CI system's, with its credentials (`/opt/actions-runner/_work/…`).
fn work_around(repository: &Path) -> Option<PathBuf> {
    let repository = real(repository);
    let name = repository.strip_prefix("/opt").ok()?.components().next()?;
    Some(Path::new("/opt").join(name))
}

fn is_root() -> bool {
    rustix::process::getuid().is_root()
}

/// What in a folder is closed to users who do not own it.
fn closed_in(folder: &Path) -> Vec<PathBuf> {
    let mut closed = Vec::new();
    let mut open = vec![folder.to_owned()];
    let mut seen = 0;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            seen += 1;
            let Ok(found) = entry.metadata() else { continue };
            let least = if found.is_dir() { 0o005 } else { 0o004 };
            if found.is_symlink() {
                continue;
            } else if found.mode() & least != least || seen > MAX_SETTINGS {
                closed.push(entry.path());
            } else if found.is_dir() {
                open.push(entry.path());
            }
        }
    }
    closed
}

/// What everyone may see of the top folder.
fn system() -> Vec<PathBuf> {
    let tops = SHOWN.iter().map(|name| Path::new("/").join(name));
    let mut all: Vec<PathBuf> =
        tops.chain(OF_VAR.iter().map(PathBuf::from)).filter(|path| path.is_dir()).collect();
    all.sort();
    all
}

/// The file with the addresses of name servers, where it lies in a folder that is not shown.
fn resolver() -> Option<PathBuf> {
    fs::canonicalize("/etc/resolv.conf")
        .ok()
        .filter(|path| path.starts_with("/run") || path.starts_with("/var"))
}

/// A path without links, as far as it exists.
pub(super) fn real(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => real(parent).join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sight(folder: &Path, path: &[PathBuf]) -> Sight {
        let path = std::env::join_paths(path).unwrap().into_string().unwrap();
        let variables = [("HOME", folder.join("me").display().to_string()), ("PATH", path)];
        let variables = variables.map(|(name, value)| (name.to_owned(), value)).into();
        Sight::new(&variables, &folder.join("me/repository"), &folder.join("me/state"))
    }

    #[test]
    fn folders_of_programs_are_shown_but_no_home_and_nothing_around_one() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().canonicalize().unwrap().join(path);
        for path in ["me/bin", "me/repository/bin", "me/state", "other/bin"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        let path = [
            at("me/bin"),
            at("me"),
            at(""),
            at("me/repository"),
            at("me/repository/bin"),
            "bin".into(),
            "/usr/bin".into(),
        ];
        let sight = sight(folder.path(), &path);
        let shown: Vec<&Path> = sight.tools.iter().map(|tool| tool.path.as_path()).collect();
        assert_eq!(shown, [at("me/bin"), at("me/repository/bin")]);
    }

    #[test]
    fn what_is_readable_has_nothing_hidden_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut sight = sight(folder.path(), &[]);
        for path in ["a/open/x", "a/hidden/x", "b"] {
            std::fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        sight.system = vec![folder.path().to_owned()];
        sight.hidden = vec![folder.path().join("a/hidden")];
        let mut readable = sight.readable(false);
        readable.sort();
        assert_eq!(readable, [PathBuf::from("/proc"), folder.path().join("a/open"), folder.path().join("b")]);
        assert!(sight.is_for_everyone(&folder.path().join("a/open/x")));
        assert!(!sight.is_for_everyone(&folder.path().join("a/hidden/x")));
    }

    #[test]
    fn what_belongs_to_programs_is_shown_and_nothing_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["venv/bin", "venv/lib", "venv/secrets", "me/repository/bin", "me/repository/lib"] {
            std::fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        let at = |path: &str| folder.path().canonicalize().unwrap().join(path);
        let sight = sight(folder.path(), &[at("venv/bin"), at("me/repository/bin")]);
        let shown: Vec<&Path> = sight.tools.iter().map(|tool| tool.path.as_path()).collect();
        assert_eq!(shown, [at("me/repository/bin"), at("venv/bin"), at("venv/lib")]);
    }

    #[test]
    fn work_and_credentials_of_a_ci_system_are_hidden() {
        let repository = Path::new("/opt/actions-runner/_work/a/a");
        let variables = [("RUNNER_TEMP", "/opt/temp"), ("AGENT_TEMPDIRECTORY", "/")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let sight = Sight::new(&variables, repository, Path::new("/state"));
        for (path, shown) in [
            ("/opt/actions-runner/.credentials", false),
            ("/opt/temp/git-credentials", false),
            ("/opt/other", true),
            ("/usr/bin/env", true),
            ("/__w/_temp/token", false),
            ("/vault/secrets/token", false),
            ("/github/workflow/event.json", false),
        ] {
            assert_eq!(sight.is_for_everyone(Path::new(path)), shown, "{path}");
        }
    }

    #[test]
    fn what_is_closed_to_others_is_found_at_any_depth() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        for path in ["a/b", "closed/x"] {
            std::fs::create_dir_all(at(path)).unwrap();
        }
        for (path, mode) in
            [("a/b/secret", 0o640), ("a/b/open", 0o644), ("a", 0o755), ("a/b", 0o755), ("closed", 0o750)]
        {
            if !at(path).exists() {
                std::fs::write(at(path), "").unwrap();
            }
            std::fs::set_permissions(at(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        symlink("secret", at("a/b/link")).unwrap();
        let mut closed = closed_in(folder.path());
        closed.sort();
        assert_eq!(closed, [at("a/b/secret"), at("closed")]);
    }

    #[test]
    fn homes_are_known_by_their_names() {
        for (folder, home) in [
            ("/root/.cargo/bin", Some("/root")),
            ("/home/me/.local/bin", Some("/home/me")),
            ("/usr/bin", None),
            ("/home", None),
        ] {
            assert_eq!(home_of(Path::new(folder)), home.map(PathBuf::from), "{folder}");
        }
    }
}
