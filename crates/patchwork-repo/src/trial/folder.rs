//! The folders of trials on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use patchwork_core::failure::Failure;
use patchwork_core::run::RunId;

use crate::checkout::remove_tree;

/// A folder that goes with this value.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes it, readable by its owner only, in place of what is there.
    pub(super) fn make(path: PathBuf) -> Result<Self, Failure> {
        let make = || {
            remove_tree(&path)?;
            let mut builder = fs::DirBuilder::new();
            builder.recursive(true);
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.create(&path)
        };
        make().map_err(|error: io::Error| {
            Failure::configuration(format!("the folder for trials `{}` can't be made", path.display()))
                .caused_by(&error)
                .hint("choose another state folder: --state-dir")
        })?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let path = std::mem::take(&mut self.0);
        // What a build has made may be many files.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || remove(&path))),
            Err(_) => remove(&path),
        }
    }
}

/// Removes a folder. One that can't be is found by a later sweep.
pub(super) fn remove(path: &Path) {
    if let Err(error) = remove_tree(path) {
        tracing::warn!("`{}` can't be removed: {error}", path.display());
    }
}

/// Removes what trials of runs left behind in a state folder whose process is gone.
pub fn sweep(state_dir: &Path, is_live: impl Fn(&RunId) -> bool) {
    for entry in fs::read_dir(super::trials_dir(state_dir)).into_iter().flatten().flatten() {
        let run = entry.file_name().to_str().and_then(RunId::parse);
        if run.is_some_and(|run| !is_live(&run)) {
            remove(&entry.path());
        }
    }
}
