//! Candidates in trials: each alone, then all that are left together.

use std::collections::BTreeMap;

use patchwork_core::evidence::Check;
use patchwork_core::port::trial::Change;
use patchwork_core::step::{Context, StepError};

use super::file::{Candidate, FileUnderCheck, Rejected};
use super::proving::{Files, Proof};
use crate::verify::{Judgement, Ladder, Seen, Verdict};

/// The name of the check that is made of all fixes of a round at once.
const TOGETHER: &str = "holds with the other fixes";

/// A candidate by its rank and the positions of its piece and its answer. One that takes the place of a better one comes behind
/// all that hold without it: it is the one to go when they do not hold with it.
type Key = (usize, usize, usize);

fn key(candidate: &Candidate) -> Key {
    (candidate.rank, candidate.index, candidate.number)
}

impl Proof {
    /// Builds and tests candidates, and takes out what does not hold. Answers the files that lost some and have others left.
    pub(super) async fn in_trials(
        &self,
        ctx: &Context,
        files: &mut Files,
        rejected: &mut Vec<Rejected>,
    ) -> Result<Vec<String>, StepError> {
        if self.asks_nothing() {
            return Ok(Vec::new());
        }
        let before: BTreeMap<String, usize> =
            files.iter().map(|(path, file)| (path.clone(), file.candidates.len())).collect();
        let mut open: Vec<(Candidate, Change)> = Vec::new();
        for file in files.values_mut() {
            for candidate in std::mem::take(&mut file.candidates) {
                let change = file.change_of([&candidate])?;
                open.push((candidate, change));
            }
        }
        let left = self.alone(ctx, open, rejected).await?;
        for candidate in left {
            let path = candidate.edits.first().map(|edit| edit.path.clone()).unwrap_or_default();
            if let Some(file) = files.get_mut(&path) {
                file.candidates.push(candidate);
            }
        }
        if let Some(ladder) = &self.ladder {
            together(ctx, ladder, files, rejected).await?;
        }
        let lost = |(path, file): &(&String, &FileUnderCheck)| {
            !file.candidates.is_empty() && before.get(*path) != Some(&file.candidates.len())
        };
        Ok(files.iter().filter(lost).map(|(path, _)| path.clone()).collect())
    }

    /// What holds on its own, as far as it must.
    pub(super) async fn alone(
        &self,
        ctx: &Context,
        candidates: Vec<(Candidate, Change)>,
        rejected: &mut Vec<Rejected>,
    ) -> Result<Vec<Candidate>, StepError> {
        let (mut candidates, changes): (Vec<Candidate>, Vec<Change>) = candidates.into_iter().unzip();
        if let Some(ladder) = &self.ladder {
            let proposals = changes.into_iter().zip(&candidates);
            let proposals = proposals.filter(|(_, candidate)| candidate.judgement.is_none());
            let proposals: Vec<Vec<Change>> = proposals.map(|(change, _)| vec![change]).collect();
            let mut judgements = match proposals.is_empty() {
                true => Vec::new(),
                false => ladder.judge_all(ctx, proposals).await?,
            }
            .into_iter();
            for candidate in candidates.iter_mut().filter(|candidate| candidate.judgement.is_none()) {
                candidate.judgement = judgements.next();
            }
        }
        candidates.retain(|candidate| {
            let rejection = self.required.missed_by(candidate.rungs()).map(|missed| {
                let broken = candidate.judgement.as_ref().and_then(Judgement::broken);
                turned_down(candidate, broken, &missed)
            });
            let stays = rejection.is_none();
            rejected.extend(rejection);
            stays
        });
        Ok(candidates)
    }
}

