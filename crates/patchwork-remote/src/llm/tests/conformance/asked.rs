//! What is sent.

use patchwork_core::message::{Attachment, Finish, Tool, ToolChoice};
use patchwork_core::port::provider::OutputFormat;
use serde_json::json;

use super::*;

pub(super) async fn conversations_keep_their_order_and_every_system_message(dialect: &Dialect) {
    let seen = dialect
        .seen(&request(&[
            (Role::System, "be brief"),
            (Role::User, "hello"),
            (Role::Assistant, "hi"),
            (Role::System, "speak English"),
            (Role::User, "again  \n"),
        ]))
        .await;
    assert_eq!(seen.texts(), ["be brief\n\nspeak English", "hello", "hi", "again  \n"]);
    assert_eq!(seen.model, dialect.model);
    assert!(seen.streams());
}

fn look() -> Tool {
    Tool {
        name: "look".to_owned(),
        description: "Looks at a file.".to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {"path": {"type": "string"}},
            "required": ["path"],
            "additionalProperties": false,
        }),
    }
}

pub(super) async fn tools_go_there_and_back(dialect: &Dialect) {
    let calls = Reply::tool_call("call_1", "look", r#"{"path":"a.py"}"#)
        .and_tool_call("call_2", "look", r#"{"path":"b.py"}"#)
        .saying("I look.");
    let thoughts = !dialect.lacks.contains(&"thoughts");
    let calls = if thoughts { calls.thinking("hm", "c2lnbmVk") } else { calls };
    let server = ModelServer::replying(vec![calls, Reply::text("done")]);
    let mut request = ChatRequest { tools: vec![look()], ..hello() };
    let answer = dialect.chat(&server, &request).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish.clone()), ("I look.", Finish::ToolCalls));
    let arguments: Vec<Value> =
        answer.tool_calls.iter().map(|call| serde_json::from_str(&call.arguments).unwrap()).collect();
    assert_eq!(arguments, [json!({"path": "a.py"}), json!({"path": "b.py"})]);

    request.messages.push(Message {
        tool_calls: answer.tool_calls.clone(),
        carried: answer.carried,
        ..Message::new(Role::Assistant, answer.text)
    });
    for (call, text) in answer.tool_calls.iter().zip(["print(1)", ""]) {
        let id = Some(call.id.clone());
        request.messages.push(Message { tool_call_id: id, ..Message::new(Role::Tool, text) });
    }
    assert_eq!(dialect.chat(&server, &request).await.unwrap().text, "done");
    let [first, second] = server.requests().try_into().unwrap();
    assert_eq!(first.tools()[0].name, "look");
    assert_eq!(first.tools()[0].description, "Looks at a file.");
    let said: Vec<_> = second.messages.iter().map(|message| message.role).collect();
    assert_eq!(said, [Role::System, Role::User, Role::Assistant, Role::Tool, Role::Tool]);
    assert!(second.texts().iter().any(|text| text.contains("print(1)")), "{:?}", second.texts());
}

pub(super) async fn a_tool_can_be_demanded(dialect: &Dialect) {
    for choice in
        [ToolChoice::Auto, ToolChoice::None, ToolChoice::Required, ToolChoice::Named("look".to_owned())]
    {
        let server = ModelServer::replying(vec![Reply::tool_call("call_1", "look", "{}")]);
        let request = ChatRequest { tools: vec![look()], tool_choice: Some(choice.clone()), ..hello() };
        dialect.chat(&server, &request).await.unwrap();
    }
    let server = ModelServer::replying(vec![Reply::text("done")]);
    let choice = Some(ToolChoice::Named("ghost".to_owned()));
    let request = ChatRequest { tools: vec![look()], tool_choice: choice, ..hello() };
    let error = dialect.chat(&server, &request).await.unwrap_err();
    assert_eq!((error.kind, server.count()), (ProviderErrorKind::InvalidRequest, 0), "{error}");
}

