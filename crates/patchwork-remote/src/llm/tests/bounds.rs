//! What is set aside before a try, and what counts after one that brought no answer.

use std::sync::Mutex;

use async_trait::async_trait;
use patchwork_core::port::provider::{Lost, Retry, Watch, Worst};
use patchwork_core::usage::{MicroUsd, Usage};

use super::*;

/// Writes down what it is told.
#[derive(Default)]
struct Notes {
    bounded: bool,
    /// The budget of each try; none where absent.
    allowed: Option<MicroUsd>,
    reserved: Mutex<Vec<Worst>>,
    lost: Mutex<Vec<Lost>>,
}

#[async_trait]
impl Watch for Notes {
    async fn reserve(&self, worst: Worst) -> Result<(), ProviderError> {
        self.reserved.lock().unwrap().push(worst);
        if self.allowed.is_some_and(|allowed| worst.cost.unwrap() > allowed) {
            return Err(ProviderError {
                kind: ProviderErrorKind::BudgetReached,
                message: "too dear".to_owned(),
                status: None,
                retry_after: None,
                hint: None,
            });
        }
        Ok(())
    }

    async fn lost(&self, lost: Lost) -> Result<(), ProviderError> {
        self.lost.lock().unwrap().push(lost);
        Ok(())
    }

    fn bounded(&self) -> bool {
        self.bounded
    }

    fn retrying(&self, _retry: Retry) {}
}

async fn watched(
    settings: ModelsSettings,
    target: &Target,
    request: &ChatRequest,
    bounded: bool,
) -> (Result<ChatAnswer, ProviderError>, Vec<Worst>, Vec<Lost>) {
    let notes = Notes { bounded, ..Notes::default() };
    let answer = Models::new(settings).chat(target, request, &notes, &CancellationToken::new()).await;
    (answer, notes.reserved.into_inner().unwrap(), notes.lost.into_inner().unwrap())
}

#[tokio::test]
async fn the_worst_case_is_set_aside_before_every_try() {
    let server = ModelServer::replying(vec![Reply::error(500, "no"), Reply::text("done")]);
    let mut request = hello();
    request.parameters.max_tokens = Some(1_000);
    let (answer, reserved, lost) = watched(quick(), &custom(&server), &request, true).await;
    let cost = answer.unwrap().cost.unwrap();
    let [first, second] = reserved.try_into().unwrap();
    assert_eq!((first, lost), (second, vec![Lost::Nothing]));
    assert_eq!(first.output_tokens, 1_000);
    let worst = first.cost.unwrap();
    assert!(worst >= MicroUsd(10_000) && cost <= worst, "1,000 tokens at $10 per million alone: {worst}");
}

