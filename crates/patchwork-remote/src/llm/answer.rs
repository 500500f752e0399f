//! What a model answered, read from the library's view of it and from the body itself.

use genai::chat::{ChatResponse, StopReason, Usage as LibraryUsage};
use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use serde_json::Value;

use super::catalog::Protocol;
use super::failed::{Blame, FailedTry};

/// Bytes that a text may have: several times what the models with the longest answers write.
const MAX_TEXT: usize = 4 << 20;

/// The part of an answer that the server said.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) finish: Finish,
    pub(super) usage: Usage,
    /// The model's name as the server gives it.
    pub(super) model: String,
}

/// Reads an answer; one without anything in it is an error, one whose text is null is an empty text.
pub(super) fn read(response: ChatResponse, blame: &Blame<'_>) -> Result<Said, FailedTry> {
    let body = response.captured_raw_body.as_ref().unwrap_or(&Value::Null);
    let mut finish = finish_of(response.stop_reason.as_ref());
    let model = response.provider_model_iden.model_name.to_string();
    let usage = usage_of(&response.usage);
    let text = match blame.destination.protocol {
        Protocol::OpenAiChat | Protocol::OpenAiResponses => {
            let Some(message) = body.pointer("/choices/0/message").filter(|message| message.is_object())
            else {
                return Err(blame.unusable(body));
            };
            match (&message["content"], message["refusal"].as_str()) {
                // The library trims; indentation and the final newline of code matter.
                (Value::String(text), _) => without_thoughts(text).to_owned(),
                (Value::Null, Some(refusal)) => {
                    finish = Finish::ContentFilter;
                    refusal.to_owned()
                }
                _ => response.texts().concat(),
            }
        }
        Protocol::Anthropic => response.texts().concat(),
        Protocol::Gemini => {
            if body.pointer("/candidates/0").is_none() {
                return Err(blame.unusable(body));
            }
            response.texts().concat()
        }
    };
    if text.len() > MAX_TEXT {
        return Err(blame.too_long(text.len()));
    }
    Ok(Said { text, finish, usage, model })
}

/// Gemini gives no answer to a prompt that it blocks, only a reason, which is an error to the library.
pub(super) fn withheld(error: &genai::Error) -> Option<Said> {
    let genai::Error::ChatResponseGeneration { response_body: body, .. } = error else { return None };
    body.pointer("/promptFeedback/blockReason")?.as_str()?;
    let input_tokens = body.pointer("/usageMetadata/promptTokenCount").and_then(Value::as_u64);
    Some(Said {
        text: String::new(),
        finish: Finish::ContentFilter,
        usage: Usage { input_tokens: input_tokens.unwrap_or(0), ..Usage::default() },
        model: body["modelVersion"].as_str().unwrap_or_default().to_owned(),
    })
}

/// What follows the thoughts that some servers leave at the head of the answer of a reasoning model.
fn without_thoughts(text: &str) -> &str {
    match text.trim_start().strip_prefix("<think>").and_then(|rest| rest.split_once("</think>")) {
        Some((_, answer)) => answer.trim_start(),
        None => text,
    }
}

fn finish_of(reason: Option<&StopReason>) -> Finish {
    match reason {
        None | Some(StopReason::Completed(_) | StopReason::StopSequence(_)) => Finish::Stop,
        Some(StopReason::MaxTokens(_)) => Finish::Length,
        Some(StopReason::ContentFilter(_)) => Finish::ContentFilter,
        Some(StopReason::ToolCall(word) | StopReason::Other(word)) => {
            Finish::Other(word.chars().filter(|c| !c.is_control()).take(60).collect())
        }
    }
}

fn usage_of(usage: &LibraryUsage) -> Usage {
    let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok()).unwrap_or(0);
    let reasoning_tokens =
        count(usage.completion_tokens_details.as_ref().and_then(|details| details.reasoning_tokens));
    Usage {
        input_tokens: count(usage.prompt_tokens),
        // Gemini counts thoughts apart, and they are all there is when the limit was reached while thinking.
        output_tokens: usage.completion_tokens.map_or(reasoning_tokens, |tokens| count(Some(tokens))),
        cached_tokens: count(usage.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens)),
        reasoning_tokens,
        ..Usage::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thoughts_at_the_head_are_dropped_and_nothing_else() {
        assert_eq!(without_thoughts("<think>\nhm\n</think>\n\n  answer\n"), "answer\n");
        for text in ["  indented\n", "a <think>b</think> c", "<think>never closed", ""] {
            assert_eq!(without_thoughts(text), text);
        }
    }

    #[test]
    fn thoughts_are_output_when_there_is_nothing_else() {
        let usage: LibraryUsage = serde_json::from_value(serde_json::json!({
            "prompt_tokens": 10, "completion_tokens_details": {"reasoning_tokens": 7}
        }))
        .unwrap();
        assert_eq!(
            usage_of(&usage),
            Usage { input_tokens: 10, output_tokens: 7, reasoning_tokens: 7, ..Usage::default() }
        );
    }
}
