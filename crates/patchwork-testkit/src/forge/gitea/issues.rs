//! Issues, and the labels of both kinds of things.

use serde_json::{Value, json};

use super::{id_of, label, may_write, page, refusal, user};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Issue, Pull, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let number = request.number("index");
    match request.operation {
        "issueGetIssue" => match (state.issue(number), state.pull(number)) {
            (Some(issue), _) => Answer::json(200, &show(state, issue, None)),
            (None, Some(pull)) => Answer::json(200, &show(state, &as_issue(pull), Some(pull))),
            (None, None) => refusal(404, "issue does not exist"),
        },
        _ if !state.has_issues => refusal(404, "The target couldn't be found."),
        "issueListIssues" => list(state, request),
        "issueCreateIssue" => {
            if let Err(refused) = may_write(state, "issue") {
                return refused;
            }
            let issue = Issue {
                number: 0,
                open: true,
                author: state.login.clone(),
                title: request.text("title").unwrap_or_default().to_owned(),
                body: request.text("body").unwrap_or_default().to_owned(),
                labels: named(state, request),
            };
            let number = state.add_issue(issue);
            shown(state, number)
        }
        "issueEditIssue" => {
            if let Err(refused) = may_write(state, "issue") {
                return refused;
            }
            let Some(issue) = state.issue_mut(number) else { return refusal(404, "issue does not exist") };
            if let Some(title) = request.text("title") {
                issue.title = title.to_owned();
            }
            if let Some(body) = request.text("body") {
                issue.body = body.to_owned();
            }
            if let Some(wanted) = request.text("state") {
                issue.open = wanted == "open";
            }
            shown(state, number)
        }
        _ => refusal(404, "The target couldn't be found."),
    }
}

/// The labels that the repository has: those of its things, and those that were made.
pub(super) fn labels(state: &mut State, request: &Request) -> Answer {
    let number = request.number("index");
    match request.operation {
        "issueListLabels" => {
            let all = all_labels(state);
            page(state, request, &all, |name| label(name))
        }
        "issueCreateLabel" => {
            if let Err(refused) = may_write(state, "issue") {
                return refused;
            }
            let name = request.text("name").unwrap_or_default().to_owned();
            let shown = label(&name);
            state.made_labels.push(name);
            Answer::json(201, &shown)
        }
        "issueAddLabel" => {
            if let Err(refused) = may_write(state, "issue") {
                return refused;
            }
            let more = named(state, request);
            let there = match state.pulls.iter_mut().find(|pull| pull.number == number) {
                Some(pull) => &mut pull.labels,
                None => match state.issues.iter_mut().find(|issue| issue.number == number) {
                    Some(issue) => &mut issue.labels,
                    None => return refusal(404, "issue does not exist"),
                },
            };
            for name in more {
                if !there.contains(&name) {
                    there.push(name);
                }
            }
            Answer::json(200, &there.iter().map(|name| label(name)).collect())
        }
        _ => refusal(404, "The target couldn't be found."),
    }
}

fn all_labels(state: &State) -> Vec<String> {
    let of_things = state.pulls.iter().flat_map(|pull| &pull.labels);
    let of_issues = state.issues.iter().flat_map(|issue| &issue.labels);
    let mut all: Vec<String> = state.made_labels.iter().chain(of_things).chain(of_issues).cloned().collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The names of the labels that a request names by their ids.
pub(super) fn named(state: &State, request: &Request) -> Vec<String> {
    let ids = request.body.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
    let all = all_labels(state);
    let name = |id: &Value| all.iter().find(|name| Some(id_of(&name.to_lowercase())) == id.as_u64()).cloned();
    ids.iter().filter_map(name).collect()
}

fn list(state: &State, request: &Request) -> Answer {
    let wanted = request.param("state").unwrap_or("open");
    let by = request.param("created_by");
    let mut found: Vec<&Issue> = state
        .issues
        .iter()
        .filter(|issue| wanted == "all" || issue.open == (wanted == "open"))
        .filter(|issue| by.is_none_or(|by| issue.author.eq_ignore_ascii_case(by)))
        .collect();
    found.sort_by_key(|issue| std::cmp::Reverse(issue.number));
    page(state, request, &found, |issue| show(state, issue, None))
}

fn as_issue(pull: &Pull) -> Issue {
    Issue {
        number: pull.number,
        open: pull.open,
        author: pull.author.clone(),
        title: pull.title.clone(),
        body: pull.body.clone(),
        labels: pull.labels.clone(),
    }
}

fn shown(state: &State, number: u64) -> Answer {
    match state.issue(number) {
        Some(issue) => Answer::json(201, &show(state, issue, None)),
        None => refusal(404, "issue does not exist"),
    }
}

fn show(state: &State, issue: &Issue, pull: Option<&Pull>) -> Value {
    let kind = if pull.is_some() { "pulls" } else { "issues" };
    json!({
        "id": issue.number + 9000,
        "number": issue.number,
        "html_url": format!("{}/{}/{kind}/{}", state.url, state.slug, issue.number),
        "title": issue.title,
        "body": issue.body,
        "state": if issue.open { "open" } else { "closed" },
        "user": user(&issue.author),
        "labels": issue.labels.iter().map(|name| label(name)).collect::<Vec<_>>(),
        "pull_request": pull.map(|pull| json!({ "merged": pull.merged, "merged_at": null, "draft": pull.draft })),
    })
}
