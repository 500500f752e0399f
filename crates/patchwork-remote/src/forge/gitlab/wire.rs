//! GitLab's JSON, as far as it is used. What a server may leave out or send as null is its default.

use serde::{Deserialize, Serialize};

use super::super::wire::lenient;

/// `GET /projects/{id}`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Project {
    pub id: u64,
    /// As it is now: other than asked for after a renaming.
    pub path_with_namespace: String,
    #[serde(default, deserialize_with = "lenient")]
    pub web_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub default_branch: String,
    #[serde(default, deserialize_with = "lenient")]
    pub archived: bool,
    /// What the token's account is in the project and in its groups; absent for anonymous reads.
    #[serde(default)]
    pub permissions: Option<Permissions>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Permissions {
    #[serde(default)]
    pub project_access: Option<AccessLevel>,
    #[serde(default)]
    pub group_access: Option<AccessLevel>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct AccessLevel {
    #[serde(default, deserialize_with = "lenient")]
    pub access_level: u32,
}

/// An account, wherever one is shown.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub username: String,
    /// Only the account itself is told, and only when it is.
    #[serde(default, deserialize_with = "lenient")]
    pub is_admin: bool,
}

/// `GET /job`: the job that a job token belongs to.
#[derive(Debug, Deserialize)]
pub(super) struct Job {
    #[serde(default)]
    pub user: Option<User>,
}

/// `GET /personal_access_tokens/self`, which knows tokens of projects and groups too.
#[derive(Debug, Deserialize)]
pub(super) struct TokenFacts {
    #[serde(default, deserialize_with = "lenient")]
    pub scopes: Vec<String>,
}

/// `GET /projects/{id}/members/all`.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub access_level: u32,
    /// `active`, or `blocked` and others.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
}

/// The three commits that a diff stands on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub(super) struct DiffRefs {
    #[serde(default, deserialize_with = "lenient")]
    pub base_sha: String,
    #[serde(default, deserialize_with = "lenient")]
    pub start_sha: String,
    #[serde(default, deserialize_with = "lenient")]
    pub head_sha: String,
}

/// A merge request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct MergeRequest {
    pub iid: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub web_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    /// `opened`, `closed`, `locked` (it is being merged) or `merged`.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    #[serde(default, deserialize_with = "lenient")]
    pub draft: bool,
    /// What `draft` was called before 14.
    #[serde(default, deserialize_with = "lenient")]
    pub work_in_progress: bool,
    #[serde(default)]
    pub author: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub source_branch: String,
    #[serde(default, deserialize_with = "lenient")]
    pub target_branch: String,
    /// None when the fork was deleted.
    #[serde(default)]
    pub source_project_id: Option<u64>,
    #[serde(default)]
    pub target_project_id: Option<u64>,
    /// The newest commit of the source branch.
    #[serde(default, deserialize_with = "lenient")]
    pub sha: String,
    #[serde(default, deserialize_with = "lenient")]
    pub labels: Vec<String>,
    /// Not in lists, and not before the diff of a new merge request is made.
    #[serde(default)]
    pub diff_refs: Option<DiffRefs>,
    /// `5`, or `1000+` when there are more than the server keeps.
    #[serde(default)]
    pub changes_count: Option<String>,
}

/// `POST /projects/{id}/merge_requests`.
#[derive(Debug, Serialize)]
pub(super) struct NewMergeRequest<'a> {
    pub source_branch: &'a str,
    pub target_branch: &'a str,
    pub title: &'a str,
    pub description: &'a str,
    /// Told apart by commas, as everywhere.
    pub labels: &'a str,
    pub remove_source_branch: bool,
}

/// `PUT` of a merge request or an issue: what is absent stays.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Changed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    /// `close` or `reopen`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_event: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub add_labels: &'a str,
}

/// One file of `GET …/diffs`, or of the `changes` of older servers.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Diff {
    #[serde(default, deserialize_with = "lenient")]
    pub old_path: String,
    #[serde(default, deserialize_with = "lenient")]
    pub new_path: String,
    #[serde(default, deserialize_with = "lenient")]
    pub a_mode: String,
    #[serde(default, deserialize_with = "lenient")]
    pub b_mode: String,
    /// Hunks; empty when they were left out.
    #[serde(default, deserialize_with = "lenient")]
    pub diff: String,
    #[serde(default, deserialize_with = "lenient")]
    pub new_file: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub renamed_file: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub deleted_file: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub too_large: bool,
    #[serde(default, deserialize_with = "lenient")]
    pub collapsed: bool,
}

/// `GET …/changes`, before 15.7.
#[derive(Debug, Deserialize)]
pub(super) struct Changes {
    #[serde(default, deserialize_with = "lenient")]
    pub changes: Vec<Diff>,
    #[serde(default, deserialize_with = "lenient")]
    pub overflow: bool,
}

/// One state of a merge request's diff.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Version {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub base_commit_sha: String,
    #[serde(default, deserialize_with = "lenient")]
    pub start_commit_sha: String,
    #[serde(default, deserialize_with = "lenient")]
    pub head_commit_sha: String,
    /// Only of one that is asked for alone.
    #[serde(default, deserialize_with = "lenient")]
    pub diffs: Vec<Diff>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Commit {
    pub id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub message: String,
}

/// An issue.
#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    pub iid: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub web_url: String,
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    /// `opened` or `closed`.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    #[serde(default)]
    pub author: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub labels: Vec<String>,
}

/// `POST /projects/{id}/issues`.
#[derive(Debug, Serialize)]
pub(super) struct NewIssue<'a> {
    pub title: &'a str,
    pub description: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pub labels: &'a str,
}

/// A status of a commit.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Status {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    #[serde(default, deserialize_with = "lenient")]
    pub target_url: String,
    #[serde(default)]
    pub author: Option<User>,
}

/// `POST /projects/{id}/statuses/{sha}`.
#[derive(Debug, Serialize)]
pub(super) struct NewStatus<'a> {
    pub state: &'static str,
    pub name: &'a str,
    pub description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_url: Option<&'a str>,
}
