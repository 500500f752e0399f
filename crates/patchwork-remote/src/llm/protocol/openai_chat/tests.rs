//! Requests as OpenAI documents them, and the accents of those who copied it.

use patchwork_core::message::{Attachment, Finish, Message, Role, ToolChoice};
use patchwork_core::port::provider::{OutputFormat, Parameters, ProviderErrorKind};
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::super::stage::{KEY, body, everything, hello, look, result, score, sent, whole, with};
use super::super::{Said, carry};
use super::*;

fn asked(model: &str, request: &ChatRequest) -> Result<Value, String> {
    body(&OpenAiChat, "openai", model, request)
}

/// What a stream of these chunks says; one that is a text is taken as it is.
fn heard(chunks: &[Value]) -> Result<Said, Trouble> {
    let mut reader = OpenAiChat.reader(&hello());
    for chunk in chunks {
        let text = chunk.as_str().map_or_else(|| chunk.to_string(), str::to_owned);
        if reader.event("", &text)? {
            break;
        }
    }
    reader.finish()
}

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta}]})
}

fn done(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

/// The names, ids and arguments of the calls in these fragments, one a chunk.
fn calls(fragments: &[Value]) -> Vec<(String, String, String)> {
    let chunks = fragments.iter().map(|fragment| delta(json!({"tool_calls": [fragment]})));
    let chunks: Vec<_> = chunks.chain([done("tool_calls")]).collect();
    let said = heard(&chunks).unwrap();
    assert_eq!(said.finish, Finish::ToolCalls);
    said.tool_calls.into_iter().map(|call| (call.id, call.name, call.arguments)).collect()
}

fn named(calls: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    calls.iter().map(|(id, name, arguments)| ((*id).into(), (*name).into(), (*arguments).into())).collect()
}

#[test]
fn everything_is_written_as_it_is_documented() {
    let sent = sent(&OpenAiChat, "openai", "gpt-4.1", &everything());
    assert_eq!(sent.url.as_str(), "https://api.openai.com/v1/chat/completions");
    assert_eq!(sent.headers["authorization"], format!("Bearer {KEY}"));
    assert!(sent.headers["authorization"].is_sensitive());
    let called = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "look", "arguments": arguments}});
    assert_eq!(
        sent.body,
        json!({
            "model": "gpt-4.1",
            "stream": true,
            "stream_options": {"include_usage": true},
            "messages": [
                {"role": "system", "content": "be brief\n\nspeak English"},
                {"role": "user", "content": [
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,BBBB"}},
                    {"type": "text", "text": "<file name=\"a.rs\">\nfn\n</file>"},
                    {"type": "text", "text": "what is this?"},
                ]},
                {"role": "assistant", "content": "let me see", "tool_calls": [
                    called("a", "{\"path\": \"a.rs\"}"), called("b", "{\"path\":"),
                ]},
                {"role": "tool", "tool_call_id": "a", "content": "fn"},
                {"role": "tool", "tool_call_id": "b", "content": ""},
                {"role": "user", "content": "and?"},
            ],
            "tools": [{"type": "function", "function": {
                "name": "look", "description": "Looks at a file", "parameters": look().parameters,
            }}],
        })
    );
}

#[test]
fn the_catalogue_says_how_a_vendor_wants_it() {
    let request = with(Parameters { max_tokens: Some(9), seed: Some(7), ..Parameters::default() });
    let mistral = body(&OpenAiChat, "mistral", "mistral-large-latest", &request).unwrap();
    assert_eq!((&mistral["random_seed"], &mistral["max_tokens"]), (&json!(7), &json!(9)));
    assert_eq!((mistral.get("seed"), mistral.get("stream_options")), (None, None));
    let openai =
        asked("gpt-6-sol", &with(Parameters { max_tokens: Some(9), ..Parameters::default() })).unwrap();
    assert_eq!(openai["max_completion_tokens"], 9);
    let azure = sent(&OpenAiChat, "azure", "my-deployment", &hello());
    assert_eq!(azure.headers["api-key"], KEY);
}

