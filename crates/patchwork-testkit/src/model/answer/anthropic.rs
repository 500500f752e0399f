//! Anthropic's Messages.

use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::{Answer, Event, Events, arguments, pieces};
use crate::model::request::SeenRequest;

pub(super) fn whole(request: &SeenRequest, answer: &Answer) -> Value {
    let thought = answer
        .thought
        .iter()
        .map(|thought| json!({"type": "thinking", "thinking": thought.text, "signature": thought.signature}));
    let text = answer.spoken().map(|text| json!({"type": "text", "text": text, "citations": null}));
    let calls = answer
        .tool_calls
        .iter()
        .map(|call| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": arguments(call)}));
    let mut message = message(request);
    message["content"] = thought.chain(text).chain(calls).collect();
    message["stop_reason"] = json!(stop_reason(answer));
    message["usage"] = usage(answer.usage(request));
    message
}

pub(super) fn events(request: &SeenRequest, answer: &Answer) -> Events {
    let said = usage(answer.usage(request));
    let mut start = message(request);
    start["usage"] = said.clone();
    start["usage"]["output_tokens"] = json!(1);
    let mut opening = vec![Event::typed("message_start", json!({"message": start}))];
    let mut closing = Vec::new();
    let mut index = 0;

    if let Some(thought) = &answer.thought {
        opening.push(block(index, json!({"type": "thinking", "thinking": "", "signature": ""})));
        for piece in pieces(&thought.text) {
            opening.push(delta(index, json!({"type": "thinking_delta", "thinking": piece})));
        }
        opening.push(delta(index, json!({"type": "signature_delta", "signature": thought.signature})));
        opening.push(stop(index));
        index += 1;
    }
    let spoken_at = index;
    if answer.spoken().is_some() {
        opening.push(block(index, json!({"type": "text", "text": ""})));
        closing.push(stop(index));
        index += 1;
    }
    opening.push(Event::typed("ping", json!({})));
    for call in &answer.tool_calls {
        closing
            .push(block(index, json!({"type": "tool_use", "id": call.id, "name": call.name, "input": {}})));
        closing.push(delta(index, json!({"type": "input_json_delta", "partial_json": ""})));
        for piece in pieces(&call.arguments) {
            closing.push(delta(index, json!({"type": "input_json_delta", "partial_json": piece})));
        }
        closing.push(stop(index));
        index += 1;
    }
    closing.push(Event::typed(
        "message_delta",
        json!({"delta": {"stop_reason": stop_reason(answer), "stop_sequence": null}, "usage": said}),
    ));
    closing.push(Event::typed("message_stop", json!({})));

    Events {
        opening,
        said: answer.said(),
        piece: Box::new(move |text| delta(spoken_at, json!({"type": "text_delta", "text": text}))),
        closing,
        failing: |status, message| Event::typed("error", error(status, message)),
        newline: "\n",
    }
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let kind = match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    };
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_test"})
}

fn message(request: &SeenRequest) -> Value {
    json!({
        "id": format!("msg_{}", request.index),
        "type": "message",
        "role": "assistant",
        "model": request.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": null,
    })
}

fn block(index: usize, block: Value) -> Event {
    Event::typed("content_block_start", json!({"index": index, "content_block": block}))
}

fn delta(index: usize, delta: Value) -> Event {
    Event::typed("content_block_delta", json!({"index": index, "delta": delta}))
}

fn stop(index: usize) -> Event {
    Event::typed("content_block_stop", json!({"index": index}))
}

fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.input_tokens.saturating_sub(usage.cached_tokens + usage.cache_write_tokens),
        "cache_creation_input_tokens": usage.cache_write_tokens,
        "cache_read_input_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"thinking_tokens": usage.reasoning_tokens},
    })
}

fn stop_reason(answer: &Answer) -> String {
    let word = match answer.finish() {
        _ if answer.refusal.is_some() => "refusal",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::ContentFilter => "refusal",
        Finish::Other(word) => return word,
    };
    word.to_owned()
}
