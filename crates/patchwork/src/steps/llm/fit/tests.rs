use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use patchwork_core::failure::FailureKind;
use patchwork_core::message::{Finish, Message, Shrink};
use patchwork_core::port::provider::{ChatAnswer, Provider, Watch, Worst};
use patchwork_core::step::Effects;
use patchwork_core::usage::{MicroUsd, Usage};
use patchwork_testkit::context::TestContext;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::steps::llm::llm::LLM;

/// A model with a small context whose tokens are four bytes, and what it was sent.
#[derive(Default)]
struct Small {
    context: Option<u64>,
    output: u64,
    estimates: bool,
    sent: Mutex<Vec<ChatRequest>>,
}

#[async_trait]
impl Provider for Small {
    async fn route(&self, _target: &Target) -> Result<Route, ProviderError> {
        let (vendor, model) = ("test".to_owned(), "small".to_owned());
        Ok(Route { vendor, model, context: self.context, output: Some(self.output), ..Route::default() })
    }

    fn measure(&self, _route: &Route, request: &ChatRequest) -> Measure {
        let bytes: usize = request.messages.iter().map(|message| message.content.len()).sum();
        let input_tokens = bytes.div_ceil(4) as u64;
        let output_tokens = request.parameters.max_tokens.map_or(self.output, u64::from);
        let worst = Worst { input_tokens: bytes as u64, output_tokens, cost: None };
        Measure { worst, input_tokens, exact: !self.estimates }
    }

    fn price(&self, _route: &Route, _usage: Usage) -> Option<MicroUsd> {
        None
    }

    async fn chat(
        &self,
        _target: &Target,
        request: &ChatRequest,
        _watch: &dyn Watch,
        _cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        self.sent.lock().unwrap().push(request.clone());
        Ok(ChatAnswer {
            text: "fine".into(),
            tool_calls: Vec::new(),
            carried: None,
            logprobs: Vec::new(),
            finish: Finish::Stop,
            usage: Usage::default(),
            cost: None,
            vendor: "test".into(),
            model: "small".into(),
            latency_ms: 1,
            attempts: 1,
            reused: false,
        })
    }
}

fn small(context: u64) -> Small {
    Small { context: Some(context), output: 100, ..Small::default() }
}

/// Fits a request to a model; what becomes of it, and the warnings.
async fn fitted(model: Small, request: ChatRequest) -> (Result<ChatRequest, StepError>, Vec<String>) {
    let test = TestContext::new().provider(Arc::new(model));
    let ctx = test.context("CallLLM", Effects::CALLS_MODEL);
    (fit(ctx, Target::default(), request).await, test.warnings())
}

fn request(messages: Vec<Message>) -> ChatRequest {
    let mut request = ChatRequest { messages, ..ChatRequest::default() };
    request.parameters.max_tokens = Some(100);
    request
}

fn message(role: Role, before: &str, parts: &[(&str, Shrink)]) -> Message {
    let mut message = Message::new(role, before);
    for (text, how) in parts {
        let start = message.content.len();
        message.content.push_str(text);
        message.shrinkable.push(Shrinkable { start, end: message.content.len(), how: *how });
        message.content.push_str("\n--\n");
    }
    message
}

fn log(name: &str, lines: usize) -> String {
    (0..lines).map(|n| format!("{name} {n:04}\n")).collect()
}

#[tokio::test]
async fn what_fits_stays_as_it_is() {
    let log = log("ä", 100);
    let request = request(vec![message(Role::User, "Look:\n", &[(&log, Shrink::HeadTail)])]);
    for model in [small(1_000), Small::default()] {
        let (kept, warnings) = fitted(model, request.clone()).await;
        assert_eq!((kept.unwrap(), warnings), (request.clone(), vec![]));
    }
}

#[tokio::test]
async fn the_largest_part_is_cut_first_and_the_rest_stays() {
    let (long, short) = (log("long", 400), log("short", 20));
    let parts = [(short.as_str(), Shrink::Tail), (long.as_str(), Shrink::HeadTail)];
    let system = Message::new(Role::System, "Be brief.");
    let request = request(vec![system.clone(), message(Role::User, "Look:\n", &parts)]);
    let (cut, warnings) = fitted(small(600), request.clone()).await;
    let cut = cut.unwrap();
    assert_eq!(cut.messages[0], system);
    let text = &cut.messages[1].content;
    assert!(text.starts_with(&format!("Look:\n{short}\n--\nlong 0000\n")), "{text}");
    assert!(text.contains("lines left out …]") && text.ends_with("long 0399\n\n--\n"), "{text}");
    // As much as fits is kept: 500 tokens are left beside the answer.
    assert!((1_900..=2_000).contains(&text.len()), "{}", text.len());
    assert!(cut.messages[1].shrinkable.is_empty());
    let [warning] = &warnings[..] else { panic!("{warnings:?}") };
    assert!(warning.starts_with("the prompt was cut to fit test/small, from 1"), "{warning}");
    assert!(
        warning.contains("`long 0000` of message 2 to ") && warning.contains(" of 400 lines"),
        "{warning}"
    );
    assert!(!warning.contains("short"), "{warning}");
    let (again, _) = fitted(small(600), request).await;
    assert_eq!(again.unwrap(), cut);
}

