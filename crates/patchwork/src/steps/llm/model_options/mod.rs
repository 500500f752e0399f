//! The options that say which model is asked and how: the same for every step that asks one.

mod arguments;
mod request;
mod values;

use std::collections::BTreeMap;
use std::time::Duration;

use patchwork_core::port::provider::{Target, Vertex};
use patchwork_core::secret::SecretRef;
use patchwork_core::step::{Context, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::arguments::Arguments;
pub(crate) use self::request::Asking;
pub use self::values::{
    FunctionChoice, FunctionTool, FunctionWord, JsonForm, Names, ReasoningEffort, ResponseFormat,
    ToolChoiceOption, ToolOption, ToolWord,
};

/// Which model, where, with which key and which settings. What is absent is left to the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelOptions {
    /// The model: `vendor/name` or a bare name; the catalogue's default when absent. Of several, each is asked when the
    /// one before it gives no answer: a list, or names with commas between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Names>,
    /// Key for OpenAI and OpenAI-compatible endpoints.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openai_api_key: Option<SecretRef>,
    /// Key for Anthropic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anthropic_api_key: Option<SecretRef>,
    /// Key for Google Gemini.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub google_api_key: Option<SecretRef>,

    /// An OpenAI-compatible endpoint that takes every call (`http://localhost:8000/v1`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_base_url: Option<String>,
    /// Seconds that a server may be silent; 300 when absent. An answer that keeps coming may take longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub client_timeout: Option<u64>,
    /// Whether Gemini is reached through Vertex AI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_is_gcp: Option<bool>,
    /// The Google Cloud project of Vertex AI; that of the credentials when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_project: Option<String>,
    /// The location of Vertex AI (`us-central1`); `global` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_location: Option<String>,
    /// The dated API of an Azure OpenAI endpoint (`2024-10-21`), where its path is not `/openai/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_api_version: Option<String>,
    /// More `client_…` options in one, without that beginning: an object, its JSON, or `timeout=60,api_version=2024-10-21`.
    /// An option of its own counts more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_args: Option<Arguments>,

    /// How freely the model picks its words, 0 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 2.0))]
    pub model_temperature: Option<f64>,
    /// Tokens of one answer at most, reasoning included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub model_max_tokens: Option<u32>,
    /// Share of the probability mass the model picks from, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub model_top_p: Option<f64>,
    /// A text, or several, at which an answer ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_stop: Option<Names>,
    /// A number that makes answers repeatable, where the provider can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_seed: Option<u64>,
    /// How much the model thinks before it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_reasoning_effort: Option<ReasoningEffort>,
    /// Lowers the chance of words by how often they were said, −2 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -2.0, max = 2.0))]
    pub model_frequency_penalty: Option<f64>,
    /// Lowers the chance of words that were said at all, −2 to 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -2.0, max = 2.0))]
    pub model_presence_penalty: Option<f64>,
    /// By token id, how much its chance is raised or lowered, −100 to 100. OpenAI's protocol only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_logit_bias: Option<BTreeMap<String, f64>>,
    /// Whether the chance of each token is asked for, for the output `logprobs`. OpenAI's protocols and Gemini only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_logprobs: Option<bool>,
    /// How many likely tokens are asked for with each token, 0 to 20; more than 0 includes `model_logprobs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 20))]
    pub model_top_logprobs: Option<u8>,
    /// Answers for each prompt; only 1 is possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1))]
    pub model_n: Option<u32>,
    /// The form of the answer, as OpenAI has it: `{"type": "text"}`, `{"type": "json_object"}` or
    /// `{"type": "json_schema", "json_schema": {"name": …, "schema": {…}}}`. Whatever the provider does, an answer of another
    /// form is asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_response_format: Option<ResponseFormat>,
    /// The tools that the model may call, as OpenAI has them:
    /// `[{"type": "function", "function": {"name", "description", "parameters"}}]`, or what stands in `function` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_tools: Option<Vec<ToolOption>>,
    /// Which tools the model calls: `auto`, `none`, `required`, or `{"type": "function", "function": {"name": …}}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_tool_choice: Option<ToolChoiceOption>,
    /// More `model_…` options in one, without that beginning: an object, its JSON, or `temperature=0.5,top_p=0.9`. An option
    /// of its own counts more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_args: Option<Arguments>,
}

impl ModelOptions {
    /// Whether the user pointed at a model, so that not finding it is a failure.
    pub(crate) fn names_a_model(&self) -> bool {
        self.model.is_some() || self.client_base_url.is_some()
    }

    /// Whether the chance of each token is asked for.
    pub(crate) fn asks_for_logprobs(&self) -> bool {
        self.model_logprobs == Some(true) || self.model_top_logprobs.is_some_and(|top| top > 0)
    }

    /// With what `model_args` and `client_args` say.
    pub(crate) fn merged(&self) -> Result<Self, StepError> {
        arguments::merged(self)
    }

    /// Where calls go. All keys that were given go along under their option names, so that steps work in patchflows that
    /// declare none; the model's vendor decides which one is sent.
    pub(crate) fn target(&self, ctx: &Context) -> Target {
        let references = [
            ("openai_api_key", &self.openai_api_key),
            ("anthropic_api_key", &self.anthropic_api_key),
            ("google_api_key", &self.google_api_key),
        ];
        let given = ctx.secret_names().into_iter();
        let mut keys: BTreeMap<_, _> =
            given.filter_map(|name| Some((name.clone(), ctx.secret_named(&name)?))).collect();
        for (name, reference) in references {
            keys.extend(ctx.secret(reference.as_ref()).map(|secret| (name.to_owned(), secret)));
        }
        let mut models = self.model.as_ref().map(Names::names).unwrap_or_default().into_iter();
        let model = models.next();
        let there = model.as_ref().is_some_and(|model| model.starts_with("vertex/"));
        let vertex = (there || self.client_is_gcp.unwrap_or_default())
            .then(|| Vertex { project: self.client_project.clone(), location: self.client_location.clone() });
        Target {
            model,
            fallbacks: models.collect(),
            base_url: self.client_base_url.clone(),
            keys,
            timeout: self.client_timeout.map(|seconds| Duration::from_secs(seconds.max(1))),
            vertex,
            api_version: self.client_api_version.clone(),
        }
    }

    /// What each call asks for beside its messages.
    pub(crate) fn asking(&self) -> Result<Asking, StepError> {
        Asking::of(self)
    }
}

#[cfg(test)]
mod tests;
