//! Rules that findings are stated against.

use patchwork_core::finding::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that a review looks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewRule {
    /// Its name in findings (`injection`): lower case letters, digits and `-`. Stable: fingerprints are made of it.
    pub id: String,
    /// In a few words.
    pub title: String,
    /// When it is broken, and when not.
    pub text: String,
    /// How bad it is to break it, when the rule says so; otherwise the model does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Only for files of these languages, as people call them (`python`); for all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// Only for files of these globs; for all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// The file that it is from (`.patchwork.yaml`); absent for those that are shipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
}
