//! What changed between two commits: files, hunks, lines.

mod read;
mod write;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use read::{DiffError, read_diff, read_hunks};

/// A side of a diff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Before the change: removed lines and context.
    Old,
    /// After the change: added lines and context.
    New,
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeStatus {
    /// It is new.
    Added,
    /// Its content or its mode is another.
    Modified,
    /// It is gone.
    Deleted,
    /// It has another name, and maybe other content.
    Renamed,
    /// It began as a copy of another file, which is still there.
    Copied,
    /// It is something else now: a file became a symbolic link or a submodule, or the reverse.
    TypeChanged,
}

/// Why a changed file comes without hunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// The file, or all of the diff before it, is larger than what is read.
    TooLarge,
    /// It is a submodule.
    Submodule,
    /// It is a symbolic link.
    Symlink,
    /// Its path is not UTF-8 (and shown with U+FFFD), or its text is in no encoding that is known.
    NotUtf8,
    /// Whoever gave the diff left the lines away.
    NotGiven,
}

/// What happened to one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileChange {
    /// The file after the change, before it for a deleted one; relative to the root of the repository, with `/`. Whoever made the
    /// change chose it: it may hold anything, and is no path on disk before the checkout has resolved it.
    pub path: String,
    /// The name it had, for a renamed file; the file it was copied from, for a copied one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// What happened.
    pub status: ChangeStatus,
    /// Whether it is no text. Such a file has no hunks.
    #[serde(default)]
    pub binary: bool,
    /// Its mode before, six octal digits (`100644`, `100755`, `120000` for a symbolic link, `160000` for a submodule);
    /// absent for a new file, or when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_mode: Option<String>,
    /// Its mode after; absent for a deleted file, or when it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_mode: Option<String>,
    /// The changed lines with some around them, in order.
    #[serde(default)]
    pub hunks: Vec<Hunk>,
    /// Why there are no hunks although the content changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<LeftOut>,
    /// Added lines; those of a file that was left out are not counted.
    #[serde(default)]
    pub additions: u32,
    /// Removed lines; those of a file that was left out are not counted.
    #[serde(default)]
    pub deletions: u32,
}

/// Changed lines that stand close together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Hunk {
    /// First line before the change, 1-based; with no lines, the line after which they would stand.
    pub old_start: u32,
    /// Lines before the change.
    pub old_lines: u32,
    /// First line after the change, 1-based; with no lines, the line after which they would stand.
    pub new_start: u32,
    /// Lines after the change.
    pub new_lines: u32,
    /// The line above that names what the hunk is in (`fn main() {`); may be empty.
    #[serde(default)]
    pub heading: String,
    /// The lines, in order.
    pub lines: Vec<Line>,
}

/// What a line of a hunk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// On both sides.
    Context,
    /// On the new side only.
    Added,
    /// On the old side only.
    Removed,
}

/// One line of a hunk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Line {
    /// On which sides it is.
    pub kind: LineKind,
    /// Its text without the final `\n`; a `\r` before that stays.
    pub text: String,
    /// Whether it is the last of its file and has no `\n`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_newline: bool,
}

/// A line of a hunk with its place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered<'a> {
    /// Its number before the change, 1-based; none for an added line.
    pub old: Option<u32>,
    /// Its number after the change, 1-based; none for a removed line.
    pub new: Option<u32>,
    /// The line.
    pub line: &'a Line,
}

impl Numbered<'_> {
    /// Its number on a side; none where it is not on that one.
    pub fn on(&self, side: Side) -> Option<u32> {
        match side {
            Side::Old => self.old,
            Side::New => self.new,
        }
    }
}

impl Hunk {
    /// The lines with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = Numbered<'_>> {
        let (mut old, mut new) = (self.old_start, self.new_start);
        self.lines.iter().map(move |line| {
            let (on_old, on_new) = (line.kind != LineKind::Added, line.kind != LineKind::Removed);
            let numbered = Numbered { old: on_old.then_some(old), new: on_new.then_some(new), line };
            old = old.saturating_add(u32::from(on_old));
            new = new.saturating_add(u32::from(on_new));
            numbered
        })
    }

    /// The numbers of its lines after the change, context included, 1-based.
    pub fn new_line_numbers(&self) -> impl Iterator<Item = u32> {
        self.numbered().filter_map(|line| line.new)
    }

    /// Whether a line (1-based) of a side is in it.
    pub fn holds(&self, side: Side, line: u32) -> bool {
        let (start, lines) = match side {
            Side::Old => (self.old_start, self.old_lines),
            Side::New => (self.new_start, self.new_lines),
        };
        line.checked_sub(start).is_some_and(|offset| offset < lines)
    }

    /// Its first line as it stands in a patch: `@@ -1,2 +1,3 @@ fn main() {`.
    pub fn header(&self) -> String {
        write::hunk_header(self)
    }
}

impl FileChange {
    /// The hunk that holds a line (1-based) of a side.
    pub fn hunk_of(&self, side: Side, line: u32) -> Option<&Hunk> {
        self.hunks.iter().find(|hunk| hunk.holds(side, line))
    }

    /// Whether a line (1-based) of a side is part of the diff: where forges take comments on lines.
    pub fn holds(&self, side: Side, line: u32) -> bool {
        self.hunk_of(side, line).is_some()
    }

    /// The name the file had before the change.
    pub fn path_before(&self) -> &str {
        self.old_path.as_deref().unwrap_or(&self.path)
    }

    /// The numbers of its lines after the change that are part of the diff, context included, 1-based and in order.
    pub fn new_line_numbers(&self) -> impl Iterator<Item = u32> {
        self.hunks.iter().flat_map(Hunk::new_line_numbers)
    }

    /// The change as a patch in git's form, headers included. [`read_diff`] reads it again, and git applies that of a text.
    pub fn to_unified(&self) -> String {
        write::file(self)
    }

    /// The hunks alone: what forges call the patch of a file.
    pub fn hunks_text(&self) -> String {
        write::hunks(&self.hunks)
    }
}
