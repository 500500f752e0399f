//! `FindModel`: says which model would be asked, before anything is sent or paid.

use std::collections::BTreeSet;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::provider::{ProviderErrorKind, Route, Target};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model_options::{ModelOptions, Names};

/// Says which model would be asked, before anything is sent or paid.
pub struct FindModel;

/// Says which model would be asked, before anything is sent or paid.
///
/// Without a key and without a model server on this machine there is none: that is an answer, not a failure, unless an option
/// asks for one. Neither is there one when the run may make no call (`max_llm_calls` is 0). Every model that may be asked is
/// looked for, and under a limit on cost (`max_cost`) the price of each must be known.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindModelInput {
    /// Models that are asked one after the other, in place of `model`.
    #[serde(default)]
    pub model_escalation: Option<Names>,
    /// Which model is looked for.
    #[serde(flatten)]
    pub options: ModelOptions,
}

/// Where model calls would go.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct FindModelOutput {
    /// Whether there is a model to ask.
    pub available: bool,
    /// The model that is asked first, as its vendor names it; empty when there is none. Not called `model`, so that no later step takes it for
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
        let limits = ctx.limits();
        if limits.calls == Some(0) {
            return Ok(none(ctx, "max_llm_calls is 0: no model is asked".to_owned(), None));
        }
        let options = input.options.merged()?;
        let target = options.target(ctx);
        let escalation = input.model_escalation.as_ref().map(Names::names).unwrap_or_default();
        let named = if escalation.is_empty() {
            target.model.iter().chain(&target.fallbacks).cloned().collect()
        } else {
            escalation
        };
        let wanted = !named.is_empty() || options.names_a_model();
        let key = (named.clone(), target.base_url.clone());
        let found = ctx.once("route", &key, look_for(ctx.clone(), target, named, wanted)).await?;
        match found {
            Found::Routes(routes) => {
                if limits.cost.is_some() && !limits.allow_unknown_price {
                    routes.iter().try_for_each(check_price)?;
                }
                let warnings: BTreeSet<_> =
                    routes.iter().filter_map(|route| route.warning.as_deref()).collect();
                warnings.into_iter().for_each(|warning| ctx.warn(warning));
                let mut routes = routes.into_iter();
                let Some(first) = routes.next() else {
                    return Err(StepError::internal("no route was found"));
                };
                let reason = first.reason.unwrap_or_default();
                let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
                let others: String =
                    routes.map(|route| format!(", then {} of {}", route.model, route.vendor)).collect();
                ctx.note(format!("using {} of {}{why}{others}", first.model, first.vendor));
                Ok(FindModelOutput { available: true, model_name: first.model, vendor: first.vendor, reason })
            }
            Found::None { why, hint } => Ok(none(ctx, why, hint)),
        }
    }
}

/// Routes each model, or the one that is found when none is named.
async fn look_for(
    ctx: Context,
    target: Target,
    named: Vec<String>,
    wanted: bool,
) -> Result<Found, StepError> {
    let targets = match named.as_slice() {
        [] => vec![target],
        named => named.iter().map(|name| Target { model: Some(name.clone()), ..target.clone() }).collect(),
    };
    let mut routes = Vec::with_capacity(targets.len());
    for target in targets {
        match ctx.provider()?.route(&target).await {
            Ok(route) => routes.push(route),
            Err(error) if error.kind == ProviderErrorKind::NotConfigured && !wanted => {
                return Ok(Found::None { why: ctx.redact(&error.message), hint: error.hint });
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Found::Routes(routes))
}

fn none(ctx: &Context, reason: String, hint: Option<String>) -> FindModelOutput {
    ctx.note(reason.clone());
    if let Some(hint) = hint {
        ctx.note(format!("to have one asked: {}", ctx.redact(&hint)));
    }
    FindModelOutput { reason, ..FindModelOutput::default() }
}

/// Refuses a model that could not be asked under a limit on cost, before any other is paid.
fn check_price(route: &Route) -> Result<(), StepError> {
    if route.priced {
        return Ok(());
    }
    let message = format!(
        "there is a limit on cost (`max_cost`), and the price of {} of {} is unknown",
        route.model, route.vendor
    );
    Err(StepError::Failed(Failure::configuration(message).hint(
        "give its price in `vendors` of your configuration, limit `max_tokens` instead, or count its calls as free with \
         `allow_unknown_price=true`",
    )))
}

/// What was found, as it is recorded.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Routes(Vec<Route>),
    None { why: String, hint: Option<String> },
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use patchwork_core::failure::FailureKind;
    use patchwork_remote::llm::{Models, ModelsSettings};
    use patchwork_testkit::context::TestContext;
    use serde_json::{Value, json};

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
        let failure = test()
            .run(&FindModel, FindModelInput { options, ..FindModelInput::default() })
            .await
            .unwrap_err()
            .into_failure();
        assert_eq!(failure.kind, FailureKind::Configuration);
    }

    #[tokio::test]
    async fn every_model_that_may_be_asked_is_looked_for() {
        let test = test().secret("openai_api_key", "sk-0123456789abcdef");
        let input = |given: Value| serde_json::from_value::<FindModelInput>(given).unwrap();
        let out =
            test.run(&FindModel, input(json!({"model_escalation": "gpt-4o-mini,gpt-4o"}))).await.unwrap();
        assert_eq!((out.available, out.model_name.as_str()), (true, "gpt-4o-mini"));
        assert_eq!(test.notes(), ["using gpt-4o-mini of openai, then gpt-4o of openai"]);
        for given in [
            json!({"model": ["gpt-4o", "claude-sonnet-4-5"]}),
            json!({"model": "gpt-4o", "model_escalation": ["gpt-4o-mini", "claude-sonnet-4-5"]}),
        ] {
            let failure = test.run(&FindModel, input(given)).await.unwrap_err().into_failure();
            assert_eq!(failure.kind, FailureKind::Configuration);
            assert!(failure.to_string().contains("claude-sonnet-4-5"), "{failure}");
        }
    }

    #[test]
    fn a_model_of_unknown_price_is_named() {
        let route = |priced| Route { model: "m".into(), vendor: "custom".into(), priced, ..Route::default() };
        assert!(check_price(&route(true)).is_ok());
        let failure = check_price(&route(false)).unwrap_err().into_failure();
        assert_eq!(
            failure.message,
            "there is a limit on cost (`max_cost`), and the price of m of custom is unknown"
        );
    }

    #[tokio::test]
    async fn a_key_leads_to_a_model() {
        let test = test().secret("anthropic_api_key", "sk-ant-0123456789");
        let out = test.run(&FindModel, FindModelInput::default()).await.unwrap();
        assert_eq!((out.available, out.vendor.as_str()), (true, "anthropic"));
    }
}
