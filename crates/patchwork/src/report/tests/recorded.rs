//! From records of a journal to a report.

use patchwork_core::event::{Event, EventBody};
use patchwork_core::journal::{RunRecord, RunSpec};
use patchwork_core::run::{RunId, RunStatus};
use patchwork_core::usage::{MicroUsd, Usage};
use serde_json::{Value, json};

use crate::report::assemble::Output;
use crate::report::{CaseOutcome, Recorded, RunReport};

fn recorded(status: RunStatus, result: Option<Value>, outputs: Vec<(&str, Value)>) -> Recorded {
    let id = RunId::parse("20261121-054211-7f3a9c").unwrap();
    let spec: RunSpec = serde_json::from_value(json!({
        "id": id, "inputs": {}, "created_ms": 1_000, "machine_version": 1, "program_version": "0.1.0",
        "base": {"repository": "/home/me/shop", "commit": "abc", "branch": "main"},
        "plan": {"name": "AutoFix", "summary": "", "inputs": [], "steps": [], "finally": [], "outputs": [], "prompts": {}},
    }))
    .unwrap();
    Recorded {
        record: RunRecord {
            id,
            patchflow: "AutoFix".into(),
            status,
            created_ms: 1_000,
            updated_ms: 9_000,
            repository: "/home/me/shop".into(),
            result,
        },
        spec,
        events: Vec::new(),
        outputs: outputs.into_iter().map(|(uses, value)| Output { uses: uses.into(), value }).collect(),
        sandbox: None,
    }
}

fn finding(path: &str, line: u32) -> Value {
    json!({
        "rule": "r", "message": "m", "severity": "high", "path": path, "start_line": line, "end_line": line,
        "fingerprint": format!("{path}{line}"),
    })
}

fn piece(path: &str, line: u32) -> Value {
    json!({"uri": path, "startLine": line - 1, "endLine": line, "findings": [finding(path, line)]})
}

fn fix(path: &str, line: u32) -> Value {
    json!({
        "path": path, "findings": [finding(path, line)], "source": "model", "commit_message": "Fix it", "diff": "d",
        "patch": {"edits": [{"path": path, "start_line": line - 1, "end_line": line, "replacement": "x"}]},
        "replaced": ["y"], "patch_message": "", "evidence": {"level": "L2", "checks": []},
        "tries": [
            {"round": 1, "by": "model", "outcome": "rejected", "reason": "no", "usage": {"input_tokens": 1, "output_tokens": 1},
             "cost": 5, "ms": 10},
            {"round": 2, "by": "model", "outcome": "accepted", "usage": {"input_tokens": 1, "output_tokens": 1}, "cost": 6, "ms": 20},
        ],
    })
}

fn states(report: &RunReport) -> Vec<(CaseOutcome, String, String)> {
    let all = report.cases.iter();
    all.map(|case| (case.outcome, format!("{}:{}", case.path, case.line), case.reason.clone())).collect()
}

#[test]
fn the_last_word_on_a_finding_counts() {
    let extract = json!({
        "files_to_patch": [piece("a.py", 1), piece("b.py", 2), piece("c.py", 3), piece("d.py", 4)],
        "waiting": [piece("e.py", 5)],
        "suppressed": [{"finding": finding("f.py", 6), "place": "inSource", "reason": "known"}],
    });
    let remark = |path: &str, line: u32, reason: &str| json!({"path": path, "line": line, "rules": ["r"], "reason": reason, "severity": "high"});
    let check = json!({
        "accepted": [fix("a.py", 1), fix("b.py", 2)], "pending": [piece("d.py", 4)],
        "not_vulnerable": [remark("c.py", 3, "a constant")],
    });
    let report = json!({"remaining": [remark("d.py", 4, "the tests fail")]});
    let published = json!({
        "commits": ["c1", "c2"], "target_branch": "autofix-main", "pr_url": "https://github.com/acme/shop/pull/3",
    });
    let recorded = recorded(
        RunStatus::Done,
        Some(
            json!({"totals": {"calls": 2, "usage": {"input_tokens": 2, "output_tokens": 2}, "cost": 11, "unpriced_calls": 0}}),
        ),
        vec![("ExtractCode", extract), ("VerifyPatch", check), ("Report", report), ("PR", published)],
    );
    let report = RunReport::of(&recorded);
    assert_eq!(
        states(&report),
        [
            (CaseOutcome::Fixed, "a.py:1".into(), String::new()),
            (CaseOutcome::Fixed, "b.py:2".into(), String::new()),
            (CaseOutcome::Remaining, "d.py:4".into(), "the tests fail".into()),
            (CaseOutcome::Remaining, "e.py:5".into(), String::new()),
            (CaseOutcome::NotVulnerable, "c.py:3".into(), "a constant".into()),
            (CaseOutcome::Suppressed, "f.py:6".into(), "known".into()),
        ]
    );
    assert_eq!(report.cases[4].findings.len(), 1, "a remark names its piece");
    let fix = report.cases[1].fix.as_ref().unwrap();
    assert_eq!((fix.committed, fix.commit.as_deref()), (true, Some("c2")));
    assert!(fix.link.as_deref().unwrap().starts_with("https://github.com/acme/shop/pull/3/files#diff-"));
    assert_eq!((report.cases[0].cost, report.cases[0].ms), (Some(MicroUsd(11)), 30));
    assert_eq!((report.repository.name.as_str(), report.totals.cost), ("acme/shop", MicroUsd(11)));
    assert_eq!((report.counts.fixed, report.counts.remaining, report.exit_code), (2, 2, Some(0)));
}

