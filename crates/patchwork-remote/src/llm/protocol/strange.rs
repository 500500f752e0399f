//! Servers are strangers: whatever stands anywhere in what they send, a reader reads on or tells its trouble.

use serde_json::{Value, json};

use super::stage::hello;
use super::{Anthropic, Gemini, OpenAiChat, OpenAiResponses, Wire};

/// What may stand anywhere.
fn strange() -> [Value; 10] {
    [
        json!(null),
        json!(true),
        json!(-1),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("\u{0}x\u{1b}[31m\u{202e}"),
        json!([]),
        json!({}),
        json!([[{"type": "text"}]]),
    ]
}

fn places(value: &Value, here: &str, all: &mut Vec<String>) {
    all.push(here.to_owned());
    match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(key, value)| places(value, &format!("{here}/{key}"), all))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, value)| places(value, &format!("{here}/{at}"), all));
        }
        _ => {}
    }
}

/// Reads the events with every place of every one of them replaced by every strange value, and each event as a whole answer.
fn survives(wire: &dyn Wire, events: &[Value]) {
    for at in 0..events.len() {
        let mut all = Vec::new();
        places(&events[at], "", &mut all);
        for place in all {
            for value in strange() {
                let mut events = events.to_vec();
                *events[at].pointer_mut(&place).unwrap() = value;
                let mut reader = wire.reader(&hello());
                let _ = reader.whole(&events[at]);
                let mut reader = wire.reader(&hello());
                for event in &events {
                    if reader.event("", &event.to_string()).is_err() {
                        break;
                    }
                }
                let _ = reader.usage();
                if let Ok(said) = reader.finish() {
                    assert!(said.tool_calls.iter().all(|call| !call.id.is_empty() && !call.name.is_empty()));
                }
            }
        }
    }
}

#[test]
fn anthropic() {
    survives(
        &Anthropic,
        &[
            json!({"type": "message_start", "message": {"model": "m", "usage": {"input_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "hi"}}),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "a", "name": "look", "input": {}}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "{}"}}),
            json!({"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_details": {"explanation": "x"}}, "usage": {"output_tokens": 2}}),
            json!({"type": "message_stop"}),
        ],
    );
}

#[test]
fn gemini() {
    let parts = json!([
        {"text": "hi", "thought": true, "thoughtSignature": "s"},
        {"text": "hi"},
        {"functionCall": {"name": "look", "args": {"a": 1}, "id": "a"}, "thoughtSignature": "s"},
    ]);
    survives(
        &Gemini,
        &[
            json!({"candidates": [{"content": {"role": "model", "parts": parts}}], "modelVersion": "m"}),
            json!({"candidates": [{"finishReason": "STOP", "finishMessage": "x"}], "usageMetadata": {"promptTokenCount": 1, "thoughtsTokenCount": 2}}),
            json!({"promptFeedback": {"blockReason": "SAFETY", "blockReasonMessage": "x"}}),
        ],
    );
}

#[test]
fn openai_chat() {
    let call =
        json!({"index": 0, "id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}});
    survives(
        &OpenAiChat,
        &[
            json!({"model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hi", "reasoning_content": "x"}}]}),
            json!({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}),
            json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}),
            json!({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 1}}}),
        ],
    );
}

#[test]
fn openai_responses() {
    let usage = json!({"input_tokens": 1, "input_tokens_details": {"cached_tokens": 1}, "output_tokens": 2});
    survives(
        &OpenAiResponses,
        &[
            json!({"type": "response.output_text.delta", "delta": "hi"}),
            json!({"type": "response.output_item.done", "output_index": 0, "item": {"type": "reasoning", "id": "r", "encrypted_content": "e"}}),
            json!({"type": "response.output_item.done", "output_index": 1, "item": {"type": "message", "phase": "final_answer", "content": [{"type": "output_text", "text": "hi"}, {"type": "refusal", "refusal": "no"}]}}),
            json!({"type": "response.output_item.done", "output_index": 2, "item": {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{}"}}),
            json!({"type": "response.completed", "response": {"model": "m", "status": "completed", "incomplete_details": {"reason": "x"}, "output": [], "usage": usage}}),
        ],
    );
}
