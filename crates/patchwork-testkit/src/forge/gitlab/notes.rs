//! Notes, discussions, drafts of notes and reactions.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{LinePlace, Thing};
use serde_json::{Value, json};

use super::{Draft, commands, lines, message, page, show};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Comment, State};

pub(super) fn answer(state: &mut State, request: &Request, on: Thing) -> Answer {
    let there = match on {
        Thing::PullRequest(number) => state.pull(number).is_some(),
        Thing::Issue(number) => state.issue(number).is_some(),
    };
    if !there {
        return message(404, "404 Not found");
    }
    let locked =
        matches!(on, Thing::PullRequest(number) if state.pull(number).is_some_and(|pull| pull.locked));
    if locked && request.method != "GET" && !state.may_push {
        return message(403, "403 Forbidden");
    }
    match request.operation.split_once('/').unwrap_or_default() {
        ("emoji", _) => awards(state, request),
        ("draft-notes", _) if state.gitlab.version < (15, 11) => {
            Answer::json(404, &json!({ "error": "404 Not Found" }))
        }
        ("draft-notes", _) => drafts(state, request, on),
        (_, "list-notes") => {
            let mut found: Vec<&Comment> = state.comments_on(on).collect();
            if request.param("sort") != Some("asc") {
                found.reverse();
            }
            page(state, request, &found, |comment| show::note(state, comment))
        }
        (_, "create-note") => {
            let body = commands::carried_out(state, Some(on), request.text("body").unwrap_or_default());
            let login = state.login.clone();
            let id = state.add_comment(&login, on, &body, None, None);
            note(state, id, 201)
        }
        (_, "update-note") => change(state, request, on),
        (_, "delete-note") => delete(state, request, on),
        (_, "list-discussions") => {
            let threads = threads(state, on);
            page(state, request, &threads, |root| discussion(state, *root))
        }
        (_, "resolve-discussion") => resolve(state, request, on),
        (_, "add-discussion-note") => reply(state, request, on),
        (_, "create-discussion") => begin(state, request, on),
        _ => message(404, "404 Not Found"),
    }
}

/// The first comments of the threads, oldest first.
fn threads(state: &State, on: Thing) -> Vec<u64> {
    let is_first = |comment: &&Comment| comment.thread.is_none_or(|thread| thread == comment.id);
    state.comments_on(on).filter(is_first).map(|comment| comment.id).collect()
}

/// The id of a thread: 40 hexadecimal digits.
fn name_of(root: u64) -> String {
    format!("{root:040x}")
}

fn root_of(state: &State, on: Thing, name: &str) -> Option<u64> {
    threads(state, on).into_iter().find(|root| name_of(*root) == name)
}

fn discussion(state: &State, root: u64) -> Value {
    let belongs = |comment: &&Comment| comment.id == root || comment.thread == Some(root);
    let notes: Vec<&Comment> = state.comments.iter().filter(belongs).collect();
    let individual = notes.iter().all(|comment| comment.thread.is_none());
    let notes: Vec<Value> = notes.into_iter().map(|comment| show::note(state, comment)).collect();
    json!({ "id": name_of(root), "individual_note": individual, "notes": notes })
}

fn note(state: &State, id: u64, status: u16) -> Answer {
    match state.comment(id) {
        Some(comment) => Answer::json(status, &show::note(state, comment)),
        None => message(404, "404 Not found"),
    }
}

fn own(state: &State, request: &Request, on: Thing) -> Result<u64, Answer> {
    let id = request.number("note_id");
    match state.comment(id).filter(|comment| comment.on == on) {
        None => Err(message(404, "404 Not found")),
        // Whoever has the role Maintainer may change those of others; ours has not.
        Some(comment) if comment.author != state.login => Err(message(403, "403 Forbidden")),
        Some(_) => Ok(id),
    }
}

fn change(state: &mut State, request: &Request, on: Thing) -> Answer {
    let id = match own(state, request, on) {
        Ok(id) => id,
        Err(refused) => return refused,
    };
    let body = commands::carried_out(state, Some(on), request.text("body").unwrap_or_default());
    if let Some(comment) = state.comment_mut(id) {
        (comment.body, comment.edited) = (body, true);
    }
    note(state, id, 200)
}

fn delete(state: &mut State, request: &Request, on: Thing) -> Answer {
    match own(state, request, on) {
        Ok(id) => {
            state.comments.retain(|comment| comment.id != id);
            Answer::empty(204)
        }
        Err(refused) => refused,
    }
}

fn resolve(state: &mut State, request: &Request, on: Thing) -> Answer {
    let Some(root) = root_of(state, on, request.path("discussion_id")) else {
        return message(404, "404 Discussion Not Found");
    };
    let resolvable = state.comment(root).is_some_and(show::is_resolvable);
    if !resolvable || !state.may_push {
        return message(403, "403 Forbidden");
    }
    let resolved = request.body.get("resolved").and_then(Value::as_bool).unwrap_or(false);
    state.resolve(root, resolved);
    Answer::json(200, &discussion(state, root))
}

fn reply(state: &mut State, request: &Request, on: Thing) -> Answer {
    let Some(root) = root_of(state, on, request.path("discussion_id")) else {
        return message(404, "404 Discussion Not Found");
    };
    if let Some(first) = state.comment_mut(root) {
        // An answer makes a thread of a single comment.
        first.thread = Some(root);
    }
    let body = commands::carried_out(state, Some(on), request.text("body").unwrap_or_default());
    let login = state.login.clone();
    let id = state.add_comment(&login, on, &body, None, Some(root));
    note(state, id, 201)
}

