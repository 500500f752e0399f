//! Which site, which repository, with which credential.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Thing;
use crate::secret::Secret;

/// A site that hosts repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ForgeKind {
    /// GitHub and GitHub Enterprise.
    GitHub,
    /// GitLab, and self-managed ones.
    GitLab,
    /// Azure DevOps Services and Server.
    AzureDevOps,
    /// Gitea and Forgejo.
    Gitea,
    /// Bitbucket Cloud.
    Bitbucket,
}

impl ForgeKind {
    /// All of them, in the order in which a token decides when the address does not.
    pub const ALL: [Self; 5] = [Self::GitHub, Self::GitLab, Self::AzureDevOps, Self::Gitea, Self::Bitbucket];

    /// The name, for messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::GitHub => "GitHub",
            Self::GitLab => "GitLab",
            Self::AzureDevOps => "Azure DevOps",
            Self::Gitea => "Gitea",
            Self::Bitbucket => "Bitbucket",
        }
    }

    /// The option that holds its token.
    pub fn token_option(self) -> &'static str {
        match self {
            Self::GitHub => "github_api_key",
            Self::GitLab => "gitlab_api_key",
            Self::AzureDevOps => "azuredevops_api_key",
            Self::Gitea => "gitea_api_key",
            Self::Bitbucket => "bitbucket_api_key",
        }
    }
}

impl std::fmt::Display for ForgeKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What shows a forge who we are.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A token of a person, a project or an app's installation.
    Token {
        /// The site that it is for.
        forge: ForgeKind,
        /// The token.
        token: Secret,
    },
    /// The token of a GitLab CI job (`CI_JOB_TOKEN`).
    JobToken(Secret),
    /// A GitHub App: a token of its installation is had with a signed request.
    App {
        /// The app's id.
        id: String,
        /// The installation; asked for by the repository when absent.
        installation: Option<String>,
        /// The private key, PEM.
        key: Secret,
    },
}

impl Credential {
    /// The site that it is for.
    pub fn forge(&self) -> ForgeKind {
        match self {
            Self::Token { forge, .. } => *forge,
            Self::JobToken(_) => ForgeKind::GitLab,
            Self::App { .. } => ForgeKind::GitHub,
        }
    }
}

/// Which site, which repository, as whom.
#[derive(Debug, Clone, Default)]
pub struct ForgeTarget {
    /// The URL of the remote (`https://github.com/owner/name.git`, `git@github.com:owner/name`).
    pub remote_url: String,
    /// The base of the API, or the site, when it is not the remote's own (`scm_url`).
    pub api_url: Option<String>,
    /// What was given, for whatever site. The one for the site is taken; without one the forge can only read what is public.
    pub credentials: Vec<Credential>,
}

/// A page of a forge: whose it is, and what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The site.
    pub forge: ForgeKind,
    /// The repository, as a URL that `git clone` takes and [`ForgeTarget::remote_url`] as well.
    pub remote_url: String,
    /// The pull request or issue.
    pub thing: Thing,
}

/// How git shows a forge who we are.
#[derive(Debug, Clone)]
pub struct GitCredential {
    /// The user name that the forge wants beside a token.
    pub user: String,
    /// The token.
    pub token: Secret,
}

/// What a forge says about a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryFacts {
    /// As the forge names it now (`owner/name`, `group/subgroup/name`).
    pub full_name: String,
    /// Its page.
    pub url: String,
    /// The default branch; empty when there is none.
    pub default_branch: String,
    /// Whether it takes no changes any more.
    pub archived: bool,
    /// Whether the token may push; none when the forge does not say.
    pub may_push: Option<bool>,
}
