//! The functions and places of a file that changed.

use std::ops::Range;

/// What changed together: a function, the head and fields of a class, or lines that are in neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewUnit {
    /// The file: its place in the list of files.
    pub file: usize,
    /// Its name with those it is in (`Store.get`); empty for lines of no function and no class.
    pub name: String,
    /// Its lines in the new file, 1-based, exclusive; empty where all of it was removed.
    pub lines: Range<u32>,
    /// Content hash of its new text and its changed lines, 12 hex digits; the same wherever in the file it stands.
    pub hash: String,
    /// Its lines as the model sees them: old number, new number, sign, text.
    pub text: String,
    /// About how many tokens that has.
    pub tokens: usize,
    /// Names that its changed lines define.
    pub defines: Vec<String>,
    /// Names that it calls, those on changed lines first.
    pub calls: Vec<String>,
}
