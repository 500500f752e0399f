//! The worktree of a run, next to the user's own checkout, which is never touched.

mod apart;
mod base_files;
mod branch;
mod commit;
mod parcel;
pub(crate) mod path;
mod push;
mod remove;
mod repository;
mod state;
mod stream;
#[cfg(test)]
mod tests;
mod undo;
mod worktree;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::{
    Base, Checkout, Checkpoint, CommitRequest, Committed, PackedCommit, PushRequest, Pushed,
};
use patchwork_core::port::process::Processes;
use patchwork_core::run::RunId;
use tokio_util::sync::CancellationToken;

use crate::git::Git;
use crate::history::GitHistory;
use path::Places;
pub use path::inside;
pub(crate) use push::raw_url;
pub(crate) use remove::remove_tree;
pub use repository::Repository;
use state::State;

/// A git worktree made for one run. It stays on disk until [`GitCheckout::remove`] or [`Repository::sweep`].
#[derive(Debug)]
pub struct GitCheckout {
    base: Base,
    /// The repository that the worktree belongs to: the user's, unless the run was set apart.
    home: PathBuf,
    /// For a run that was set apart, the repository whose objects it borrows.
    lender: Option<PathBuf>,
    run: RunId,
    root: PathBuf,
    /// The folder of the worktree's own index and HEAD, below the repository's `.git/worktrees`.
    admin: PathBuf,
    /// The repository's `.git`.
    common: PathBuf,
    git: Git,
    /// Not stopped by a cancellation: for what tidies up.
    tidy: Git,
    places: Places,
    /// Held by whatever changes the worktree's index or the run's refs.
    state: tokio::sync::Mutex<State>,
}

impl GitCheckout {
    /// Makes the worktree `<worktrees_dir>/<run>` of the repository's HEAD. What an earlier try of the same run left there
    /// is replaced.
    pub async fn create(repository: &Repository, run: &RunId, worktrees_dir: &Path) -> Result<Self, Failure> {
        let base = repository.base();
        let root = worktree::place(&base.repository, worktrees_dir, run)?;
        worktree::discard(repository.common_dir(), &root).await?;
        Self::build(base, run, root, repository.common_dir(), repository.git()).await
    }

    /// Takes up the worktree of a run that is resumed; makes it again, as it was at the start, when it is gone or broken.
    /// No other process may work on the run.
    pub async fn reopen(
        base: Base,
        run: &RunId,
        worktrees_dir: &Path,
        processes: Arc<dyn Processes>,
    ) -> Result<Self, Failure> {
        let git = Git::new(processes, &base.repository);
        let common = repository::common_dir(&git).await.map_err(|error| {
            Failure::from(error).hint(format!(
                "the run started in `{}`: bring the repository back there, or start a new run",
                base.repository.display()
            ))
        })?;
        let root = worktree::place(&base.repository, worktrees_dir, run)?;
        if let Some(admin) = worktree::usable(&git, &common, &root).await {
            worktree::break_stale_locks(&admin)?;
            let gitlinks = state::gitlinks(&git, &base.commit).await?;
            return Ok(Self::assemble(base, run, root, admin, common, &git, gitlinks));
        }
        if git.resolve(&format!("{}^{{commit}}", base.commit)).await?.is_none() {
            return Err(Failure::failed(format!(
                "commit {}, from which the run started, is no longer in `{}`",
                base.commit,
                base.repository.display()
            ))
            .hint("start a new run"));
        }
        worktree::discard(&common, &root).await?;
        Self::build(base, run, root, &common, &git).await
    }

    async fn build(
        base: Base,
        run: &RunId,
        root: PathBuf,
        common: &Path,
        git: &Git,
    ) -> Result<Self, Failure> {
        let (admin, gitlinks) = tokio::try_join!(
            worktree::add(git, common, &root, &base.commit),
            state::gitlinks(git, &base.commit),
        )?;
        Ok(Self::assemble(base, run, root, admin, common.to_owned(), git, gitlinks))
    }

