//! The commits of the repository, and those that remotes have.

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::change::FileChange;
use crate::failure::Failure;
use crate::port::forge::GitCredential;

/// What to bring from a remote.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// A remote of the repository (`origin`), or a URL (`https`, `http`, `ssh`): that of a fork.
    pub remote: String,
    /// Full names of references (`refs/heads/main`, `refs/pull/7/head`, `refs/merge-requests/7/head`) or whole ids of commits.
    pub references: Vec<String>,
    /// Whole ids of commits that are here already and will be compared with those that are fetched.
    pub meet: Vec<String>,
    /// User and token for a remote over HTTPS, kept out of arguments, URLs and git's configuration. Without it git asks its own
    /// credential helpers; remotes over SSH use the user's keys.
    pub credential: Option<GitCredential>,
    /// In a shallow clone, how many commits below each reference are fetched at first; 50 if absent. A whole clone is never
    /// cut short.
    pub depth: Option<u32>,
}

impl FetchRequest {
    /// A request for references of a remote.
    pub fn new(remote: impl Into<String>, references: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            remote: remote.into(),
            references: references.into_iter().map(Into::into).collect(),
            meet: Vec::new(),
            credential: None,
            depth: None,
        }
    }

    /// The same with a credential.
    #[must_use]
    pub fn credential(self, credential: Option<GitCredential>) -> Self {
        Self { credential, ..self }
    }

    /// The same, for commits that are here already and will be compared with those that are fetched.
    #[must_use]
    pub fn meeting(self, commits: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { meet: commits.into_iter().map(Into::into).collect(), ..self }
    }
}

/// A commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    /// Its id.
    pub id: String,
    /// Who wrote it. Anybody can write any name there.
    pub author_name: String,
    /// Its whole message.
    pub message: String,
    /// Its parents.
    pub parents: Vec<String>,
}

/// Reads commits. Nothing of the user's is changed: no branch, no tag, no remote-tracking branch, no setting, no file. What
/// is fetched is kept for as long as the run is; a shallow clone has more of its history afterwards. Commits are named by their whole ids, as [`History::resolve`] and
/// [`History::fetch`] give them; what a name stands for changes, so a step that must replay asks for it inside of
/// [`Context::once`](crate::step::Context::once).
///
/// The commit that the run stands on is [`Base::commit`](super::checkout::Base::commit) of the checkout.
#[async_trait]
pub trait History: Send + Sync {
    /// The commit that a branch, a tag, an id or another expression of git's (`origin/main`, `HEAD~2`) stands for; none when
    /// there is none. The text may come from anybody.
    async fn resolve(&self, revision: &str) -> Result<Option<String>, Failure>;

    /// The branch that a remote has as its main one (`main`), as far as the clone knows; the network is not asked.
    async fn default_branch(&self, remote: &str) -> Result<Option<String>, Failure>;

    /// Brings commits here and answers them in the order of the references; none where the remote has no such reference, or
    /// does not give it out. A shallow clone is deepened until those that are fetched, and those they are to meet, have a
    /// common ancestor. Fails when the remote does not answer.
    async fn fetch(&self, request: &FetchRequest) -> Result<Vec<Option<String>>, Failure>;

    /// The best common ancestor of two commits; none when they have none that is here.
    async fn merge_base(&self, a: &str, b: &str) -> Result<Option<String>, Failure>;

    /// Whether a commit is reached from another, or is the same.
    async fn is_ancestor(&self, ancestor: &str, commit: &str) -> Result<bool, Failure>;

    /// The commits that are reached from `to` and not from `from`, newest first, at most `limit`.
    async fn commits(&self, from: &str, to: &str, limit: usize) -> Result<Vec<Commit>, Failure>;

    /// What changed between two commits, sorted by path: every file, renames found (those with other changes too if no more than
    /// 1,000 files are new or gone). Attributes that the commits set don't hide anything. Files of over 8 MiB, and what is beyond the
    /// first 64 MiB of the diff, come without hunks ([`LeftOut::TooLarge`](crate::change::LeftOut::TooLarge)).
    async fn changes(&self, from: &str, to: &str) -> Result<Vec<FileChange>, Failure>;

    /// The paths of all files of a commit, sorted. Symbolic links, submodules, and paths that are not UTF-8 are left out.
    async fn files(&self, commit: &str) -> Result<Vec<String>, Failure>;

    /// Files as a commit holds them, in the order of the paths; none where it has no file there, or one of over 8 MiB. A
    /// symbolic link is no file. Fails when they are more than 128 MiB in all.
    async fn read(&self, commit: &str, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, Failure>;

    /// One file as a commit holds it; see [`History::read`].
    async fn file(&self, commit: &str, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.read(commit, &[path.to_owned()]).await?.into_iter().next().flatten())
    }
}

/// Where no repository is.
pub struct NoHistory;

impl NoHistory {
    fn refused<T>() -> Result<T, Failure> {
        Err(Failure::refused("there is no repository whose commits could be read"))
    }
}

#[async_trait]
impl History for NoHistory {
    async fn resolve(&self, _revision: &str) -> Result<Option<String>, Failure> {
        Self::refused()
    }

    async fn default_branch(&self, _remote: &str) -> Result<Option<String>, Failure> {
        Self::refused()
    }

    async fn fetch(&self, _request: &FetchRequest) -> Result<Vec<Option<String>>, Failure> {
        Self::refused()
    }

    async fn merge_base(&self, _a: &str, _b: &str) -> Result<Option<String>, Failure> {
        Self::refused()
    }

    async fn is_ancestor(&self, _ancestor: &str, _commit: &str) -> Result<bool, Failure> {
        Self::refused()
    }

    async fn commits(&self, _from: &str, _to: &str, _limit: usize) -> Result<Vec<Commit>, Failure> {
        Self::refused()
    }

    async fn changes(&self, _from: &str, _to: &str) -> Result<Vec<FileChange>, Failure> {
        Self::refused()
    }

    async fn files(&self, _commit: &str) -> Result<Vec<String>, Failure> {
        Self::refused()
    }

    async fn read(&self, _commit: &str, _paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        Self::refused()
    }
}
