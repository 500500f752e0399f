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
        let candidates = match waves.len() {
            0 | 1 => waves.pop().unwrap_or_default(),
            _ => self.best(ctx, waves, &verdicts.accepted, &mut verdicts.rejected).await?,
        };
        let rejected = &mut verdicts.rejected;
        let mut files = open(ctx, &verdicts.accepted, candidates, rejected)?;
        files = syntax_check::check_all(files, rejected).await?;
        let with_candidates = files.iter().filter(|(_, file)| !file.candidates.is_empty());
        let touched: BTreeSet<String> = with_candidates.map(|(path, _)| path.clone()).collect();
        let mut to_scan: Vec<String> = touched.iter().cloned().collect();
        loop {
            self.scan(ctx, &mut files, &to_scan, rejected).await?;
            to_scan = self.in_trials(ctx, &mut files, rejected).await?;
            // What is left of a file may have leaned on what is gone.
            for path in &to_scan {
                if let Some(file) = files.get_mut(path) {
                    syntax_check::check(file, rejected)?;
                }
            }
            if to_scan.is_empty() {
                break;
            }
        }
        // A scan leaves the files as they shall be; trials start from files without candidates.
        if self.rescan.is_none() || !self.asks_nothing() {
            for file in files.values().filter(|file| touched.contains(&file.source.path)) {
                file.source.write(ctx, &file.with_candidates()?)?;
            }
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

    /// Of several answers about a piece, each proven beside the others of its wave, the best one.
    async fn best(
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
        let mut best: Vec<Candidate> = Vec::new();
        for candidate in left {
            match best.last().filter(|known| known.index == candidate.index) {
                None => best.push(candidate),
                Some(known) => {
                    let reason = match known.rungs().level() > candidate.rungs().level() {
                        true => "another answer reached more",
                        false => "another answer reached the same, with no larger change",
                    };
                    let (outcome, feedback) = (Outcome::Outdone, false);
                    rejected.push(Rejected { outcome, feedback, ..Rejected::of(&candidate, reason) });
                }
            }
        }
        Ok(best)
    }
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
    Ok(files)
}
