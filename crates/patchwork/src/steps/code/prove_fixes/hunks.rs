//! The changed lines of a fixed file, hunk by hunk and by the fix that they belong to, and the file with some of them undone.

use std::ops::Range;

use patchwork_core::patch::Edit;
use patchwork_core::step::StepError;
use patchwork_repo::edits::LineMap;
use similar::{Algorithm, DiffTag, capture_diff_slices};

use crate::steps::code::verify_patch::Fix;

/// Changed lines: what was, and what is in their place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hunk {
    /// The position of its fix in the list that the file was made with.
    pub(super) fix: usize,
    /// Lines of the base, 0-based.
    pub(super) base: Range<usize>,
    /// Lines of the file as it stands.
    pub(super) now: Range<usize>,
}

/// A file that has fixes.
#[derive(Debug)]
pub(super) struct FixedText {
    pub(super) base: Vec<u8>,
    pub(super) now: Vec<u8>,
    /// In the order of the file; none overlaps another.
    pub(super) hunks: Vec<Hunk>,
}

impl FixedText {
    /// Compares a file with its base within the lines of its fixes; these come with their positions in a longer list.
    pub(super) fn new(
        path: &str,
        base: Vec<u8>,
        now: Vec<u8>,
        fixes: &[(usize, &Fix)],
    ) -> Result<Self, StepError> {
        let (old, new) = (lines(&base), lines(&now));
        let strange =
            || StepError::input("fixes", format!("the fixes of {path} are not those that the file has"));
        let edits: Vec<Edit> = fixes.iter().flat_map(|(_, fix)| fix.patch.edits.clone()).collect();
        let map = LineMap::new(old.len(), &edits).map_err(|_| strange())?;
        if map.new_line_count() as usize != new.len() {
            return Err(strange());
        }
        let mut hunks = Vec::new();
        let owners = fixes.iter().flat_map(|(owner, fix)| fix.patch.edits.iter().map(|edit| (*owner, edit)));
        for (number, (fix, edit)) in owners.enumerate() {
            let base = match (edit.start_line, edit.end_line) {
                (Some(start), Some(end)) => start as usize..end as usize,
                _ => 0..old.len(),
            };
            let now =
                map.lines_of(number).map(|now| now.start as usize..now.end as usize).ok_or_else(strange)?;
            let was = old.get(base.clone()).ok_or_else(strange)?;
            let is = new.get(now.clone()).ok_or_else(strange)?;
            let ops = capture_diff_slices(Algorithm::Patience, was, is);
            hunks.extend(ops.iter().filter(|op| op.tag() != DiffTag::Equal).map(|op| Hunk {
                fix,
                base: moved(op.old_range(), base.start),
                now: moved(op.new_range(), now.start),
            }));
        }
        hunks.sort_by_key(|hunk| (hunk.now.start, hunk.base.start));
        Ok(Self { base, now, hunks })
    }

    /// The file without the hunks that are `undone`.
    pub(super) fn without(&self, undone: impl Fn(&Hunk) -> bool) -> Vec<u8> {
        let old = lines(&self.base);
        let chosen = self.hunks.iter().filter(|hunk| undone(hunk));
        let changes: Vec<_> = chosen
            .map(|hunk| (hunk.now.clone(), old.get(hunk.base.clone()).unwrap_or_default().concat()))
            .collect();
        self.with(&changes)
    }

    /// The file as it stands with other text in place of some lines; these are in order and do not overlap.
    pub(super) fn with(&self, changes: &[(Range<usize>, Vec<u8>)]) -> Vec<u8> {
        let new = lines(&self.now);
        let mut out = Vec::with_capacity(self.now.len().max(self.base.len()));
        let mut at = 0;
        for (range, text) in changes {
            out.extend(new.get(at..range.start).unwrap_or_default().concat());
            out.extend(text);
            at = range.end;
        }
        out.extend(new.get(at..).unwrap_or_default().concat());
        out
    }
}

fn moved(range: Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// The lines of a text, each with its end.
pub(super) fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').collect()
}
