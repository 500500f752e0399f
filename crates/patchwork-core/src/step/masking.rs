//! What a step may show to others: secrets are masked in all that goes to a model, comes from one, or goes on to other steps.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::Context;
use crate::message::{Attachment, Message};
use crate::port::provider::{ChatAnswer, ChatRequest};
use crate::secret::Masked;

impl Context {
    /// `text` with placeholders for its secrets; `None` when it has none.
    pub fn mask(&self, text: &str) -> Option<Masked> {
        self.ports.secrets.mask(text, self.run.as_str())
    }

    /// [`Context::mask`] over every string of a JSON value; whether there were secrets.
    pub fn mask_value(&self, value: &mut Value) -> bool {
        self.ports.secrets.mask_value(value, self.run.as_str())
    }

    /// Masks what the messages of a prompt say and show, and tells the user once that there was something to mask.
    pub fn mask_prompt(&self, messages: &mut [Message]) {
        let masked = messages.iter_mut().map(|message| self.mask_message(message));
        let masked = masked.filter(|masked| *masked).count();
        self.tell_masked(masked > 0);
    }

    fn tell_masked(&self, any: bool) {
        if any && !self.masked.swap(true, Ordering::Relaxed) {
            self.warn("secrets in a prompt are masked: the model sees placeholders in their place");
        }
    }

    /// Whether there were secrets. What may be cut stays what it was.
    fn mask_message(&self, message: &mut Message) -> bool {
        let mut any = false;
        if let Some(masked) = self.mask(&message.content) {
            for part in &mut message.shrinkable {
                (part.start, part.end) = (masked.moved(part.start), masked.moved(part.end));
            }
            message.content = masked.text;
            any = true;
        }
        for attachment in &mut message.attachments {
            any |= self.mask_attachment(attachment);
        }
        for call in &mut message.tool_calls {
            any |= self.mask_text(&mut call.arguments);
        }
        any
    }

    /// Masks a file that is text; whether there were secrets. Others, images for one, are what they are.
    fn mask_attachment(&self, attachment: &mut Attachment) -> bool {
        let text = STANDARD.decode(&attachment.data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let masked = text.and_then(|text| self.mask(&text));
        if let Some(masked) = &masked {
            attachment.data = STANDARD.encode(&masked.text);
        }
        masked.is_some()
    }

    fn mask_text(&self, text: &mut String) -> bool {
        let masked = self.mask(text);
        let any = masked.is_some();
        if let Some(masked) = masked {
            *text = masked.text;
        }
        any
    }

    /// The last gate before a model: nothing secret passes, and the user is told once.
    pub(super) fn mask_request(&self, request: &mut ChatRequest) {
        self.mask_prompt(&mut request.messages);
        let mut any = false;
        for tool in &mut request.tools {
            any |= self.mask_text(&mut tool.description) | self.mask_value(&mut tool.parameters);
        }
        for stop in &mut request.parameters.stop {
            any |= self.mask_text(stop);
        }
        if let Some(schema) = request.output.as_mut().and_then(|output| output.schema.as_mut()) {
            any |= self.mask_value(schema);
        }
        self.tell_masked(any);
    }

    /// What a model says may be what it remembers of others' keys, or a guess at one of ours.
    pub(super) fn mask_answer(&self, answer: &mut ChatAnswer) {
        if self.mask_text(&mut answer.text) {
            // Put together, tokens are the text.
            answer.logprobs.clear();
        }
        for call in &mut answer.tool_calls {
            self.mask_text(&mut call.arguments);
        }
    }
}
