//! OpenAI's Responses.

use patchwork_core::message::{Finish, ToolCall};
use serde_json::{Value, json};

use super::{Answer, CREATED, Event, Events, Thought, openai_chat, pieces};
use crate::model::request::SeenRequest;

pub(super) fn whole(request: &SeenRequest, answer: &Answer) -> Value {
    let thought = answer.thought.as_ref().map(|thought| reasoning(request, thought));
    let message = answer.spoken().map(|_| message(request, answer));
    let calls = answer.tool_calls.iter().map(|call| function_call(call, "completed"));
    let output: Vec<_> = thought.into_iter().chain(message).chain(calls).collect();

    let finish = answer.finish();
    let reason = match &finish {
        Finish::Stop | Finish::ToolCalls => None,
        Finish::Length => Some("max_output_tokens"),
        Finish::ContentFilter => Some("content_filter"),
        Finish::Other(word) => Some(word.as_str()),
    };
    let usage = answer.usage(request);
    let mut response = response(request, if reason.is_some() { "incomplete" } else { "completed" });
    response["incomplete_details"] = reason.map_or(Value::Null, |reason| json!({"reason": reason}));
    response["output"] = json!(output);
    response["usage"] = json!({
        "input_tokens": usage.input_tokens,
        "input_tokens_details": {"cached_tokens": usage.cached_tokens},
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.input_tokens + usage.output_tokens,
    });
    response
}

pub(super) fn events(request: &SeenRequest, answer: &Answer) -> Events {
    let started = response(request, "in_progress");
    let mut opening = vec![
        numbered("response.created", json!({"response": started})),
        numbered("response.in_progress", json!({"response": started})),
    ];
    let mut closing = Vec::new();
    let mut index = 0;

    if let Some(thought) = &answer.thought {
        opening.extend(reasoning_events(request, thought, index));
        index += 1;
    }

    let spoken_at = index;
    let message_id = message_id(request);
    if let Some(spoken) = answer.spoken() {
        let item = message(request, answer);
        let mut empty = item.clone();
        empty["status"] = json!("in_progress");
        empty["content"] = json!([]);
        opening.push(item_event("response.output_item.added", index, &empty));
        let (done, key) = match answer.refusal {
            Some(_) => ("response.refusal.done", "refusal"),
            None => ("response.output_text.done", "text"),
        };
        let mut part = item["content"][0].clone();
        let mut text = json!({key: spoken});
        if key == "text" {
            text["logprobs"] = json!([]);
        }
        closing.push(part_event(done, &message_id, index, text));
        closing.push(part_event("response.content_part.done", &message_id, index, json!({"part": part})));
        closing.push(item_event("response.output_item.done", index, &item));
        part[key] = json!("");
        opening.push(part_event("response.content_part.added", &message_id, index, json!({"part": part})));
        index += 1;
    }

    for call in &answer.tool_calls {
        closing.extend(call_events(call, index));
        index += 1;
    }
    let end = whole(request, answer);
    let name = if end["status"] == "completed" { "response.completed" } else { "response.incomplete" };
    closing.push(numbered(name, json!({"response": end})));

    let refusing = answer.refusal.is_some();
    Events {
        opening,
        said: answer.said(),
        piece: Box::new(move |text| {
            if refusing {
                part_event("response.refusal.delta", &message_id, spoken_at, json!({"delta": text}))
            } else {
                let data = json!({"delta": text, "logprobs": []});
                part_event("response.output_text.delta", &message_id, spoken_at, data)
            }
        }),
        closing,
        failing: |status, message| {
            let error = openai_chat::error(status, message);
            let code = &error["error"]["code"];
            numbered("error", json!({"code": code, "message": message, "param": null}))
        },
        newline: "\n",
    }
}

