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
    async fn find_pull_request(&self, base: &str, head: &str) -> Result<Option<PullRequest>, Failure>;

    /// Opens the pull request, or updates the open one with the same head and base.
    async fn ensure_pull_request(&self, spec: &PullRequestSpec) -> Result<(PullRequest, Ensured), Failure>;
}

/// Finds the forge of a repository.
pub trait Forges: Send + Sync {
    /// The forge that a target leads to; a failure that says why when there is none.
    fn connect(&self, target: &ForgeTarget) -> Result<Arc<dyn Forge>, Failure>;
}
