//! `CreatePR`: pushes a branch and opens or updates its pull request.

use async_trait::async_trait;
use patchwork_core::effect::Effect;
use patchwork_core::port::forge::{Ensured, PullRequestSpec};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::options::{Branches, ForgeOptions, given};
use super::publication::{Publication, taken};
use crate::steps::forge::access::ForgeAccess;

/// Pushes a branch and opens or updates its pull request.
pub struct CreatePR;

/// Pushes a branch and opens its pull request, or updates the one that is open for the same two branches. Doing it again
/// changes nothing.
///
/// Nothing is pushed when `disable_pr` is set, when there is no commit, no token or no branch to merge into, or when a pull
/// request is open and `force_pr_creation` is off: the step says why it was skipped. A branch on the forge whose newest
/// commit is not patchwork's own is never moved.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePRInput {
    /// The branch with the changes, as it shall be called on the forge.
    #[serde(default)]
    pub target_branch: Option<String>,
    /// The branch to merge into.
    #[serde(default)]
    pub base_branch: Option<String>,
    /// The commit to push.
    #[serde(default)]
    pub head: Option<String>,
    /// The text of the pull request.
    #[serde(flatten)]
    pub text: TextOptions,
    /// What may be published.
    #[serde(flatten)]
    pub forge: ForgeOptions,
    /// Which forge, and as whom. The token needs to write contents and pull requests.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// What a pull request says.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct TextOptions {
    /// The title; `Patchwork PR` when absent.
    #[serde(default)]
    pub pr_title: Option<String>,
    /// The body, in Markdown.
    #[serde(default)]
    pub pr_body: Option<String>,
}

/// The pull request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct CreatePROutput {
    /// Its page; empty when there is none.
    pub pr_url: String,
    /// Its number; null when there is none.
    pub pr_number: Option<u64>,
    /// What was done; null when nothing was.
    pub pr_outcome: Option<Ensured>,
}

#[async_trait]
impl Step for CreatePR {
    type Input = CreatePRInput;
    type Output = CreatePROutput;

    const ID: &'static str = "CreatePR";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let (output, reason) = publish(ctx, &input).await?;
        if let Some(reason) = reason {
            ctx.skip(reason);
        }
        Ok(output)
    }
}

/// Publishes, or says why not.
pub(crate) async fn publish(
    ctx: &Context,
    input: &CreatePRInput,
) -> Result<(CreatePROutput, Option<String>), StepError> {
    let branches =
        Branches { base: given(input.base_branch.as_deref()), target: given(input.target_branch.as_deref()) };
    let not = |reason: String| Ok((CreatePROutput::default(), Some(reason)));
    let place = match Publication::find(ctx, &input.forge, &input.access, &branches).await? {
        Publication::Possible(place) => place,
        Publication::Unwanted(reason) | Publication::Impossible(reason) => return not(reason),
        Publication::Taken(open) => {
            let reason = taken(&open);
            let output = CreatePROutput { pr_url: open.url, pr_number: Some(open.number), pr_outcome: None };
            return Ok((output, Some(reason)));
        }
    };
    let Some(commit) = given(input.head.as_deref()) else {
        return not("there is no commit to push".into());
    };
    let push = Effect::Push(place.push(commit, input.forge.force_pr_creation));
    ctx.carry_out(&place.destination, push).await?;
    let spec = PullRequestSpec {
        base: place.base.clone(),
        head: place.target.clone(),
        title: given(input.text.pr_title.as_deref()).unwrap_or_else(|| "Patchwork PR".into()),
        body: input.text.pr_body.clone().unwrap_or_default(),
        ..PullRequestSpec::default()
    };
    let done = ctx.carry_out(&place.destination, Effect::PullRequest(spec)).await?;
    let output = CreatePROutput { pr_url: done.url, pr_number: done.number, pr_outcome: Some(done.outcome) };
    Ok((output, None))
}

#[cfg(test)]
mod tests;
