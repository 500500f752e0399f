//! GitHub, in the cloud and on one's own servers.

mod address;
mod wire;

use async_trait::async_trait;
use patchwork_core::engine::hex;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{
    Ensured, Forge, FoundPullRequest, PullRequest, PullRequestSpec, PullRequestState, PullRequestText,
};
use patchwork_core::secret::Secret;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

pub(super) use address::{api_of, public_api};
use wire::{ChangedPull, NewPull, Pull, Repository};

use super::Remote;
use crate::http::{Call, Http, HttpError, Pace};

/// GitHub takes 65,536 characters; what it adds itself (a footer, a line end made two) must fit too.
const BODY_LIMIT: usize = 65_000;

/// Characters of a title that GitHub takes.
const TITLE_LIMIT: usize = 256;

/// One repository on GitHub.
#[derive(Debug)]
pub struct GitHub {
    http: Http,
    /// As the remote names it; `full_name` may know better.
    slug: (String, String),
    /// Asked for once: after a renaming the pull requests are found under the new name only.
    full_name: OnceCell<(String, String)>,
}

impl GitHub {
    /// A repository behind an API (`https://api.github.com`, `https://HOST/api/v3`). Nothing is sent yet.
    pub fn connect(api: &str, remote: &Remote, token: &Secret, pace: Pace) -> Result<Self, Failure> {
        let (owner, name) = remote.owner_and_name().ok_or_else(|| {
            Failure::configuration(format!("`{}` names no repository on GitHub", remote.path.join("/")))
                .hint("expected: OWNER/NAME")
        })?;
        let http = Http::new(api)?
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .bearer(token)?
            .pace(pace);
        let slug = (owner.to_owned(), name.to_owned());
        Ok(Self { http, slug, full_name: OnceCell::new() })
    }

    async fn repository(&self) -> Result<Repository, Failure> {
        let call = Call::get(["repos", &self.slug.0, &self.slug.1]);
        self.http.call(&call).await.map_err(|error| self.explain(error, "read the repository"))
    }

    /// The owner and name under which the repository goes now.
    async fn current(&self) -> Result<&(String, String), Failure> {
        let ask = || async { Ok(split(&self.repository().await?).unwrap_or_else(|| self.slug.clone())) };
        self.full_name.get_or_try_init(ask).await
    }

    async fn pulls(&self) -> Result<[String; 4], Failure> {
        let (owner, name) = self.current().await?;
        Ok(["repos".into(), owner.clone(), name.clone(), "pulls".into()])
    }

    async fn open(&self, base: &str, head: &str) -> Result<Option<Pull>, Failure> {
        let (owner, name) = self.current().await?;
        let call = Call::get(self.pulls().await?)
            .query("state", "open")
            .query("head", format!("{owner}:{head}"))
            .query("base", base)
            .query("per_page", "100");
        let found: Vec<Pull> =
            self.http.call(&call).await.map_err(|error| self.explain(error, "list pull requests"))?;
        // The filters are the server's; some servers ignore them, and a fork may have a branch of the same name.
        let ours = format!("{owner}/{name}");
        Ok(found.into_iter().find(|pull| {
            let repository = pull.head.repo.as_ref();
            pull.head.branch == head
                && pull.base.branch == base
                && repository.is_some_and(|r| r.full_name.eq_ignore_ascii_case(&ours))
        }))
    }

    async fn update(
        &self,
        found: FoundPullRequest,
        title: &str,
        body: &str,
    ) -> Result<(PullRequest, Ensured), Failure> {
        let change = ChangedPull {
            title: (found.text.title != title).then_some(title),
            body: (!same_text(&found.text.body, body)).then_some(body),
            state: None,
        };
        if change.title.is_none() && change.body.is_none() {
            return Ok((found.pull, Ensured::Unchanged));
        }
        let changed = self.change(found.pull.number, &change, "update the pull request").await?;
        Ok((self.answer(changed), Ensured::Updated))
    }

    async fn change(&self, number: u64, change: &ChangedPull<'_>, doing: &str) -> Result<Pull, Failure> {
        let path = self.pulls().await?.into_iter().chain([number.to_string()]);
        let call = Call::patch(path).json(change)?;
        self.http.call(&call).await.map_err(|error| self.explain(error, doing))
    }

    /// A pull request with what it says.
    fn found(&self, pull: Pull) -> FoundPullRequest {
        let state = match (&pull.merged_at, pull.state.as_str()) {
            (Some(_), _) => PullRequestState::Merged,
            (None, "closed") => PullRequestState::Closed,
            _ => PullRequestState::Open,
        };
        let text = PullRequestText { title: pull.title.clone(), body: pull.body.clone().unwrap_or_default() };
        FoundPullRequest { text, state, pull: self.answer(pull) }
    }

    /// A pull request for others to read. Its address goes to terminals and bodies, so it must be a page of the web.
    fn answer(&self, pull: Pull) -> PullRequest {
        let is_page = reqwest::Url::parse(&pull.html_url)
            .is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
        let url = if is_page { pull.html_url } else { format!("{}#{}", self.slug.1, pull.number) };
        PullRequest { number: pull.number, url }
    }

