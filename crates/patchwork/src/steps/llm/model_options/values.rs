//! The forms that options of models may be written in.

use patchwork_core::message::Tool;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One text or several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl From<&str> for Names {
    fn from(name: &str) -> Self {
        Self::One(name.to_owned())
    }
}

impl Names {
    /// Each name; one text may hold several with commas between them.
    pub(crate) fn names(&self) -> Vec<String> {
        let split = |text: &str| -> Vec<String> {
            text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        match self {
            Self::One(text) => split(text),
            Self::Many(texts) => texts.iter().flat_map(|text| split(text)).collect(),
        }
    }

    /// Each text as it is.
    pub(crate) fn texts(&self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text.clone()],
            Self::Many(texts) => texts.clone(),
        }
    }
}

/// How much a model thinks before it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ReasoningEffort {
    /// As little as it can.
    Minimal,
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl ReasoningEffort {
    /// The word.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "minimal",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The form of an answer, as OpenAI has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum ResponseFormat {
    /// Text.
    Text,
    /// Any JSON object or list.
    JsonObject,
    /// JSON of a form.
    JsonSchema {
        /// The form.
        json_schema: JsonForm,
    },
}

/// JSON of a form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonForm {
    /// Names the form: letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// What it is for. Taken for the sake of what OpenAI takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The JSON Schema; any object or list when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<Value>,
    /// Taken for the sake of what OpenAI takes: answers are always checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ToolOption {
    /// As OpenAI has it.
    Function {
        /// The word `function`.
        #[serde(rename = "type")]
        kind: FunctionWord,
        /// The tool.
        function: FunctionTool,
    },
    /// The tool alone.
    Tool(Tool),
}

/// The word `function`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FunctionWord {
    /// A function.
    Function,
}

/// A tool, as OpenAI has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionTool {
    /// Its name: letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// What it does and when to call it.
    #[serde(default)]
    pub description: String,
    /// The JSON Schema of its arguments; none when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Value>,
    /// Taken for the sake of what OpenAI takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict: Option<bool>,
}

/// Which tools a model calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ToolChoiceOption {
    /// In a word.
    Word(ToolWord),
    /// One by its name.
    Function {
        /// The word `function`.
        #[serde(rename = "type")]
        kind: FunctionWord,
        /// Which.
        function: FunctionChoice,
    },
}

/// Which tools a model calls, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ToolWord {
    /// As it sees fit.
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
}

/// A tool by its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FunctionChoice {
    /// The name of one of the tools.
    pub name: String,
}
