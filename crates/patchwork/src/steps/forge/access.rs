//! The options by which a step reaches a forge, and where they lead.

use std::future::Future;

use patchwork_core::effect::Destination;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Credential, ForgeKind, ForgeTarget, GitCredential, Thing};
use patchwork_core::secret::{Secret, SecretRef, Secrets};
use patchwork_core::step::{Context, StepError};
use patchwork_remote::forge::Remote;
use patchwork_remote::http::is_local;
use schemars::JsonSchema;
use serde::Deserialize;

/// The remote whose forge is meant when no address says otherwise.
pub(crate) const REMOTE: &str = "origin";

/// Which forge, and as whom.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ForgeAccess {
    /// The forge, when the address of the remote does not tell: `https://HOST` of a self-managed one, or the address of its
    /// API.
    #[serde(default)]
    pub scm_url: Option<String>,
    /// The token for GitHub.
    #[serde(default)]
    pub github_api_key: Option<SecretRef>,
    /// The token for GitLab.
    #[serde(default)]
    pub gitlab_api_key: Option<SecretRef>,
    /// The token of a GitLab CI job, used where there is no token for GitLab. It may do less.
    #[serde(default)]
    pub gitlab_job_token: Option<SecretRef>,
    /// The token for Azure DevOps.
    #[serde(default)]
    pub azuredevops_api_key: Option<SecretRef>,
    /// The token for Gitea or Forgejo.
    #[serde(default)]
    pub gitea_api_key: Option<SecretRef>,
    /// The token for Bitbucket; `USER:APP_PASSWORD` is understood as well.
    #[serde(default)]
    pub bitbucket_api_key: Option<SecretRef>,
    /// The id of a GitHub App, used where there is no token for GitHub.
    #[serde(default)]
    pub github_app_id: Option<String>,
    /// The App's installation; asked for by the repository when absent.
    #[serde(default)]
    pub github_app_installation_id: Option<String>,
    /// The App's private key, PEM.
    #[serde(default)]
    pub github_app_private_key: Option<SecretRef>,
}

impl ForgeAccess {
    /// The address of the forge, unless it is left to the remote.
    pub(crate) fn scm_url(&self) -> Option<String> {
        self.scm_url.as_deref().map(str::trim).filter(|url| !url.is_empty()).map(str::to_owned)
    }

    /// What was given for this process, for whatever site.
    pub(crate) fn credentials(&self, ctx: &Context) -> Vec<Credential> {
        let get = |reference: Option<&SecretRef>, name: &str| {
            ctx.secret(reference).or_else(|| ctx.secret_named(name))
        };
        let reference = |forge| match forge {
            ForgeKind::GitHub => self.github_api_key.as_ref(),
            ForgeKind::GitLab => self.gitlab_api_key.as_ref(),
            ForgeKind::AzureDevOps => self.azuredevops_api_key.as_ref(),
            ForgeKind::Gitea => self.gitea_api_key.as_ref(),
            ForgeKind::Bitbucket => self.bitbucket_api_key.as_ref(),
        };
        let app = self
            .github_app_id
            .clone()
            .zip(get(self.github_app_private_key.as_ref(), "github_app_private_key"));
        gathered(
            |forge| get(reference(forge), forge.token_option()),
            app.map(|(id, key)| (id, self.github_app_installation_id.clone(), key)),
            get(self.gitlab_job_token.as_ref(), JOB_TOKEN),
        )
    }

    /// The forge of the remote `origin`; none when there is no such remote, or it is a folder and no `scm_url` is given.
    pub(crate) async fn at_origin(&self, ctx: &Context) -> Result<Option<Destination>, StepError> {
        let Some(remote_url) = ctx.checkout()?.remote_url(REMOTE).await? else { return Ok(None) };
        if self.scm_url().is_none() && Remote::parse(&remote_url).is_some_and(|remote| remote.host.is_none())
        {
            return Ok(None);
        }
        self.at(ctx, remote_url).map(Some)
    }

    /// The forge of a remote.
    pub(crate) fn at(&self, ctx: &Context, remote_url: String) -> Result<Destination, StepError> {
        Destination::connect(ctx, &self.target(ctx, remote_url))
    }

    /// The forge of the remote `origin`, for steps that can't do without.
    pub(crate) async fn needed(&self, ctx: &Context) -> Result<Destination, StepError> {
        match self.at_origin(ctx).await? {
            Some(destination) => Ok(destination),
            None => Err(Failure::configuration(format!(
                "the repository has no remote `{REMOTE}` that leads to a forge"
            ))
            .hint(
                "add one: git remote add origin URL; or give scm_url when it mirrors a repository of a forge",
            )
            .into()),
        }
    }

    /// The forge and the pull request or issue that the address of a page leads to. `option` is where it was given.
    pub(crate) async fn page(
        &self,
        ctx: &Context,
        option: &str,
        url: &str,
    ) -> Result<(Destination, Thing), StepError> {
        let origin = ctx.checkout()?.remote_url(REMOTE).await?.unwrap_or_default();
        let located = ctx
            .forges()?
            .locate(url, &self.target(ctx, origin.clone()))
            .map_err(|failure| StepError::input(option, failure.to_string()))?;
        // Commits are fetched as the user does it, who may use SSH, or another address of the same site.
        let remote = if are_same(&origin, &located.remote_url) { origin } else { located.remote_url };
        Ok((self.at(ctx, remote)?, located.thing))
    }

