//! The user's repository: found, looked at, and cleaned of what dead runs left in it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::Base;
use patchwork_core::port::process::Processes;
use patchwork_core::run::RunId;

use super::{run_reference, worktree};
use crate::git::{Git, GitError};

/// The repository a user works in, as it was when it was found.
#[derive(Debug, Clone)]
pub struct Repository {
    base: Base,
    common_dir: PathBuf,
    prefix: String,
    shallow: bool,
    git: Git,
}

impl Repository {
    /// Finds the repository around a folder.
    pub async fn discover(cwd: &Path, processes: Arc<dyn Processes>) -> Result<Self, Failure> {
        let git = Git::new(processes, cwd);
        git.check_version().await?;
        let kind = git.text(["rev-parse", "--is-inside-work-tree", "--is-bare-repository"]).await?;
        match kind.split_once('\n') {
            Some(("true", _)) => {}
            Some((_, "true")) => {
                return Err(Failure::usage(format!(
                    "`{}` is a bare repository: it has no files",
                    cwd.display()
                ))
                .hint("clone it and run it in the clone"));
            }
            _ => {
                return Err(Failure::usage(format!(
                    "`{}` is inside of a `.git` folder, not of a work tree",
                    cwd.display()
                ))
                .hint("run it in the folder that holds your files"));
            }
        }
        let (top, common_dir, prefix, shallow, head, branch) = tokio::try_join!(
            git.text(["rev-parse", "--show-toplevel"]),
            common_dir(&git),
            git.text(["rev-parse", "--show-prefix"]),
            git.text(["rev-parse", "--is-shallow-repository"]),
            git.resolve("HEAD^{commit}"),
            current_branch(&git),
        )?;
        let top = PathBuf::from(top);
        let Some(commit) = head else {
            return Err(Failure::usage(format!("the repository at `{}` has no commit yet", top.display()))
                .hint("make a first commit: git add -A && git commit -m 'Initial commit'"));
        };
        Ok(Self {
            git: git.at(&top),
            base: Base { repository: top, commit, branch },
            common_dir,
            prefix: prefix.trim_end_matches('/').to_owned(),
            shallow: shallow == "true",
        })
    }

    /// The same for runs that start from another commit than the one that is checked out.
    #[must_use]
    pub fn standing_at(mut self, commit: String, branch: Option<String>) -> Self {
        (self.base.commit, self.base.branch) = (commit, branch);
        self
    }

    /// The top of its work tree.
    pub fn top(&self) -> &Path {
        &self.base.repository
    }

    /// The state a run starts from.
    pub fn base(&self) -> Base {
        self.base.clone()
    }

    /// The commit that is checked out.
    pub fn head(&self) -> &str {
        &self.base.commit
    }

    /// The branch that is checked out; none on a detached HEAD.
    pub fn branch(&self) -> Option<&str> {
        self.base.branch.as_deref()
    }

    /// The folder it was found from, relative to the top with `/`; empty for the top itself.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Whether its history is cut off.
    pub fn is_shallow(&self) -> bool {
        self.shallow
    }

    /// Git in the top folder.
    pub fn git(&self) -> &Git {
        &self.git
    }

    /// Its `.git` folder, shared by all its worktrees.
    pub(super) fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// Removes the worktrees below `worktrees_dir` that belong to this repository and whose run is not live, and answers
    /// those runs. Their checkpoints stay, so that such a run can still be resumed. A run must count as live before its
    /// worktree is made.
    pub async fn sweep(
        &self,
        worktrees_dir: &Path,
        is_live: impl Fn(&RunId) -> bool,
    ) -> Result<Vec<RunId>, Failure> {
        let dead: Vec<RunId> =
            worktree::runs(&self.common_dir, worktrees_dir).into_iter().filter(|run| !is_live(run)).collect();
        for run in &dead {
            let root = worktree::place(&self.base.repository, worktrees_dir, run)?;
            worktree::discard(&self.common_dir, &root).await?;
        }
        Ok(dead)
    }

    /// Gives up the checkpoints of a run that will never be resumed.
    pub async fn forget(&self, run: &RunId) -> Result<(), Failure> {
        forget(&self.git, run).await
    }
}

/// The `.git` folder that all worktrees of a repository share.
pub(super) async fn common_dir(git: &Git) -> Result<PathBuf, GitError> {
    let text = git.text(["rev-parse", "--git-common-dir"]).await?;
    let path = git.dir().join(text);
    Ok(path.canonicalize().unwrap_or(path))
}

/// Deletes the refs that only keep the work of a run alive.
pub(super) async fn forget(git: &Git, run: &RunId) -> Result<(), Failure> {
    let names = ["checkpoint", "remote", "fetched", "fetching"].map(|name| run_reference(run, name));
    let listing = git.command(["for-each-ref", "--format=delete %(refname)"]).args(names).text().await?;
    let lines: String = listing.lines().map(|line| format!("{line}\n")).collect();
    if !lines.is_empty() {
        git.command(["update-ref", "--stdin"]).stdin(lines).run().await?;
    }
    Ok(())
}

async fn current_branch(git: &Git) -> Result<Option<String>, GitError> {
    let output = git.command(["symbolic-ref", "--quiet", "HEAD"]).accepting(&[1]).await?;
    Ok(output.text().strip_prefix("refs/heads/").map(str::to_owned))
}
