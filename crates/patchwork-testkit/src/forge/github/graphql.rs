//! GraphQL: whose the token is, and threads.

use patchwork_core::port::forge::Thing;
use serde_json::{Value, json};

use crate::forge::answer::{Answer, Request};
use crate::forge::state::State;

/// Threads on a page.
const PAGE: usize = 100;

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let query = request.text("query").unwrap_or_default();
    let variable = |name: &str| request.body.get("variables").and_then(|variables| variables.get(name));
    let has = |word: &str| query.contains(word);
    let data = if has("unresolveReviewThread") || has("resolveReviewThread") {
        let node = variable("thread").and_then(Value::as_str).unwrap_or_default();
        let thread = node.strip_prefix("PRRT_").and_then(|id| id.parse().ok()).unwrap_or(0);
        let resolved = !has("unresolveReviewThread");
        if !state.may_push && !state.installation {
            return refused("FORBIDDEN", "Resource not accessible by personal access token");
        }
        if !state.resolve(thread, resolved) {
            return refused(
                "NOT_FOUND",
                &format!("Could not resolve to a node with the global id of '{node}'"),
            );
        }
        let field = if resolved { "resolveReviewThread" } else { "unresolveReviewThread" };
        json!({ field: { "thread": { "id": node } } })
    } else if has("reviewThreads") {
        let number = variable("number").and_then(Value::as_u64).unwrap_or(0);
        let after = variable("after").and_then(Value::as_str).and_then(|after| after.parse().ok());
        threads(state, number, after.unwrap_or(0))
    } else if has("viewer") {
        json!({ "viewer": { "login": state.login } })
    } else {
        return refused("undefinedField", "the stand-in does not know this query");
    };
    Answer::json(200, &json!({ "data": data }))
}

fn threads(state: &State, number: u64, start: usize) -> Value {
    if state.pull(number).is_none() {
        return json!({ "repository": { "pullRequest": null } });
    }
    let on = Thing::PullRequest(number);
    let first: Vec<_> = state.comments_on(on).filter(|comment| comment.thread == Some(comment.id)).collect();
    let end = (start + PAGE).min(first.len());
    let nodes: Vec<Value> = first
        .get(start..end)
        .unwrap_or_default()
        .iter()
        .map(|comment| {
            json!({
                "id": format!("PRRT_{}", comment.id),
                "isResolved": comment.resolved,
                "comments": { "nodes": [{ "fullDatabaseId": comment.id.to_string() }] },
            })
        })
        .collect();
    let page = json!({ "hasNextPage": end < first.len(), "endCursor": end.to_string() });
    json!({ "repository": { "pullRequest": { "reviewThreads": { "nodes": nodes, "pageInfo": page } } } })
}

fn refused(kind: &str, message: &str) -> Answer {
    Answer::json(200, &json!({ "data": null, "errors": [{ "type": kind, "message": message }] }))
}
