//! Pull requests: listing, opening, changing, and what they change.

use serde_json::{Value, json};

use super::{many, number, refusal, show};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Pull, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    match request.operation {
        "pullrequests/list" => return list(state, request),
        "pullrequests/create" => return create(state, request),
        "commits/get" => return commit(state, request),
        _ => {}
    }
    let Some(pull) = state.pull(request.number("pullRequestId")).cloned() else { return none() };
    match request.operation {
        "pullrequests/get" => Answer::json(200, &show::pull(state, &pull, true)),
        "pullrequests/update" => update(state, request, pull),
        "pullrequests/list-commits" => commits(request, &pull),
        "iterations/list" => many(iterations(&pull)),
        "iterations/changes" => changes(request, &pull),
        "labels/create" => {
            let name = request.text("name").unwrap_or_default().to_owned();
            if let Some(pull) = state.pull_mut(pull.number)
                && !pull.labels.contains(&name)
            {
                pull.labels.push(name.clone());
            }
            Answer::json(200, &json!({ "id": show::guid(&name), "name": name, "active": true }))
        }
        _ => Answer::empty(404),
    }
}

/// What there is in place of a pull request that is not there.
pub(super) fn none() -> Answer {
    let text = "TF401180: The requested pull request was not found.";
    refusal(404, text, "GitPullRequestNotFoundException")
}

/// The heads that it had, oldest first: there is an iteration for each.
pub(super) fn heads(pull: &Pull) -> Vec<&str> {
    let before = pull.commits.iter().map(|(id, _)| id.as_str()).filter(|id| *id != pull.head_commit);
    before.chain([pull.head_commit.as_str()]).collect()
}

fn iterations(pull: &Pull) -> Vec<Value> {
    let show = |(head, id): (&str, u64)| {
        json!({
            "id": id, "author": null, "createdDate": show::time(1_769_000_000_000), "reason": "push",
            "sourceRefCommit": { "commitId": head }, "targetRefCommit": { "commitId": pull.base_commit },
            "commonRefCommit": { "commitId": pull.base_commit }, "hasMoreCommits": false,
        })
    };
    heads(pull).into_iter().zip(1..).map(show).collect()
}

fn changes(request: &Request, pull: &Pull) -> Answer {
    let iteration = usize::try_from(request.number("iterationId")).unwrap_or(0);
    if iteration == 0 || iteration > heads(pull).len() {
        return refusal(404, "TF401180: The iteration was not found.", "IterationNotFoundException");
    }
    let all = show::changes(&pull.files);
    let start = number(request, "$skip", 0).min(all.len());
    let end = start.saturating_add(number(request, "$top", 100).min(2000)).min(all.len());
    let mut answer = json!({ "changeEntries": all.get(start..end).unwrap_or_default() });
    if end < all.len()
        && let Some(map) = answer.as_object_mut()
    {
        map.insert("nextSkip".into(), json!(end));
        map.insert("nextTop".into(), json!((all.len() - end).min(2000)));
    }
    Answer::json(200, &answer)
}

/// Lists of commits show the beginning of a message.
fn commits(request: &Request, pull: &Pull) -> Answer {
    let newest_first: Vec<&(String, String)> = pull.commits.iter().rev().collect();
    let start = number(request, "continuationToken", 0).min(newest_first.len());
    let end = start.saturating_add(number(request, "$top", 100)).min(newest_first.len());
    let show = |(id, message): &&(String, String)| {
        let beginning: String = message.lines().next().unwrap_or_default().chars().take(80).collect();
        let mut shown = json!({ "commitId": id, "comment": beginning });
        if beginning != *message
            && let Some(shown) = shown.as_object_mut()
        {
            shown.insert("commentTruncated".into(), json!(true));
        }
        shown
    };
    let mut answer = many(newest_first.get(start..end).unwrap_or_default().iter().map(show).collect());
    if end < newest_first.len() {
        answer.headers.push(("x-ms-continuationtoken".into(), end.to_string()));
    }
    answer
}

