//! Pull requests.

use futures_util::{StreamExt, TryStreamExt, stream};
use patchwork_core::port::forge::ensure::one_line;
use patchwork_core::port::forge::{
    End, ForgeError, FoundPullRequest, PullRequest as Named, PullRequestSpec, PullRequestState, Query,
    TextChange, Thing,
};

use super::explain::says;
use super::wire::{Changed, NewLabel, NewPullRequest, PullRequest};
use super::{Azure, branch_of, ref_of};

/// Characters of a description that lists show.
const SHOWN: usize = 400;

/// Characters of a label.
const LABEL_LIMIT: usize = 256;

/// Pull requests that are read at the same time.
const AT_ONCE: usize = 4;

impl Azure {
    /// The open pull request of these branches. One of a fork may have the same names.
    pub(super) async fn find_open(
        &self,
        base: &str,
        head: &str,
    ) -> Result<Option<FoundPullRequest>, ForgeError> {
        let call = self
            .get(self.at(["pullrequests"]))
            .query("searchCriteria.status", "active")
            .query("searchCriteria.sourceRefName", ref_of(head))
            .query("searchCriteria.targetRefName", ref_of(base));
        let listed = self.list::<PullRequest>(&call, usize::MAX).await;
        let (listed, _) = listed.map_err(|error| self.explain(error, "list pull requests"))?;
        let ours = |one: &PullRequest| {
            one.status == "active"
                && branch_of(&one.source_ref_name) == head
                && branch_of(&one.target_ref_name) == base
                && one.fork_source.is_none()
        };
        match listed.iter().find(|one| ours(one)) {
            // Lists show the beginning of a description, and no labels.
            Some(one) => Ok(Some(self.found(self.read_pull(one.pull_request_id).await?).await?)),
            None => Ok(None),
        }
    }

    pub(super) async fn read_pull(&self, number: u64) -> Result<PullRequest, ForgeError> {
        let read = self.call(&self.get(self.of_pull(number, []))).await;
        read.map_err(|error| self.explain_of(error, "read the pull request", &what(number)))
    }

    pub(super) async fn list_pulls(&self, query: &Query) -> Result<Vec<FoundPullRequest>, ForgeError> {
        let status = match query.state {
            Some(PullRequestState::Open) => "active",
            Some(PullRequestState::Closed) => "abandoned",
            Some(PullRequestState::Merged) => "completed",
            None => "all",
        };
        let call = self.get(self.at(["pullrequests"])).query("searchCriteria.status", status);
        let listed = self.list::<PullRequest>(&call, query.limit).await;
        let (listed, _) = listed.map_err(|error| self.explain(error, "list pull requests"))?;
        let whole = |one: PullRequest| async move {
            let cut = one.description.chars().count() >= SHOWN;
            let one = if cut { self.read_pull(one.pull_request_id).await? } else { one };
            self.found(one).await
        };
        stream::iter(listed).map(whole).buffered(AT_ONCE).try_collect().await
    }

    pub(super) async fn make_pull(&self, spec: &PullRequestSpec) -> Result<FoundPullRequest, ForgeError> {
        let explain = |error| self.explain(error, "open the pull request");
        let labels = labels(&spec.labels);
        let new = NewPullRequest {
            source_ref_name: ref_of(&spec.head),
            target_ref_name: ref_of(&spec.base),
            title: &spec.title,
            description: &spec.body,
            is_draft: spec.draft,
            labels: labels.iter().map(|name| NewLabel { name }).collect(),
        };
        // A second active pull request of the same branches is refused: trying again makes no second one.
        let call = self.post(self.at(["pullrequests"])).json(&new).map_err(explain)?.repeatable();
        match self.call(&call).await {
            Ok(made) => self.found(made).await,
            Err(error) if says(&error, &["TF401179", "GitPullRequestExists"]) => {
                let what = format!("a pull request of {} into {}", spec.head, spec.base);
                Err(ForgeError::Exists { what })
            }
            Err(error) => {
                let branches = says(&error, &["TF401398"]) || error.status() == Some(400);
                Err(match explain(error) {
                    ForgeError::Failed(failure) if branches => {
                        failure.hint("both branches must be on Azure DevOps").into()
                    }
                    other => other,
                })
            }
        }
    }

