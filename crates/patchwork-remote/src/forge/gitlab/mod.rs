//! GitLab, in the cloud and on one's own servers.

mod access;
mod address;
mod checks;
mod comments;
mod diffs;
mod explain;
mod issues;
mod note;
mod pages;
mod position;
mod pulls;
mod review;
mod wire;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{
    Ability, CheckSpec, Comment, Credential, Forge, ForgeError, ForgeKind, FoundCheck, FoundIssue,
    FoundPullRequest, GitCredential, IssueSpec, NewLineComment, PullRequestChanges, PullRequestCommit,
    PullRequestSpec, Query, RepositoryFacts, TextChange, TextLimits, Thing,
};
use patchwork_core::secret::Secret;
use tokio::sync::{Mutex, OnceCell};

use super::site::{Connect, Site};
use crate::http::{Auth, Http};
use wire::{Project, User};

/// How GitLab is found and connected to.
pub(super) const SITE: Site = Site {
    kind: ForgeKind::GitLab,
    public_api: address::public_api,
    api_of: address::api_of,
    looks_like: address::looks_like,
    page: address::page,
    connect: |connect| Ok(Arc::new(GitLab::connect(&connect)?)),
};

/// What begins the title of a merge request that is not ready.
const DRAFT: &str = "Draft: ";

/// GitLab takes 255 characters; a draft needs some of them.
const TITLE_LIMIT: usize = 255 - DRAFT.len();

/// Characters of a description and of a comment: GitLab takes 1,048,576 and 1,000,000.
const TEXT_LIMIT: usize = 1_000_000;

/// Lines before the one commented on that a suggestion may replace.
const SUGGESTION_LINES: u32 = 100;

/// As whom we come.
#[derive(Debug)]
enum Identity {
    Nobody,
    /// A token of a person, a project or a group.
    Token(Secret),
    /// The token of a CI job: it reads merge requests and notes, and writes none.
    Job(Secret),
}

/// One project on GitLab.
#[derive(Debug)]
pub struct GitLab {
    http: Http,
    /// The root of its pages, without a slash at its end.
    root: String,
    /// `group/subgroup/name` as the remote has it; the project may know better.
    path: String,
    identity: Identity,
    project: OnceCell<Project>,
    user: OnceCell<Option<User>>,
    /// Whether accounts may write to the project, by their id.
    insiders: Mutex<HashMap<u64, bool>>,
    /// The paths of other projects, by their id.
    forks: Mutex<HashMap<u64, String>>,
}

impl GitLab {
    /// A project behind an API (`https://gitlab.com/api/v4`). Nothing is sent yet.
    fn connect(connect: &Connect<'_>) -> Result<Self, Failure> {
        let path = address::project_of(connect.remote).ok_or_else(|| {
            Failure::configuration(format!("`{}` names no project on GitLab", connect.remote.path.join("/")))
                .hint("expected: GROUP/NAME, with any number of subgroups")
        })?;
        let identity = Identity::of(connect.credential);
        let mut http = Http::new(connect.api)?.header("accept", "application/json").pace(connect.pace);
        if let Some(auth) = identity.auth() {
            http = http.auth(&auth)?;
        }
        Ok(Self {
            http,
            root: address::root_of(connect.api).to_owned(),
            path,
            identity,
            project: OnceCell::new(),
            user: OnceCell::new(),
            insiders: Mutex::default(),
            forks: Mutex::default(),
        })
    }

    /// The path of an endpoint of the project.
    async fn at<const N: usize>(&self, rest: [&str; N]) -> Result<Vec<String>, ForgeError> {
        let key = match self.identity {
            // A job's token may not read the project itself.
            Identity::Job(_) => self.path.clone(),
            // Writing under a name from before a renaming is refused: the id stays.
            _ => self.project().await?.id.to_string(),
        };
        Ok(["projects".to_owned(), key].into_iter().chain(rest.map(str::to_owned)).collect())
    }

    /// The full path of the project as far as it is known.
    fn full_name(&self) -> &str {
        self.project.get().map_or(&self.path, |project| &project.path_with_namespace)
    }

    /// The page of the project.
    fn page(&self) -> String {
        format!("{}/{}", self.root, self.full_name())
    }

    /// The page of a merge request or an issue.
    fn page_of(&self, thing: Thing) -> String {
        let (kind, number) = kind_of(thing);
        format!("{}/-/{kind}/{number}", self.page())
    }
}

