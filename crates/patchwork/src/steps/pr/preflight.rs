//! `Preflight`: whether the changes to come can be committed and published, before anything is paid for them.

use async_trait::async_trait;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::options::{BranchOptions, Branches, ForgeOptions};
use super::publication::{Publication, taken};
use crate::steps::forge::access::{ForgeAccess, until_cancelled};

/// Whether the changes to come can be committed and published.
pub struct Preflight;

/// Finds out whether the changes to come can be committed and published, before anything is paid for them.
///
/// A branch that can't be made, a token that the forge refuses, a remote that does not answer and a remote branch with
/// somebody else's work end the run here. Without a token, a remote or a branch to merge into the changes stay on a local
/// branch, and a warning says what was missing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PreflightInput {
    /// Which branches are meant.
    #[serde(flatten)]
    pub branch: BranchOptions,
    /// What may be published.
    #[serde(flatten)]
    pub forge: ForgeOptions,
    /// Which forge, and as whom. The token needs to write contents and pull requests.
    #[serde(flatten)]
    pub access: ForgeAccess,
    /// Makes nothing at all: no branch, no pull request.
    #[serde(default)]
    pub dry_run: bool,
}

/// What will be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct PreflightOutput {
    /// The branch to merge into; null on a detached HEAD.
    pub base_branch: Option<String>,
    /// The branch with the changes; null when none will be made.
    pub target_branch: Option<String>,
    /// Whether a pull request will be opened or updated.
    pub open_pull_request: bool,
}

#[async_trait]
impl Step for Preflight {
    type Input = PreflightInput;
    type Output = PreflightOutput;

    const ID: &'static str = "Preflight";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let checkout = ctx.checkout()?;
        let mut branches = Branches::of(&input.branch, checkout.base())?;
        if input.dry_run {
            branches.target = None;
        }
        let Some(target) = &branches.target else {
            return Ok(PreflightOutput {
                base_branch: branches.base,
                target_branch: None,
                open_pull_request: false,
            });
        };
        checkout.check_branch(target, input.branch.force_branch_creation).await?;
        let open_pull_request = match Publication::find(ctx, &input.forge, &input.access, &branches).await? {
            // What is only written down is judged when it is carried out.
            Publication::Possible(_) if ctx.proposes() => true,
            Publication::Possible(place) => {
                until_cancelled(ctx, place.destination.forge.check()).await?;
                let start = checkout.base().commit.clone();
                checkout.check_push(&place.push_request(start, input.forge.force_pr_creation)).await?;
                true
            }
            Publication::Unwanted(reason) => {
                ctx.note(format!("{reason}; the changes will be on the local branch {target}"));
                false
            }
            Publication::Impossible(reason) => {
                ctx.warn(format!("{reason}; the changes will be on the local branch {target}"));
                false
            }
            Publication::Taken(open) => {
                ctx.warn(format!("{}; the changes will be on the local branch {target}", taken(&open)));
                false
            }
        };
        Ok(PreflightOutput { base_branch: branches.base, target_branch: branches.target, open_pull_request })
    }
}

#[cfg(test)]
mod tests;
