//! New bytes of a file: untouched lines as they were, replaced ones in the file's encoding and line ends.

use std::borrow::Cow;
use std::ops::Range;

use patchwork_core::patch::Edit;
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{EditError, Placed, place, reindent};
use crate::text::{Newline, SourceText};

/// Applies edits of one file, all or nothing, and answers the new bytes.
///
/// - Every line that no edit names, and every line inside an edit that comes out the same, keeps its bytes.
/// - New lines are written in the file's encoding, with the line end that prevails in the lines they replace
///   (in the file for an insertion).
/// - The replacement of a range of lines is brought to the indentation of what it replaces, see [`reindent`];
///   a whole file is taken as it is.
/// - A file without final newline keeps it that way, one with a final newline keeps that; the text for an
///   empty or new file is taken as it is.
/// - An empty replacement deletes the lines. One line end at the end of a replacement ends its last line and
///   adds none.
/// - Two insertions before the same line stand in the given order.
///
/// # Errors
/// [`EditError`] when the edits overlap or do not fit the file, or the encoding lacks a character of the new
/// text.
pub fn apply(source: &SourceText, edits: &[Edit]) -> Result<Vec<u8>, EditError> {
    let placed = place(edits, source.line_count())?;
    let mut writer = Writer { source, out: source.bom().to_vec(), lines: 0, unended: None };
    let mut next = 0;
    for placed in &placed {
        writer.copy(next, placed.lines.start);
        writer.replace(placed)?;
        next = placed.lines.end;
    }
    writer.copy(next, source.line_count());
    writer.finish();
    Ok(writer.out)
}

/// A replacement with `\n` line ends and without byte order mark, unless the replaced lines have such
/// characters themselves.
fn normalised<'r>(replacement: &'r str, old: &str) -> Cow<'r, str> {
    const BOM: char = '\u{FEFF}';
    let text = if old.starts_with(BOM) { replacement } else { replacement.trim_start_matches(BOM) };
    if text.contains("\r\n") && !old.contains("\r\n") {
        Cow::Owned(text.replace("\r\n", "\n"))
    } else {
        Cow::Borrowed(text)
    }
}

/// Splits into lines; the empty text has none, and a final `\n` starts no further line.
pub(super) fn split_lines(text: &str) -> Vec<&str> {
    if text.is_empty() {
        return Vec::new();
    }
    text.strip_suffix('\n').unwrap_or(text).split('\n').collect()
}

struct Writer<'a> {
    source: &'a SourceText,
    out: Vec<u8>,
    /// Lines written.
    lines: usize,
    /// The line end that the last written line still lacks, to be given if another one follows.
    unended: Option<Newline>,
}

impl Writer<'_> {
    /// Copies untouched lines.
    fn copy(&mut self, start: usize, end: usize) {
        if start >= end {
            return;
        }
        self.end_line();
        self.out.extend_from_slice(self.source.line_bytes(start, end));
        self.lines += end - start;
        if self.source.line_newline(end - 1).is_none() {
            self.unended = Some(self.source.newline());
        }
    }

    fn end_line(&mut self) {
        if let Some(newline) = self.unended.take() {
            self.source.encoding().encode_newline(newline, &mut self.out);
        }
    }

    fn replace(&mut self, placed: &Placed<'_>) -> Result<(), EditError> {
        let old = self.source.line_range(placed.lines.start, placed.lines.end);
        let mut text = normalised(&placed.edit.replacement, old);
        if !placed.whole_file {
            text = Cow::Owned(reindent(old, &text).into_owned());
        }
        let new = split_lines(&text);
        let newline = prevailing(self.source, placed.lines.clone()).unwrap_or(self.source.newline());
        if self.re_encodes(placed, newline) {
            self.write_all(&new, 0, new.len(), newline)?;
        } else {
            self.replace_differing(placed, &new, newline)?;
        }
        // An empty file has no final newline, or absence of one, to keep.
        if self.source.line_count() == 0 && text.ends_with('\n') {
            self.end_line();
        }
        Ok(())
    }

    /// Whether encoding the old lines again gives their bytes, so that equal lines need not be found.
    fn re_encodes(&self, placed: &Placed<'_>, newline: Newline) -> bool {
        self.source.encoding().is_bijective()
            && !self.source.is_damaged()
            && placed
                .lines
                .clone()
                .all(|line| self.source.line_newline(line).is_none_or(|end| end == newline))
    }

    fn replace_differing(
        &mut self,
        placed: &Placed<'_>,
        new: &[&str],
        newline: Newline,
    ) -> Result<(), EditError> {
        let start = placed.lines.start;
        let old: Vec<&str> =
            placed.lines.clone().map(|line| self.source.line(line).unwrap_or_default()).collect();
        for op in capture_diff_slices(Algorithm::Myers, &old, new) {
            match op {
                DiffOp::Equal { old_index, len, .. } => {
                    for line in start + old_index..start + old_index + len {
                        self.end_line();
                        self.out.extend_from_slice(self.source.line_content(line));
                        self.lines += 1;
                        self.unended = Some(self.source.line_newline(line).unwrap_or(newline));
                    }
                }
                DiffOp::Insert { new_index, new_len, .. } => {
                    self.write_all(new, new_index, new_len, newline)?;
                }
                DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                    let from = start + old_index;
                    let newline = prevailing(self.source, from..from + old_len).unwrap_or(newline);
                    self.write_all(new, new_index, new_len, newline)?;
                }
                DiffOp::Delete { .. } => {}
            }
        }
        Ok(())
    }

    fn write_all(
        &mut self,
        new: &[&str],
        from: usize,
        len: usize,
        newline: Newline,
    ) -> Result<(), EditError> {
        new.iter().skip(from).take(len).try_for_each(|line| self.write(line, newline))
    }

    fn write(&mut self, line: &str, newline: Newline) -> Result<(), EditError> {
        self.end_line();
        self.lines += 1;
        self.source.encode_line(line, self.lines, &mut self.out)?;
        self.unended = Some(newline);
        Ok(())
    }

    /// Gives the last line an end if the file had one there.
    fn finish(&mut self) {
        if self.source.ends_with_newline() {
            self.end_line();
        }
    }
}

/// The line end most of some lines have; the first of them on a tie, none when no line has one.
fn prevailing(source: &SourceText, lines: Range<usize>) -> Option<Newline> {
    let ends: Vec<Newline> = lines.filter_map(|line| source.line_newline(line)).collect();
    let count = |kind: Newline| ends.iter().filter(|end| **end == kind).count();
    let first = *ends.first()?;
    let other = if first == Newline::Lf { Newline::CrLf } else { Newline::Lf };
    Some(if count(other) > count(first) { other } else { first })
}
