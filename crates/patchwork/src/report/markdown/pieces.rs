//! What pull requests and reports say in the same words: findings, evidence, what was tried.

use patchwork_core::evidence::{Evidence, Outcome, Try};
use patchwork_core::finding::Finding;

use crate::report::words::{self, proposer, tried};
use crate::steps::pr::untrusted::markdown::{code, line};

/// Characters of a reason or a message at most.
pub(crate) const MAX_REMARK: usize = 300;

/// Tries that are told in short; of more the last.
const MAX_TRIES: usize = 5;

/// `` `rule` (high, CWE-89), lines 3–5: what is wrong ``
pub(crate) fn finding_line(finding: &Finding) -> String {
    let mut labels = vec![finding.severity.to_string()];
    labels.extend(finding.cwe.iter().take(5).map(|cwe| line(cwe, 30)));
    let place = if finding.start_line >= finding.end_line {
        format!("line {}", finding.start_line)
    } else {
        format!("lines {}–{}", finding.start_line, finding.end_line)
    };
    let said = line(&finding.message, MAX_REMARK);
    format!("{} ({}), {place}: {said}", code(&finding.rule), labels.join(", "))
}

/// `L3, tests pass: ✅ parses · ✅ builds (cargo build)`
pub(crate) fn evidence_line(evidence: &Evidence) -> String {
    let checks: Vec<String> = evidence.checks.iter().map(check).collect();
    let checks = if checks.is_empty() { String::new() } else { format!(": {}", checks.join(" · ")) };
    format!("{:?}, {}{checks}", evidence.level, evidence.level.meaning())
}

fn check(check: &patchwork_core::evidence::Check) -> String {
    let mark = if check.passed { "✅" } else { "❌" };
    let detail = line(&check.detail, MAX_REMARK);
    let detail = if detail.is_empty() { detail } else { format!(" ({detail})") };
    format!("{mark} {}{detail}", line(&check.name, MAX_REMARK))
}

/// What was tried before something held, in one line; nothing when the first try did.
pub(crate) fn tries_line(tries: &[Try]) -> Option<String> {
    if tries.iter().all(|one| one.outcome == Outcome::Accepted) {
        return None;
    }
    let left_out = tries.len().saturating_sub(MAX_TRIES);
    let mut parts: Vec<String> = Vec::new();
    if left_out > 0 {
        parts.push(format!("{} before", words::tries(left_out)));
    }
    parts.extend(tries.iter().skip(left_out).map(try_words));
    Some(parts.join("; "))
}

/// `gpt-4o: turned down, the tests fail`
pub(crate) fn try_words(one: &Try) -> String {
    let reason = line(&one.reason, MAX_REMARK);
    let reason = if reason.is_empty() { reason } else { format!(", {reason}") };
    format!("{}: {}{reason}", code(&proposer(one)), tried(one.outcome))
}
