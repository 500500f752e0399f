//! Files of a commit.

use std::collections::BTreeMap;

use patchwork_core::failure::Failure;

use super::GitHistory;
use crate::git::TreeFile;

/// Bytes of a file that is read.
pub(super) const LARGEST_FILE: u64 = 8 << 20;
/// Bytes of all files that are read at once.
const LARGEST_READ: u64 = 128 << 20;
/// Bytes of paths in the arguments of one process; systems allow little more.
const LONGEST_ARGUMENTS: usize = 24 << 10;

impl GitHistory {
    pub(super) async fn paths_of(&self, commit: &str) -> Result<Vec<String>, Failure> {
        let args = ["ls-tree", "-r", "-z", "--full-tree", commit];
        let listed = match self.reading(commit, &args).run().await {
            Ok(listed) => listed,
            Err(error) => return Err(self.explained(error, &[commit]).await),
        };
        let path = |line: &[u8]| {
            let (about, path) = std::str::from_utf8(line).ok()?.split_once('\t')?;
            about.starts_with("100").then(|| path.to_owned())
        };
        Ok(listed.fields().filter_map(path).collect())
    }

    pub(super) async fn read_files(
        &self,
        commit: &str,
        paths: &[String],
    ) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        let mut found: BTreeMap<String, TreeFile> = BTreeMap::new();
        let mut asked: Vec<String> = paths.iter().filter(|path| is_place(path)).cloned().collect();
        asked.sort();
        asked.dedup();
        let mut rest = asked.as_slice();
        while !rest.is_empty() {
            let mut bytes = 0;
            let fits = rest.iter().take_while(|path| {
                bytes += path.len() + 1;
                bytes <= LONGEST_ARGUMENTS
            });
            let (now, later) = rest.split_at(fits.count().max(1));
            let files = match self.git.tree_files(commit, now).await {
                Ok(files) => files,
                Err(error) => return Err(self.explained(error, &[commit]).await),
            };
            // A path of a folder brings what is in it.
            let asked = files.into_iter().filter(|file| now.binary_search(&file.path).is_ok());
            found
                .extend(asked.filter(|file| file.size <= LARGEST_FILE).map(|file| (file.path.clone(), file)));
            rest = later;
        }
        let bytes: u64 = found.values().map(|file| file.size).sum();
        if bytes > LARGEST_READ {
            return Err(Failure::failed(format!(
                "{} files of commit {commit} hold {bytes} bytes, which is more than the {LARGEST_READ} that are read at once",
                found.len()
            )));
        }
        let files: Vec<TreeFile> = found.into_values().collect();
        let contents = self.git.contents(&files).await?;
        let read: BTreeMap<&str, Vec<u8>> =
            files.iter().map(|file| file.path.as_str()).zip(contents).collect();
        Ok(paths.iter().map(|path| read.get(path.as_str()).cloned()).collect())
    }
}

/// Whether a tree can have a file of this path; git fails on what leads out of it.
fn is_place(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.contains('\0')
}