/// Begins a thread on a line.
fn begin(state: &mut State, request: &Request, on: Thing) -> Answer {
    let place = match request.body.get("position") {
        None => None,
        Some(position) => match place_of(state, on, position) {
            Some(place) => Some(place),
            None => {
                return message(
                    400,
                    "400 Bad request - Note {:line_code=>[\"can't be blank\", \"must be a valid line code\"]}",
                );
            }
        },
    };
    let id = add(state, on, request.text("body").unwrap_or_default(), place);
    Answer::json(201, &discussion(state, id))
}

fn add(state: &mut State, on: Thing, body: &str, place: Option<LinePlace>) -> u64 {
    let body = commands::carried_out(state, Some(on), body);
    let login = state.login.clone();
    let id = state.add_comment(&login, on, &body, place, None);
    if let Some(comment) = state.comment_mut(id) {
        comment.thread = Some(id);
    }
    id
}

/// The place of a position, when the diff has its line and everything else in it is right too.
fn place_of(state: &State, on: Thing, position: &Value) -> Option<LinePlace> {
    let pull = state.pull(on.number())?;
    let text = |name: &str| position.get(name).and_then(Value::as_str);
    let refs = show::diff_refs(pull);
    let heads = || pull.commits.iter().map(|(id, _)| id.as_str()).chain([pull.head_commit.as_str()]);
    let right =
        ["base_sha", "start_sha"].iter().all(|name| text(name) == refs.get(name).and_then(Value::as_str));
    if !right || !heads().any(|head| text("head_sha") == Some(head)) {
        return None;
    }
    let file = pull.files.iter().find(|file| Some(file.path.as_str()) == text("new_path"))?;
    if text("old_path") != Some(file.path_before()) {
        return None;
    }
    let number = |value: &Value, name: &str| {
        value.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok())
    };
    let found = lines::with_numbers(file, number(position, "old_line"), number(position, "new_line"))?;
    let side = if found.new.is_some() { Side::New } else { Side::Old };
    let start_line = match position.get("line_range") {
        None | Some(Value::Null) => None,
        Some(range) => {
            let end = |name: &str| {
                let end = range.get(name)?;
                let found = lines::with_numbers(file, number(end, "old_line"), number(end, "new_line"))?;
                let code = end.get("line_code").and_then(Value::as_str);
                (code == Some(&found.code(file))).then_some(found)
            };
            let (start, end) = (end("start")?, end("end")?);
            if end != found {
                return None;
            }
            Some(if side == Side::New { start.new? } else { start.old? })
        }
    };
    Some(LinePlace {
        path: file.path.clone(),
        side,
        start_line,
        line: if side == Side::New { found.new } else { found.old },
    })
}

fn drafts(state: &mut State, request: &Request, on: Thing) -> Answer {
    let (pull, id) = (on.number(), request.number("draft_note_id"));
    match (request.operation, request.method.as_str()) {
        (_, "GET") => {
            let found = state.gitlab.drafts.iter().filter(|draft| draft.pull == pull);
            Answer::json(200, &found.map(|draft| show_draft(state, draft)).collect())
        }
        ("draft-notes/create", _) => {
            let draft = Draft {
                id: state.next_id(),
                pull,
                note: request.text("note").unwrap_or_default().to_owned(),
                position: request.body.get("position").cloned().unwrap_or_default(),
            };
            let shown = show_draft(state, &draft);
            state.gitlab.drafts.push(draft);
            Answer::json(201, &shown)
        }
        (_, "DELETE" | "PUT" | "POST") => {
            let is_it = |draft: &Draft| draft.pull == pull && (id == 0 || draft.id == id);
            let (taken, left): (Vec<Draft>, Vec<Draft>) =
                std::mem::take(&mut state.gitlab.drafts).into_iter().partition(is_it);
            state.gitlab.drafts = left;
            if taken.is_empty() && id != 0 {
                return message(404, "404 Not found");
            }
            if request.method != "DELETE" {
                for draft in taken {
                    publish(state, on, &draft);
                }
            }
            Answer::empty(204)
        }
        _ => message(404, "404 Not Found"),
    }
}

/// Makes a comment of a draft; one whose line is not found is lost without a word.
fn publish(state: &mut State, on: Thing, draft: &Draft) {
    let place = place_of(state, on, &draft.position);
    if place.is_some() || draft.position.is_null() {
        add(state, on, &draft.note, place);
    }
}

fn show_draft(state: &State, draft: &Draft) -> Value {
    let number =
        |name: &str| draft.position.get(name).and_then(Value::as_u64).and_then(|n| u32::try_from(n).ok());
    let file = state.pull(draft.pull).and_then(|pull| {
        let path = draft.position.get("new_path").and_then(Value::as_str);
        pull.files.iter().find(|file| Some(file.path.as_str()) == path)
    });
    let code = file.and_then(|file| {
        lines::with_numbers(file, number("old_line"), number("new_line")).map(|found| found.code(file))
    });
    json!({
        "id": draft.id, "author_id": show::user_id(&state.login), "merge_request_id": draft.pull + 5000,
        "resolve_discussion": false, "discussion_id": null, "note": draft.note, "commit_id": null, "line_code": code,
        "position": draft.position,
    })
}

fn awards(state: &State, request: &Request) -> Answer {
    let id = request.number("note_id");
    let Some(comment) = state.comment(id) else { return message(404, "404 Not found") };
    page(state, request, &comment.reactions, |(login, name)| {
        let name = match name.as_str() {
            "+1" => "thumbsup",
            "-1" => "thumbsdown",
            other => other,
        };
        json!({
            "id": show::user_id(login), "name": name, "user": show::user(login), "created_at": show::time(comment.created_ms),
            "awardable_id": id, "awardable_type": "Note",
        })
    })
}
