//! A run with one of everything.

use patchwork_core::engine::Totals;
use patchwork_core::evidence::{Author, Check, Evidence, Level, Outcome, RegressionTest, Try};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::finding::{Finding, Severity};
use patchwork_core::patch::{Edit, Patch};
use patchwork_core::port::trial::Isolation;
use patchwork_core::run::RunStatus;
use patchwork_core::usage::{MicroUsd, Usage};

use crate::report::{
    Base, Case, CaseOutcome, Counts, ModelUse, NodeReport, NodeState, Proof, Published, Repository,
    RunReport, VERSION,
};
use crate::suppressions::Place;

pub(super) const DIFF: &str = "\
--- a/shop/accounts.py
+++ b/shop/accounts.py
@@ -18,7 +18,7 @@ def find_account(connection, name):
     \"\"\"The account of a customer, by name.\"\"\"
     cursor = connection.cursor()
-    cursor.execute(\"SELECT id, name, balance FROM accounts WHERE name = '%s'\" % name)
+    cursor.execute(\"SELECT id, name, balance FROM accounts WHERE name = ?\", (name,))
     row = cursor.fetchone()
     if row is None:
         return None
";

pub(super) fn finding(rule: &str, path: &str, line: u32, severity: Severity, message: &str) -> Finding {
    Finding {
        rule: rule.into(),
        tool: "Semgrep OSS".into(),
        message: message.into(),
        severity,
        path: path.into(),
        start_line: line,
        end_line: line,
        cwe: vec!["CWE-89".into()],
        suggestions: vec![],
        fingerprint: format!("{line:0>32}"),
    }
}

pub(super) fn evidence(level: Level, checks: &[(&str, bool, &str)]) -> Evidence {
    let check = |(name, passed, detail): &(&str, bool, &str)| Check {
        name: (*name).into(),
        passed: *passed,
        detail: (*detail).into(),
    };
    Evidence { level, checks: checks.iter().map(check).collect() }
}

fn case(outcome: CaseOutcome, finding: Finding, reason: &str) -> Case {
    Case {
        outcome,
        path: finding.path.clone(),
        line: finding.start_line,
        severity: finding.severity,
        findings: vec![finding],
        reason: reason.into(),
        suppressed: None,
        tries: vec![],
        fix: None,
        cost: Some(MicroUsd(0)),
        ms: 0,
    }
}

fn answer(round: u32, name: &str, outcome: Outcome, reason: &str) -> Try {
    Try {
        round,
        by: Author::Model,
        name: name.into(),
        outcome,
        reason: reason.into(),
        diff: String::new(),
        evidence: None,
        usage: Some(Usage { input_tokens: 1_840, output_tokens: 412, ..Usage::default() }),
        cost: Some(MicroUsd(1_250)),
        ms: Some(2_340),
    }
}

pub(super) fn rich() -> RunReport {
    let sqli = finding(
        "python.sqlalchemy.sqli",
        "shop/accounts.py",
        20,
        Severity::Critical,
        "User input is formatted into an SQL statement, so that a customer can read and change all accounts.",
    );
    let rejected = Try {
        diff: DIFF.replace("WHERE name = ?\\\", (name,)", "WHERE name = '\\\" + escape(name)"),
        evidence: Some(evidence(
            Level::L2,
            &[
                ("parses", true, ""),
                ("finding gone", true, "0 of 1 left"),
                ("tests pass", false, "1 of 48 fails"),
            ],
        )),
        ..answer(
            1,
            "gpt-4o-mini",
            Outcome::Rejected,
            "the tests fail: test_accounts.py::test_quoted_name\nexpected O'Brien",
        )
    };
    let kept_evidence = evidence(
        Level::L5,
        &[
            ("parses", true, ""),
            ("builds", true, "python -m compileall"),
            ("finding gone", true, "0 of 1 left, no new one"),
            ("tests pass", true, "48 tests, as before"),
            ("new test fails before and passes after", true, ""),
            ("new test fails for each undone hunk", true, "1 of 1"),
        ],
    );
    let kept = Try {
        evidence: Some(kept_evidence.clone()),
        diff: DIFF.into(),
        ..answer(2, "gpt-4o", Outcome::Accepted, "")
    };
    let fixed = Case {
        tries: vec![rejected, kept],
        cost: Some(MicroUsd(2_500)),
        ms: 4_680,
        fix: Some(Proof {
            title: "Bind the customer's name as a parameter".into(),
            summary: "The driver quotes the value, so it can't end the statement. Callers see the same rows.".into(),
            by: Author::Model,
            compatibility: "low".into(),
            patch: Patch {
                edits: vec![Edit {
                    path: "shop/accounts.py".into(),
                    start_line: Some(19),
                    end_line: Some(20),
                    replacement: "    cursor.execute(\"… = ?\", (name,))\n".into(),
                }],
            },
            replaced: vec!["    cursor.execute(\"… = '%s'\" % name)\n".into()],
            diff: DIFF.into(),
            evidence: kept_evidence,
            test: Some(RegressionTest {
                path: "tests/test_accounts_sqli.py".into(),
                diff: "--- /dev/null\n+++ b/tests/test_accounts_sqli.py\n@@ -0,0 +1,4 @@\n+from shop.accounts import find_account\n+\n+def test_a_quote_is_data(db):\n+    assert find_account(db, \"' OR 1=1 --\") is None\n".into(),
            }),
            remaining_rules: vec![],
            committed: true,
            commit: Some("4f1c2a9be07d5c3e8a6f".into()),
            link: Some("https://github.com/acme/shop/pull/12/files#diff-abcL20".into()),
        }),
        ..case(CaseOutcome::Fixed, sqli, "")
    };
    let by_rule = Case {
        tries: vec![Try {
            by: Author::Rule,
            name: "py-weak-hash".into(),
            usage: None,
            cost: None,
            ms: None,
            ..answer(0, "", Outcome::Accepted, "")
        }],
        fix: Some(Proof {
            title: "Use SHA-256".into(),
            summary: String::new(),
            by: Author::Rule,
            compatibility: String::new(),
            evidence: evidence(Level::L2, &[("parses", true, ""), ("finding gone", true, "")]),
            diff: "--- a/a.py\n+++ b/a.py\n@@ -3 +3 @@\n-    return hashlib.md5(data).hexdigest()\n+    return hashlib.sha256(data).hexdigest()\n".into(),
            test: None,
            committed: true,
            ..fixed.fix.clone().unwrap()
        }),
        ..case(CaseOutcome::Fixed, finding("weak-hash", "shop/tokens.py", 3, Severity::Medium, "MD5 is broken"), "")
    };
    let hostile = "</summary><script>alert(1)</script> ![x](https://evil.test/x.png) @octocat fixes #1 \u{202e}gnihton\u{1b}[2J | a`b";
    let remaining = Case {
        tries: vec![
            Try {
                diff: "not a diff".into(),
                ..answer(1, "</b><img src=x onerror=alert(1)>", Outcome::Rejected, hostile)
            },
            Try {
                usage: None,
                cost: None,
                ..answer(2, "gpt-4o", Outcome::Unanswered, "429 Too Many Requests")
            },
        ],
        cost: None,
        ..case(
            CaseOutcome::Remaining,
            Finding {
                cwe: vec!["CWE-79\"><svg onload=x>".into()],
                ..finding("js.xss`", "web/<b>&\u{202e}.js", 7, Severity::High, hostile)
            },
            hostile,
        )
    };
    let cases = vec![
        fixed,
        by_rule,
        remaining,
        case(
            CaseOutcome::NoFix,
            finding(
                "py.ssrf",
                "shop/fetch.py",
                41,
                Severity::High,
                "A customer chooses which address is fetched",
            ),
            "The list of partners that may be fetched is not in this repository.",
        ),
        case(
            CaseOutcome::NotVulnerable,
            finding("py.eval", "tools/calc.py", 9, Severity::Low, "eval of a constant"),
            "The expression is a literal of the same file.",
        ),
        Case {
            suppressed: Some(Place::InSource),
            ..case(
                CaseOutcome::Suppressed,
                finding("py.assert", "tests/test_a.py", 2, Severity::Info, "assert is left out with -O"),
                "tests only",
            )
        },
    ];
    RunReport {
        version: VERSION,
        run: "20261121-054211-7f3a9c".into(),
        patchflow: "AutoFix".into(),
        program_version: "0.1.0".into(),
        status: RunStatus::Failed,
        exit_code: Some(10),
        failure: Some(
            Failure::new(FailureKind::FindingsRemain, "2 findings of severity high or above remain")
                .cause("web/<b>.js:7 js.xss: the tests fail")
                .hint("read the report"),
        ),
        started: "2026-11-21T05:42:11Z".into(),
        ended: "2026-11-21T05:43:59Z".into(),
        ms: 107_900,
        repository: Repository { name: "acme/shop".into(), url: Some("https://github.com/acme/shop".into()) },
        base: Base { commit: "9d2f1c7a44be0d1f3a5b".into(), branch: Some("main".into()) },
        dry_run: false,
        published: Published {
            branch: Some("autofix-main".into()),
            commits: vec!["4f1c2a9be07d5c3e8a6f".into()],
            pull_request: Some("https://github.com/acme/shop/pull/12".into()),
        },
        sandbox: Some(Isolation {
            copies: "overlay".into(),
            walls: vec!["namespaces".into(), "Landlock 6".into(), "seccomp".into(), "limits".into()],
            missing: vec![],
            sound: true,
        }),
        models: vec![
            ModelUse {
                vendor: "openai".into(),
                model: "gpt-4o-mini".into(),
                calls: 5,
                reused: 1,
                failed: 0,
                usage: Usage { input_tokens: 9_200, output_tokens: 2_060, ..Usage::default() },
                cost: Some(MicroUsd(6_250)),
                ms: 11_700,
            },
            ModelUse {
                vendor: "local".into(),
                model: "qwen3-coder".into(),
                calls: 1,
                reused: 0,
                failed: 1,
                usage: Usage { input_tokens: 1_840, output_tokens: 412, ..Usage::default() },
                cost: None,
                ms: 2_340,
            },
        ],
        totals: Totals {
            calls: 6,
            usage: Usage { input_tokens: 11_040, output_tokens: 2_472, ..Usage::default() },
            cost: MicroUsd(6_250),
            unpriced_calls: 1,
            reused: 1,
        },
        counts: Counts { fixed: 2, by_rules: 1, remaining: 1, no_fix: 1, not_vulnerable: 1, suppressed: 1 },
        cases,
        nodes: vec![
            NodeReport {
                node: "scan".into(),
                uses: "Scan".into(),
                state: NodeState::Done,
                reason: String::new(),
                attempts: 1,
                ms: 12_400,
            },
            NodeReport {
                node: "conclude".into(),
                uses: "Conclude".into(),
                state: NodeState::Failed,
                reason: "2 findings remain".into(),
                attempts: 1,
                ms: 1,
            },
        ],
        warnings: vec!["no fix: shop/fetch.py:41 py.ssrf".into()],
    }
}
