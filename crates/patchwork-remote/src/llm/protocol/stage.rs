//! What the tests of protocols share: a conversation with everything in it, and streams as vendors write them.

use patchwork_core::message::{Attachment, Message, Role, Tool, ToolCall};
use patchwork_core::port::provider::{ChatRequest, OutputFormat, Parameters, Route};
use patchwork_core::secret::Secret;
use serde_json::{Value, json};

use super::{Said, Trouble, Wire, WireRequest};
use crate::llm::catalog::Catalog;
use crate::llm::destination::{Destination, base_url};

/// The key of every request.
pub(super) const KEY: &str = "sk-test-0123456789abcdef";

/// A model of a vendor of the catalogue.
pub(super) fn destination(vendor: &str, model: &str) -> Destination {
    let catalog = Catalog::built_in();
    let vendor = catalog.vendor(vendor).unwrap();
    let url = vendor.base_url.as_deref().unwrap_or("https://res.openai.azure.com/openai/v1");
    Destination {
        route: Route { vendor: vendor.id.clone(), model: model.to_owned(), ..Route::default() },
        protocol: vendor.protocol_of(model),
        base: base_url(url).unwrap(),
        key: Some(Secret::new(KEY)),
        profile: vendor.profile(model),
        vendor: Some(vendor.clone()),
    }
}

/// What is sent to a model of a vendor of the catalogue.
pub(super) fn sent(wire: &dyn Wire, vendor: &str, model: &str, request: &ChatRequest) -> WireRequest {
    wire.request(&destination(vendor, model), request).unwrap()
}

/// The body of what is sent, or why nothing is.
pub(super) fn body(
    wire: &dyn Wire,
    vendor: &str,
    model: &str,
    request: &ChatRequest,
) -> Result<Value, String> {
    match wire.request(&destination(vendor, model), request) {
        Ok(request) => Ok(request.body),
        Err(trouble) => Err(trouble.problem),
    }
}

/// What a stream of events says; the name of an event is the `type` in its data.
pub(super) fn heard(wire: &dyn Wire, events: &[Value]) -> Result<Said, Trouble> {
    let mut reader = wire.reader(&hello());
    for event in events {
        if reader.event(event["type"].as_str().unwrap_or_default(), &event.to_string())? {
            break;
        }
    }
    reader.finish()
}

/// What an answer says that comes whole.
pub(super) fn whole(wire: &dyn Wire, body: &Value) -> Result<Said, Trouble> {
    let mut reader = wire.reader(&hello());
    reader.whole(body)?;
    reader.finish()
}

pub(super) fn hello() -> ChatRequest {
    ChatRequest { messages: vec![Message::new(Role::User, "hello")], ..ChatRequest::default() }
}

pub(super) fn with(parameters: Parameters) -> ChatRequest {
    ChatRequest { parameters, ..hello() }
}

/// A tool with one argument.
pub(super) fn look() -> Tool {
    Tool {
        name: "look".to_owned(),
        description: "Looks at a file".to_owned(),
        parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}),
    }
}

pub(super) fn call(id: &str, arguments: &str) -> ToolCall {
    ToolCall { id: id.to_owned(), name: "look".to_owned(), arguments: arguments.to_owned() }
}

pub(super) fn result(id: &str, content: &str) -> Message {
    Message { tool_call_id: Some(id.to_owned()), ..Message::new(Role::Tool, content) }
}

/// An image, a PDF and a text.
pub(super) fn attachments() -> Vec<Attachment> {
    [
        ("image/png", "AAAA", None),
        ("application/pdf", "BBBB", Some("a.pdf")),
        ("text/x-rust", "Zm4=", Some("a.rs")),
    ]
    .map(|(media_type, data, name)| Attachment {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
        name: name.map(str::to_owned),
    })
    .to_vec()
}

/// Two system messages, a user with attachments, two calls, their results, a word of the user, and a tool.
pub(super) fn everything() -> ChatRequest {
    let user = Message { attachments: attachments(), ..Message::new(Role::User, "what is this?") };
    let calls = vec![call("a", "{\"path\": \"a.rs\"}"), call("b", "{\"path\":")];
    ChatRequest {
        messages: vec![
            Message::new(Role::System, "be brief"),
            user,
            Message { tool_calls: calls, ..Message::new(Role::Assistant, "let me see") },
            result("a", "fn"),
            result("b", ""),
            Message::new(Role::System, "speak English"),
            Message::new(Role::User, "and?"),
        ],
        tools: vec![look()],
        ..ChatRequest::default()
    }
}

/// A form that vendors can bind an answer to.
pub(super) fn score() -> OutputFormat {
    let schema =
        json!({"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]});
    OutputFormat { name: "score".to_owned(), schema: Some(schema) }
}
