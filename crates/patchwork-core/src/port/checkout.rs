//! The worktree of a run.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::port::forge::GitCredential;

/// The state a run started from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Base {
    /// The user's repository: the top of its work tree.
    pub repository: PathBuf,
    /// The commit the worktree was made from.
    pub commit: String,
    /// The user's branch; absent on a detached HEAD.
    pub branch: Option<String>,
}

/// A state of the worktree that can be brought back: the commit it stands on and the tree of its files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// The commit.
    pub commit: String,
    /// The tree, untracked files that are not ignored included.
    pub tree: String,
}

/// One commit to make of files as they are in the worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCommit {
    /// Paths relative to the root, with `/`.
    pub paths: Vec<String>,
    /// The whole message.
    pub message: String,
}

/// Commits to make, on top of the base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRequest {
    /// The branch that shall point at the last commit; none leaves the commits reachable by the run's own ref only.
    pub branch: Option<String>,
    /// Whether an existing branch may be moved. Its old tip stays reachable under `refs/patchwork/kept/`.
    pub force: bool,
    /// The commits, in order.
    pub commits: Vec<FileCommit>,
    /// Author and committer date, milliseconds since 1970: the same for a repeated try, so that the ids are too.
    pub date_ms: i64,
}

/// What was committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Committed {
    /// The new commits, oldest first.
    pub commits: Vec<String>,
    /// The last of them.
    pub head: String,
    /// The ref that holds it (`refs/heads/autofix-main`, or `refs/patchwork/<run>/result` without a branch).
    pub reference: String,
    /// Where the old tip of a moved branch was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<String>,
}

/// A push to make.
#[derive(Debug, Clone)]
pub struct PushRequest {
    /// The remote (`origin`).
    pub remote: String,
    /// The commit.
    pub commit: String,
    /// The branch on the remote.
    pub branch: String,
    /// Whether a remote branch that stands elsewhere may be moved. One whose newest commit is not Patchwork's own is
    /// never moved.
    pub force: bool,
    /// User and token for a remote over HTTPS, kept out of arguments, URLs and Git's configuration. Without it Git asks
    /// its own credential helpers; remotes over SSH use the user's keys.
    pub credential: Option<GitCredential>,
}

/// What a push did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Pushed {
    /// The branch is new on the remote.
    Created,
    /// The branch was moved.
    Updated,
    /// It was there already.
    Unchanged,
}

/// A commit as data: all that is needed to make the same one in another clone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedCommit {
    /// Its id.
    pub id: String,
    /// The commit as git keeps it: tree, parent, who, when, message.
    pub object: String,
    /// What it changes of its parent, by path. A renamed file is one that is gone and one that is new.
    pub files: Vec<PackedFile>,
}

/// A changed file of a [`PackedCommit`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedFile {
    /// Relative to the root of the repository, with `/`.
    pub path: String,
    /// The mode before, six octal digits; none when it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_mode: Option<String>,
    /// The mode after (`100644`, `100755`, `120000`, `160000`); none when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<String>,
    /// The whole contents in base64: bytes as git keeps them, the target of a symbolic link, the commit of a submodule. None
    /// when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

impl PackedCommit {
    /// Its message.
    pub fn message(&self) -> &str {
        self.object.split_once("\n\n").map_or("", |(_, message)| message)
    }

    /// The values of a header (`parent`, `tree`).
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.object.split_once("\n\n").map_or(self.object.as_str(), |(headers, _)| headers);
        headers.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' '))
    }
}

/// The worktree of a run. The user's own checkout is behind it and never touched.
#[async_trait]
pub trait Checkout: Send + Sync {
    /// Its top folder.
    fn root(&self) -> &Path;

    /// What it was made from.
    fn base(&self) -> &Base;

    /// The place of a path that came from outside (a scanner, a model): relative to the root with `/`, never outside of
    /// it, not through a symbolic link, not inside `.git`, never a submodule. Accepts absolute paths and `file://` URIs below
    /// the user's repository or the worktree. The path need not exist.
    fn resolve(&self, path: &str) -> Result<String, Failure>;

    /// The files below a folder as the base commit holds them, sorted: path and contents. What the run changed is not seen.
    /// Symbolic links and submodules are left out. Fails when the contents are more than `max_bytes` in all.
    async fn base_files(&self, folder: &str, max_bytes: u64) -> Result<Vec<(String, Vec<u8>)>, Failure>;

    /// One file as the worktree had it at first, line ends and all; none when the base commit has no such file.
    async fn base_file(&self, path: &str) -> Result<Option<Vec<u8>>, Failure>;

    /// Remembers the state of all files.
    async fn checkpoint(&self) -> Result<Checkpoint, Failure>;

    /// Brings a remembered state back, exactly.
    async fn restore(&self, checkpoint: &Checkpoint) -> Result<(), Failure>;

    /// The unified diff of the worktree against the base.
    async fn diff(&self) -> Result<String, Failure>;

    /// Says whether [`Checkout::commit`] will be able to make this branch, and where it stands now.
    async fn check_branch(&self, branch: &str, force: bool) -> Result<Option<String>, Failure>;

    /// Makes commits. Repeating a request that succeeded changes nothing and answers the same.
    async fn commit(&self, request: &CommitRequest) -> Result<Committed, Failure>;

    /// The URL of a remote, without credentials.
    async fn remote_url(&self, remote: &str) -> Result<Option<String>, Failure>;

    /// Says whether [`Checkout::push`] will be let to the branch: the remote answers, and what stands there may be moved.
    /// Before any work the commit is one that those to come stand on. Answers where the branch stands on the remote. Writes
    /// nothing there.
    async fn check_push(&self, request: &PushRequest) -> Result<Option<String>, Failure>;

    /// Pushes a commit to a branch that stands where [`Checkout::check_push`] has just seen it. Repeating a push that succeeded
    /// changes nothing.
    async fn push(&self, request: &PushRequest, seen: Option<&str>) -> Result<Pushed, Failure>;

    /// The commits from the base up to `tip` as data, oldest first.
    async fn pack(&self, _tip: &str) -> Result<Vec<PackedCommit>, Failure> {
        Err(Failure::refused("there is no repository whose commits could be packed"))
    }

    /// Makes commits of data again, on top of the base, and keeps them by a ref of the run. Fails when one of them does not come
    /// out as the commit of the id that it has. No branch and no file of the worktree is touched.
    async fn unpack(&self, _commits: &[PackedCommit]) -> Result<(), Failure> {
        Err(Failure::refused("there is no repository to make commits in"))
    }
}
