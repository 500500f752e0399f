//! What speaks against a bundle, before anything of it is done.

use std::collections::{BTreeMap, HashSet};

use patchwork_core::change::{ChangeStatus, FileChange};
use patchwork_core::effect::{Allowance, Effect, EffectKind, Gate, Policy, Violation};
use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::PackedCommit;
use patchwork_core::port::forge::Forge;
use patchwork_remote::forge::Remote;
use patchwork_repo::git::{BOT_EMAIL, BOT_NAME};

use super::collect::commit_of;
use super::{Bundle, Place};
use crate::steps::forge::access::REMOTE;

/// Modes that a file of a commit can have.
const MODES: [&str; 4] = ["100644", "100755", "120000", "160000"];

/// What the head of a commit of ours says.
const HEADERS: [&str; 4] = ["tree", "parent", "author", "committer"];

/// The repository in which a bundle is to be carried out.
pub struct Here<'a> {
    /// The URL of its remote.
    pub remote_url: &'a str,
    /// The forge of that remote.
    pub forge: &'a dyn Forge,
    /// Branches that are never pushed to: the default branch, as far as it is known.
    pub bases: &'a [String],
    /// What [`Bundle::pulls`] has answered.
    pub pulls: &'a [Place],
}

impl Bundle {
    /// All that speaks against carrying it out here. Empty when nothing does.
    pub fn violations(&self, policy: &Policy, here: &Here<'_>) -> Result<Vec<Violation>, Failure> {
        let mut found = self.of_the_whole(here);
        let gate = Gate::new(policy, here.forge);
        let changes = changes(&self.commits);
        let mut bases = here.bases.to_vec();
        bases.extend(self.repository.branch.clone());
        let mut had: BTreeMap<EffectKind, usize> = BTreeMap::new();
        let pushed: Vec<&str> = self.effects.iter().filter_map(branch_of).collect();
        for effect in &self.effects {
            let so_far: Vec<(EffectKind, usize)> = had.iter().map(|(kind, count)| (*kind, *count)).collect();
            let allowance = Allowance {
                had: &so_far,
                heard: self.heard.as_deref(),
                changes: if matches!(effect, Effect::Push(_)) { &changes } else { &[] },
                bases: &bases,
                about: Some(&self.about),
            };
            found.extend(gate.texts(effect));
            found.extend(policy.violations(effect, &allowance)?);
            found.extend(self.place_faults(effect, policy, here.pulls)?);
            match effect {
                Effect::Push(push) => {
                    found.extend(gate.messages(effect, self.commits.iter().map(PackedCommit::message)));
                    if push.remote != REMOTE {
                        found.push(fault(&effect.describe(), format!("a bundle pushes to `{REMOTE}` only")));
                    }
                }
                Effect::PullRequest(spec) if !pushed.contains(&spec.head.as_str()) => {
                    found.push(fault(
                        &effect.describe(),
                        "its branch is not pushed by this bundle".to_owned(),
                    ));
                }
                _ => {}
            }
            *had.entry(effect.kind()).or_default() += effect.count();
        }
        let mut told = HashSet::new();
        found.retain(|violation| told.insert(violation.clone()));
        Ok(found)
    }

    fn of_the_whole(&self, here: &Here<'_>) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut add = |problem: String| found.push(fault("the bundle", problem));
        if !same_repository(&self.repository.remote_url, here.remote_url) {
            add(format!(
                "it is for {}, and `{REMOTE}` here is {}",
                shown(&self.repository.remote_url),
                shown(here.remote_url)
            ));
        }
        if let Some(forge) = self.repository.forge.filter(|forge| *forge != here.forge.kind()) {
            add(format!("it is for {forge}, and this is a repository of {}", here.forge.kind()));
        }
        if !is_id(&self.repository.base) {
            add("`repository.base` is not the whole id of a commit".to_owned());
        }
        let tips: Vec<&str> = self.effects.iter().filter_map(commit_of).collect();
        let last = self.commits.last().map(|commit| commit.id.as_str());
        if tips.last().copied() != last {
            add("its commits are not those that it pushes".to_owned());
        }
        for tip in &tips {
            if self.commits.iter().all(|commit| commit.id != *tip) {
                add(format!("commit {} is pushed and not in it", shown(tip)));
            }
        }
        let own = format!("{BOT_NAME} <{BOT_EMAIL}> ");
        for commit in &self.commits {
            let id = shown(&commit.id);
            if !is_id(&commit.id) {
                add(format!("`{id}` is not the whole id of a commit"));
            }
            for role in ["author", "committer"] {
                let mut named = commit.header(role);
                if !(named.next().is_some_and(|who| who.starts_with(&own)) && named.next().is_none()) {
                    add(format!("the {role} of commit {id} is not Patchwork"));
                }
            }
            let headers =
                commit.object.split_once("\n\n").map_or(commit.object.as_str(), |(headers, _)| headers);
            for name in headers.lines().filter_map(|line| line.split(' ').next()) {
                // An encoding would make other words of the message than those that were read here.
                if !HEADERS.contains(&name) {
                    add(format!("commit {id} has the header `{}`", shown(name)));
                }
            }
            for file in &commit.files {
                if let Some(problem) = path_fault(&file.path) {
                    add(format!("commit {id}: {} {problem}", shown(&file.path)));
                }
                if let Some(mode) = file.mode.as_deref().filter(|mode| !MODES.contains(mode)) {
                    add(format!("commit {id}: {} has the mode {}", shown(&file.path), shown(mode)));
                }
            }
        }
        found
    }
}

/// Whether two URLs of remotes lead to the same repository, however they are written.
pub fn same_repository(a: &str, b: &str) -> bool {
    let read = |url: &str| {
        let remote = Remote::parse(url)?;
        let path: Vec<String> = remote.path.iter().map(|part| part.to_lowercase()).collect();
        Some((remote.host, path))
    };
    Remote::ports_agree(a, b) && matches!((read(a), read(b)), (Some(a), Some(b)) if a == b)
}

fn branch_of(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::Push(push) => Some(&push.branch),
        _ => None,
    }
}

/// What the commits change, as far as policy asks.
fn changes(commits: &[PackedCommit]) -> Vec<FileChange> {
    let files = commits.iter().flat_map(|commit| &commit.files);
    files
        .map(|file| FileChange {
            path: file.path.clone(),
            old_path: None,
            status: match (&file.old_mode, &file.mode) {
                (_, None) => ChangeStatus::Deleted,
                (None, _) => ChangeStatus::Added,
                _ => ChangeStatus::Modified,
            },
            binary: false,
            old_mode: file.old_mode.clone(),
            new_mode: file.mode.clone(),
            hunks: Vec::new(),
            left_out: None,
            additions: 0,
            deletions: 0,
        })
        .collect()
}

/// Why a path is none that a commit of ours has.
fn path_fault(path: &str) -> Option<&'static str> {
    let part = |wanted: fn(&str) -> bool| path.split('/').any(wanted);
    if path.is_empty() || path.starts_with('/') || part(str::is_empty) {
        Some("is not a path relative to the root")
    } else if part(|part| part == "." || part == "..") {
        Some("leads out of its folder")
    } else if part(|part| part.eq_ignore_ascii_case(".git")) {
        Some("leads into git's own folder")
    } else if path.contains('\0') {
        Some("holds a character that no path has")
    } else {
        None
    }
}

fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn fault(what: &str, problem: String) -> Violation {
    Violation { effect: what.to_owned(), problem, field: "" }
}

pub(super) fn shown(text: &str) -> String {
    text.chars().take(120).flat_map(char::escape_debug).collect()
}
