//! Requests as OpenAI documents them, and its streams.

use patchwork_core::message::{Finish, Message, Role, ToolChoice};
use patchwork_core::port::provider::{OutputFormat, Parameters, ProviderErrorKind};
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::super::stage::{
    KEY, body, call, everything, heard, hello, look, result, score, sent, whole, with,
};
use super::*;

const THINKING: &str = "gpt-6-sol";
const PLAIN: &str = "gpt-4.1";

fn asked(model: &str, request: &ChatRequest) -> Result<Value, String> {
    body(&OpenAiResponses, "openai", model, request)
}

#[test]
fn a_conversation_is_written_in_items() {
    let sent = sent(&OpenAiResponses, "openai", THINKING, &everything());
    assert_eq!(sent.url.as_str(), "https://api.openai.com/v1/responses");
    assert_eq!(sent.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(
        sent.body,
        json!({
            "model": THINKING,
            "stream": true,
            "store": false,
            "instructions": "be brief\n\nspeak English",
            "input": [
                {"type": "message", "role": "user", "content": [
                    {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"},
                    {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"},
                    {"type": "input_text", "text": "<file name=\"a.rs\">\nfn\n</file>"},
                    {"type": "input_text", "text": "what is this?"},
                ]},
                {"type": "message", "role": "assistant", "content": "let me see"},
                {"type": "function_call", "call_id": "a", "name": "look", "arguments": "{\"path\": \"a.rs\"}"},
                {"type": "function_call", "call_id": "b", "name": "look", "arguments": "{\"path\":"},
                {"type": "function_call_output", "call_id": "a", "output": "fn"},
                {"type": "function_call_output", "call_id": "b", "output": ""},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and?"}]},
            ],
            "include": ["reasoning.encrypted_content"],
            "tools": [{
                "type": "function",
                "name": "look",
                "parameters": look().parameters,
                "description": "Looks at a file",
                "strict": false,
            }],
        })
    );
}

#[test]
fn azure_gets_its_own_header() {
    let sent = sent(&OpenAiResponses, "azure", "my-deployment", &hello());
    assert_eq!(sent.url.as_str(), "https://res.openai.azure.com/openai/v1/responses");
    assert_eq!(sent.headers["api-key"], KEY);
    assert!(!sent.headers.contains_key("authorization") && sent.headers["api-key"].is_sensitive());
}

#[test]
fn parameters_have_the_vendors_names() {
    let parameters = Parameters {
        max_tokens: Some(50),
        temperature: Some(0.5),
        top_p: Some(0.9),
        logprobs: Some(2),
        ..Parameters::default()
    };
    let body = asked(PLAIN, &with(parameters)).unwrap();
    assert_eq!(
        (&body["max_output_tokens"], &body["temperature"], &body["top_p"]),
        (&json!(50), &json!(0.5), &json!(0.9))
    );
    assert_eq!(
        (&body["top_logprobs"], &body["include"]),
        (&json!(2), &json!(["message.output_text.logprobs"]))
    );
    let effort = Parameters { reasoning_effort: Some("minimal".to_owned()), ..Parameters::default() };
    assert_eq!(asked(THINKING, &with(effort)).unwrap()["reasoning"], json!({"effort": "low"}));
}

#[test]
fn what_can_not_be_said_is_refused() {
    let usual = Parameters::default;
    for (model, request, word) in [
        (PLAIN, with(Parameters { stop: vec!["END".to_owned()], ..usual() }), "`stop`"),
        (PLAIN, with(Parameters { seed: Some(1), ..usual() }), "`seed`"),
        (PLAIN, with(Parameters { frequency_penalty: Some(0.5), ..usual() }), "`frequency_penalty`"),
        (PLAIN, with(Parameters { presence_penalty: Some(0.5), ..usual() }), "`presence_penalty`"),
        (PLAIN, with(Parameters { logit_bias: [("1".to_owned(), 1.0)].into(), ..usual() }), "`logit_bias`"),
        (PLAIN, with(Parameters { reasoning_effort: Some("low".to_owned()), ..usual() }), "does not reason"),
        (THINKING, with(Parameters { temperature: Some(0.5), ..usual() }), "`temperature`"),
        (
            THINKING,
            with(Parameters { reasoning_effort: Some("minimally".to_owned()), ..usual() }),
            "does not know",
        ),
        (THINKING, ChatRequest { tool_choice: Some(ToolChoice::Required), ..hello() }, "there is none"),
    ] {
        let problem = asked(model, &request).unwrap_err();
        assert!(problem.contains(word), "{problem}");
    }
}

#[test]
fn forms_and_choices_are_bound() {
    let asked =
        |output: OutputFormat| asked(THINKING, &ChatRequest { output: Some(output), ..hello() }).unwrap();
    let strict = asked(score());
    assert_eq!(
        (&strict["text"]["format"]["type"], &strict["text"]["format"]["strict"]),
        (&json!("json_schema"), &json!(true))
    );
    assert_eq!(strict["text"]["format"]["schema"]["additionalProperties"], false);
    assert_eq!(strict.get("instructions"), None);
    let optional = json!({"type": "object", "properties": {"a": {"type": "string"}}});
    let loose = asked(OutputFormat { name: "loose".to_owned(), schema: Some(optional.clone()) });
    assert_eq!(
        loose["text"]["format"],
        json!({"type": "json_schema", "name": "loose", "schema": optional, "strict": false})
    );
    assert!(loose["instructions"].as_str().unwrap().contains("JSON Schema"));
    let any = asked(OutputFormat { name: "any".to_owned(), schema: None });
    assert_eq!(any["text"]["format"], json!({"type": "json_object"}));
    assert!(any["instructions"].as_str().unwrap().contains("JSON"));

    for (choice, written) in [
        (ToolChoice::None, json!("none")),
        (ToolChoice::Required, json!("required")),
        (ToolChoice::Named("look".to_owned()), json!({"type": "function", "name": "look"})),
    ] {
        let request = ChatRequest { tools: vec![look()], tool_choice: Some(choice), ..hello() };
        assert_eq!(body(&OpenAiResponses, "openai", PLAIN, &request).unwrap()["tool_choice"], written);
    }
}

fn done(at: u64, item: Value) -> Value {
    json!({"type": "response.output_item.done", "output_index": at, "item": item})
}

fn end(kind: &str, status: &str, details: Value) -> Value {
    json!({"type": kind, "response": {
        "id": "resp_1", "object": "response", "model": "gpt-6-sol-2026-09-01", "status": status, "error": null,
        "incomplete_details": details, "output": [],
        "usage": {
            "input_tokens": 100,
            "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
            "output_tokens": 25,
            "output_tokens_details": {"reasoning_tokens": 5},
            "total_tokens": 125,
        },
    }})
}

fn completed() -> Value {
    end("response.completed", "completed", Value::Null)
}

fn message(text: &str, phase: Option<&str>) -> Value {
    let mut item = json!({
        "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    });
    if let Some(phase) = phase {
        item["phase"] = json!(phase);
    }
    item
}

#[test]
fn a_stream_is_read_and_its_thoughts_go_back_where_they_were() {
    let reasoning = json!({"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAA"});
    let forgotten = json!({"id": "rs_2", "type": "reasoning", "summary": []});
    let events = [
        json!({"type": "response.created", "response": {"status": "in_progress", "output": []}}),
        done(0, reasoning.clone()),
        json!({"type": "response.output_text.delta", "output_index": 1, "delta": "Grüß Gott"}),
        json!({"type": "event.of.tomorrow", "delta": {"a": 1}}),
        done(1, message("Grüß Gott", Some("commentary"))),
        done(
            2,
            json!({"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{\"path\":"}),
        ),
        done(3, forgotten),
        done(4, json!({"type": "item_of_tomorrow"})),
        completed(),
    ];
    let said = heard(&OpenAiResponses, &events).unwrap();
    assert_eq!((said.text.as_str(), &said.finish), ("Grüß Gott", &Finish::ToolCalls));
    assert_eq!(
        (&said.tool_calls, said.model.as_str()),
        (&vec![call("call_1", "{\"path\":")], "gpt-6-sol-2026-09-01")
    );
    let usage = Usage {
        input_tokens: 100,
        output_tokens: 25,
        cached_tokens: 60,
        cache_write_tokens: 30,
        reasoning_tokens: 5,
    };
    assert_eq!(said.usage, usage);

    let again = Message {
        tool_calls: said.tool_calls,
        carried: said.carried,
        ..Message::new(Role::Assistant, said.text)
    };
    let messages = vec![Message::new(Role::User, "hello"), again, result("call_1", "fn")];
    let body = asked(THINKING, &ChatRequest { messages, ..ChatRequest::default() }).unwrap();
    assert_eq!(
        body["input"].as_array().unwrap()[1..4],
        [
            reasoning,
            json!({"type": "message", "role": "assistant", "content": "Grüß Gott", "phase": "commentary"}),
            json!({"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{\"path\":"}),
        ]
    );
}

#[test]
fn comments_are_no_part_of_a_final_answer() {
    let events = [
        done(0, message("Looking…", Some("commentary"))),
        done(1, message("{}", Some("final_answer"))),
        completed(),
    ];
    let said = heard(&OpenAiResponses, &events).unwrap();
    assert_eq!(said.text, "{}");
    let again = Message { carried: said.carried, ..Message::new(Role::Assistant, said.text) };
    let messages = vec![Message::new(Role::User, "hello"), again, Message::new(Role::User, "and?")];
    let body = asked(THINKING, &ChatRequest { messages, ..ChatRequest::default() }).unwrap();
    let item = |text: &str, phase: &str| json!({"type": "message", "role": "assistant", "content": text, "phase": phase});
    assert_eq!(
        body["input"].as_array().unwrap()[1..3],
        [item("Looking…", "commentary"), item("{}", "final_answer")]
    );
}

#[test]
fn every_end_is_told() {
    let incomplete = |reason: &str| end("response.incomplete", "incomplete", json!({"reason": reason}));
    for (last, finish) in [
        (completed(), Finish::Stop),
        (incomplete("max_output_tokens"), Finish::Length),
        (incomplete("content_filter"), Finish::ContentFilter),
        (incomplete("tired"), Finish::Other("tired".to_owned())),
    ] {
        assert_eq!(
            heard(&OpenAiResponses, &[done(0, message("hi", None)), last.clone()]).unwrap().finish,
            finish
        );
        let mut response = last["response"].clone();
        response["output"] = json!([message("hi", None)]);
        let said = whole(&OpenAiResponses, &response).unwrap();
        assert_eq!((said.finish, said.text.as_str(), said.carried), (finish, "hi", None));
    }
    let mut refusal = message("", None);
    refusal["content"] = json!([{"type": "refusal", "refusal": "I can't help with that."}]);
    let said = heard(&OpenAiResponses, &[done(0, refusal), completed()]).unwrap();
    assert_eq!((said.finish, said.text.as_str()), (Finish::ContentFilter, "I can't help with that."));
}

#[test]
fn an_answer_that_reached_its_limit_is_cut_whatever_the_server_calls_it() {
    for (limit, finish) in [(25, Finish::Length), (26, Finish::Stop)] {
        let request = with(Parameters { max_tokens: Some(limit), ..Parameters::default() });
        let mut reader = OpenAiResponses.reader(&request);
        reader.event("", &done(0, message("hi", None)).to_string()).unwrap();
        reader.event("", &completed().to_string()).unwrap();
        assert_eq!(reader.finish().unwrap().finish, finish, "{limit}");
    }
}

#[test]
fn servers_that_send_no_items_are_understood() {
    let delta = |text: &str| json!({"type": "response.output_text.delta", "delta": text});
    let said = heard(&OpenAiResponses, &[delta("one "), delta("two"), completed()]).unwrap();
    assert_eq!(said.text, "one two");
    let mut last = completed();
    last["response"]["output"] = json!([message("one two", None)]);
    assert_eq!(heard(&OpenAiResponses, &[delta("one "), last]).unwrap().text, "one two");
}

#[test]
fn an_answer_without_its_end_is_cut_and_errors_inside_keep_their_class() {
    assert_eq!(heard(&OpenAiResponses, &[done(0, message("hi", None))]).unwrap_err(), Trouble::cut());
    let failed = |code: &str| {
        let mut event = end("response.failed", "failed", Value::Null);
        event["response"]["error"] = json!({"code": code, "message": "it broke"});
        event
    };
    let error = |code: &str| json!({"type": "error", "code": code, "message": "it broke", "param": null});
    for (event, kind) in [
        (failed("server_error"), ProviderErrorKind::Server),
        (failed("rate_limit_exceeded"), ProviderErrorKind::RateLimited),
        (failed("invalid_prompt"), ProviderErrorKind::InvalidRequest),
        (error("rate_limit_exceeded"), ProviderErrorKind::RateLimited),
        (
            json!({"type": "error", "error": {"code": "server_error", "message": "it broke"}}),
            ProviderErrorKind::Server,
        ),
    ] {
        let trouble = heard(&OpenAiResponses, &[event]).unwrap_err();
        assert_eq!(trouble.kind, kind);
        assert!(trouble.problem.contains("it broke"), "{trouble:?}");
    }
    let said = heard(&OpenAiResponses, &[failed("bio_policy")]).unwrap();
    assert_eq!((said.finish, said.text.as_str()), (Finish::ContentFilter, "it broke"));
    assert_eq!(whole(&OpenAiResponses, &json!({})).unwrap_err().kind, ProviderErrorKind::Malformed);
}

#[test]
fn endless_pieces_come_to_an_end() {
    let piece =
        json!({"type": "response.reasoning_summary_text.delta", "delta": "x".repeat(1 << 16)}).to_string();
    let mut reader = OpenAiResponses.reader(&hello());
    let trouble = (0..1_000).find_map(|_| reader.event("", &piece).err()).unwrap();
    assert!(!trouble.again && trouble.problem.contains("too much"), "{trouble:?}");
}
