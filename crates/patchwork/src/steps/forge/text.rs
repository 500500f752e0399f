//! What people wrote on a forge, as steps hand it on.

use patchwork_core::change::{ChangeStatus, FileChange, LeftOut};
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Account, Comment, FoundPullRequest, Trust};
use patchwork_core::step::{Context, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Endings of files that no model reads, in lower case.
const UNREAD: [&str; 15] = [
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".svg",
    ".pdf",
    ".docx",
    ".xlsx",
    ".pptx",
    ".zip",
    ".tar",
    ".gz",
    ".lock",
    "package-lock.json",
    "go.sum",
];

/// A comment, and whose word it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommentText {
    /// Who wrote it.
    pub user: String,
    /// Markdown, without marks of ours.
    pub body: String,
    /// How far its author is to be trusted.
    pub trust: Trust,
    /// Its page.
    pub url: String,
    /// What the forge calls it; opaque.
    pub id: String,
    /// The thread that it belongs to; opaque.
    pub thread: Option<String>,
    /// Whether that thread is resolved.
    pub resolved: bool,
    /// The file that it is on; null in the conversation.
    pub path: Option<String>,
    /// The line that it is on, 1-based; null when that is not in the diff any more.
    pub line: Option<u32>,
}

impl From<Comment> for CommentText {
    fn from(comment: Comment) -> Self {
        let body = Mark::of(&comment).map(|marked| marked.body);
        Self {
            user: comment.author.name,
            body: body.unwrap_or(comment.body),
            trust: comment.author.trust,
            url: comment.url,
            id: comment.id,
            thread: comment.thread,
            resolved: comment.resolved,
            line: comment.place.as_ref().and_then(|place| place.line),
            path: comment.place.map(|place| place.path),
        }
    }
}

/// What happened to one file, as a unified diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileDiff {
    /// The file; of a deleted one the path that it had.
    pub path: String,
    /// The hunks; empty for a binary file, a mere renaming, or a file that is too large.
    pub diff: String,
    /// What happened to it.
    pub status: ChangeStatus,
    /// The path that it had, when it was renamed or copied.
    pub old_path: Option<String>,
    /// Whether it is binary.
    pub binary: bool,
    /// Why there are no hunks though it has changed.
    pub left_out: Option<LeftOut>,
}

impl FileDiff {
    /// A change as it is handed on; none for a file that no model reads.
    pub(super) fn of(change: &FileChange) -> Option<Self> {
        let name = change.path.to_ascii_lowercase();
        (!UNREAD.iter().any(|end| name.ends_with(end))).then(|| Self {
            path: change.path.clone(),
            diff: change.hunks_text(),
            status: change.status,
            old_path: change.old_path.clone(),
            binary: change.binary,
            left_out: change.left_out,
        })
    }
}

/// A pull request with what was said about it and what it changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PullRequestTexts {
    /// Its title.
    pub title: String,
    /// Its body, in Markdown.
    pub body: String,
    /// Its comments, oldest first.
    pub comments: Vec<CommentText>,
    /// What it changes, file by file. Images, documents, archives and lock files are left out.
    pub diffs: Vec<FileDiff>,
    /// Who opened it.
    pub author: Account,
    /// The branch to merge into.
    pub base_branch: String,
    /// The branch with the changes.
    pub head_branch: String,
    /// Its newest commit.
    pub head_commit: String,
    /// Whether its commits are in another repository.
    pub from_fork: bool,
    /// Its number.
    pub pr_number: u64,
}

impl PullRequestTexts {
    /// Puts together what was read, and records whose text it is.
    pub(super) async fn read(
        ctx: &Context,
        found: FoundPullRequest,
        comments: Vec<Comment>,
        changes: &[FileChange],
    ) -> Result<Self, StepError> {
        let name = format!("pull request {}", found.pull.number);
        ctx.heard(&found.author, &name).await?;
        hear(ctx, &comments, &name).await?;
        Ok(Self {
            from_fork: found.is_from_elsewhere(),
            title: found.title,
            body: found.body,
            comments: comments.into_iter().map(CommentText::from).collect(),
            diffs: changes.iter().filter_map(FileDiff::of).collect(),
            author: found.author,
            base_branch: found.base.branch,
            head_branch: found.head.branch,
            head_commit: found.head.commit,
            pr_number: found.pull.number,
        })
    }
}

/// Records whose comments were read.
pub(crate) async fn hear(ctx: &Context, comments: &[Comment], on: &str) -> Result<(), StepError> {
    match comments.iter().find(|comment| comment.author.trust == Trust::Outsider) {
        Some(comment) => ctx.heard(&comment.author, &format!("a comment on {on}")).await,
        None => Ok(()),
    }
}
