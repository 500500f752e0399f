//! A repository with a remote, a forge and a checkout, for the tests of this group.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use patchwork_core::event::EventBody;
use patchwork_core::port::checkout::Checkout;
use patchwork_remote::forge::{Remote, Sites};
use patchwork_remote::http::Pace;
use patchwork_repo::checkout::{GitCheckout, Repository};
use patchwork_repo::process::SystemProcesses;
use patchwork_testkit::context::{TestContext, run_id};
use patchwork_testkit::forge::ForgeServer;
use patchwork_testkit::repo::TestRepo;
use serde_json::{Value, json};

pub(super) const TOKEN: &str = "ghp_0123456789abcdef";

pub(super) struct Fixture {
    pub(super) repo: TestRepo,
    pub(super) remote: PathBuf,
    pub(super) forge: ForgeServer,
    pub(super) checkout: Arc<GitCheckout>,
    pub(super) test: TestContext,
}

impl Fixture {
    /// On branch `main`, with `a.py`, `b.py` and `c.py`, and a token.
    pub(super) async fn new() -> Self {
        Self::prepared(|_| {}).await
    }

    /// With the repository changed before the run begins.
    pub(super) async fn prepared(prepare: impl FnOnce(&TestRepo)) -> Self {
        let repo = TestRepo::with_files(&[("a.py", "a = 1\n"), ("b.py", "b = 1\n"), ("c.py", "c = 1\n")]);
        let remote = repo.with_remote();
        prepare(&repo);
        let named = Remote::parse(remote.to_str().unwrap()).unwrap();
        let forge = ForgeServer::github(&named.path.join("/"), TOKEN).unwrap();
        let processes = Arc::new(SystemProcesses::new(repo.environment()));
        let repository = Repository::discover(repo.root(), processes).await.unwrap();
        let checkout = GitCheckout::create(&repository, &run_id(), &repo.beside("worktrees")).await.unwrap();
        let checkout = Arc::new(checkout);
        let pace = Pace { first_wait: Duration::from_millis(1), ..Pace::default() };
        let history = Arc::new(checkout.history());
        let test = TestContext::new()
            .checkout(checkout.clone())
            .history(history)
            .forges(Arc::new(Sites::new().pace(pace)));
        Self { repo, remote, forge, checkout, test: test.secret("github_api_key", TOKEN) }
    }

    /// Changes a file in the worktree of the run.
    pub(super) fn edit(&self, path: &str, text: &str) {
        std::fs::write(self.checkout.root().join(path), text).unwrap();
    }

    /// The input of a step: the forge, and `more`.
    pub(super) fn input(&self, more: Value) -> Value {
        let mut input =
            json!({ "scm_url": self.forge.url(), "github_api_key": { "$secret": "github_api_key" } });
        if let (Some(map), Some(more)) = (input.as_object_mut(), more.as_object()) {
            map.extend(more.clone());
        }
        input
    }

    /// What git says in the remote.
    pub(super) fn in_remote(&self, args: &[&str]) -> String {
        self.repo.git_in(&self.remote, args)
    }

    /// The branches of the remote.
    pub(super) fn remote_branches(&self) -> Vec<String> {
        let names = self.in_remote(&["for-each-ref", "--format=%(refname:short)", "refs/heads"]);
        names.lines().map(str::to_owned).collect()
    }

    /// What was produced so far.
    pub(super) fn produced(&self) -> Vec<String> {
        let bodies = self.test.events.all().into_iter();
        bodies
            .filter_map(|body| match body {
                EventBody::Produced { what, name } => Some(format!("{what} {name}")),
                _ => None,
            })
            .collect()
    }
}
