//! Fixes are judged more strictly than code is scanned: where a rule found something, the suspicion is there already, and
//! what only hides the finding or bars a part of the ways to it is no fix.

use std::collections::{BTreeMap, BTreeSet};

use patchwork_core::step::{Context, StepError};

use super::file::FileUnderCheck;
use super::rescan::{Seen, areas, overlap};
use crate::scanners::rules::{StrictMatch, StrictRules};

/// What fixes of these files' findings are judged by.
pub(super) struct Strictness(StrictRules);

impl Strictness {
    /// None when no rule that has findings here is strict about their fixes.
    pub(super) async fn of(ctx: &Context, files: &[&mut FileUnderCheck]) -> Result<Option<Self>, StepError> {
        let candidates = files.iter().flat_map(|file| &file.candidates);
        let findings = candidates.flat_map(|candidate| &candidate.piece.findings);
        let rules: BTreeSet<&str> = findings.map(|finding| finding.rule.as_str()).collect();
        Ok(StrictRules::of(ctx, &rules).await?.map(Self))
    }

    /// What speaks against candidates of these files, which the checkout holds: for each place in `files` the positions of
    /// candidates with the reason.
    pub(super) async fn doubts(
        &self,
        ctx: &Context,
        files: &[&mut FileUnderCheck],
        places: &[usize],
    ) -> Result<BTreeMap<usize, BTreeMap<usize, String>>, StepError> {
        let of = |at: &usize| files.get(*at).map(|file| (*at, &**file));
        let paths = places.iter().filter_map(of).map(|(_, file)| file.source.path.clone());
        let found = self.0.in_files(ctx, paths.collect()).await?;
        let mut doubts = BTreeMap::new();
        for (at, file) in places.iter().filter_map(of) {
            if let Some(found) = found.get(&file.source.path) {
                doubts.insert(at, self.against(file, found)?);
            }
        }
        Ok(doubts)
    }

    /// What speaks against candidates of a file, by their positions.
    fn against(
        &self,
        file: &FileUnderCheck,
        found: &[StrictMatch],
    ) -> Result<BTreeMap<usize, String>, StepError> {
        let areas = areas(file, &file.candidate_map()?);
        let mut before = None;
        let mut doubts = BTreeMap::new();
        for (position, (candidate, area)) in file.candidates.iter().zip(&areas).enumerate() {
            let rules: BTreeSet<&str> =
                candidate.piece.findings.iter().map(|finding| finding.rule.as_str()).collect();
            let here: Vec<&StrictMatch> = found
                .iter()
                .filter(|found| rules.contains(found.rule.as_str()))
                .filter(|found| area.after.iter().any(|lines| overlap(lines, &found.lines)))
                .collect();
            if here.is_empty() {
                continue;
            }
            let before = match &before {
                Some(before) => before,
                None => before.insert(match &file.source.text {
                    Some(text) => self.0.in_text(&file.source.path, text)?,
                    None => Vec::new(),
                }),
            };
            // What stood there before is not the fix's, unless it is the finding itself.
            let findings: Vec<_> = candidate
                .piece
                .findings
                .iter()
                .filter_map(|finding| file.map.new_range(Seen::of(finding).lines))
                .collect();
            let mut known: Vec<(&str, &str)> = before
                .iter()
                .filter(|seen| !findings.iter().any(|lines| overlap(lines, &seen.lines)))
                .map(|seen| (seen.rule.as_str(), seen.text.as_str()))
                .collect();
            let fresh = here.into_iter().find(|found| {
                let same =
                    known.iter().position(|known| *known == (found.rule.as_str(), found.text.as_str()));
                same.map(|at| known.swap_remove(at)).is_none()
            });
            if let Some(StrictMatch { rule, lines, message, .. }) = fresh {
                let line = lines.start + 1;
                let reason =
                    format!("the finding is still there in another form: {rule} in line {line}: {message}");
                doubts.insert(position, reason);
            }
        }
        Ok(doubts)
    }
}
