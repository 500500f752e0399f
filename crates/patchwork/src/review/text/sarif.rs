//! A review as SARIF.

use patchwork_core::change::Side;
use patchwork_core::finding::Severity;
use serde_json::{Value, json};

use super::{EXPLANATION, TITLE};
use crate::review::finding::ReviewFinding;
use crate::review::rules::ReviewRule;
use crate::review::summary::Summary;
use crate::sarif::{RuleText, ScanResult, Tool, write};
use crate::steps::pr::untrusted::visible;

/// Under this name the fingerprint is in `partialFingerprints`.
const FINGERPRINT: &str = "patchworkReview/v1";

/// Rules that are about security.
const SECURITY: [&str; 6] = ["access", "crypto", "data-loss", "injection", "outside-world", "secret"];

/// The findings on lines of the new files as SARIF: code scanning knows no removed lines. A finding has its own level, and
/// its fingerprint, by which code scanning knows it again.
pub fn sarif(summary: &Summary, rules: &[ReviewRule], version: &str) -> Value {
    let found: Vec<(usize, &ReviewFinding)> = summary
        .chosen
        .comments
        .iter()
        .chain(&summary.chosen.more)
        .filter(|finding| finding.side == Side::New)
        .filter_map(|finding| Some((rules.iter().position(|rule| rule.id == finding.rule)?, finding)))
        .collect();
    let texts: Vec<RuleText> = rules
        .iter()
        .map(|rule| RuleText {
            id: rule.id.clone(),
            summary: rule.title.clone(),
            level: level(rule.severity.unwrap_or(Severity::Medium)),
            score: SECURITY.contains(&rule.id.as_str()).then_some(7.0),
            cwe: Vec::new(),
            url: None,
        })
        .collect();
    let results: Vec<ScanResult> = found
        .iter()
        .map(|(rule, finding)| ScanResult {
            path: finding.path.clone(),
            start: (finding.start_line, 1),
            end: (finding.line, end_column(&finding.code)),
            rule: *rule,
            message: message(finding),
            fix: None,
            suppressed: None,
        })
        .collect();
    let tool = Tool { name: "Patchwork Review".to_owned(), version: version.to_owned() };
    let mut log = write(&tool, &texts, &results, &[]);
    let described =
        log.pointer_mut("/runs/0/tool/driver/rules").and_then(Value::as_array_mut).into_iter().flatten();
    for rule in described.filter(|rule| rule.pointer("/properties/security-severity").is_none()) {
        rule["properties"]["tags"] = json!(["review"]);
    }
    let written = log.pointer_mut("/runs/0/results").and_then(Value::as_array_mut).into_iter().flatten();
    for (result, (_, finding)) in written.zip(&found) {
        result["level"] = json!(level(finding.severity));
        result["partialFingerprints"] = json!({ FINGERPRINT: finding.fingerprint });
        result["properties"] =
            json!({ "confidence": finding.confidence.percent(), "severity": finding.severity.as_str() });
    }
    log
}

fn message(finding: &ReviewFinding) -> String {
    let title: String = visible(&finding.title).replace('\n', " ").chars().take(TITLE).collect();
    let explanation: String = visible(&finding.explanation).chars().take(EXPLANATION).collect();
    // In SARIF's messages `[text](1)` is a link.
    format!("{title}\n{explanation}").trim().replace('[', "\\[").replace(']', "\\]")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::High | Severity::Critical => "error",
        Severity::Medium | Severity::Low => "warning",
        Severity::Info | Severity::Unknown => "note",
    }
}

/// The column behind the last character of the last line.
fn end_column(code: &str) -> u32 {
    let last = code.lines().next_back().unwrap_or_default();
    u32::try_from(last.chars().count()).unwrap_or(u32::MAX).saturating_add(1)
}
