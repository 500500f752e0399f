//! Answers of `POST /responses`.

use std::collections::BTreeMap;

use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::super::arguments::written;
use super::super::chances::of_openai;
use super::super::pieces::{Piece, remember};
use super::super::{Draft, Reader, Said, Trouble, finish_word};
use super::NAME;
use crate::llm::refusal::withheld;

/// Reads one response. Items are taken when they are done; what comes in pieces before is only listened to, so that an
/// answer without end comes to one.
#[derive(Debug, Default)]
pub(super) struct ResponseReader {
    /// What came in pieces.
    heard: Draft,
    /// What items take.
    weight: Draft,
    items: BTreeMap<u64, Value>,
    usage: Option<Usage>,
    model: String,
    finish: Option<Finish>,
    /// Why it was withheld, in the vendor's words.
    explanation: String,
    /// The limit on the answer.
    limit: Option<u32>,
}

impl ResponseReader {
    /// A reader for an answer with this limit.
    pub(super) fn new(limit: Option<u32>) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Whether the limit was reached: llama.cpp's server calls such an answer completed.
    fn is_full(&self) -> bool {
        let limit = self.limit.map(u64::from);
        limit.is_some_and(|limit| self.usage.is_some_and(|usage| usage.output_tokens >= limit))
    }

    fn item(&mut self, at: u64, item: &Value) -> Result<(), Trouble> {
        self.weight.count(item.to_string().len())?;
        self.items.insert(at, item.clone());
        Ok(())
    }

    /// The end of a response.
    fn end(&mut self, response: &Value) -> Result<(), Trouble> {
        if let Some(model) = response["model"].as_str() {
            model.clone_into(&mut self.model);
        }
        if let Some(counts) = response.get("usage").filter(|counts| counts.is_object()) {
            self.usage = Some(usage(counts));
        }
        let output = response["output"].as_array().map_or(&[][..], Vec::as_slice);
        // Not every server sends items on their own.
        if self.items.is_empty() {
            for (at, item) in (0..).zip(output) {
                self.item(at, item)?;
            }
        }
        let error = &response["error"];
        if !error.is_null() {
            return self.fail(error);
        }
        self.finish = Some(match response["status"].as_str() {
            Some("incomplete") => {
                match response.pointer("/incomplete_details/reason").and_then(Value::as_str) {
                    Some("max_output_tokens") => Finish::Length,
                    Some("content_filter") => Finish::ContentFilter,
                    reason => Finish::Other(finish_word(reason.unwrap_or("incomplete"))),
                }
            }
            Some(word @ ("failed" | "cancelled")) => return Err(Trouble::told(&json!(word))),
            _ if self.is_full() => Finish::Length,
            _ => Finish::Stop,
        });
        Ok(())
    }

    fn fail(&mut self, error: &Value) -> Result<(), Trouble> {
        self.explanation = withheld(error).ok_or_else(|| Trouble::told(error))?;
        self.finish = Some(Finish::ContentFilter);
        Ok(())
    }
}

impl Reader for ResponseReader {
    fn event(&mut self, _name: &str, data: &str) -> Result<bool, Trouble> {
        // Other servers end with the word of another protocol.
        if data.trim() == "[DONE]" {
            return Ok(false);
        }
        let event: Value = serde_json::from_str(data)
            .map_err(|error| Trouble::malformed(format!("an event is not JSON ({error})")))?;
        let delta = event["delta"].as_str().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "response.output_text.delta" => self.heard.text(delta)?,
            "response.output_item.done" => {
                self.item(event["output_index"].as_u64().unwrap_or_default(), &event["item"])?;
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.end(&event["response"])?;
                return Ok(true);
            }
            "error" => {
                self.fail(event.get("error").filter(|error| error.is_object()).unwrap_or(&event))?;
                return Ok(true);
            }
            // Thoughts, arguments, refusals, and kinds to come.
            _ => self.heard.count(delta.len())?,
        }
        Ok(false)
    }

    fn whole(&mut self, body: &Value) -> Result<(), Trouble> {
        if !body["output"].is_array() && body["error"].is_null() {
            return Err(Trouble::malformed("it has no output"));
        }
        self.end(body)
    }

    fn usage(&self) -> Option<Usage> {
        self.usage
    }

    fn finish(self: Box<Self>) -> Result<Said, Trouble> {
        let Self { heard, items, usage, model, finish, explanation, .. } = *self;
        let Some(mut finish) = finish else { return Err(Trouble::cut()) };
        let mut draft = Draft::default();
        let mut pieces = Vec::new();
        // Comments on the way are no part of an answer, but its model wants them back.
        let final_answer = items.values().any(|item| item["phase"] == "final_answer");
        for item in items.values() {
            match item["type"].as_str().unwrap_or_default() {
                "message" if final_answer && item["phase"] == "commentary" => {
                    let content = message(item).0;
                    let (role, phase) = ("assistant", "commentary");
                    let item = json!({"type": "message", "role": role, "content": content, "phase": phase});
                    pieces.push(Piece::Block(item));
                }
                "message" => {
                    let (text, refused) = message(item);
                    draft.text(&text)?;
                    for part in item["content"].as_array().into_iter().flatten() {
                        draft.chances(of_openai(&part["logprobs"]))?;
                    }
                    if refused {
                        finish = Finish::ContentFilter;
                    }
                    let with = item.get("phase").filter(|phase| phase.is_string());
                    pieces.push(Piece::Text(text.len(), with.map(|phase| json!({"phase": phase}))));
                }
                "function_call" => {
                    let id = item["call_id"].as_str().or(item["id"].as_str()).unwrap_or_default();
                    let place = draft.call(id, item["name"].as_str().unwrap_or_default())?;
                    draft.arguments(place, &written(item["arguments"].clone()))?;
                    if finish == Finish::Stop {
                        finish = Finish::ToolCalls;
                    }
                    pieces.push(Piece::Call(place, None));
                }
                // Without its content the vendor looks for the thought in its store, where it is not.
                "reasoning" if item["encrypted_content"].is_string() => {
                    pieces.push(Piece::Block(item.clone()))
                }
                _ => {}
            }
        }
        if items.is_empty() {
            draft = heard;
        }
        if finish == Finish::ContentFilter && draft.is_empty() {
            draft.text(&explanation)?;
        }
        let logprobs = draft.take_chances();
        let (text, tool_calls) = draft.finish()?;
        let usage = usage.unwrap_or_default();
        Ok(Said { text, tool_calls, carried: remember(NAME, &pieces), logprobs, finish, usage, model })
    }
}

/// The text of a message, and whether it is a refusal.
fn message(item: &Value) -> (String, bool) {
    let parts = || item["content"].as_array().into_iter().flatten();
    let texts: String = parts().filter_map(|part| part["text"].as_str()).collect();
    let refusal: String = parts().filter_map(|part| part["refusal"].as_str()).collect();
    if refusal.is_empty() { (texts, false) } else { (texts + &refusal, true) }
}

fn usage(counts: &Value) -> Usage {
    let count = |pointer: &str| counts.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    Usage {
        input_tokens: count("/input_tokens"),
        output_tokens: count("/output_tokens"),
        cached_tokens: count("/input_tokens_details/cached_tokens"),
        cache_write_tokens: count("/input_tokens_details/cache_write_tokens"),
        reasoning_tokens: count("/output_tokens_details/reasoning_tokens"),
    }
}
