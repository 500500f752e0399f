//! `Report`: says what was fixed and what was not, and decides how the run ends.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use async_trait::async_trait;
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verify_patch::{Fix, FixSource, Remark};
use crate::affected::AffectedCode;

/// Says what was fixed and what was not.
pub struct Report;

/// Says what was fixed and what was not, and decides how the run ends.
///
/// With a fix the run is done; what is left is warned about. Without any it fails as unavailable when no model answered, and as
/// below the required evidence when fixes were proposed but not one held.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportInput {
    /// The fixes that were kept.
    #[serde(default)]
    pub accepted: Vec<Fix>,
    /// The pieces that were not settled.
    #[serde(default)]
    pub pending: Vec<AffectedCode>,
    /// What was turned down in the last round.
    #[serde(default)]
    pub rejected: Vec<Remark>,
    /// How many pieces got no answer in the last round.
    #[serde(default)]
    pub unanswered: usize,
    /// What a model found to be no weakness.
    #[serde(default)]
    pub not_vulnerable: Vec<Remark>,
    /// What a model found to have no fix.
    #[serde(default)]
    pub no_fix: Vec<Remark>,
    /// Why there was no model to ask; empty when there was one.
    #[serde(default)]
    pub no_model: String,
}

/// The result in lists and numbers.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ReportOutput {
    /// What was fixed: the place, the rules and the commit message.
    pub fixed: Vec<Remark>,
    /// What was not fixed, and why.
    pub remaining: Vec<Remark>,
    /// What a model found to be no weakness.
    pub not_vulnerable: Vec<Remark>,
    /// What a model found to have no fix.
    pub no_fix: Vec<Remark>,
    /// How many there are of each.
    pub counts: Counts,
}

/// Numbers of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Fixes.
    pub fixed: usize,
    /// Fixes that a rule gave.
    pub by_rules: usize,
    /// Pieces that were not fixed.
    pub remaining: usize,
    /// Pieces that are not vulnerable.
    pub not_vulnerable: usize,
    /// Pieces that have no fix.
    pub no_fix: usize,
}

#[async_trait]
impl Step for Report {
    type Input = ReportInput;
    type Output = ReportOutput;

    const ID: &'static str = "Report";
    const EFFECTS: Effects = Effects::NONE;

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let failure = failure_of(&input);
        let out = summarize(input);
        for remark in &out.not_vulnerable {
            ctx.note(format!("not vulnerable: {remark}"));
        }
        for remark in &out.no_fix {
            ctx.warn(format!("no fix: {remark}"));
        }
        for remark in &out.remaining {
            ctx.warn(format!("not fixed: {remark}"));
        }
        if let Some(mut failure) = failure {
            failure.causes = out.remaining.iter().take(MAX_CAUSES).map(Remark::to_string).collect();
            if out.remaining.len() > MAX_CAUSES {
                failure.causes.push(format!("and {} more", out.remaining.len() - MAX_CAUSES));
            }
            return Err(StepError::Failed(failure));
        }
        if out.counts == Counts::default() {
            ctx.skip("there is nothing to fix");
        } else {
            ctx.note(out.counts.to_string());
        }
        Ok(out)
    }
}

/// Causes that a failure lists: a terminal shows them all.
const MAX_CAUSES: usize = 10;

/// Why the run fails; not when anything was fixed, or when nothing was tried.
fn failure_of(input: &ReportInput) -> Option<Failure> {
    let tried = input.rejected.len();
    if !input.accepted.is_empty() || tried == 0 {
        return None;
    }
    Some(if input.unanswered >= tried {
        Failure::unavailable(format!("nothing was fixed: the model answered none of {tried} questions"))
            .hint("check the key, the model's name and the endpoint, then resume the run")
    } else {
        Failure::new(
            FailureKind::BelowEvidence,
            format!("nothing was fixed: of {tried} pieces of code none got a fix that could be proven"),
        )
        .hint("raise `n` to ask again more often, or try a stronger `model`")
    })
}

fn summarize(input: ReportInput) -> ReportOutput {
    let mut reasons: HashMap<(String, u32, Vec<String>), VecDeque<String>> = HashMap::new();
    for Remark { path, line, rules, reason } in input.rejected {
        reasons.entry((path, line, rules)).or_default().push_back(reason);
    }
    // What was never asked about was left out by the limit on calls, or there was nobody to ask.
    let not_asked = if input.no_model.is_empty() {
        "no model was asked about it".to_owned()
    } else {
        format!("no rule fixes it, and there is no model: {}", input.no_model)
    };
    let remaining: Vec<Remark> = input
        .pending
        .iter()
        .map(|piece| {
            let mut remark = Remark::about(piece, "");
            let key = (remark.path.clone(), remark.line, remark.rules.clone());
            let turned_down = reasons.get_mut(&key).and_then(VecDeque::pop_front);
            remark.reason = turned_down.unwrap_or_else(|| not_asked.clone());
            remark
        })
        .collect();
    let fixed: Vec<Remark> = input.accepted.iter().map(Remark::of_fix).collect();
    let by_rules = input.accepted.iter().filter(|fix| fix.source == FixSource::Rule).count();
    let counts = Counts {
        fixed: fixed.len(),
        by_rules,
        remaining: remaining.len(),
        not_vulnerable: input.not_vulnerable.len(),
        no_fix: input.no_fix.len(),
    };
    ReportOutput { fixed, remaining, not_vulnerable: input.not_vulnerable, no_fix: input.no_fix, counts }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fixed", self.fixed)?;
        if self.by_rules > 0 {
            write!(f, " ({} by rules)", self.by_rules)?;
        }
        for (count, what) in [
            (self.remaining, "not fixed"),
            (self.not_vulnerable, "not vulnerable"),
            (self.no_fix, "without a fix"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}
