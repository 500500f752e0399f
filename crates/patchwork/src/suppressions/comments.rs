//! Suppressions in comments.

use std::cell::OnceCell;
use std::ops::Range;

use patchwork_repo::language::Language;
use patchwork_repo::syntax::Syntax;

use super::rule::RulePattern;

/// What such a comment begins with.
pub(super) const WORD: &str = "patchwork:ignore";

/// What makes it about the whole file.
const OF_FILE: &str = "-file";

/// What opens a comment in the languages whose syntax is not known.
const OPENERS: [&str; 11] = ["#", "//", "/*", "*", "--", ";", "<!--", "%", "{-", "(*", "{#"];

/// What closes one; it is no part of the reason.
const CLOSERS: [&str; 7] = ["*/", "-->", "#}", "-}", "*)", "%>", "\"\"\""];

/// Comment lines that may stand between a comment and the code it is about.
const STACKED: usize = 20;

/// Suppressions that are read in one file: a file with more is made to take time.
const MOST: usize = 1_000;

/// A suppression that counts.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    /// The line it stands in, 1-based.
    pub(super) line: u32,
    pub(super) reach: Reach,
    pub(super) rule: RulePattern,
    pub(super) reason: String,
}

/// What it speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// The findings that begin in this line, 1-based.
    Line(u32),
    /// Those of the whole file.
    File,
}

/// Whether a text says something.
pub(super) fn is_reason(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

/// The suppressions in the comments of a file; of those that do not count, `faults` gets the place and the reason.
pub(super) fn read(
    path: &str,
    text: &str,
    language: Option<Language>,
    faults: &mut Vec<String>,
) -> Vec<Comment> {
    let lines = Lines::of(text, language);
    let code_begins = OnceCell::new();
    let mut out = Vec::new();
    for (at, _) in text.match_indices(WORD).take(MOST) {
        let Some(comment) = lines.comment_at(at) else { continue };
        let line = lines.number(at);
        let rest = text.get(at + WORD.len()..).unwrap_or_default();
        let (of_file, rest) = match rest.strip_prefix(OF_FILE) {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        // `patchwork:ignored` is another word.
        if rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '-' | '_')) {
            continue;
        }
        let said = words(rest);
        let (rule, reason) = said.split_once(char::is_whitespace).unwrap_or((said, ""));
        let rule = rule.trim_end_matches([':', ',']);
        let reason =
            reason.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '-' | ':' | '–' | '—'));
        let word = if of_file { format!("{WORD}{OF_FILE}") } else { WORD.to_owned() };
        let mut fault = |problem: &str| faults.push(format!("{path}:{line}: `{word}` {problem}"));
        if rule.is_empty() {
            fault("names no rule, so it does not count: write `patchwork:ignore RULE reason`");
        } else if !is_reason(reason) {
            fault(&format!("of `{rule}` gives no reason, so it does not count: write why after the rule"));
        } else if of_file && line >= *code_begins.get_or_init(|| lines.code_begins()) {
            fault(&format!("of `{rule}` does not count here: it belongs to the top of the file"));
        } else {
            let reach = if of_file { Reach::File } else { Reach::Line(lines.meant(line, &comment)) };
            out.push(Comment {
                line: number(line),
                reach,
                rule: RulePattern::new(rule),
                reason: reason.to_owned(),
            });
        }
    }
    out
}

/// What stands behind the word in its line, without what closes the comment.
fn words(rest: &str) -> &str {
    let line = rest.lines().next().unwrap_or_default();
    let end = CLOSERS.iter().filter_map(|closer| line.find(closer)).min().unwrap_or(line.len());
    line.get(..end).unwrap_or_default().trim_start_matches(':').trim()
}

fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

/// The lines of a text, and where its comments are.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
    /// In bytes, in order; none when the syntax is not known.
    comments: Option<Vec<Range<usize>>>,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str, language: Option<Language>) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let syntax = language.and_then(|language| Syntax::parse(language, text));
        Self { text, starts, comments: syntax.map(|syntax| syntax.comments()) }
    }

    /// The line of a byte, 1-based.
    fn number(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at)
    }

    /// The text of a line, 1-based.
    fn line(&self, number: usize) -> Option<&'a str> {
        let start = *self.starts.get(number.checked_sub(1)?)?;
        self.text.get(start..)?.lines().next().or(Some(""))
    }

    /// The comment that begins with, or holds, the word at a byte; none when it is no comment, or only talks about the word.
    fn comment_at(&self, at: usize) -> Option<Range<usize>> {
        let line_start = *self.starts.get(self.number(at).checked_sub(1)?)?;
        let before = self.text.get(line_start..at)?;
        match &self.comments {
            Some(comments) => {
                let after = comments.partition_point(|comment| comment.start <= at);
                let comment = comments.get(after.checked_sub(1)?)?;
                let plain =
                    !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '`' | '"' | '\'' | '_'));
                (at < comment.end && plain).then(|| comment.clone())
            }
            None => {
                let before = before.trim_end();
                let opener =
                    OPENERS.iter().filter(|opener| before.ends_with(**opener)).max_by_key(|o| o.len())?;
                let start = line_start + before.len() - opener.len();
                Some(start..line_start + self.line(self.number(at))?.len())
            }
        }
    }

    /// The line that a comment is about: its own, or the next one of code when there is none in its own.
    fn meant(&self, line: usize, comment: &Range<usize>) -> u32 {
        let first = self.number(comment.start);
        let last = self.number(comment.end.saturating_sub(1).max(comment.start));
        let alone =
            self.starts.get(first.saturating_sub(1)).and_then(|start| self.text.get(*start..comment.start));
        let behind = self.line(last).zip(self.starts.get(last.saturating_sub(1)));
        let behind = behind.and_then(|(text, start)| text.get(comment.end.saturating_sub(*start)..));
        let is_code =
            |text: Option<&str>| text.is_some_and(|text| text.contains(|c: char| !c.is_whitespace()));
        if is_code(alone) || is_code(behind) {
            return number(line);
        }
        // Several may stand above one line.
        let next = (last + 1..=last + STACKED).find(|next| !self.is_comment(*next));
        number(next.unwrap_or(last + 1))
    }

    /// Whether there is nothing but a comment in a line.
    fn is_comment(&self, line: usize) -> bool {
        let Some(text) = self.line(line).filter(|text| !text.trim().is_empty()) else { return false };
        let Some(start) = self.starts.get(line.saturating_sub(1)) else { return false };
        let first = start + text.len() - text.trim_start().len();
        let end = start + text.trim_end().len();
        match &self.comments {
            Some(comments) => {
                let after = comments.partition_point(|comment| comment.start <= first);
                let comment = after.checked_sub(1).and_then(|at| comments.get(at));
                comment.is_some_and(|comment| first < comment.end && end <= comment.end.max(first))
            }
            None => OPENERS.iter().any(|opener| text.trim_start().starts_with(opener)),
        }
    }

    /// The first line that holds more than a comment.
    fn code_begins(&self) -> usize {
        let is_empty =
            |text: &str| text.trim().is_empty() || text.starts_with("<?php") || text.starts_with("#!");
        let is_code = |line: &usize| !self.line(*line).is_some_and(is_empty) && !self.is_comment(*line);
        (1..=self.starts.len()).find(is_code).unwrap_or(usize::MAX)
    }
}
