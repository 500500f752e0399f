//! Pull requests: finding, opening, changing, and what they change.

use patchwork_core::change::{ChangeStatus, FileChange, LeftOut, read_diff};
use patchwork_core::port::forge::{
    End, ForgeError, FoundPullRequest, PullRequest, PullRequestChanges, PullRequestCommit, PullRequestSpec,
    PullRequestState, Query, TextChange, Thing,
};

use super::wire::{Branch, Changed, ChangedFile, Commit, NewPull, Pull};
use super::{DRAFT, Gitea};
use crate::forge::wire::is_page;
use crate::http::{Call, HttpError};

impl Gitea {
    /// The open pull request of these branches, both of this repository.
    pub(super) async fn find_open(
        &self,
        base: &str,
        head: &str,
    ) -> Result<Option<FoundPullRequest>, ForgeError> {
        let pull: Pull = match self.http.call(&Call::get(self.at(["pulls", base, head]).await?)).await {
            Ok(pull) => pull,
            Err(error) if error.status() == Some(404) => return Ok(None),
            Err(error) => return Err(self.explain(error, "look for a pull request")),
        };
        let found = self.found(pull).await?;
        let ours = found.state == PullRequestState::Open
            && (found.base.branch.as_str(), found.head.branch.as_str()) == (base, head)
            && !found.is_from_elsewhere();
        Ok(Some(found).filter(|_| ours))
    }

    pub(super) async fn read_pull(&self, number: u64) -> Result<Pull, ForgeError> {
        let call = Call::get(self.at(["pulls", &number.to_string()]).await?);
        let read = self.http.call(&call).await;
        read.map_err(|error| self.explain_of(error, "read the pull request", &what(number)))
    }

    pub(super) async fn list_pulls(&self, query: &Query) -> Result<Vec<FoundPullRequest>, ForgeError> {
        let state = match query.state {
            Some(PullRequestState::Open) => "open",
            Some(PullRequestState::Closed | PullRequestState::Merged) => "closed",
            None => "all",
        };
        // Without an order Gitea gives the newest first.
        let call = Call::get(self.at(["pulls"]).await?).query("state", state);
        let wanted = |pull: &Pull| query.state.is_none_or(|state| state_of(pull) == state);
        let listed = self.list(&call, query.limit, wanted).await;
        let listed = listed.map_err(|error| self.explain(error, "list pull requests"))?;
        let mut found = Vec::with_capacity(listed.items.len());
        for pull in listed.items {
            found.push(self.found(pull).await?);
        }
        Ok(found)
    }

    pub(super) async fn make_pull(&self, spec: &PullRequestSpec) -> Result<FoundPullRequest, ForgeError> {
        let explain = |error| self.explain(error, "open the pull request");
        let labels = self.label_ids(&spec.labels).await?;
        let title =
            if spec.draft { format!("{DRAFT}{}", without_draft(&spec.title)) } else { spec.title.clone() };
        let new =
            NewPull { base: &spec.base, head: &spec.head, title: &title, body: &spec.body, labels: &labels };
        // Gitea refuses a second pull request of the same branches: trying again makes no second one.
        let call = Call::post(self.at(["pulls"]).await?).json(&new).map_err(explain)?.repeatable();
        match self.http.call(&call).await {
            Ok(made) => self.found(made).await,
            Err(error) if error.status() == Some(409) => {
                let what = format!("a pull request of {} into {}", spec.head, spec.base);
                Err(ForgeError::Exists { what })
            }
            // The repository is known by now: it is a branch that is not there.
            Err(error) if error.status() == Some(404) => {
                let what = format!("branch {} or {}", spec.base, spec.head);
                Err(self.explain_of(error, "open the pull request", &what))
            }
            Err(error) => Err(match explain(error) {
                ForgeError::Failed(failure) => failure
                    .hint("both branches must be on the forge and differ by at least one commit")
                    .into(),
                other => other,
            }),
        }
    }

