use axum::http::Request;
use serde_json::Value;

use super::*;

const VERTEX_PATH: &str = "/v1/projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro:streamGenerateContent?alt=sse";

fn fault(path: &str, body: &Value) -> String {
    let (head, ()) = Request::builder().uri(path).body(()).unwrap().into_parts();
    let shape = Shape::of_path(head.uri.path()).unwrap();
    SeenRequest::new(0, shape, &head, body.to_string().as_bytes()).fault().unwrap_or_default()
}

/// A request with a conversation about a tool, a schema and settings, as the vendor's reference shows them.
fn chat() -> (&'static str, Value) {
    let schema = json!({"type": "object", "properties": {"sky": {"type": "string"}}, "required": ["sky"], "additionalProperties": false});
    let body = json!({
        "model": "gpt-5",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is the weather where this was taken?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "auto"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="}},
            ]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": "{\"city\":\"Paris\"}"}},
            ]},
            {"role": "tool", "tool_call_id": "call_1", "content": "sunny"},
        ],
        "tools": [{"type": "function", "function": {
            "name": "get_weather", "description": "The weather", "strict": true,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        }}],
        "tool_choice": {"type": "function", "function": {"name": "get_weather"}},
        "response_format": {"type": "json_schema", "json_schema": {"name": "weather", "strict": true, "schema": schema}},
        "max_completion_tokens": 100, "temperature": 0.2, "top_p": 0.9, "seed": 7, "stop": ["END"],
        "frequency_penalty": 0.1, "presence_penalty": -0.1, "logit_bias": {"50256": -100}, "logprobs": true, "top_logprobs": 2,
        "reasoning_effort": "low",
        "stream": true, "stream_options": {"include_usage": true},
    });
    ("/v1/chat/completions", body)
}

fn responses() -> (&'static str, Value) {
    let body = json!({
        "model": "gpt-5",
        "instructions": "Be brief.",
        "input": [
            {"role": "user", "content": [
                {"type": "input_text", "text": "What is the weather where this was taken?"},
                {"type": "input_image", "image_url": "data:image/png;base64,aGk=", "detail": "auto"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,aGk="},
            ]},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
            {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{\"city\":\"Paris\"}"},
            {"type": "function_call_output", "call_id": "call_1", "output": "sunny"},
        ],
        "tools": [{
            "type": "function", "name": "get_weather", "description": "The weather", "strict": false,
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        }],
        "tool_choice": "required",
        "text": {"format": {"type": "json_schema", "name": "weather", "strict": true, "schema": {"type": "object"}}},
        "max_output_tokens": 100, "reasoning": {"effort": "low"}, "store": false, "include": ["reasoning.encrypted_content"],
        "stream": true,
    });
    ("/v1/responses", body)
}

fn messages() -> (&'static str, Value) {
    let body = json!({
        "model": "claude-sonnet-4-5",
        "max_tokens": 2048,
        "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "aGk="}, "title": "a.pdf"},
                {"type": "text", "text": "What is the weather where this was taken?"},
            ]},
            {"role": "assistant", "content": [
                {"type": "thinking", "thinking": "Paris.", "signature": "c2ln"},
                {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}},
            ]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}]},
        ],
        "tools": [{"name": "get_weather", "description": "The weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}],
        "tool_choice": {"type": "auto"},
        "output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "stop_sequences": ["END"], "temperature": 1.0, "top_p": 0.95, "stream": true,
    });
    ("/v1/messages", body)
}

