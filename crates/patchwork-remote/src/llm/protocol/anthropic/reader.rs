//! Answers of `POST /messages`.

use std::collections::BTreeMap;

use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::super::arguments::written;
use super::super::pieces::{Piece, remember};
use super::super::{Draft, Reader, Said, Trouble, finish_word};
use super::NAME;

/// What a block without content takes at least, so that endless empty blocks come to an end.
const BLOCK: usize = 64;

/// Reads one message.
#[derive(Debug, Default)]
pub(super) struct MessageReader {
    draft: Draft,
    blocks: BTreeMap<u64, Block>,
    counted: Counted,
    /// Whether the counts are the last ones.
    counted_all: bool,
    model: String,
    finish: Option<Finish>,
    /// Why it refused, in the vendor's words.
    explanation: String,
}

#[derive(Debug)]
enum Block {
    Text(usize),
    /// A call, and the input that came with its beginning.
    Call(usize, Value),
    Thought {
        text: String,
        signature: String,
    },
    /// A block that goes back as it came.
    Opaque(Value),
}

/// Tokens by how they are billed. Each count is the whole so far.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    fresh: u64,
    read: u64,
    written: u64,
    output: u64,
    thoughts: u64,
}

impl Counted {
    /// Later counts replace earlier ones; what is not told stays.
    fn take(&mut self, usage: &Value) {
        let fields = [
            (&mut self.fresh, "/input_tokens"),
            (&mut self.read, "/cache_read_input_tokens"),
            (&mut self.written, "/cache_creation_input_tokens"),
            (&mut self.output, "/output_tokens"),
            (&mut self.thoughts, "/output_tokens_details/thinking_tokens"),
        ];
        for (count, pointer) in fields {
            if let Some(told) = usage.pointer(pointer).and_then(Value::as_u64) {
                *count = told;
            }
        }
    }

    fn usage(self) -> Usage {
        Usage {
            input_tokens: self.fresh.saturating_add(self.read).saturating_add(self.written),
            output_tokens: self.output,
            cached_tokens: self.read,
            cache_write_tokens: self.written,
            reasoning_tokens: self.thoughts.min(self.output),
        }
    }
}

impl MessageReader {
    fn begin(&mut self, at: u64, block: &Value) -> Result<(), Trouble> {
        self.draft.count(BLOCK)?;
        let text = |field: &str| block[field].as_str().unwrap_or_default();
        let begun = match text("type") {
            "text" => {
                self.draft.text(text("text"))?;
                Block::Text(text("text").len())
            }
            "tool_use" => Block::Call(self.draft.call(text("id"), text("name"))?, block["input"].clone()),
            "thinking" => {
                let (text, signature) = (text("thinking"), text("signature"));
                self.draft.count(text.len().saturating_add(signature.len()))?;
                Block::Thought { text: text.to_owned(), signature: signature.to_owned() }
            }
            "redacted_thinking" => {
                self.draft.count(text("data").len())?;
                Block::Opaque(block.clone())
            }
            // Tools of the vendor's own, which we never ask for, and kinds to come.
            _ => return Ok(()),
        };
        self.blocks.insert(at, begun);
        Ok(())
    }

    fn add(&mut self, at: u64, delta: &Value) -> Result<(), Trouble> {
        let piece = |field: &str| delta[field].as_str().unwrap_or_default();
        match (self.blocks.get_mut(&at), piece("type")) {
            (Some(Block::Text(bytes)), "text_delta") => {
                self.draft.text(piece("text"))?;
                *bytes += piece("text").len();
            }
            (Some(Block::Call(place, _)), "input_json_delta") => {
                self.draft.arguments(*place, piece("partial_json"))?;
            }
            (Some(Block::Thought { text, .. }), "thinking_delta") => {
                self.draft.count(piece("thinking").len())?;
                text.push_str(piece("thinking"));
            }
            (Some(Block::Thought { signature, .. }), "signature_delta") => {
                self.draft.count(piece("signature").len())?;
                signature.push_str(piece("signature"));
            }
            _ => {}
        }
        Ok(())
    }

