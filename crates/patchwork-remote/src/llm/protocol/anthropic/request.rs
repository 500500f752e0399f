//! Our request as the body of `POST /messages`.

use patchwork_core::message::{Message, Role, ToolCall, ToolChoice};
use patchwork_core::port::provider::{ChatRequest, Parameters};
use serde_json::{Map, Value, json};

use super::super::arguments::object;
use super::super::attachment::Kind;
use super::super::efforts::{budget, known};
use super::super::pieces::{Part, parts};
use super::super::schema::{Closed, in_words};
use super::super::{Conversation, Effort, Trouble, conversation, effort};
use super::NAME;
use super::abilities::{Abilities, Thinking};
use crate::llm::destination::{Destination, VERTEX};

/// The limit on the answer where neither the user nor the catalogue knows one: the protocol wants one, and every Claude
/// since 3.5 may say as much.
const MAX_TOKENS: u32 = 8_192;

/// The least that a model may be allowed to think.
const LEAST_BUDGET: u32 = 1_024;

/// Properties that need not be there, and places with several forms, that one schema may have.
const MAX_OPTIONAL: usize = 24;
const MAX_UNIONS: usize = 16;

/// The body, `model` included.
pub(super) fn body(destination: &Destination, request: &ChatRequest) -> Result<Map<String, Value>, Trouble> {
    let parameters = &request.parameters;
    let abilities = Abilities::of(&destination.route.model, &destination.profile);
    let max_tokens = parameters.max_tokens.unwrap_or(MAX_TOKENS);
    lacking(parameters)?;
    let mut body = Map::from_iter([
        ("model".to_owned(), json!(destination.route.model)),
        ("max_tokens".to_owned(), json!(max_tokens)),
        ("stream".to_owned(), json!(true)),
    ]);

    let Conversation { mut system, turns } = conversation(request)?;
    let mut output_config = Map::new();
    if let Some(output) = &request.output {
        // On Vertex AI the policy of most organizations forbids bound answers.
        let bindable = abilities.schema && destination.route.vendor != VERTEX;
        match output.schema.as_ref().filter(|_| bindable).and_then(Closed::of) {
            Some(closed) if closed.optional <= MAX_OPTIONAL && closed.unions <= MAX_UNIONS => {
                output_config
                    .insert("format".to_owned(), json!({"type": "json_schema", "schema": closed.schema}));
            }
            _ => {
                let gap = if system.is_empty() { "" } else { "\n\n" };
                system = format!("{system}{gap}{}", in_words(output));
            }
        }
    }

    let thinks = think(destination, request, abilities, max_tokens, &mut body, &mut output_config)?;
    sample(parameters, abilities, thinks, &mut body)?;
    if !parameters.stop.is_empty() {
        body.insert("stop_sequences".to_owned(), json!(parameters.stop));
    }
    let mut system = text(&system).map(|block| vec![block]);
    let mut messages = messages(&turns)?;
    let choice = choose(destination, request, thinks)?;
    if caches(request) {
        system.iter_mut().flatten().for_each(mark);
        let last = messages.last_mut().filter(|message| message["role"] == "user");
        if let Some(Value::Array(blocks)) = last.and_then(|message| message.get_mut("content"))
            && let Some(block) = blocks.last_mut()
        {
            mark(block);
        }
    }
    if let Some(system) = system {
        body.insert("system".to_owned(), Value::Array(system));
    }
    body.insert("messages".to_owned(), Value::Array(messages));
    if !request.tools.is_empty() {
        body.insert("tools".to_owned(), tools(request));
        body.insert("tool_choice".to_owned(), choice);
    }
    if !output_config.is_empty() {
        body.insert("output_config".to_owned(), Value::Object(output_config));
    }
    Ok(body)
}

/// What the protocol has no word for.
fn lacking(parameters: &Parameters) -> Result<(), Trouble> {
    let asked = [
        ("seed", parameters.seed.is_some()),
        ("frequency_penalty", parameters.frequency_penalty.is_some()),
        ("presence_penalty", parameters.presence_penalty.is_some()),
        ("logit_bias", !parameters.logit_bias.is_empty()),
        ("logprobs", parameters.logprobs.is_some()),
    ];
    match asked.iter().find(|(_, asked)| *asked) {
        Some((option, _)) => Err(Trouble::unsupported(format!("Anthropic's protocol has no `{option}`"))
            .hint(format!("leave `model_{option}` away or ask a model of another vendor"))),
        None => Ok(()),
    }
}

/// Says how much to think; whether it thinks then.
fn think(
    destination: &Destination,
    request: &ChatRequest,
    abilities: Abilities,
    max_tokens: u32,
    body: &mut Map<String, Value>,
    output_config: &mut Map<String, Value>,
) -> Result<bool, Trouble> {
    let Some(effort) = effort(request)? else { return Ok(false) };
    match abilities.thinking {
        // As little as they can is not at all.
        Thinking::Never | Thinking::Budget if effort <= Effort::Minimal => Ok(false),
        Thinking::Never => Err(Trouble::unsupported("it takes no `reasoning_effort`: it does not reason")
            .hint("leave `model_reasoning_effort` away or ask a newer model")),
        Thinking::Budget => {
            let budget = budget(effort, max_tokens).max(LEAST_BUDGET);
            if budget >= max_tokens {
                return Err(Trouble::unsupported(format!(
                    "`reasoning_effort` needs a `max_tokens` above {LEAST_BUDGET}, and it is {max_tokens}"
                )));
            }
            body.insert("thinking".to_owned(), json!({"type": "enabled", "budget_tokens": budget}));
            Ok(true)
        }
        Thinking::Adaptive => {
            let word = known(effort, &destination.profile.quirks)?.word();
            body.insert("thinking".to_owned(), json!({"type": "adaptive"}));
            output_config.insert("effort".to_owned(), json!(word));
            Ok(true)
        }
    }
}

