//! Requests as Google documents them, and its streams.

use patchwork_core::message::{Finish, Message, Role, ToolCall, ToolChoice};
use patchwork_core::port::provider::{OutputFormat, Parameters, ProviderErrorKind};
use patchwork_core::usage::Usage;
use serde_json::{Value, json};

use super::super::stage::{
    KEY, body, call, everything, heard, hello, look, result, score, sent, whole, with,
};
use super::*;

const NEW: &str = "gemini-3.1-pro-preview";
const OLD: &str = "gemini-2.5-flash";

fn asked(model: &str, request: &ChatRequest) -> Result<Value, String> {
    body(&Gemini, "gemini", model, request)
}

#[test]
fn a_conversation_is_written_in_contents() {
    let sent = sent(&Gemini, "gemini", NEW, &everything());
    let url = "https://generativelanguage.googleapis.com/v1beta/models/gemini-3.1-pro-preview:streamGenerateContent?alt=sse";
    assert_eq!(sent.url.as_str(), url);
    assert_eq!(sent.headers["x-goog-api-key"], KEY);
    assert_eq!(
        sent.body,
        json!({
            "systemInstruction": {"parts": [{"text": "be brief\n\nspeak English"}]},
            "contents": [
                {"role": "user", "parts": [
                    {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
                    {"inlineData": {"mimeType": "application/pdf", "data": "BBBB"}},
                    {"text": "<file name=\"a.rs\">\nfn\n</file>"},
                    {"text": "what is this?"},
                ]},
                {"role": "model", "parts": [
                    {"text": "let me see"},
                    {
                        "functionCall": {"name": "look", "args": {"path": "a.rs"}},
                        "thoughtSignature": "skip_thought_signature_validator",
                    },
                    {"functionCall": {"name": "look", "args": {"arguments": "{\"path\":"}}},
                ]},
                {"role": "user", "parts": [
                    {"functionResponse": {"name": "look", "response": {"output": "fn"}}},
                    {"functionResponse": {"name": "look", "response": {"output": ""}}},
                ]},
                {"role": "user", "parts": [{"text": "and?"}]},
            ],
            "tools": [{"functionDeclarations": [{
                "name": "look",
                "description": "Looks at a file",
                "parametersJsonSchema": look().parameters,
            }]}],
        })
    );
    let old = asked(OLD, &everything()).unwrap().to_string();
    assert!(!old.contains("thoughtSignature"), "{old}");
}

#[test]
fn names_are_parts_of_the_path() {
    let url = |model: &str| sent(&Gemini, "gemini", model, &hello()).url.path().to_owned();
    assert_eq!(url("models/gemini-2.5-pro"), "/v1beta/models/gemini-2.5-pro:streamGenerateContent");
    for model in ["../files", "a?b", "", "models/"] {
        assert!(asked(model, &hello()).is_err(), "{model}");
    }
}

#[test]
fn parameters_have_the_vendors_names() {
    let parameters = Parameters {
        max_tokens: Some(50),
        temperature: Some(0.5),
        top_p: Some(0.9),
        stop: vec!["END".to_owned()],
        seed: Some(7),
        frequency_penalty: Some(0.1),
        presence_penalty: Some(0.2),
        ..Parameters::default()
    };
    assert_eq!(
        asked(NEW, &with(parameters)).unwrap()["generationConfig"],
        json!({
            "maxOutputTokens": 50,
            "temperature": 0.5,
            "topP": 0.9,
            "stopSequences": ["END"],
            "seed": 7,
            "frequencyPenalty": 0.1,
            "presencePenalty": 0.2,
        })
    );
}

#[test]
fn what_can_not_be_said_is_refused() {
    let usual = Parameters::default;
    let gif =
        |request: &mut ChatRequest| request.messages[0].attachments[0].media_type = "image/gif".to_owned();
    let mut moving = ChatRequest { messages: everything().messages.drain(1..2).collect(), ..hello() };
    gif(&mut moving);
    for (request, word) in [
        (with(Parameters { logit_bias: [("1".to_owned(), 1.0)].into(), ..usual() }), "`logit_bias`"),
        (with(Parameters { logprobs: Some(2), ..usual() }), "`logprobs`"),
        (with(Parameters { seed: Some(1 << 40), ..usual() }), "`seed`"),
        (with(Parameters { stop: vec!["a".to_owned(); 6], ..usual() }), "`stop`"),
        (with(Parameters { reasoning_effort: Some("xhigh".to_owned()), ..usual() }), "`xhigh`"),
        (ChatRequest { tool_choice: Some(ToolChoice::Required), ..hello() }, "there is none"),
        (moving, "GIF"),
    ] {
        let problem = asked(NEW, &request).unwrap_err();
        assert!(problem.contains(word), "{problem}");
    }
    let warm = with(Parameters { temperature: Some(0.5), ..usual() });
    assert!(asked("gemini-3.8-flash", &warm).unwrap_err().contains("`temperature`"));
}

#[test]
fn effort_is_a_level_or_a_budget() {
    let asked = |model: &str, effort: &str| {
        let request = with(Parameters {
            reasoning_effort: Some(effort.to_owned()),
            max_tokens: Some(10_000),
            ..Parameters::default()
        });
        Ok::<_, String>(asked(model, &request)?["generationConfig"]["thinkingConfig"].clone())
    };
    assert_eq!(asked(NEW, "medium"), Ok(json!({"thinkingLevel": "MEDIUM"})));
    assert_eq!(asked("gemini-flash-latest", "minimal"), Ok(json!({"thinkingLevel": "LOW"})));
    assert_eq!(asked(OLD, "medium"), Ok(json!({"thinkingBudget": 5_000})));
    assert_eq!(asked(OLD, "minimal"), Ok(json!({"thinkingBudget": 512})));
    assert!(asked("gemini-2.0-flash", "low").unwrap_err().contains("does not reason"));
}

#[test]
fn forms_and_choices_are_bound() {
    let bound = ChatRequest { output: Some(score()), ..hello() };
    let config = asked(OLD, &bound).unwrap()["generationConfig"].clone();
    assert_eq!(config["responseMimeType"], "application/json");
    assert_eq!(config["responseJsonSchema"], score().schema.unwrap());
    let tooled = ChatRequest { tools: vec![look()], ..bound };
    assert_eq!(asked(NEW, &tooled).unwrap()["generationConfig"]["responseMimeType"], "application/json");
    let told = asked(OLD, &tooled).unwrap();
    assert_eq!(told.get("generationConfig"), None, "older models can't do both");
    assert!(told["systemInstruction"]["parts"][0]["text"].as_str().unwrap().contains("JSON Schema"));
    let any = ChatRequest { output: Some(OutputFormat { name: "any".to_owned(), schema: None }), ..hello() };
    assert_eq!(
        asked(NEW, &any).unwrap()["generationConfig"],
        json!({"responseMimeType": "application/json"})
    );

    for (choice, calling) in [
        (ToolChoice::None, json!({"mode": "NONE"})),
        (ToolChoice::Required, json!({"mode": "ANY"})),
        (ToolChoice::Named("look".to_owned()), json!({"mode": "ANY", "allowedFunctionNames": ["look"]})),
    ] {
        let request = ChatRequest { tools: vec![look()], tool_choice: Some(choice), ..hello() };
        assert_eq!(asked(NEW, &request).unwrap()["toolConfig"], json!({"functionCallingConfig": calling}));
    }
}

fn chunk(part: Value) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": [part]}, "index": 0}],
        "usageMetadata": {"promptTokenCount": 100, "totalTokenCount": 100},
        "modelVersion": "gemini-3.1-pro",
        "responseId": "r",
    })
}

