use std::sync::Arc;
use std::time::Duration;

use patchwork_core::event::EventBody;
use patchwork_core::failure::FailureKind;
use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use patchwork_remote::llm::{Models, ModelsSettings, RetryPolicy};
use patchwork_testkit::context::TestContext;
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest};
use serde_json::json;

use super::*;
use crate::steps::llm::call_llm::CallLLM;
use crate::steps::llm::simplified_llm_once::SimplifiedLLMOnce;

const KEY: &str = "sk-test-0123456789abcdef";

fn test() -> TestContext {
    patchwork_remote::install_tls();
    let retry = RetryPolicy {
        base: Duration::from_millis(1),
        max: Duration::from_millis(4),
        ..RetryPolicy::default()
    };
    let settings = ModelsSettings { retry, local: Vec::new(), ..ModelsSettings::default() };
    TestContext::new().provider(Arc::new(Models::new(settings))).secret("openai_api_key", KEY)
}

fn input(server: &ModelServer, more: Value) -> Value {
    let mut input = json!({"model": "gpt-4o", "client_base_url": server.openai_url()});
    for (name, value) in more.as_object().unwrap() {
        input[name] = value.clone();
    }
    input
}

async fn simplified(test: &TestContext, server: &ModelServer, more: Value) -> Result<Value, StepError> {
    test.run_json(SimplifiedLLM, input(server, more)).await.map(|(output, _)| output)
}

async fn once(test: &TestContext, server: &ModelServer, more: Value) -> Result<Value, StepError> {
    test.run_json(SimplifiedLLMOnce, input(server, more)).await.map(|(output, _)| output)
}

/// What was asked for as the form of the answer.
fn asked_form(request: &SeenRequest) -> Value {
    request.body["response_format"].clone()
}

#[tokio::test]
async fn text_is_asked_for_with_plain_prompts() {
    let server = ModelServer::start(|seen| Reply::text(format!("{}|{}", seen.system(), seen.user())));
    let more = json!({
        "prompt_user": "fix {{ name }}", "prompt_system": "be {{ how }}",
        "prompt_values": [{"name": "x", "how": "brief"}, {"name": "{{ y }}", "how": "kind"}],
    });
    let out = simplified(&test(), &server, more).await.unwrap();
    assert_eq!(out["openai_responses"], json!(["be brief|fix x", "be kind|fix {{ y }}"]));
    assert_eq!(
        out["extracted_responses"],
        json!([{"patch": "be brief|fix x"}, {"patch": "be kind|fix {{ y }}"}])
    );
    assert_eq!(out["prompts"][1][1]["content"], "fix {{ y }}");
    assert_eq!(asked_form(&server.requests()[0]), Value::Null);
    server.assert_polite();
}

#[tokio::test]
async fn an_example_says_which_json_is_wanted() {
    let server = ModelServer::start(|_| Reply::text("{\"name\": \"a\", \"count\": 2}"));
    for field in ["json_example", "json_example_schema"] {
        let more = json!({
            "prompt_user": "{{ x }}", "prompt_values": [{"x": 1}, {"x": 2}],
            field: {"name": "the name of it", "count": 1},
        });
        let out = simplified(&test(), &server, more).await.unwrap();
        assert_eq!(out["extracted_responses"], json!([{"name": "a", "count": 2}, {"name": "a", "count": 2}]));
    }
    let form = asked_form(&server.requests()[0]);
    assert_eq!(form["type"], "json_schema");
    let schema = &form["json_schema"]["schema"];
    assert_eq!(schema["properties"]["name"]["description"], "the name of it");
    // Equal questions are equal requests, which providers' caches and ours rely on.
    assert_eq!(form, asked_form(&server.requests()[3]));
}

