//! Merge requests: listing, opening, changing, and what they change.

use patchwork_core::port::forge::Thing;
use serde_json::{Value, json};

use super::{commands, message, page, show};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Pull, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let number = request.number("merge_request_iid");
    match request.operation {
        "merge-requests/list" => return list(state, request),
        "merge-requests/create" => return create(state, request),
        _ => {}
    }
    let Some(pull) = state.pull(number).cloned() else { return message(404, "404 Not found") };
    let version = state.gitlab.version;
    match request.operation {
        "merge-requests/get" => Answer::json(200, &show::merge_request(state, &pull, true)),
        "merge-requests/update" => update(state, request, number),
        "merge-requests/diffs" if version < (15, 7) => {
            Answer::json(404, &json!({ "error": "404 Not Found" }))
        }
        "merge-requests/diffs" => page(state, request, &pull.files, show::diff),
        "merge-requests/changes" => {
            let mut shown = show::merge_request(state, &pull, true);
            if let Some(shown) = shown.as_object_mut() {
                shown.insert("changes".into(), pull.files.iter().map(show::diff).collect());
                shown.insert("overflow".into(), json!(state.gitlab.overflows));
            }
            Answer::json(200, &shown)
        }
        "merge-requests/list-commits" => {
            let newest_first: Vec<&(String, String)> = pull.commits.iter().rev().collect();
            page(state, request, &newest_first, |(id, text)| {
                json!({
                    "id": id,
                    "short_id": id.get(..8).unwrap_or(id),
                    "title": text.lines().next().unwrap_or_default(),
                    "message": text,
                })
            })
        }
        "merge-requests/list-versions" => page(state, request, &versions(&pull), Value::clone),
        "merge-requests/get-version" => {
            let id = request.number("version_id");
            let found = versions(&pull).into_iter().find(|version| version["id"] == id);
            let Some(mut version) = found else { return message(404, "404 Not Found") };
            // What changed since is not kept: every one is shown with the newest files.
            version["diffs"] = pull.files.iter().map(show::diff).collect();
            Answer::json(200, &version)
        }
        _ => message(404, "404 Not Found"),
    }
}

/// The states of the diff, the newest first: one for each push of a commit.
fn versions(pull: &Pull) -> Vec<Value> {
    let heads = std::iter::once(&pull.head_commit)
        .chain(pull.commits.iter().rev().map(|(id, _)| id).filter(|id| **id != pull.head_commit));
    heads
        .zip((1..=1000).rev())
        .map(|(head, id)| {
            json!({
                "id": id, "head_commit_sha": head, "base_commit_sha": pull.base_commit, "start_commit_sha": pull.base_commit,
                "created_at": show::time(1_769_000_000_000), "merge_request_id": pull.number + 5000, "state": "collected",
                "real_size": pull.files.len().to_string(),
            })
        })
        .collect()
}

fn list(state: &State, request: &Request) -> Answer {
    let wanted = request.param("state").unwrap_or("all");
    let is = |name: &str, value: &str| request.param(name).is_none_or(|asked| asked == value);
    let mut found: Vec<&Pull> = state
        .pulls
        .iter()
        .filter(|pull| wanted == "all" || show::state_word(pull) == wanted)
        .filter(|pull| is("source_branch", &pull.head) && is("target_branch", &pull.base))
        .collect();
    found.sort_by_key(|pull| std::cmp::Reverse(pull.number));
    page(state, request, &found, |pull| show::merge_request(state, pull, false))
}

fn create(state: &mut State, request: &Request) -> Answer {
    if !state.may_push {
        return message(403, "403 Forbidden");
    }
    let text = |name: &str| request.text(name).unwrap_or_default().to_owned();
    let (head, base) = (text("source_branch"), text("target_branch"));
    let refuse = |status, text: String| Answer::json(status, &json!({ "message": [text] }));
    if head == base {
        return refuse(422, "You can't use same project/branch for source and target".into());
    }
    if let Some(gone) = state.gone.iter().find(|gone| **gone == head || **gone == base) {
        let side = if *gone == head { "Source" } else { "Target" };
        return refuse(400, format!("{side} branch \"{gone}\" does not exist"));
    }
    let twin = |pull: &&Pull| {
        pull.open && pull.head == head && pull.base == base && pull.head_repository == state.slug
    };
    if let Some(twin) = state.pulls.iter().find(twin) {
        let number = twin.number;
        return refuse(
            409,
            format!("Another open merge request already exists for this source branch: !{number}"),
        );
    }
    let body = commands::carried_out(state, None, &text("description"));
    let (title, draft) = titled(&text("title"));
    let mut pull = state.new_pull(&base, &head, &title, &body);
    (pull.draft, pull.labels) = (draft, labels(request, "labels"));
    let number = state.add_pull(pull);
    match state.pull(number) {
        Some(pull) => Answer::json(201, &show::merge_request(state, pull, true)),
        None => message(404, "404 Not found"),
    }
}

fn update(state: &mut State, request: &Request, number: u64) -> Answer {
    let may = state.may_push;
    let body = request.text("description").map(str::to_owned);
    let body = body.map(|body| commands::carried_out(state, Some(Thing::PullRequest(number)), &body));
    let Some(pull) = state.pull_mut(number) else { return message(404, "404 Not found") };
    if !may {
        return message(403, "403 Forbidden");
    }
    if let Some(title) = request.text("title") {
        (pull.title, pull.draft) = titled(title);
    }
    if let Some(body) = body {
        pull.body = body;
    }
    match request.text("state_event") {
        // Of one that is merged nothing comes.
        Some(event) if !pull.merged => pull.open = event == "reopen",
        _ => {}
    }
    for label in labels(request, "add_labels") {
        if !pull.labels.contains(&label) {
            pull.labels.push(label);
        }
    }
    let pull = pull.clone();
    Answer::json(200, &show::merge_request(state, &pull, true))
}

/// A title without what says that it is a draft, and whether it is one.
fn titled(title: &str) -> (String, bool) {
    match title.strip_prefix("Draft: ") {
        Some(bare) => (bare.to_owned(), true),
        None => (title.to_owned(), false),
    }
}

/// Labels come as a list or as one text, and commas tell them apart in both.
pub(super) fn labels(request: &Request, name: &str) -> Vec<String> {
    let texts = match request.text(name) {
        Some(text) => vec![text.to_owned()],
        None => request.texts(name),
    };
    texts.iter().flat_map(|text| text.split(',')).map(|label| label.trim().to_owned()).collect()
}