    /// The head of a message or the delta of one: whatever of its end is told.
    fn end(&mut self, message: &Value) {
        if let Some(reason) = message["stop_reason"].as_str() {
            self.finish = Some(finish(reason));
        }
        if let Some(words) = message.pointer("/stop_details/explanation").and_then(Value::as_str) {
            words.clone_into(&mut self.explanation);
        }
        if let Some(model) = message["model"].as_str() {
            model.clone_into(&mut self.model);
        }
    }
}

impl Reader for MessageReader {
    fn event(&mut self, _name: &str, data: &str) -> Result<bool, Trouble> {
        // Gateways in front of other vendors end with the word of another protocol.
        if data.trim() == "[DONE]" {
            return Ok(false);
        }
        let event: Value = serde_json::from_str(data)
            .map_err(|error| Trouble::malformed(format!("an event is not JSON ({error})")))?;
        let at = event["index"].as_u64().unwrap_or_default();
        match event["type"].as_str().unwrap_or_default() {
            "message_start" => {
                self.end(&event["message"]);
                self.counted.take(&event["message"]["usage"]);
            }
            "content_block_start" => self.begin(at, &event["content_block"])?,
            "content_block_delta" => self.add(at, &event["delta"])?,
            "message_delta" => {
                self.end(&event["delta"]);
                self.counted.take(&event["usage"]);
                self.counted_all = self.finish.is_some() && event["usage"].is_object();
            }
            "message_stop" => {
                self.finish.get_or_insert(Finish::Stop);
                return Ok(true);
            }
            "error" => return Err(Trouble::told(&event["error"])),
            _ => {}
        }
        Ok(false)
    }

    fn whole(&mut self, body: &Value) -> Result<(), Trouble> {
        if let Some(error) = body.get("error").filter(|error| !error.is_null()) {
            return Err(Trouble::told(error));
        }
        let Some(blocks) = body["content"].as_array() else {
            return Err(Trouble::malformed("it has no content"));
        };
        for (at, block) in (0..).zip(blocks) {
            self.begin(at, block)?;
        }
        self.end(body);
        self.finish.get_or_insert(Finish::Stop);
        self.counted.take(&body["usage"]);
        self.counted_all = body["usage"].is_object();
        Ok(())
    }

    fn usage(&self) -> Option<Usage> {
        self.counted_all.then(|| self.counted.usage())
    }

    fn finish(self: Box<Self>) -> Result<Said, Trouble> {
        let Self { mut draft, blocks, counted, model, finish, explanation, .. } = *self;
        // The reason to stop comes after the last block: with it the answer is whole, whether or not a farewell follows.
        let Some(finish) = finish else { return Err(Trouble::cut()) };
        let mut pieces = Vec::new();
        for block in blocks.into_values() {
            pieces.push(match block {
                Block::Text(bytes) => Piece::Text(bytes, None),
                Block::Call(place, input) => {
                    if draft.at(place).is_some_and(|call| call.arguments.is_empty()) {
                        draft.arguments(place, &written(input))?;
                    }
                    Piece::Call(place, None)
                }
                Block::Thought { text, signature } => {
                    Piece::Block(json!({"type": "thinking", "thinking": text, "signature": signature}))
                }
                Block::Opaque(block) => Piece::Block(block),
            });
        }
        if finish == Finish::ContentFilter && draft.is_empty() {
            draft.text(&explanation)?;
        }
        let (text, tool_calls) = draft.finish()?;
        Ok(Said {
            text,
            tool_calls,
            carried: remember(NAME, &pieces),
            logprobs: Vec::new(),
            finish,
            usage: counted.usage(),
            model,
        })
    }
}

fn finish(reason: &str) -> Finish {
    match reason {
        "end_turn" | "stop_sequence" => Finish::Stop,
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "tool_use" => Finish::ToolCalls,
        "refusal" => Finish::ContentFilter,
        other => Finish::Other(finish_word(other)),
    }
}
