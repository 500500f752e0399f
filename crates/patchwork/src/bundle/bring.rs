//! The commit that those of a bundle stand on.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::Forge;
use patchwork_repo::checkout::Repository;

use super::Bundle;
use crate::steps::forge::access::{REMOTE, leads_to};

/// Makes sure that the commit that a bundle's commits stand on is in the repository: where it is not, it is asked for at the remote
/// `origin`, which is at `remote_url`; `api_url` is where `forge` is reached. No branch is changed.
///
/// A push brings along all that its commits stand on, and policy looks at those of the bundle only. So what they stand on must be
/// checked out here, or be part of the remote's default branch or of `branch`, which the bundle names: forges also give commits of
/// forks to whoever asks for their ids.
pub async fn bring(
    repository: &Repository,
    forge: &dyn Forge,
    remote_url: &str,
    api_url: Option<&str>,
    bundle: &Bundle,
) -> Result<(), Failure> {
    let commit = bundle.repository.base.as_str();
    let is_here = repository.has_commit(commit).await?;
    if is_here && (bundle.commits.is_empty() || repository.is_checked_out(commit).await?) {
        return Ok(());
    }
    let credential = if leads_to(remote_url, api_url) { forge.git_credential().await? } else { None };
    if !is_here {
        repository.fetch_commit(REMOTE, commit, credential.as_ref()).await.map_err(|failure| {
            Failure {
                message: format!("commit {commit}, from which the run started, is not here"),
                ..Failure::unavailable("")
            }
            .cause(failure.message)
            .hint("fetch it, and apply the bundle again: git fetch origin")
            .hint("in a CI job, check the same commit out as the job that proposed")
        })?;
    }
    if bundle.commits.is_empty() {
        return Ok(());
    }
    let default = forge.repository().await?.default_branch;
    for branch in [Some(&default), bundle.repository.branch.as_ref()].into_iter().flatten() {
        if repository.is_part_of(REMOTE, branch, commit, credential.as_ref()).await? {
            return Ok(());
        }
    }
    Err(Failure::refused(format!(
        "commit {commit}, on which the bundle's commits stand, is neither checked out here nor part of a branch of `{REMOTE}` that it names"
    ))
    .hint("check the same commit out as the run that proposed, if it is to be trusted")
    .hint("a shallow clone? fetch the whole history: git fetch --unshallow"))
}
