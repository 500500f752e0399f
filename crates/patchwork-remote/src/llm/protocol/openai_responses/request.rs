//! Our request as the body of `POST /responses`.

use patchwork_core::message::{Attachment, Message, Role, ToolCall, ToolChoice};
use patchwork_core::port::provider::{ChatRequest, OutputFormat, Parameters};
use serde_json::{Map, Value, json};

use super::super::attachment::{Kind, quoted};
use super::super::efforts::known;
use super::super::pieces::{Part, parts};
use super::super::schema::{Closed, in_words};
use super::super::{Trouble, conversation, effort, offers_tools};
use super::NAME;
use crate::llm::catalog::{Abilities, Profile, Quirks};

/// The body for this model.
pub(super) fn body(model: &str, profile: &Profile, request: &ChatRequest) -> Result<Value, Trouble> {
    let Profile { abilities, quirks, .. } = profile;
    let mut conversation = conversation(request)?;
    let mut body = Map::from_iter([
        ("model".to_owned(), json!(model)),
        ("stream".to_owned(), json!(true)),
        // The conversation is ours: nothing of it is left with the vendor.
        ("store".to_owned(), json!(false)),
    ]);
    if let Some(output) = &request.output {
        let (format, words) = form(output, abilities, quirks);
        if let Some(format) = format {
            body.insert("text".to_owned(), json!({"format": format}));
        }
        if let Some(words) = words {
            let gap = if conversation.system.is_empty() { "" } else { "\n\n" };
            conversation.system = format!("{}{gap}{words}", conversation.system);
        }
    }
    if !conversation.system.is_empty() {
        body.insert("instructions".to_owned(), json!(conversation.system));
    }
    let mut input = Vec::new();
    for message in &conversation.turns {
        match message.role {
            Role::Assistant => input.extend(assistant(message)),
            Role::Tool => input.push(json!({
                "type": "function_call_output",
                "call_id": message.tool_call_id,
                "output": message.content,
            })),
            Role::User | Role::System => input.push(user(message, abilities)?),
        }
    }
    body.insert("input".to_owned(), Value::Array(input));
    parameters(&request.parameters, abilities, &mut body)?;
    let effort = effort(request)?;
    if let Some(effort) = effort {
        if abilities.effort == Some(false) {
            return Err(Trouble::unsupported("it takes no `reasoning_effort`: it does not reason"));
        }
        body.insert("reasoning".to_owned(), json!({"effort": known(effort, quirks)?.word()}));
    }
    let mut include = Vec::new();
    if effort.is_some() || abilities.effort == Some(true) {
        // What is not stored there must come here; models that do not reason refuse the word.
        include.push("reasoning.encrypted_content");
    }
    if request.parameters.logprobs.is_some() {
        include.push("message.output_text.logprobs");
    }
    if !include.is_empty() {
        body.insert("include".to_owned(), json!(include));
    }
    tools(request, abilities, quirks, &mut body)?;
    Ok(Value::Object(body))
}

/// What binds the answer to a form, and the words that ask for what it can't be bound to.
fn form(output: &OutputFormat, abilities: &Abilities, quirks: &Quirks) -> (Option<Value>, Option<String>) {
    match &output.schema {
        Some(schema) if abilities.schema != Some(false) => {
            let closed =
                Closed::of(schema).filter(|closed| closed.optional == 0 && quirks.strict != Some(false));
            let strict = closed.is_some();
            let schema = closed.map_or_else(|| schema.clone(), |closed| closed.schema);
            let mut form = json!({"type": "json_schema", "name": output.name, "schema": schema});
            if quirks.strict != Some(false) {
                form["strict"] = json!(strict);
            }
            // Only a strict form binds; any other is a wish.
            (Some(form), (!strict).then(|| in_words(output)))
        }
        // The vendor refuses this form when no message speaks of JSON.
        _ if abilities.json != Some(false) => (Some(json!({"type": "json_object"})), Some(in_words(output))),
        _ => (None, Some(in_words(output))),
    }
}

