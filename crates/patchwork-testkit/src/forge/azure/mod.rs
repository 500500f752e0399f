//! Azure DevOps: pull requests with iterations and threads, work items, and statuses of commits.

mod items;
mod pulls;
mod show;
mod threads;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::answer::{Answer, Request};
use super::dialect::Dialect;
use super::state::{Check, State};
use crate::described::Description;

/// What only an Azure DevOps holds.
#[derive(Debug, Clone)]
pub struct AzureSite {
    /// Whether it answers a token that it does not take with the page for signing in, as the service does with expired ones.
    pub shows_sign_in: bool,
    /// Whether it knows Markdown in work items, as the service does and no server.
    pub knows_markdown: bool,
    /// The kinds of work items that the project has.
    pub kinds: Vec<String>,
    /// What an open and a closed work item are called.
    pub states: (String, String),
    /// The status of a thread, by the id of its first comment.
    pub statuses: BTreeMap<u64, String>,
    /// Numbers of work items, and ids of their comments, that are of Markdown and not of HTML.
    pub markdown: BTreeSet<u64>,
}

impl Default for AzureSite {
    fn default() -> Self {
        Self {
            shows_sign_in: false,
            knows_markdown: true,
            kinds: vec!["Epic".to_owned(), "Issue".to_owned(), "Task".to_owned()],
            states: ("To Do".to_owned(), "Done".to_owned()),
            statuses: BTreeMap::new(),
            markdown: BTreeSet::new(),
        }
    }
}

/// Azure DevOps' dialect.
#[derive(Debug)]
pub(super) struct Azure;

/// The one there is.
pub(super) static AZURE: Azure = Azure;

impl Dialect for Azure {
    fn description(&self) -> &'static Description {
        Description::azure()
    }

    fn bases(&self) -> &'static [&'static str] {
        &["/tfs"]
    }

    fn admit(&self, state: &State, request: &Request) -> Result<(), Answer> {
        let shown = request.header("authorization").unwrap_or_default();
        let is_jwt = state.token.starts_with("eyJ") && state.token.split('.').count() == 3;
        let fits = match is_jwt {
            true => shown == format!("Bearer {}", state.token),
            // A password without a user.
            false => shown.starts_with("Basic ") && request.authorization().as_deref() == Some(&state.token),
        };
        if fits {
            return Ok(());
        }
        if state.azure.shows_sign_in {
            let mut page = Answer::empty(203);
            page.body =
                "<!DOCTYPE html><html><title>Azure DevOps Services | Sign In</title></html>".to_owned();
            page.headers.push(("content-type".into(), "text/html; charset=utf-8".into()));
            return Err(page);
        }
        if request.header("x-tfs-fedauthredirect") != Some("Suppress") {
            let mut away = Answer::empty(302);
            away.headers.push(("location".into(), "https://app.vssps.visualstudio.com/_signin".into()));
            return Err(away);
        }
        Err(refusal(
            401,
            "TF400813: The user '' is not authorized to access this resource.",
            "UnauthorizedRequestException",
        ))
    }

    fn answer(&self, state: &mut State, request: &Request) -> Answer {
        let mut names = state.slug.splitn(3, '/');
        let mut is = |name: &str| {
            let own = names.next().unwrap_or_default();
            request.params.get(name).is_none_or(|asked| asked.eq_ignore_ascii_case(own))
        };
        if !is("organization") {
            return Answer::empty(404);
        }
        if !is("project") {
            return refusal(
                404,
                "TF200016: The following project does not exist.",
                "ProjectDoesNotExistWithNameException",
            );
        }
        let of_code = request.params.contains_key("repositoryId") && request.operation != "repositories/get";
        if !is("repositoryId") || state.archived && of_code {
            let text = "TF401019: The Git repository with name or identifier does not exist or you do not have permissions.";
            return refusal(404, text, "GitRepositoryNotFoundException");
        }
        if !state.may_push && !matches!(&*request.method, "GET") && request.operation != "workitems/query" {
            let text =
                "TF401027: You need the Git 'PullRequestContribute' permission to perform this action.";
            return refusal(403, text, "GitNeedsPermissionException");
        }
        route(state, request)
    }

    fn refusal(&self, status: u16, faults: &[String]) -> Answer {
        refusal(status, &faults.join(", "), "VssServiceException")
    }
}

fn route(state: &mut State, request: &Request) -> Answer {
    let (group, verb) = request.operation.split_once('/').unwrap_or_default();
    match (group, verb) {
        ("connection-data", _) => {
            let own = json!({
                "id": show::guid(&state.login), "isActive": true, "providerDisplayName": state.login,
                "properties": { "Account": { "$type": "System.String", "$value": show::mail(state, &state.login) } },
            });
            Answer::json(
                200,
                &json!({ "authenticatedUser": own, "authorizedUser": own, "deploymentType": "hosted" }),
            )
        }
        ("repositories", _) => Answer::json(200, &show::repository(state)),
        ("commits", "list-statuses" | "create-status") => statuses(state, request),
        ("pullrequests" | "iterations" | "labels" | "commits", _) => pulls::answer(state, request),
        ("threads" | "comments", _) => threads::answer(state, request),
        ("workitems", _) => items::answer(state, request),
        _ => Answer::empty(404),
    }
}

/// A refusal as Azure DevOps words it.
fn refusal(status: u16, text: &str, key: &str) -> Answer {
    let body = json!({
        "$id": "1", "innerException": null, "message": text, "typeName": format!("Microsoft.TeamFoundation.{key}, Microsoft"),
        "typeKey": key, "errorCode": 0, "eventId": 3000,
    });
    Answer::json(status, &body)
}

/// A list.
fn many(items: Vec<Value>) -> Answer {
    Answer::json(200, &json!({ "count": items.len(), "value": items }))
}

/// A number of the query; the other when there is none.
fn number(request: &Request, name: &str, other: usize) -> usize {
    request.param(name).and_then(|text| text.parse().ok()).unwrap_or(other)
}

fn statuses(state: &mut State, request: &Request) -> Answer {
    let commit = request.path("commitId").to_owned();
    if request.method == "GET" {
        let latest = request.param("latestOnly") == Some("true");
        let of_commit: Vec<&Check> = state.checks.iter().filter(|check| check.commit == commit).collect();
        let is_old = |one: &Check| of_commit.iter().any(|other| other.name == one.name && other.id > one.id);
        let shown = of_commit.iter().filter(|one| !latest || !is_old(one));
        return many(shown.map(|check| show::status(state, check)).collect());
    }
    let text = |name: &str| request.text(name).unwrap_or_default().to_owned();
    let context =
        |name: &str| request.body.get("context").and_then(|one| one.get(name)).and_then(Value::as_str);
    let check = Check {
        id: state.next_id(),
        commit,
        name: format!("{}/{}", context("genre").unwrap_or_default(), context("name").unwrap_or_default()),
        conclusion: text("state"),
        title: text("description"),
        details_url: request.text("targetUrl").map(str::to_owned),
        ..Check::default()
    };
    let shown = show::status(state, &check);
    state.checks.push(check);
    Answer::json(201, &shown)
}