fn sample(
    parameters: &Parameters,
    abilities: Abilities,
    thinks: bool,
    body: &mut Map<String, Value>,
) -> Result<(), Trouble> {
    for (option, value) in [("temperature", parameters.temperature), ("top_p", parameters.top_p)] {
        let Some(value) = value else { continue };
        // 1 is what it does anyway, and what every model takes.
        let usual = (value - 1.0).abs() < f64::EPSILON;
        if !abilities.sampling && !usual {
            return Err(Trouble::unsupported(format!("it takes no `{option}` but 1"))
                .hint(format!("leave `model_{option}` away")));
        }
        if thinks && !usual && (option == "temperature" || value < 0.95) {
            return Err(Trouble::unsupported(format!(
                "it takes no `{option}` together with `reasoning_effort`"
            ))
            .hint(format!("leave `model_{option}` away")));
        }
        if value > 1.0 {
            return Err(Trouble::unsupported(format!("its `{option}` is 1 at most")));
        }
        body.insert(option.to_owned(), json!(value));
    }
    Ok(())
}

fn messages(turns: &[&Message]) -> Result<Vec<Value>, Trouble> {
    let mut messages: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in turns {
        let (role, blocks) = match message.role {
            Role::Assistant => ("assistant", assistant(message)),
            Role::Tool => ("user", vec![tool_result(message)]),
            Role::User | Role::System => ("user", user(message)?),
        };
        if blocks.is_empty() {
            // An answer of another vendor of which only its thoughts are left.
            continue;
        }
        match messages.last_mut() {
            // The results of one turn belong into one message, before anything the user says.
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => messages.push((role, blocks)),
        }
    }
    Ok(messages.into_iter().map(|(role, content)| json!({"role": role, "content": content})).collect())
}

fn assistant(message: &Message) -> Vec<Value> {
    let blocks = parts(message, NAME).into_iter().filter_map(|part| match part {
        Part::Block(block) => Some(block.clone()),
        Part::Text(words, _) => text(words),
        Part::Call(ToolCall { id: call, name, arguments }, _) => {
            Some(json!({"type": "tool_use", "id": id(call), "name": name, "input": object(arguments)}))
        }
    });
    blocks.collect()
}

/// A text block; blank ones are refused by the vendor.
fn text(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

/// An id of a call in the characters that the protocol takes: others come from other vendors. Ids that differ stay different.
fn id(id: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let letter = |c: char| if plain(c) { c.to_string() } else { format!("_{:x}_", u32::from(c)) };
    id.chars().map(letter).collect()
}

fn tool_result(message: &Message) -> Value {
    let id = id(message.tool_call_id.as_deref().unwrap_or_default());
    let mut block = json!({"type": "tool_result", "tool_use_id": id});
    if !message.content.is_empty() {
        block["content"] = json!(message.content);
    }
    block
}

fn user(message: &Message) -> Result<Vec<Value>, Trouble> {
    let mut blocks = Vec::new();
    for attachment in &message.attachments {
        let base64 =
            || json!({"type": "base64", "media_type": attachment.media_type, "data": attachment.data});
        let mut block = match Kind::of(attachment)? {
            Kind::Image => {
                blocks.push(json!({"type": "image", "source": base64()}));
                continue;
            }
            Kind::Pdf => json!({"type": "document", "source": base64()}),
            Kind::Text(text) => {
                let source = json!({"type": "text", "media_type": "text/plain", "data": text});
                json!({"type": "document", "source": source})
            }
        };
        if let Some(name) = &attachment.name {
            block["title"] = json!(name);
        }
        blocks.push(block);
    }
    blocks.extend(text(&message.content));
    Ok(blocks)
}

fn tools(request: &ChatRequest) -> Value {
    let tools = request.tools.iter().map(|tool| {
        let mut entry = json!({"name": tool.name, "input_schema": tool.parameters});
        if !tool.description.is_empty() {
            entry["description"] = json!(tool.description);
        }
        entry
    });
    tools.collect()
}

fn choose(destination: &Destination, request: &ChatRequest, thinks: bool) -> Result<Value, Trouble> {
    let choice = request.tool_choice.as_ref().unwrap_or(&ToolChoice::Auto);
    let forced = matches!(choice, ToolChoice::Required | ToolChoice::Named(_));
    if forced && request.tools.is_empty() {
        return Err(Trouble::invalid("`tool_choice` wants a tool called, and there is none"));
    }
    if forced && destination.profile.abilities.forced_tools == Some(false) {
        return Err(Trouble::unsupported("it can't be made to call a tool").hint("leave the choice to it"));
    }
    if forced && thinks {
        return Err(Trouble::unsupported("it can't be made to call a tool together with `reasoning_effort`"));
    }
    Ok(match choice {
        ToolChoice::Auto => json!({"type": "auto"}),
        ToolChoice::None => json!({"type": "none"}),
        ToolChoice::Required => json!({"type": "any"}),
        ToolChoice::Named(name) => json!({"type": "tool", "name": name}),
    })
}

/// Whether the prompt is kept by the vendor for the next call. Writing to the cache costs a quarter more than not to,
/// reading a tenth: it pays from the second call with the same beginning on. A conversation with tools is sent again with
/// every result, so it pays there; of other prompts nobody here knows whether they come again, and they are often too short
/// to be cached at all.
fn caches(request: &ChatRequest) -> bool {
    !request.tools.is_empty() && request.tool_choice != Some(ToolChoice::None)
}

fn mark(block: &mut Value) {
    block["cache_control"] = json!({"type": "ephemeral"});
}
