//! What programs of trials see of the system: what is there for everyone, and what builds need of the user's.

use std::collections::BTreeMap;
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
        let path = variables.get("PATH").map(|path| std::env::split_paths(path)).into_iter().flatten();
        let guarded: Vec<PathBuf> =
            [Some(real(repository)), Some(real(state_dir)), home.clone()].into_iter().flatten().collect();
        let folders = path.filter(|folder| folder.is_absolute() && folder.is_dir());
        // A folder of programs is shown, but not when it is a whole home.
        let folders =
            folders.filter(|folder| !guarded.iter().any(|guarded| guarded.starts_with(real(folder))));
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
