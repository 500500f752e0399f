//! What a review has looked at, kept in the mark of its summary: the next one asks only about the rest.

use patchwork_core::finding::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the last review knew. Written as one compact line of at most 30,000 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The commit that was reviewed.
    pub head: String,
    /// Digest of rules, model and whatever else makes an answer; with another one everything is asked again.
    pub basis: String,
    /// Hashes of the units that were asked about, sorted.
    pub units: Vec<String>,
    /// Findings that only the summary told, so that the next summary tells them too.
    pub told: Vec<Told>,
}

/// A finding that only the summary tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// By what it is known again.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The line at that time, 1-based.
    pub line: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub title: String,
    /// The hash of the unit it is in: when that is asked about again, the model decides anew.
    pub unit: String,
}
