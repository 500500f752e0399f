//! Who can be asked right now: each vendor's list of models is asked for, with its key.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use patchwork_core::port::provider::Route;
use patchwork_core::secret::Secret;
use reqwest::header::HeaderValue;
use serde_json::Value;

use super::catalog::{Profile, Protocol, Vendor};
use super::destination::{AZURE, Destination, VERTEX, base_url, join, shown};
use super::{Models, azure};

/// How long a vendor may take to list its models.
const LIMIT: Duration = Duration::from_secs(10);

/// Bytes that a list of models may have.
const MOST: usize = 8 << 20;

/// How it stands with a vendor.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Who.
    pub vendor: Arc<Vendor>,
    /// Where it would be asked, without credentials; absent when nobody said so.
    pub base_url: Option<String>,
    /// Whether credentials that are no key are on this machine: those of Google Cloud.
    pub credentials: bool,
    /// Whether it answers.
    pub reach: Reach,
}

/// Whether a vendor answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It was not asked, for this reason.
    NotAsked(&'static str),
    /// It lists these models.
    Lists(Vec<String>),
    /// It does not, for this reason.
    Fails(String),
}

impl Models {
    /// How it stands with each of these vendors. `keys` are by option; without `ask` nothing is sent.
    pub async fn survey(
        &self,
        vendors: Vec<Arc<Vendor>>,
        keys: &BTreeMap<String, Secret>,
        ask: bool,
    ) -> Vec<Standing> {
        join_all(vendors.into_iter().map(|vendor| async move {
            let key = vendor.option.as_ref().and_then(|option| keys.get(option));
            let url = self.settings.base_urls.get(&vendor.id).or(vendor.base_url.as_ref());
            let base = url.and_then(|url| base_url(url)).map(|base| match vendor.id.as_str() {
                AZURE => azure::base(base, "", vendor.protocol, None),
                _ => base,
            });
            let credentials = vendor.id == VERTEX && self.has_google_credentials().await;
            let reach = match &base {
                _ if key.is_none() && vendor.option.is_some() && !credentials => Reach::NotAsked("no key"),
                // Its models are those of a project.
                _ if vendor.id == VERTEX => Reach::NotAsked("shown by the first call"),
                None => Reach::NotAsked("no address"),
                Some(_) if !ask => Reach::NotAsked("offline"),
                Some(base) => {
                    let destination = Destination {
                        route: Route { vendor: vendor.id.clone(), ..Route::default() },
                        protocol: vendor.protocol,
                        base: base.clone(),
                        key: key.cloned(),
                        profile: Profile { quirks: vendor.quirks.clone(), ..Profile::default() },
                        vendor: Some(vendor.clone()),
                    };
                    match self.listed(&destination).await {
                        Ok(models) => Reach::Lists(models),
                        Err(problem) => Reach::Fails(problem),
                    }
                }
            };
            Standing { base_url: base.as_ref().map(shown), vendor, credentials, reach }
        }))
        .await
    }

    async fn has_google_credentials(&self) -> bool {
        let files = self.settings.google.file.iter().chain(&self.settings.google.login);
        for file in files {
            if tokio::fs::try_exists(file).await.unwrap_or(false) {
                return true;
            }
        }
        false
    }

    async fn listed(&self, destination: &Destination) -> Result<Vec<String>, String> {
        let local = destination.vendor.as_ref().is_some_and(|vendor| vendor.local);
        let limit = if local { self.settings.local_timeout } else { LIMIT };
        let client = self.client(destination.is_loopback()).map_err(|error| error.message)?;
        let mut request = client.get(join(&destination.base, "models")).timeout(limit);
        if let Some((name, value)) = destination.authorization() {
            request = request.header(name, value);
        }
        if destination.protocol == Protocol::Anthropic {
            request = request.header("anthropic-version", HeaderValue::from_static("2023-06-01"));
        }
        // The text of an error names the URL, which may hold credentials.
        let lost = |error: reqwest::Error| match () {
            () if error.is_timeout() => format!("no answer within {} s", limit.as_secs()),
            () if error.is_connect() => "no connection".to_owned(),
            () => "the connection was cut".to_owned(),
        };
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status();
        if !status.is_success() {
            let key = if matches!(status.as_u16(), 401 | 403) { "the key is refused: " } else { "" };
            return Err(format!("{key}it answers {status}"));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            body.extend_from_slice(&chunk);
            if body.len() > MOST {
                return Err("its list of models is too long to be one".to_owned());
            }
        }
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        names(&body).ok_or_else(|| "it answers, but not with a list of models".to_owned())
    }
}

/// The names in a list of models, in the spelling of any protocol.
fn names(body: &Value) -> Option<Vec<String>> {
    let list = body.get("data").or_else(|| body.get("models")).unwrap_or(body).as_array()?;
    let name = |entry: &Value| {
        let name = entry["id"].as_str().or_else(|| entry["name"].as_str())?;
        let name = name.strip_prefix("models/").unwrap_or(name);
        let usable = !name.is_empty() && name.len() <= 200 && !name.chars().any(char::is_control);
        usable.then(|| name.to_owned())
    };
    Some(list.iter().filter_map(name).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lists_of_every_protocol_are_read() {
        for body in [
            json!({"object": "list", "data": [{"id": "a"}, {"id": "b"}]}),
            json!({"models": [{"name": "models/a"}, {"name": "models/b"}]}),
            json!([{"id": "a"}, {"id": "b"}, {"id": 1}, {"id": "a\nb"}, {}, 1]),
        ] {
            assert_eq!(names(&body), Some(vec!["a".to_owned(), "b".to_owned()]), "{body}");
        }
        for body in [json!({}), json!("x"), json!({"data": 1}), Value::Null] {
            assert_eq!(names(&body), None, "{body}");
        }
    }
}
