//! Which repository a remote's URL names.

/// A repository as a remote's URL names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// The host in lower case, without port; absent when the remote is a folder of this machine.
    pub host: Option<String>,
    /// The path's parts, the last without `.git`; of a folder the last two only.
    pub path: Vec<String>,
}

impl Remote {
    /// Reads every form that Git takes: `https://host/owner/name.git`, with credentials and port,
    /// `ssh://git@host:22/owner/name`, `git@host:owner/name`, `file:///srv/owner/name.git`, `/srv/owner/name.git`.
    /// `None` when there is no path in it.
    pub fn parse(url: &str) -> Option<Self> {
        let url = url.trim();
        if url.is_empty() || url.chars().any(char::is_control) {
            return None;
        }
        match url.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => {
                Self::folder(url.get(scheme.len() + 3..)?)
            }
            Some((_, rest)) => {
                let (authority, path) = rest.split_once('/')?;
                Self::hosted(without_port(without_user(authority)), path)
            }
            None => match scp(url) {
                Some((authority, path)) => Self::hosted(without_user(authority), path),
                None => Self::folder(url),
            },
        }
    }

    /// The host that a URL names, in lower case and without port, whatever its path.
    pub fn host_of(url: &str) -> Option<String> {
        Self::parse(&format!("{}/-", url.trim_end_matches('/')))?.host
    }

    /// The owner and the name, when the path has exactly these two and both are of letters, digits, `.`, `_` and `-`.
    pub fn owner_and_name(&self) -> Option<(&str, &str)> {
        let [owner, name] = self.path.as_slice() else { return None };
        (is_name(owner) && is_name(name)).then_some((owner.as_str(), name.as_str()))
    }

    fn hosted(host: &str, path: &str) -> Option<Self> {
        let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
        if host.is_empty() {
            return None;
        }
        Some(Self { host: Some(host.to_ascii_lowercase()), path: parts(path)? })
    }

    fn folder(path: &str) -> Option<Self> {
        let mut path = parts(&path.replace('\\', "/"))?;
        path.drain(..path.len().saturating_sub(2));
        Some(Self { host: None, path })
    }
}

fn parts(path: &str) -> Option<Vec<String>> {
    let path = path.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(str::to_owned).collect();
    (!parts.is_empty()).then_some(parts)
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
    fn what_names_no_repository_is_refused() {
        for url in
            ["", "https://github.com", "https://github.com/", "https:///owner/name", "git@:o/n", "a\nb"]
        {
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
