//! How Bitbucket Cloud speaks.

mod checks;
mod comments;
mod issues;
mod pulls;

use patchwork_core::port::forge::Thing;
use serde_json::{Value, json};

use super::answer::{Answer, Request};
use super::dialect::Dialect;
use super::state::State;
use crate::described::Description;

/// What only a Bitbucket holds.
#[derive(Debug, Clone, Default)]
pub struct BitbucketSite {
    /// Whether the token may not ask whose it is, as those of a repository may not.
    pub hides_account: bool,
    /// Comments that were deleted, which stay in lists without their text.
    pub deleted: Vec<super::state::Comment>,
    /// Reports of Code Insights.
    pub reports: Vec<Report>,
    /// The keys of build statuses, by the number of their check.
    pub(super) keys: Vec<(u64, String)>,
}

/// A report of Code Insights.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The commit.
    pub commit: String,
    /// What it is called.
    pub id: String,
    /// As it was sent.
    pub body: Value,
    /// Its annotations as they were sent.
    pub annotations: Vec<Value>,
}

/// Bitbucket.
#[derive(Debug)]
pub(super) struct Bitbucket;

/// Bitbucket.
pub(super) const BITBUCKET: Bitbucket = Bitbucket;

/// Who owns the workspace, when it is a team's.
const OWNER: &str = "{0ace0000-0000-0000-0000-000000000000}";

impl Dialect for Bitbucket {
    fn description(&self) -> &'static Description {
        Description::bitbucket()
    }

    fn bases(&self) -> &'static [&'static str] {
        &["/2.0"]
    }

    fn admit(&self, state: &State, request: &Request) -> Result<(), Answer> {
        let shown = request.header("authorization").unwrap_or_default();
        // A pair of a user and a password is no bearer's token.
        let (scheme, wanted) = match state.token.split_once(':') {
            Some((_, password)) => ("Basic ", password),
            None => ("Bearer ", state.token.as_str()),
        };
        match request.authorization() {
            Some(token) if shown.starts_with(scheme) && token == wanted => Ok(()),
            Some(_) => Err(refusal(401, "Token is invalid, expired, or not supported for this endpoint.")),
            None => Err(refusal(401, "Authentication required")),
        }
    }

    fn answer(&self, state: &mut State, request: &Request) -> Answer {
        if request.params.contains_key("workspace") {
            let slug = format!("{}/{}", request.path("workspace"), request.path("repo_slug"));
            if state.old_slug.as_deref().is_some_and(|old| old.eq_ignore_ascii_case(&slug)) {
                return moved(state, request);
            }
            if !state.slug.eq_ignore_ascii_case(&slug) {
                return refusal(404, &format!("Repository {slug} not found"));
            }
        }
        let (group, verb) = request.operation.split_once('/').unwrap_or_default();
        match (group, verb) {
            ("users", "get-current") if state.bitbucket.hides_account => lacks("account"),
            ("users", "get-current") => Answer::json(200, &user(state, &state.login)),
            ("users", "list-repository-permissions") => permissions(state),
            ("repositories", "get") => Answer::json(200, &repository(state, &state.slug)),
            ("commits", "get") => commit(state, request),
            ("commits" | "reports", _) => checks::answer(state, request),
            ("repositories", "diff" | "diffstat") => pulls::answer(state, request),
            ("pullrequests" | "issues", verb) if verb.contains("comment") => {
                let on = match group {
                    "issues" => Thing::Issue(request.number("issue_id")),
                    _ => Thing::PullRequest(request.number("pull_request_id")),
                };
                comments::answer(state, request, on)
            }
            ("pullrequests", _) => pulls::answer(state, request),
            ("issues", _) => issues::answer(state, request),
            _ => refusal(404, "Resource not found"),
        }
    }

    fn refusal(&self, status: u16, faults: &[String]) -> Answer {
        refusal(status, faults.first().map_or("Resource not found", String::as_str))
    }
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(status, &json!({ "type": "error", "error": { "message": message } }))
}

/// The refusal of a token without a scope.
fn lacks(scope: &str) -> Answer {
    let error = json!({
        "message": "Your credentials lack one or more required privilege scopes.",
        "detail": { "granted": ["repository"], "required": [scope] },
    });
    Answer::json(403, &json!({ "type": "error", "error": error }))
}

fn may_write(state: &State, scope: &str) -> Result<(), Answer> {
    if state.may_push { Ok(()) } else { Err(lacks(scope)) }
}

