//! Finds the lines that a finding is about in the diff: by the code it quotes, not by the numbers it gives.

mod quote;

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashSet};

use patchwork_core::change::Side;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::{ReviewAnswer, Stated};
use super::bundle::shown_path;
use super::file::ReviewFile;
use super::finding::{FileNote, ReviewFinding};
use super::fingerprint::{self, Fingerprint};
use super::rules::ReviewRule;
use super::suggestion::{self, Guarded};
use quote::Spot;

/// Notes that are kept.
const MOST_NOTES: usize = 50;

/// Bytes of code that are kept of a finding.
const MOST_CODE: usize = 4_000;

/// An answer with what it was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Answered {
    /// The paths of the bundle.
    pub paths: Vec<String>,
    /// What was said.
    pub answer: ReviewAnswer,
}

/// What became of what models stated.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Placing {
    /// Those that have lines, by path and line.
    pub findings: Vec<ReviewFinding>,
    /// Those that have none, for the summary; the worst first.
    pub notes: Vec<FileNote>,
    /// How many were dropped, by the reason in words (`names no rule that was given`).
    pub dropped: BTreeMap<String, usize>,
}

/// Places what models stated. A finding stays only if it names a rule that was given and a file that was asked about; it gets the
/// lines whose code it quotes: those of its numbers, else the nearest ones, else the only ones in the hunks of its file. Without
/// such lines it becomes a note. All lines are in one hunk of the diff. A suggestion stays only if it holds for these lines.
pub fn place(files: &[ReviewFile], rules: &[ReviewRule], guarded: &Guarded, answers: &[Answered]) -> Placing {
    let mut placing = Placing::default();
    let mut placed: Vec<(ReviewFinding, Fingerprint)> = Vec::new();
    let mut known = HashSet::new();
    for answered in answers {
        for stated in &answered.answer.findings {
            let Some(rule) = rules.iter().find(|rule| rule.id.eq_ignore_ascii_case(stated.rule.trim()))
            else {
                placing.drop_for("names no rule that was given");
                continue;
            };
            let asked = |file: &&ReviewFile| answered.paths.iter().any(|path| path == file.path());
            let Some(file) = named(files.iter().filter(asked), &stated.path) else {
                placing.drop_for("names no file that was asked about");
                continue;
            };
            match quote::find(file, stated) {
                Ok(spot) => {
                    let (finding, print) = finding(file, rule, stated, &spot, guarded);
                    let key = (
                        finding.path.clone(),
                        finding.side,
                        finding.start_line,
                        finding.line,
                        rule.id.as_str(),
                    );
                    if known.insert(key) {
                        placed.push((finding, print));
                    } else {
                        placing.drop_for("was stated twice");
                    }
                }
                Err(reason) => placing.notes.push(FileNote {
                    rule: rule.id.clone(),
                    path: file.path().to_owned(),
                    near: stated.line,
                    severity: rule.severity.unwrap_or(stated.severity),
                    confidence: stated.confidence,
                    title: stated.title.clone(),
                    reason: reason.to_owned(),
                }),
            }
        }
        if answered.answer.unread > 0 {
            *placing.dropped.entry("could not be read".to_owned()).or_default() += answered.answer.unread;
        }
    }
    placing.notes.sort_by_key(|note| Reverse(note.severity));
    for _ in placing.notes.drain(MOST_NOTES.min(placing.notes.len())..).collect::<Vec<_>>() {
        placing.drop_for("is one of too many without a line");
    }
    placed.sort_by(|(a, _), (b, _)| {
        (&a.path, a.start_line, a.line, a.side, &a.rule).cmp(&(
            &b.path,
            b.start_line,
            b.line,
            b.side,
            &b.rule,
        ))
    });
    fingerprint::number(placed.iter_mut().map(|(_, print)| print));
    placing.findings = placed
        .into_iter()
        .map(|(finding, print)| ReviewFinding { fingerprint: print.to_string(), ..finding })
        .collect();
    placing
}

impl Placing {
    fn drop_for(&mut self, reason: &str) {
        *self.dropped.entry(reason.to_owned()).or_default() += 1;
    }
}

/// The file that a model means: by its path, as it was shown, or with what diffs and shells put before it.
fn named<'a>(files: impl Iterator<Item = &'a ReviewFile> + Clone, path: &str) -> Option<&'a ReviewFile> {
    let bare = path.trim().trim_start_matches("./").trim_start_matches('/');
    let exact =
        |wanted: &str| files.clone().find(|file| file.path() == wanted || shown_path(file.path()) == wanted);
    exact(path.trim())
        .or_else(|| exact(bare))
        .or_else(|| exact(bare.strip_prefix("a/").or_else(|| bare.strip_prefix("b/"))?))
}

fn finding(
    file: &ReviewFile,
    rule: &ReviewRule,
    stated: &Stated,
    spot: &Spot<'_>,
    guarded: &Guarded,
) -> (ReviewFinding, Fingerprint) {
    let unit = fingerprint::unit_at(file, spot.side, spot.start);
    let texts = spot.lines.iter().map(|line| line.line.text.as_str());
    let print = Fingerprint::of(&rule.id, file.change.path_before(), &unit, spot.side, texts.clone());
    let wanted = stated.suggestion.as_deref();
    let checked = wanted.map(|code| match spot.side {
        // What the model gave code for must be what it is put in place of.
        _ if spot.moved_apart => Err("its lines are not the ones that it was made for"),
        Side::Old => Err("removed lines can't be replaced"),
        Side::New => suggestion::check(file, spot.start..=spot.end, code, guarded),
    });
    let (suggestion, suggestion_dropped) = match checked {
        None => (None, None),
        Some(Ok(code)) => (Some(code), None),
        Some(Err(reason)) => (None, Some(reason.to_owned())),
    };
    let mut code: String = texts.map(|text| text.trim_end_matches('\r')).collect::<Vec<_>>().join("\n");
    if code.len() > MOST_CODE {
        let end = (0..=MOST_CODE).rev().find(|at| code.is_char_boundary(*at)).unwrap_or(0);
        code.truncate(end);
    }
    let finding = ReviewFinding {
        fingerprint: String::new(),
        rule: rule.id.clone(),
        path: file.path().to_owned(),
        old_path: file.change.old_path.clone(),
        side: spot.side,
        start_line: spot.start,
        line: spot.end,
        other_line: spot.other,
        unit,
        severity: rule.severity.unwrap_or(stated.severity),
        confidence: stated.confidence,
        title: stated.title.clone(),
        explanation: stated.explanation.clone(),
        code,
        suggestion,
        suggestion_dropped,
    };
    (finding, print)
}

#[cfg(test)]
mod tests;