#[tokio::test]
async fn what_does_not_fit_is_asked_for_again_with_the_reason() {
    let server = ModelServer::replying(vec![
        Reply::text("I think it is 5."),
        Reply::text("{\"count\": \"five\"}"),
        Reply::text("Here:\n```json\n{'count': 5,}\n```"),
    ]);
    let test = test();
    let more = json!({"prompt_user": "how many?", "prompt_values": [{}], "json_example": {"count": 1}});
    let out = simplified(&test, &server, more.clone()).await.unwrap();
    assert_eq!(out["extracted_responses"], json!([{"count": 5}]));
    assert_eq!(out["openai_responses"], json!(["{\"count\":5}"]));
    assert_eq!(test.notes(), ["answer was broken JSON and was mended"]);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    let last = requests[2].messages.iter().map(|message| message.content.clone()).collect::<Vec<_>>();
    // The conversation does not grow with each answer that did not fit.
    assert_eq!((last.len(), last[1].as_str()), (3, "{\"count\": \"five\"}"));
    assert!(last[2].contains("/count: value is not of type \"integer\""), "{last:?}");
    let before = &requests[1].messages;
    assert_eq!((before.len(), before[1].content.as_str()), (3, "I think it is 5."));
    assert!(before[2].content.starts_with("This is not what was asked for: it is no JSON"), "{before:?}");
    // The figures are those of all three calls.
    let tokens = out["response_tokens"][0].as_u64().unwrap();
    assert_eq!(out["usage"]["output_tokens"], tokens);
    assert_eq!(tokens, 4 + 4 + 7);
    // Nothing is paid twice when the step runs again.
    let again = simplified(&test, &server, more).await.unwrap();
    assert_eq!((again["extracted_responses"].clone(), server.count()), (json!([{"count": 5}]), 3));
    server.assert_polite();
}

#[tokio::test]
async fn an_endless_answer_leaves_room_to_ask_again() {
    let server = ModelServer::replying(vec![Reply::text("no ".repeat(200_000)), Reply::text("{}")]);
    let test = test();
    let more = json!({"prompt_user": "go", "prompt_values": [{}], "json": true, "model": "gpt-4o"});
    let out = simplified(&test, &server, more).await.unwrap();
    assert_eq!((out["errors"].clone(), server.count()), (json!([null]), 2));
    let request = &server.requests()[1];
    let said = &request.messages.iter().find(|message| message.role == Role::Assistant).unwrap().content;
    assert!(said.len() < 600_000 && said.contains("left out"), "{} bytes", said.len());
}

#[tokio::test]
async fn an_answer_that_never_fits_fails_alone_and_says_what_was_wrong() {
    let server =
        ModelServer::start(|seen| match seen.messages.iter().any(|message| message.content == "bad") {
            true => Reply::text("no"),
            false => Reply::text("{\"a\": 1}"),
        });
    let more = json!({
        "prompt_user": "{{ x }}", "prompt_values": [{"x": "bad"}, {"x": "good"}], "json": true, "json_retries": 1,
    });
    let test = test();
    let out = simplified(&test, &server, more).await.unwrap();
    assert_eq!(out["extracted_responses"], json!([null, {"a": 1}]));
    let error = out["errors"][0].as_str().unwrap();
    assert!(
        error.starts_with("the answer is not JSON of the wanted form after 2 calls: it is no JSON"),
        "{error}"
    );
    assert_eq!(server.count(), 3);
    // What was paid for is counted and in the journal all the same.
    assert!(out["response_tokens"][0].as_u64().unwrap() > 0);
    let journal = serde_json::to_string(&test.memory.entries()).unwrap();
    assert_eq!(journal.matches("\"text\":\"no\"").count(), 2, "{journal}");
}

#[tokio::test]
async fn an_empty_answer_is_asked_for_again_without_an_empty_message() {
    let server = ModelServer::replying(vec![Reply::null(), Reply::text("{}")]);
    let more = json!({"prompt_user": "go", "prompt_values": [{}], "json": true});
    simplified(&test(), &server, more).await.unwrap();
    let request = &server.requests()[1];
    assert_eq!(request.messages.iter().filter(|message| message.role != Role::System).count(), 1);
    assert!(request.user().starts_with("go\n\nAn answer was not what was asked for: it is empty"));
    server.assert_polite();
}

