use axum::http::Request;
use serde_json::json;

use super::*;

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/v1/messages";
const GENERATE: &str = "/v1beta/models/m:generateContent";

fn seen(path: &str, body: &Value) -> SeenRequest {
    let (head, ()) = Request::builder().uri(path).header("X-Other", "other").body(()).unwrap().into_parts();
    SeenRequest::new(0, Shape::of_path(head.uri.path()).unwrap(), &head, body.to_string().as_bytes())
}

fn violation(path: &str, body: &Value) -> String {
    seen(path, body).violation().unwrap_or_default()
}

/// A system text, an image, a call of a tool with its result, settings: the same in every protocol.
fn conversations() -> [SeenRequest; 4] {
    let schema = json!({"type": "object"});
    let url = "data:image/png;base64,aGk=";
    let chat = json!({
        "model": "m", "max_completion_tokens": 9,
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "hello"}]},
            {"role": "assistant", "content": "wait", "tool_calls": [
                {"id": "look", "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}},
            ]},
            {"role": "tool", "tool_call_id": "look", "content": "{\"output\":2}"},
        ],
        "tools": [{"type": "function", "function": {"name": "look", "description": "Looks", "parameters": schema}}],
        "response_format": {"type": "json_schema", "json_schema": {"name": "form", "schema": schema}},
    });
    let responses = json!({
        "model": "m", "max_output_tokens": 9, "instructions": "be brief",
        "input": [
            {"role": "user", "content": [{"type": "input_image", "image_url": url}, {"type": "input_text", "text": "hello"}]},
            {"role": "assistant", "content": "wait"},
            {"type": "function_call", "call_id": "look", "name": "look", "arguments": "{\"at\":1}"},
            {"type": "function_call_output", "call_id": "look", "output": "{\"output\":2}"},
        ],
        "tools": [{"type": "function", "name": "look", "description": "Looks", "parameters": schema}],
        "text": {"format": {"type": "json_schema", "name": "form", "schema": schema}},
    });
    let messages = json!({
        "model": "m", "max_tokens": 9, "system": "be brief",
        "messages": [
            {"role": "user", "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "aGk="}},
                {"type": "text", "text": "hello"},
            ]},
            {"role": "assistant", "content": [
                {"type": "text", "text": "wait"},
                {"type": "tool_use", "id": "look", "name": "look", "input": {"at": 1}},
            ]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "look", "content": "{\"output\":2}"}]},
        ],
        "tools": [{"name": "look", "description": "Looks", "input_schema": schema}],
        "output_config": {"format": {"type": "json_schema", "schema": schema}},
    });
    let generate = json!({
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [{"inlineData": {"mimeType": "image/png", "data": "aGk="}}, {"text": "hello"}]},
            {"role": "model", "parts": [{"text": "wait"}, {"functionCall": {"name": "look", "args": {"at": 1}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "look", "response": {"output": 2}}}]},
        ],
        "tools": [{"functionDeclarations": [{"name": "look", "description": "Looks", "parametersJsonSchema": schema}]}],
        "generationConfig": {"maxOutputTokens": 9, "responseJsonSchema": schema},
    });
    [seen(CHAT, &chat), seen(RESPONSES, &responses), seen(MESSAGES, &messages), seen(GENERATE, &generate)]
}

#[test]
fn the_same_conversation_is_read_from_every_protocol() {
    let conversations = conversations();
    for request in &conversations {
        let shape = request.shape;
        assert_eq!(request.violation(), None, "{shape:?}");
        assert_eq!((request.system(), request.user()), ("be brief", "hello"), "{shape:?}");
        assert_eq!(request.texts(), ["be brief", "hello", "wait", "{\"output\":2}"], "{shape:?}");
        assert_eq!(request.messages, conversations[0].messages, "{shape:?}");
        assert_eq!((request.model.as_str(), request.max_tokens(), request.streams()), ("m", Some(9), false));
        assert_eq!(request.tools(), conversations[0].tools(), "{shape:?}");
        assert_eq!(request.schema(), Some(&json!({"type": "object"})), "{shape:?}");
    }
    let [image, call, result] = [1, 2, 3].map(|at| &conversations[0].messages[at]);
    assert_eq!(
        (image.attachments[0].media_type.as_str(), image.attachments[0].data.as_str()),
        ("image/png", "aGk=")
    );
    assert_eq!(
        (call.tool_calls[0].name.as_str(), call.tool_calls[0].arguments.as_str()),
        ("look", "{\"at\":1}")
    );
    assert_eq!(result.tool_call_id.as_deref(), Some("look"));
    assert_eq!(conversations[0].tools()[0].description, "Looks");
}

