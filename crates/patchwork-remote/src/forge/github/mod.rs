//! GitHub, in the cloud and on one's own servers.

mod address;
mod app;
mod checks;
mod comments;
mod explain;
mod issues;
mod pulls;
mod review;
mod session;
mod threads;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{
    Ability, CheckSpec, Comment, Forge, ForgeError, ForgeKind, FoundCheck, FoundIssue, FoundPullRequest,
    GitCredential, IssueSpec, NewLineComment, PullRequestChanges, PullRequestCommit, PullRequestSpec, Query,
    RepositoryFacts, SarifSpec, TextChange, TextLimits, Thing,
};

use session::{GitHub, Login};

use super::site::Site;

/// GitHub takes 65,536 characters; what it adds itself (a footer, a line end made two) must fit too.
const TEXT_LIMIT: usize = 65_000;

/// Characters of a title that GitHub takes.
const TITLE_LIMIT: usize = 256;

pub(super) const SITE: Site = Site {
    kind: ForgeKind::GitHub,
    public_api: address::public_api,
    api_of: address::api_of,
    looks_like: address::looks_like,
    page: address::page,
    connect: |connect| Ok(Arc::new(GitHub::connect(connect)?)),
};

#[async_trait]
impl Forge for GitHub {
    fn kind(&self) -> ForgeKind {
        ForgeKind::GitHub
    }

    fn can(&self, _ability: Ability) -> bool {
        true
    }

    fn limits(&self) -> TextLimits {
        TextLimits { title: TITLE_LIMIT, body: TEXT_LIMIT, comment: TEXT_LIMIT }
    }

    fn homes(&self) -> Vec<String> {
        self.slug.homes(&address::site_of(self.api.base()))
    }

    fn head_ref(&self, number: u64) -> Option<String> {
        Some(format!("refs/pull/{number}/head"))
    }

    fn suggestion(&self, _lines: u32, code: &str) -> Option<String> {
        // The fence must be longer than any in the code.
        let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
        let fence = "`".repeat(3.max(longest + 1));
        let end = if code.is_empty() || code.ends_with('\n') { "" } else { "\n" };
        Some(format!("{fence}suggestion\n{code}{end}{fence}"))
    }

    async fn check(&self) -> Result<(), ForgeError> {
        let repository = self.read_repository().await?;
        let name = &repository.full_name;
        if repository.archived {
            return Err(Failure::unavailable(format!("{name} is archived on GitHub: it takes no changes"))
                .hint("disable_pr=true keeps the changes on a local branch")
                .into());
        }
        if repository.permissions.as_ref().is_some_and(|p| !p.push) && !self.is_installation().await? {
            return Err(Failure::unavailable(format!("the token may read {name} but not push to it"))
                .hint("give one with write access as github_api_key or in GITHUB_TOKEN")
                .hint("disable_pr=true keeps the changes on a local branch")
                .into());
        }
        self.slug.is_named(&repository.full_name);
        Ok(())
    }

    async fn repository(&self) -> Result<RepositoryFacts, ForgeError> {
        let repository = self.read_repository().await?;
        let may_push = match &repository.permissions {
            Some(permissions) if permissions.push => Some(true),
            // What GitHub says of an app's token is not to be believed.
            Some(_) if !self.is_installation().await? => Some(false),
            _ => None,
        };
        Ok(RepositoryFacts {
            url: format!("{}/{}", address::site_of(self.api.base()), repository.full_name),
            full_name: repository.full_name,
            default_branch: repository.default_branch.unwrap_or_default(),
            archived: repository.archived,
            may_push,
        })
    }

    async fn account(&self) -> Result<Option<String>, ForgeError> {
        self.own_name().await
    }

    async fn git_credential(&self) -> Result<Option<GitCredential>, ForgeError> {
        let token = match &self.login {
            Login::Anonymous => return Ok(None),
            Login::Token(token) => token.clone(),
            Login::App(app) => self.app_token(app).await?,
        };
        Ok(Some(GitCredential { user: "x-access-token".to_owned(), token }))
    }

    async fn find_pull_request(
        &self,
        base: &str,
        head: &str,
    ) -> Result<Option<FoundPullRequest>, ForgeError> {
        match self.find_pull(base, head).await? {
            Some(pull) => self.found(pull).await.map(Some),
            None => Ok(None),
        }
    }

    async fn pull_request(&self, number: u64) -> Result<FoundPullRequest, ForgeError> {
        self.found(self.read_pull(number).await?).await
    }

    async fn pull_requests(&self, query: &Query) -> Result<Vec<FoundPullRequest>, ForgeError> {
        self.list_pulls(query).await
    }

    async fn open_pull_request(&self, spec: &PullRequestSpec) -> Result<FoundPullRequest, ForgeError> {
        self.open_pull(spec).await
    }

    async fn change_pull_request(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundPullRequest, ForgeError> {
        self.change_pull(number, change).await
    }

    async fn changes(&self, number: u64) -> Result<PullRequestChanges, ForgeError> {
        self.list_changes(number).await
    }

    async fn commits(&self, number: u64) -> Result<Vec<PullRequestCommit>, ForgeError> {
        self.list_commits(number).await
    }

    async fn comments(&self, on: Thing) -> Result<Vec<Comment>, ForgeError> {
        self.list_comments(on).await
    }

    async fn add_comment(&self, on: Thing, body: &str) -> Result<Comment, ForgeError> {
        self.make_comment(on, body).await
    }

    async fn edit_comment(&self, _on: Thing, id: &str, body: &str) -> Result<Comment, ForgeError> {
        self.change_comment(id, body).await
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

    async fn reply(&self, number: u64, thread: &str, body: &str) -> Result<Comment, ForgeError> {
        self.answer(number, thread, body).await
    }

    async fn resolve(&self, number: u64, thread: &str, resolved: bool) -> Result<(), ForgeError> {
        self.resolve_thread(number, thread, resolved).await
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
        self.newest_check(spec).await
    }

    async fn put_check(
        &self,
        spec: &CheckSpec,
        found: Option<&FoundCheck>,
    ) -> Result<FoundCheck, ForgeError> {
        self.set_check(spec, found).await
    }

    async fn upload_sarif(&self, spec: &SarifSpec) -> Result<String, ForgeError> {
        self.send_sarif(spec).await
    }
}

#[cfg(test)]
mod tests;
