//! The conversation and the tools in a request body of any protocol, in our words.
//!
//! What can't be understood becomes an empty text, which the rules of [`super::manners`] report.

use patchwork_core::message::{Attachment, Message, Role, Tool, ToolCall};
use serde_json::Value;

use super::Shape;

/// What was said, system text first. An assistant's text and the calls that follow it are one message.
pub(super) fn messages(shape: Shape, body: &Value) -> Vec<Message> {
    let (system, said) = match shape {
        Shape::OpenAiChat => (&Value::Null, &body["messages"]),
        Shape::OpenAiResponses => (&body["instructions"], &body["input"]),
        Shape::Anthropic => (&body["system"], &body["messages"]),
        Shape::Gemini => (&body["systemInstruction"]["parts"], &body["contents"]),
    };
    let mut messages = Vec::new();
    if !system.is_null() {
        messages.push(of_parts(Role::System, system));
    }
    if let Value::String(text) = said {
        messages.push(Message::new(Role::User, text));
    }
    for item in said.as_array().into_iter().flatten() {
        match shape {
            Shape::OpenAiChat => messages.push(chat_message(item)),
            Shape::OpenAiResponses => add_item(&mut messages, item),
            Shape::Anthropic => add_turn(&mut messages, role(item), &item["content"]),
            Shape::Gemini => add_turn(&mut messages, role(item), &item["parts"]),
        }
    }
    messages
}

/// The tools of a request.
pub(super) fn tools(shape: Shape, body: &Value) -> Vec<Tool> {
    let list = body["tools"].as_array().into_iter().flatten();
    let tool = |said: &Value, parameters: &Value| Tool {
        name: text(&said["name"]),
        description: text(&said["description"]),
        parameters: parameters.clone(),
    };
    match shape {
        Shape::OpenAiChat => {
            list.map(|item| tool(&item["function"], &item["function"]["parameters"])).collect()
        }
        Shape::OpenAiResponses => list.map(|item| tool(item, &item["parameters"])).collect(),
        Shape::Anthropic => list.map(|item| tool(item, &item["input_schema"])).collect(),
        Shape::Gemini => list
            .flat_map(|item| item["functionDeclarations"].as_array().into_iter().flatten())
            .map(|said| match &said["parametersJsonSchema"] {
                Value::Null => tool(said, &said["parameters"]),
                schema => tool(said, schema),
            })
            .collect(),
    }
}

fn role(item: &Value) -> Role {
    match item["role"].as_str() {
        Some("system" | "developer") => Role::System,
        Some("assistant" | "model") => Role::Assistant,
        Some("tool") => Role::Tool,
        _ => Role::User,
    }
}

fn chat_message(item: &Value) -> Message {
    let mut message = of_parts(role(item), &item["content"]);
    message.tool_call_id = item["tool_call_id"].as_str().map(str::to_owned);
    let calls = item["tool_calls"].as_array().into_iter().flatten();
    message.tool_calls = calls
        .map(|call| ToolCall {
            id: text(&call["id"]),
            name: text(&call["function"]["name"]),
            arguments: text(&call["function"]["arguments"]),
        })
        .collect();
    message
}

/// An item of the input of Responses.
fn add_item(messages: &mut Vec<Message>, item: &Value) {
    match item["type"].as_str() {
        Some("function_call") => {
            let call = ToolCall {
                id: text(&item["call_id"]),
                name: text(&item["name"]),
                arguments: text(&item["arguments"]),
            };
            last_assistant(messages).tool_calls.push(call);
        }
        Some("function_call_output") => {
            let mut message = of_parts(Role::Tool, &item["output"]);
            message.tool_call_id = item["call_id"].as_str().map(str::to_owned);
            messages.push(message);
        }
        Some("reasoning") => {
            let mut message = Message::new(Role::Assistant, "");
            message.carried = Some(item.clone());
            messages.push(message);
        }
        // What the model said goes with what it thought before.
        _ if role(item) == Role::Assistant => {
            let said = of_parts(Role::Assistant, &item["content"]);
            let unspoken = messages.last().is_some_and(|last| {
                last.role == Role::Assistant && last.content.is_empty() && last.carried.is_some()
            });
            match messages.last_mut() {
                Some(last) if unspoken => last.content = said.content,
                _ => messages.push(said),
            }
        }
        _ => messages.push(of_parts(role(item), &item["content"])),
    }
}

