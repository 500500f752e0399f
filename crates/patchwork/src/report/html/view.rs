//! What the page shows: words and figures, ready to be put in.

use patchwork_core::evidence::{Author, Evidence, Level, Outcome, Try};
use patchwork_core::failure::Failure;
use patchwork_core::run::RunStatus;
use serde::Serialize;

use super::diff::{DiffView, shown};
use crate::report::run_report::{Case, CaseOutcome, ModelUse, NodeState, Proof, RunReport};
use crate::report::words;
use crate::steps::pr::untrusted::visible;
use crate::verify::{BUILDS, TESTS};

/// What `VerifyPatch` calls the check that a finding is gone.
const GONE: &str = "finding gone";

/// Rows of one diff at most.
const MAX_ROWS: usize = 1_000;

/// Rows of all diffs at most: a browser must open the page.
const ALL_ROWS: usize = 30_000;

/// Steps that are listed.
const MAX_NODES: usize = 500;

#[derive(Serialize)]
pub(super) struct View {
    patchflow: String,
    program_version: String,
    run: String,
    status: &'static str,
    exit_code: Option<u8>,
    dry_run: bool,
    failure: Option<FailureView>,
    repository: String,
    repository_url: Option<String>,
    branch: Option<String>,
    base_branch: Option<String>,
    base_commit: String,
    pull_request: Option<String>,
    started: String,
    ended: String,
    time: String,
    total: usize,
    by_rules: usize,
    groups: Vec<Group>,
    proven: Vec<Proven>,
    cost: String,
    unpriced: Option<String>,
    calls: u64,
    reused: u64,
    tokens: String,
    models: Vec<Model>,
    sandbox: Option<Sandbox>,
    nodes: Vec<Node>,
    more_nodes: usize,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct FailureView {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
}

/// The cases of one outcome.
#[derive(Serialize)]
struct Group {
    id: &'static str,
    name: &'static str,
    findings: usize,
    /// Where its part of the bar begins and how wide it is, in thousandths.
    at: usize,
    width: usize,
    cases: Vec<CaseView>,
}

/// How many fixes reached a level.
#[derive(Serialize)]
struct Proven {
    level: String,
    meaning: &'static str,
    fixes: usize,
}

#[derive(Serialize)]
struct CaseView {
    title: String,
    place: String,
    severity: &'static str,
    rules: Vec<String>,
    reason: String,
    findings: Vec<FindingView>,
    fix: Option<FixView>,
    tries: Vec<TryView>,
    ladder: Option<LadderView>,
    cost: Option<String>,
    time: Option<String>,
}

#[derive(Serialize)]
struct FindingView {
    rule: String,
    tool: String,
    severity: &'static str,
    message: String,
    lines: String,
    cwe: Vec<Weakness>,
    fingerprint: String,
}

#[derive(Serialize)]
struct Weakness {
    id: String,
    url: Option<String>,
}

#[derive(Serialize)]
struct LadderView {
    level: String,
    meaning: &'static str,
    rungs: Vec<Rung>,
    checks: Vec<CheckView>,
}

#[derive(Serialize)]
struct Rung {
    name: String,
    meaning: &'static str,
    /// `on` when it was checked and held, `open` when a higher one was reached without it, else `off`.
    state: &'static str,
}

#[derive(Serialize)]
struct CheckView {
    name: String,
    passed: bool,
    detail: String,
}

#[derive(Serialize)]
struct FixView {
    title: String,
    summary: String,
    by: &'static str,
    compatibility: String,
    committed: bool,
    commit: Option<String>,
    link: Option<String>,
    diff: DiffView,
    test: Option<TestView>,
    remaining_rules: Vec<String>,
}

#[derive(Serialize)]
struct TestView {
    path: String,
    diff: DiffView,
}

#[derive(Serialize)]
struct TryView {
    round: u32,
    name: String,
    by: &'static str,
    outcome: &'static str,
    class: &'static str,
    reason: String,
    ladder: Option<LadderView>,
    tokens: Option<String>,
    cost: Option<String>,
    time: Option<String>,
    diff: Option<DiffView>,
}

#[derive(Serialize)]
struct Model {
    name: String,
    calls: u64,
    reused: u64,
    failed: u64,
    input: String,
    output: String,
    cost: String,
    time: String,
}

#[derive(Serialize)]
struct Sandbox {
    copies: String,
    walls: Vec<String>,
    missing: Vec<String>,
    sound: bool,
}

#[derive(Serialize)]
struct Node {
    node: String,
    uses: String,
    state: &'static str,
    reason: String,
    attempts: u32,
    time: String,
}

const OUTCOMES: [(CaseOutcome, &str); 5] = [
    (CaseOutcome::Fixed, "fixed"),
    (CaseOutcome::Remaining, "remaining"),
    (CaseOutcome::NoFix, "nofix"),
    (CaseOutcome::NotVulnerable, "fine"),
    (CaseOutcome::Suppressed, "suppressed"),
];

const LEVELS: [Level; 6] = [Level::L0, Level::L1, Level::L2, Level::L3, Level::L4, Level::L5];

impl View {
    pub(super) fn of(report: &RunReport) -> Self {
        let mut rows = ALL_ROWS;
        let total = report.counts.total();
        let mut at = 0;
        let groups = OUTCOMES.map(|(outcome, id)| {
            let cases: Vec<&Case> = report.cases.iter().filter(|case| case.outcome == outcome).collect();
            let findings: usize = cases.iter().map(|case| case.findings.len().max(1)).sum();
            let width = (findings * 1_000).checked_div(total).unwrap_or(0);
            let cases = cases.into_iter().map(|case| case_view(case, &mut rows)).collect();
            let group = Group { id, name: words::outcome(outcome), findings, at, width, cases };
            at += width;
            group
        });
        let fixes = || report.cases.iter().filter_map(|case| case.fix.as_ref());
        let proven = LEVELS.into_iter().rev().map(|level| Proven {
            level: format!("{level:?}"),
            meaning: level.meaning(),
            fixes: fixes().filter(|fix| fix.evidence.level == level).count(),
        });
        Self {
            patchflow: text(&report.patchflow),
            program_version: text(&report.program_version),
            run: report.run.clone(),
            status: status(report.status),
            exit_code: report.exit_code.filter(|code| *code != 0),
            dry_run: report.dry_run,
            failure: report.failure.as_ref().map(failure_view),
            repository: text(&report.repository.name),
            repository_url: report.repository.url.clone(),
            branch: report.published.branch.as_deref().map(text),
            base_branch: report.base.branch.as_deref().map(text),
            base_commit: report.base.commit.chars().take(10).collect(),
            pull_request: report.published.pull_request.clone(),
            started: report.started.clone(),
            ended: report.ended.clone(),
            time: words::duration(report.ms),
            total,
            by_rules: report.counts.by_rules,
            groups: groups.into_iter().collect(),
            proven: proven.filter(|proven| proven.fixes > 0).collect(),
            cost: words::known_cost(&report.totals),
            unpriced: words::unpriced(&report.totals),
            calls: report.totals.calls,
            reused: report.totals.reused,
            tokens: words::short(
                report.totals.usage.input_tokens.saturating_add(report.totals.usage.output_tokens),
            ),
            models: report.models.iter().map(model_view).collect(),
            sandbox: report.sandbox.as_ref().map(|sandbox| Sandbox {
                copies: text(&sandbox.copies),
                walls: sandbox.walls.iter().map(|wall| text(wall)).collect(),
                missing: sandbox.missing.iter().map(|missing| text(missing)).collect(),
                sound: sandbox.sound,
            }),
            nodes: report.nodes.iter().take(MAX_NODES).map(node_view).collect(),
            more_nodes: report.nodes.len().saturating_sub(MAX_NODES),
            warnings: report.warnings.iter().map(|warning| text(warning)).collect(),
        }
    }
}

/// A text without what would hide or turn it, of a length that a page can show.
fn text(text: &str) -> String {
    const MAX: usize = 8_000;
    let shown = visible(text);
    match shown.char_indices().nth(MAX) {
        None => shown,
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
    }
}

fn status(status: RunStatus) -> &'static str {
    status.as_str()
}

