//! A policy as it is written: only what it says.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{FileKind, Policy, add_to};
use crate::effect::EffectKind;

/// What a policy file says. What it leaves out stays as it is by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PolicyFile {
    /// How many effects of each kind one run may have. Where it is given, a kind that it does not name may not be had at all.
    pub effects: Option<BTreeMap<EffectKind, usize>>,
    /// More globs of paths that a pushed commit may not change, beside those that are always protected.
    pub protected_paths: Option<Vec<String>>,
    /// Globs of paths that it may change though they are protected (`package-lock.json`).
    pub allowed_paths: Option<Vec<String>>,
    /// What else than plain files a pushed commit may bring; nothing by default.
    pub file_kinds: Option<Vec<FileKind>>,
    /// More globs of branches that are never pushed to.
    pub protected_branches: Option<Vec<String>>,
    /// More globs of labels that are never set.
    pub protected_labels: Option<Vec<String>>,
    /// Globs of the names of checks that a bundle may make; `Patchwork*` by default.
    pub checks: Option<Vec<String>>,
    /// Globs of the names of scanners in whose name a bundle may hand reports in to code scanning; `Patchwork*` by default.
    pub scanners: Option<Vec<String>>,
    /// Hosts that links and images may lead to, besides the repository's own pages (`docs.example.com`, `docs.example.com:8443`,
    /// `*.example.com`).
    pub link_hosts: Option<Vec<String>>,
    /// Accounts and teams that may be mentioned, without `@` (`acme/reviewers`).
    pub mentions: Option<Vec<String>>,
    /// Whether a text may close issues (`Fixes #12`); false by default.
    pub closing_keywords: Option<bool>,
    /// Numbers of pull requests and issues that a bundle may write to, besides those that its run was about.
    pub numbers: Option<Vec<u64>>,
    /// Kinds of effects that a run may have after it has read text of an outsider.
    pub outsiders: Option<Vec<EffectKind>>,
}

impl From<PolicyFile> for Policy {
    fn from(file: PolicyFile) -> Self {
        let mut policy = Self::default();
        add_to(&mut policy.protected_paths, file.protected_paths.as_deref());
        add_to(&mut policy.protected_branches, file.protected_branches.as_deref());
        add_to(&mut policy.protected_labels, file.protected_labels.as_deref());
        Self {
            effects: file.effects.unwrap_or(policy.effects),
            protected_paths: policy.protected_paths,
            allowed_paths: file.allowed_paths.unwrap_or(policy.allowed_paths),
            file_kinds: file.file_kinds.unwrap_or(policy.file_kinds),
            protected_branches: policy.protected_branches,
            protected_labels: policy.protected_labels,
            checks: file.checks.unwrap_or(policy.checks),
            scanners: file.scanners.unwrap_or(policy.scanners),
            link_hosts: file.link_hosts.unwrap_or(policy.link_hosts),
            mentions: file.mentions.unwrap_or(policy.mentions),
            closing_keywords: file.closing_keywords.unwrap_or(policy.closing_keywords),
            numbers: file.numbers.unwrap_or(policy.numbers),
            outsiders: file.outsiders.unwrap_or(policy.outsiders),
        }
    }
}
