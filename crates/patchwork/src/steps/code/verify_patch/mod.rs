//! `VerifyPatch`: keeps only fixes that are proven, and leaves the checkout at the base with exactly these.

mod answer;
mod closing;
mod file;
mod proving;
mod rescan;
mod scanning;
mod strictness;
mod syntax_check;
mod trials;
mod tries;
mod types;
mod verdicts;
mod window_diff;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(super) use closing::fixed_file;
pub use types::{Answer, Fix, FixedFile, Remark, Risk};

use self::proving::{Proof, open};
use self::verdicts::Verdicts;
use crate::affected::AffectedCode;
use crate::scanners::Choice;
use crate::verify::VerifyOptions;

/// Keeps only fixes that are proven.
pub struct VerifyPatch;

/// Keeps only fixes that are proven, and leaves the checkout at the base commit with exactly these.
///
/// A fix is kept when its answer is complete, it applies beside the other fixes, the file has no syntax error that it did
/// not have before and, with `rescan`, the scanner does not find its finding any more and nothing that it did not find
/// before. With `verify` or a command each fix is built and tested in a throw-away copy of the checkout and compared with
/// what the repository does without it; then all are, together. What falls short is `pending` again, with the reason among
/// its `feedback`.
///
/// Without an answer, the fix that a piece brings along from its rule is taken. The same step serves round after round: what
/// it says of earlier rounds is given back to it in `accepted`, `not_vulnerable` and `no_fix`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyPatchInput {
    /// The pieces of code of this round. Lines are those of the base commit.
    pub findings: Vec<AffectedCode>,
    /// The round, from 0, for the record of what was tried.
    #[serde(default)]
    pub round: u32,
    /// The answers, in the order of the pieces. Pieces behind the last answer were not asked about. Answers behind the last
    /// piece are further ones about the first, the second and so on: the best is kept.
    #[serde(default)]
    pub responses: Vec<Answer>,
    /// The fixes of earlier rounds: they are in the checkout.
    #[serde(default)]
    pub accepted: Vec<Fix>,
    /// What earlier rounds found to be no weakness.
    #[serde(default)]
    pub not_vulnerable: Vec<Remark>,
    /// What earlier rounds found to have no fix.
    #[serde(default)]
    pub no_fix: Vec<Remark>,
    /// Keep only fixes whose stated compatibility risk is at or below this; `unknown` keeps all.
    #[serde(default)]
    pub compatibility: Risk,
    /// Whether an answer that was cut at the output limit is used.
    #[serde(default)]
    pub allow_truncated: bool,
    /// Whether files with fixes are scanned again.
    #[serde(default)]
    pub rescan: bool,
    /// Which scanner scans again.
    #[serde(default)]
    pub scanner: Choice,
    /// More arguments for Semgrep, split as a shell splits words.
    #[serde(default)]
    pub semgrep_extra_args: String,
    /// What the same scanner said of the base commit, as SARIF. Without it the files are scanned before they are changed.
    #[serde(default)]
    pub sarif_values: Option<serde_json::Value>,
    /// What is built and tested, and how.
    #[serde(flatten)]
    pub verify: VerifyOptions,
}

/// What was decided. Lists that earlier rounds began are continued.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct VerifyPatchOutput {
    /// The fixes that are in the checkout now, by file and line.
    pub accepted: Vec<Fix>,
    /// The pieces that may be asked about again. Those of lines that a fix has changed show the new text.
    pub pending: Vec<AffectedCode>,
    /// What was turned down in this round, and why.
    pub rejected: Vec<Remark>,
    /// How many pieces were asked about in this round.
    pub asked: usize,
    /// How many of these got no answer.
    pub unanswered: usize,
    /// What was not asked about because the budget did not allow it; it is pending.
    pub not_asked: Vec<Remark>,
    /// Why the first call without an answer has none; null when all have one.
    pub call_failure: Option<Failure>,
    /// What a model found to be no weakness, with its reason.
    pub not_vulnerable: Vec<Remark>,
    /// What a model found to have no fix, with its reason.
    pub no_fix: Vec<Remark>,
    /// The files that have fixes, with all of them.
    pub modified_code_files: Vec<FixedFile>,
}

#[async_trait]
impl Step for VerifyPatch {
    type Input = VerifyPatchInput;
    type Output = VerifyPatchOutput;

    const ID: &'static str = "VerifyPatch";
    const EFFECTS: Effects = Effects::READS_CHECKOUT
        .and(Effects::WRITES_CHECKOUT)
        .and(Effects::RUNS_COMMANDS)
        .and(Effects::NETWORK);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let proof = if input.findings.is_empty() { None } else { Some(Proof::open(ctx, &input).await?) };
        let mut verdicts = Verdicts::read(input);
        let quiet = verdicts.is_quiet() && verdicts.waves.iter().all(Vec::is_empty);
        let files = match &proof {
            Some(proof) => proof.prove(ctx, &mut verdicts).await?,
            None => open(ctx, &verdicts.accepted, Vec::new(), &mut verdicts.rejected)?,
        };
        if quiet {
            ctx.skip("there is no fix to check");
        }
        verdicts.decide(ctx, files)
    }
}

#[cfg(test)]
mod tests;
