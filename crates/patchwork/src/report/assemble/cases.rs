//! What became of the findings, from the outputs of the steps that decide about them.

use std::collections::HashMap;

use patchwork_core::evidence::{Author, Evidence, RegressionTest, Try};
use patchwork_core::finding::{Finding, Severity};
use patchwork_core::patch::Patch;
use patchwork_core::usage::MicroUsd;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Output;
use crate::report::run_report::{Case, CaseOutcome, Counts, Proof};
use crate::suppressions::Place;

/// A piece of code, as far as it is told: journals of other versions may hold less.
#[derive(Deserialize)]
struct Piece {
    uri: String,
    #[serde(rename = "startLine", default)]
    start_line: u32,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    feedback: Vec<String>,
    #[serde(default)]
    tries: Vec<Try>,
}

#[derive(Deserialize)]
struct Fix {
    path: String,
    #[serde(default)]
    findings: Vec<Finding>,
    #[serde(default)]
    patch: Patch,
    #[serde(default)]
    replaced: Vec<String>,
    source: Author,
    #[serde(default)]
    commit_message: String,
    #[serde(default)]
    patch_message: String,
    #[serde(default)]
    compatibility: String,
    evidence: Evidence,
    #[serde(default)]
    diff: String,
    #[serde(default)]
    remaining_rules: Vec<String>,
    #[serde(default)]
    tries: Vec<Try>,
    #[serde(default)]
    test: Option<RegressionTest>,
}

#[derive(Deserialize)]
struct Remark {
    path: String,
    #[serde(default)]
    line: u32,
    #[serde(default)]
    rules: Vec<String>,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    severity: Severity,
    #[serde(default)]
    tries: Vec<Try>,
}

#[derive(Deserialize)]
struct Suppressed {
    finding: Finding,
    place: Place,
    #[serde(default)]
    reason: String,
}

/// What a remark is about: path, line, rules.
type Key = (String, u32, Vec<String>);

/// What is known of the findings so far. A later word on a finding takes the place of an earlier one.
#[derive(Default)]
struct Known {
    cases: Vec<Case>,
    /// The findings of each piece that was seen: remarks only name it.
    pieces: HashMap<Key, Vec<Finding>>,
}

/// What became of the findings.
pub(super) fn of(outputs: &[Output]) -> Vec<Case> {
    let mut known = Known::default();
    for Output { uses, value } in outputs {
        match uses.as_str() {
            "ExtractCode" => {
                known.pending(list(value, "files_to_patch"));
                known.pending(list(value, "waiting"));
                for Suppressed { finding, place, reason } in list(value, "suppressed") {
                    let case = about(&finding.path.clone(), CaseOutcome::Suppressed, vec![finding]);
                    known.add(Case { reason, suppressed: Some(place), ..case });
                }
            }
            "VerifyPatch" => {
                known.pending(list(value, "pending"));
                list(value, "accepted").into_iter().for_each(|fix| known.add(fixed(fix)));
                known.settled(CaseOutcome::NotVulnerable, list(value, "not_vulnerable"));
                known.settled(CaseOutcome::NoFix, list(value, "no_fix"));
            }
            "ProveFixes" => {
                known.pending(list(value, "taken_out"));
                list(value, "accepted").into_iter().for_each(|fix| known.add(fixed(fix)));
            }
            "Report" => known.explain(list(value, "remaining")),
            _ => {}
        }
    }
    known.cases
}

/// The items of a list that are of the form; a journal of another version may hold others.
fn list<T: DeserializeOwned>(value: &Value, field: &str) -> Vec<T> {
    let items = value.get(field).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| T::deserialize(item).ok()).collect()
}

fn about(path: &str, outcome: CaseOutcome, findings: Vec<Finding>) -> Case {
    Case {
        outcome,
        path: path.to_owned(),
        line: findings.first().map_or(1, |finding| finding.start_line),
        severity: findings.iter().map(|finding| finding.severity).max().unwrap_or_default(),
        findings,
        reason: String::new(),
        suppressed: None,
        tries: Vec::new(),
        fix: None,
        cost: Some(MicroUsd(0)),
        ms: 0,
    }
}

fn tried(mut case: Case, tries: Vec<Try>) -> Case {
    let known = tries.iter().filter(|one| one.usage.is_some() || one.cost.is_some()).map(|one| one.cost);
    case.cost = known.sum_known();
    case.ms = tries.iter().filter_map(|one| one.ms).fold(0, u64::saturating_add);
    case.tries = tries;
    case
}

