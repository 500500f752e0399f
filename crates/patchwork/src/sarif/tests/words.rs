//! How bad a finding is, and what is said of it.

use std::collections::BTreeMap;

use patchwork_core::finding::Severity;
use serde_json::{Value, json};

use super::*;

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
