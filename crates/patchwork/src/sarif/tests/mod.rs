//! Reports as tools write them, and as they should not.

mod dice;
mod fixes;
mod hostile;
mod paths;
mod tools;
mod words;

use std::collections::BTreeMap;

use patchwork_core::failure::Failure;
use serde_json::{Value, json};

use super::*;
use crate::suppressions::{Place, Suppressed};

/// A repository in memory.
struct Files(BTreeMap<&'static str, &'static str>);

impl Files {
    fn new() -> Self {
        Self(
            [
                ("src/a.py", "one\ntwo\nthree\nfour\n"),
                ("src/with space.py", "one\n"),
                ("src/100%20.py", "one\n"),
                ("sub/src/a.py", "deep\n"),
            ]
            .into(),
        )
    }

    fn read(&self, log: &Value) -> Result<Report, SarifError> {
        read(log, self)
    }
}

impl super::Files for Files {
    fn resolve(&self, place: &str) -> Result<String, Failure> {
        resolve(place)
    }

    fn lines(&self, path: &str, start: u32, end: u32) -> Option<String> {
        let lines: Vec<_> = self.0.get(path)?.split_inclusive('\n').collect();
        let end = (end as usize).min(lines.len());
        Some(lines.get((start as usize).checked_sub(1)?..end)?.concat()).filter(|text| !text.is_empty())
    }

    fn ending_with(&self, name: &str) -> Vec<String> {
        let folded = name.to_lowercase();
        let is_it = |path: &&&str| format!("/{}", path.to_lowercase()).ends_with(&format!("/{folded}"));
        self.0.keys().filter(is_it).map(|path| (*path).to_owned()).collect()
    }
}

/// A checkout at `/repo`.
fn resolve(path: &str) -> Result<String, Failure> {
    let inside = path.strip_prefix("/repo/").unwrap_or(path);
    if inside.starts_with('/') || inside.contains("..") || inside.contains(':') {
        return Err(Failure::refused(format!("`{path}` is outside of the repository")));
    }
    Ok(inside.trim_start_matches("./").to_owned())
}

fn report(log: Value) -> Report {
    Files::new().read(&log).unwrap()
}

fn log(results: Value) -> Value {
    json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "T" } }, "results": results }] })
}

fn at(uri: &str, region: Value) -> Value {
    json!([{ "physicalLocation": { "artifactLocation": { "uri": uri }, "region": region } }])
}

fn one(result: Value) -> patchwork_core::finding::Finding {
    let mut report = report(log(json!([result])));
    assert_eq!(report.problems, [""; 0]);
    assert_eq!(report.findings.len(), 1);
    report.findings.remove(0)
}

fn path_of(run: Value) -> Result<String, Vec<String>> {
    let report = report(json!({ "runs": [run] }));
    report.findings.first().map(|finding| finding.path.clone()).ok_or(report.problems)
}

#[test]
fn what_is_no_report_is_never_clean() {
    for (bytes, expected) in [
        (&b""[..], "a.sarif is empty: expected a SARIF 2.1.0 report"),
        (b" \n", "a.sarif is empty: expected a SARIF 2.1.0 report"),
        (b"{}", "a.sarif is not a SARIF report: it is `{}`, expected an object with `runs`"),
        (b"[]", "a.sarif is not a SARIF report: expected an object with `runs`, found a list"),
        (b"{\"results\": []}", "a.sarif is not a SARIF report: it has `results` but no `runs`"),
        (b"{\"runs\": 3}", "a.sarif is not a SARIF report: expected a list in `runs`, found a number"),
        (
            b"{\"version\": \"1.0.0\", \"runs\": []}",
            "a.sarif is not a SARIF report: its `version` is \"1.0.0\", expected \"2.1.0\"",
        ),
        (
            b"{\"runs\": [",
            "a.sarif is not one JSON document: it breaks off in line 1, column 10, after 10 bytes: what wrote it did not come to its end",
        ),
        (
            b"{\"runs\": []}\n{\"runs\": []}",
            "a.sarif is not one JSON document: something else begins behind the report in line 2, column 1",
        ),
        (b"<html>", "a.sarif is not one JSON document: expected value at line 1 column 1"),
        (
            b"{\n\"\xe9\": 1}",
            "a.sarif is not text in UTF-8 or UTF-16 (byte 3, in line 2): expected a SARIF 2.1.0 report",
        ),
        (b"\xff\xfe\x00\xd8{", "a.sarif is not text in UTF-16: expected a SARIF 2.1.0 report"),
        (b"\x1f\x8b\x08", "a.sarif is compressed: unpack it: expected a SARIF 2.1.0 report"),
    ] {
        assert_eq!(parse(bytes, "a.sarif").unwrap_err().to_string(), expected);
    }
    assert!(Files::new().read(&json!({})).is_err());
}

