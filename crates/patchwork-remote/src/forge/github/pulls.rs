//! Pull requests: finding, opening, changing, and what they change.

use patchwork_core::change::{ChangeStatus, FileChange, LeftOut, LineKind, read_hunks};
use patchwork_core::port::forge::{
    End, ForgeError, FoundPullRequest, PullRequest, PullRequestChanges, PullRequestCommit, PullRequestSpec,
    PullRequestState, Query, TextChange,
};

use super::explain::remarks;
use super::wire::{Changed, Commit, File, NewPull, Pull};
use super::{GitHub, wire};
use crate::http::{Call, PER_PAGE};

/// Files of a pull request that GitHub lists.
const MAX_FILES: usize = 3_000;

/// The blob of every empty file.
const EMPTY_BLOB: &str = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";

impl GitHub {
    /// The open pull request with this head and base.
    pub(super) async fn find_pull(&self, base: &str, head: &str) -> Result<Option<Pull>, ForgeError> {
        let (owner, name) = self.current().await?;
        let call = Call::get(self.at(["pulls"]).await?)
            .query("state", "open")
            .query("head", format!("{owner}:{head}"))
            .query("base", base)
            .query("per_page", PER_PAGE);
        let http = self.http().await?;
        let found = http.list::<Pull>(&call, usize::MAX).await;
        let found = found.map_err(|error| self.explain(error, "list pull requests"))?;
        // The filters are the server's; some servers ignore them, and a fork may have a branch of the same name.
        let ours = format!("{owner}/{name}");
        Ok(found.items.into_iter().find(|pull| {
            let repository = pull.head.repo.as_ref();
            pull.head.branch == head
                && pull.base.branch == base
                && repository.is_some_and(|r| r.full_name.eq_ignore_ascii_case(&ours))
        }))
    }

    pub(super) async fn read_pull(&self, number: u64) -> Result<Pull, ForgeError> {
        let call = Call::get(self.at(["pulls", &number.to_string()]).await?);
        let read = self.http().await?.call(&call).await;
        read.map_err(|error| {
            self.explain_of(error, "read the pull request", &format!("pull request {number}"))
        })
    }

    pub(super) async fn list_pulls(&self, query: &Query) -> Result<Vec<FoundPullRequest>, ForgeError> {
        let state = match query.state {
            Some(PullRequestState::Open) => "open",
            Some(PullRequestState::Closed | PullRequestState::Merged) => "closed",
            None => "all",
        };
        let call = Call::get(self.at(["pulls"]).await?)
            .query("state", state)
            .query("sort", "created")
            .query("direction", "desc")
            .query("per_page", PER_PAGE);
        let wanted = |pull: &Pull| query.state.is_none_or(|state| state_of(pull) == state);
        let pick = |page: Vec<Pull>| page.into_iter().filter(wanted).collect();
        let listed = self.http().await?.list_in(&call, query.limit, pick).await;
        let listed = listed.map_err(|error| self.explain(error, "list pull requests"))?;
        let mut found = Vec::new();
        for pull in listed.items {
            found.push(self.found(pull).await?);
        }
        Ok(found)
    }

    pub(super) async fn open_pull(&self, spec: &PullRequestSpec) -> Result<FoundPullRequest, ForgeError> {
        let new = NewPull {
            title: &spec.title,
            head: &spec.head,
            base: &spec.base,
            body: &spec.body,
            draft: spec.draft,
        };
        // GitHub refuses a second pull request with the same head and base: trying again makes no second one.
        let call = |new: &NewPull<'_>, path| Call::post(path).json(new).map(Call::repeatable);
        let http = self.http().await?;
        let path = self.at(["pulls"]).await?;
        let explain = |error| self.explain(error, "open the pull request");
        let mut opened = http.call::<Pull>(&call(&new, path.clone()).map_err(explain)?).await;
        if let Err(error) = &opened
            && spec.draft
            && remarks(error, &["draft"])
        {
            let ready = NewPull { draft: false, ..new };
            opened = http.call(&call(&ready, path).map_err(explain)?).await;
        }
        let mut pull = match opened {
            Ok(pull) => pull,
            Err(error) if remarks(&error, &["already exists"]) => {
                let what = format!("a pull request of {} into {}", spec.head, spec.base);
                return Err(ForgeError::Exists { what });
            }
            Err(error) => return Err(branches(explain(error))),
        };
        if !spec.labels.is_empty() {
            pull.labels = self.add_labels(pull.number, &spec.labels).await?;
        }
        self.found(pull).await
    }

