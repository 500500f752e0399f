//! The rows of the catalogue: vendors and their models.

use std::collections::BTreeMap;
use std::sync::Arc;

use patchwork_core::usage::{MicroUsd, Price, Usage};
use serde::Deserialize;

use super::traits::{Abilities, Quirks, Tokenizer};

/// Who sells or serves models.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// As in `vendor/model` and in a route.
    pub id: String,
    /// As people write it.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it listens; absent when every customer has a place of their own, which `client_base_url` then names.
    #[serde(default)]
    pub base_url: Option<String>,
    /// Hosts of a `client_base_url` that belong to it; one that begins with a dot stands for all below it.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The option that holds its key; absent when it wants none.
    #[serde(default)]
    pub option: Option<String>,
    /// The environment variables that set the option, the strongest first.
    #[serde(default)]
    pub environment: Vec<String>,
    /// The model that is used when none is asked for; absent when it must be named.
    #[serde(default)]
    pub default: Option<String>,
    /// Other words for `id`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// How its models' names begin when they are written without the vendor. One without a final dash must be the whole
    /// name or end at a dash.
    #[serde(default)]
    pub prefixes: Vec<String>,
    /// Names that begin like its models but are not.
    #[serde(default)]
    pub not: Vec<String>,
    /// Whether it is a server on the user's own machine: free, and looked for when nobody names a model.
    #[serde(default)]
    pub local: bool,
    /// What all its models can do, where they don't say otherwise.
    #[serde(default)]
    pub abilities: Abilities,
    /// How all its models want to be asked, where they don't say otherwise.
    #[serde(default)]
    pub quirks: Quirks,
    /// What may be sent to it.
    #[serde(default)]
    pub limits: VendorLimits,
    /// The models that are known.
    #[serde(default)]
    pub models: Vec<Arc<Model>>,
}

/// A wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// OpenAI's chat completions, which most servers speak.
    #[serde(rename = "openai_chat")]
    OpenAiChat,
    /// OpenAI's responses.
    #[serde(rename = "openai_responses")]
    OpenAiResponses,
    /// Anthropic's messages.
    Anthropic,
    /// Gemini's `generateContent`.
    Gemini,
}

/// What may be sent to a vendor; no limit where absent. What a server says of its own limits is kept in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VendorLimits {
    /// Calls at the same time.
    #[serde(default)]
    pub concurrency: Option<std::num::NonZeroU32>,
    /// Calls a minute.
    #[serde(default)]
    pub requests_per_minute: Option<std::num::NonZeroU32>,
    /// Tokens of prompts and answers a minute.
    #[serde(default)]
    pub tokens_per_minute: Option<std::num::NonZeroU32>,
}

/// A model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// As the vendor names it.
    pub name: String,
    /// Other names of the same.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What it speaks, where that is not what its vendor speaks.
    #[serde(default)]
    pub protocol: Option<Protocol>,
    /// Tokens of prompt and answer together.
    #[serde(default)]
    pub context: Option<u32>,
    /// Tokens of an answer at most.
    #[serde(default)]
    pub output: Option<u32>,
    /// US dollars per million tokens.
    #[serde(default)]
    pub price: Option<Price>,
    /// What applies to calls with a long prompt.
    #[serde(default)]
    pub long_prompt: Option<LongPrompt>,
    /// What it can do, over what its vendor says.
    #[serde(default)]
    pub abilities: Abilities,
    /// How it wants to be asked, over what its vendor says.
    #[serde(default)]
    pub quirks: Quirks,
    /// What counts its tokens.
    #[serde(default)]
    pub tokenizer: Option<Tokenizer>,
}

/// A dearer tier for long prompts.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPrompt {
    /// Tokens of input above which it applies to the whole call.
    pub above: u64,
    /// US dollars per million tokens.
    pub price: Price,
}

/// What is known of a model where it is asked: its own row over its vendor's.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    /// Tokens of prompt and answer together.
    pub context: Option<u32>,
    /// Tokens of an answer at most.
    pub output: Option<u32>,
    /// US dollars per million tokens; absent when it is unknown.
    pub price: Option<Price>,
    /// What applies to calls with a long prompt.
    pub long_prompt: Option<LongPrompt>,
    /// What it can do.
    pub abilities: Abilities,
    /// How it wants to be asked.
    pub quirks: Quirks,
    /// What counts its tokens; an estimate does where absent.
    pub tokenizer: Option<Tokenizer>,
}

