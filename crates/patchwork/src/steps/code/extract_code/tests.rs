//! Pieces of real files in a real worktree.

use patchwork_core::step::Step;
use patchwork_testkit::repo::TestRepo;
use serde_json::{Value, json};

use super::{ExtractCode, ExtractCodeOutput};
use crate::affected::AffectedCode;
use crate::steps::scan::fixture::Fixture;
use crate::steps::scan::scan_rules::ScanRules;

const TWO_FUNCTIONS: &str = "import os\n\ndef first(a):\n    os.system(a)\n    return eval(a)\n\ndef second(b):\n    return eval(b)\n";

fn result(path: &str, start: u32, end: u32, more: Value) -> Value {
    let mut result = json!({
        "ruleId": "r",
        "message": { "text": format!("wrong in {start}") },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": path },
            "region": { "startLine": start, "endLine": end },
        } }],
    });
    result.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    result
}

fn at(path: &str, line: u32) -> Value {
    result(path, line, line, json!({}))
}

fn log(results: &[Value]) -> Value {
    json!({ "version": "2.1.0", "runs": [{ "tool": { "driver": { "name": "T" } }, "results": results }] })
}

async fn extract(fixture: &Fixture, results: &[Value], more: Value) -> (ExtractCodeOutput, Option<String>) {
    let mut input = json!({ "sarif_values": log(results) });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let ctx = fixture.test.context_for(&ExtractCode);
    let output = ExtractCode.run(&ctx, serde_json::from_value(input).unwrap()).await.unwrap();
    (output, ctx.skip_reason())
}

fn spans(pieces: &[AffectedCode]) -> Vec<(&str, u32, u32, &str, usize)> {
    pieces
        .iter()
        .map(|p| (p.uri.as_str(), p.start_line, p.end_line, p.unit.as_str(), p.findings.len()))
        .collect()
}

#[tokio::test]
async fn the_smallest_unit_with_all_its_findings() {
    let fixture = Fixture::new(&[("src/a.py", TWO_FUNCTIONS)]).await;
    let fixes = json!({ "fixes": [{ "description": { "text": "Do this" } }, { "description": { "text": "Or that" } }] });
    let results = [at("src/a.py", 8), at("src/a.py", 4), result("src/a.py", 5, 5, fixes)];
    let (output, skipped) = extract(&fixture, &results, json!({})).await;
    assert_eq!(skipped, None);
    assert_eq!(
        spans(&output.files_to_patch),
        [("src/a.py", 2, 5, "function", 2), ("src/a.py", 6, 8, "function", 1)]
    );
    let first = &output.files_to_patch[0];
    assert_eq!(first.affected_code, "def first(a):\n    os.system(a)\n    return eval(a)\n");
    assert_eq!(
        first.message_text,
        "Issue Description: wrong in 4\n\nIssue Description: wrong in 5\nSuggested fixes:\n- Do this\n- Or that"
    );
    assert_eq!((first.language.as_str(), first.fix.is_none()), ("Python", true));
}

#[tokio::test]
async fn a_report_as_text_with_a_byte_order_mark_is_read_and_another_thing_is_not() {
    let fixture = Fixture::new(&[("a.py", TWO_FUNCTIONS)]).await;
    let text = format!("\u{feff}{}", log(&[at("a.py", 8)]));
    let (output, _) = extract(&fixture, &[], json!({ "sarif_values": text })).await;
    assert_eq!(output.counts.taken, 1);
    for wrong in [json!({}), json!("{}"), json!("nonsense")] {
        let error = fixture.test.run_json(ExtractCode, json!({ "sarif_values": wrong })).await.unwrap_err();
        let failure = error.into_failure();
        assert!(failure.message.starts_with("`sarif_values` is not"), "{failure}");
        assert_eq!(failure.exit_code(), 3);
    }
    let wrong = json!({ "sarif_values": log(&[]), "severity": "dreadful" });
    let error = fixture.test.run_json(ExtractCode, wrong).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`severity`: `dreadful` is no severity: expected unknown, info, low, medium, high or critical"
    );
    let error = fixture.test.run_json(ExtractCode, json!({ "sarif_values": 3 })).await.unwrap_err();
    assert!(
        error.to_string().contains("sarif_values") && error.to_string().contains("expected a SARIF report"),
        "{error}"
    );
}

