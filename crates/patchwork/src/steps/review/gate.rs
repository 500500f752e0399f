//! Whether the gate of `fail_on` is shut: by what a review says, or by what earlier ones said and still stands.

use std::collections::HashSet;

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::finding::Severity;
use patchwork_core::port::forge::Conclusion;

use super::conclude_review::ConcludeReviewInput;
use crate::review::finding::{FileNote, ReviewFinding};
use crate::review::memory::Memory;
use crate::review::said::Said;
use crate::review::selection::{NotReviewed, Reason};

/// Files that are left out of the review, but not because the user wants it so: whoever writes the change may have seen to that, by
/// another name or by what they contain. What was said of them stands.
pub(super) fn hidden(left_out: &[NotReviewed]) -> HashSet<&str> {
    let hides = |file: &&NotReviewed| file.reason.hides_lines() && file.reason != Reason::NotWanted;
    left_out.iter().filter(hides).flat_map(NotReviewed::names).collect()
}

/// Those of what is said: a finding that has no line is as bad as one that has.
pub(super) fn severities(said: &[ReviewFinding], notes: &[FileNote]) -> impl Iterator<Item = Severity> {
    said.iter().map(|finding| finding.severity).chain(notes.iter().map(|note| note.severity))
}

/// `now` are the severities of what is said, `before` those of what earlier reviews said and still stands: to review again takes
/// nothing back.
pub(super) fn conclusion(now: &[Severity], before: &[Severity], fail_on: Option<Severity>) -> Conclusion {
    match fail_on {
        _ if now.is_empty() && before.is_empty() => Conclusion::Success,
        Some(limit) if as_bad_as(limit, now, before) > 0 => Conclusion::Failure,
        _ => Conclusion::Neutral,
    }
}

fn as_bad_as(limit: Severity, now: &[Severity], before: &[Severity]) -> usize {
    now.iter().chain(before).filter(|severity| **severity >= limit).count()
}

/// Whether an insider has dismissed what was said, here or in the file.
pub(super) fn is_dismissed(fingerprint: &str, memory: &Memory, said: &[Said]) -> bool {
    let here = said.iter().any(|said| said.fingerprint == fingerprint && said.dismissed.is_some());
    here || memory.dismissals().any(|dismissal| dismissal.fingerprint == fingerprint)
}

/// How the run ends when that is not well.
pub(super) fn failure(input: &ConcludeReviewInput, now: &[Severity], before: &[Severity]) -> Option<Failure> {
    let ConcludeReviewInput { found, fail_on, no_model, .. } = input;
    if !no_model.trim().is_empty() {
        return Some(
            Failure::unavailable(format!("nothing was reviewed: {}", no_model.trim()))
                .hint("give a key, such as OPENAI_API_KEY, or run a model here; `patchwork models` shows who can be asked"),
        );
    }
    if found.calls > 0 && found.unanswered == found.calls {
        let told = found.call_failure.clone().and_then(|value| serde_json::from_value::<Failure>(value).ok());
        return Some(told.unwrap_or_else(|| {
            Failure::unavailable("the review got no answer").cause(found.problem.clone())
        }));
    }
    let limit = (*fail_on)?;
    let bad = as_bad_as(limit, now, before);
    (bad > 0).then(|| {
        Failure::new(
            FailureKind::FindingsRemain,
            format!("{bad} findings of severity {limit} or worse (fail_on)"),
        )
    })
}