#[test]
fn a_byte_order_mark_and_utf_16_are_understood() {
    let text = r#"{"runs":[]}"#;
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let little: Vec<u8> = [0xFEFF].iter().chain(&utf16).flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = [0xFEFF].iter().chain(&utf16).flat_map(|unit| unit.to_be_bytes()).collect();
    let bare: Vec<u8> = utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    for bytes in [format!("\u{feff}{text}").into_bytes(), little, big, bare] {
        assert_eq!(parse(&bytes, "a").unwrap(), json!({ "runs": [] }));
    }
}

#[test]
fn null_runs_and_results_are_problems_and_an_empty_list_is_none() {
    assert_eq!(report(json!({ "runs": null })).problems, ["`runs` is null: the tool did not scan"]);
    assert_eq!(report(log(Value::Null)).problems, ["T: `results` is null: the tool did not finish its scan"]);
    assert_eq!(report(json!({ "runs": [7] })).problems, ["SARIF: a run is not of SARIF's form"]);
    assert_eq!(report(log(json!([]))), Report { tool: "T".into(), ..Report::default() });
    assert_eq!(report(json!({ "runs": [{ "tool": null }] })), Report::default());
}

#[test]
fn one_bad_result_loses_no_other() {
    let fine = json!({ "ruleId": "r", "message": { "text": "m" }, "locations": at("src/a.py", json!({ "startLine": 2 })) });
    let with = |change: Value| {
        let mut result = fine.clone();
        result.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        result
    };
    let location =
        |artifact: Value| json!({ "locations": [{ "physicalLocation": { "artifactLocation": artifact } }] });
    let report = report(json!({ "runs": [{
        "tool": { "driver": { "name": "T" } },
        "artifacts": [{ "mimeType": "text/plain" }],
        "results": [
            with(json!({ "ruleIndex": 99 })),
            7,
            with(json!({ "locations": [] })),
            with(location(json!({ "index": 0 }))),
            with(location(json!({ "index": 5 }))),
            with(location(json!({ "index": -1 }))),
            with(location(json!({}))),
            with(location(json!({ "uri": "../../etc/passwd" }))),
            with(location(json!({ "uri": "https://example.com/a.py" }))),
            with(location(json!(null))),
            with(json!({ "locations": "here", "message": 3 })),
            with(json!({ "ruleId": 4, "message": null, "locations": at("src/a.py", json!({ "startLine": 3 })) })),
        ],
    }] }));
    let lines: Vec<_> = report.findings.iter().map(|f| (f.rule.as_str(), f.start_line)).collect();
    assert_eq!(lines, [("r", 2), ("unnamed-rule", 3)]);
    assert_eq!(
        report.problems,
        [
            "T: result 1 is not an object",
            "T: result 2 (r) has no location",
            "T: result 3 (r): its artifact has no location",
            "T: result 4 (r): its location is artifact 5, but the run lists 1",
            "T: result 5 (r): its location is artifact -1, but the run lists 1",
            "T: result 6 (r): its location names no file",
            "T: result 7 (r): `../../etc/passwd` is outside of the repository",
            "T: result 8 (r): `https://example.com/a.py` is not a file",
            "T: result 9 (r): its location names no file",
            "T: result 10 (r) has no location",
        ]
    );
}

#[test]
fn what_a_report_calls_settled_is_left_out() {
    let settled = json!([
        { "suppressions": [{ "kind": "inSource" }] },
        { "baselineState": "absent" },
        { "kind": "pass" },
        { "kind": "notApplicable" },
        { "kind": "informational" },
    ]);
    let settled = report(log(settled));
    assert_eq!((settled.findings.len(), settled.settled), (0, 5));
    assert_eq!(settled.problems, [""; 0]);
    for open in [
        json!({ "suppressions": [] }),
        json!({ "suppressions": null }),
        json!({ "suppressions": [{ "status": "rejected" }] }),
        json!({ "suppressions": [{ "status": "accepted" }, { "status": "underReview" }] }),
        json!({ "baselineState": "unchanged", "kind": "fail" }),
        json!({ "kind": "review" }),
    ] {
        let mut open = open;
        open["locations"] = at("src/a.py", json!({}));
        assert_eq!(report(log(json!([open]))).findings.len(), 1, "{open}");
    }
}

#[test]
fn what_a_report_calls_suppressed_is_told_with_its_reason() {
    let with = |suppressions: Value| json!({ "ruleId": "r", "suppressions": suppressions, "locations": at("src/a.py", json!({})) });
    for (suppressions, place, reason) in [
        (json!([{ "kind": "inSource", "justification": " by design " }]), Place::InSource, "by design"),
        (
            json!([{ "kind": "external", "status": "accepted" }]),
            Place::External,
            "T says so, without a reason",
        ),
        (
            json!([{ "kind": "inSource" }, { "kind": "external", "justification": "why" }]),
            Place::InSource,
            "why",
        ),
        (json!([{}]), Place::External, "T says so, without a reason"),
    ] {
        let report = report(log(json!([with(suppressions)])));
        assert_eq!(report.findings, []);
        let [(finding, suppressed)] = report.suppressed.as_slice() else { panic!("{report:?}") };
        assert_eq!(finding.rule, "r");
        assert_eq!(*suppressed, Suppressed { place, reason: reason.into() });
    }
    // What is suppressed does not change what the others are called.
    let open = json!({ "ruleId": "r", "locations": at("src/a.py", json!({ "startLine": 2 })) });
    let both = report(log(json!([with(json!([{}])), open])));
    assert_eq!(
        both.findings[0].fingerprint,
        report(log(json!([with(json!(null)), open]))).findings[1].fingerprint
    );
}

