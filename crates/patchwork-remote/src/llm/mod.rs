//! Models of every vendor behind one door: where a call goes, how it is repeated, what it cost.

mod answer;
mod ask;
mod catalog;
mod clean;
mod destination;
mod failed;
mod limits;
mod local;
mod protocol;
mod refusal;
mod route;
mod settings;
mod sse;
mod transport;
#[cfg(test)]
mod tests;
pub mod tokens;

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use genai::chat::{ChatOptions, ChatRequest as LibraryRequest};
use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Lost, Measure, Provider, ProviderError, ProviderErrorKind, Retry, Route, Target,
    Watch, Worst,
};
use patchwork_core::secret::Secret;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use tracing::debug;

pub use self::catalog::{
    Abilities, Auth, Catalog, Effort, LongPrompt, MaxTokensField, Model, Profile, Protocol, Quirks, RowFault,
    SeedField, SystemRole, Temperature, Thinking, Tokenizer, Vendor, VendorLimits,
};
pub use self::settings::{LocalServer, ModelsSettings, RetryPolicy};

use self::answer::Said;
use self::destination::Destination;
use self::failed::{Blame, FailedTry};
use self::local::LocalServers;

/// The models that a [`Target`] can name. One for a process: connections and what was found on this machine are kept.
///
/// Building one costs nothing; HTTP clients are made with the first call that needs them.
pub struct Models {
    settings: ModelsSettings,
    /// For this machine, without a proxy.
    near: OnceLock<Clients>,
    /// For everything else, with the proxy that the environment names.
    far: OnceLock<Clients>,
    local: LocalServers,
    /// By base URL: the model that is asked at an endpoint when none is named, and why.
    served: Mutex<BTreeMap<String, (String, String)>>,
}

/// One pool of connections, for the library and for our own questions.
struct Clients {
    http: reqwest::Client,
    models: genai::Client,
}

impl Models {
    /// Models with these settings.
    pub fn new(settings: ModelsSettings) -> Self {
        Self {
            settings,
            near: OnceLock::new(),
            far: OnceLock::new(),
            local: LocalServers::default(),
            served: Mutex::default(),
        }
    }

    fn clients(&self, near: bool) -> Result<&Clients, ProviderError> {
        let cell = if near { &self.near } else { &self.far };
        if let Some(clients) = cell.get() {
            return Ok(clients);
        }
        let clients = Clients::build(near)?;
        Ok(cell.get_or_init(|| clients))
    }

    /// Tries until there is an answer, the tries are used up or the failure is one that stays.
    async fn ask(
        &self,
        destination: &Destination,
        blame: &Blame<'_>,
        limit: Duration,
        watch: &dyn Watch,
    ) -> Result<ChatAnswer, ProviderError> {
        let conversation = ask::conversation(blame).map_err(|failed| failed.error)?;
        let options = ask::options(blame).map_err(|failed| failed.error)?;
        let client = &self.clients(destination.is_loopback())?.models;
        let mut waits = self.settings.retry.waits();
        let mut attempts = 1;
        loop {
            watch.reserve(Worst::default()).await?;
            let started = Instant::now();
            let outcome = match tokio::time::timeout(
                limit,
                one_try(client, destination, conversation.clone(), &options, blame),
            )
            .await
            {
                Ok(outcome) => outcome,
                Err(_) => Err(blame.timeout(limit)),
            };
            let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            let Route { vendor, model, .. } = &destination.route;
            let failed = match outcome {
                Ok(said) => {
                    debug!(vendor, model, attempts, latency_ms, "a model answered");
                    return Ok(answered(destination, said, latency_ms, attempts));
                }
                Err(failed) => failed,
            };
            let FailedTry { error, again } = failed;
            watch.lost(Lost::Unknown).await?;
            debug!(vendor, model, attempts, latency_ms, kind = ?error.kind, status = error.status, "a try failed");
            let wait = match again.then(|| waits.next()).flatten() {
                Some(wait) => error.retry_after.unwrap_or(wait),
                None => return Err(give_up(error, attempts)),
            };
            if wait > self.settings.retry.max_asked.max(self.settings.retry.max) {
                return Err(give_up(error, attempts));
            }
            watch.retrying(Retry { problem: error.message, wait });
            tokio::time::sleep(wait).await;
            attempts += 1;
        }
    }
}

