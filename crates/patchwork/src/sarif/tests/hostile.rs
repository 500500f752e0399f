//! Reports that are meant to do harm, or broken on their way.

use proptest::prelude::*;
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
        suppressed: None,
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

/// The reports of real tools.
const REAL: [&[u8]; 12] = [
    include_bytes!("../fixtures/bandit.sarif"),
    include_bytes!("../fixtures/checkov.sarif"),
    include_bytes!("../fixtures/codeql.sarif"),
    include_bytes!("../fixtures/eslint.sarif"),
    include_bytes!("../fixtures/gosec.sarif"),
    include_bytes!("../fixtures/msvc.sarif"),
    include_bytes!("../fixtures/semgrep.sarif"),
    include_bytes!("../fixtures/snyk.sarif"),
    include_bytes!("../fixtures/sonar-generic.json"),
    include_bytes!("../fixtures/sonarqube.json"),
    include_bytes!("../fixtures/spotbugs.sarif"),
    include_bytes!("../fixtures/trivy.sarif"),
];

/// Reads whatever it is, and looks at what must hold of every report.
fn read_all(bytes: &[u8]) {
    let Ok(log) = parse(bytes, "report") else { return };
    let report = Files::new().read(&log).expect("what was parsed is a report");
    for finding in &report.findings {
        assert!(finding.start_line >= 1 && finding.start_line <= finding.end_line, "{finding:?}");
        assert!(!finding.path.starts_with('/') && !finding.path.contains(".."), "{finding:?}");
    }
    assert_eq!(slimmed(log.clone(), "report").unwrap(), log);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_real_report_with_bytes_changed_is_read_or_refused(
        which in 0..REAL.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        whole in any::<bool>(),
    ) {
        let mut bytes = REAL[which].to_vec();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if !whole {
            bytes.truncate(cut.index(bytes.len()));
        }
        read_all(&bytes);
    }

    #[test]
    fn a_real_report_with_a_part_put_elsewhere_is_read_or_refused(
        which in 0..REAL.len(),
        from in 0..REAL.len(),
        places in any::<[prop::sample::Index; 3]>(),
    ) {
        let (report, other) = (REAL[which], REAL[from]);
        let mut part = [places[0].index(other.len()), places[1].index(other.len())];
        part.sort_unstable();
        let at = places[2].index(report.len());
        read_all(&[&report[..at], &other[part[0]..part[1]], &report[at..]].concat());
    }

    #[test]
    fn a_real_report_with_values_changed_is_read(which in 0..REAL.len(), seed in any::<u64>()) {
        let text = String::from_utf8_lossy(REAL[which]);
        let mut log = serde_json::from_str(text.trim_start_matches('\u{feff}')).unwrap();
        Dice(seed).shake(&mut log);
        read_all(log.to_string().as_bytes());
    }
}

#[test]
fn what_is_nested_without_end_is_skipped_or_refused() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    // Where nobody looks it does no harm.
    let aside = format!("{{\"runs\":[],\"x\":{}}}", deep("[", "]"));
    assert_eq!(parse(aside.as_bytes(), "a").unwrap(), json!({ "runs": [] }));
    let aside = format!("{{\"runs\":[{{\"results\":{}}}]}}", deep("[", "]"));
    let log = parse(aside.as_bytes(), "a").unwrap();
    assert_eq!(report(log).problems, ["SARIF: result 0 is not an object"]);
    assert!(parse(deep("{\"runs\":[", "]}").as_bytes(), "a").is_ok_and(|log| log["runs"][0].is_object()));
    assert!(parse(deep("[", "]").as_bytes(), "a").is_err());
}

#[test]
fn a_list_without_end_is_refused() {
    let results = vec!["{}"; 200_001].join(",");
    let error = parse(format!("{{\"runs\":[{{\"results\":[{results}]}}]}}").as_bytes(), "a").unwrap_err();
    assert!(
        error.to_string().starts_with("a is not a SARIF report: a list in it has more than 200000 items"),
        "{error}"
    );
}

#[test]
fn numbers_without_bounds_are_no_lines() {
    let number = "9".repeat(300);
    let text = format!(
        "{{\"runs\":[{{\"results\":[{{\"ruleId\":\"r\",\"locations\":[{{\"physicalLocation\":{{\"artifactLocation\":{{\"uri\":\"src/a.py\"}},\"region\":{{\"startLine\":{number}}}}}}}]}}]}}]}}"
    );
    assert_eq!(report(parse(text.as_bytes(), "a").unwrap()).findings[0].start_line, u32::MAX);
}
