//! The body of a chat completion.

use patchwork_core::message::{Attachment, Message, Role, ToolCall, ToolChoice};
use patchwork_core::port::provider::{ChatRequest, OutputFormat, Parameters};
use serde_json::{Map, Value, json};

use super::NAME;
use crate::llm::catalog::{Abilities, MaxTokensField, Profile, Quirks, SeedField, SystemRole};
use crate::llm::protocol::attachment::{Kind, quoted};
use crate::llm::protocol::efforts::known;
use crate::llm::protocol::schema::{Closed, in_words};
use crate::llm::protocol::{Trouble, carried, conversation, effort, offers_tools};

/// The body for this model.
pub(super) fn body(model: &str, profile: &Profile, request: &ChatRequest) -> Result<Value, Trouble> {
    let Profile { abilities, quirks, .. } = profile;
    let mut conversation = conversation(request)?;
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(model));
    body.insert("stream".to_owned(), json!(true));
    if quirks.stream_options != Some(false) {
        body.insert("stream_options".to_owned(), json!({"include_usage": true}));
    }
    if let Some(output) = &request.output {
        let told = format(output, abilities, quirks, &mut body);
        if let Some(words) = told {
            conversation.system = match conversation.system.as_str() {
                "" => words,
                system => format!("{system}\n\n{words}"),
            };
        }
    }
    let mut messages = Vec::with_capacity(conversation.turns.len() + 1);
    if !conversation.system.is_empty() {
        let role = match quirks.system_role {
            Some(SystemRole::Developer) => "developer",
            Some(SystemRole::System) | None => "system",
        };
        messages.push(json!({"role": role, "content": conversation.system}));
    }
    for message in &conversation.turns {
        messages.push(turn(message, abilities)?);
    }
    body.insert("messages".to_owned(), Value::Array(messages));
    parameters(request, abilities, quirks, &mut body)?;
    tools(request, abilities, &mut body)?;
    Ok(Value::Object(body))
}

fn turn(message: &Message, abilities: &Abilities) -> Result<Value, Trouble> {
    let Message { role, content, attachments, tool_calls, tool_call_id, .. } = message;
    let role = match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::Tool => return Ok(json!({"role": "tool", "tool_call_id": tool_call_id, "content": content})),
    };
    if !attachments.is_empty() {
        let mut parts = Vec::with_capacity(attachments.len() + 1);
        for attachment in attachments {
            parts.push(part(attachment, abilities)?);
        }
        if !content.trim().is_empty() {
            parts.push(json!({"type": "text", "text": content}));
        }
        return Ok(json!({"role": role, "content": parts}));
    }
    if tool_calls.is_empty() {
        return Ok(json!({"role": role, "content": content}));
    }
    if abilities.tools == Some(false) {
        return Err(Trouble::unsupported("it calls no tools"));
    }
    let wanted = carried(message, NAME);
    let mut turn = Map::new();
    turn.insert("role".to_owned(), json!(role));
    turn.insert("content".to_owned(), if content.is_empty() { Value::Null } else { json!(content) });
    for field in ["reasoning_content", "reasoning_details"] {
        if let Some(value) = wanted.and_then(|wanted| wanted.get(field)) {
            turn.insert(field.to_owned(), value.clone());
        }
    }
    let extra = wanted.and_then(|wanted| wanted.get("extra_content"));
    let calls = tool_calls.iter().map(|ToolCall { id, name, arguments }| {
        let mut call =
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}});
        if let Some(extra) = extra.and_then(|extra| extra.get(id)) {
            call["extra_content"] = extra.clone();
        }
        call
    });
    turn.insert("tool_calls".to_owned(), calls.collect());
    Ok(Value::Object(turn))
}

fn part(attachment: &Attachment, abilities: &Abilities) -> Result<Value, Trouble> {
    let Attachment { media_type, data, name } = attachment;
    let url = || format!("data:{media_type};base64,{}", data.trim());
    match Kind::of(attachment)? {
        Kind::Image if abilities.images == Some(false) => {
            Err(Trouble::unsupported("it does not look at images"))
        }
        Kind::Image => Ok(json!({"type": "image_url", "image_url": {"url": url()}})),
        Kind::Pdf if abilities.files == Some(false) => {
            Err(Trouble::unsupported("it does not read PDF files"))
        }
        Kind::Pdf => {
            let filename = name.as_deref().unwrap_or("attachment.pdf");
            Ok(json!({"type": "file", "file": {"filename": filename, "file_data": url()}}))
        }
        Kind::Text(text) => Ok(json!({"type": "text", "text": quoted(attachment, &text)})),
    }
}

