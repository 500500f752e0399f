use std::sync::Mutex as StdMutex;

use async_trait::async_trait;
use patchwork_core::port::provider::{Lost, Route, Worst};
use patchwork_core::secret::Secret;
use tokio::time::{advance, timeout};

use super::*;
use crate::llm::catalog::{Profile, Protocol, Vendor, VendorLimits};
use crate::llm::destination::base_url;

const PATIENCE: Duration = Duration::from_secs(120);

fn gates() -> Gates {
    Gates::new(&RetryPolicy::default())
}

/// Keeps what it is told.
#[derive(Default)]
struct Told(StdMutex<Vec<Retry>>);

impl Told {
    fn problems(&self) -> Vec<(String, Duration)> {
        self.0.lock().unwrap().iter().map(|retry| (retry.problem.clone(), retry.wait)).collect()
    }
}

#[async_trait]
impl Watch for Told {
    async fn reserve(&self, _worst: Worst) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn lost(&self, _lost: Lost) -> Result<(), ProviderError> {
        Ok(())
    }

    fn retrying(&self, retry: Retry) {
        self.0.lock().unwrap().push(retry);
    }
}

fn limited(model: &str, key: &str, limits: VendorLimits) -> Destination {
    let mut vendor: Vendor =
        serde_json::from_value(serde_json::json!({"id": "acme", "name": "Acme", "protocol": "openai_chat"}))
            .unwrap();
    vendor.limits = limits;
    Destination {
        route: Route { vendor: "acme".to_owned(), model: model.to_owned(), ..Route::default() },
        protocol: Protocol::OpenAiChat,
        base: base_url("https://acme.example.com/v1").unwrap(),
        key: Some(Secret::new(key)),
        vendor: Some(Arc::new(vendor)),
        profile: Profile::default(),
    }
}

fn destination(model: &str) -> Destination {
    limited(model, "key-1", VendorLimits::default())
}

fn gate() -> Gate {
    gates().gate(&destination("m"), PATIENCE)
}

async fn enter(gate: &Gate, tokens: u64) -> Result<Permit, ProviderError> {
    gate.enter(tokens, &Told::default(), &CancellationToken::new()).await
}

/// Whether a call would have to wait now.
async fn waits(gate: &Gate, tokens: u64) -> bool {
    timeout(Duration::from_micros(1), enter(gate, tokens)).await.is_err()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    lines.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
}

fn none() -> HeaderMap {
    HeaderMap::new()
}

#[tokio::test(start_paused = true)]
async fn what_one_call_is_asked_to_wait_all_wait() {
    let gates = gates();
    let (one, other) = (gates.gate(&destination("m"), PATIENCE), gates.gate(&destination("n"), PATIENCE));
    let stranger = gates.gate(&limited("m", "key-2", VendorLimits::default()), PATIENCE);
    let permit = enter(&one, 1).await.unwrap();
    permit.failed(ProviderErrorKind::Server, Some(Duration::from_secs(20)), &none());
    assert!(!waits(&stranger, 1).await);
    let (told, began) = (Told::default(), Instant::now());
    other.enter(1, &told, &CancellationToken::new()).await.unwrap().succeeded(&none(), Usage::default());
    assert_eq!(began.elapsed().as_secs(), 20);
    let told = told.problems();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "acme/n asked for a pause");
    assert!(told[0].1 > Duration::from_secs(19));
}

