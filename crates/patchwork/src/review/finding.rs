//! What a review finds wrong, at its place in the diff.

use patchwork_core::change::Side;
use patchwork_core::finding::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How sure something is, in percent.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Confidence(u8);

impl Confidence {
    /// What `low` stands for.
    pub const LOW: Self = Self(30);
    /// What `medium` stands for.
    pub const MEDIUM: Self = Self(60);
    /// What `high` stands for.
    pub const HIGH: Self = Self(90);

    /// From a share of 1; what is outside of 0 to 1, or no number, becomes the nearest end.
    pub fn from_share(share: f64) -> Self {
        // Never negative, never above 100, and 0 for what is no number.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 100"
        )]
        Self((share.clamp(0.0, 1.0) * 100.0).round() as u8)
    }

    /// Reads `low`, `medium`, `high`, a share (`0.7`) or a percentage (`70%`); none for anything else.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim().to_ascii_lowercase();
        match word.as_str() {
            "low" => return Some(Self::LOW),
            "medium" | "moderate" => return Some(Self::MEDIUM),
            "high" => return Some(Self::HIGH),
            _ => {}
        }
        let (number, whole) = match word.strip_suffix('%') {
            Some(number) => (number.trim(), 100.0),
            None => (word.as_str(), 1.0),
        };
        let share = number.parse::<f64>().ok()? / whole;
        (0.0..=1.0).contains(&share).then(|| Self::from_share(share))
    }

    /// In percent, 0 to 100.
    pub fn percent(self) -> u8 {
        self.0
    }
}

impl std::fmt::Display for Confidence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} %", self.0)
    }
}

/// Something that a review finds wrong, placed: its lines are in the diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewFinding {
    /// By what it is known again, whatever becomes of the lines around it; see [`Fingerprint`](super::fingerprint::Fingerprint).
    /// No two findings of a review have the same.
    pub fingerprint: String,
    /// The id of the rule.
    pub rule: String,
    /// The file, by its new path; of a deleted file the old one.
    pub path: String,
    /// The name it had before, when that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// The side on which the lines are counted.
    pub side: Side,
    /// The first line, 1-based.
    pub start_line: u32,
    /// The last line, 1-based, in the same hunk as the first.
    pub line: u32,
    /// The number of the last line on the other side, when that line was not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_line: Option<u32>,
    /// The function or class that the lines are in (`Store.get`); empty when there is none.
    #[serde(default)]
    pub unit: String,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the model is.
    pub confidence: Confidence,
    /// What is wrong, in one line. A model's words.
    pub title: String,
    /// Why that is wrong, and when it shows. A model's words, in Markdown.
    pub explanation: String,
    /// The code of the lines, as it is.
    pub code: String,
    /// Code in place of exactly these lines, without the last line end; empty to remove them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    /// Why a suggestion of the model was not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion_dropped: Option<String>,
}

impl ReviewFinding {
    /// Whether a path is that of its file, now or before, or of one with the same name in another folder.
    pub fn is_about(&self, path: &str) -> bool {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        path == self.path || Some(path) == self.old_path.as_deref() || name(path) == name(&self.path)
    }
}

/// Something about a file that found no line of the diff.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileNote {
    /// The id of the rule.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The line that the model names, 1-based. It says about where, no more: it has no line because that can't be trusted.
    #[serde(default)]
    pub near: u32,
    /// How bad it is.
    pub severity: Severity,
    /// How sure the model is.
    pub confidence: Confidence,
    /// What is wrong, in one line. A model's words.
    pub title: String,
    /// Why it has no line.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_is_read_from_words_shares_and_percentages() {
        for (word, percent) in [
            ("low", Some(30)),
            (" High ", Some(90)),
            ("0.7", Some(70)),
            ("1", Some(100)),
            ("85 %", Some(85)),
            ("7", None),
            ("-0.1", None),
            ("NaN", None),
            ("inf", None),
            ("sure", None),
            ("", None),
        ] {
            assert_eq!(Confidence::parse(word).map(Confidence::percent), percent, "{word}");
        }
        assert_eq!(Confidence::from_share(f64::NAN).percent(), 0);
        assert_eq!(Confidence::from_share(f64::INFINITY).percent(), 100);
    }
}
