//! Which effects a run may have, how many, and on what.

mod defaults;
mod file;
mod paths;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use file::PolicyFile;

use super::{Effect, EffectKind, PushSpec};
use crate::change::FileChange;
use crate::failure::Failure;
use crate::port::forge::Thing;
use paths::Globs;

/// Which effects a run may have. The default is what the shipped patchflows need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Policy {
    /// How many of each kind one run may have; a kind that is not named may not be had at all.
    pub effects: BTreeMap<EffectKind, usize>,
    /// Globs of paths that a pushed commit may not change, matched in every folder and without regard to case.
    pub protected_paths: Vec<String>,
    /// Globs of paths that it may change though they are protected; matched from the root of the repository.
    pub allowed_paths: Vec<String>,
    /// What else than plain files a pushed commit may bring.
    pub file_kinds: Vec<FileKind>,
    /// Globs of branches that are never pushed to, besides the base and the default branch.
    pub protected_branches: Vec<String>,
    /// Globs of labels that are never set: those that let pipelines run or merge.
    pub protected_labels: Vec<String>,
    /// Globs of the names of checks that a bundle may make: any other could stand for one that has to succeed.
    pub checks: Vec<String>,
    /// Globs of the names of scanners in whose name a bundle may hand reports in to code scanning: a report takes the place of the
    /// former one of the same scanner.
    pub scanners: Vec<String>,
    /// Hosts that links and images may lead to, besides the repository's own pages, with their port where that is not the usual
    /// one; `*.example.com` stands for all below.
    pub link_hosts: Vec<String>,
    /// Accounts and teams that may be mentioned, without `@`.
    pub mentions: Vec<String>,
    /// Whether a text may close issues (`Fixes #12`).
    pub closing_keywords: bool,
    /// Numbers of pull requests and issues that may be written to, besides those that the run is about.
    pub numbers: Vec<u64>,
    /// Kinds that a run may have as well after it has read text of an outsider.
    pub outsiders: Vec<EffectKind>,
}

/// What a commit can bring besides plain files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// A symbolic link.
    Symlink,
    /// A submodule.
    Submodule,
    /// A file that can be run, and was not there or could not be run before.
    Executable,
}

/// What is known of a run when an effect is asked for.
#[derive(Debug, Clone, Default)]
pub struct Allowance<'a> {
    /// Effects of each kind that the run had before.
    pub had: &'a [(EffectKind, usize)],
    /// Whose text the run has read that is an outsider, if any (`the title of pull request 7 by mallory`).
    pub heard: Option<&'a str>,
    /// What a push changes, as git says.
    pub changes: &'a [FileChange],
    /// Branches that are never pushed to: the base of the run and the default branch.
    pub bases: &'a [String],
    /// The pull requests and issues that may be written to; none where every one may.
    pub about: Option<&'a [u64]>,
}

/// One thing that policy does not allow.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Violation {
    /// The effect, in words.
    pub effect: String,
    /// What is wrong with it.
    pub problem: String,
    /// The field of the policy that decides; empty where none can allow it.
    pub field: &'static str,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.effect, self.problem)?;
        if self.field.is_empty() { Ok(()) } else { write!(f, " (policy: {})", self.field) }
    }
}

impl Violation {
    /// The failure of one or several, which names all of them.
    pub fn failure(violations: &[Self]) -> Failure {
        let failure = match violations {
            [one] => Failure::refused(one.to_string()),
            several => several.iter().fold(
                Failure::refused(format!("policy refuses {} things", several.len())),
                |failure, violation| failure.cause(violation.to_string()),
            ),
        };
        let mut fields: Vec<&str> = violations.iter().map(|violation| violation.field).collect();
        fields.retain(|field| !field.is_empty());
        fields.sort_unstable();
        fields.dedup();
        match fields.is_empty() {
            true => failure,
            false => failure.hint(format!(
                "if that is wanted, allow it in the policy (--policy FILE, or `policy` in your own configuration): {}",
                fields.join(", ")
            )),
        }
    }
}