#[test]
fn what_a_model_can_not_do_is_refused() {
    let effort =
        |word: &str| with(Parameters { reasoning_effort: Some(word.to_owned()), ..Parameters::default() });
    let thinking = "gpt-6-sol";
    for (model, request, words) in [
        ("gpt-4.1", effort("low"), "takes no `reasoning_effort`"),
        ("gpt-6.1-sol", effort("none"), "knows no `reasoning_effort` of `none`"),
        (thinking, effort("enormous"), "a word it does not know"),
        (
            thinking,
            with(Parameters { temperature: Some(0.5), ..Parameters::default() }),
            "takes no `temperature`",
        ),
        (thinking, with(Parameters { logprobs: Some(0), ..Parameters::default() }), "takes no `logprobs`"),
    ] {
        let problem = asked(model, &request).unwrap_err();
        assert!(problem.contains(words), "{problem}");
    }
    assert_eq!(asked(thinking, &effort(" High ")).unwrap()["reasoning_effort"], "high");
    assert_eq!(asked(thinking, &effort("minimal")).unwrap()["reasoning_effort"], "low", "its least");
    let zip = Attachment { media_type: "application/zip".to_owned(), data: String::new(), name: None };
    let mut request = hello();
    request.messages[0].attachments.push(zip);
    assert!(asked("gpt-4.1", &request).unwrap_err().contains("application/zip"));
}

