//! `SimplifiedLLM`: asks a model with prompts as plain texts, for text or for JSON.

use std::collections::BTreeMap;

use async_trait::async_trait;
use patchwork_core::message::{Message, Role};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call_llm::{self, CallLLMOutput};
use super::call_options::CallOptions;
use super::extract_model_response::{PartitionOptions, extract};
use super::model_options::ModelOptions;
use super::prepare_prompt::{PromptOptions, prepare};
use super::structured::{Form, FormError};

/// Asks a model with prompts as plain texts, for text or for JSON.
pub struct SimplifiedLLM;

/// Asks a model, once for each of a list of values, with prompts as plain texts; answers text, or JSON of a form.
///
/// JSON is read with prose and code fences taken off and mended when it is broken; what does not fit the form is asked for
/// again with what is wrong, `json_retries` times. When that fails for one value of several, its JSON is null and
/// `errors` says why.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimplifiedLLMInput {
    /// The user's message: a template that is filled in from each value.
    pub prompt_user: String,
    /// The system message, a template too; none when empty.
    #[serde(default)]
    pub prompt_system: Option<String>,
    /// The variables of each prompt: one prompt is made for each object.
    pub prompt_values: Vec<Map<String, Value>>,
    /// Whether the answer is JSON: any object or list, unless one of the next three says which.
    #[serde(default)]
    pub json: bool,
    /// An example of the JSON that is wanted, as an object, a list or their text: the types are those of its values, and its
    /// texts say what is meant. Every field of it is required.
    #[serde(default)]
    pub json_example: Option<Value>,
    /// The same by the name that the Python original has for it.
    #[serde(default)]
    pub json_example_schema: Option<Value>,
    /// The JSON Schema (draft 2020-12) of the JSON that is wanted, as an object or its text.
    #[serde(default)]
    pub json_schema: Option<Value>,
    /// How the calls are made.
    #[serde(flatten)]
    pub calls: CallOptions,
    /// Which model is asked.
    #[serde(flatten)]
    pub model: ModelOptions,
    /// How answers that are text are cut.
    #[serde(flatten)]
    pub cut: PartitionOptions,
}

/// The prompts, the answers and what was taken out of them.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct SimplifiedLLMOutput {
    /// The conversations, one for each value.
    pub prompts: Vec<Vec<Message>>,
    /// The answers.
    #[serde(flatten)]
    pub answers: CallLLMOutput,
    /// For each answer its JSON, or its sections by name; null where there is no JSON.
    pub extracted_responses: Vec<Extracted>,
}

/// What was taken out of an answer.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Extracted {
    /// Sections by name.
    Sections(BTreeMap<String, String>),
    /// JSON.
    Json(Value),
}

#[async_trait]
impl Step for SimplifiedLLM {
    type Input = SimplifiedLLMInput;
    type Output = SimplifiedLLMOutput;

    const ID: &'static str = "SimplifiedLLM";
    const EFFECTS: Effects = Effects::CALLS_MODEL.and(Effects::READS_CHECKOUT);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let form = form(&input)?;
        if form.is_some() && input.cut.response_partitions.is_some() {
            let problem = "an answer that is JSON is not cut into sections: expected one or the other";
            return Err(StepError::input("response_partitions", problem));
        }
        let prompts = render(ctx, &input.prompt_user, input.prompt_system, input.prompt_values).await?;
        if prompts.is_empty() {
            ctx.skip("there are no values to make a prompt of");
            return Ok(SimplifiedLLMOutput::default());
        }
        let is_json = form.is_some();
        let (answers, values) =
            call_llm::call(ctx, prompts.clone(), &input.calls, &input.model, form).await?;
        let extracted_responses = if is_json {
            values.into_iter().map(|value| Extracted::Json(value.unwrap_or_default())).collect()
        } else {
            let sections = extract(ctx, &answers.openai_responses, &input.cut);
            sections.into_iter().map(Extracted::Sections).collect()
        };
        Ok(SimplifiedLLMOutput { prompts, answers, extracted_responses })
    }
}

/// The prompts of plain texts, one for each value.
pub(super) async fn render(
    ctx: &Context,
    user: &str,
    system: Option<String>,
    values: Vec<Map<String, Value>>,
) -> Result<Vec<Vec<Message>>, StepError> {
    let system = system.filter(|text| !text.trim().is_empty());
    let mut template: Vec<Message> =
        system.map(|text| Message::new(Role::System, text)).into_iter().collect();
    template.push(Message::new(Role::User, user));
    let options = PromptOptions {
        prompt_template: Some(template),
        prompt_values: Some(values),
        prompt_id: Some("prompt_user".to_owned()),
        ..PromptOptions::default()
    };
    prepare(ctx, &options).await
}

fn form(input: &SimplifiedLLMInput) -> Result<Option<Form>, StepError> {
    let from = |field: &'static str, value: &Option<Value>, of: fn(&Value) -> Result<Form, FormError>| {
        let made = value.as_ref().map(of).transpose();
        made.map(|form| form.map(|form| (field, form)))
            .map_err(|error| StepError::input(field, error.to_string()))
    };
    let given = [
        from("json_example", &input.json_example, Form::of_example)?,
        from("json_example_schema", &input.json_example_schema, Form::of_example)?,
        from("json_schema", &input.json_schema, Form::of_schema)?,
    ];
    let mut given = given.into_iter().flatten();
    match (given.next(), given.next()) {
        (Some((first, _)), Some((second, _))) => Err(StepError::input(
            second,
            format!("the form is given by `{first}` already: expected one of them"),
        )),
        (Some((_, form)), None) => Ok(Some(form)),
        (None, _) => Ok(input.json.then(Form::any)),
    }
}

#[cfg(test)]
mod tests;
