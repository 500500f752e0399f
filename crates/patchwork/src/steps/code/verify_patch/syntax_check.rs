//! Turns down candidates that are refused by their shape, or bring syntax errors into their file.

use std::collections::{BTreeMap, BTreeSet};

use patchwork_core::evidence::Check;
use patchwork_core::step::StepError;
use patchwork_repo::edits::LineMap;
use patchwork_repo::language::Language;
use patchwork_repo::syntax::{Syntax, SyntaxError, new_errors};
use patchwork_repo::text::SourceText;

use super::file::{Candidate, FileUnderCheck, Rejected};
use crate::verify::refusals::Before;

/// The name of this check in evidence.
const PARSES: &str = "parses";

/// [`refuse`] and [`check`] for all files, on all cores.
pub(super) async fn check_all(
    files: BTreeMap<String, FileUnderCheck>,
    rejected: &mut Vec<Rejected>,
) -> Result<BTreeMap<String, FileUnderCheck>, StepError> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut shares: Vec<Vec<(String, FileUnderCheck)>> = (0..cores).map(|_| Vec::new()).collect();
    for (number, entry) in files.into_iter().enumerate() {
        if let Some(share) = shares.get_mut(number % cores) {
            share.push(entry);
        }
    }
    let work = |mut share: Vec<(String, FileUnderCheck)>| {
        let mut rejected = Vec::new();
        for (_, file) in &mut share {
            refuse(file, &mut rejected);
            check(file, &mut rejected)?;
        }
        Ok::<_, StepError>((share, rejected))
    };
    let tasks: Vec<_> = shares
        .into_iter()
        .filter(|share| !share.is_empty())
        .map(|share| tokio::task::spawn_blocking(move || work(share)))
        .collect();
    let mut files = BTreeMap::new();
    for task in tasks {
        let ended = task.await;
        let (share, turned_down) =
            ended.map_err(|error| StepError::internal(format!("a syntax check ended early: {error}")))??;
        files.extend(share);
        rejected.extend(turned_down);
    }
    Ok(files)
}

/// Turns down candidates whose very shape speaks against them.
fn refuse(file: &mut FileUnderCheck, rejected: &mut Vec<Rejected>) {
    let source = &file.source;
    let Some(shown) = source.shown() else { return };
    let before = Before::new(&source.path, source.text());
    file.candidates.retain(|candidate| {
        let hunks = candidate.edits.iter().filter_map(|edit| {
            let old = shown.line_range(edit.start_line? as usize, edit.end_line? as usize);
            Some((old, edit.replacement.as_str()))
        });
        let hunks: Vec<(&str, &str)> = hunks.collect();
        let whole = || {
            let bytes = source.with_edits(&candidate.edits).ok()?;
            Some(SourceText::decode(bytes).ok()?.text().to_owned())
        };
        let reason = before.refuse(&hunks, whole);
        rejected.extend(reason.iter().map(|reason| Rejected::of(candidate, reason.clone())));
        reason.is_none()
    });
}

/// Drops candidates until the file with the others has no syntax error that it does not have without them. In the good
/// case the file is parsed once before and once after.
pub(super) fn check(file: &mut FileUnderCheck, rejected: &mut Vec<Rejected>) -> Result<(), StepError> {
    if file.candidates.is_empty() {
        return Ok(());
    }
    let path = &file.source.path;
    let text = file.source.text();
    let before = Language::detect(path, text).and_then(|language| Syntax::parse(language, text));
    let Some(before) = before else {
        let detail = "not checked: its language is not known, or it is too large";
        passed(&mut file.candidates, "applies", detail);
        return Ok(());
    };
    let detail = format!("{:?}", before.language());
    let parser = Parser { file, before };
    let all: Vec<&Candidate> = file.candidates.iter().collect();
    let errors = parser.errors_with(&all)?;
    if !errors.is_empty() {
        let culprits = parser.culprits(&all, &errors)?;
        file.drop(PARSES, &culprits, rejected);
    }
    passed(&mut file.candidates, PARSES, &detail);
    Ok(())
}

fn passed(candidates: &mut [Candidate], name: &str, detail: &str) {
    for candidate in candidates {
        // A file is checked again when the scan turned others down; the evidence names each check once.
        if !candidate.checks.iter().any(|check| check.name == name) {
            candidate.checks.push(Check { name: name.to_owned(), passed: true, detail: detail.to_owned() });
        }
    }
}

