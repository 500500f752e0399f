//! Where Bitbucket Cloud is, and what the addresses of its pages say.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::Thing;

use crate::forge::Remote;
use crate::forge::site::{Page, web_address};
use crate::forge::wire::number_of;

const PUBLIC: &str = "https://api.bitbucket.org/2.0";

/// What follows the host of an API.
const API: &str = "/2.0";

/// The API of a host that is Bitbucket's own.
pub(super) fn public_api(host: &str) -> Option<String> {
    matches!(host, "bitbucket.org" | "www.bitbucket.org" | "altssh.bitbucket.org").then(|| PUBLIC.to_owned())
}

/// What `scm_url` may be.
const EXPECTED: &str = "https://bitbucket.org; there is nothing yet for Bitbucket Data Center";

/// The API that a user means with `scm_url`: the site's page, or the API itself.
pub(super) fn api_of(scm_url: &str) -> Result<String, Failure> {
    let url = web_address(scm_url, "bitbucket_api_key", EXPECTED)?;
    let host = url.host_str().unwrap_or_default().trim_start_matches("api.");
    if let Some(api) = public_api(host).filter(|_| url.port().is_none()) {
        return Ok(api);
    }
    let root = url.as_str().trim_end_matches('/');
    Ok(format!("{}{API}", root.strip_suffix(API).unwrap_or(root)))
}

/// The root of the pages that belong to an API, without a slash at its end.
pub(super) fn root_of(api: &str) -> String {
    match api {
        PUBLIC => "https://bitbucket.org".to_owned(),
        _ => api.trim_end_matches('/').trim_end_matches(API).trim_end_matches('/').to_owned(),
    }
}

/// There is one Bitbucket Cloud only; what is called `bitbucket.example.com` is Data Center, which has another API.
pub(super) fn looks_like(_remote: &Remote) -> bool {
    false
}

/// `…/WORKSPACE/NAME/pull-requests/7/…`, `…/WORKSPACE/NAME/issues/7/…`, and the same of the API
/// (`…/2.0/repositories/WORKSPACE/NAME/pullrequests/7`).
pub(super) fn page(path: &[String]) -> Option<Page> {
    let api = ["2.0", "repositories"].map(str::to_owned);
    let path = path.strip_prefix(&api).unwrap_or(path);
    let [workspace, name, what, number, ..] = path else { return None };
    let repository = vec![workspace.clone(), name.clone()];
    Remote { host: None, site: None, path: repository.clone() }.owner_and_name()?;
    let number = number_of(number)?;
    let thing = match what.as_str() {
        "pull-requests" | "pullrequests" | "pull-request" => Thing::PullRequest(number),
        "issues" | "issue" => Thing::Issue(number),
        _ => return None,
    };
    Some(Page { repository, thing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scm_url_may_be_the_site_or_its_api() {
        for (scm_url, api, root) in [
            ("https://bitbucket.org/", PUBLIC, "https://bitbucket.org"),
            ("https://api.bitbucket.org/2.0", PUBLIC, "https://bitbucket.org"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010/2.0", "http://127.0.0.1:4010"),
            ("http://127.0.0.1:4010/2.0/", "http://127.0.0.1:4010/2.0", "http://127.0.0.1:4010"),
        ] {
            assert_eq!(api_of(scm_url).unwrap(), api, "{scm_url}");
            assert_eq!(root_of(api), root, "{scm_url}");
        }
        for wrong in ["", "bitbucket.org", "ftp://x.test", "https://u:p@x.test", "https://x.test?token=x"] {
            assert!(api_of(wrong).unwrap_err().message.contains("scm_url"), "{wrong}");
        }
        assert_eq!(public_api("bitbucket.org.evil.test"), None);
    }

    #[test]
    fn pages_name_their_repository_and_thing() {
        let shown = |path: &str| {
            let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
            page(&parts).map(|page| (page.repository.join("/"), page.thing))
        };
        for form in [
            "ws/repo/pull-requests/7",
            "ws/repo/pull-requests/7/diff",
            "ws/repo/pull-requests/7/a-title/commits",
            "2.0/repositories/ws/repo/pullrequests/7/comments",
        ] {
            assert_eq!(shown(form), Some(("ws/repo".to_owned(), Thing::PullRequest(7))), "{form}");
        }
        assert_eq!(shown("ws/repo/issues/7/a-title"), Some(("ws/repo".to_owned(), Thing::Issue(7))));
        for none in ["ws/repo", "ws/repo/pull-requests", "ws/repo/pull-requests/new", "ws/repo/src/7"] {
            assert_eq!(shown(none), None, "{none}");
        }
    }
}
