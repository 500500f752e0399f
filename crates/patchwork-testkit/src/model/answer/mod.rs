//! What a scripted model says, in the words of each protocol, whole or as a stream of events.

mod anthropic;
mod gemini;
mod openai_chat;
mod openai_responses;

use axum::body::Bytes;
use patchwork_core::message::{Finish, ToolCall};
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::request::{SeenRequest, Shape};

/// When every answer was made, in seconds since 1970: recordings of two runs are the same.
const CREATED: u64 = 1_795_239_731;

/// An answer before it is put in the words of a protocol.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) text: Option<String>,
    /// Said in place of the text.
    pub(super) refusal: Option<String>,
    pub(super) thought: Option<Thought>,
    pub(super) tool_calls: Vec<ToolCall>,
    pub(super) finish: Finish,
    pub(super) usage: Option<Usage>,
    /// The text is repeated and never ends.
    pub(super) endless: bool,
    /// Status and message of the error that comes in place of the end.
    pub(super) failure: Option<(u16, String)>,
}

/// What the model thought before it spoke, with the vendor's signature.
#[derive(Debug, Clone)]
pub(super) struct Thought {
    pub(super) text: String,
    pub(super) signature: String,
}

impl Answer {
    pub(super) fn new(text: Option<String>) -> Self {
        Self {
            text,
            refusal: None,
            thought: None,
            tool_calls: Vec::new(),
            finish: Finish::Stop,
            usage: None,
            endless: false,
            failure: None,
        }
    }

    /// The text or the refusal.
    fn spoken(&self) -> Option<&str> {
        self.refusal.as_deref().or(self.text.as_deref())
    }

    /// [`Answer::spoken`]; empty when nothing is said.
    fn said(&self) -> String {
        self.spoken().unwrap_or_default().to_owned()
    }

    /// Why it ends: who calls tools ends to have them called.
    fn finish(&self) -> Finish {
        match self.finish {
            Finish::Stop if !self.tool_calls.is_empty() => Finish::ToolCalls,
            ref finish => finish.clone(),
        }
    }

    /// As told, or a token per four characters of text, at least one.
    fn usage(&self, request: &SeenRequest) -> Usage {
        let tokens = |length: usize| u64::try_from(length / 4).unwrap_or(u64::MAX).max(1);
        self.usage.unwrap_or_else(|| Usage {
            input_tokens: tokens(request.messages.iter().map(|message| message.content.len()).sum()),
            output_tokens: tokens(self.spoken().map_or(0, str::len)),
            ..Usage::default()
        })
    }
}

/// The body of an answer that comes as a whole.
pub(super) fn whole(request: &SeenRequest, answer: &Answer) -> Value {
    if let Some((status, message)) = &answer.failure {
        return error(request.shape, *status, message);
    }
    match request.shape {
        Shape::OpenAiChat => openai_chat::whole(request, answer),
        Shape::OpenAiResponses => openai_responses::whole(request, answer),
        Shape::Anthropic => anthropic::whole(request, answer),
        Shape::Gemini => gemini::whole(request, answer),
    }
}

/// The body of a refusal.
pub(super) fn error(shape: Shape, status: u16, message: &str) -> Value {
    match shape {
        Shape::OpenAiChat | Shape::OpenAiResponses => openai_chat::error(status, message),
        Shape::Anthropic => anthropic::error(status, message),
        Shape::Gemini => gemini::error(status, message),
    }
}

/// One server-sent event.
struct Event {
    name: Option<&'static str>,
    data: Data,
}

enum Data {
    Json(Value),
    Word(&'static str),
}

impl Event {
    fn unnamed(data: Value) -> Self {
        Self { name: None, data: Data::Json(data) }
    }

    /// An event whose data repeat its name as their `type`.
    fn typed(name: &'static str, mut data: Value) -> Self {
        data["type"] = json!(name);
        Self { name: Some(name), data: Data::Json(data) }
    }
}

/// The events of one answer.
struct Events {
    opening: Vec<Event>,
    /// Told piece by piece between opening and closing.
    said: String,
    piece: Box<dyn Fn(&str) -> Event + Send>,
    closing: Vec<Event>,
    /// The event that comes in place of `closing` when the answer fails.
    failing: fn(u16, &str) -> Event,
    /// What ends a line: Google's servers send `\r\n`.
    newline: &'static str,
}

/// The bytes of an answer that is streamed, an event at a time.
pub(super) fn stream(request: &SeenRequest, answer: &Answer) -> Box<dyn Iterator<Item = Bytes> + Send> {
    let Events { opening, said, piece, closing, failing, newline } = match request.shape {
        Shape::OpenAiChat => openai_chat::events(request, answer),
        Shape::OpenAiResponses => openai_responses::events(request, answer),
        Shape::Anthropic => anthropic::events(request, answer),
        Shape::Gemini => gemini::events(request, answer),
    };
    let said = pieces(&said);
    let said: Box<dyn Iterator<Item = String> + Send> =
        if answer.endless { Box::new(said.into_iter().cycle()) } else { Box::new(said.into_iter()) };
    let closing = match &answer.failure {
        Some((status, message)) => vec![failing(*status, message)],
        None => closing,
    };
    let events = opening.into_iter().chain(said.map(move |text| piece(&text))).chain(closing);
    Box::new(events.enumerate().map(move |(number, event)| {
        let name = event.name.map(|name| format!("event: {name}{newline}")).unwrap_or_default();
        let data = match event.data {
            Data::Word(word) => word.to_owned(),
            Data::Json(mut data) => {
                if let Some(place) = data.get_mut("sequence_number") {
                    *place = json!(number);
                }
                data.to_string()
            }
        };
        Bytes::from(format!("{name}data: {data}{newline}{newline}"))
    }))
}

/// A text in parts of one character, then two, four, … 256: short texts come in several events, long ones not in thousands.
fn pieces(text: &str) -> Vec<String> {
    let mut rest = text.chars();
    let mut pieces = Vec::new();
    let mut size = 1;
    loop {
        let piece: String = rest.by_ref().take(size).collect();
        if piece.is_empty() {
            return pieces;
        }
        pieces.push(piece);
        size = (size * 2).min(256);
    }
}

/// The arguments as JSON; as a string when they are none.
fn arguments(call: &ToolCall) -> Value {
    serde_json::from_str(&call.arguments).unwrap_or_else(|_| json!(call.arguments))
}
