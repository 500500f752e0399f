//! Where GitHub's API is.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::Thing;
use reqwest::Url;

use crate::forge::Remote;
use crate::forge::site::{Page, web_address};
use crate::http::is_loopback;

const PUBLIC: &str = "https://api.github.com";

/// The API of a host that is GitHub's own; nothing for any other: a token for github.com must not be sent to a host that
/// only looks like one of theirs.
pub(super) fn public_api(host: &str) -> Option<String> {
    match host {
        "github.com" | "www.github.com" | "ssh.github.com" => Some(PUBLIC.to_owned()),
        _ => {
            let tenant = host.strip_suffix(".ghe.com")?;
            let tenant = tenant.strip_prefix("api.").unwrap_or(tenant);
            (!tenant.is_empty() && !tenant.contains('.')).then(|| format!("https://api.{tenant}.ghe.com"))
        }
    }
}

/// What `scm_url` may be.
const EXPECTED: &str =
    "https://github.com, or https://HOST or https://HOST/api/v3 of GitHub Enterprise Server";

/// The API that a user means with `scm_url`: the page of the site (`https://ghe.example.com`) or the API itself
/// (`https://ghe.example.com/api/v3`, `https://api.github.com`). On this machine the address is taken as it is.
pub(super) fn api_of(scm_url: &str) -> Result<String, Failure> {
    let text = scm_url.trim().trim_end_matches('/');
    let url = web_address(scm_url, "github_api_key", EXPECTED)?;
    let host = url.host_str().unwrap_or_default().trim_start_matches("api.");
    if let Some(api) = public_api(host).filter(|_| url.port().is_none()) {
        return Ok(api);
    }
    // A path that somebody wrote is the API's: behind a proxy it may be anything.
    if is_loopback(&url) || !url.path().trim_matches('/').is_empty() {
        return Ok(text.to_owned());
    }
    Ok(format!("{text}/api/v3"))
}

/// The address below which `/graphql` is: the API's own, on a server of one's own `https://HOST/api`.
pub(super) fn above_graphql(api: &str) -> &str {
    let api = api.trim_end_matches('/');
    match api.strip_suffix("/v3") {
        Some(above) if above.ends_with("/api") => above,
        _ => api,
    }
}

/// The address of the pages that belong to an API.
pub(super) fn site_of(api: &Url) -> String {
    let host = api.host_str().unwrap_or_default();
    let public = host.strip_prefix("api.").filter(|site| public_api(site).is_some());
    let port = api.port().map(|port| format!(":{port}")).unwrap_or_default();
    let path = api.path().trim_end_matches('/');
    let path = path.strip_suffix("/api/v3").unwrap_or(path);
    format!("{}://{}{port}{path}", api.scheme(), public.unwrap_or(host))
}

/// Whether a host is named like a server of one's own.
pub(super) fn looks_like(remote: &Remote) -> bool {
    let first = remote.host.as_deref().and_then(|host| host.split('.').next());
    matches!(first, Some("github" | "ghe"))
}

/// `…/OWNER/NAME/pull/7/files`, `…/OWNER/NAME/issues/7`, and the same of the API: `…/repos/OWNER/NAME/pulls/7`.
pub(super) fn page(path: &[String]) -> Option<Page> {
    let api = path.iter().position(|part| part == "repos");
    let found = path.windows(4).enumerate().find_map(|(at, window)| {
        let [owner, name, what, number] = window else { return None };
        let number = number.parse().ok().filter(|number| *number > 0)?;
        let is_api = api.is_some_and(|repos| repos + 1 == at);
        let thing = match what.as_str() {
            "pull" => Thing::PullRequest(number),
            "pulls" if is_api => Thing::PullRequest(number),
            "issues" => Thing::Issue(number),
            _ => return None,
        };
        Some((at, [owner.clone(), name.clone()], thing))
    });
    let (at, slug, thing) = found?;
    // Before the owner stands, if anything, the path of a proxy, or that of the API.
    let before = path.get(..api.filter(|repos| repos + 1 == at).unwrap_or(at))?;
    let before = before.strip_suffix(&["api".to_owned(), "v3".to_owned()]).unwrap_or(before);
    Some(Page { repository: before.iter().cloned().chain(slug).collect(), thing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scm_url_may_be_the_site_or_its_api() {
        let table = [
            ("https://github.com", PUBLIC),
            ("https://api.github.com/", PUBLIC),
            ("https://ghe.example.com", "https://ghe.example.com/api/v3"),
            ("https://ghe.example.com:8443/", "https://ghe.example.com:8443/api/v3"),
            ("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/v3"),
            ("https://proxy.example.com/github", "https://proxy.example.com/github"),
            ("https://acme.ghe.com", "https://api.acme.ghe.com"),
            ("https://api.acme.ghe.com", "https://api.acme.ghe.com"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
            ("http://[::1]:4010/api/v3", "http://[::1]:4010/api/v3"),
        ];
        for (scm_url, api) in table {
            assert_eq!(api_of(scm_url).unwrap(), api, "{scm_url}");
        }
        for wrong in [
            "https://user:password@ghe.example.com",
            "https://token@github.com",
            "https://ghe.example.com?token=x",
            "",
            "ghe.example.com",
            "ftp://ghe.example.com",
            "file:///etc/passwd",
        ] {
            assert!(api_of(wrong).unwrap_err().message.contains("scm_url"), "{wrong}");
        }
    }

    #[test]
    fn only_hosts_of_github_are_known_by_name() {
        assert_eq!(public_api("github.com").as_deref(), Some(PUBLIC));
        assert_eq!(public_api("acme.ghe.com").as_deref(), Some("https://api.acme.ghe.com"));
        for other in
            ["gitlab.com", "github.com.evil.test", "notgithub.com", "github.corp.test", ".ghe.com", "ghe.com"]
        {
            assert_eq!(public_api(other), None, "{other}");
        }
    }
}
