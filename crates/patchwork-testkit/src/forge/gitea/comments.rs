//! Comments of the conversation, reviews, comments on lines, reactions.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{LinePlace, Thing};
use serde_json::{Value, json};

use super::{may_write, page, refusal, time, user};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Comment, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let id = request.number("id");
    match request.operation {
        "issueGetComments" => match thing(state, request) {
            // Without pages.
            Some(on) => {
                let of_conversation = |comment: &&Comment| comment.place.is_none() && !comment.is_review;
                let found = state.comments_on(on).filter(of_conversation);
                Answer::json(200, &found.map(|comment| show(state, comment)).collect())
            }
            None => refusal(404, "issue does not exist"),
        },
        "issueCreateComment" => {
            let Some(on) = thing(state, request) else { return refusal(404, "issue does not exist") };
            let locked =
                matches!(on, Thing::PullRequest(number) if state.pull(number).is_some_and(|p| p.locked));
            if locked && !state.may_push {
                return refusal(403, "Comments are locked");
            }
            if let Err(refused) = may_write(state, "issue") {
                return refused;
            }
            let login = state.login.clone();
            let id = state.add_comment(&login, on, request.text("body").unwrap_or_default(), None, None);
            Answer::json(201, &shown(state, id))
        }
        "issueEditComment" => {
            if let Err(refused) = may_write(state, "issue") {
                return refused;
            }
            let Some(comment) = state.comment_mut(id) else { return refusal(404, "comment does not exist") };
            (comment.body, comment.edited) = (request.text("body").unwrap_or_default().to_owned(), true);
            Answer::json(200, &shown(state, id))
        }
        "issueDeleteComment" => {
            if state.comment(id).is_none() {
                return refusal(404, "comment does not exist");
            }
            state.comments.retain(|comment| comment.id != id);
            Answer::empty(204)
        }
        "issueGetCommentReactions" => match state.comment(id) {
            Some(comment) => {
                let reaction = |(login, content): &(String, String)| json!({ "content": content, "user": user(login), "created_at": time(comment.created_ms) });
                Answer::json(200, &comment.reactions.iter().map(reaction).collect())
            }
            None => refusal(404, "comment does not exist"),
        },
        _ => reviews(state, request),
    }
}

fn reviews(state: &mut State, request: &Request) -> Answer {
    let on = Thing::PullRequest(request.number("index"));
    if state.pull(on.number()).is_none() {
        return refusal(404, "pull request does not exist");
    }
    let id = request.number("id");
    match request.operation {
        "repoListPullReviews" => {
            let mut found: Vec<u64> = state.comments_on(on).filter_map(review_of).collect();
            found.sort_unstable();
            found.dedup();
            page(state, request, &found, |id| review(state, on, *id))
        }
        "repoGetPullReviewComments" => {
            let found = state.comments_on(on).filter(|one| one.place.is_some() && review_of(one) == Some(id));
            Answer::json(200, &found.map(|comment| on_line(state, comment)).collect())
        }
        "repoCreatePullReview" => create(state, request, on),
        _ => refusal(404, "The target couldn't be found."),
    }
}

/// The review that a comment belongs to. One on a line that came without is a review of its own.
fn review_of(comment: &Comment) -> Option<u64> {
    comment.review.or_else(|| comment.place.as_ref().map(|_| comment.id))
}

fn create(state: &mut State, request: &Request, on: Thing) -> Answer {
    if let Err(refused) = may_write(state, "repository") {
        return refused;
    }
    let comments = request.body.get("comments").and_then(Value::as_array).cloned().unwrap_or_default();
    let body = request.text("body").unwrap_or_default();
    if comments.is_empty() && body.trim().is_empty() {
        return refusal(422, "review event COMMENT requires a body or a comment");
    }
    let login = state.login.clone();
    let id = state.add_comment(&login, on, body, None, None);
    if let Some(review) = state.comment_mut(id) {
        (review.is_review, review.review) = (true, Some(id));
    }
    for comment in &comments {
        let line = |name: &str| {
            comment
                .get(name)
                .and_then(Value::as_u64)
                .and_then(|line| u32::try_from(line).ok())
                .filter(|n| *n > 0)
        };
        let side = if line("new_position").is_some() { Side::New } else { Side::Old };
        let place = LinePlace {
            path: comment.get("path").and_then(Value::as_str).unwrap_or_default().to_owned(),
            side,
            start_line: None,
            line: line("new_position").or(line("old_position")),
        };
        // A line that the diff does not have is taken all the same.
        let text = comment.get("body").and_then(Value::as_str).unwrap_or_default();
        let made = state.add_comment(&login, on, text, Some(place), None);
        if let Some(made) = state.comment_mut(made) {
            made.review = Some(id);
        }
    }
    Answer::json(200, &review(state, on, id))
}

fn thing(state: &State, request: &Request) -> Option<Thing> {
    let number = request.number("index");
    if state.pull(number).is_some() {
        return Some(Thing::PullRequest(number));
    }
    state.issue(number).map(|_| Thing::Issue(number))
}

fn shown(state: &State, id: u64) -> Value {
    state.comment(id).map(|comment| show(state, comment)).unwrap_or_default()
}

/// The page of a thing a comment is on.
fn page_of(state: &State, on: Thing) -> String {
    let kind = if let Thing::PullRequest(_) = on { "pulls" } else { "issues" };
    format!("{}/{}/{kind}/{}", state.url, state.slug, on.number())
}

fn show(state: &State, comment: &Comment) -> Value {
    json!({
        "id": comment.id,
        "html_url": format!("{}#issuecomment-{}", page_of(state, comment.on), comment.id),
        "body": comment.body,
        "user": user(&comment.author),
        "created_at": time(comment.created_ms),
        "updated_at": time(comment.created_ms),
    })
}

fn on_line(state: &State, comment: &Comment) -> Value {
    let place = comment.place.as_ref();
    let line = |side| place.filter(|place| place.side == side).and_then(|place| place.line).unwrap_or(0);
    json!({
        "id": comment.id,
        "html_url": format!("{}#issuecomment-{}", page_of(state, comment.on), comment.id),
        "body": comment.body,
        "user": user(&comment.author),
        "created_at": time(comment.created_ms),
        "path": place.map(|place| place.path.as_str()),
        "position": line(Side::New),
        "original_position": line(Side::Old),
        "commit_id": comment.commit,
        "pull_request_review_id": review_of(comment),
        "resolver": comment.resolved.then(|| user(&state.login)),
    })
}

fn review(state: &State, on: Thing, id: u64) -> Value {
    let of_it = || state.comments_on(on).filter(move |comment| review_of(comment) == Some(id));
    let text = of_it().find(|comment| comment.is_review);
    let first = text.or_else(|| of_it().next());
    json!({
        "id": id,
        "html_url": format!("{}#issuecomment-{id}", page_of(state, on)),
        "body": text.map(|text| text.body.as_str()).unwrap_or_default(),
        "state": "COMMENT",
        "user": user(first.map(|first| first.author.as_str()).unwrap_or_default()),
        "commit_id": first.map(|first| first.commit.as_str()),
        "submitted_at": time(first.map_or(0, |first| first.created_ms)),
        "comments_count": of_it().filter(|comment| comment.place.is_some()).count(),
    })
}