/// Binds the answer to a form as far as the model can be; gives the words that ask for the rest.
fn format(
    output: &OutputFormat,
    abilities: &Abilities,
    quirks: &Quirks,
    body: &mut Map<String, Value>,
) -> Option<String> {
    let mut bind = |format: Value| body.insert("response_format".to_owned(), format);
    match &output.schema {
        Some(schema) if abilities.schema != Some(false) => {
            let closed =
                Closed::of(schema).filter(|closed| closed.optional == 0 && quirks.strict != Some(false));
            let strict = closed.is_some();
            let schema = closed.map_or_else(|| schema.clone(), |closed| closed.schema);
            let mut form = json!({"name": output.name, "schema": schema});
            if quirks.strict != Some(false) {
                form["strict"] = json!(strict);
            }
            bind(json!({"type": "json_schema", "json_schema": form}));
            // Only a strict form binds; servers take any other as a wish, which they may not even tell the model.
            (!strict).then(|| in_words(output))
        }
        // Vendors refuse this form when no message speaks of JSON.
        _ if abilities.json != Some(false) => {
            bind(json!({"type": "json_object"}));
            Some(in_words(output))
        }
        _ => Some(in_words(output)),
    }
}

fn parameters(
    request: &ChatRequest,
    abilities: &Abilities,
    quirks: &Quirks,
    body: &mut Map<String, Value>,
) -> Result<(), Trouble> {
    let Parameters {
        max_tokens,
        temperature,
        top_p,
        stop,
        seed,
        reasoning_effort: _,
        frequency_penalty,
        presence_penalty,
        logit_bias,
        logprobs,
    } = &request.parameters;
    let mut put = |can: Option<bool>, option: &str, field: &str, value: Option<Value>| match value {
        None => Ok(()),
        Some(_) if can == Some(false) => Err(Trouble::unsupported(format!("it takes no `{option}`"))),
        Some(value) => {
            body.insert(field.to_owned(), value);
            Ok(())
        }
    };
    let limit = match quirks.max_tokens_field {
        Some(MaxTokensField::MaxCompletionTokens) => "max_completion_tokens",
        Some(MaxTokensField::MaxTokens) | None => "max_tokens",
    };
    put(None, "max_tokens", limit, max_tokens.map(|limit| json!(limit)))?;
    put(abilities.sampling, "temperature", "temperature", temperature.map(|value| json!(value)))?;
    put(abilities.sampling, "top_p", "top_p", top_p.map(|value| json!(value)))?;
    put(abilities.stop, "stop", "stop", (!stop.is_empty()).then(|| json!(stop)))?;
    let seed_field = match quirks.seed_field {
        Some(SeedField::RandomSeed) => "random_seed",
        Some(SeedField::Seed) | None => "seed",
    };
    put(abilities.seed, "seed", seed_field, seed.map(|value| json!(value)))?;
    let effort = match effort(request)? {
        // A server of which nothing is known is told the word as it is.
        Some(effort) if quirks.efforts.is_some() && abilities.effort != Some(false) => {
            Some(known(effort, quirks)?)
        }
        effort => effort,
    };
    put(abilities.effort, "reasoning_effort", "reasoning_effort", effort.map(|effort| json!(effort.word())))?;
    for (name, value) in [("frequency_penalty", frequency_penalty), ("presence_penalty", presence_penalty)] {
        put(abilities.penalties, name, name, value.map(|value| json!(value)))?;
    }
    let bias = (!logit_bias.is_empty())
        .then(|| logit_bias.iter().map(|(id, bias)| (id.clone(), number(*bias))).collect());
    put(abilities.logit_bias, "logit_bias", "logit_bias", bias.map(Value::Object))?;
    put(abilities.logprobs, "logprobs", "logprobs", logprobs.map(|_| json!(true)))?;
    put(abilities.logprobs, "logprobs", "top_logprobs", logprobs.filter(|n| *n > 0).map(|n| json!(n)))
}

/// A number as an integer where it is one: servers ask for that.
fn number(value: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "only numbers that fit")]
    if value.fract() == 0.0 && value.abs() < 1e9 { json!(value as i64) } else { json!(value) }
}

fn tools(request: &ChatRequest, abilities: &Abilities, body: &mut Map<String, Value>) -> Result<(), Trouble> {
    if !offers_tools(request, abilities)? {
        return Ok(());
    }
    let tools = request.tools.iter().map(|tool| {
        let mut function = Map::new();
        function.insert("name".to_owned(), json!(tool.name));
        if !tool.description.is_empty() {
            function.insert("description".to_owned(), json!(tool.description));
        }
        function.insert("parameters".to_owned(), tool.parameters.clone());
        json!({"type": "function", "function": function})
    });
    body.insert("tools".to_owned(), tools.collect());
    let Some(choice) = &request.tool_choice else { return Ok(()) };
    let choice = match choice {
        ToolChoice::Auto => json!("auto"),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({"type": "function", "function": {"name": name}}),
    };
    body.insert("tool_choice".to_owned(), choice);
    Ok(())
}
