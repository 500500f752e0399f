//! Changed units of related files, put into as few prompts as hold them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one call of the model is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bundle {
    /// Digest of what is asked about, 16 hex digits.
    pub id: String,
    /// Its files, by their new paths.
    pub paths: Vec<String>,
    /// Hashes of its units, for [`State`](super::state::State).
    pub units: Vec<String>,
    /// The changed lines with their numbers, and the unchanged ones around them.
    pub diff: String,
    /// What the changed code calls, and what calls it; may be empty.
    #[serde(default)]
    pub context: String,
    /// About how many tokens `diff` and `context` have.
    pub tokens: usize,
}
