//! Where an address leads: to the repository, where policy lets it, or elsewhere.

use percent_encoding::percent_decode_str;

use super::Page;

/// Layers of escapes that are taken from a path: a proxy in front of a site may take away one more than the site does.
const LAYERS: usize = 4;

/// Whether an address leads to the pages of the repository, or where policy lets it.
pub fn leads_home(address: &str, page: &Page<'_>) -> bool {
    if address.starts_with('#') {
        return true;
    }
    let Some(address) = Address::read(address) else { return false };
    page.policy.link_hosts.iter().any(|allowed| address.is_at(allowed))
        || page.homes.iter().filter_map(|home| Address::read(home)).any(|home| address.is_below(&home))
}

/// Whether an address leads to something else on the site of the repository, where a reference leaves a trace.
pub(super) fn leads_next_door(address: &str, page: &Page<'_>) -> bool {
    let is_there = |home: &String| matches!((Address::read(address), Address::read(home)), (Some(address), Some(home)) if address.is_beside(&home));
    page.homes.iter().any(is_there) && !leads_home(address, page)
}

/// An address of the web.
struct Address {
    host: String,
    /// None for the one that is usual.
    port: Option<u16>,
    /// The parts of the path, without escapes and in lower case; none where servers and browsers may see others.
    path: Option<Vec<String>>,
}

impl Address {
    /// None for what is no address of the web, and for what browsers and parsers read in two ways.
    fn read(address: &str) -> Option<Self> {
        let address = address.trim();
        let lower = address.to_ascii_lowercase();
        let (start, usual) = [("https://", 443), ("http://", 80), ("www.", 80)]
            .into_iter()
            .find(|(scheme, _)| lower.starts_with(scheme))
            .map(|(scheme, usual)| (if scheme == "www." { 0 } else { scheme.len() }, usual))?;
        let rest = address.get(start..)?;
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (host, port) = host_and_port(authority)?;
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let path = path.strip_prefix('/').unwrap_or_default().split('/').map(part).collect();
        Some(Self { host, port: port.filter(|port| *port != usual), path })
    }

    /// Whether it is at a host that policy allows: `docs.example.com`, `docs.example.com:8443`, `*.example.com`.
    fn is_at(&self, allowed: &str) -> bool {
        let above = allowed.strip_prefix("*.");
        let Some((host, port)) = host_and_port(above.unwrap_or(allowed)) else { return false };
        let is_there = match above {
            Some(_) => {
                self.host.strip_suffix(&host).is_some_and(|below| below.len() > 1 && below.ends_with('.'))
            }
            None => self.host == host,
        };
        is_there && self.port == port.filter(|port| !matches!(port, 80 | 443))
    }

    /// Whether it is that of a page, or below it. Every site that we know reads names of owners and repositories without regard
    /// to case.
    fn is_below(&self, home: &Self) -> bool {
        let is_prefix = |path: &Vec<String>| home.path.as_ref().is_some_and(|home| path.starts_with(home));
        self.is_beside(home) && self.path.as_ref().is_some_and(is_prefix)
    }

    fn is_beside(&self, other: &Self) -> bool {
        self.host == other.host && self.port == other.port
    }
}

/// Host, in lower case, and port of `host`, `host:port`, `[v6]` and `[v6]:port`.
fn host_and_port(authority: &str) -> Option<(String, Option<u16>)> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    if !authority.chars().all(is_plain) {
        return None;
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(v6) => {
            let (host, rest) = v6.split_once(']')?;
            (host, if rest.is_empty() { "" } else { rest.strip_prefix(':')? })
        }
        None => authority.split_once(':').unwrap_or((authority, "")),
    };
    let port = if port.is_empty() { None } else { Some(port.parse().ok()?) };
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    (!host.is_empty()).then_some((host, port))
}