#[tokio::test]
async fn json_that_was_cut_is_withheld_and_not_asked_for_again() {
    let server = ModelServer::start(|_| Reply::text("{\"a\": [1, 2").finish(Finish::Length));
    let more = json!({"prompt_user": "go", "prompt_values": [{}], "json": true});
    let out = simplified(&test(), &server, more.clone()).await.unwrap();
    assert!(out["errors"][0].as_str().unwrap().contains("model_max_tokens"));
    assert_eq!((out["extracted_responses"].clone(), server.count()), (json!([null]), 1));
    let mut more = more;
    more["allow_truncated"] = json!(true);
    let out = simplified(&test(), &server, more).await.unwrap();
    assert_eq!(out["extracted_responses"], json!([{"a": [1, 2]}]));
}

#[tokio::test]
async fn one_question_answers_the_fields_of_its_json() {
    let server = ModelServer::start(|_| Reply::text("{\"review\": \"fine\", \"score\": 3}"));
    let example = json!({"review": "the review", "score": 1});
    let schema = json!({
        "type": "object", "required": ["review"],
        "properties": {"review": {"type": "string"}, "score": {"type": "integer"}},
    });
    for form in [example.clone(), json!(example.to_string()), schema] {
        let more = json!({
            "user_prompt": "review {{ diff }}", "system_prompt": "", "prompt_value": {"diff": "+a"}, "json_schema": form,
        });
        let out = once(&test(), &server, more).await.unwrap();
        assert_eq!((out["review"].as_str(), out["score"].as_u64()), (Some("fine"), Some(3)));
        assert!(out["request_tokens"].as_u64().unwrap() > 0 && out["response_tokens"].as_u64().unwrap() > 0);
    }
    assert_eq!(server.requests()[0].user(), "review +a");
    server.assert_polite();
}

