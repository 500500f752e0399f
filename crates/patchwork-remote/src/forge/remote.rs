//! Which repository a remote's URL names.

/// A repository as a remote's URL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The host in lower case, without port; absent when the remote is a folder of this machine.
    pub host: Option<String>,
    /// Where the site's pages are, as far as the URL tells: scheme and port of an `http` one (`https://ghe.example.com:8443`), for
    /// any other `https` and the host. Absent for a folder.
    pub site: Option<String>,
    /// The path's parts, unescaped, the last without `.git`; of a folder the last two only.
    pub path: Vec<String>,
}

impl Remote {
    /// Reads every form that Git takes: `https://host/owner/name.git`, with credentials and port,
    /// `ssh://git@host:22/owner/name`, `git@host:owner/name`, `file:///srv/owner/name.git`, `/srv/owner/name.git`.
    /// `None` when there is no path in it, or nonsense.
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        if url.is_empty() || url.chars().any(char::is_control) {
            return None;
        }
        match url.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => {
                Self::folder(url.get(scheme.len() + 3..)?)
            }
            Some((scheme, rest)) => {
                let (authority, path) = rest.split_once('/')?;
                let authority = without_user(authority);
                let web = ["http", "https"].into_iter().find(|web| scheme.eq_ignore_ascii_case(web));
                let site = web.map(|scheme| format!("{scheme}://{}", authority.to_ascii_lowercase()));
                Self::hosted(without_port(authority), site, path)
            }
            None => match scp(url) {
                Some((authority, path)) => Self::hosted(without_user(authority), None, path),
                None => Self::folder(url),
            },
        }
    }

    /// The host that a URL names, in lower case and without port, whatever its path.
    pub fn host_of(url: &str) -> Option<String> {
        Self::parse(&format!("{}/-", url.trim_end_matches('/')))?.host
    }

    /// Whether the ports of two URLs let them be of one server. Those of the web say which it is; by SSH it has another one anyway.
    pub fn ports_agree(a: &str, b: &str) -> bool {
        let web = |url: &str| {
            let url = reqwest::Url::parse(url.trim()).ok()?;
            matches!(url.scheme(), "http" | "https").then(|| url.port())
        };
        !matches!((web(a), web(b)), (Some(a), Some(b)) if a != b)
    }

    /// The owner and the name, when the path has exactly these two and both are of letters, digits, `.`, `_` and `-`.
    pub fn owner_and_name(&self) -> Option<(&str, &str)> {
        let [owner, name] = self.path.as_slice() else { return None };
        (is_name(owner) && is_name(name)).then_some((owner.as_str(), name.as_str()))
    }

    /// The same repository below a path of its site: the parts of `scm_url`'s path, when the remote's begins with them.
    #[must_use]
    pub fn below(mut self, scm_url: Option<&str>) -> Self {
        let prefix = scm_url.and_then(|url| reqwest::Url::parse(url.trim()).ok());
        let prefix: Vec<String> = prefix
            .and_then(|url| Some(url.path_segments()?.filter(|p| !p.is_empty()).map(str::to_owned).collect()))
            .unwrap_or_default();
        // Of an API's address (`/git/api/v3`) only the beginning is the site's.
        let shared = prefix.iter().zip(&self.path).take_while(|(a, b)| a == b).count();
        if self.host.is_some() && self.path.len() >= shared + 2 {
            self.path.drain(..shared);
        }
        self
    }

    fn hosted(host: &str, site: Option<String>, path: &str) -> Option<Self> {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        if host.is_empty() {
            return None;
        }
        let host = host.to_ascii_lowercase();
        let site = site.unwrap_or_else(|| match host.contains(':') {
            true => format!("https://[{host}]"),
            false => format!("https://{host}"),
        });
        let path = parts(path)?.iter().map(|part| unescaped(part)).collect::<Option<_>>()?;
        Some(Self { host: Some(host), site: Some(site), path })
    }

    fn folder(path: &str) -> Option<Self> {
        let mut path = parts(&path.replace('\\', "/"))?;
        path.drain(..path.len().saturating_sub(2));
        Some(Self { host: None, site: None, path })
    }
}

fn parts(path: &str) -> Option<Vec<String>> {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    (!parts.is_empty()).then_some(parts)
}

/// A part of a path without its escapes; none when that makes it something else than one part.
pub(super) fn unescaped(part: &str) -> Option<String> {
    let text = percent_encoding::percent_decode_str(part).decode_utf8().ok()?;
    let strange = text.chars().any(|c| c == '/' || c.is_control()) || matches!(&*text, "" | "." | "..");
    (!strange).then(|| text.into_owned())
}

/// The scp-like form: a colon before the first slash, and more than a drive letter in front of it.
fn scp(url: &str) -> Option<(&str, &str)> {
    let bracket = url.find(']').filter(|_| without_user(url).starts_with('['));
    let colon = url.get(bracket.unwrap_or(0)..)?.find(':')? + bracket.unwrap_or(0);
    let (authority, path) = (url.get(..colon)?, url.get(colon + 1..)?);
    (authority.len() > 1 && !authority.contains('/')).then_some((authority, path))
}

