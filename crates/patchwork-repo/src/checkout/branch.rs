//! Branches that commits are made on: their names, where they stand, and who has them checked out.

use std::path::{Path, PathBuf};

use patchwork_core::failure::Failure;

use super::{GitCheckout, worktree};
use crate::git::Git;

/// What is in the way of a branch.
pub(super) struct Branch {
    /// `refs/heads/<name>`.
    pub(super) reference: String,
    /// The commit it points at; none when it does not exist.
    pub(super) tip: Option<String>,
    /// The worktree of the user that has it checked out, or the git folder of one that is in the middle of a rebase of it.
    in_use: Option<String>,
    name: String,
}

impl GitCheckout {
    pub(super) async fn branch_can_be_made(
        &self,
        name: &str,
        force: bool,
    ) -> Result<Option<String>, Failure> {
        let branch = self.branch(name).await?;
        // Made by this run before it was interrupted: committing again will answer the same.
        let own = self.git.resolve(&self.reference("result")).await?;
        if branch.tip.is_some() && branch.tip == own {
            return Ok(branch.tip);
        }
        branch.check(force)?;
        Ok(branch.tip)
    }

    /// The full name of a branch. Names that git would not take are failures.
    pub(super) async fn branch_reference(&self, name: &str) -> Result<String, Failure> {
        reference_of(&self.git, name).await
    }

    /// Looks a branch up.
    pub(super) async fn branch(&self, name: &str) -> Result<Branch, Failure> {
        Branch::find(&self.git, &self.common, name).await
    }
}

/// The full name of a branch. Names that git would not take are failures.
pub(super) async fn reference_of(git: &Git, name: &str) -> Result<String, Failure> {
    let reference = format!("refs/heads/{name}");
    let valid = !name.contains('\0')
        && !name.starts_with('-')
        && name != "HEAD"
        && git.command(["check-ref-format", &reference]).accepting(&[1]).await?.code == 0;
    if valid {
        return Ok(reference);
    }
    Err(Failure::usage(format!("`{}` can't be the name of a branch", name.escape_debug()))
        .hint("see branch_prefix=… and branch_suffix=…"))
}

impl Branch {
    /// Looks a branch up in the repository whose `.git` folder is `common`.
    pub(super) async fn find(git: &Git, common: &Path, name: &str) -> Result<Self, Failure> {
        let reference = reference_of(git, name).await?;
        let turn = worktree::turn(common).await;
        let (refs, worktrees) = tokio::try_join!(
            git.text(["for-each-ref", "--format=%(objectname) %(refname)", "refs/heads"]),
            git.text(["worktree", "list", "--porcelain"]),
        )?;
        drop(turn);
        let mut tip = None;
        for (id, existing) in refs.lines().filter_map(|line| line.split_once(' ')) {
            if existing == reference {
                tip = Some(id.to_owned());
            } else if is_below(existing, &reference) || is_below(&reference, existing) {
                let existing = existing.strip_prefix("refs/heads/").unwrap_or(existing);
                return Err(Failure::failed(format!(
                    "branch `{name}` can't be made: branch `{existing}` is in the way"
                ))
                .hint("choose another name: branch_prefix=… or branch_suffix=…"));
            }
        }
        let in_use = checked_out(&worktrees, &reference).or_else(|| in_progress(common, &reference));
        Ok(Self { in_use, reference, tip, name: name.to_owned() })
    }

    /// Says whether it may be made or moved.
    pub(super) fn check(&self, force: bool) -> Result<(), Failure> {
        if let Some(worktree) = &self.in_use {
            return Err(Failure::failed(format!(
                "branch `{}` is in use in `{worktree}` and can't be changed under your feet",
                self.name
            ))
            .hint("switch to another branch there, or choose another name: branch_suffix=…"));
        }
        if self.tip.is_some() && !force {
            return Err(Failure::failed(format!("branch `{}` exists already", self.name))
                .hint("choose another name: branch_suffix=…")
                .hint("or replace it: force_branch_creation=true (its old commits stay reachable)"));
        }
        Ok(())
    }
}

/// Whether a ref would have to be a folder that holds the other.
fn is_below(reference: &str, other: &str) -> bool {
    reference.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

/// The git folder in which a rebase or a bisection of this branch is under way: HEAD is detached then, but the branch is
/// in use.
fn in_progress(common: &Path, reference: &str) -> Option<String> {
    let name = reference.strip_prefix("refs/heads/").unwrap_or(reference);
    let linked = std::fs::read_dir(common.join("worktrees")).into_iter().flatten();
    let folders = linked.filter_map(|entry| Some(entry.ok()?.path())).chain([common.to_owned()]);
    let uses = |folder: &PathBuf| {
        ["rebase-merge/head-name", "rebase-apply/head-name", "BISECT_START"].iter().any(|file| {
            std::fs::read_to_string(folder.join(file))
                .is_ok_and(|text| [name, reference].contains(&text.trim_end()))
        })
    };
    folders.filter(uses).map(|folder| folder.display().to_string()).next()
}

fn checked_out(worktrees: &str, reference: &str) -> Option<String> {
    let mut place = "";
    for line in worktrees.lines() {
        if let Some(path) = line.strip_prefix("worktree ") {
            place = path;
        } else if line.strip_prefix("branch ") == Some(reference) {
            return Some(place.to_owned());
        }
    }
    None
}
