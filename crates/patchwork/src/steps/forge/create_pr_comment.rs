//! `CreatePRComment`: says something on a pull request.

use async_trait::async_trait;
use patchwork_core::effect::Effect;
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Ensured, Thing};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::ForgeAccess;

/// Says something on a pull request.
pub struct CreatePRComment;

/// Says something on a pull request. The comment of an earlier run of the same patchflow and node is changed in place, unless
/// a person has edited it: then it stays and there is a new one. Comments of others are never touched.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePRCommentInput {
    /// The address of the pull request's page, in any form.
    pub pr_url: String,
    /// What is said, in Markdown. What is longer than the forge takes is cut at the end of a line.
    pub pr_comment: String,
    /// Makes a comment of its own for each run.
    #[serde(default)]
    pub noisy_comments: bool,
    /// By what it is known again in a later run; made of the patchflow and the node when absent.
    #[serde(default)]
    pub comment_mark: Option<Mark>,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreatePRCommentOutput {
    /// The page of the pull request, as it was given.
    pub pr_url: String,
    /// The page of the comment; empty when it is only proposed.
    pub comment_url: String,
    /// What was done.
    pub comment_outcome: Ensured,
}

#[async_trait]
impl Step for CreatePRComment {
    type Input = CreatePRCommentInput;
    type Output = CreatePRCommentOutput;

    const ID: &'static str = "CreatePRComment";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        if input.pr_comment.trim().is_empty() {
            ctx.skip("there is nothing to say");
            return Ok(CreatePRCommentOutput { pr_url: input.pr_url, ..CreatePRCommentOutput::default() });
        }
        let (destination, number) = input.access.pull_request(ctx, &input.pr_url).await?;
        let mark = input.comment_mark.unwrap_or_else(|| ctx.mark());
        let mark = match input.noisy_comments && mark.key.is_empty() {
            true => mark.key(ctx.run().to_string()),
            false => mark,
        };
        let effect = Effect::Comment { on: Thing::PullRequest(number), mark, body: input.pr_comment };
        let done = ctx.carry_out(&destination, effect).await?;
        Ok(CreatePRCommentOutput {
            pr_url: input.pr_url,
            comment_url: done.url,
            comment_outcome: done.outcome,
        })
    }
}
