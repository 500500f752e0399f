//! Makes fixes of the candidates that are left in a file.

use patchwork_core::evidence::{Evidence, Level};
use patchwork_core::patch::Patch;
use patchwork_core::step::{Context, StepError};
use patchwork_repo::edits::unified_diff;
use patchwork_repo::text::SourceText;

use super::file::{Candidate, FileUnderCheck};
use super::types::{Fix, FixedFile};
use super::window_diff::diff_alone;
use crate::affected::AffectedCode;
use crate::steps::code::source_file::SourceFile;

/// A file whose candidates were decided.
pub(super) struct Closed {
    pub(super) file: FixedFile,
    /// The file with its fixes.
    now: FileUnderCheck,
}

/// Makes fixes of the candidates that are left. The file on disk holds them.
pub(super) fn close(
    ctx: &Context,
    path: &str,
    mut file: FileUnderCheck,
    round: u32,
) -> Result<Closed, StepError> {
    let base = file.base_text();
    if !file.candidates.is_empty() {
        file = with_candidates_fixed(ctx, file, &base, round)?;
    }
    let now = file.source.shown().map_or("", SourceText::text);
    let diff = unified_diff(path, base.as_str(), now);
    Ok(Closed { file: fixed_file(path, diff, file.accepted.clone()), now: file })
}

/// The file after its candidates became fixes.
fn with_candidates_fixed(
    ctx: &Context,
    mut file: FileUnderCheck,
    base: &str,
    round: u32,
) -> Result<FileUnderCheck, StepError> {
    let path = file.source.path.clone();
    let map = file.candidate_map()?;
    let after = SourceText::decode(file.with_candidates()?)
        .map_err(|error| StepError::Failed(error.failure(&path)))?;
    let after = SourceFile::of(ctx, path.clone(), after)?;
    let base: Vec<&str> = base.split_inclusive('\n').collect();
    let mut fixes = std::mem::take(&mut file.accepted);
    let mut first = 0;
    for candidate in std::mem::take(&mut file.candidates) {
        let number = first;
        first += candidate.edits.len();
        let diff = match (file.source.shown(), after.shown()) {
            (Some(before), Some(after)) => diff_alone(&path, before, after, &map, &candidate.edits, number),
            _ => String::new(),
        };
        let fix = fix_of(candidate, &file, &base, &mut fixes, diff, round);
        fixes.push(fix);
    }
    fixes.sort_by_key(|fix| fix.patch.edits.first().and_then(|edit| edit.start_line));
    FileUnderCheck::with_fixes(after, fixes)
}

/// Makes a fix of a candidate. Earlier fixes whose lines were shown to the model, and are replaced again, go into it.
fn fix_of(
    candidate: Candidate,
    file: &FileUnderCheck,
    base: &[&str],
    earlier: &mut Vec<Fix>,
    diff: String,
    round: u32,
) -> Fix {
    let evidence = candidate.evidence();
    let mut tries = candidate.piece.tries;
    tries.push(candidate.source.clone().kept(round, &diff, &evidence));
    let mut findings = candidate.piece.findings;
    let mut commit_message = candidate.commit_message;
    let mut patch_message = candidate.patch_message;
    let mut replaced = Vec::with_capacity(candidate.base_edits.len());
    for edit in &candidate.base_edits {
        let (start, end) = file.range_of(edit);
        replaced.push(base.get(start as usize..end as usize).unwrap_or_default().concat());
        let inside = |fix: &mut Fix| {
            fix.patch.edits.iter().any(|old| {
                let (a, b) = file.range_of(old);
                start < b && a < end
            })
        };
        for old in earlier.extract_if(.., inside) {
            findings.extend(old.findings);
            tries.splice(0..0, old.tries);
            commit_message = format!("{}; {commit_message}", old.commit_message);
            patch_message = format!("{}\n\n{patch_message}", old.patch_message);
        }
    }
    Fix {
        path: file.source.path.clone(),
        findings,
        patch: Patch { edits: candidate.base_edits },
        replaced,
        source: candidate.source.by,
        commit_message,
        patch_message,
        compatibility: candidate.risk,
        evidence,
        diff,
        remaining_rules: candidate.remaining_rules,
        tries,
        test: None,
    }
}

/// A file with all its fixes; `diff` is the one against the base.
pub(in crate::steps::code) fn fixed_file(path: &str, diff: String, fixes: Vec<Fix>) -> FixedFile {
    let commit_message = match fixes.as_slice() {
        [fix] => fix.commit_message.clone(),
        many => {
            let list: String = many.iter().map(|fix| format!("\n- {}", fix.commit_message)).collect();
            format!(
                "Fix {} findings in {path}\n{list}",
                many.iter().map(|fix| fix.findings.len()).sum::<usize>()
            )
        }
    };
    let messages: Vec<&str> =
        fixes.iter().map(|fix| fix.patch_message.trim()).filter(|message| !message.is_empty()).collect();
    let level = fixes.iter().map(|fix| fix.evidence.level).min().unwrap_or(Level::L0);
    let mut checks = Vec::new();
    for check in fixes.iter().flat_map(|fix| &fix.evidence.checks) {
        if !checks.contains(check) {
            checks.push(check.clone());
        }
    }
    FixedFile {
        path: path.to_owned(),
        diff,
        commit_message,
        patch_message: messages.join("\n\n"),
        evidence: Evidence { level, checks },
        fixes,
    }
}

impl Closed {
    /// Shows a piece as it is now when fixes changed some of its lines; it grows to take them in whole.
    pub(super) fn refresh(&self, piece: &mut AffectedCode) {
        let grown = self.now.grown_over_fixes(piece.start_line, piece.end_line);
        let Some((start, end)) = grown else { return };
        let Some(lines) = self.now.map.new_range(start..end) else { return };
        piece.start_line = start;
        piece.end_line = end;
        if let Some(text) = self.now.source.shown() {
            piece.affected_code = text.line_range(lines.start as usize, lines.end as usize).to_owned();
        }
    }
}
