//! `ApplyBundle`: carries out what another run has proposed.

use async_trait::async_trait;
use patchwork_core::effect::{Destination, Effect, EffectKind, Violation};
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Ensured, Located};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::access::{ForgeAccess, REMOTE, git_credential, until_cancelled};
use crate::bundle::{Bundle, Here};

/// Carries out what another run has proposed.
pub struct ApplyBundle;

/// Checks a bundle that a run with `--propose` has written, makes its commits again and carries out its effects in their order,
/// each through the same gate as those of any run. Nothing is done when policy refuses a part of it. Doing it again changes
/// nothing.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplyBundleInput {
    /// The file.
    pub bundle: String,
    /// The SHA-256 of the file, in hex: another one of that name is refused.
    pub digest: String,
    /// The page of the pull request or issue that the bundle must be about; what it says itself counts when this is absent.
    #[serde(default)]
    pub pr_url: Option<String>,
    /// Which forge, and as whom. The token needs to write what the bundle holds.
    #[serde(flatten)]
    pub access: ForgeAccess,
}

/// What became of the bundle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ApplyBundleOutput {
    /// The page of the pull request; empty when the bundle has none.
    pub pr_url: String,
    /// Its number; null when the bundle has none.
    pub pr_number: Option<u64>,
    /// The branch that was pushed; null when there is none.
    pub target_branch: Option<String>,
    /// What was done, in order.
    pub applied: Vec<Applied>,
}

/// An effect that was carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Applied {
    /// What it is (`push to origin/autofix-main`).
    pub effect: String,
    /// What was done.
    pub outcome: Ensured,
    /// Its page; empty when there is none.
    pub url: String,
}

#[async_trait]
impl Step for ApplyBundle {
    type Input = ApplyBundleInput;
    type Output = ApplyBundleOutput;

    const ID: &'static str = "ApplyBundle";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::READS_FORGE).and(Effects::WRITES_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        ctx.may_read_outside()?;
        let (mut bundle, digest) = Bundle::read(input.bundle.as_ref())?;
        if digest != input.digest {
            return Err(Failure::refused(format!(
                "{} is not the bundle that the run began with",
                input.bundle.escape_debug()
            ))
            .hint("apply the file that is there now in a run of its own")
            .into());
        }
        let mut destination = input.access.needed(ctx).await?;
        destination.git = git_credential(ctx, &destination).await?;
        if let Some(url) = input.pr_url.as_deref().filter(|url| !url.trim().is_empty()) {
            let (of, thing) = input.access.page(ctx, "pr_url", url).await?;
            let page = Located { forge: of.forge.kind(), remote_url: of.remote_url, thing };
            until_cancelled(ctx, bundle.hold_to(&page, &destination.remote_url, &*destination.forge)).await?;
        }
        self.check(ctx, &bundle, &destination).await?;
        if let Some(heard) = &bundle.heard {
            ctx.heard_before(heard).await?;
        }
        let checkout = ctx.checkout()?;
        if !bundle.commits.is_empty() {
            checkout.unpack(&bundle.commits).await?;
        }
        let mut output = ApplyBundleOutput::default();
        for effect in bundle.effects {
            let name = effect.describe();
            let branch = match &effect {
                Effect::Push(push) => Some(push.branch.clone()),
                _ => None,
            };
            let kind = effect.kind();
            let done = ctx.carry_out(&destination, effect).await?;
            if kind == EffectKind::PullRequest {
                (output.pr_url, output.pr_number) = (done.url.clone(), done.number);
            }
            output.target_branch = branch.or(output.target_branch);
            output.applied.push(Applied { effect: name, outcome: done.outcome, url: done.url });
        }
        if output.applied.is_empty() {
            ctx.skip("the bundle holds no effect: the run had nothing to do");
        }
        Ok(output)
    }
}

impl ApplyBundle {
    /// The whole bundle is looked at before the first effect: a part of it must not be done when another is refused.
    async fn check(&self, ctx: &Context, bundle: &Bundle, to: &Destination) -> Result<(), StepError> {
        let base = ctx.checkout()?.base();
        if base.commit != bundle.repository.base {
            return Err(Failure::internal("a bundle is carried out on another commit than its own").into());
        }
        let facts = until_cancelled(ctx, to.forge.repository()).await?;
        let mut bases: Vec<String> = base.branch.iter().cloned().collect();
        bases.extend(ctx.history()?.default_branch(REMOTE).await?);
        bases.push(facts.default_branch);
        let pulls = until_cancelled(ctx, bundle.pulls(ctx.policy(), &*to.forge)).await?;
        let here = Here { remote_url: &to.remote_url, forge: &*to.forge, bases: &bases, pulls: &pulls };
        let violations = bundle.violations(ctx.policy(), &here)?;
        if violations.is_empty() { Ok(()) } else { Err(Violation::failure(&violations).into()) }
    }
}