    fn assemble(
        base: Base,
        run: &RunId,
        root: PathBuf,
        admin: PathBuf,
        common: PathBuf,
        git: &Git,
        gitlinks: Vec<String>,
    ) -> Self {
        let places = Places::new(&root, &base.repository, gitlinks);
        let git = git.at(&root);
        Self {
            tidy: git.clone(),
            git,
            home: base.repository.clone(),
            lender: None,
            base,
            run: run.clone(),
            root,
            admin,
            common,
            places,
            state: tokio::sync::Mutex::default(),
        }
    }

    /// Stops its git processes when `cancel` is; [`GitCheckout::remove`] still works then.
    #[must_use]
    pub fn with_cancel(mut self, cancel: CancellationToken) -> Self {
        self.git = self.git.with_cancel(cancel);
        self
    }

    /// Removes the worktree and the refs that keep its checkpoints alive. Commits, branches and
    /// `refs/patchwork/<run>/result` stay.
    pub async fn remove(&self) -> Result<(), Failure> {
        let _turn = self.state.lock().await;
        worktree::discard(&self.common, &self.root).await?;
        repository::forget(&self.tidy.at(&self.home), &self.run).await
    }

    /// The commits of its repository and of the remotes. Its processes are stopped with those of the checkout.
    pub fn history(&self) -> GitHistory {
        let names = self.lender.as_ref().map(|lender| self.git.at(lender));
        GitHistory::new(self.git.clone(), names, self.run.clone())
    }

    /// A ref of this run.
    fn reference(&self, name: &str) -> String {
        run_reference(&self.run, name)
    }
}

pub(crate) fn run_reference(run: &RunId, name: &str) -> String {
    format!("refs/patchwork/{run}/{name}")
}

/// A path as an argument of git.
fn argument(path: &Path) -> Result<&str, Failure> {
    path.to_str().ok_or_else(|| {
        Failure::usage(format!("the path `{}` is not UTF-8", path.display()))
            .hint("move the repository or the state folder (--state-dir) to a path of plain characters")
    })
}

#[async_trait]
impl Checkout for GitCheckout {
    fn root(&self) -> &Path {
        &self.root
    }

    fn base(&self) -> &Base {
        &self.base
    }

    fn resolve(&self, path: &str) -> Result<String, Failure> {
        self.places.resolve(path).map_err(|error| error.into_failure(path))
    }

    async fn base_files(&self, folder: &str, max_bytes: u64) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        base_files::read(&self.git, &self.base.commit, folder, max_bytes).await
    }

    async fn base_file(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        base_files::read_one(&self.git, &self.base.commit, path).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint, Failure> {
        self.take_checkpoint().await
    }

    async fn restore(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.bring_back(checkpoint).await
    }

    async fn diff(&self) -> Result<String, Failure> {
        self.diff_against_base().await
    }

    async fn check_branch(&self, branch: &str, force: bool) -> Result<Option<String>, Failure> {
        self.branch_can_be_made(branch, force).await
    }

    async fn commit(&self, request: &CommitRequest) -> Result<Committed, Failure> {
        self.make_commits(request).await
    }

    async fn remote_url(&self, remote: &str) -> Result<Option<String>, Failure> {
        self.url_of(remote).await
    }

    async fn check_push(&self, request: &PushRequest) -> Result<Option<String>, Failure> {
        self.push_can_be_made(request).await
    }

    async fn pack(&self, tip: &str) -> Result<Vec<PackedCommit>, Failure> {
        self.pack_commits(tip).await
    }

    async fn unpack(&self, commits: &[PackedCommit]) -> Result<(), Failure> {
        self.unpack_commits(commits).await
    }

    async fn push(&self, request: &PushRequest, seen: Option<&str>) -> Result<Pushed, Failure> {
        self.push_commit(request, seen).await
    }
}
