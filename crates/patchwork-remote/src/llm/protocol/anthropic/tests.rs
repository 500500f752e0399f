//! Requests as Anthropic documents them, and its streams.

use patchwork_core::message::{Finish, Message, Role, ToolChoice};
use patchwork_core::port::provider::{OutputFormat, Parameters, ProviderErrorKind};
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::super::Wire as _;
use super::super::stage::{
    KEY, body, call, everything, heard, hello, look, result, score, sent, whole, with,
};
use super::*;

const NEW: &str = "claude-sonnet-5-5";
const OLD: &str = "claude-haiku-4-5-20251001";

fn asked(model: &str, request: &ChatRequest) -> Result<Value, String> {
    body(&Anthropic, "anthropic", model, request)
}

#[test]
fn a_conversation_is_written_in_turns() {
    let mut request = everything();
    request.parameters.max_tokens = Some(100);
    let sent = sent(&Anthropic, "anthropic", NEW, &request);
    assert_eq!(sent.url.as_str(), "https://api.anthropic.com/v1/messages");
    let header = |name: &str| sent.headers[name].to_str().unwrap();
    assert_eq!((header("x-api-key"), header("anthropic-version")), (KEY, "2023-06-01"));
    assert!(sent.headers["x-api-key"].is_sensitive());
    let cached = json!({"type": "ephemeral"});
    assert_eq!(
        sent.body,
        json!({
            "model": NEW,
            "max_tokens": 100,
            "stream": true,
            "system": [{"type": "text", "text": "be brief\n\nspeak English", "cache_control": cached}],
            "messages": [
                {"role": "user", "content": [
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                    {
                        "type": "document",
                        "source": {"type": "base64", "media_type": "application/pdf", "data": "BBBB"},
                        "title": "a.pdf",
                    },
                    {
                        "type": "document",
                        "source": {"type": "text", "media_type": "text/plain", "data": "fn"},
                        "title": "a.rs",
                    },
                    {"type": "text", "text": "what is this?"},
                ]},
                {"role": "assistant", "content": [
                    {"type": "text", "text": "let me see"},
                    {"type": "tool_use", "id": "a", "name": "look", "input": {"path": "a.rs"}},
                    {"type": "tool_use", "id": "b", "name": "look", "input": {"arguments": "{\"path\":"}},
                ]},
                {"role": "user", "content": [
                    {"type": "tool_result", "tool_use_id": "a", "content": "fn"},
                    {"type": "tool_result", "tool_use_id": "b"},
                    {"type": "text", "text": "and?", "cache_control": cached},
                ]},
            ],
            "tools": [{
                "name": "look",
                "input_schema": look().parameters,
                "description": "Looks at a file",
            }],
            "tool_choice": {"type": "auto"},
        })
    );
}

