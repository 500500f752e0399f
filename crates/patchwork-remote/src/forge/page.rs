//! Which pull request or issue a page's address names.

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{ForgeKind, ForgeTarget, Located, Thing};
use reqwest::Url;

use super::Remote;
use super::remote::unescaped;
use super::site::{self, Page, SITES, Site};

pub(super) fn locate(text: &str, target: &ForgeTarget) -> Result<Located, Failure> {
    let text = text.trim();
    if let Some(located) = short(text, target) {
        return Ok(located);
    }
    let url = Url::parse(text).map_err(|_| not_a_page(text))?;
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    if !matches!(url.scheme(), "http" | "https") || host.is_empty() {
        return Err(not_a_page(text));
    }
    let path: Option<Vec<String>> =
        url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).map(unescaped).collect();
    let path = path.ok_or_else(|| not_a_page(text))?;
    let (site, page) = shown(&host, &path, target).ok_or_else(|| not_a_page(text))?;
    // What is read from an API's address has its page, and its git, on the site itself.
    let host = match host.strip_prefix("api.").filter(|host| site::of_host(host).is_some()) {
        Some(host) => host.to_owned(),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    let mut remote = Url::clone(&url);
    remote.set_fragment(None);
    remote.set_query(None);
    let clean = remote.set_host(Some(&host)).is_ok()
        && remote.set_username("").is_ok()
        && remote.set_password(None).is_ok();
    if let Ok(mut segments) = remote.path_segments_mut() {
        segments.clear().extend(&page.repository);
    }
    if !clean {
        return Err(not_a_page(text));
    }
    Ok(Located { forge: site.kind, remote_url: remote.to_string(), thing: page.thing })
}

/// `OWNER/NAME#7` (a pull request; `!7` where the site counts them so) on the site of the target's remote.
fn short(text: &str, target: &ForgeTarget) -> Option<Located> {
    let at = text.find(['#', '!']).filter(|_| !text.contains(':'))?;
    let (path, number) = (text.get(..at)?, text.get(at + 1..)?.parse().ok().filter(|number| *number > 0)?);
    let path: Vec<&str> = path.split('/').collect();
    let is_name = |part: &&str| {
        let names = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        !matches!(*part, "" | "." | "..") && part.bytes().all(names)
    };
    if path.len() < 2 || !path.iter().all(is_name) {
        return None;
    }
    let remote = Remote::parse(&target.remote_url)?;
    let site = site::site_of(&remote, target).ok()?;
    let is_issue = text.get(at..=at) == Some("#") && site.kind == ForgeKind::GitLab;
    let thing = if is_issue { Thing::Issue(number) } else { Thing::PullRequest(number) };
    let remote_url = format!("{}/{}", remote.site?, path.join("/"));
    Some(Located { forge: site.kind, remote_url, thing })
}

/// The site whose page it is, and what that shows: the host's own site, the one that the target names for this host, or, for a
/// host that nobody knows, the one that has such pages.
fn shown(host: &str, path: &[String], target: &ForgeTarget) -> Option<(&'static Site, Page)> {
    if let Some(site) = site::of_host(host) {
        let page = (site.page)(path)?;
        // On GitHub itself nothing stands before the owner.
        return (site.kind != ForgeKind::GitHub || page.repository.len() == 2).then_some((site, page));
    }
    let is_named = |url: &String| site::host_of(url).is_some_and(|named| named == host);
    if target.api_url.as_ref().is_some_and(is_named) {
        let remote = Remote { host: Some(host.to_owned()), site: None, path: path.to_vec() };
        if let Ok(site) = site::site_of(&remote, target)
            && let Some(page) = (site.page)(path)
        {
            return Some((site, page));
        }
    }
    SITES.iter().find_map(|site| Some((site, (site.page)(path)?)))
}

fn not_a_page(text: &str) -> Failure {
    // Whoever put credentials into it should not find them in a log.
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at_checked(start).unwrap_or_default();
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let user = rest.get(..end).and_then(|authority| authority.rfind('@')).map_or(0, |at| at + 1);
    let rest = rest.get(user..).unwrap_or_default();
    let shown: String = scheme.chars().chain(rest.chars()).filter(|c| !c.is_control()).take(200).collect();
    Failure::usage(format!("`{shown}` is no address of a pull request or an issue"))
        .hint("expected the address of its page: https://github.com/OWNER/NAME/pull/7, https://gitlab.com/GROUP/NAME/-/merge_requests/7, https://dev.azure.com/ORGANIZATION/PROJECT/_git/NAME/pullrequest/7")
}
