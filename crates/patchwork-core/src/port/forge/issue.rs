//! Issues: tickets on a forge.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Account, PullRequestState};

/// An issue as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IssueSpec {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Its labels.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// An issue that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundIssue {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
    /// One line.
    pub title: String,
    /// Markdown; empty when there is none.
    pub body: String,
    /// Open or closed.
    pub state: PullRequestState,
    /// Who opened it.
    pub author: Account,
    /// Its labels.
    pub labels: Vec<String>,
}
