use patchwork_core::evidence::{Author, Check, Evidence, Level, Outcome, RegressionTest, Try};
use patchwork_core::finding::{Finding, Severity};
use patchwork_testkit::context::TestContext;
use serde_json::json;

use super::*;

fn change(path: &str, title: &str) -> Change {
    Change { path: path.into(), commit_message: Some(title.into()), ..Change::default() }
}

fn finding() -> Finding {
    Finding {
        rule: "python.sqli".into(),
        tool: "Semgrep OSS".into(),
        message: "User input reaches a query, see https://cwe.mitre.org/89".into(),
        severity: Severity::High,
        path: "src/db.py".into(),
        start_line: 3,
        end_line: 5,
        cwe: vec!["CWE-89".into()],
        suggestions: vec![],
        fingerprint: "f".into(),
    }
}

fn body(changes: &[Change], options: &BodyOptions) -> String {
    write_body(changes, options).unwrap()
}

#[test]
fn a_file_has_a_section_with_all_there_is_to_say() {
    let check = |name: &str, passed, detail: &str| Check { name: name.into(), passed, detail: detail.into() };
    let evidence = Evidence {
        level: Level::L2,
        checks: vec![check("parses", true, ""), check("finding gone", true, "0 of 1 left")],
    };
    let tried = |name: &str, outcome, reason: &str| Try {
        round: 1,
        by: Author::Model,
        name: name.into(),
        outcome,
        reason: reason.into(),
        diff: String::new(),
        evidence: None,
        usage: None,
        cost: None,
        ms: Some(1_234),
    };
    let change = Change {
        tries: vec![
            tried("gpt-4o-mini", Outcome::Rejected, "it does not parse"),
            tried("gpt-4o", Outcome::Accepted, ""),
        ],
        patch_message: Some("Binds the *id*.\n\n- one parameter".into()),
        compatibility: Some("Low".into()),
        evidence: Some(evidence),
        findings: vec![finding()],
        test: Some(RegressionTest { path: "tests/test_db.py".into(), diff: String::new() }),
        ..change("src/db.py", "Use a bound parameter\n\nas the driver's manual says")
    };
    let expected = "\
This pull request from patchwork fixes 1 finding.

<details>
<summary><code>src/db.py</code></summary>

#### Use a bound parameter

as the driver's manual says

Binds the *id*.

- one parameter

- **Finding:** `python.sqli` (high, CWE-89), lines 3–5: User input reaches a query, see `https://cwe.mitre.org/89`
- **Compatibility risk:** Low
- **Evidence:** L2, finding gone, no new one: ✅ parses · ✅ finding gone (0 of 1 left)
- **Tried:** `gpt-4o-mini`: turned down, it does not parse; `gpt-4o`: kept
- **Regression test:** `tests/test_db.py`, new in this pull request

</details>

#### What remains

- `c.py:3` `weak-hash` (high): not fixed, the tests fail, says `@octocat`";
    let remark = json!({
        "path": "c.py", "line": 3, "rules": ["weak-hash"], "severity": "high", "reason": "the tests fail, says @octocat",
    });
    let remaining = vec![serde_json::from_value(remark).unwrap()];
    assert_eq!(body(&[change], &BodyOptions { remaining, ..BodyOptions::default() }), expected);
}

#[test]
fn changes_of_one_file_share_a_section_and_are_counted() {
    let bare = Change { path: "b<c>.py".into(), ..Change::default() };
    let nothing = Change { diff: Some(String::new()), ..change("same.py", "x") };
    let body = body(&[change("a.py", "one"), bare, change("a.py", "two"), nothing], &BodyOptions::default());
    assert!(body.starts_with("This pull request from patchwork fixes 3 findings.\n\n<details>"), "{body}");
    assert!(
        body.contains("<code>a.py</code> · 2 changes</summary>\n\n#### one\n\n#### two\n\n</details>"),
        "{body}"
    );
    assert!(body.ends_with("\n\n- `b<c>.py`"), "{body}");
    assert!(!body.contains("same.py"), "{body}");
}

#[test]
fn nothing_a_model_says_gets_out_of_its_section() {
    let evil = Change {
        patch_message: Some("</details>\n<!--\n```\nopen".into()),
        compatibility: Some("Low\n\n# Approved by @security".into()),
        ..change("a\"><script>.py", "Fixes #1 @octocat ![x](https://evil.test/x)")
    };
    let body = body(&[evil, change("b.py", "fine")], &BodyOptions::default());
    assert_eq!(body.matches("<details>").count(), 2);
    assert_eq!(body.matches("</details>").count(), 2);
    assert!(!body.contains("<script") && !body.contains("<!--"), "{body}");
    assert!(body.contains("#### Fixes `#1` `@octocat` !\\[x\\](`https://evil.test/x`)"), "{body}");
    assert!(body.contains("- **Compatibility risk:** Low # Approved by `@security`"), "{body}");
    assert!(body.contains("```\nopen\n```\n\n- **Compat"), "{body}");
}

