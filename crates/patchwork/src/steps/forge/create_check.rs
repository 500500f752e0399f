//! `CreateCheck`: the outcome of something on a commit.

use async_trait::async_trait;
use patchwork_core::effect::Effect;
use patchwork_core::port::forge::{Annotation, CheckSpec, Conclusion, Ensured};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{ForgeAccess, until_cancelled};

/// The outcome of something on a commit.
pub struct CreateCheck;

/// Says on a commit how something ended: a check with a summary and remarks on lines. There is one for each commit and name; a
/// second time it is changed. A forge without remarks on lines shows the summary only.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateCheckInput {
    /// The name of the check.
    pub check_name: String,
    /// How it ended; `neutral` when absent.
    #[serde(default)]
    pub conclusion: Conclusion,
    /// One line.
    pub title: String,
    /// More, in Markdown.
    #[serde(default)]
    pub summary: String,
    /// Remarks on lines.
    #[serde(default)]
    pub annotations: Vec<Annotation>,
    /// The commit; the newest of the pull request, or the one that the run stands on.
    #[serde(default)]
    pub commit: Option<String>,
    /// The pull request that it is about.
    #[serde(default)]
    pub pr_url: Option<String>,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// The check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreateCheckOutput {
    /// Its page; empty when there is none.
    pub check_url: String,
    /// What was done.
    pub check_outcome: Ensured,
}

#[async_trait]
impl Step for CreateCheck {
    type Input = CreateCheckInput;
    type Output = CreateCheckOutput;

    const ID: &'static str = "CreateCheck";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let (destination, newest) = match given(&input.pr_url) {
            Some(url) => {
                let (destination, number) = input.access.pull_request(ctx, &url).await?;
                let found = until_cancelled(ctx, destination.forge.pull_request(number)).await?;
                (destination, found.head.commit)
            }
            None => (input.access.needed(ctx).await?, ctx.checkout()?.base().commit.clone()),
        };
        let commit = given(&input.commit).unwrap_or(newest);
        if !matches!(commit.len(), 40 | 64) || !commit.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(StepError::input("commit", "expected the whole id of a commit"));
        }
        let spec = CheckSpec {
            commit,
            name: input.check_name,
            conclusion: input.conclusion,
            title: input.title,
            summary: input.summary,
            details_url: None,
            annotations: input.annotations,
        };
        let done = ctx.carry_out(&destination, Effect::Check(spec)).await?;
        Ok(CreateCheckOutput { check_url: done.url, check_outcome: done.outcome })
    }
}
