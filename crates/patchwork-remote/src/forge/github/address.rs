//! Where GitHub's API is.

use patchwork_core::failure::Failure;
use reqwest::Url;

use crate::http::is_loopback;

const PUBLIC: &str = "https://api.github.com";

/// The API of a host that is GitHub's own; nothing for any other: a token for github.com must not be sent to a host that
/// only looks like one of theirs.
pub(crate) fn public_api(host: &str) -> Option<String> {
    match host {
        "github.com" | "www.github.com" | "ssh.github.com" => Some(PUBLIC.to_owned()),
        _ => {
            let tenant = host.strip_suffix(".ghe.com")?;
            let tenant = tenant.strip_prefix("api.").unwrap_or(tenant);
            (!tenant.is_empty() && !tenant.contains('.')).then(|| format!("https://api.{tenant}.ghe.com"))
        }
    }
}

/// The API that a user means with `scm_url`: the page of the site (`https://ghe.example.com`) or the API itself
/// (`https://ghe.example.com/api/v3`, `https://api.github.com`). On this machine the address is taken as it is.
pub(crate) fn api_of(scm_url: &str) -> Result<String, Failure> {
    let wrong = |problem: &str| {
        Failure::configuration(format!("`scm_url`: {problem}"))
            .hint("expected: https://github.com, or https://HOST or https://HOST/api/v3 of GitHub Enterprise Server")
    };
    let text = scm_url.trim().trim_end_matches('/');
    let url = Url::parse(text).map_err(|error| wrong(&format!("not a URL ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("it must begin with https:// or http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("it must not hold a user or a password: the token is `github_api_key`"));
    }
    let host = url.host_str().unwrap_or_default().trim_start_matches("api.");
    if let Some(api) = public_api(host).filter(|_| url.port().is_none()) {
        return Ok(api);
    }
    // A path that somebody wrote is the API's: behind a proxy it may be anything.
    if is_loopback(&url) || !url.path().trim_matches('/').is_empty() {
        return Ok(text.to_owned());
    }
    Ok(format!("{text}/api/v3"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scm_url_may_be_the_site_or_its_api() {
        let table = [
            ("https://github.com", PUBLIC),
            ("https://api.github.com/", PUBLIC),
            ("https://ghe.example.com", "https://ghe.example.com/api/v3"),
            ("https://ghe.example.com:8443/", "https://ghe.example.com:8443/api/v3"),
            ("https://ghe.example.com/api/v3/", "https://ghe.example.com/api/v3"),
            ("https://proxy.example.com/github", "https://proxy.example.com/github"),
            ("https://acme.ghe.com", "https://api.acme.ghe.com"),
            ("https://api.acme.ghe.com", "https://api.acme.ghe.com"),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010"),
            ("http://[::1]:4010/api/v3", "http://[::1]:4010/api/v3"),
        ];
        for (scm_url, api) in table {
            assert_eq!(api_of(scm_url).unwrap(), api, "{scm_url}");
        }
        for wrong in [
            "https://user:password@ghe.example.com",
            "https://token@github.com",
            "",
            "ghe.example.com",
            "ftp://ghe.example.com",
            "file:///etc/passwd",
        ] {
            assert!(api_of(wrong).unwrap_err().message.contains("scm_url"), "{wrong}");
        }
    }

    #[test]
    fn only_hosts_of_github_are_known_by_name() {
        assert_eq!(public_api("github.com").as_deref(), Some(PUBLIC));
        assert_eq!(public_api("acme.ghe.com").as_deref(), Some("https://api.acme.ghe.com"));
        for other in
            ["gitlab.com", "github.com.evil.test", "notgithub.com", "github.corp.test", ".ghe.com", "ghe.com"]
        {
            assert_eq!(public_api(other), None, "{other}");
        }
    }
}
