//! `ReadPRComments`: what was said about a pull request.

use async_trait::async_trait;
use patchwork_core::port::forge::Thing;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{ForgeAccess, until_cancelled};
use super::text::{CommentText, hear};

/// What was said about a pull request.
pub struct ReadPRComments;

/// Reads all comments of a pull request, those on lines too, oldest first, and whose word each is.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadPRCommentsInput {
    /// The address of the pull request's page, in any form.
    pub pr_url: String,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// The comments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ReadPRCommentsOutput {
    /// They, oldest first.
    pub comments: Vec<CommentText>,
}

#[async_trait]
impl Step for ReadPRComments {
    type Input = ReadPRCommentsInput;
    type Output = ReadPRCommentsOutput;

    const ID: &'static str = "ReadPRComments";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::READS_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let (destination, number) = input.access.pull_request(ctx, &input.pr_url).await?;
        let on = Thing::PullRequest(number);
        let comments = until_cancelled(ctx, destination.forge.comments(on)).await?;
        hear(ctx, &comments, &on.to_string()).await?;
        if comments.is_empty() {
            ctx.skip("nobody has said anything yet");
        }
        Ok(ReadPRCommentsOutput { comments: comments.into_iter().map(CommentText::from).collect() })
    }
}
