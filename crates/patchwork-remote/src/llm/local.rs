//! Asking a server which models it has: local ones when nobody named a model, the user's own endpoint likewise.

use std::time::{Duration, Instant};

use patchwork_core::secret::Secret;
use reqwest::{Client, Url};
use serde_json::Value;
use tokio::sync::Mutex;

use super::settings::LocalServer;

/// How long "nothing found" is believed; what was found is believed as long as the process lives.
const NOTHING_FOR: Duration = Duration::from_secs(5);

/// A local server that answered, with its models.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) server: LocalServer,
    pub(super) models: Vec<String>,
}

impl Found {
    /// The first model that can hold a conversation.
    pub(super) fn first(&self) -> Option<&str> {
        self.models.iter().map(String::as_str).find(|model| !model.contains("embed"))
    }

    /// The model of this name; Ollama's `name` is short for `name:latest`.
    pub(super) fn model(&self, name: &str) -> Option<&str> {
        let is = |model: &&str| *model == name || model.strip_suffix(":latest") == Some(name);
        self.models.iter().map(String::as_str).find(is)
    }
}

/// The local servers, asked once: callers that come meanwhile wait for the same answer.
#[derive(Debug, Default)]
pub(super) struct LocalServers(Mutex<Option<(Instant, Vec<Found>)>>);

impl LocalServers {
    /// The servers that answer, in the order of `servers`.
    pub(super) async fn find(&self, client: &Client, servers: &[LocalServer], limit: Duration) -> Vec<Found> {
        let mut known = self.0.lock().await;
        if let Some((at, found)) = known.as_ref()
            && (found.iter().any(|found| found.first().is_some()) || at.elapsed() < NOTHING_FOR)
        {
            return found.clone();
        }
        let mut found = Vec::new();
        for server in servers {
            let (path, field) = server.list;
            let url = format!("{}{path}", server.base_url.trim_end_matches('/'));
            let Ok(url) = Url::parse(&url) else { continue };
            if let Some(models) = list(client, url, field, None, limit).await {
                found.push(Found { server: server.clone(), models });
            }
        }
        *known = Some((Instant::now(), found.clone()));
        found
    }
}

/// The names in a list of models; `None` when the server gives no such list in time.
pub(super) async fn list(
    client: &Client,
    url: Url,
    field: &str,
    key: Option<&Secret>,
    limit: Duration,
) -> Option<Vec<String>> {
    let mut request = client.get(url).timeout(limit);
    if let Some(key) = key {
        request = request.bearer_auth(key.expose());
    }
    let response = request.send().await.ok()?.error_for_status().ok()?;
    let body: Value = response.json().await.ok()?;
    let entries = body.get("data").or_else(|| body.get("models"))?.as_array()?;
    let usable = |name: &&str| !name.is_empty() && !name.chars().any(char::is_control);
    Some(entries.iter().filter_map(|entry| entry[field].as_str()).filter(usable).map(str::to_owned).collect())
}