fn last_assistant(messages: &mut Vec<Message>) -> &mut Message {
    if messages.last().is_none_or(|last| last.role != Role::Assistant) {
        messages.push(Message::new(Role::Assistant, ""));
    }
    let last = messages.len() - 1;
    &mut messages[last]
}

/// A turn of Anthropic's or Google's, where answers of tools are parts of a user's message.
fn add_turn(messages: &mut Vec<Message>, role: Role, content: &Value) {
    let before = messages.len();
    let parts = content.as_array().map(Vec::as_slice).unwrap_or_default();
    messages.extend(parts.iter().filter_map(tool_result));
    let mut message = of_parts(role, content);
    message.tool_calls = parts.iter().filter_map(tool_call).collect();
    let only_results = messages.len() > before && message.content.is_empty();
    if !(only_results && message.attachments.is_empty() && message.tool_calls.is_empty()) {
        messages.push(message);
    }
}

fn tool_call(part: &Value) -> Option<ToolCall> {
    let (call, arguments) = match part["functionCall"].is_object() {
        true => (&part["functionCall"], "args"),
        false if part["type"] == "tool_use" => (part, "input"),
        false => return None,
    };
    let id = if call["id"].is_string() { &call["id"] } else { &call["name"] };
    Some(ToolCall { id: text(id), name: text(&call["name"]), arguments: call[arguments].to_string() })
}

fn tool_result(part: &Value) -> Option<Message> {
    let (id, mut message) = if part["functionResponse"].is_object() {
        let response = &part["functionResponse"];
        let id = if response["id"].is_string() { &response["id"] } else { &response["name"] };
        (id, Message::new(Role::Tool, response["response"].to_string()))
    } else if part["type"] == "tool_result" {
        (&part["tool_use_id"], of_parts(Role::Tool, &part["content"]))
    } else {
        return None;
    };
    message.tool_call_id = Some(text(id));
    Some(message)
}

/// A message of a text, or of parts that hold texts, images and files.
fn of_parts(role: Role, content: &Value) -> Message {
    let parts = content.as_array().map(Vec::as_slice).unwrap_or_default();
    let said = match content {
        Value::String(text) => text.clone(),
        _ => {
            let spoken = parts.iter().filter(|part| part["thought"] != true);
            let texts = spoken.filter_map(|part| part["text"].as_str().or_else(|| part["refusal"].as_str()));
            texts.collect::<Vec<_>>().join("\n")
        }
    };
    let mut message = Message::new(role, said);
    message.attachments = parts.iter().filter_map(attachment).collect();
    let thoughts: Vec<_> = parts.iter().filter(|part| is_thought(part)).cloned().collect();
    if !thoughts.is_empty() {
        message.carried = Some(Value::Array(thoughts));
    }
    message
}

fn is_thought(part: &Value) -> bool {
    let thinks = matches!(part["type"].as_str(), Some("thinking" | "redacted_thinking"));
    thinks || part["thought"] == true || part["thoughtSignature"].is_string()
}

fn attachment(part: &Value) -> Option<Attachment> {
    let inline = |media_type: &Value, data: &Value, name: &Value| Attachment {
        media_type: text(media_type),
        data: text(data),
        name: name.as_str().map(str::to_owned),
    };
    if part["inlineData"].is_object() {
        let data = &part["inlineData"];
        return Some(inline(&data["mimeType"], &data["data"], &data["displayName"]));
    }
    match part["type"].as_str()? {
        "image_url" => data_url(&part["image_url"]["url"], &Value::Null),
        "file" => data_url(&part["file"]["file_data"], &part["file"]["filename"]),
        "input_image" => data_url(&part["image_url"], &Value::Null),
        "input_file" => data_url(&part["file_data"], &part["filename"]),
        "image" | "document" => {
            let source = &part["source"];
            Some(inline(&source["media_type"], &source["data"], &part["title"]))
        }
        _ => None,
    }
}

fn data_url(url: &Value, name: &Value) -> Option<Attachment> {
    let (media_type, data) = url.as_str()?.strip_prefix("data:")?.split_once(";base64,")?;
    Some(Attachment {
        media_type: media_type.to_owned(),
        data: data.to_owned(),
        name: name.as_str().map(str::to_owned),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
