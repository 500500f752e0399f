//! Pull requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Account;
use crate::change::FileChange;

/// A pull request as it should be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestSpec {
    /// The branch to merge into.
    pub base: String,
    /// The branch with the changes.
    pub head: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
    /// Opens it as not ready for review; an open one is left as it is.
    #[serde(default)]
    pub draft: bool,
    /// Labels that it gets; those that it has stay.
    #[serde(default)]
    pub labels: Vec<String>,
}

/// A pull request as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
}

/// What a pull request says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestText {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// Whether a pull request or an issue is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PullRequestState {
    /// It is.
    #[default]
    Open,
    /// It was closed without being merged.
    Closed,
    /// It was merged.
    Merged,
}

impl PullRequestState {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Merged => "merged",
        }
    }
}

/// One end of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// The branch.
    pub branch: String,
    /// Its newest commit; empty when the forge does not say.
    pub commit: String,
    /// The repository that holds it, as the forge names it (`owner/name`); none when it was deleted.
    pub repository: Option<String>,
}

/// A pull request that is there, with what it says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FoundPullRequest {
    /// Its number and page.
    pub pull: PullRequest,
    /// One line.
    pub title: String,
    /// Markdown; empty when there is none.
    pub body: String,
    /// Whether it is open.
    pub state: PullRequestState,
    /// Whether it is not ready for review.
    pub draft: bool,
    /// Who opened it.
    pub author: Account,
    /// What it is to be merged into.
    pub base: End,
    /// What is to be merged.
    pub head: End,
    /// Its labels.
    pub labels: Vec<String>,
}

impl FoundPullRequest {
    /// What it says.
    pub fn text(&self) -> PullRequestText {
        PullRequestText { title: self.title.clone(), body: self.body.clone() }
    }

    /// Whether its commits are in another repository, or in one that is gone.
    pub fn is_from_elsewhere(&self) -> bool {
        let lower = |end: &End| end.repository.as_deref().map(str::to_ascii_lowercase);
        lower(&self.head).is_none() || lower(&self.head) != lower(&self.base)
    }
}

/// What is to change of a pull request or an issue; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextChange {
    /// Another title.
    pub title: Option<String>,
    /// Another body.
    pub body: Option<String>,
    /// Open it again or close it; merging is not ours.
    pub open: Option<bool>,
    /// Labels that it gets as well.
    pub labels: Vec<String>,
}

impl TextChange {
    /// Whether there is nothing to change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Which pull requests or issues are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Only those in this state; all when none.
    pub state: Option<PullRequestState>,
    /// How many at most, the newest first.
    pub limit: usize,
}

/// What a pull request changes, as the forge tells it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PullRequestChanges {
    /// File by file; one whose hunks the forge leaves out says so.
    pub files: Vec<FileChange>,
    /// Whether the list holds every changed file.
    pub complete: bool,
}

/// A commit of a pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PullRequestCommit {
    /// Its id.
    pub id: String,
    /// Its whole message.
    pub message: String,
}
