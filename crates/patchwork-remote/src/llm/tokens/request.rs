//! The tokens of a whole request.

use patchwork_core::message::{Attachment, Message, Role};
use patchwork_core::port::provider::ChatRequest;
use serde::Serialize;

use super::{Tokenizer, count, wide};

/// What OpenAI counts around the text of a message: its start, its end, the line break behind the role, and the role.
const MESSAGE: u64 = 4;
/// What it counts for the beginning of the answer.
const ANSWER: u64 = 3;
/// About what goes around a tool, a call of one, or the form of the answer.
const AROUND: u64 = 12;
/// About what an image of a million pixels takes: OpenAI 765, Gemini 1,120 at the most, Claude 1,600.
const IMAGE: u64 = 1_600;
/// Bytes of a PDF to a token: a page takes 2,000 to 3,000, as text and as image, and 20 to 50 kB.
const PDF_BYTES: u64 = 10;
/// What a PDF takes at least.
const PDF: u64 = 3_000;

/// The tokens of a request as it will likely be billed, and whether that is exact.
///
/// It is for OpenAI's tokenizers and plain conversations, with what OpenAI documents to be counted around each message. Tools,
/// their calls, a schema, signed thoughts and attachments are put into words that no vendor publishes: they are counted as
/// their JSON, an image as 1,600 tokens, a PDF by its size (1 token for 10 bytes, 3,000 at least), a text file as text.
pub fn count_request(tokenizer: Tokenizer, request: &ChatRequest) -> (u64, bool) {
    let mut total = ANSWER;
    for message in &request.messages {
        total += MESSAGE + count(tokenizer, &message.content);
        for call in &message.tool_calls {
            total += AROUND + count(tokenizer, &call.name) + count(tokenizer, &call.arguments);
        }
        total += message.tool_call_id.as_ref().map_or(0, |id| AROUND + count(tokenizer, id));
        total += message.carried.as_ref().map_or(0, |carried| count(tokenizer, &json(carried)));
        total += message.attachments.iter().map(likely).sum::<u64>();
    }
    for tool in &request.tools {
        total += AROUND + count(tokenizer, &json(tool));
    }
    if let Some(output) = &request.output {
        total += AROUND + count(tokenizer, &json(output));
    }
    (total, tokenizer != Tokenizer::Estimate && is_plain(request))
}

/// Whether there is nothing in it but text.
fn is_plain(request: &ChatRequest) -> bool {
    let plain = |message: &Message| {
        message.role != Role::Tool
            && message.tool_calls.is_empty()
            && message.tool_call_id.is_none()
            && message.carried.is_none()
            && message.attachments.is_empty()
    };
    request.tools.is_empty() && request.output.is_none() && request.messages.iter().all(plain)
}

/// What an attachment will likely take.
fn likely(attachment: &Attachment) -> u64 {
    let bytes = decoded(attachment);
    match Kind::of(attachment) {
        Kind::Image => IMAGE,
        Kind::Pdf => PDF.max(bytes / PDF_BYTES),
        Kind::Text => {
            AROUND + wide(patchwork_core::tokens::estimate(usize::try_from(bytes).unwrap_or(usize::MAX)))
        }
    }
}

/// What a vendor adds to a request at the most: instructions of its own, the beginning of the answer.
const REQUEST_AT_MOST: u64 = 512;
/// What goes around a message, a tool call or a file at the most.
const AROUND_AT_MOST: u64 = 32;
/// What a vendor adds when there are tools, or a form for the answer: Claude up to 804.
const INSTRUCTIONS_AT_MOST: u64 = 1_536;
/// An image at the most: GPT-4o mini, the dearest by far in tokens, counts 2,833 and 5,667 for each of up to 8 tiles.
const IMAGE_AT_MOST: u64 = 50_000;
/// A PDF at the most, beside its bytes: Claude takes 100 pages, each up to 3,000 as text and 1,600 as an image.
const PDF_AT_MOST: u64 = 460_000;

/// Tokens that a request never exceeds, whatever it holds: for setting money aside before a call.
///
/// No token of a byte-level tokenizer (OpenAI's, Claude's, Llama's, DeepSeek's, Mistral's, Qwen's) is shorter than a byte, nor
/// one of those that fall back to bytes (Gemini's), so a text has no more tokens than bytes; what goes through JSON on its way
/// counts as its JSON. A vendor refuses what exceeds the context of the model: where that is known, it is a bound as well.
/// Looks at lengths only, so it costs nothing even for large requests. The tokenizer does not matter to it as yet.
pub fn at_most(_tokenizer: Tokenizer, request: &ChatRequest) -> u64 {
    let mut total = REQUEST_AT_MOST;
    for message in &request.messages {
        let content = match message.role {
            Role::Tool => length(&message.content),
            _ => wide(message.content.len()),
        };
        total += AROUND_AT_MOST + content;
        for call in &message.tool_calls {
            total += AROUND_AT_MOST + length(call);
        }
        total += message.tool_call_id.as_ref().map_or(0, |id| AROUND_AT_MOST + wide(id.len()));
        total += message.carried.as_ref().map_or(0, length);
        total += message.attachments.iter().map(largest).sum::<u64>();
    }
    if !request.tools.is_empty() {
        total += INSTRUCTIONS_AT_MOST;
    }
    for tool in &request.tools {
        total += AROUND_AT_MOST + 2 * length(tool);
    }
    if let Some(output) = &request.output {
        // Twice: bound to it, and told in words, with a line to each field.
        total += INSTRUCTIONS_AT_MOST + 3 * length(output);
    }
    total
}

/// What an attachment takes at the most.
fn largest(attachment: &Attachment) -> u64 {
    let name = wide(attachment.name.as_ref().map_or(0, String::len));
    let content = match Kind::of(attachment) {
        Kind::Image => IMAGE_AT_MOST,
        Kind::Pdf => PDF_AT_MOST + decoded(attachment),
        Kind::Text => decoded(attachment),
    };
    AROUND_AT_MOST + name + content
}

/// What an attachment is as far as it matters here.
enum Kind {
    Image,
    Pdf,
    Text,
}

impl Kind {
    fn of(attachment: &Attachment) -> Self {
        match attachment.media_type.trim().to_ascii_lowercase() {
            image if image.starts_with("image/") => Self::Image,
            pdf if pdf.starts_with("application/pdf") => Self::Pdf,
            _ => Self::Text,
        }
    }
}

/// Bytes of its content, at the most.
fn decoded(attachment: &Attachment) -> u64 {
    wide(attachment.data.len()) / 4 * 3 + 3
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn length(value: &(impl Serialize + ?Sized)) -> u64 {
    serde_json::to_string(value).map_or(0, |json| wide(json.len()))
}
