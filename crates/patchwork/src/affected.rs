//! Code that a finding is about, as it travels from `ExtractCode` through prompts to `ModifyCode`.

use patchwork_core::evidence::Try;
use patchwork_core::finding::Finding;
use patchwork_core::patch::Patch;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An item of `files_to_patch`: a piece of one file, and what is wrong with it. The first five fields are those of the
/// Python original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AffectedCode {
    /// File, relative to the root of the repository, with `/`.
    pub uri: String,
    /// First line of the piece, 0-based.
    #[serde(rename = "startLine")]
    pub start_line: u32,
    /// Line after the last of the piece, 0-based.
    #[serde(rename = "endLine")]
    pub end_line: u32,
    /// The text of the piece.
    #[serde(rename = "affectedCode", default)]
    pub affected_code: String,
    /// What is wrong with it, in words, for the prompt.
    #[serde(rename = "messageText", default)]
    pub message_text: String,
    /// The language's name (`Python`); empty when unknown.
    #[serde(default)]
    pub language: String,
    /// What the piece is: `function`, `method`, `class`, `block`, `file` or `lines`.
    #[serde(default)]
    pub unit: String,
    /// The findings in the piece.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// A fix that the scanner's own rule gives, to be checked like any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fix: Option<Patch>,
    /// What was wrong with earlier answers, when the piece is asked about again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feedback: Vec<String>,
    /// What was tried so far.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
}