#[test]
fn a_prompt_that_may_never_come_again_is_not_cached() {
    let text = asked(NEW, &hello()).unwrap().to_string();
    assert!(!text.contains("cache_control"), "{text}");
    let none = ChatRequest { tools: vec![look()], tool_choice: Some(ToolChoice::None), ..hello() };
    let text = asked(NEW, &none).unwrap().to_string();
    assert!(!text.contains("cache_control") && text.contains(r#""tool_choice":{"type":"none"}"#), "{text}");
}

#[test]
fn vertex_has_the_model_in_its_path() {
    let mut destination = super::super::stage::destination("vertex", "claude-sonnet-4-5@20250929");
    let place = "https://aiplatform.googleapis.com/v1/projects/p/locations/global/publishers/anthropic/";
    destination.base = place.parse().unwrap();
    let request = ChatRequest { output: Some(score()), ..hello() };
    let sent = Anthropic.request(&destination, &request).unwrap();
    assert_eq!(sent.url.as_str(), format!("{place}models/claude-sonnet-4-5@20250929:streamRawPredict"));
    assert_eq!(sent.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(
        (&sent.body["anthropic_version"], sent.body.get("model")),
        (&json!("vertex-2023-10-16"), None)
    );
    let told = sent.body["system"][0]["text"].as_str().unwrap();
    assert!(told.contains("JSON Schema") && sent.body.get("output_config").is_none(), "{told}");
}

#[test]
fn an_answer_is_bound_to_a_schema_where_it_can_be() {
    let asked =
        |model, output: OutputFormat| asked(model, &ChatRequest { output: Some(output), ..hello() }).unwrap();
    let bound = asked(NEW, score());
    assert_eq!(bound["output_config"]["format"]["type"], "json_schema");
    assert_eq!(bound["output_config"]["format"]["schema"]["additionalProperties"], false);
    assert_eq!(bound.get("system"), None);
    let open = OutputFormat { name: "open".to_owned(), schema: Some(json!({"type": "object"})) };
    let any = OutputFormat { name: "any".to_owned(), schema: None };
    for (model, output) in [("claude-3-7-sonnet-latest", score()), (NEW, open), (NEW, any)] {
        let told = asked(model, output);
        assert!(told["system"][0]["text"].as_str().unwrap().contains("JSON"), "{told}");
        assert_eq!(told.get("output_config"), None);
    }
}

#[test]
fn effort_is_told_as_each_model_wants_it() {
    let asked = |model: &str, effort: &str, max_tokens| {
        let (reasoning_effort, max_tokens) = (Some(effort.to_owned()), Some(max_tokens));
        let body = asked(model, &with(Parameters { reasoning_effort, max_tokens, ..Parameters::default() }))?;
        Ok::<_, String>((body["thinking"].clone(), body["output_config"]["effort"].clone()))
    };
    let adaptive = json!({"type": "adaptive"});
    assert_eq!(asked(NEW, "high", 100), Ok((adaptive.clone(), json!("high"))));
    assert_eq!(asked(NEW, "minimal", 100), Ok((adaptive, json!("low"))));
    let budget = |tokens| Ok((json!({"type": "enabled", "budget_tokens": tokens}), Value::Null));
    assert_eq!(asked(OLD, "high", 10_000), budget(8_000));
    assert_eq!(asked(OLD, "low", 2_000), budget(1_024));
    assert_eq!(asked(OLD, "minimal", 100), Ok((Value::Null, Value::Null)));
    assert!(asked(OLD, "low", 1_024).unwrap_err().contains("`max_tokens` above 1024"));
    assert!(asked("claude-3-5-haiku-latest", "low", 10_000).unwrap_err().contains("does not reason"));
    assert!(asked("claude-sonnet-4-6", "xhigh", 10_000).unwrap_err().contains("`xhigh`"));
}

#[test]
fn what_can_not_be_said_is_refused() {
    let effort = || Some("high".to_owned());
    let forced = |reasoning_effort| ChatRequest {
        tools: vec![look()],
        tool_choice: Some(ToolChoice::Required),
        ..with(Parameters { reasoning_effort, ..Parameters::default() })
    };
    let usual = Parameters::default;
    for (model, request, word) in [
        (NEW, with(Parameters { seed: Some(1), ..usual() }), "`seed`"),
        (NEW, with(Parameters { frequency_penalty: Some(0.5), ..usual() }), "`frequency_penalty`"),
        (NEW, with(Parameters { presence_penalty: Some(0.5), ..usual() }), "`presence_penalty`"),
        (NEW, with(Parameters { logit_bias: [("1".to_owned(), 1.0)].into(), ..usual() }), "`logit_bias`"),
        (NEW, with(Parameters { logprobs: Some(0), ..usual() }), "`logprobs`"),
        (NEW, with(Parameters { temperature: Some(0.0), ..usual() }), "`temperature`"),
        (OLD, with(Parameters { temperature: Some(1.5), ..usual() }), "`temperature`"),
        (
            OLD,
            with(Parameters { temperature: Some(0.5), reasoning_effort: effort(), ..usual() }),
            "together with `reasoning_effort`",
        ),
        (OLD, forced(effort()), "together with `reasoning_effort`"),
        (NEW, forced(None), "can't be made to call a tool"),
        (NEW, ChatRequest { tool_choice: Some(ToolChoice::Required), ..hello() }, "there is none"),
    ] {
        let problem = asked(model, &request).unwrap_err();
        assert!(problem.contains(word), "{problem}");
    }
    let fine = with(Parameters { temperature: Some(0.5), stop: vec!["END".to_owned()], ..usual() });
    let body = asked(OLD, &fine).unwrap();
    assert_eq!(
        (&body["temperature"], &body["stop_sequences"], &body["max_tokens"]),
        (&json!(0.5), &json!(["END"]), &json!(8_192))
    );
    let named = ChatRequest {
        tools: vec![look()],
        tool_choice: Some(ToolChoice::Named("look".to_owned())),
        ..hello()
    };
    assert_eq!(asked(OLD, &named).unwrap()["tool_choice"], json!({"type": "tool", "name": "look"}));
}

fn start(input: u64) -> Value {
    json!({"type": "message_start", "message": {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5-5-20261001",
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": input, "cache_creation_input_tokens": 30, "cache_read_input_tokens": 500, "output_tokens": 1},
    }})
}

fn begin(at: u64, block: Value) -> Value {
    json!({"type": "content_block_start", "index": at, "content_block": block})
}

fn delta(at: u64, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": at, "delta": delta})
}

fn end(reason: &str) -> Value {
    json!({
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": null},
        "usage": {"output_tokens": 89, "output_tokens_details": {"thinking_tokens": 40}},
    })
}

fn stop() -> Value {
    json!({"type": "message_stop"})
}

#[test]
fn a_stream_with_thoughts_text_and_calls_is_read_and_goes_back_as_it_was() {
    let events = [
        start(25),
        begin(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        json!({"type": "ping"}),
        delta(0, json!({"type": "thinking_delta", "thinking": "Let me "})),
        delta(0, json!({"type": "thinking_delta", "thinking": "think"})),
        delta(0, json!({"type": "signature_delta", "signature": "EqQB"})),
        json!({"type": "content_block_stop", "index": 0}),
        begin(1, json!({"type": "redacted_thinking", "data": "secret"})),
        begin(2, json!({"type": "text", "text": ""})),
        delta(2, json!({"type": "text_delta", "text": "Grüß "})),
        delta(2, json!({"type": "citations_delta", "citation": {}})),
        delta(2, json!({"type": "text_delta", "text": "Gott"})),
        begin(3, json!({"type": "thing_of_tomorrow", "text": "no"})),
        delta(3, json!({"type": "text_delta", "text": "no"})),
        json!({"type": "event_of_tomorrow"}),
        begin(4, json!({"type": "tool_use", "id": "toolu_1", "name": "look", "input": {}})),
        delta(4, json!({"type": "input_json_delta", "partial_json": ""})),
        delta(4, json!({"type": "input_json_delta", "partial_json": "{\"path\": \"a"})),
        delta(4, json!({"type": "input_json_delta", "partial_json": ".rs\"}"})),
        begin(5, json!({"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}})),
        end("tool_use"),
        stop(),
    ];
    let said = heard(&Anthropic, &events).unwrap();
    assert_eq!((said.text.as_str(), &said.finish), ("Grüß Gott", &Finish::ToolCalls));
    assert_eq!(said.tool_calls, [call("toolu_1", "{\"path\": \"a.rs\"}"), call("toolu_2", "{}")]);
    assert_eq!(said.model, "claude-sonnet-5-5-20261001");
    let usage = Usage {
        input_tokens: 555,
        output_tokens: 89,
        cached_tokens: 500,
        cache_write_tokens: 30,
        reasoning_tokens: 40,
    };
    assert_eq!(said.usage, usage);

    let again = Message {
        tool_calls: said.tool_calls.clone(),
        carried: said.carried,
        ..Message::new(Role::Assistant, said.text)
    };
    let messages =
        vec![Message::new(Role::User, "hello"), again, result("toolu_1", "fn"), result("toolu_2", "?")];
    let body = asked(NEW, &ChatRequest { messages, tools: vec![look()], ..ChatRequest::default() }).unwrap();
    assert_eq!(
        body["messages"][1]["content"],
        json!([
            {"type": "thinking", "thinking": "Let me think", "signature": "EqQB"},
            {"type": "redacted_thinking", "data": "secret"},
            {"type": "text", "text": "Grüß Gott"},
            {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"path": "a.rs"}},
            {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}},
        ])
    );
}

#[test]
fn every_end_is_told() {
    for (reason, finish) in [
        ("end_turn", Finish::Stop),
        ("stop_sequence", Finish::Stop),
        ("max_tokens", Finish::Length),
        ("model_context_window_exceeded", Finish::Length),
        ("refusal", Finish::ContentFilter),
        ("pause_turn", Finish::Other("pause_turn".to_owned())),
    ] {
        assert_eq!(heard(&Anthropic, &[start(1), end(reason), stop()]).unwrap().finish, finish);
        let body = json!({"content": [{"type": "text", "text": "hi"}], "stop_reason": reason, "model": "m", "usage": {"input_tokens": 3}});
        let said = whole(&Anthropic, &body).unwrap();
        assert_eq!((said.finish, said.text.as_str(), said.usage.input_tokens), (finish, "hi", 3));
    }
    let mut refused = end("refusal");
    refused["delta"]["stop_details"] =
        json!({"type": "refusal", "category": "cyber", "explanation": "It may harm."});
    assert_eq!(heard(&Anthropic, &[start(1), refused, stop()]).unwrap().text, "It may harm.");
}

#[test]
fn an_answer_without_its_end_is_cut_and_errors_inside_keep_their_class() {
    let text = || [start(1), begin(0, json!({"type": "text", "text": "half"}))];
    assert_eq!(heard(&Anthropic, &text()).unwrap_err(), Trouble::cut());
    let [first, second] = text();
    let said = heard(&Anthropic, &[first, second, end("end_turn")]).unwrap();
    assert_eq!(said.text, "half", "it said that it was all");

    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let trouble = heard(&Anthropic, &[start(1), overloaded.clone()]).unwrap_err();
    assert_eq!((trouble.kind, trouble.again), (ProviderErrorKind::Server, true));
    assert_eq!(whole(&Anthropic, &overloaded).unwrap_err().kind, ProviderErrorKind::Server);
    assert_eq!(whole(&Anthropic, &json!({})).unwrap_err().kind, ProviderErrorKind::Malformed);
    let mut reader = Anthropic.reader(&hello());
    assert_eq!(reader.event("ping", "{").unwrap_err().kind, ProviderErrorKind::Malformed);
}

#[test]
fn counts_are_told_only_when_they_are_the_last() {
    let mut reader = Anthropic.reader(&hello());
    reader.event("", &start(1).to_string()).unwrap();
    assert_eq!(reader.usage(), None);
    reader.event("", &end("end_turn").to_string()).unwrap();
    assert_eq!(reader.usage().unwrap().output_tokens, 89);
}

#[test]
fn endless_blocks_come_to_an_end() {
    let mut reader = Anthropic.reader(&hello());
    let trouble = (0..u64::MAX)
        .find_map(|at| reader.event("", &begin(at, json!({"type": "redacted_thinking"})).to_string()).err())
        .unwrap();
    assert!(!trouble.again && trouble.problem.contains("too much"), "{trouble:?}");
}
