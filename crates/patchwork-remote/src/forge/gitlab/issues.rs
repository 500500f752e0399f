//! Issues.

use patchwork_core::port::forge::{
    ForgeError, FoundIssue, IssueSpec, PullRequestState, Query, TextChange, Thing,
};

use super::GitLab;
use super::address::is_page;
use super::pulls::{changed, labels, state_of};
use super::wire::{Changed, Issue, NewIssue};
use crate::http::Call;

impl GitLab {
    pub(super) async fn read_issue(&self, number: u64) -> Result<FoundIssue, ForgeError> {
        let call = Call::get(self.at(["issues", &number.to_string()]).await?);
        let read = self.http.call(&call).await;
        self.found_issue(read.map_err(|error| self.explain_of(error, "read the issue", &what(number)))?).await
    }

    pub(super) async fn list_own_issues(&self, query: &Query) -> Result<Vec<FoundIssue>, ForgeError> {
        let state = match query.state {
            Some(PullRequestState::Open) => "opened",
            Some(_) => "closed",
            None => "all",
        };
        let call = Call::get(self.at(["issues"]).await?)
            .query("scope", "created_by_me")
            .query("state", state)
            .query("order_by", "created_at")
            .query("sort", "desc");
        let Some(own) = self.user().await?.map(|user| user.id) else { return Ok(Vec::new()) };
        let ours = |issue: &Issue| issue.author.as_ref().is_some_and(|author| author.id == own);
        let listed = self.list::<Issue>(call, query.limit).await;
        let listed = listed.map_err(|error| self.explain(error, "list issues"))?.items;
        let mut found = Vec::with_capacity(listed.len());
        for issue in listed.into_iter().filter(ours) {
            found.push(self.found_issue(issue).await?);
        }
        Ok(found)
    }

    pub(super) async fn make_issue(&self, spec: &IssueSpec) -> Result<FoundIssue, ForgeError> {
        let explain = |error| self.explain(error, "open an issue");
        let wanted = labels(&spec.labels);
        let new = NewIssue { title: &spec.title, description: &spec.body, labels: &wanted };
        let call = Call::post(self.at(["issues"]).await?).json(&new).map_err(explain)?;
        self.found_issue(self.http.call(&call).await.map_err(explain)?).await
    }

    pub(super) async fn update_issue(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundIssue, ForgeError> {
        let explain = |error| self.explain_of(error, "change the issue", &what(number));
        let added = labels(&change.labels);
        let changed = changed(change, change.title.as_deref(), &added);
        if changed == Changed::default() {
            return self.read_issue(number).await;
        }
        let call =
            Call::put(self.at(["issues", &number.to_string()]).await?).json(&changed).map_err(explain)?;
        self.found_issue(self.http.call(&call).await.map_err(explain)?).await
    }

    async fn found_issue(&self, issue: Issue) -> Result<FoundIssue, ForgeError> {
        let accounts = self.accounts(std::iter::once(issue.author.as_ref())).await?;
        let page = Thing::Issue(issue.iid);
        Ok(FoundIssue {
            number: issue.iid,
            url: if is_page(&issue.web_url) { issue.web_url } else { self.page_of(page) },
            title: issue.title,
            body: issue.description,
            state: state_of(&issue.state),
            author: accounts.account(issue.author.as_ref()),
            labels: issue.labels,
        })
    }
}

fn what(number: u64) -> String {
    Thing::Issue(number).to_string()
}
