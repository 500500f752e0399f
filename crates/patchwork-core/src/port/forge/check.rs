//! Checks of a commit, and reports of code scanning.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Conclusion {
    /// Nothing is wrong.
    Success,
    /// There is something to read, and nothing is held up.
    #[default]
    Neutral,
    /// Something is wrong.
    Failure,
}

/// How bad an annotation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnnotationLevel {
    /// For information.
    #[default]
    Notice,
    /// A warning.
    Warning,
    /// A failure.
    Failure,
}

/// A remark on lines that belongs to a check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Annotation {
    /// The file.
    pub path: String,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, 1-based, inclusive.
    pub end_line: u32,
    /// How bad it is.
    pub level: AnnotationLevel,
    /// One line.
    pub title: String,
    /// Plain text.
    pub message: String,
}

/// A check as it should be. There is one for each commit and name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckSpec {
    /// The commit.
    pub commit: String,
    /// Its name (`Patchwork review`).
    pub name: String,
    /// How it ended.
    pub conclusion: Conclusion,
    /// One line.
    pub title: String,
    /// Markdown.
    pub summary: String,
    /// A page with more.
    #[serde(default)]
    pub details_url: Option<String>,
    /// Remarks on lines; a forge without them leaves them out.
    #[serde(default)]
    pub annotations: Vec<Annotation>,
}

/// A check that is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundCheck {
    /// What the forge calls it; opaque.
    pub id: String,
    /// Its page.
    pub url: String,
    /// Whether it already says what it should: the same conclusion, title, summary and number of annotations.
    pub same: bool,
}

/// A report of code scanning to hand in.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SarifSpec {
    /// The commit that was scanned.
    pub commit: String,
    /// The ref that it belongs to (`refs/heads/main`, `refs/pull/7/head`).
    pub reference: String,
    /// The report, as JSON text.
    pub sarif: String,
}
