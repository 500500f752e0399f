//! From places of findings to pieces that do not overlap.
//!
//! Two excerpts that overlap become one when it fits; when not, they are cut between their findings. Only findings
//! that share lines themselves stay together whatever the size: two answers about one line could not both be
//! applied.

use std::collections::BTreeMap;
use std::ops::Range;

use patchwork_core::finding::Finding;
use patchwork_core::secret::PLACEHOLDER;
use patchwork_core::tokens::estimate;
use patchwork_repo::excerpt::Unit;

use super::sources::Sources;
use crate::affected::AffectedCode;
use crate::sarif::{Fix, Together, patch_of};

/// Where findings are in a file; lines are 0-based and end-exclusive.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The excerpt.
    pub(super) lines: Range<usize>,
    /// The lines that the findings themselves are about.
    pub(super) core: Range<usize>,
    pub(super) unit: Unit,
    /// At least one, all of one file.
    pub(super) findings: Vec<Finding>,
}

impl Place {
    fn path(&self) -> &str {
        self.findings.first().map(|finding| finding.path.as_str()).unwrap_or_default()
    }
}

/// What the report says of findings besides themselves, by their fingerprints.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) fixes: &'a BTreeMap<String, Fix>,
    /// See [`Report::flows`](crate::sarif::Report::flows).
    pub(super) flows: &'a BTreeMap<String, Vec<String>>,
}

/// The pieces for the places, by path and line: those to work on, and those that wait for the fix of a rule in their
/// lines.
pub(super) fn pieces(
    places: Vec<Place>,
    known: Known<'_>,
    sources: &Sources<'_>,
    max_tokens: usize,
    line_text: &impl Fn(&str, u32, u32) -> Option<String>,
) -> (Vec<AffectedCode>, Vec<AffectedCode>) {
    let fixes = known.fixes;
    let mut by_file: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for place in places {
        by_file.entry(place.path().to_owned()).or_default().push(place);
    }
    let (mut ready, mut waiting) = (Vec::new(), Vec::new());
    for (path, places) in by_file {
        let file = sources.file(&path);
        let Ok(file) = file.as_ref() else { continue };
        // It was shown before, or there would be no place in it.
        let Ok(shown) = file.shown(sources.ctx) else { continue };
        let text = |lines: &Range<usize>| shown.line_range(lines.start, lines.end);
        let language = file.language().map(|language| language.name()).unwrap_or_default();
        let fits = |lines: &Range<usize>| estimate(text(lines).len()) <= max_tokens;
        for place in apart(places, &fits) {
            let piece = |findings: Vec<Finding>| AffectedCode {
                uri: path.clone(),
                start_line: u32::try_from(place.lines.start).unwrap_or(u32::MAX),
                end_line: u32::try_from(place.lines.end).unwrap_or(u32::MAX),
                affected_code: text(&place.lines).to_owned(),
                message_text: message_text(&findings, known.flows, text(&place.lines)),
                language: language.to_owned(),
                unit: place.unit.as_str().to_owned(),
                findings,
                fix: None,
                feedback: Vec::new(),
                tries: Vec::new(),
            };
            let (fixed, others) = fixable(place.findings.clone(), fixes, line_text);
            let chosen = fixed.iter().filter_map(|finding| fixes.get(&finding.fingerprint));
            match patch_of(chosen, line_text) {
                Some(patch) => {
                    ready.push(AffectedCode { fix: Some(patch), ..piece(fixed) });
                    if !others.is_empty() {
                        waiting.push(piece(others));
                    }
                }
                None => ready.push(piece(others)),
            }
        }
    }
    (ready, waiting)
}

/// The findings whose fixes can be made together, and the others.
fn fixable(
    findings: Vec<Finding>,
    fixes: &BTreeMap<String, Fix>,
    line_text: &impl Fn(&str, u32, u32) -> Option<String>,
) -> (Vec<Finding>, Vec<Finding>) {
    let mut chosen = Together::default();
    findings.into_iter().partition(|finding| {
        let fix = fixes.get(&finding.fingerprint);
        fix.is_some_and(|fix| patch_of([fix], line_text).is_some() && chosen.take(fix))
    })
}

/// Merges and cuts the places of one file until none overlaps another.
fn apart(mut places: Vec<Place>, fits: &dyn Fn(&Range<usize>) -> bool) -> Vec<Place> {
    // In the order of the findings' own lines: what is cut is then cut between them, and what is in `out` stays in order.
    places.sort_by_key(|place| (place.core.start, place.core.end));
    let mut out: Vec<Place> = Vec::new();
    for mut next in places {
        while let Some(mut last) = out.pop_if(|last| next.lines.start < last.lines.end) {
            let union = last.lines.start.min(next.lines.start)..last.lines.end.max(next.lines.end);
            let whole = [&last, &next].into_iter().find(|place| place.lines == union).map(|place| place.unit);
            if last.core.end <= next.core.start && whole.is_none() && !fits(&union) {
                // The first keeps its lines up to the findings of the second: they may hold its own end.
                let cut = last.lines.end.min(next.core.start);
                if cut < last.lines.end {
                    last.unit = Unit::Lines;
                }
                last.lines.end = cut;
                next.lines.start = cut;
                next.unit = Unit::Lines;
                out.push(last);
                break;
            }
            // A larger one may now reach over what was put before, so this is a loop.
            last.findings.append(&mut next.findings);
            next = Place {
                lines: union,
                core: last.core.start..last.core.end.max(next.core.end),
                unit: whole.unwrap_or(Unit::Lines),
                findings: last.findings,
            };
        }
        out.push(next);
    }
    out
}

/// What is wrong, for the prompt, in the form that prompts of the Python original expect.
fn message_text(findings: &[Finding], flows: &BTreeMap<String, Vec<String>>, code: &str) -> String {
    let mut paragraphs: Vec<String> = Vec::new();
    for finding in findings {
        let mut paragraph = format!("Issue Description: {}", finding.message);
        if !finding.suggestions.is_empty() {
            paragraph.push_str("\nSuggested fixes:");
            for suggestion in &finding.suggestions {
                paragraph.push_str("\n- ");
                paragraph.push_str(suggestion);
            }
        }
        if let Some(flow) = flows.get(&finding.fingerprint) {
            paragraph.push_str("\nThe way to it:");
            for place in flow {
                paragraph.push_str("\n- ");
                paragraph.push_str(place);
            }
        }
        if !paragraphs.contains(&paragraph) {
            paragraphs.push(paragraph);
        }
    }
    if code.contains(PLACEHOLDER) {
        paragraphs.push(format!(
            "Words in the code that begin with {PLACEHOLDER} stand for secrets. Leave the lines that hold them exactly as they \
             are, or take the secrets out of them; write such a word nowhere else."
        ));
    }
    paragraphs.join("\n\n")
}
