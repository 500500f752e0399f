//! One file under verification: its base, the fixes it has already, the candidates of this round.

use std::collections::{BTreeMap, BTreeSet};

use patchwork_core::evidence::{Check, Evidence, Outcome};
use patchwork_core::patch::Edit;
use patchwork_core::step::{Context, StepError};
use patchwork_repo::edits::{LineMap, reindent};
use patchwork_repo::text::SourceText;

use super::tries::{Source, diff_of};
use super::types::{Fix, Risk};
use crate::affected::AffectedCode;
use crate::steps::code::source_file::SourceFile;
use crate::verify::{Judgement, Rungs, Verdict};

/// A fix that is not proven yet.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// The position of its piece in the step's input.
    pub(super) index: usize,
    /// Which of the answers about its piece it is, from 0.
    pub(super) number: usize,
    /// How many answers about its piece are better, as far as each alone can say.
    pub(super) rank: usize,
    /// The piece it is for.
    pub(super) piece: AffectedCode,
    /// The edits, in lines of the base.
    pub(super) base_edits: Vec<Edit>,
    /// The same edits in lines of the file as it stands; set when the candidate is placed.
    pub(super) edits: Vec<Edit>,
    pub(super) commit_message: String,
    pub(super) patch_message: String,
    pub(super) risk: Risk,
    /// Where it comes from.
    pub(super) source: Source,
    /// What was checked so far, but for the build and the tests.
    pub(super) checks: Vec<Check>,
    /// What a scanner says of its finding; none when none looked.
    pub(super) gone: Option<Verdict>,
    /// What the build and the tests say; none when they were not asked yet.
    pub(super) judgement: Option<Judgement>,
    /// Rules of other findings that stay in its lines.
    pub(super) remaining_rules: Vec<String>,
}

impl Candidate {
    /// What each rung says so far.
    pub(super) fn rungs(&self) -> Rungs {
        match &self.judgement {
            Some(judgement) => Rungs::of(judgement, self.gone),
            None => Rungs { finding_gone: self.gone, ..Rungs::default() },
        }
    }

    /// What was checked so far.
    pub(super) fn evidence(&self) -> Evidence {
        let in_trials = self.judgement.iter().flat_map(Judgement::checks);
        Evidence {
            level: self.rungs().level(),
            checks: self.checks.iter().cloned().chain(in_trials).collect(),
        }
    }
}

/// An answer that did not become a fix, and why.
#[derive(Debug)]
pub(super) struct Rejected {
    pub(super) index: usize,
    pub(super) number: usize,
    pub(super) outcome: Outcome,
    /// In one line.
    pub(super) reason: String,
    /// The end of what a program printed about it; empty when none did.
    pub(super) output: String,
    /// Whether the reason helps a model to do better.
    pub(super) feedback: bool,
    /// Where it comes from.
    pub(super) source: Source,
    /// What it would have changed; empty when it proposed nothing.
    pub(super) diff: String,
    /// What it reached; none when it does not even parse.
    pub(super) evidence: Option<Evidence>,
}

impl Rejected {
    /// A candidate that was turned down.
    pub(super) fn of(candidate: &Candidate, reason: impl Into<String>) -> Self {
        let begun = candidate.checks.first().is_some_and(|check| check.passed);
        Self {
            index: candidate.index,
            number: candidate.number,
            outcome: Outcome::Rejected,
            reason: reason.into(),
            output: String::new(),
            feedback: true,
            source: candidate.source.clone(),
            diff: diff_of(&candidate.piece, &candidate.base_edits),
            evidence: begun.then(|| candidate.evidence()),
        }
    }
}

/// A file under verification. As it stands it is the base with all accepted fixes.
#[derive(Debug)]
pub(super) struct FileUnderCheck {
    /// The file as it stands.
    pub(super) source: SourceFile,
    base_lines: u32,
    /// From lines of the base to lines of the file as it stands.
    pub(super) map: LineMap,
    /// The fixes it has.
    pub(super) accepted: Vec<Fix>,
    /// What is to be proven, in the order of the input.
    pub(super) candidates: Vec<Candidate>,
}

impl FileUnderCheck {
    /// Opens a file that has these fixes.
    pub(super) fn open(ctx: &Context, path: &str, accepted: Vec<Fix>) -> Result<Self, StepError> {
        Self::with_fixes(SourceFile::read(ctx, path)?, accepted)
    }