fn last(reason: &str) -> Value {
    json!({
        "candidates": [{"content": {"role": "model", "parts": [{"text": ""}]}, "finishReason": reason, "index": 0}],
        "usageMetadata": {
            "promptTokenCount": 100,
            "cachedContentTokenCount": 60,
            "candidatesTokenCount": 20,
            "thoughtsTokenCount": 5,
            "toolUsePromptTokenCount": 3,
            "totalTokenCount": 128,
        },
    })
}

#[test]
fn a_stream_is_read_and_its_signatures_go_back_where_they_were() {
    let said = heard(
        &Gemini,
        &[
            chunk(json!({"text": "a thought", "thought": true})),
            chunk(json!({"text": "Grüß "})),
            chunk(json!({"text": "Gott"})),
            chunk(json!({"part_of_tomorrow": {}})),
            chunk(json!({"functionCall": {"name": "look", "args": {"path": "a.rs"}, "id": "x1"}, "thoughtSignature": "c2ln"})),
            chunk(json!({"functionCall": {"name": "look"}})),
            chunk(json!({"text": "", "thoughtSignature": "ZW5k"})),
            last("STOP"),
        ],
    )
    .unwrap();
    assert_eq!(
        (said.text.as_str(), &said.finish, said.model.as_str()),
        ("Grüß Gott", &Finish::ToolCalls, "gemini-3.1-pro")
    );
    let [first, second] = &said.tool_calls[..] else { panic!("{:?}", said.tool_calls) };
    assert_eq!(first, &call("x1", "{\"path\":\"a.rs\"}"));
    assert!(!second.id.is_empty() && second.arguments == "{}", "{second:?}");
    let usage = Usage {
        input_tokens: 103,
        output_tokens: 25,
        cached_tokens: 60,
        reasoning_tokens: 5,
        cache_write_tokens: 0,
    };
    assert_eq!(said.usage, usage);

    let own = second.id.clone();
    let again = Message {
        tool_calls: said.tool_calls.clone(),
        carried: said.carried.clone(),
        ..Message::new(Role::Assistant, said.text.clone())
    };
    let messages = vec![Message::new(Role::User, "hello"), again, result("x1", "fn"), result(&own, "?")];
    let body = asked(NEW, &ChatRequest { messages, tools: vec![look()], ..ChatRequest::default() }).unwrap();
    assert_eq!(
        body["contents"][1]["parts"],
        json!([
            {"text": "Grüß Gott"},
            {"functionCall": {"name": "look", "args": {"path": "a.rs"}, "id": "x1"}, "thoughtSignature": "c2ln"},
            {"functionCall": {"name": "look", "args": {}}},
            {"text": "", "thoughtSignature": "ZW5k"},
        ])
    );
    assert_eq!(
        body["contents"][2]["parts"],
        json!([
            {"functionResponse": {"name": "look", "response": {"output": "fn"}, "id": "x1"}},
            {"functionResponse": {"name": "look", "response": {"output": "?"}}},
        ])
    );
}

