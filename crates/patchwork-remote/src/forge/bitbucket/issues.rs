//! Issues, where the repository has them. They have no labels.

use patchwork_core::port::forge::{
    Ability, Forge as _, ForgeError, FoundIssue, IssueSpec, PullRequestState, Query, TextChange, Thing,
};

use super::explain::said;
use super::wire::{Issue, Raw, WrittenIssue};
use super::{Bitbucket, PER_PAGE};
use crate::forge::wire::is_page;
use crate::http::{Call, HttpError};

/// What Bitbucket calls the states of an issue that is not done.
const OPEN: [&str; 4] = ["submitted", "new", "open", "on hold"];

impl Bitbucket {
    pub(super) async fn read_issue(&self, number: u64) -> Result<FoundIssue, ForgeError> {
        let call = Call::get(self.at(["issues", &number.to_string()]).await?);
        let read = self.http.call::<Issue>(&call).await;
        self.found_issue(read.map_err(|error| self.explain_issue(error, "read the issue", number))?).await
    }

    pub(super) async fn list_own_issues(&self, query: &Query) -> Result<Vec<FoundIssue>, ForgeError> {
        let Some(own) = self.own().await? else { return Ok(Vec::new()) };
        let call = Call::get(self.at(["issues"]).await?)
            .query("q", format!("reporter.uuid=\"{}\"", own.uuid.replace(['"', '\\'], "")))
            .query("sort", "-created_on");
        let wanted = |issue: &Issue| {
            let reporter = issue.reporter.as_ref();
            query.state.is_none_or(|state| is_open(issue) == (state == PullRequestState::Open))
                && reporter.is_some_and(|reporter| reporter.uuid == own.uuid)
        };
        let listed = self.list::<Issue>(&call, PER_PAGE, query.limit, wanted).await;
        let listed = listed.map_err(|error| self.explain_issues(error, "list issues"))?;
        let mut found = Vec::with_capacity(listed.items.len());
        for issue in listed.items {
            found.push(self.found_issue(issue).await?);
        }
        Ok(found)
    }

    pub(super) async fn make_issue(&self, spec: &IssueSpec) -> Result<FoundIssue, ForgeError> {
        let explain = |error| self.explain_issues(error, "open an issue");
        let new =
            WrittenIssue { title: Some(&spec.title), content: Some(Raw { raw: &spec.body }), state: None };
        let call = Call::post(self.at(["issues"]).await?).json(&new).map_err(explain)?;
        let made: Issue = self.http.call(&call).await.map_err(explain)?;
        self.learn(made.reporter.as_ref()).await;
        self.found_issue(made).await
    }

    pub(super) async fn update_issue(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundIssue, ForgeError> {
        let explain = |error| self.explain_issue(error, "change the issue", number);
        let changed = WrittenIssue {
            title: change.title.as_deref(),
            content: change.body.as_deref().map(|raw| Raw { raw }),
            state: change.open.map(|open| if open { "open" } else { "closed" }),
        };
        let path = self.at(["issues", &number.to_string()]).await?;
        let call = Call::put(path).json(&changed).map_err(explain)?;
        let now = self.http.call(&call).await.map_err(explain)?;
        self.found_issue(now).await
    }

    /// The error of a call about issues: a repository need not have them.
    fn explain_issues(&self, error: HttpError, doing: &str) -> ForgeError {
        if error.status() == Some(404) && said(&error).contains("issue tracker") {
            return self.unsupported(Ability::Issues);
        }
        self.explain(error, doing)
    }

    fn explain_issue(&self, error: HttpError, doing: &str, number: u64) -> ForgeError {
        if error.status() == Some(404) && !said(&error).contains("issue tracker") {
            let what = Thing::Issue(number).to_string();
            return self.explain_of(error, doing, &what);
        }
        self.explain_issues(error, doing)
    }

    async fn found_issue(&self, issue: Issue) -> Result<FoundIssue, ForgeError> {
        let url = issue.links.html.as_ref().map(|link| link.href.clone()).filter(|url| is_page(url));
        Ok(FoundIssue {
            state: if is_open(&issue) { PullRequestState::Open } else { PullRequestState::Closed },
            number: issue.id,
            url: url.unwrap_or_else(|| self.page_of(Thing::Issue(issue.id))),
            title: issue.title,
            body: issue.content.raw,
            author: self.who(issue.reporter.as_ref()).await?,
            labels: Vec::new(),
        })
    }
}

fn is_open(issue: &Issue) -> bool {
    OPEN.contains(&issue.state.as_str())
}