#[tokio::test]
async fn severity_filters_in_any_case_and_the_limit_takes_the_worst() {
    let code: String = (0..6).map(|i| format!("def f{i}(x):\n    return eval(x)\n\n")).collect();
    let fixture = Fixture::new(&[("a.py", &code)]).await;
    let levels = ["note", "error", "warning", "critical", "none", "error"];
    let results: Vec<_> = (0..6)
        .zip(levels)
        .map(|(i, level)| result("a.py", i * 3 + 2, i * 3 + 2, json!({ "level": level })))
        .collect();
    for (options, expected) in [
        (json!({ "severity": "HIGH" }), vec![2, 4, 6]),
        (json!({ "severity": "Warning" }), vec![2, 3, 4, 6]),
        (json!({ "vulnerability_limit": 0 }), vec![1, 2, 3, 4, 5, 6]),
        (json!({ "vulnerability_limit": -1 }), vec![1, 2, 3, 4, 5, 6]),
        (json!({ "vulnerability_limit": 2 }), vec![2, 4]),
        (json!({ "vulnerability_limit": 4 }), vec![2, 3, 4, 6]),
    ] {
        let (output, _) = extract(&fixture, &results, options.clone()).await;
        let functions: Vec<_> = output.files_to_patch.iter().map(|p| p.start_line / 3 + 1).collect();
        assert_eq!(functions, expected, "{options}");
        let counts = output.counts;
        let sum =
            counts.below_severity + counts.beyond_limit + counts.unreadable + counts.taken + counts.waiting;
        assert_eq!((counts.found, sum), (6, 6), "{options}");
    }
    let (_, skipped) = extract(&fixture, &results[..1], json!({ "severity": "high" })).await;
    assert_eq!(skipped.unwrap(), "none of 1 findings taken: 1 below severity high");
}

#[tokio::test]
async fn the_limit_counts_what_can_be_taken() {
    let fixture = Fixture::new(&[("a.py", TWO_FUNCTIONS)]).await;
    let results = [at("gone.py", 1), at("a.py", 900), at("a.py", 8)];
    let (output, _) = extract(&fixture, &results, json!({ "vulnerability_limit": 1 })).await;
    assert_eq!((output.counts.taken, output.counts.unreadable), (1, 2));
}

#[tokio::test]
async fn what_must_not_or_can_not_be_read_is_told_and_never_sent_on() {
    let repo = TestRepo::new();
    repo.write("a.py", TWO_FUNCTIONS);
    repo.write("binary.py", b"x = 1\0\0\n");
    repo.write("folder/b.py", "x = 1\n");
    repo.write("empty.py", "");
    let secret = repo.beside("secret.py");
    std::fs::write(&secret, "password = 1\n").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&secret, repo.path("link.py")).unwrap();
    repo.commit("first");
    let fixture = Fixture::of(repo).await;
    let outside = secret.to_string_lossy().into_owned();
    let paths = [
        "../secret.py",
        &outside,
        "/etc/passwd",
        ".git/config",
        ".GIT/config",
        "folder",
        "binary.py",
        "gone.py",
        "empty.py",
        #[cfg(unix)]
        "link.py",
    ];
    let results: Vec<_> = paths.iter().map(|path| at(path, 1)).collect();
    let (output, skipped) = extract(&fixture, &results, json!({})).await;
    assert_eq!(output.files_to_patch, []);
    assert_eq!(output.problems.len() + output.skipped.len(), paths.len(), "{output:?}");
    let told = fixture.test.warnings();
    assert_eq!(told.len(), paths.len());
    for path in ["../secret.py", "/etc/passwd", ".git", "folder", "binary.py", "gone.py", "empty.py"] {
        assert!(told.iter().any(|warning| warning.contains(path)), "{path}: {told:?}");
    }
    let words = skipped.unwrap();
    assert!(words.starts_with("none of ") || words.starts_with("no usable"), "{words}");
    assert!(!format!("{output:?}").contains("password"));
}