/// The reason leads with what a model can do something about.
fn turned_down(candidate: &Candidate, broken: Option<&Seen>, missed: &str) -> Rejected {
    let unknown = || {
        let checks = candidate.evidence().checks;
        checks
            .into_iter()
            .find(|check| !check.passed)
            .map(|check| format!("{}: {}", check.name, check.detail))
    };
    let reason = match broken {
        Some(seen) => format!("{}: {missed}", seen.detail),
        None => unknown().map_or_else(|| missed.to_owned(), |why| format!("{missed}: {why}")),
    };
    let output = broken.map(|seen| seen.output.clone()).unwrap_or_default();
    // What can't be judged is not the model's fault.
    Rejected { output, feedback: broken.is_some(), ..Rejected::of(candidate, reason) }
}

/// Takes out what does not hold together with the others.
async fn together(
    ctx: &Context,
    ladder: &Ladder,
    files: &mut Files,
    rejected: &mut Vec<Rejected>,
) -> Result<(), StepError> {
    let all = || files.values().flat_map(|file| &file.candidates);
    let mut keys: Vec<Key> = all().map(key).collect();
    // One that is kept although a rung is broken says nothing about the others on that rung.
    let broken = |rung: fn(&Judgement) -> &Option<Seen>| {
        let judgements = || all().filter_map(|candidate| candidate.judgement.as_ref());
        judgements().any(|judgement| is_broken(rung(judgement)).is_some())
    };
    if keys.len() < 2 || broken(|judgement| &judgement.build) {
        return Ok(());
    }
    let tests_count = !broken(|judgement| &judgement.tests);
    keys.sort_unstable();
    let changes_of = |positions: &[usize]| {
        let wanted: Vec<Key> = positions.iter().filter_map(|at| keys.get(*at).copied()).collect();
        let mut changes = Vec::new();
        for file in files.values() {
            let some: Vec<&Candidate> =
                file.candidates.iter().filter(|candidate| wanted.contains(&key(candidate))).collect();
            if !some.is_empty() {
                changes.push(file.change_of(some)?);
            }
        }
        Ok(changes)
    };
    let fails = if tests_count { Judgement::broken } else { broken_build };
    let found = ladder.together(ctx, keys.len(), changes_of, fails).await?;
    let mut left_out: BTreeMap<Key, Seen> =
        found.left_out.into_iter().filter_map(|(at, seen)| Some((*keys.get(at)?, seen))).collect();
    let others = keys.len() - left_out.len() - 1;
    for file in files.values_mut() {
        file.candidates.retain_mut(|candidate| {
            let Some(seen) = left_out.remove(&key(candidate)) else {
                return true;
            };
            let reason = format!("it fails together with other fixes: {}", seen.detail);
            candidate.checks.push(Check { name: TOGETHER.to_owned(), passed: false, detail: seen.detail });
            rejected.push(Rejected { output: seen.output, ..Rejected::of(candidate, reason) });
            false
        });
        let held =
            found.judgement.as_ref().filter(|judgement| judgement.checks().iter().any(|check| check.passed));
        for candidate in file.candidates.iter_mut().filter(|_| held.is_some()) {
            candidate.checks.retain(|check| check.name != TOGETHER);
            let how = if tests_count { "" } else { ", as far as it builds" };
            let detail = format!("{others} of this round{how}");
            candidate.checks.push(Check { name: TOGETHER.to_owned(), passed: true, detail });
        }
    }
    Ok(())
}

fn broken_build(judgement: &Judgement) -> Option<&Seen> {
    is_broken(&judgement.build)
}

fn is_broken(seen: &Option<Seen>) -> Option<&Seen> {
    seen.as_ref().filter(|seen| seen.verdict == Verdict::Broken)
}

impl FileUnderCheck {
    /// The file with these of its candidates, for a trial.
    pub(super) fn change_of<'a>(
        &self,
        candidates: impl IntoIterator<Item = &'a Candidate>,
    ) -> Result<Change, StepError> {
        let (edits, _) = Self::edits_of(candidates);
        Ok(Change { path: self.source.path.clone(), content: Some(self.source.with_edits(&edits)?) })
    }
}