struct Parser<'a> {
    file: &'a FileUnderCheck,
    before: Syntax,
}

impl Parser<'_> {
    /// The errors that these candidates bring together.
    fn errors_with(&self, candidates: &[&Candidate]) -> Result<Vec<SyntaxError>, StepError> {
        let (edits, _) = FileUnderCheck::edits_of(candidates.iter().copied());
        let bytes = self.file.source.with_edits(&edits)?;
        let text = SourceText::decode(bytes).map_err(|error| error.failure(&self.file.source.path))?;
        Ok(match Syntax::parse(self.before.language(), text.text()) {
            Some(after) => new_errors(&self.before, &after),
            // It could be parsed before: whatever tangles the parser so is no fix.
            None => vec![SyntaxError {
                line: 0,
                column: 0,
                kind: patchwork_repo::syntax::SyntaxErrorKind::Unexpected,
                extent: text.line_count(),
                expected: None,
            }],
        })
    }

    /// The candidates to drop, by position, with the reason.
    fn culprits(
        &self,
        all: &[&Candidate],
        errors: &[SyntaxError],
    ) -> Result<BTreeMap<usize, String>, StepError> {
        let mut culprits = BTreeMap::new();
        // Those with an error in their lines first; but an error may show in the lines of an innocent one below, so that
        // each is tried alone before it is turned down.
        let suspects = self.suspects(all, errors)?;
        let others = (0..all.len()).filter(|at| !suspects.contains(at));
        for at in suspects.iter().copied().chain(others) {
            let Some(candidate) = all.get(at) else { continue };
            if let Some(reason) = self.fault_of(candidate)? {
                culprits.insert(at, reason);
            }
        }
        let mut kept: Vec<&Candidate> = Vec::new();
        let rest: Vec<usize> = (0..all.len()).filter(|at| !culprits.contains_key(at)).collect();
        let rest_candidates: Vec<&Candidate> = rest.iter().filter_map(|at| all.get(*at).copied()).collect();
        if self.errors_with(&rest_candidates)?.is_empty() {
            return Ok(culprits);
        }
        // Each is fine alone, but not together: the earlier ones stay.
        for (at, candidate) in rest.into_iter().zip(rest_candidates) {
            kept.push(candidate);
            if !self.errors_with(&kept)?.is_empty() {
                kept.pop();
                culprits.insert(at, "together with another fix the file no longer parses".to_owned());
            }
        }
        Ok(culprits)
    }

    /// Positions of the candidates whose lines the errors touch.
    fn suspects(&self, all: &[&Candidate], errors: &[SyntaxError]) -> Result<BTreeSet<usize>, StepError> {
        let (_, owners) = FileUnderCheck::edits_of(all.iter().copied());
        let map = self.file.candidate_map()?;
        Ok(errors
            .iter()
            .flat_map(|error| map.edits_in(narrow(error.line)..narrow(error.line + error.extent + 1)))
            .filter_map(|edit| owners.get(edit).copied())
            .collect())
    }

    /// What is wrong with a candidate on its own; none when it parses.
    fn fault_of(&self, candidate: &Candidate) -> Result<Option<String>, StepError> {
        let errors = self.errors_with(&[candidate])?;
        let Some(error) = errors.first() else { return Ok(None) };
        let lines = self.file.source.text.as_ref().map_or(0, SourceText::line_count);
        let own = LineMap::new(lines, &candidate.edits).ok().and_then(|map| map.lines_of(0));
        let line = narrow(error.line);
        let place = match own {
            // The model knows its own lines, not those of the file.
            Some(own) if own.contains(&line) => format!("line {} of the fixed code", line - own.start + 1),
            _ => format!("line {} of the file", line + 1),
        };
        let what = match (&error.expected, error.kind) {
            (Some(expected), _) => format!("`{expected}` is missing"),
            (None, patchwork_repo::syntax::SyntaxErrorKind::Missing) => "something is missing".to_owned(),
            (None, patchwork_repo::syntax::SyntaxErrorKind::Unexpected) => "unexpected syntax".to_owned(),
        };
        Ok(Some(format!("{} no longer parses with it: {place}: {what}", self.file.source.path)))
    }
}

fn narrow(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}
