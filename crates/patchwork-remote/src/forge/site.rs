//! The table of sites, and which of them a target means.

use std::sync::Arc;

use patchwork_core::failure::Failure;
use patchwork_core::port::forge::{Credential, Forge, ForgeKind, ForgeTarget, Thing};
use reqwest::Url;

use super::{Remote, azure, bitbucket, gitea, github, gitlab};
use crate::http::Pace;

/// What a site must tell to be found and connected to: a row of [`SITES`].
pub(super) struct Site {
    pub(super) kind: ForgeKind,
    /// The API of a host that is the site's own (`github.com`); nothing for any other: a token must not be sent to a host that
    /// only looks like one of theirs.
    pub(super) public_api: fn(host: &str) -> Option<String>,
    /// The API that a user means with `scm_url`: the site's page, or the API itself.
    pub(super) api_of: fn(scm_url: &str) -> Result<String, Failure>,
    /// Whether an address has a form that only this site gives (`/_git/`, a host named `gitlab.…`). It names the kind of a host that
    /// nobody knows, never the place to send a token to.
    pub(super) looks_like: fn(remote: &Remote) -> bool,
    /// The repository and the thing that a page of this site shows, by its path's parts.
    pub(super) page: fn(path: &[String]) -> Option<Page>,
    pub(super) connect: fn(Connect<'_>) -> Result<Arc<dyn Forge>, Failure>,
}

/// What a page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// The path of the repository, as in the URL that git clones, with a prefix of the site if there is one.
    pub(super) repository: Vec<String>,
    pub(super) thing: Thing,
}

/// What a forge is made from.
pub(super) struct Connect<'a> {
    /// The base of the API.
    pub(super) api: &'a str,
    /// The repository, without a prefix of the site's address.
    pub(super) remote: &'a Remote,
    /// The one for this site, if there is one.
    pub(super) credential: Option<&'a Credential>,
    pub(super) pace: Pace,
}

/// Every site, in the order of [`ForgeKind::ALL`].
pub(super) const SITES: &[Site] = &[github::SITE, gitlab::SITE, azure::SITE, gitea::SITE, bitbucket::SITE];

pub(super) fn connect(target: &ForgeTarget, pace: Pace) -> Result<Arc<dyn Forge>, Failure> {
    let remote = Remote::parse(&target.remote_url).ok_or_else(|| {
        Failure::configuration("the remote's URL names no repository")
            .hint("expected: https://github.com/OWNER/NAME or git@github.com:OWNER/NAME")
    })?;
    let site = site_of(&remote, target)?;
    let api = match &target.api_url {
        Some(scm_url) => (site.api_of)(scm_url)?,
        None => {
            let host = remote.host.as_deref().unwrap_or_default();
            (site.public_api)(host).ok_or_else(|| unknown(host))?
        }
    };
    let scm_url = target.api_url.as_deref();
    let remote = &remote.below(scm_url);
    let credential = target.credentials.iter().find(|credential| credential.forge() == site.kind);
    let connect = Connect { api: &api, remote, credential, pace };
    (site.connect)(connect).map_err(|failure| match scm_url {
        Some(_) => failure.hint("see scm_url"),
        None => failure,
    })
}

/// The site of a remote: by the host of `scm_url`, by its own, by the form of the address, by the token that was given.
pub(super) fn site_of(remote: &Remote, target: &ForgeTarget) -> Result<&'static Site, Failure> {
    let scm_host = target.api_url.as_deref().and_then(host_of);
    let hosts = scm_host.iter().chain(&remote.host);
    if let Some(site) = hosts.into_iter().find_map(|host| of_host(host)) {
        return Ok(site);
    }
    match (&target.api_url, &remote.host) {
        (Some(scm_url), _) => {
            let scm = Remote::parse(&format!("{}/-", scm_url.trim().trim_end_matches('/')));
            let looks =
                |site: &&Site| [Some(remote), scm.as_ref()].into_iter().flatten().any(site.looks_like);
            let given = |site: &&Site| target.credentials.iter().any(|c| c.forge() == site.kind);
            let found = SITES.iter().find(looks).or_else(|| SITES.iter().find(given));
            found.ok_or_else(|| unknown(scm_host.as_deref().unwrap_or("the address given as scm_url")))
        }
        (None, Some(host)) => Err(unknown(host)),
        (None, None) => Err(Failure::configuration("the remote is a folder of this machine, not a forge")
            .hint("give scm_url when it mirrors a repository of a forge, or disable_pr=true")),
    }
}

/// The site whose own a host is.
pub(super) fn of_host(host: &str) -> Option<&'static Site> {
    let host = host.strip_prefix("api.").unwrap_or(host);
    SITES.iter().find(|site| (site.public_api)(host).is_some())
}

/// The host that a URL names.
pub(super) fn host_of(url: &str) -> Option<String> {
    Url::parse(url.trim()).ok()?.host_str().map(str::to_ascii_lowercase)
}

/// The address that a user gave as `scm_url`, if it is one of the web and holds nothing but that: no user, no query. `token` is the
/// option for what may stand there by mistake, `expected` says what would do.
pub(super) fn web_address(scm_url: &str, token: &str, expected: &str) -> Result<Url, Failure> {
    let wrong = |problem: &str| {
        Failure::configuration(format!("`scm_url`: {problem}")).hint(format!("expected: {expected}"))
    };
    let url = Url::parse(scm_url.trim()).map_err(|error| wrong(&format!("not a URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(&format!("it must not hold a user or a password: the token is `{token}`")));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it must not have a query or a fragment"));
    }
    Ok(url)
}

fn unknown(host: &str) -> Failure {
    let names: Vec<&str> = SITES.iter().map(|site| site.kind.as_str()).collect();
    Failure::configuration(format!("{host} is no forge that patchwork knows"))
        .hint(format!("supported: {}", names.join(", ")))
        .hint(format!("for a server of your own give scm_url=https://{host} and the token of its kind (github_api_key, …)"))
        .hint("disable_pr=true keeps the changes on a local branch")
}
