//! Bitbucket Cloud.

mod access;
mod address;
mod checks;
mod comments;
mod explain;
mod issues;
mod pulls;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{
    Ability, CheckSpec, Comment, Credential, Forge, ForgeError, ForgeKind, FoundCheck, FoundIssue,
    FoundPullRequest, GitCredential, Hidden, IssueSpec, NewLineComment, PullRequestChanges,
    PullRequestCommit, PullRequestSpec, Query, RepositoryFacts, TextChange, TextLimits, Thing,
};
use patchwork_core::secret::Secret;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, OnceCell};

use super::site::{Connect, Site};
use super::slug::Slug;
use crate::http::{Auth, Call, Http, HttpError, Listed, MAX_PAGES};
use wire::{Page, Repository, User};

/// How Bitbucket Cloud is found and connected to.
pub(super) const SITE: Site = Site {
    kind: ForgeKind::Bitbucket,
    public_api: address::public_api,
    api_of: address::api_of,
    looks_like: address::looks_like,
    page: address::page,
    connect: |connect| Ok(Arc::new(Bitbucket::connect(&connect)?)),
};

/// Characters of a title.
const TITLE_LIMIT: usize = 255;

/// Characters of a text: Bitbucket takes 32,768 of a description and of a comment; what it counts differently must fit too.
const TEXT_LIMIT: usize = 32_000;

/// Pull requests, issues and commits on a page, the most that Bitbucket gives; of comments it gives twice as many.
const PER_PAGE: &str = "50";

/// What shows Bitbucket who we are.
#[derive(Debug)]
enum Shown {
    /// A token of a repository, a project or a workspace, or one of OAuth.
    Token(Secret),
    /// A user, and a password made for an application or a token of the user.
    Password { user: String, password: Secret },
}

/// One repository on Bitbucket Cloud.
#[derive(Debug)]
struct Bitbucket {
    http: Http,
    /// The root of its pages, without a slash at its end.
    root: String,
    slug: Slug,
    credential: Option<Shown>,
    repository: OnceCell<Repository>,
    /// The token's account, once it is known; within it none where the token may not tell.
    own: Mutex<Option<Option<User>>>,
}

impl Bitbucket {
    fn connect(connect: &Connect<'_>) -> Result<Self, Failure> {
        let slug = Slug::of(connect.remote, "Bitbucket", "WORKSPACE/NAME")?;
        let credential = match connect.credential {
            Some(Credential::Token { token, .. }) => Some(Shown::of(token)),
            Some(Credential::JobToken(_) | Credential::App { .. }) | None => None,
        };
        let mut http = Http::new(connect.api)?.header("accept", "application/json").pace(connect.pace);
        if let Some(credential) = &credential {
            http = http.auth(&credential.auth())?;
        }
        Ok(Self {
            http,
            root: address::root_of(connect.api),
            slug,
            credential,
            repository: OnceCell::new(),
            own: Mutex::default(),
        })
    }

    /// A path below the repository, under the name that it has now.
    async fn at<const N: usize>(&self, rest: [&str; N]) -> Result<Vec<String>, ForgeError> {
        self.read_repository().await?;
        Ok(self.slug.path("repositories", rest))
    }

    /// The page of the repository.
    fn page(&self) -> String {
        format!("{}/{}", self.root, self.slug)
    }

    /// The page of a pull request or an issue.
    fn page_of(&self, thing: Thing) -> String {
        let kind = if let Thing::PullRequest(_) = thing { "pull-requests" } else { "issues" };
        format!("{}/{kind}/{}", self.page(), thing.number())
    }

    /// Reads a list page by page, until there are `limit` items that `wanted` takes.
    async fn list<T: DeserializeOwned>(
        &self,
        call: &Call,
        per_page: &str,
        limit: usize,
        wanted: impl Fn(&T) -> bool,
    ) -> Result<Listed<T>, HttpError> {
        let mut listed = Listed { items: Vec::new(), complete: false };
        let mut next = Some(call.clone().query("pagelen", per_page));
        for _ in 0..MAX_PAGES {
            let Some(call) = next.take() else { break };
            let answer = self.http.send(&call).await?;
            let page: Page<T> = answer.json()?;
            listed.items.extend(page.values.into_iter().filter(&wanted));
            if listed.items.len() >= limit {
                listed.complete = listed.items.len() == limit && page.next.is_none();
                listed.items.truncate(limit);
                return Ok(listed);
            }
            match page.next {
                Some(link) => next = Some(self.http.follow(&call, &answer, &link)?),
                None => listed.complete = true,
            }
        }
        Ok(listed)
    }
}