#[tokio::test(start_paused = true)]
async fn what_a_call_is_asked_to_wait_for_a_limit_calls_of_its_model_wait() {
    let gates = gates();
    let gate = |model| gates.gate(&destination(model), PATIENCE);
    let permit = enter(&gate("m"), 1).await.unwrap();
    permit.failed(ProviderErrorKind::RateLimited, Some(Duration::from_secs(20)), &none());
    assert!(waits(&gate("m"), 1).await);
    assert!(!waits(&gate("n"), 1).await);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_patience_fails_at_once() {
    let gate = gate();
    enter(&gate, 1).await.unwrap().failed(
        ProviderErrorKind::RateLimited,
        Some(Duration::from_secs(3 * 3600)),
        &none(),
    );
    let began = Instant::now();
    let error = enter(&gate, 1).await.unwrap_err();
    assert_eq!(began.elapsed(), Duration::ZERO);
    assert_eq!(error.kind, ProviderErrorKind::RateLimited);
    assert_eq!(error.message, "acme/m asked for a pause, for 3 h more");
    assert_eq!(error.retry_after.map(|wait| wait.as_secs().div_ceil(60)), Some(180));
}

#[tokio::test(start_paused = true)]
async fn calls_wait_for_what_the_headers_say_and_each_model_has_its_own() {
    let gates = gates();
    let (one, other) = (gates.gate(&destination("m"), PATIENCE), gates.gate(&destination("n"), PATIENCE));
    let told = headers(&[
        ("x-ratelimit-limit-requests", "60"),
        ("x-ratelimit-remaining-requests", "1"),
        ("x-ratelimit-reset-requests", "59s"),
    ]);
    enter(&one, 1).await.unwrap().succeeded(&told, Usage::default());
    assert!(!waits(&one, 1).await, "one is left");
    let began = Instant::now();
    let later = async {
        enter(&one, 1).await.unwrap();
        // One comes back a second.
        assert_eq!(began.elapsed().as_millis().div_ceil(100), 10);
    };
    let meanwhile = async {
        enter(&other, 1).await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(1), "whoever waits holds up its own model only");
    };
    tokio::join!(later, meanwhile);
}

