//! Reads what a model answered about a piece of code: a verdict in one line, or the four headed sections of a fix.

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::message::Finish;

use super::types::{Answer, Risk};
use crate::affected::AffectedCode;
use crate::steps::llm::sections::{fenced, find_heading};
use crate::verify::refusals::silencer;

/// The headings of a fix, in their order.
const HEADINGS: [&str; 4] =
    ["A. Commit message:", "B. Change summary:", "C. Compatibility Risk:", "D. Fixed Code:"];

/// Openings of an answer that says there is nothing to fix; the first is what our prompt asks for.
const NOT_VULNERABLE: [&str; 12] = [
    "not vulnerable",
    "the code is not vulnerable",
    "this code is not vulnerable",
    "code is not vulnerable",
    "it is not vulnerable",
    "no vulnerability",
    "no vulnerabilities",
    "there is no vulnerability",
    "there are no vulnerabilities",
    "the code is not affected",
    "false positive",
    "this is a false positive",
];

/// Openings of an answer that says there is no fix; the first is what our prompt asks for.
const NO_FIX: [&str; 12] = [
    "no fix possible",
    "no fix is possible",
    "no fix available",
    "no fix is available",
    "there is no fix",
    "there is no possible fix",
    "not fixable",
    "cannot be fixed",
    "cannot fix",
    "can t be fixed",
    "unable to fix",
    "it cannot be fixed",
];

/// What an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// There is nothing to fix, for this reason; empty when none was given.
    NotVulnerable(String),
    /// It can't be fixed here, for this reason; empty when none was given.
    NoFix(String),
    /// A fix, not checked yet.
    Fix(Proposal),
    /// It can't be used; the reason is said to the model when it is asked again.
    Unusable(String),
    /// A fix that is none, whatever the file around it: the reason, and the code.
    Refused(String, String),
    /// There is no answer, which is not the model's fault.
    Unanswered(String),
    /// The budget did not allow the question, for this reason.
    NotAsked(String),
}

/// A fix as it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proposal {
    /// Section A; empty when it is missing.
    pub(super) commit_message: String,
    /// Section B; empty when it is missing.
    pub(super) patch_message: String,
    /// Section C.
    pub(super) risk: Risk,
    /// The code of section D.
    pub(super) code: String,
}

/// Reads one answer about `piece`.
pub(super) fn read(answer: &Answer, piece: &AffectedCode, allow_truncated: bool) -> Verdict {
    let text = answer.text.as_deref().unwrap_or_default().trim();
    if answer.finish == Some(Finish::Length) && (text.is_empty() || !allow_truncated) {
        return Verdict::Unusable(
            "the answer was cut at the output limit: keep sections A to C to one line each".to_owned(),
        );
    }
    if let Some(failure) = &answer.failure {
        return match failure.kind {
            FailureKind::BudgetReached => Verdict::NotAsked(failure.message.clone()),
            _ => Verdict::Unanswered(with_hint(failure)),
        };
    }
    if let Some(error) = &answer.error {
        return Verdict::Unanswered(error.clone());
    }
    if text.is_empty() {
        return Verdict::Unusable("the answer is empty".to_owned());
    }
    if is_html(text) {
        return Verdict::Unusable("the answer is an HTML page".to_owned());
    }
    let Some((_, code_at)) = find_heading(text, HEADINGS[3]) else {
        return sentinel(text).unwrap_or_else(|| {
            Verdict::Unusable(format!(
                "section `{}` is missing: answer in one of the forms that were asked for",
                HEADINGS[3]
            ))
        });
    };
    let code = match fenced(text.get(code_at..).unwrap_or_default()) {
        Ok(block) => block.body,
        // `D. Fixed Code: NO FIX POSSIBLE` is an answer too.
        Err(problem) => {
            return text.get(code_at..).and_then(sentinel).unwrap_or_else(|| {
                Verdict::Unusable(format!("section `{}` can't be used: {problem}", HEADINGS[3]))
            });
        }
    };
    if let Some(problem) = problem_of(code, &piece.affected_code) {
        return Verdict::Refused(problem, code.to_owned());
    }
    let [commit_message, patch_message, risk, _] = sections(text);
    Verdict::Fix(Proposal {
        commit_message: commit_message.to_owned(),
        patch_message: patch_message.to_owned(),
        risk: Risk::stated_in(risk),
        code: with_edges_of(&piece.affected_code, code),
    })
}

/// A failure in one line, with what to try next.
fn with_hint(failure: &Failure) -> String {
    match failure.hints.first() {
        Some(hint) => format!("{failure} ({hint})"),
        None => failure.to_string(),
    }
}

/// The code with the blank lines of `old` before and behind it: those that a model adds or drops there are no part of a fix.
fn with_edges_of(old: &str, code: &str) -> String {
    let blank = |line: &&str| line.trim().is_empty();
    let lines = |text| str::split_inclusive(text, '\n');
    let leading = |text| lines(text).take_while(blank).map(str::len).sum::<usize>();
    let trailing = |text| lines(text).rev().take_while(blank).map(str::len).sum::<usize>();
    let inner = code.get(leading(code)..code.len() - trailing(code)).unwrap_or(code);
    let Some(behind) = old.len().checked_sub(trailing(old)).filter(|at| *at > 0) else {
        return code.to_owned();
    };
    let (before, behind) = (old.get(..leading(old)), old.get(behind..));
    format!("{}{inner}{}", before.unwrap_or_default(), behind.unwrap_or_default())
}

