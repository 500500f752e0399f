//! GitHub's JSON, as far as it is used. Fields that a server may leave out are optional.

use serde::{Deserialize, Serialize};

/// `GET /repos/{owner}/{name}`.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repository {
    /// `owner/name` as it is now: other than asked for after a renaming.
    pub full_name: String,
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

/// A pull request in an answer.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pull {
    pub number: u64,
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
    pub head: End,
    pub base: End,
}

/// One end of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct End {
    #[serde(rename = "ref")]
    pub branch: String,
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
}

/// `PATCH /repos/{owner}/{name}/pulls/{number}`: what is absent stays.
#[derive(Debug, Default, Serialize)]
pub(super) struct ChangedPull<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<&'a str>,
}
