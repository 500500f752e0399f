//! What a call of a model costs beside the model: CPU time a call, and how much longer many calls at once take than one.
//!
//! `cargo xtask bench` runs it in release. It prints figures and whether they are within their limits; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use patchwork_core::message::{Message, Role};
use patchwork_core::port::provider::{ChatRequest, Provider as _, Target, Unwatched};
use patchwork_remote::llm::{Models, ModelsSettings};
use patchwork_testkit::bench::{Apart, answer_of, cpu_time};
use patchwork_testkit::model::Reply;
use tokio_util::sync::CancellationToken;

/// Bytes of a prompt.
const PROMPT: usize = 8 << 10;
/// Calls whose CPU time is measured together.
const CALLS: usize = 1_000;
/// How often, of which the best counts: whatever else runs only makes it slower.
const TIMES: usize = 5;
/// CPU time of a call at most.
const CPU: Duration = Duration::from_millis(1);
/// Calls at the same time.
const AT_ONCE: usize = 64;
/// How long the model takes for one, and how many times as long all may take.
const LATENCY: Duration = Duration::from_millis(500);
const FACTOR: f64 = 1.1;

fn main() {
    let serves = Apart::serve(|request| match request.model.as_str() {
        "one" => Reply::stream_raw(answer_of(1)).chunked(1 << 20),
        // A chunk for each event or so.
        "many" => Reply::stream_raw(answer_of(32)).chunked(128),
        _ => Reply::stream_raw(answer_of(32)).chunked(1 << 20).delay(LATENCY),
    });
    if serves {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let server = Apart::start();
    println!("{:<60} {:>12}   limit", "", "best");
    for (name, answer) in [("answer in 1 event", "one"), ("answer of 2 KiB in 32 events", "many")] {
        let best = runtime.block_on(cpu(&server, answer));
        let verdict = if best <= CPU { "held" } else { "NOT HELD" };
        println!("{:<60} {best:>12.1?}   {CPU:?}: {verdict}", format!("CPU a call, prompt of 8 KiB, {name}"));
    }
    let best = runtime.block_on(at_once(&server));
    let factor = best.as_secs_f64() / LATENCY.as_secs_f64();
    let verdict = if factor <= FACTOR { "held" } else { "NOT HELD" };
    let name = format!("{AT_ONCE} calls at once, the model takes {LATENCY:?}");
    println!("{name:<60} {best:>12.1?}   {FACTOR} times as long, it is {factor:.3}: {verdict}");
}

async fn cpu(server: &Apart, answer: &str) -> Duration {
    let models = Models::new(ModelsSettings::default());
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        ask(server, &models, answer).await;
        let before = cpu_time();
        for _ in 0..CALLS {
            ask(server, &models, answer).await;
        }
        let calls = u32::try_from(CALLS).expect("a number of calls");
        best = best.min((cpu_time() - before) / calls);
    }
    best
}

async fn at_once(server: &Apart) -> Duration {
    let models = Models::new(ModelsSettings::default());
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        let began = Instant::now();
        join_all((0..AT_ONCE).map(|_| ask(server, &models, "slow"))).await;
        best = best.min(began.elapsed());
    }
    best
}

async fn ask(server: &Apart, models: &Models, answer: &str) {
    let target = Target {
        model: Some(answer.to_owned()),
        base_url: Some(server.base_url.clone()),
        ..Target::default()
    };
    let prompt = "fn main() { println!(\"hello\"); }\n".repeat(PROMPT / 32);
    let request = ChatRequest {
        messages: vec![Message::new(Role::System, "be brief"), Message::new(Role::User, prompt)],
        ..ChatRequest::default()
    };
    models.chat(&target, &request, &Unwatched, &CancellationToken::new()).await.expect("an answer");
}
