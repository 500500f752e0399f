//! A step: a kind of work with typed input and output.

mod context;
mod effects;
mod error;
mod input;
mod masking;
mod model_call;

use std::sync::OnceLock;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use context::{Context, Emitter, Memory, Outside, Ports};
pub use effects::Effects;
pub use error::StepError;
pub use model_call::{Answered, Asked, Call, Question};

/// A kind of work. The doc comments of `Input` and its fields are the manual page; unknown keys are errors
/// (`#[serde(deny_unknown_fields)]`).
#[async_trait]
pub trait Step: Send + Sync + 'static {
    /// What it takes.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// What it gives.
    type Output: Serialize + JsonSchema + Send;

    /// The name users write (`ScanSemgrep`).
    const ID: &'static str;
    /// What it may touch.
    const EFFECTS: Effects;

    /// Does the work. `ctx` is the only way to the world. A step that did nothing calls [`Context::skip`] and still answers
    /// an output (its fields empty).
    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError>;
}

/// A [`Step`] without its types: what the registry, the engine and the docs use.
#[async_trait]
pub trait ErasedStep: Send + Sync + 'static {
    /// The name users write.
    fn id(&self) -> &'static str;
    /// What it may touch.
    fn effects(&self) -> Effects;
    /// JSON Schema (draft 2020-12) of the input.
    fn input_schema(&self) -> &Value;
    /// JSON Schema (draft 2020-12) of the output.
    fn output_schema(&self) -> &Value;
    /// Runs on JSON.
    async fn run_json(&self, ctx: &Context, input: Value) -> Result<Value, StepError>;
}

/// A typed step with its schemas made once.
struct Typed<S: Step> {
    step: S,
    input: OnceLock<Value>,
    output: OnceLock<Value>,
}

/// Erases a step's types.
pub fn erase<S: Step>(step: S) -> Box<dyn ErasedStep> {
    Box::new(Typed { step, input: OnceLock::new(), output: OnceLock::new() })
}

#[async_trait]
impl<S: Step> ErasedStep for Typed<S> {
    fn id(&self) -> &'static str {
        S::ID
    }

    fn effects(&self) -> Effects {
        S::EFFECTS
    }

    fn input_schema(&self) -> &Value {
        self.input.get_or_init(|| {
            schemars::generate::SchemaSettings::draft2020_12()
                .for_deserialize()
                .into_generator()
                .into_root_schema_for::<S::Input>()
                .into()
        })
    }

    fn output_schema(&self) -> &Value {
        self.output.get_or_init(|| {
            schemars::generate::SchemaSettings::draft2020_12()
                .for_serialize()
                .into_generator()
                .into_root_schema_for::<S::Output>()
                .into()
        })
    }

    async fn run_json(&self, ctx: &Context, input: Value) -> Result<Value, StepError> {
        let input = input::read(input, || self.input_schema())?;
        let output = self.step.run(ctx, input).await?;
        serde_json::to_value(output)
            .map_err(|error| StepError::internal(format!("the output of {} is not JSON: {error}", S::ID)))
    }
}
