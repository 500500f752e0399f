//! What of all findings is said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{Confidence, ReviewFinding};

/// How much a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Persona {
    /// Only what is bad and sure.
    Quiet,
    /// What is likely to be worth a reader's time.
    #[default]
    Normal,
    /// Everything that was not refuted.
    Strict,
}

/// How findings are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// How much is said.
    pub persona: Persona,
    /// Findings with less confidence are left out.
    pub min_confidence: Confidence,
    /// Comments on lines at most; the rest is told in the summary, a line each.
    pub max_comments: usize,
}

/// Why a finding is not said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "why", content = "detail")]
pub enum NotSaid {
    /// The second opinion turned it down, for this reason.
    Refuted(String),
    /// Less sure than `min_confidence`.
    Unsure,
    /// Less than the persona says.
    Minor,
    /// Another finding says the same, or stands on the same lines.
    Repeated,
    /// It was said in an earlier review.
    Said,
    /// A person dismissed it, for this reason.
    Dismissed(String),
}

/// A finding that is not said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// The finding.
    pub finding: ReviewFinding,
    /// Why.
    pub why: NotSaid,
}

/// What became of the findings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Chosen {
    /// Said as comments on lines, the worst first.
    pub comments: Vec<ReviewFinding>,
    /// Told in the summary alone, because there are more than `max_comments`; the worst first.
    pub more: Vec<ReviewFinding>,
    /// Not said.
    pub dropped: Vec<Dropped>,
}