fn without_user(authority: &str) -> &str {
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

fn without_port(authority: &str) -> &str {
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

fn is_name(part: &str) -> bool {
    part != "." && part != ".." && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_remote_names_its_repository() {
        let github = Some("github.com");
        let table = [
            ("https://github.com/owner/name", github, "owner/name"),
            ("https://github.com/owner/name.git", github, "owner/name"),
            ("https://github.com/owner/name/", github, "owner/name"),
            ("https://user:ghp_x@github.com/owner/name.git", github, "owner/name"),
            ("https://x-access-token:p%40ss@GitHub.com:443/Owner/na.me.git", github, "Owner/na.me"),
            ("http://github.com/owner/name.git/", github, "owner/name"),
            ("git://github.com/owner/name.git", github, "owner/name"),
            ("ssh://git@github.com/owner/name.git", github, "owner/name"),
            ("ssh://git@ssh.github.com:443/owner/name.git", Some("ssh.github.com"), "owner/name"),
            ("git+ssh://git@github.com/owner/name", github, "owner/name"),
            ("git@github.com:owner/name.git", github, "owner/name"),
            ("git@github.com:/owner/name.git", github, "owner/name"),
            ("github.com:owner/name", github, "owner/name"),
            ("org-1234@github.com:owner/name.git", github, "owner/name"),
            ("https://ghe.example.com:8443/team/repo.git", Some("ghe.example.com"), "team/repo"),
            ("git@[2001:db8::1]:owner/name.git", Some("2001:db8::1"), "owner/name"),
            ("ssh://git@[2001:db8::1]:22/owner/name.git", Some("2001:db8::1"), "owner/name"),
            ("/srv/git/owner/name.git", None, "owner/name"),
            ("file:///srv/git/owner/name.git", None, "owner/name"),
            ("../owner/name", None, "owner/name"),
            ("C:\\git\\owner\\name.git", None, "owner/name"),
        ];
        for (url, host, slug) in table {
            let remote = Remote::parse(url).unwrap_or_else(|| panic!("{url}"));
            assert_eq!(remote.host.as_deref(), host, "{url}");
            let (owner, name) = remote.owner_and_name().unwrap_or_else(|| panic!("{url}: {remote:?}"));
            assert_eq!(format!("{owner}/{name}"), slug, "{url}");
        }
    }

    #[test]
    fn ports_tell_servers_of_the_web_apart() {
        let web = "https://git.example.com/o/r";
        for same in [
            "http://git.example.com:80",
            "https://u:p@git.example.com:443/x",
            "ssh://git.example.com:22/o/r",
            "git@git.example.com:o/r",
        ] {
            assert!(Remote::ports_agree(web, same) && Remote::ports_agree(same, web), "{same}");
        }
        assert!(!Remote::ports_agree(web, "https://git.example.com:8443/o/r"));
        assert!(!Remote::ports_agree("http://git.example.com:3000/o/r", "http://git.example.com:3001/o/r"));
    }

    #[test]
    fn groups_ports_and_prefixes_are_kept() {
        let table = [
            ("https://gitlab.com/a/b/c/d.git", "https://gitlab.com", "a/b/c/d"),
            ("git@gitlab.com:a/b/c.git", "https://gitlab.com", "a/b/c"),
            ("ssh://git@git.example.com:2222/a/b.git", "https://git.example.com", "a/b"),
            ("http://Git.Example.com:8080/a/b.git", "http://git.example.com:8080", "a/b"),
            (
                "https://me@dev.azure.com/org/My%20Project/_git/repo",
                "https://dev.azure.com",
                "org/My Project/_git/repo",
            ),
            (
                "git@ssh.dev.azure.com:v3/org/My%20Project/re.po",
                "https://ssh.dev.azure.com",
                "v3/org/My Project/re.po",
            ),
            ("git@[2001:db8::1]:a/b.git", "https://[2001:db8::1]", "a/b"),
        ];
        for (url, site, path) in table {
            let remote = Remote::parse(url).unwrap();
            assert_eq!((remote.site.as_deref(), remote.path.join("/").as_str()), (Some(site), path), "{url}");
        }
        let below = |url: &str, scm: &str| Remote::parse(url).unwrap().below(Some(scm)).path.join("/");
        assert_eq!(below("https://h.test/git/group/app", "https://h.test/git"), "group/app");
        assert_eq!(below("https://h.test/git/group/app", "https://h.test/git/api/v4"), "group/app");
        assert_eq!(below("https://h.test/git/app", "https://h.test/git"), "git/app");
        assert_eq!(below("https://h.test/api/app", "https://h.test/api/v3"), "api/app");
        assert_eq!(below("git@h.test:group/app", "https://h.test/git"), "group/app");
    }

    #[test]
    fn what_names_no_repository_is_refused() {
        for url in [
            "",
            "https://github.com",
            "https://github.com/",
            "https:///owner/name",
            "git@:o/n",
            "a\nb",
            "https://h/a%2Fb/c",
            "https://h/%2e%2e/c",
            "https://h/a%00/c",
        ] {
            assert_eq!(Remote::parse(url), None, "{url:?}");
        }
        let not_two = [
            "https://github.com/owner",
            "https://github.com/owner/name/tree/main",
            "https://github.com/owner/..",
            "https://github.com/owner/na me",
            "https://github.com/owner/name?x=1",
            "https://github.com/own%2fer/name",
            "https://github.com/öwner/name",
        ];
        for url in not_two {
            assert_eq!(Remote::parse(url).and_then(|r| r.owner_and_name().map(|_| ())), None, "{url}");
        }
    }
}
