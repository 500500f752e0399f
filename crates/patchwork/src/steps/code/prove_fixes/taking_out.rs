//! Takes fixes out of the checkout that are not proven as far as is required.

use std::collections::BTreeMap;

use patchwork_core::evidence::{Author, Level, Outcome, Try};
use patchwork_core::failure::Failure;
use patchwork_core::step::{Context, StepError};
use patchwork_repo::edits::write_atomic;

use super::ProveFixesOutput;
use super::hunks::FixedText;
use super::proof::NEW_TEST;
use crate::affected::AffectedCode;
use crate::steps::code::verify_patch::{Fix, Remark};
use crate::verify::{Ladder, Verdict, VerifyOptions};

/// Takes out the fixes below a level, with their tests. What is left is built and tested once more; when it does not hold
/// without the others, nothing is kept.
pub(super) async fn below(
    ctx: &Context,
    least: Level,
    out: &mut ProveFixesOutput,
    files: &BTreeMap<String, FixedText>,
    options: &VerifyOptions,
) -> Result<(), StepError> {
    let reason = |fix: &Fix| {
        let why = fix.evidence.checks.iter().rev().find(|check| !check.passed && check.name == NEW_TEST);
        let why = why.map(|check| format!(": {}", check.detail)).unwrap_or_default();
        let (is, level) = (fix.evidence.level, least.meaning());
        format!("it reached {is:?} ({}), and {least:?} ({level}) is required{why}", is.meaning())
    };
    let low: Vec<Option<String>> =
        out.accepted.iter().map(|fix| (fix.evidence.level < least).then(|| reason(fix))).collect();
    let taken = low.iter().filter(|reason| reason.is_some()).count();
    if taken == 0 {
        return Ok(());
    }
    write(ctx, files, &low, &out.accepted)?;
    let mut low = low;
    if taken < out.accepted.len()
        && let Some(ladder) = Ladder::open(ctx, options).await?
    {
        let judgement = ladder.judge(ctx, &[]).await?;
        if let Some(seen) = judgement.broken().filter(|seen| seen.verdict == Verdict::Broken) {
            let why = format!("it does not hold without the fixes that were taken out: {}", seen.detail);
            low.iter_mut().for_each(|reason| {
                reason.get_or_insert_with(|| why.clone());
            });
            write(ctx, files, &low, &out.accepted)?;
        }
    }
    let fixes = std::mem::take(&mut out.accepted);
    for (fix, reason) in fixes.into_iter().zip(low) {
        match reason {
            None => out.accepted.push(fix),
            Some(reason) => {
                let piece = piece_of(fix, &reason);
                out.rejected.push(Remark::about(&piece, reason));
                out.taken_out.push(piece);
            }
        }
    }
    Ok(())
}

/// Writes the files without the fixes that have a reason to go, and removes their tests.
fn write(
    ctx: &Context,
    files: &BTreeMap<String, FixedText>,
    low: &[Option<String>],
    fixes: &[Fix],
) -> Result<(), StepError> {
    let goes = |fix: usize| low.get(fix).is_some_and(Option::is_some);
    for (path, file) in files {
        if file.hunks.iter().any(|hunk| goes(hunk.fix)) {
            let bytes = file.without(|hunk| goes(hunk.fix));
            write_atomic(ctx.root()?, path, &bytes).map_err(|error| StepError::Failed(error.into()))?;
        }
    }
    for (at, fix) in fixes.iter().enumerate().filter(|(at, _)| goes(*at)) {
        let Some(test) = fix.test.as_ref().filter(|_| goes(at)) else { continue };
        let path = ctx.checkout()?.resolve(&test.path)?;
        match std::fs::remove_file(ctx.root()?.join(&path)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                let failure = Failure::failed(format!("can't remove {path}")).caused_by(&error);
                return Err(StepError::Failed(failure));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The piece of code that a fix was for; what was kept of it is turned down after all.
fn piece_of(fix: Fix, reason: &str) -> AffectedCode {
    let edits = &fix.patch.edits;
    let mut tries = fix.tries;
    match tries.iter_mut().rev().find(|tried| tried.outcome == Outcome::Accepted) {
        Some(kept) => {
            kept.outcome = Outcome::Rejected;
            reason.clone_into(&mut kept.reason);
        }
        None => tries.push(Try {
            round: u32::from(fix.source == Author::Model),
            by: fix.source,
            name: String::new(),
            outcome: Outcome::Rejected,
            reason: reason.to_owned(),
            diff: fix.diff,
            evidence: Some(fix.evidence),
            usage: None,
            cost: None,
            ms: None,
        }),
    }
    AffectedCode {
        uri: fix.path,
        start_line: edits.iter().filter_map(|edit| edit.start_line).min().unwrap_or(0),
        end_line: edits.iter().filter_map(|edit| edit.end_line).max().unwrap_or(0),
        affected_code: fix.replaced.concat(),
        message_text: String::new(),
        language: String::new(),
        unit: "lines".to_owned(),
        findings: fix.findings,
        fix: None,
        feedback: vec![reason.to_owned()],
        tries,
    }
}
