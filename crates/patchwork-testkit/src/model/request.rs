//! What a client sent, read the same way whatever protocol it spoke.

use std::collections::BTreeMap;

use axum::http::request::Parts;
use patchwork_core::message::{Message, Role};
use serde_json::Value;

/// The headers that may carry a key.
const AUTHORIZING: [&str; 3] = ["authorization", "x-api-key", "x-goog-api-key"];

/// A vendor's protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Chat completions: OpenAI and all that are compatible with it.
    OpenAi,
    /// Messages.
    Anthropic,
    /// `generateContent`.
    Gemini,
}

impl Shape {
    pub(super) fn of_path(path: &str) -> Option<Self> {
        if path.ends_with("/chat/completions") {
            Some(Self::OpenAi)
        } else if path.ends_with("/messages") {
            Some(Self::Anthropic)
        } else if path.ends_with(":generateContent") {
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
            Shape::OpenAi | Shape::Anthropic => body["model"].as_str().unwrap_or_default().to_owned(),
            Shape::Gemini => path
                .rsplit_once("/models/")
                .and_then(|(_, rest)| rest.split_once(':'))
                .map_or_else(String::new, |(model, _)| model.to_owned()),
        };
        let headers = head
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let messages = messages(shape, &body);
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

    /// Where `secret` is that it should not be: `path`, `body` or `header NAME`.
    pub(super) fn place_of(&self, secret: &str) -> Option<String> {
        if self.path.contains(secret) {
            return Some("path".to_owned());
        }
        if self.body.to_string().contains(secret) {
            return Some("body".to_owned());
        }
        self.headers
            .iter()
            .find(|(name, value)| !AUTHORIZING.contains(&name.as_str()) && value.contains(secret))
            .map(|(name, _)| format!("header {name}"))
    }

    /// What no careful client would send.
    pub(super) fn violation(&self) -> Option<String> {
        if !self.body.is_object() {
            return Some("the body is not a JSON object".to_owned());
        }
        if self.model.is_empty() {
            return Some("no model is named".to_owned());
        }
        if !self.messages.iter().any(|message| message.role != Role::System) {
            return Some("there is no message to answer".to_owned());
        }
        if self.shape == Shape::Anthropic && !self.body["max_tokens"].is_u64() {
            return Some("max_tokens: Field required".to_owned());
        }
        for (at, message) in self.messages.iter().enumerate() {
            if message.content.trim().is_empty() {
                return Some(format!("message {at} has no text"));
            }
            if message.role == Role::System && at > 0 {
                return Some(format!("message {at} is a system message, but only the first may be one"));
            }
        }
        None
    }
}

/// The conversation in a request body; what can't be understood becomes an empty text, which [`SeenRequest::violation`]
/// reports.
fn messages(shape: Shape, body: &Value) -> Vec<Message> {
    let (system, list, text) = match shape {
        Shape::OpenAi => (&Value::Null, &body["messages"], "content"),
        Shape::Anthropic => (&body["system"], &body["messages"], "content"),
        Shape::Gemini => (&body["systemInstruction"]["parts"], &body["contents"], "parts"),
    };
    let system = (!system.is_null()).then(|| Message::new(Role::System, text_of(system)));
    let rest = list.as_array().into_iter().flatten().map(|message| {
        let role = match message["role"].as_str() {
            Some("system" | "developer") => Role::System,
            Some("assistant" | "model") => Role::Assistant,
            _ => Role::User,
        };
        Message::new(role, text_of(&message[text]))
    });
    system.into_iter().chain(rest).collect()
}

/// A text, or the texts of its parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str()).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Request;
    use serde_json::json;

    use super::*;

    fn seen(path: &str, body: &Value) -> SeenRequest {
        let (head, ()) =
            Request::builder().uri(path).header("X-Other", "other").body(()).unwrap().into_parts();
        SeenRequest::new(0, Shape::of_path(head.uri.path()).unwrap(), &head, body.to_string().as_bytes())
    }

    #[test]
    fn the_same_conversation_is_read_from_every_protocol() {
        let openai = seen(
            "/v1/chat/completions",
            &json!({"model": "m", "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hello"}]}),
        );
        let anthropic = seen(
            "/v1/messages",
            &json!({"model": "m", "max_tokens": 9, "system": "be brief", "messages": [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]}),
        );
        let gemini = seen(
            "/v1beta/models/m:generateContent",
            &json!({"systemInstruction": {"parts": [{"text": "be brief"}]}, "contents": [{"role": "user", "parts": [{"text": "hello"}]}]}),
        );
        for request in [openai, anthropic, gemini] {
            assert_eq!(
                (request.model.as_str(), request.system(), request.user()),
                ("m", "be brief", "hello")
            );
            assert_eq!(request.violation(), None);
        }
    }

    #[test]
    fn impolite_requests_are_named() {
        let violation = |messages: Value| {
            seen("/v1/chat/completions", &json!({"model": "m", "messages": messages}))
                .violation()
                .unwrap_or_default()
        };
        let user = json!({"role": "user", "content": "hello"});
        let system = json!({"role": "system", "content": "be brief"});
        assert_eq!(violation(json!([])), "there is no message to answer");
        assert_eq!(violation(json!([{"role": "user", "content": " "}])), "message 0 has no text");
        assert!(violation(json!([system, system, user])).starts_with("message 1 is a system message"));
        assert!(violation(json!([user, system])).starts_with("message 1 is a system message"));
    }

    #[test]
    fn a_secret_is_found_wherever_it_is() {
        let body =
            json!({"model": "m", "messages": [{"role": "user", "content": "the key is key-in-the-body"}]});
        let request = seen("/v1/chat/completions?key=key-in-the-path", &body);
        assert_eq!(request.place_of("key-in-the-path").as_deref(), Some("path"));
        assert_eq!(request.place_of("key-in-the-body").as_deref(), Some("body"));
        assert_eq!(request.place_of("other").as_deref(), Some("header x-other"));
        assert_eq!(request.place_of("nowhere"), None);
    }
}
