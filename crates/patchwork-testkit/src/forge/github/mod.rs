//! How GitHub speaks.

mod checks;
mod comments;
mod graphql;
mod issues;
mod pulls;

use patchwork_core::port::clock::{Clock, SystemClock};
use serde_json::{Value, json};

use super::answer::{Answer, Request};
use super::dialect::{Dialect, like};
use super::state::State;
use crate::described::Description;

/// GitHub.
#[derive(Debug)]
pub(super) struct GitHub;

/// GitHub.
pub(super) const GITHUB: GitHub = GitHub;

impl Dialect for GitHub {
    fn description(&self) -> &'static Description {
        Description::github()
    }

    fn bases(&self) -> &'static [&'static str] {
        &["/api/v3", "/api"]
    }

    fn is_described(&self, request: &Request) -> bool {
        request.path != "/graphql" && request.path != "/repositories/1"
    }

    fn admit(&self, state: &State, request: &Request) -> Result<(), Answer> {
        if request.header("user-agent").is_none_or(str::is_empty) {
            return Err(refusal(403, "Request forbidden by administrative rules: no User-Agent header"));
        }
        let Some(token) = request.authorization() else {
            return Err(refusal(401, "Requires authentication"));
        };
        if request.path.starts_with("/app/") || request.path.ends_with("/installation") {
            return signed(state, &token);
        }
        if token == state.token { Ok(()) } else { Err(refusal(401, "Bad credentials")) }
    }

    fn undescribed(&self, state: &mut State, request: &Request) -> Option<Answer> {
        match request.path.as_str() {
            "/repositories/1" => Some(repository(state)),
            "/graphql" => Some(graphql::answer(state, request)),
            _ => None,
        }
    }

    fn answer(&self, state: &mut State, request: &Request) -> Answer {
        if request.params.contains_key("owner") {
            let slug = format!("{}/{}", request.path("owner"), request.path("repo"));
            if state.old_slug.as_deref().is_some_and(|old| old.eq_ignore_ascii_case(&slug)) {
                return moved(state, &request.method);
            }
            if !state.slug.eq_ignore_ascii_case(&slug) {
                return refusal(404, "Not Found");
            }
        }
        match request.operation {
            "repos/get" => repository(state),
            "repos/get-collaborator-permission-level" => permission(state, request),
            "apps/list-repos-accessible-to-installation" if state.installation => {
                Answer::json(200, &json!({ "total_count": 1, "repositories": [] }))
            }
            "apps/list-repos-accessible-to-installation" => {
                refusal(403, "You must authenticate with an installation access token")
            }
            "apps/get-repo-installation" => installation(state),
            "apps/create-installation-access-token" => installation_token(state, request),
            "users/get-authenticated" if state.installation => {
                refusal(403, "Resource not accessible by integration")
            }
            operation => match operation.split_once('/') {
                Some(("pulls", _)) if comments::is_about(operation) => comments::answer(state, request),
                Some(("pulls", _)) => pulls::answer(state, request),
                Some(("issues", _)) if comments::is_about(operation) => comments::answer(state, request),
                Some(("issues", _)) => issues::answer(state, request),
                Some(("reactions", _)) => comments::answer(state, request),
                Some(("checks" | "code-scanning", _)) => checks::answer(state, request),
                _ => refusal(404, "Not Found"),
            },
        }
    }

    fn refusal(&self, status: u16, faults: &[String]) -> Answer {
        match status {
            422 => unprocessable(faults.iter().map(|fault| json!(fault)).collect()),
            404 => refusal(404, "Not Found"),
            _ => refusal(status, faults.first().map_or("Bad request", String::as_str)),
        }
    }
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() }),
    )
}

fn unprocessable(remarks: Vec<Value>) -> Answer {
    Answer::json(422, &json!({ "message": "Validation Failed", "errors": remarks }))
}

/// One remark of a refusal.
fn custom(resource: &str, message: &str) -> Answer {
    unprocessable(vec![json!({ "resource": resource, "code": "custom", "message": message })])
}

/// The refusal of a write that the token may not do.
fn may_write(state: &State, permission: &str) -> Result<(), Answer> {
    if state.may_push || state.installation {
        return Ok(());
    }
    let mut answer = refusal(403, "Resource not accessible by personal access token");
    answer.headers.push(("x-accepted-github-permissions".into(), format!("{permission}=write")));
    Err(answer)
}

