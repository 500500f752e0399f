//! Comments: of the conversation, on lines, in threads.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{LinePlace, Thing};
use serde_json::{Value, json};

use super::{content, may_write, page, raw, refusal, time, user};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Comment, State};

/// Comments that a page holds.
const MOST: usize = 100;

pub(super) fn answer(state: &mut State, request: &Request, on: Thing) -> Answer {
    let (is_there, scope) = match on {
        Thing::PullRequest(number) => (state.pull(number).is_some(), "pullrequest:write"),
        Thing::Issue(_) if !state.has_issues => return refusal(404, "Repository has no issue tracker."),
        Thing::Issue(number) => (state.issue(number).is_some(), "issue:write"),
    };
    if !is_there {
        return refusal(404, "Resource not found");
    }
    if request.method != "GET"
        && let Err(refused) = may_write(state, scope)
    {
        return refused;
    }
    let id = request.number("comment_id");
    if request.params.contains_key("comment_id") && state.comment(id).is_none_or(|comment| comment.on != on) {
        return refusal(404, "Comment not found");
    }
    let (_, verb) = request.operation.split_once('/').unwrap_or_default();
    match verb {
        "list-comments" => list(state, request, on),
        "create-comment" => create(state, request, on),
        "update-comment" => {
            if let (Some(comment), Some(text)) = (state.comment_mut(id), raw(request)) {
                (comment.body, comment.edited) = (text.to_owned(), true);
            }
            shown(state, id, 200)
        }
        "delete-comment" => {
            let at = state.comments.iter().position(|comment| comment.id == id);
            if let Some(at) = at {
                let gone = state.comments.remove(at);
                state.bitbucket.deleted.push(gone);
            }
            Answer::empty(204)
        }
        "resolve-comment" | "reopen-comment" => resolve(state, id, verb == "resolve-comment"),
        _ => refusal(404, "Resource not found"),
    }
}

fn list(state: &State, request: &Request, on: Thing) -> Answer {
    let deleted = state.bitbucket.deleted.iter().filter(|comment| comment.on == on);
    let mut found: Vec<(&Comment, bool)> = state.comments_on(on).map(|comment| (comment, false)).collect();
    found.extend(deleted.map(|comment| (comment, true)));
    found.sort_by_key(|(comment, _)| comment.id);
    page(state, request, MOST, &found, |(comment, deleted)| show(state, comment, *deleted))
}

/// Only a comment that is no answer can be resolved.
fn resolve(state: &mut State, id: u64, resolved: bool) -> Answer {
    let is_answer = state.comment(id).is_some_and(|one| one.thread.is_some_and(|thread| thread != id));
    if is_answer {
        return refusal(400, "Only the first comment of a thread can be resolved.");
    }
    if let Some(comment) = state.comment_mut(id) {
        comment.thread = Some(id);
    }
    state.resolve(id, resolved);
    let by =
        json!({ "type": "comment_resolution", "user": user(state, &state.login), "created_on": time(0) });
    if resolved { Answer::json(200, &by) } else { Answer::empty(204) }
}

fn create(state: &mut State, request: &Request, on: Thing) -> Answer {
    let text = raw(request).unwrap_or_default();
    if text.trim().is_empty() {
        return refusal(400, "content.raw: This field may not be blank.");
    }
    if text.chars().count() > 32_768 {
        return refusal(400, "content.raw: Ensure this value has at most 32768 characters.");
    }
    let parent = request.body.get("parent").and_then(|parent| parent.get("id")).and_then(Value::as_u64);
    let thread = match parent.map(|parent| state.comment(parent)) {
        Some(None) => return refusal(400, "parent: comment not found"),
        Some(Some(parent)) => Some(parent.thread.unwrap_or(parent.id)),
        None => None,
    };
    if let Some(root) = thread.and_then(|thread| state.comment_mut(thread)) {
        root.thread = Some(root.id);
    }
    let login = state.login.clone();
    let place = request.body.get("inline").map(place_of);
    let id = state.add_comment(&login, on, text, place, thread);
    shown(state, id, 201)
}

fn place_of(inline: &Value) -> LinePlace {
    let line =
        |name: &str| inline.get(name).and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok());
    let side = if line("to").is_some() { Side::New } else { Side::Old };
    LinePlace {
        path: inline.get("path").and_then(Value::as_str).unwrap_or_default().to_owned(),
        side,
        start_line: line(if side == Side::New { "start_to" } else { "start_from" }),
        line: line("to").or(line("from")),
    }
}

fn shown(state: &State, id: u64, status: u16) -> Answer {
    match state.comment(id) {
        Some(comment) => Answer::json(status, &show(state, comment, false)),
        None => refusal(404, "Comment not found"),
    }
}

fn show(state: &State, comment: &Comment, deleted: bool) -> Value {
    let (kind, anchor) = match comment.on {
        Thing::PullRequest(_) => ("pull-requests", "comment"),
        Thing::Issue(_) => ("issues", "comment"),
    };
    let page = format!("{}/{}/{kind}/{}#{anchor}-{}", state.url, state.slug, comment.on.number(), comment.id);
    let mut shown = json!({
        "type": "pullrequest_comment",
        "id": comment.id,
        "content": content(if deleted { "" } else { &comment.body }),
        "user": user(state, &comment.author),
        "created_on": time(comment.created_ms),
        "updated_on": time(comment.created_ms),
        "links": { "html": { "href": page } },
    });
    let Some(fields) = shown.as_object_mut() else { return shown };
    if let Thing::PullRequest(_) = comment.on {
        fields.insert("deleted".into(), json!(deleted));
        fields.insert("pending".into(), json!(false));
        let is_first = comment.thread.is_none_or(|thread| thread == comment.id);
        let resolution = json!({ "type": "comment_resolution", "created_on": time(comment.created_ms) });
        if is_first && comment.resolved {
            fields.insert("resolution".into(), resolution);
        }
        if let Some(thread) = comment.thread.filter(|_| !is_first) {
            fields.insert("parent".into(), json!({ "id": thread }));
        }
    }
    if let Some(place) = &comment.place {
        let on = |side| place.line.filter(|_| place.side == side);
        let start = |side| place.start_line.filter(|_| place.side == side);
        let inline = json!({
            "path": place.path, "from": on(Side::Old), "to": on(Side::New), "start_from": start(Side::Old),
            "start_to": start(Side::New),
        });
        fields.insert("inline".into(), inline);
    }
    shown
}
