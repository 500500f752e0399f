//! The catalogue: who sells models, under which names, at what price.

use std::sync::LazyLock;

use patchwork_core::usage::{MicroUsd, Price, Usage};
use serde::Deserialize;

/// The catalogue that is built in.
static CATALOG: LazyLock<Catalog> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "the file is part of the program; a test reads it")]
    serde_saphyr::from_str(include_str!("catalog.yml")).expect("the built-in catalogue is well-formed")
});

/// The built-in catalogue.
pub fn catalog() -> &'static Catalog {
    &CATALOG
}

/// Vendors and their models.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// In the order in which a default is looked for.
    pub vendors: Vec<Vendor>,
    /// Hosts where `openai/` is part of a model's name.
    pub prefixed_hosts: Vec<String>,
}

/// Who sells models.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vendor {
    /// As in `vendor/model` and in a route.
    pub id: String,
    /// As people write it.
    pub name: String,
    /// What it speaks.
    pub protocol: Protocol,
    /// Where it listens.
    pub base_url: String,
    /// The option that holds its key.
    pub option: String,
    /// The environment variables that set the option.
    pub environment: Vec<String>,
    /// The model that is used when none is asked for.
    pub default: String,
    /// Other words for `id`.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// How its models' names begin. One without a final dash must be the whole name or end at a dash.
    pub prefixes: Vec<String>,
    /// Names that begin like its models but are not.
    #[serde(default)]
    pub not: Vec<String>,
    /// The models that are known.
    pub models: Vec<Model>,
}

/// A wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protocol {
    /// Chat completions.
    #[serde(rename = "openai")]
    OpenAi,
    /// Messages.
    Anthropic,
    /// `generateContent`.
    Gemini,
}

/// A model.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// As the vendor names it.
    pub name: String,
    /// Tokens of prompt and answer together.
    pub context: Option<u32>,
    /// Tokens of an answer at most.
    pub output: Option<u32>,
    /// US dollars per million tokens.
    pub price: Option<Price>,
    /// What applies to calls with a long prompt.
    pub long_prompt: Option<LongPrompt>,
}

/// A dearer tier for long prompts.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LongPrompt {
    /// Tokens of input above which it applies to the whole call.
    pub above: u64,
    /// US dollars per million tokens.
    pub price: Price,
}

impl Catalog {
    /// The vendor of this id or alias.
    pub fn vendor(&self, id: &str) -> Option<&Vendor> {
        self.vendors.iter().find(|vendor| vendor.id == id || vendor.aliases.iter().any(|alias| alias == id))
    }

    /// The vendor whose model this bare name is.
    pub fn vendor_of(&self, model: &str) -> Option<&Vendor> {
        self.vendors.iter().find(|vendor| vendor.sells(model))
    }

    /// What is known of a model, whoever serves it.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.vendors.iter().flat_map(|vendor| &vendor.models).find(|model| model.is_named(name))
    }

    /// Every name, for "did you mean".
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.vendors.iter().flat_map(|vendor| &vendor.models).map(|model| model.name.as_str())
    }
}

impl Vendor {
    fn sells(&self, model: &str) -> bool {
        let begins = |prefix: &String| match model.strip_prefix(prefix.as_str()) {
            Some(rest) => prefix.ends_with('-') || rest.is_empty() || rest.starts_with('-'),
            None => false,
        };
        self.prefixes.iter().any(begins) && !self.not.iter().any(|prefix| model.starts_with(prefix.as_str()))
    }

    /// How to give its key: ``pass `openai_api_key` or set OPENAI_API_KEY``.
    pub fn how_to_give_key(&self) -> String {
        format!("pass `{}` or set {}", self.option, self.environment.join(" or "))
    }
}

impl Model {
    /// Whether `name` is this model or a dated edition of it.
    fn is_named(&self, name: &str) -> bool {
        match name.strip_prefix(self.name.as_str()) {
            Some("" | "-latest") => true,
            Some(rest) => rest.strip_prefix(['-', '@']).is_some_and(is_date),
            None => false,
        }
    }

    /// What a call cost; `None` when the price is not known.
    pub fn cost(&self, usage: Usage) -> Option<MicroUsd> {
        let long = self.long_prompt.as_ref().filter(|long| usage.input_tokens > long.above);
        long.map(|long| long.price).or(self.price).map(|price| price.cost(usage))
    }
}

/// `20250929` or `2024-08-06`.
fn is_date(text: &str) -> bool {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    digits == 8 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_is_sound() {
        let catalog = catalog();
        for vendor in &catalog.vendors {
            let default = catalog.model(&vendor.default).expect("a default is a known model");
            assert!(default.price.is_some() && default.output.is_some(), "{} is described", default.name);
            assert!(vendor.base_url.starts_with("https://"));
            for model in &vendor.models {
                assert_eq!(catalog.vendor_of(&model.name).map(|found| &found.id), Some(&vendor.id));
                assert_eq!(catalog.model(&model.name).map(|found| &found.name), Some(&model.name));
                assert!(model.output <= model.context || model.context.is_none(), "{}", model.name);
            }
        }
    }

    #[test]
    fn bare_names_find_their_vendor() {
        let vendor = |name| catalog().vendor_of(name).map(|vendor| vendor.id.as_str());
        for (name, id) in [
            ("gpt-4o", "openai"),
            ("gpt-7-something-new", "openai"),
            ("chatgpt-4o-latest", "openai"),
            ("o3-mini", "openai"),
            ("o1", "openai"),
            ("claude-3-opus-20240229", "anthropic"),
            ("claude-fable-9", "anthropic"),
            ("gemini-2.0-flash", "gemini"),
        ] {
            assert_eq!(vendor(name), Some(id), "{name}");
        }
        for name in ["gpt-oss:20b", "o1x", "llama3", "qwen3:8b", ""] {
            assert_eq!(vendor(name), None, "{name}");
        }
    }

    #[test]
    fn dated_editions_share_the_entry_and_other_models_do_not() {
        let known = |name| catalog().model(name).map(|model| model.name.as_str());
        assert_eq!(known("gpt-4o-2024-08-06"), Some("gpt-4o"));
        assert_eq!(known("claude-sonnet-4-5-20250929"), Some("claude-sonnet-4-5"));
        assert_eq!(known("claude-sonnet-4-5@20250929"), Some("claude-sonnet-4-5"));
        assert_eq!(known("gpt-4o-mini"), Some("gpt-4o-mini"));
        assert_eq!(known("gpt-4o-audio-preview"), None);
        assert_eq!(known("gpt-4"), None);
    }

    #[test]
    fn a_long_prompt_has_its_own_price() {
        let model = catalog().model("claude-haiku-5-5").unwrap();
        let usage = |input_tokens| Usage { input_tokens, output_tokens: 1_000, ..Usage::default() };
        assert_eq!(model.cost(usage(100_000)), Some(MicroUsd(10_000 + 500)));
        assert_eq!(model.cost(usage(200_000)), Some(MicroUsd(100_000 + 2_500)));
    }
}
