//! GitLab: merge requests with notes in discussions, drafts of them, issues and statuses of commits.

mod commands;
mod issues;
mod lines;
mod merge_requests;
mod notes;
mod show;

use patchwork_core::port::forge::Thing;
use serde_json::{Value, json};

use super::answer::{Answer, Request};
use super::dialect::Dialect;
use super::state::State;
use crate::described::Description;

/// What only a GitLab holds.
#[derive(Debug, Clone)]
pub struct GitLabSite {
    /// What the token may do.
    pub scopes: Vec<String>,
    /// Its version: drafts of notes came with 15.11, the paged diffs with 15.7.
    pub version: (u32, u32),
    /// Whether the token's account writes through an invited group, of which the project says nothing.
    pub invited: bool,
    /// Whether the token may not list the members.
    pub hides_members: bool,
    /// Whether a merge request has more files than GitLab keeps.
    pub overflows: bool,
    /// The address that it was set up with, when it is reached by another.
    pub external_url: Option<String>,
    /// Comments that only their author sees yet.
    pub drafts: Vec<Draft>,
    /// Lines of texts that were carried out as commands (`/close`).
    pub commands: Vec<String>,
}

impl Default for GitLabSite {
    fn default() -> Self {
        Self {
            scopes: vec!["api".to_owned()],
            version: (18, 5),
            invited: false,
            hides_members: false,
            overflows: false,
            external_url: None,
            drafts: Vec::new(),
            commands: Vec::new(),
        }
    }
}

/// A comment that only its author sees yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// Its number.
    pub id: u64,
    /// The merge request.
    pub pull: u64,
    /// Markdown.
    pub note: String,
    /// Its position as it was sent; null for one of the conversation.
    pub position: Value,
}

/// GitLab's dialect.
#[derive(Debug)]
pub(super) struct GitLab;

/// The one there is.
pub(super) static GITLAB: GitLab = GitLab;

/// What a token is, by its form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Personal,
    OAuth,
    Job,
}

fn kind_of(token: &str) -> Kind {
    match token {
        _ if token.starts_with("glcbt-") => Kind::Job,
        _ if token.len() == 64 && token.bytes().all(|b| b.is_ascii_hexdigit()) => Kind::OAuth,
        _ => Kind::Personal,
    }
}

/// What the token of a CI job may ask for.
const FOR_JOBS: &[&str] = &[
    "jobs/get-current",
    "merge-requests/get",
    "merge-requests/get-note",
    "merge-requests/list",
    "merge-requests/list-notes",
];

impl Dialect for GitLab {
    fn description(&self) -> &'static Description {
        Description::gitlab()
    }

    fn bases(&self) -> &'static [&'static str] {
        &["/gitlab/api/v4", "/api/v4"]
    }

    fn admit(&self, state: &State, request: &Request) -> Result<(), Answer> {
        let bearer = request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        let (private, job) = (request.header("private-token"), request.header("job-token"));
        let shown = match (private, bearer, job) {
            (None, None, None) => return Ok(()),
            // An OAuth token is none where a personal one is expected; the reverse is fine.
            (Some(token), None, None) if kind_of(token) == Kind::Personal => token,
            (None, Some(token), None) if kind_of(token) != Kind::Job => token,
            (None, None, Some(token)) if kind_of(token) == Kind::Job => token,
            _ => return Err(message(401, "401 Unauthorized")),
        };
        if shown == state.token {
            return Ok(());
        }
        match bearer {
            Some(_) => Err(Answer::json(
                401,
                &json!({
                    "error": "invalid_token",
                    "error_description": "Token was revoked. You have to re-authorize from the user.",
                }),
            )),
            None => Err(message(401, "401 Unauthorized")),
        }
    }

    fn answer(&self, state: &mut State, request: &Request) -> Answer {
        let shown =
            ["private-token", "job-token", "authorization"].iter().any(|name| request.header(name).is_some());
        let of_project = request.params.contains_key("id");
        if !shown {
            return if of_project {
                message(404, "404 Project Not Found")
            } else {
                message(401, "401 Unauthorized")
            };
        }
        if kind_of(&state.token) == Kind::Job && !FOR_JOBS.contains(&request.operation) {
            return if request.operation == "projects/get" {
                message(404, "404 Project Not Found")
            } else {
                message(401, "401 Unauthorized")
            };
        }
        if let Some(refused) = lacks_scope(state, request) {
            return refused;
        }
        if of_project && let Some(answer) = other_project(state, request) {
            return answer;
        }
        if state.archived && request.method != "GET" {
            return message(403, "403 Forbidden");
        }
        route(state, request)
    }

    fn refusal(&self, status: u16, faults: &[String]) -> Answer {
        match status {
            404 => Answer::json(404, &json!({ "error": "404 Not Found" })),
            _ => Answer::json(status, &json!({ "error": faults.join(", ") })),
        }
    }
}

