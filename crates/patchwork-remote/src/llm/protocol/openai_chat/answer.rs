//! The answer of a chat completion: whole, or in pieces.

use std::borrow::Cow;
use std::collections::BTreeMap;

use patchwork_core::message::Finish;
use patchwork_core::port::provider::ProviderErrorKind;
use patchwork_core::usage::Usage;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::NAME;
use crate::llm::protocol::chances::of_openai;
use crate::llm::protocol::{Draft, Reader, Said, Trouble, carry, finish_word, without_thoughts};

/// A chunk of the stream, or the whole answer.
#[derive(Deserialize)]
struct Chunk<'a> {
    #[serde(borrow, default)]
    model: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    choices: Option<Vec<Option<Choice<'a>>>>,
    #[serde(default)]
    usage: Value,
    /// Where Groq puts the usage of a stream.
    #[serde(default)]
    x_groq: Value,
    #[serde(default)]
    error: Value,
}

#[derive(Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: u64,
    #[serde(borrow, default)]
    delta: Option<Delta<'a>>,
    #[serde(borrow, default)]
    message: Option<Delta<'a>>,
    #[serde(borrow, default)]
    finish_reason: Option<Cow<'a, str>>,
    #[serde(default)]
    logprobs: Value,
}

#[derive(Deserialize)]
struct Delta<'a> {
    #[serde(borrow, default)]
    content: Option<Content<'a>>,
    #[serde(borrow, default)]
    refusal: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    reasoning_content: Option<Cow<'a, str>>,
    #[serde(default)]
    reasoning_details: Vec<Value>,
    #[serde(borrow, default)]
    tool_calls: Option<Vec<Fragment<'a>>>,
}

/// Text, or parts of which some are text (Mistral's thoughts are parts of another type).
#[derive(Deserialize)]
#[serde(untagged)]
enum Content<'a> {
    Text(#[serde(borrow)] Cow<'a, str>),
    Parts(Vec<Value>),
}

/// A part of a tool call.
#[derive(Deserialize)]
struct Fragment<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    function: Option<Function<'a>>,
    /// Signatures that Gemini wants back.
    #[serde(default)]
    extra_content: Value,
}

#[derive(Deserialize)]
struct Function<'a> {
    #[serde(borrow, default)]
    name: Option<Cow<'a, str>>,
    #[serde(default)]
    arguments: Value,
}

/// Reads a chat completion.
#[derive(Debug, Default)]
pub(super) struct ChatReader {
    draft: Draft,
    refusal: String,
    /// What was thought, as servers want it back with the calls of tools.
    reasoning: String,
    details: Vec<Value>,
    /// By place among the calls.
    extra: BTreeMap<usize, Value>,
    /// Places by the index that the server gives.
    places: BTreeMap<u64, usize>,
    /// The place of the call that the latest fragment was of.
    latest: Option<usize>,
    model: String,
    usage: Option<Usage>,
    finish: Option<String>,
    /// There was a message, be it empty.
    begun: bool,
    /// The server said that it is done.
    done: bool,
}

impl ChatReader {
    fn chunk(&mut self, chunk: Chunk<'_>) -> Result<(), Trouble> {
        if !chunk.error.is_null() {
            return Err(Trouble::told(&chunk.error));
        }
        if self.model.is_empty()
            && let Some(model) = chunk.model
        {
            self.draft.count(model.len())?;
            self.model = model.into_owned();
        }
        for usage in [&chunk.usage, &chunk.x_groq["usage"]] {
            self.usage = usage_of(usage).or(self.usage);
        }
        let choices = chunk.choices.into_iter().flatten().flatten();
        for choice in choices.filter(|choice| choice.index == 0) {
            if let Some(delta) = choice.delta.or(choice.message) {
                self.begun = true;
                self.delta(delta)?;
            }
            self.draft.chances(of_openai(&choice.logprobs["content"]))?;
            if let Some(word) = choice.finish_reason.filter(|word| !word.is_empty()) {
                self.finish = Some(finish_word(&word));
            }
        }
        Ok(())
    }

