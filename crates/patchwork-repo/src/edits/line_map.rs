//! Where lines go when edits are applied, and which edit a new line comes from.

use std::ops::Range;

use patchwork_core::patch::Edit;

use super::apply::split_lines;
use super::{EditError, place};

/// The lines of a file before and after edits. All lines are 0-based, all ranges exclude their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineMap {
    /// In the order of the file.
    regions: Vec<Region>,
    old_lines: u32,
    new_lines: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Region {
    edit: usize,
    old: Range<u32>,
    new: Range<u32>,
}

impl LineMap {
    /// For the edits of one file of `line_count` lines.
    ///
    /// # Errors
    /// As [`super::apply`], but for the encoding.
    pub fn new(line_count: usize, edits: &[Edit]) -> Result<Self, EditError> {
        let mut regions: Vec<Region> = Vec::with_capacity(edits.len());
        let (mut old_at, mut new_at) = (0_usize, 0_usize);
        for placed in place(edits, line_count)? {
            new_at += placed.lines.start - old_at;
            let new_end = new_at + split_lines(&placed.edit.replacement).len();
            let old = narrow(placed.lines.start)..narrow(placed.lines.end);
            regions.push(Region { edit: placed.index, old, new: narrow(new_at)..narrow(new_end) });
            (old_at, new_at) = (placed.lines.end, new_end);
        }
        Ok(Self { regions, old_lines: narrow(line_count), new_lines: narrow(new_at + line_count - old_at) })
    }

    /// Number of lines after the edits.
    pub fn new_line_count(&self) -> u32 {
        self.new_lines
    }

    /// Where an untouched old line is after the edits; none when an edit replaced it or it does not exist.
    pub fn new_line(&self, old: u32) -> Option<u32> {
        if old >= self.old_lines {
            return None;
        }
        let before = self.regions.partition_point(|region| region.old.end <= old);
        if self.regions.get(before).is_some_and(|region| region.old.contains(&old)) {
            return None;
        }
        let shift = before.checked_sub(1).and_then(|last| self.regions.get(last));
        Some(shift.map_or(old, |region| region.new.end + (old - region.old.end)))
    }

    /// Where a new line was before the edits; none when it comes from an edit or does not exist.
    pub fn old_line(&self, new: u32) -> Option<u32> {
        if new >= self.new_lines {
            return None;
        }
        let before = self.regions.partition_point(|region| region.new.end <= new);
        if self.regions.get(before).is_some_and(|region| region.new.contains(&new)) {
            return None;
        }
        let shift = before.checked_sub(1).and_then(|last| self.regions.get(last));
        Some(shift.map_or(new, |region| region.old.end + (new - region.new.end)))
    }

    /// Where old lines are after the edits: an edit that touches one end is taken in whole. None when the
    /// range does not fit the file.
    pub fn new_range(&self, old: Range<u32>) -> Option<Range<u32>> {
        if old.start > old.end || old.end > self.old_lines {
            return None;
        }
        let (mut start, mut end) = (old.start, old.end);
        for region in &self.regions {
            let touches = region.old.start < old.end && old.start < region.old.end;
            if touches {
                start = start.min(region.old.start);
                end = end.max(region.old.end);
            }
        }
        Some(self.boundary(start, true)..self.boundary(end, false).max(self.boundary(start, true)))
    }

    /// The new position of the boundary before old line `old`, which is not inside a region. Text inserted
    /// right there comes before a range that starts there and is not part of one that ends there.
    fn boundary(&self, old: u32, starts: bool) -> u32 {
        let mut at = old;
        for region in &self.regions {
            let insertion = region.old.is_empty();
            let counts = if insertion && !starts { region.old.end < old } else { region.old.end <= old };
            if counts {
                at = region.new.end + (old - region.old.end);
            }
        }
        at
    }

    /// Which edit (its index in the given list) a new line comes from; none for an untouched line.
    pub fn edit_at(&self, new: u32) -> Option<usize> {
        let before = self.regions.partition_point(|region| region.new.end <= new);
        self.regions.get(before).filter(|region| region.new.contains(&new)).map(|region| region.edit)
    }

    /// Which edits touch new lines, in the order of the file; a deletion touches the lines on both sides of
    /// it.
    pub fn edits_in(&self, new: Range<u32>) -> Vec<usize> {
        let touches = |region: &Region| {
            if region.new.is_empty() {
                new.start <= region.new.start && region.new.start <= new.end
            } else {
                region.new.start < new.end && new.start < region.new.end
            }
        };
        self.regions.iter().filter(|region| touches(region)).map(|region| region.edit).collect()
    }

    /// The new lines of one edit, by its index in the given list.
    pub fn lines_of(&self, edit: usize) -> Option<Range<u32>> {
        self.regions.iter().find(|region| region.edit == edit).map(|region| region.new.clone())
    }
}

/// [`LineMap::new_line`] for one question; none as well when the edits do not fit together.
pub fn map_line(edits: &[Edit], line: u32) -> Option<u32> {
    unbounded(edits)?.new_line(line)
}

/// [`LineMap::new_range`] for one question; none as well when the edits do not fit together.
pub fn map_range(edits: &[Edit], lines: Range<u32>) -> Option<Range<u32>> {
    unbounded(edits)?.new_range(lines)
}

/// A map for a file whose length does not matter.
fn unbounded(edits: &[Edit]) -> Option<LineMap> {
    LineMap::new(usize::try_from(u32::MAX / 2).ok()?, edits).ok()
}

/// Files of more than four thousand million lines do not exist.
fn narrow(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}
