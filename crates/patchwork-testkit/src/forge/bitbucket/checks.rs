//! Build statuses of commits, and reports of Code Insights with their annotations.

use serde_json::{Value, json};

use super::{Report, may_write, page, refusal};
use crate::forge::answer::{Answer, Request};
use crate::forge::state::{Check, State};

/// Annotations that a report holds.
const MOST: usize = 1_000;

pub(super) fn answer(state: &mut State, request: &Request) -> Answer {
    if request.method != "GET"
        && let Err(refused) = may_write(state, "repository:write")
    {
        return refused;
    }
    match request.operation {
        "commits/get-status" => match find(state, request.path("commit"), request.path("key")) {
            Some(check) => Answer::json(200, &show(state, check)),
            None => refusal(404, "Build status not found"),
        },
        "commits/create-status" => create(state, request),
        _ => reports(state, request),
    }
}

fn key_of(state: &State, check: &Check) -> String {
    let found = state.bitbucket.keys.iter().find(|(id, _)| *id == check.id);
    found.map(|(_, key)| key.clone()).unwrap_or_default()
}

fn find<'a>(state: &'a State, commit: &str, key: &str) -> Option<&'a Check> {
    state.checks.iter().find(|check| check.commit == commit && key_of(state, check) == key)
}

/// Makes a status; one of the same key is changed.
fn create(state: &mut State, request: &Request) -> Answer {
    let text = |name: &str| request.text(name).unwrap_or_default().to_owned();
    let (commit, key) = (request.path("commit").to_owned(), text("key"));
    if key.chars().count() > 40 || !text("url").starts_with("http") {
        return refusal(400, "key or url: invalid");
    }
    let id = match find(state, &commit, &key) {
        Some(check) => check.id,
        None => {
            let id = state.next_id();
            state.bitbucket.keys.push((id, key));
            state.checks.push(Check { id, commit, ..Check::default() });
            id
        }
    };
    let Some(check) = state.checks.iter_mut().find(|check| check.id == id) else {
        return refusal(404, "Build status not found");
    };
    (check.name, check.conclusion, check.title) = (text("name"), text("state"), text("description"));
    check.details_url = Some(text("url"));
    let check = check.clone();
    Answer::json(201, &show(state, &check))
}

fn show(state: &State, check: &Check) -> Value {
    json!({
        "type": "build", "key": key_of(state, check), "name": check.name, "state": check.conclusion,
        "description": check.title, "url": check.details_url,
    })
}

fn reports(state: &mut State, request: &Request) -> Answer {
    let (commit, id) = (request.path("commit").to_owned(), request.path("reportId").to_owned());
    let at = state.bitbucket.reports.iter().position(|report| report.commit == commit && report.id == id);
    let found = at.and_then(|at| state.bitbucket.reports.get(at)).cloned();
    match (request.operation, found) {
        ("reports/put", found) => {
            let annotations = found.map(|report| report.annotations).unwrap_or_default();
            state.bitbucket.reports.retain(|report| report.commit != commit || report.id != id);
            let report = Report { commit, id, body: request.body.clone(), annotations };
            state.bitbucket.reports.push(report);
            Answer::json(200, &request.body)
        }
        ("reports/delete", _) => {
            state.bitbucket.reports.retain(|report| report.commit != commit || report.id != id);
            Answer::empty(204)
        }
        (_, None) => refusal(404, "Report not found"),
        ("reports/get", Some(report)) => Answer::json(200, &report.body),
        ("reports/list-annotations", Some(report)) => {
            page(state, request, 100, &report.annotations, Value::clone)
        }
        ("reports/add-annotations", Some(_)) => {
            let more = request.body.as_array().cloned().unwrap_or_default();
            let Some(report) = at.and_then(|at| state.bitbucket.reports.get_mut(at)) else {
                return refusal(404, "Report not found");
            };
            for one in more {
                let same = |other: &Value| other.get("external_id") == one.get("external_id");
                report.annotations.retain(|other| !same(other));
                report.annotations.push(one);
            }
            if report.annotations.len() > MOST {
                return refusal(400, "A report holds at most 1000 annotations.");
            }
            Answer::json(200, &request.body)
        }
        _ => refusal(404, "Resource not found"),
    }
}