    fn delta(&mut self, delta: Delta<'_>) -> Result<(), Trouble> {
        match delta.content {
            None => {}
            Some(Content::Text(text)) => self.draft.text(&text)?,
            Some(Content::Parts(parts)) => {
                for part in &parts {
                    self.draft.text(part["text"].as_str().unwrap_or_default())?;
                }
            }
        }
        if let Some(piece) = delta.refusal {
            self.draft.count(piece.len())?;
            self.refusal.push_str(&piece);
        }
        if let Some(piece) = delta.reasoning_content {
            self.draft.count(piece.len())?;
            self.reasoning.push_str(&piece);
        }
        for detail in delta.reasoning_details {
            self.draft.count(detail.to_string().len())?;
            self.detail(detail);
        }
        for fragment in delta.tool_calls.into_iter().flatten() {
            self.fragment(fragment)?;
        }
        Ok(())
    }

    /// Thoughts come in pieces of the same type and index, with the signature in the last one.
    fn detail(&mut self, detail: Value) {
        let same = |last: &Value| ["type", "index"].iter().all(|field| last[*field] == detail[*field]);
        let last = self.details.last_mut().filter(|last| same(last) && last["signature"].is_null());
        let (Some(Value::Object(last)), Value::Object(piece)) = (last, &detail) else {
            self.details.push(detail);
            return;
        };
        for (field, value) in piece {
            match (last.get_mut(field), value) {
                (Some(Value::String(text)), Value::String(more))
                    if ["text", "summary", "data"].contains(&field.as_str()) =>
                {
                    text.push_str(more);
                }
                (_, Value::Null) => {}
                _ => {
                    last.insert(field.clone(), value.clone());
                }
            }
        }
    }

    /// Adds a fragment to its call. Servers give an index, or an id, or neither; some give whole calls under one index.
    fn fragment(&mut self, fragment: Fragment<'_>) -> Result<(), Trouble> {
        let id = fragment.id.as_deref().unwrap_or_default();
        let (name, arguments) = match &fragment.function {
            Some(function) => (function.name.as_deref().unwrap_or_default(), &function.arguments),
            None => ("", &Value::Null),
        };
        let known = match fragment.index {
            Some(index) => self.places.get(&index).copied(),
            None => self.latest,
        };
        let place = match known.filter(|place| self.continues(*place, id, name)) {
            Some(place) => place,
            None => {
                let place = self.draft.call(id, name)?;
                if let Some(index) = fragment.index {
                    self.places.insert(index, place);
                }
                place
            }
        };
        self.latest = Some(place);
        match arguments {
            Value::Null => {}
            Value::String(piece) => self.draft.arguments(place, piece)?,
            // Some servers send the arguments as they are meant.
            other => self.draft.arguments(place, &other.to_string())?,
        }
        if !fragment.extra_content.is_null() {
            self.draft.count(fragment.extra_content.to_string().len())?;
            self.extra.insert(place, fragment.extra_content);
        }
        Ok(())
    }

    /// Whether a fragment with this id and name belongs to the call at `place`: some servers repeat both in every fragment.
    fn continues(&mut self, place: usize, id: &str, name: &str) -> bool {
        let Some(call) = self.draft.at(place) else { return false };
        if name.is_empty() {
            return true;
        }
        if call.name.is_empty() {
            call.name = name.to_owned();
            return true;
        }
        let another = !id.is_empty() && !call.id.is_empty() && id != call.id;
        !another && serde_json::from_str::<serde::de::IgnoredAny>(&call.arguments).is_err()
    }
}

impl Reader for ChatReader {
    fn event(&mut self, _name: &str, data: &str) -> Result<bool, Trouble> {
        let data = data.trim();
        if data == "[DONE]" {
            self.done = true;
            return Ok(true);
        }
        if data.is_empty() {
            return Ok(false);
        }
        let chunk = serde_json::from_str::<Chunk<'_>>(data)
            .map_err(|error| Trouble::malformed(format!("broken JSON ({error})")))?;
        self.chunk(chunk)?;
        Ok(false)
    }

