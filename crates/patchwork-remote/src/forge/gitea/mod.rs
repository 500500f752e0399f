//! Gitea and Forgejo, which share their API.

mod access;
mod address;
mod checks;
mod comments;
mod explain;
mod issues;
mod pulls;
mod review;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::Credential;
use patchwork_core::port::forge::{
    Ability, CheckSpec, Comment, Forge, ForgeError, ForgeKind, FoundCheck, FoundIssue, FoundPullRequest,
    GitCredential, IssueSpec, NewLineComment, PullRequestChanges, PullRequestCommit, PullRequestSpec, Query,
    RepositoryFacts, TextChange, TextLimits, Thing,
};
use patchwork_core::secret::Secret;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, OnceCell};

use super::site::{Connect, Site};
use super::slug::Slug;
use crate::http::{Auth, Call, Http, HttpError, Listed, MAX_PAGES};
use wire::Repository;

/// How a Gitea is found and connected to.
pub(super) const SITE: Site = Site {
    kind: ForgeKind::Gitea,
    public_api: address::public_api,
    api_of: address::api_of,
    looks_like: address::looks_like,
    page: address::page,
    connect: |connect| Ok(Arc::new(Gitea::connect(&connect)?)),
};

/// What begins the title of a pull request that is not ready.
const DRAFT: &str = "WIP: ";

/// Gitea takes 255 characters; a draft needs some of them.
const TITLE_LIMIT: usize = 255 - DRAFT.len();

/// Characters of a text. Gitea names no limit of its own; the columns of old databases hold about this much.
const TEXT_LIMIT: usize = 65_000;

/// Items on a page: the most that Gitea gives unless its owner says otherwise.
const PER_PAGE: &str = "50";

/// One repository on a Gitea or Forgejo.
#[derive(Debug)]
struct Gitea {
    http: Http,
    /// The root of its pages, without a slash at its end.
    root: String,
    slug: Slug,
    token: Option<Secret>,
    repository: OnceCell<Repository>,
    /// The login of the token's account.
    own: OnceCell<Option<String>>,
    /// Whether accounts may write to the repository, by their login.
    insiders: Mutex<HashMap<String, bool>>,
}

impl Gitea {
    fn connect(connect: &Connect<'_>) -> Result<Self, Failure> {
        let slug = Slug::of(connect.remote, "Gitea", "OWNER/NAME")?;
        let token = match connect.credential {
            Some(Credential::Token { token, .. }) => Some(token.clone()),
            Some(Credential::JobToken(_) | Credential::App { .. }) | None => None,
        };
        let mut http = Http::new(connect.api)?.header("accept", "application/json").pace(connect.pace);
        if let Some(token) = &token {
            http = http.auth(&Auth::Token(token.clone()))?;
        }
        Ok(Self {
            http,
            root: address::root_of(connect.api).to_owned(),
            slug,
            token,
            repository: OnceCell::new(),
            own: OnceCell::new(),
            insiders: Mutex::default(),
        })
    }

    /// A path below the repository, under the name that it has now: a write to an old name would be redirected.
    async fn at<const N: usize>(&self, rest: [&str; N]) -> Result<Vec<String>, ForgeError> {
        self.read_repository().await?;
        Ok(self.slug.path("repos", rest))
    }

    /// The page of the repository.
    fn page(&self) -> String {
        format!("{}/{}", self.root, self.slug)
    }

    /// The page of a pull request or an issue.
    fn page_of(&self, thing: Thing) -> String {
        let kind = if let Thing::PullRequest(_) = thing { "pulls" } else { "issues" };
        format!("{}/{kind}/{}", self.page(), thing.number())
    }

    /// Reads a list page by page, until there are `limit` items that `wanted` takes. Not every list of Gitea names its next
    /// page, and a server may give fewer items on one than it was asked for.
    async fn list<T: DeserializeOwned>(
        &self,
        call: &Call,
        limit: usize,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Listed<T>, HttpError> {
        let (mut items, mut seen) = (Vec::new(), 0);
        for page in 1..=MAX_PAGES {
            let answer = self
                .http
                .send(&call.clone().query("page", page.to_string()).query("limit", PER_PAGE))
                .await?;
            let total = answer.header("x-total-count").and_then(|total| total.parse::<usize>().ok());
            let found: Vec<T> = answer.json()?;
            let is_last = found.is_empty() || total.is_some_and(|total| seen + found.len() >= total);
            seen += found.len();
            items.extend(found.into_iter().filter(&wanted));
            if items.len() >= limit {
                let complete = is_last && items.len() == limit;
                items.truncate(limit);
                return Ok(Listed { items, complete });
            }
            if is_last {
                return Ok(Listed { items, complete: true });
            }
        }
        Ok(Listed { items, complete: false })
    }
}

#[async_trait]
impl Forge for Gitea {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Gitea
    }