    pub(super) async fn change_pull(
        &self,
        number: u64,
        change: &TextChange,
    ) -> Result<FoundPullRequest, ForgeError> {
        let explain = |error| self.explain_of(error, "change the pull request", &what(number));
        let status = change.open.map(|open| if open { "active" } else { "abandoned" });
        let (title, description) = (change.title.as_deref(), change.body.as_deref());
        if status.is_some() || title.is_some() || description.is_some() {
            let changed = Changed { title, description, status };
            let call = self.patch(self.of_pull(number, [])).json(&changed).map_err(explain)?;
            if let Err(error) = self.call::<PullRequest>(&call).await {
                return Err(self.unless_over(number, change.open, explain(error)).await);
            }
        }
        for name in labels(&change.labels) {
            let call = self.post(self.of_pull(number, ["labels"])).json(&NewLabel { name: &name });
            self.answer(&call.map_err(explain)?.repeatable()).await.map_err(explain)?;
        }
        self.found(self.read_pull(number).await?).await
    }

    /// The refusal of a change, told as what it is when the pull request came to its end meanwhile.
    async fn unless_over(&self, number: u64, open: Option<bool>, refused: ForgeError) -> ForgeError {
        let state = match self.read_pull(number).await {
            Ok(now) => state_of(&now.status),
            Err(_) => return refused,
        };
        let over = match open {
            // One that is completed stays so; one that was abandoned can be taken up.
            Some(_) => state == PullRequestState::Merged,
            None => state != PullRequestState::Open,
        };
        if over { ForgeError::Closed { what: what(number), state } } else { refused }
    }

    /// A pull request as the port shows it.
    pub(super) async fn found(&self, one: PullRequest) -> Result<FoundPullRequest, ForgeError> {
        let number = one.pull_request_id;
        let here = one.repository.as_ref().filter(|repository| !repository.name.is_empty());
        let here = here.map_or_else(|| self.full_name(), |repository| self.name_of(repository));
        let source = match one.fork_source {
            None => Some(here.clone()),
            Some(fork) => fork.repository.filter(|one| !one.name.is_empty()).map(|one| self.name_of(&one)),
        };
        Ok(FoundPullRequest {
            pull: Named { number, url: self.page_of(Thing::PullRequest(number)) },
            title: one.title,
            body: one.description,
            state: state_of(&one.status),
            draft: one.is_draft,
            author: self.account_of(one.created_by.as_ref()).await?,
            base: End {
                branch: branch_of(&one.target_ref_name).to_owned(),
                commit: one.last_merge_target_commit.commit_id,
                repository: Some(here),
            },
            head: End {
                branch: branch_of(&one.source_ref_name).to_owned(),
                commit: one.last_merge_source_commit.commit_id,
                repository: source,
            },
            labels: one
                .labels
                .into_iter()
                .filter(|one| one.active != Some(false))
                .map(|one| one.name)
                .collect(),
        })
    }
}

fn what(number: u64) -> String {
    Thing::PullRequest(number).to_string()
}

/// Labels as Azure DevOps takes them: semicolons and commas stand between two.
pub(super) fn labels(wanted: &[String]) -> Vec<String> {
    let clean = wanted.iter().map(|label| one_line(&label.replace([',', ';'], " "), LABEL_LIMIT));
    clean.filter(|label| !label.is_empty()).collect()
}

fn state_of(status: &str) -> PullRequestState {
    match status {
        "completed" => PullRequestState::Merged,
        "abandoned" => PullRequestState::Closed,
        _ => PullRequestState::Open,
    }
}
