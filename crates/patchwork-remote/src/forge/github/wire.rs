//! GitHub's JSON, as far as it is used. Fields that a server may leave out are optional.

use serde::{Deserialize, Serialize};

/// `GET /repos/{owner}/{name}`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repository {
    /// `owner/name` as it is now: other than asked for after a renaming.
    pub full_name: String,
    #[serde(default)]
    pub default_branch: Option<String>,
    /// What the token may do; absent for anonymous reads and some kinds of token.
    #[serde(default)]
    pub permissions: Option<Permissions>,
    #[serde(default)]
    pub archived: bool,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub push: bool,
}

/// Who did something; absent when the account is gone.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub login: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Label {
    #[serde(default)]
    pub name: String,
}

/// A pull request in an answer.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pull {
    pub number: u64,
    #[serde(default)]
    pub html_url: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub body: Option<String>,
    /// `open` or `closed`.
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub merged_at: Option<String>,
    #[serde(default)]
    pub draft: Option<bool>,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default)]
    pub author_association: String,
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Only of a single one.
    #[serde(default)]
    pub changed_files: Option<usize>,
    pub head: End,
    pub base: End,
}

/// One end of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    pub branch: String,
    #[serde(default)]
    pub sha: String,
    /// Absent when the repository was deleted.
    #[serde(default)]
    pub repo: Option<EndRepository>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct EndRepository {
    pub full_name: String,
}

/// `POST /repos/{owner}/{name}/pulls`.
#[derive(Debug, Serialize)]
pub(super) struct NewPull<'a> {
    pub title: &'a str,
    pub head: &'a str,
    pub base: &'a str,
    pub body: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub draft: bool,
}

/// `PATCH` of a pull request or an issue: what is absent stays.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Changed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a str>,
}

/// `GET …/pulls/{number}/files`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct File {
    pub filename: String,
    #[serde(default)]
    pub previous_filename: Option<String>,
    #[serde(default)]
    pub status: String,
    #[serde(default)]
    pub sha: Option<String>,
    #[serde(default)]
    pub additions: u32,
    #[serde(default)]
    pub deletions: u32,
    #[serde(default)]
    pub patch: Option<String>,
}

/// `GET …/pulls/{number}/commits`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Commit {
    pub sha: String,
    pub commit: CommitText,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CommitText {
    #[serde(default)]
    pub message: String,
}

/// An issue; one that is a pull request says so.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Issue {
    pub number: u64,
    #[serde(default)]
    pub html_url: String,
    #[serde(default)]
    pub title: String,
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    pub state: String,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default)]
    pub author_association: String,
    #[serde(default)]
    pub labels: Vec<IssueLabel>,
    #[serde(default)]
    pub pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(super) enum IssueLabel {
    Name(String),
    Label {
        #[serde(default)]
        name: Option<String>,
    },
}

impl IssueLabel {
    pub(super) fn name(self) -> String {
        match self {
            Self::Name(name) => name,
            Self::Label { name } => name.unwrap_or_default(),
        }
    }
}

#[derive(Debug, Serialize)]
pub(super) struct NewIssue<'a> {
    pub title: &'a str,
    pub body: &'a str,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub labels: &'a [String],
}

/// A comment: of the conversation, on lines, or the text of a review.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Comment {
    pub id: u64,
    #[serde(default)]
    pub html_url: String,
    #[serde(default)]
    pub body: Option<String>,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default)]
    pub author_association: String,
    #[serde(default, alias = "submitted_at")]
    pub created_at: Option<String>,
    #[serde(default)]
    pub reactions: Option<Reactions>,
    /// Only of a review.
    #[serde(default)]
    pub state: Option<String>,
    /// These only on lines.
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub line: Option<u32>,
    #[serde(default)]
    pub start_line: Option<u32>,
    #[serde(default)]
    pub side: Option<String>,
    #[serde(default)]
    pub in_reply_to_id: Option<u64>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reactions {
    #[serde(default)]
    pub total_count: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reaction {
    #[serde(default)]
    pub content: String,
    #[serde(default)]
    pub user: Option<User>,
}

/// `POST …/pulls/{number}/reviews`.
#[derive(Debug, Serialize)]
pub(super) struct NewReview<'a> {
    pub commit_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub body: &'a str,
    pub event: &'static str,
    pub comments: Vec<OnLines<'a>>,
}

/// A comment on lines, alone (`POST …/pulls/{number}/comments`, with the commit) or in a review.
#[derive(Debug, Clone, Serialize)]
pub(super) struct OnLines<'a> {
    pub path: &'a str,
    pub body: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit_id: Option<&'a str>,
    pub line: u32,
    pub side: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_side: Option<&'static str>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Review {
    pub id: u64,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CheckRuns {
    #[serde(default)]
    pub check_runs: Vec<CheckRun>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct CheckRun {
    pub id: u64,
    #[serde(default)]
    pub html_url: Option<String>,
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub conclusion: Option<String>,
    #[serde(default)]
    pub output: CheckOutput,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct CheckOutput {
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub summary: Option<String>,
    #[serde(default)]
    pub annotations_count: usize,
}

/// `GET …/collaborators/{username}/permission`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Permission {
    #[serde(default)]
    pub permission: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Installation {
    pub id: u64,
}

#[derive(Deserialize)]
pub(super) struct InstallationToken {
    pub token: String,
    pub expires_at: String,
}
