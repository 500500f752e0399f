//! The history against real git and real remotes.

mod changes;
mod fetch;
mod reading;
mod shallow;

use std::sync::Arc;

use patchwork_core::port::process::Processes;
use patchwork_testkit::repo::TestRepo;

use super::*;
use crate::checkout::{GitCheckout, Repository};
use crate::process::SystemProcesses;

const RUN: &str = "20261121-054211-history";

/// An id that no commit has.
const NOBODY: &str = "0123456789012345678901234567890123456789";

fn processes(repo: &TestRepo) -> Arc<dyn Processes> {
    Arc::new(SystemProcesses::new(repo.environment()))
}

fn run_id() -> RunId {
    RunId::parse(RUN).unwrap()
}

async fn checkout_in(repo: &TestRepo, folder: &std::path::Path) -> GitCheckout {
    let repository = Repository::discover(folder, processes(repo)).await.unwrap();
    GitCheckout::create(&repository, &run_id(), &repo.beside("state").join("worktrees")).await.unwrap()
}

async fn checkout(repo: &TestRepo) -> GitCheckout {
    checkout_in(repo, repo.root()).await
}

async fn history(repo: &TestRepo) -> GitHistory {
    checkout(repo).await.history()
}
