//! What a scanner or a model says is wrong.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is. Words of the original and of common tools are understood, in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Not stated.
    #[default]
    #[serde(alias = "none", alias = "UNKNOWN", alias = "NONE")]
    Unknown,
    /// For information (`note`).
    #[serde(alias = "note", alias = "information", alias = "INFO", alias = "NOTE")]
    Info,
    /// Low (`warning`).
    #[serde(alias = "warning", alias = "LOW", alias = "WARNING")]
    Low,
    /// Medium.
    #[serde(alias = "moderate", alias = "MEDIUM", alias = "MODERATE")]
    Medium,
    /// High (`error`).
    #[serde(alias = "error", alias = "HIGH", alias = "ERROR")]
    High,
    /// Critical.
    #[serde(alias = "CRITICAL")]
    Critical,
}

impl Severity {
    /// Reads a severity word; `None` when it is not one.
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word.trim().to_ascii_lowercase().as_str() {
            "unknown" | "none" | "" => Self::Unknown,
            "info" | "note" | "information" | "informational" => Self::Info,
            "low" | "warning" | "minor" => Self::Low,
            "medium" | "moderate" => Self::Medium,
            "high" | "error" | "major" => Self::High,
            "critical" | "blocker" => Self::Critical,
            _ => return None,
        })
    }

    /// From a CVSS-like `security-severity`: 9 and more is critical, 7 high, 4 medium, above 0 low.
    pub fn from_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            _ => Self::Unknown,
        }
    }

    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The rule that fired, as the tool names it (`python.lang.security.insecure-hash`).
    pub rule: String,
    /// The tool (`Semgrep OSS`).
    #[serde(default)]
    pub tool: String,
    /// What is wrong, in one or a few sentences.
    pub message: String,
    /// How bad it is.
    #[serde(default)]
    pub severity: Severity,
    /// File, relative to the root of the repository, with `/`.
    pub path: String,
    /// First line, 1-based.
    pub start_line: u32,
    /// Last line, 1-based, inclusive.
    pub end_line: u32,
    /// Weakness identifiers (`CWE-327`), when the tool states them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cwe: Vec<String>,
    /// Fixes the tool suggests, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suggestions: Vec<String>,
    /// Stable across moves of the code: from rule, path, the text of the lines without white space, and a counter
    /// among equals.
    pub fingerprint: String,
}