#[tokio::test(start_paused = true)]
async fn tokens_are_counted_with_those_the_server_does_not_know_of_yet() {
    let gate = gate();
    let first = enter(&gate, 100).await.unwrap();
    let later = enter(&gate, 700).await.unwrap();
    // Said of the first call, before the server saw the second.
    first.heard(&headers(&[
        ("x-ratelimit-limit-tokens", "1000"),
        ("x-ratelimit-remaining-tokens", "900"),
        ("x-ratelimit-reset-tokens", "10s"),
    ]));
    assert!(waits(&gate, 300).await);
    assert!(!waits(&gate, 200).await);
    drop((first, later));
    // More than is ever allowed goes when all of it is there.
    let began = Instant::now();
    enter(&gate, 5_000).await.unwrap();
    assert!(
        began.elapsed() > Duration::from_secs(80) && began.elapsed() <= PATIENCE,
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test(start_paused = true)]
async fn too_many_at_once_halves_and_answers_widen_again() {
    let gate = gate();
    let mut permits = Vec::new();
    for _ in 0..8 {
        permits.push(enter(&gate, 1).await.unwrap());
    }
    // Two refusals of one jam halve once.
    for _ in 0..2 {
        permits.pop().unwrap().failed(ProviderErrorKind::RateLimited, None, &none());
    }
    assert!(waits(&gate, 1).await, "six are under way, four may be");
    while permits.len() > 3 {
        permits.pop();
    }
    let fourth = enter(&gate, 1).await.unwrap();
    assert!(waits(&gate, 1).await);
    drop(permits);
    fourth.succeeded(&none(), Usage::default());
    for _ in 0..4 {
        enter(&gate, 1).await.unwrap().succeeded(&none(), Usage::default());
    }
    let mut held = Vec::new();
    for _ in 0..5 {
        held.push(enter(&gate, 1).await.unwrap());
    }
    assert!(waits(&gate, 1).await, "five after as many answers");
    // Whoever waits goes when another one ends.
    let next = tokio::spawn({
        let gate = gate.clone();
        async move { enter(&gate, 1).await.is_ok() }
    });
    advance(Duration::from_secs(1)).await;
    held.pop();
    assert!(next.await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn limits_that_are_set_hold_from_the_start() {
    let one = std::num::NonZeroU32::new(1);
    let limits = VendorLimits { concurrency: one, ..VendorLimits::default() };
    let gate = gates().gate(&limited("m", "k", limits), PATIENCE);
    let permit = enter(&gate, 1).await.unwrap();
    assert!(waits(&gate, 1).await);
    permit.succeeded(&none(), Usage::default());
    assert!(!waits(&gate, 1).await);

    let limits =
        VendorLimits { requests_per_minute: std::num::NonZeroU32::new(2), ..VendorLimits::default() };
    let gate = gates().gate(&limited("m", "k", limits), PATIENCE);
    let began = Instant::now();
    for _ in 0..4 {
        enter(&gate, 1).await.unwrap().succeeded(&none(), Usage::default());
    }
    assert_eq!(began.elapsed().as_secs(), 60);

    let limits =
        VendorLimits { tokens_per_minute: std::num::NonZeroU32::new(6_000), ..VendorLimits::default() };
    let gate = gates().gate(&limited("m", "k", limits), PATIENCE);
    let began = Instant::now();
    let took = Usage { input_tokens: 500, output_tokens: 500, ..Usage::default() };
    for _ in 0..2 {
        enter(&gate, 5_000).await.unwrap().succeeded(&none(), took);
    }
    assert_eq!(began.elapsed(), Duration::ZERO, "what was not needed came back");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_answer_is_left_alone_and_probed() {
    let gate = gate();
    // A short hitch of many calls at once closes nothing.
    for _ in 0..20 {
        enter(&gate, 1).await.unwrap().failed(ProviderErrorKind::Server, None, &none());
    }
    advance(Duration::from_millis(7_500)).await;
    enter(&gate, 1).await.unwrap().failed(ProviderErrorKind::Server, None, &none());
    let error = enter(&gate, 1).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Server);
    assert_eq!(error.message, "acme/m did not answer any of the last calls; it is tried again in 15 s");
    assert_eq!(error.retry_after, Some(Duration::from_secs(15)));
    advance(Duration::from_secs(15)).await;
    // One finds out; the others don't wait for it.
    let probe = enter(&gate, 1).await.unwrap();
    assert!(enter(&gate, 1).await.unwrap_err().message.ends_with("it is being tried right now"));
    probe.failed(ProviderErrorKind::Connection, None, &none());
    assert!(enter(&gate, 1).await.unwrap_err().message.ends_with("in 30 s"));
    advance(Duration::from_secs(30)).await;
    // A probe that is given up decides nothing: the next call is one.
    drop(enter(&gate, 1).await.unwrap());
    enter(&gate, 1).await.unwrap().succeeded(&none(), Usage::default());
    let (a, b) = (enter(&gate, 1).await, enter(&gate, 1).await);
    assert!(a.is_ok() && b.is_ok());
}

#[tokio::test(start_paused = true)]
async fn whoever_says_anything_is_there() {
    let gate = gate();
    for _ in 0..3 {
        for _ in 0..9 {
            enter(&gate, 1).await.unwrap().failed(ProviderErrorKind::Connection, None, &none());
        }
        advance(Duration::from_secs(60)).await;
        enter(&gate, 1).await.unwrap().failed(ProviderErrorKind::InvalidRequest, None, &none());
    }
    assert!(enter(&gate, 1).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_wait() {
    let gate = gate();
    enter(&gate, 1).await.unwrap().failed(
        ProviderErrorKind::RateLimited,
        Some(Duration::from_secs(60)),
        &none(),
    );
    let cancel = CancellationToken::new();
    let waiting = tokio::spawn({
        let (gate, cancel) = (gate.clone(), cancel.clone());
        async move { gate.enter(1, &Told::default(), &cancel).await.map(drop) }
    });
    advance(Duration::from_secs(1)).await;
    cancel.cancel();
    assert_eq!(waiting.await.unwrap().unwrap_err().kind, ProviderErrorKind::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn garbage_in_headers_does_no_harm() {
    let gate = gate();
    for (limit, remaining, reset) in [
        ("many", "few", "soon"),
        ("0", "0", "0"),
        ("18446744073709551615", "18446744073709551615", "1e308"),
        ("-1", "-1", "-1"),
        ("1", "1", "NaN"),
        ("5", "500", "99999999999999999999h"),
    ] {
        let told = headers(&[
            ("x-ratelimit-limit-requests", limit),
            ("x-ratelimit-remaining-requests", remaining),
            ("x-ratelimit-reset-requests", reset),
        ]);
        enter(&gate, u64::MAX)
            .await
            .unwrap()
            .succeeded(&told, Usage { input_tokens: u64::MAX, ..Usage::default() });
        advance(Duration::from_secs(60)).await;
        assert!(enter(&gate, 1).await.is_ok(), "{limit} {remaining} {reset}");
    }
}