fn moved(state: &State, request: &Request) -> Answer {
    let rest = request.path.splitn(5, '/').nth(4).map(|rest| format!("/{rest}")).unwrap_or_default();
    let mut answer = Answer::empty(307);
    answer.headers.push(("location".into(), format!("{}/2.0/repositories/{}{rest}", state.url, state.slug)));
    answer
}

/// A page of a list, which holds the address of the next.
fn page<T>(
    state: &State,
    request: &Request,
    most: usize,
    items: &[T],
    show: impl FnMut(&T) -> Value,
) -> Answer {
    let number = |name: &str| request.param(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("pagelen").unwrap_or(10);
    if size == 0 || size > most {
        return refusal(400, "Invalid pagelen");
    }
    let page = number("page").unwrap_or(1).max(1);
    let start = (page - 1).saturating_mul(size).min(items.len());
    let end = start.saturating_add(size).min(items.len());
    let values: Vec<Value> = items.get(start..end).unwrap_or_default().iter().map(show).collect();
    let mut shown = json!({ "values": values, "pagelen": size, "page": page, "size": items.len() });
    if end < items.len()
        && let Some(shown) = shown.as_object_mut()
    {
        let escape = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        };
        let others = request.query.iter().filter(|(name, _)| name != "page");
        let query: String = others.map(|(name, value)| format!("{name}={}&", escape(value))).collect();
        let next = format!("{}{}?{query}page={}", state.url, request.full_path, page + 1);
        shown.insert("next".into(), json!(next));
    }
    Answer::json(200, &shown)
}

/// The value that a filter asks for (`state="OPEN" AND source.branch.name="x"`).
fn asked(request: &Request, field: &str) -> Option<String> {
    let query = request.param("q")?;
    let condition = query.split(" AND ").find_map(|one| one.trim().strip_prefix(field)?.strip_prefix('='))?;
    let text = condition.trim().strip_prefix('"')?.strip_suffix('"')?;
    Some(text.replace("\\\"", "\"").replace("\\\\", "\\"))
}

fn uuid(state: &State, login: &str) -> String {
    let owner = state.slug.split('/').next().unwrap_or_default();
    if login == owner {
        return OWNER.to_owned();
    }
    let number = login.bytes().fold(7, |sum: u64, byte| (sum * 31 + u64::from(byte)) % 1_000_000_007);
    format!("{{{number:012}-0000-0000-0000-000000000000}}")
}

/// An account; none where it is gone.
fn user(state: &State, login: &str) -> Value {
    match login {
        "" => Value::Null,
        _ => json!({
            "type": "user", "uuid": uuid(state, login), "nickname": login, "display_name": format!("The {login}"),
            "account_id": format!("557058:{login}"),
        }),
    }
}

fn repository(state: &State, slug: &str) -> Value {
    let (owner, name) = slug.split_once('/').unwrap_or_default();
    json!({
        "type": "repository", "full_name": slug, "name": name, "scm": "git", "has_issues": state.has_issues,
        "owner": user(state, owner), "mainbranch": { "type": "branch", "name": "main" },
        "links": { "html": { "href": format!("{}/{slug}", state.url) } },
    })
}

fn permissions(state: &State) -> Answer {
    let permission = if state.may_push { "write" } else { "read" };
    let value = json!({
        "type": "repository_permission", "permission": permission, "repository": repository(state, &state.slug),
        "user": user(state, &state.login),
    });
    Answer::json(200, &json!({ "values": [value], "pagelen": 10, "page": 1, "size": 1 }))
}

/// A commit by the beginning of its id, as pull requests show it.
fn commit(state: &State, request: &Request) -> Answer {
    let short = request.path("commit");
    let commits = state.pulls.iter().flat_map(|pull| {
        let ends = [(&pull.base_commit, ""), (&pull.head_commit, "")].into_iter();
        pull.commits.iter().map(|(id, text)| (id, text.as_str())).chain(ends)
    });
    match commits.into_iter().find(|(id, _)| id.starts_with(short)) {
        Some((id, text)) => {
            Answer::json(200, &json!({ "type": "commit", "hash": id, "message": text, "date": time(0) }))
        }
        None => refusal(404, &format!("Commit not found: {short}")),
    }
}

fn time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// What a text holds.
fn content(raw: &str) -> Value {
    json!({ "type": "rendered", "raw": raw, "markup": "markdown", "html": "" })
}

/// The text that a request holds below `content`.
fn raw(request: &Request) -> Option<&str> {
    request.body.get("content")?.get("raw")?.as_str()
}