    pub(super) async fn change_pull(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundPullRequest, ForgeError> {
        let changed = changed(change);
        let labels = match change.labels.as_slice() {
            [] => None,
            labels => Some(self.add_labels(number, labels).await?),
        };
        let mut pull = if changed == Changed::default() {
            self.read_pull(number).await?
        } else {
            let explain =
                |error| self.explain_of(error, "change the pull request", &format!("pull request {number}"));
            let path = self.at(["pulls", &number.to_string()]).await?;
            let call = Call::patch(path).json(&changed).map_err(explain)?;
            match self.http().await?.call(&call).await {
                Ok(pull) => pull,
                // What is merged can be neither opened nor closed any more.
                Err(error) if change.open.is_some() && remarks(&error, &["merged"]) => {
                    let what = format!("pull request {number}");
                    return Err(ForgeError::Closed { what, state: PullRequestState::Merged });
                }
                Err(error) => return Err(explain(error)),
            }
        };
        pull.labels = labels.unwrap_or(pull.labels);
        self.found(pull).await
    }

    /// Adds labels; answers all that are there now. GitHub makes those that the repository does not have.
    pub(super) async fn add_labels(
        &self,
        number: u64,
        labels: &[String],
    ) -> Result<Vec<wire::Label>, ForgeError> {
        let explain = |error| self.explain_of(error, "add labels", &format!("issue {number}"));
        let path = self.at(["issues", &number.to_string(), "labels"]).await?;
        // A label that is there is not added twice.
        let call =
            Call::post(path).json(&serde_json::json!({ "labels": labels })).map_err(explain)?.repeatable();
        self.http().await?.call(&call).await.map_err(explain)
    }

    pub(super) async fn list_changes(&self, number: u64) -> Result<PullRequestChanges, ForgeError> {
        let total = self.read_pull(number).await?.changed_files;
        let call =
            Call::get(self.at(["pulls", &number.to_string(), "files"]).await?).query("per_page", PER_PAGE);
        let listed = self.http().await?.list::<File>(&call, MAX_FILES).await;
        let listed = listed.map_err(|error| self.explain(error, "read the changes of the pull request"))?;
        let complete = listed.complete && total.is_none_or(|total| total <= listed.items.len());
        Ok(PullRequestChanges { files: listed.items.into_iter().map(change_of).collect(), complete })
    }

    pub(super) async fn list_commits(&self, number: u64) -> Result<Vec<PullRequestCommit>, ForgeError> {
        let call =
            Call::get(self.at(["pulls", &number.to_string(), "commits"]).await?).query("per_page", PER_PAGE);
        let listed = self.http().await?.list::<Commit>(&call, usize::MAX).await;
        let what = format!("pull request {number}");
        let listed = listed.map_err(|error| self.explain_of(error, "read the commits", &what))?;
        let commit = |commit: Commit| PullRequestCommit { id: commit.sha, message: commit.commit.message };
        Ok(listed.items.into_iter().map(commit).collect())
    }

    /// A pull request as the port has it.
    pub(super) async fn found(&self, pull: Pull) -> Result<FoundPullRequest, ForgeError> {
        let state = state_of(&pull);
        Ok(FoundPullRequest {
            author: self.who(pull.user.as_ref(), &pull.author_association).await?,
            pull: PullRequest { number: pull.number, url: self.page(&pull.html_url, "pull", pull.number) },
            title: pull.title,
            body: pull.body.unwrap_or_default(),
            state,
            draft: pull.draft.unwrap_or(false),
            base: end(pull.base),
            head: end(pull.head),
            labels: pull.labels.into_iter().map(|label| label.name).collect(),
        })
    }
}

/// What a change of a text is for GitHub, without the labels.
pub(super) fn changed(change: &TextChange) -> Changed<'_> {
    Changed {
        title: change.title.as_deref(),
        body: change.body.as_deref(),
        state: change.open.map(|open| if open { "open" } else { "closed" }),
    }
}

/// A failure to open a pull request, with what is usually wrong.
fn branches(error: ForgeError) -> ForgeError {
    match error {
        ForgeError::Failed(failure) => {
            failure.hint("the branches must both be on GitHub and differ by at least one commit").into()
        }
        other => other,
    }
}

fn end(end: wire::End) -> End {
    End { branch: end.branch, commit: end.sha, repository: end.repo.map(|repo| repo.full_name) }
}

fn state_of(pull: &Pull) -> PullRequestState {
    match (&pull.merged_at, pull.state.as_str()) {
        (Some(_), _) => PullRequestState::Merged,
        (None, "closed") => PullRequestState::Closed,
        _ => PullRequestState::Open,
    }
}

/// A changed file. GitHub leaves out the lines of large ones, and of those that are no text.
fn change_of(file: File) -> FileChange {
    let status = match file.status.as_str() {
        "added" => ChangeStatus::Added,
        "removed" => ChangeStatus::Deleted,
        "renamed" => ChangeStatus::Renamed,
        "copied" => ChangeStatus::Copied,
        _ => ChangeStatus::Modified,
    };
    let moved = matches!(status, ChangeStatus::Renamed | ChangeStatus::Copied);
    let lines = file.additions.saturating_add(file.deletions);
    let hunks = file.patch.as_deref().and_then(|patch| read_hunks(patch).ok()).unwrap_or_default();
    let count = |kind| hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == kind).count();
    // What is cut off in the middle is as good as not given: nothing may be said about lines that are not known.
    let whole = u32::try_from(count(LineKind::Added)) == Ok(file.additions)
        && u32::try_from(count(LineKind::Removed)) == Ok(file.deletions);
    let empty = file.sha.as_deref() == Some(EMPTY_BLOB);
    FileChange {
        path: file.filename,
        old_path: file.previous_filename.filter(|_| moved),
        status,
        binary: lines == 0 && file.patch.is_none() && !moved && !empty,
        old_mode: None,
        new_mode: None,
        hunks: if whole { hunks } else { Vec::new() },
        left_out: (!whole).then_some(LeftOut::NotGiven),
        additions: if whole { file.additions } else { 0 },
        deletions: if whole { file.deletions } else { 0 },
    }
}
