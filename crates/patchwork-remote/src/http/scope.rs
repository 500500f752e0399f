//! What a token lacks, as servers tell it beside a refusal.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::error::tidy;

/// What the token needs for a call that was refused, in words (`the token needs the scope repo; it has read:user`); none when
/// the server does not say.
pub(super) fn needs(status: StatusCode, headers: &HeaderMap, bytes: &[u8]) -> Option<String> {
    // GitHub hides what a token may not see behind 404, and names the scopes all the same.
    if !matches!(status.as_u16(), 401 | 403 | 404) {
        return None;
    }
    let header = |name: &str| {
        let text = tidy(headers.get(name)?.to_str().ok()?);
        (!text.is_empty()).then_some(text)
    };
    if status != StatusCode::NOT_FOUND
        && let Some(permissions) = header("x-accepted-github-permissions")
    {
        return Some(format!("the token needs the permission {}", either(&permissions, ';')));
    }
    // Both headers come with every answer to a classic token: only a scope that it lacks says anything.
    if headers.contains_key("x-oauth-scopes")
        && let Some(accepted) = header("x-accepted-oauth-scopes")
    {
        let has = header("x-oauth-scopes").unwrap_or_default();
        let had: Vec<&str> = has.split(',').map(str::trim).collect();
        let lacks = !accepted.split(',').any(|scope| had.contains(&scope.trim()));
        let has = if has.is_empty() { "none".to_owned() } else { has };
        return lacks.then(|| format!("the token needs the scope {}; it has {has}", either(&accepted, ',')));
    }
    in_body(&serde_json::from_slice(bytes).ok()?)
}

/// GitLab's `{"error": "insufficient_scope", "scope": "api"}`, Bitbucket's `{"error": {"detail": {"required", "granted"}}}` and
/// Gitea's `{"message": "… required scope(s), required=[write:issue], token scope=read:issue"}`.
fn in_body(body: &Value) -> Option<String> {
    if let Some(said) = body.get("message").and_then(Value::as_str)
        && let Some((_, rest)) = said.split_once("required scope(s)")
    {
        let (needed, rest) = rest.split_once('[')?.1.split_once(']')?;
        let has = rest.split_once("token scope=").map(|(_, has)| tidy(has)).filter(|has| !has.is_empty());
        let has = has.map(|has| format!("; it has {has}")).unwrap_or_default();
        return Some(format!("the token needs the scope {}{has}", either(&tidy(needed), ',')));
    }
    let error = body.get("error")?;
    if error == "insufficient_scope" {
        return Some(format!("the token needs the scope {}", tidy(body.get("scope")?.as_str()?)));
    }
    let list = |name: &str| {
        let names = error.get("detail")?.get(name)?.as_array()?;
        Some(tidy(&names.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")))
    };
    let has = list("granted").filter(|has| !has.is_empty());
    let has = has.map(|has| format!("; it has {has}")).unwrap_or_default();
    Some(format!("the token needs the scope {}{has}", list("required")?))
}

/// `a, b` as "a or b": any of them will do.
fn either(list: &str, separator: char) -> String {
    let items: Vec<&str> = list.split(separator).map(str::trim).filter(|item| !item.is_empty()).collect();
    items.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        type Case =
            (&'static str, u16, &'static [(&'static str, &'static str)], &'static str, Option<&'static str>);
        let cases: &[Case] = &[
            (
                "classic",
                404,
                &[("x-oauth-scopes", "read:user"), ("x-accepted-oauth-scopes", "repo, public_repo")],
                "",
                Some("the token needs the scope repo or public_repo; it has read:user"),
            ),
            (
                "classic without any",
                403,
                &[("x-oauth-scopes", ""), ("x-accepted-oauth-scopes", "repo")],
                "",
                Some("the token needs the scope repo; it has none"),
            ),
            ("has it", 403, &[("x-oauth-scopes", "repo"), ("x-accepted-oauth-scopes", "repo")], "", None),
            ("no such thing", 404, &[("x-oauth-scopes", "repo"), ("x-accepted-oauth-scopes", "")], "", None),
            (
                "fine-grained",
                403,
                &[("x-accepted-github-permissions", "issues=write; pull_requests=write")],
                "",
                Some("the token needs the permission issues=write or pull_requests=write"),
            ),
            ("hidden", 404, &[("x-accepted-github-permissions", "metadata=read")], "", None),
            (
                "GitLab",
                403,
                &[],
                r#"{"error":"insufficient_scope","error_description":"…","scope":"api"}"#,
                Some("the token needs the scope api"),
            ),
            (
                "Bitbucket",
                403,
                &[],
                r#"{"type":"error","error":{"message":"…","detail":{"required":["pullrequest:write"],"granted":["repository"]}}}"#,
                Some("the token needs the scope pullrequest:write; it has repository"),
            ),
            (
                "Gitea",
                403,
                &[],
                r#"{"message":"token does not have at least one of required scope(s), required=[write:issue], token scope=read:issue"}"#,
                Some("the token needs the scope write:issue; it has read:issue"),
            ),
            (
                "older Forgejo",
                403,
                &[],
                r#"{"message":"token does not have at least one of required scope(s): [read:user]"}"#,
                Some("the token needs the scope read:user"),
            ),
            ("another status", 422, &[("x-accepted-github-permissions", "issues=write")], "", None),
            ("no JSON", 403, &[], "<html>", None),
        ];
        for (name, status, headers, body, expected) in cases {
            let mut map = HeaderMap::new();
            for (key, value) in *headers {
                map.insert(*key, value.parse().unwrap());
            }
            let status = StatusCode::from_u16(*status).unwrap();
            assert_eq!(needs(status, &map, body.as_bytes()).as_deref(), *expected, "{name}");
        }
    }
}