    fn can(&self, ability: Ability) -> bool {
        match ability {
            Ability::Drafts
            | Ability::Labels
            | Ability::LineComments
            | Ability::Reactions
            | Ability::Issues
            | Ability::Checks => true,
            Ability::MultiLineComments
            | Ability::Suggestions
            | Ability::Threads
            | Ability::Annotations
            | Ability::Sarif => false,
        }
    }

    fn limits(&self) -> TextLimits {
        TextLimits { title: TITLE_LIMIT, body: TEXT_LIMIT, comment: TEXT_LIMIT }
    }

    fn homes(&self) -> Vec<String> {
        self.slug.homes(&self.root)
    }

    fn head_ref(&self, number: u64) -> Option<String> {
        Some(format!("refs/pull/{number}/head"))
    }

    async fn check(&self) -> Result<(), ForgeError> {
        self.check_access().await
    }

    async fn repository(&self) -> Result<RepositoryFacts, ForgeError> {
        self.facts().await
    }

    async fn account(&self) -> Result<Option<String>, ForgeError> {
        Ok(self.own().await?.map(str::to_owned))
    }

    async fn git_credential(&self) -> Result<Option<GitCredential>, ForgeError> {
        // Whose the token is Gitea knows from the token.
        let credential = |token: &Secret| GitCredential { user: "oauth2".to_owned(), token: token.clone() };
        Ok(self.token.as_ref().map(credential))
    }

    async fn find_pull_request(
        &self,
        base: &str,
        head: &str,
    ) -> Result<Option<FoundPullRequest>, ForgeError> {
        self.find_open(base, head).await
    }

    async fn pull_request(&self, number: u64) -> Result<FoundPullRequest, ForgeError> {
        let pull = self.read_pull(number).await?;
        self.found(pull).await
    }

    async fn pull_requests(&self, query: &Query) -> Result<Vec<FoundPullRequest>, ForgeError> {
        self.list_pulls(query).await
    }

    async fn open_pull_request(&self, spec: &PullRequestSpec) -> Result<FoundPullRequest, ForgeError> {
        self.make_pull(spec).await
    }

    async fn change_pull_request(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundPullRequest, ForgeError> {
        self.change_pull(number, change).await
    }

    async fn changes(&self, number: u64) -> Result<PullRequestChanges, ForgeError> {
        self.read_changes(number).await
    }

    async fn commits(&self, number: u64) -> Result<Vec<PullRequestCommit>, ForgeError> {
        self.read_commits(number).await
    }

    async fn comments(&self, on: Thing) -> Result<Vec<Comment>, ForgeError> {
        self.read_comments(on).await
    }

    async fn add_comment(&self, on: Thing, body: &str) -> Result<Comment, ForgeError> {
        self.make_comment(on, body).await
    }

    async fn edit_comment(&self, on: Thing, id: &str, body: &str) -> Result<Comment, ForgeError> {
        self.change_comment(on, id, body).await
    }

    async fn delete_comment(&self, _on: Thing, id: &str) -> Result<(), ForgeError> {
        self.remove_comment(id).await
    }

    async fn add_line_comments(
        &self,
        number: u64,
        commit: &str,
        summary: &str,
        comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        self.make_review(number, commit, summary, comments).await
    }

    async fn issue(&self, number: u64) -> Result<FoundIssue, ForgeError> {
        self.read_issue(number).await
    }

    async fn own_issues(&self, query: &Query) -> Result<Vec<FoundIssue>, ForgeError> {
        self.list_own_issues(query).await
    }

    async fn open_issue(&self, spec: &IssueSpec) -> Result<FoundIssue, ForgeError> {
        self.make_issue(spec).await
    }

    async fn change_issue(&self, number: u64, change: &TextChange) -> Result<FoundIssue, ForgeError> {
        self.update_issue(number, change).await
    }

    async fn find_check(&self, spec: &CheckSpec) -> Result<Option<FoundCheck>, ForgeError> {
        self.find_status(spec).await
    }

    async fn put_check(
        &self,
        spec: &CheckSpec,
        _found: Option<&FoundCheck>,
    ) -> Result<FoundCheck, ForgeError> {
        self.make_status(spec).await
    }
}
