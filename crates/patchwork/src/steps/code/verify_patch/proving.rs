//! Proves candidates: in the checkout what files and scanners say, in trials what the build and the tests say.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use patchwork_core::evidence::Outcome;
use patchwork_core::port::trial::Change;
use patchwork_core::step::{Context, StepError};

use super::VerifyPatchInput;
use super::file::{Candidate, FileUnderCheck, Rejected};
use super::scanning::Rescan;
use super::syntax_check;
use super::tries::{changed_lines, diff_of};
use super::types::Fix;
use super::verdicts::Verdicts;
use crate::verify::{Ladder, Required};

/// What candidates are proven by.
pub(super) struct Proof {
    rescan: Option<Rescan>,
    pub(super) ladder: Option<Ladder>,
    pub(super) required: Required,
}

/// The files that have fixes or may get some, by path.
pub(super) type Files = BTreeMap<String, FileUnderCheck>;

impl Proof {
    /// What the input asks for. Fails when it can't be had.
    pub(super) async fn open(ctx: &Context, input: &VerifyPatchInput) -> Result<Self, StepError> {
        let ladder = Ladder::open(ctx, &input.verify).await?;
        let required = Required::of(&input.verify, ladder.as_ref(), input.rescan)?;
        Ok(Self { rescan: Rescan::of(input), ladder, required })
    }

    /// Proves the candidates; the checkout holds those that are left in the files.
    pub(super) async fn prove(&self, ctx: &Context, verdicts: &mut Verdicts) -> Result<Files, StepError> {
        let mut waves = std::mem::take(&mut verdicts.waves);
        let mut waiting = match waves.len() {
            0 | 1 => waves.pop().unwrap_or_default(),
            _ => self.ranked(ctx, waves, &verdicts.accepted, &mut verdicts.rejected).await?,
        };
        let rejected = &mut verdicts.rejected;
        let first = waiting.extract_if(.., |candidate| candidate.rank == 0).collect();
        let mut files = open(ctx, &verdicts.accepted, first, rejected)?;
        files = syntax_check::check_all(files, rejected).await?;
        let mut touched = with_candidates(&files);
        self.settle(ctx, &mut files, touched.iter().cloned().collect(), rejected).await?;
        let mut as_scanned = self.rescan.is_some() && self.asks_nothing();
        loop {
            let next = next_best(&files, &mut waiting);
            if next.is_empty() {
                break;
            }
            as_scanned = false;
            files = self.beside(ctx, files, next, rejected).await?;
            touched.extend(with_candidates(&files));
        }
        outdone(&files, &waiting, rejected);
        // A scan leaves the files as they shall be; trials start from files without candidates.
        if !as_scanned {
            for file in files.values().filter(|file| touched.contains(&file.source.path)) {
                file.source.write(ctx, &file.with_candidates()?)?;
            }
        }
        Ok(files)
    }

    /// Scans, builds and tests until nothing is taken out any more; `paths` are the files with something new.
    async fn settle(
        &self,
        ctx: &Context,
        files: &mut Files,
        mut paths: Vec<String>,
        rejected: &mut Vec<Rejected>,
    ) -> Result<(), StepError> {
        loop {
            self.scan(ctx, files, &paths, rejected).await?;
            paths = self.in_trials(ctx, files, rejected).await?;
            if paths.is_empty() {
                return Ok(());
            }
            // What is left of a file may have leaned on what is gone.
            for path in &paths {
                if let Some(file) = files.get_mut(path) {
                    syntax_check::check(file, rejected)?;
                }
            }
        }
    }

    /// Proves further candidates beside those that are settled, none of which is lost to them.
    async fn beside(
        &self,
        ctx: &Context,
        mut files: Files,
        next: Vec<Candidate>,
        rejected: &mut Vec<Rejected>,
    ) -> Result<Files, StepError> {
        // What stands without candidates is what a scan without a report of the base compares with.
        stand(ctx, files.values().filter(|file| !file.candidates.is_empty()))?;
        let settled: BTreeMap<String, Vec<Candidate>> =
            files.iter().map(|(path, file)| (path.clone(), file.candidates.clone())).collect();
        let known = rejected.len();
        place(ctx, &mut files, next.clone(), rejected)?;
        files = syntax_check::check_all(files, rejected).await?;
        let paths = with_candidates(&files).into_iter().collect();
        self.settle(ctx, &mut files, paths, rejected).await?;
        let left = |candidate: &&Candidate| files.values().any(|file| file.has(candidate));
        if settled.values().flatten().all(|candidate| left(&candidate)) {
            return Ok(files);
        }
        rejected.truncate(known);
        let reason = "it does not hold beside the fixes of other findings";
        rejected.extend(next.iter().map(|candidate| Rejected::of(candidate, reason)));
        stand(ctx, files.values())?;
        for (path, file) in &mut files {
            file.candidates = settled.get(path).cloned().unwrap_or_default();
        }
        Ok(files)
    }

    /// Whether a candidate that a scan left is as good as kept.
    pub(super) fn asks_nothing(&self) -> bool {
        self.ladder.is_none() && self.required == Required::Highest
    }

