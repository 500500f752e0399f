//! A changed file as one list of lines: those of the new file, and the removed ones where they stood.

use std::fmt::Write as _;
use std::ops::Range;

use patchwork_core::change::LineKind;

use super::file::ReviewFile;

/// Characters of a line that are shown.
const LONGEST: usize = 400;

/// Unchanged lines that are shown instead of being counted: counting them takes as much room.
const SHORT_GAP: usize = 3;

/// A line of a changed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Row<'a> {
    /// Its number before the change, 1-based.
    pub(super) old: Option<u32>,
    /// Its number after the change, 1-based.
    pub(super) new: Option<u32>,
    /// Its number after the change, or that of the line which stands where it stood.
    pub(super) at: u32,
    /// What became of it.
    pub(super) kind: LineKind,
    /// Its text.
    pub(super) text: &'a str,
}

impl Row<'_> {
    pub(super) fn changed(&self) -> bool {
        self.kind != LineKind::Context
    }
}

/// All lines of a file.
pub(super) fn rows(file: &ReviewFile) -> Vec<Row<'_>> {
    let source = file.new.source();
    let count = u32::try_from(source.line_count()).unwrap_or(u32::MAX);
    let mut rows = Vec::with_capacity(source.line_count());
    // Both 1-based: the next line of each side.
    let (mut old, mut new) = (1_u32, 1_u32);
    let unchanged = |old: u32, new: u32| Row {
        old: Some(old),
        new: Some(new),
        at: new,
        kind: LineKind::Context,
        text: source.line(new.saturating_sub(1) as usize).unwrap_or_default(),
    };
    for (_, line) in file.numbered() {
        let before =
            line.new.unwrap_or_else(|| line.old.map_or(new, |at| new.saturating_add(at.saturating_sub(old))));
        while new < before && new <= count {
            rows.push(unchanged(old, new));
            (old, new) = (old.saturating_add(1), new.saturating_add(1));
        }
        // The text of the file, where there is one: diffs may be of another encoding.
        let text = line.new.and_then(|at| source.line(at.saturating_sub(1) as usize));
        rows.push(Row {
            old: line.old,
            new: line.new,
            at: new,
            kind: line.line.kind,
            text: text.unwrap_or_else(|| line.line.text.trim_end_matches('\r')),
        });
        old = old.max(line.old.map_or(old, |at| at.saturating_add(1)));
        new = new.max(line.new.map_or(new, |at| at.saturating_add(1)));
    }
    while new <= count {
        rows.push(unchanged(old, new));
        (old, new) = (old.saturating_add(1), new.saturating_add(1));
    }
    rows
}

/// The rows whose new lines are these (1-based), with what was removed between them.
pub(super) fn within(rows: &[Row<'_>], lines: &Range<u32>) -> Range<usize> {
    let start = rows.partition_point(|row| row.at < lines.start);
    let end = rows.partition_point(|row| row.at < lines.end);
    start..end.max(start)
}

/// Sorted ranges that touch or nearly touch, as one.
pub(super) fn merged(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut out: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end + SHORT_GAP => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// Writes some rows: old number, new number, sign, text. What is between them is counted.
pub(super) fn write(rows: &[Row<'_>], shown: &[Range<usize>], out: &mut String) {
    let mut next = 0;
    for range in shown {
        gap(rows, next..range.start, out);
        for row in rows.get(range.clone()).unwrap_or_default() {
            let number = |number: Option<u32>| number.map_or_else(String::new, |number| number.to_string());
            let sign = match row.kind {
                LineKind::Context => ' ',
                LineKind::Added => '+',
                LineKind::Removed => '-',
            };
            // Writing to a text can't fail.
            let _ = writeln!(out, "{:>5} {:>5} {sign} {}", number(row.old), number(row.new), cut(row.text));
        }
        next = range.end;
    }
    gap(rows, next..rows.len(), out);
}

fn gap(rows: &[Row<'_>], range: Range<usize>, out: &mut String) {
    let between = rows.get(range).unwrap_or_default();
    if between.is_empty() {
        return;
    }
    // Changed lines that are not shown were asked about before, or are asked about elsewhere.
    let changed = between.iter().filter(|row| row.changed()).count();
    let lines = between.len();
    let _ = match changed {
        0 => writeln!(out, "      … {lines} unchanged lines left out …"),
        _ => writeln!(
            out,
            "      … {lines} lines left out, {changed} of them changed and reviewed elsewhere …"
        ),
    };
}

/// A line as far as it is shown.
pub(super) fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST).map_or(text, |(end, _)| text.get(..end).unwrap_or(text))
}
