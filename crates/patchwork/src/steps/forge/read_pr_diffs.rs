//! `ReadPRDiffs`: a pull request's text and what it changes.

use async_trait::async_trait;
use patchwork_core::port::forge::Thing;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::Deserialize;

use super::access::{ForgeAccess, until_cancelled};
use super::diffs;
use super::text::PullRequestTexts;

/// A pull request's text and what it changes.
pub struct ReadPRDiffs;

/// Reads a pull request: its title, body and comments, and what it changes file by file. What the forge leaves out (binary
/// and large files, more files than it lists) is read from git.
///
/// Images, documents, archives and lock files are left out of `diffs`. What people outside of the project wrote is recorded as
/// theirs: from then on the run may only do what policy lets outsiders cause.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadPRDiffsInput {
    /// The address of the pull request's page, in any form.
    pub pr_url: String,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

#[async_trait]
impl Step for ReadPRDiffs {
    type Input = ReadPRDiffsInput;
    type Output = PullRequestTexts;

    const ID: &'static str = "ReadPRDiffs";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::READS_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let (destination, number) = input.access.pull_request(ctx, &input.pr_url).await?;
        let found = until_cancelled(ctx, destination.forge.pull_request(number)).await?;
        let comments = until_cancelled(ctx, destination.forge.comments(Thing::PullRequest(number))).await?;
        let changes = diffs::of(ctx, &destination, &found).await?;
        PullRequestTexts::read(ctx, found, comments, &changes).await
    }
}
