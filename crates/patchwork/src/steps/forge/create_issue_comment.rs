//! `CreateIssueComment`: says something on an issue.

use async_trait::async_trait;
use patchwork_core::effect::Effect;
use patchwork_core::port::forge::{Ensured, Thing};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::ForgeAccess;

/// Says something on an issue.
pub struct CreateIssueComment;

/// Says something on an issue. The comment of an earlier run of the same patchflow and node is changed in place, unless a
/// person has edited it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIssueCommentInput {
    /// What is said, in Markdown.
    pub issue_text: String,
    /// The address of the issue's page, in any form.
    pub issue_url: String,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// What was said.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreateIssueCommentOutput {
    /// The page of the comment; empty when it is only proposed.
    pub issue_comment_url: String,
    /// What was done.
    pub comment_outcome: Ensured,
}

#[async_trait]
impl Step for CreateIssueComment {
    type Input = CreateIssueCommentInput;
    type Output = CreateIssueCommentOutput;

    const ID: &'static str = "CreateIssueComment";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        if input.issue_text.trim().is_empty() {
            ctx.skip("there is nothing to say");
            return Ok(CreateIssueCommentOutput::default());
        }
        let (destination, number) = input.access.issue(ctx, &input.issue_url).await?;
        let effect = Effect::Comment { on: Thing::Issue(number), mark: ctx.mark(), body: input.issue_text };
        let done = ctx.carry_out(&destination, effect).await?;
        Ok(CreateIssueCommentOutput { issue_comment_url: done.url, comment_outcome: done.outcome })
    }
}
