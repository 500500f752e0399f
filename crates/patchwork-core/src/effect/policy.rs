//! Which effects a run may have, how many, and on what.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Effect, EffectKind};
use crate::failure::Failure;

/// Which effects a run may have. The default is what the shipped patchflows need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// How many of each kind one run may have; a kind that is not named may not be had at all.
    pub effects: BTreeMap<EffectKind, usize>,
    /// Globs of paths that a pushed commit may not change.
    pub protected_paths: Vec<String>,
    /// Globs of paths that it may change though they are protected.
    pub allowed_paths: Vec<String>,
    /// Hosts that links may lead to, beside the forge's own.
    pub link_hosts: Vec<String>,
    /// Kinds that a run may have as well after it has read text of an outsider.
    pub outsiders: Vec<EffectKind>,
}

impl Default for Policy {
    fn default() -> Self {
        let text = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        Self {
            effects: [
                (EffectKind::Push, 2),
                (EffectKind::PullRequest, 2),
                (EffectKind::Comment, 10),
                (EffectKind::Review, 100),
                (EffectKind::Reply, 100),
                (EffectKind::Resolve, 500),
                (EffectKind::Issue, 5),
                (EffectKind::Check, 10),
                (EffectKind::Sarif, 5),
            ]
            .into(),
            protected_paths: text(&[".github/**"]),
            allowed_paths: Vec::new(),
            link_hosts: Vec::new(),
            outsiders: vec![
                EffectKind::Comment,
                EffectKind::Review,
                EffectKind::Reply,
                EffectKind::Resolve,
                EffectKind::Check,
                EffectKind::Sarif,
            ],
        }
    }
}

/// What is known of a run when an effect is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowance<'a> {
    /// Effects of each kind that the run had before.
    pub had: &'a [(EffectKind, usize)],
    /// Whose text the run has read that is an outsider, if any (`the title of pull request 7 by mallory`).
    pub heard: Option<&'a str>,
    /// The paths that a push changes.
    pub paths: &'a [String],
    /// The host of the forge's pages.
    pub host: &'a str,
}

impl Policy {
    /// Whether a run may have this effect; otherwise why not.
    pub fn check(&self, effect: &Effect, allowance: &Allowance<'_>) -> Result<(), Failure> {
        let kind = effect.kind();
        let limit = self.effects.get(&kind).copied().unwrap_or(0);
        let had =
            allowance.had.iter().filter(|(other, _)| *other == kind).map(|(_, count)| count).sum::<usize>();
        if had + effect.count() > limit {
            return Err(Failure::refused(format!(
                "policy allows {limit} of `{kind}` in a run: {} is one too many",
                effect.describe()
            ))
            .hint(format!("raise effects.{kind} in the policy if that is wanted")));
        }
        if let Some(heard) = allowance.heard
            && !self.outsiders.contains(&kind)
        {
            return Err(Failure::refused(format!(
                "the run has read {heard}, and policy gives outsiders no `{kind}`: {}",
                effect.describe()
            ))
            .hint(format!("add {kind} to the policy's `outsiders` if that is wanted")));
        }
        Ok(())
    }
}