fn failure_view(failure: &Failure) -> FailureView {
    FailureView {
        message: text(&failure.message),
        causes: failure.causes.iter().take(50).map(|cause| text(cause)).collect(),
        hints: failure.hints.iter().map(|hint| text(hint)).collect(),
    }
}

/// A diff within what is left of the rows of the page.
fn diff_view(diff: &str, rows: &mut usize) -> DiffView {
    let view = DiffView::of(diff, MAX_ROWS.min(*rows));
    *rows -= view.len();
    view
}

fn case_view(case: &Case, rows: &mut usize) -> CaseView {
    let mut rules: Vec<String> = Vec::new();
    for finding in &case.findings {
        let rule = text(&finding.rule);
        if !rules.contains(&rule) {
            rules.push(rule);
        }
    }
    let paid = case.tries.iter().any(|one| one.usage.is_some() || one.cost.is_some());
    CaseView {
        title: text(words::title(case)),
        place: shown(&format!("{}:{}", case.path, case.line)),
        severity: case.severity.as_str(),
        rules,
        // Without a finding it is the title already.
        reason: if case.findings.is_empty() { String::new() } else { text(&case.reason) },
        findings: case.findings.iter().map(finding_view).collect(),
        ladder: case.fix.as_ref().map(|fix| ladder(&fix.evidence)),
        fix: case.fix.as_ref().map(|fix| fix_view(fix, rows)),
        tries: case.tries.iter().map(|one| try_view(one, case.fix.is_some(), rows)).collect(),
        cost: paid.then(|| words::cost(case.cost)),
        time: (case.ms > 0).then(|| words::duration(case.ms)),
    }
}