#[test]
fn every_end_is_told() {
    for (reason, finish) in [
        ("STOP", Finish::Stop),
        ("MAX_TOKENS", Finish::Length),
        ("SAFETY", Finish::ContentFilter),
        ("RECITATION", Finish::ContentFilter),
        ("PROHIBITED_CONTENT", Finish::ContentFilter),
        ("REASON_OF_TOMORROW", Finish::Other("REASON_OF_TOMORROW".to_owned())),
    ] {
        let said = heard(&Gemini, &[chunk(json!({"text": "hi"})), last(reason)]).unwrap();
        assert_eq!((said.finish, said.text.as_str()), (finish, "hi"));
    }
    let blocked =
        json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 12}});
    let said = heard(&Gemini, std::slice::from_ref(&blocked)).unwrap();
    assert_eq!((said.finish, said.text.as_str(), said.usage.input_tokens), (Finish::ContentFilter, "", 12));
    assert_eq!(whole(&Gemini, &blocked).unwrap().finish, Finish::ContentFilter);
    let mut reader = Gemini.reader(&hello());
    let trouble = reader.event("", &last("MALFORMED_FUNCTION_CALL").to_string()).unwrap_err();
    assert_eq!((trouble.kind, trouble.again), (ProviderErrorKind::Malformed, true));
    assert_eq!(reader.usage().unwrap().output_tokens, 25, "it is paid for");
}

#[test]
fn an_answer_without_its_end_is_cut_and_errors_inside_keep_their_class() {
    assert_eq!(heard(&Gemini, &[chunk(json!({"text": "half"}))]).unwrap_err(), Trouble::cut());
    let error =
        json!({"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}});
    for trouble in [
        heard(&Gemini, &[chunk(json!({"text": "half"})), error.clone()]).unwrap_err(),
        whole(&Gemini, &error).unwrap_err(),
        whole(&Gemini, &json!([error])).unwrap_err(),
    ] {
        assert_eq!(
            (trouble.kind, trouble.status, trouble.again),
            (ProviderErrorKind::Server, Some(503), true)
        );
    }
    for empty in [json!({}), json!({"candidates": []}), json!([])] {
        assert_eq!(whole(&Gemini, &empty).unwrap_err().kind, ProviderErrorKind::Malformed);
    }
}

#[test]
fn a_stream_that_came_as_an_array_is_an_answer() {
    let said =
        whole(&Gemini, &json!([chunk(json!({"text": "one "})), chunk(json!({"text": "two"})), last("STOP")]))
            .unwrap();
    assert_eq!((said.text.as_str(), said.finish, said.carried), ("one two", Finish::Stop, None));
}

#[test]
fn arguments_that_are_no_object_are_handed_on() {
    let said = whole(
        &Gemini,
        &json!({"candidates": [{
            "content": {"parts": [{"functionCall": {"name": "look", "args": "{\"path\":"}}]},
            "finishReason": "STOP",
        }]}),
    )
    .unwrap();
    let ToolCall { id, arguments, .. } = &said.tool_calls[0];
    assert!(!id.is_empty() && arguments == "{\"path\":", "{said:?}");
}
