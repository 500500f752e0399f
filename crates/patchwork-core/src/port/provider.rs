//! Asking a model.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::message::{Finish, Message};
use crate::secret::Secret;
use crate::usage::{MicroUsd, Usage};

/// Which model, where and with which key. The keys are by the option names users know: `openai_api_key`,
/// `anthropic_api_key`, `google_api_key`.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// `provider/name` or a bare name; the catalogue's default when absent.
    pub model: Option<String>,
    /// An OpenAI-compatible endpoint that takes every call (`client_base_url`).
    pub base_url: Option<String>,
    /// Keys by option name.
    pub keys: BTreeMap<String, Secret>,
    /// How long one try may take; 300 s when absent.
    pub timeout: Option<Duration>,
}

/// Where a [`Target`] leads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Who is asked (`openai`, `anthropic`, `gemini`, `ollama`, `custom`).
    pub vendor: String,
    /// The model, as the vendor names it.
    pub model: String,
    /// The base URL, without credentials.
    pub base_url: String,
    /// Why this one, when nobody asked for it (`no key given, found Ollama on localhost`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Settings of a call; what is absent is left to the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Parameters {
    /// Tokens of output at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<u32>,
    /// 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Texts that end the answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stop: Vec<String>,
    /// For repeatable answers, where the provider can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// `minimal`, `low`, `medium` or `high`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_effort: Option<String>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// Settings.
    #[serde(default)]
    pub parameters: Parameters,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatAnswer {
    /// The text; empty when the model said nothing.
    pub text: String,
    /// Why it stopped.
    pub finish: Finish,
    /// What it took.
    pub usage: Usage,
    /// What it cost; absent when the price is unknown.
    #[serde(default)]
    pub cost: Option<MicroUsd>,
    /// The vendor that answered.
    pub vendor: String,
    /// The model that answered.
    pub model: String,
    /// Milliseconds from sending to the whole answer, of the try that succeeded.
    pub latency_ms: u64,
    /// Tries, from 1.
    pub attempts: u32,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ProviderError {
    /// The class.
    pub kind: ProviderErrorKind,
    /// One sentence, naming vendor and model; no secret, no prompt.
    pub message: String,
    /// HTTP status, when there was one.
    pub status: Option<u16>,
    /// What the server asked us to wait.
    pub retry_after: Option<Duration>,
    /// What to try next.
    pub hint: Option<String>,
}

/// Classes of [`ProviderError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderErrorKind {
    /// No key, no local server.
    NotConfigured,
    /// 401, 403.
    Authentication,
    /// 404 or a message that says so.
    UnknownModel,
    /// 400, 422 and the like.
    InvalidRequest,
    /// The prompt is longer than the model takes.
    ContextExceeded,
    /// 429.
    RateLimited,
    /// 408, 409, 5xx.
    Server,
    /// No connection, or it was cut.
    Connection,
    /// No answer in time.
    Timeout,
    /// An answer that is not of the protocol (HTML, broken JSON).
    Malformed,
    /// The run was cancelled.
    Cancelled,
}

impl ProviderErrorKind {
    /// Whether the same call may succeed later.
    pub fn retryable(self) -> bool {
        matches!(self, Self::RateLimited | Self::Server | Self::Connection | Self::Timeout | Self::Malformed)
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let mut failure = match error.kind {
            ProviderErrorKind::Cancelled => Self::interrupted(error.message),
            ProviderErrorKind::NotConfigured => Self::configuration(error.message),
            _ => Self::unavailable(error.message),
        };
        failure.hints.extend(error.hint);
        failure
    }
}

/// A try that brought no answer and is followed by another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    /// Why there was no answer, as in [`ProviderError::message`].
    pub problem: String,
    /// How long until the next try.
    pub wait: Duration,
}

/// Is told of each try that is followed by another; must return quickly.
pub type OnRetry<'a> = &'a (dyn Fn(Retry) + Send + Sync);

/// Models, behind one door: routing, retries with back-off and price are inside.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Where a target leads, before anything is sent or paid. Without a key it looks for a server on localhost.
    async fn route(&self, target: &Target) -> Result<Route, ProviderError>;

    /// Asks. Retries what may succeed later, and tells so before it waits; ends at once when `cancel` is set.
    async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        on_retry: OnRetry<'_>,
        cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError>;
}
