//! Leaves out what people have decided to live with.

use std::collections::BTreeMap;

use patchwork_core::finding::Finding;
use patchwork_core::step::Context;

use super::sources::Sources;
use super::{ExtractCodeOutput, SuppressedFinding, TOLD};
use crate::suppressions::{Suppressed, Suppressions};

/// The findings that nobody has suppressed, in the order of the report. The others go to the output; so does, as warnings and
/// notes, what is wrong with suppressions.
pub(super) fn leave_out(
    ctx: &Context,
    findings: Vec<Finding>,
    by_report: Vec<(Finding, Suppressed)>,
    suppressions: &Suppressions,
    sources: &Sources<'_>,
    output: &mut ExtractCodeOutput,
) -> Vec<Finding> {
    // File by file, so that each is read once.
    let mut by_file: BTreeMap<&str, Vec<(&Finding, Option<usize>)>> = BTreeMap::new();
    for (position, finding) in findings.iter().enumerate() {
        by_file.entry(&finding.path).or_default().push((finding, Some(position)));
    }
    for (finding, _) in &by_report {
        by_file.entry(&finding.path).or_default().push((finding, None));
    }
    let mut why: BTreeMap<usize, Suppressed> = BTreeMap::new();
    let (mut faults, mut remarks) = (Vec::new(), Vec::new());
    for (path, findings) in by_file {
        let file = sources.file(path);
        let text = file.as_ref().as_ref().map_or("", |file| file.source().text());
        let said = suppressions.in_file(path, text);
        for (finding, position) in findings {
            // What the report suppresses is asked about too: the comment that it followed has served.
            let answer = said.of(&finding.rule, finding.start_line);
            if let Some((position, answer)) = position.zip(answer) {
                why.insert(position, answer);
            }
        }
        faults.extend_from_slice(said.faults());
        remarks.extend(said.unused());
    }
    remarks.extend(suppressions.remarks());
    for (told, tell) in [(faults, Context::warn as fn(&Context, String)), (remarks, Context::note)] {
        for one in told.iter().take(TOLD) {
            tell(ctx, one.clone());
        }
        if let Some(more) = told.len().checked_sub(TOLD).filter(|more| *more > 0) {
            tell(ctx, format!("… and {more} more suppressions like these"));
        }
    }
    let mut open = Vec::with_capacity(findings.len());
    let mut suppressed = by_report;
    for (position, finding) in findings.into_iter().enumerate() {
        match why.remove(&position) {
            Some(answer) => suppressed.push((finding, answer)),
            None => open.push(finding),
        }
    }
    let place = |(finding, _): &(Finding, Suppressed)| (finding.path.clone(), finding.start_line);
    suppressed.sort_by_cached_key(place);
    output.counts.suppressed = suppressed.len();
    output.suppressed = suppressed
        .into_iter()
        .map(|(finding, Suppressed { place, reason })| SuppressedFinding { finding, place, reason })
        .collect();
    open
}
