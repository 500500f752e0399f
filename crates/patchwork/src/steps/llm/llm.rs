//! `LLM`: makes prompts, asks a model, cuts its answers into sections.

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchwork_core::message::Message;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::call_llm::{self, CallLLMOutput};
use super::call_options::CallOptions;
use super::extract_model_response::{PartitionOptions, extract};
use super::model_options::ModelOptions;
use super::prepare_prompt::{PromptOptions, prepare};
use super::structured::Form;

/// Makes prompts, asks a model, cuts its answers into sections.
pub struct LLM;

/// Makes prompts, asks a model, cuts its answers into sections: `PreparePrompt`, `CallLLM` and `ExtractModelResponse` in
/// one.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LLMInput {
    /// Which prompt over which values.
    #[serde(flatten)]
    pub prompt: PromptOptions,
    /// How the calls are made.
    #[serde(flatten)]
    pub calls: CallOptions,
    /// Which model is asked.
    #[serde(flatten)]
    pub model: ModelOptions,
    /// How answers are cut.
    #[serde(flatten)]
    pub cut: PartitionOptions,
    /// The JSON Schema (draft 2020-12) of answers that are JSON, as an object or its text. What does not fit it is asked for
    /// again with what is wrong, `json_retries` times; the answers are its text.
    #[serde(default)]
    pub json_schema: Option<Value>,
}

/// The prompts, the answers and their sections.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct LLMOutput {
    /// The conversations, one for each value.
    pub prompts: Vec<Vec<Message>>,
    /// The answers.
    #[serde(flatten)]
    pub answers: CallLLMOutput,
    /// For each answer its sections by name.
    pub extracted_responses: Vec<BTreeMap<String, String>>,
}

#[async_trait]
impl Step for LLM {
    type Input = LLMInput;
    type Output = LLMOutput;

    const ID: &'static str = "LLM";
    const EFFECTS: Effects = Effects::CALLS_MODEL.and(Effects::READS_CHECKOUT);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let prompts = prepare(ctx, &input.prompt).await?;
        if prompts.is_empty() {
            ctx.skip("there are no values to make a prompt of");
            return Ok(LLMOutput::default());
        }
        let form = input.json_schema.as_ref().map(Form::of_schema).transpose();
        let form = form.map_err(|error| StepError::input("json_schema", error.to_string()))?;
        if form.is_some() && input.cut.response_partitions.is_some() {
            let problem = "an answer that is JSON is not cut into sections: expected one or the other";
            return Err(StepError::input("response_partitions", problem));
        }
        let is_json = form.is_some();
        let (mut answers, values) =
            call_llm::call(ctx, prompts.clone(), &input.calls, &input.model, form).await?;
        if is_json {
            // What was mended is handed on as it was understood.
            for (text, value) in answers.openai_responses.iter_mut().zip(values) {
                *text = value.map(|value| value.to_string()).unwrap_or_default();
            }
            return Ok(LLMOutput { prompts, answers, extracted_responses: Vec::new() });
        }
        let extracted_responses = extract(ctx, &answers.openai_responses, &input.cut);
        Ok(LLMOutput { prompts, answers, extracted_responses })
    }
}
