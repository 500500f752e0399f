//! Changes to files: an edit is one replacement in one file, a patch is a set of edits that applies as a whole.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One replacement of whole lines in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Edit {
    /// File, relative to the root of the repository, with `/`.
    pub path: String,
    /// First line that is replaced, 0-based; absent together with `end_line` for the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_line: Option<u32>,
    /// Line after the last that is replaced, 0-based; equal to `start_line` for an insertion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u32>,
    /// The new text, with `\n` line ends; the file's own line ends, indentation and final newline are kept when it
    /// is applied.
    pub replacement: String,
}

/// A set of edits over one state of the repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Patch {
    /// The edits, in any order; they must not overlap.
    pub edits: Vec<Edit>,
}
