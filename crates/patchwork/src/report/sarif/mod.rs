//! A report as SARIF 2.1.0: what remains as results, what was fixed beside them, within the limits of GitHub's code scanning.
//!
//! GitHub shows every result as an open alert, whatever its `baselineState`, `kind` or `suppressions`, and calls fixed what is in
//! no result any more. So a fixed finding that was committed is in the properties of its run, as a `result` object of its own.

mod case;

use std::collections::BTreeMap;

use patchwork_core::failure::FailureKind;
use patchwork_core::finding::{Finding, Severity};
use patchwork_core::run::RunStatus;
use serde_json::{Map, Value, json};

use self::case::{Detail, level, result, score};
use super::run_report::{Case, CaseOutcome, RunReport};

/// Bytes of the file that are not passed as long as there is something to leave out: GitHub takes 10 MB compressed.
const MAX_BYTES: usize = 10_000_000;

/// Runs of a file at most.
const MAX_RUNS: usize = 20;

/// Results of a run at most.
const MAX_RESULTS: usize = 25_000;

/// Tags of a rule that GitHub shows.
const MAX_TAGS: usize = 10;

/// Our name among tools.
const OWN_NAME: &str = "Patchwork";

/// The report as SARIF 2.1.0. When it is too large, the diffs of tries are left out first, then the tries, then proposed fixes,
/// and of more findings than GitHub takes those that are least severe.
pub fn render(report: &RunReport) -> String {
    let mut text = String::new();
    for detail in [Detail::All, Detail::Tries, Detail::Fixes, Detail::Bare] {
        text = format!("{:#}\n", log(report, detail));
        if text.len() <= MAX_BYTES {
            break;
        }
    }
    text
}

/// A finding with the case that it is in.
type Told<'a> = (&'a Case, &'a Finding);

fn log(report: &RunReport, detail: Detail) -> Value {
    let runs: Vec<Value> =
        by_tool(report).into_iter().map(|(tool, told)| run(report, tool, told, detail)).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    })
}

/// The findings by the tool that found them, in the order of the report; never nothing, which GitHub would refuse.
fn by_tool(report: &RunReport) -> Vec<(&str, Vec<Told<'_>>)> {
    let mut tools: Vec<(&str, Vec<Told<'_>>)> = Vec::new();
    for case in &report.cases {
        for finding in &case.findings {
            let tool = if finding.tool.is_empty() { OWN_NAME } else { finding.tool.as_str() };
            let at = tools.iter().position(|(name, _)| *name == tool);
            let at = match at {
                Some(at) => at,
                // Whoever has more tools than this finds their results in the last run.
                None if tools.len() == MAX_RUNS => MAX_RUNS - 1,
                None => {
                    tools.push((tool, Vec::new()));
                    tools.len() - 1
                }
            };
            if let Some((_, told)) = tools.get_mut(at) {
                told.push((case, finding));
            }
        }
    }
    if tools.is_empty() {
        tools.push((OWN_NAME, Vec::new()));
    }
    tools
}

fn run(report: &RunReport, tool: &str, mut told: Vec<Told<'_>>, detail: Detail) -> Value {
    if told.len() > MAX_RESULTS {
        told.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
        told.truncate(MAX_RESULTS);
    }
    let rules = Rules::of(&told);
    let is_over = |case: &Case| case.fix.as_ref().is_some_and(|fix| fix.committed);
    let results_of = |over: bool| -> Vec<Value> {
        let told =
            told.iter().filter(|(case, _)| (case.outcome == CaseOutcome::Fixed && is_over(case)) == over);
        told.map(|(case, finding)| result(case, finding, rules.index(&finding.rule), detail)).collect()
    };
    let mut run = json!({
        "tool": {
            "driver": { "name": tool, "rules": rules.described() },
            "extensions": [{ "name": OWN_NAME, "version": report.program_version }],
        },
        // GitHub takes what stands before the last slash as the category: one for each patchflow.
        "automationDetails": { "id": format!("patchwork/{}/{}", report.patchflow, report.run) },
        "columnKind": "unicodeCodePoints",
        "invocations": [invocation(report)],
        "properties": { "patchwork": properties(report, results_of(true)) },
    });
    if let Some(url) = &report.repository.url {
        let mut place = json!({ "repositoryUri": url, "revisionId": report.base.commit });
        if let Some(branch) = &report.base.branch {
            place["branch"] = json!(branch);
        }
        run["versionControlProvenance"] = json!([place]);
    }
    // Without a word on any finding, a run that did not get to its end knows nothing: an empty list would say that all is well.
    if report.status == RunStatus::Done || !report.cases.is_empty() {
        run["results"] = json!(results_of(false));
    }
    run
}

fn invocation(report: &RunReport) -> Value {
    // These end a run that went through all of its findings.
    let judged = |kind| {
        use FailureKind::{BelowEvidence, BudgetReached, FindingsRemain};
        matches!(kind, FindingsRemain | BelowEvidence | BudgetReached)
    };
    let successful = report.status == RunStatus::Done
        || report.failure.as_ref().is_some_and(|failure| judged(failure.kind) && !report.cases.is_empty());
    let mut invocation = json!({
        "executionSuccessful": successful,
        "startTimeUtc": report.started,
        "endTimeUtc": report.ended,
    });
    if let Some(code) = report.exit_code {
        invocation["exitCode"] = json!(code);
    }
    invocation
}

fn properties(report: &RunReport, fixed: Vec<Value>) -> Value {
    let mut properties = json!({
        "run": report.run,
        "patchflow": report.patchflow,
        "status": report.status,
        "costMicroUsd": (report.totals.unpriced_calls == 0).then_some(report.totals.cost),
        "tokens": report.totals.usage.input_tokens.saturating_add(report.totals.usage.output_tokens),
        "fixed": fixed,
    });
    if let Some(page) = &report.published.pull_request {
        properties["pullRequest"] = json!(page);
    }
    properties
}

/// The rules of a run, each once, in the order of their first finding.
struct Rules<'a> {
    order: Vec<&'a str>,
    places: BTreeMap<&'a str, usize>,
    findings: Vec<Vec<&'a Finding>>,
}