    /// A file that was read already and has these fixes.
    pub(super) fn with_fixes(source: SourceFile, accepted: Vec<Fix>) -> Result<Self, StepError> {
        let edits: Vec<Edit> = accepted.iter().flat_map(|fix| fix.patch.edits.clone()).collect();
        let added: usize = edits.iter().map(|edit| line_count(&edit.replacement)).sum();
        let replaced: usize =
            accepted.iter().flat_map(|fix| &fix.replaced).map(|text| line_count(text)).sum();
        let lines = source.text.as_ref().map_or(0, SourceText::line_count);
        let base_lines = (lines + replaced).checked_sub(added);
        let map = base_lines
            .and_then(|base_lines| LineMap::new(base_lines, &edits).ok())
            .filter(|map| map.new_line_count() as usize == lines)
            .ok_or_else(|| {
                let problem = format!("the fixes of {} are not those that the file has", source.path);
                StepError::input("accepted", problem)
            })?;
        let base_lines = u32::try_from(base_lines.unwrap_or_default()).unwrap_or(u32::MAX);
        Ok(Self { source, base_lines, map, accepted, candidates: Vec::new() })
    }

    /// The text of the base, as it is shown.
    pub(super) fn base_text(&self) -> String {
        let Some(source) = self.source.shown() else { return String::new() };
        // In the order of the file, each edit's new lines give way to the text they replaced.
        let mut regions: Vec<(usize, usize, &str)> = Vec::new();
        let mut number = 0;
        for fix in &self.accepted {
            for replaced in &fix.replaced {
                if let Some(lines) = self.map.lines_of(number) {
                    regions.push((lines.start as usize, lines.end as usize, replaced));
                }
                number += 1;
            }
        }
        regions.sort_unstable_by_key(|(start, end, _)| (*start, *end));
        let mut text = String::with_capacity(source.text().len());
        let mut at = 0;
        for (start, end, replaced) in regions {
            text.push_str(source.line_range(at, start));
            text.push_str(replaced);
            at = end;
        }
        text.push_str(source.line_range(at, source.line_count()));
        text
    }

    /// Whether this candidate is in it.
    pub(super) fn has(&self, candidate: &Candidate) -> bool {
        self.candidates.iter().any(|one| (one.index, one.number) == (candidate.index, candidate.number))
    }

    /// Takes candidates in as far as they fit the file, its fixes and each other.
    pub(super) fn place(&mut self, candidates: Vec<Candidate>, rejected: &mut Vec<Rejected>) {
        let mut taken = Taken::default();
        self.candidates.iter().flat_map(|known| &known.edits).for_each(|edit| taken.add(edit));
        for mut candidate in candidates {
            match self.placed(&candidate, &taken) {
                Ok(edits) => {
                    edits.iter().for_each(|edit| taken.add(edit));
                    candidate.edits = edits;
                    for edit in &mut candidate.base_edits {
                        edit.path.clone_from(&self.source.path);
                    }
                    self.candidates.push(candidate);
                }
                Err(rejection) => rejected.push(*rejection),
            }
        }
        if self.with_candidates().is_ok() {
            return;
        }
        // What is wrong with the edits of one candidate must not harm the others.
        let source = &self.source;
        self.candidates.retain(|candidate| match source.with_edits(&candidate.edits) {
            Ok(_) => true,
            Err(failure) => {
                rejected.push(Rejected::of(candidate, failure.to_string()));
                false
            }
        });
    }

    fn placed(&self, candidate: &Candidate, taken: &Taken) -> Result<Vec<Edit>, Box<Rejected>> {
        let Some(source) = self.source.shown() else {
            return Err(Box::new(Rejected::of(candidate, format!("{} does not exist", self.source.path))));
        };
        if let Some(edit) = candidate.base_edits.iter().find(|edit| edit.path != candidate.piece.uri) {
            let reason = format!("it changes {} too: expected one file", edit.path);
            return Err(Box::new(Rejected::of(candidate, reason)));
        }
        let ranges: Vec<(u32, u32)> = candidate.base_edits.iter().map(|edit| self.range_of(edit)).collect();
        let mut edits = Vec::with_capacity(ranges.len());
        let mut same = true;
        for (edit, (start, end)) in candidate.base_edits.iter().zip(&ranges) {
            let Some(lines) = self.map.new_range(*start..*end) else {
                let place =
                    format!("lines {} to {end} are not in {}", start.saturating_add(1), self.source.path);
                return Err(Box::new(Rejected::of(candidate, place)));
            };
            if taken.overlaps(lines.start, lines.end) || self.breaks_up_a_fix(&ranges) {
                // The answer may be fine: it is asked for again, on top of the other fix.
                let rejected = Rejected::of(candidate, "another fix changes the same lines");
                return Err(Box::new(Rejected { feedback: false, ..rejected }));
            }
            let old = source.line_range(lines.start as usize, lines.end as usize);
            same &= reindent(old, &edit.replacement).trim_end_matches('\n') == old.trim_end_matches('\n');
            edits.push(Edit {
                path: self.source.path.clone(),
                start_line: Some(lines.start),
                end_line: Some(lines.end),
                replacement: edit.replacement.clone(),
            });
        }
        if same {
            return Err(Box::new(Rejected::of(candidate, "the fixed code is the same as before")));
        }
        Ok(edits)
    }