impl Policy {
    /// All that speaks against an effect. Fails when a glob of the policy is none.
    pub fn violations(&self, effect: &Effect, allowance: &Allowance<'_>) -> Result<Vec<Violation>, Failure> {
        let kind = effect.kind();
        let mut found = Vec::new();
        let mut add = |field: &'static str, problem: String| {
            found.push(Violation { effect: effect.describe(), problem, field });
        };
        let limit = self.effects.get(&kind).copied().unwrap_or(0);
        let had: usize =
            allowance.had.iter().filter(|(other, _)| *other == kind).map(|(_, count)| count).sum();
        if had + effect.count() > limit {
            add(
                "effects",
                format!("a run may have {limit} of `{kind}`, this would be {}", had + effect.count()),
            );
        }
        if let Some(heard) = allowance.heard
            && !self.outsiders.contains(&kind)
        {
            add("outsiders", format!("the run has read {heard}, and then may have no `{kind}`"));
        }
        if let (Some(about), Some(number)) = (allowance.about, effect.number())
            && !about.contains(&number)
            && !self.numbers.contains(&number)
        {
            add("numbers", format!("the run was not about number {number}"));
        }
        let labels = Globs::rooted("protected_labels", &self.protected_labels)?;
        for label in effect.labels() {
            // Labels of a group are written `ci/deploy` and `ci::run`, and what a star stands for ends at a slash.
            let flat = label.replace('/', " ");
            let mut forms = [label.as_str(), &flat].into_iter().chain(label.split(['/', ':']));
            if let Some(glob) = forms.find_map(|form| labels.find(form)) {
                add("protected_labels", format!("the label {} is protected by `{glob}`", shown(label)));
            }
        }
        if let (Some(_), Effect::Check(spec)) = (allowance.about, effect)
            && Globs::rooted("checks", &self.checks)?.find(&spec.name).is_none()
        {
            add("checks", format!("a bundle may make no check {}", shown(&spec.name)));
        }
        if let Effect::Push(push) = effect {
            self.push(push, allowance, &mut add)?;
        }
        Ok(found)
    }

    fn push(
        &self,
        push: &PushSpec,
        allowance: &Allowance<'_>,
        add: &mut dyn FnMut(&'static str, String),
    ) -> Result<(), Failure> {
        let branch = &push.branch;
        if allowance.bases.iter().any(|base| base.eq_ignore_ascii_case(branch)) {
            add(
                "",
                format!("`{}` is the base or the default branch, which is never pushed to", shown(branch)),
            );
        } else if let Some(glob) = Globs::rooted("protected_branches", &self.protected_branches)?.find(branch)
        {
            add("protected_branches", format!("the branch is protected by `{glob}`"));
        }
        let protected = Globs::anywhere("protected_paths", &self.protected_paths)?;
        let allowed = Globs::rooted("allowed_paths", &self.allowed_paths)?;
        for change in allowance.changes {
            for path in std::iter::once(&change.path).chain(&change.old_path) {
                if let Some(glob) = protected.find(path).filter(|_| allowed.find(path).is_none()) {
                    add("allowed_paths", format!("{} is protected by `{glob}`", shown(path)));
                }
            }
            if let Some((_, what)) = kind_of(change).filter(|(kind, _)| !self.file_kinds.contains(kind)) {
                add("file_kinds", format!("{} is {what}", shown(&change.path)));
            }
        }
        Ok(())
    }

    /// This policy, as far as another allows the same: what the file of a repository can say.
    #[must_use]
    pub fn tightened(mut self, by: &PolicyFile) -> Self {
        if let Some(effects) = &by.effects {
            self.effects.retain(|kind, limit| {
                *limit = effects.get(kind).copied().unwrap_or(0).min(*limit);
                true
            });
        }
        add_to(&mut self.protected_paths, by.protected_paths.as_deref());
        add_to(&mut self.protected_branches, by.protected_branches.as_deref());
        add_to(&mut self.protected_labels, by.protected_labels.as_deref());
        keep_of(&mut self.checks, by.checks.as_deref());
        keep_of(&mut self.scanners, by.scanners.as_deref());
        keep_of(&mut self.allowed_paths, by.allowed_paths.as_deref());
        keep_of(&mut self.file_kinds, by.file_kinds.as_deref());
        keep_of(&mut self.link_hosts, by.link_hosts.as_deref());
        keep_of(&mut self.mentions, by.mentions.as_deref());
        keep_of(&mut self.numbers, by.numbers.as_deref());
        keep_of(&mut self.outsiders, by.outsiders.as_deref());
        self.closing_keywords &= by.closing_keywords.unwrap_or(true);
        self
    }

    /// Whether all of its globs are globs.
    pub fn validate(&self) -> Result<(), Failure> {
        Globs::anywhere("protected_paths", &self.protected_paths)?;
        Globs::rooted("allowed_paths", &self.allowed_paths)?;
        Globs::rooted("protected_branches", &self.protected_branches)?;
        Globs::rooted("protected_labels", &self.protected_labels)?;
        Globs::rooted("checks", &self.checks)?;
        Globs::rooted("scanners", &self.scanners)?;
        Ok(())
    }

    /// Whether a bundle may hand in reports of this scanner. Fails when a glob of the policy is none.
    pub fn takes_reports_of(&self, scanner: &str) -> Result<bool, Failure> {
        Ok(Globs::rooted("scanners", &self.scanners)?.find(scanner).is_some())
    }
}

impl Effect {
    fn labels(&self) -> &[String] {
        match self {
            Self::PullRequest(spec) => &spec.labels,
            Self::Issue { spec, .. } => &spec.labels,
            _ => &[],
        }
    }

    /// The number of the pull request or issue that it writes to, where that was there before.
    pub fn number(&self) -> Option<u64> {
        match self {
            Self::Comment { on: Thing::PullRequest(number) | Thing::Issue(number), .. }
            | Self::Review { number, .. }
            | Self::Reply { number, .. }
            | Self::Resolve { number, .. } => Some(*number),
            _ => None,
        }
    }
}

fn kind_of(change: &FileChange) -> Option<(FileKind, &'static str)> {
    let is = |mode: &Option<String>, wanted: &str| mode.as_deref() == Some(wanted);
    if is(&change.new_mode, "120000") {
        return Some((FileKind::Symlink, "a symbolic link"));
    }
    if is(&change.new_mode, "160000") || is(&change.old_mode, "160000") {
        return Some((FileKind::Submodule, "a submodule"));
    }
    (is(&change.new_mode, "100755") && !is(&change.old_mode, "100755"))
        .then_some((FileKind::Executable, "made executable"))
}

fn add_to(list: &mut Vec<String>, more: Option<&[String]>) {
    for one in more.unwrap_or_default() {
        if !list.contains(one) {
            list.push(one.clone());
        }
    }
}

fn keep_of<T: PartialEq>(list: &mut Vec<T>, allowed: Option<&[T]>) {
    if let Some(allowed) = allowed {
        list.retain(|one| allowed.contains(one));
    }
}

/// A name as it can be shown on one line of a terminal.
fn shown(name: &str) -> String {
    name.escape_debug().collect()
}
