//! A report as Markdown, for the summary of a CI job. What others wrote is shown as text: HTML, links, images, mentions and
//! references have no effect.

mod pieces;

use std::fmt::Write;

use patchwork_core::run::RunStatus;

use self::pieces::try_words;
pub(crate) use self::pieces::{MAX_REMARK, evidence_line, finding_line, tries_line};
use super::run_report::{Case, CaseOutcome, RunReport};
use super::words::{self, counted};
use crate::steps::pr::untrusted::markdown::{block, code, fenced, html, line};

const MAX_SUMMARY: usize = 4_000;
const MAX_DIFF: usize = 20_000;
const MAX_TRY_DIFF: usize = 4_000;

/// How much is told, most first. What matters least goes first when there is too little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    /// A line for each case.
    Lines,
    /// What was checked.
    Evidence,
    /// What was tried.
    Tries,
    /// The diffs of fixes.
    Diffs,
    /// Warnings and nodes.
    Course,
    /// The diffs of what was turned down.
    All,
}

/// The report in at most `limit` bytes. The diffs of what was turned down are left out first, then warnings and nodes, diffs,
/// tries, evidence, and the last findings last of all.
pub fn render(report: &RunReport, limit: usize) -> String {
    let rooms = [Room::All, Room::Course, Room::Diffs, Room::Tries, Room::Evidence, Room::Lines];
    let mut text = String::new();
    for room in rooms {
        text = whole(report, room);
        if text.len() <= limit {
            return text;
        }
    }
    cut(&text, limit)
}

/// The first lines of a text that fit, and a word that there were more.
fn cut(text: &str, limit: usize) -> String {
    const MORE: &str = "\n… more is left out here: `patchwork report` writes all of it.\n";
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        if out.len() + line.len() + MORE.len() > limit {
            break;
        }
        out.push_str(line);
    }
    if out.len() + MORE.len() <= limit {
        out.push_str(MORE);
    }
    out
}

fn whole(report: &RunReport, room: Room) -> String {
    let mut out = head(report);
    for outcome in [
        CaseOutcome::Fixed,
        CaseOutcome::Remaining,
        CaseOutcome::NoFix,
        CaseOutcome::NotVulnerable,
        CaseOutcome::Suppressed,
    ] {
        let cases: Vec<&Case> = report.cases.iter().filter(|case| case.outcome == outcome).collect();
        if cases.is_empty() {
            continue;
        }
        let _ =
            writeln!(out, "{}### {}", if out.ends_with("\n\n") { "" } else { "\n" }, words::outcome(outcome));
        for case in cases {
            if room == Room::Lines {
                let _ = write!(out, "\n- {}", case_line(case));
            } else {
                out.push_str(&section(case, room));
            }
        }
        if room == Room::Lines {
            out.push('\n');
        }
    }
    if room >= Room::Course {
        course(&mut out, report);
    }
    out
}

fn head(report: &RunReport) -> String {
    let sums = words::sums(report);
    let sums = match (sums.is_empty(), report.cases.is_empty()) {
        (false, _) => sums,
        (true, _) => report.status.as_str().to_owned(),
    };
    let mut out = format!("## {}: {sums}\n", line(&report.patchflow, 100));
    if let Some(failure) = &report.failure {
        let _ = write!(out, "\n> {}\n", line(&failure.message, 1_000));
        for cause in failure.causes.iter().take(10) {
            let _ = writeln!(out, "> - {}", line(cause, 1_000));
        }
    }
    out.push_str("\n| | |\n| --- | --- |\n");
    let mut row = |name: &str, value: String| {
        let _ = writeln!(out, "| {name} | {} |", value.replace('|', "\\|"));
    };
    let code_of = report.exit_code.filter(|code| *code != 0).map(|code| format!(", exit code {code}"));
    let dry = if report.dry_run { ", dry run: nothing was committed" } else { "" };
    row("Status", format!("{}{}{dry}", report.status, code_of.unwrap_or_default()));
    let commit: String = report.base.commit.chars().take(10).collect();
    let branch = report.base.branch.as_deref().map(|branch| format!(" ({})", code(branch)));
    row(
        "Repository",
        format!("{} at {}{}", code(&report.repository.name), code(&commit), branch.unwrap_or_default()),
    );
    if let Some(page) = &report.published.pull_request {
        row("Pull request", address(page));
    } else if let Some(branch) = &report.published.branch {
        row("Branch", code(branch));
    }
    if let Some(sandbox) = &report.sandbox {
        row("Sandbox", sandbox_words(sandbox));
    }
    for model in &report.models {
        row("Model", model_words(model));
    }
    if !report.models.is_empty() {
        row("Cost", words::total_cost(&report.totals));
    }
    row("Time", words::duration(report.ms));
    row("Run", code(&report.run));
    out
}