fn moved(state: &State, method: &str) -> Answer {
    let status = if method == "GET" { 301 } else { 307 };
    let mut answer = refusal(status, "Moved Permanently");
    answer.headers.push(("location".into(), format!("{}/repositories/1", state.url)));
    answer
}

fn repository(state: &State) -> Answer {
    let name = state.slug.rsplit('/').next().unwrap_or_default();
    let push = state.may_push;
    let ours = json!({
        "id": 1, "name": name, "full_name": state.slug, "archived": state.archived, "default_branch": "main",
        "has_issues": state.has_issues, "language": "Python",
        "url": format!("https://api.github.com/repos/{}", state.slug),
        "html_url": format!("{}/{}", state.url, state.slug),
        "permissions": { "admin": false, "maintain": false, "push": push, "triage": push, "pull": true },
    });
    Answer::json(200, &like(Description::github(), ("repos/get", 200), ours))
}

fn permission(state: &State, request: &Request) -> Answer {
    let login = request.path("username");
    let word = if state.is_insider(login) { "write" } else { "read" };
    let user = json!({ "login": login, "role_name": word });
    let ours = json!({ "permission": word, "role_name": word, "user": user });
    Answer::json(200, &like(Description::github(), ("repos/get-collaborator-permission-level", 200), ours))
}

/// Whether a signed request of an app is one: its form and its times. Its signature is not looked at here.
fn signed(state: &State, token: &str) -> Result<(), Answer> {
    let refused = |message: &str| Err(refusal(401, message));
    let Some(app) = &state.app else { return refused("Integration not found") };
    let part = |at: usize| {
        let bytes = base64::Engine::decode(
            &base64::engine::general_purpose::URL_SAFE_NO_PAD,
            token.split('.').nth(at).unwrap_or_default(),
        );
        serde_json::from_slice::<Value>(&bytes.unwrap_or_default()).unwrap_or_default()
    };
    let (header, claims) = (part(0), part(1));
    if header.get("alg").and_then(Value::as_str) != Some("RS256") || token.split('.').count() != 3 {
        return refused("A JSON web token could not be decoded");
    }
    let number = |name: &str| claims.get(name).and_then(Value::as_i64).unwrap_or(0);
    let now = SystemClock.now_ms() / 1000;
    if number("iat") > now || number("exp") > now + 600 || number("exp") <= now {
        return refused("'Expiration time' claim ('exp') is too far in the future");
    }
    if claims.get("iss").and_then(Value::as_str) != Some(&app.id) {
        return refused("'Issuer' claim ('iss') must be an Integer");
    }
    Ok(())
}

fn installation(state: &State) -> Answer {
    let id = state.app.as_ref().map_or(0, |app| app.installation);
    Answer::json(200, &like(Description::github(), ("apps/get-repo-installation", 200), json!({ "id": id })))
}

fn installation_token(state: &mut State, request: &Request) -> Answer {
    let id = request.number("installation_id");
    let Some(app) = state.app.as_mut().filter(|app| app.installation == id) else {
        return refusal(404, "Not Found");
    };
    app.minted += 1;
    state.token = format!("ghs_installation{:016}", app.minted);
    state.installation = true;
    state.may_push = false;
    let until = SystemClock.now_ms() + app.lifetime_ms;
    let ours = json!({ "token": state.token, "expires_at": time(until) });
    Answer::json(201, &like(Description::github(), ("apps/create-installation-access-token", 201), ours))
}

/// A time as GitHub writes it.
fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Who did something, and how they are related to the repository.
fn author(state: &State, login: &str) -> (Value, &'static str) {
    let user = match login {
        "" => Value::Null,
        _ => json!({ "login": login, "html_url": format!("{}/{login}", state.url) }),
    };
    let association = match login {
        _ if login == state.slug.split('/').next().unwrap_or_default() => "OWNER",
        _ if login != state.login && state.is_insider(login) => "COLLABORATOR",
        _ => "NONE",
    };
    (user, association)
}

fn labels(names: &[String]) -> Value {
    let description = Description::github();
    let label = |name: &String| like(description, ("issues/add-labels", 200), json!({ "name": name }));
    names.iter().map(label).collect()
}
