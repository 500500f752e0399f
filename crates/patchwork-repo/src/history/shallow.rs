//! Clones whose history is cut off: deepened as far as needed, and never cut shorter than they were.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;

use patchwork_core::failure::Failure;
use patchwork_core::port::history::History as _;

use super::GitHistory;
use super::fetch::{Remote, Want};
use crate::git::GitError;

/// Commits below a reference that are fetched at first.
const FIRST_DEPTH: u32 = 50;
/// How many times more are fetched with each further try.
const FACTOR: u32 = 5;
/// Beyond this, all commits are.
const LAST_DEPTH: u32 = 2000;

/// How much of a history is fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    /// As much as is missing.
    Whole,
    /// That many commits.
    To(u32),
    /// All that was ever cut off.
    Unshallow,
}

impl Depth {
    pub(super) fn first(asked: Option<u32>) -> Self {
        Self::To(asked.unwrap_or(FIRST_DEPTH).max(1))
    }

    pub(super) fn option(self) -> Option<String> {
        match self {
            Self::Whole => None,
            Self::To(commits) => Some(format!("--depth={commits}")),
            Self::Unshallow => Some("--unshallow".to_owned()),
        }
    }

    /// What is tried next; none when there is no more.
    fn next(self) -> Option<Self> {
        match self {
            Self::To(commits) if commits.saturating_mul(FACTOR) <= LAST_DEPTH => {
                Some(Self::To(commits * FACTOR))
            }
            Self::To(_) => Some(Self::Unshallow),
            Self::Whole | Self::Unshallow => None,
        }
    }
}

/// What stood in the file of a repository that says where its history is cut off.
pub(super) struct Cuts {
    file: PathBuf,
    lines: BTreeSet<String>,
    /// Commits that were not cut off.
    whole: BTreeSet<String>,
}

impl GitHistory {
    pub(super) async fn is_shallow(&self) -> Result<bool, GitError> {
        Ok(self.git.text(["rev-parse", "--is-shallow-repository"]).await? == "true")
    }

    /// Fetches more and more of the history of a shallow clone until these commits have an ancestor in common.
    pub(super) async fn deepen(
        &self,
        remote: &Remote<'_>,
        mut wants: Vec<Want>,
        mut depth: Depth,
        commits: &BTreeSet<String>,
    ) -> Result<(), Failure> {
        while !self.all_meet(commits).await? && self.is_shallow().await? {
            let Some(next) = depth.next() else { return Ok(()) };
            depth = next;
            self.bring_what_there_is(remote, &mut wants, depth).await.map_err(|failure| {
                failure.hint("the clone is shallow: fetch all of it first (`fetch-depth: 0` of actions/checkout, `GIT_DEPTH: 0` of GitLab, `fetchDepth: 0` of Azure Pipelines)")
            })?;
        }
        Ok(())
    }

    async fn all_meet(&self, commits: &BTreeSet<String>) -> Result<bool, Failure> {
        let Some(first) = commits.first() else { return Ok(true) };
        for other in commits.iter().skip(1) {
            if self.merge_base(first, other).await?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Remembers where the history is cut off, before a fetch that may cut it off elsewhere.
    pub(super) async fn cuts(&self) -> Result<Cuts, GitError> {
        let (file, commits) = tokio::try_join!(
            self.git.text(["rev-parse", "--git-path", "shallow"]),
            self.git.text(["rev-list", "--all", "--min-parents=1"]),
        )?;
        let file = self.git.dir().join(file);
        let lines = lines_of(&file).unwrap_or_default();
        Ok(Cuts { file, lines, whole: commits.lines().map(str::to_owned).collect() })
    }
}

impl Cuts {
    /// Undoes cuts that were made since where the history went on before: git cuts whatever is as deep as it was told to fetch.
    pub(super) fn restore(&self) -> Result<(), Failure> {
        self.drop_new().map_err(|error| {
            Failure::failed(format!("`{}` can't be written", self.file.display()))
                .caused_by(&error)
                .hint("wait for other git processes in this repository to end")
        })
    }

    fn drop_new(&self) -> io::Result<()> {
        let now = lines_of(&self.file)?;
        let kept: BTreeSet<&String> =
            now.iter().filter(|id| self.lines.contains(*id) || !self.whole.contains(*id)).collect();
        if kept.len() == now.len() {
            return Ok(());
        }
        let text: String = kept.iter().map(|id| format!("{id}\n")).collect();
        let lock = self.file.with_extension("lock");
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&lock)?;
        let written =
            io::Write::write_all(&mut file, text.as_bytes()).and_then(|()| fs::rename(&lock, &self.file));
        if written.is_err() {
            let _ = fs::remove_file(&lock);
        }
        written
    }
}

fn lines_of(file: &std::path::Path) -> io::Result<BTreeSet<String>> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(BTreeSet::new()),
        Err(error) => Err(error),
    }
}
