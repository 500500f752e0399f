//! A repository with a worktree and open doors, for tests of steps that scan.

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use patchwork_core::port::checkout::Checkout;
use patchwork_repo::checkout::{GitCheckout, Repository};
use patchwork_repo::process::SystemProcesses;
use patchwork_testkit::context::{TestContext, run_id};
use patchwork_testkit::repo::TestRepo;

/// A committed repository, its worktree, and a context that may read it and run programs.
pub(crate) struct Fixture {
    pub(crate) repo: TestRepo,
    pub(crate) checkout: Arc<GitCheckout>,
    pub(crate) test: TestContext,
}

impl Fixture {
    pub(crate) async fn new(files: &[(&str, &str)]) -> Self {
        Self::of(TestRepo::with_files(files)).await
    }

    pub(crate) async fn of(repo: TestRepo) -> Self {
        let processes = Arc::new(SystemProcesses::new(repo.environment()));
        let repository = Repository::discover(repo.root(), processes.clone()).await.unwrap();
        let checkout = GitCheckout::create(&repository, &run_id(), &repo.beside("worktrees")).await.unwrap();
        let checkout = Arc::new(checkout);
        let test = TestContext::new()
            .checkout(checkout.clone())
            .processes(processes)
            .cache_dir(repo.beside("cache"));
        Self { repo, checkout, test }
    }

    /// The same with another PATH for programs that steps start.
    pub(crate) fn with_path(mut self, path: &Path) -> Self {
        let mut environment = self.repo.environment();
        environment.retain(|(name, _)| name != "PATH");
        environment.push((OsString::from("PATH"), path.into()));
        self.test = self.test.processes(Arc::new(SystemProcesses::new(environment)));
        self
    }

    /// A file of the worktree.
    pub(crate) fn path(&self, path: &str) -> std::path::PathBuf {
        self.checkout.root().join(path)
    }
}
