//! Whether changes can be published, and to which forge.

use std::future::Future;
use std::sync::Arc;

use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::PushRequest;
use patchwork_core::port::forge::{Forge, ForgeTarget, FoundPullRequest, PullRequest};
use patchwork_core::secret::Secret;
use patchwork_core::step::{Context, StepError};
use patchwork_remote::forge::Remote;
use patchwork_remote::http::is_local;

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
    /// For the push; none where the remote is another site than the forge.
    pub token: Option<Secret>,
    /// The base of the forge's API, when it is not the public one.
    pub api_url: Option<String>,
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
        let push_token = leads_to(&remote_url, api_url.as_deref()).then(|| token.clone());
        let forge = ctx.forges()?.connect(&ForgeTarget { remote_url, api_url: api_url.clone(), token })?;
        let place = Place { forge, api_url, token: push_token, base, target };
        if !options.force_pr_creation
            && let Some(open) = place.find(ctx).await?
        {
            return Ok(Self::Taken(open.pull));
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
            token: self.token.clone(),
        }
    }

    pub(super) async fn find(&self, ctx: &Context) -> Result<Option<FoundPullRequest>, StepError> {
        until_cancelled(ctx, self.forge.find_pull_request(&self.base, &self.target)).await
    }
}

/// Whether a remote is on the site of the forge, so that the forge's token may be sent there; what else it is, git's own
/// credentials are for. Without `scm_url` the forge is the remote's own.
fn leads_to(remote_url: &str, scm_url: Option<&str>) -> bool {
    let Some(scm_url) = scm_url else { return true };
    let site = |url: &str| {
        let host = Remote::host_of(url)?;
        let bare = ["api.", "www."].iter().find_map(|prefix| host.strip_prefix(prefix));
        Some(bare.unwrap_or(&host).to_owned())
    };
    (is_local(scm_url) && is_local(remote_url))
        || matches!((site(remote_url), site(scm_url)), (Some(remote), Some(forge)) if remote == forge)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_pushed_with_to_the_site_that_it_is_for() {
        for (remote, scm_url, expected) in [
            ("https://github.com/o/r", None, true),
            ("https://github.com/o/r", Some("https://github.com"), true),
            ("https://github.com/o/r", Some("https://api.github.com/"), true),
            ("https://ghe.example.com:8443/o/r.git", Some("https://ghe.example.com:8443/api/v3"), true),
            ("https://u:p@acme.ghe.com/o/r", Some("https://api.acme.ghe.com"), true),
            ("http://127.0.0.1:1/o/r", Some("http://localhost:2"), true),
            ("https://gitlab.com/o/r", Some("https://ghe.example.com"), false),
            ("https://ghe.example.com.evil.test/o/r", Some("https://ghe.example.com"), false),
            ("/srv/git/o/r", Some("https://ghe.example.com"), false),
        ] {
            assert_eq!(leads_to(remote, scm_url), expected, "{remote} {scm_url:?}");
        }
    }
}
