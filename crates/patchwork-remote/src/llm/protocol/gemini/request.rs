//! Our request as the body of `generateContent`.

use patchwork_core::message::{Attachment, Message, Role, ToolCall, ToolChoice};
use patchwork_core::port::provider::{ChatRequest, Parameters};
use serde_json::{Map, Value, json};

use super::super::arguments::object;
use super::super::attachment::{Kind, quoted};
use super::super::efforts::{budget, known};
use super::super::pieces::{Part, parts};
use super::super::schema::in_words;
use super::super::version::version;
use super::super::{Conversation, Effort, Trouble, conversation, effort, offers_tools};
use super::NAME;
use crate::llm::catalog::{Abilities, Thinking};
use crate::llm::destination::Destination;

/// Texts that end an answer, at most.
const MAX_STOPS: usize = 5;

/// The tokens of thought that every model with a budget takes, at least and at most.
const BUDGETS: std::ops::RangeInclusive<u32> = 512..=24_576;

/// The limit on the answer that budgets of thought are parts of when there is none: that of all models with a budget.
const MAX_TOKENS: u32 = 65_536;

/// What Google documents for calls whose signature is not known: they come from another vendor's model, or were edited.
const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The body.
pub(super) fn body(destination: &Destination, request: &ChatRequest) -> Result<Value, Trouble> {
    let abilities = &destination.profile.abilities;
    // A name without a version is that of the newest (`gemini-flash-latest`).
    let version = version(&destination.route.model).unwrap_or((u32::MAX, 0));
    let conversation = conversation(request)?;
    let mut config = generation(&request.parameters, abilities)?;
    if let Some(effort) = effort(request)? {
        config.insert("thinkingConfig".to_owned(), thinking(destination, request, version, effort)?);
    }
    let mut system = conversation.system.clone();
    if let Some(output) = &request.output {
        // Before version 3 an answer can't be bound while tools may be called.
        let bindable = version >= (3, 0) || request.tools.is_empty();
        match &output.schema {
            Some(schema) if bindable && abilities.schema != Some(false) => {
                config.insert("responseMimeType".to_owned(), json!("application/json"));
                config.insert("responseJsonSchema".to_owned(), schema.clone());
            }
            None if bindable && abilities.json != Some(false) => {
                config.insert("responseMimeType".to_owned(), json!("application/json"));
            }
            _ => {
                let gap = if system.is_empty() { "" } else { "\n\n" };
                system = format!("{system}{gap}{}", in_words(output));
            }
        }
    }

    let mut body = Map::new();
    if !system.is_empty() {
        body.insert("systemInstruction".to_owned(), json!({"parts": [{"text": system}]}));
    }
    body.insert("contents".to_owned(), Value::Array(contents(&conversation, abilities, version)?));
    tools(request, abilities, &mut body)?;
    if !config.is_empty() {
        body.insert("generationConfig".to_owned(), Value::Object(config));
    }
    Ok(Value::Object(body))
}

fn generation(parameters: &Parameters, abilities: &Abilities) -> Result<Map<String, Value>, Trouble> {
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
    if !logit_bias.is_empty() {
        return Err(Trouble::unsupported("Google's protocol has no `logit_bias`"));
    }
    if stop.len() > MAX_STOPS {
        return Err(Trouble::unsupported(format!("it takes {MAX_STOPS} texts of `stop` at most")));
    }
    if seed.is_some_and(|seed| i32::try_from(seed).is_err()) {
        return Err(Trouble::unsupported(format!("its `seed` is {} at most", i32::MAX)));
    }
    let fields = [
        (None, "max_tokens", "maxOutputTokens", max_tokens.map(|limit| json!(limit))),
        (abilities.sampling, "temperature", "temperature", temperature.map(|value| json!(value))),
        (abilities.sampling, "top_p", "topP", top_p.map(|value| json!(value))),
        (abilities.stop, "stop", "stopSequences", (!stop.is_empty()).then(|| json!(stop))),
        (abilities.seed, "seed", "seed", seed.map(|seed| json!(seed))),
        (abilities.penalties, "frequency_penalty", "frequencyPenalty", frequency_penalty.map(|it| json!(it))),
        (abilities.penalties, "presence_penalty", "presencePenalty", presence_penalty.map(|it| json!(it))),
        (abilities.logprobs, "logprobs", "responseLogprobs", logprobs.map(|_| json!(true))),
        (abilities.logprobs, "logprobs", "logprobs", logprobs.filter(|n| *n > 0).map(|n| json!(n))),
    ];
    let mut config = Map::new();
    for (can, option, field, value) in fields {
        let Some(value) = value else { continue };
        if can == Some(false) {
            return Err(Trouble::unsupported(format!("it takes no `{option}`"))
                .hint(format!("leave `model_{option}` away")));
        }
        config.insert(field.to_owned(), value);
    }
    Ok(config)
}

fn thinking(
    destination: &Destination,
    request: &ChatRequest,
    version: (u32, u32),
    effort: Effort,
) -> Result<Value, Trouble> {
    let quirks = &destination.profile.quirks;
    if destination.profile.abilities.effort == Some(false) || version < (2, 5) {
        return Err(Trouble::unsupported("it takes no `reasoning_effort`: it does not reason"));
    }
    // The version is surer than the row of a vendor, which is for models that are not listed too.
    let budgeted = version < (3, 0) || quirks.thinking == Some(Thinking::Budget);
    if !budgeted {
        return Ok(json!({"thinkingLevel": known(effort, quirks)?.word().to_uppercase()}));
    }
    let limit = request.parameters.max_tokens.or(destination.profile.output).unwrap_or(MAX_TOKENS);
    // Zero switches thinking off, which not every model can.
    let tokens = match effort {
        Effort::None => 0,
        Effort::Minimal => *BUDGETS.start(),
        effort => budget(effort, limit).clamp(*BUDGETS.start(), *BUDGETS.end()),
    };
    Ok(json!({"thinkingBudget": tokens}))
}

