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
    let listed = git
        .command(["ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", &format!("{folder}/")])
        .run()
        .await?;
    let mut files: Vec<(String, &str, u64)> = Vec::new();
    for line in listed.fields() {
        // `<mode> blob <id> <size>\t<path>`, the size with spaces before it.
        let Ok(line) = std::str::from_utf8(line) else { continue };
        let Some((about, path)) = line.split_once('\t') else { continue };
        let mut words = about.split_ascii_whitespace();
        let regular = words.next().is_some_and(|mode| mode.starts_with("100"));
        if let (true, Some("blob"), Some(id), Some(Ok(size))) =
            (regular, words.next(), words.next(), words.next().map(str::parse::<u64>))
        {
            files.push((path.to_owned(), id, size));
        }
    }
    let bytes: u64 = files.iter().map(|(_, _, size)| size).sum();
    if bytes > max_bytes {
        return Err(Failure::configuration(format!(
            "`{folder}` holds {bytes} bytes, which is more than the {max_bytes} that are read"
        )));
    }
    if files.is_empty() {
        return Ok(Vec::new());
    }
    files.sort_by(|a, b| a.0.cmp(&b.0));
    let ids: String = files.iter().map(|(_, id, _)| format!("{id}\n")).collect();
    let contents = git.command(["cat-file", "--batch"]).stdin(ids).run().await?.stdout;
    let mut rest = contents.as_slice();
    let mut read = Vec::with_capacity(files.len());
    for (path, _, size) in files {
        // `<id> blob <size>\n<contents>\n`
        let cut = usize::try_from(size).ok().and_then(|size| {
            let start = rest.iter().position(|byte| *byte == b'\n')? + 1;
            let file = rest.get(start..start.checked_add(size)?)?;
            Some((file, rest.get(start + size + 1..)?))
        });
        let Some((file, after)) = cut else {
            return Err(Failure::internal(format!("git did not give the contents of `{path}`")));
        };
        read.push((path, file.to_vec()));
        rest = after;
    }
    Ok(read)
}

/// A file as a worktree of the commit has it, with what attributes do to it; none when the commit has no such file.
pub(super) async fn read_one(git: &Git, commit: &str, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let name = format!("{commit}:{path}");
    if git.resolve(&name).await?.is_none() {
        return Ok(None);
    }
    Ok(Some(git.command(["cat-file", "--filters", &name]).run().await?.stdout))
}
