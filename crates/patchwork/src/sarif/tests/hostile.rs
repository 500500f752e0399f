//! Reports that are meant to do harm, or broken on their way.

use serde_json::json;

use super::dice::Dice;
use super::*;

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
    assert!(report.problems[0].ends_with("its location has more than 12288 characters, which no path has"));
}