fn contents(
    conversation: &Conversation<'_>,
    abilities: &Abilities,
    version: (u32, u32),
) -> Result<Vec<Value>, Trouble> {
    let mut contents: Vec<(Role, Vec<Value>)> = Vec::new();
    let mut caller = None;
    for message in &conversation.turns {
        let parts = match message.role {
            Role::Assistant => {
                caller = Some(*message);
                model(message, version)
            }
            Role::Tool => vec![result(conversation, message, caller)],
            Role::User | Role::System => user(message, abilities)?,
        };
        if parts.is_empty() {
            // An answer of another vendor of which only its thoughts are left.
            continue;
        }
        match contents.last_mut() {
            // As many results as there were calls belong into one content.
            Some((Role::Tool, all)) if message.role == Role::Tool => all.extend(parts),
            _ => contents.push((message.role, parts)),
        }
    }
    let contents = contents.into_iter().map(|(role, parts)| {
        let role = if role == Role::Assistant { "model" } else { "user" };
        json!({"role": role, "parts": parts})
    });
    Ok(contents.collect())
}

fn model(message: &Message, version: (u32, u32)) -> Vec<Value> {
    let mut unsigned = version >= (3, 0);
    let parts = parts(message, NAME).into_iter().map(|part| {
        let (mut part, with) = match part {
            Part::Block(block) => return block.clone(),
            Part::Text(text, with) => (json!({"text": text}), with),
            Part::Call(ToolCall { name, arguments, .. }, with) => {
                let mut call = json!({"name": name, "args": object(arguments)});
                if let Some(id) = with.and_then(|with| with.get("id")) {
                    call["id"] = id.clone();
                }
                let signature = with.and_then(|with| with.get("thoughtSignature"));
                // Only the first of several calls is signed.
                let missing = std::mem::take(&mut unsigned) && signature.is_none();
                let mut part = json!({"functionCall": call});
                if missing {
                    part["thoughtSignature"] = json!(NO_SIGNATURE);
                }
                (part, with)
            }
        };
        if let Some(signature) = with.and_then(|with| with.get("thoughtSignature")) {
            part["thoughtSignature"] = signature.clone();
        }
        part
    });
    parts.collect()
}

fn result(conversation: &Conversation<'_>, message: &Message, caller: Option<&Message>) -> Value {
    let id = message.tool_call_id.as_deref().unwrap_or_default();
    let name = conversation.tool(id).unwrap_or_default();
    let mut response = json!({"name": name, "response": {"output": message.content}});
    // Only an id that the vendor gave: our own are of no use to it.
    let given = caller.into_iter().flat_map(|caller| parts(caller, NAME)).find_map(|part| match part {
        Part::Call(call, with) if call.id == id => with?.get("id").cloned(),
        _ => None,
    });
    if let Some(given) = given {
        response["id"] = given;
    }
    json!({"functionResponse": response})
}

fn user(message: &Message, abilities: &Abilities) -> Result<Vec<Value>, Trouble> {
    let mut parts = Vec::new();
    for attachment in &message.attachments {
        parts.push(attached(attachment, abilities)?);
    }
    if !message.content.trim().is_empty() {
        parts.push(json!({"text": message.content}));
    }
    Ok(parts)
}

fn attached(attachment: &Attachment, abilities: &Abilities) -> Result<Value, Trouble> {
    let Attachment { media_type, data, .. } = attachment;
    let inline = || json!({"inlineData": {"mimeType": media_type, "data": data.trim()}});
    match Kind::of(attachment)? {
        Kind::Image if abilities.images == Some(false) => {
            Err(Trouble::unsupported("it does not look at images"))
        }
        Kind::Image if media_type.eq_ignore_ascii_case("image/gif") => {
            Err(Trouble::unsupported("it takes no GIF images").hint("give it as PNG"))
        }
        Kind::Pdf if abilities.files == Some(false) => {
            Err(Trouble::unsupported("it does not read PDF files"))
        }
        Kind::Image | Kind::Pdf => Ok(inline()),
        Kind::Text(text) => Ok(json!({"text": quoted(attachment, &text)})),
    }
}

fn tools(request: &ChatRequest, abilities: &Abilities, body: &mut Map<String, Value>) -> Result<(), Trouble> {
    let choice = request.tool_choice.as_ref().unwrap_or(&ToolChoice::Auto);
    if !offers_tools(request, abilities)? {
        return Ok(());
    }
    let declarations = request.tools.iter().map(|tool| {
        let mut declared = json!({"name": tool.name});
        if !tool.description.is_empty() {
            declared["description"] = json!(tool.description);
        }
        declared["parametersJsonSchema"] = tool.parameters.clone();
        declared
    });
    let declarations: Vec<_> = declarations.collect();
    body.insert("tools".to_owned(), json!([{"functionDeclarations": declarations}]));
    let calling = match choice {
        ToolChoice::Auto => return Ok(()),
        ToolChoice::None => json!({"mode": "NONE"}),
        ToolChoice::Required => json!({"mode": "ANY"}),
        ToolChoice::Named(name) => json!({"mode": "ANY", "allowedFunctionNames": [name]}),
    };
    body.insert("toolConfig".to_owned(), json!({"functionCallingConfig": calling}));
    Ok(())
}
