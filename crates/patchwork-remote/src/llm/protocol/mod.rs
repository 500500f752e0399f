//! The wire protocols: our request in the words of each, and its answers, whole or streamed, in ours. One file a protocol.
//!
//! A protocol knows nothing of connections, time-outs, retries, prices or keys in the environment: it is pure.

mod anthropic;
mod arguments;
mod attachment;
mod chances;
mod conversation;
mod draft;
mod efforts;
mod gemini;
mod openai_chat;
mod openai_responses;
mod pieces;
mod schema;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod strange;
mod trouble;
mod version;

use patchwork_core::message::{Finish, Message, TokenChance, ToolCall};
use patchwork_core::port::provider::{ChatRequest, ProviderErrorKind};
use patchwork_core::usage::Usage;
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;

pub(super) use super::catalog::Effort;
use super::catalog::Protocol;
use super::destination::Destination;

pub(super) use self::anthropic::Anthropic;
pub(super) use self::conversation::{Conversation, conversation, effort, offers_tools};
pub(super) use self::draft::{Draft, finish_word, without_thoughts};
pub(super) use self::gemini::Gemini;
pub(super) use self::openai_chat::OpenAiChat;
pub(super) use self::openai_responses::OpenAiResponses;
pub(super) use self::trouble::Trouble;

/// Who speaks a protocol.
pub(super) fn wire(protocol: Protocol) -> &'static dyn Wire {
    match protocol {
        Protocol::OpenAiChat => &OpenAiChat,
        Protocol::Anthropic => &Anthropic,
        Protocol::OpenAiResponses => &OpenAiResponses,
        Protocol::Gemini => &Gemini,
    }
}

/// A wire protocol.
pub(super) trait Wire: Send + Sync {
    /// What is sent. What the protocol or the model can't do is refused: nothing of the request is ever left out in silence.
    /// The limit on the answer is in `parameters.max_tokens`, the default too; only where there is none it is absent.
    fn request(&self, destination: &Destination, request: &ChatRequest) -> Result<WireRequest, Trouble>;

    /// A reader for one answer to `request`.
    fn reader(&self, request: &ChatRequest) -> Box<dyn Reader>;

    /// The vendor's word on a refused request (status and JSON body), when it says more than the status and
    /// [`Trouble::told`] do.
    fn refusal(&self, _status: u16, _body: &Value) -> Option<ProviderErrorKind> {
        None
    }
}

/// A request that asks for a streamed answer.
#[derive(Debug, Clone)]
pub(super) struct WireRequest {
    /// Where it goes; no key in it.
    pub(super) url: Url,
    /// What the protocol wants beside `content-type` and `accept`; keys are marked sensitive.
    pub(super) headers: HeaderMap,
    /// The JSON body.
    pub(super) body: Value,
}

/// Reads one answer: either one [`Reader::whole`], or [`Reader::event`]s; then [`Reader::finish`].
pub(super) trait Reader: Send {
    /// Takes a server-sent event; `true` when the answer is complete and the rest of the stream does not matter. `name` is
    /// empty for an event without one. An error that the server sends as an event is [`Trouble::told`].
    fn event(&mut self, name: &str, data: &str) -> Result<bool, Trouble>;

    /// Takes the answer of a server that does not stream. An error in place of an answer is [`Trouble::told`].
    fn whole(&mut self, body: &Value) -> Result<(), Trouble>;

    /// What was consumed in all, once the server has said its last word on it: for answers that can't be used. Counts that
    /// may still grow are not told, since what is told here is all that is paid for.
    fn usage(&self) -> Option<Usage>;

    /// What was said; an error when the stream ended before the answer did ([`Trouble::cut`]).
    fn finish(self: Box<Self>) -> Result<Said, Trouble>;
}

/// What a model said.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    /// The text.
    pub(super) text: String,
    /// The tools it wants called; every id is there, and there once.
    pub(super) tool_calls: Vec<ToolCall>,
    /// See `Message::carried`.
    pub(super) carried: Option<Value>,
    /// How likely each token was, where the server tells.
    pub(super) logprobs: Vec<TokenChance>,
    /// Why it stopped.
    pub(super) finish: Finish,
    /// What it took; all zero when the server does not say.
    pub(super) usage: Usage,
    /// The model's name as the server gives it; empty when it does not.
    pub(super) model: String,
}

/// What a protocol wants back with the model's words, marked as its own: no other protocol is sent it.
pub(super) fn carry(protocol: &str, wanted: Value) -> Value {
    Value::Object([(protocol.to_owned(), wanted)].into_iter().collect())
}

/// What [`carry`] marked for this protocol.
pub(super) fn carried<'a>(message: &'a Message, protocol: &str) -> Option<&'a Value> {
    message.carried.as_ref()?.get(protocol)
}
