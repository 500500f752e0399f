//! What is said to a model and by it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Instructions.
    #[serde(alias = "developer")]
    System,
    /// The task and its data.
    User,
    /// The model.
    Assistant,
    /// What a tool that the model called answered.
    Tool,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// The text.
    #[serde(default)]
    pub content: String,
    /// Images and files that go with the text, before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<Attachment>,
    /// The tools that the model wants called; only of an assistant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    /// The call that this message answers; only of a tool, where it must be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// What the vendor wants back with the model's own words (signed thoughts), as it came; only of an assistant, and sent
    /// only to the protocol that it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carried: Option<Value>,
    /// The parts of the text that may be cut when the conversation is too long for the model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shrinkable: Vec<Shrinkable>,
}

impl Message {
    /// A message.
    pub fn new(role: Role, content: impl Into<String>) -> Self {
        Self {
            role,
            content: content.into(),
            attachments: Vec::new(),
            tool_calls: Vec::new(),
            tool_call_id: None,
            carried: None,
            shrinkable: Vec::new(),
        }
    }
}

/// An image or a file that a model is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Attachment {
    /// What it is (`image/png`, `application/pdf`, `text/plain`).
    pub media_type: String,
    /// Its content in base64 with padding.
    pub data: String,
    /// The name of the file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// A call of a tool that a model asks for. Untrusted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCall {
    /// Names the call in the conversation.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, as the model wrote them: meant to be a JSON object, and not always one.
    pub arguments: String,
}

/// How likely a token of an answer was.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TokenChance {
    /// The token.
    pub token: String,
    /// The natural logarithm of its chance: 0 for a certain one, less for others.
    pub logprob: f64,
    /// The likeliest tokens in this place, the likeliest first, as many as were asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub top: Vec<LikelyToken>,
}

/// A token that could have been said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LikelyToken {
    /// The token.
    pub token: String,
    /// The natural logarithm of its chance.
    pub logprob: f64,
}

/// A tool that a model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`, 64 at most.
    pub name: String,
    /// What it does and when to call it.
    #[serde(default)]
    pub description: String,
    /// The JSON Schema of its arguments, an object.
    pub parameters: Value,
}

/// Which tools a model may call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// As it sees fit.
    #[default]
    Auto,
    /// None.
    None,
    /// At least one.
    Required,
    /// This one.
    Named(String),
}

/// A part of a text that may be cut.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Shrinkable {
    /// Where it starts, in bytes of the text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// How it is cut.
    pub how: Shrink,
}

/// How a text is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shrink {
    /// Code: bodies of functions go, the longest first; signatures stay.
    Signatures,
    /// Logs: whole lines from the middle go.
    HeadTail,
    /// The beginning stays.
    Head,
    /// The end stays.
    Tail,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It had said everything.
    Stop,
    /// It reached the output limit: the text is cut.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// A filter withheld the text.
    ContentFilter,
    /// Anything else, in the provider's word.
    Other(String),
}