#[tokio::test]
async fn clean_is_said_only_of_a_clean_report() {
    let fixture = Fixture::new(&[("a.py", TWO_FUNCTIONS)]).await;
    let (_, skipped) = extract(&fixture, &[], json!({})).await;
    assert_eq!(skipped.unwrap(), "the scanner found nothing");
    let (_, skipped) = extract(&fixture, &[json!({ "ruleId": "r" })], json!({})).await;
    assert_eq!(skipped.unwrap(), "no usable finding; the report has a problem, see the warning");
    let (_, skipped) = extract(&fixture, &[at("a.py", 99), at("a.py", 98)], json!({})).await;
    assert_eq!(skipped.unwrap(), "none of 2 findings taken: 2 in code that can't be read");
}

#[tokio::test]
async fn a_thousand_problems_are_not_a_thousand_warnings() {
    let fixture = Fixture::new(&[("a.py", TWO_FUNCTIONS)]).await;
    let results = vec![json!({ "ruleId": "r" }); 1_000];
    let (output, _) = extract(&fixture, &results, json!({})).await;
    assert_eq!(output.problems.len(), 1_000);
    let told = fixture.test.warnings();
    assert_eq!((told.len(), told.last().unwrap().as_str()), (21, "… and 980 more problems with the report"));
}

#[tokio::test]
async fn other_line_ends_and_encodings_keep_their_lines() {
    let repo = TestRepo::new();
    repo.write("crlf.py", TWO_FUNCTIONS.replace('\n', "\r\n"));
    repo.write("bom.py", format!("\u{feff}{TWO_FUNCTIONS}"));
    repo.write("latin.py", b"# caf\xe9\ndef f(x):\n    return eval(x)\n");
    repo.write("feed.py", "a = 1\n\u{c}\ndef f(x):\n    return eval(x)\n");
    repo.commit("first");
    let fixture = Fixture::of(repo).await;
    let results = [at("crlf.py", 8), at("bom.py", 8), at("latin.py", 3), at("feed.py", 4)];
    let (output, _) = extract(&fixture, &results, json!({})).await;
    let code: Vec<_> =
        output.files_to_patch.iter().map(|p| (p.uri.as_str(), p.affected_code.as_str())).collect();
    let second = "def second(b):\n    return eval(b)\n";
    let f = "def f(x):\n    return eval(x)\n";
    assert_eq!(code, [("bom.py", second), ("crlf.py", second), ("feed.py", f), ("latin.py", f)]);
}

/// No two pieces of a file share a line, each holds its findings' lines, and no finding is lost or doubled.
fn assert_apart(pieces: &[AffectedCode], findings: usize) {
    for pair in pieces.windows(2) {
        let apart = pair[0].uri != pair[1].uri || pair[0].end_line <= pair[1].start_line;
        assert!(apart, "{:?}", spans(pieces));
    }
    for piece in pieces {
        assert!(piece.start_line < piece.end_line);
        assert_eq!(piece.affected_code.lines().count() as u32, piece.end_line - piece.start_line);
        for finding in &piece.findings {
            assert!(
                piece.start_line < finding.start_line && finding.end_line <= piece.end_line,
                "{:?}",
                spans(pieces)
            );
        }
    }
    assert_eq!(pieces.iter().map(|p| p.findings.len()).sum::<usize>(), findings);
}

#[tokio::test]
async fn pieces_never_overlap_whatever_their_size() {
    let methods: String = (0..12)
        .map(|i| format!("    def m{i}(self, x):\n        y = x + {i}\n        return eval(y)\n\n"))
        .collect();
    let code =
        format!("class Big:\n    z = eval('1')\n\n{methods}\nvalue = [\n{}]\n", "    eval(z),\n".repeat(60));
    let fixture = Fixture::new(&[("a.py", &code), ("a.txt", &code)]).await;
    let lines = code.lines().count() as u32;
    for path in ["a.py", "a.txt"] {
        for size in [0, 5, 40, 150, 400, 4_000] {
            for step in [1, 3, 7, 20] {
                let mut results: Vec<_> = (1..=lines).step_by(step).map(|line| at(path, line)).collect();
                results.push(result(path, 2, lines / 2, json!({ "ruleId": "long" })));
                let count = results.len();
                let options = json!({ "context_size": size, "vulnerability_limit": 0 });
                let (output, _) = extract(&fixture, &results, options).await;
                assert_apart(&output.files_to_patch, count);
            }
        }
    }
}