impl Clients {
    fn build(near: bool) -> Result<Self, ProviderError> {
        crate::install_tls();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("patchwork/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(Duration::from_secs(30))
            // A redirect would carry the key and the prompt to a host that nobody named.
            .redirect(reqwest::redirect::Policy::none());
        if near {
            builder = builder.no_proxy();
        }
        let failed = |cause: &dyn std::fmt::Display| ProviderError {
            kind: ProviderErrorKind::Connection,
            message: format!("HTTP can't be set up: {cause}"),
            status: None,
            retry_after: None,
            hint: Some(
                "check the proxy settings (HTTPS_PROXY) and the certificates of this machine".to_owned(),
            ),
        };
        let http = builder.build().map_err(|error| failed(&error))?;
        let models =
            genai::Client::builder().with_reqwest(http.clone()).build().map_err(|error| failed(&error))?;
        Ok(Self { http, models })
    }
}

async fn one_try(
    client: &genai::Client,
    destination: &Destination,
    conversation: LibraryRequest,
    options: &ChatOptions,
    blame: &Blame<'_>,
) -> Result<Said, FailedTry> {
    match client.exec_chat(destination.model_spec(), conversation, Some(options)).await {
        Ok(response) => answer::read(response, blame),
        Err(error) => answer::withheld(&error).ok_or_else(|| blame.library(&error)),
    }
}

fn answered(destination: &Destination, said: Said, latency_ms: u64, attempts: u32) -> ChatAnswer {
    let Route { vendor, model, .. } = &destination.route;
    // A dated edition of what was asked for is worth telling; anything else a server makes up is not.
    let edition = said.model.len() <= 200 && said.model.starts_with(model.as_str());
    ChatAnswer {
        cost: destination.cost(said.usage),
        text: said.text,
        tool_calls: Vec::new(),
        carried: None,
        reused: false,
        finish: said.finish,
        usage: said.usage,
        vendor: vendor.clone(),
        model: if edition { said.model } else { model.clone() },
        latency_ms,
        attempts,
    }
}

fn give_up(mut error: ProviderError, attempts: u32) -> ProviderError {
    if attempts > 1 {
        error.message = format!("{} (after {attempts} tries)", error.message);
    }
    error
}

#[async_trait]
impl Provider for Models {
    async fn route(&self, target: &Target) -> Result<Route, ProviderError> {
        Ok(self.destination(target).await?.route)
    }

    fn measure(&self, route: &Route, request: &ChatRequest) -> Measure {
        let bytes: usize = request.messages.iter().map(|message| message.content.len()).sum();
        let input_tokens = u64::try_from(bytes).unwrap_or(u64::MAX);
        let output_tokens = request.parameters.max_tokens.map(u64::from).or(route.output).unwrap_or(0);
        Measure { worst: Worst { input_tokens, output_tokens, cost: None }, input_tokens, exact: false }
    }

    async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        watch: &dyn Watch,
        cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        let call = async {
            let destination = self.destination(target).await?;
            let keys: Vec<&Secret> = target.keys.values().collect();
            let blame = Blame { destination: &destination, keys, request, catalog: &self.settings.catalog };
            self.ask(&destination, &blame, target.timeout.unwrap_or(self.settings.timeout), watch).await
        };
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(ProviderError {
                kind: ProviderErrorKind::Cancelled,
                message: "the call to the model was cancelled".to_owned(),
                status: None,
                retry_after: None,
                hint: None,
            }),
            answer = call => answer,
        }
    }
}
