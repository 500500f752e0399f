//! What a user reads when something did not work: one message, its causes, and what to try next.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose fault it is and how the process ends; see [`FailureKind::exit_code`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The run failed.
    Failed,
    /// The command line can't be understood.
    Usage,
    /// A configuration file, a prompt file or a patchflow document is wrong.
    Configuration,
    /// A provider, forge, scanner or the network did not answer as needed: the run can be resumed.
    Unavailable,
    /// A policy, or an effect that a step did not declare.
    Refused,
    /// Findings remain and `--fail-on` was asked for.
    FindingsRemain,
    /// Changes were made but stay below the evidence that is required.
    BelowEvidence,
    /// A budget was reached; what was proven is kept.
    BudgetReached,
    /// A fault of Patchwork itself.
    Internal,
    /// Stopped by a signal or a cancellation: the run can be resumed.
    Interrupted,
}

impl FailureKind {
    /// The exit code of the process.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Unavailable => 4,
            Self::Refused => 6,
            Self::FindingsRemain => 10,
            Self::BelowEvidence => 11,
            Self::BudgetReached => 12,
            Self::Internal => 70,
            Self::Interrupted => 130,
        }
    }

    /// Whether `patchwork resume RUN` can be expected to get further.
    pub fn resumable(self) -> bool {
        matches!(self, Self::Failed | Self::Unavailable | Self::Interrupted | Self::BudgetReached)
    }
}

/// A failure as it is shown, journaled and turned into an exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Failure {
    /// Decides the exit code.
    pub kind: FailureKind,
    /// One sentence: what did not work, naming the file, line or field.
    pub message: String,
    /// Why, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What to try next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl Failure {
    /// A failure of `kind` with no causes or hints yet.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), causes: Vec::new(), hints: Vec::new() }
    }

    /// The run failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Failed, message)
    }

    /// The command line is wrong.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Usage, message)
    }

    /// A file that configures a run is wrong.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Configuration, message)
    }

    /// Something outside did not answer as needed.
    pub fn unavailable(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Unavailable, message)
    }

    /// Policy says no.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Refused, message)
    }

    /// Our own fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Internal, message)
    }

    /// Stopped from outside.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(FailureKind::Interrupted, message)
    }

    /// Adds a cause.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds the whole chain of an error as causes.
    #[must_use]
    pub fn caused_by(mut self, error: &dyn std::error::Error) -> Self {
        let mut next = Some(error);
        while let Some(error) = next {
            let text = error.to_string();
            // Many errors print their source themselves; saying it twice helps nobody.
            if !self.causes.last().is_some_and(|last| last.contains(&text)) {
                self.causes.push(text);
            }
            next = error.source();
        }
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The exit code of the process.
    pub fn exit_code(&self) -> u8 {
        self.kind.exit_code()
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        for cause in &self.causes {
            write!(f, ": {cause}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

/// The nearest of `known` to what was typed, for "did you mean" hints; nothing when none is near.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_finds_typos_and_wrong_case_only() {
        let known = ["AutoFix", "PRReview", "ResolveIssue"];
        assert_eq!(nearest("autofix", known), Some("AutoFix"));
        assert_eq!(nearest("AutoFixx", known), Some("AutoFix"));
        assert_eq!(nearest("Deploy", known), None);
    }

    #[test]
    fn caused_by_says_each_cause_once() {
        let io = std::io::Error::new(std::io::ErrorKind::NotFound, "no such file");
        let failure = Failure::failed("can't read a.sarif").caused_by(&io);
        assert_eq!(failure.causes, ["no such file"]);
        assert_eq!(failure.exit_code(), 1);
    }
}
