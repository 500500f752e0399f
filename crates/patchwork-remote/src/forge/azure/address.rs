//! Where an Azure DevOps is, and what the addresses of its repositories and pages say.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::Thing;
use reqwest::Url;

use super::super::Remote;
use super::super::remote::unescaped;
use super::super::site::Page;
use super::super::wire::number_of;

/// The service.
const SERVICE: &str = "https://dev.azure.com";

/// What stands between a project and a repository, in addresses for people and for SSH.
const MARKS: [&str; 2] = ["_git", "_ssh"];

/// What servers have in front of their collections, unless they were set up otherwise.
const USUAL_PREFIX: &str = "tfs";

/// One repository, as an address names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The organization's or the collection's address, without a slash at its end.
    pub(super) base: String,
    /// The organization or the collection.
    pub(super) organization: String,
    pub(super) project: String,
    pub(super) repository: String,
}

/// The API of a host that is Microsoft's own; of `NAME.visualstudio.com`, which are the same organizations, that at the new
/// address.
pub(super) fn public_api(host: &str) -> Option<String> {
    if matches!(host, "dev.azure.com" | "ssh.dev.azure.com" | "vs-ssh.visualstudio.com") {
        return Some(SERVICE.to_owned());
    }
    organization_of(host).map(|organization| format!("{SERVICE}/{organization}"))
}

/// The organization of `NAME.visualstudio.com`.
fn organization_of(host: &str) -> Option<&str> {
    let name = host.strip_suffix(".visualstudio.com")?;
    let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (fits && !matches!(name, "www" | "vs-ssh" | "app" | "marketplace")).then_some(name)
}

