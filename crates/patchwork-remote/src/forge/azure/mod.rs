//! Azure DevOps, in the cloud (Services) and on one's own servers (Server, from 2019).

mod access;
mod address;
mod changes;
mod checks;
mod comments;
mod explain;
mod item_comments;
mod items;
mod markup;
mod pulls;
mod review;
mod thread;
mod wire;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{
    Ability, CheckSpec, Comment, Credential, Forge, ForgeError, ForgeKind, FoundCheck, FoundIssue,
    FoundPullRequest, GitCredential, IssueSpec, NewLineComment, PullRequestChanges, PullRequestCommit,
    PullRequestSpec, Query, RepositoryFacts, TextChange, TextLimits, Thing,
};
use patchwork_core::secret::Secret;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::site::{Connect, Site};
use crate::http::{Answer, Auth, Call, Http, HttpError, MAX_PAGES, PER_PAGE};
use address::Place;
use wire::{Authenticated, Many, Repository};

/// How Azure DevOps is found and connected to.
pub(super) const SITE: Site = Site {
    kind: ForgeKind::AzureDevOps,
    public_api: address::public_api,
    api_of: address::api_of,
    looks_like: address::looks_like,
    page: address::page,
    connect: |connect| Ok(Arc::new(Azure::connect(&connect)?)),
};

/// What every server from 2019 on and the service speak.
const VERSION: &str = "5.1";

/// Characters of the title of a work item; that of a pull request may have 400.
const TITLE_LIMIT: usize = 255;

/// Characters of the description of a pull request; that of a work item might be longer.
const BODY_LIMIT: usize = 4000;

/// Characters of a comment.
const COMMENT_LIMIT: usize = 150_000;

/// One repository on Azure DevOps.
#[derive(Debug)]
pub(super) struct Azure {
    http: Http,
    place: Place,
    token: Option<Secret>,
    user: OnceCell<Option<Authenticated>>,
    /// Whether the server is too old for Markdown in work items.
    no_markdown: AtomicBool,
}

impl Azure {
    /// A repository behind the address of the service, a server, an organization or a collection. Nothing is sent yet.
    fn connect(connect: &Connect<'_>) -> Result<Self, Failure> {
        let place = address::place_of(connect.api, connect.remote).ok_or_else(|| {
            let path = connect.remote.path.join("/");
            Failure::configuration(format!("`{path}` names no repository on Azure DevOps"))
                .hint("expected: ORGANIZATION/PROJECT/_git/NAME")
        })?;
        let token = match connect.credential {
            Some(Credential::Token { token, .. }) => Some(token.clone()),
            _ => None,
        };
        let mut http = Http::new(&place.base)?.header("accept", "application/json").pace(connect.pace);
        // Who is not let in is told so, and not sent to a page to sign in.
        http = http.header("x-tfs-fedauthredirect", "Suppress");
        if let Some(token) = &token {
            http = http.auth(&auth(token))?;
        }
        Ok(Self { http, place, token, user: OnceCell::new(), no_markdown: AtomicBool::new(false) })
    }

    /// The path of an endpoint of the repository.
    fn at<const N: usize>(&self, rest: [&str; N]) -> Vec<String> {
        self.in_project(["_apis", "git", "repositories", &self.place.repository])
            .into_iter()
            .chain(rest.map(str::to_owned))
            .collect()
    }

    /// The path of an endpoint of a pull request.
    fn of_pull<const N: usize>(&self, number: u64, rest: [&str; N]) -> Vec<String> {
        let path = self.at(["pullRequests", &number.to_string()]);
        path.into_iter().chain(rest.map(str::to_owned)).collect()
    }

    /// The path of an endpoint of the project.
    fn in_project<const N: usize>(&self, rest: [&str; N]) -> Vec<String> {
        std::iter::once(self.place.project.clone()).chain(rest.map(str::to_owned)).collect()
    }

    fn get(&self, path: Vec<String>) -> Call {
        Call::get(path).query("api-version", VERSION)
    }

    fn post(&self, path: Vec<String>) -> Call {
        Call::post(path).query("api-version", VERSION)
    }

    fn patch(&self, path: Vec<String>) -> Call {
        Call::patch(path).query("api-version", VERSION)
    }

    fn delete(&self, path: Vec<String>) -> Call {
        Call::delete(path).query("api-version", VERSION)
    }

    async fn call<T: DeserializeOwned>(&self, call: &Call) -> Result<T, HttpError> {
        self.answer(call).await?.json()
    }

    /// The answer to a call. The page for signing in is none, whatever its status: 203 is what a token gets that has expired.
    async fn answer(&self, call: &Call) -> Result<Answer, HttpError> {
        let answer = self.http.send(call).await?;
        let html = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
        if answer.status == 203 || html {
            return Err(answer.refused(401, std::iter::once("the answer is a page for signing in")));
        }
        Ok(answer)
    }

    /// The failure of an answer that lacks what it was asked for.
    fn empty(&self, what: &str) -> ForgeError {
        Failure::unavailable(format!("Azure DevOps answers with {what} in {}", self.full_name())).into()
    }

    /// Reads a list whose pages are asked for by how many items to leave out; whether it is whole, too.
    async fn list<T: DeserializeOwned>(
        &self,
        call: &Call,
        limit: usize,
    ) -> Result<(Vec<T>, bool), HttpError> {
        let full: usize = PER_PAGE.parse().unwrap_or(usize::MAX);
        let mut items = Vec::new();
        for _ in 0..MAX_PAGES {
            let call = call.clone().query("$top", PER_PAGE).query("$skip", items.len().to_string());
            let page: Many<T> = self.call(&call).await?;
            let last = page.value.len() < full;
            items.extend(page.value);
            if items.len() >= limit || last {
                let whole = last && items.len() <= limit;
                items.truncate(limit);
                return Ok((items, whole));
            }
        }
        Ok((items, false))
    }

