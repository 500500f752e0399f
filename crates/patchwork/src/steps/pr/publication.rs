//! Whether changes can be published, and to which forge.

use patchwork_core::effect::{Destination, PushSpec};
use patchwork_core::port::checkout::PushRequest;
use patchwork_core::port::forge::{FoundPullRequest, PullRequest};
use patchwork_core::step::{Context, StepError};

use super::options::{Branches, ForgeOptions};
use crate::steps::forge::access::{ForgeAccess, REMOTE, git_credential, until_cancelled};

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
    pub destination: Destination,
    pub base: String,
    pub target: String,
}

impl Publication {
    /// Finds out, writing nothing.
    pub(super) async fn find(
        ctx: &Context,
        options: &ForgeOptions,
        access: &ForgeAccess,
        branches: &Branches,
    ) -> Result<Self, StepError> {
        if options.disable_pr {
            return Ok(Self::Unwanted("`disable_pr` is set: nothing is published".into()));
        }
        let Some(target) = branches.target.clone() else {
            return Ok(Self::Unwanted("there is no branch to publish".into()));
        };
        if access.credentials(ctx).is_empty() && !ctx.proposes() {
            return Ok(Self::Impossible(
                "no token for the forge: give github_api_key or set GITHUB_TOKEN to get a pull request (gitlab_api_key, azuredevops_api_key, gitea_api_key, bitbucket_api_key elsewhere)"
                    .into(),
            ));
        }
        let Some(base) = branches.base.clone() else {
            return Ok(Self::Impossible(
                "HEAD is detached: give base_branch, the branch to merge into, to get a pull request".into(),
            ));
        };
        if base == target {
            return Ok(Self::Impossible(format!("`{target}` can't be merged into itself")));
        }
        let Some(mut destination) = access.at_origin(ctx).await? else {
            return Ok(Self::Impossible(format!(
                "the repository has no remote `{REMOTE}` that leads to a forge: there is nowhere to open a pull request"
            )));
        };
        if !ctx.proposes() {
            destination.git = git_credential(ctx, &destination).await?;
        }
        let place = Place { destination, base, target };
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
    pub(super) fn push(&self, commit: String, force: bool) -> PushSpec {
        PushSpec { remote: REMOTE.into(), branch: self.target.clone(), commit, force }
    }

    /// The same as the checkout is asked whether it can be.
    pub(super) fn push_request(&self, commit: String, force: bool) -> PushRequest {
        self.destination.push_request(&self.push(commit, force))
    }

    pub(super) async fn find(&self, ctx: &Context) -> Result<Option<FoundPullRequest>, StepError> {
        until_cancelled(ctx, self.destination.forge.find_pull_request(&self.base, &self.target)).await
    }
}

/// Why an open pull request is left alone.
pub(super) fn taken(open: &PullRequest) -> String {
    format!("{} is open for these branches and `force_pr_creation` is off: it is left as it is", open.url)
}
