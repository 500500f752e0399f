//! Our requests in the words of the library.

use genai::chat::{CacheControl, ChatMessage, ChatOptions, ChatRequest as LibraryRequest, ReasoningEffort};
use patchwork_core::message::Role;
use patchwork_core::port::provider::{ChatRequest, Parameters, ProviderErrorKind};

use super::catalog::Protocol;
use super::destination::Destination;
use super::failed::{Blame, FailedTry};

/// A conversation: every system message, joined, as the one system text, then the rest in order. Vendors refuse empty
/// messages with words that help nobody, so we do it first.
pub(super) fn conversation(blame: &Blame<'_>) -> Result<LibraryRequest, FailedTry> {
    let invalid = |what: &str| blame.failed(ProviderErrorKind::InvalidRequest, what);
    let mut system = Vec::new();
    let mut rest = Vec::new();
    for (at, message) in blame.request.messages.iter().enumerate() {
        let text = message.content.as_str();
        let blank = text.trim().is_empty();
        match message.role {
            Role::System if blank => {}
            Role::System => system.push(text),
            _ if blank => return Err(invalid(&format!("can't be asked: message {at} has no text"))),
            Role::User => rest.push(ChatMessage::user(text)),
            Role::Assistant => rest.push(ChatMessage::assistant(text)),
            Role::Tool => return Err(invalid("can't be asked: tools are not spoken yet")),
        }
    }
    if rest.is_empty() {
        return Err(invalid("can't be asked: there is no message of the user"));
    }
    let request = LibraryRequest::new(rest);
    Ok(if system.is_empty() { request } else { request.with_system(system.join("\n\n")) })
}

/// The settings of a call.
pub(super) fn options(blame: &Blame<'_>) -> Result<ChatOptions, FailedTry> {
    let ChatRequest { parameters, .. } = blame.request;
    let Parameters { max_tokens, temperature, top_p, stop, seed, reasoning_effort, .. } = parameters;
    let effort = match reasoning_effort {
        Some(word) => Some(ReasoningEffort::from_keyword(word).ok_or_else(|| {
            let mut failed = blame.failed(
                ProviderErrorKind::InvalidRequest,
                "can't be asked: `reasoning_effort` is a word it does not know",
            );
            failed.error.hint = Some("use minimal, low, medium or high".to_owned());
            failed
        })?),
        None => None,
    };
    let destination = blame.destination;
    Ok(ChatOptions {
        temperature: *temperature,
        max_tokens: max_tokens.or_else(|| default_max_tokens(destination)),
        top_p: *top_p,
        stop_sequences: stop.clone(),
        seed: *seed,
        reasoning_effort: effort.or_else(|| no_effort(destination.protocol)),
        // Without a word on caching the library switches the automatic cache of newer OpenAI models off, with a field
        // that other servers do not know. This value sends no field at all.
        cache_control: (destination.protocol == Protocol::OpenAiChat).then_some(CacheControl::Ephemeral5m),
        capture_raw_body: Some(true),
        ..ChatOptions::default()
    })
}

/// Anthropic wants a limit with every call, so it gets the model's own. For a model that the catalogue does not know the
/// library has one.
fn default_max_tokens(destination: &Destination) -> Option<u32> {
    (destination.protocol == Protocol::Anthropic).then(|| destination.profile.output).flatten()
}

/// What sends no effort. Without it the library takes an ending like `-max` off the model's name and sends that as the effort.
fn no_effort(protocol: Protocol) -> Option<ReasoningEffort> {
    match protocol {
        Protocol::OpenAiChat | Protocol::OpenAiResponses => Some(ReasoningEffort::Budget(0)),
        Protocol::Gemini => Some(ReasoningEffort::Zero),
        // Here nothing means nothing; and no model of Anthropic's ends like that.
        Protocol::Anthropic => None,
    }
}
