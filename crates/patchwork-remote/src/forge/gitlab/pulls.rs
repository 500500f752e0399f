//! Merge requests, which the port calls pull requests.

use patchwork_core::port::forge::{
    End, ForgeError, FoundPullRequest, PullRequest, PullRequestChanges, PullRequestCommit, PullRequestSpec,
    PullRequestState, Query, TextChange, Thing,
};

use super::address::is_page;
use super::diffs;
use super::explain::{is_forbidden, said};
use super::wire::{Changed, Changes, Commit, Diff, MergeRequest, NewMergeRequest, Project};
use super::{DRAFT, GitLab};
use crate::http::{Call, HttpError};

/// The label that the Python original gave to every merge request; people's filters and rules look for it.
const LABEL: &str = "patchwork";

impl GitLab {
    /// The open merge request of these branches. One of a fork may have the same names.
    pub(super) async fn find_open(
        &self,
        base: &str,
        head: &str,
    ) -> Result<Option<FoundPullRequest>, ForgeError> {
        let call = Call::get(self.at(["merge_requests"]).await?)
            .query("state", "opened")
            .query("source_branch", head)
            .query("target_branch", base);
        let listed = self.list::<MergeRequest>(call, usize::MAX).await;
        let listed = listed.map_err(|error| self.explain(error, "list pull requests"))?;
        let ours = |one: &MergeRequest| {
            one.state == "opened"
                && one.source_branch == head
                && one.target_branch == base
                && one.source_project_id.is_some()
                && one.source_project_id == one.target_project_id
        };
        match listed.items.into_iter().find(ours) {
            Some(one) => Ok(Some(self.found(one).await?)),
            None => Ok(None),
        }
    }

    pub(super) async fn read_merge_request(&self, number: u64) -> Result<MergeRequest, ForgeError> {
        let call = Call::get(self.at(["merge_requests", &number.to_string()]).await?);
        let read = self.http.call(&call).await;
        read.map_err(|error| self.explain_of(error, "read the pull request", &what(number)))
    }

    pub(super) async fn list_merge_requests(
        &self,
        query: &Query,
    ) -> Result<Vec<FoundPullRequest>, ForgeError> {
        let state = match query.state {
            Some(PullRequestState::Open) => "opened",
            Some(PullRequestState::Closed) => "closed",
            Some(PullRequestState::Merged) => "merged",
            None => "all",
        };
        let call = Call::get(self.at(["merge_requests"]).await?)
            .query("state", state)
            .query("scope", "all")
            .query("order_by", "created_at")
            .query("sort", "desc");
        let listed = self.list::<MergeRequest>(call, query.limit).await;
        let listed = listed.map_err(|error| self.explain(error, "list pull requests"))?.items;
        // Asked for at once; each alone is known then.
        self.accounts(listed.iter().map(|one| one.author.as_ref())).await?;
        let mut found = Vec::with_capacity(listed.len());
        for one in listed {
            found.push(self.found(one).await?);
        }
        Ok(found)
    }

    pub(super) async fn make_merge_request(
        &self,
        spec: &PullRequestSpec,
    ) -> Result<FoundPullRequest, ForgeError> {
        let explain = |error| self.explain(error, "open the pull request");
        let mut wanted = spec.labels.clone();
        if !wanted.iter().any(|label| label.eq_ignore_ascii_case(LABEL)) {
            wanted.insert(0, LABEL.to_owned());
        }
        let new = NewMergeRequest {
            source_branch: &spec.head,
            target_branch: &spec.base,
            title: &titled(&spec.title, spec.draft),
            description: &spec.body,
            labels: &labels(&wanted),
            remove_source_branch: true,
        };
        // GitLab refuses a second merge request of the same branches: trying again makes no second one.
        let call = Call::post(self.at(["merge_requests"]).await?).json(&new).map_err(explain)?.repeatable();
        match self.http.call(&call).await {
            Ok(made) => self.found(made).await,
            Err(error) if already_exists(&error) => {
                let what = format!("a pull request of {} into {}", spec.head, spec.base);
                Err(ForgeError::Exists { what })
            }
            Err(error) => Err(match explain(error) {
                ForgeError::Failed(failure) => {
                    failure.hint("both branches must be on GitLab and differ by at least one commit").into()
                }
                other => other,
            }),
        }
    }

