//! Issues, and the labels of both kinds of things.

use serde_json::{Value, json};

use super::{author, labels, may_write, refusal};
use crate::described::Description;
use crate::forge::answer::{Answer, Request};
use crate::forge::dialect::like;
use crate::forge::state::{Issue, Pull, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    let number = request.number("issue_number");
    match request.operation {
        "issues/add-labels" => return add_labels(state, request),
        "issues/get" => {
            return match (state.issue(number), state.pull(number)) {
                (Some(issue), _) => Answer::json(200, &show(state, issue, false)),
                (None, Some(pull)) => Answer::json(200, &show(state, &as_issue(pull), true)),
                (None, None) => refusal(404, "Not Found"),
            };
        }
        _ if !state.has_issues => return refusal(410, "Issues has been disabled in this repository."),
        _ => {}
    }
    match request.operation {
        "issues/list-for-repo" => list(state, request),
        "issues/create" => {
            if let Err(refused) = may_write(state, "issues") {
                return refused;
            }
            let issue = Issue {
                number: 0,
                open: true,
                author: state.login.clone(),
                title: request.text("title").unwrap_or_default().to_owned(),
                body: request.text("body").unwrap_or_default().to_owned(),
                labels: request.texts("labels"),
            };
            let number = state.add_issue(issue);
            Answer::json(201, &shown(state, number))
        }
        "issues/update" => {
            if let Err(refused) = may_write(state, "issues") {
                return refused;
            }
            let Some(issue) = state.issue_mut(number) else { return refusal(404, "Not Found") };
            if let Some(title) = request.text("title") {
                issue.title = title.to_owned();
            }
            if request.body.get("body").is_some() {
                issue.body = request.text("body").unwrap_or_default().to_owned();
            }
            if let Some(wanted) = request.text("state") {
                issue.open = wanted == "open";
            }
            Answer::json(200, &shown(state, number))
        }
        _ => refusal(404, "Not Found"),
    }
}

/// GitHub lists pull requests among the issues.
fn list(state: &State, request: &Request) -> Answer {
    let wanted = request.param("state").unwrap_or("open");
    let creator = request.param("creator");
    let issues = state.issues.iter().map(|issue| (issue.clone(), false));
    let mut all: Vec<(Issue, bool)> =
        issues.chain(state.pulls.iter().map(|pull| (as_issue(pull), true))).collect();
    all.retain(|(issue, _)| {
        (wanted == "all" || issue.open == (wanted == "open"))
            && creator.is_none_or(|creator| issue.author.eq_ignore_ascii_case(creator))
    });
    all.sort_by_key(|(issue, _)| std::cmp::Reverse(issue.number));
    Answer::page(&state.url, request, ("per_page", 30), &all, |(issue, is_pull)| show(state, issue, *is_pull))
}

fn add_labels(state: &mut State, request: &Request) -> Answer {
    if let Err(refused) = may_write(state, "issues") {
        return refused;
    }
    let number = request.number("issue_number");
    let more = request.texts("labels");
    let there = match state.pulls.iter_mut().find(|pull| pull.number == number) {
        Some(pull) => &mut pull.labels,
        None => match state.issues.iter_mut().find(|issue| issue.number == number) {
            Some(issue) => &mut issue.labels,
            None => return refusal(404, "Not Found"),
        },
    };
    for label in more {
        if !there.iter().any(|other| other.eq_ignore_ascii_case(&label)) {
            there.push(label);
        }
    }
    Answer::json(200, &labels(there))
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

fn shown(state: &State, number: u64) -> Value {
    state.issue(number).map(|issue| show(state, issue, false)).unwrap_or_default()
}

fn show(state: &State, issue: &Issue, is_pull: bool) -> Value {
    let (user, association) = author(state, &issue.author);
    let kind = if is_pull { "pull" } else { "issues" };
    let page = format!("{}/{}/{kind}/{}", state.url, state.slug, issue.number);
    let ours = json!({
        "number": issue.number,
        "html_url": page,
        "state": if issue.open { "open" } else { "closed" },
        "title": issue.title,
        "body": if issue.body.is_empty() { Value::Null } else { json!(issue.body) },
        "user": user,
        "author_association": association,
        "labels": labels(&issue.labels),
    });
    let mut shown = like(Description::github(), ("issues/create", 201), ours);
    if let (Some(map), false) = (shown.as_object_mut(), is_pull) {
        map.remove("pull_request");
    }
    shown
}
