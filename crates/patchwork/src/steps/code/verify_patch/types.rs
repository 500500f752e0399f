//! What goes into `VerifyPatch` and comes out of it.

use patchwork_core::evidence::{Author, Evidence, RegressionTest, Try};
use patchwork_core::failure::Failure;
use patchwork_core::finding::{Finding, Severity};
use patchwork_core::message::Finish;
use patchwork_core::patch::Patch;
use patchwork_core::usage::{MicroUsd, Usage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::affected::AffectedCode;

/// What a model answered about one piece of code, or why it did not.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The text; null is an empty one.
    #[serde(default)]
    pub text: Option<String>,
    /// Why the text ended; unknown when absent.
    #[serde(default)]
    pub finish: Option<Finish>,
    /// Why there is no text.
    #[serde(default)]
    pub error: Option<String>,
    /// What the call failed with; one that the budget refused was not asked at all.
    #[serde(default)]
    pub failure: Option<Failure>,
    /// The model that answered.
    #[serde(default)]
    pub model: Option<String>,
    /// Tokens that the answer took.
    #[serde(default)]
    pub usage: Option<Usage>,
    /// What it cost; null where the price is unknown.
    #[serde(default)]
    pub cost: Option<MicroUsd>,
    /// Milliseconds from sending to the whole answer.
    #[serde(default)]
    pub latency_ms: Option<u64>,
}

/// How likely a fix breaks code that relies on the old behaviour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// Not stated; as a limit: none.
    #[default]
    #[serde(alias = "UNKNOWN", alias = "Unknown")]
    Unknown,
    /// Low.
    #[serde(alias = "LOW", alias = "Low")]
    Low,
    /// Medium.
    #[serde(alias = "MEDIUM", alias = "Medium")]
    Medium,
    /// High.
    #[serde(alias = "HIGH", alias = "High")]
    High,
    /// Critical.
    #[serde(alias = "CRITICAL", alias = "Critical")]
    Critical,
}

impl Risk {
    /// The first risk word of a text (`Low – callers see no change`).
    pub(super) fn stated_in(text: &str) -> Self {
        text.split(|c: char| !c.is_alphabetic())
            .find_map(|word| {
                Some(match word.to_ascii_lowercase().as_str() {
                    "low" | "minor" | "minimal" | "negligible" | "none" => Self::Low,
                    "medium" | "moderate" => Self::Medium,
                    "high" | "major" => Self::High,
                    "critical" | "severe" => Self::Critical,
                    "unknown" => Self::Unknown,
                    _ => return None,
                })
            })
            .unwrap_or_default()
    }

    /// Whether nothing is stated.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_unknown(&self) -> bool {
        *self == Self::Unknown
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// A fix that was checked and kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fix {
    /// The file, relative to the root of the repository, with `/`.
    pub path: String,
    /// What it fixes.
    pub findings: Vec<Finding>,
    /// The change; line numbers are those of the base commit.
    pub patch: Patch,
    /// The base text that each edit of the patch replaces.
    pub replaced: Vec<String>,
    /// Who wrote it.
    pub source: Author,
    /// One line for the commit.
    pub commit_message: String,
    /// What was changed and why.
    pub patch_message: String,
    /// Its compatibility risk as the model states it; absent when it does not.
    #[serde(default, skip_serializing_if = "Risk::is_unknown")]
    pub compatibility: Risk,
    /// What was checked.
    pub evidence: Evidence,
    /// The unified diff of this fix alone.
    pub diff: String,
    /// Rules of other findings in its lines, which were there before and still are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remaining_rules: Vec<String>,
    /// What was tried for it, this one last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
    /// The new test that proves it; it is in the checkout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<RegressionTest>,
}

/// What became of a piece of code with findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Remark {
    /// The file.
    pub path: String,
    /// First line of the finding, else of the piece, 1-based.
    pub line: u32,
    /// The rules that fired, each once.
    pub rules: Vec<String>,
    /// How many findings it is about.
    #[serde(default = "one")]
    pub findings: usize,
    /// Why it was not fixed, or what fixed it; empty when nothing was said.
    pub reason: String,
    /// The worst severity of the findings.
    #[serde(default)]
    pub severity: Severity,
    /// What was tried; empty where another list of the same step holds it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tries: Vec<Try>,
}

fn one() -> usize {
    1
}

impl Remark {
    /// A remark about a piece, with what was tried.
    pub fn about(piece: &AffectedCode, reason: impl Into<String>) -> Self {
        let tries = piece.tries.clone();
        Self { tries, ..Self::of(&piece.uri, &piece.findings, piece.start_line, reason.into()) }
    }

    /// What a fix did.
    pub fn of_fix(fix: &Fix) -> Self {
        let start = fix.patch.edits.first().and_then(|edit| edit.start_line).unwrap_or(0);
        let tries = fix.tries.clone();
        Self { tries, ..Self::of(&fix.path, &fix.findings, start, fix.commit_message.clone()) }
    }

    /// The same without what was tried.
    #[must_use]
    pub fn brief(self) -> Self {
        Self { tries: Vec::new(), ..self }
    }

    fn of(path: &str, findings: &[Finding], start_line: u32, reason: String) -> Self {
        let mut rules: Vec<String> = Vec::new();
        for finding in findings {
            if !rules.contains(&finding.rule) {
                rules.push(finding.rule.clone());
            }
        }
        Self {
            path: path.to_owned(),
            line: findings.first().map_or(start_line.saturating_add(1), |finding| finding.start_line),
            rules,
            // A piece without findings was made by other means, for something that is wrong with it all the same.
            findings: findings.len().max(1),
            reason,
            severity: findings.iter().map(|finding| finding.severity).max().unwrap_or_default(),
            tries: Vec::new(),
        }
    }
}

impl std::fmt::Display for Remark {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.path, self.line)?;
        if !self.rules.is_empty() {
            write!(f, " {}", self.rules.join(", "))?;
        }
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}

/// A file with all its fixes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FixedFile {
    /// The file, relative to the root of the repository, with `/`.
    pub path: String,
    /// The unified diff of the file against the base commit.
    pub diff: String,
    /// For the commit: the message of the fix, or a list of those of several.
    pub commit_message: String,
    /// What was changed and why, fix by fix.
    pub patch_message: String,
    /// What was checked: the level that every fix of the file reached.
    pub evidence: Evidence,
    /// The fixes.
    pub fixes: Vec<Fix>,
}
