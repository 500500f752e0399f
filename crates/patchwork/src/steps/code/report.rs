//! `Report`: says what was fixed and what was not, and judges how the run ends.

use std::collections::{HashMap, VecDeque};
use std::fmt;

use async_trait::async_trait;
use patchwork_core::evidence::Author;
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::finding::Severity;
use patchwork_core::run::RunId;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verify_patch::{Fix, Remark};
use crate::affected::AffectedCode;

/// Says what was fixed and what was not.
pub struct Report;

/// Says what was fixed and what was not, and judges how the run ends.
///
/// With a fix the run is good; what is left is warned about. Without any there is a `failure`: unavailable when no model
/// answered, below the required evidence when fixes were proposed but not one held, and one of the run when the report of
/// the scan is of no use. Fixes or not, it is one of the budget when that left questions unasked, those for regression tests
/// too. When there is none of these, and findings of severity `fail_on` or worse remain, it is that. `Conclude` fails with it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReportInput {
    /// The fixes that were kept.
    #[serde(default)]
    pub accepted: Vec<Fix>,
    /// The pieces that were not settled.
    #[serde(default)]
    pub pending: Vec<AffectedCode>,
    /// What was turned down in the last round.
    #[serde(default)]
    pub rejected: Vec<Remark>,
    /// How many pieces got no answer in the last round.
    #[serde(default)]
    pub unanswered: usize,
    /// What was not asked about in the last round because the budget did not allow it.
    #[serde(default)]
    pub not_asked: Vec<Remark>,
    /// Why the budget did not allow to ask for a regression test for each fix; empty when it did, or when none was wanted.
    #[serde(default)]
    pub tests_not_asked: String,
    /// What the first call of the last round without an answer failed with.
    #[serde(default)]
    pub call_failure: Option<Failure>,
    /// What a model found to be no weakness.
    #[serde(default)]
    pub not_vulnerable: Vec<Remark>,
    /// What a model found to have no fix.
    #[serde(default)]
    pub no_fix: Vec<Remark>,
    /// Why there was no model to ask; empty when there was one.
    #[serde(default)]
    pub no_model: String,
    /// Why the report of the scan is of no use; empty when it is.
    #[serde(default)]
    pub unusable: String,
    /// The least severity that may not remain: `unknown`, `info`, `low`, `medium`, `high` or `critical`; `note`, `warning` and
    /// `error` mean `info`, `low` and `high`. Without one anything may.
    #[serde(default)]
    pub fail_on: Option<String>,
    /// Whether nothing is committed: what was fixed remains then all the same.
    #[serde(default)]
    pub dry_run: bool,
}

/// The result in lists and numbers.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ReportOutput {
    /// What was fixed: the place, the rules and the commit message.
    pub fixed: Vec<Remark>,
    /// What was not fixed, and why.
    pub remaining: Vec<Remark>,
    /// What a model found to be no weakness.
    pub not_vulnerable: Vec<Remark>,
    /// What a model found to have no fix.
    pub no_fix: Vec<Remark>,
    /// How many findings there are of each.
    pub counts: Counts,
    /// What the run should fail with; null when it is good.
    pub failure: Option<Failure>,
}

/// Numbers of findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Fixed.
    pub fixed: usize,
    /// Of these by the fix that their rule gives.
    pub by_rules: usize,
    /// Not fixed.
    pub remaining: usize,
    /// Not vulnerable.
    pub not_vulnerable: usize,
    /// Without a fix.
    pub no_fix: usize,
}

#[async_trait]
impl Step for Report {
    type Input = ReportInput;
    type Output = ReportOutput;

