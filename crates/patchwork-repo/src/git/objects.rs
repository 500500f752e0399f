//! Files of commits, many in one process.

use patchwork_core::failure::Failure;

use super::{Git, GitError};

/// A regular file of a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TreeFile {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// The id of its contents.
    pub(crate) id: String,
    /// Their bytes.
    pub(crate) size: u64,
}

impl Git {
    /// The regular files of a commit at or below paths, all files for no path; without symbolic links, submodules and paths that
    /// are not UTF-8. A path that ends with `/` stands for what is in that folder.
    pub(crate) async fn tree_files(&self, commit: &str, paths: &[String]) -> Result<Vec<TreeFile>, GitError> {
        let listed = self
            .command(["ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--"])
            .args(paths)
            .env("GIT_LITERAL_PATHSPECS", "1")
            .run()
            .await?;
        Ok(listed.fields().filter_map(tree_file).collect())
    }

    /// The contents of files, in their order.
    pub(crate) async fn contents(&self, files: &[TreeFile]) -> Result<Vec<Vec<u8>>, Failure> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let ids: String = files.iter().map(|file| format!("{}\n", file.id)).collect();
        let contents = self.command(["cat-file", "--batch"]).stdin(ids).run().await?.stdout;
        let mut rest = contents.as_slice();
        let mut read = Vec::with_capacity(files.len());
        for file in files {
            let Some((content, after)) = one_content(rest, file) else {
                return Err(Failure::failed(format!("git did not give the contents of `{}`", file.path))
                    .hint("look whether the repository is whole: git fsck"));
            };
            read.push(content.to_vec());
            rest = after;
        }
        Ok(read)
    }
}

/// `<mode> blob <id> <size>\t<path>`, the size with spaces before it.
fn tree_file(line: &[u8]) -> Option<TreeFile> {
    let (about, path) = std::str::from_utf8(line).ok()?.split_once('\t')?;
    let mut words = about.split_ascii_whitespace();
    if !words.next()?.starts_with("100") || words.next()? != "blob" {
        return None;
    }
    Some(TreeFile { id: words.next()?.to_owned(), size: words.next()?.parse().ok()?, path: path.to_owned() })
}

/// `<id> blob <size>\n<contents>\n`, and what comes after.
fn one_content<'a>(bytes: &'a [u8], file: &TreeFile) -> Option<(&'a [u8], &'a [u8])> {
    let header = format!("{} blob {}\n", file.id, file.size);
    let bytes = bytes.strip_prefix(header.as_bytes())?;
    let (content, rest) = bytes.split_at_checked(usize::try_from(file.size).ok()?)?;
    Some((content, rest.strip_prefix(b"\n")?))
}
