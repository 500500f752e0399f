//! Where GitLab is, and what the addresses of its pages say.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::Thing;

use super::super::Remote;
use super::super::site::{Page, web_address};
pub(super) use super::super::wire::is_page;
use super::super::wire::number_of;

/// What follows the root of a site.
const API: &str = "/api/v4";

/// The API of a host that is GitLab's own.
pub(super) fn public_api(host: &str) -> Option<String> {
    let known = matches!(host, "gitlab.com" | "www.gitlab.com" | "ssh.gitlab.com" | "altssh.gitlab.com");
    known.then(|| format!("https://gitlab.com{API}"))
}

/// What `scm_url` may be.
const EXPECTED: &str = "https://gitlab.com, or https://HOST or https://HOST/PATH of a GitLab of one's own";

/// The API of the site that a user means with `scm_url`: the site itself, which may be below a path
/// (`https://example.com/gitlab`), or its API.
pub(super) fn api_of(scm_url: &str) -> Result<String, Failure> {
    let url = web_address(scm_url, "gitlab_api_key", EXPECTED)?;
    if let Some(api) = url.host_str().and_then(public_api).filter(|_| url.port().is_none()) {
        return Ok(api);
    }
    Ok(format!("{}{API}", root_of(url.as_str())))
}

/// The root of the site of an API, without a slash at its end.
pub(super) fn root_of(api: &str) -> &str {
    let root = api.trim_end_matches('/');
    root.strip_suffix(API).unwrap_or(root).trim_end_matches('/')
}

/// Whether a host is named as people name theirs (`gitlab.example.com`).
pub(super) fn looks_like(remote: &Remote) -> bool {
    let is_it =
        |host: &String| host.split('.').any(|label| label == "gitlab" || label.starts_with("gitlab-"));
    remote.host.as_ref().is_some_and(is_it)
}

/// The full path of the project (`group/subgroup/name`) that a remote names.
pub(super) fn project_of(remote: &Remote) -> Option<String> {
    is_project(&remote.path).then(|| remote.path.join("/"))
}

/// What a page shows, by the parts of its path.
pub(super) fn page(path: &[String]) -> Option<Page> {
    let kind = |name: &str| matches!(name, "merge_requests" | "issues" | "work_items");
    // Old addresses have no `-` before the kind. A group may be called like a kind, so there the last one counts.
    let dash = path.windows(2).position(|pair| matches!(pair, [dash, name] if dash == "-" && kind(name)));
    let (project, at) = match dash {
        Some(dash) => (path.get(..dash)?, dash + 1),
        None => {
            let is_it =
                |pair: &[String]| matches!(pair, [name, number] if kind(name) && number_of(number).is_some());
            let at = path.windows(2).rposition(is_it)?;
            (path.get(..at)?, at)
        }
    };
    let (name, number) = match path.get(at..)? {
        [name, incident, number, ..] if name == "issues" && incident == "incident" => (name, number),
        [name, number, ..] => (name, number),
        _ => return None,
    };
    let number = number_of(number)?;
    let mut repository = project.to_vec();
    if let Some(last) = repository.last_mut()
        && let Some(name) = last.strip_suffix(".git")
    {
        *last = name.to_owned();
    }
    // `groups/…` are pages of groups.
    if !is_project(&repository) || repository.first().is_some_and(|first| first == "groups") {
        return None;
    }
    let thing = if name == "merge_requests" { Thing::PullRequest(number) } else { Thing::Issue(number) };
    Some(Page { repository, thing })
}

