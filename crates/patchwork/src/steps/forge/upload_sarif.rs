//! `UploadSarif`: hands a report in to the forge's code scanning.

use async_trait::async_trait;
use patchwork_core::effect::Effect;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::SarifSpec;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{ForgeAccess, until_cancelled};
use crate::sarif;
use crate::steps::scan::sarif_input::SarifValues;

/// Hands a report in to the forge's code scanning.
pub struct UploadSarif;

/// Hands a SARIF report in to the forge's code scanning, for the commit that the run stands on or the newest of a pull request.
/// Only GitHub has such a thing.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UploadSarifInput {
    /// The report.
    pub sarif_values: SarifValues,
    /// The pull request that was scanned; without one it is the branch that the run stands on.
    #[serde(default)]
    pub pr_url: Option<String>,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct UploadSarifOutput {
    /// Where it can be followed; empty when it is only proposed.
    pub sarif_url: String,
}

#[async_trait]
impl Step for UploadSarif {
    type Input = UploadSarifInput;
    type Output = UploadSarifOutput;

    const ID: &'static str = "UploadSarif";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let report = input.sarif_values.into_value("sarif_values")?;
        let sarif = sarif::to_text(report);
        let pull = input.pr_url.as_deref().map(str::trim).filter(|url| !url.is_empty());
        let (destination, commit, reference) = match pull {
            Some(url) => {
                let (destination, number) = input.access.pull_request(ctx, url).await?;
                let found = until_cancelled(ctx, destination.forge.pull_request(number)).await?;
                let reference = destination.forge.head_ref(number);
                let branch = format!("refs/heads/{}", found.head.branch);
                (destination, found.head.commit, reference.unwrap_or(branch))
            }
            None => {
                let base = ctx.checkout()?.base().clone();
                let branch = base.branch.ok_or_else(|| {
                    Failure::configuration("HEAD is detached: which branch was scanned is not known")
                        .hint("check out the branch, or give pr_url")
                })?;
                (input.access.needed(ctx).await?, base.commit, format!("refs/heads/{branch}"))
            }
        };
        let effect = Effect::Sarif(SarifSpec { commit, reference, sarif });
        let done = ctx.carry_out(&destination, effect).await?;
        Ok(UploadSarifOutput { sarif_url: done.url })
    }
}