pub(super) async fn images_and_files_are_shown(dialect: &Dialect) {
    // One grey pixel.
    let pixel =
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==";
    for (media_type, data, name) in [
        ("image/png", pixel, "a.png"),
        ("application/pdf", "JVBERi0xLjQKJSVFT0YK", "a.pdf"),
        ("text/plain", "aGVsbG8=", "a.txt"),
    ] {
        let mut request = hello();
        request.messages[1].attachments = vec![Attachment {
            media_type: media_type.to_owned(),
            data: data.to_owned(),
            name: Some(name.to_owned()),
        }];
        let seen = dialect.seen(&request).await;
        let body = seen.body.to_string();
        assert!(body.contains(data) || body.contains("hello"), "{body}");
        assert!(seen.user().contains("hello"));
    }
}

pub(super) async fn an_answer_is_bound_to_a_schema(dialect: &Dialect) {
    let schema = json!({
        "type": "object",
        "properties": {"score": {"type": "integer"}, "why": {"type": "string"}},
        "required": ["score", "why"],
        "additionalProperties": false,
    });
    let output = OutputFormat { name: "verdict".to_owned(), schema: Some(schema) };
    let seen = dialect.seen(&ChatRequest { output: Some(output), ..hello() }).await;
    if dialect.lacks.contains(&"schema") {
        assert!(seen.system().contains(r#""score""#), "it is told in words: {}", seen.body);
    } else {
        let told = seen.schema().cloned().unwrap_or_default();
        assert!(told["properties"]["score"].is_object(), "{}", seen.body);
    }
}

pub(super) async fn json_of_any_form_can_be_asked_for(dialect: &Dialect) {
    let output = OutputFormat { name: "anything".to_owned(), schema: None };
    let seen = dialect.seen(&ChatRequest { output: Some(output), ..hello() }).await;
    assert!(seen.body.to_string().to_lowercase().contains("json"), "{}", seen.body);
}

/// A parameter, its option, and the value that is looked for in the body.
fn every_parameter() -> [(&'static str, Parameters, Value); 10] {
    let none = Parameters::default;
    [
        ("max_tokens", Parameters { max_tokens: Some(777), ..none() }, json!(777)),
        ("temperature", Parameters { temperature: Some(0.25), ..none() }, json!(0.25)),
        ("top_p", Parameters { top_p: Some(0.75), ..none() }, json!(0.75)),
        ("stop", Parameters { stop: vec!["END".to_owned()], ..none() }, json!(["END"])),
        ("seed", Parameters { seed: Some(7), ..none() }, json!(7)),
        ("reasoning_effort", Parameters { reasoning_effort: Some("high".to_owned()), ..none() }, Value::Null),
        ("frequency_penalty", Parameters { frequency_penalty: Some(0.5), ..none() }, json!(0.5)),
        ("presence_penalty", Parameters { presence_penalty: Some(1.5), ..none() }, json!(1.5)),
        (
            "logit_bias",
            Parameters { logit_bias: [("50256".to_owned(), -100.0)].into(), ..none() },
            json!({"50256": -100}),
        ),
        ("logprobs", Parameters { logprobs: Some(2), ..none() }, json!(2)),
    ]
}

pub(super) async fn every_parameter_arrives_or_is_refused(dialect: &Dialect) {
    fn holds(body: &Value, wanted: &Value) -> bool {
        body == wanted
            || match body {
                Value::Object(fields) => fields.values().any(|value| holds(value, wanted)),
                Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
                _ => false,
            }
    }
    for (option, parameters, wanted) in every_parameter() {
        let server = ModelServer::replying(vec![Reply::text("done")]);
        let outcome = dialect.chat(&server, &ChatRequest { parameters, ..hello() }).await;
        if dialect.lacks.contains(&option) {
            let error = outcome.unwrap_err();
            assert_eq!(
                (error.kind, server.count()),
                (ProviderErrorKind::Unsupported, 0),
                "{option}: {error}"
            );
            assert!(error.message.contains(option), "{error}");
        } else {
            outcome.unwrap();
            let body = server.requests().remove(0).body;
            let plain = dialect.seen(&hello()).await.body;
            assert!(body != plain, "{option} is nowhere: {body}");
            assert!(wanted.is_null() || holds(&body, &wanted), "{option} is not as it was given: {body}");
        }
    }
}

pub(super) async fn the_answer_has_a_limit(dialect: &Dialect) {
    let limit = dialect.seen(&hello()).await.max_tokens().unwrap();
    assert!((1_000..=32_000).contains(&limit), "{limit}");
}