    pub(super) async fn change_pull(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundPullRequest, ForgeError> {
        let explain = |error| self.explain_of(error, "change the pull request", &what(number));
        let labels = self.add_labels(number, &change.labels).await?;
        let before = self.read_pull(number).await?;
        let draft = before.draft || without_draft(&before.title) != before.title;
        // A draft stays one: only its title says that it is.
        let title = change.title.as_deref().map(|title| match draft {
            true => format!("{DRAFT}{}", without_draft(title)),
            false => title.to_owned(),
        });
        let mut changed = changed(change);
        changed.title = title.as_deref();
        if changed == Changed::default() {
            return self.found(Pull { labels: labels.unwrap_or(before.labels.clone()), ..before }).await;
        }
        if let (Some(_), PullRequestState::Merged) = (change.open, state_of(&before)) {
            return Err(ForgeError::Closed { what: what(number), state: PullRequestState::Merged });
        }
        let call =
            Call::patch(self.at(["pulls", &number.to_string()]).await?).json(&changed).map_err(explain)?;
        match self.http.call::<Pull>(&call).await {
            Ok(now) => self.found(Pull { labels: labels.unwrap_or(now.labels.clone()), ..now }).await,
            // Merged since we looked.
            Err(error) if error.status() == Some(412) => {
                Err(ForgeError::Closed { what: what(number), state: PullRequestState::Merged })
            }
            Err(error) => Err(explain(error)),
        }
    }

    pub(super) async fn read_changes(&self, number: u64) -> Result<PullRequestChanges, ForgeError> {
        let explain = |error| self.explain_of(error, "read the changes of the pull request", &what(number));
        let call = Call::get(self.at(["pulls", &format!("{number}.diff")]).await?).header("accept", "*/*");
        let diff = match self.http.send(&call).await {
            Ok(answer) => answer.text().ok().and_then(|text| read_diff(&text).ok()),
            Err(HttpError::Malformed { .. }) => None,
            Err(error) => return Err(explain(error)),
        };
        if let Some(files) = diff {
            return Ok(PullRequestChanges { files, complete: true });
        }
        // It is too long to be read, or names files that are not UTF-8.
        let call = Call::get(self.at(["pulls", &number.to_string(), "files"]).await?);
        let listed = self.list::<ChangedFile>(&call, usize::MAX, |_| true).await.map_err(explain)?;
        let files = listed.items.into_iter().map(without_lines).collect();
        Ok(PullRequestChanges { files, complete: listed.complete })
    }

    pub(super) async fn read_commits(&self, number: u64) -> Result<Vec<PullRequestCommit>, ForgeError> {
        let call = Call::get(self.at(["pulls", &number.to_string(), "commits"]).await?)
            .query("verification", "false")
            .query("files", "false");
        let listed = self.list::<Commit>(&call, usize::MAX, |_| true).await;
        let listed = listed.map_err(|error| self.explain_of(error, "read the commits", &what(number)))?;
        let commit = |one: Commit| PullRequestCommit {
            id: one.sha,
            message: one.commit.map(|commit| commit.message).unwrap_or_default(),
        };
        let newest_first = listed.items.into_iter();
        Ok(newest_first.rev().map(commit).collect())
    }

    /// A pull request as the port shows it.
    pub(super) async fn found(&self, pull: Pull) -> Result<FoundPullRequest, ForgeError> {
        let draft = pull.draft || without_draft(&pull.title) != pull.title;
        let page = self.page_of(Thing::PullRequest(pull.number));
        Ok(FoundPullRequest {
            author: self.who(pull.user.as_ref()).await?,
            state: state_of(&pull),
            pull: PullRequest {
                number: pull.number,
                url: if is_page(&pull.html_url) { pull.html_url } else { page },
            },
            title: if draft { without_draft(&pull.title).to_owned() } else { pull.title },
            body: pull.body,
            draft,
            base: end(pull.base),
            head: end(pull.head),
            labels: pull.labels.into_iter().map(|label| label.name).collect(),
        })
    }
}

/// What a change sends, without labels.
pub(super) fn changed(change: &TextChange) -> Changed<'_> {
    Changed {
        title: change.title.as_deref(),
        body: change.body.as_deref(),
        state: change.open.map(|open| if open { "open" } else { "closed" }),
    }
}

fn what(number: u64) -> String {
    Thing::PullRequest(number).to_string()
}

fn end(end: Branch) -> End {
    let branch = if end.reference.starts_with("refs/") { end.label } else { end.reference };
    End { branch, commit: end.sha, repository: end.repo.map(|repository| repository.full_name) }
}

fn state_of(pull: &Pull) -> PullRequestState {
    match (pull.merged, pull.state.as_str()) {
        (true, _) => PullRequestState::Merged,
        (false, "closed") => PullRequestState::Closed,
        _ => PullRequestState::Open,
    }
}

fn without_lines(file: ChangedFile) -> FileChange {
    let status = match file.status.as_str() {
        "added" => ChangeStatus::Added,
        "deleted" | "removed" => ChangeStatus::Deleted,
        "renamed" => ChangeStatus::Renamed,
        "copied" => ChangeStatus::Copied,
        _ => ChangeStatus::Modified,
    };
    let moved = matches!(status, ChangeStatus::Renamed | ChangeStatus::Copied);
    FileChange {
        path: file.filename,
        old_path: file.previous_filename.filter(|old| moved && !old.is_empty()),
        status,
        binary: false,
        old_mode: None,
        new_mode: None,
        hunks: Vec::new(),
        left_out: Some(LeftOut::NotGiven),
        additions: 0,
        deletions: 0,
    }
}

/// A title without the words by which Gitea knows a draft.
fn without_draft(title: &str) -> &str {
    let mut rest = title;
    loop {
        let next = ["WIP:", "[WIP]"].iter().find_map(|word| {
            let (head, tail) = rest.split_at_checked(word.len())?;
            head.eq_ignore_ascii_case(word).then(|| tail.trim_start())
        });
        match next {
            Some(next) => rest = next,
            None => return rest,
        }
    }
}
