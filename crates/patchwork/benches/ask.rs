//! What a call of a model costs beside the model when a run makes it: the step, masking, reserving, sending, reading and the
//! journal on disk.
//!
//! `cargo xtask bench` runs it in release. It prints figures and whether they are within their limit; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use patchwork::models::{Models, ModelsSettings};
use patchwork_core::budget::Limits;
use patchwork_core::engine::Embedded;
use patchwork_core::journal::{Journal, JournalOptions, RunSpec};
use patchwork_core::machine::MACHINE_VERSION;
use patchwork_core::patchflow::check::{NoFiles, load};
use patchwork_core::port::checkout::Checkout as _;
use patchwork_core::run::RunStatus;
use patchwork_core::secret::{Secret, Secrets};
use patchwork_core::step::Ports;
use patchwork_core::usage::MicroUsd;
use patchwork_testkit::bench::{Apart, answer_of, cpu_time};
use patchwork_testkit::context::{Closed, StandingClock, run_id};
use patchwork_testkit::model::Reply;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

/// Bytes of a prompt.
const PROMPT: usize = 8 << 10;
/// Calls of a run.
const CALLS: usize = 500;
/// How often, of which the best counts: whatever else runs only makes it slower.
const TIMES: usize = 5;
/// CPU time of a call at most.
const CPU: Duration = Duration::from_millis(1);
/// Known models, for there to be a price, and how the server answers in their place.
const SHORT: (&str, &str) = ("gpt-4o-mini", "answer in 1 event");
const LONG: (&str, &str) = ("gpt-4o", "answer of 2 KiB in 32 events");

fn main() {
    let serves = Apart::serve(|request| match request.model.as_str() {
        // A chunk for each event or so.
        model if model == LONG.0 => Reply::stream_raw(answer_of(32)).chunked(128),
        _ => Reply::stream_raw(answer_of(1)).chunked(1 << 20),
    });
    if serves {
        return;
    }
    let server = Apart::start();
    println!("{:<60} {:>12}   limit", "", "best");
    for (model, answer) in [SHORT, LONG] {
        let mut best = Duration::MAX;
        for _ in 0..TIMES {
            // What a run takes whatever it asks is not the calls'.
            let (one, all) = (run(&server, model, 1), run(&server, model, CALLS));
            let calls = u32::try_from(CALLS - 1).expect("a number of calls");
            best = best.min(all.saturating_sub(one) / calls);
        }
        let verdict = if best <= CPU { "held" } else { "NOT HELD" };
        let name = format!("CPU a journaled call, prompt of 8 KiB, {answer}");
        println!("{name:<60} {best:>12.1?}   {CPU:?}: {verdict}");
    }
}

/// The CPU time of a run with so many calls.
fn run(server: &Apart, model: &str, calls: usize) -> Duration {
    let code = "fn main() { println!(\"hello\"); }\n".repeat(PROMPT / 32);
    let prompts = (0..calls).map(|number| {
        json!([
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": format!("{number}\n{code}")},
        ])
    });
    let source = format!(
        "\
name: Asking
summary: Asks a model.
inputs:
  prompts: {{ type: array, items: array }}
steps:
  - id: ask
    uses: CallLLM
    with: {{ prompts: '${{{{ inputs.prompts }}}}', model: {model}, concurrency: 8 }}
"
    );
    let loaded = load(&source, "asking.yml", &patchwork::registry(), &NoFiles).expect("a patchflow");
    let spec = RunSpec {
        id: run_id(),
        plan: loaded.plan,
        inputs: Map::from_iter([("prompts".to_owned(), prompts.collect::<Value>())]),
        from_repository: Vec::new(),
        limits: Limits { cost: Some(MicroUsd(1 << 50)), tokens: Some(1 << 50), ..Limits::default() },
        base: Closed.base().clone(),
        created_ms: 0,
        machine_version: MACHINE_VERSION,
        proposes: false,
        program_version: "0".to_owned(),
    };
    let secrets = Secrets::new();
    secrets.insert("openai_api_key", Secret::new("sk-a-key-that-no-vendor-ever-gave"));
    secrets.insert("github_api_key", Secret::new("a-token-of-a-forge-as-long-as-they-are"));
    let settings = ModelsSettings {
        base_urls: BTreeMap::from([("openai".to_owned(), server.base_url.clone())]),
        local: Vec::new(),
        ..ModelsSettings::default()
    };
    let closed = Arc::new(Closed);
    let ports = Arc::new(Ports {
        checkout: closed.clone(),
        history: Arc::new(patchwork_core::port::history::NoHistory),
        processes: closed.clone(),
        trials: Arc::new(patchwork_core::port::trial::NoTrials),
        provider: Arc::new(Models::new(settings)),
        forges: closed,
        policy: patchwork_core::effect::Policy::default(),
        proposes: false,
        clock: Arc::new(StandingClock),
        secrets: secrets.clone(),
        cache_dir: "/no-cache-in-this-bench".into(),
    });
    let state = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let before = cpu_time();
    let end = runtime.block_on(async {
        let journal = Journal::open(state.path(), JournalOptions { secrets, ..JournalOptions::default() });
        Embedded::new(journal.expect("a journal"), patchwork::registry(), Vec::new())
            .start(spec, ports, CancellationToken::new())
            .await
            .expect("a run")
    });
    drop(runtime);
    let took = cpu_time().saturating_sub(before);
    assert_eq!(end.status, RunStatus::Done, "{:?}", end.failure);
    took
}
