//! Rules that findings are stated against.

mod ours;
mod team;

use patchwork_core::engine::hex;
use patchwork_core::finding::Severity;
use patchwork_repo::language::Language;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::globs::Globs;
pub use ours::ours;
pub use team::{TeamRules, from_agents, from_config};

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

/// Those that apply to some of the paths.
pub fn for_paths<'a>(rules: &'a [ReviewRule], paths: &[String]) -> Vec<&'a ReviewRule> {
    rules.iter().filter(|rule| rule.applies(paths)).collect()
}

/// A digest of all that a model is told of the rules, 12 hex digits.
pub fn digest(rules: &[ReviewRule]) -> String {
    let mut hash = Sha256::new();
    for rule in rules {
        for part in [&rule.id, &rule.title, &rule.text] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
    }
    hex(&hash.finalize()).chars().take(12).collect()
}

impl ReviewRule {
    fn applies(&self, paths: &[String]) -> bool {
        let languages: Vec<Language> =
            self.languages.iter().filter_map(|word| Language::of_word(word)).collect();
        let Ok(globs) = Globs::new(self.paths.iter().map(String::as_str)) else { return false };
        paths.iter().any(|path| {
            let language = Language::of_path(path);
            let of_language =
                self.languages.is_empty() || language.is_some_and(|own| languages.contains(&own));
            of_language && (globs.is_empty() || globs.matches(path))
        })
    }
}

#[cfg(test)]
mod tests;
