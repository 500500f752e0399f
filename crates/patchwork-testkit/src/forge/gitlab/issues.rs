//! Issues, and statuses of commits.

use patchwork_core::port::forge::Thing;

use super::merge_requests::labels;
use super::{commands, message, page, show};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Check, Issue, State};

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    if !state.has_issues {
        return message(403, "403 Forbidden");
    }
    let number = request.number("issue_iid");
    match request.operation {
        "issues/list" => {
            let is_own = request.param("scope").unwrap_or("all") == "created_by_me";
            let wanted = request.param("state").unwrap_or("all");
            let mut found: Vec<&Issue> = state
                .issues
                .iter()
                .filter(|issue| !is_own || issue.author == state.login)
                .filter(|issue| wanted == "all" || issue.open == (wanted == "opened"))
                .collect();
            found.sort_by_key(|issue| std::cmp::Reverse(issue.number));
            page(state, request, &found, |issue| show::issue(state, issue))
        }
        "issues/create" => {
            let text = |name: &str| request.text(name).unwrap_or_default().to_owned();
            let body = commands::carried_out(state, None, &text("description"));
            let number = state.add_issue(Issue {
                number: 0,
                open: true,
                author: state.login.clone(),
                title: text("title"),
                body,
                labels: labels(request, "labels"),
            });
            shown(state, number, 201)
        }
        "issues/get" => shown(state, number, 200),
        "issues/update" => {
            let body = request.text("description").map(str::to_owned);
            let body = body.map(|body| commands::carried_out(state, Some(Thing::Issue(number)), &body));
            let Some(issue) = state.issue_mut(number) else { return message(404, "404 Issue Not Found") };
            if let Some(title) = request.text("title") {
                issue.title = title.to_owned();
            }
            if let Some(body) = body {
                issue.body = body;
            }
            if let Some(event) = request.text("state_event") {
                issue.open = event == "reopen";
            }
            issue.labels.extend(labels(request, "add_labels"));
            shown(state, number, 200)
        }
        _ => message(404, "404 Not Found"),
    }
}

fn shown(state: &State, number: u64, status: u16) -> Answer {
    match state.issue(number) {
        Some(issue) => Answer::json(status, &show::issue(state, issue)),
        None => message(404, "404 Issue Not Found"),
    }
}

pub(super) fn statuses(state: &mut State, request: &Request) -> Answer {
    let commit = request.path("sha").to_owned();
    if request.operation == "commits/list-statuses" {
        let name = request.param("name");
        let mut found: Vec<&Check> = state
            .checks
            .iter()
            .filter(|check| check.commit == commit && name.is_none_or(|name| name == check.name))
            .collect();
        if request.param("all") != Some("true") {
            // Of each name only the newest.
            let newest: Vec<u64> = found
                .iter()
                .filter(|one| !found.iter().any(|other| other.name == one.name && other.id > one.id))
                .map(|one| one.id)
                .collect();
            found.retain(|check| newest.contains(&check.id));
        }
        return page(state, request, &found, |check| show::status(check, &state.login));
    }
    if !state.may_push {
        return message(403, "403 Forbidden");
    }
    let text = |name: &str| request.text(name).unwrap_or_default().to_owned();
    let check = Check {
        id: state.next_id(),
        commit,
        name: text("name"),
        conclusion: text("state"),
        title: text("description"),
        details_url: request.text("target_url").map(str::to_owned),
        ..Check::default()
    };
    let shown = show::status(&check, &state.login);
    state.checks.push(check);
    Answer::json(201, &shown)
}
