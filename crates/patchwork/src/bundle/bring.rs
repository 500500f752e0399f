//! The commit that those of a bundle stand on.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::Forge;
use patchwork_repo::checkout::Repository;

use crate::steps::forge::access::{REMOTE, leads_to};

/// Makes sure that a commit is in the repository: where it is not, it is asked for at the remote `origin`, which is at
/// `remote_url`; `api_url` is where `forge` is reached. No branch is changed.
pub async fn bring(
    repository: &Repository,
    forge: &dyn Forge,
    remote_url: &str,
    api_url: Option<&str>,
    commit: &str,
) -> Result<(), Failure> {
    if repository.has_commit(commit).await? {
        return Ok(());
    }
    let credential = if leads_to(remote_url, api_url) { forge.git_credential().await? } else { None };
    repository.fetch_commit(REMOTE, commit, credential.as_ref()).await.map_err(|failure| {
        Failure {
            message: format!("commit {commit}, from which the run started, is not here"),
            ..Failure::unavailable("")
        }
        .cause(failure.message)
        .hint("fetch it, and apply the bundle again: git fetch origin")
        .hint("in a CI job, check the same commit out as the job that proposed")
    })
}
