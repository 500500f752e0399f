//! Issues, and the labels of both kinds of things.

use patchwork_core::port::forge::{
    ForgeError, FoundIssue, IssueSpec, PullRequestState, Query, TextChange, Thing,
};

use super::Gitea;
use super::pulls::changed;
use super::wire::{Changed, Issue, Label, NewIssue, NewLabel};
use crate::forge::wire::is_page;
use crate::http::Call;

/// The colour of labels that we make.
const COLOR: &str = "#5319e7";

impl Gitea {
    pub(super) async fn read_issue(&self, number: u64) -> Result<FoundIssue, ForgeError> {
        let call = Call::get(self.at(["issues", &number.to_string()]).await?);
        let read = self.http.call::<Issue>(&call).await;
        let issue = read.map_err(|error| self.explain_of(error, "read the issue", &what(number)))?;
        if issue.pull_request.is_some() {
            // Both are counted in one row; who asks for an issue does not mean a pull request.
            let what = format!("{} in {}, it is a pull request", what(number), self.slug);
            return Err(ForgeError::NotFound { what });
        }
        self.found_issue(issue).await
    }

    pub(super) async fn list_own_issues(&self, query: &Query) -> Result<Vec<FoundIssue>, ForgeError> {
        let Some(own) = self.own().await?.map(str::to_owned) else { return Ok(Vec::new()) };
        let state = match query.state {
            Some(PullRequestState::Open) => "open",
            Some(_) => "closed",
            None => "all",
        };
        let call = Call::get(self.at(["issues"]).await?)
            .query("type", "issues")
            .query("state", state)
            .query("created_by", &own);
        let ours = |issue: &Issue| {
            issue.pull_request.is_none()
                && issue.user.as_ref().is_some_and(|user| user.login.eq_ignore_ascii_case(&own))
        };
        let listed = self.list(&call, query.limit, ours).await;
        let listed = listed.map_err(|error| self.explain(error, "list issues"))?;
        let mut found = Vec::with_capacity(listed.items.len());
        for issue in listed.items {
            found.push(self.found_issue(issue).await?);
        }
        Ok(found)
    }

    pub(super) async fn make_issue(&self, spec: &IssueSpec) -> Result<FoundIssue, ForgeError> {
        let explain = |error| self.explain(error, "open an issue");
        let labels = self.label_ids(&spec.labels).await?;
        let new = NewIssue { title: &spec.title, body: &spec.body, labels: &labels };
        let call = Call::post(self.at(["issues"]).await?).json(&new).map_err(explain)?;
        let made = self.http.call(&call).await.map_err(explain)?;
        self.found_issue(made).await
    }

    pub(super) async fn update_issue(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundIssue, ForgeError> {
        let explain = |error| self.explain_of(error, "change the issue", &what(number));
        let labels = self.add_labels(number, &change.labels).await?;
        let changed = changed(change);
        let path = self.at(["issues", &number.to_string()]).await?;
        let call = match changed == Changed::default() {
            true => Call::get(path),
            false => Call::patch(path).json(&changed).map_err(explain)?,
        };
        let mut issue: Issue = self.http.call(&call).await.map_err(explain)?;
        issue.labels = labels.unwrap_or(issue.labels);
        self.found_issue(issue).await
    }

    /// The ids of labels. One that the repository does not have is made.
    pub(super) async fn label_ids(&self, names: &[String]) -> Result<Vec<i64>, ForgeError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let call = Call::get(self.at(["labels"]).await?);
        let there = self.list::<Label>(&call, usize::MAX, |_| true).await;
        let mut there = there.map_err(|error| self.explain(error, "read the labels"))?.items;
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let known =
                there.iter().find(|label| label.name.eq_ignore_ascii_case(name)).map(|label| label.id);
            let id = match known {
                Some(id) => id,
                None => {
                    let made = self.make_label(name).await?;
                    let id = made.id;
                    there.push(made);
                    id
                }
            };
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(ids)
    }

    async fn make_label(&self, name: &str) -> Result<Label, ForgeError> {
        let explain = |error| self.explain(error, "make a label");
        let call = Call::post(self.at(["labels"]).await?);
        let call = call.json(&NewLabel { name, color: COLOR }).map_err(explain)?;
        self.http.call(&call).await.map_err(explain)
    }

    /// Adds labels to a pull request or an issue; answers all that are there now, or none when there was nothing to add.
    pub(super) async fn add_labels(
        &self,
        number: u64,
        names: &[String],
    ) -> Result<Option<Vec<Label>>, ForgeError> {
        if names.is_empty() {
            return Ok(None);
        }
        let explain = |error| self.explain_of(error, "add labels", &what(number));
        let labels = self.label_ids(names).await?;
        // A label that is there is not added twice.
        let call = Call::post(self.at(["issues", &number.to_string(), "labels"]).await?);
        let call = call.json(&serde_json::json!({ "labels": labels })).map_err(explain)?.repeatable();
        self.http.call(&call).await.map(Some).map_err(explain)
    }

    async fn found_issue(&self, issue: Issue) -> Result<FoundIssue, ForgeError> {
        let page = self.page_of(Thing::Issue(issue.number));
        Ok(FoundIssue {
            number: issue.number,
            url: if is_page(&issue.html_url) { issue.html_url } else { page },
            title: issue.title,
            body: issue.body,
            state: match issue.state.as_str() {
                "closed" => PullRequestState::Closed,
                _ => PullRequestState::Open,
            },
            author: self.who(issue.user.as_ref()).await?,
            labels: issue.labels.into_iter().map(|label| label.name).collect(),
        })
    }
}

fn what(number: u64) -> String {
    Thing::Issue(number).to_string()
}
