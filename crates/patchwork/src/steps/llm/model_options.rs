//! The options that say which model is asked and how: the same for every step that asks one.

use std::collections::BTreeMap;
use std::time::Duration;

use patchwork_core::port::provider::{Parameters, Target};
use patchwork_core::secret::SecretRef;
use patchwork_core::step::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which model, where, with which key and which settings. What is absent is left to the provider.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ModelOptions {
    /// The model: `vendor/name` or a bare name; the catalogue's default when absent.
    #[serde(default)]
    pub model: Option<String>,
    /// An OpenAI-compatible endpoint that takes every call (`http://localhost:8000/v1`).
    #[serde(default)]
    pub client_base_url: Option<String>,
    /// Seconds that one try of a call may take; 300 when absent.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub client_timeout: Option<u64>,
    /// Key for OpenAI and OpenAI-compatible endpoints.
    #[serde(default)]
    pub openai_api_key: Option<SecretRef>,
    /// Key for Anthropic.
    #[serde(default)]
    pub anthropic_api_key: Option<SecretRef>,
    /// Key for Google Gemini.
    #[serde(default)]
    pub google_api_key: Option<SecretRef>,
    /// How freely the model picks its words, 0 to 2.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 2.0))]
    pub model_temperature: Option<f64>,
    /// Tokens of one answer at most, reasoning included.
    #[serde(default)]
    #[schemars(range(min = 1))]
    pub model_max_tokens: Option<u32>,
    /// Share of the probability mass the model picks from, 0 to 1.
    #[serde(default)]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub model_top_p: Option<f64>,
    /// A text, or several, at which an answer ends.
    #[serde(default)]
    pub model_stop: Option<StopTexts>,
    /// A number that makes answers repeatable, where the provider can.
    #[serde(default)]
    pub model_seed: Option<u64>,
    /// How much the model thinks before it answers.
    #[serde(default)]
    pub model_reasoning_effort: Option<ReasoningEffort>,
}

/// One text or several.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum StopTexts {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

/// How much a model thinks before it answers.
#[derive(Debug, Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReasoningEffort {
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl ReasoningEffort {
    fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl ModelOptions {
    /// Whether the user pointed at a model, so that not finding it is a failure.
    pub(crate) fn names_a_model(&self) -> bool {
        self.model.is_some() || self.client_base_url.is_some()
    }

    /// Where calls go. A key without a reference of its own is looked up under its option name, so that steps work in
    /// patchflows that do not declare it.
    pub(crate) fn target(&self, ctx: &Context) -> Target {
        let references = [
            ("openai_api_key", &self.openai_api_key),
            ("anthropic_api_key", &self.anthropic_api_key),
            ("google_api_key", &self.google_api_key),
        ];
        let keys: BTreeMap<_, _> = references
            .into_iter()
            .filter_map(|(name, reference)| {
                let secret = ctx.secret(reference.as_ref()).or_else(|| ctx.secret_named(name))?;
                Some((name.to_owned(), secret))
            })
            .collect();
        Target {
            model: self.model.clone(),
            base_url: self.client_base_url.clone(),
            keys,
            timeout: self.client_timeout.map(|seconds| Duration::from_secs(seconds.max(1))),
            ..Target::default()
        }
    }

    /// The settings of each call.
    pub(crate) fn parameters(&self) -> Parameters {
        Parameters {
            max_tokens: self.model_max_tokens,
            temperature: self.model_temperature,
            top_p: self.model_top_p,
            stop: match &self.model_stop {
                None => Vec::new(),
                Some(StopTexts::One(text)) => vec![text.clone()],
                Some(StopTexts::Many(texts)) => texts.clone(),
            },
            seed: self.model_seed,
            reasoning_effort: self.model_reasoning_effort.map(|effort| effort.as_str().to_owned()),
            ..Parameters::default()
        }
    }
}
