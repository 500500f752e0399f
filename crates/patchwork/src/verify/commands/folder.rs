//! A folder of a repository that nobody has looked at: bounded, and without following links.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;
use serde_json::Value;

/// Entries of one folder that are looked at.
const MAX_ENTRIES: usize = 10_000;

/// Folders of one folder that are opened.
const MAX_SUBS: usize = 50;

/// Bytes of a manifest: larger ones were not written by a person.
const MAX_MANIFEST: u64 = 1 << 20;

/// Folders below the root that are looked at, and how deep.
const MAX_FOLDERS: usize = 2_000;
const MAX_DEPTH: usize = 3;

/// A folder and the names in it.
pub(in crate::verify) struct Folder {
    path: PathBuf,
    place: String,
    /// Each name, and whether it is a folder. Links are left out.
    names: BTreeMap<String, bool>,
}

impl Folder {
    /// The folder at `path`, which is `place` in the repository (relative, with `/`).
    pub(in crate::verify) fn open(path: &Path, place: String) -> Option<Self> {
        let mut names = BTreeMap::new();
        for entry in fs::read_dir(path).ok()?.flatten().take(MAX_ENTRIES) {
            let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else { continue };
            if kind.is_file() || kind.is_dir() {
                names.insert(name, kind.is_dir());
            }
        }
        Some(Self { path: path.to_owned(), place, names })
    }

    /// Where it is in the repository; empty for the root.
    pub(in crate::verify) fn place(&self) -> &str {
        &self.place
    }

    /// Whether it has a file of this name.
    pub(in crate::verify) fn has(&self, name: &str) -> bool {
        self.names.get(name) == Some(&false)
    }

    /// The first of these names that it has as a file.
    pub(super) fn first<'a>(&self, names: &[&'a str]) -> Option<&'a str> {
        names.iter().copied().find(|name| self.has(name))
    }

    /// The names of its files that a condition holds for, sorted.
    pub(super) fn files(&self, mut wanted: impl FnMut(&str) -> bool) -> impl Iterator<Item = &str> {
        self.names.iter().filter(move |(name, dir)| !**dir && wanted(name)).map(|(name, _)| name.as_str())
    }

    /// Whether it has Python source files.
    pub(in crate::verify) fn has_python(&self) -> bool {
        self.files(|name| name.ends_with(".py")).next().is_some()
    }

    /// A folder in it.
    pub(in crate::verify) fn sub(&self, name: &str) -> Option<Self> {
        if self.names.get(name) != Some(&true) {
            return None;
        }
        let place = if self.place.is_empty() { name.to_owned() } else { format!("{}/{name}", self.place) };
        Self::open(&self.path.join(name), place)
    }

    /// The folders in it, sorted, without hidden ones.
    pub(super) fn subs(&self) -> Vec<Self> {
        let names = self.names.iter().filter(|(name, dir)| **dir && !name.starts_with(['.', '_']));
        names.take(MAX_SUBS).filter_map(|(name, _)| self.sub(name)).collect()
    }

    /// The text of a file of it; none when it is absent, too large or not a file.
    pub(super) fn read(&self, name: &str) -> Option<String> {
        if !self.has(name) {
            return None;
        }
        let file = fs::File::open(self.path.join(name)).ok()?;
        // What was a file when the folder was listed may be a device by now.
        if !file.metadata().ok()?.is_file() {
            return None;
        }
        let mut bytes = Vec::new();
        file.take(MAX_MANIFEST + 1).read_to_end(&mut bytes).ok()?;
        if bytes.len() as u64 > MAX_MANIFEST {
            return None;
        }
        Some(String::from_utf8_lossy(&bytes).trim_start_matches('\u{feff}').to_owned())
    }

    /// A file of it as JSON.
    pub(super) fn json(&self, name: &str) -> Option<Value> {
        serde_json::from_str(&self.read(name)?).ok()
    }
}

/// The folders below one, the shallow ones first, without what git ignores, what is hidden, and what holds other people's
/// code or data for tests.
pub(in crate::verify) fn folders(top: &Folder) -> Vec<Folder> {
    let others = ["node_modules", "venv", "vendor", "third_party", "testdata", "fixtures", "examples"];
    let mut found: Vec<(usize, PathBuf)> = WalkBuilder::new(&top.path)
        .max_depth(Some(MAX_DEPTH))
        .parents(false)
        .git_global(false)
        .require_git(false)
        .filter_entry(move |entry| {
            entry.file_type().is_some_and(|kind| kind.is_dir())
                && !entry.file_name().to_str().is_some_and(|name| others.contains(&name))
        })
        .build()
        .flatten()
        .filter(|entry| entry.depth() > 0)
        .take(MAX_FOLDERS)
        .map(|entry| (entry.depth(), entry.into_path()))
        .collect();
    found.sort();
    found
        .into_iter()
        .filter_map(|(_, path)| {
            let place = path.strip_prefix(&top.path).ok()?.components();
            let place: Option<Vec<&str>> = place.map(|part| part.as_os_str().to_str()).collect();
            Folder::open(&path, place?.join("/"))
        })
        .collect()
}
