//! The summary of a review.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use patchwork_core::finding::Severity;

use super::{SENTENCE, TITLE, by_severity, capital, counted};
use crate::review::finding::ReviewFinding;
use crate::review::summary::{Summary, Walked};
use crate::steps::pr::untrusted::markdown;

/// Entries of each list; the rest is counted.
const MOST: usize = 40;

/// Names of units and of left out files on one line.
const NAMES: usize = 6;

/// The text of the summary, without a mark: counts, findings without a comment of their own, the files one by one, what was left
/// out, resolved and dismissed, and what it cost.
pub fn summary(summary: &Summary) -> String {
    let mut out = String::from("## Review\n\n");
    out.push_str(&head(summary));
    let more = summary
        .chosen
        .more
        .iter()
        .map(|finding| row(finding.severity, &place(finding), &finding.title, &finding.rule));
    let told = summary
        .told
        .iter()
        .map(|told| row(told.severity, &format!("{}:{}", told.path, told.line), &told.title, &told.rule));
    list(&mut out, "More findings", more.chain(told));
    let notes = summary.notes.iter().map(|note| {
        format!(
            "{}; it has no line: {}",
            row(note.severity, &note.path, &note.title, &note.rule),
            note.reason
        )
    });
    list(&mut out, "About files", notes);
    list(&mut out, "Walkthrough", summary.walkthrough.iter().map(walked));
    list(&mut out, "Not reviewed", left_out(summary));
    let dismissed = summary.dismissed.iter().map(|one| {
        let by = if one.by.is_empty() { String::new() } else { format!(" by {}", markdown::code(&one.by)) };
        format!(
            "{} {}{by}: {}",
            markdown::code(&one.path),
            markdown::code(&one.rule),
            markdown::line(&one.reason, SENTENCE)
        )
    });
    list(&mut out, "Dismissed since the last review", dismissed);
    list(&mut out, "Problems", summary.problems.iter().map(|problem| markdown::line(problem, SENTENCE)));
    let _ = write!(out, "\n_{}_\n", foot(summary));
    out
}

/// What was found, and what became of what was found before.
fn head(summary: &Summary) -> String {
    let chosen = &summary.chosen;
    let (comments, more) = (chosen.comments.len(), chosen.more.len());
    let mut lines = Vec::new();
    if comments + more + summary.notes.len() == 0 {
        let files = counted(summary.walkthrough.len(), "file");
        lines.push(match summary.open + summary.told.len() {
            0 => format!("No issues found. {files} reviewed."),
            _ => format!("No new issues found. {files} reviewed."),
        });
    } else {
        let all = chosen.comments.iter().chain(&chosen.more).map(|finding| finding.severity);
        let severities = by_severity(all.chain(summary.notes.iter().map(|note| note.severity)));
        let total = counted(comments + more + summary.notes.len(), "finding");
        lines.push(format!("**{total}**: {severities}. {} on lines.", counted(comments, "comment")));
    }
    let mut before = Vec::new();
    if summary.resolved > 0 {
        before.push(format!("{} fixed", counted(summary.resolved, "earlier finding")));
    }
    if !summary.dismissed.is_empty() {
        before.push(format!("{} dismissed", summary.dismissed.len()));
    }
    if summary.open > 0 {
        before.push(format!("{} still open", summary.open));
    }
    if !before.is_empty() {
        lines.push(format!("Since the last review: {}.", before.join(", ")));
    }
    lines.join("\n\n") + "\n"
}

fn row(severity: Severity, place: &str, title: &str, rule: &str) -> String {
    let (place, rule) = (markdown::code(place), markdown::code(rule));
    format!("**{}** {place} {} ({rule})", capital(severity.as_str()), markdown::line(title, TITLE))
}

fn place(finding: &ReviewFinding) -> String {
    format!("{}:{}", finding.path, finding.start_line)
}

fn walked(file: &Walked) -> String {
    let mut text = markdown::code(&file.path);
    if let Some(old) = &file.old_path {
        let _ = write!(text, " (was {})", markdown::code(old));
    }
    let _ = write!(text, " +{} −{}", file.additions, file.deletions);
    if !file.about.is_empty() {
        let _ = write!(text, ": {}", markdown::line(&file.about, SENTENCE));
    } else if !file.units.is_empty() {
        let _ = write!(text, ": {}", names(file.units.iter().map(String::as_str)));
    }
    text
}

/// Some names, and how many more there are.
fn names<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = all.collect();
    let mut text = all.iter().take(NAMES).map(|name| markdown::code(name)).collect::<Vec<_>>().join(", ");
    if let Some(more) = all.len().checked_sub(NAMES).filter(|more| *more > 0) {
        let _ = write!(text, " and {more} more");
    }
    text
}

fn left_out(summary: &Summary) -> impl Iterator<Item = String> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in &summary.left_out {
        by_reason.entry(file.reason.words()).or_default().push(&file.path);
    }
    let rows = by_reason.into_iter();
    rows.map(|(reason, paths)| format!("{}: {}", capital(reason), names(paths.into_iter())))
        .collect::<Vec<_>>()
        .into_iter()
}

fn list(out: &mut String, heading: &str, rows: impl Iterator<Item = String>) {
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = write!(out, "\n### {heading}\n\n");
    for row in rows.iter().take(MOST) {
        let _ = writeln!(out, "- {row}");
    }
    if let Some(more) = rows.len().checked_sub(MOST).filter(|more| *more > 0) {
        let _ = writeln!(out, "- … and {more} more");
    }
}

fn foot(summary: &Summary) -> String {
    let mut parts = Vec::new();
    if !summary.commit.is_empty() {
        parts.push(format!(
            "Reviewed {}",
            summary.commit.chars().filter(char::is_ascii_alphanumeric).take(10).collect::<String>()
        ));
    }
    parts.push(counted(summary.calls, "model call"));
    if let Some(cost) = &summary.cost {
        parts.push(format!(
            "${}",
            cost.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect::<String>()
        ));
    }
    let quiet = summary.chosen.dropped.len();
    if quiet > 0 {
        parts
            .push(format!("{} not told (refuted, unsure, repeated or dismissed)", counted(quiet, "finding")));
    }
    parts.join(" · ")
}