fn generate() -> Value {
    json!({
        "systemInstruction": {"parts": [{"text": "Be brief."}]},
        "contents": [
            {"role": "user", "parts": [
                {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
                {"text": "What is the weather where this was taken?"},
            ]},
            {"role": "model", "parts": [
                {"functionCall": {"name": "get_weather", "args": {"city": "Paris"}}, "thoughtSignature": "c2ln"},
            ]},
            {"role": "user", "parts": [{"functionResponse": {"name": "get_weather", "response": {"output": "sunny"}}}]},
        ],
        "tools": [{"functionDeclarations": [{
            "name": "get_weather", "description": "The weather",
            "parameters": {"type": "OBJECT", "properties": {"city": {"type": "STRING"}}, "required": ["city"]},
        }]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["get_weather"]}},
        "generationConfig": {
            "temperature": 0.2, "topP": 0.9, "maxOutputTokens": 100, "stopSequences": ["END"], "seed": 7,
            "responseMimeType": "application/json", "responseJsonSchema": {"type": "object"},
            "thinkingConfig": {"thinkingBudget": 512, "includeThoughts": false},
        },
    })
}

fn gemini() -> (&'static str, Value) {
    ("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", generate())
}

fn vertex() -> (&'static str, Value) {
    (VERTEX_PATH, generate())
}

#[test]
fn what_the_vendors_document_is_allowed() {
    for (path, body) in [chat(), responses(), messages(), gemini(), vertex()] {
        assert_eq!(fault(path, &body), "", "{path}");
    }
    let deployment = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21";
    assert_eq!(fault(deployment, &json!({"messages": [{"role": "user", "content": "hello"}]})), "");
}

/// Replaces what `pointer` names, or adds it to its object.
fn with((path, mut body): (&'static str, Value), pointer: &str, value: Value) -> String {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match body.pointer_mut(parent).unwrap() {
        Value::Array(items) => items[key.parse::<usize>().unwrap()] = value,
        object => object[key] = value,
    }
    fault(path, &body)
}

fn without((path, mut body): (&'static str, Value), pointer: &str) -> String {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
    fault(path, &body)
}

#[test]
fn unknown_fields_are_named_wherever_they_are() {
    let unknown = |field: &str| format!("Additional properties are not allowed ('{field}' was unexpected)");
    for request in [chat, responses, messages, gemini, vertex] {
        assert_eq!(with(request(), "/num_ctx", json!(1)), unknown("num_ctx"));
    }
    let deep = [
        (with(chat(), "/messages/3/name", json!("x")), "messages.3", "name"),
        (
            with(chat(), "/messages/1/content/0/cache_control", json!({})),
            "messages.1.content.0",
            "cache_control",
        ),
        (with(chat(), "/tools/0/function/schema", json!({})), "tools.0.function", "schema"),
        (with(responses(), "/input/2/id_", json!("x")), "input.2", "id_"),
        (with(responses(), "/text/format/json_schema", json!({})), "text.format", "json_schema"),
        (with(messages(), "/messages/1/content/1/index", json!(0)), "messages.1.content.1", "index"),
        (with(messages(), "/tools/0/parameters", json!({})), "tools.0", "parameters"),
        (with(gemini(), "/contents/0/parts/1/type", json!("text")), "contents.0.parts.1", "type"),
        (with(gemini(), "/generationConfig/maxTokens", json!(1)), "generationConfig", "maxTokens"),
        (with(vertex(), "/generationConfig/maxTokens", json!(1)), "generationConfig", "maxTokens"),
    ];
    for (said, place, field) in deep {
        assert_eq!(said, format!("{place}: {}", unknown(field)));
    }
}

#[test]
fn values_of_a_wrong_type_or_out_of_bounds_are_named() {
    let starts = [
        (with(chat(), "/max_completion_tokens", json!("100")), "max_completion_tokens: "),
        (with(chat(), "/messages/3/content", json!(7)), "messages.3.content: "),
        (
            with(chat(), "/messages/2/tool_calls/0/function/arguments", json!({})),
            "messages.2.tool_calls.0.function.arguments: ",
        ),
        (with(chat(), "/messages/0/role", json!("robot")), "messages.0: "),
        (with(chat(), "/temperature", json!(2.5)), "temperature: "),
        (with(chat(), "/reasoning_effort", json!("hard")), "reasoning_effort: "),
        (with(chat(), "/tools/0/function/name", json!("get weather")), "tools.0.function.name: "),
        (with(chat(), "/stop", json!(["a", "b", "c", "d", "e"])), "stop: "),
        (with(responses(), "/max_output_tokens", json!(1)), "max_output_tokens: "),
        (with(responses(), "/input/3/output", json!(7)), "input.3.output: "),
        (with(responses(), "/include/0", json!("everything")), "include.0: "),
        (with(messages(), "/max_tokens", json!(0)), "max_tokens: "),
        (with(messages(), "/messages/0/content/2/text", json!("")), "messages.0.content.2.text: "),
        (with(messages(), "/messages/1/content/1/input", json!("{}")), "messages.1.content.1.input: "),
        (with(messages(), "/tool_choice", json!("auto")), "tool_choice: "),
        (with(gemini(), "/generationConfig/seed", json!("7")), "generationConfig.seed: "),
        (
            with(gemini(), "/toolConfig/functionCallingConfig/mode", json!("SOME")),
            "toolConfig.functionCallingConfig.mode: ",
        ),
        (
            with(gemini(), "/contents/0/parts/0/inlineData/data", json!("not base64!")),
            "contents.0.parts.0.inlineData.data: ",
        ),
        (
            with(gemini(), "/contents/0/parts/0/text", json!("both")),
            "contents.0.parts.0: has fields that exclude",
        ),
        (with(vertex(), "/generationConfig/temperature", json!("hot")), "generationConfig.temperature: "),
    ];
    for (said, start) in starts {
        assert!(said.starts_with(start), "{said:?} should start with {start:?}");
    }
}

#[test]
fn missing_fields_are_named() {
    let missing = [
        (without(chat(), "/messages"), "\"messages\" is a required property"),
        (without(chat(), "/messages/3/tool_call_id"), "messages.3: \"tool_call_id\" is a required property"),
        (
            without(chat(), "/response_format/json_schema/name"),
            "response_format.json_schema: \"name\" is a required property",
        ),
        (without(responses(), "/input"), "\"input\" is a required property"),
        (without(responses(), "/input/3/output"), "input.3: \"output\" is a required property"),
        (without(messages(), "/max_tokens"), "\"max_tokens\" is a required property"),
        (without(messages(), "/tools/0/input_schema"), "tools.0: \"input_schema\" is a required property"),
        (
            without(messages(), "/messages/2/content/0/tool_use_id"),
            "messages.2.content.0: \"tool_use_id\" is a required property",
        ),
        (without(gemini(), "/contents"), "\"contents\" is a required property"),
        (
            without(gemini(), "/contents/2/parts/0/functionResponse/response"),
            "contents.2.parts.0.functionResponse: \"response\" is a required property",
        ),
        (without(vertex(), "/contents"), "\"contents\" is a required property"),
    ];
    for (said, expected) in missing {
        assert_eq!(said, expected);
    }
}