#[test]
fn numbers_that_must_be_whole_are() {
    let parameters = Parameters {
        logit_bias: [("1".to_owned(), -100.0), ("2".to_owned(), 0.5)].into(),
        logprobs: Some(0),
        ..Parameters::default()
    };
    let body = asked("gpt-4.1", &with(parameters)).unwrap();
    assert_eq!(body["logit_bias"].to_string(), r#"{"1":-100,"2":0.5}"#);
    assert_eq!((&body["logprobs"], body.get("top_logprobs")), (&json!(true), None));
}

#[test]
fn a_form_binds_where_it_can_and_is_told_in_words_where_it_can_not() {
    let strict = asked("gpt-4.1", &ChatRequest { output: Some(score()), ..hello() }).unwrap();
    let form = &strict["response_format"]["json_schema"];
    assert_eq!((&form["strict"], &form["schema"]["additionalProperties"]), (&json!(true), &json!(false)));
    assert_eq!(strict["messages"].as_array().unwrap().len(), 1, "nothing is said about it");

    let open = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let output = OutputFormat { name: "open".to_owned(), schema: Some(open.clone()) };
    let open_form = asked("gpt-4.1", &ChatRequest { output: Some(output), ..hello() }).unwrap();
    let form = &open_form["response_format"]["json_schema"];
    assert_eq!((&form["strict"], &form["schema"]), (&json!(false), &open));
    assert!(open_form["messages"][0]["content"].as_str().unwrap().contains("JSON Schema"));

    let any = OutputFormat { name: "any".to_owned(), schema: None };
    let any = asked("gpt-4.1", &ChatRequest { output: Some(any), ..hello() }).unwrap();
    assert_eq!(any["response_format"], json!({"type": "json_object"}));
    assert!(any["messages"][0]["content"].as_str().unwrap().contains("JSON"), "vendors insist on the word");
}

#[test]
fn a_choice_of_tools_is_told() {
    for (choice, told) in [
        (None, Value::Null),
        (Some(ToolChoice::Auto), json!("auto")),
        (Some(ToolChoice::None), json!("none")),
        (Some(ToolChoice::Required), json!("required")),
        (
            Some(ToolChoice::Named("look".to_owned())),
            json!({"type": "function", "function": {"name": "look"}}),
        ),
    ] {
        let request = ChatRequest { tools: vec![look()], tool_choice: choice, ..hello() };
        assert_eq!(asked("gpt-4.1", &request).unwrap().get("tool_choice").unwrap_or(&Value::Null), &told);
    }
}

#[test]
fn fragments_of_calls_are_put_together_in_every_accent() {
    let function = |name: &str, arguments: Value| json!({"name": name, "arguments": arguments});
    let openai = [
        json!({"index": 0, "id": "a", "type": "function", "function": function("look", json!(""))}),
        json!({"index": 0, "function": {"arguments": "{\"p\""}}),
        json!({"index": 1, "id": "b", "function": function("list", json!(""))}),
        json!({"index": 0, "function": {"arguments": ":1}"}}),
        json!({"index": 1, "function": {"arguments": "{}"}}),
    ];
    let two = named(&[("a", "look", "{\"p\":1}"), ("b", "list", "{}")]);
    assert_eq!(calls(&openai), two);
    let without_index = [
        json!({"id": "a", "function": function("look", json!("{\"p\""))}),
        json!({"function": {"arguments": ":1}"}}),
        json!({"id": "b", "function": function("list", json!("{}"))}),
    ];
    assert_eq!(calls(&without_index), two);
    let repeated = [
        json!({"index": 0, "id": "a", "function": function("look", json!("{\"p\""))}),
        json!({"index": 0, "id": "a", "function": function("look", json!(":1}"))}),
        json!({"index": 1, "id": "b", "function": function("list", json!("{}"))}),
    ];
    assert_eq!(calls(&repeated), two);
    let whole_under_one_index = [
        json!({"index": 0, "id": "a", "function": function("look", json!("{\"p\":1}"))}),
        json!({"index": 0, "id": "b", "function": function("list", json!("{}"))}),
    ];
    assert_eq!(calls(&whole_under_one_index), two);
    let objects = [
        json!({"index": 0, "id": "a", "function": function("look", json!({"p": 1}))}),
        json!({"index": 1, "id": "b", "function": function("list", json!({}))}),
    ];
    assert_eq!(calls(&objects), two);
    let same_without_ids = [
        json!({"function": function("look", json!("{}"))}),
        json!({"function": function("look", json!("{}"))}),
    ];
    assert_eq!(calls(&same_without_ids), named(&[("call_0", "look", "{}"), ("call_1", "look", "{}")]));
}

#[test]
fn how_likely_tokens_were_is_put_together() {
    let chunk = |token: &str, logprob: f64| {
        let content =
            json!([{"token": token, "logprob": logprob, "top_logprobs": [{"token": "x", "logprob": -9.5}]}]);
        json!({"choices": [{"index": 0, "delta": {"content": token}, "logprobs": {"content": content}}]})
    };
    let said =
        heard(&[chunk("a", 0.0), chunk("b", -0.5), delta(json!({"content": "c"})), done("stop")]).unwrap();
    let told: Vec<_> =
        said.logprobs.iter().map(|one| (one.token.as_str(), one.logprob, one.top.len())).collect();
    assert_eq!((said.text.as_str(), told), ("abc", vec![("a", 0.0, 1), ("b", -0.5, 1)]));
}

#[test]
fn what_comes_before_beside_and_behind_the_text_is_no_text() {
    let said = heard(&[
        json!({"model": "m", "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}}]}),
        json!({"choices": []}),
        json!({"choices": [null]}),
        delta(json!({"reasoning_content": "hm"})),
        delta(json!({"content": null})),
        delta(json!({"content": "<think>hm"})),
        delta(json!({"content": "</think>\n\nans"})),
        json!({"choices": [{"index": 1, "delta": {"content": "another"}}]}),
        delta(json!({"content": [{"type": "thinking", "thinking": []}, {"type": "text", "text": "wer\n"}]})),
        done("stop"),
        json!({"choices": [], "usage": {
            "prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14,
            "prompt_tokens_details": {"cached_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 2},
        }}),
        json!("[DONE]"),
        json!("not read any more"),
    ])
    .unwrap();
    assert_eq!((said.text.as_str(), said.finish, said.model.as_str()), ("answer\n", Finish::Stop, "m"));
    let usage = Usage {
        input_tokens: 10,
        output_tokens: 4,
        cached_tokens: 3,
        reasoning_tokens: 2,
        ..Usage::default()
    };
    assert_eq!((said.usage, said.carried), (usage, None));
}

#[test]
fn thoughts_and_signatures_go_back_with_the_calls_they_led_to() {
    let said = heard(&[
        delta(json!({"reasoning_content": "let "})),
        delta(json!({"reasoning_content": "me"})),
        delta(json!({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "let "}]})),
        delta(json!({"reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "me", "signature": "s"}]})),
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "look", "arguments": "{}"},
            "extra_content": {"google": {"thought_signature": "t"}}}]})),
        done("stop"),
    ])
    .unwrap();
    assert_eq!(said.finish, Finish::ToolCalls);
    let assistant =
        Message { tool_calls: said.tool_calls, carried: said.carried, ..Message::new(Role::Assistant, "") };
    let mut request = hello();
    request.messages.extend([assistant.clone(), result("a", "fn")]);
    let body = asked("gpt-4.1", &request).unwrap();
    assert_eq!(
        body["messages"][1],
        json!({
            "role": "assistant",
            "content": null,
            "reasoning_content": "let me",
            "reasoning_details": [{"type": "reasoning.text", "index": 0, "text": "let me", "signature": "s"}],
            "tool_calls": [{"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"},
                "extra_content": {"google": {"thought_signature": "t"}}}],
        })
    );
    request.messages[1] =
        Message { carried: Some(carry("anthropic", json!({"reasoning_content": "no"}))), ..assistant };
    assert_eq!(asked("gpt-4.1", &request).unwrap()["messages"][1].get("reasoning_content"), None);
}

