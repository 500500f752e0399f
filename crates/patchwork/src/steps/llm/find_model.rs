//! `FindModel`: says which model would be asked, before anything is sent or paid.

use async_trait::async_trait;
use patchwork_core::port::provider::ProviderErrorKind;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model_options::ModelOptions;

/// Says which model would be asked, before anything is sent or paid.
pub struct FindModel;

/// Says which model would be asked, before anything is sent or paid.
///
/// Without a key and without a model server on this machine there is none: that is an answer, not a failure, unless
/// `model` or `client_base_url` asks for one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindModelInput {
    /// Which model is looked for.
    #[serde(flatten)]
    pub options: ModelOptions,
}

/// Where model calls would go.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct FindModelOutput {
    /// Whether there is a model to ask.
    pub available: bool,
    /// The model, as its vendor names it; empty when there is none. Not called `model`, so that no later step takes it for
    /// the option of that name.
    pub model_name: String,
    /// Who is asked (`openai`, `anthropic`, `gemini`, `ollama`, `custom`); empty when there is none.
    pub vendor: String,
    /// Why this model when nobody named one, or why there is none; empty when it was named.
    pub reason: String,
}

#[async_trait]
impl Step for FindModel {
    type Input = FindModelInput;
    type Output = FindModelOutput;

    const ID: &'static str = "FindModel";
    const EFFECTS: Effects = Effects::CALLS_MODEL;

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        match ctx.provider()?.route(&input.options.target(ctx)).await {
            Ok(route) => {
                let reason = route.reason.unwrap_or_default();
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                ctx.note(format!("using {} of {}{why}", route.model, route.vendor));
                Ok(FindModelOutput { available: true, model_name: route.model, vendor: route.vendor, reason })
            }
            Err(error)
                if error.kind == ProviderErrorKind::NotConfigured && !input.options.names_a_model() =>
            {
                let hint = error.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                let reason = ctx.redact(&format!("{}{hint}", error.message));
                ctx.note(format!("no model: {reason}"));
                Ok(FindModelOutput { reason, ..FindModelOutput::default() })
            }
            Err(error) => Err(error.into()),
        }
    }
}
