//! Reports as tools write them, and as they should not.

use std::collections::BTreeMap;

use patchwork_core::failure::Failure;
use patchwork_core::finding::Severity;
use patchwork_core::patch::{Edit, Patch};
use serde_json::{Value, json};

use super::*;

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
        read(log, resolve, |path, start, end| {
            let lines: Vec<_> = self.0.get(path)?.split_inclusive('\n').collect();
            let end = (end as usize).min(lines.len());
            Some(lines.get((start as usize).checked_sub(1)?..end)?.concat()).filter(|text| !text.is_empty())
        })
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
        (b"{\"runs\": [", "a.sarif is not JSON: EOF while parsing a list at line 1 column 10"),
        (b"<html>", "a.sarif is not JSON: expected value at line 1 column 1"),
        (b"\xff\xff{}", "a.sarif is not text in UTF-8 or UTF-16: expected a SARIF 2.1.0 report"),
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
    for bytes in [format!("\u{feff}{text}").into_bytes(), little, big] {
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
fn regions_come_out_whole_whatever_they_say() {
    for (region, expected) in [
        (json!(null), (1, 1)),
        (json!({}), (1, 1)),
        (json!({ "startLine": 2 }), (2, 2)),
        (json!({ "startLine": 0, "endLine": 0 }), (1, 1)),
        (json!({ "startLine": -3, "endLine": 2 }), (1, 2)),
        (json!({ "startLine": 3, "endLine": 2 }), (3, 3)),
        (json!({ "startLine": 2, "endLine": 4, "endColumn": 1 }), (2, 3)),
        (json!({ "startLine": 2, "endLine": 4, "endColumn": 2 }), (2, 4)),
        (json!({ "startLine": "2", "endLine": 3.0 }), (2, 3)),
        (json!({ "startLine": 1e30 }), (u32::MAX, u32::MAX)),
        (json!({ "charOffset": 5 }), (1, 1)),
    ] {
        let finding = one(json!({ "ruleId": "r", "locations": at("src/a.py", region.clone()) }));
        assert_eq!((finding.start_line, finding.end_line), expected, "{region}");
    }
}

#[test]
fn paths_in_every_spelling_lead_to_the_file_and_never_to_another() {
    let run = |artifact: Value, bases: Value| {
        json!({
            "originalUriBaseIds": bases,
            "results": [{ "ruleId": "r", "locations": [{ "physicalLocation": { "artifactLocation": artifact } }] }],
        })
    };
    let none = || json!({});
    for (artifact, bases, expected) in [
        (json!({ "uri": "src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "./src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "src\\a.py" }), none(), "src/a.py"),
        (json!({ "uri": "src/with%20space.py" }), none(), "src/with space.py"),
        (json!({ "uri": "src/with space.py" }), none(), "src/with space.py"),
        (json!({ "uri": "src/100%20.py" }), none(), "src/100%20.py"),
        (json!({ "uri": "src/%zz%2.py" }), none(), "src/%zz%2.py"),
        (json!({ "uri": "file:///repo/src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "FILE:/repo/src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "/repo/src/a.py" }), none(), "src/a.py"),
        (json!({ "uri": "src/a.py", "uriBaseId": "%SRCROOT%" }), none(), "src/a.py"),
        (json!({ "uri": "src/a.py", "uriBaseId": "ROOT" }), json!({ "ROOT": {} }), "src/a.py"),
        (
            json!({ "uri": "a.py", "uriBaseId": "S" }),
            json!({ "S": { "uri": "src/", "uriBaseId": "%SRCROOT%" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "a.py", "uriBaseId": "S" }),
            json!({ "S": { "uri": "src/", "uriBaseId": "S" } }),
            "src/src/src/src/src/src/src/src/a.py",
        ),
        // The machine that scanned had the sources elsewhere, and the report says where.
        (
            json!({ "uri": "src/a.py", "uriBaseId": "%SRCROOT%" }),
            json!({ "%SRCROOT%": { "uri": "file:///build/w/" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "file:///build/w/src/a.py" }),
            json!({ "%SRCROOT%": { "uri": "file:///build/w/" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "file:///C:/ci/src/a.py" }),
            json!({ "%SRCROOT%": { "uri": "file:///c:/CI/" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "C:\\ci\\src\\a.py" }),
            json!({ "%SRCROOT%": { "uri": "file:///C:/ci" } }),
            "src/a.py",
        ),
        (
            json!({ "uri": "src/a.py", "uriBaseId": "ROOTPATH" }),
            json!({ "ROOTPATH": { "uri": "file:///build/w/" } }),
            "src/a.py",
        ),
        // A root below the repository's is not taken for it, though a file of that name is there too.
        (
            json!({ "uri": "src/a.py", "uriBaseId": "%SRCROOT%" }),
            json!({ "%SRCROOT%": { "uri": "file:///repo/sub/" } }),
            "sub/src/a.py",
        ),
    ] {
        assert_eq!(path_of(run(artifact.clone(), bases)), Ok(expected.to_owned()), "{artifact}");
    }
    for (uri, bases) in [
        ("/etc/passwd", none()),
        ("file:///build/src/a.py", none()),
        ("C:/ci/src/a.py", none()),
        ("/build/../etc/passwd", json!({ "%SRCROOT%": { "uri": "file:///build/" } })),
        ("/buildings/src/a.py", json!({ "%SRCROOT%": { "uri": "file:///build" } })),
        ("/etc/passwd", json!({ "ROOTPATH": { "uri": "file:///" } })),
        ("/build/src/a.py", json!({ "BIN": { "uri": "file:///build/" } })),
        ("%2e%2e/%2e%2e/etc/passwd", none()),
        ("..\\..\\etc\\passwd", none()),
    ] {
        assert!(path_of(run(json!({ "uri": uri }), bases)).is_err(), "{uri}");
    }
}

#[test]
fn severity_is_found_wherever_a_tool_puts_it() {
    let severity = |result: Value, rules: Value| {
        let mut result = result;
        result["locations"] = at("src/a.py", json!({}));
        let log = json!({ "runs": [{
            "tool": { "driver": { "rules": rules }, "extensions": [{ "name": "more", "rules": [
                { "id": "x", "defaultConfiguration": { "level": "note" } },
            ] }] },
            "results": [result],
        }] });
        report(log).findings.remove(0).severity
    };
    let rule = |more: Value| {
        let mut rule = json!({ "id": "r" });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!([{ "id": "first", "defaultConfiguration": { "level": "note" } }, rule])
    };
    let level = |word: &str| rule(json!({ "defaultConfiguration": { "level": word } }));
    let score = |score: Value| rule(json!({ "properties": { "security-severity": score } }));
    for (result, rules, expected) in [
        (json!({ "ruleId": "r", "level": "error" }), level("note"), Severity::High),
        (json!({ "ruleId": "r" }), level("error"), Severity::High),
        (json!({ "ruleId": "r" }), level("critical"), Severity::Critical),
        (json!({ "ruleIndex": 1 }), level("error"), Severity::High),
        (json!({ "rule": { "index": 1 } }), level("error"), Severity::High),
        // An index that contradicts the id is wrong; the id is right.
        (json!({ "ruleId": "r", "ruleIndex": 0 }), level("error"), Severity::High),
        (json!({ "ruleId": "r/1" }), level("error"), Severity::High),
        (json!({ "ruleId": "x" }), json!(null), Severity::Info),
        (json!({ "rule": { "index": 0, "toolComponent": { "index": 0 } } }), json!([]), Severity::Info),
        (
            json!({ "rule": { "id": "x", "index": 0, "toolComponent": { "name": "more" } } }),
            json!([]),
            Severity::Info,
        ),
        (json!({ "ruleId": "r" }), score(json!("9.8")), Severity::Critical),
        (json!({ "ruleId": "r", "level": "note" }), score(json!(7.5)), Severity::High),
        (json!({ "ruleId": "r" }), score(json!("4.0")), Severity::Medium),
        (json!({ "ruleId": "r", "level": "error" }), score(json!("0.0")), Severity::High),
        (json!({ "ruleId": "r", "level": "error" }), score(json!("much")), Severity::High),
        (
            json!({ "ruleId": "r", "properties": { "security-severity": "1.0" } }),
            score(json!("9")),
            Severity::Low,
        ),
        (
            json!({ "ruleId": "r" }),
            rule(json!({ "properties": { "problem.severity": "error" } })),
            Severity::High,
        ),
        (json!({ "ruleId": "r", "properties": { "severity": "MEDIUM" } }), json!([]), Severity::Medium),
        (json!({ "ruleId": "r", "level": "none" }), level("error"), Severity::Unknown),
        // SARIF: what says nothing is a warning.
        (json!({ "ruleId": "nowhere" }), json!([]), Severity::Low),
        (json!({ "ruleId": "r", "level": "loud" }), json!([7, null]), Severity::Low),
    ] {
        assert_eq!(severity(result.clone(), rules.clone()), expected, "{result} {rules}");
    }
}

#[test]
fn what_a_report_calls_settled_is_left_out() {
    let settled = json!([
        { "suppressions": [{ "kind": "inSource" }] },
        { "suppressions": [{ "kind": "external", "status": "accepted" }] },
        { "baselineState": "absent" },
        { "kind": "pass" },
        { "kind": "notApplicable" },
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
    ] {
        let mut open = open;
        open["locations"] = at("src/a.py", json!({}));
        assert_eq!(report(log(json!([open]))).findings.len(), 1, "{open}");
    }
}

#[test]
fn messages_weaknesses_and_suggestions_are_gathered() {
    let log = json!({ "runs": [{
        "tool": { "driver": { "name": "CodeQL", "rules": [{
            "id": "r",
            "messageStrings": { "default": { "text": "{0} flows to {1}" } },
            "fullDescription": { "text": "Full." },
            "properties": { "tags": ["security", "external/cwe/cwe-079", "CWE-89: SQL"], "cwe": ["CWE-79", 20] },
            "relationships": [
                { "target": { "id": "611", "toolComponent": { "name": "CWE" } } },
                { "target": { "id": "A3", "toolComponent": { "name": "OWASP" } } },
            ],
        }] } },
        "results": [
            {
                "ruleId": "r", "message": { "id": "default", "arguments": ["input", "query"] },
                "locations": at("src/a.py", json!({ "startLine": 1 })),
                "fixes": [{ "description": { "text": " Escape it. " } }, {}, { "description": { "markdown": "Or `quote`" } }],
            },
            { "ruleId": "r", "message": {}, "locations": at("src/a.py", json!({ "startLine": 2 })) },
            { "ruleId": "r", "message": { "text": "x".repeat(9_000) }, "locations": at("src/a.py", json!({ "startLine": 3 })) },
            { "ruleId": "s", "locations": at("src/a.py", json!({ "startLine": 4 })) },
        ],
    }] });
    let report = report(log);
    let [first, second, third, fourth] = report.findings.as_slice() else { panic!("{report:?}") };
    assert_eq!(first.message, "input flows to query");
    assert_eq!(first.cwe, ["CWE-611", "CWE-79", "CWE-89", "CWE-20"]);
    assert_eq!(first.suggestions, ["Escape it.", "Or `quote`"]);
    assert_eq!(second.message, "Full.");
    assert!(third.message.chars().count() == 4_001 && third.message.ends_with('…'));
    assert_eq!(fourth.message, "s");
    assert_eq!(report.fixes, BTreeMap::new(), "fixes of other tools are words only");
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

#[test]
fn what_is_written_reads_back_with_its_fix() {
    let place = |line, columns: (u32, u32), text| ScanResult {
        path: "a b%.py".into(),
        start: (line, columns.0),
        end: (line, columns.1),
        rule: 0,
        message: "found".into(),
        fix: Some(("Do y.".into(), vec![replacement(line, columns, text)])),
    };
    let results = [place(1, (3, 4), "y"), place(1, (7, 8), "yy"), place(2, (1, 2), "")];
    let written = own(&results, &["b.py: is no text".into()]);
    let files = Files([("a b%.py", "é x 😀 x\nx\n")].into());
    let report = files.read(&written).unwrap();
    assert_eq!(report.problems, ["Patchwork rules: b.py: is no text"]);
    let [first, second, third] = report.findings.as_slice() else { panic!("{report:?}") };
    assert_eq!((first.path.as_str(), first.severity, first.start_line), ("a b%.py", Severity::High, 1));
    assert_eq!((&first.cwe, &first.suggestions), (&vec!["CWE-79".to_owned()], &vec!["Do y.".to_owned()]));
    let line_text = |_: &str, start: u32, _: u32| Some(["é x 😀 x\n", "x\n"][start as usize - 1].to_owned());
    let patch = patch_of([first, second, third].map(|f| &report.fixes[&f.fingerprint]), &line_text);
    let edit = |line: u32, text: &str| Edit {
        path: "a b%.py".into(),
        start_line: Some(line),
        end_line: Some(line + 1),
        replacement: text.into(),
    };
    assert_eq!(patch, Some(Patch { edits: vec![edit(0, "é y 😀 yy\n"), edit(1, "\n")] }));
}

#[test]
fn fixes_that_do_not_go_together_are_no_patch() {
    let fix = |replacement: Replacement| Fix { replacements: vec![replacement] };
    let line_text = |_: &str, _: u32, _: u32| Some("abcdef\n".to_owned());
    let over = [fix(replacement(1, (1, 4), "x")), fix(replacement(1, (3, 5), "y"))];
    assert_eq!(patch_of(&over, &line_text), None);
    let same = [fix(replacement(1, (1, 2), "x")), fix(replacement(1, (1, 2), "x"))];
    assert_eq!(patch_of(&same, &line_text).unwrap().edits[0].replacement, "xbcdef\n");
    for (line, columns) in [(0, (1, 1)), (1, (0, 1)), (1, (1, 99)), (1, (5, 2))] {
        assert_eq!(patch_of(&[fix(replacement(line, columns, ""))], &line_text), None, "{line} {columns:?}");
    }
    assert_eq!(patch_of(&[fix(replacement(1, (1, 2), ""))], &|_, _, _| None), None);
    assert_eq!(patch_of(&[], &line_text), None);
}

#[test]
fn fixes_are_taken_together_only_when_they_make_a_patch() {
    let text = "abcdefgh\nabcdefgh\n";
    let line_text = |_: &str, start: u32, end: u32| {
        Some(
            text.split_inclusive('\n')
                .skip(start as usize - 1)
                .take((end - start + 1) as usize)
                .collect::<String>(),
        )
    };
    let mut dice = Dice(11);
    for _ in 0..2_000 {
        let fixes: Vec<Fix> = (0..dice.roll(6))
            .map(|_| {
                let start = 1 + dice.roll(8) as u32;
                let end = start + dice.roll(3) as u32;
                let text = ["x", "y"][dice.roll(2)];
                Fix { replacements: vec![replacement(1 + dice.roll(2) as u32, (start, end.min(9)), text)] }
            })
            .collect();
        let mut together = Together::default();
        let chosen: Vec<&Fix> = fixes.iter().filter(|fix| together.take(fix)).collect();
        assert_eq!(chosen.is_empty(), fixes.is_empty());
        assert_eq!(patch_of(chosen.iter().copied(), &line_text).is_some(), !chosen.is_empty(), "{chosen:?}");
    }
}

/// A small source of random numbers: the same in each run, so that a failure can be repeated.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    /// Puts something else in the place of some values.
    fn shake(&mut self, value: &mut Value) {
        if self.roll(12) == 0 {
            let others = [
                json!(null),
                json!(-1),
                json!(1e300),
                json!(""),
                json!([]),
                json!({}),
                json!(true),
                json!("%"),
                json!([[]]),
                json!("é\u{0}"),
            ];
            *value = others[self.roll(others.len())].clone();
            return;
        }
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.shake(item)),
            Value::Object(map) => map.values_mut().for_each(|item| self.shake(item)),
            _ => {}
        }
    }
}

#[test]
fn a_shaken_report_is_read_without_a_crash() {
    let result = ScanResult {
        path: "src/a.py".into(),
        start: (1, 1),
        end: (2, 1),
        rule: 0,
        message: "m".into(),
        fix: Some(("f".into(), vec![replacement(1, (1, 2), "x")])),
    };
    let mut whole = own(&vec![result; 3], &["p".into()]);
    whole["runs"][0]["artifacts"] = json!([{ "location": { "uri": "src/a.py" } }]);
    whole["runs"][0]["originalUriBaseIds"] =
        json!({ "%SRCROOT%": { "uri": "file:///w/", "uriBaseId": "%SRCROOT%" } });
    let mut dice = Dice(7);
    let mut read = 0;
    for _ in 0..3_000 {
        let mut log = whole.clone();
        dice.shake(&mut log);
        if let Ok(report) = Files::new().read(&log) {
            read += 1;
            let line_text = |_: &str, _: u32, _: u32| Some("one\n".to_owned());
            let _ = patch_of(report.fixes.values(), &line_text);
        }
    }
    assert!(read > 1_000, "most of them are still reports: {read}");
}

#[test]
fn texts_without_end_are_cut() {
    let bomb = "{1}".repeat(2_000);
    let long = "x".repeat(100_000);
    let result = json!({
        "ruleId": long,
        "message": { "text": "{0}".repeat(2_000), "arguments": [bomb, "{2}".repeat(2_000), "{3}", long] },
        "fixes": vec![json!({ "description": { "text": long } }); 50],
        "locations": at("src/a.py", json!({})),
    });
    let far = json!({ "message": { "text": "m" }, "locations": at(&"a/".repeat(50_000), json!({})) });
    let report = report(json!({ "runs": [{ "results": [result, far] }] }));
    let finding = &report.findings[0];
    assert_eq!(finding.message.chars().count(), 4_001);
    assert_eq!(finding.rule.chars().count(), 201);
    assert_eq!(finding.suggestions.len(), 5);
    assert!(finding.suggestions.iter().all(|words| words.chars().count() == 4_001));
    assert_eq!(report.findings.len(), 1);
    assert!(report.problems[0].ends_with("its location has 100000 characters, which no path has"));
}
