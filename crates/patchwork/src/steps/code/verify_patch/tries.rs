//! What was tried for a piece, as it is kept for the journal and the report.

use patchwork_core::evidence::{Author, Evidence, Outcome, Try};
use patchwork_core::patch::Edit;
use patchwork_core::usage::{MicroUsd, Usage};
use patchwork_repo::edits::{apply, unified_diff};
use patchwork_repo::text::SourceText;

use super::file::Rejected;
use super::types::Answer;
use super::window_diff::moved;
use crate::affected::AffectedCode;

/// Lines of a diff that are kept of one try.
const MAX_DIFF_LINES: usize = 200;

/// Where a proposal comes from, and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) by: Author,
    /// The model or the rule.
    pub(super) name: String,
    pub(super) usage: Option<Usage>,
    pub(super) cost: Option<MicroUsd>,
    pub(super) ms: Option<u64>,
}

impl Source {
    /// The rule that found the first finding of a piece.
    pub(super) fn rule(piece: &AffectedCode) -> Self {
        let name = piece.findings.first().map(|finding| finding.rule.clone()).unwrap_or_default();
        Self { by: Author::Rule, name, usage: None, cost: None, ms: None }
    }

    /// Who gave an answer.
    pub(super) fn answer(answer: &Answer) -> Self {
        Self {
            by: Author::Model,
            name: answer.model.clone().unwrap_or_default(),
            usage: answer.usage,
            cost: answer.cost,
            ms: answer.latency_ms,
        }
    }

    /// A try from here.
    pub(super) fn tried(self, round: u32, outcome: Outcome) -> Try {
        let Self { by, name, usage, cost, ms } = self;
        let (reason, diff, evidence) = (String::new(), String::new(), None);
        Try { round, by, name, outcome, reason, diff, evidence, usage, cost, ms }
    }

    /// The try that was kept.
    pub(super) fn kept(self, round: u32, diff: &str, evidence: &Evidence) -> Try {
        let (diff, evidence) = (bounded(diff), Some(evidence.clone()));
        Try { diff, evidence, ..self.tried(round, Outcome::Accepted) }
    }
}

impl Rejected {
    /// The try that it was.
    pub(super) fn tried(&self, round: u32) -> Try {
        let reason = self.whole_reason();
        let (diff, evidence) = (bounded(&self.diff), self.evidence.clone());
        Try { reason, diff, evidence, ..self.source.clone().tried(round, self.outcome) }
    }

    /// The reason in its first line, below it what a program printed.
    pub(super) fn whole_reason(&self) -> String {
        match self.output.is_empty() {
            true => self.reason.clone(),
            false => format!("{}\n{}", self.reason, self.output),
        }
    }
}

/// What edits of a piece would change, as far as they lie in it.
pub(super) fn diff_of(piece: &AffectedCode, edits: &[Edit]) -> String {
    let Ok(old) = SourceText::decode(piece.affected_code.as_bytes()) else { return String::new() };
    let lines = old.line_count();
    let inside = edits.iter().filter_map(|edit| {
        let start = edit.start_line?.checked_sub(piece.start_line)?;
        let end = edit.end_line?.checked_sub(piece.start_line)?;
        // An answer replaces the piece, whatever its lines are by now.
        let end = if edit.end_line == Some(piece.end_line) { u32::try_from(lines).ok()? } else { end };
        Some(Edit { start_line: Some(start), end_line: Some(end), ..edit.clone() })
    });
    let inside: Vec<Edit> = inside.collect();
    let new = apply(&old, &inside).ok().and_then(|bytes| SourceText::decode(bytes).ok());
    let Some(new) = new.filter(|_| !inside.is_empty()) else { return String::new() };
    moved(&unified_diff(&piece.uri, old.text(), new.text()), piece.start_line as usize)
}

/// How many lines a diff adds and removes.
pub(super) fn changed_lines(diff: &str) -> usize {
    let body = diff.lines().skip_while(|line| !line.starts_with("@@"));
    body.filter(|line| line.starts_with(['+', '-'])).count()
}

fn bounded(diff: &str) -> String {
    let mut lines = diff.split_inclusive('\n');
    let mut kept: String = lines.by_ref().take(MAX_DIFF_LINES).collect();
    let more = lines.count();
    if more > 0 {
        kept.push_str(&format!("… {more} more lines\n"));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_try_shows_what_would_have_changed_where_it_stands() {
        let piece: AffectedCode = serde_json::from_value(serde_json::json!({
            "uri": "a.py", "startLine": 10, "endLine": 13, "affectedCode": "def f(x):\n    y = eval(x)\n    return y\n",
        }))
        .unwrap();
        let edit = |start, end, replacement: &str| Edit {
            path: "a.py".into(),
            start_line: Some(start),
            end_line: Some(end),
            replacement: replacement.into(),
        };
        let diff = diff_of(&piece, &[edit(11, 12, "    y = int(x)\n")]);
        assert!(
            diff.contains("@@ -11,3 +11,3 @@") && diff.contains("-    y = eval(x)\n+    y = int(x)\n"),
            "{diff}"
        );
        assert_eq!(changed_lines(&diff), 2);
        assert_eq!(diff_of(&piece, &[edit(2, 3, "import os\n")]), "");
        let long = bounded(&"+ x\n".repeat(1_000));
        assert_eq!(long.lines().count(), MAX_DIFF_LINES + 1);
        assert!(long.ends_with("… 800 more lines\n"));
    }
}
