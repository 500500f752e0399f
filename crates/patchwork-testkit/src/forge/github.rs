//! GitHub's endpoints, as far as patchwork uses them.

use axum::http::{HeaderMap, Method, Uri};
use serde_json::{Value, json};

use super::judge::{CHANGED_PULL, Fields, NEW_PULL, judge};
use super::{Answer, Pull, Recorded, Site};

/// A request, taken apart.
pub(super) struct Request {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    token: Option<String>,
    body: Result<Value, String>,
}

impl Request {
    pub(super) fn new(method: &Method, uri: &Uri, headers: &HeaderMap, body: &[u8]) -> Self {
        let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let token = headers.get("authorization").map(text).and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            let known = scheme.eq_ignore_ascii_case("bearer") || scheme.eq_ignore_ascii_case("token");
            known.then(|| token.to_owned())
        });
        let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(uri);
        Self {
            method: method.to_string(),
            path: uri.path().strip_prefix("/api/v3").unwrap_or(uri.path()).to_owned(),
            query: query.map(|q| q.0).unwrap_or_default(),
            headers: headers
                .iter()
                .filter(|(name, _)| *name != "authorization")
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            token,
            body: if body.is_empty() {
                Ok(Value::Null)
            } else {
                serde_json::from_slice(body).map_err(|e| e.to_string())
            },
        }
    }

    pub(super) fn recorded(self, status: u16) -> Recorded {
        Recorded {
            method: self.method,
            path: self.path,
            query: self.query,
            body: self.body.unwrap_or_else(Value::String),
            headers: self.headers,
            status,
        }
    }

    fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    fn has_header(&self, name: &str) -> bool {
        self.headers.iter().any(|(n, value)| n == name && !value.is_empty())
    }
}

pub(super) fn answer(site: &mut Site, request: &Request) -> Answer {
    if !request.has_header("user-agent") {
        return refusal(403, "Request forbidden by administrative rules: no User-Agent header");
    }
    match &request.token {
        None => return refusal(401, "Requires authentication"),
        Some(token) if *token != site.token => return refusal(401, "Bad credentials"),
        Some(_) => {}
    }
    let Ok(body) = &request.body else { return refusal(400, "Problems parsing JSON") };
    let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    let method = request.method.as_str();
    match (method, parts.as_slice()) {
        ("GET", ["installation", "repositories"]) if site.installation => {
            Answer::json(200, &json!({ "total_count": 1, "repositories": [] }))
        }
        ("GET", ["installation", "repositories"]) => {
            refusal(403, "You must authenticate with an installation access token")
        }
        ("GET", ["repositories", "1"]) => repository(site),
        (_, ["repos", owner, name, rest @ ..]) => {
            let slug = format!("{owner}/{name}");
            if site.old_slug.as_deref().is_some_and(|old| old.eq_ignore_ascii_case(&slug)) {
                return moved(site, method);
            }
            if !site.slug.eq_ignore_ascii_case(&slug) {
                return refusal(404, "Not Found");
            }
            match (method, rest) {
                ("GET", []) => repository(site),
                ("GET", ["pulls"]) => list(site, request),
                ("POST", ["pulls"]) => create(site, body),
                ("GET", ["pulls", number]) => {
                    match site.pulls.iter().find(|p| p.number.to_string() == *number) {
                        Some(pull) => Answer::json(200, &show(site, pull)),
                        None => refusal(404, "Not Found"),
                    }
                }
                ("PATCH", ["pulls", number]) => update(site, number, body),
                _ => refusal(404, "Not Found"),
            }
        }
        _ => refusal(404, "Not Found"),
    }
}

fn refusal(status: u16, message: &str) -> Answer {
    Answer::json(
        status,
        &json!({ "message": message, "documentation_url": "https://docs.github.com/rest", "status": status.to_string() }),
    )
}

fn unprocessable(remarks: &[Value]) -> Answer {
    Answer::json(422, &json!({ "message": "Validation Failed", "errors": remarks }))
}

fn moved(site: &Site, method: &str) -> Answer {
    let status = if method == "GET" { 301 } else { 307 };
    let mut answer = refusal(status, "Moved Permanently");
    answer.headers.push(("location".into(), format!("{}/repositories/1", site.url)));
    answer
}

fn repository(site: &Site) -> Answer {
    let name = site.slug.rsplit('/').next().unwrap_or_default();
    let push = site.may_push;
    Answer::json(
        200,
        &json!({
            "id": 1, "name": name, "full_name": site.slug, "archived": site.archived, "default_branch": "main",
            "url": format!("https://api.github.com/repos/{}", site.slug),
            "permissions": { "admin": false, "maintain": false, "push": push, "triage": push, "pull": true },
        }),
    )
}

