//! Pull requests: finding, opening, changing, and what they change.

use patchwork_core::change::{ChangeStatus, FileChange, LeftOut, read_diff};
use patchwork_core::port::forge::{
    End, ForgeError, FoundPullRequest, PullRequest, PullRequestChanges, PullRequestCommit, PullRequestSpec,
    PullRequestState, Query, TextChange, Thing,
};

use super::wire::{ChangedPull, Endpoint, FileStat, Hash, Name, NewEndpoint, NewPull, Pull};
use super::{Bitbucket, PER_PAGE};
use crate::forge::wire::is_page;
use crate::http::{Call, HttpError};

/// Digits of a whole commit id.
const WHOLE: usize = 40;

/// Files on a page of those that changed.
const FILES: &str = "500";

impl Bitbucket {
    /// The open pull request of these branches, both of this repository.
    pub(super) async fn find_open(&self, base: &str, head: &str) -> Result<Option<Pull>, ForgeError> {
        let quoted = |name: &str| format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""));
        let query = format!(
            "state=\"OPEN\" AND source.branch.name={} AND destination.branch.name={}",
            quoted(head),
            quoted(base)
        );
        let call = Call::get(self.at(["pullrequests"]).await?).query("q", query);
        let ours = self.read_repository().await?.full_name.clone();
        let is_it = |pull: &Pull| {
            let source = pull.source.repository.as_ref();
            pull.state == "OPEN"
                && branch_of(&pull.source) == head
                && branch_of(&pull.destination) == base
                && source.is_some_and(|source| source.full_name.eq_ignore_ascii_case(&ours))
        };
        let listed = self.list(&call, PER_PAGE, 1, is_it).await;
        Ok(listed.map_err(|error| self.explain(error, "look for a pull request"))?.items.pop())
    }

    pub(super) async fn read_pull(&self, number: u64) -> Result<Pull, ForgeError> {
        let call = Call::get(self.at(["pullrequests", &number.to_string()]).await?);
        let read = self.http.call(&call).await;
        read.map_err(|error| self.explain_of(error, "read the pull request", &what(number)))
    }

    pub(super) async fn list_pulls(&self, query: &Query) -> Result<Vec<FoundPullRequest>, ForgeError> {
        let states: &[&str] = match query.state {
            Some(PullRequestState::Open) => &["OPEN"],
            Some(PullRequestState::Closed) => &["DECLINED", "SUPERSEDED"],
            Some(PullRequestState::Merged) => &["MERGED"],
            None => &["OPEN", "MERGED", "DECLINED", "SUPERSEDED"],
        };
        let call = Call::get(self.at(["pullrequests"]).await?).query("sort", "-created_on");
        let call = states.iter().fold(call, |call, state| call.query("state", *state));
        let listed = self.list::<Pull>(&call, PER_PAGE, query.limit, |_| true).await;
        let listed = listed.map_err(|error| self.explain(error, "list pull requests"))?;
        let mut found = Vec::with_capacity(listed.items.len());
        for pull in listed.items {
            found.push(self.found(pull).await?);
        }
        Ok(found)
    }

    /// Opens a pull request. For branches that have an open one Bitbucket changes that one, and says nothing of it.
    pub(super) async fn make_pull(&self, spec: &PullRequestSpec) -> Result<FoundPullRequest, ForgeError> {
        let explain = |error| self.explain(error, "open the pull request");
        if self.find_open(&spec.base, &spec.head).await?.is_some() {
            let what = format!("a pull request of {} into {}", spec.head, spec.base);
            return Err(ForgeError::Exists { what });
        }
        let end = |name| NewEndpoint { branch: Name { name } };
        let new = NewPull {
            title: &spec.title,
            description: &spec.body,
            source: end(&spec.head),
            destination: end(&spec.base),
            draft: spec.draft,
            close_source_branch: true,
        };
        let call = Call::post(self.at(["pullrequests"]).await?).json(&new).map_err(explain)?.repeatable();
        match self.http.call::<Pull>(&call).await {
            Ok(made) => {
                self.learn(made.author.as_ref()).await;
                self.found_whole(made).await
            }
            Err(error) => Err(match explain(error) {
                ForgeError::Failed(failure) => failure
                    .hint("both branches must be on Bitbucket and differ by at least one commit")
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
        let text = number.to_string();
        let mut now = self.read_pull(number).await?;
        let state = state_of(&now);
        // What is declined or merged can be neither opened again nor changed.
        let ended = state != PullRequestState::Open;
        let changes_text = change.title.is_some() || change.body.is_some();
        if ended
            && (changes_text
                || change.open == Some(true)
                || (change.open, state) == (Some(false), PullRequestState::Merged))
        {
            return Err(ForgeError::Closed { what: what(number), state });
        }
        if changes_text {
            let changed = ChangedPull { title: change.title.as_deref(), description: change.body.as_deref() };
            let call = Call::put(self.at(["pullrequests", &text]).await?).json(&changed).map_err(explain)?;
            now = self.http.call(&call).await.map_err(explain)?;
        }
        if change.open == Some(false) && !ended {
            let call = Call::post(self.at(["pullrequests", &text, "decline"]).await?);
            now = match self.http.call(&call).await {
                Ok(now) => now,
                Err(error) => {
                    // It may have been merged since, or our first try arrived.
                    let after = self.read_pull(number).await?;
                    match state_of(&after) {
                        PullRequestState::Closed => after,
                        PullRequestState::Merged => {
                            return Err(ForgeError::Closed {
                                what: what(number),
                                state: PullRequestState::Merged,
                            });
                        }
                        PullRequestState::Open => return Err(explain(error)),
                    }
                }
            };
        }
        self.found_whole(now).await
    }

    pub(super) async fn read_changes(&self, number: u64) -> Result<PullRequestChanges, ForgeError> {
        let explain = |error| self.explain_of(error, "read the changes of the pull request", &what(number));
        let text = number.to_string();
        let call = Call::get(self.at(["pullrequests", &text, "diffstat"]).await?);
        let listed = self.list::<FileStat>(&call, FILES, usize::MAX, |_| true).await.map_err(explain)?;
        let call = Call::get(self.at(["pullrequests", &text, "diff"]).await?).header("accept", "*/*");
        let mut read = match self.http.send(&call).await {
            Ok(answer) => answer.text().ok().and_then(|text| read_diff(&text).ok()).unwrap_or_default(),
            // It is too long to be read.
            Err(HttpError::Malformed { .. }) => Vec::new(),
            // That it takes Bitbucket too long to make.
            Err(HttpError::Status { status: 555, .. }) => Vec::new(),
            Err(error) => return Err(explain(error)),
        };
        let files = listed.items.into_iter().filter_map(without_lines).map(|file| {
            match read.iter().position(|one| one.path == file.path) {
                Some(at) => read.swap_remove(at),
                None => file,
            }
        });
        Ok(PullRequestChanges { files: files.collect(), complete: listed.complete })
    }

    pub(super) async fn read_commits(&self, number: u64) -> Result<Vec<PullRequestCommit>, ForgeError> {
        let call = Call::get(self.at(["pullrequests", &number.to_string(), "commits"]).await?);
        let listed = self.list::<Hash>(&call, PER_PAGE, usize::MAX, |_| true).await;
        let listed = listed.map_err(|error| self.explain_of(error, "read the commits", &what(number)))?;
        let newest_first = listed.items.into_iter();
        Ok(newest_first.rev().map(|one| PullRequestCommit { id: one.hash, message: one.message }).collect())
    }

    /// A pull request as the port shows it, with the whole ids of its commits, which Bitbucket cuts.
    pub(super) async fn found_whole(&self, pull: Pull) -> Result<FoundPullRequest, ForgeError> {
        let source = self.whole(&pull.source).await?;
        let destination = self.whole(&pull.destination).await?;
        let mut found = self.found(pull).await?;
        (found.head.commit, found.base.commit) = (source, destination);
        Ok(found)
    }

    async fn whole(&self, end: &Endpoint) -> Result<String, ForgeError> {
        let hash = end.commit.as_ref().map(|commit| commit.hash.clone()).unwrap_or_default();
        if hash.is_empty() || hash.len() >= WHOLE {
            return Ok(hash);
        }
        // Commits of a fork are known in the repository that they are to be merged into.
        let call = Call::get(self.at(["commit", &hash]).await?);
        match self.http.call::<Hash>(&call).await {
            Ok(commit) if commit.hash.starts_with(&hash) => Ok(commit.hash),
            Ok(_) => Ok(String::new()),
            Err(error) if error.status() == Some(404) => Ok(String::new()),
            Err(error) => Err(self.explain(error, "read a commit")),
        }
    }

    async fn found(&self, pull: Pull) -> Result<FoundPullRequest, ForgeError> {
        let url = pull.links.html.as_ref().map(|link| link.href.clone()).filter(|url| is_page(url));
        Ok(FoundPullRequest {
            author: self.who(pull.author.as_ref()).await?,
            state: state_of(&pull),
            pull: PullRequest {
                number: pull.id,
                url: url.unwrap_or_else(|| self.page_of(Thing::PullRequest(pull.id))),
            },
            title: pull.title,
            body: pull.description,
            draft: pull.draft,
            base: end(pull.destination),
            head: end(pull.source),
            labels: Vec::new(),
        })
    }
}

fn what(number: u64) -> String {
    Thing::PullRequest(number).to_string()
}

fn branch_of(end: &Endpoint) -> &str {
    end.branch.as_ref().map_or("", |branch| &branch.name)
}

fn end(end: Endpoint) -> End {
    let commit = end.commit.as_ref().map(|commit| commit.hash.clone());
    End {
        branch: branch_of(&end).to_owned(),
        commit: commit.filter(|hash| hash.len() >= WHOLE).unwrap_or_default(),
        repository: end.repository.map(|repository| repository.full_name),
    }
}

fn state_of(pull: &Pull) -> PullRequestState {
    match pull.state.as_str() {
        "MERGED" => PullRequestState::Merged,
        "DECLINED" | "SUPERSEDED" => PullRequestState::Closed,
        _ => PullRequestState::Open,
    }
}

/// A changed file of which the lines are not known; none without a name.
fn without_lines(file: FileStat) -> Option<FileChange> {
    let status = match file.status.as_str() {
        "added" => ChangeStatus::Added,
        "removed" => ChangeStatus::Deleted,
        "renamed" => ChangeStatus::Renamed,
        _ => ChangeStatus::Modified,
    };
    let (old, new) = (file.old.map(|old| old.path), file.new.map(|new| new.path));
    Some(FileChange {
        path: new.clone().or_else(|| old.clone()).filter(|path| !path.is_empty())?,
        old_path: old.filter(|_| status == ChangeStatus::Renamed),
        status,
        binary: false,
        old_mode: None,
        new_mode: None,
        hunks: Vec::new(),
        left_out: Some(LeftOut::NotGiven),
        additions: 0,
        deletions: 0,
    })
}