fn sandbox_words(sandbox: &patchwork_core::port::trial::Isolation) -> String {
    let walls = sandbox.walls.join(", ");
    line(&if walls.is_empty() { "none".to_owned() } else { walls }, MAX_REMARK)
}

fn model_words(model: &super::ModelUse) -> String {
    let name = match model.vendor.as_str() {
        "" => model.model.clone(),
        vendor => format!("{vendor}/{}", model.model),
    };
    let tokens = model.usage.input_tokens.saturating_add(model.usage.output_tokens);
    let mut parts = Vec::new();
    if model.calls > 0 {
        let calls = counted(usize::try_from(model.calls).unwrap_or(usize::MAX), "call");
        parts.push(format!("{calls}, {} tokens, cost {}", words::short(tokens), words::cost(model.cost)));
    }
    if model.reused > 0 {
        parts.push(format!("{} kept from earlier runs", model.reused));
    }
    if model.failed > 0 {
        parts.push(format!("{} without an answer", model.failed));
    }
    format!("{}: {}", code(&name), parts.join(", "))
}

/// An address that was checked when it was taken over; as code when it could end the link.
fn address(page: &str) -> String {
    if page.contains(|c: char| "<>()[]`|\\\"".contains(c)) { code(page) } else { format!("<{page}>") }
}

fn place(case: &Case) -> String {
    format!("{}:{}", case.path, case.line)
}

/// `**L3** high a.py:13 What is wrong: why it remains`
fn case_line(case: &Case) -> String {
    let level = case.fix.as_ref().map(|fix| format!("**{:?}** ", fix.evidence.level)).unwrap_or_default();
    let reason = match case.reason.as_str() {
        "" => String::new(),
        reason => format!(" — {}", line(reason, MAX_REMARK)),
    };
    let title = if case.findings.is_empty() { String::new() } else { line(words::title(case), MAX_REMARK) };
    format!("{level}{} ({}) {title}{reason}", code(&place(case)), case.severity)
}

