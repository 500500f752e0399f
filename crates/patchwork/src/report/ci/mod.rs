//! What CI systems show of a report beside the code, and the figures that their jobs hand on.
//!
//! Messages come from models and scanners and paths from repositories: whatever they hold, they are text in a place that we
//! chose, never an order to the CI system that reads it.

mod azure;
mod github;
mod gitlab;
mod variables;

use patchwork_core::finding::{Finding, Severity};

use super::run_report::{Case, CaseOutcome, RunReport};
use crate::steps::pr::untrusted::is_hidden;

pub use azure::render as azure;
pub use github::render as github;
pub use gitlab::render as gitlab;
pub use variables::render as variables;

/// Remarks of one level that are shown at most: GitHub takes no more of one step.
const SHOWN: usize = 10;

/// How loud a remark is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Notice,
    Warning,
    Error,
}

impl Level {
    fn of(severity: Severity) -> Self {
        match severity {
            Severity::Unknown | Severity::Info => Self::Notice,
            Severity::Low | Severity::Medium => Self::Warning,
            Severity::High | Severity::Critical => Self::Error,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The findings that are open when the run is over, the most severe first: what was not fixed, and what a dry run did not commit.
fn open(report: &RunReport) -> Vec<(&Case, &Finding)> {
    let is_open = |case: &Case| match case.outcome {
        CaseOutcome::Remaining | CaseOutcome::NoFix => true,
        CaseOutcome::Fixed => case.fix.as_ref().is_none_or(|fix| !fix.committed),
        CaseOutcome::NotVulnerable | CaseOutcome::Suppressed => false,
    };
    let cases = report.cases.iter().filter(|case| is_open(case));
    let mut open: Vec<_> =
        cases.flat_map(|case| case.findings.iter().map(move |finding| (case, finding))).collect();
    open.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    open
}

/// The findings that annotations show: the most severe of each level.
fn shown(report: &RunReport) -> Vec<(Level, &Case, &Finding)> {
    let open = open(report);
    // A run that failed says so first, which is one of its errors.
    let failed = usize::from(report.failure.is_some());
    let of = |level, most| {
        let told = open.iter().filter(move |(_, finding)| Level::of(finding.severity) == level);
        told.take(most).map(move |(case, finding)| (level, *case, *finding))
    };
    let errors = of(Level::Error, SHOWN - failed);
    errors.chain(of(Level::Warning, SHOWN)).chain(of(Level::Notice, SHOWN)).collect()
}

/// What is wrong, and why it is still there.
fn message(case: &Case, finding: &Finding) -> String {
    let why = match &case.fix {
        Some(fix) => {
            format!("A fix is proven ({}) and not committed: {}", fix.evidence.level.meaning(), fix.title)
        }
        None if case.reason.is_empty() => String::new(),
        None => format!("Not fixed: {}", case.reason),
    };
    let parts = [finding.message.trim(), why.trim()];
    let text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    // Nothing that hides text, turns its direction or is an order to a terminal.
    text.chars().filter(|c| *c == '\n' || *c == '\t' || !(c.is_control() || is_hidden(*c))).collect()
}
