//! What options ask of a model, in the words of requests.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use patchwork_core::message::{Message, Tool, ToolChoice};
use patchwork_core::port::provider::{ChatRequest, OutputFormat, Parameters};
use patchwork_core::step::StepError;
use serde_json::json;

use super::{ModelOptions, Names, ReasoningEffort, ResponseFormat, ToolChoiceOption, ToolOption, ToolWord};
use crate::steps::llm::structured::Form;

/// Likely tokens that are told with each token at most.
const MAX_TOP_LOGPROBS: u8 = 20;

/// What each call asks for beside its messages.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asking {
    parameters: Parameters,
    tools: Vec<Tool>,
    tool_choice: Option<ToolChoice>,
    output: Option<OutputFormat>,
    /// The form of the answer, when it is JSON.
    pub(crate) form: Option<Form>,
}

impl Asking {
    pub(super) fn of(options: &ModelOptions) -> Result<Self, StepError> {
        let tools = tools(options.model_tools.as_deref().unwrap_or_default())?;
        let tool_choice =
            options.model_tool_choice.as_ref().map(|choice| tool_choice(choice, &tools)).transpose()?;
        let asking = Self { parameters: parameters(options)?, tools, tool_choice, ..Self::default() };
        match &options.model_response_format {
            None | Some(ResponseFormat::Text) => Ok(asking),
            Some(ResponseFormat::JsonObject) => Ok(asking.with_form(Form::any(), "answer")),
            Some(ResponseFormat::JsonSchema { json_schema }) => {
                const FIELD: &str = "model_response_format.json_schema";
                check_name(&json_schema.name, &format!("{FIELD}.name"))?;
                let form = match &json_schema.schema {
                    None => Form::any(),
                    Some(schema) => Form::of_schema(schema)
                        .map_err(|error| StepError::input(format!("{FIELD}.schema"), error.to_string()))?,
                };
                Ok(asking.with_form(form, &json_schema.name))
            }
        }
    }

    /// The same with this form of the answer.
    #[must_use]
    pub(crate) fn with_form(mut self, form: Form, name: &str) -> Self {
        self.output = Some(form.output_format(name));
        self.form = Some(form);
        self
    }

    /// A request with these messages.
    pub(crate) fn request(&self, messages: Vec<Message>) -> ChatRequest {
        ChatRequest {
            messages,
            parameters: self.parameters.clone(),
            tools: self.tools.clone(),
            tool_choice: self.tool_choice.clone(),
            output: self.output.clone(),
        }
    }
}

fn parameters(options: &ModelOptions) -> Result<Parameters, StepError> {
    if let Some(n) = options.model_n.filter(|n| *n != 1) {
        return Err(StepError::input(
            "model_n",
            format!("{n} answers for a prompt are not possible: expected 1"),
        ));
    }
    let logprobs = match (options.model_logprobs, options.model_top_logprobs) {
        (_, Some(top)) if top > MAX_TOP_LOGPROBS => {
            let problem = format!("{top} is out of range: expected 0 to {MAX_TOP_LOGPROBS}");
            return Err(StepError::input("model_top_logprobs", problem));
        }
        (Some(false), Some(1..)) => {
            let problem =
                "likely tokens come with the chance of each token: expected `model_logprobs` not to be false";
            return Err(StepError::input("model_top_logprobs", problem));
        }
        (_, Some(top @ 1..)) => Some(top),
        (Some(true), _) => Some(0),
        _ => None,
    };
    if options.model_max_tokens == Some(0) {
        return Err(StepError::input("model_max_tokens", "0 is out of range: expected 1 or more"));
    }
    let logit_bias = options.model_logit_bias.clone().unwrap_or_default();
    for (token, bias) in &logit_bias {
        within(&format!("model_logit_bias.{token}"), Some(*bias), -100.0..=100.0)?;
    }
    Ok(Parameters {
        max_tokens: options.model_max_tokens,
        temperature: within("model_temperature", options.model_temperature, 0.0..=2.0)?,
        top_p: within("model_top_p", options.model_top_p, 0.0..=1.0)?,
        stop: options.model_stop.as_ref().map(Names::texts).unwrap_or_default(),
        seed: options.model_seed,
        reasoning_effort: options.model_reasoning_effort.map(ReasoningEffort::as_str).map(str::to_owned),
        frequency_penalty: within("model_frequency_penalty", options.model_frequency_penalty, -2.0..=2.0)?,
        presence_penalty: within("model_presence_penalty", options.model_presence_penalty, -2.0..=2.0)?,
        logit_bias,
        logprobs,
    })
}

fn within(field: &str, value: Option<f64>, range: RangeInclusive<f64>) -> Result<Option<f64>, StepError> {
    match value {
        Some(value) if !range.contains(&value) => {
            let problem = format!("{value} is out of range: expected {} to {}", range.start(), range.end());
            Err(StepError::input(field, problem))
        }
        fine => Ok(fine),
    }
}

fn tools(options: &[ToolOption]) -> Result<Vec<Tool>, StepError> {
    let mut names = BTreeSet::new();
    options
        .iter()
        .enumerate()
        .map(|(index, option)| {
            let tool = match option {
                ToolOption::Tool(tool) => tool.clone(),
                ToolOption::Function { function, .. } => Tool {
                    name: function.name.clone(),
                    description: function.description.clone(),
                    parameters: function
                        .parameters
                        .clone()
                        .unwrap_or_else(|| json!({ "type": "object", "properties": {} })),
                },
            };
            let field = format!("model_tools[{index}]");
            check_name(&tool.name, &format!("{field}.name"))?;
            if !tool.parameters.is_object() {
                let problem = "expected the JSON Schema of the arguments, an object";
                return Err(StepError::input(format!("{field}.parameters"), problem));
            }
            if !names.insert(tool.name.clone()) {
                let problem = format!("there are two tools named `{}`", tool.name);
                return Err(StepError::input(format!("{field}.name"), problem));
            }
            Ok(tool)
        })
        .collect()
}

fn tool_choice(choice: &ToolChoiceOption, tools: &[Tool]) -> Result<ToolChoice, StepError> {
    const FIELD: &str = "model_tool_choice";
    if tools.is_empty() {
        return Err(StepError::input(
            FIELD,
            "there are no tools to choose from: expected some in `model_tools`",
        ));
    }
    Ok(match choice {
        ToolChoiceOption::Word(ToolWord::Auto) => ToolChoice::Auto,
        ToolChoiceOption::Word(ToolWord::None) => ToolChoice::None,
        ToolChoiceOption::Word(ToolWord::Required) => ToolChoice::Required,
        ToolChoiceOption::Function { function, .. } => {
            if tools.iter().all(|tool| tool.name != function.name) {
                let known: Vec<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
                let problem = format!("there is no tool `{}`: expected {}", function.name, known.join(", "));
                return Err(StepError::input(FIELD, problem));
            }
            ToolChoice::Named(function.name.clone())
        }
    })
}

/// Refuses names that vendors refuse.
fn check_name(name: &str, field: &str) -> Result<(), StepError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !name.is_empty() && name.len() <= 64 && name.chars().all(fine) {
        return Ok(());
    }
    Err(StepError::input(field, "expected letters, digits, `_` and `-`, 64 at most"))
}
