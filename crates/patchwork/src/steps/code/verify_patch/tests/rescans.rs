//! What a scanner says of fixes: our own rules, which run anywhere.

use patchwork_core::evidence::Level;
use patchwork_core::port::scanner::ScanRequest;

use super::*;

async fn sarif(fixture: &Fixture) -> serde_json::Value {
    let ctx = fixture.test.context_for(&VerifyPatch);
    let (_, scanner) = crate::scanners::choose(&ctx, Choice::Rules, "").await.unwrap();
    scanner.scan(&ctx, &ScanRequest::default()).await.unwrap()
}

fn rescan(
    findings: Vec<AffectedCode>,
    responses: Vec<Answer>,
    base: Option<serde_json::Value>,
) -> VerifyPatchInput {
    VerifyPatchInput {
        findings,
        responses,
        rescan: true,
        scanner: Choice::Rules,
        sarif_values: base,
        ..VerifyPatchInput::default()
    }
}

#[tokio::test]
async fn a_finding_that_is_gone_is_evidence() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    for base in [Some(sarif(&fixture).await), None] {
        let fixture = Fixture::new(&[("app.py", APP)]).await;
        let answers = vec![fix(FIRST), fix(SECOND), fix(THIRD)];
        let out = fixture.verify(rescan(app_pieces(), answers, base)).await;
        assert_eq!(out.accepted.len(), 3, "{:?}", out.rejected);
        for fix in &out.accepted {
            assert_eq!(fix.evidence.level, Level::L2, "{:?}", fix.evidence);
            let names: Vec<&str> = fix.evidence.checks.iter().map(|check| check.name.as_str()).collect();
            assert_eq!(names, ["parses", "finding gone", "no new finding"]);
        }
    }
}

#[tokio::test]
async fn what_the_scan_speaks_against_is_taken_out_and_the_rest_stays() {
    let fixture = Fixture::new(&[("app.py", APP), ("b.py", APP)]).await;
    let still_there = "def first(data):\n    # Now it is safe.\n    value = eval(data)\n    return value\n";
    let new_one = "def second(data):\n    value = hashlib.sha256(eval(data))\n    return value\n";
    let mut findings = app_pieces();
    findings.push(piece(APP, "b.py", 2, 5, "python-eval"));
    let answers = vec![fix(still_there), fix(new_one), fix(THIRD), fix(still_there)];
    let base = Some(sarif(&fixture).await);
    let out = fixture.verify(rescan(findings, answers, base.clone())).await;
    assert_eq!(out.accepted.len(), 1, "{:?}", out.rejected);
    assert_eq!(out.accepted[0].patch.edits[0].replacement, THIRD);
    assert_eq!(
        reasons(&out),
        [
            "the finding is still there: python-eval in line 5",
            "it brings a new finding: python-eval in line 9",
            "the finding is still there: python-eval in line 5",
        ]
    );
    assert!(fixture.text("app.py").contains("safe_load"));
    assert!(!fixture.text("app.py").contains("Now it is safe"));
    assert_eq!(fixture.text("b.py"), APP, "a file without fixes is as it was");

    // The next round compares with the base as well, through the lines that moved.
    let answers = vec![fix(FIRST), fix(SECOND), fix(FIRST)];
    let next = next_round(out, answers);
    let next = VerifyPatchInput { rescan: true, scanner: Choice::Rules, sarif_values: base, ..next };
    let out = fixture.verify(next).await;
    assert_eq!((out.accepted.len(), out.pending.len()), (4, 0), "{:?}", out.rejected);
    assert!(out.accepted.iter().all(|fix| fix.evidence.level == Level::L2));
}

#[tokio::test]
async fn other_findings_in_the_lines_of_a_fix_may_stay() {
    let text =
        "import hashlib\ndef f(data):\n    a = hashlib.md5(data)\n    b = eval(data)\n    return a, b\n";
    let fixture = Fixture::new(&[("app.py", text)]).await;
    let base = Some(sarif(&fixture).await);
    let mut one = piece(text, "app.py", 1, 5, "python-weak-hash");
    one.findings[0].start_line = 3;
    let code = "def f(data):\n    a = hashlib.sha256(data)\n    b = eval(data)\n    return a, b\n";
    let out = fixture.verify(rescan(vec![one], vec![fix(code)], base.clone())).await;
    assert_eq!(out.accepted.len(), 1, "{:?}", out.rejected);
    assert_eq!(out.accepted[0].remaining_rules, ["python-eval"]);

    // It is known in later rounds too.
    let mut two = piece(&fixture.text("app.py"), "app.py", 0, 1, "imports");
    two.findings.clear();
    let next =
        VerifyPatchInput { findings: vec![two], ..next_round(out, vec![fix("import hashlib as hashlib\n")]) };
    let next = VerifyPatchInput { rescan: true, scanner: Choice::Rules, sarif_values: base, ..next };
    let out = fixture.verify(next).await;
    assert_eq!(out.accepted.len(), 2, "{:?}", out.rejected);
}

