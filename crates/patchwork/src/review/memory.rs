//! Findings that people dismissed, in a file of the repository: `.patchwork/dismissed.yml`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the file is.
pub const PATH: &str = ".patchwork/dismissed.yml";

/// A finding that is not raised again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dismissal {
    /// By what it is known again.
    pub fingerprint: String,
    /// The rule.
    #[serde(default)]
    pub rule: String,
    /// The file at that time.
    #[serde(default)]
    pub path: String,
    /// Why.
    pub reason: String,
    /// Who said so.
    #[serde(default)]
    pub by: String,
    /// The day, `YYYY-MM-DD`.
    #[serde(default)]
    pub when: String,
}
