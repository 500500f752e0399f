//! `CreateIssue`: opens an issue.

use async_trait::async_trait;
use patchwork_core::effect::Effect;
use patchwork_core::port::forge::{Ensured, IssueSpec};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::ForgeAccess;

/// Opens an issue.
pub struct CreateIssue;

/// Opens an issue in the repository of the remote `origin`. An open one that the same patchflow and node made with the same
/// title is changed instead.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIssueInput {
    /// What it says, in Markdown.
    pub issue_text: String,
    /// Its title.
    pub issue_title: String,
    /// Its labels.
    #[serde(default)]
    pub issue_labels: Vec<String>,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// The issue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreateIssueOutput {
    /// Its page; empty when it is only proposed.
    pub issue_url: String,
    /// Its number; null when it is only proposed.
    pub issue_number: Option<u64>,
    /// What was done.
    pub issue_outcome: Ensured,
}

#[async_trait]
impl Step for CreateIssue {
    type Input = CreateIssueInput;
    type Output = CreateIssueOutput;

    const ID: &'static str = "CreateIssue";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let title = input.issue_title.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.is_empty() {
            return Err(StepError::input("issue_title", "an issue needs a title"));
        }
        let destination = input.access.needed(ctx).await?;
        let spec = IssueSpec { title: title.clone(), body: input.issue_text, labels: input.issue_labels };
        let effect = Effect::Issue { mark: ctx.mark().key(title), spec };
        let done = ctx.carry_out(&destination, effect).await?;
        Ok(CreateIssueOutput { issue_url: done.url, issue_number: done.number, issue_outcome: done.outcome })
    }
}
