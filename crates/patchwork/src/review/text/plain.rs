//! A review for a terminal.

use std::fmt::Write as _;

use patchwork_core::change::Side;

use super::{EXPLANATION, SENTENCE, TITLE, by_severity, counted};
use crate::review::summary::Summary;
use crate::steps::pr::untrusted::visible;

/// Files that are listed.
const MOST: usize = 40;

/// The review as plain text, without colours: the findings with code and suggestion, then the files and what was left out.
pub fn plain(summary: &Summary) -> String {
    let mut out = String::new();
    for finding in summary.chosen.comments.iter().chain(&summary.chosen.more) {
        let lines = match finding.start_line == finding.line {
            true => finding.line.to_string(),
            false => format!("{}-{}", finding.start_line, finding.line),
        };
        let side = if finding.side == Side::Old { " (removed)" } else { "" };
        // Writing to a text can't fail.
        let _ = writeln!(
            out,
            "{}:{lines}{side}  {}  {} ({} sure)\n    {}",
            line(&finding.path, TITLE),
            finding.severity,
            line(&finding.rule, TITLE),
            finding.confidence,
            line(&finding.title, TITLE)
        );
        indented(&mut out, &finding.explanation, "    ");
        indented(&mut out, &finding.code, "    | ");
        match finding.suggestion.as_deref() {
            Some("") => out.push_str("    Suggested: remove these lines.\n"),
            Some(code) => {
                out.push_str("    Suggested:\n");
                indented(&mut out, code, "    + ");
            }
            None => {}
        }
        out.push('\n');
    }
    for note in &summary.notes {
        let _ = writeln!(
            out,
            "{}  {}  {}\n    {} (no line: {})\n",
            line(&note.path, TITLE),
            note.severity,
            line(&note.rule, TITLE),
            line(&note.title, TITLE),
            note.reason
        );
    }
    let all = summary.chosen.comments.iter().chain(&summary.chosen.more).map(|finding| finding.severity);
    let all = all.chain(summary.notes.iter().map(|note| note.severity));
    let count = all.clone().count();
    let files = counted(summary.walkthrough.len(), "file");
    let _ = match count {
        0 => writeln!(out, "No issues found. {files} reviewed."),
        _ => writeln!(out, "{} in {files}: {}.", counted(count, "finding"), by_severity(all)),
    };
    for file in summary.walkthrough.iter().filter(|file| !file.about.is_empty()).take(MOST) {
        let _ = writeln!(out, "  {}: {}", line(&file.path, TITLE), line(&file.about, SENTENCE));
    }
    for file in summary.left_out.iter().take(MOST) {
        let _ = writeln!(out, "  not reviewed: {} ({})", line(&file.path, TITLE), file.reason.words());
    }
    if let Some(more) = summary.left_out.len().checked_sub(MOST).filter(|more| *more > 0) {
        let _ = writeln!(out, "  not reviewed: {more} more");
    }
    for problem in &summary.problems {
        let _ = writeln!(out, "  {}", line(problem, SENTENCE));
    }
    out
}

/// Words on one line, without what terminals obey.
fn line(text: &str, limit: usize) -> String {
    let text = visible(text).split_whitespace().collect::<Vec<_>>().join(" ");
    text.chars().take(limit).collect()
}

fn indented(out: &mut String, text: &str, indent: &str) {
    let text: String = text.chars().take(EXPLANATION).collect();
    for text in text.lines() {
        let _ = writeln!(out, "{indent}{}", visible(text).replace('\n', " ").trim_end());
    }
}