/// The text of each section, up to the next heading that is there; empty for one that is missing.
fn sections(text: &str) -> [&str; 4] {
    let mut found = HEADINGS.map(|heading| find_heading(text, heading));
    // The code comes last: what looks like a heading inside of it is none.
    if let Some((code, _)) = found[3] {
        for place in &mut found[..3] {
            *place = place.filter(|(start, _)| *start < code);
        }
    }
    found.map(|place| {
        let Some((_, start)) = place else { return "" };
        let end = found.iter().flatten().map(|(next, _)| *next).filter(|next| *next >= start).min();
        text.get(start..end.unwrap_or(text.len())).unwrap_or_default().trim()
    })
}

/// A verdict in words: at the start of the answer or, when the model thinks aloud first, alone in its last line.
fn sentinel(text: &str) -> Option<Verdict> {
    if fenced(text).is_ok() {
        return None;
    }
    let mut lines = text.lines().filter(|line| !words(line).is_empty());
    let first = lines.next()?;
    let rest_of_first = text.get(text.find(first)? + first.len()..).unwrap_or_default();
    if let Some(verdict) = verdict_of(first, rest_of_first) {
        return Some(verdict);
    }
    let last = lines.next_back()?;
    // Alone in a line, so that a sentence that only mentions the words is not taken for a verdict.
    let said = words(last);
    let alone = |phrases: &[&str]| phrases.contains(&said.as_str());
    let reasoning = text.get(..text.rfind(last)?).unwrap_or_default().trim().to_owned();
    if alone(&NOT_VULNERABLE) {
        return Some(Verdict::NotVulnerable(reasoning));
    }
    alone(&NO_FIX).then_some(Verdict::NoFix(reasoning))
}

fn verdict_of(line: &str, rest: &str) -> Option<Verdict> {
    let said = words(line);
    let opens = |phrases: &[&str]| {
        phrases.iter().any(|phrase| {
            said.strip_prefix(phrase).is_some_and(|after| after.is_empty() || after.starts_with(' '))
        })
    };
    // The reason stands behind a dash, a colon or a full stop, or in the lines below.
    let same_line = line.split_once([':', '.', '–', '—', ',', ';']).map_or("", |(_, reason)| reason);
    let undecorated = |text: &str| text.trim().trim_matches(['*', '_', '`', '-', ' ']).to_owned();
    let reason = undecorated(&format!("{}\n{}", undecorated(same_line), undecorated(rest)));
    if opens(&NOT_VULNERABLE) {
        return Some(Verdict::NotVulnerable(reason));
    }
    opens(&NO_FIX).then_some(Verdict::NoFix(reason))
}

/// A line as lower-case words with single spaces.
fn words(line: &str) -> String {
    let words: Vec<String> = line
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

fn is_html(text: &str) -> bool {
    let start: String = text.chars().take(15).collect::<String>().to_ascii_lowercase();
    start.starts_with("<!doctype html") || start.starts_with("<html")
}

/// Why code can't be a fix of `old`, whatever the file around it.
pub(super) fn problem_of(code: &str, old: &str) -> Option<String> {
    if code.trim().is_empty() {
        return Some("the fixed code is empty: a fix must not delete everything".to_owned());
    }
    if let Some(c) = code.chars().find(|c| is_odd(*c) && !old.contains(*c)) {
        return Some(format!(
            "the fixed code holds the invisible character U+{:04X}: write it as an escape",
            u32::from(c)
        ));
    }
    if let Some(line) = merge_marker(code).filter(|_| merge_marker(old).is_none()) {
        return Some(format!("the fixed code holds a merge marker (`{line}`)"));
    }
    if let Some(line) = code.lines().find(|line| leaves_out(line) && !old.contains(line.trim())) {
        return Some(format!("the fixed code leaves code out (`{}`): give every line", line.trim()));
    }
    if let Some(word) = silencer(code, old) {
        return Some(format!("the fixed code silences the scanner (`{word}`): change the code itself"));
    }
    if same_code(code, old) {
        return Some("the fixed code is the same as before".to_owned());
    }
    None
}

/// Whether a character can't be seen: one that makes a file binary, or makes code read otherwise than it runs.
fn is_odd(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}'))
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn merge_marker(code: &str) -> Option<&str> {
    code.lines().find(|line| line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ")).map(str::trim)
}

/// Whether a line is a comment that stands for code (`# … rest of the function`).
fn leaves_out(line: &str) -> bool {
    const SIGNS: [&str; 6] = ["#", "//", "/*", "<!--", "--", "*"];
    const MEANING: [&str; 8] =
        ["rest of", "existing", "unchanged", "remaining", "same as", "omitted", "as before", "your code"];
    let line = line.trim();
    if !SIGNS.iter().any(|sign| line.starts_with(sign)) || !(line.contains("...") || line.contains('…')) {
        return false;
    }
    let line = line.to_lowercase();
    MEANING.iter().any(|meaning| line.contains(meaning))
}

/// Whether two pieces are the same but for trailing white space and the indentation they have in common.
fn same_code(a: &str, b: &str) -> bool {
    fn lines(code: &str) -> Vec<&str> {
        let lines: Vec<&str> = code.lines().map(str::trim_end).collect();
        let filled = |line: &&str| !line.is_empty();
        let first = lines.iter().position(&filled).unwrap_or(0);
        let last = lines.iter().rposition(&filled).map_or(0, |last| last + 1);
        let lines = lines.get(first..last).unwrap_or_default();
        let indent = |line: &&str| line.len() - line.trim_start().len();
        let common = lines.iter().copied().filter(filled).map(|line| indent(&line)).min().unwrap_or(0);
        lines.iter().map(|line| line.get(common..).unwrap_or_default()).collect()
    }
    lines(a) == lines(b)
}

#[cfg(test)]
#[path = "tests/answers.rs"]
mod tests;