fn route(state: &mut State, request: &Request) -> Answer {
    let (group, verb) = request.operation.split_once('/').unwrap_or_default();
    match (group, verb) {
        ("users", "get-current") => {
            let mut user = show::user(&state.login);
            if let Some(user) = user.as_object_mut() {
                user.insert("email".into(), json!("bot@example.com"));
            }
            Answer::json(200, &user)
        }
        ("jobs", _) => Answer::json(200, &json!({ "id": 1, "user": show::user(&state.login) })),
        ("tokens", _) if kind_of(&state.token) == Kind::OAuth => message(400, "400 Bad request"),
        ("tokens", _) => {
            let scopes = &state.gitlab.scopes;
            let facts =
                json!({ "id": 1, "name": "patchwork", "active": true, "revoked": false, "scopes": scopes });
            Answer::json(200, &facts)
        }
        ("projects", "get") => Answer::json(200, &show::project(state)),
        ("projects", "list-members-all") => members(state, request),
        ("draft-notes" | "emoji", _) => notes::answer(state, request, thing_of(request)),
        ("merge-requests" | "issues", verb) if verb.contains("note") || verb.contains("discussion") => {
            notes::answer(state, request, thing_of(request))
        }
        ("merge-requests", _) => merge_requests::answer(state, request),
        ("issues", _) => issues::answer(state, request),
        ("commits", "list-statuses" | "create-status") => issues::statuses(state, request),
        _ => message(404, "404 Not Found"),
    }
}

/// What a request is about.
fn thing_of(request: &Request) -> Thing {
    match request.params.contains_key("issue_iid") {
        true => Thing::Issue(request.number("issue_iid")),
        false => Thing::PullRequest(request.number("merge_request_iid")),
    }
}

/// A page of a list. Links lead to the address that the site was set up with; a header names the next page too.
fn page<T>(state: &State, request: &Request, items: &[T], show: impl FnMut(&T) -> Value) -> Answer {
    let url = state.gitlab.external_url.as_deref().unwrap_or(&state.url);
    let mut answer = Answer::page(url, request, ("per_page", 20), items, show);
    let more = answer.headers.iter().any(|(name, value)| name == "link" && value.contains("rel=\"next\""));
    let number: u64 = request.param("page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let next = if more { (number + 1).to_string() } else { String::new() };
    answer.headers.push(("x-next-page".into(), next));
    answer
}

/// A refusal as GitLab words it.
fn message(status: u16, text: &str) -> Answer {
    Answer::json(status, &json!({ "message": text }))
}

fn lacks_scope(state: &State, request: &Request) -> Option<Answer> {
    let has = |scope: &str| state.gitlab.scopes.iter().any(|one| one == scope);
    let reads = request.method == "GET";
    let own = request.operation == "tokens/get-self";
    let user = request.operation == "users/get-current" && has("read_user");
    let may = own || user || has("api") || reads && has("read_api");
    (!may).then(|| {
        let needed = if reads { "api read_api" } else { "api" };
        Answer::json(
            403,
            &json!({
                "error": "insufficient_scope",
                "error_description": "The request requires higher privileges than provided by the access token.",
                "scope": needed,
            }),
        )
    })
}

/// The answer for a project that is not the one kept here: a fork, one of an old name, none.
fn other_project(state: &State, request: &Request) -> Option<Answer> {
    let id = request.path("id");
    let is_it = id == show::OWN_PROJECT.to_string() || id.eq_ignore_ascii_case(&state.slug);
    if is_it {
        return None;
    }
    if state.old_slug.as_deref().is_some_and(|old| old.eq_ignore_ascii_case(id)) {
        if request.method != "GET" {
            return Some(message(405, "Non GET methods are not allowed for moved projects"));
        }
        let mut moved = Answer::json(301, &json!({ "message": "This resource has been moved" }));
        let base = request.full_path.split("/projects/").next().unwrap_or_default();
        moved
            .headers
            .push(("location".into(), format!("{}{base}/projects/{}", state.url, show::OWN_PROJECT)));
        return Some(moved);
    }
    let fork = state.pulls.iter().map(|pull| &pull.head_repository).find(|fork| {
        !fork.is_empty() && (show::project_id(state, fork).to_string() == id || fork.eq_ignore_ascii_case(id))
    });
    match fork {
        Some(fork) if request.operation == "projects/get" => {
            Some(Answer::json(200, &show::fork(state, fork)))
        }
        _ => Some(message(404, "404 Project Not Found")),
    }
}

fn members(state: &State, request: &Request) -> Answer {
    if state.gitlab.hides_members {
        return message(403, "403 Forbidden");
    }
    let asked: Vec<&str> =
        request.query.iter().filter(|(name, _)| name == "user_ids[]").map(|(_, id)| id.as_str()).collect();
    let own = (state.login.as_str(), if state.may_push { 30 } else { 20 });
    let insiders = state.insiders.iter().map(|login| (login.as_str(), 40));
    let members: Vec<Value> = std::iter::once(own)
        .chain(insiders)
        .filter(|(login, _)| asked.is_empty() || asked.contains(&show::user_id(login).to_string().as_str()))
        .map(|(login, level)| show::member(login, level))
        .collect();
    page(state, request, &members, Value::clone)
}
