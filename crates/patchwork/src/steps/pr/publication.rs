//! Whether changes can be published, and to which forge.

use std::future::Future;
use std::sync::Arc;

use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::PushRequest;
use patchwork_core::port::forge::{Forge, ForgeTarget, PullRequest};
use patchwork_core::secret::Secret;
use patchwork_core::step::{Context, StepError};
use patchwork_remote::forge::Remote;

use super::options::{Branches, ForgeOptions};

/// The remote that is pushed to.
pub(super) const REMOTE: &str = "origin";

/// Where changes can be published, or why they are not.
pub(super) enum Publication {
    /// They can.
    Possible(Place),
    /// Nothing shall be published.
    Unwanted(String),
    /// It can't be done, which is no failure: the changes stay here.
    Impossible(String),
    /// There is a pull request, and it is not ours to change.
    Taken(PullRequest),
}

/// A place to publish.
pub(super) struct Place {
    pub forge: Arc<dyn Forge>,
    pub token: Secret,
    pub base: String,
    pub target: String,
}

impl Publication {
    /// Finds out, writing nothing.
    pub(super) async fn find(
        ctx: &Context,
        options: &ForgeOptions,
        branches: &Branches,
    ) -> Result<Self, StepError> {
        if options.disable_pr {
            return Ok(Self::Unwanted("`disable_pr` is set: nothing is published".into()));
        }
        let Some(target) = branches.target.clone() else {
            return Ok(Self::Unwanted("there is no branch to publish".into()));
        };
        let Some(token) = options.token(ctx) else {
            return Ok(Self::Impossible(
                "no token for the forge: give github_api_key or set GITHUB_TOKEN to get a pull request"
                    .into(),
            ));
        };
        let Some(base) = branches.base.clone() else {
            return Ok(Self::Impossible(
                "HEAD is detached: give base_branch, the branch to merge into, to get a pull request".into(),
            ));
        };
        if base == target {
            return Ok(Self::Impossible(format!("`{target}` can't be merged into itself")));
        }
        let Some(remote_url) = ctx.checkout()?.remote_url(REMOTE).await? else {
            return Ok(Self::Impossible(format!(
                "the repository has no remote `{REMOTE}` to open a pull request at"
            )));
        };
        let api_url = options.scm_url();
        if api_url.is_none() && Remote::parse(&remote_url).is_some_and(|remote| remote.host.is_none()) {
            return Ok(Self::Impossible(format!(
                "the remote `{REMOTE}` is a folder, not a forge: there is nowhere to open a pull request"
            )));
        }
        let forge = ctx.forges()?.connect(&ForgeTarget { remote_url, api_url, token: token.clone() })?;
        let place = Place { forge, token, base, target };
        if !options.force_pr_creation
            && let Some(open) = place.find(ctx).await?
        {
            return Ok(Self::Taken(open));
        }
        Ok(Self::Possible(place))
    }
}

impl Place {
    /// The push of a commit to the branch.
    pub(super) fn push_request(&self, commit: String, force: bool) -> PushRequest {
        PushRequest {
            remote: REMOTE.into(),
            commit,
            branch: self.target.clone(),
            force,
            token: Some(self.token.clone()),
        }
    }

    async fn find(&self, ctx: &Context) -> Result<Option<PullRequest>, StepError> {
        until_cancelled(ctx, self.forge.find_pull_request(&self.base, &self.target)).await
    }
}

/// Why an open pull request is left alone.
pub(super) fn taken(open: &PullRequest) -> String {
    format!("{} is open for these branches and `force_pr_creation` is off: it is left as it is", open.url)
}

/// Waits for a forge, but not longer than for the run's end: a forge may ask for minutes.
pub(super) async fn until_cancelled<T>(
    ctx: &Context,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, StepError> {
    tokio::select! {
        result = work => Ok(result?),
        () = ctx.cancel().cancelled() => Err(StepError::cancelled()),
    }
}
