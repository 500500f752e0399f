//! Work items and their comments.

use patchwork_core::port::forge::Thing;
use serde_json::{Value, json};

use super::{many, number, refusal, show};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Comment, Issue, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let version = request.param("api-version").unwrap_or_default();
    if !state.azure.knows_markdown && version.starts_with("7.") {
        let text = format!(
            "The requested REST API version of {version} is out of range for this server. The latest REST API version this server supports is 6.1."
        );
        return refusal(400, &text, "VssVersionOutOfRangeException");
    }
    match request.operation {
        "workitems/create" => create(state, request),
        "workitems/get" => shown(state, request.number("id")),
        "workitems/update" => update(state, request),
        "workitems/query" => query(state, request),
        "workitems/get-batch" => {
            let ids = request.param("ids").unwrap_or_default().split(',').filter_map(|id| id.parse().ok());
            let found = ids.map(|id| state.issue(id).map(|issue| show::item(state, issue)));
            many(found.map(Option::unwrap_or_default).filter(|item| !item.is_null()).collect())
        }
        _ => comments(state, request),
    }
}

fn none(number: u64) -> Answer {
    let text =
        format!("TF401232: Work item {number} does not exist, or you do not have permissions to read it.");
    refusal(404, &text, "WorkItemUnauthorizedAccessException")
}

fn shown(state: &State, number: u64) -> Answer {
    match state.issue(number) {
        Some(issue) => Answer::json(200, &show::item(state, issue)),
        None => none(number),
    }
}

/// The values of a list of changes, by the end of their paths.
fn value<'a>(request: &'a Request, path: &str) -> Option<&'a str> {
    let operations = request.body.as_array().into_iter().flatten();
    let mut found = operations.filter(|one| one.get("path").and_then(Value::as_str) == Some(path));
    found.find_map(|one| one.get("value")?.as_str())
}

fn field<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    value(request, &format!("/fields/System.{name}"))
}

fn tags(text: &str) -> Vec<String> {
    text.split(';').map(|tag| tag.trim().to_owned()).filter(|tag| !tag.is_empty()).collect()
}

fn create(state: &mut State, request: &Request) -> Answer {
    let kind = request.path("type");
    if !state.azure.kinds.iter().any(|one| one == kind) {
        let text = format!(
            "VS402323: Work item type {kind} does not exist in project or you do not have permission to access it."
        );
        return refusal(404, &text, "WorkItemTypeNotFoundException");
    }
    let Some(title) = field(request, "Title").filter(|title| title.chars().count() <= 255) else {
        return refusal(400, "TF401320: Rule Error for field Title.", "RuleValidationException");
    };
    let issue = Issue {
        number: 0,
        open: true,
        author: state.login.clone(),
        title: title.to_owned(),
        body: field(request, "Description").unwrap_or_default().to_owned(),
        labels: tags(field(request, "Tags").unwrap_or_default()),
    };
    let number = state.add_issue(issue);
    if value(request, "/multilineFieldsFormat/System.Description") == Some("Markdown") {
        state.azure.markdown.insert(number);
    }
    shown(state, number)
}

fn update(state: &mut State, request: &Request) -> Answer {
    let number = request.number("id");
    let (open, closed) = state.azure.states.clone();
    let Some(issue) = state.issue_mut(number) else { return none(number) };
    match field(request, "State") {
        Some(now) if now == open || now == closed => issue.open = now == open,
        Some(now) => {
            let text = format!(
                "TF401320: Rule Error for field State. The field 'State' contains the value '{now}' that is not in the list of supported values"
            );
            return refusal(400, &text, "RuleValidationException");
        }
        None => {}
    }
    if let Some(title) = field(request, "Title") {
        issue.title = title.to_owned();
    }
    if let Some(body) = field(request, "Description") {
        issue.body = body.to_owned();
    }
    if let Some(now) = field(request, "Tags") {
        issue.labels = tags(now);
    }
    shown(state, number)
}

/// Reads of a query what ours ask for: items of the token's account, by their state.
fn query(state: &State, request: &Request) -> Answer {
    let wiql = request.text("query").unwrap_or_default();
    if !wiql.starts_with("SELECT ") || !wiql.contains("= @project") || !wiql.contains("= @Me") {
        return refusal(400, "TF51006: The query statement is missing a clause.", "SyntaxException");
    }
    let closed = &state.azure.states.1;
    let wanted = match (wiql.contains("NOT IN ("), wiql.contains("IN (")) {
        _ if !wiql.contains(&format!("'{closed}'")) => None,
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    let mut found: Vec<u64> = state
        .issues
        .iter()
        .filter(|issue| issue.author == state.login && wanted.is_none_or(|open| issue.open == open))
        .map(|issue| issue.number)
        .collect();
    found.sort_by_key(|number| std::cmp::Reverse(*number));
    found.truncate(number(request, "$top", 20_000));
    let items: Vec<Value> = found.iter().map(|id| json!({ "id": id, "url": state.url })).collect();
    Answer::json(200, &json!({ "queryType": "flat", "queryResultType": "workItem", "workItems": items }))
}

fn comments(state: &mut State, request: &Request) -> Answer {
    let item = request.number("workItemId");
    let on = Thing::Issue(item);
    if state.issue(item).is_none() {
        return none(item);
    }
    let markdown = request.param("format") == Some("markdown");
    let text = request.text("text").unwrap_or_default().to_owned();
    let id = match request.operation {
        "workitems/list-comments" => return list(state, request, on),
        "workitems/create-comment" => {
            let login = state.login.clone();
            state.add_comment(&login, on, &text, None, None)
        }
        _ => request.number("commentId"),
    };
    let Some(author) = state.comment(id).filter(|comment| comment.on == on).map(|one| one.author.clone())
    else {
        return refusal(404, "VS403417: The comment does not exist.", "CommentNotFoundException");
    };
    if author != state.login {
        return refusal(
            403,
            "TF401027: The comment is of somebody else.",
            "WorkItemCommentUpdateDeniedException",
        );
    }
    if request.method == "DELETE" {
        state.comments.retain(|comment| comment.id != id);
        return Answer::empty(204);
    }
    if let Some(comment) = state.comment_mut(id) {
        (comment.body, comment.edited) = (text, request.method == "PATCH");
    }
    match markdown {
        true => state.azure.markdown.insert(id),
        false => state.azure.markdown.remove(&id),
    };
    state
        .comment(id)
        .map_or(Answer::empty(404), |comment| Answer::json(200, &show::item_comment(state, comment)))
}

fn list(state: &State, request: &Request, on: Thing) -> Answer {
    let mut all: Vec<&Comment> = state.comments_on(on).collect();
    if request.param("order") != Some("asc") {
        all.reverse();
    }
    let start = number(request, "continuationToken", 0).min(all.len());
    let end = start.saturating_add(number(request, "$top", 50).min(200)).min(all.len());
    let shown: Vec<Value> =
        all.get(start..end).unwrap_or_default().iter().map(|one| show::item_comment(state, one)).collect();
    let mut page = json!({ "totalCount": all.len(), "count": shown.len(), "comments": shown });
    if end < all.len()
        && let Some(page) = page.as_object_mut()
    {
        page.insert("continuationToken".into(), json!(end.to_string()));
    }
    Answer::json(200, &page)
}