#[test]
fn a_model_is_named_in_the_body_or_the_path() {
    let body = json!({"contents": [{"parts": [{"text": "hello"}]}], "messages": [{"role": "user", "content": "hello"}]});
    let vertex = "/v1/projects/p/locations/l/publishers/google/models/gemini-3:streamGenerateContent?alt=sse";
    assert_eq!(seen(vertex, &body).model, "gemini-3");
    assert!(seen(vertex, &body).streams());
    let azure = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21";
    assert_eq!(seen(azure, &body).model, "my-gpt");
    assert_eq!(violation(CHAT, &body), "no model is named");
}

#[test]
fn impolite_requests_are_named() {
    let violation = |messages: Value| violation(CHAT, &json!({"model": "m", "messages": messages}));
    let user = json!({"role": "user", "content": "hello"});
    let system = json!({"role": "system", "content": "be brief"});
    assert_eq!(violation(json!([])), "there is no message to answer");
    assert_eq!(violation(json!([{"role": "user", "content": " "}])), "message 0 has no text");
    assert_eq!(violation(json!([user, {"role": "assistant", "content": ""}, user])), "message 1 has no text");
    assert!(violation(json!([system, system, user])).starts_with("message 1 is a system message"));
    assert!(violation(json!([user, system])).starts_with("message 1 is a system message"));
}

#[test]
fn limits_and_streams_are_asked_for_as_the_vendor_wants() {
    let said = json!([{"role": "user", "content": "hello"}]);
    assert_eq!(violation(MESSAGES, &json!({"model": "m", "messages": said})), "max_tokens: Field required");
    let body = json!({"contents": [{"parts": [{"text": "hello"}]}]});
    let stream = "/v1beta/models/m:streamGenerateContent";
    assert!(violation(stream, &body).starts_with("without alt=sse"));
    assert_eq!(violation(&format!("{stream}?alt=sse"), &body), "");
}

#[test]
fn calls_of_tools_and_their_results_belong_together() {
    let user = json!({"role": "user", "content": "hello"});
    let call = |ids: &[&str]| {
        let calls: Vec<_> = ids
            .iter()
            .map(|id| json!({"id": id, "type": "function", "function": {"name": "look", "arguments": "{}"}}))
            .collect();
        json!({"role": "assistant", "content": null, "tool_calls": calls})
    };
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": ""});
    let violation = |messages: &[Value]| violation(CHAT, &json!({"model": "m", "messages": messages}));
    let asked = |messages: &[Value]| violation(&[std::slice::from_ref(&user), messages].concat());

    assert_eq!(asked(&[call(&["a", "b"]), result("b"), result("a"), user.clone()]), "");
    assert!(asked(&[result("a")]).starts_with("message 1 answers the tool call \"a\", which is not open"));
    assert!(asked(&[call(&["a"]), result("a"), result("a")]).contains("message 3 answers"));
    assert!(asked(&[call(&["a"]), result("")]).contains("the tool call \"\""));
    assert_eq!(asked(&[call(&["a", "a"]), result("a")]), "message 1 repeats the tool call id \"a\"");
    assert!(asked(&[call(&["a"]), result("a"), call(&["a"]), result("a")]).starts_with("message 3 repeats"));
    assert_eq!(asked(&[call(&["a"]), user.clone()]), "the tool call \"a\" has no answer before message 2");
    assert_eq!(asked(&[call(&["a"])]), "the tool call \"a\" has no answer");

    // Google's calls have no id by nature.
    let twice = json!({"contents": [
        {"role": "user", "parts": [{"text": "hello"}]},
        {"role": "model", "parts": [{"functionCall": {"name": "look"}}, {"functionCall": {"name": "look"}}]},
        {"role": "user", "parts": [{"functionResponse": {"name": "look"}}, {"functionResponse": {"name": "look"}}]},
    ]});
    assert_eq!(self::violation(GENERATE, &twice), "");
}

#[test]
fn a_secret_is_found_wherever_it_is() {
    let body =
        json!({"model": "m", "messages": [{"role": "user", "content": "the key is key\n\"in\"-the-body"}]});
    let request = seen("/v1/chat/completions?key=key-in-the-path", &body);
    assert_eq!(request.place_of("key-in-the-path").as_deref(), Some("path"));
    assert_eq!(request.place_of("key\n\"in\"-the-body").as_deref(), Some("body"));
    assert_eq!(request.place_of("other").as_deref(), Some("header x-other"));
    assert_eq!(request.place_of("nowhere"), None);
}