    fn whole(&mut self, body: &Value) -> Result<(), Trouble> {
        let chunk = Chunk::deserialize(body).map_err(Trouble::malformed)?;
        self.chunk(chunk)?;
        self.done = true;
        Ok(())
    }

    fn usage(&self) -> Option<Usage> {
        self.usage.filter(|_| self.finish.is_some() || self.done)
    }

    fn finish(self: Box<Self>) -> Result<Said, Trouble> {
        let Self { mut draft, refusal, reasoning, details, extra, model, usage, finish, begun, done, .. } =
            *self;
        if !done && finish.is_none() {
            return Err(Trouble::cut());
        }
        if !begun {
            return Err(Trouble::malformed("there is no answer in it"));
        }
        let logprobs = draft.take_chances();
        let (text, tool_calls) = draft.finish()?;
        let text = without_thoughts(&text);
        let refused = text.is_empty() && tool_calls.is_empty() && !refusal.is_empty();
        let finish = match finish.as_deref() {
            _ if refused => Finish::ContentFilter,
            // How OpenRouter, Mistral and DeepSeek say that the model broke down.
            Some(word @ ("error" | "insufficient_system_resource")) => {
                let what = format!("broke off its answer ({word})");
                return Err(Trouble::new(ProviderErrorKind::Server, what));
            }
            _ if !tool_calls.is_empty()
                && !matches!(finish.as_deref(), Some("length" | "content_filter")) =>
            {
                Finish::ToolCalls
            }
            None
            | Some("stop" | "tool_calls" | "function_call" | "eos_token" | "stop_sequence" | "end_turn") => {
                Finish::Stop
            }
            Some("length" | "max_tokens" | "model_length") => Finish::Length,
            Some("content_filter") => Finish::ContentFilter,
            Some(word) => Finish::Other(word.to_owned()),
        };
        let text = if refused { refusal } else { text.to_owned() };
        let carried = (!tool_calls.is_empty()).then(|| {
            let mut wanted = Map::new();
            if !reasoning.is_empty() {
                wanted.insert("reasoning_content".to_owned(), json!(reasoning));
            }
            if !details.is_empty() {
                wanted.insert("reasoning_details".to_owned(), Value::Array(details));
            }
            let extra: Map<_, _> = extra
                .into_iter()
                .filter_map(|(place, extra)| Some((tool_calls.get(place)?.id.clone(), extra)))
                .collect();
            if !extra.is_empty() {
                wanted.insert("extra_content".to_owned(), Value::Object(extra));
            }
            (!wanted.is_empty()).then(|| carry(NAME, Value::Object(wanted)))
        });
        Ok(Said {
            text,
            tool_calls,
            carried: carried.flatten(),
            logprobs,
            finish,
            usage: usage.unwrap_or_default(),
            model,
        })
    }
}

/// The counts of a usage object; nothing when it is none.
fn usage_of(usage: &Value) -> Option<Usage> {
    usage.as_object()?;
    let count = |pointer: &str| usage.pointer(pointer).and_then(Value::as_u64);
    let (input_tokens, output) =
        (count("/prompt_tokens").unwrap_or(0), count("/completion_tokens").unwrap_or(0));
    let reasoning_tokens = count("/completion_tokens_details/reasoning_tokens").unwrap_or(0);
    // xAI counts thoughts apart; the total says so.
    let apart = input_tokens.saturating_add(output).saturating_add(reasoning_tokens);
    let counted_apart = reasoning_tokens > 0 && count("/total_tokens") == Some(apart);
    Some(Usage {
        input_tokens,
        output_tokens: if counted_apart { output.saturating_add(reasoning_tokens) } else { output },
        cached_tokens: count("/prompt_tokens_details/cached_tokens")
            .or_else(|| count("/prompt_cache_hit_tokens"))
            .unwrap_or(0),
        cache_write_tokens: count("/prompt_tokens_details/cache_write_tokens").unwrap_or(0),
        reasoning_tokens,
    })
}