impl Profile {
    /// What a call cost; `None` when the price is not known.
    pub fn cost(&self, usage: Usage) -> Option<MicroUsd> {
        let long = self.long_prompt.as_ref().filter(|long| usage.input_tokens > long.above);
        long.map(|long| long.price).or(self.price).map(|price| price.cost(usage))
    }

    /// What a call costs at most that has so many tokens: all of its prompt at the dearest of the prices of input. A prompt
    /// that may be long may also turn out not to be. `None` when the price is not known.
    pub fn worst_cost(&self, input_tokens: u64, output_tokens: u64) -> Option<MicroUsd> {
        let usage = Usage { input_tokens, output_tokens, ..Usage::default() };
        let long = self.long_prompt.filter(|long| input_tokens > long.above).map(|long| long.price);
        let worst = |price: Price| {
            let others = [price.cached_input, price.cache_write].into_iter().flatten();
            Price {
                input: others.fold(price.input, f64::max),
                cached_input: None,
                cache_write: None,
                ..price
            }
        };
        self.price.into_iter().chain(long).map(|price| worst(price).cost(usage)).max()
    }
}

impl Vendor {
    /// Whether this bare name is one of its models, known or not.
    pub(super) fn sells(&self, model: &str) -> bool {
        let begins = |prefix: &String| match model.strip_prefix(prefix.as_str()) {
            Some(rest) => prefix.ends_with('-') || rest.is_empty() || rest.starts_with('-'),
            None => false,
        };
        // `deepseek-r1:8b` is a name of Ollama's.
        self.prefixes.iter().any(begins)
            && !model.contains(':')
            && !self.not.iter().any(|prefix| model.starts_with(prefix.as_str()))
    }

    /// Its row of a model.
    pub fn model(&self, name: &str) -> Option<&Arc<Model>> {
        let named = self.models.iter().find(|model| model.name == name);
        named.or_else(|| self.models.iter().find(|model| model.is_named(name)))
    }

    /// Whether a host is its own.
    pub fn is_at(&self, host: &str) -> bool {
        self.hosts.iter().any(|known| match known.starts_with('.') {
            true => host.ends_with(known.as_str()),
            false => host == known,
        })
    }

    /// How to give its key: ``pass `openai_api_key` or set OPENAI_API_KEY``.
    pub fn how_to_give_key(&self) -> String {
        match &self.option {
            None => format!("{} wants no key", self.name),
            Some(option) if self.environment.is_empty() => format!("pass `{option}`"),
            Some(option) => format!("pass `{option}` or set {}", self.environment.join(" or ")),
        }
    }

    /// What it speaks for a model.
    pub fn protocol_of(&self, model: &str) -> Protocol {
        self.model(model).and_then(|model| model.protocol).unwrap_or(self.protocol)
    }

    /// What is known of a model that it serves.
    pub fn profile(&self, name: &str) -> Profile {
        let own = self.model(name).map_or_else(Profile::default, |model| model.profile());
        let free = Price { input: 0.0, output: 0.0, cached_input: None, cache_write: None };
        Profile {
            price: own.price.or(self.local.then_some(free)),
            abilities: own.abilities.over(&self.abilities),
            quirks: own.quirks.over(&self.quirks),
            ..own
        }
    }
}

impl Model {
    /// Whether `name` is this model or a dated edition of it.
    fn is_named(&self, name: &str) -> bool {
        let edition = |own: &str| match name.strip_prefix(own) {
            Some("" | "-latest") => true,
            Some(rest) => rest.strip_prefix(['-', '@']).is_some_and(is_date),
            None => false,
        };
        edition(&self.name) || self.aliases.iter().any(|alias| edition(alias))
    }

    /// What its row alone says.
    pub(super) fn profile(&self) -> Profile {
        Profile {
            context: self.context,
            output: self.output,
            price: self.price,
            long_prompt: self.long_prompt,
            abilities: self.abilities,
            quirks: self.quirks.clone(),
            tokenizer: self.tokenizer,
        }
    }
}

/// `20250929` or `2024-08-06`.
fn is_date(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits == 8 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

/// The options that hold keys, each with the environment variables that set it.
pub(super) fn keys(vendors: &[Arc<Vendor>]) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for vendor in vendors {
        let Some(option) = &vendor.option else { continue };
        let variables = out.entry(option.clone()).or_default();
        for variable in &vendor.environment {
            if !variables.contains(variable) {
                variables.push(variable.clone());
            }
        }
    }
    out
}