#[tokio::test]
async fn several_large_parts_are_cut_to_the_same_size() {
    let (a, b) = (log("aa", 200), log("bb", 300));
    let parts = [(a.as_str(), Shrink::Head), (b.as_str(), Shrink::Head)];
    let request = request(vec![message(Role::User, "", &parts), message(Role::Tool, "", &parts[..1])]);
    let (cut, warnings) = fitted(small(500), request).await;
    let cut = cut.unwrap();
    let kept = |name: &str, n: usize| cut.messages[n].content.matches(name).count();
    assert_eq!((kept("aa", 0), kept("bb", 0)), (kept("aa", 1), kept("aa", 0)));
    assert!(kept("aa", 0) > 20 && warnings[0].matches("of message").count() == 3, "{warnings:?}");
}

#[tokio::test]
async fn code_keeps_its_signatures() {
    let code: String = (0..20).map(|n| format!("def f{n}(x):\n{}\n", "    print(x)\n".repeat(9))).collect();
    let before = "Fix:\n```python\n";
    let request = request(vec![message(Role::User, before, &[(&code, Shrink::Signatures)])]);
    let (cut, _) = fitted(small(500), request).await;
    let text = cut.unwrap().messages.remove(0).content;
    assert!((0..20).all(|n| text.contains(&format!("def f{n}(x):\n"))), "{text}");
    assert!(text.contains("...  # … 9 lines left out"), "{text}");
}

#[tokio::test]
async fn what_can_not_fit_says_by_how_much_and_what_to_do() {
    let system = message(Role::System, "", &[(&log("rule", 300), Shrink::Head)]);
    let user = message(Role::User, "", &[(&log("line", 300), Shrink::Head)]);
    for (messages, cut) in
        [(vec![Message::new(Role::User, log("line", 300))], false), (vec![system, user], true)]
    {
        let (refused, _) = fitted(small(400), request(messages)).await;
        let failure = refused.unwrap_err().into_failure();
        assert_eq!(failure.kind, FailureKind::Unavailable);
        assert!(failure.message.starts_with("the prompt is too long for test/small: "), "{failure}");
        assert_eq!(failure.message.contains("cut as far as it may be"), cut, "{failure}");
        assert!(
            failure.message.contains("too many beside an answer of 100 in a context of 400"),
            "{failure}"
        );
        assert!(
            failure.hints[0].contains("shrink") && failure.hints[0].contains("model_max_tokens"),
            "{failure}"
        );
    }
}

#[tokio::test]
async fn an_estimate_refuses_only_what_is_far_too_long() {
    let request = |lines| request(vec![Message::new(Role::User, log("line", lines))]);
    for (lines, sent) in [(120, true), (190, true), (210, false)] {
        let model = Small { estimates: true, ..small(500) };
        let (result, warnings) = fitted(model, request(lines)).await;
        assert_eq!((result.is_ok(), warnings), (sent, vec![]), "{lines}");
    }
}

#[tokio::test]
async fn other_models_are_asked_before_it_is_given_up() {
    let test = TestContext::new().provider(Arc::new(small(200)));
    let ctx = test.context("CallLLM", Effects::CALLS_MODEL);
    let target = Target { fallbacks: vec!["larger".into()], ..Target::default() };
    let request = request(vec![Message::new(Role::User, log("line", 300))]);
    assert_eq!(fit(ctx, target, request.clone()).await.unwrap(), request);
}

#[tokio::test]
async fn an_answer_without_a_limit_has_a_quarter_of_the_context_at_most() {
    for (output, room) in [(900, 750), (100, 900), (0, 1_000)] {
        let mut request = request(vec![message(Role::User, "", &[(&log("line", 1_000), Shrink::Head)])]);
        request.parameters.max_tokens = None;
        let (cut, warnings) = fitted(Small { output, ..small(1_000) }, request).await;
        let cut = cut.unwrap();
        assert_eq!((cut.parameters.max_tokens, warnings.len()), (None, 1));
        let tokens = cut.messages[0].content.len().div_ceil(4);
        assert!((room * 98 / 100..=room).contains(&tokens), "{output}: {tokens}");
    }
}

#[tokio::test]
async fn marks_of_nothing_are_passed_over() {
    let text = format!("é{}", log("line", 300));
    let mark = |start, end| Shrinkable { start, end, how: Shrink::Head };
    let mut message = Message::new(Role::User, text.clone());
    message.shrinkable =
        vec![mark(1, 9), mark(9, 3), mark(5, usize::MAX), mark(100, text.len()), mark(200, 300), mark(2, 2)];
    let (cut, _) = fitted(small(400), request(vec![message])).await;
    let cut = cut.unwrap().messages.remove(0).content;
    assert!(cut.starts_with(&text[..100]) && cut.ends_with("left out …]\n"), "{cut}");
}

#[tokio::test]
async fn a_step_sends_what_fits() {
    let model = Arc::new(small(500));
    let test = TestContext::new().provider(model.clone());
    let input = json!({
        "prompt_template": [
            {"role": "system", "content": "Say what broke."},
            {"role": "user", "content": "The log:\n{{ log | shrink('head_tail') }}"},
        ],
        "prompt_values": [{"log": log("line", 1_000)}],
        "model_max_tokens": 100,
    });
    test.run_json(LLM, input).await.unwrap();
    let sent = model.sent.lock().unwrap().remove(0);
    assert_eq!(sent.messages[0].content, "Say what broke.");
    let text = &sent.messages[1].content;
    assert!(text.starts_with("The log:\nline 0000\n") && text.ends_with("line 0999\n"), "{text}");
    assert_eq!(test.warnings().len(), 1, "{:?}", test.warnings());
}
