//! Figures and words that all forms of a report share.

use patchwork_core::engine::Totals;
use patchwork_core::evidence::{Author, Outcome, Try};
use patchwork_core::usage::MicroUsd;

use super::run_report::{Case, CaseOutcome, RunReport};

/// `2026-11-21T05:42:11Z`, from milliseconds since 1970.
pub(super) fn moment(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `850 ms`, `12.3 s`, `4 min 5 s`, `2 h 3 min`.
pub(super) fn duration(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0 => format!("{ms} ms"),
        1..60 => format!("{}.{} s", seconds, ms % 1_000 / 100),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// `950`, `12.3k`, `4.5M`.
pub(super) fn short(count: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", count / unit, count % unit / (unit / 10));
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", tenths(1_000)),
        _ => format!("{}M", tenths(1_000_000)),
    }
}

/// `1 finding`, `2 findings`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `1 try`, `2 tries`.
pub(crate) fn tries(count: usize) -> String {
    if count == 1 { "1 try".to_owned() } else { format!("{count} tries") }
}

/// A cost, `unknown` without one.
pub(super) fn cost(cost: Option<MicroUsd>) -> String {
    cost.map_or_else(|| "unknown".to_owned(), |cost| cost.to_string())
}

/// What all calls cost: exact, or as far as it is known.
pub(super) fn total_cost(totals: &Totals) -> String {
    match unpriced(totals) {
        Some(unpriced) => format!("{}, and {unpriced}", totals.cost),
        None => known_cost(totals),
    }
}

/// What the calls cost whose price is known; `unknown` when that is none.
pub(super) fn known_cost(totals: &Totals) -> String {
    if totals.unpriced_calls > 0 && totals.cost.0 == 0 {
        "unknown".to_owned()
    } else {
        totals.cost.to_string()
    }
}

/// `2 calls of unknown price`, beside a cost that is known.
pub(super) fn unpriced(totals: &Totals) -> Option<String> {
    let count = usize::try_from(totals.unpriced_calls).unwrap_or(usize::MAX);
    (count > 0 && totals.cost.0 > 0).then(|| format!("{} of unknown price", counted(count, "call")))
}

/// What became of findings, as a heading.
pub(super) fn outcome(outcome: CaseOutcome) -> &'static str {
    match outcome {
        CaseOutcome::Fixed => "Fixed",
        CaseOutcome::Remaining => "Not fixed",
        CaseOutcome::NoFix => "No fix",
        CaseOutcome::NotVulnerable => "Not vulnerable",
        CaseOutcome::Suppressed => "Suppressed",
    }
}

/// What became of a proposal.
pub(crate) fn tried(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "kept",
        Outcome::Rejected => "turned down",
        Outcome::Outdone => "outdone",
        Outcome::NotVulnerable => "not vulnerable",
        Outcome::NoFix => "no fix",
        Outcome::Unanswered => "no answer",
    }
}

/// Who proposed it: the rule or the model, by name where there is one.
pub(crate) fn proposer(one: &Try) -> String {
    let kind = match one.by {
        Author::Rule => "rule",
        Author::Model => "model",
    };
    if one.name.is_empty() { kind.to_owned() } else { one.name.clone() }
}

/// What is wrong, in one line: the first finding's message, else why the case is there.
pub(super) fn title(case: &Case) -> &str {
    case.findings.first().map_or(case.reason.as_str(), |finding| finding.message.as_str())
}

/// `4 fixed (1 by rules), 2 not fixed`.
pub(super) fn sums(report: &RunReport) -> String {
    let counts = &report.counts;
    let mut parts = Vec::new();
    if counts.fixed > 0 {
        let by_rules =
            if counts.by_rules > 0 { format!(" ({} by rules)", counts.by_rules) } else { String::new() };
        parts.push(format!("{} fixed{by_rules}", counts.fixed));
    }
    for (count, what) in [
        (counts.remaining, "not fixed"),
        (counts.no_fix, "without a fix"),
        (counts.not_vulnerable, "not vulnerable"),
        (counts.suppressed, "suppressed"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}
