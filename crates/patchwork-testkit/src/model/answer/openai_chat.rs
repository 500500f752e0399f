//! Chat completions: OpenAI, Azure and all that are compatible with them.

use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::{Answer, CREATED, Data, Event, Events, pieces};
use crate::model::request::SeenRequest;

pub(super) fn whole(request: &SeenRequest, answer: &Answer) -> Value {
    let mut message = json!({"role": "assistant", "content": answer.text, "refusal": answer.refusal});
    if let Some(thought) = &answer.thought {
        message["reasoning_content"] = json!(thought.text);
    }
    if !answer.tool_calls.is_empty() {
        message["tool_calls"] = answer
            .tool_calls
            .iter()
            .map(|call| {
                json!({
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.name, "arguments": call.arguments},
                })
            })
            .collect();
    }
    json!({
        "id": id(request),
        "object": "chat.completion",
        "created": CREATED,
        "model": request.model,
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": word(&answer.finish()),
        }],
        "usage": usage(answer.usage(request)),
        "service_tier": "default",
    })
}

pub(super) fn events(request: &SeenRequest, answer: &Answer) -> Events {
    let with_usage = request.body["stream_options"]["include_usage"] == true;
    let mut frame = json!({
        "id": id(request),
        "object": "chat.completion.chunk",
        "created": CREATED,
        "model": request.model,
        "service_tier": "default",
        "choices": [],
    });
    if with_usage {
        frame["usage"] = Value::Null;
    }
    let last = with_usage.then(|| {
        let mut chunk = frame.clone();
        chunk["usage"] = usage(answer.usage(request));
        Event::unnamed(chunk)
    });
    let chunk = move |delta: Value, finish: Value| {
        let mut chunk = frame.clone();
        chunk["choices"] = json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]);
        Event::unnamed(chunk)
    };

    let first = if answer.text.is_some() { json!("") } else { Value::Null };
    let mut opening =
        vec![chunk(json!({"role": "assistant", "content": first, "refusal": null}), Value::Null)];
    for piece in answer.thought.iter().flat_map(|thought| pieces(&thought.text)) {
        opening.push(chunk(json!({"reasoning_content": piece}), Value::Null));
    }

    let mut closing = Vec::new();
    for (index, call) in answer.tool_calls.iter().enumerate() {
        let start = json!({
            "index": index,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        });
        closing.push(chunk(json!({"tool_calls": [start]}), Value::Null));
        for piece in pieces(&call.arguments) {
            let more = json!({"index": index, "function": {"arguments": piece}});
            closing.push(chunk(json!({"tool_calls": [more]}), Value::Null));
        }
    }
    closing.push(chunk(json!({}), json!(word(&answer.finish()))));
    closing.extend(last);
    closing.push(Event { name: None, data: Data::Word("[DONE]") });

    let key = if answer.refusal.is_some() { "refusal" } else { "content" };
    Events {
        opening,
        said: answer.said(),
        piece: Box::new(move |text| chunk(json!({key: text}), Value::Null)),
        closing,
        failing: |status, message| Event::unnamed(error(status, message)),
        newline: "\n",
    }
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let (kind, code) = match status {
        401 => ("invalid_request_error", json!("invalid_api_key")),
        404 => ("invalid_request_error", json!("model_not_found")),
        429 => ("requests", json!("rate_limit_exceeded")),
        500.. => ("server_error", Value::Null),
        _ => ("invalid_request_error", Value::Null),
    };
    json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
}

fn id(request: &SeenRequest) -> String {
    format!("chatcmpl-{}", request.index)
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.input_tokens,
        "completion_tokens": usage.output_tokens,
        "total_tokens": usage.input_tokens + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    })
}

fn word(finish: &Finish) -> &str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
        Finish::Other(word) => word,
    }
}
