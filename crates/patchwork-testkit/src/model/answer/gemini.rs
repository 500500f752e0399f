//! Google's `generateContent`, of the Gemini API and of Vertex AI.

use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::{Answer, Event, Events, arguments, pieces};
use crate::model::request::SeenRequest;

pub(super) fn whole(request: &SeenRequest, answer: &Answer) -> Value {
    let thought = answer.thought.iter().map(|thought| json!({"text": thought.text, "thought": true}));
    let text = answer.text.iter().map(|text| json!({"text": text}));
    let mut parts: Vec<_> = thought.chain(text).collect();
    parts.extend(calls(answer));
    sign(answer, &mut parts);
    let mut answered = response(request, answer.usage(request), parts);
    end(&mut answered, answer);
    answered
}

pub(super) fn events(request: &SeenRequest, answer: &Answer) -> Events {
    let usage = answer.usage(request);
    let frame = response(request, Usage { output_tokens: 0, reasoning_tokens: 0, ..usage }, Vec::new());
    let chunk = move |part: Value| {
        let mut chunk = frame.clone();
        chunk["candidates"][0]["content"]["parts"] = json!([part]);
        Event::unnamed(chunk)
    };
    let thoughts = answer.thought.iter().flat_map(|thought| pieces(&thought.text));
    let opening = thoughts.map(|text| chunk(json!({"text": text, "thought": true}))).collect();
    // As Google does, the signature comes with the first call or in an empty text at the end.
    let mut parts: Vec<_> = calls(answer).collect();
    if parts.is_empty() {
        parts.push(json!({"text": ""}));
    }
    sign(answer, &mut parts);
    let mut last = response(request, usage, parts);
    end(&mut last, answer);
    Events {
        opening,
        said: answer.text.clone().unwrap_or_default(),
        piece: Box::new(move |text| chunk(json!({"text": text}))),
        closing: vec![Event::unnamed(last)],
        failing: |status, message| Event::unnamed(error(status, message)),
        newline: "\r\n",
    }
}

pub(super) fn error(status: u16, message: &str) -> Value {
    let word = match status {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        429 => "RESOURCE_EXHAUSTED",
        500 => "INTERNAL",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        _ => "UNKNOWN",
    };
    json!({"error": {"code": status, "message": message, "status": word}})
}

fn calls(answer: &Answer) -> impl Iterator<Item = Value> {
    answer.tool_calls.iter().map(|call| {
        let mut said = json!({"name": call.name, "args": arguments(call)});
        // Older models of Google's name no call.
        if !call.id.is_empty() {
            said["id"] = json!(call.id);
        }
        json!({"functionCall": said})
    })
}

/// Puts the signature of the thought at the first call, or at the last part.
fn sign(answer: &Answer, parts: &mut [Value]) {
    let first_call = parts.iter().position(|part| part.get("functionCall").is_some());
    let at = first_call.unwrap_or(parts.len().saturating_sub(1));
    if let (Some(thought), Some(part)) = (&answer.thought, parts.get_mut(at)) {
        part["thoughtSignature"] = json!(thought.signature);
    }
}

fn response(request: &SeenRequest, usage: Usage, parts: Vec<Value>) -> Value {
    let mut content = json!({"role": "model"});
    if !parts.is_empty() {
        content["parts"] = json!(parts);
    }
    json!({
        "candidates": [{"content": content, "index": 0}],
        "usageMetadata": {
            "promptTokenCount": usage.input_tokens,
            "cachedContentTokenCount": usage.cached_tokens,
            "candidatesTokenCount": usage.output_tokens.saturating_sub(usage.reasoning_tokens),
            "thoughtsTokenCount": usage.reasoning_tokens,
            "totalTokenCount": usage.input_tokens + usage.output_tokens,
        },
        "modelVersion": request.model,
        "responseId": format!("response-{}", request.index),
    })
}

fn end(response: &mut Value, answer: &Answer) {
    let finish = answer.finish();
    let candidate = &mut response["candidates"][0];
    candidate["finishReason"] = json!(match &finish {
        _ if answer.refusal.is_some() => "SAFETY",
        Finish::Stop | Finish::ToolCalls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::ContentFilter => "SAFETY",
        Finish::Other(word) => word,
    });
    if let Some(refusal) = &answer.refusal {
        candidate["finishMessage"] = json!(refusal);
    }
}
