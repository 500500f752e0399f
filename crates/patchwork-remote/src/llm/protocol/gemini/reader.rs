//! Answers of `generateContent`.

use std::collections::BTreeSet;

use patchwork_core::message::Finish;
use patchwork_core::port::provider::ProviderErrorKind;
use patchwork_core::usage::Usage;
use serde_json::{Map, Value};

use super::super::arguments::written;
use super::super::chances::of_gemini;
use super::super::pieces::{Piece, remember};
use super::super::{Draft, Reader, Said, Trouble, finish_word};
use super::NAME;

/// What a part without content takes at least, so that endless empty parts come to an end.
const PART: usize = 64;

/// Reads one answer: each event is a whole response with what is new.
#[derive(Debug, Default)]
pub(super) struct ContentReader {
    draft: Draft,
    pieces: Vec<Piece>,
    /// Ids of calls that the server gave.
    ids: BTreeSet<String>,
    usage: Option<Usage>,
    model: String,
    finish: Option<Finish>,
    /// Why it ended, in the vendor's words.
    explanation: String,
}

impl ContentReader {
    fn take(&mut self, response: &Value) -> Result<(), Trouble> {
        if let Some(error) = response.get("error").filter(|error| !error.is_null()) {
            return Err(Trouble::told(error));
        }
        if let Some(model) = response["modelVersion"].as_str() {
            model.clone_into(&mut self.model);
        }
        if let Some(counts) = response.get("usageMetadata").filter(|counts| counts.is_object()) {
            self.usage = Some(usage(counts));
        }
        if response.pointer("/promptFeedback/blockReason").is_some_and(Value::is_string) {
            self.finish = Some(Finish::ContentFilter);
            self.explain(&response["promptFeedback"]["blockReasonMessage"]);
        }
        let candidate = &response["candidates"][0];
        for part in candidate.pointer("/content/parts").and_then(Value::as_array).into_iter().flatten() {
            self.part(part)?;
        }
        self.draft.chances(of_gemini(&candidate["logprobsResult"]))?;
        if let Some(reason) = candidate["finishReason"].as_str() {
            self.explain(&candidate["finishMessage"]);
            let finished = self.finished(reason);
            self.finish = Some(finished.clone().unwrap_or_else(|_| Finish::Other(finish_word(reason))));
            finished?;
        }
        Ok(())
    }

    fn explain(&mut self, words: &Value) {
        if let Some(words) = words.as_str() {
            words.clone_into(&mut self.explanation);
        }
    }

    fn part(&mut self, part: &Value) -> Result<(), Trouble> {
        self.draft.count(PART)?;
        let mut with = Map::new();
        if let Some(signature) = part.get("thoughtSignature").and_then(Value::as_str) {
            self.draft.count(signature.len())?;
            with.insert("thoughtSignature".to_owned(), signature.into());
        }
        if part["thought"] == true {
            // A summary for people; only a signature is wanted back.
            if !with.is_empty() {
                self.draft.count(part.to_string().len())?;
                self.pieces.push(Piece::Block(part.clone()));
            }
        } else if let Some(call) = part.get("functionCall").filter(|call| call.is_object()) {
            let id = call["id"].as_str().unwrap_or_default();
            let place = self.draft.call(id, call["name"].as_str().unwrap_or_default())?;
            self.draft.arguments(place, &written(call["args"].clone()))?;
            if !id.is_empty() && self.ids.insert(id.to_owned()) {
                with.insert("id".to_owned(), id.into());
            }
            self.pieces.push(Piece::Call(place, filled(with)));
        } else if let Some(text) = part["text"].as_str() {
            self.draft.text(text)?;
            match self.pieces.last_mut() {
                Some(Piece::Text(bytes, None)) if with.is_empty() => *bytes += text.len(),
                _ => self.pieces.push(Piece::Text(text.len(), filled(with))),
            }
        }
        // Anything else comes from tools of the vendor's own, which we never ask for.
        Ok(())
    }

    fn finished(&self, reason: &str) -> Result<Finish, Trouble> {
        Ok(match reason {
            "STOP" if self.pieces.iter().any(|piece| matches!(piece, Piece::Call(..))) => Finish::ToolCalls,
            "STOP" => Finish::Stop,
            "MAX_TOKENS" => Finish::Length,
            "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "MODEL_ARMOR"
            | "LANGUAGE" => Finish::ContentFilter,
            // The model wrote what the vendor's own parser could not read; the next answer is usually fine.
            "MALFORMED_FUNCTION_CALL"
            | "UNEXPECTED_TOOL_CALL"
            | "MALFORMED_RESPONSE"
            | "TOO_MANY_TOOL_CALLS" => {
                let what = format!("gave no answer: {reason}");
                return Err(Trouble::new(ProviderErrorKind::Malformed, what));
            }
            other => Finish::Other(finish_word(other)),
        })
    }
}

impl Reader for ContentReader {
    fn event(&mut self, _name: &str, data: &str) -> Result<bool, Trouble> {
        // Gateways in front of other vendors end with the word of another protocol.
        if data.trim() == "[DONE]" {
            return Ok(false);
        }
        let response: Value = serde_json::from_str(data)
            .map_err(|error| Trouble::malformed(format!("an event is not JSON ({error})")))?;
        self.take(&response)?;
        // No word says that the answer is complete: more counts may come after the reason to stop.
        Ok(false)
    }

    fn whole(&mut self, body: &Value) -> Result<(), Trouble> {
        // Without `alt=sse`, which a gateway may take away, a stream is an array of responses.
        match body {
            Value::Array(responses) => responses.iter().try_for_each(|response| self.take(response))?,
            response => self.take(response)?,
        }
        if self.finish.is_none() && self.pieces.is_empty() {
            return Err(Trouble::malformed("it has no candidate"));
        }
        self.finish.get_or_insert(Finish::Stop);
        Ok(())
    }

    fn usage(&self) -> Option<Usage> {
        self.finish.is_some().then_some(self.usage).flatten()
    }

    fn finish(self: Box<Self>) -> Result<Said, Trouble> {
        let Self { mut draft, pieces, usage, model, finish, explanation, .. } = *self;
        let Some(finish) = finish else { return Err(Trouble::cut()) };
        if finish == Finish::ContentFilter && draft.is_empty() {
            draft.text(&explanation)?;
        }
        let logprobs = draft.take_chances();
        let (text, tool_calls) = draft.finish()?;
        let usage = usage.unwrap_or_default();
        Ok(Said { text, tool_calls, carried: remember(NAME, &pieces), logprobs, finish, usage, model })
    }
}

fn filled(with: Map<String, Value>) -> Option<Value> {
    (!with.is_empty()).then_some(Value::Object(with))
}

/// The counts of an answer; those of later events replace those of earlier ones.
fn usage(counts: &Value) -> Usage {
    let count = |field: &str| counts[field].as_u64().unwrap_or(0);
    let thoughts = count("thoughtsTokenCount");
    Usage {
        input_tokens: count("promptTokenCount").saturating_add(count("toolUsePromptTokenCount")),
        // Thoughts are counted apart, and are billed as output.
        output_tokens: count("candidatesTokenCount").saturating_add(thoughts),
        cached_tokens: count("cachedContentTokenCount"),
        cache_write_tokens: 0,
        reasoning_tokens: thoughts,
    }
}
