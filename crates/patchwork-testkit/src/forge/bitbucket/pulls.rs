//! Pull requests: what they say and what they change.

use patchwork_core::change::ChangeStatus;
use serde_json::{Value, json};

use super::{asked, content, may_write, page, refusal, repository, user};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Pull, State};

/// Pull requests and commits that a page holds.
const MOST: usize = 50;

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    match request.operation {
        "pullrequests/list" => return list(state, request),
        "pullrequests/create" => return create(state, request),
        "pullrequests/update" => return update(state, request),
        "pullrequests/decline" => return decline(state, request),
        "repositories/diff" | "repositories/diffstat" => return diff(state, request),
        _ => {}
    }
    let Some(pull) = state.pull(request.number("pull_request_id")) else { return missing() };
    match request.operation {
        "pullrequests/get" => Answer::json(200, &show(state, pull)),
        "pullrequests/diff" | "pullrequests/diffstat" => {
            // Both lead to what the two commits differ in.
            let kind = request.operation.rsplit('/').next().unwrap_or_default();
            let query = match request.param("pagelen") {
                Some(size) if kind == "diffstat" => format!("?pagelen={size}"),
                _ => String::new(),
            };
            let spec = format!("{}..{}", pull.number, pull.head_commit);
            let mut answer = Answer::empty(302);
            let location = format!("{}/2.0/repositories/{}/{kind}/{spec}{query}", state.url, state.slug);
            answer.headers.push(("location".into(), location));
            answer
        }
        "pullrequests/list-commits" => {
            let newest_first: Vec<&(String, String)> = pull.commits.iter().rev().collect();
            page(
                state,
                request,
                MOST,
                &newest_first,
                |(id, text)| json!({ "type": "commit", "hash": id, "message": text }),
            )
        }
        _ => missing(),
    }
}

fn missing() -> Answer {
    refusal(404, "Pull request not found")
}

fn state_word(pull: &Pull) -> &'static str {
    match (pull.open, pull.merged) {
        (true, _) => "OPEN",
        (false, true) => "MERGED",
        (false, false) => "DECLINED",
    }
}

fn list(state: &State, request: &Request) -> Answer {
    let states: Vec<&str> =
        request.query.iter().filter(|(name, _)| name == "state").map(|(_, value)| value.as_str()).collect();
    let is = |field: &str, value: &str| asked(request, field).is_none_or(|asked| asked == value);
    let found: Vec<&Pull> = state
        .pulls
        .iter()
        .rev()
        .filter(|pull| match states.is_empty() {
            true => is("state", state_word(pull)),
            false => states.contains(&state_word(pull)),
        })
        .filter(|pull| is("source.branch.name", &pull.head) && is("destination.branch.name", &pull.base))
        .collect();
    page(state, request, MOST, &found, |pull| show(state, pull))
}

fn branch<'a>(request: &'a Request, end: &str) -> Option<&'a str> {
    request.body.get(end)?.get("branch")?.get("name")?.as_str()
}

fn create(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = may_write(state, "pullrequest:write") {
        return refused;
    }
    let (head, base) =
        (branch(request, "source").unwrap_or_default(), branch(request, "destination").unwrap_or("main"));
    if let Some(gone) = state.gone.iter().find(|gone| *gone == head || *gone == base) {
        let side = if *gone == head { "source" } else { "destination" };
        let fields = json!({ side: [format!("{side} branch not found: {gone}")] });
        return Answer::json(
            400,
            &json!({ "type": "error", "error": { "message": "Bad request", "fields": fields } }),
        );
    }
    if head == base {
        return refusal(400, "There are no changes to be pulled");
    }
    let text = |name: &str| request.text(name).unwrap_or_default();
    let is_twin = |pull: &&mut Pull| {
        pull.open && pull.head == head && pull.base == base && pull.head_repository == state.slug
    };
    // One that is open is changed instead.
    if let Some(twin) = state.pulls.iter_mut().find(is_twin) {
        (twin.title, twin.body) = (text("title").to_owned(), text("description").to_owned());
        let number = twin.number;
        return shown(state, number, 201);
    }
    let draft = request.body.get("draft").and_then(Value::as_bool).unwrap_or(false);
    let pull = Pull { draft, ..state.new_pull(base, head, text("title"), text("description")) };
    let number = state.add_pull(pull);
    shown(state, number, 201)
}

fn update(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = may_write(state, "pullrequest:write") {
        return refused;
    }
    let Some(pull) = state.pull_mut(request.number("pull_request_id")) else { return missing() };
    if !pull.open {
        return refusal(400, "You can't modify a closed pull request.");
    }
    if let Some(title) = request.text("title") {
        pull.title = title.to_owned();
    }
    if let Some(description) = request.text("description") {
        pull.body = description.to_owned();
    }
    let number = pull.number;
    shown(state, number, 200)
}

fn decline(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = may_write(state, "pullrequest:write") {
        return refused;
    }
    let Some(pull) = state.pull_mut(request.number("pull_request_id")) else { return missing() };
    if !pull.open {
        return refusal(400, "This pull request is already closed.");
    }
    pull.open = false;
    let number = pull.number;
    shown(state, number, 200)
}

/// What two commits differ in; the stand-in's own way to name them says which pull request it is.
fn diff(state: &State, request: &Request) -> Answer {
    let number = request.path("spec").split("..").next().and_then(|number| number.parse().ok());
    let Some(pull) = number.and_then(|number| state.pull(number)) else { return missing() };
    if request.operation == "repositories/diff" {
        let text: String = pull.files.iter().map(|file| file.to_unified()).collect();
        let mut answer = Answer { body: text, ..Answer::empty(200) };
        answer.headers.push(("content-type".into(), "text/plain".into()));
        return answer;
    }
    page(state, request, 5_000, &pull.files, |file| {
        let status = match file.status {
            ChangeStatus::Added | ChangeStatus::Copied => "added",
            ChangeStatus::Deleted => "removed",
            ChangeStatus::Renamed => "renamed",
            ChangeStatus::Modified | ChangeStatus::TypeChanged => "modified",
        };
        let path = |path: &str| json!({ "type": "commit_file", "path": path });
        json!({
            "type": "diffstat", "status": status, "lines_added": file.additions, "lines_removed": file.deletions,
            "old": (status != "added").then(|| path(file.path_before())),
            "new": (status != "removed").then(|| path(&file.path)),
        })
    })
}

fn shown(state: &State, number: u64, status: u16) -> Answer {
    match state.pull(number) {
        Some(pull) => Answer::json(status, &show(state, pull)),
        None => missing(),
    }
}

fn show(state: &State, pull: &Pull) -> Value {
    let end = |slug: &str, branch: &str, commit: &str| {
        json!({
            "branch": { "name": branch },
            // Only the first digits.
            "commit": { "type": "commit", "hash": commit.get(..12).unwrap_or(commit) },
            "repository": (!slug.is_empty()).then(|| repository(state, slug)),
        })
    };
    json!({
        "type": "pullrequest",
        "id": pull.number,
        "title": pull.title,
        "description": pull.body,
        "summary": content(&pull.body),
        "state": state_word(pull),
        "draft": pull.draft,
        "author": user(state, &pull.author),
        "source": end(&pull.head_repository, &pull.head, &pull.head_commit),
        "destination": end(&state.slug, &pull.base, &pull.base_commit),
        "links": { "html": { "href": format!("{}/{}/pull-requests/{}", state.url, state.slug, pull.number) } },
    })
}
