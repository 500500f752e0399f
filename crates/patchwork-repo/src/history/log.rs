//! Commits between two others.

use patchwork_core::port::history::Commit;

use super::GitHistory;
use crate::git::GitError;

impl GitHistory {
    pub(super) async fn log(&self, from: &str, to: &str, limit: usize) -> Result<Vec<Commit>, GitError> {
        let (limit, without) = (format!("--max-count={limit}"), format!("^{from}"));
        let args = [
            "log",
            "-z",
            "--topo-order",
            "--no-patch",
            "--no-decorate",
            "--no-mailmap",
            "--encoding=UTF-8",
            "--format=tformat:%H%n%P%n%an%n%B",
            &limit,
            to,
            &without,
            "--",
        ];
        let output = self.reading(to, &args).run().await?;
        Ok(output.fields().filter_map(commit).collect())
    }
}

/// Id, parents, author, message: three lines and the rest.
fn commit(record: &[u8]) -> Option<Commit> {
    let text = String::from_utf8_lossy(record);
    let mut lines = text.splitn(4, '\n');
    Some(Commit {
        id: lines.next()?.to_owned(),
        parents: lines.next()?.split_ascii_whitespace().map(str::to_owned).collect(),
        author_name: lines.next()?.to_owned(),
        message: lines.next()?.trim_end_matches('\n').to_owned(),
    })
}