#[test]
fn what_stands_in_other_files_is_said_to_be_unread() {
    let mut run = log(json!([]));
    run["runs"][0]["externalPropertyFileReferences"] =
        json!({ "artifacts": [{ "location": { "uri": "a.json" } }] });
    let partly = report(run.clone());
    assert_eq!(partly.problems, ["T: its `artifacts` stand in other files, which are not read"]);
    assert_eq!(partly.unfinished, None);
    run["runs"][0]["externalPropertyFileReferences"] = json!({ "results": [] });
    assert!(report(run).unfinished.is_some());
    let mut inline = log(json!([]));
    inline["inlineExternalProperties"] = json!([{}]);
    assert!(report(inline).unfinished.is_some());
}

#[test]
fn errors_of_the_scan_are_problems() {
    let report = report(json!({ "runs": [{
        "tool": { "driver": { "name": "T" } },
        "invocations": [{
            "executionSuccessful": false,
            "toolExecutionNotifications": [
                { "level": "error", "message": { "text": "Syntax error" },
                  "locations": [{ "physicalLocation": { "artifactLocation": { "uri": "src/a.py" } } }] },
                { "level": "note", "message": { "text": "took long" } },
            ],
            "toolConfigurationNotifications": [{ "level": "error", "message": { "text": "bad rule" } }],
        }],
        "results": [],
    }] }));
    assert_eq!(report.problems, ["T: the scan did not succeed", "T: src/a.py: Syntax error", "T: bad rule"]);
}

#[test]
fn several_locations_are_several_findings_and_a_repeated_one_is_not() {
    let two = json!({ "ruleId": "r", "locations": [
        { "physicalLocation": { "artifactLocation": { "uri": "src/a.py" }, "region": { "startLine": 1 } } },
        { "physicalLocation": { "artifactLocation": { "uri": "/etc/passwd" } } },
        { "physicalLocation": { "artifactLocation": { "uri": "src/a.py" }, "region": { "startLine": 2 } } },
    ] });
    let report = report(log(json!([two, two])));
    assert_eq!(report.findings.iter().map(|f| f.start_line).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(report.problems.len(), 2);
}

#[test]
fn fingerprints_stay_when_code_moves_and_differ_when_it_does_not() {
    let prints = |rule: &str, text: &'static str, lines: &[(u32, u32)]| -> Vec<String> {
        let results: Vec<_> = lines
            .iter()
            .map(|(line, column)| {
                json!({ "ruleId": rule, "locations": at("f", json!({ "startLine": line, "startColumn": column })) })
            })
            .collect();
        let report = Files([("f", text)].into()).read(&log(json!(results))).unwrap();
        report.findings.into_iter().map(|f| f.fingerprint).collect()
    };
    let before = prints("rules.md5", "x = md5(a)\n", &[(1, 5)]);
    assert_eq!(before.first().map(String::len), Some(32));
    assert_eq!(
        before,
        prints("tmp.other.rules.md5", "\n\n   x  =  md5(a)\r\n", &[(3, 9)]),
        "moved, indented, other rule folder"
    );
    assert_ne!(before, prints("rules.sha1", "x = md5(a)\n", &[(1, 5)]));
    assert_ne!(before, prints("rules.md5", "x = md5(b)\n", &[(1, 5)]));
    let twice = prints("md5", "md5(a)\nz\nmd5(a); md5(a)\nmd5(a)\n", &[(4, 1), (1, 1)]);
    assert_ne!(twice[0], twice[1]);
    let reversed = prints("md5", "md5(a)\nz\nmd5(a); md5(a)\nmd5(a)\n", &[(1, 1), (4, 1)]);
    assert_eq!(
        [&twice[1], &twice[0]],
        [&reversed[0], &reversed[1]],
        "counted by place, not by order in the report"
    );
}

fn own(results: &[ScanResult], problems: &[String]) -> Value {
    let rules = [RuleText {
        id: "python-x".into(),
        summary: "X is bad.".into(),
        level: "error",
        score: Some(7.5),
        cwe: vec!["CWE-79".into()],
        url: Some("https://example.com".into()),
    }];
    write(&Tool { name: OWN_TOOL.into(), version: "1.0.0".into() }, &rules, results, problems)
}

fn replacement(line: u32, columns: (u32, u32), text: &str) -> Replacement {
    Replacement {
        path: "a b%.py".into(),
        start_line: line,
        start_column: columns.0,
        end_line: line,
        end_column: columns.1,
        text: text.into(),
    }
}
