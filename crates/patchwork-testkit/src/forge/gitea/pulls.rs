//! Pull requests: what they say and what they change.

use patchwork_core::change::ChangeStatus;
use serde_json::{Value, json};

use super::{issues, label, may_write, page, refusal, repository, user};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Pull, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    match request.operation {
        "repoListPullRequests" => return list(state, request),
        "repoCreatePullRequest" => return create(state, request),
        "repoEditPullRequest" => return update(state, request),
        "repoGetPullRequestByBaseHead" => {
            let (base, head) = (request.path("base"), request.path("head"));
            let twin = state.pulls.iter().find(|pull| is_twin(state, pull, base, head));
            return twin.map_or_else(missing, |pull| Answer::json(200, &show(state, pull)));
        }
        _ => {}
    }
    let Some(pull) = state.pull(request.number("index")) else { return missing() };
    match request.operation {
        "repoGetPullRequest" => Answer::json(200, &show(state, pull)),
        "repoDownloadPullDiffOrPatch" => {
            let text: String = pull.files.iter().map(|file| file.to_unified()).collect();
            let mut answer = Answer { body: text, ..Answer::empty(200) };
            answer.headers.push(("content-type".into(), "text/plain; charset=utf-8".into()));
            answer
        }
        "repoGetPullRequestFiles" => page(state, request, &pull.files, |file| {
            let status = match file.status {
                ChangeStatus::Added => "added",
                ChangeStatus::Deleted => "deleted",
                ChangeStatus::Renamed => "renamed",
                ChangeStatus::Copied => "copied",
                ChangeStatus::Modified | ChangeStatus::TypeChanged => "changed",
            };
            json!({
                "filename": file.path, "previous_filename": file.old_path, "status": status, "additions": file.additions,
                "deletions": file.deletions, "changes": file.additions + file.deletions,
            })
        }),
        "repoGetPullRequestCommits" => {
            let newest_first: Vec<&(String, String)> = pull.commits.iter().rev().collect();
            page(
                state,
                request,
                &newest_first,
                |(id, text)| json!({ "sha": id, "commit": { "message": text } }),
            )
        }
        _ => missing(),
    }
}

fn missing() -> Answer {
    refusal(404, "The target couldn't be found.")
}

fn is_twin(state: &State, pull: &Pull, base: &str, head: &str) -> bool {
    pull.open && pull.head == head && pull.base == base && pull.head_repository == state.slug
}

fn list(state: &State, request: &Request) -> Answer {
    let wanted = request.param("state").unwrap_or("open");
    let found: Vec<&Pull> =
        state.pulls.iter().rev().filter(|pull| wanted == "all" || pull.open == (wanted == "open")).collect();
    page(state, request, &found, |pull| show(state, pull))
}

fn create(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = may_write(state, "repository") {
        return refused;
    }
    let text = |name: &str| request.text(name).unwrap_or_default();
    let (head, base) = (text("head"), text("base"));
    if state.gone.iter().any(|gone| gone == head || gone == base) {
        return missing();
    }
    if head == base {
        return refusal(422, "Invalid PullRequest: There are no changes between the head and the base");
    }
    if let Some(twin) = state.pulls.iter().find(|pull| is_twin(state, pull, base, head)) {
        let number = twin.number;
        return refusal(
            409,
            &format!(
                "pull request already exists for these targets [id: {number}, issue_id: {number}, head_branch: {head}]"
            ),
        );
    }
    let (title, draft) = titled(text("title"));
    let mut pull = Pull { draft, ..state.new_pull(base, head, &title, text("body")) };
    pull.labels = issues::named(state, request);
    let number = state.add_pull(pull);
    let shown = state.pull(number).map(|pull| show(state, pull)).unwrap_or_default();
    Answer::json(201, &shown)
}

fn update(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = may_write(state, "repository") {
        return refused;
    }
    let Some(pull) = state.pull_mut(request.number("index")) else { return missing() };
    if pull.merged && request.text("state").is_some() {
        return refusal(412, "cannot change state of this pull request, it was already merged");
    }
    if let Some(title) = request.text("title") {
        (pull.title, pull.draft) = titled(title);
    }
    if let Some(body) = request.text("body") {
        pull.body = body.to_owned();
    }
    if let Some(wanted) = request.text("state") {
        pull.open = wanted == "open";
    }
    let number = pull.number;
    Answer::json(201, &state.pull(number).map(|pull| show(state, pull)).unwrap_or_default())
}

/// A title without what says that it is a draft.
fn titled(title: &str) -> (String, bool) {
    match title.strip_prefix("WIP:") {
        Some(rest) => (rest.trim_start().to_owned(), true),
        None => (title.to_owned(), false),
    }
}

fn show(state: &State, pull: &Pull) -> Value {
    let head = match pull.head_repository.as_str() {
        "" => json!({
            "label": pull.head, "ref": format!("refs/pull/{}/head", pull.number), "sha": pull.head_commit, "repo_id": -1,
            "repo": null,
        }),
        slug => json!({
            "label": pull.head, "ref": pull.head, "sha": pull.head_commit, "repo_id": 1, "repo": repository(state, slug),
        }),
    };
    json!({
        "id": pull.number + 5000,
        "number": pull.number,
        "html_url": format!("{}/{}/pulls/{}", state.url, state.slug, pull.number),
        "title": if pull.draft { format!("WIP: {}", pull.title) } else { pull.title.clone() },
        "body": pull.body,
        "state": if pull.open { "open" } else { "closed" },
        "merged": pull.merged,
        "merged_at": if pull.merged { json!("2026-01-02T03:04:05Z") } else { Value::Null },
        "draft": pull.draft,
        "is_locked": pull.locked,
        "user": user(&pull.author),
        "labels": pull.labels.iter().map(|name| label(name)).collect::<Vec<_>>(),
        "base": {
            "label": pull.base, "ref": pull.base, "sha": pull.base_commit, "repo_id": 1,
            "repo": repository(state, &state.slug),
        },
        "head": head,
    })
}
