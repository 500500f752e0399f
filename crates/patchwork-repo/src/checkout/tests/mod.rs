//! The checkout against real git.

mod apart;
mod commits;
mod life;
mod parcels;
mod places;
mod pushes;
mod states;

use std::path::PathBuf;

use patchwork_core::port::checkout::FileCommit;
use patchwork_testkit::repo::TestRepo;

use super::*;
use crate::process::SystemProcesses;

const DATE_MS: i64 = 1_795_239_731_000;

fn processes(repo: &TestRepo) -> Arc<dyn Processes> {
    Arc::new(SystemProcesses::new(repo.environment()))
}

fn run_id(text: &str) -> RunId {
    RunId::parse(text).unwrap()
}

fn worktrees(repo: &TestRepo) -> PathBuf {
    repo.beside("state").join("worktrees")
}

async fn discover(repo: &TestRepo) -> Repository {
    Repository::discover(repo.root(), processes(repo)).await.unwrap()
}

async fn checkout(repo: &TestRepo, run: &str) -> GitCheckout {
    GitCheckout::create(&discover(repo).await, &run_id(run), &worktrees(repo)).await.unwrap()
}

fn write(checkout: &GitCheckout, path: &str, bytes: impl AsRef<[u8]>) {
    let path = checkout.root().join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn read(checkout: &GitCheckout, path: &str) -> Vec<u8> {
    std::fs::read(checkout.root().join(path)).unwrap()
}

fn files(paths: &[&str], message: &str) -> FileCommit {
    FileCommit { paths: paths.iter().map(|path| (*path).to_owned()).collect(), message: message.to_owned() }
}

fn request(branch: Option<&str>, commits: Vec<FileCommit>) -> CommitRequest {
    CommitRequest { branch: branch.map(str::to_owned), force: false, commits, date_ms: DATE_MS }
}
