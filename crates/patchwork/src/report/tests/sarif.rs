//! SARIF that others must understand, ourselves among them.

use patchwork_core::failure::Failure;
use patchwork_core::finding::{Finding, Severity};
use serde_json::Value;

use super::fixture::{finding, rich};
use crate::report::{Case, CaseOutcome, RunReport, sarif};
use crate::sarif::{Files, read};

const SCHEMA: &str = include_str!("../../../../patchwork-testkit/descriptions/sarif.json");

/// The log, which must fit the schema of SARIF 2.1.0.
fn log(report: &RunReport) -> Value {
    let log: Value = serde_json::from_str(&sarif(report)).unwrap();
    // The published pattern of a language is no regular expression: a bracket is wrong.
    let schema = SCHEMA.replace("^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$", "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let schema = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        schema.iter_errors(&log).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert_eq!(faults, Vec::<String>::new());
    log
}

/// Files that hold a line of their own for every line.
struct AnyFiles;

impl Files for AnyFiles {
    fn resolve(&self, place: &str) -> Result<String, Failure> {
        Ok(place.to_owned())
    }

    fn lines(&self, path: &str, start: u32, _end: u32) -> Option<String> {
        Some(format!("{path}{start}"))
    }
}

fn rules(log: &Value) -> Vec<&str> {
    log["runs"][0]["results"].as_array().unwrap().iter().map(|one| one["ruleId"].as_str().unwrap()).collect()
}

#[test]
fn what_remains_is_open_and_what_was_fixed_is_not() {
    let report = rich();
    let log = log(&report);
    assert_eq!(rules(&log), ["js.xss`", "py.ssrf", "py.eval", "py.assert"]);
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "Semgrep OSS");
    assert_eq!(run["automationDetails"]["id"], "patchwork/AutoFix/20261121-054211-7f3a9c");
    assert_eq!(run["versionControlProvenance"][0]["revisionId"], "9d2f1c7a44be0d1f3a5b");
    let suppressed = &run["results"][3]["suppressions"][0];
    assert_eq!(
        (&suppressed["kind"], &suppressed["justification"]),
        (&"inSource".into(), &"tests only".into())
    );
    assert_eq!(run["results"][0]["properties"]["patchwork"]["tries"][1]["outcome"], "unanswered");
    assert_eq!(run["results"][0]["properties"]["patchwork"]["costMicroUsd"], Value::Null);
    let fixed = &run["properties"]["patchwork"]["fixed"];
    assert_eq!(fixed[0]["baselineState"], "absent");
    assert_eq!(fixed[0]["properties"]["patchwork"]["evidence"]["level"], "L5");
    assert_eq!(fixed[0]["properties"]["patchwork"]["costMicroUsd"], 2_500);
}

#[test]
fn a_fix_that_was_proven_and_not_committed_is_proposed() {
    let mut report = RunReport { dry_run: true, ..rich() };
    for fix in report.cases.iter_mut().filter_map(|case| case.fix.as_mut()) {
        (fix.committed, fix.commit) = (false, None);
    }
    let log = log(&report);
    assert_eq!(rules(&log)[..2], ["python.sqlalchemy.sqli", "weak-hash"]);
    let result = &log["runs"][0]["results"][0];
    let change = &result["fixes"][0]["artifactChanges"][0];
    assert_eq!(change["artifactLocation"]["uri"], "shop/accounts.py");
    let replacement = &change["replacements"][0];
    // The region ends at the end of the line: the file's own line end stays.
    let region = serde_json::json!({"startLine": 20, "startColumn": 1, "endLine": 20, "endColumn": 38});
    assert_eq!(replacement["deletedRegion"], region);
    assert_eq!(replacement["insertedContent"]["text"], "    cursor.execute(\"… = ?\", (name,))");
    assert_eq!(log["runs"][0]["properties"]["patchwork"]["fixed"], serde_json::json!([]));
}

#[test]
fn our_own_reader_gets_the_same_findings_back() {
    let mut report = rich();
    report.cases.retain(|case| case.outcome != CaseOutcome::Fixed && case.outcome != CaseOutcome::Suppressed);
    for (severity, line) in [
        (Severity::Unknown, 1),
        (Severity::Info, 2),
        (Severity::Low, 3),
        (Severity::Medium, 4),
        (Severity::High, 5),
        (Severity::Critical, 6),
    ] {
        let finding = finding(&format!("rule-{severity}"), "a b/ü%20.py", line, severity, "What is wrong.");
        let case = report.cases[0].clone();
        report.cases.push(Case {
            path: finding.path.clone(),
            line,
            findings: vec![finding],
            severity,
            ..case
        });
    }
    report.cases[0].findings[0] = finding("js.xss", "web/a.js", 7, Severity::High, "<b>`{0}` %s");
    let back = read(&log(&report), &AnyFiles).unwrap();
    let told = |findings: &[Finding]| -> Vec<String> {
        let all = findings.iter().map(|one| {
            format!(
                "{} {} {} {}-{} {} {:?}",
                one.tool, one.rule, one.path, one.start_line, one.end_line, one.severity, one.cwe
            )
        });
        all.collect()
    };
    let written: Vec<Finding> = report.cases.iter().flat_map(|case| case.findings.clone()).collect();
    assert_eq!(told(&back.findings), told(&written));
    assert_eq!(back.problems, Vec::<String>::new());
    assert_eq!(back.unfinished, None);
    assert_eq!(back.findings[0].message, "<b>`{0}` %s");
}

#[test]
fn limits_hold_and_the_worst_are_kept() {
    let mut report = rich();
    let one = report.cases.pop().unwrap();
    report.cases.clear();
    for at in 0..26_000 {
        let severity = if at >= 25_990 { Severity::Critical } else { Severity::Low };
        let finding = finding("r", "a.py", at + 1, severity, "wrong");
        report.cases.push(Case { outcome: CaseOutcome::Remaining, findings: vec![finding], ..one.clone() });
    }
    for at in 0..30 {
        let finding =
            Finding { tool: format!("tool {at}"), ..finding("r", "a.py", 1, Severity::Low, "wrong") };
        report.cases.push(Case { outcome: CaseOutcome::Remaining, findings: vec![finding], ..one.clone() });
    }
    let log: Value = serde_json::from_str(&sarif(&report)).unwrap();
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 20);
    let results = runs[0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    assert_eq!(results.iter().filter(|one| one["level"] == "error").count(), 10);
    assert_eq!(runs[19]["results"].as_array().unwrap().len(), 12);
}

#[test]
fn a_run_that_knows_nothing_does_not_say_that_all_is_well() {
    let none = RunReport { cases: vec![], ..rich() };
    assert_eq!(log(&none)["runs"][0].get("results"), None);
    let done =
        RunReport { status: patchwork_core::run::RunStatus::Done, failure: None, exit_code: Some(0), ..none };
    assert_eq!(log(&done)["runs"][0]["results"], serde_json::json!([]));
}