fn fixed(fix: Fix) -> Case {
    let case = about(&fix.path, CaseOutcome::Fixed, fix.findings);
    let first = fix.patch.edits.first().and_then(|edit| edit.start_line);
    let line = if case.findings.is_empty() { first.unwrap_or(0).saturating_add(1) } else { case.line };
    let proof = Proof {
        title: fix.commit_message,
        summary: fix.patch_message,
        by: fix.source,
        compatibility: fix.compatibility,
        patch: fix.patch,
        replaced: fix.replaced,
        diff: fix.diff,
        evidence: fix.evidence,
        test: fix.test,
        remaining_rules: fix.remaining_rules,
        committed: false,
        commit: None,
        link: None,
    };
    tried(Case { line, fix: Some(proof), ..case }, fix.tries)
}

impl Known {
    fn add(&mut self, case: Case) {
        let is_same = |one: &Finding, other: &Finding| {
            one.fingerprint == other.fingerprint && one.path == other.path && one.rule == other.rule
        };
        self.cases.retain_mut(|old| {
            if old.findings.is_empty() || case.findings.is_empty() {
                let same_place = old.path == case.path && old.line == case.line;
                return !(same_place && old.findings.is_empty() && case.findings.is_empty());
            }
            old.findings.retain(|one| !case.findings.iter().any(|new| is_same(one, new)));
            !old.findings.is_empty()
        });
        self.cases.push(case);
    }

    fn pending(&mut self, pieces: Vec<Piece>) {
        for piece in pieces {
            let mut case = about(&piece.uri, CaseOutcome::Remaining, piece.findings);
            if case.findings.is_empty() {
                case.line = piece.start_line.saturating_add(1);
            }
            self.pieces.insert(key(&case), case.findings.clone());
            let turned_down = piece.tries.last().map(|last| last.reason.clone());
            case.reason = turned_down.or_else(|| piece.feedback.last().cloned()).unwrap_or_default();
            self.add(tried(case, piece.tries));
        }
    }

    fn settled(&mut self, outcome: CaseOutcome, remarks: Vec<Remark>) {
        for remark in remarks {
            let key = (remark.path, remark.line, remark.rules);
            let findings = self.pieces.get(&key).cloned().unwrap_or_default();
            let mut case = about(&key.0, outcome, findings);
            case.line = key.1;
            case.severity = case.severity.max(remark.severity);
            case.reason = remark.reason;
            self.add(tried(case, remark.tries));
        }
    }

    /// Takes the last word on why something remains.
    fn explain(&mut self, remarks: Vec<Remark>) {
        for remark in remarks {
            let key_of_remark = (remark.path, remark.line, remark.rules);
            let mut remaining = self.cases.iter_mut().filter(|case| case.outcome == CaseOutcome::Remaining);
            if let Some(case) = remaining.find(|case| key(case) == key_of_remark) {
                case.reason = remark.reason;
            }
        }
    }
}

fn key(case: &Case) -> Key {
    let mut rules: Vec<String> = Vec::new();
    for finding in &case.findings {
        if !rules.contains(&finding.rule) {
            rules.push(finding.rule.clone());
        }
    }
    (case.path.clone(), case.line, rules)
}

impl Counts {
    /// Counts the findings; a case that names none counts as one.
    pub(super) fn of(cases: &[Case]) -> Self {
        let mut counts = Self::default();
        for case in cases {
            let findings = case.findings.len().max(1);
            match case.outcome {
                CaseOutcome::Fixed => {
                    counts.fixed += findings;
                    if case.fix.as_ref().is_some_and(|fix| fix.by == Author::Rule) {
                        counts.by_rules += findings;
                    }
                }
                CaseOutcome::Remaining => counts.remaining += findings,
                CaseOutcome::NoFix => counts.no_fix += findings,
                CaseOutcome::NotVulnerable => counts.not_vulnerable += findings,
                CaseOutcome::Suppressed => counts.suppressed += findings,
            }
        }
        counts
    }
}

/// The sum of costs, when all are known.
trait SumKnown {
    fn sum_known(self) -> Option<MicroUsd>;
}

impl<I: Iterator<Item = Option<MicroUsd>>> SumKnown for I {
    fn sum_known(mut self) -> Option<MicroUsd> {
        self.try_fold(MicroUsd(0), |mut sum, cost| {
            sum += cost?;
            Some(sum)
        })
    }
}
