//! Talking to the site that hosts a repository. Moving commits is the checkout's work, not the forge's.

use std::sync::Arc;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::secret::Secret;

/// Which site, which repository, with which token.
#[derive(Debug, Clone)]
pub struct ForgeTarget {
    /// The URL of the remote (`https://github.com/owner/name.git`, `git@github.com:owner/name`).
    pub remote_url: String,
    /// The base of the API, when it is not the public one (`scm_url`).
    pub api_url: Option<String>,
    /// The token.
    pub token: Secret,
}

/// A pull request as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PullRequestSpec {
    /// The branch to merge into.
    pub base: String,
    /// The branch with the changes.
    pub head: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// A pull request as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PullRequest {
    /// Its number.
    pub number: u64,
    /// Its page.
    pub url: String,
}

/// What a pull request says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PullRequestText {
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// Whether a pull request can still be merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PullRequestState {
    /// It can.
    Open,
    /// It was closed without.
    Closed,
    /// It was.
    Merged,
}

/// A pull request that is there, with what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundPullRequest {
    /// Its number and page.
    pub pull: PullRequest,
    /// Its title and body.
    pub text: PullRequestText,
    /// Whether it is open.
    pub state: PullRequestState,
}

/// What an `ensure` call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Ensured {
    /// It is new.
    Created,
    /// It was there and was changed.
    Updated,
    /// It was there as it should be.
    Unchanged,
}

/// One repository on a forge.
#[async_trait]
pub trait Forge: Send + Sync {
    /// The forge, for messages (`GitHub`).
    fn name(&self) -> &str;

    /// Characters that a pull request body may have.
    fn body_limit(&self) -> usize;

    /// Where a file's changes are shown in a pull request: a link, from its URL and the path.
    fn file_link(&self, pull_request_url: &str, path: &str) -> String;

    /// Says before any work whether the token can do what is needed.
    async fn check(&self) -> Result<(), Failure>;

    /// The open pull request with this head and base.
    async fn find_pull_request(&self, base: &str, head: &str) -> Result<Option<FoundPullRequest>, Failure>;

    /// The pull request of this number, in any state.
    async fn pull_request(&self, number: u64) -> Result<Option<FoundPullRequest>, Failure>;

    /// Opens the pull request, or updates the open one with the same head and base, which is what
    /// [`Forge::find_pull_request`] has just found.
    async fn ensure_pull_request(
        &self,
        spec: &PullRequestSpec,
        found: Option<FoundPullRequest>,
    ) -> Result<(PullRequest, Ensured), Failure>;

    /// Gives an open pull request another text.
    async fn restore_pull_request(&self, number: u64, text: &PullRequestText) -> Result<(), Failure>;

    /// Closes a pull request without merging it.
    async fn close_pull_request(&self, number: u64) -> Result<(), Failure>;
}

/// Finds the forge of a repository.
pub trait Forges: Send + Sync {
    /// The forge that a target leads to; a failure that says why when there is none.
    fn connect(&self, target: &ForgeTarget) -> Result<Arc<dyn Forge>, Failure>;
}
