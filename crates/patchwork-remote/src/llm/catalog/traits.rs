//! What models can do and how they want to be asked.

use serde::Deserialize;

pub use crate::llm::tokens::Tokenizer;

/// What a model can do. What is absent is not known: then it is asked, and refuses if it must.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Abilities {
    /// Calls tools.
    pub tools: Option<bool>,
    /// Can be made to call a tool, or a certain one.
    pub forced_tools: Option<bool>,
    /// Looks at images.
    pub images: Option<bool>,
    /// Reads PDF files.
    pub files: Option<bool>,
    /// Can be bound to a JSON Schema.
    pub schema: Option<bool>,
    /// Can be bound to JSON of any form.
    pub json: Option<bool>,
    /// Takes a reasoning effort.
    pub effort: Option<bool>,
    /// Takes `temperature` and `top_p`.
    pub sampling: Option<bool>,
    /// Takes a seed.
    pub seed: Option<bool>,
    /// Takes texts that end the answer.
    pub stop: Option<bool>,
    /// Takes frequency and presence penalties.
    pub penalties: Option<bool>,
    /// Takes a bias by token.
    pub logit_bias: Option<bool>,
    /// Tells the likeliest tokens.
    pub logprobs: Option<bool>,
}

/// How a model wants to be asked, where that is not as its protocol has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Quirks {
    /// The field of the output limit in a chat completion; `max_tokens` when absent.
    pub max_tokens_field: Option<MaxTokensField>,
    /// The role of instructions; `system` when absent.
    pub system_role: Option<SystemRole>,
    /// The field of the seed in a chat completion; `seed` when absent.
    pub seed_field: Option<SeedField>,
    /// Whether a chat completion takes `stream_options`, which asks for the usage; it does when absent.
    pub stream_options: Option<bool>,
    /// Whether a tool or a schema may be marked `strict`; it may when absent.
    pub strict: Option<bool>,
    /// How the key is sent; as the protocol has it when absent.
    pub auth: Option<Auth>,
    /// The efforts that it knows, the least first; low, medium and high when absent.
    pub efforts: Option<Vec<Effort>>,
    /// How an effort is told.
    pub thinking: Option<Thinking>,
    /// The highest temperature; 2 when absent.
    pub max_temperature: Option<Temperature>,
}

/// The field of the output limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MaxTokensField {
    /// `max_tokens`.
    MaxTokens,
    /// `max_completion_tokens`.
    MaxCompletionTokens,
}

/// The role of instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SystemRole {
    /// `system`.
    System,
    /// `developer`.
    Developer,
}

/// The field of the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeedField {
    /// `seed`.
    Seed,
    /// `random_seed`.
    RandomSeed,
}

/// How a key is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// `Authorization: Bearer KEY`.
    Bearer,
    /// `api-key: KEY`.
    ApiKey,
    /// `x-api-key: KEY`.
    XApiKey,
    /// `x-goog-api-key: KEY`.
    XGoogApiKey,
}

/// How much a model thinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// Not at all.
    None,
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
    /// More than much.
    Xhigh,
    /// As much as it can.
    Max,
}

/// How an effort is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Thinking {
    /// In a word.
    Effort,
    /// As a number of tokens.
    Budget,
}

/// A temperature, in hundredths so that rows can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "f64")]
pub struct Temperature(u16);

impl Temperature {
    /// As a number.
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / 100.0
    }
}

impl TryFrom<f64> for Temperature {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if !(0.0..=2.0).contains(&value) {
            return Err("a temperature is a number from 0 to 2");
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 200"
        )]
        Ok(Self((value * 100.0).round() as u16))
    }
}

impl Abilities {
    /// Their names, for people, in the order in which they are told.
    pub fn names(&self) -> Vec<&'static str> {
        let all = [
            ("tools", self.tools),
            ("images", self.images),
            ("files", self.files),
            ("schema", self.schema),
            ("json", self.json.filter(|_| self.schema != Some(true))),
            ("effort", self.effort),
            ("sampling", self.sampling),
            ("seed", self.seed),
            ("stop", self.stop),
            ("penalties", self.penalties),
            ("logprobs", self.logprobs),
        ];
        all.into_iter().filter(|(_, can)| *can == Some(true)).map(|(name, _)| name).collect()
    }

    /// These, and where they say nothing those below.
    #[must_use]
    pub(super) fn over(self, below: &Self) -> Self {
        Self {
            tools: self.tools.or(below.tools),
            forced_tools: self.forced_tools.or(below.forced_tools),
            images: self.images.or(below.images),
            files: self.files.or(below.files),
            schema: self.schema.or(below.schema),
            json: self.json.or(below.json),
            effort: self.effort.or(below.effort),
            sampling: self.sampling.or(below.sampling),
            seed: self.seed.or(below.seed),
            stop: self.stop.or(below.stop),
            penalties: self.penalties.or(below.penalties),
            logit_bias: self.logit_bias.or(below.logit_bias),
            logprobs: self.logprobs.or(below.logprobs),
        }
    }
}

impl Quirks {
    /// These, and where they say nothing those below.
    #[must_use]
    pub(super) fn over(self, below: &Self) -> Self {
        Self {
            max_tokens_field: self.max_tokens_field.or(below.max_tokens_field),
            system_role: self.system_role.or(below.system_role),
            seed_field: self.seed_field.or(below.seed_field),
            stream_options: self.stream_options.or(below.stream_options),
            strict: self.strict.or(below.strict),
            auth: self.auth.or(below.auth),
            efforts: self.efforts.or_else(|| below.efforts.clone()),
            thinking: self.thinking.or(below.thinking),
            max_temperature: self.max_temperature.or(below.max_temperature),
        }
    }
}
