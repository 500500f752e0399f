//! `FindModel`: says which model would be asked, before anything is sent or paid.

use async_trait::async_trait;
use patchwork_core::port::provider::{ProviderErrorKind, Route};
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
        let options = input.options.merged()?;
        let target = options.target(ctx);
        let key = (&target.model, &target.base_url);
        let (in_task, asked) = (ctx.clone(), target.clone());
        let found = ctx
            .once("route", &key, async move {
                match in_task.provider()?.route(&asked).await {
                    Ok(route) => Ok(Found::Route(route)),
                    Err(error)
                        if error.kind == ProviderErrorKind::NotConfigured && !options.names_a_model() =>
                    {
                        Ok(Found::None { why: in_task.redact(&error.message), hint: error.hint })
                    }
                    Err(error) => Err(error.into()),
                }
            })
            .await?;
        match found {
            Found::Route(route) => {
                let reason = route.reason.unwrap_or_default();
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                ctx.note(format!("using {} of {}{why}", route.model, route.vendor));
                Ok(FindModelOutput { available: true, model_name: route.model, vendor: route.vendor, reason })
            }
            Found::None { why: reason, hint } => {
                ctx.note(reason.clone());
                if let Some(hint) = hint {
                    ctx.note(format!("to have one asked: {}", ctx.redact(&hint)));
                }
                Ok(FindModelOutput { reason, ..FindModelOutput::default() })
            }
        }
    }
}

/// What was found, as it is recorded.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Route(Route),
    None { why: String, hint: Option<String> },
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use patchwork_core::failure::FailureKind;
    use patchwork_remote::llm::{Models, ModelsSettings};
    use patchwork_testkit::context::TestContext;

    use super::*;

    fn test() -> TestContext {
        let settings = ModelsSettings { local: Vec::new(), ..ModelsSettings::default() };
        TestContext::new().provider(Arc::new(Models::new(settings)))
    }

    #[tokio::test]
    async fn having_no_model_is_an_answer_unless_one_was_named() {
        let alone = test();
        let out = alone.run(&FindModel, FindModelInput::default()).await.unwrap();
        assert!(!out.available && !out.reason.is_empty(), "{out:?}");
        let notes = alone.notes();
        assert_eq!(notes[0], out.reason);
        assert!(notes[1].starts_with("to have one asked: set a key (OPENAI_API_KEY, "), "{notes:?}");

        let options = ModelOptions { model: Some("gpt-4o".into()), ..ModelOptions::default() };
        let failure = test().run(&FindModel, FindModelInput { options }).await.unwrap_err().into_failure();
        assert_eq!(failure.kind, FailureKind::Configuration);
    }

    #[tokio::test]
    async fn a_key_leads_to_a_model() {
        let test = test().secret("anthropic_api_key", "sk-ant-0123456789");
        let out = test.run(&FindModel, FindModelInput::default()).await.unwrap();
        assert_eq!((out.available, out.vendor.as_str()), (true, "anthropic"));
    }
}