fn section(case: &Case, room: Room) -> String {
    let level = match &case.fix {
        Some(fix) => format!("<b>{:?}</b> ", fix.evidence.level),
        None => String::new(),
    };
    // Inside of HTML only code is safe from what a forge makes of names and addresses.
    let rule = case.findings.first().map(|finding| format!(" <code>{}</code>", html(&finding.rule)));
    let mut out = format!(
        "\n<details>\n<summary>{level}<code>{}</code>{} {}</summary>\n",
        html(&place(case)),
        rule.unwrap_or_default(),
        case.severity
    );
    if let Some(fix) = &case.fix {
        let _ = write!(out, "\n#### {}\n", line(&fix.title, 200));
        let summary = block(&fix.summary, MAX_SUMMARY);
        if !summary.is_empty() {
            let _ = write!(out, "\n{summary}\n");
        }
    }
    if !case.reason.is_empty() {
        let _ = write!(out, "\n{}\n", block(&case.reason, MAX_SUMMARY));
    }
    out.push('\n');
    for finding in &case.findings {
        let _ = writeln!(out, "- **Finding:** {}", finding_line(finding));
    }
    if let Some(fix) = &case.fix {
        if !fix.compatibility.is_empty() {
            let _ = writeln!(out, "- **Compatibility risk:** {}", line(&fix.compatibility, MAX_REMARK));
        }
        let _ = writeln!(out, "- **Evidence:** {}", evidence_line(&fix.evidence));
        if let Some(test) = &fix.test {
            let _ = writeln!(out, "- **Regression test:** {}", code(&test.path));
        }
        match &fix.link {
            Some(link) => {
                let _ = writeln!(out, "- **In the pull request:** {}", address(link));
            }
            None if !fix.committed => out.push_str("- Not committed\n"),
            None => {}
        }
    }
    if !case.tries.is_empty() {
        let _ = writeln!(
            out,
            "- **Took:** {}, {} of answers, cost {}",
            words::tries(case.tries.len()),
            words::duration(case.ms),
            words::cost(case.cost)
        );
    }
    if room >= Room::Tries {
        tries(&mut out, case, room);
    }
    if room >= Room::Diffs {
        for diff in case.fix.iter().flat_map(|fix| {
            std::iter::once(fix.diff.as_str()).chain(fix.test.as_ref().map(|test| test.diff.as_str()))
        }) {
            if !diff.is_empty() {
                let _ = write!(out, "\n{}\n", fenced("diff", diff, MAX_DIFF));
            }
        }
    }
    out.push_str("\n</details>\n");
    out
}

fn tries(out: &mut String, case: &Case, room: Room) {
    let kept_alone = case.tries.len() == 1 && case.fix.is_some();
    if case.tries.is_empty() || kept_alone {
        return;
    }
    out.push_str("\nTried:\n\n");
    for one in &case.tries {
        let evidence = one.evidence.as_ref().map(|evidence| format!(" ({})", evidence_line(evidence)));
        let _ = writeln!(out, "1. {}{}", try_words(one), evidence.unwrap_or_default());
    }
    if room < Room::All {
        return;
    }
    let turned_down = case
        .tries
        .iter()
        .filter(|one| one.outcome != patchwork_core::evidence::Outcome::Accepted && !one.diff.is_empty());
    for one in turned_down {
        let _ = write!(out, "\nTurned down, from {}:\n", code(&words::proposer(one)));
        let _ = write!(out, "\n{}\n", fenced("diff", &one.diff, MAX_TRY_DIFF));
    }
}

fn course(out: &mut String, report: &RunReport) {
    if !report.warnings.is_empty() {
        out.push_str("\n<details>\n<summary>Warnings</summary>\n\n");
        for warning in &report.warnings {
            let _ = writeln!(out, "- {}", line(warning, 1_000));
        }
        out.push_str("\n</details>\n");
    }
    // Of a run that did what it should, the way there is of no interest when there are findings to tell of.
    if report.nodes.is_empty() || (report.status == RunStatus::Done && !report.cases.is_empty()) {
        return;
    }
    out.push_str(
        "\n<details>\n<summary>Steps</summary>\n\n| Node | Step | | Time |\n| --- | --- | --- | --- |\n",
    );
    for node in report.nodes.iter().take(200) {
        let state = match (node.state, node.reason.as_str()) {
            (super::NodeState::Begun, _) => "begun".to_owned(),
            (super::NodeState::Done, _) => "done".to_owned(),
            (super::NodeState::Skipped, reason) => format!("skipped: {}", line(reason, MAX_REMARK)),
            (super::NodeState::Failed, reason) => format!("failed: {}", line(reason, MAX_REMARK)),
        };
        let row = format!(
            "{} | {} | {} | {}",
            code(&node.node),
            code(&node.uses),
            state.replace('|', "\\|"),
            words::duration(node.ms)
        );
        let _ = writeln!(out, "| {row} |");
    }
    out.push_str("\n</details>\n");
}