    const ID: &'static str = "Report";
    const EFFECTS: Effects = Effects::NONE;

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let failure = failure_of(ctx.run(), &input);
        let (fail_on, dry_run) = (least(input.fail_on.as_deref())?, input.dry_run);
        let mut out = summarize(input);
        let kept_back = failure.is_none().then(|| fail_on.and_then(|least| too_severe(&out, least, dry_run)));
        for remark in &out.not_vulnerable {
            ctx.note(format!("not vulnerable: {remark}"));
        }
        for remark in &out.no_fix {
            ctx.warn(format!("no fix: {remark}"));
        }
        // A failure names the first of them itself.
        let mut causes = grouped(&out.remaining);
        let more = causes.split_off(if failure.is_some() { causes.len().min(MAX_CAUSES) } else { 0 });
        for left in &more {
            ctx.warn(format!("not fixed: {left}"));
        }
        let failure_of_remaining = kept_back.flatten();
        if out.counts.fixed > 0 || (failure.is_none() && out.counts != Counts::default()) {
            ctx.note(out.counts.to_string());
        }
        if let Some(mut failure) = failure {
            failure.causes = causes;
            if !more.is_empty() {
                failure.causes.push(format!("and {} more, see the warnings", more.len()));
            }
            out.failure = Some(failure);
        } else if failure_of_remaining.is_some() {
            out.failure = failure_of_remaining;
        } else if out.counts == Counts::default() {
            ctx.skip("there is nothing to fix");
        }
        Ok(out)
    }
}

/// Causes that a failure lists: a terminal shows them all.
const MAX_CAUSES: usize = 10;

/// Why a finding is left that no model was asked about.
const NOT_ASKED: &str = "it was not asked about";

/// Places that stand before a reason; the rest is counted.
const MAX_PLACES: usize = 10;

/// What is left, in words: findings of the same rules that are left for the same reason are told together.
fn grouped(remaining: &[Remark]) -> Vec<String> {
    let mut groups: Vec<(Vec<String>, &[String], &str)> = Vec::new();
    for remark in remaining {
        // The failure itself tells why; what the call may have cost is another figure for each.
        let reason = if remark.reason.starts_with(NOT_ASKED) { NOT_ASKED } else { &remark.reason };
        let place = format!("{}:{}", remark.path, remark.line);
        match groups.iter_mut().find(|(_, rules, known)| *rules == remark.rules && *known == reason) {
            Some((places, ..)) => places.push(place),
            None => groups.push((vec![place], &remark.rules, reason)),
        }
    }
    let told = |(places, rules, reason): (Vec<String>, &[String], &str)| {
        let more = match places.len().saturating_sub(MAX_PLACES) {
            0 => String::new(),
            more => format!(" and {more} more places:"),
        };
        let shown = places.iter().take(MAX_PLACES).map(String::as_str).collect::<Vec<_>>().join(", ");
        format!("{shown}{more} {}: {reason}", rules.join(", "))
    };
    groups.into_iter().map(told).collect()
}

/// Why the run fails: because of the budget, or else when something was tried and nothing fixed.
fn failure_of(run: &RunId, input: &ReportInput) -> Option<Failure> {
    if let Some(first) = input.not_asked.first() {
        return Some(budget_reached(run, &left_unasked(input), &first.reason));
    }
    if !input.tests_not_asked.is_empty() {
        let what = "no regression test was asked for where one is missing";
        return Some(budget_reached(run, &kept_but(input, what), &input.tests_not_asked));
    }
    if !input.accepted.is_empty() {
        return None;
    }
    if !input.unusable.is_empty() {
        let message = format!("the report of the scan is of no use: {}", input.unusable);
        return Some(Failure::failed(message).hint(
            "make it from this repository, at the commit that is checked out; the warnings name what was refused",
        ));
    }
    let turned_down = input.pending.iter().filter(|piece| !piece.feedback.is_empty()).count();
    let turned_down = turned_down.max(input.rejected.len().saturating_sub(input.unanswered));
    if turned_down > 0 {
        let pieces = if turned_down == 1 { "the piece" } else { &format!("{turned_down} pieces") };
        let message = format!("nothing was fixed: no fix could be proven for {pieces} of code");
        let failure = Failure::new(FailureKind::BelowEvidence, message);
        return Some(failure.hint("raise `n` to ask again more often, or try a stronger `model`"));
    }
    if input.unanswered == 0 {
        return None;
    }
    let message = match input.unanswered {
        1 => "nothing was fixed: the model did not answer".to_owned(),
        asked => format!("nothing was fixed: the model answered none of {asked} questions"),
    };
    Some(match &input.call_failure {
        // What was not set up right is not cured by asking again.
        Some(failure) if failure.kind == FailureKind::Configuration => {
            Failure { message: format!("{message}: {}", failure.message), ..failure.clone() }
        }
        // The reasons say what to try.
        Some(failure) if !failure.hints.is_empty() => Failure::unavailable(message),
        _ => Failure::unavailable(message)
            .hint("check the key, the model's name and the endpoint, then resume the run"),
    })
}

