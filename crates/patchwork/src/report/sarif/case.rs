//! A finding of a report as a SARIF result.

use patchwork_core::evidence::Try;
use patchwork_core::finding::{Finding, Severity};
use serde_json::{Value, json};

use crate::report::run_report::{Case, CaseOutcome, Proof};
use crate::sarif::uri;

/// The name of our fingerprints among others: it changes when what they are made of does.
const FINGERPRINT: &str = "patchworkFinding/v1";

/// How much is told, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Detail {
    /// What is wrong and where.
    Bare,
    /// And fixes that were proven and not committed.
    Fixes,
    /// And what was tried, without diffs.
    Tries,
    /// Everything.
    All,
}

/// SARIF's level for a severity.
pub(super) fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown => "none",
        Severity::Info => "note",
        Severity::Low | Severity::Medium => "warning",
        Severity::High | Severity::Critical => "error",
    }
}

/// The `security-severity` of a severity, in the middle of GitHub's range for it.
pub(super) fn score(severity: Severity) -> Option<&'static str> {
    match severity {
        Severity::Unknown | Severity::Info => None,
        Severity::Low => Some("2.0"),
        Severity::Medium => Some("5.5"),
        Severity::High => Some("8.0"),
        Severity::Critical => Some("9.5"),
    }
}

/// One finding of a case.
pub(super) fn result(case: &Case, finding: &Finding, rule: usize, detail: Detail) -> Value {
    let artifact = json!({ "uri": uri(&finding.path), "uriBaseId": "%SRCROOT%" });
    // Lines count from 1, and a place without any is that of the file.
    let start = finding.start_line.max(1);
    let mut out = json!({
        "ruleId": finding.rule,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": { "text": finding.message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": artifact,
            "region": { "startLine": start, "endLine": finding.end_line.max(start) },
        } }],
        "properties": properties(case, finding, detail),
    });
    if !finding.fingerprint.is_empty() {
        out["partialFingerprints"] = json!({ FINGERPRINT: finding.fingerprint });
    }
    if case.outcome == CaseOutcome::Suppressed {
        let kind = case.suppressed.map_or("external", |place| place.as_str());
        out["suppressions"] = json!([{ "kind": kind, "status": "accepted", "justification": case.reason }]);
    }
    match &case.fix {
        Some(fix) if fix.committed => out["baselineState"] = json!("absent"),
        Some(fix) if detail >= Detail::Fixes => {
            if let Some(fix) = proposed(fix) {
                out["fixes"] = json!([fix]);
            }
        }
        _ => {}
    }
    out
}

fn properties(case: &Case, finding: &Finding, detail: Detail) -> Value {
    let mut own = json!({ "outcome": case.outcome });
    if !case.reason.is_empty() {
        own["reason"] = json!(case.reason);
    }
    if let Some(fix) = &case.fix {
        own["evidence"] = json!(fix.evidence);
        own["commit"] = json!(fix.commit);
        if detail >= Detail::Tries {
            own["diff"] = json!(fix.diff);
        }
    }
    if !case.tries.is_empty() {
        own["costMicroUsd"] = json!(case.cost);
        own["ms"] = json!(case.ms);
        match detail {
            Detail::All => own["tries"] = json!(case.tries),
            Detail::Tries => own["tries"] = case.tries.iter().map(brief).collect(),
            Detail::Fixes | Detail::Bare => own["tries"] = json!(case.tries.len()),
        }
    }
    let mut properties = json!({ "patchwork": own });
    if !finding.cwe.is_empty() {
        properties["cwe"] = json!(finding.cwe);
    }
    if let Some(score) = score(finding.severity) {
        properties["security-severity"] = json!(score);
    }
    properties
}

fn brief(one: &Try) -> Value {
    json!(Try { diff: String::new(), ..one.clone() })
}

/// A fix as SARIF gives one; none for one that names no lines.
fn proposed(fix: &Proof) -> Option<Value> {
    let mut changes: Vec<(&str, Vec<Value>)> = Vec::new();
    for (at, edit) in fix.patch.edits.iter().enumerate() {
        let (start, end) = (edit.start_line?, edit.end_line?);
        let replaced = fix.replaced.get(at)?;
        let replacement = replacement(start, end, replaced, &edit.replacement);
        match changes.iter_mut().find(|(path, _)| *path == edit.path) {
            Some((_, replacements)) => replacements.push(replacement),
            None => changes.push((&edit.path, vec![replacement])),
        }
    }
    let changes: Vec<Value> = changes
        .into_iter()
        .map(|(path, replacements)| {
            json!({
                "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" },
                "replacements": replacements,
            })
        })
        .collect();
    (!changes.is_empty()).then(|| json!({ "description": { "text": fix.title }, "artifactChanges": changes }))
}

/// Lines `start..end` (from 0) that become `text`. The last line keeps its end where both have one: a region that reaches into a
/// line that is not there is none.
fn replacement(start: u32, end: u32, replaced: &str, text: &str) -> Value {
    let first = start.saturating_add(1);
    let (region, text) = match (replaced.strip_suffix('\n'), text.strip_suffix('\n')) {
        (Some(replaced), Some(text)) if end > start => {
            let replaced = replaced.strip_suffix('\r').unwrap_or(replaced);
            let text = text.strip_suffix('\r').unwrap_or(text);
            let last = replaced.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            (json!({ "startLine": first, "startColumn": 1, "endLine": end, "endColumn": last }), text)
        }
        _ => {
            let last = end.saturating_add(1);
            (json!({ "startLine": first, "startColumn": 1, "endLine": last, "endColumn": 1 }), text)
        }
    };
    json!({ "deletedRegion": region, "insertedContent": { "text": text } })
}
