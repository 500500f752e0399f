//! Asking a model.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::failure::{Failure, FailureKind};
use crate::message::{Finish, Message, TokenChance, Tool, ToolCall, ToolChoice};
use crate::secret::Secret;
use crate::usage::{MicroUsd, Usage};

/// Which model, where and with which key. The keys are by the option names users know: `openai_api_key`,
/// `anthropic_api_key`, `google_api_key`.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// `vendor/name` or a bare name; the catalogue's default when absent.
    pub model: Option<String>,
    /// Models that are asked in turn when the one before gives no answer, whatever the reason but a bad request.
    pub fallbacks: Vec<String>,
    /// An OpenAI-compatible endpoint that takes every call (`client_base_url`).
    pub base_url: Option<String>,
    /// Keys by option name.
    pub keys: BTreeMap<String, Secret>,
    /// How long a server may be silent; 300 s when absent. An answer that keeps coming may take longer.
    pub timeout: Option<Duration>,
    /// Gemini is reached through Vertex AI (`client_is_gcp`).
    pub vertex: Option<Vertex>,
    /// The dated API of an Azure OpenAI endpoint (`2024-10-21`), where its path is not `/openai/v1`.
    pub api_version: Option<String>,
}

/// Where models of Vertex AI are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vertex {
    /// The Google Cloud project; that of the credentials when absent.
    pub project: Option<String>,
    /// The location (`us-central1`); `global` when absent.
    pub location: Option<String>,
}

/// Where a [`Target`] leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// Tokens of prompt and answer together that the model takes, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<u64>,
    /// Tokens of one answer at most, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<u64>,
    /// Whether the price of a call is known.
    #[serde(default)]
    pub priced: bool,
    /// What the user must know before anything is sent there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warning: Option<String>,
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
    /// −2 to 2: lowers the chance of words by how often they were said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_penalty: Option<f64>,
    /// −2 to 2: lowers the chance of words that were said at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub presence_penalty: Option<f64>,
    /// −100 to 100 by token id, as OpenAI has it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub logit_bias: BTreeMap<String, f64>,
    /// How many likely tokens are told with each token; 0 only tells that of the token itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logprobs: Option<u8>,
}

/// JSON of a given form as the answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutputFormat {
    /// Names the form: letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// The JSON Schema of the answer; any JSON object when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
}

/// One question.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// Settings.
    #[serde(default)]
    pub parameters: Parameters,
    /// The tools that the model may call.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    /// Which of them; as the model sees fit when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_choice: Option<ToolChoice>,
    /// The form of the answer. A provider that can't be bound to it is told in words, so the answer must be checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<OutputFormat>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatAnswer {
    /// The text; empty when the model said nothing.
    pub text: String,
    /// The tools that it wants called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// See [`Message::carried`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Value>,
    /// How likely each token was, where [`Parameters::logprobs`] asks for it and the model tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logprobs: Vec<TokenChance>,
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
    /// Nobody was asked: the answer was kept from an earlier call, and costs nothing now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reused: bool,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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
    /// The request asks for what the model or its protocol can't do.
    Unsupported,
    /// The budget does not allow the call.
    BudgetReached,
    /// There is a limit on cost, and the price of the model is unknown.
    PriceUnknown,
    /// The recording that is replayed holds no answer to this request.
    NotRecorded,
    /// Calls are only counted, not made.
    OnlyPlanned,
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

    /// Whether a server was asked, or would have been had it been there.
    pub fn was_asked(self) -> bool {
        !matches!(
            self,
            Self::NotConfigured
                | Self::Unsupported
                | Self::BudgetReached
                | Self::PriceUnknown
                | Self::NotRecorded
                | Self::OnlyPlanned
                | Self::Cancelled
        )
    }

    /// The word in events and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::Authentication => "authentication",
            Self::UnknownModel => "unknown_model",
            Self::InvalidRequest => "invalid_request",
            Self::ContextExceeded => "context_exceeded",
            Self::Unsupported => "unsupported",
            Self::BudgetReached => "budget_reached",
            Self::PriceUnknown => "price_unknown",
            Self::NotRecorded => "not_recorded",
            Self::OnlyPlanned => "only_planned",
            Self::RateLimited => "rate_limited",
            Self::Server => "server",
            Self::Connection => "connection",
            Self::Timeout => "timeout",
            Self::Malformed => "malformed",
            Self::Cancelled => "cancelled",
        }
    }
}

