//! Comments of the conversation, on lines, reviews and reactions.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{LinePlace, Thing};
use serde_json::{Value, json};

use super::{author, may_write, refusal, time, unprocessable};
use crate::described::Description;
use crate::forge::answer::{Answer, Request};
use crate::forge::dialect::like;
use crate::forge::state::{Comment, State};

const SIZE: (&str, usize) = ("per_page", 30);

/// Whether an operation is about comments.
pub(super) fn is_about(operation: &str) -> bool {
    operation.contains("comment") || operation.contains("review")
}

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let pull = Thing::PullRequest(request.number("pull_number"));
    match request.operation {
        "issues/list-comments" => match thing(state, request) {
            Some(on) => list(
                state,
                request,
                on,
                |comment| comment.place.is_none() && !comment.is_review,
                issue_comment,
            ),
            None => refusal(404, "Not Found"),
        },
        "pulls/list-review-comments" => {
            list(state, request, pull, |comment| comment.place.is_some(), line_comment)
        }
        "pulls/list-reviews" => list(state, request, pull, |comment| comment.is_review, review),
        "pulls/list-comments-for-review" => {
            let id = Some(request.number("review_id"));
            list(
                state,
                request,
                pull,
                |comment| comment.place.is_some() && comment.review == id,
                line_comment,
            )
        }
        "issues/create-comment" => create(state, request),
        "pulls/create-review" => create_review(state, request),
        "pulls/create-review-comment" => create_line_comment(state, request),
        "pulls/create-reply-for-review-comment" => reply(state, request),
        "issues/update-comment" | "pulls/update-review-comment" => update(state, request),
        "issues/delete-comment" | "pulls/delete-review-comment" => delete(state, request),
        "issues/get-comment" | "pulls/get-review-comment" => show(state, request.number("comment_id"), 200),
        "reactions/list-for-issue-comment" | "reactions/list-for-pull-request-review-comment" => {
            reactions(state, request)
        }
        _ => refusal(404, "Not Found"),
    }
}

fn thing(state: &State, request: &Request) -> Option<Thing> {
    let number = request.number("issue_number");
    if state.pull(number).is_some() {
        return Some(Thing::PullRequest(number));
    }
    state.issue(number).map(|_| Thing::Issue(number))
}

fn list(
    state: &State,
    request: &Request,
    on: Thing,
    wanted: impl Fn(&Comment) -> bool,
    show: impl Fn(&State, &Comment) -> Value,
) -> Answer {
    if matches!(on, Thing::PullRequest(number) if state.pull(number).is_none()) {
        return refusal(404, "Not Found");
    }
    let found: Vec<&Comment> = state.comments_on(on).filter(|comment| wanted(comment)).collect();
    Answer::page(&state.url, request, SIZE, &found, |comment| show(state, comment))
}

/// The refusal of a comment where there is none to make.
fn may_comment(state: &State, on: Option<Thing>, permission: &str) -> Result<Thing, Answer> {
    let on = on.ok_or_else(|| refusal(404, "Not Found"))?;
    let locked =
        matches!(on, Thing::PullRequest(number) if state.pull(number).is_some_and(|pull| pull.locked));
    if locked && !state.may_push {
        return Err(refusal(403, "Unable to create comment because issue is locked."));
    }
    may_write(state, permission)?;
    Ok(on)
}

fn create(state: &mut State, request: &Request) -> Answer {
    let on = match may_comment(state, thing(state, request), "issues") {
        Ok(on) => on,
        Err(refused) => return refused,
    };
    let login = state.login.clone();
    let id = state.add_comment(&login, on, request.text("body").unwrap_or_default(), None, None);
    show(state, id, 201)
}

fn pull_of(state: &State, request: &Request) -> Option<Thing> {
    let number = request.number("pull_number");
    state.pull(number).map(|_| Thing::PullRequest(number))
}