#[test]
fn a_run_that_was_killed_is_told_as_far_as_it_got() {
    let mut recorded = recorded(
        RunStatus::Interrupted,
        None,
        vec![("ExtractCode", json!({"files_to_patch": [piece("a.py", 1)]}))],
    );
    let event = |seq: u64, at_ms, node: &str, body| Event { seq, at_ms, node: node.into(), body };
    let called = |reused, cost| EventBody::ModelCalled {
        model: "gpt-4o".into(),
        vendor: "openai".into(),
        usage: Usage { input_tokens: 10, output_tokens: 5, ..Usage::default() },
        cost,
        latency_ms: 7,
        reused,
        requested: None,
        finish: None,
    };
    recorded.events = vec![
        event(1, 1_000, "", EventBody::RunStarted { patchflow: "AutoFix".into() }),
        event(2, 1_100, "scan", EventBody::NodeStarted { uses: "Scan".into(), attempt: 1 }),
        event(3, 1_600, "scan", EventBody::NodeCompleted { uses: "Scan".into(), recorded: false }),
        event(4, 50_000, "", EventBody::RunResumed),
        event(5, 50_100, "ask", EventBody::NodeStarted { uses: "LLM".into(), attempt: 1 }),
        event(6, 50_200, "ask", called(false, Some(MicroUsd(3)))),
        event(7, 50_300, "ask", called(true, None)),
        event(8, 50_400, "ask", called(false, None)),
    ];
    let report = RunReport::of(&recorded);
    assert_eq!(
        (report.status, report.exit_code, report.failure.clone()),
        (RunStatus::Interrupted, Some(130), None)
    );
    assert_eq!((report.ended.as_str(), report.ms), ("1970-01-01T00:00:50Z", 600 + 400));
    assert_eq!(states(&report), [(CaseOutcome::Remaining, "a.py:1".into(), String::new())]);
    assert_eq!((report.models[0].calls, report.models[0].reused, report.models[0].cost), (2, 1, None));
    assert_eq!((report.totals.cost, report.totals.unpriced_calls), (MicroUsd(3), 1));
    assert_eq!((report.nodes[0].ms, report.nodes[1].ms), (500, 0));
    assert_eq!(report.repository.name, "shop");
}

#[test]
fn records_of_another_form_do_no_harm() {
    for value in
        [json!(null), json!([]), json!({"files_to_patch": [1, {"uri": 2}], "accepted": [{}]}), json!("x")]
    {
        let steps = ["ExtractCode", "VerifyPatch", "ProveFixes", "Report", "PR"];
        let outputs = steps.iter().map(|step| (*step, value.clone())).collect();
        let report = RunReport::of(&recorded(RunStatus::Failed, Some(json!({"failure": 3})), outputs));
        assert_eq!((report.cases.len(), report.exit_code), (0, Some(130)));
    }
    let evil = json!({"commits": ["c"], "pr_url": "https://me:secret@github.com/a/b/pull/1"});
    let report = RunReport::of(&recorded(RunStatus::Done, None, vec![("PR", evil)]));
    assert_eq!((report.published.pull_request, report.repository.url), (None, None));
}