/// The least severity that may not remain.
fn least(fail_on: Option<&str>) -> Result<Option<Severity>, StepError> {
    let read = |word: &str| {
        Severity::parse(word).ok_or_else(|| {
            let expected = "expected info, low, medium, high or critical";
            StepError::input("fail_on", format!("`{word}` is no severity: {expected}"))
        })
    };
    fail_on.filter(|word| !word.trim().is_empty()).map(read).transpose()
}

/// The failure of a run that leaves findings which may not remain: what was not fixed and what has no fix, and of a dry run what
/// it fixed, since nothing of that is committed. What a model finds to be no weakness does not count.
fn too_severe(out: &ReportOutput, least: Severity, dry_run: bool) -> Option<Failure> {
    let bad = |remark: &&Remark| remark.severity >= least;
    let uncommitted = out.fixed.iter().filter(|_| dry_run).filter(bad).map(|remark| {
        let reason = "proven, and not committed in a dry run".to_owned();
        Remark { reason, ..remark.clone().brief() }
    });
    let left = out.remaining.iter().filter(bad).cloned();
    let no_fix = out.no_fix.iter().filter(bad).cloned();
    let all: Vec<Remark> = left.chain(no_fix).chain(uncommitted).collect();
    let findings: usize = all.iter().map(|remark| remark.findings).sum();
    let (findings, remain) = match findings {
        0 => return None,
        1 => ("1 finding".to_owned(), "remains"),
        many => (format!("{many} findings"), "remain"),
    };
    let message = format!("{findings} of severity {least} or worse {remain}");
    let mut failure = Failure::new(FailureKind::FindingsRemain, message);
    failure.causes = grouped(&all);
    let more = failure.causes.split_off(failure.causes.len().min(MAX_CAUSES));
    if !more.is_empty() {
        failure.causes.push(format!("and {} more, see the warnings", more.len()));
    }
    Some(failure.hint("`fail_on` says what may not remain; write a report with --report FILE"))
}

/// The failure of a run that had to leave questions unasked: `what` says which.
fn budget_reached(run: &RunId, what: &str, reason: &str) -> Failure {
    let limit = ["max_cost", "max_tokens", "max_llm_calls"].into_iter().find(|limit| reason.contains(limit));
    Failure::new(FailureKind::BudgetReached, format!("{what}: {reason}"))
        .hint(format!("go on with a larger limit: patchwork resume {run} {}=…", limit.unwrap_or("max_cost")))
}

fn left_unasked(input: &ReportInput) -> String {
    let findings: usize = input.not_asked.iter().map(|remark| remark.findings).sum();
    match findings {
        1 => kept_but(input, "1 finding was not asked about"),
        _ => kept_but(input, &format!("{findings} findings were not asked about")),
    }
}

fn kept_but(input: &ReportInput, what: &str) -> String {
    let kept = if input.accepted.is_empty() { "" } else { "what was fixed is kept, but " };
    format!("{kept}{what}")
}