    pub(super) async fn change_merge_request(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundPullRequest, ForgeError> {
        let title = match &change.title {
            // A draft's title says that it is one: without that it would be ready.
            Some(title) => Some(titled(title, is_draft(&self.read_merge_request(number).await?))),
            None => None,
        };
        let added = labels(&change.labels);
        let changed = changed(change, title.as_deref(), &added);
        if changed == Changed::default() {
            return self.found(self.read_merge_request(number).await?).await;
        }
        let explain = |error| self.explain_of(error, "change the pull request", &what(number));
        let path = self.at(["merge_requests", &number.to_string()]).await?;
        let call = Call::put(path).json(&changed).map_err(explain)?;
        let now = match self.http.call(&call).await {
            Ok(now) => now,
            // What is merged can't be opened or closed any more.
            Err(error) if change.open.is_some() && !is_forbidden(&error) && !error.transient() => {
                let now = self.read_merge_request(number).await?;
                if reached(&now, change.open) {
                    return Err(explain(error));
                }
                now
            }
            Err(error) => return Err(explain(error)),
        };
        if !reached(&now, change.open) {
            return Err(ForgeError::Closed { what: what(number), state: state_of(&now.state) });
        }
        self.found(now).await
    }

    pub(super) async fn read_changes(&self, number: u64) -> Result<PullRequestChanges, ForgeError> {
        let explain = |error| self.explain_of(error, "read the changes", &what(number));
        let request = self.read_merge_request(number).await?;
        let text = number.to_string();
        let call = Call::get(self.at(["merge_requests", &text, "diffs"]).await?);
        let (files, complete) = match self.list::<Diff>(call, usize::MAX).await {
            Ok(listed) => (listed.items, listed.complete),
            // The merge request is there, so it is this address that older servers do not know.
            Err(error) if error.status() == Some(404) => {
                let call = Call::get(self.at(["merge_requests", &text, "changes"]).await?);
                let all: Changes = self.http.call(&call).await.map_err(explain)?;
                (all.changes, !all.overflow)
            }
            Err(error) => return Err(explain(error)),
        };
        let all_kept = match request.changes_count.as_deref() {
            Some(count) => count.parse().is_ok_and(|count: usize| count <= files.len()),
            // Without a count there are no changes, or the diff is not made yet.
            None => request.diff_refs.is_some() || !files.is_empty(),
        };
        Ok(PullRequestChanges {
            files: files.into_iter().map(diffs::file).collect(),
            complete: complete && all_kept,
        })
    }

    pub(super) async fn read_commits(&self, number: u64) -> Result<Vec<PullRequestCommit>, ForgeError> {
        let path = self.at(["merge_requests", &number.to_string(), "commits"]).await?;
        let listed = self.list::<Commit>(Call::get(path), usize::MAX).await;
        let listed = listed.map_err(|error| self.explain_of(error, "read the commits", &what(number)))?.items;
        let newest_first = listed.into_iter();
        Ok(newest_first.rev().map(|one| PullRequestCommit { id: one.id, message: one.message }).collect())
    }

    /// A merge request as the port shows it.
    pub(super) async fn found(&self, one: MergeRequest) -> Result<FoundPullRequest, ForgeError> {
        let accounts = self.accounts(std::iter::once(one.author.as_ref())).await?;
        let page = Thing::PullRequest(one.iid);
        let url = if is_page(&one.web_url) { one.web_url.clone() } else { self.page_of(page) };
        let source = match one.source_project_id {
            None => None,
            id if id == one.target_project_id => Some(self.full_name().to_owned()),
            Some(id) => Some(self.name_of(id).await?),
        };
        let draft = is_draft(&one);
        let refs = one.diff_refs.unwrap_or_default();
        Ok(FoundPullRequest {
            pull: PullRequest { number: one.iid, url },
            title: if draft { without_draft(&one.title).to_owned() } else { one.title },
            body: one.description,
            state: state_of(&one.state),
            draft,
            author: accounts.account(one.author.as_ref()),
            // Of the target GitLab tells the commit that it compares with.
            base: End {
                branch: one.target_branch,
                commit: refs.start_sha,
                repository: Some(self.full_name().to_owned()),
            },
            head: End { branch: one.source_branch, commit: one.sha, repository: source },
            labels: one.labels,
        })
    }

    /// The path of another project; one that the token may not see has only its id.
    async fn name_of(&self, id: u64) -> Result<String, ForgeError> {
        if let Some(known) = self.forks.lock().await.get(&id) {
            return Ok(known.clone());
        }
        let text = id.to_string();
        let name = match self.http.call::<Project>(&Call::get(["projects", &text])).await {
            Ok(project) => project.path_with_namespace,
            Err(error) if is_forbidden(&error) => format!("projects/{id}"),
            Err(error) => return Err(self.explain(error, "read the fork")),
        };
        self.forks.lock().await.insert(id, name.clone());
        Ok(name)
    }
}

/// What a change sends, for a merge request or an issue.
pub(super) fn changed<'a>(change: &'a TextChange, title: Option<&'a str>, labels: &'a str) -> Changed<'a> {
    Changed {
        title,
        description: change.body.as_deref(),
        state_event: change.open.map(|open| if open { "reopen" } else { "close" }),
        add_labels: labels,
    }
}

