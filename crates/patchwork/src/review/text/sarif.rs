//! A review as SARIF.

use patchwork_core::change::Side;
use patchwork_core::finding::Severity;
use serde_json::{Value, json};

use super::{EXPLANATION, TITLE};
use crate::review::finding::{FileNote, ReviewFinding};
use crate::review::rules::ReviewRule;
use crate::review::summary::Summary;
use crate::sarif::{RuleText, ScanResult, Tool, write};
use crate::steps::pr::untrusted::visible;

/// Under this name the fingerprint is in `partialFingerprints`.
const FINGERPRINT: &str = "patchworkReview/v1";

/// Rules that are about security.
const SECURITY: [&str; 6] = ["access", "crypto", "data-loss", "injection", "outside-world", "secret"];

/// The findings on lines of the new files as SARIF: code scanning knows no removed lines. A finding has its own level, and
/// its fingerprint, by which code scanning knows it again. One without a line stands at the beginning of its file, for a place
/// must have one.
pub fn sarif(summary: &Summary, rules: &[ReviewRule], version: &str) -> Value {
    let number = |id: &str| rules.iter().position(|rule| rule.id == id);
    let found: Vec<(usize, &ReviewFinding)> = summary
        .chosen
        .comments
        .iter()
        .chain(&summary.chosen.more)
        .filter(|finding| finding.side == Side::New)
        .filter_map(|finding| Some((number(&finding.rule)?, finding)))
        .collect();
    let notes: Vec<(usize, &FileNote)> =
        summary.notes.iter().filter_map(|note| Some((number(&note.rule)?, note))).collect();
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
    let result = |rule: usize, path: &str, start, end, message| ScanResult {
        path: path.to_owned(),
        start,
        end,
        rule,
        message,
        fix: None,
        suppressed: None,
    };
    let placed = found.iter().map(|(rule, finding)| {
        let end = (finding.line, end_column(&finding.code));
        let message = message(&finding.title, &finding.explanation);
        result(*rule, &finding.path, (finding.start_line, 1), end, message)
    });
    let noted = notes.iter().map(|(rule, note)| {
        let message = message(&note.title, &format!("It has no line: {}.", note.reason));
        result(*rule, &note.path, (1, 1), (1, 1), message)
    });
    let results: Vec<ScanResult> = placed.chain(noted).collect();
    let tool = Tool { name: "Patchwork Review".to_owned(), version: version.to_owned() };
    let mut log = write(&tool, &texts, &results, &[]);
    let described =
        log.pointer_mut("/runs/0/tool/driver/rules").and_then(Value::as_array_mut).into_iter().flatten();
    for rule in described.filter(|rule| rule.pointer("/properties/security-severity").is_none()) {
        rule["properties"]["tags"] = json!(["review"]);
    }
    let weights = found
        .iter()
        .map(|(_, finding)| (finding.severity, finding.confidence, Some(&finding.fingerprint)))
        .chain(notes.iter().map(|(_, note)| (note.severity, note.confidence, None)));
    let written = log.pointer_mut("/runs/0/results").and_then(Value::as_array_mut).into_iter().flatten();
    for (result, (severity, confidence, fingerprint)) in written.zip(weights) {
        result["level"] = json!(level(severity));
        result["properties"] = json!({ "confidence": confidence.percent(), "severity": severity.as_str() });
        if let Some(fingerprint) = fingerprint {
            result["partialFingerprints"] = json!({ FINGERPRINT: fingerprint });
        }
    }
    log
}

fn message(title: &str, explanation: &str) -> String {
    let title: String = visible(title).replace('\n', " ").chars().take(TITLE).collect();
    let explanation: String = visible(explanation).chars().take(EXPLANATION).collect();
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