/// What a user means with `scm_url`: the service or a server (`https://HOST/tfs`), or an organization or a collection of it.
pub(super) fn api_of(scm_url: &str) -> Result<String, Failure> {
    let wrong = |problem: &str| {
        Failure::configuration(format!("`scm_url`: {problem}")).hint(
            "expected: https://dev.azure.com/ORGANIZATION, or https://HOST/COLLECTION of an Azure DevOps Server",
        )
    };
    let url = Url::parse(scm_url.trim()).map_err(|error| wrong(&format!("not a URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    // `https://ORGANIZATION@dev.azure.com` is how Azure DevOps itself writes it.
    if url.password().is_some() {
        return Err(wrong("it must not hold a password: the token is `azuredevops_api_key`"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must not have a query or a fragment"));
    }
    if let Some(organization) = url.host_str().and_then(organization_of) {
        return Ok(format!("{SERVICE}/{organization}"));
    }
    let mut url = url;
    url.set_username("").map_err(|()| wrong("it must not hold a user"))?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// Whether an address has the form that only Azure DevOps gives.
pub(super) fn looks_like(remote: &Remote) -> bool {
    let first = remote.path.first().is_some_and(|first| first.eq_ignore_ascii_case(USUAL_PREFIX));
    remote.host.is_some() && (first || remote.path.iter().any(|part| is_mark(part)))
}

/// The repository that a remote names, behind an API.
pub(super) fn place_of(api: &str, remote: &Remote) -> Option<Place> {
    let mut base = Url::parse(api).ok()?;
    let prefix: Vec<String> = parts_of(&base);
    let (mut before, repository, whole) = split(remote)?;
    if whole && prefix.last().is_some_and(|last| is_same(last, before.first().map(String::as_str))) {
        before.remove(0);
    }
    let has_collection = prefix.last().is_some_and(|last| !last.eq_ignore_ascii_case(USUAL_PREFIX));
    // Without a project the repository is the one that the project began with, and has its name.
    let (collection, project): (&[String], &str) = match before.as_slice() {
        [] if has_collection => (&[], &repository),
        [project] if has_collection => (&[], project),
        [_] => (&before, &repository),
        [collection @ .., project]
            if collection.len() <= 2 && (collection.len() == 1 || prefix.is_empty()) =>
        {
            (collection, project)
        }
        _ => return None,
    };
    base.path_segments_mut().ok()?.pop_if_empty().extend(collection);
    let organization = collection.last().or(prefix.last())?.clone();
    let names = [&organization, project, &repository];
    if names.iter().any(|name| !is_name(name)) {
        return None;
    }
    let project = project.to_owned();
    Some(Place { base: base.as_str().trim_end_matches('/').to_owned(), organization, project, repository })
}

/// What stands before the repository, the repository, and whether the organization is sure to be the first.
fn split(remote: &Remote) -> Option<(Vec<String>, String, bool)> {
    if let [v3, organization, project, repository] = remote.path.as_slice()
        && v3 == "v3"
    {
        return Some((vec![organization.clone(), project.clone()], repository.clone(), true));
    }
    let at = remote.path.iter().position(|part| is_mark(part))?;
    let mut before = remote.path.get(..at)?.to_vec();
    let repository = match remote.path.get(at + 1..)? {
        [repository] => repository,
        [kind, repository] if matches!(kind.as_str(), "_full" | "_optimized") => repository,
        _ => return None,
    };
    let organization = remote.host.as_deref().and_then(organization_of);
    if let Some(organization) = organization {
        before.retain(|part| !part.eq_ignore_ascii_case("DefaultCollection"));
        // What `scm_url` has in common with the remote was taken away before; the organization was not in it.
        before.insert(0, organization.to_owned());
    }
    Some((before, repository.clone(), organization.is_some()))
}

/// What a page shows, by the parts of its path.
pub(super) fn page(path: &[String]) -> Option<Page> {
    let at = path.iter().position(|part| is_mark(part) || part.eq_ignore_ascii_case("_workitems"))?;
    let (before, rest) = path.split_at_checked(at)?;
    if before.len() > 4 || !before.iter().all(|part| is_name(part)) {
        return None;
    }
    let (repository, thing) = match rest {
        [mark, name, kind, number, ..] if is_mark(mark) && kind.eq_ignore_ascii_case("pullrequest") => {
            (name, Thing::PullRequest(number_of(number)?))
        }
        // A work item belongs to a project: the repository of that name stands for it.
        [_, edit, number, ..] if edit.eq_ignore_ascii_case("edit") => {
            (before.last()?, Thing::Issue(number_of(number)?))
        }
        _ => return None,
    };
    if !is_name(repository) {
        return None;
    }
    let named = [MARKS[0].to_owned(), repository.clone()];
    Some(Page { repository: before.iter().cloned().chain(named).collect(), thing })
}

fn parts_of(url: &Url) -> Vec<String> {
    let parts = url.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
    parts.filter_map(unescaped).collect()
}

fn is_mark(part: &str) -> bool {
    MARKS.iter().any(|mark| mark.eq_ignore_ascii_case(part))
}

fn is_same(a: &str, b: Option<&str>) -> bool {
    b.is_some_and(|b| a.eq_ignore_ascii_case(b))
}

/// Names may hold spaces and nearly everything else, but not what would end a part of an address.
fn is_name(part: &str) -> bool {
    !part.is_empty()
        && part != "."
        && part != ".."
        && !part.contains(['/', '\\', '?', '#', '<', '>', '*', '|', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(remote_url: &str, scm_url: Option<&str>) -> Option<String> {
        let remote = Remote::parse(remote_url).unwrap();
        let api = match scm_url {
            Some(scm_url) => api_of(scm_url).unwrap(),
            None => public_api(remote.host.as_deref().unwrap()).unwrap(),
        };
        let place = place_of(&api, &remote.below(scm_url))?;
        Some(format!("{} {} {} {}", place.base, place.organization, place.project, place.repository))
    }

    #[test]
    fn every_form_of_a_remote_names_its_repository() {
        let service = "https://dev.azure.com/org org My App repo";
        let same = "https://dev.azure.com/org org app app";
        let table = [
            ("https://dev.azure.com/org/My%20App/_git/repo", None, service),
            ("https://org@dev.azure.com/org/My%20App/_git/repo", None, service),
            ("https://dev.azure.com/org/My%20App/_git/_full/repo", None, service),
            ("https://org.visualstudio.com/My%20App/_git/repo", None, service),
            ("https://org.visualstudio.com/DefaultCollection/My%20App/_git/repo", None, service),
            ("git@ssh.dev.azure.com:v3/org/My%20App/repo", None, service),
            ("org@vs-ssh.visualstudio.com:v3/org/My%20App/repo", None, service),
            ("https://dev.azure.com/org/_git/app", None, same),
            ("https://org.visualstudio.com/_git/app", None, same),
            ("https://dev.azure.com/org/My%20App/_git/repo", Some("https://dev.azure.com"), service),
            ("https://dev.azure.com/org/My%20App/_git/repo", Some("https://dev.azure.com/org/"), service),
            ("https://dev.azure.com/org/_git/app", Some("https://dev.azure.com/org"), same),
            ("https://dev.azure.com/org/_git/app", Some("https://org@dev.azure.com"), same),
            ("git@ssh.dev.azure.com:v3/org/My%20App/repo", Some("https://dev.azure.com/org"), service),
            (
                "https://org.visualstudio.com/My%20App/_git/repo",
                Some("https://org.visualstudio.com"),
                service,
            ),
        ];
        for (remote, scm_url, expected) in table {
            assert_eq!(placed(remote, scm_url).as_deref(), Some(expected), "{remote} {scm_url:?}");
        }
    }

    #[test]
    fn servers_may_be_below_a_path_and_scm_url_may_be_a_collection() {
        let in_tfs = "https://host:8080/tfs/Main Main app repo";
        let table = [
            ("https://host:8080/tfs/Main/app/_git/repo", "https://host:8080/tfs", in_tfs),
            ("https://host:8080/tfs/Main/app/_git/repo", "https://host:8080/tfs/Main", in_tfs),
            ("https://host:8080/tfs/Main/app/_git/repo", "https://host:8080/", in_tfs),
            ("ssh://host:22/tfs/Main/app/_git/repo", "https://host:8080/tfs", in_tfs),
            ("ssh://host:22/Main/app/_ssh/repo", "https://host:8080/tfs", in_tfs),
            ("https://host/Main/app/_git/repo", "https://host", "https://host/Main Main app repo"),
            ("https://host/Main/_git/repo", "https://host", "https://host/Main Main repo repo"),
            (
                "https://host/tfs/Main/_git/repo",
                "https://host/tfs/Main",
                "https://host/tfs/Main Main repo repo",
            ),
            ("https://host/tfs/Main/_git/repo", "https://host/tfs", "https://host/tfs/Main Main repo repo"),
        ];
        for (remote, scm_url, expected) in table {
            assert_eq!(placed(remote, Some(scm_url)).as_deref(), Some(expected), "{remote} {scm_url}");
        }
    }

    #[test]
    fn what_names_no_repository_is_refused() {
        for remote in [
            "https://dev.azure.com/org/app",
            "https://dev.azure.com/_git/app",
            "https://dev.azure.com/org/app/_git/repo/pullrequest/7",
            "https://dev.azure.com/a/b/c/d/_git/repo",
            "git@ssh.dev.azure.com:v2/org/app/repo",
            "https://dev.azure.com/org/app/_git/a%3Fb",
        ] {
            assert_eq!(placed(remote, None), None, "{remote}");
        }
        for wrong in ["", "dev.azure.com", "ftp://x.test", "https://u:p@x.test", "https://x.test?x=1"] {
            assert!(api_of(wrong).unwrap_err().message.contains("scm_url"), "{wrong}");
        }
    }

    #[test]
    fn only_hosts_of_microsoft_are_known_by_name() {
        assert_eq!(public_api("dev.azure.com").as_deref(), Some("https://dev.azure.com"));
        assert_eq!(public_api("contoso.visualstudio.com").as_deref(), Some("https://dev.azure.com/contoso"));
        for other in [
            "dev.azure.com.evil.test",
            "visualstudio.com",
            "a.b.visualstudio.com",
            "www.visualstudio.com",
            "azure.com",
            "",
        ] {
            assert_eq!(public_api(other), None, "{other}");
        }
        let looks = |url: &str| looks_like(&Remote::parse(url).unwrap());
        assert!(
            looks("https://git.example.com/Main/app/_git/app") && looks("https://git.example.com/tfs/Main")
        );
        assert!(!looks("https://git.example.com/Main/app") && !looks("/srv/_git/app"));
    }

    #[test]
    fn pages_are_known_in_every_form() {
        let shown = |path: &str| {
            let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
            page(&parts).map(|page| (page.repository.join("/"), page.thing))
        };
        let (pull, issue) = (Thing::PullRequest(7), Thing::Issue(42));
        let table = [
            ("org/My App/_git/repo/pullrequest/7", "org/My App/_git/repo", pull),
            ("org/app/_git/repo/pullRequest/7/", "org/app/_git/repo", pull),
            ("org/_git/repo/pullrequest/7", "org/_git/repo", pull),
            ("tfs/Main/app/_git/repo/pullrequest/7", "tfs/Main/app/_git/repo", pull),
            ("org/app/_workitems/edit/42", "org/app/_git/app", issue),
            ("org/app/_workItems/edit/42/", "org/app/_git/app", issue),
        ];
        for (path, repository, thing) in table {
            assert_eq!(shown(path), Some((repository.to_owned(), thing)), "{path}");
        }
        for wrong in [
            "",
            "org/app/_git/repo",
            "org/app/_git/repo/pullrequests",
            "org/app/_git/repo/pullrequest/x",
            "org/app/_git/repo/pullrequest/0",
            "org/app/_git/repo/commit/7",
            "_workitems/edit/42",
            "org/app/_workitems/edit",
            "a/b/c/d/e/_git/repo/pullrequest/7",
        ] {
            assert_eq!(shown(wrong), None, "{wrong}");
        }
    }
}