fn response(request: &SeenRequest, status: &str) -> Value {
    let sent = &request.body;
    let or = |key: &str, default: Value| sent.get(key).cloned().unwrap_or(default);
    json!({
        "id": format!("resp_{}", request.index),
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": null,
        "incomplete_details": null,
        "instructions": sent["instructions"],
        "max_output_tokens": sent["max_output_tokens"],
        "metadata": {},
        "model": request.model,
        "output": [],
        "parallel_tool_calls": or("parallel_tool_calls", json!(true)),
        "previous_response_id": null,
        "reasoning": or("reasoning", json!({"effort": null, "summary": null})),
        "store": or("store", json!(true)),
        "temperature": or("temperature", json!(1.0)),
        "text": or("text", json!({"format": {"type": "text"}})),
        "tool_choice": or("tool_choice", json!("auto")),
        "tools": or("tools", json!([])),
        "top_p": or("top_p", json!(1.0)),
        "truncation": "disabled",
        "usage": null,
    })
}

fn message_id(request: &SeenRequest) -> String {
    format!("msg_{}", request.index)
}

fn message(request: &SeenRequest, answer: &Answer) -> Value {
    let part = match &answer.refusal {
        Some(refusal) => json!({"type": "refusal", "refusal": refusal}),
        None => json!({"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}),
    };
    json!({
        "id": message_id(request),
        "type": "message",
        "status": if answer.finish == Finish::Length { "incomplete" } else { "completed" },
        "role": "assistant",
        "content": [part],
    })
}

fn function_call(call: &ToolCall, status: &str) -> Value {
    json!({
        "id": format!("fc_{}", call.id),
        "type": "function_call",
        "status": status,
        "arguments": if status == "completed" { &call.arguments } else { "" },
        "call_id": call.id,
        "name": call.name,
    })
}

fn reasoning(request: &SeenRequest, thought: &Thought) -> Value {
    json!({
        "id": format!("rs_{}", request.index),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": thought.text}],
        "encrypted_content": thought.signature,
    })
}

fn reasoning_events(request: &SeenRequest, thought: &Thought, index: usize) -> Vec<Event> {
    let item = reasoning(request, thought);
    let mut empty = item.clone();
    empty["summary"] = json!([]);
    let event = |name: &'static str, key: &str, value: Value| {
        let data = json!({"item_id": item["id"], "output_index": index, "summary_index": 0, key: value});
        numbered(name, data)
    };
    let mut events = vec![item_event("response.output_item.added", index, &empty)];
    let part = |text: &str| json!({"type": "summary_text", "text": text});
    events.push(event("response.reasoning_summary_part.added", "part", part("")));
    for piece in pieces(&thought.text) {
        events.push(event("response.reasoning_summary_text.delta", "delta", json!(piece)));
    }
    events.push(event("response.reasoning_summary_text.done", "text", json!(thought.text)));
    events.push(event("response.reasoning_summary_part.done", "part", part(&thought.text)));
    events.push(item_event("response.output_item.done", index, &item));
    events
}

fn call_events(call: &ToolCall, index: usize) -> Vec<Event> {
    let item = function_call(call, "completed");
    let event = |name: &'static str, mut data: Value| {
        data["item_id"] = item["id"].clone();
        data["output_index"] = json!(index);
        numbered(name, data)
    };
    let mut events =
        vec![item_event("response.output_item.added", index, &function_call(call, "in_progress"))];
    for piece in pieces(&call.arguments) {
        events.push(event("response.function_call_arguments.delta", json!({"delta": piece})));
    }
    let done = json!({"arguments": call.arguments, "name": call.name});
    events.push(event("response.function_call_arguments.done", done));
    events.push(item_event("response.output_item.done", index, &item));
    events
}

fn item_event(name: &'static str, index: usize, item: &Value) -> Event {
    numbered(name, json!({"output_index": index, "item": item}))
}

fn part_event(name: &'static str, item: &str, index: usize, mut data: Value) -> Event {
    data["item_id"] = json!(item);
    data["output_index"] = json!(index);
    data["content_index"] = json!(0);
    numbered(name, data)
}

/// An event that gets its number when it is sent.
fn numbered(name: &'static str, mut data: Value) -> Event {
    data["sequence_number"] = Value::Null;
    Event::typed(name, data)
}
