//! Where calls to one target go, worked out once per call and without the network.

use std::net::IpAddr;
use std::sync::Arc;

use patchwork_core::port::provider::Route;
use patchwork_core::secret::Secret;
use patchwork_core::usage::{MicroUsd, Usage};
use reqwest::Url;
use reqwest::header::{AUTHORIZATION, HeaderName, HeaderValue};

use super::catalog::{Auth, Profile, Protocol, Vendor};

/// The vendor id of an endpoint that the user named.
pub(super) const CUSTOM: &str = "custom";

/// The vendor id of Vertex AI, where the key is a token of Google Cloud.
pub(super) const VERTEX: &str = "vertex";

/// The vendor id of Azure OpenAI, where the model is the name of a deployment.
pub(super) const AZURE: &str = "azure";

/// Where a call goes.
#[derive(Debug, Clone)]
pub(super) struct Destination {
    /// What the user is told.
    pub(super) route: Route,
    /// What is spoken there.
    pub(super) protocol: Protocol,
    /// The base URL; its path ends with a slash.
    pub(super) base: Url,
    /// The key, when there is one.
    pub(super) key: Option<Secret>,
    /// Who sells it; absent for local and custom endpoints.
    pub(super) vendor: Option<Arc<Vendor>>,
    /// What is known of the model there.
    pub(super) profile: Profile,
}

impl Destination {
    /// With what is known of the model in its route.
    #[must_use]
    pub(super) fn described(mut self) -> Self {
        self.route.context = self.profile.context.map(u64::from);
        self.route.output = self.profile.output.map(u64::from);
        self.route.priced = self.profile.price.is_some();
        let open = self.key.is_some() && self.base.scheme() == "http" && !self.is_loopback();
        self.route.warning = open.then(|| {
            format!(
                "the key goes to {} unencrypted, for anybody on the way to read: use https",
                self.route.base_url
            )
        });
        self
    }

    /// How errors name it: `openai/gpt-4o`, and where it is unless that is the vendor's own place.
    pub(super) fn label(&self) -> String {
        let Route { vendor, model, base_url, .. } = &self.route;
        match &self.vendor {
            Some(known) if !known.local => format!("{vendor}/{model}"),
            _ => format!("{vendor}/{model} at {base_url}"),
        }
    }

    /// What a call cost by list price, whoever served the model; nothing on this machine; unknown when the server did not
    /// say what it consumed.
    pub(super) fn cost(&self, usage: Usage) -> Option<MicroUsd> {
        if self.vendor.as_ref().is_some_and(|vendor| vendor.local) {
            return self.profile.cost(usage);
        }
        self.profile.cost(usage).filter(|_| usage != Usage::default())
    }

    /// The header that carries the key, marked sensitive; none without a key.
    pub(super) fn authorization(&self) -> Option<(HeaderName, HeaderValue)> {
        let key = self.key.as_ref()?.expose();
        let auth = self.profile.quirks.auth.unwrap_or(match self.protocol {
            Protocol::OpenAiChat | Protocol::OpenAiResponses => Auth::Bearer,
            Protocol::Anthropic => Auth::XApiKey,
            Protocol::Gemini => Auth::XGoogApiKey,
        });
        let (name, value) = match auth {
            Auth::Bearer => (AUTHORIZATION, format!("Bearer {key}")),
            Auth::ApiKey => (HeaderName::from_static("api-key"), key.to_owned()),
            Auth::XApiKey => (HeaderName::from_static("x-api-key"), key.to_owned()),
            Auth::XGoogApiKey => (HeaderName::from_static("x-goog-api-key"), key.to_owned()),
        };
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(true);
        Some((name, value))
    }

    /// Whether it is on this machine, where no proxy belongs in between.
    pub(super) fn is_loopback(&self) -> bool {
        is_loopback(&self.base)
    }
}

/// Whether a URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

/// What is wrong with a base URL that names a user or a password, wherever it stands: URLs are journaled and shown, keys are
/// not.
pub(super) const HAS_CREDENTIALS: &str = "must not hold a user or a password";

/// Whether a URL names a user or a password.
pub(super) fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// A base URL as people write it: with or without a final slash, or even with the path of the call itself.
pub(super) fn base_url(text: &str) -> Option<Url> {
    let mut url = Url::parse(text.trim()).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return None;
    }
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/');
    let path = format!("{}/", path.strip_suffix("/chat/completions").unwrap_or(path));
    url.set_path(&path);
    Some(url)
}

/// `path` below a base URL; the query of the base (`?api-version=…`) stays.
pub(super) fn join(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}{path}", base.path()));
    url
}

/// A URL without user, password and query, and without the final slash.
pub(super) fn shown(url: &Url) -> String {
    let mut url = url.clone();
    // Both fail only for URLs that can't have credentials, which have none then.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.as_str().trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_are_taken_as_people_write_them() {
        for (text, call) in [
            ("http://127.0.0.1:1234/v1", "http://127.0.0.1:1234/v1/chat/completions"),
            (" http://127.0.0.1:1234/v1/ ", "http://127.0.0.1:1234/v1/chat/completions"),
            ("http://host/v1/chat/completions", "http://host/v1/chat/completions"),
            ("https://host", "https://host/chat/completions"),
            ("https://host/openai?api-version=1", "https://host/openai/chat/completions?api-version=1"),
        ] {
            assert_eq!(join(&base_url(text).unwrap(), "chat/completions").as_str(), call);
        }
        for text in ["", "localhost:1234", "ftp://host/v1", "file:///etc/passwd", "http://", "/v1"] {
            assert_eq!(base_url(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_shown_has_no_credentials() {
        let url = base_url("https://user:password@host:8443/v1/?key=secret").unwrap();
        assert_eq!(shown(&url), "https://host:8443/v1");
    }
}