#[tokio::test]
async fn a_nested_piece_joins_the_one_around_it() {
    let code = "class A:\n    x = eval('1')\n\n    def m(self):\n        return eval(self.x)\n";
    let fixture = Fixture::new(&[("a.py", code)]).await;
    let (output, _) = extract(&fixture, &[at("a.py", 5), at("a.py", 2)], json!({})).await;
    assert_eq!(spans(&output.files_to_patch), [("a.py", 0, 5, "class", 2)]);
    // Too large together: each on its own.
    let (output, _) = extract(&fixture, &[at("a.py", 5), at("a.py", 2)], json!({ "context_size": 22 })).await;
    assert_apart(&output.files_to_patch, 2);
    assert_eq!(output.files_to_patch.len(), 2);
}

#[tokio::test]
async fn fixes_of_our_rules_come_along_and_what_shares_their_lines_waits() {
    let code = "import yaml, ssl\n\ndef f(t):\n    a = yaml.load(t); b = yaml.load(t)\n    c = ssl._create_unverified_context()\n    return eval(a)\n\ndef g(x):\n    return eval(x)\n";
    let fixture = Fixture::new(&[("a.py", code)]).await;
    let (report, _) = fixture.test.run_json(ScanRules, json!({})).await.unwrap();
    let input = json!({ "sarif_values": report["sarif_values"] });
    let output = fixture.test.run(&ExtractCode, serde_json::from_value(input).unwrap()).await.unwrap();
    assert_eq!(spans(&output.files_to_patch), [("a.py", 2, 6, "function", 3), ("a.py", 7, 9, "function", 1)]);
    assert_eq!(spans(&output.waiting), [("a.py", 2, 6, "function", 1)]);
    assert_eq!(output.waiting[0].findings[0].rule, "python-eval");
    let edits: Vec<_> = output.files_to_patch[0]
        .fix
        .as_ref()
        .unwrap()
        .edits
        .iter()
        .map(|e| (e.start_line.unwrap(), e.end_line.unwrap(), e.replacement.as_str()))
        .collect();
    assert_eq!(
        edits,
        [
            (3, 4, "    a = yaml.safe_load(t); b = yaml.safe_load(t)\n"),
            (4, 5, "    c = ssl.create_default_context()\n"),
        ]
    );
    assert!(output.files_to_patch[1].fix.is_none());
    assert_eq!((output.counts.taken, output.counts.waiting), (4, 1));
}

#[tokio::test]
async fn secrets_in_the_code_have_placeholders_in_the_same_lines() {
    let code = "import os\n\nNAME = 'shop'\n\ndef send(a):\n    key = 'value-of-the-run-1'\n    other = 'value-of-the-run-2'\n    os.system(a + key)\n    return eval(other)\n";
    let mut fixture = Fixture::new(&[("a.py", code), ("b.py", TWO_FUNCTIONS)]).await;
    fixture.test =
        fixture.test.secret("one_api_key", "value-of-the-run-1").secret("two", "value-of-the-run-2");
    let (output, _) = extract(&fixture, &[at("a.py", 8), at("b.py", 8)], json!({})).await;
    let [piece, plain] = &output.files_to_patch[..] else { panic!("{output:?}") };
    assert_eq!(
        piece.affected_code,
        "def send(a):\n    key = 'PATCHWORK_MASKED_ONE_API_KEY'\n    other = 'PATCHWORK_MASKED_TWO'\n    os.system(a + key)\n    return eval(other)\n"
    );
    assert!(piece.message_text.contains("stand for secrets") && !plain.message_text.contains("secrets"));
    let told = "2 secrets in a.py are masked in prompts: change them where they are used";
    assert_eq!(fixture.test.warnings(), [told]);
}

#[tokio::test]
async fn the_way_to_a_finding_goes_into_the_prompt() {
    let fixture = Fixture::new(&[("a.py", TWO_FUNCTIONS)]).await;
    let step = |line: u32, words: &str| {
        let mut location = at("a.py", line)["locations"][0].clone();
        location["message"] = json!({ "text": words });
        json!({ "location": location })
    };
    let flow =
        json!({ "codeFlows": [{ "threadFlows": [{ "locations": [step(3, "a"), step(5, "eval(a)")] }] }] });
    let (output, _) = extract(&fixture, &[result("a.py", 5, 5, flow)], json!({})).await;
    assert_eq!(
        output.files_to_patch[0].message_text,
        "Issue Description: wrong in 5\nThe way to it:\n- a.py:3 a\n- a.py:5 eval(a)"
    );
}

