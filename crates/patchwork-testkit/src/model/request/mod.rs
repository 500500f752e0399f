//! What a client sent, read the same way whatever protocol it spoke.

mod conversation;
mod manners;

use std::collections::BTreeMap;

use axum::http::request::Parts;
use patchwork_core::message::{Message, Role, Tool};
use serde_json::Value;

/// How the path of Google's streamed answers ends.
const STREAMING: &str = ":streamGenerateContent";

/// How the paths of Anthropic's models on Vertex AI end.
const RAW: &str = ":rawPredict";
const STREAMING_RAW: &str = ":streamRawPredict";

/// The headers that may carry a key.
const AUTHORIZING: [&str; 4] = ["authorization", "api-key", "x-api-key", "x-goog-api-key"];

/// A wire protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Chat completions: OpenAI, Azure and all that are compatible with them.
    OpenAiChat,
    /// OpenAI's Responses.
    OpenAiResponses,
    /// Anthropic's Messages, of Vertex AI too.
    Anthropic,
    /// Google's `generateContent`, of the Gemini API and of Vertex AI.
    Gemini,
}

impl Shape {
    pub(super) fn of_path(path: &str) -> Option<Self> {
        if path.ends_with("/chat/completions") {
            Some(Self::OpenAiChat)
        } else if path.ends_with("/responses") {
            Some(Self::OpenAiResponses)
        } else if path.ends_with("/messages") || path.ends_with(RAW) || path.ends_with(STREAMING_RAW) {
            Some(Self::Anthropic)
        } else if path.ends_with(":generateContent") || path.ends_with(STREAMING) {
            Some(Self::Gemini)
        } else {
            None
        }
    }
}

/// One request for an answer.
#[derive(Debug, Clone)]
pub struct SeenRequest {
    /// Its number, from 0, in the order of arrival.
    pub index: usize,
    /// The protocol, told by the path.
    pub shape: Shape,
    /// The path, with its query.
    pub path: String,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
    /// The body; null when it was not JSON.
    pub body: Value,
    /// The model that was asked for.
    pub model: String,
    /// What was said, system text first.
    pub messages: Vec<Message>,
}

impl SeenRequest {
    pub(super) fn new(index: usize, shape: Shape, head: &Parts, body: &[u8]) -> Self {
        let path = head.uri.path_and_query().map_or("", |path| path.as_str()).to_owned();
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let model = match shape {
            Shape::Gemini => between(&path, "/models/", ':'),
            Shape::Anthropic => body["model"].as_str().or_else(|| between(&path, "/models/", ':')),
            _ => body["model"].as_str().or_else(|| between(&path, "/openai/deployments/", '/')),
        };
        let model = model.unwrap_or_default().to_owned();
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let messages = conversation::messages(shape, &body);
        Self { index, shape, path, headers, body, model, messages }
    }

    /// A header by lower-case name; empty when absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The system text; empty when there is none.
    pub fn system(&self) -> &str {
        self.text_of(Role::System)
    }

    /// The last message of the user; empty when there is none.
    pub fn user(&self) -> &str {
        self.text_of(Role::User)
    }

    fn text_of(&self, role: Role) -> &str {
        self.messages.iter().rev().find(|message| message.role == role).map_or("", |message| &message.content)
    }

    /// The texts of all messages, system text first.
    pub fn texts(&self) -> Vec<&str> {
        self.messages.iter().map(|message| message.content.as_str()).collect()
    }

    /// Whether a streamed answer is asked for.
    pub fn streams(&self) -> bool {
        match self.shape {
            Shape::Gemini => self.path.split('?').next().is_some_and(|path| path.ends_with(STREAMING)),
            _ => self.body["stream"] == true,
        }
    }

    /// The limit of the answer, in tokens.
    pub fn max_tokens(&self) -> Option<u64> {
        let body = &self.body;
        match self.shape {
            Shape::OpenAiChat => body["max_completion_tokens"].as_u64().or(body["max_tokens"].as_u64()),
            Shape::OpenAiResponses => body["max_output_tokens"].as_u64(),
            Shape::Anthropic => body["max_tokens"].as_u64(),
            Shape::Gemini => body["generationConfig"]["maxOutputTokens"].as_u64(),
        }
    }

    /// The tools that the model may call.
    pub fn tools(&self) -> Vec<Tool> {
        conversation::tools(self.shape, &self.body)
    }

    /// The JSON Schema that the answer must match.
    pub fn schema(&self) -> Option<&Value> {
        let body = &self.body;
        let config = &body["generationConfig"];
        let schema = match self.shape {
            Shape::OpenAiChat => &body["response_format"]["json_schema"]["schema"],
            Shape::OpenAiResponses => &body["text"]["format"]["schema"],
            Shape::Anthropic => &body["output_config"]["format"]["schema"],
            Shape::Gemini if config["responseSchema"].is_object() => &config["responseSchema"],
            Shape::Gemini => &config["responseJsonSchema"],
        };
        schema.is_object().then_some(schema)
    }

    /// Where `secret` is that it should not be: `path`, `body` or `header NAME`.
    pub(super) fn place_of(&self, secret: &str) -> Option<String> {
        if self.path.contains(secret) {
            return Some("path".to_owned());
        }
        if holds(&self.body, secret) {
            return Some("body".to_owned());
        }
        self.headers
            .iter()
            .find(|(name, value)| !AUTHORIZING.contains(&name.as_str()) && value.contains(secret))
            .map(|(name, _)| format!("header {name}"))
    }
}

/// Whether `text` is in a string, a key or a number of the value; strings are read unescaped.
fn holds(value: &Value, text: &str) -> bool {
    match value {
        Value::String(string) => string.contains(text),
        Value::Array(items) => items.iter().any(|item| holds(item, text)),
        Value::Object(map) => map.iter().any(|(key, item)| key.contains(text) || holds(item, text)),
        other => other.to_string().contains(text),
    }
}

/// What stands in `path` between `start` and `end`.
fn between<'a>(path: &'a str, start: &str, end: char) -> Option<&'a str> {
    let (_, rest) = path.rsplit_once(start)?;
    rest.split_once(end).map(|(name, _)| name)
}

#[cfg(test)]
mod tests;
