//! Issues, where the repository has them.

use serde_json::{Value, json};

use super::{asked, content, may_write, page, raw, refusal, user, uuid};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Issue, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    if !state.has_issues {
        return refusal(404, "Repository has no issue tracker.");
    }
    if request.method != "GET"
        && let Err(refused) = may_write(state, "issue:write")
    {
        return refused;
    }
    let number = request.number("issue_id");
    match request.operation {
        "issues/list" => {
            let by = asked(request, "reporter.uuid");
            let mut found: Vec<&Issue> = state
                .issues
                .iter()
                .filter(|issue| by.as_ref().is_none_or(|by| uuid(state, &issue.author) == *by))
                .collect();
            found.sort_by_key(|issue| std::cmp::Reverse(issue.number));
            page(state, request, 50, &found, |issue| show(state, issue))
        }
        "issues/create" => {
            let number = state.add_issue(Issue {
                number: 0,
                open: true,
                author: state.login.clone(),
                title: request.text("title").unwrap_or_default().to_owned(),
                body: raw(request).unwrap_or_default().to_owned(),
                labels: Vec::new(),
            });
            shown(state, number, 201)
        }
        "issues/get" => shown(state, number, 200),
        "issues/update" => {
            let Some(issue) = state.issue_mut(number) else { return refusal(404, "Issue not found") };
            if let Some(title) = request.text("title") {
                issue.title = title.to_owned();
            }
            if let Some(text) = raw(request) {
                issue.body = text.to_owned();
            }
            if let Some(word) = request.text("state") {
                issue.open = matches!(word, "new" | "open");
            }
            shown(state, number, 200)
        }
        _ => refusal(404, "Resource not found"),
    }
}

fn shown(state: &State, number: u64, status: u16) -> Answer {
    match state.issue(number) {
        Some(issue) => Answer::json(status, &show(state, issue)),
        None => refusal(404, "Issue not found"),
    }
}

fn show(state: &State, issue: &Issue) -> Value {
    json!({
        "type": "issue",
        "id": issue.number,
        "title": issue.title,
        "content": content(&issue.body),
        "state": if issue.open { "new" } else { "closed" },
        "reporter": user(state, &issue.author),
        "links": { "html": { "href": format!("{}/{}/issues/{}", state.url, state.slug, issue.number) } },
    })
}
