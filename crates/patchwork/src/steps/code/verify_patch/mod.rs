//! `VerifyPatch`: keeps only fixes that are proven, and leaves the checkout at the base with exactly these.

mod answer;
mod file;
mod rescan;
mod scanning;
mod syntax_check;
mod types;
mod verdicts;
mod window_diff;

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use types::{Answer, Fix, FixedFile, Remark, Risk};

use self::file::{Candidate, FileUnderCheck, Rejected};
use self::scanning::Rescan;
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
/// before. What falls short is `pending` again, with the reason among its `feedback`.
///
/// Without an answer, the fix that a piece brings along from its rule is taken. The same step serves round after round: what
/// it says of earlier rounds is given back to it in `accepted`, `not_vulnerable` and `no_fix`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifyPatchInput {
    /// The pieces of code of this round. Lines are those of the base commit.
    pub findings: Vec<AffectedCode>,
    /// The answers, in the order of the pieces. Pieces behind the last answer were not asked about.
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
        let rescan = Rescan::of(&input);
        let mut verdicts = Verdicts::read(input);
        let mut files = open(ctx, &mut verdicts)?;
        if files.values().all(|file| file.candidates.is_empty()) && verdicts.is_quiet() {
            ctx.skip("there is no fix to check");
        }
        files = syntax_check::check_all(files, &mut verdicts.rejected).await?;
        let under_check: Vec<&mut FileUnderCheck> =
            files.values_mut().filter(|file| !file.candidates.is_empty()).collect();
        let scanner = match rescan {
            Some(rescan) if !under_check.is_empty() => {
                Some(rescan.prove(ctx, under_check, &mut verdicts.rejected).await?)
            }
            _ => {
                for file in under_check {
                    let bytes = file.with_candidates()?;
                    file.source.write(ctx, &bytes)?;
                }
                None
            }
        };
        verdicts.decide(ctx, files, scanner.as_deref())
    }
}

/// Opens every file that has fixes or gets some, and puts the candidates in.
fn open(ctx: &Context, verdicts: &mut Verdicts) -> Result<BTreeMap<String, FileUnderCheck>, StepError> {
    let mut files = BTreeMap::new();
    let mut accepted: BTreeMap<String, Vec<Fix>> = BTreeMap::new();
    for fix in std::mem::take(&mut verdicts.accepted) {
        accepted.entry(fix.path.clone()).or_default().push(fix);
    }
    for (path, fixes) in accepted {
        let file = FileUnderCheck::open(ctx, &path, fixes)?;
        files.insert(path, file);
    }
    let mut by_path: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for candidate in std::mem::take(&mut verdicts.candidates) {
        match ctx.checkout()?.resolve(&candidate.piece.uri) {
            Ok(path) => by_path.entry(path).or_default().push(candidate),
            Err(failure) => verdicts.rejected.push(Rejected::of(&candidate, failure.to_string())),
        }
    }
    for (path, candidates) in by_path {
        let file = match files.entry(path) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                match FileUnderCheck::open(ctx, entry.key(), Vec::new()) {
                    Ok(file) => entry.insert(file),
                    Err(error) => {
                        // One file that can't be read must not cost the fixes of the others.
                        let reason = error.into_failure().to_string();
                        let all = candidates.iter().map(|c| Rejected::of(c, reason.clone()));
                        verdicts.rejected.extend(all);
                        continue;
                    }
                }
            }
        };
        file.place(candidates, &mut verdicts.rejected);
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