/// Labels as GitLab takes them: in one text, told apart by commas, so that none can have one.
pub(super) fn labels(labels: &[String]) -> String {
    labels.iter().map(|label| label.replace(',', " ")).collect::<Vec<_>>().join(",")
}

pub(super) fn state_of(word: &str) -> PullRequestState {
    match word {
        "closed" => PullRequestState::Closed,
        // One that is locked is being merged.
        "merged" | "locked" => PullRequestState::Merged,
        _ => PullRequestState::Open,
    }
}

fn what(number: u64) -> String {
    Thing::PullRequest(number).to_string()
}

fn already_exists(error: &HttpError) -> bool {
    error.status() == Some(409) || said(error).contains("already exists")
}

fn is_draft(one: &MergeRequest) -> bool {
    one.draft || one.work_in_progress
}

fn reached(now: &MergeRequest, open: Option<bool>) -> bool {
    match open {
        None => true,
        Some(open) => {
            state_of(&now.state) == if open { PullRequestState::Open } else { PullRequestState::Closed }
        }
    }
}

/// A title that says whether it is a draft, once.
fn titled(title: &str, draft: bool) -> String {
    let bare = without_draft(title);
    if draft { format!("{DRAFT}{bare}") } else { title.to_owned() }
}

/// A title without the words by which GitLab knows a draft.
fn without_draft(title: &str) -> &str {
    let mut rest = title.trim_start();
    loop {
        let next = ["draft:", "[draft]", "(draft)", "wip:", "[wip]"].iter().find_map(|word| {
            let (head, tail) = rest.split_at_checked(word.len())?;
            head.eq_ignore_ascii_case(word).then(|| tail.trim_start())
        });
        match next {
            Some(next) => rest = next,
            None => return rest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_said_once_in_its_title() {
        assert_eq!(titled("Fixes", true), "Draft: Fixes");
        assert_eq!(titled("Fixes", false), "Fixes");
        for title in ["Draft: Fixes", "[Draft] Fixes", "draft: (DRAFT)  Fixes", " WIP: Fixes"] {
            assert_eq!(without_draft(title), "Fixes", "{title}");
            assert_eq!(titled(title, true), "Draft: Fixes", "{title}");
        }
        for title in ["", "Drafty: x", "drä", "é"] {
            assert_eq!(without_draft(title), title);
        }
    }

    #[test]
    fn states_are_the_ports() {
        for (word, state) in [
            ("opened", PullRequestState::Open),
            ("closed", PullRequestState::Closed),
            ("merged", PullRequestState::Merged),
            ("locked", PullRequestState::Merged),
            ("reopened", PullRequestState::Open),
        ] {
            assert_eq!(state_of(word), state, "{word}");
        }
        assert_eq!(labels(&["a,b".into(), "c d".into()]), "a b,c d");
    }
}
