//! How Gitea speaks, and Forgejo with it.

mod comments;
mod issues;
mod pulls;

use serde_json::{Value, json};

use super::answer::{Answer, Request};
use super::dialect::Dialect;
use super::state::{Check, State};
use crate::described::Description;

/// Gitea.
#[derive(Debug)]
pub(super) struct Gitea;

/// Gitea.
pub(super) const GITEA: Gitea = Gitea;

/// Items on a page, when a request asks for more.
const MOST: usize = 50;

impl Dialect for Gitea {
    fn description(&self) -> &'static Description {
        Description::gitea()
    }

    fn bases(&self) -> &'static [&'static str] {
        &["/api/v1"]
    }

    fn admit(&self, state: &State, request: &Request) -> Result<(), Answer> {
        let shown = request.header("authorization").and_then(|value| value.strip_prefix("token "));
        match shown {
            Some(token) if token == state.token => Ok(()),
            Some(_) => Err(refusal(401, "user does not exist [uid: 0, name: ]")),
            None => Err(refusal(401, "token is required")),
        }
    }

    fn answer(&self, state: &mut State, request: &Request) -> Answer {
        if request.params.contains_key("owner") {
            let slug = format!("{}/{}", request.path("owner"), request.path("repo"));
            if state.old_slug.as_deref().is_some_and(|old| old.eq_ignore_ascii_case(&slug)) {
                return moved(state, request);
            }
            if !state.slug.eq_ignore_ascii_case(&slug) {
                return refusal(404, "The target couldn't be found.");
            }
        }
        if state.archived && request.method != "GET" {
            return refusal(423, "repo is archived");
        }
        match request.operation {
            "userGetCurrent" => Answer::json(200, &user(&state.login)),
            "repoGet" => Answer::json(200, &repository(state, &state.slug)),
            "repoGetRepoPermissions" => permission(state, request),
            "repoListStatusesByRef" | "repoCreateStatus" => statuses(state, request),
            operation if operation.contains("Label") => issues::labels(state, request),
            operation if operation.contains("Comment") || operation.contains("Review") => {
                comments::answer(state, request)
            }
            operation if operation.contains("Issue") => issues::answer(state, request),
            operation if operation.contains("Pull") => pulls::answer(state, request),
            _ => refusal(404, "The target couldn't be found."),
        }
    }

    fn refusal(&self, status: u16, faults: &[String]) -> Answer {
        refusal(status, faults.first().map_or("The target couldn't be found.", String::as_str))
    }
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "message": message, "url": "https://gitea.example.com/api/swagger" }))
}

/// A refusal of what a token's scopes do not reach.
fn may_write(state: &State, scope: &str) -> Result<(), Answer> {
    match state.may_push {
        true => Ok(()),
        false => Err(refusal(
            403,
            &format!(
                "token does not have at least one of required scope(s), required=[write:{scope}], token scope=read:{scope}"
            ),
        )),
    }
}

/// A page of a list. Gitea says how many items there are, and gives no more than fifty at once.
fn page<T>(state: &State, request: &Request, items: &[T], show: impl FnMut(&T) -> Value) -> Answer {
    let mut capped = request.clone();
    for (name, value) in &mut capped.query {
        if name == "limit" && value.parse::<usize>().is_ok_and(|limit| limit > MOST) {
            *value = MOST.to_string();
        }
    }
    let mut answer = Answer::page(&state.url, &capped, ("limit", 30), items, show);
    answer.headers.push(("x-total-count".into(), items.len().to_string()));
    answer
}

fn moved(state: &State, request: &Request) -> Answer {
    let rest = request.path.splitn(5, '/').nth(4).map(|rest| format!("/{rest}")).unwrap_or_default();
    let mut answer = Answer::empty(307);
    answer.headers.push(("location".into(), format!("{}/api/v1/repos/{}{rest}", state.url, state.slug)));
    answer
}

fn id_of(login: &str) -> u64 {
    login.bytes().fold(7, |sum: u64, byte| (sum * 31 + u64::from(byte)) % 1_000_007) + 1
}

/// An account; one that is gone is a ghost with a number that none has.
fn user(login: &str) -> Value {
    match login {
        "" => json!({ "id": -1, "login": "Ghost", "full_name": "", "active": false }),
        _ => json!({ "id": id_of(login), "login": login, "full_name": login, "active": true }),
    }
}

fn repository(state: &State, slug: &str) -> Value {
    let (owner, name) = slug.split_once('/').unwrap_or_default();
    let push = state.may_push;
    json!({
        "id": id_of(slug), "name": name, "full_name": slug, "owner": user(owner),
        "html_url": format!("{}/{slug}", state.url), "default_branch": "main", "archived": state.archived,
        "has_issues": state.has_issues, "permissions": { "admin": false, "push": push, "pull": true },
    })
}

/// Only an owner may ask for others; here the token's account is one.
fn permission(state: &State, request: &Request) -> Answer {
    let login = request.path("collaborator");
    let word = if state.is_insider(login) { "write" } else { "read" };
    Answer::json(200, &json!({ "permission": word, "role_name": word, "user": user(login) }))
}

fn statuses(state: &mut State, request: &Request) -> Answer {
    let show = |state: &State, check: &Check| {
        json!({
            "id": check.id, "context": check.name, "status": check.conclusion, "description": check.title,
            "target_url": check.details_url.clone().unwrap_or_default(), "creator": user(&state.login),
        })
    };
    if request.method == "GET" {
        let commit = request.path("ref");
        let found: Vec<&Check> = state.checks.iter().rev().filter(|check| check.commit == commit).collect();
        return page(state, request, &found, |check| show(state, check));
    }
    if let Err(refused) = may_write(state, "repository") {
        return refused;
    }
    let text = |name: &str| request.text(name).unwrap_or_default().to_owned();
    let check = Check {
        id: state.next_id(),
        commit: request.path("sha").to_owned(),
        name: text("context"),
        conclusion: text("state"),
        title: text("description"),
        details_url: request.text("target_url").map(str::to_owned),
        ..Check::default()
    };
    let shown = show(state, &check);
    state.checks.push(check);
    Answer::json(201, &shown)
}

/// A time as Gitea writes it.
fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn label(name: &str) -> Value {
    json!({ "id": id_of(&name.to_lowercase()), "name": name, "color": "5319e7" })
}