#[tokio::test]
async fn one_question_whose_answer_never_fits_fails_and_names_the_place() {
    let server = ModelServer::start(|_| Reply::text("{\"score\": \"high\"}"));
    let more = json!({"user_prompt": "a", "prompt_value": {}, "json_schema": {"score": 1}});
    let failure = once(&test(), &server, more).await.unwrap_err().into_failure();
    assert_eq!(failure.kind, FailureKind::Failed);
    let words =
        "the answer is not JSON of the wanted form after 3 calls: /score: value is not of type \"integer\"";
    assert_eq!(failure.message, words);
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn a_file_goes_with_the_last_user_message() {
    let server = ModelServer::start(|_| Reply::text("seen"));
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let image = file("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    let more = |file: &str| json!({"prompt_user": "look", "prompt_values": [{}], "file": file});
    let test = test();
    simplified(&test, &server, more(&image)).await.unwrap();
    let sent = server.requests()[0].body["messages"].to_string();
    assert!(sent.contains("data:image/png;base64,iVBORw0KGgo"), "{sent}");
    // The run keeps what it was: asked again, it sends and pays nothing, though the file is gone.
    std::fs::remove_file(&image).unwrap();
    simplified(&test, &server, more(&image)).await.unwrap();
    assert_eq!(server.count(), 1);

    // A secret in it is in nobody's base64.
    let secret = file("notes.txt", format!("key = {KEY}\n").as_bytes());
    simplified(&test, &server, more(&secret)).await.unwrap();
    let journal = format!("{:?} {}", test.memory.entries(), server.requests()[1].body);
    for hidden in [KEY.to_owned(), base64_of(&format!("key = {KEY}\n"))] {
        assert!(!journal.contains(&hidden), "{journal}");
    }

    let large = file("large", &[b'a'; 1024]);
    std::fs::File::options().write(true).open(&large).unwrap().set_len(15 << 20).unwrap();
    let folder_path = folder.path().to_str().unwrap().to_owned();
    for (path, words) in [
        ("/none/at/all".to_owned(), "`file`: there is no file /none/at/all"),
        (folder_path, "is a folder"),
        ("/dev/null".to_owned(), "is no regular file"),
        (file("empty", b""), "is empty"),
        (large, "is too large: expected 14 MiB at most"),
        (file("odd", b"\0\x01\x02"), "can't tell what"),
    ] {
        let error = simplified(&test, &server, more(&path)).await.unwrap_err().to_string();
        assert!(error.contains(words), "{path}: {error}");
    }
    assert_eq!(server.count(), 2);
}

fn base64_of(text: &str) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(text)
}

#[tokio::test]
async fn figures_are_told_call_by_call() {
    let usage = Usage {
        input_tokens: 100,
        output_tokens: 50,
        cached_tokens: 40,
        reasoning_tokens: 20,
        ..Usage::default()
    };
    let server = ModelServer::start(move |seen| match seen.user() {
        "bad" => Reply::error(400, "no"),
        _ => Reply::text("fine").usage(usage),
    });
    let prompts = json!([[{"role": "user", "content": "bad"}], [{"role": "user", "content": "good"}]]);
    let (out, _) = test().run_json(CallLLM, input(&server, json!({ "prompts": prompts }))).await.unwrap();
    assert_eq!(out["cached_tokens"], json!([0, 40]));
    assert_eq!(out["reasoning_tokens"], json!([0, 20]));
    assert_eq!(out["models"], json!([null, "gpt-4o"]));
    assert_eq!((out["costs"][0].clone(), out["costs"][1].as_u64().is_some()), (Value::Null, true));
    assert_eq!((out["latencies_ms"][0].clone(), out["latencies_ms"][1].is_u64()), (Value::Null, true));
    assert_eq!(out["tool_calls"], json!([[], []]));
}

#[tokio::test]
async fn the_second_model_answers_when_the_first_does_not() {
    let server = ModelServer::start(|seen| match seen.model.as_str() {
        "gpt-4o-mini" => Reply::text("from mini"),
        _ => Reply::error(401, "not for you"),
    });
    let test = test();
    for model in [json!(["gpt-4o", "gpt-4o-mini"]), json!("gpt-4o,gpt-4o-mini")] {
        let more = json!({"prompt_user": "a", "prompt_values": [{}], "model": model});
        let out = simplified(&test, &server, more).await.unwrap();
        assert_eq!(
            (out["openai_responses"].clone(), out["models"].clone()),
            (json!(["from mini"]), json!(["gpt-4o-mini"]))
        );
    }
}

#[tokio::test]
async fn what_can_not_be_understood_names_its_field() {
    let server = ModelServer::start(|_| Reply::text("{}"));
    for (more, words) in [
        (json!({"prompt_user": "a"}), "missing field `prompt_values`"),
        (json!({"prompt_values": []}), "missing field `prompt_user`"),
        (json!({"prompt_user": "{{#a}}", "prompt_values": [{}]}), "Mustache"),
        (json!({"prompt_user": "{{ b }}", "prompt_values": [{"a": 1}]}), "can't be rendered"),
        (
            json!({"prompt_user": "a", "prompt_values": [{}], "json_example": "{"}),
            "`json_example`: it is not JSON",
        ),
        (
            json!({"prompt_user": "a", "prompt_values": [{}], "json_schema": {"type": 5}}),
            "`json_schema`: it is not a valid",
        ),
        (
            json!({"prompt_user": "a", "prompt_values": [{}], "json_example": {}, "json_schema": {}}),
            "`json_schema`: the form is given by `json_example` already",
        ),
        (
            json!({"prompt_user": "a", "prompt_values": [{}], "json": true, "response_partitions": {}}),
            "`response_partitions`: an answer that is JSON",
        ),
        (
            json!({"prompt_user": "a", "prompt_values": [{}], "json": true, "model_response_format": {"type": "json_object"}}),
            "`model_response_format`: the form of the answer is given twice",
        ),
        (
            json!({"prompt_user": "a", "prompt_values": [{}], "json_retries": 11}),
            "`json_retries`: 11 is out of range",
        ),
        (
            json!({"prompt_user": "a", "prompt_values": [{}], "max_cost": -1}),
            "`max_cost`: -1 is no sum of money",
        ),
        (
            json!({"prompt_user": "a", "prompt_values": [{}], "model_temprature": 1}),
            "unknown field `model_temprature`",
        ),
    ] {
        let error = simplified(&test(), &server, more.clone()).await.unwrap_err().into_failure().to_string();
        assert!(error.contains(words), "{more}: {error}");
    }
    assert_eq!(server.count(), 0);
    let called = |body: &EventBody| matches!(body, EventBody::ModelCalled { .. });
    assert!(!test().events.all().iter().any(called));
}
