//! URLs of remotes, and the credentials that people put into them.

use patchwork_core::secret::MASK;

/// A remote's URL without user and password; an SSH user, which is no secret, stays.
pub fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let Some((user_info, host)) = authority.rsplit_once('@') else { return url.to_owned() };
    let user = user_info.split_once(':').map_or(user_info, |(user, _)| user);
    if scheme.contains("ssh") && !user.is_empty() {
        format!("{scheme}://{user}@{host}{path}")
    } else {
        format!("{scheme}://{host}{path}")
    }
}

/// Text with the credentials of every URL in it masked.
pub fn redact_urls(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after
            .find(|c: char| c == '/' || c.is_whitespace() || matches!(c, '\'' | '"' | '<' | '>'))
            .unwrap_or(after.len());
        let (authority, tail) = after.split_at(end);
        match authority.rsplit_once('@') {
            Some(("git", host)) => out.extend(["git@", host]),
            Some((_, host)) => out.extend([MASK, "@", host]),
            None => out.push_str(authority),
        }
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The part of git's `http.<scope>.extraHeader` for a remote, or nothing when a token must not be sent there.
pub(super) fn header_scope(url: &str) -> Option<String> {
    let url = without_credentials(url);
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next().filter(|authority| !authority.is_empty())?;
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => authority.split(':').next()?,
    };
    let local = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
    match scheme {
        "https" => {}
        "http" if local => {}
        _ => return None,
    }
    // The whole URL is more specific than what configuration files usually name, so that ours wins. A `=` would end
    // the name of the setting.
    Some(if url.contains('=') { format!("{scheme}://{authority}/") } else { url.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_lose_credentials_and_nothing_else() {
        for (url, clean) in [
            ("https://u:p@github.com/o/r.git", "https://github.com/o/r.git"),
            ("https://ghp_x@github.com/o/r", "https://github.com/o/r"),
            ("https://a@b:c@host:8443/o@r", "https://host:8443/o@r"),
            ("https://github.com/o/r", "https://github.com/o/r"),
            ("ssh://git:pw@host:22/o/r", "ssh://git@host:22/o/r"),
            ("git@github.com:o/r.git", "git@github.com:o/r.git"),
            ("/srv/git/r", "/srv/git/r"),
            ("https://", "https://"),
        ] {
            assert_eq!(without_credentials(url), clean, "{url}");
        }
    }

    #[test]
    fn text_has_its_urls_masked() {
        assert_eq!(
            redact_urls("fatal: unable to access 'https://u:p@h/r/': no https://h/x ssh://git@h/r a://b@é"),
            "fatal: unable to access 'https://***@h/r/': no https://h/x ssh://git@h/r a://***@é"
        );
    }

    #[test]
    fn tokens_are_sent_over_tls_or_to_this_machine_only() {
        assert_eq!(header_scope("https://u:p@h/o/r.git").as_deref(), Some("https://h/o/r.git"));
        assert_eq!(header_scope("https://h:8/o/r?a=b").as_deref(), Some("https://h:8/"));
        assert_eq!(header_scope("http://127.0.0.1:80/r").as_deref(), Some("http://127.0.0.1:80/r"));
        assert_eq!(header_scope("http://[::1]:80/r").as_deref(), Some("http://[::1]:80/r"));
        for none in [
            "http://example.com/r",
            "http://localhost.evil.example/r",
            "ssh://git@h/r",
            "git@h:r",
            "/r",
            "https://",
        ] {
            assert_eq!(header_scope(none), None, "{none}");
        }
    }
}