/// A project is in at least one group, and its names are of letters, digits, `.`, `_` and `-`.
fn is_project(path: &[String]) -> bool {
    let is_name = |part: &String| {
        !matches!(part.as_str(), "" | "." | ".." | "-")
            && part.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    path.len() >= 2 && path.iter().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scm_url_may_be_the_site_or_its_api() {
        let table = [
            ("https://gitlab.com", "https://gitlab.com"),
            ("https://www.gitlab.com/", "https://gitlab.com"),
            ("https://gitlab.com/api/v4/", "https://gitlab.com"),
            (" https://git.example.com:8443/ ", "https://git.example.com:8443"),
            ("https://example.com/gitlab/", "https://example.com/gitlab"),
            ("https://example.com/gitlab/api/v4", "https://example.com/gitlab"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
        ];
        for (scm_url, root) in table {
            let api = api_of(scm_url).unwrap();
            assert_eq!((api.as_str(), root_of(&api)), (format!("{root}/api/v4").as_str(), root), "{scm_url}");
        }
        for wrong in [
            "",
            "git.example.com",
            "ftp://x.test",
            "https://u:p@x.test",
            "https://t@x.test",
            "https://x.test?private_token=x",
        ] {
            assert!(api_of(wrong).unwrap_err().message.contains("scm_url"), "{wrong}");
        }
    }

    #[test]
    fn only_hosts_of_gitlab_are_known_by_name() {
        for own in ["gitlab.com", "altssh.gitlab.com"] {
            assert_eq!(public_api(own).as_deref(), Some("https://gitlab.com/api/v4"), "{own}");
        }
        for other in ["gitlab.com.evil.test", "notgitlab.com", "gitlab.example.com", "x.gitlab.com", ""] {
            assert_eq!(public_api(other), None, "{other}");
        }
        let looks = |url: &str| looks_like(&Remote::parse(url).unwrap());
        assert!(looks("https://gitlab.example.com/g/app") && looks("git@gitlab-ee.example.com:g/app"));
        assert!(!looks("https://notgitlab.example.com/g/app") && !looks("/srv/gitlab/app"));
    }

    #[test]
    fn remotes_name_projects_in_groups_of_any_depth() {
        let table = [
            ("https://git.example.com/group/app.git", Some("group/app")),
            ("https://oauth2:x@git.example.com:8443/g/sub/deep/app", Some("g/sub/deep/app")),
            ("git@git.example.com:g/sub/app.git", Some("g/sub/app")),
            ("ssh://git@git.example.com:2222/g/sub/app.git", Some("g/sub/app")),
            ("https://git.example.com/app", None),
            ("https://git.example.com/g/-/app", None),
            ("https://git.example.com/g/app?x=1", None),
            ("https://git.example.com/g/a b", None),
        ];
        for (remote_url, project) in table {
            let remote = Remote::parse(remote_url).unwrap();
            assert_eq!(project_of(&remote).as_deref(), project, "{remote_url}");
        }
    }

    #[test]
    fn pages_are_known_in_every_form() {
        let shown = |path: &str| {
            let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
            page(&parts).map(|page| (page.repository.join("/"), page.thing))
        };
        let (pull, issue) = (Thing::PullRequest(7), Thing::Issue(7));
        let table = [
            ("g/app/-/merge_requests/7", "g/app", pull),
            ("g/sub/deep/app/-/merge_requests/7/diffs", "g/sub/deep/app", pull),
            ("gitlab/g/app/-/merge_requests/7", "gitlab/g/app", pull),
            ("g/app/-/issues/7/", "g/app", issue),
            ("g/app/-/issues/incident/7", "g/app", issue),
            ("g/app/-/work_items/7", "g/app", issue),
            ("g/sub/app/merge_requests/7/commits", "g/sub/app", pull),
            ("g/app/issues/7", "g/app", issue),
            ("g/issues/issues/7", "g/issues", issue),
            ("g/issues/-/merge_requests/7", "g/issues", pull),
            ("g/app.git/-/merge_requests/7", "g/app", pull),
        ];
        for (path, project, thing) in table {
            assert_eq!(shown(path), Some((project.to_owned(), thing)), "{path}");
        }
        for wrong in [
            "",
            "g/app",
            "g/app/-/merge_requests",
            "g/app/-/merge_requests/new",
            "g/app/-/merge_requests/0",
            "g/app/-/merge_requests/+7",
            "g/app/-/merge_requests/99999999999999999999999",
            "app/-/issues/7",
            "groups/g/-/work_items/7",
            "g/../-/issues/7",
            "g/app/-/commit/7",
        ] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_pages_of_the_web_are_shown() {
        assert!(is_page("https://gitlab.com/g/app/-/merge_requests/7"));
        for wrong in ["", "javascript:alert(1)", "https://u@x.test", "https://x.test/\u{1b}[31m", "x"] {
            assert!(!is_page(wrong), "{wrong}");
        }
    }
}
