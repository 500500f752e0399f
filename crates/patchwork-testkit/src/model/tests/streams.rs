//! What answers say in each protocol.

use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;

use super::*;

fn usage() -> Usage {
    Usage { input_tokens: 90, output_tokens: 30, cached_tokens: 64, reasoning_tokens: 8, ..Usage::default() }
}

fn everything() -> Reply {
    Reply::text("Ça va…")
        .thinking("Greet back.", "c2lnbmVk")
        .and_tool_call("call_1", "look", r#"{"path":"a.py"}"#)
        .and_tool_call("call_2", "look", r#"{"path":"b.py"}"#)
        .usage(usage())
}

#[test]
fn chat_chunks_add_up_to_the_whole_answer() {
    let server = ModelServer::start(|_| everything());
    let whole = post_json(&server, CHAT, &hello(CHAT, false));
    let (head, body) = post(&server, CHAT, &hello(CHAT, true));
    assert!(head.contains("content-type: text/event-stream"), "{head}");
    let mut events: Vec<_> = events(&body).into_iter().map(|(_, data)| data).collect();
    assert_eq!(events.pop().unwrap(), "[DONE]");
    let last = events.pop().unwrap();
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &whole["usage"]));

    let delta = |event: &Value| event["choices"][0]["delta"].clone();
    assert_eq!(delta(&events[0]), json!({"role": "assistant", "content": "", "refusal": null}));
    let joined = |key: &str| -> String {
        events.iter().filter_map(|e| delta(e)[key].as_str().map(str::to_owned)).collect()
    };
    let message = &whole["choices"][0]["message"];
    assert_eq!(joined("content"), message["content"].as_str().unwrap());
    assert_eq!(joined("reasoning_content"), message["reasoning_content"].as_str().unwrap());
    for (index, call) in message["tool_calls"].as_array().unwrap().iter().enumerate() {
        let parts: Vec<_> = events
            .iter()
            .map(|e| delta(e)["tool_calls"][0].clone())
            .filter(|part| part["index"] == index)
            .collect();
        assert_eq!(
            (&parts[0]["id"], &parts[0]["function"]["name"]),
            (&call["id"], &call["function"]["name"])
        );
        let arguments: String =
            parts.iter().filter_map(|part| part["function"]["arguments"].as_str()).collect();
        assert_eq!(arguments, call["function"]["arguments"].as_str().unwrap());
    }
    assert_eq!(events.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
    assert!(events.iter().all(|event| event["usage"].is_null()));
}

#[test]
fn responses_events_are_numbered_and_end_with_the_whole_answer() {
    let server = ModelServer::start(|_| everything());
    let whole = post_json(&server, RESPONSES, &hello(RESPONSES, false));
    let events = events(&post(&server, RESPONSES, &hello(RESPONSES, true)).1);
    for (number, (name, data)) in events.iter().enumerate() {
        assert_eq!((&data["type"], &data["sequence_number"]), (&json!(name), &json!(number)));
    }
    let of = |name: &'static str| events.iter().filter(move |event| event.0 == name).map(|event| &event.1);
    let text: String = of("response.output_text.delta").filter_map(|data| data["delta"].as_str()).collect();
    assert_eq!(text, "Ça va…");
    let items: Vec<_> = of("response.output_item.done").map(|data| &data["item"]).collect();
    let end = &of("response.completed").next().unwrap()["response"];
    assert_eq!(json!(items), end["output"]);
    assert_eq!((&end["status"], &end["usage"]), (&whole["status"], &whole["usage"]));
    assert_eq!(events.first().unwrap().0, "response.created");
    assert_eq!(events.last().unwrap().0, "response.completed");
}

#[test]
fn messages_events_open_and_close_every_block() {
    let server = ModelServer::start(|_| everything());
    let whole = post_json(&server, MESSAGES, &hello(MESSAGES, false));
    let events = events(&post(&server, MESSAGES, &hello(MESSAGES, true)).1);
    assert!(events.iter().all(|(name, data)| data["type"] == *name));
    let of = |name: &'static str| events.iter().filter(move |event| event.0 == name).map(|event| &event.1);
    let kinds: Vec<_> = of("content_block_start").map(|data| data["content_block"]["type"].clone()).collect();
    assert_eq!(json!(kinds), json!(["thinking", "text", "tool_use", "tool_use"]));
    assert_eq!(of("content_block_stop").count(), 4);
    let joined = |key: &str| -> String {
        of("content_block_delta").filter_map(|data| data["delta"][key].as_str()).collect()
    };
    assert_eq!(joined("text"), "Ça va…");
    assert_eq!(joined("signature"), "c2lnbmVk");
    assert_eq!(joined("partial_json"), r#"{"path":"a.py"}{"path":"b.py"}"#);
    let end = of("message_delta").next().unwrap();
    assert_eq!((&end["delta"]["stop_reason"], &end["usage"]), (&json!("tool_use"), &whole["usage"]));
    assert_eq!(whole["usage"]["input_tokens"], 90 - 64);
    assert_eq!(of("ping").count(), 1);
    assert_eq!(events.last().unwrap().0, "message_stop");
}

#[test]
fn google_streams_answers_that_add_up() {
    let server = ModelServer::start(|_| everything());
    for prefix in ["/v1beta", "/v1/projects/p/locations/global/publishers/google"] {
        let path = |end: &str| format!("{prefix}/models/gemini-2.5-pro:{end}");
        let whole = post_json(&server, &path("generateContent"), &hello(GENERATE, false));
        let (_, body) = post(&server, &path("streamGenerateContent?alt=sse"), &hello(GENERATE, true));
        assert!(body.starts_with("data: ") && body.ends_with("\r\n\r\n"));
        let events = events(&body);
        let parts = |answer: &Value| answer["candidates"][0]["content"]["parts"].as_array().unwrap().clone();
        let all: Vec<_> = events.iter().flat_map(|(_, data)| parts(data)).collect();
        let text: String = all
            .iter()
            .filter(|part| part["thought"] != true)
            .filter_map(|part| part["text"].as_str())
            .collect();
        assert_eq!(text, "Ça va…");
        assert_eq!(json!(all[all.len() - 2..]), json!(parts(&whole)[2..]));
        let last = &events.last().unwrap().1;
        assert_eq!(last["usageMetadata"], whole["usageMetadata"]);
        assert_eq!(last["candidates"][0]["finishReason"], "STOP");
        assert!(server.requests().iter().all(|request| request.model == "gemini-2.5-pro"));
    }
}

#[test]
fn azure_names_the_model_in_the_path() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let path = "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21";
    let body = json!({"messages": [{"role": "user", "content": "hello"}]});
    assert_eq!(post_json(&server, path, &body)["choices"][0]["message"]["content"], "done");
    assert_eq!(server.requests()[0].model, "my-gpt");
    server.assert_polite();
}

#[test]
fn refusals_and_limits_have_each_protocols_words() {
    let server = ModelServer::start(|request| match request.index % 2 {
        0 => Reply::refusal("I can't."),
        _ => Reply::text("half an ans").finish(Finish::Length),
    });
    let two = |path: &str, stream: bool| {
        [0, 1].map(|_| {
            let events = events(&post(&server, path, &hello(path, stream)).1);
            let position = if path == CHAT { 3 } else { 1 };
            events[events.len() - position].1.clone()
        })
    };
    let [_, cut] = two(CHAT, true);
    assert_eq!(cut["choices"][0]["finish_reason"], "length");
    let [refused, cut] = two(RESPONSES, true);
    assert_eq!(refused["response"]["output"][0]["content"][0]["refusal"], "I can't.");
    assert_eq!(cut["response"]["incomplete_details"]["reason"], "max_output_tokens");
    let [refused, cut] = two(STREAM_GENERATE, true);
    assert_eq!(refused["candidates"][0]["finishReason"], "SAFETY");
    assert_eq!(cut["candidates"][0]["finishReason"], "MAX_TOKENS");

    let refused = post_json(&server, CHAT, &hello(CHAT, false));
    assert_eq!(refused["choices"][0]["message"]["refusal"], "I can't.");
    let cut = post_json(&server, MESSAGES, &hello(MESSAGES, false));
    assert_eq!(cut["stop_reason"], "max_tokens");
    let refused = post_json(&server, MESSAGES, &hello(MESSAGES, false));
    assert_eq!(refused["stop_reason"], "refusal");
}

#[test]
fn a_stream_can_fail_half_way_and_a_server_can_decline_to_stream() {
    let server = ModelServer::start(|_| Reply::text("half an ans").then_error(529, "overloaded"));
    let last = |path: &str| events(&post(&server, path, &hello(path, true)).1).pop().unwrap();
    assert_eq!(last(CHAT).1["error"]["message"], "overloaded");
    assert_eq!(last(RESPONSES).0, "error");
    assert_eq!(last(MESSAGES).1["error"]["type"], "overloaded_error");
    assert_eq!(last(STREAM_GENERATE).1["error"]["code"], 529);

    let server = ModelServer::start(|_| Reply::text("done").not_streamed());
    let (head, body) = post(&server, CHAT, &hello(CHAT, true));
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["object"], "chat.completion");
}
