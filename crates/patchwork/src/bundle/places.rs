//! What the checks and the reports of a bundle are on: its own branch and commits, and those of the pull requests that it is about.

use patchwork_core::effect::{Effect, Policy, Violation};
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Forge, ForgeError};

use super::Bundle;
use super::check::{fault, shown};
use crate::sarif;

/// Numbers of pull requests that the forge is asked about: a run is about one or two, and whoever made the bundle may say more.
const NUMBERS: usize = 10;

/// A branch or a pull request, and the commits of it that a check or a report may be on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The ref; none where only the commits are known.
    pub reference: Option<String>,
    /// The commits.
    pub commits: Vec<String>,
}

impl Bundle {
    /// The pull requests that the bundle is about, or that policy lets it write to, as the forge has them now. The forge is asked
    /// only if a check or a report is on none of the bundle's own commits.
    pub async fn pulls(&self, policy: &Policy, forge: &dyn Forge) -> Result<Vec<Place>, Failure> {
        let mut pulls = Vec::new();
        let own = self.own_places();
        let is_elsewhere = |effect: &Effect| match effect {
            Effect::Check(_) | Effect::Sarif(_) => misplaced(effect, &own).is_some(),
            _ => false,
        };
        if !self.effects.iter().any(is_elsewhere) {
            return Ok(pulls);
        }
        for number in policy.numbers.iter().chain(&self.about).copied().take(NUMBERS) {
            // A number may be that of an issue.
            let found = match forge.pull_request(number).await {
                Ok(found) => found,
                Err(ForgeError::NotFound { .. }) => continue,
                Err(error) => return Err(error.into()),
            };
            // Somebody may have pushed since the run.
            let commits = forge.commits(number).await.map_err(Failure::from)?;
            let commits = commits.into_iter().map(|commit| commit.id).chain([found.head.commit]);
            pulls.push(Place { reference: forge.head_ref(number), commits: commits.collect() });
        }
        Ok(pulls)
    }

    /// The branch that the run stood on, with its commit, and the branches that it pushes, with theirs.
    fn own_places(&self) -> Vec<Place> {
        let branch = |name: &str| Some(format!("refs/heads/{name}"));
        let stood = Place {
            reference: self.repository.branch.as_deref().and_then(branch),
            commits: vec![self.repository.base.clone()],
        };
        let pushed = self.effects.iter().filter_map(|effect| match effect {
            Effect::Push(push) => {
                let commits = self.commits.iter().map(|commit| commit.id.clone()).collect();
                Some(Place { reference: branch(&push.branch), commits })
            }
            _ => None,
        });
        std::iter::once(stood).chain(pushed).collect()
    }

    /// What speaks against the place of a check or a report, and the name under which a report is handed in.
    pub(super) fn place_faults(
        &self,
        effect: &Effect,
        policy: &Policy,
        pulls: &[Place],
    ) -> Result<Vec<Violation>, Failure> {
        let mut found = Vec::new();
        if !matches!(effect, Effect::Check(_) | Effect::Sarif(_)) {
            return Ok(found);
        }
        let mut add = |field, problem| found.push(Violation { field, ..fault(&effect.describe(), problem) });
        let mut places = self.own_places();
        places.extend_from_slice(pulls);
        if let Some(problem) = misplaced(effect, &places) {
            add("numbers", problem);
        }
        if let Effect::Sarif(spec) = effect {
            match sarif::parse(spec.sarif.as_bytes(), "its report") {
                Err(error) => add("", error.to_string()),
                Ok(report) => {
                    for run in report["runs"].as_array().into_iter().flatten() {
                        let name = run["tool"]["driver"]["name"].as_str().unwrap_or_default();
                        if !policy.takes_reports_of(name)? {
                            let whose =
                                format!("a bundle may hand in no report of the scanner `{}`", shown(name));
                            add("scanners", format!("{whose}, whose former results it would replace"));
                        }
                    }
                }
            }
        }
        Ok(found)
    }
}

/// Why a check or a report is on none of these.
fn misplaced(effect: &Effect, places: &[Place]) -> Option<String> {
    let has = |place: &Place, commit: &String| place.commits.contains(commit);
    match effect {
        Effect::Check(spec) if places.iter().any(|place| has(place, &spec.commit)) => None,
        Effect::Check(_) => Some(
            "its commit is neither the one that the run stood on, nor one that it pushes, nor one of a pull request that it \
             was about"
                .to_owned(),
        ),
        Effect::Sarif(spec) => {
            let of_ref = |place: &&Place| place.reference.as_ref() == Some(&spec.reference);
            let mut named = places.iter().filter(of_ref).peekable();
            if named.peek().is_none() {
                Some(
                    "its ref is neither the branch that the run stood on, nor one that it pushes, nor a pull request that it \
                     was about"
                        .to_owned(),
                )
            } else if !named.any(|place| has(place, &spec.commit)) {
                Some(format!("commit {} is none that the run knows of this ref", shown(&spec.commit)))
            } else {
                None
            }
        }
        _ => None,
    }
}