fn assistant(message: &Message) -> Vec<Value> {
    let items = parts(message, NAME).into_iter().map(|part| match part {
        Part::Block(item) => item.clone(),
        Part::Text(text, with) => {
            let mut item = json!({"type": "message", "role": "assistant", "content": text});
            if let Some(phase) = with.and_then(|with| with.get("phase")) {
                item["phase"] = phase.clone();
            }
            item
        }
        Part::Call(ToolCall { id, name, arguments }, _) => {
            json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments})
        }
    });
    items.collect()
}

fn user(message: &Message, abilities: &Abilities) -> Result<Value, Trouble> {
    let mut parts = Vec::new();
    for attachment in &message.attachments {
        parts.push(attached(attachment, abilities)?);
    }
    if !message.content.trim().is_empty() {
        parts.push(json!({"type": "input_text", "text": message.content}));
    }
    Ok(json!({"type": "message", "role": "user", "content": parts}))
}

fn attached(attachment: &Attachment, abilities: &Abilities) -> Result<Value, Trouble> {
    let Attachment { media_type, data, name } = attachment;
    let url = || format!("data:{media_type};base64,{}", data.trim());
    match Kind::of(attachment)? {
        Kind::Image if abilities.images == Some(false) => {
            Err(Trouble::unsupported("it does not look at images"))
        }
        Kind::Image => Ok(json!({"type": "input_image", "image_url": url(), "detail": "auto"})),
        Kind::Pdf if abilities.files == Some(false) => {
            Err(Trouble::unsupported("it does not read PDF files"))
        }
        Kind::Pdf => {
            let filename = name.as_deref().unwrap_or("attachment.pdf");
            Ok(json!({"type": "input_file", "filename": filename, "file_data": url()}))
        }
        Kind::Text(text) => Ok(json!({"type": "input_text", "text": quoted(attachment, &text)})),
    }
}

fn parameters(
    parameters: &Parameters,
    abilities: &Abilities,
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
    } = parameters;
    let lacking = [
        ("stop", !stop.is_empty()),
        ("seed", seed.is_some()),
        ("frequency_penalty", frequency_penalty.is_some()),
        ("presence_penalty", presence_penalty.is_some()),
        ("logit_bias", !logit_bias.is_empty()),
    ];
    if let Some((option, _)) = lacking.iter().find(|(_, asked)| *asked) {
        return Err(Trouble::unsupported(format!("OpenAI's responses have no `{option}`"))
            .hint(format!("leave `model_{option}` away or ask a model that speaks chat completions")));
    }
    let fields = [
        (None, "max_tokens", "max_output_tokens", max_tokens.map(|limit| json!(limit))),
        (abilities.sampling, "temperature", "temperature", temperature.map(|value| json!(value))),
        (abilities.sampling, "top_p", "top_p", top_p.map(|value| json!(value))),
        (abilities.logprobs, "logprobs", "top_logprobs", logprobs.map(|n| json!(n))),
    ];
    for (can, option, field, value) in fields {
        let Some(value) = value else { continue };
        if can == Some(false) {
            return Err(Trouble::unsupported(format!("it takes no `{option}`"))
                .hint(format!("leave `model_{option}` away")));
        }
        body.insert(field.to_owned(), value);
    }
    Ok(())
}

fn tools(
    request: &ChatRequest,
    abilities: &Abilities,
    quirks: &Quirks,
    body: &mut Map<String, Value>,
) -> Result<(), Trouble> {
    let choice = request.tool_choice.as_ref().unwrap_or(&ToolChoice::Auto);
    if !offers_tools(request, abilities)? {
        return Ok(());
    }
    let tools = request.tools.iter().map(|tool| {
        let mut entry = json!({"type": "function", "name": tool.name, "parameters": tool.parameters});
        if !tool.description.is_empty() {
            entry["description"] = json!(tool.description);
        }
        // Without this word the vendor makes every argument a required one.
        if quirks.strict != Some(false) {
            entry["strict"] = json!(false);
        }
        entry
    });
    body.insert("tools".to_owned(), tools.collect());
    let choice = match choice {
        ToolChoice::Auto => return Ok(()),
        ToolChoice::None => json!("none"),
        ToolChoice::Required => json!("required"),
        ToolChoice::Named(name) => json!({"type": "function", "name": name}),
    };
    body.insert("tool_choice".to_owned(), choice);
    Ok(())
}