/// A part of a path as the last of all that read it may see it; none when that leads out of its folder.
fn part(part: &str) -> Option<String> {
    let mut text = part.to_owned();
    for _ in 0..LAYERS {
        let below = percent_decode_str(&text).decode_utf8().ok()?.into_owned();
        if below == text {
            // Some servers cut off what follows a semicolon before they look at the dots.
            let climbs = |name: &str| matches!(name.split(';').next(), Some("." | ".."));
            let is_strange = text.chars().any(char::is_control) || text.split(['/', '\\']).any(climbs);
            return (!is_strange).then(|| text.to_lowercase());
        }
        text = below;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Policy;
    use crate::port::forge::ForgeKind;

    fn leads(homes: &[&str], link_hosts: &[&str], address: &str) -> bool {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let policy = Policy { link_hosts: owned(link_hosts), ..Policy::default() };
        let homes = owned(homes);
        let page = Page { forge: ForgeKind::GitHub, homes: &homes, merges: false, policy: &policy };
        leads_home(address, &page)
    }

    #[test]
    fn on_the_forges_own_host_only_the_repository_is_home() {
        let home = ["https://github.com/acme/shop", "https://github.com/acme/store"];
        for address in [
            "https://github.com/acme/shop",
            "https://github.com/acme/shop/",
            "https://github.com/acme/shop?tab=readme",
            "https://github.com/acme/shop#usage",
            "https://github.com/acme/store/issues/7",
            "https://GitHub.com/Acme/SHOP/blob/main/a%20b.py#L3",
            "https://github.com:443/acme/shop/pull/7",
            "http://github.com./acme/shop/pull/7",
            "https://github.com/acme/shop/tree/feature%2Fx/..rc/a..b/100%25",
            "https://github.com/acme/shop/compare/a...b?x=../y",
            "#top",
        ] {
            assert!(leads(&home, &[], address), "{address}");
        }
        for address in [
            "https://github.com/",
            "https://github.com/evil/repo/releases/x.zip",
            "https://github.com/acme/shopping/x",
            "https://github.com/acme",
            "https://github.com/acme/other",
            "https://github.com/acme%2Fshop/x",
            "https://github.com/evil/acme/shop",
            "https://github.com//acme/shop",
            "https://github.com//evil/repo/acme/shop",
            "https://github.com/acme/shop/../../evil/repo",
            "https://github.com/acme/shop/.%2E/%2e./evil/repo",
            "https://github.com/acme/shop/%2e%2e%2f%2e%2e%2fevil%2frepo",
            "https://github.com/acme/shop/%252e%252e/%252e%252e/evil",
            "https://github.com/acme/shop/%25252525252e%25252525252e/x",
            "https://github.com/acme/shop/..;/..;a=b/evil/repo",
            "https://github.com/acme/shop/..\\..\\evil/repo",
            "https://github.com/acme/shop/x%5C..%5C..%5C..%5Cevil",
            "https://github.com/acme/shop/.\t./.\t./evil/repo",
            "https://github.com/acme/shop/%ff",
            "https://github.com\\acme/shop",
            "https://github.com@evil.test/acme/shop",
            "https://acme@github.com/acme/shop",
            "https://github.com:8443/acme/shop",
            "https://github.com:443:443/acme/shop",
            "https://github.com:99999/acme/shop",
            "https://github.com%2eevil.test/acme/shop",
            "https://github.com.evil.test/acme/shop",
            "https://raw.github.com/acme/shop",
            "https:/github.com/acme/shop",
            "https:github.com/acme/shop",
            "//github.com/acme/shop",
            "/acme/shop",
            "../settings",
            "www.github.com/acme/shop",
            "ssh://github.com/acme/shop",
            "javascript:alert(1)",
            "",
        ] {
            assert!(!leads(&home, &[], address), "{address}");
        }
        assert!(!leads(&[""], &[], "https://github.com/acme"), "a home that is none");
    }

    #[test]
    fn ports_groups_prefixes_and_spaces_belong_to_the_home() {
        let home = ["http://127.0.0.1:3000/git/group/sub/app", "https://[::1]:8443/org/My%20App/_git/app"];
        for address in [
            "http://127.0.0.1:3000/git/group/sub/app/-/issues/7",
            "https://[::1]:8443/org/my%20app/_git/APP/pullrequest/7",
        ] {
            assert!(leads(&home, &[], address), "{address}");
        }
        for address in [
            "http://127.0.0.1/git/group/sub/app",
            "http://127.0.0.1:3001/git/group/sub/app",
            "http://127.0.0.1:3000/group/sub/app",
            "http://127.0.0.1:3000/git/group/sub",
            "https://[::1]/org/My%20App/_git/app",
            "https://[::1]:8443/org/My%2520App/_git/app%00",
        ] {
            assert!(!leads(&home, &[], address), "{address}");
        }
    }

    #[test]
    fn policy_allows_hosts_with_their_port() {
        let allowed = [
            "Docs.example.com",
            "*.nist.gov",
            "ci.example.com:8443",
            "[::1]:80",
            "*.a.test:81",
            "github.com",
        ];
        for address in [
            "https://docs.example.com/../x",
            "http://docs.example.com:80",
            "https://NVD.nist.gov/vuln",
            "https://ci.example.com:8443/x",
            "http://[::1]/",
            "http://b.a.test:81",
            "https://github.com/evil/repo",
        ] {
            assert!(leads(&[], &allowed, address), "{address}");
        }
        for address in [
            "https://docs.example.com:8443",
            "https://nist.gov",
            "https://evilnist.gov",
            "https://nvd.nist.gov:444",
            "https://ci.example.com",
            "https://b.a.test",
            "https://docs.example.com@evil.test",
        ] {
            assert!(!leads(&[], &allowed, address), "{address}");
        }
    }
}
