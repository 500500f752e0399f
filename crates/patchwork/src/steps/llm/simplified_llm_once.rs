//! `SimplifiedLLMOnce`: asks a model one question and answers the fields of its JSON.

use async_trait::async_trait;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::call_llm;
use super::call_options::CallOptions;
use super::model_options::ModelOptions;
use super::simplified_llm::render;
use super::structured::{Form, is_schema};

/// Asks a model one question and answers the fields of its JSON.
pub struct SimplifiedLLMOnce;

/// Asks a model one question; its answer is a JSON object, whose fields are the outputs of the step:
/// `${{ steps.review.summary }}`.
///
/// What does not fit the form is asked for again with what is wrong, `json_retries` times; then the step fails.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimplifiedLLMOnceInput {
    /// The user's message: a template that is filled in from `prompt_value`.
    pub user_prompt: String,
    /// The system message, a template too; none when empty.
    #[serde(default)]
    pub system_prompt: Option<String>,
    /// The variables of the prompt.
    pub prompt_value: Map<String, Value>,
    /// The form of the JSON object, as an object or its text: a JSON Schema (`{"type": "object", "properties": {…}}`), or an
    /// example, whose values say which types are wanted and whose texts say what is meant. Every field of an example is
    /// required.
    pub json_schema: Value,
    /// How the call is made.
    #[serde(flatten)]
    pub calls: CallOptions,
    /// Which model is asked.
    #[serde(flatten)]
    pub model: ModelOptions,
}

/// The fields of the answer, and what it took.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct SimplifiedLLMOnceOutput {
    /// Tokens sent.
    pub request_tokens: u64,
    /// Tokens received.
    pub response_tokens: u64,
    /// The fields of the JSON object.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// Names that outputs of nodes have a meaning for already.
const TAKEN: [&str; 5] = ["request_tokens", "response_tokens", "outcome", "reason", "error"];

#[async_trait]
impl Step for SimplifiedLLMOnce {
    type Input = SimplifiedLLMOnceInput;
    type Output = SimplifiedLLMOnceOutput;

    const ID: &'static str = "SimplifiedLLMOnce";
    const EFFECTS: Effects = Effects::CALLS_MODEL.and(Effects::READS_CHECKOUT);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let form = form(&input.json_schema)?;
        if input.model.merged()?.asks_for_logprobs() {
            let problem =
                "the outputs of this step have no place for them: expected `SimplifiedLLM` or `CallLLM`";
            return Err(StepError::input("model_logprobs", problem));
        }
        let prompts = render(ctx, &input.user_prompt, input.system_prompt, vec![input.prompt_value]).await?;
        let (mut answers, mut values) =
            call_llm::call(ctx, prompts, &input.calls, &input.model, Some(form)).await?;
        if let Some(problem) = answers.errors.pop().flatten() {
            return Err(StepError::failed(problem));
        }
        let fields = match values.pop().flatten() {
            Some(Value::Object(fields)) => fields,
            // Nothing was sent, and the step says why.
            None if ctx.skip_reason().is_some() => Map::new(),
            _ => return Err(StepError::failed("the answer is not a JSON object")),
        };
        let (taken, fields): (Map<_, _>, Map<_, _>) =
            fields.into_iter().partition(|(name, _)| TAKEN.contains(&name.as_str()));
        for name in taken.keys() {
            ctx.warn(format!("`{name}` of the answer is left out: outputs of nodes have that name already"));
        }
        let sum = |tokens: Vec<u64>| tokens.into_iter().sum();
        Ok(SimplifiedLLMOnceOutput {
            request_tokens: sum(answers.request_tokens),
            response_tokens: sum(answers.response_tokens),
            fields,
        })
    }
}

/// The form of an object that is described by a schema or an example.
fn form(given: &Value) -> Result<Form, StepError> {
    const FIELD: &str = "json_schema";
    let refused = |problem: String| StepError::input(FIELD, problem);
    let read = match given {
        Value::String(text) => {
            serde_json::from_str(text).map_err(|error| refused(format!("it is not JSON: {error}")))?
        }
        other => other.clone(),
    };
    let Value::Object(map) = &read else {
        return Err(refused("expected a JSON Schema of an object, or an example of one".to_owned()));
    };
    let (made, named) = if is_schema(&read) {
        (Form::of_schema(&read), map.get("properties").and_then(Value::as_object))
    } else {
        (Form::of_example(&read), Some(map))
    };
    if let Some(name) = named.and_then(|named| TAKEN.into_iter().find(|name| named.contains_key(*name))) {
        return Err(refused(format!(
            "a field can't be called `{name}`: outputs of nodes have that name already"
        )));
    }
    made.map_err(|error| refused(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_that_of_an_object() {
        for (given, problem) in [
            (json!([1]), "expected a JSON Schema of an object"),
            (json!("{"), "it is not JSON"),
            (json!({"type": "object", "properties": {"error": {}}}), "a field can't be called `error`"),
            (json!({"request_tokens": 1}), "a field can't be called `request_tokens`"),
            (json!({"type": "object", "required": 5}), "it is not a valid JSON Schema"),
        ] {
            let error = form(&given).unwrap_err().to_string();
            assert!(error.starts_with(&format!("`json_schema`: {problem}")), "{error}");
        }
        assert!(form(&json!("{\"review\": \"the review\"}")).is_ok());
    }
}
