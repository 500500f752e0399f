use std::sync::atomic::AtomicBool;
use std::time::Duration;

use patchwork_core::event::EventBody;
use patchwork_core::failure::FailureKind;
use patchwork_core::message::Role;
use patchwork_core::secret::SecretRef;
use patchwork_remote::llm::{Models, ModelsSettings, RetryPolicy};
use patchwork_testkit::context::TestContext;
use patchwork_testkit::model::{ModelServer, Reply};
use serde_json::{Value, json};

use super::*;
use crate::steps::llm::llm::{LLM, LLMInput};

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

fn options(server: &ModelServer) -> ModelOptions {
    ModelOptions {
        model: Some("gpt-4o".into()),
        client_base_url: Some(server.openai_url()),
        openai_api_key: Some(SecretRef::new("openai_api_key")),
        ..ModelOptions::default()
    }
}

fn input(server: &ModelServer, texts: &[&str]) -> CallLLMInput {
    let prompts = texts.iter().map(|text| vec![Message::new(Role::User, *text)]).collect();
    CallLLMInput { prompts: Some(prompts), model: options(server), ..CallLLMInput::default() }
}

fn calls(test: &TestContext) -> usize {
    test.events.all().iter().filter(|event| matches!(event, EventBody::ModelCalled { .. })).count()
}

#[tokio::test]
async fn answers_come_in_the_order_of_the_prompts_and_calls_overlap() {
    let server = ModelServer::start(|seen| Reply::text(format!("to {}", seen.user())).once_in_flight(3));
    let mut input = input(&server, &["a", "b", "c"]);
    input.calls.concurrency = 3;
    let test = test();
    let out = test.run(&CallLLM, input).await.unwrap();
    assert_eq!(out.openai_responses, ["to a", "to b", "to c"]);
    assert_eq!(server.max_in_flight(), 3);
    assert_eq!((out.finish.len(), out.errors, calls(&test)), (3, vec![None, None, None], 3));
    assert!(out.usage.input_tokens > 0 && out.usage.input_tokens == out.request_tokens.iter().sum::<u64>());
    server.assert_polite();
}

#[tokio::test]
async fn no_more_calls_are_in_flight_than_asked_for() {
    let server = ModelServer::start(|seen| Reply::text(seen.user()).delay(Duration::from_millis(5)));
    let mut input = input(&server, &["a", "b", "c", "d", "e"]);
    input.calls.concurrency = 2;
    test().run(&CallLLM, input).await.unwrap();
    assert!(server.max_in_flight() <= 2, "{}", server.max_in_flight());
}

#[tokio::test]
async fn an_answer_is_paid_once_even_for_equal_prompts_and_after_a_resume() {
    let server = ModelServer::start(|seen| Reply::text(format!("number {}", seen.index)));
    let test = test();
    let mut input = input(&server, &["same", "same"]);
    input.calls.concurrency = 1;
    let first = test.run(&CallLLM, input.clone()).await.unwrap();
    assert_eq!(first.openai_responses, ["number 0", "number 1"]);
    let again = test.run(&CallLLM, input).await.unwrap();
    assert_eq!(again.openai_responses, first.openai_responses);
    assert_eq!((server.count(), calls(&test)), (2, 2));
    let journal = serde_json::to_string(&test.memory.entries()).unwrap();
    assert!(!journal.contains(KEY));
}

#[tokio::test]
async fn one_failed_call_of_many_does_not_lose_the_others() {
    let server = ModelServer::start(|seen| match seen.user() {
        "bad" => Reply::error(400, format!("no, {KEY}")),
        text => Reply::text(text),
    });
    let test = test();
    let out = test.run(&CallLLM, input(&server, &["a", "bad", "c"])).await.unwrap();
    assert_eq!(out.openai_responses, ["a", "", "c"]);
    assert_eq!((out.finish[1].clone(), out.request_tokens[1]), (None, 0));
    let error = out.errors[1].clone().unwrap();
    assert!(!error.contains(KEY), "{error}");
    assert_eq!(test.warnings().len(), 1);
    assert!(test.warnings()[0].contains("model call 2 of 3"), "{:?}", test.warnings());
}

#[tokio::test]
async fn the_step_fails_when_no_call_succeeded() {
    let server = ModelServer::start(|_| Reply::error(401, "wrong key"));
    let one = test().run(&CallLLM, input(&server, &["a"])).await.unwrap_err().into_failure();
    let both = test().run(&CallLLM, input(&server, &["a", "b"])).await.unwrap_err().into_failure();
    assert_eq!((one.kind, both.kind), (FailureKind::Unavailable, FailureKind::Unavailable));
    assert_eq!(both.message, "none of 2 model calls succeeded");
    assert_eq!(both.causes[0], one.message);
}

#[tokio::test]
async fn a_failed_call_is_made_again_by_the_next_try() {
    let broken = Arc::new(AtomicBool::new(true));
    let seen = broken.clone();
    let server = ModelServer::start(move |_| {
        if seen.load(Ordering::SeqCst) { Reply::error(400, "not now") } else { Reply::text("fine") }
    });
    let test = test();
    test.run(&CallLLM, input(&server, &["a"])).await.unwrap_err();
    broken.store(false, Ordering::SeqCst);
    let out = test.run(&CallLLM, input(&server, &["a"])).await.unwrap();
    assert_eq!(out.openai_responses, ["fine"]);
}

