//! Where a Gitea or Forgejo is, and what the addresses of its pages say.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::Thing;

use crate::forge::Remote;
use crate::forge::site::{Page, web_address};
use crate::forge::wire::number_of;

/// What follows the root of a site.
const API: &str = "/api/v1";

/// The API of a host that is known to be one.
pub(super) fn public_api(host: &str) -> Option<String> {
    matches!(host, "codeberg.org" | "gitea.com").then(|| format!("https://{host}{API}"))
}

/// What `scm_url` may be.
const EXPECTED: &str =
    "https://codeberg.org, or https://HOST or https://HOST/PATH of a Gitea or Forgejo of one's own";

/// The API of the site that a user means with `scm_url`: the site itself, which may be below a path, or its API.
pub(super) fn api_of(scm_url: &str) -> Result<String, Failure> {
    let url = web_address(scm_url, "gitea_api_key", EXPECTED)?;
    Ok(format!("{}{API}", root_of(url.as_str())))
}

/// The root of the site of an API, without a slash at its end.
pub(super) fn root_of(api: &str) -> &str {
    let root = api.trim_end_matches('/');
    root.strip_suffix(API).unwrap_or(root).trim_end_matches('/')
}

/// Whether a host is named as people name theirs (`gitea.example.com`).
pub(super) fn looks_like(remote: &Remote) -> bool {
    let is_it = |label: &str| matches!(label, "gitea" | "forgejo");
    remote.host.as_ref().is_some_and(|host| host.split('.').any(is_it))
}

/// `…/OWNER/NAME/pulls/7/files`, `…/OWNER/NAME/issues/7`, and the same of the API (`…/api/v1/repos/OWNER/NAME/pulls/7`).
pub(super) fn page(path: &[String]) -> Option<Page> {
    let (at, thing) = path.windows(4).enumerate().find_map(|(at, window)| {
        let [owner, name, what, number] = window else { return None };
        let is_slug = Remote { host: None, site: None, path: vec![owner.clone(), name.clone()] }
            .owner_and_name()
            .is_some();
        match (what.as_str(), number_of(number).filter(|_| is_slug)?) {
            ("pulls", number) => Some((at, Thing::PullRequest(number))),
            ("issues", number) => Some((at, Thing::Issue(number))),
            _ => None,
        }
    })?;
    let before = path.get(..at)?;
    let api = ["api", "v1", "repos"].map(str::to_owned);
    let before = before.strip_suffix(&api).unwrap_or(before);
    Some(Page { repository: [before, path.get(at..at + 2)?].concat(), thing })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scm_url_may_be_the_site_or_its_api() {
        for (scm_url, api) in [
            ("https://codeberg.org", "https://codeberg.org/api/v1"),
            (" https://git.example.com:3000/ ", "https://git.example.com:3000/api/v1"),
            ("https://example.com/gitea/api/v1/", "https://example.com/gitea/api/v1"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010/api/v1"),
        ] {
            assert_eq!(api_of(scm_url).unwrap(), api, "{scm_url}");
        }
        for wrong in ["", "codeberg.org", "ftp://x.test", "https://u:p@x.test", "https://x.test?token=x"] {
            assert!(api_of(wrong).unwrap_err().message.contains("scm_url"), "{wrong}");
        }
        assert_eq!(public_api("codeberg.org.evil.test"), None);
    }

    #[test]
    fn pages_name_their_repository_and_thing() {
        let shown = |path: &str| {
            let parts: Vec<String> = path.split('/').map(str::to_owned).collect();
            page(&parts).map(|page| (page.repository.join("/"), page.thing))
        };
        let pull = |repository: &str| Some((repository.to_owned(), Thing::PullRequest(7)));
        assert_eq!(shown("o/r/pulls/7"), pull("o/r"));
        assert_eq!(shown("o/r/pulls/7/files"), pull("o/r"));
        assert_eq!(shown("git/o/r/pulls/7/commits/abc"), pull("git/o/r"));
        assert_eq!(shown("api/v1/repos/o/r/pulls/7"), pull("o/r"));
        assert_eq!(shown("o/r/issues/7"), Some(("o/r".to_owned(), Thing::Issue(7))));
        for none in
            ["o/r", "o/r/pulls", "o/r/pulls/x", "o/r/pulls/0", "o/r/src/7", "o/a b/pulls/7", "pulls/7"]
        {
            assert_eq!(shown(none), None, "{none}");
        }
    }
}