/// The place that a new comment names, when the diff shows it.
fn place_of(state: &State, number: u64, comment: &Value) -> Result<LinePlace, &'static str> {
    let line =
        |name: &str| comment.get(name).and_then(Value::as_u64).and_then(|line| u32::try_from(line).ok());
    let side = |name: &str| comment.get(name).and_then(Value::as_str);
    let place = LinePlace {
        path: comment.get("path").and_then(Value::as_str).unwrap_or_default().to_owned(),
        side: if side("side") == Some("LEFT") { Side::Old } else { Side::New },
        start_line: line("start_line"),
        line: line("line"),
    };
    if place.start_line.is_some_and(|start| place.line.is_some_and(|line| start >= line)) {
        return Err("pull_request_review_thread.start_line must precede the end line.");
    }
    if !state.shows(number, &place) {
        return Err("Line could not be resolved");
    }
    Ok(place)
}

fn known_commit(state: &State, number: u64, request: &Request) -> Result<(), Answer> {
    let commit = request.text("commit_id").unwrap_or_default();
    let known = state.pull(number).is_some_and(|pull| pull.commits.iter().any(|(id, _)| id == commit));
    if known || commit.is_empty() {
        return Ok(());
    }
    Err(super::custom("PullRequestReviewComment", "commit_id is not part of the pull request"))
}

fn create_review(state: &mut State, request: &Request) -> Answer {
    let on = match may_comment(state, pull_of(state, request), "pull_requests") {
        Ok(on) => on,
        Err(refused) => return refused,
    };
    let number = on.number();
    if let Err(refused) = known_commit(state, number, request) {
        return refused;
    }
    let comments = request.body.get("comments").and_then(Value::as_array).cloned().unwrap_or_default();
    let mut places = Vec::new();
    for comment in &comments {
        match place_of(state, number, comment) {
            Ok(place) => places.push(place),
            // Which one it was is not said.
            Err(remark) => return unprocessable(vec![json!(remark)]),
        }
    }
    let login = state.login.clone();
    let id = state.add_comment(&login, on, request.text("body").unwrap_or_default(), None, None);
    if let Some(review) = state.comment_mut(id) {
        (review.is_review, review.review) = (true, Some(id));
    }
    for (comment, place) in comments.iter().zip(places) {
        let body = comment.get("body").and_then(Value::as_str).unwrap_or_default();
        let made = state.add_comment(&login, on, body, Some(place), None);
        if let Some(made) = state.comment_mut(made) {
            made.review = Some(id);
        }
    }
    Answer::json(200, &state.comment(id).map(|comment| review(state, comment)).unwrap_or_default())
}

fn create_line_comment(state: &mut State, request: &Request) -> Answer {
    let on = match may_comment(state, pull_of(state, request), "pull_requests") {
        Ok(on) => on,
        Err(refused) => return refused,
    };
    if let Err(refused) = known_commit(state, on.number(), request) {
        return refused;
    }
    match place_of(state, on.number(), &request.body) {
        Ok(place) => {
            let login = state.login.clone();
            let body = request.text("body").unwrap_or_default();
            let id = state.add_comment(&login, on, body, Some(place), None);
            show(state, id, 201)
        }
        Err(remark) => {
            super::custom("PullRequestReviewComment", &format!("pull_request_review_thread.line: {remark}"))
        }
    }
}

fn reply(state: &mut State, request: &Request) -> Answer {
    let on = match may_comment(state, pull_of(state, request), "pull_requests") {
        Ok(on) => on,
        Err(refused) => return refused,
    };
    let thread = request.number("comment_id");
    if state.comment(thread).is_none_or(|first| first.thread != Some(thread) || first.on != on) {
        return refusal(404, "Not Found");
    }
    let login = state.login.clone();
    let body = request.text("body").unwrap_or_default();
    let id = state.add_comment(&login, on, body, None, Some(thread));
    show(state, id, 201)
}

fn update(state: &mut State, request: &Request) -> Answer {
    let (id, login, may_push) = (request.number("comment_id"), state.login.clone(), state.may_push);
    let Some(comment) = state.comment_mut(id) else { return refusal(404, "Not Found") };
    if comment.author != login && !may_push {
        return refusal(403, "Resource not accessible by integration");
    }
    comment.body = request.text("body").unwrap_or_default().to_owned();
    comment.edited = true;
    show(state, id, 200)
}