#[tokio::test]
async fn a_cut_answer_is_withheld_unless_it_is_wanted() {
    let server = ModelServer::start(|_| Reply::text("half a").finish(Finish::Length));
    let mut input = input(&server, &["a"]);
    let out = test().run(&CallLLM, input.clone()).await.unwrap();
    assert_eq!((out.openai_responses[0].as_str(), out.finish[0].clone()), ("", Some(Finish::Length)));
    assert!(out.errors[0].as_ref().unwrap().contains("model_max_tokens"));
    input.calls.allow_truncated = true;
    let out = test().run(&CallLLM, input).await.unwrap();
    assert_eq!((out.openai_responses[0].as_str(), out.errors[0].clone()), ("half a", None));
}

#[tokio::test]
async fn an_answer_without_text_is_an_empty_text() {
    let server = ModelServer::start(|_| Reply::null());
    let out = test().run(&CallLLM, input(&server, &["a"])).await.unwrap();
    assert_eq!(out.openai_responses, [""]);
}

#[tokio::test]
async fn max_llm_calls_is_the_number_of_prompts_sent() {
    let server = ModelServer::start(|seen| Reply::text(seen.user()));
    for (limit, sent) in [(-1, 3), (5, 3), (2, 2), (0, 0)] {
        let test = test();
        let mut input = input(&server, &["a", "b", "c"]);
        input.calls.max_llm_calls = limit;
        let out = test.run(&CallLLM, input).await.unwrap();
        assert_eq!((out.openai_responses.len(), calls(&test)), (sent, sent), "{limit}");
        assert_eq!(test.warnings().len(), usize::from(limit == 2));
    }
}

#[tokio::test]
async fn calls_are_added_to_the_file_once_and_without_keys() {
    let server = ModelServer::start(|seen| Reply::text(format!("{} {KEY}", seen.user())));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("calls.jsonl");
    let test = test();
    let mut input = input(&server, &["a", "b"]);
    input.calls.save_responses_to_file = Some(path.to_str().unwrap().to_owned());
    for _ in 0..2 {
        test.run(&CallLLM, input.clone()).await.unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2);
    assert!(lines.iter().any(|line| line["request"]["messages"][0]["content"] == "a"));
    assert!(!text.contains(KEY));
    input.calls.save_responses_to_file = Some("calls.jsonl".into());
    let error = test.run(&CallLLM, input).await.unwrap_err();
    assert!(error.to_string().contains("absolute"), "{error}");
}

#[tokio::test]
async fn cancelling_ends_the_calls() {
    let server = ModelServer::start(|_| Reply::never());
    let test = test();
    let cancel = test.cancel().clone();
    let input = input(&server, &["a", "b"]);
    let run = test.run(&CallLLM, input);
    let stop = async {
        while server.count() < 2 {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
    };
    let (result, ()) = tokio::join!(run, stop);
    assert_eq!(result.unwrap_err().into_failure().kind, FailureKind::Interrupted);
}

#[tokio::test]
async fn llm_renders_asks_and_cuts() {
    let server = ModelServer::start(|seen| Reply::text(format!("Code:\n```\n{}\n```", seen.user())));
    let input: LLMInput = serde_json::from_value(json!({
        "prompt_template": [{"role": "user", "content": "fix {{ name }}"}],
        "prompt_values": [{"name": "x"}, {"name": "y"}],
        "model": "gpt-4o",
        "client_base_url": server.openai_url(),
        "openai_api_key": {"$secret": "openai_api_key"},
        "response_partitions": {"patch": ["Code:", "```", "\n", "```"], "other": ["Nope:", ""]},
    }))
    .unwrap();
    let test = test();
    let out = serde_json::to_value(test.run(&LLM, input).await.unwrap()).unwrap();
    assert_eq!(out["extracted_responses"], json!([{"patch": "fix x\n"}, {"patch": "fix y\n"}]));
    assert_eq!(out["prompts"][1][0]["content"], "fix y");
    assert_eq!(out["errors"], json!([null, null]));
    assert!(test.warnings()[0].contains("other: `Nope:` is missing"), "{:?}", test.warnings());
}

#[tokio::test]
async fn input_that_cannot_be_understood_names_its_field() {
    for (input, field) in [
        (json!({}), "`prompts`"),
        (json!({"prompts": [[]]}), "`prompts[0]`"),
        (json!({"prompts": [], "concurrency": 0}), "`concurrency`"),
        (json!({"prompts": [], "tempreature": 1}), "tempreature"),
        (json!({"prompts": [], "model_temperature": "warm"}), "warm"),
        (json!({"prompts": [], "model_reasoning_effort": "lots"}), "lots"),
    ] {
        let error = test().run_json(CallLLM, input.clone()).await.unwrap_err();
        assert!(error.to_string().contains(field), "{input}: {error}");
    }
    let (_, skipped) = test().run_json(CallLLM, json!({"prompts": []})).await.unwrap();
    assert_eq!(skipped.as_deref(), Some("there are no prompts to send"));
}

#[tokio::test]
async fn a_secret_in_a_prompt_is_not_sent_and_a_try_that_is_repeated_is_told() {
    let busy = Reply::error(429, "slow down");
    let server = ModelServer::replying(vec![busy, Reply::text("fine")]);
    let test = test();
    let out = test.run(&CallLLM, input(&server, &["a", &format!("key = '{KEY}'")])).await.unwrap();
    assert_eq!(out.openai_responses, ["fine", "fine"]);
    assert_eq!(server.count(), 3);
    server.assert_no_secret(&[KEY]);
    let told = |event: &EventBody| match event {
        EventBody::Retrying { problem, .. } => Some(problem.contains("answered 429")),
        _ => None,
    };
    assert_eq!(test.events.all().iter().filter_map(told).collect::<Vec<_>>(), [true]);
}