fn finding_view(finding: &patchwork_core::finding::Finding) -> FindingView {
    FindingView {
        rule: text(&finding.rule),
        tool: text(&finding.tool),
        severity: finding.severity.as_str(),
        message: text(&finding.message),
        lines: match finding.start_line >= finding.end_line {
            true => format!("line {}", finding.start_line),
            false => format!("lines {}–{}", finding.start_line, finding.end_line),
        },
        cwe: finding.cwe.iter().take(20).map(|cwe| weakness(cwe)).collect(),
        fingerprint: text(&finding.fingerprint),
    }
}

fn weakness(cwe: &str) -> Weakness {
    let number = cwe.strip_prefix("CWE-").filter(|number| {
        !number.is_empty() && number.len() < 7 && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    Weakness {
        id: text(cwe),
        url: number.map(|number| format!("https://cwe.mitre.org/data/definitions/{number}.html")),
    }
}

fn ladder(evidence: &Evidence) -> LadderView {
    LadderView {
        level: format!("{:?}", evidence.level),
        meaning: evidence.level.meaning(),
        rungs: LEVELS
            .map(|level| Rung {
                name: format!("{level:?}"),
                meaning: level.meaning(),
                state: rung_state(level, evidence),
            })
            .into_iter()
            .collect(),
        checks: evidence
            .checks
            .iter()
            .map(|check| CheckView {
                name: text(&check.name),
                passed: check.passed,
                detail: text(&check.detail),
            })
            .collect(),
    }
}

/// A repository without a build or tests has no such check, whatever the level above it.
fn rung_state(level: Level, evidence: &Evidence) -> &'static str {
    let checked = |name: &str| evidence.checks.iter().any(|check| check.passed && check.name == name);
    let is_open = match level {
        Level::L1 => !checked(BUILDS),
        Level::L2 => !checked(GONE),
        Level::L3 => !checked(TESTS),
        Level::L0 | Level::L4 | Level::L5 => false,
    };
    match () {
        () if level > evidence.level => "off",
        () if is_open && level < evidence.level => "open",
        () => "on",
    }
}

fn by(author: Author) -> &'static str {
    match author {
        Author::Rule => "rule",
        Author::Model => "model",
    }
}

fn fix_view(fix: &Proof, rows: &mut usize) -> FixView {
    FixView {
        title: text(&fix.title),
        summary: text(&fix.summary),
        by: by(fix.by),
        compatibility: text(&fix.compatibility),
        committed: fix.committed,
        commit: fix.commit.as_deref().map(|commit| commit.chars().take(10).collect()),
        link: fix.link.clone(),
        diff: diff_view(&fix.diff, rows),
        test: fix
            .test
            .as_ref()
            .map(|test| TestView { path: shown(&test.path), diff: diff_view(&test.diff, rows) }),
        remaining_rules: fix.remaining_rules.iter().map(|rule| text(rule)).collect(),
    }
}

fn try_view(one: &Try, is_fixed: bool, rows: &mut usize) -> TryView {
    // The diff of what was kept is shown as that of the fix.
    let is_shown = one.outcome == Outcome::Accepted && is_fixed;
    TryView {
        round: one.round,
        name: text(&words::proposer(one)),
        by: by(one.by),
        outcome: words::tried(one.outcome),
        class: match one.outcome {
            Outcome::Accepted => "good",
            Outcome::Rejected => "bad",
            Outcome::Outdone | Outcome::NotVulnerable => "calm",
            Outcome::NoFix | Outcome::Unanswered => "warn",
        },
        reason: text(&one.reason),
        ladder: one.evidence.as_ref().map(ladder),
        tokens: one.usage.map(|usage| {
            format!("{} tokens", words::short(usage.input_tokens.saturating_add(usage.output_tokens)))
        }),
        cost: one.usage.is_some().then(|| words::cost(one.cost)),
        time: one.ms.map(words::duration),
        diff: (!is_shown && !one.diff.is_empty()).then(|| diff_view(&one.diff, rows)),
    }
}

fn model_view(model: &ModelUse) -> Model {
    Model {
        name: match model.vendor.as_str() {
            "" => text(&model.model),
            vendor => text(&format!("{vendor}/{}", model.model)),
        },
        calls: model.calls,
        reused: model.reused,
        failed: model.failed,
        input: words::short(model.usage.input_tokens),
        output: words::short(model.usage.output_tokens),
        cost: words::cost(model.cost),
        time: words::duration(model.ms),
    }
}

fn node_view(node: &crate::report::NodeReport) -> Node {
    Node {
        node: text(&node.node),
        uses: text(&node.uses),
        state: match node.state {
            NodeState::Begun => "begun",
            NodeState::Done => "done",
            NodeState::Skipped => "skipped",
            NodeState::Failed => "failed",
        },
        reason: text(&node.reason),
        attempts: node.attempts,
        time: words::duration(node.ms),
    }
}
