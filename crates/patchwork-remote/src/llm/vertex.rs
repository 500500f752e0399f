//! Vertex AI: models of Google's and of Anthropic's in a project of the user's.

use patchwork_core::port::provider::{ProviderError, Route, Target, Vertex};
use reqwest::Url;

use super::Models;
use super::catalog::{Auth, Catalog, Profile, Protocol};
use super::credentials::Clients;
use super::destination::{Destination, VERTEX, base_url, shown};
use super::route::{key, not_configured};

/// The option whose token is used in place of credentials.
const TOKEN: &str = "google_access_token";

impl Models {
    /// A model there, with a token for it.
    pub(super) async fn vertex(&self, model: &str, target: &Target) -> Result<Destination, ProviderError> {
        let catalog = &self.settings.catalog;
        let Some(vendor) = catalog.vendor(VERTEX).cloned() else {
            return Err(not_configured("the catalogue has no row for Vertex AI".to_owned(), ""));
        };
        let model = ["google/", "anthropic/", "models/"]
            .iter()
            .fold(model, |name, prefix| name.strip_prefix(prefix).unwrap_or(name));
        let safe = |c: char| c.is_ascii_alphanumeric() || "-._:@".contains(c);
        if model.is_empty() || !model.chars().all(safe) {
            // It becomes a part of the path.
            let message = format!("`{}` is not the name of a model of {}", model.escape_debug(), vendor.name);
            return Err(not_configured(message, "for example `vertex/gemini-2.5-flash`"));
        }
        let Vertex { project, location } = target.vertex.clone().unwrap_or_default();
        let clients = Clients { near: self.client(true)?, far: self.client(false)? };
        let given = key(target, TOKEN)?;
        let credentials = match given {
            Some(_) => None,
            None => Some(self.google.find(&self.settings.google, clients).await?),
        };
        let project = named(project).or_else(|| credentials.as_ref()?.project.clone());
        let Some(project) = project else {
            return Err(not_configured(
                "Vertex AI needs a project of Google Cloud, and the credentials name none".to_owned(),
                "name it: `client_project` or GOOGLE_CLOUD_PROJECT",
            ));
        };
        let location = named(location).unwrap_or_else(|| "global".to_owned());
        for (option, value) in [("client_project", &project), ("client_location", &location)] {
            if !value.chars().all(|c| c.is_ascii_alphanumeric() || "-.:_".contains(c)) {
                let message = format!("`{option}` is not the id of one: `{}`", value.escape_debug());
                return Err(not_configured(message, "ids are letters, digits and `-`"));
            }
        }
        let (publisher, protocol, profile) = maker(catalog, model);
        let url = self.settings.base_urls.get(VERTEX).or(vendor.base_url.as_ref());
        let base =
            url.and_then(|url| base_url(url)).and_then(|base| place(base, &project, &location, publisher));
        let base = base.ok_or_else(|| {
            not_configured("the base URL of Vertex AI is not an http or https URL".to_owned(), "")
        })?;
        let token = match (given, &credentials) {
            (Some(token), _) => Some(token),
            (None, Some(credentials)) => Some(self.google.token(credentials, clients).await?),
            (None, None) => None,
        };
        Ok(Destination {
            route: Route {
                vendor: VERTEX.to_owned(),
                model: model.to_owned(),
                base_url: shown(&base),
                reason: None,
                ..Route::default()
            },
            protocol,
            base,
            key: token,
            profile,
            vendor: Some(vendor),
        }
        .described())
    }
}

/// Whose model it is, what it speaks, and what is known of it.
fn maker(catalog: &Catalog, model: &str) -> (&'static str, Protocol, Profile) {
    let (publisher, protocol, vendor) = if model.starts_with("claude") {
        ("anthropic", Protocol::Anthropic, "anthropic")
    } else {
        ("google", Protocol::Gemini, VERTEX)
    };
    let mut profile = catalog.profile(catalog.vendor(vendor).map(AsRef::as_ref), model);
    profile.quirks.auth = Some(Auth::Bearer);
    (publisher, protocol, profile)
}

/// Where models of a publisher are. Google's own host depends on the location, any other is taken as it is.
fn place(mut base: Url, project: &str, location: &str, publisher: &str) -> Option<Url> {
    if base.host_str() == Some("aiplatform.googleapis.com") {
        let host = match location {
            "global" => "aiplatform.googleapis.com".to_owned(),
            "us" | "eu" => format!("aiplatform.{location}.rep.googleapis.com"),
            _ => format!("{location}-aiplatform.googleapis.com"),
        };
        base.set_host(Some(&host)).ok()?;
    }
    let path = base.path().trim_end_matches('/');
    let path = format!("{path}/projects/{project}/locations/{location}/publishers/{publisher}/");
    base.set_path(&path);
    Some(base)
}

fn named(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_follows_from_the_location() {
        let at = |base: &str, location: &str| {
            place(base_url(base).unwrap(), "my-project", location, "google").unwrap().to_string()
        };
        let own = "https://aiplatform.googleapis.com/v1";
        let rest =
            |location: &str| format!("/v1/projects/my-project/locations/{location}/publishers/google/");
        for (location, host) in [
            ("global", "aiplatform.googleapis.com"),
            ("us-central1", "us-central1-aiplatform.googleapis.com"),
            ("eu", "aiplatform.eu.rep.googleapis.com"),
        ] {
            assert_eq!(at(own, location), format!("https://{host}{}", rest(location)));
        }
        assert_eq!(
            at("http://127.0.0.1:9/v1", "us-central1"),
            format!("http://127.0.0.1:9{}", rest("us-central1"))
        );
    }
}
