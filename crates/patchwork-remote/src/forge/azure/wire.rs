//! Azure DevOps' JSON of pull requests, as far as it is used. What a server may leave out or send as null is its default.

use serde::{Deserialize, Serialize};

use super::super::wire::lenient;

/// A list.
#[derive(Debug, Deserialize)]
pub(super) struct Many<T> {
    pub value: Vec<T>,
}

/// An account, wherever one is shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Identity {
    #[serde(deserialize_with = "lenient")]
    pub id: String,
    #[serde(deserialize_with = "lenient")]
    pub display_name: String,
    /// An address of e-mail, or `DOMAIN\name` on a server.
    #[serde(deserialize_with = "lenient")]
    pub unique_name: String,
    /// What kind of account it is and its name there (`aad.…`, `msa.…`, `svc.…`, `win.…`); not on old servers.
    #[serde(deserialize_with = "lenient")]
    pub descriptor: String,
    /// Whether it is a group.
    #[serde(deserialize_with = "lenient")]
    pub is_container: bool,
    #[serde(deserialize_with = "lenient")]
    pub is_deleted_in_origin: bool,
}

/// `GET _apis/connectionData`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ConnectionData {
    pub authenticated_user: Authenticated,
}

/// The token's account, which is written in another way than everywhere else.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Authenticated {
    pub id: String,
    #[serde(default, deserialize_with = "lenient")]
    pub custom_display_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub provider_display_name: String,
}

/// `GET …/repositories/{name}`, and wherever a repository is named.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Repository {
    pub name: String,
    #[serde(default)]
    pub project: Option<Project>,
    /// `refs/heads/main`; nothing in an empty repository.
    #[serde(default, deserialize_with = "lenient")]
    pub default_branch: String,
    #[serde(default, deserialize_with = "lenient")]
    pub is_disabled: bool,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Project {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
}

/// A commit that something stands on.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Commit {
    #[serde(deserialize_with = "lenient")]
    pub commit_id: String,
    #[serde(deserialize_with = "lenient")]
    pub comment: String,
    /// Whether `comment` is only the beginning, as in lists.
    #[serde(deserialize_with = "lenient")]
    pub comment_truncated: bool,
}

/// The repository of a fork, which may be gone.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Fork {
    pub repository: Option<Repository>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Label {
    #[serde(deserialize_with = "lenient")]
    pub name: String,
    pub active: Option<bool>,
}

/// A pull request.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PullRequest {
    pub pull_request_id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    /// In lists its first 400 characters.
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    /// `active`, `abandoned` or `completed`.
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    #[serde(default, deserialize_with = "lenient")]
    pub is_draft: bool,
    #[serde(default)]
    pub created_by: Option<Identity>,
    #[serde(default, deserialize_with = "lenient")]
    pub source_ref_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub target_ref_name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub last_merge_source_commit: Commit,
    #[serde(default, deserialize_with = "lenient")]
    pub last_merge_target_commit: Commit,
    /// Where the source is, when it is not in this repository.
    #[serde(default)]
    pub fork_source: Option<Fork>,
    #[serde(default)]
    pub repository: Option<Repository>,
    #[serde(default, deserialize_with = "lenient")]
    pub labels: Vec<Label>,
}

/// `POST …/pullrequests`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewPullRequest<'a> {
    pub source_ref_name: String,
    pub target_ref_name: String,
    pub title: &'a str,
    pub description: &'a str,
    pub is_draft: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<NewLabel<'a>>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewLabel<'a> {
    pub name: &'a str,
}

/// `PATCH …/pullRequests/{id}`: what is absent stays.
#[derive(Debug, Default, Serialize)]
pub(super) struct Changed<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<&'static str>,
}

/// One state of a pull request: there is a new one after each push.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Iteration {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub source_ref_commit: Commit,
}

/// A page of what an iteration changes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Changes {
    #[serde(default, deserialize_with = "lenient")]
    pub change_entries: Vec<Entry>,
    /// How many to leave out for the next page; 0 after the last.
    #[serde(default, deserialize_with = "lenient")]
    pub next_skip: u64,
}

/// A changed file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Entry {
    pub change_tracking_id: Option<i64>,
    /// Words with commas between them: `edit, rename`.
    #[serde(deserialize_with = "lenient")]
    pub change_type: String,
    #[serde(deserialize_with = "lenient")]
    pub item: Item,
    /// The path before a renaming.
    #[serde(deserialize_with = "lenient")]
    pub original_path: String,
    /// What the same was called before.
    #[serde(deserialize_with = "lenient")]
    pub source_server_item: String,
}

/// What an entry is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Item {
    /// With a slash at its beginning.
    #[serde(deserialize_with = "lenient")]
    pub path: String,
    /// `blob`, `tree`, or `commit` for a submodule.
    #[serde(deserialize_with = "lenient")]
    pub git_object_type: String,
    #[serde(deserialize_with = "lenient")]
    pub is_folder: bool,
    #[serde(deserialize_with = "lenient")]
    pub is_sym_link: bool,
}

/// A status of a commit.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Status {
    pub id: u64,
    #[serde(deserialize_with = "lenient")]
    pub state: String,
    #[serde(deserialize_with = "lenient")]
    pub description: String,
    #[serde(deserialize_with = "lenient")]
    pub target_url: String,
    #[serde(deserialize_with = "lenient")]
    pub context: StatusContext,
    pub created_by: Option<Identity>,
}

/// What sets a status apart from others of its commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StatusContext {
    #[serde(deserialize_with = "lenient")]
    pub genre: String,
    #[serde(deserialize_with = "lenient")]
    pub name: String,
}

/// `POST …/commits/{id}/statuses`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NewStatus<'a> {
    pub state: &'static str,
    pub description: &'a str,
    pub context: StatusContext,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_url: Option<&'a str>,
}