impl<'a> Rules<'a> {
    fn of(told: &[Told<'a>]) -> Self {
        let mut rules = Self { order: Vec::new(), places: BTreeMap::new(), findings: Vec::new() };
        for (_, finding) in told {
            let place = *rules.places.entry(&finding.rule).or_insert(rules.order.len());
            if place == rules.order.len() {
                rules.order.push(&finding.rule);
                rules.findings.push(Vec::new());
            }
            if let Some(findings) = rules.findings.get_mut(place) {
                findings.push(finding);
            }
        }
        rules
    }

    fn index(&self, rule: &str) -> usize {
        self.places.get(rule).copied().unwrap_or_default()
    }

    fn described(&self) -> Vec<Value> {
        self.order.iter().zip(&self.findings).map(|(id, findings)| describe(id, findings)).collect()
    }
}

fn describe(id: &str, findings: &[&Finding]) -> Value {
    let worst = findings.iter().map(|finding| finding.severity).max().unwrap_or_default();
    let mut tags: Vec<String> = Vec::new();
    for cwe in findings.iter().flat_map(|finding| &finding.cwe) {
        let number: String = cwe.chars().filter(char::is_ascii_digit).collect();
        let tag = format!("external/cwe/cwe-{number:0>3}");
        if !tags.contains(&tag) && tags.len() + 1 < MAX_TAGS {
            tags.push(tag);
        }
    }
    let mut properties = Map::new();
    if !tags.is_empty() || worst > Severity::Info {
        // Only with this tag does GitHub call it a security alert and look at the score.
        tags.insert(0, "security".to_owned());
        if let Some(score) = score(worst) {
            properties.insert("security-severity".to_owned(), json!(score));
        }
    }
    properties.insert("tags".to_owned(), json!(tags));
    let text = findings.first().map_or(id, |finding| finding.message.as_str());
    json!({
        "id": id,
        "shortDescription": { "text": text },
        "defaultConfiguration": { "level": level(worst) },
        "properties": properties,
    })
}