impl From<ProviderError> for Failure {
    fn from(error: ProviderError) -> Self {
        let mut failure = match error.kind {
            ProviderErrorKind::Cancelled => Self::interrupted(error.message),
            ProviderErrorKind::NotConfigured | ProviderErrorKind::PriceUnknown => {
                Self::configuration(error.message)
            }
            ProviderErrorKind::BudgetReached => Self::new(FailureKind::BudgetReached, error.message),
            ProviderErrorKind::Unsupported | ProviderErrorKind::NotRecorded => Self::failed(error.message),
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
    /// How long until the next try; nothing when another model is asked in its place.
    pub wait: Duration,
}

/// What a try may take at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Worst {
    /// Tokens of the prompt.
    pub input_tokens: u64,
    /// Tokens of the longest answer.
    pub output_tokens: u64,
    /// What both cost together; absent when the price is unknown.
    pub cost: Option<MicroUsd>,
}

/// What a try that brought no answer took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Nothing: it never arrived, or was refused before the model began.
    Nothing,
    /// Nobody knows: it was cut, or took too long. Its worst case stays counted.
    Unknown,
    /// As much as the server said before it failed.
    Known(Usage, Option<MicroUsd>),
}

/// Watches over the tries of one call, one after the other. After each [`Watch::reserve`] comes either one
/// [`Watch::lost`] or the answer.
#[async_trait]
pub trait Watch: Send + Sync {
    /// Before a try: sets its worst case aside. Waits while it may fit once other calls have ended; an error
    /// ([`ProviderErrorKind::BudgetReached`], [`ProviderErrorKind::PriceUnknown`]) when the try must not be made.
    async fn reserve(&self, worst: Worst) -> Result<(), ProviderError>;

    /// After a try without an answer.
    async fn lost(&self, lost: Lost) -> Result<(), ProviderError>;

    /// Whether money or tokens are limited: then every answer must have a limit too, for there to be a worst case.
    fn bounded(&self) -> bool {
        false
    }

    /// Before the wait for another try; must return quickly.
    fn retrying(&self, retry: Retry);
}

/// Watches nothing: for calls outside a run, and for tests.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

#[async_trait]
impl Watch for Unwatched {
    async fn reserve(&self, _worst: Worst) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn lost(&self, _lost: Lost) -> Result<(), ProviderError> {
        Ok(())
    }

    fn retrying(&self, _retry: Retry) {}
}

/// What a request takes, before it is sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Measure {
    /// The worst case of one try. Never less than what the vendor will bill.
    pub worst: Worst,
    /// Tokens of the prompt as they will likely be billed: exact for vendors whose tokenizer is public, else an estimate.
    pub input_tokens: u64,
    /// Whether `input_tokens` is exact.
    pub exact: bool,
}

/// Models, behind one door: routing, limits, retries with back-off and price are inside.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Where a target leads, before anything is sent or paid: its first model, its fallbacks not looked at. Without a key
    /// it looks for a server on localhost.
    async fn route(&self, target: &Target) -> Result<Route, ProviderError>;

    /// Counts, without sending anything.
    fn measure(&self, route: &Route, request: &ChatRequest) -> Measure;

    /// What calls that take so much cost at a route; absent when the price is unknown.
    fn price(&self, route: &Route, usage: Usage) -> Option<MicroUsd>;

    /// Asks. Retries what may succeed later, and tells so before it waits; then asks the target's fallbacks; ends at once
    /// when `cancel` is set.
    async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        watch: &dyn Watch,
        cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError>;
}
