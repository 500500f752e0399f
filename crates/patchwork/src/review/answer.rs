//! What models answer: findings, and second opinions on them.

use patchwork_core::change::Side;
use patchwork_core::finding::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::Confidence;

/// A finding as a model states it: nothing of it is checked but its size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Stated {
    /// The id of the rule.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The side of the lines.
    pub side: Side,
    /// The first line.
    pub start_line: u32,
    /// The last line.
    pub line: u32,
    /// The code of these lines, or of one of them, as the model quotes it.
    pub code: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the model is.
    pub confidence: Confidence,
    /// What is wrong, in one line.
    pub title: String,
    /// Why.
    pub explanation: String,
    /// Code in place of exactly these lines; empty to remove them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
}

/// A second opinion on a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// [`ReviewFinding::fingerprint`](super::finding::ReviewFinding::fingerprint).
    pub fingerprint: String,
    /// Whether it stands.
    pub stands: bool,
    /// Why. A model's words.
    #[serde(default)]
    pub reason: String,
    /// How sure that is.
    pub confidence: Confidence,
}
