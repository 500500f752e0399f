//! Edits applied to a file, where they put its lines, diffs of it, and writing it.

mod apply;
mod diff;
mod indent;
mod line_map;
mod write;

use std::fmt;
use std::ops::Range;

use patchwork_core::failure::Failure;
use patchwork_core::patch::Edit;
use thiserror::Error;

use crate::text::TextError;

pub use apply::apply;
pub use diff::unified_diff;
pub use indent::reindent;
pub use line_map::{LineMap, map_line, map_range};
pub use write::{WriteError, write_atomic};

/// The lines one edit replaces, as a user counts them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EditedLines {
    /// 0-based first line.
    pub start: usize,
    /// Line after the last; equal to `start` for an insertion.
    pub end: usize,
    /// Whether the edit names no lines but the whole file.
    pub whole_file: bool,
}

impl fmt::Display for EditedLines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.start.saturating_add(1), self.end);
        match self {
            Self { whole_file: true, .. } => f.write_str("the whole file"),
            _ if self.start == self.end => write!(f, "an insertion before line {first}"),
            _ if first == last => write!(f, "line {first}"),
            _ => write!(f, "lines {first}-{last}"),
        }
    }
}

/// Why edits can't be applied to a file. Nothing is changed then.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// Two edits want the same lines.
    #[error("two edits overlap: {first} and {second}")]
    Overlap {
        /// The one that starts first.
        first: EditedLines,
        /// The other.
        second: EditedLines,
    },
    /// The file is shorter.
    #[error("an edit of {lines} is out of range: the file has {line_count} lines")]
    OutOfRange {
        /// What the edit names.
        lines: EditedLines,
        /// What the file has.
        line_count: usize,
    },
    /// The end is before the start.
    #[error("an edit ends (end_line {end}) before it starts (start_line {start})")]
    Reversed {
        /// 0-based first line.
        start: u32,
        /// 0-based line after the last.
        end: u32,
    },
    /// Only one of the two line numbers is there.
    #[error("an edit has only one of start_line and end_line: give both, or none for the whole file")]
    HalfRange,
    /// The edits are of several files.
    #[error("edits of {first} and {second} can't be applied to one file")]
    SeveralFiles {
        /// The path of the first edit.
        first: String,
        /// Another path.
        second: String,
    },
    /// The new text can't be written in the encoding of the file.
    #[error(transparent)]
    Text(#[from] TextError),
}

impl EditError {
    /// The failure to show for the file `path`.
    pub fn failure(&self, path: &str) -> Failure {
        match self {
            Self::Text(error) => error.failure(path),
            Self::OutOfRange { .. } => Failure::failed(format!("{path}: {self}"))
                .hint("the file may have changed since the edit was made; line numbers count from 0"),
            _ => Failure::failed(format!("{path}: {self}")),
        }
    }
}

/// An edit whose lines are known to exist.
#[derive(Debug, Clone)]
struct Placed<'a> {
    /// Its index in the given list.
    index: usize,
    lines: Range<usize>,
    whole_file: bool,
    edit: &'a Edit,
}

impl Placed<'_> {
    fn described(&self) -> EditedLines {
        EditedLines { start: self.lines.start, end: self.lines.end, whole_file: self.whole_file }
    }
}

/// Edits in the order of the file, checked against its length and each other.
fn place(edits: &[Edit], line_count: usize) -> Result<Vec<Placed<'_>>, EditError> {
    if let Some(first) = edits.first()
        && let Some(other) = edits.iter().find(|edit| edit.path != first.path)
    {
        return Err(EditError::SeveralFiles { first: first.path.clone(), second: other.path.clone() });
    }
    let mut placed = edits
        .iter()
        .enumerate()
        .map(|(index, edit)| {
            let (lines, whole_file) = lines_of(edit, line_count)?;
            Ok(Placed { index, lines, whole_file, edit })
        })
        .collect::<Result<Vec<_>, EditError>>()?;
    placed.sort_by_key(|placed| (placed.lines.start, placed.lines.end, placed.index));
    for pair in placed.windows(2) {
        if let [first, second] = pair
            && (second.lines.start < first.lines.end || first.whole_file || second.whole_file)
        {
            return Err(EditError::Overlap { first: first.described(), second: second.described() });
        }
    }
    Ok(placed)
}

fn lines_of(edit: &Edit, line_count: usize) -> Result<(Range<usize>, bool), EditError> {
    let (start, end) = match (edit.start_line, edit.end_line) {
        (None, None) => return Ok((0..line_count, true)),
        (Some(start), Some(end)) if start > end => return Err(EditError::Reversed { start, end }),
        (Some(start), Some(end)) => (start as usize, end as usize),
        _ => return Err(EditError::HalfRange),
    };
    if end > line_count {
        let lines = EditedLines { start, end, whole_file: false };
        return Err(EditError::OutOfRange { lines, line_count });
    }
    Ok((start..end, false))
}

#[cfg(test)]
mod tests;
