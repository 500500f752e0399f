//! Lines of a diff as GitLab names them: by both numbers where a line is on both sides, and by codes that count on both.

use patchwork_core::change::{FileChange, LineKind, Side};
use serde_json::{Value, json};

/// A line of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) kind: LineKind,
    /// Its number before; none for an added line.
    pub(super) old: Option<u32>,
    /// Its number after; none for a removed line.
    pub(super) new: Option<u32>,
    /// How far both sides are counted there.
    counted: (u32, u32),
}

impl Found {
    /// Its code.
    pub(super) fn code(self, file: &FileChange) -> String {
        let (old, new) = self.counted;
        format!("{}_{old}_{new}", anchor(&file.path))
    }

    /// As an end of a range.
    pub(super) fn show(self, file: &FileChange) -> Value {
        let kind = match self.kind {
            LineKind::Added => Some("new"),
            LineKind::Removed => Some("old"),
            LineKind::Context => None,
        };
        json!({ "line_code": self.code(file), "type": kind, "old_line": self.old, "new_line": self.new })
    }

    fn number(self, side: Side) -> Option<u32> {
        match side {
            Side::Old => self.old,
            Side::New => self.new,
        }
    }
}

/// The line with a number on a side.
pub(super) fn on_side(file: &FileChange, side: Side, line: u32) -> Option<Found> {
    all(file).into_iter().find(|found| found.number(side) == Some(line))
}

/// The line with exactly these numbers, as GitLab looks for one.
pub(super) fn with_numbers(file: &FileChange, old: Option<u32>, new: Option<u32>) -> Option<Found> {
    all(file).into_iter().find(|found| (found.old, found.new) == (old, new))
}

fn all(file: &FileChange) -> Vec<Found> {
    let mut found = Vec::new();
    for hunk in &file.hunks {
        let (mut old, mut new) = (hunk.old_start, hunk.new_start);
        for line in &hunk.lines {
            let (on_old, on_new) = (line.kind != LineKind::Added, line.kind != LineKind::Removed);
            found.push(Found {
                kind: line.kind,
                old: on_old.then_some(old),
                new: on_new.then_some(new),
                counted: (old, new),
            });
            old += u32::from(on_old);
            new += u32::from(on_new);
        }
    }
    found
}

/// The SHA-1 of a path.
fn anchor(path: &str) -> String {
    use sha1::{Digest, Sha1};
    Sha1::digest(path.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
