//! Bitbucket's JSON, as far as it is used. What a server may leave out or send as null is its default.

use serde::{Deserialize, Serialize};

use crate::forge::wire::lenient;

/// A page of any list.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub values: Vec<T>,
    /// The address of the next page; none on the last.
    #[serde(default)]
    pub next: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Links {
    #[serde(default)]
    pub html: Option<Link>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Link {
    #[serde(default, deserialize_with = "lenient")]
    pub href: String,
}

/// `GET /repositories/{workspace}/{repo_slug}`, and the repository of a branch.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repository {
    pub full_name: String,
    #[serde(default)]
    pub mainbranch: Option<Branch>,
    #[serde(default)]
    pub owner: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub links: Links,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Branch {
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
}

/// An account, wherever one is shown.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    #[serde(default, deserialize_with = "lenient")]
    pub uuid: String,
    #[serde(default, deserialize_with = "lenient")]
    pub nickname: String,
    #[serde(default, deserialize_with = "lenient")]
    pub display_name: String,
}

/// One of `GET /user/permissions/repositories`.
#[derive(Debug, Deserialize)]
pub(super) struct Permission {
    /// `read`, `write` or `admin`.
    #[serde(default, deserialize_with = "lenient")]
    pub permission: String,
}

/// A text.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Content {
    #[serde(default, deserialize_with = "lenient")]
    pub raw: String,
}

/// A pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Pull {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    /// `OPEN`, `MERGED`, `DECLINED` or `SUPERSEDED`.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    #[serde(default, deserialize_with = "lenient")]
    pub draft: bool,
    #[serde(default)]
    pub author: Option<User>,
    pub source: Endpoint,
    pub destination: Endpoint,
    #[serde(default, deserialize_with = "lenient")]
    pub links: Links,
}

/// One end of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Endpoint {
    #[serde(default)]
    pub branch: Option<Branch>,
    #[serde(default)]
    pub commit: Option<Hash>,
    /// None when the fork is gone.
    #[serde(default)]
    pub repository: Option<Repository>,
}

/// A commit; pull requests name theirs by the first twelve digits.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Hash {
    #[serde(default, deserialize_with = "lenient")]
    pub hash: String,
    #[serde(default, deserialize_with = "lenient")]
    pub message: String,
}

#[derive(Debug, Serialize)]
pub(super) struct NewPull<'a> {
    pub title: &'a str,
    pub description: &'a str,
    pub source: NewEndpoint<'a>,
    pub destination: NewEndpoint<'a>,
    pub draft: bool,
    pub close_source_branch: bool,
}

#[derive(Debug, Serialize)]
pub(super) struct NewEndpoint<'a> {
    pub branch: Name<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Name<'a> {
    pub name: &'a str,
}

/// `PUT` of a pull request: what is absent stays.
#[derive(Debug, Default, Serialize)]
pub(super) struct ChangedPull<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<&'a str>,
}

/// One of `GET …/diffstat`.
#[derive(Debug, Deserialize)]
pub(super) struct FileStat {
    /// `added`, `removed`, `modified`, `renamed`, or a conflict of several words.
    #[serde(default, deserialize_with = "lenient")]
    pub status: String,
    #[serde(default)]
    pub old: Option<FilePath>,
    #[serde(default)]
    pub new: Option<FilePath>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FilePath {
    #[serde(default, deserialize_with = "lenient")]
    pub path: String,
}

/// A comment on a pull request or an issue.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Comment {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub content: Content,
    #[serde(default)]
    pub user: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub created_on: String,
    #[serde(default, deserialize_with = "lenient")]
    pub deleted: bool,
    /// Of one that only its author sees yet.
    #[serde(default, deserialize_with = "lenient")]
    pub pending: bool,
    #[serde(default)]
    pub inline: Option<Inline>,
    /// The comment that it answers.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// Who resolved it, and when; none while it is open.
    #[serde(default)]
    pub resolution: Option<serde::de::IgnoredAny>,
    #[serde(default, deserialize_with = "lenient")]
    pub links: Links,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Parent {
    pub id: u64,
}

/// Where a comment stands: lines of the old file (`from`) or of the new one (`to`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Inline {
    #[serde(default, deserialize_with = "lenient")]
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_from: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_to: Option<u32>,
}

#[derive(Debug, Serialize)]
pub(super) struct NewComment<'a> {
    pub content: Raw<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inline: Option<Inline>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<Parent>,
}

#[derive(Debug, Serialize)]
pub(super) struct Raw<'a> {
    pub raw: &'a str,
}

/// An issue.
#[derive(Debug, Deserialize)]
pub(super) struct Issue {
    pub id: u64,
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub content: Content,
    /// `new`, `open` and others.
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    #[serde(default)]
    pub reporter: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub links: Links,
}

/// `POST` and `PUT` of an issue: what is absent stays.
#[derive(Debug, Default, Serialize)]
pub(super) struct WrittenIssue<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Raw<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
}

/// A build status of a commit.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Status {
    pub key: String,
    #[serde(default, deserialize_with = "lenient")]
    pub name: String,
    #[serde(default, deserialize_with = "lenient")]
    pub state: String,
    #[serde(default, deserialize_with = "lenient")]
    pub description: String,
    #[serde(default, deserialize_with = "lenient")]
    pub url: String,
}

/// A report of Code Insights.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Report {
    #[serde(default, deserialize_with = "lenient")]
    pub title: String,
    #[serde(default, deserialize_with = "lenient")]
    pub details: String,
    #[serde(default, deserialize_with = "lenient")]
    pub report_type: String,
    #[serde(default, deserialize_with = "lenient")]
    pub reporter: String,
    #[serde(default, deserialize_with = "lenient")]
    pub result: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ReportAnnotation<'a> {
    pub external_id: String,
    pub annotation_type: &'static str,
    pub severity: &'static str,
    pub path: &'a str,
    pub line: u32,
    pub summary: String,
    pub details: String,
}
