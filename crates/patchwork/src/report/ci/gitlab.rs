//! GitLab's report of code quality, which merge requests show beside the code.

use std::collections::HashMap;

use patchwork_core::finding::{Finding, Severity};
use serde_json::{Value, json};

use super::{message, open};
use crate::report::run_report::RunReport;

/// All findings that are open, as `artifacts:reports:codequality` takes them.
pub fn render(report: &RunReport) -> String {
    let mut seen = HashMap::new();
    let issues: Vec<Value> = open(report)
        .into_iter()
        .map(|(case, finding)| {
            json!({
                "type": "issue",
                "check_name": finding.rule,
                "description": message(case, finding),
                "severity": severity(finding.severity),
                "fingerprint": fingerprint(&mut seen, finding),
                "location": {
                    "path": finding.path,
                    "lines": { "begin": finding.start_line.max(1), "end": finding.end_line.max(finding.start_line).max(1) },
                },
            })
        })
        .collect();
    format!("{:#}\n", Value::Array(issues))
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Unknown | Severity::Info => "info",
        Severity::Low => "minor",
        Severity::Medium => "major",
        Severity::High => "critical",
        Severity::Critical => "blocker",
    }
}

/// What GitLab tells findings apart by, from one pipeline to the next: it shows only one of two that have the same.
fn fingerprint(seen: &mut HashMap<String, usize>, finding: &Finding) -> String {
    let own = match finding.fingerprint.as_str() {
        "" => format!("{}:{}:{}", finding.path, finding.rule, finding.start_line),
        fingerprint => fingerprint.to_owned(),
    };
    let count = seen.entry(own.clone()).or_default();
    *count += 1;
    if *count == 1 { own } else { format!("{own}#{count}") }
}