    /// The pull request that the address of its page leads to.
    pub(crate) async fn pull_request(
        &self,
        ctx: &Context,
        url: &str,
    ) -> Result<(Destination, u64), StepError> {
        match self.page(ctx, "pr_url", url).await? {
            (destination, Thing::PullRequest(number)) => Ok((destination, number)),
            (_, Thing::Issue(_)) => {
                Err(StepError::input("pr_url", "this is the address of an issue, not of a pull request"))
            }
        }
    }

    /// The issue that the address of its page leads to.
    pub(crate) async fn issue(&self, ctx: &Context, url: &str) -> Result<(Destination, u64), StepError> {
        match self.page(ctx, "issue_url", url).await? {
            (destination, Thing::Issue(number)) => Ok((destination, number)),
            (_, Thing::PullRequest(_)) => {
                Err(StepError::input("issue_url", "this is the address of a pull request, not of an issue"))
            }
        }
    }

    fn target(&self, ctx: &Context, remote_url: String) -> ForgeTarget {
        ForgeTarget { remote_url, api_url: self.scm_url(), credentials: self.credentials(ctx) }
    }
}

/// The option that holds the token of a GitLab CI job.
const JOB_TOKEN: &str = "gitlab_job_token";

/// All credentials for forges that were given, by the names of their options.
pub fn credentials(secrets: &Secrets) -> Vec<Credential> {
    gathered(|forge| secrets.get(forge.token_option()), None, secrets.get(JOB_TOKEN))
}

fn gathered(
    token: impl Fn(ForgeKind) -> Option<Secret>,
    app: Option<(String, Option<String>, Secret)>,
    job: Option<Secret>,
) -> Vec<Credential> {
    let tokens = ForgeKind::ALL
        .into_iter()
        .filter_map(|forge| Some(Credential::Token { forge, token: token(forge)? }));
    let app = app.map(|(id, installation, key)| Credential::App { id, installation, key });
    tokens.chain(app).chain(job.map(Credential::JobToken)).collect()
}

/// Whether a remote is on the site of the forge, so that the forge's token may be sent there; what else it is, git's own
/// credentials are for. Without `scm_url` the forge is the remote's own.
pub(crate) fn leads_to(remote_url: &str, scm_url: Option<&str>) -> bool {
    let Some(scm_url) = scm_url else { return true };
    let site = |url: &str| {
        let host = Remote::host_of(url)?;
        let bare = ["api.", "www."].iter().find_map(|prefix| host.strip_prefix(prefix));
        Some(bare.unwrap_or(&host).to_owned())
    };
    (is_local(scm_url) && is_local(remote_url))
        || Remote::ports_agree(remote_url, scm_url)
            && matches!((site(remote_url), site(scm_url)), (Some(remote), Some(forge)) if remote == forge)
}

/// How git shows a destination who we are; none where the remote is on another site than the forge.
pub(crate) async fn git_credential(
    ctx: &Context,
    to: &Destination,
) -> Result<Option<GitCredential>, StepError> {
    match leads_to(&to.remote_url, to.api_url.as_deref()) {
        true => until_cancelled(ctx, to.forge.git_credential()).await,
        false => Ok(None),
    }
}

/// Whether two remotes are the same repository, however they are reached.
pub(crate) fn are_same(a: &str, b: &str) -> bool {
    let named = |url: &str| {
        let remote = Remote::parse(url)?;
        let host = remote.host?;
        let host = ["ssh.", "vs-ssh.", "www."]
            .iter()
            .find_map(|at| host.strip_prefix(at))
            .unwrap_or(&host)
            .to_owned();
        let path: Vec<String> = remote
            .path
            .iter()
            .filter(|part| !matches!(part.as_str(), "_git" | "v3"))
            .map(|p| p.to_lowercase())
            .collect();
        Some((host, path))
    };
    match (named(a), named(b)) {
        (Some((a_host, a_path)), Some((b_host, b_path))) => {
            let same_site = a_host == b_host && Remote::ports_agree(a, b);
            a_path == b_path && (same_site || (is_local(a) && is_local(b)))
        }
        _ => false,
    }
}

/// Waits for a forge, but not longer than for the run's end: a forge may ask for minutes.
pub(crate) async fn until_cancelled<T, E: Into<StepError>>(
    ctx: &Context,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, StepError> {
    tokio::select! {
        result = work => result.map_err(Into::into),
        () = ctx.cancel().cancelled() => Err(StepError::cancelled()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_repository_has_many_addresses() {
        for (a, b, expected) in [
            ("git@github.com:o/r.git", "https://github.com/O/R", true),
            ("ssh://git@ssh.github.com:443/o/r.git", "https://github.com/o/r", true),
            ("git@ssh.dev.azure.com:v3/org/p/r", "https://dev.azure.com/org/p/_git/r", true),
            ("http://127.0.0.1:1/g/s/r.git", "http://localhost:2/g/s/r", true),
            ("https://github.com/o/r", "https://gitlab.com/o/r", false),
            ("https://github.com/o/r", "https://github.com/fork/r", false),
            ("https://git.example.com:8443/o/r", "https://git.example.com/o/r", false),
            ("ssh://git@git.example.com:2222/o/r", "https://git.example.com:8443/o/r", true),
            ("/srv/o/r", "https://github.com/o/r", false),
            ("", "https://github.com/o/r", false),
        ] {
            assert_eq!(are_same(a, b), expected, "{a} {b}");
        }
    }

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
            ("https://ghe.example.com:9999/o/r", Some("https://ghe.example.com:8443/api/v3"), false),
            ("git@ghe.example.com:o/r", Some("https://ghe.example.com:8443/api/v3"), true),
            ("/srv/git/o/r", Some("https://ghe.example.com"), false),
        ] {
            assert_eq!(leads_to(remote, scm_url), expected, "{remote} {scm_url:?}");
        }
    }
}
