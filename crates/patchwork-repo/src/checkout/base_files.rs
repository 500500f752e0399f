//! Files as a commit holds them.

use patchwork_core::failure::Failure;

use crate::git::Git;

/// The regular files below `folder` in a commit, sorted by path, with their contents.
pub(super) async fn read(
    git: &Git,
    commit: &str,
    folder: &str,
    max_bytes: u64,
) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut files = git.tree_files(commit, &[format!("{folder}/")]).await?;
    let bytes: u64 = files.iter().map(|file| file.size).sum();
    if bytes > max_bytes {
        return Err(Failure::configuration(format!(
            "`{folder}` holds {bytes} bytes, which is more than the {max_bytes} that are read"
        )));
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let contents = git.contents(&files).await?;
    Ok(files.into_iter().map(|file| file.path).zip(contents).collect())
}

/// A file as a worktree of the commit has it, with what attributes do to it; none when the commit has no such file.
pub(super) async fn read_one(git: &Git, commit: &str, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let name = format!("{commit}:{path}");
    if git.resolve(&name).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(git.command(["cat-file", "--filters", &name]).run().await?.stdout))
}