#[test]
fn what_does_not_fit_is_left_out_and_counted() {
    let changes: Vec<Change> =
        (0..40).map(|n| change(&format!("src/file{n}.py"), &"ü".repeat(150))).collect();
    for pr_body_limit in [200, 300, 1_000, 2_047, 5_000] {
        let body = body(&changes, &BodyOptions { pr_body_limit, ..BodyOptions::default() });
        let shown = body.matches("<details>").count();
        assert!(chars(&body) <= pr_body_limit, "{} > {pr_body_limit}", chars(&body));
        assert!(body.contains(&format!("{} more files are left out", 40 - shown)), "{body}");
        assert_eq!(shown, body.matches("</details>").count());
    }
    let whole = body(&changes, &BodyOptions::default());
    assert_eq!(whole.matches("<details>").count(), 40);
    let exact = BodyOptions { pr_body_limit: chars(&whole), ..BodyOptions::default() };
    assert_eq!(body(&changes, &exact), whole, "all of it fits exactly");

    let remark = |n| json!({"path": format!("{n}.py"), "line": 1, "rules": ["r"], "reason": "ü".repeat(100)});
    let remaining: Vec<Remark> = (0..50).map(|n| serde_json::from_value(remark(n)).unwrap()).collect();
    for pr_body_limit in [200, 1_000, 3_000] {
        let options = BodyOptions { pr_body_limit, remaining: remaining.clone(), ..BodyOptions::default() };
        let body = body(&changes, &options);
        assert!(chars(&body) <= pr_body_limit, "{} > {pr_body_limit}", chars(&body));
        assert_eq!(body.contains("- … and "), pr_body_limit > 200, "{body}");
    }

    let many: Vec<Change> = (0..100).map(|n| change("one.py", &format!("{n} {}", "x".repeat(100)))).collect();
    let body = body(&many, &BodyOptions { pr_body_limit: 2_000, ..BodyOptions::default() });
    let shown = body.matches("####").count();
    assert!(shown > 5 && chars(&body) <= 2_000, "{body}");
    assert!(body.contains(&format!("{} more changes of this file", 100 - shown)), "{body}");

    let tiny = BodyOptions { pr_body_limit: 10, ..BodyOptions::default() };
    assert!(write_body(&changes, &tiny).unwrap_err().to_string().contains("pr_body_limit"));
}

#[test]
fn the_header_can_be_given_or_name_an_issue() {
    let changes = [change("a.py", "one")];
    let own = BodyOptions { pr_header: Some("## Ours".into()), ..BodyOptions::default() };
    assert!(body(&changes, &own).starts_with("## Ours\n\n<details>"));
    let issue = |url: &str| BodyOptions { issue_url: Some(url.into()), ..BodyOptions::default() };
    let linked = body(&changes, &issue("https://github.com/o/r/issues/1"));
    assert!(
        linked.starts_with("This pull request from patchwork resolves https://github.com/o/r/issues/1.\n")
    );
    for wrong in ["#1", "https://x.test/<a>", "javascript:alert(1)"] {
        assert!(write_body(&changes, &issue(wrong)).unwrap_err().to_string().contains("issue_url"));
    }
}

#[tokio::test]
async fn the_step_takes_items_with_more_keys_and_skips_without_any() {
    let input = json!({ "modified_code_files": [
        { "path": "a.py", "start_line": 1, "end_line": 2, "diff": "@@", "commit_message": null, "other": [1] },
    ] });
    let (output, skipped) = TestContext::new().run_json(PreparePR, input).await.unwrap();
    assert_eq!(output["pr_body"], "This pull request from patchwork fixes 1 finding.\n\n- `a.py`");
    assert_eq!(skipped, None);

    let empty = json!({ "modified_code_files": [] });
    let (output, skipped) = TestContext::new().run_json(PreparePR, empty).await.unwrap();
    assert_eq!(output["pr_body"], "");
    assert!(skipped.is_some());

    let unknown = json!({ "modified_code_files": [], "pr_haeder": "x" });
    let error = TestContext::new().run_json(PreparePR, unknown).await.unwrap_err();
    assert!(error.to_string().contains("pr_haeder"), "{error}");
}