#[tokio::test]
async fn what_a_failed_try_took_follows_from_how_it_failed() {
    let unknown = || vec![Lost::Unknown; 5];
    for (reply, expected) in [
        (Reply::error(401, "no"), vec![Lost::Nothing]),
        (Reply::error(500, "no"), vec![Lost::Nothing; 5]),
        (Reply::error(504, "a gateway lost it"), unknown()),
        (Reply::raw(200, "<html>"), vec![Lost::Nothing]),
        (Reply::raw(200, r#"{"error":{"code":429}}"#), vec![Lost::Nothing; 5]),
        (Reply::raw(200, r#"{"error":{"code":502}}"#), unknown()),
        (Reply::cut(), unknown()),
        (Reply::text("a long enough answer").cut_after(100), unknown()),
        (Reply::text("a long enough answer").then_error(500, "broke"), unknown()),
    ] {
        let shown = format!("{reply:?}");
        let server = ModelServer::replying(vec![reply]);
        let (answer, _, lost) = watched(quick(), &custom(&server), &hello(), true).await;
        assert!(answer.is_err());
        assert_eq!(lost, expected, "{shown}");
    }
}

#[tokio::test]
async fn what_an_unusable_answer_took_is_known_when_the_server_said_so() {
    let usage = Usage { input_tokens: 100, output_tokens: 10, ..Usage::default() };
    let server = ModelServer::replying(vec![Reply::tool_call("a", "", "{}").usage(usage).not_streamed()]);
    let (answer, _, lost) = watched(quick(), &custom(&server), &hello(), true).await;
    assert_eq!(answer.unwrap_err().kind, ProviderErrorKind::Malformed);
    assert_eq!(lost, vec![Lost::Known(usage, Some(MicroUsd(350))); 5]);
}

#[tokio::test]
async fn a_try_that_never_arrived_took_nothing_and_one_that_was_cancelled_is_unknown() {
    let gone = ModelServer::start(|_| Reply::never());
    let target = custom(&gone);
    drop(gone);
    let (_, reserved, lost) = watched(quick(), &target, &hello(), true).await;
    assert_eq!((reserved.len(), lost), (1, vec![Lost::Nothing]));

    let cancel = CancellationToken::new();
    let seen = cancel.clone();
    let server = ModelServer::start(move |_| {
        seen.cancel();
        Reply::never()
    });
    let notes = Notes::default();
    let error = Models::new(quick()).chat(&custom(&server), &hello(), &notes, &cancel).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Cancelled);
    assert_eq!(notes.lost.into_inner().unwrap(), [Lost::Unknown]);
}

#[tokio::test]
async fn a_model_that_is_not_known_gets_a_limit_under_a_budget_only() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let target = Target { model: Some("house-model".to_owned()), ..custom(&server) };
    for (bounded, limit) in [(false, None), (true, Some(8_192))] {
        let (answer, reserved, _) = watched(quick(), &target, &hello(), bounded).await;
        answer.unwrap();
        assert_eq!(server.requests().pop().unwrap().max_tokens(), limit);
        assert_eq!((reserved[0].output_tokens, reserved[0].cost), (8_192, None));
    }
}

#[tokio::test]
async fn a_prompt_that_fills_the_context_leaves_less_for_the_answer() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let target = named("gpt-4o", "openai_api_key");
    let words = |count| request(&[(Role::User, &"word ".repeat(count))]);
    let models = Models::new(vendors_at(&server));
    let mut limits = Vec::new();
    for count in [10, 120_000, 127_900] {
        chat(&models, &target, &words(count)).await.unwrap();
        limits.push(server.requests().pop().unwrap().max_tokens().unwrap());
    }
    assert_eq!(limits[0], 16_384, "what the model can write");
    assert!((7_000..8_000).contains(&limits[1]), "{limits:?}");
    assert_eq!(limits[2], 1_024, "the server says that it is too long");
}

#[tokio::test]
async fn a_measure_is_the_worst_case_and_the_likely_prompt() {
    let models = Models::new(quick());
    let route = models.route(&named("gpt-4o", "openai_api_key")).await.unwrap();
    assert_eq!((route.context, route.output, route.priced), (Some(128_000), Some(16_384), true));
    let measure = models.measure(&route, &hello());
    assert!(measure.exact && measure.input_tokens < measure.worst.input_tokens, "{measure:?}");
    assert_eq!(measure.worst.output_tokens, 16_384);
    assert!(measure.worst.cost.unwrap() >= MicroUsd(163_840));
}

#[tokio::test]
async fn a_small_budget_gets_a_shorter_answer_rather_than_none() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let models = Models::new(vendors_at(&server));
    let target = named("gpt-4o", "openai_api_key");
    let ask = async |cents: u64, request: &ChatRequest| {
        let notes = Notes { bounded: true, allowed: Some(MicroUsd(cents * 10_000)), ..Notes::default() };
        let answer = models.chat(&target, request, &notes, &CancellationToken::new()).await;
        let limits = notes.reserved.into_inner().unwrap().into_iter().map(|worst| worst.output_tokens);
        (answer, limits.collect::<Vec<_>>())
    };
    for (cents, limits) in [(50, vec![16_384]), (10, vec![16_384, 8_192]), (5, vec![16_384, 8_192, 4_096])] {
        let (answer, reserved) = ask(cents, &hello()).await;
        assert_eq!(reserved, limits);
        answer.unwrap();
        let sent = server.requests().pop().unwrap().max_tokens();
        assert_eq!(sent, limits.last().copied(), "what is sent is what was set aside");
    }
    let mut limited = hello();
    limited.parameters.max_tokens = Some(10_000);
    for (cents, request) in [(1, &hello()), (5, &limited)] {
        let asked = server.count();
        let (answer, _) = ask(cents, request).await;
        assert_eq!(answer.unwrap_err().kind, ProviderErrorKind::BudgetReached);
        assert_eq!(server.count(), asked);
    }
}
