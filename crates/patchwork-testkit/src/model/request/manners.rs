//! What no careful client would send.

use std::collections::BTreeSet;

use patchwork_core::message::{Message, Role};

use super::{SeenRequest, Shape};

impl SeenRequest {
    /// The first rule that this request breaks.
    pub(in crate::model) fn violation(&self) -> Option<String> {
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
        if self.shape == Shape::Gemini && self.streams() && !self.path.contains("alt=sse") {
            return Some("without alt=sse the stream is a JSON array".to_owned());
        }
        for (at, message) in self.messages.iter().enumerate() {
            let said = !message.content.trim().is_empty()
                || !message.attachments.is_empty()
                || !message.tool_calls.is_empty()
                || message.role == Role::Tool;
            if !said {
                return Some(format!("message {at} has no text"));
            }
            if message.role == Role::System && at > 0 {
                return Some(format!("message {at} is a system message, but only the first may be one"));
            }
        }
        unpaired_call(self.shape, &self.messages)
    }
}

/// Calls of tools and their results belong together: every result answers a call of the assistant's message before it, and
/// every call is answered, once, before anything else is said.
fn unpaired_call(shape: Shape, messages: &[Message]) -> Option<String> {
    let mut ever: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        if message.role == Role::Tool {
            let id = message.tool_call_id.as_deref().unwrap_or_default();
            let Some(found) = open.iter().position(|&called| called == id) else {
                return Some(format!("message {at} answers the tool call \"{id}\", which is not open"));
            };
            open.remove(found);
            continue;
        }
        if let Some(id) = open.first() {
            return Some(format!("the tool call \"{id}\" has no answer before message {at}"));
        }
        for call in &message.tool_calls {
            // Google's calls may go without an id; then they are told apart by their order.
            if !ever.insert(&call.id) && (shape != Shape::Gemini || call.id != call.name) {
                return Some(format!("message {at} repeats the tool call id \"{}\"", call.id));
            }
            open.push(&call.id);
        }
    }
    open.first().map(|id| format!("the tool call \"{id}\" has no answer"))
}