fn list(site: &Site, request: &Request) -> Answer {
    let state = request.param("state").unwrap_or("open");
    // A head without an owner is not an error there: it is ignored.
    let head = request.param("head").and_then(|head| head.split_once(':'));
    let base = request.param("base");
    let limit = request.param("per_page").and_then(|n| n.parse().ok()).unwrap_or(30usize).min(100);
    let found: Vec<Value> = site
        .pulls
        .iter()
        .rev()
        .filter(|pull| state == "all" || pull.open == (state == "open"))
        .filter(|pull| {
            head.is_none_or(|(owner, branch)| {
                pull.head == branch && owner_of(&pull.head_repository).eq_ignore_ascii_case(owner)
            })
        })
        .filter(|pull| base.is_none_or(|base| pull.base == base))
        .take(limit)
        .map(|pull| show(site, pull))
        .collect();
    Answer::json(200, &Value::Array(found))
}

fn create(site: &mut Site, body: &Value) -> Answer {
    let map = match checked(body, NEW_PULL) {
        Ok(map) => map,
        Err(answer) => return answer,
    };
    if !site.may_push && !site.installation {
        return refusal(403, "Resource not accessible by personal access token");
    }
    let text = |name: &str| map.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (head, base) = (text("head"), text("base"));
    let head = head.split_once(':').map_or(head.clone(), |(_, branch)| branch.to_owned());
    let custom = |message: String| {
        unprocessable(&[json!({ "resource": "PullRequest", "code": "custom", "message": message })])
    };
    if head == base {
        return custom(format!("No commits between {base} and {head}"));
    }
    let twin = |p: &Pull| p.open && p.head == head && p.base == base && p.head_repository == site.slug;
    if site.pulls.iter().any(twin) {
        return custom(format!("A pull request already exists for {}:{head}.", owner_of(&site.slug)));
    }
    let pull = Pull {
        number: site.next_number(),
        open: true,
        head_repository: site.slug.clone(),
        head,
        base,
        title: text("title"),
        body: text("body"),
    };
    let shown = show(site, &pull);
    site.pulls.push(pull);
    Answer::json(201, &shown)
}

fn update(site: &mut Site, number: &str, body: &Value) -> Answer {
    let map = match checked(body, CHANGED_PULL) {
        Ok(map) => map,
        Err(answer) => return answer,
    };
    let Some(at) = site.pulls.iter().position(|p| p.number.to_string() == number) else {
        return refusal(404, "Not Found");
    };
    let text = |name: &str| map.get(name).and_then(Value::as_str).map(str::to_owned);
    if let Some(pull) = site.pulls.get_mut(at) {
        if let Some(title) = text("title") {
            pull.title = title;
        }
        if map.contains_key("body") {
            pull.body = text("body").unwrap_or_default();
        }
        if let Some(state) = text("state") {
            pull.open = state == "open";
        }
        if let Some(base) = text("base") {
            pull.base = base;
        }
    }
    match site.pulls.get(at) {
        Some(pull) => Answer::json(200, &show(site, pull)),
        None => refusal(404, "Not Found"),
    }
}

fn checked(body: &Value, fields: Fields) -> Result<&serde_json::Map<String, Value>, Answer> {
    judge(body, fields).map_err(|remarks| unprocessable(&remarks))
}

/// As GitHub shows it. `url` leads to the public API, as recorded answers do: no client of ours may follow it.
fn show(site: &Site, pull: &Pull) -> Value {
    let end = |repository: &str, branch: &str| {
        json!({
            "ref": branch,
            "label": format!("{}:{branch}", owner_of(repository)),
            "sha": "0".repeat(40),
            "repo": { "full_name": repository },
        })
    };
    json!({
        "number": pull.number,
        "url": format!("https://api.github.com/repos/{}/pulls/{}", site.slug, pull.number),
        "html_url": format!("{}/{}/pull/{}", site.url, site.slug, pull.number),
        "state": if pull.open { "open" } else { "closed" },
        "title": pull.title,
        "body": if pull.body.is_empty() { Value::Null } else { json!(pull.body) },
        "head": end(&pull.head_repository, &pull.head),
        "base": end(&site.slug, &pull.base),
    })
}

fn owner_of(slug: &str) -> &str {
    slug.split('/').next().unwrap_or_default()
}