fn commit(state: &State, request: &Request) -> Answer {
    let mut all = state.pulls.iter().flat_map(|pull| &pull.commits);
    match all.find(|(id, _)| id == request.path("commitId")) {
        Some((id, message)) => {
            Answer::json(200, &json!({ "commitId": id, "comment": message, "parents": [] }))
        }
        None => refusal(
            404,
            "TF401175: The version descriptor could not be resolved.",
            "GitUnresolvableToCommitException",
        ),
    }
}

fn list(state: &State, request: &Request) -> Answer {
    let asked = |name: &str| request.param(&format!("searchCriteria.{name}"));
    let wanted = asked("status").unwrap_or("active");
    let is =
        |name: &str, branch: &str| asked(name).is_none_or(|asked| asked == format!("refs/heads/{branch}"));
    let mut found: Vec<&Pull> = state
        .pulls
        .iter()
        .filter(|pull| wanted == "all" || show::state_word(pull) == wanted)
        .filter(|pull| is("sourceRefName", &pull.head) && is("targetRefName", &pull.base))
        .collect();
    found.sort_by_key(|pull| std::cmp::Reverse(pull.number));
    let page = found.into_iter().skip(number(request, "$skip", 0)).take(number(request, "$top", 101));
    many(page.map(|pull| show::pull(state, pull, false)).collect())
}

fn create(state: &mut State, request: &Request) -> Answer {
    let branch = |name: &str| {
        let text = request.text(name).unwrap_or_default();
        text.strip_prefix("refs/heads/").map(str::to_owned)
    };
    let (Some(head), Some(base)) = (branch("sourceRefName"), branch("targetRefName")) else {
        return refusal(400, "TF401021: The ref is not a branch.", "InvalidArgumentValueException");
    };
    if let Some(refused) = gone(state, &head, &base) {
        return refused;
    }
    if let Some(refused) = twin(state, &head, &base, 0) {
        return refused;
    }
    let text = |name: &str| request.text(name).unwrap_or_default();
    let mut pull = state.new_pull(&base, &head, text("title"), text("description"));
    pull.draft = request.body.get("isDraft").and_then(Value::as_bool).unwrap_or(false);
    let labels = request.body.get("labels").and_then(Value::as_array).into_iter().flatten();
    pull.labels = labels.filter_map(|label| label.get("name")?.as_str().map(str::to_owned)).collect();
    let number = state.add_pull(pull);
    match state.pull(number) {
        Some(pull) => Answer::json(201, &show::pull(state, pull, true)),
        None => none(),
    }
}

fn gone(state: &State, head: &str, base: &str) -> Option<Answer> {
    let text = "TF401398: The pull request cannot be activated because the source and/or the target branch no longer exists, or the requested refs do not exist.";
    let is_gone = state.gone.iter().any(|gone| gone == head || gone == base);
    is_gone.then(|| refusal(400, text, "GitPullRequestCannotBeActivated"))
}

fn twin(state: &State, head: &str, base: &str, but: u64) -> Option<Answer> {
    let is_twin = |pull: &Pull| {
        pull.open
            && pull.number != but
            && pull.head == head
            && pull.base == base
            && pull.head_repository == state.slug
    };
    let text = "TF401179: An active pull request for the source and target branch already exists.";
    state.pulls.iter().any(is_twin).then(|| refusal(409, text, "GitPullRequestExistsException"))
}

fn update(state: &mut State, request: &Request, pull: Pull) -> Answer {
    let activated = request.text("status") == Some("active");
    if pull.merged || !pull.open && !activated {
        let text = "TF401181: The pull request cannot be edited due to its state.";
        return refusal(409, text, "GitPullRequestNotEditableException");
    }
    if activated && let Some(refused) = gone(state, &pull.head, &pull.base) {
        return refused;
    }
    if let Some(pull) = state.pull_mut(pull.number) {
        if let Some(title) = request.text("title") {
            pull.title = title.to_owned();
        }
        if let Some(body) = request.text("description") {
            pull.body = body.to_owned();
        }
        match request.text("status") {
            Some("active") => pull.open = true,
            Some("abandoned") => pull.open = false,
            _ => {}
        }
    }
    match state.pull(pull.number) {
        Some(pull) => Answer::json(200, &show::pull(state, pull, true)),
        None => none(),
    }
}