#[tokio::test]
async fn what_is_suppressed_is_told_and_not_taken() {
    let code = "import os\n\ndef first(a):\n    os.system(a)  # patchwork:ignore r the names are ours\n    return eval(a)\n\n# patchwork:ignore r\n# patchwork:ignore gone by mistake\ndef second(b):\n    return eval(b)\n";
    let fixture = Fixture::new(&[("a.py", code), ("gen/b.py", TWO_FUNCTIONS)]).await;
    let by_report = json!({ "suppressions": [{ "kind": "inSource", "justification": "nosec" }] });
    let results =
        [at("a.py", 4), at("a.py", 5), at("a.py", 9), at("gen/b.py", 5), result("a.py", 10, 10, by_report)];
    let options = json!({ "suppressions": [
        { "rule": "*", "path": "gen/", "reason": "generated" },
        { "rule": "r", "path": "old/**", "reason": "gone" },
    ] });
    let (output, skipped) = extract(&fixture, &results, options.clone()).await;
    assert_eq!(skipped, None);
    assert_eq!(
        spans(&output.files_to_patch),
        [("a.py", 2, 5, "function", 1), ("a.py", 8, 10, "function", 1)]
    );
    let told: Vec<_> = output
        .suppressed
        .iter()
        .map(|s| (s.finding.path.as_str(), s.finding.start_line, s.place.as_str(), s.reason.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("a.py", 4, "inSource", "the names are ours"),
            ("a.py", 10, "inSource", "nosec"),
            ("gen/b.py", 5, "external", "generated"),
        ]
    );
    assert_eq!((output.counts.found, output.counts.suppressed, output.counts.taken), (5, 3, 2));
    assert_eq!(
        fixture.test.warnings(),
        ["a.py:7: `patchwork:ignore` of `r` gives no reason, so it does not count: write why after the rule"]
    );
    assert_eq!(
        fixture.test.notes(),
        [
            "a.py:8: nothing is found that `patchwork:ignore gone` could suppress",
            "nothing is found that the suppression of `r` in `old/**` is about",
            "3 findings are suppressed",
        ]
    );
    let (_, skipped) = extract(&fixture, &[at("a.py", 4), at("gen/b.py", 5)], options).await;
    assert_eq!(skipped.unwrap(), "none of 2 findings taken: 2 suppressed");
    let wrong =
        json!({ "sarif_values": log(&[]), "suppressions": [{ "rule": "r", "path": "**", "reason": "" }] });
    let failure = fixture.test.run_json(ExtractCode, wrong).await.unwrap_err().into_failure();
    assert_eq!(
        (failure.exit_code(), failure.message.as_str()),
        (3, "`suppressions` item 1: `reason` is empty: expected why the findings are left as they are")
    );
}

#[tokio::test]
async fn our_own_report_says_itself_what_a_comment_suppresses() {
    let code = "import ssl\n\na = ssl._create_unverified_context()  # patchwork:ignore python-* the server is ours\nb = ssl._create_unverified_context()\n";
    let fixture = Fixture::new(&[("a.py", code)]).await;
    let (report, _) = fixture.test.run_json(ScanRules, json!({})).await.unwrap();
    let results = report["sarif_values"]["runs"][0]["results"].as_array().unwrap();
    let said: Vec<&Value> =
        results.iter().map(|result| &result["suppressions"][0]["justification"]).collect();
    assert_eq!(said, [&json!("the server is ours"), &Value::Null]);
    let input = json!({ "sarif_values": report["sarif_values"] });
    let output = fixture.test.run(&ExtractCode, serde_json::from_value(input).unwrap()).await.unwrap();
    assert_eq!((output.counts.suppressed, output.counts.taken), (1, 1));
    assert_eq!(output.suppressed[0].reason, "the server is ours");
    assert_eq!(fixture.test.notes(), ["1 finding is suppressed"]);
}
