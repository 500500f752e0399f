//! Gitea's JSON, as far as it is used. What a server may leave out or send as null is its default.

use serde::{Deserialize, Serialize};

use crate::forge::wire::lenient;

/// `GET /repos/{owner}/{repo}`, and the repository of a branch.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repository {
    pub full_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub default_branch: String,
    #[serde(default, deserialize_with = "lenient")]
    pub archived: bool,
    #[serde(default)]
    pub permissions: Option<Permissions>,
    #[serde(default)]
    pub owner: Option<User>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub push: bool,
}

/// An account, wherever one is shown.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    #[serde(default, deserialize_with = "lenient")]
    pub id: i64,
    #[serde(default, deserialize_with = "lenient")]
    pub login: String,
}

/// `GET /repos/{owner}/{repo}/collaborators/{collaborator}/permission`.
#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    /// `none`, `read`, `write`, `admin` or `owner`.
    #[serde(default, deserialize_with = "lenient")]
    pub permission: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Label {
    #[serde(default, deserialize_with = "lenient")]
    pub id: i64,
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
}

#[derive(Debug, Serialize)]
pub(super) struct NewLabel<'a> {
    pub name: &'a str,
    pub color: &'a str,
}

/// A pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pull {
    pub number: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    /// `open` or `closed`.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    #[serde(default, deserialize_with = "lenient")]
    pub merged: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub draft: bool,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub labels: Vec<Label>,
    pub base: Branch,
    pub head: Branch,
}

/// One end of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Branch {
    /// The branch's name, also where the branch is gone.
    #[serde(default, deserialize_with = "lenient")]
    pub label: String,
    /// The branch, or `refs/pull/7/head` where it is gone.
    #[serde(default, rename = "ref", deserialize_with = "lenient")]
    pub reference: String,
    #[serde(default, deserialize_with = "lenient")]
    pub sha: String,
    /// None when the fork is gone.
    #[serde(default)]
    pub repo: Option<Repository>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewPull<'a> {
    pub base: &'a str,
    pub head: &'a str,
    pub title: &'a str,
    pub body: &'a str,
    #[serde(skip_serializing_if = "<[i64]>::is_empty")]
    pub labels: &'a [i64],
}

/// `PATCH` of a pull request or an issue: what is absent stays.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Changed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
}

/// One of `GET …/pulls/{index}/files`.
#[derive(Debug, Deserialize)]
pub(super) struct ChangedFile {
    pub filename: String,
    #[serde(default)]
    pub previous_filename: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    pub sha: String,
    #[serde(default)]
    pub commit: Option<CommitText>,
}

#[derive(Debug, Deserialize)]
pub(super) struct CommitText {
    #[serde(default, deserialize_with = "lenient")]
    pub message: String,
}

/// A comment of the conversation.
#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub created_at: String,
}

/// A review; its text is a comment too.
#[derive(Debug, Deserialize)]
pub(super) struct Review {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    /// `PENDING` of one that only its author sees yet.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub submitted_at: String,
    #[serde(default, deserialize_with = "lenient")]
    pub comments_count: u64,
}

/// A comment on a line.
#[derive(Debug, Deserialize)]
pub(super) struct LineComment {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub created_at: String,
    #[serde(default, deserialize_with = "lenient")]
    pub path: String,
    /// The line of the new file; 0 when it is on the old one.
    #[serde(default, deserialize_with = "lenient")]
    pub position: u32,
    /// The line of the old file; 0 when it is on the new one.
    #[serde(default, deserialize_with = "lenient")]
    pub original_position: u32,
    /// Who resolved it; none while it is open.
    #[serde(default)]
    pub resolver: Option<User>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewReview<'a> {
    pub commit_id: &'a str,
    pub body: &'a str,
    pub event: &'static str,
    pub comments: Vec<OnLine<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct OnLine<'a> {
    pub path: &'a str,
    pub body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub old_position: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_position: Option<u32>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Reaction {
    #[serde(default, deserialize_with = "lenient")]
    pub content: String,
    #[serde(default)]
    pub user: Option<User>,
}

/// An issue; pull requests are shown as such too.
#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    pub number: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub html_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub body: String,
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub labels: Vec<Label>,
    #[serde(default)]
    pub pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewIssue<'a> {
    pub title: &'a str,
    pub body: &'a str,
    #[serde(skip_serializing_if = "<[i64]>::is_empty")]
    pub labels: &'a [i64],
}

/// A status of a commit.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    #[serde(default, deserialize_with = "lenient")]
    pub id: i64,
    #[serde(default, deserialize_with = "lenient")]
    pub context: String,
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    #[serde(default, deserialize_with = "lenient")]
    pub target_url: String,
    #[serde(default)]
    pub creator: Option<User>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewStatus<'a> {
    pub context: &'a str,
    pub state: &'static str,
    pub description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_url: Option<&'a str>,
}