fn summarize(input: ReportInput) -> ReportOutput {
    let mut reasons: HashMap<(String, u32, Vec<String>), VecDeque<String>> = HashMap::new();
    for Remark { path, line, rules, reason, .. } in input.rejected {
        reasons.entry((path, line, rules)).or_default().push_back(reason);
    }
    for Remark { path, line, rules, reason, .. } in input.not_asked {
        let reason = format!("{NOT_ASKED}: {reason}");
        reasons.entry((path, line, rules)).or_default().push_back(reason);
    }
    let not_tried = if input.no_model.is_empty() {
        NOT_ASKED
    } else {
        // Why there is none was told once, when it was looked for.
        "no rule fixes it, and there is no model to ask"
    };
    let remaining: Vec<Remark> = input
        .pending
        .iter()
        .map(|piece| {
            let mut remark = Remark::about(piece, "");
            let key = (remark.path.clone(), remark.line, remark.rules.clone());
            let turned_down = reasons.get_mut(&key).and_then(VecDeque::pop_front);
            let reason = turned_down.or_else(|| piece.feedback.last().cloned());
            remark.reason = reason.unwrap_or_else(|| not_tried.to_owned());
            remark
        })
        .collect();
    let fixed: Vec<Remark> = input.accepted.iter().map(Remark::of_fix).collect();
    let of_rules = input.accepted.iter().filter(|fix| fix.source == Author::Rule);
    let sum = |remarks: &[Remark]| remarks.iter().map(|remark| remark.findings).sum();
    let counts = Counts {
        fixed: sum(&fixed),
        by_rules: of_rules.map(|fix| Remark::of_fix(fix).findings).sum(),
        remaining: sum(&remaining),
        not_vulnerable: sum(&input.not_vulnerable),
        no_fix: sum(&input.no_fix),
    };
    ReportOutput {
        fixed,
        remaining,
        not_vulnerable: input.not_vulnerable,
        no_fix: input.no_fix,
        counts,
        failure: None,
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} fixed", self.fixed)?;
        if self.by_rules > 0 {
            write!(f, " ({} by rules)", self.by_rules)?;
        }
        for (count, what) in [
            (self.remaining, "not fixed"),
            (self.not_vulnerable, "not vulnerable"),
            (self.no_fix, "without a fix"),
        ] {
            if count > 0 {
                write!(f, ", {count} {what}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use patchwork_testkit::context::TestContext;
    use serde_json::{Value, json};

    use super::*;

    fn piece(path: &str, line: u32) -> Value {
        json!({"uri": path, "startLine": line - 1, "endLine": line, "findings": [{
            "rule": "r", "message": "m", "path": path, "start_line": line, "end_line": line, "fingerprint": "f",
        }]})
    }

    fn remark(path: &str, line: u32, reason: &str) -> Value {
        json!({"path": path, "line": line, "rules": ["r"], "reason": reason})
    }

    fn fix(path: &str, source: &str) -> Value {
        json!({
            "path": path, "findings": [], "patch": {"edits": [{"path": path, "replacement": "x"}]},
            "replaced": ["y"], "source": source, "commit_message": "Fix it", "patch_message": "",
            "evidence": {"level": "L0", "checks": []}, "diff": "",
        })
    }

    async fn report(input: Value) -> (TestContext, Result<(Value, Option<String>), Failure>) {
        let test = TestContext::new();
        let result = test.run_json(Report, input).await.map_err(StepError::into_failure);
        (test, result)
    }

    #[tokio::test]
    async fn a_fix_makes_the_run_good_and_what_is_left_is_told() {
        let (test, result) = report(json!({
            "accepted": [fix("a.py", "rule"), fix("b.py", "model")],
            "pending": [piece("c.py", 3), piece("d.py", 4)],
            "rejected": [remark("c.py", 3, "it does not parse")],
            "no_fix": [remark("e.py", 5, "")],
        }))
        .await;
        let (out, skipped) = result.unwrap();
        assert_eq!(skipped, None);
        assert_eq!(out["counts"]["fixed"], 2);
        assert_eq!(out["remaining"][0]["reason"], "it does not parse");
        assert_eq!(
            test.warnings(),
            [
                "no fix: e.py:5 r",
                "not fixed: c.py:3 r: it does not parse",
                "not fixed: d.py:4 r: it was not asked about",
            ]
        );
        assert_eq!(test.notes(), ["2 fixed (1 by rules), 2 not fixed, 1 without a fix"]);
    }

    #[tokio::test]
    async fn without_a_fix_the_reason_decides() {
        let failure_of =
            |output: &Value| serde_json::from_value::<Failure>(output["failure"].clone()).unwrap();
        let mut pending = [piece("c.py", 3), piece("d.py", 4)];
        let rejected = [remark("c.py", 3, "one"), remark("d.py", 4, "two")];
        for (unanswered, kind) in [(2, FailureKind::Unavailable), (1, FailureKind::BelowEvidence)] {
            let input = json!({"pending": pending, "rejected": rejected, "unanswered": unanswered});
            let (output, _) = report(input).await.1.unwrap();
            let failure = failure_of(&output);
            assert_eq!(failure.kind, kind);
            assert_eq!(failure.causes, ["c.py:3 r: one", "d.py:4 r: two"]);
            assert_eq!(
                output["remaining"].as_array().map(Vec::len),
                Some(2),
                "the lists are there all the same"
            );
        }
        let same = [remark("c.py", 3, "no answer"), remark("d.py", 4, "no answer")];
        let input = json!({"pending": pending, "rejected": same, "unanswered": 2});
        let failure = failure_of(&report(input).await.1.unwrap().0);
        assert_eq!(failure.causes, ["c.py:3, d.py:4 r: no answer"], "one reason is told once");
        let many: Vec<Value> = (1..=12).map(|line| piece("e.py", line)).collect();
        let (test, result) = report(json!({"pending": many, "no_model": "no key"})).await;
        result.unwrap();
        let [warning] = &test.warnings()[..] else { panic!("{:?}", test.warnings()) };
        assert!(warning.starts_with("not fixed: e.py:1, e.py:2, "), "{warning}");
        assert!(warning.contains("e.py:10 and 2 more places: r: no rule fixes it"), "{warning}");
        // Turned down in an earlier round, and not asked about again.
        pending[0]["feedback"] = json!(["before", "cut"]);
        let (output, _) = report(json!({"pending": [pending[0]]})).await.1.unwrap();
        let failure = failure_of(&output);
        assert_eq!(failure.kind, FailureKind::BelowEvidence);
        assert_eq!(failure.causes, ["c.py:3 r: cut"]);
    }

    #[tokio::test]
    async fn what_the_budget_left_unasked_is_a_failure_fixes_or_not() {
        let reason = "the budget does not allow another call: max_cost is $0.50: $0.48 is spent";
        let pending = [piece("c.py", 3), piece("d.py", 4)];
        let not_asked = [remark("d.py", 4, reason)];
        let rejected = [remark("c.py", 3, "it does not parse")];
        let mut input =
            json!({"pending": pending, "rejected": rejected, "not_asked": not_asked, "unanswered": 1});
        let (test, result) = report(input.clone()).await;
        let failure: Failure = serde_json::from_value(result.unwrap().0["failure"].clone()).unwrap();
        assert_eq!(failure.kind, FailureKind::BudgetReached);
        assert_eq!(failure.message, format!("1 finding was not asked about: {reason}"));
        let causes = ["c.py:3 r: it does not parse", "d.py:4 r: it was not asked about"];
        assert_eq!(failure.causes, causes);
        let hint = "go on with a larger limit: patchwork resume 20261121-054211-7f3a9c max_cost=…";
        assert_eq!((failure.hints, test.notes()), (vec![hint.to_owned()], Vec::new()));

        input["accepted"] = json!([fix("a.py", "rule")]);
        let (test, result) = report(input).await;
        let failure: Failure = serde_json::from_value(result.unwrap().0["failure"].clone()).unwrap();
        assert_eq!(failure.kind, FailureKind::BudgetReached);
        assert!(failure.message.starts_with("what was fixed is kept, but 1 finding"), "{failure}");
        assert_eq!(test.notes(), ["1 fixed (1 by rules), 2 not fixed"]);
    }

    #[tokio::test]
    async fn findings_that_may_not_remain_are_a_failure_after_those_that_are_nearer() {
        let severe = |path: &str, severity: &str| {
            let mut piece = piece(path, 3);
            piece["findings"][0]["severity"] = json!(severity);
            piece
        };
        let no_fix = json!({"path": "e.py", "line": 5, "rules": ["r"], "reason": "none", "severity": "high"});
        let fine = json!({"path": "f.py", "line": 5, "rules": ["r"], "reason": "", "severity": "critical"});
        let mut fixed = fix("a.py", "rule");
        fixed["findings"] = severe("a.py", "critical")["findings"].take();
        let mut input = json!({
            "accepted": [fixed], "pending": [severe("c.py", "medium"), severe("d.py", "critical")],
            "no_fix": [no_fix], "not_vulnerable": [fine], "no_model": "no key",
        });
        for (fail_on, dry_run, expected) in [
            (json!(null), false, None),
            (json!("critical"), false, Some("1 finding of severity critical or worse remains")),
            (json!("error"), false, Some("2 findings of severity high or worse remain")),
            (json!("info"), false, Some("3 findings of severity info or worse remain")),
            (json!("critical"), true, Some("2 findings of severity critical or worse remain")),
        ] {
            (input["fail_on"], input["dry_run"]) = (fail_on, dry_run.into());
            let failure: Option<Failure> =
                serde_json::from_value(report(input.clone()).await.1.unwrap().0["failure"].clone()).unwrap();
            let kind = failure.as_ref().map(|failure| failure.kind);
            assert_eq!(failure.map(|failure| failure.message).as_deref(), expected);
            assert!(kind.is_none_or(|kind| kind == FailureKind::FindingsRemain));
        }
        // A budget, an endpoint or evidence that fell short is nearer.
        input["not_asked"] = json!([remark("d.py", 3, "max_cost is $0.50")]);
        let failure: Failure =
            serde_json::from_value(report(input).await.1.unwrap().0["failure"].clone()).unwrap();
        assert_eq!(failure.kind, FailureKind::BudgetReached);
        for (unanswered, kind) in [(1, FailureKind::Unavailable), (0, FailureKind::BelowEvidence)] {
            let rejected = [remark("d.py", 3, "one")];
            let input = json!({
                "pending": [severe("d.py", "high")], "rejected": rejected, "unanswered": unanswered, "fail_on": "low",
            });
            let failure: Failure =
                serde_json::from_value(report(input).await.1.unwrap().0["failure"].clone()).unwrap();
            assert_eq!(failure.kind, kind);
        }
    }

    #[tokio::test]
    async fn a_call_that_was_not_set_up_right_is_told_as_such() {
        let call_failure = Failure::configuration("no key").hint("set one");
        let input = json!({"pending": [piece("c.py", 3)], "unanswered": 1, "call_failure": call_failure});
        let (output, _) = report(input).await.1.unwrap();
        let failure: Failure = serde_json::from_value(output["failure"].clone()).unwrap();
        assert_eq!((failure.kind, failure.hints), (FailureKind::Configuration, vec!["set one".to_owned()]));
        assert_eq!(failure.message, "nothing was fixed: the model did not answer: no key");
    }

    #[tokio::test]
    async fn nothing_tried_is_no_failure() {
        let (test, result) = report(json!({"pending": [piece("c.py", 3)], "no_model": "no key"})).await;
        result.unwrap();
        assert_eq!(test.warnings(), ["not fixed: c.py:3 r: no rule fixes it, and there is no model to ask"]);
        let (_, skipped) = report(json!({})).await.1.unwrap();
        assert_eq!(skipped.as_deref(), Some("there is nothing to fix"));
        let (_, skipped) = report(json!({"not_vulnerable": [remark("a.py", 1, "")]})).await.1.unwrap();
        assert_eq!(skipped, None);
    }
}