#[tokio::test]
async fn a_finding_that_the_scanner_does_not_know_stays_at_the_lower_level() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let foreign = piece(APP, "app.py", 2, 5, "rule-of-another-tool");
    let out = fixture.verify(rescan(vec![foreign], vec![fix(FIRST)], None)).await;
    assert_eq!(out.accepted[0].evidence.level, Level::L0);
    let gone = out.accepted[0].evidence.checks.iter().find(|check| check.name == "finding gone").unwrap();
    assert!(!gone.passed && gone.detail.contains("does not know"), "{gone:?}");
}

#[tokio::test]
async fn a_scan_that_fails_leaves_every_file_as_it_was() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let mut input = rescan(app_pieces(), vec![fix(FIRST)], None);
    // No such program on an empty PATH.
    input.scanner = Choice::Semgrep;
    let empty = fixture.path("no-such-folder");
    let fixture = fixture.with_path(&empty);
    let error = fixture.test.run(&VerifyPatch, input).await.unwrap_err();
    assert!(error.to_string().to_lowercase().contains("semgrep"), "{error}");
    assert_eq!(fixture.text("app.py"), APP);
}

/// A program in Semgrep's place: it finds `eval(`, and says what Semgrep says of a file that it can't parse when the
/// file holds `unreadable`.
#[cfg(unix)]
fn with_semgrep(fixture: Fixture, complaint: &str) -> Fixture {
    use std::os::unix::fs::PermissionsExt;
    let script = r#"#!/bin/sh
PATH=/usr/bin:/bin
out=
while [ "$1" != -- ]; do [ "$1" = --output ] && out=$2; shift; done
shift
notifications= results=
for file in "$@"; do
  grep -q unreadable "$file" && notifications="{\"level\":\"warning\",\"message\":{\"text\":\"COMPLAINT\\n code\"}}"
  line=$(grep -n 'eval(' "$file" | cut -d: -f1)
  [ -n "$line" ] && results="{\"ruleId\":\"python-eval\",\"message\":{\"text\":\"eval\"},\"locations\":[{\"physicalLocation\":{\"artifactLocation\":{\"uri\":\"$file\"},\"region\":{\"startLine\":$line}}}]}"
done
cat > "$out" <<END
{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"Semgrep OSS","semanticVersion":"1.2.3"}},
"invocations":[{"executionSuccessful":true,"toolExecutionNotifications":[$notifications]}],"results":[$results]}]}
END
"#;
    let bin = fixture.repo.beside("bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("semgrep"), script.replace("COMPLAINT", complaint)).unwrap();
    std::fs::set_permissions(bin.join("semgrep"), std::fs::Permissions::from_mode(0o755)).unwrap();
    fixture.with_path(&bin)
}

/// What becomes of a fix of `text` when Semgrep says `complaint` of files with the word `unreadable`.
#[cfg(unix)]
async fn fixed_under(text: &str, code: &str, complaint: &str) -> VerifyPatchOutput {
    let fixture = with_semgrep(Fixture::new(&[("app.py", text)]).await, complaint);
    let mut input = rescan(vec![piece(text, "app.py", 2, 5, "python-eval")], vec![fix(code)], None);
    input.scanner = Choice::Semgrep;
    input.semgrep_extra_args = "--config r.yml".into();
    fixture.verify(input).await
}

#[cfg(unix)]
#[tokio::test]
async fn a_file_that_the_scanner_can_no_longer_read_is_no_proof() {
    let unreadable = "def first(data):\n    value = int(data)  # unreadable\n    return value\n";
    let out = fixed_under(APP, unreadable, "Syntax error at line $file:1:").await;
    assert_eq!(out.accepted.len(), 0);
    assert_eq!(reasons(&out), ["Semgrep can't check the file with it: Syntax error at line app.py:1:"]);
    // Neither is one that it ran out of time for, which is not the fix's fault.
    let out = fixed_under(APP, unreadable, "Timeout at line $file:1:").await;
    assert_unproven(&out, "Timeout at line app.py:1:");
    // Nor one that it could not read before.
    let text = APP.replace("import", "# unreadable\nimport");
    let text = text.replacen("\n\n", "\n", 1);
    let out = fixed_under(&text, FIRST, "Syntax error at line $file:1:").await;
    assert_unproven(&out, "Syntax error at line app.py:1:");
    // A complaint about another file means nothing here.
    let out = fixed_under(APP, unreadable, "Syntax error at line other/$file:1: in $file-x").await;
    assert_eq!(out.accepted[0].evidence.level, Level::L2, "{:?}", out.accepted[0].evidence);
}

#[tokio::test]
async fn a_report_without_a_scan_is_no_proof() {
    let fixture = Fixture::new(&[("app.py", APP)]).await;
    let base = serde_json::json!({ "version": "2.1.0", "runs": [] });
    let out = fixture.verify(rescan(app_pieces(), vec![fix(FIRST)], Some(base))).await;
    assert_unproven(&out, "the report holds no run of a tool");
}

fn assert_unproven(out: &VerifyPatchOutput, why: &str) {
    let evidence = &out.accepted[0].evidence;
    assert_eq!(evidence.level, Level::L0, "{evidence:?}");
    for name in ["finding gone", "no new finding"] {
        let check = evidence.checks.iter().find(|check| check.name == name).unwrap();
        assert!(!check.passed && check.detail.ends_with(why), "{check:?}");
    }
}
