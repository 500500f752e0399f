//! Models of every vendor behind one door: where a call goes, how it is repeated, what it cost.

mod azure;
mod bounds;
mod call;
mod catalog;
mod clean;
mod credentials;
mod destination;
mod failed;
mod limits;
mod local;
mod protocol;
mod refusal;
mod route;
mod settings;
mod sse;
mod survey;
#[cfg(test)]
mod tests;
pub mod tokens;
mod transport;
mod vertex;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex as SyncMutex, OnceLock, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Measure, Provider, ProviderError, ProviderErrorKind, Route, Target, Watch,
};
use patchwork_core::usage::{MicroUsd, Usage};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

pub use self::catalog::{
    Abilities, Auth, Catalog, Effort, LongPrompt, MaxTokensField, Model, Profile, Protocol, Quirks, RowFault,
    SeedField, SystemRole, Temperature, Thinking, Tokenizer, Vendor, VendorLimits,
};
pub use self::credentials::GoogleSettings;
pub use self::settings::{LocalServer, ModelsSettings, RetryPolicy};
pub use self::survey::{Reach, Standing};

use self::call::Call;
use self::credentials::GoogleTokens;
use self::destination::Destination;
use self::limits::Gates;
use self::local::LocalServers;

/// The models that a [`Target`] can name. One for a process: connections and what was found on this machine are kept.
///
/// Building one costs nothing; HTTP clients are made with the first call that needs them.
pub struct Models {
    settings: ModelsSettings,
    /// For this machine, without a proxy.
    near: OnceLock<reqwest::Client>,
    /// For everything else, with the proxy that the environment names.
    far: OnceLock<reqwest::Client>,
    local: LocalServers,
    google: GoogleTokens,
    gates: Gates,
    /// The base URLs from where anything was ever heard.
    answering: SyncMutex<BTreeSet<String>>,
    /// By base URL: the model that is asked at an endpoint when none is named, and why.
    served: Mutex<BTreeMap<String, (String, String)>>,
}

impl Models {
    /// Models with these settings.
    pub fn new(settings: ModelsSettings) -> Self {
        Self {
            near: OnceLock::new(),
            far: OnceLock::new(),
            local: LocalServers::default(),
            google: GoogleTokens::default(),
            gates: Gates::new(&settings.retry),
            answering: SyncMutex::default(),
            served: Mutex::default(),
            settings,
        }
    }

    /// The pool of connections to this machine, or to everywhere else.
    fn client(&self, near: bool) -> Result<&reqwest::Client, ProviderError> {
        let cell = if near { &self.near } else { &self.far };
        if let Some(client) = cell.get() {
            return Ok(client);
        }
        let client = connections(near)?;
        Ok(cell.get_or_init(|| client))
    }

    /// What is known of the model of a route.
    fn profile(&self, route: &Route) -> Profile {
        let catalog = &self.settings.catalog;
        catalog.profile(catalog.vendor(&route.vendor).map(AsRef::as_ref), &route.model)
    }

    /// Something was heard from there.
    fn known_to_answer(&self, destination: &Destination) {
        let mut answering = self.answering.lock().unwrap_or_else(PoisonError::into_inner);
        if !answering.contains(destination.base.as_str()) {
            answering.insert(destination.base.as_str().to_owned());
        }
    }

    /// Whether anything was ever heard from there.
    fn answers(&self, destination: &Destination) -> bool {
        let answering = self.answering.lock().unwrap_or_else(PoisonError::into_inner);
        answering.contains(destination.base.as_str())
    }
}

fn connections(near: bool) -> Result<reqwest::Client, ProviderError> {
    crate::install_tls();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("patchwork/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(Duration::from_secs(30))
        // A redirect would carry the key and the prompt to a host that nobody named.
        .redirect(reqwest::redirect::Policy::none());
    if near {
        builder = builder.no_proxy();
    }
    builder.build().map_err(|error| ProviderError {
        kind: ProviderErrorKind::Connection,
        message: format!("HTTP can't be set up: {error}"),
        status: None,
        retry_after: None,
        hint: Some("check the proxy settings (HTTPS_PROXY) and the certificates of this machine".to_owned()),
    })
}

#[async_trait]
impl Provider for Models {
    async fn route(&self, target: &Target) -> Result<Route, ProviderError> {
        Ok(self.destination(target).await?.route)
    }

    fn measure(&self, route: &Route, request: &ChatRequest) -> Measure {
        bounds::measure(&self.profile(route), request)
    }

    fn price(&self, route: &Route, usage: Usage) -> Option<MicroUsd> {
        self.profile(route).cost(usage)
    }

    async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        watch: &dyn Watch,
        cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        self.call(&Call { target, request, watch, cancel }).await
    }
}
