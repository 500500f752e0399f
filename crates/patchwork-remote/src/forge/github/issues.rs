//! Issues.

use patchwork_core::port::forge::ensure::same_text;
use patchwork_core::port::forge::{ForgeError, FoundIssue, IssueSpec, PullRequestState, Query, TextChange};

use super::GitHub;
use super::pulls::changed;
use super::wire::{Changed, Issue, IssueLabel, NewIssue};
use crate::http::{Call, PER_PAGE};

/// Issues that are looked at for one that was sent, when no answer came.
const LOOKED_AT: usize = 20;

impl GitHub {
    pub(super) async fn read_issue(&self, number: u64) -> Result<FoundIssue, ForgeError> {
        let what = format!("issue {number}");
        let call = Call::get(self.at(["issues", &number.to_string()]).await?);
        let read = self.http().await?.call::<Issue>(&call).await;
        let issue = read.map_err(|error| self.explain_of(error, "read the issue", &what))?;
        if issue.pull_request.is_some() {
            // GitHub counts both in one row; who asks for an issue does not mean a pull request.
            return Err(ForgeError::NotFound {
                what: format!("{what} in {}, it is a pull request", self.slug),
            });
        }
        self.found_issue(issue).await
    }

    pub(super) async fn list_own_issues(&self, query: &Query) -> Result<Vec<FoundIssue>, ForgeError> {
        let Some(own) = self.own_name().await? else { return Ok(Vec::new()) };
        let state = match query.state {
            Some(PullRequestState::Open) => "open",
            Some(_) => "closed",
            None => "all",
        };
        let call = Call::get(self.at(["issues"]).await?)
            .query("creator", &own)
            .query("state", state)
            .query("sort", "created")
            .query("direction", "desc")
            .query("per_page", PER_PAGE);
        let ours = |issue: &Issue| {
            let author = issue.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(&own));
            author && issue.pull_request.is_none()
        };
        let pick = |page: Vec<Issue>| page.into_iter().filter(ours).collect();
        let listed = self.http().await?.list_in(&call, query.limit, pick).await;
        let listed = listed.map_err(|error| self.explain(error, "list issues"))?;
        let mut found = Vec::new();
        for issue in listed.items {
            found.push(self.found_issue(issue).await?);
        }
        Ok(found)
    }

    pub(super) async fn make_issue(&self, spec: &IssueSpec) -> Result<FoundIssue, ForgeError> {
        let explain = |error| self.explain(error, "open an issue");
        let new = NewIssue { title: &spec.title, body: &spec.body, labels: &spec.labels };
        let call = Call::post(self.at(["issues"]).await?).json(&new).map_err(explain)?;
        match self.http().await?.call(&call).await {
            Err(error) if error.may_have_arrived() => {
                let query = Query { state: Some(PullRequestState::Open), limit: LOOKED_AT };
                let there = self.list_own_issues(&query).await?;
                let same =
                    |issue: &FoundIssue| issue.title == spec.title && same_text(&issue.body, &spec.body);
                there.into_iter().find(same).ok_or_else(|| explain(error))
            }
            made => self.found_issue(made.map_err(explain)?).await,
        }
    }

    pub(super) async fn update_issue(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundIssue, ForgeError> {
        let labels = match change.labels.as_slice() {
            [] => None,
            labels => Some(self.add_labels(number, labels).await?),
        };
        let changed = changed(change);
        let mut found = if changed == Changed::default() {
            self.read_issue(number).await?
        } else {
            let explain = |error| self.explain_of(error, "change the issue", &format!("issue {number}"));
            let path = self.at(["issues", &number.to_string()]).await?;
            let call = Call::patch(path).json(&changed).map_err(explain)?;
            let issue = self.http().await?.call(&call).await.map_err(explain)?;
            self.found_issue(issue).await?
        };
        if let Some(labels) = labels {
            found.labels = labels.into_iter().map(|label| label.name).collect();
        }
        Ok(found)
    }

    async fn found_issue(&self, issue: Issue) -> Result<FoundIssue, ForgeError> {
        let state = match issue.state.as_str() {
            "closed" => PullRequestState::Closed,
            _ => PullRequestState::Open,
        };
        Ok(FoundIssue {
            number: issue.number,
            url: self.page(&issue.html_url, "issues", issue.number),
            title: issue.title,
            body: issue.body.unwrap_or_default(),
            state,
            author: self.who(issue.user.as_ref(), &issue.author_association).await?,
            labels: issue.labels.into_iter().map(IssueLabel::name).collect(),
        })
    }
}