/// What the API and the pages call a thing, and its number.
fn kind_of(thing: Thing) -> (&'static str, String) {
    match thing {
        Thing::PullRequest(number) => ("merge_requests", number.to_string()),
        Thing::Issue(number) => ("issues", number.to_string()),
    }
}

impl Identity {
    fn of(credential: Option<&Credential>) -> Self {
        match credential {
            Some(Credential::JobToken(token)) => Self::Job(token.clone()),
            // A job's token is one wherever it was given.
            Some(Credential::Token { token, .. }) if token.expose().starts_with("glcbt-") => {
                Self::Job(token.clone())
            }
            Some(Credential::Token { token, .. }) => Self::Token(token.clone()),
            Some(Credential::App { .. }) | None => Self::Nobody,
        }
    }

    fn auth(&self) -> Option<Auth> {
        match self {
            Self::Nobody => None,
            Self::Job(token) => Some(Auth::Header("job-token", token.clone())),
            Self::Token(token) if is_oauth(token.expose()) => Some(Auth::Bearer(token.clone())),
            Self::Token(token) => Some(Auth::Header("private-token", token.clone())),
        }
    }
}

/// Whether a token was given out by OAuth: it is of 64 hexadecimal digits, and no header for personal tokens takes it.
fn is_oauth(token: &str) -> bool {
    token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit())
}

#[async_trait]
impl Forge for GitLab {
    fn kind(&self) -> ForgeKind {
        ForgeKind::GitLab
    }

    fn can(&self, ability: Ability) -> bool {
        !matches!(ability, Ability::Annotations | Ability::Sarif)
    }

    fn limits(&self) -> TextLimits {
        TextLimits { title: TITLE_LIMIT, body: TEXT_LIMIT, comment: TEXT_LIMIT }
    }

    fn homes(&self) -> Vec<String> {
        vec![format!("{}/{}", self.root, self.path), self.page()]
    }

    fn head_ref(&self, number: u64) -> Option<String> {
        Some(format!("refs/merge-requests/{number}/head"))
    }

    fn suggestion(&self, lines: u32, code: &str) -> Option<String> {
        let above = lines.checked_sub(1).filter(|above| *above <= SUGGESTION_LINES)?;
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(3.max(longest + 1));
        let code = code.strip_suffix('\n').unwrap_or(code);
        Some(format!("{fence}suggestion:-{above}+0\n{code}\n{fence}"))
    }

    async fn check(&self) -> Result<(), ForgeError> {
        self.check_access().await
    }

    async fn repository(&self) -> Result<RepositoryFacts, ForgeError> {
        self.facts().await
    }

    async fn account(&self) -> Result<Option<String>, ForgeError> {
        Ok(self.user().await?.map(|user| user.username.clone()))
    }

    async fn git_credential(&self) -> Result<Option<GitCredential>, ForgeError> {
        let (user, token) = match &self.identity {
            Identity::Nobody => return Ok(None),
            Identity::Token(token) => ("oauth2", token),
            Identity::Job(token) => ("gitlab-ci-token", token),
        };
        Ok(Some(GitCredential { user: user.to_owned(), token: token.clone() }))
    }

    async fn find_pull_request(
        &self,
        base: &str,
        head: &str,
    ) -> Result<Option<FoundPullRequest>, ForgeError> {
        self.find_open(base, head).await
    }

    async fn pull_request(&self, number: u64) -> Result<FoundPullRequest, ForgeError> {
        let merge_request = self.read_merge_request(number).await?;
        self.found(merge_request).await
    }

    async fn pull_requests(&self, query: &Query) -> Result<Vec<FoundPullRequest>, ForgeError> {
        self.list_merge_requests(query).await
    }

    async fn open_pull_request(&self, spec: &PullRequestSpec) -> Result<FoundPullRequest, ForgeError> {
        self.make_merge_request(spec).await
    }

    async fn change_pull_request(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundPullRequest, ForgeError> {
        self.change_merge_request(number, change).await
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

    async fn delete_comment(&self, on: Thing, id: &str) -> Result<(), ForgeError> {
        self.remove_comment(on, id).await
    }

    /// The sentence for all of them is left out: GitLab has no text that belongs to a review.
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
        _found: Option<&FoundCheck>,
    ) -> Result<FoundCheck, ForgeError> {
        self.make_status(spec).await
    }
}

#[cfg(test)]
mod tests;