    /// What a refusal means for the user.
    fn explain(&self, error: HttpError, doing: &str) -> Failure {
        let slug = format!("{}/{}", self.slug.0, self.slug.1);
        let status = error.status();
        let limited = matches!(error, HttpError::RateLimited { .. });
        let failure = Failure::from(error);
        if limited {
            return Failure {
                message: format!("GitHub lets us wait: can't {doing} in {slug}"),
                ..failure.clone()
            }
            .cause(failure.message);
        }
        let (message, hint) = match status {
            Some(401) => (
                "GitHub does not accept the token".to_owned(),
                "give a valid one as github_api_key or in GITHUB_TOKEN; it may have expired or been revoked",
            ),
            Some(403) => (
                format!("the token may not {doing} in {slug}"),
                "it needs the permissions \"Contents: write\" and \"Pull requests: write\" (classic: scope repo); in GitHub Actions set them under `permissions:` and allow Actions to create pull requests in the repository's settings",
            ),
            Some(404) => (
                format!("GitHub finds no repository {slug}, or the token has no access to it"),
                "check the remote `origin` and what the token given as github_api_key or in GITHUB_TOKEN may read",
            ),
            Some(422) => (
                format!("GitHub can't {doing} in {slug}"),
                "the branches must both be on GitHub and differ by at least one commit",
            ),
            _ => return failure,
        };
        Failure { message, ..failure.clone() }.cause(failure.message).hint(hint)
    }
}

#[async_trait]
impl Forge for GitHub {
    fn name(&self) -> &str {
        "GitHub"
    }

    fn body_limit(&self) -> usize {
        BODY_LIMIT
    }

    fn file_link(&self, pull_request_url: &str, path: &str) -> String {
        let anchor = hex(&Sha256::digest(path.as_bytes()));
        format!("{}/files#diff-{anchor}", pull_request_url.trim_end_matches('/'))
    }

    async fn check(&self) -> Result<(), Failure> {
        let repository = self.repository().await?;
        let name = &repository.full_name;
        if repository.archived {
            return Err(Failure::unavailable(format!("{name} is archived on GitHub: it takes no changes"))
                .hint("disable_pr=true keeps the changes on a local branch"));
        }
        if repository.permissions.as_ref().is_some_and(|p| !p.push) && !self.is_installation().await? {
            return Err(Failure::unavailable(format!("the token may read {name} but not push to it"))
                .hint("give one with write access as github_api_key or in GITHUB_TOKEN")
                .hint("disable_pr=true keeps the changes on a local branch"));
        }
        if let Some(name) = split(&repository) {
            // It may be known already; then it is the same.
            let _ = self.full_name.set(name);
        }
        Ok(())
    }

    async fn find_pull_request(&self, base: &str, head: &str) -> Result<Option<FoundPullRequest>, Failure> {
        Ok(self.open(base, head).await?.map(|pull| self.found(pull)))
    }

    async fn pull_request(&self, number: u64) -> Result<Option<FoundPullRequest>, Failure> {
        let call = Call::get(self.pulls().await?.into_iter().chain([number.to_string()]));
        match self.http.call::<Pull>(&call).await {
            Ok(pull) => Ok(Some(self.found(pull))),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(self.explain(error, "read the pull request")),
        }
    }

    async fn restore_pull_request(&self, number: u64, text: &PullRequestText) -> Result<(), Failure> {
        let change =
            ChangedPull { title: Some(&text.title), body: Some(&text.body), ..ChangedPull::default() };
        self.change(number, &change, "restore the pull request").await.map(drop)
    }

    async fn close_pull_request(&self, number: u64) -> Result<(), Failure> {
        let change = ChangedPull { state: Some("closed"), ..ChangedPull::default() };
        self.change(number, &change, "close the pull request").await.map(drop)
    }

    async fn ensure_pull_request(
        &self,
        spec: &PullRequestSpec,
        found: Option<FoundPullRequest>,
    ) -> Result<(PullRequest, Ensured), Failure> {
        let title = one_line(&spec.title);
        if let Some(found) = found {
            return self.update(found, &title, &spec.body).await;
        }
        let new = NewPull { title: &title, head: &spec.head, base: &spec.base, body: &spec.body };
        // We looked, and GitHub refuses a second pull request with the same head and base.
        let call = Call::post(self.pulls().await?).json(&new)?.repeatable();
        match self.http.call::<Pull>(&call).await {
            Ok(pull) => Ok((self.answer(pull), Ensured::Created)),
            Err(error) => {
                // Somebody opened it since we looked, or our first try arrived and its answer did not.
                if already_exists(&error)
                    && let Some(pull) = self.open(&spec.base, &spec.head).await?
                {
                    return self.update(self.found(pull), &title, &spec.body).await;
                }
                Err(self.explain(error, "open the pull request"))
            }
        }
    }
}

impl GitHub {
    /// Whether the token is one of an app's installation, as in GitHub Actions. GitHub answers `push: false` to all of them,
    /// whatever they may do.
    async fn is_installation(&self) -> Result<bool, Failure> {
        let call = Call::get(["installation", "repositories"]).query("per_page", "1");
        match self.http.call::<Value>(&call).await {
            Ok(_) => Ok(true),
            Err(error) if error.transient() => Err(self.explain(error, "check the token")),
            Err(_) => Ok(false),
        }
    }
}

fn split(repository: &Repository) -> Option<(String, String)> {
    let path = repository.full_name.split('/').map(str::to_owned).collect();
    let named = Remote { host: None, path };
    named.owner_and_name().map(|(owner, name)| (owner.to_owned(), name.to_owned()))
}

fn already_exists(error: &HttpError) -> bool {
    match error {
        HttpError::Status { status: 422, details, message, .. } => {
            details.iter().chain([message]).any(|text| text.contains("already exists"))
        }
        _ => false,
    }
}

/// Whether two texts differ in nothing but line ends and the white space at the end, which GitHub changes.
fn same_text(a: &str, b: &str) -> bool {
    a.trim_end().lines().eq(b.trim_end().lines())
}

fn one_line(title: &str) -> String {
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    if title.chars().count() <= TITLE_LIMIT {
        return title;
    }
    title.chars().take(TITLE_LIMIT - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests;