    /// Scans files with their candidates, and leaves them as they stand.
    async fn scan(
        &self,
        ctx: &Context,
        files: &mut Files,
        paths: &[String],
        rejected: &mut Vec<Rejected>,
    ) -> Result<(), StepError> {
        let Some(rescan) = &self.rescan else { return Ok(()) };
        let paths: BTreeSet<&String> = paths.iter().collect();
        let under_check = |(path, file): &(&String, &mut FileUnderCheck)| {
            !file.candidates.is_empty() && paths.contains(path)
        };
        let mut changed: Vec<&mut FileUnderCheck> =
            files.iter_mut().filter(under_check).map(|(_, file)| file).collect();
        if changed.is_empty() {
            return Ok(());
        }
        rescan.prove(ctx, &mut changed, rejected).await?;
        if self.ladder.is_some() {
            stand(ctx, changed.iter().map(|file| &**file))?;
        }
        Ok(())
    }

    /// Of several answers about a piece, those that are proven beside the others of their wave, with their ranks.
    async fn ranked(
        &self,
        ctx: &Context,
        waves: Vec<Vec<Candidate>>,
        accepted: &[Fix],
        rejected: &mut Vec<Rejected>,
    ) -> Result<Vec<Candidate>, StepError> {
        let mut left: Vec<(Candidate, Change)> = Vec::new();
        for wave in waves {
            let mut files = open(ctx, accepted, wave, rejected)?;
            files = syntax_check::check_all(files, rejected).await?;
            let paths: Vec<String> = files.keys().cloned().collect();
            self.scan(ctx, &mut files, &paths, rejected).await?;
            stand(ctx, files.values())?;
            for file in files.values_mut() {
                for candidate in std::mem::take(&mut file.candidates) {
                    let change = file.change_of([&candidate])?;
                    left.push((candidate, change));
                }
            }
        }
        let mut left = self.alone(ctx, left, rejected).await?;
        // The best of a piece first: more evidence, then fewer lines, then the earlier answer.
        left.sort_by_cached_key(|candidate| {
            let lines = changed_lines(&diff_of(&candidate.piece, &candidate.base_edits));
            (candidate.index, Reverse(candidate.rungs().level()), lines, candidate.number)
        });
        let mut piece = None;
        let mut rank = 0;
        for candidate in &mut left {
            rank = if piece == Some(candidate.index) { rank + 1 } else { 0 };
            piece = Some(candidate.index);
            candidate.rank = rank;
        }
        Ok(left)
    }
}

/// The files with candidates.
fn with_candidates(files: &Files) -> BTreeSet<String> {
    let some = files.iter().filter(|(_, file)| !file.candidates.is_empty());
    some.map(|(path, _)| path.clone()).collect()
}

/// The next best candidate of each piece of which none is left.
fn next_best(files: &Files, waiting: &mut Vec<Candidate>) -> Vec<Candidate> {
    let mut had: BTreeSet<usize> = candidates(files).map(|candidate| candidate.index).collect();
    waiting.extract_if(.., |candidate| had.insert(candidate.index)).collect()
}

/// Says of candidates that were not needed what was better.
fn outdone(files: &Files, waiting: &[Candidate], rejected: &mut Vec<Rejected>) {
    let kept: BTreeMap<usize, &Candidate> =
        candidates(files).map(|candidate| (candidate.index, candidate)).collect();
    for candidate in waiting {
        let more =
            kept.get(&candidate.index).is_some_and(|kept| kept.rungs().level() > candidate.rungs().level());
        let reason = match more {
            true => "another answer reached more",
            false => "another answer reached the same, with no larger change",
        };
        let (outcome, feedback) = (Outcome::Outdone, false);
        rejected.push(Rejected { outcome, feedback, ..Rejected::of(candidate, reason) });
    }
}

fn candidates(files: &Files) -> impl Iterator<Item = &Candidate> {
    files.values().flat_map(|file| &file.candidates)
}

/// Puts files back as they stand, without candidates: what trials start from.
fn stand<'a>(ctx: &Context, files: impl Iterator<Item = &'a FileUnderCheck>) -> Result<(), StepError> {
    for file in files {
        if let Some(text) = &file.source.text {
            file.source.write(ctx, text.bytes())?;
        }
    }
    Ok(())
}

/// Opens every file that has fixes or gets some, and puts the candidates in.
pub(super) fn open(
    ctx: &Context,
    accepted: &[Fix],
    candidates: Vec<Candidate>,
    rejected: &mut Vec<Rejected>,
) -> Result<Files, StepError> {
    let mut files = Files::new();
    let mut fixes: BTreeMap<&str, Vec<Fix>> = BTreeMap::new();
    for fix in accepted {
        fixes.entry(&fix.path).or_default().push(fix.clone());
    }
    for (path, fixes) in fixes {
        files.insert(path.to_owned(), FileUnderCheck::open(ctx, path, fixes)?);
    }
    place(ctx, &mut files, candidates, rejected)?;
    Ok(files)
}

/// Puts candidates into their files.
fn place(
    ctx: &Context,
    files: &mut Files,
    candidates: Vec<Candidate>,
    rejected: &mut Vec<Rejected>,
) -> Result<(), StepError> {
    let mut by_path: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for candidate in candidates {
        match ctx.checkout()?.resolve(&candidate.piece.uri) {
            Ok(path) => by_path.entry(path).or_default().push(candidate),
            Err(failure) => rejected.push(Rejected::of(&candidate, failure.to_string())),
        }
    }
    for (path, candidates) in by_path {
        let file = match files.entry(path) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                match FileUnderCheck::open(ctx, entry.key(), Vec::new()) {
                    Ok(file) => entry.insert(file),
                    Err(error) => {
                        // One file that can't be read must not cost the fixes of the others.
                        let reason = error.into_failure().to_string();
                        rejected.extend(candidates.iter().map(|c| Rejected::of(c, reason.clone())));
                        continue;
                    }
                }
            }
        };
        file.place(candidates, rejected);
    }
    Ok(())
}