#[test]
fn every_way_to_end_is_told() {
    for (reason, finish) in [
        ("stop", Finish::Stop),
        ("eos_token", Finish::Stop),
        ("tool_calls", Finish::Stop),
        ("length", Finish::Length),
        ("model_length", Finish::Length),
        ("content_filter", Finish::ContentFilter),
        ("ti\u{1b}red", Finish::Other("tired".to_owned())),
    ] {
        let said = heard(&[delta(json!({"content": "x"})), done(reason)]).unwrap();
        assert_eq!(said.finish, finish, "{reason}");
    }
    let broken = heard(&[delta(json!({"content": "x"})), done("insufficient_system_resource")]).unwrap_err();
    assert_eq!((broken.kind, broken.again), (ProviderErrorKind::Server, true));
    let cut = heard(&[delta(json!({"content": "x"}))]).unwrap_err();
    assert_eq!(cut, Trouble::cut());
    let unended = heard(&[delta(json!({"content": "x"})), json!("[DONE]")]).unwrap();
    assert_eq!(unended.finish, Finish::Stop, "a server that gives no reason but says that it is done");
    let error = heard(&[delta(json!({"content": "x"})), json!({"error": {"code": 429}})]).unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::RateLimited);
}

#[test]
fn counts_are_read_where_servers_put_them() {
    for (usage, expected) in [
        (json!({"prompt_tokens": 10, "completion_tokens": 4, "prompt_cache_hit_tokens": 3}), (10, 4, 3, 0)),
        // Thoughts beside the answer, as the total says.
        (
            json!({"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 20,
                "completion_tokens_details": {"reasoning_tokens": 6}}),
            (10, 10, 0, 6),
        ),
        (json!({"prompt_tokens": -1, "completion_tokens": 1.5}), (0, 0, 0, 0)),
        (json!(null), (0, 0, 0, 0)),
    ] {
        let body = json!({"choices": [{"message": {"content": "x"}}], "usage": usage});
        let said = whole(&OpenAiChat, &body).unwrap();
        let Usage { input_tokens, output_tokens, cached_tokens, reasoning_tokens, .. } = said.usage;
        assert_eq!((input_tokens, output_tokens, cached_tokens, reasoning_tokens), expected, "{body}");
    }
    let groq = json!({"choices": [], "x_groq": {"usage": {"prompt_tokens": 2, "completion_tokens": 1}}});
    let said = heard(&[delta(json!({"content": "x"})), done("stop"), groq]).unwrap();
    assert_eq!(said.usage.input_tokens, 2);
}

#[test]
fn counts_that_may_grow_are_not_told() {
    let mut reader = OpenAiChat.reader(&hello());
    let mut chunk = delta(json!({"content": "x"}));
    chunk["usage"] = json!({"prompt_tokens": 10, "completion_tokens": 1});
    reader.event("", &chunk.to_string()).unwrap();
    assert_eq!(reader.usage(), None);
    reader.event("", &done("stop").to_string()).unwrap();
    assert_eq!(reader.usage().map(|usage| usage.output_tokens), Some(1));
}

#[test]
fn no_answer_is_an_error_and_no_text_is_none() {
    for body in [json!({}), json!({"choices": []}), json!({"choices": [{}]}), json!({"choices": [null]})] {
        assert_eq!(whole(&OpenAiChat, &body).unwrap_err().kind, ProviderErrorKind::Malformed, "{body}");
    }
    let refused =
        json!({"choices": [{"message": {"content": null, "refusal": "No."}, "finish_reason": "stop"}]});
    let said = whole(&OpenAiChat, &refused).unwrap();
    assert_eq!((said.text.as_str(), said.finish), ("No.", Finish::ContentFilter));
    let nameless = json!({"choices": [{"message": {"tool_calls": [{"function": {"arguments": "{}"}}]}}]});
    assert_eq!(whole(&OpenAiChat, &nameless).unwrap_err().kind, ProviderErrorKind::Malformed);
}