impl Shown {
    fn of(token: &Secret) -> Self {
        match token.expose().split_once(':') {
            Some((user, password)) => {
                Self::Password { user: user.to_owned(), password: Secret::new(password) }
            }
            None => Self::Token(token.clone()),
        }
    }

    fn auth(&self) -> Auth {
        match self {
            Self::Token(token) => Auth::Bearer(token.clone()),
            Self::Password { user, password } => {
                Auth::Basic { user: user.clone(), password: password.clone() }
            }
        }
    }
}

#[async_trait]
impl Forge for Bitbucket {
    fn kind(&self) -> ForgeKind {
        ForgeKind::Bitbucket
    }

    fn can(&self, ability: Ability) -> bool {
        match ability {
            Ability::Drafts
            | Ability::LineComments
            | Ability::MultiLineComments
            | Ability::Threads
            | Ability::Issues
            | Ability::Checks
            | Ability::Annotations => true,
            Ability::Labels | Ability::Suggestions | Ability::Reactions | Ability::Sarif => false,
        }
    }

    fn limits(&self) -> TextLimits {
        TextLimits { title: TITLE_LIMIT, body: TEXT_LIMIT, comment: TEXT_LIMIT }
    }

    fn hidden(&self) -> Hidden {
        Hidden::LinkDefinition
    }

    fn homes(&self) -> Vec<String> {
        self.slug.homes(&self.root)
    }

    async fn check(&self) -> Result<(), ForgeError> {
        self.check_access().await
    }

    async fn repository(&self) -> Result<RepositoryFacts, ForgeError> {
        self.facts().await
    }

    async fn account(&self) -> Result<Option<String>, ForgeError> {
        Ok(self
            .own()
            .await?
            .map(|user| if user.nickname.is_empty() { user.display_name } else { user.nickname }))
    }

    async fn git_credential(&self) -> Result<Option<GitCredential>, ForgeError> {
        let (user, token) = match &self.credential {
            None => return Ok(None),
            Some(Shown::Token(token)) => ("x-token-auth", token),
            // Git knows a token of a user whose name is an address by this name only.
            Some(Shown::Password { user, password }) if user.contains('@') => {
                ("x-bitbucket-api-token-auth", password)
            }
            Some(Shown::Password { user, password }) => (user.as_str(), password),
        };
        Ok(Some(GitCredential { user: user.to_owned(), token: token.clone() }))
    }

    async fn find_pull_request(
        &self,
        base: &str,
        head: &str,
    ) -> Result<Option<FoundPullRequest>, ForgeError> {
        match self.find_open(base, head).await? {
            Some(pull) => self.found_whole(pull).await.map(Some),
            None => Ok(None),
        }
    }

    async fn pull_request(&self, number: u64) -> Result<FoundPullRequest, ForgeError> {
        let pull = self.read_pull(number).await?;
        self.found_whole(pull).await
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
        self.make_comment(on, body, None, None).await
    }

    async fn edit_comment(&self, on: Thing, id: &str, body: &str) -> Result<Comment, ForgeError> {
        self.change_comment(on, id, body).await
    }

    async fn delete_comment(&self, on: Thing, id: &str) -> Result<(), ForgeError> {
        self.remove_comment(on, id).await
    }

    /// The sentence for all of them is left out: Bitbucket has no text that belongs to a review.
    async fn add_line_comments(
        &self,
        number: u64,
        _commit: &str,
        _summary: &str,
        comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        self.make_review(number, comments).await
    }

    async fn reply(&self, number: u64, thread: &str, body: &str) -> Result<Comment, ForgeError> {
        self.answer(number, thread, body).await
    }

    async fn resolve(&self, number: u64, thread: &str, resolved: bool) -> Result<(), ForgeError> {
        self.set_resolved(number, thread, resolved).await
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
        found: Option<&FoundCheck>,
    ) -> Result<FoundCheck, ForgeError> {
        self.put_status(spec, found).await
    }
}