    /// The repository as Azure DevOps calls it (`organization/project/name`).
    fn full_name(&self) -> String {
        let Place { organization, project, repository, .. } = &self.place;
        format!("{organization}/{project}/{repository}")
    }

    /// The same of any repository of the organization.
    fn name_of(&self, repository: &Repository) -> String {
        let project = repository.project.as_ref().map_or("", |project| &project.name);
        let project = if project.is_empty() { &self.place.project } else { project };
        format!("{}/{project}/{}", self.place.organization, repository.name)
    }

    /// The page of something in the project.
    fn page_at<const N: usize>(&self, rest: [&str; N]) -> String {
        let mut url = self.http.base().clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(&self.place.project).extend(rest);
        }
        url.to_string()
    }

    /// The page of the repository.
    fn page(&self) -> String {
        self.page_at(["_git", &self.place.repository])
    }

    /// The page of a pull request or a work item.
    fn page_of(&self, thing: Thing) -> String {
        let number = thing.number().to_string();
        match thing {
            Thing::PullRequest(_) => self.page_at(["_git", &self.place.repository, "pullrequest", &number]),
            Thing::Issue(_) => self.page_at(["_workitems", "edit", &number]),
        }
    }
}

/// How a token is shown: those that pipelines and Entra give out are of three parts, and are carried; others are passwords.
fn auth(token: &Secret) -> Auth {
    let text = token.expose();
    if text.starts_with("eyJ") && text.split('.').count() == 3 {
        return Auth::Bearer(token.clone());
    }
    Auth::Basic { user: String::new(), password: token.clone() }
}

/// The branch that a ref names.
fn branch_of(reference: &str) -> &str {
    reference.strip_prefix("refs/heads/").unwrap_or(reference)
}

fn ref_of(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

#[async_trait]
impl Forge for Azure {
    fn kind(&self) -> ForgeKind {
        ForgeKind::AzureDevOps
    }

    fn can(&self, ability: Ability) -> bool {
        !matches!(ability, Ability::Annotations | Ability::Sarif)
    }

    fn limits(&self) -> TextLimits {
        TextLimits { title: TITLE_LIMIT, body: BODY_LIMIT, comment: COMMENT_LIMIT }
    }

    fn homes(&self) -> Vec<String> {
        vec![self.page(), self.page_at(["_workitems"])]
    }

    /// Azure DevOps replaces the lines that the comment is on.
    fn suggestion(&self, _lines: u32, code: &str) -> Option<String> {
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(3.max(longest + 1));
        let code = code.strip_suffix('\n').unwrap_or(code);
        Some(format!("{fence}suggestion\n{code}\n{fence}"))
    }

    async fn check(&self) -> Result<(), ForgeError> {
        self.check_access().await
    }

    async fn repository(&self) -> Result<RepositoryFacts, ForgeError> {
        self.facts().await
    }

    async fn account(&self) -> Result<Option<String>, ForgeError> {
        Ok(self.user().await?.map(access::own_name))
    }

    /// Any user will do beside a token; one of a pipeline is taken as a password too.
    async fn git_credential(&self) -> Result<Option<GitCredential>, ForgeError> {
        let credential =
            |token: &Secret| GitCredential { user: "patchwork".to_owned(), token: token.clone() };
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
        match on {
            Thing::PullRequest(number) => self.read_comments(number).await,
            Thing::Issue(number) => self.read_item_comments(number).await,
        }
    }

    async fn add_comment(&self, on: Thing, body: &str) -> Result<Comment, ForgeError> {
        match on {
            Thing::PullRequest(number) => self.make_comment(number, body).await,
            Thing::Issue(number) => self.make_item_comment(number, body).await,
        }
    }

    async fn edit_comment(&self, on: Thing, id: &str, body: &str) -> Result<Comment, ForgeError> {
        match on {
            Thing::PullRequest(number) => self.change_comment(number, id, body).await,
            Thing::Issue(number) => self.change_item_comment(number, id, body).await,
        }
    }

    async fn delete_comment(&self, on: Thing, id: &str) -> Result<(), ForgeError> {
        match on {
            Thing::PullRequest(number) => self.remove_comment(number, id).await,
            Thing::Issue(number) => self.remove_item_comment(number, id).await,
        }
    }

    /// The sentence for all of them is left out: Azure DevOps has no text that belongs to a review.
    async fn add_line_comments(
        &self,
        number: u64,
        commit: &str,
        _summary: &str,
        comments: &[NewLineComment],
    ) -> Result<Vec<Comment>, ForgeError> {
        self.make_review(number, commit, comments).await
    }

    async fn reply(&self, number: u64, thread: &str, body: &str) -> Result<Comment, ForgeError> {
        self.answer_in(number, thread, body).await
    }

    async fn resolve(&self, number: u64, thread: &str, resolved: bool) -> Result<(), ForgeError> {
        self.set_resolved(number, thread, resolved).await
    }

    async fn issue(&self, number: u64) -> Result<FoundIssue, ForgeError> {
        let item = self.read_item(number).await?;
        self.found_issue(item).await
    }

    async fn own_issues(&self, query: &Query) -> Result<Vec<FoundIssue>, ForgeError> {
        self.list_own_items(query).await
    }

    async fn open_issue(&self, spec: &IssueSpec) -> Result<FoundIssue, ForgeError> {
        self.make_item(spec).await
    }

    async fn change_issue(&self, number: u64, change: &TextChange) -> Result<FoundIssue, ForgeError> {
        self.change_item(number, change).await
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

#[cfg(test)]
mod tests;