fn delete(state: &mut State, request: &Request) -> Answer {
    let id = request.number("comment_id");
    if state.comment(id).is_none() {
        return refusal(404, "Not Found");
    }
    state.comments.retain(|comment| comment.id != id);
    Answer::empty(204)
}

fn show(state: &State, id: u64, status: u16) -> Answer {
    let show = |comment: &Comment| match comment.place {
        Some(_) => line_comment(state, comment),
        None => issue_comment(state, comment),
    };
    Answer::json(status, &state.comment(id).map(show).unwrap_or_default())
}

/// The page of a thing a comment is on.
fn page(state: &State, comment: &Comment) -> String {
    let kind = match comment.on {
        Thing::PullRequest(_) => "pull",
        Thing::Issue(_) => "issues",
    };
    format!("{}/{}/{kind}/{}", state.url, state.slug, comment.on.number())
}

fn issue_comment(state: &State, comment: &Comment) -> Value {
    let (user, association) = author(state, &comment.author);
    let ours = json!({
        "id": comment.id,
        "html_url": format!("{}#issuecomment-{}", page(state, comment), comment.id),
        "body": comment.body,
        "user": user,
        "author_association": association,
        "created_at": time(comment.created_ms),
        "updated_at": time(comment.created_ms),
        "reactions": counts(comment),
    });
    like(Description::github(), ("issues/create-comment", 201), ours)
}

fn line_comment(state: &State, comment: &Comment) -> Value {
    let (user, association) = author(state, &comment.author);
    let place = comment.place.as_ref();
    let side = if place.is_some_and(|place| place.side == Side::Old) { "LEFT" } else { "RIGHT" };
    let start = place.and_then(|place| place.start_line);
    let ours = json!({
        "id": comment.id,
        "html_url": format!("{}#discussion_r{}", page(state, comment), comment.id),
        "pull_request_review_id": comment.review,
        "body": comment.body,
        "user": user,
        "author_association": association,
        "created_at": time(comment.created_ms),
        "updated_at": time(comment.created_ms),
        "path": place.map(|place| place.path.as_str()),
        "line": place.and_then(|place| place.line),
        "start_line": start,
        "side": side,
        "start_side": start.map(|_| side),
        "commit_id": comment.commit,
        "in_reply_to_id": comment.thread.unwrap_or(comment.id),
        "reactions": counts(comment),
    });
    let mut shown = like(Description::github(), ("pulls/create-review-comment", 201), ours);
    if let (Some(map), true) = (shown.as_object_mut(), comment.thread == Some(comment.id)) {
        map.remove("in_reply_to_id");
    }
    shown
}

fn review(state: &State, comment: &Comment) -> Value {
    let (user, association) = author(state, &comment.author);
    let ours = json!({
        "id": comment.id,
        "html_url": format!("{}#pullrequestreview-{}", page(state, comment), comment.id),
        "body": comment.body,
        "user": user,
        "author_association": association,
        "state": "COMMENTED",
        "submitted_at": time(comment.created_ms),
        "commit_id": comment.commit,
    });
    like(Description::github(), ("pulls/create-review", 200), ours)
}

fn counts(comment: &Comment) -> Value {
    let count = |name: &str| comment.reactions.iter().filter(|(_, reaction)| reaction == name).count();
    json!({
        "url": "https://api.github.com/reactions",
        "total_count": comment.reactions.len(),
        "+1": count("+1"), "-1": count("-1"), "laugh": count("laugh"), "hooray": count("hooray"),
        "confused": count("confused"), "heart": count("heart"), "rocket": count("rocket"), "eyes": count("eyes"),
    })
}

fn reactions(state: &State, request: &Request) -> Answer {
    let Some(comment) = state.comment(request.number("comment_id")) else { return refusal(404, "Not Found") };
    Answer::page(&state.url, request, SIZE, &comment.reactions, |(login, content)| {
        let ours = json!({ "content": content, "user": { "login": login } });
        like(Description::github(), ("reactions/list-for-issue", 200), ours)
    })
}
