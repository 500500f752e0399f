//! What programs of trials see of the system: what is there for everyone, and what builds need of the user's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::tools::{self, Shown};
use crate::process::sandbox::policy::{Mount, What};

/// Top folders that are not for everyone: homes, sockets of services, other file systems. `/proc`, `/dev` and `/tmp` are the
/// sandbox's own.
const NOT_SHOWN: &[&str] =
    &["boot", "dev", "home", "lost+found", "media", "mnt", "proc", "root", "run", "tmp", "var"];

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
];

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
        let mut hidden: Vec<PathBuf> = OF_ROOT.iter().map(PathBuf::from).collect();
        hidden.extend([real(repository), real(state_dir)]);
        hidden.extend(home.clone());
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
            hidden.push(other);
        }
        let guarded: Vec<PathBuf> = hidden.iter().skip(OF_ROOT.len()).cloned().collect();
        // A folder of programs is shown, but not when it is a whole home.
        let folders = folders
            .into_iter()
            .filter(|folder| !guarded.iter().any(|guarded| guarded.starts_with(real(folder))));
        tools.extend(folders.map(|path| Shown { path, writes: false }));
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

/// What everyone may see of the top folder.
fn system() -> Vec<PathBuf> {
    let entries = fs::read_dir("/").into_iter().flatten().flatten();
    let shown = entries.filter(|entry| !NOT_SHOWN.iter().any(|name| entry.file_name() == *name));
    let folders = shown.map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut all: Vec<PathBuf> =
        folders.chain(OF_VAR.iter().map(PathBuf::from).filter(|path| path.is_dir())).collect();
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