    /// Whether base lines take in a part of an accepted fix, but not all of it.
    fn breaks_up_a_fix(&self, ranges: &[(u32, u32)]) -> bool {
        let touches = |(a, b): (u32, u32)| ranges.iter().any(|(start, end)| *start < b && a < *end);
        let holds = |(a, b): (u32, u32)| ranges.iter().any(|(start, end)| *start <= a && b <= *end);
        self.accepted.iter().any(|fix| {
            let mut edits = fix.patch.edits.iter().map(|edit| self.range_of(edit));
            edits.clone().any(touches) && !edits.all(holds)
        })
    }

    /// The base lines of a piece, grown until it takes in every fix that it shares lines with; none when there is none.
    pub(super) fn grown_over_fixes(&self, mut start: u32, mut end: u32) -> Option<(u32, u32)> {
        let mut touched = false;
        loop {
            let before = (start, end);
            for fix in &self.accepted {
                let edits = fix.patch.edits.iter().map(|edit| self.range_of(edit));
                if edits.clone().any(|(a, b)| start < b && a < end) {
                    touched = true;
                    start = edits.clone().map(|(a, _)| a).fold(start, u32::min);
                    end = edits.map(|(_, b)| b).fold(end, u32::max);
                }
            }
            if before == (start, end) {
                return touched.then_some((start, end));
            }
        }
    }

    /// The base lines of an edit.
    pub(super) fn range_of(&self, edit: &Edit) -> (u32, u32) {
        match (edit.start_line, edit.end_line) {
            (Some(start), Some(end)) => (start, end),
            _ => (0, self.base_lines),
        }
    }

    /// The edits of these candidates, and for each edit the position of its candidate in the list.
    pub(super) fn edits_of<'a>(
        candidates: impl IntoIterator<Item = &'a Candidate>,
    ) -> (Vec<Edit>, Vec<usize>) {
        candidates
            .into_iter()
            .enumerate()
            .flat_map(|(at, candidate)| candidate.edits.iter().map(move |edit| (edit.clone(), at)))
            .unzip()
    }

    /// The bytes of the file with all its candidates.
    pub(super) fn with_candidates(&self) -> Result<Vec<u8>, StepError> {
        Ok(self.source.with_edits(&Self::edits_of(&self.candidates).0)?)
    }

    /// From lines of the file as it stands to lines with all its candidates.
    pub(super) fn candidate_map(&self) -> Result<LineMap, StepError> {
        let lines = self.source.text.as_ref().map_or(0, SourceText::line_count);
        LineMap::new(lines, &Self::edits_of(&self.candidates).0)
            .map_err(|error| StepError::Failed(error.failure(&self.source.path)))
    }

    /// Takes the candidates at these positions out: a check of this name spoke against them.
    pub(super) fn drop(
        &mut self,
        check: &str,
        positions: &BTreeMap<usize, String>,
        rejected: &mut Vec<Rejected>,
    ) {
        let mut position = 0;
        self.candidates.retain_mut(|candidate| {
            let reason = positions.get(&position);
            position += 1;
            if let Some(reason) = reason {
                let failed = Check { name: check.to_owned(), passed: false, detail: reason.clone() };
                candidate.checks.retain(|known| known.name != failed.name);
                candidate.checks.push(failed);
                rejected.push(Rejected::of(candidate, reason.clone()));
            }
            reason.is_none()
        });
    }
}

/// Lines that a text takes; a last line without line end counts.
pub(super) fn line_count(text: &str) -> usize {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    text.split_inclusive('\n').count()
}

/// Line ranges that candidates want to replace, which do not overlap.
#[derive(Default)]
struct Taken(BTreeSet<(u32, u32)>);

impl Taken {
    fn add(&mut self, edit: &Edit) {
        if let (Some(start), Some(end)) = (edit.start_line, edit.end_line) {
            self.0.insert((start, end));
        }
    }

    fn overlaps(&self, start: u32, end: u32) -> bool {
        // Two insertions at one place have no order that anybody asked for.
        if start == end && self.0.contains(&(start, end)) {
            return true;
        }
        // Ranges do not overlap, so that the last one that starts before the end decides.
        let last = self.0.range(..(end, 0)).next_back();
        last.is_some_and(|(a, b)| if a == b { *a > start } else { *b > start })
    }
}
