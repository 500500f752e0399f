//! A provider that ends in the middle of a call: what was set aside for it is counted, and keeps nobody waiting.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use patchwork_core::budget::Limits;
use patchwork_core::engine::Embedded;
use patchwork_core::journal::{Journal, JournalOptions};
use patchwork_core::message::Finish;
use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Measure, Provider, ProviderError, Route, Target, Watch, Worst,
};
use patchwork_core::run::RunStatus;
use patchwork_core::usage::{MicroUsd, Usage};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::world::{plan, ports, spec};

const ASKING: &str = "\
name: Asking
summary: Asks a model.
inputs:
  groups: { type: array, items: array }
steps:
  - id: ask
    uses: CallLLM
    with: { prompts: \"${{ inputs.groups }}\", concurrency: 3 }
";

/// What a call takes at worst, and an answer does.
const WORST: u64 = 10;
const ANSWER: u64 = 4;

/// Panics when it is asked about `bug`, as soon as it may ask.
struct Careless;

#[async_trait]
impl Provider for Careless {
    async fn route(&self, _: &Target) -> Result<Route, ProviderError> {
        Ok(Route::default())
    }

    fn measure(&self, _: &Route, _: &ChatRequest) -> Measure {
        Measure::default()
    }

    fn price(&self, _: &Route, _: Usage) -> Option<MicroUsd> {
        None
    }

    async fn chat(
        &self,
        _: &Target,
        request: &ChatRequest,
        watch: &dyn Watch,
        _: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        watch.reserve(Worst { input_tokens: WORST, ..Worst::default() }).await?;
        let text = request.messages[0].content.clone();
        assert!(text != "bug", "a bug");
        Ok(ChatAnswer {
            text,
            tool_calls: Vec::new(),
            carried: None,
            logprobs: Vec::new(),
            finish: Finish::Stop,
            usage: Usage { input_tokens: ANSWER, ..Usage::default() },
            cost: None,
            vendor: "test".to_owned(),
            model: "test".to_owned(),
            latency_ms: 0,
            attempts: 1,
            reused: false,
        })
    }
}

#[tokio::test]
async fn a_panic_in_a_call_is_counted_and_keeps_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path(), JournalOptions::default()).unwrap();
    // Room for the one that fails, and then for one after the other.
    let limits = Limits { tokens: Some(WORST + ANSWER + WORST), ..Limits::default() };
    let prompts = ["bug", "one", "two"].map(|text| json!([{"role": "user", "content": text}]));
    let engine = Embedded::new(journal.clone(), patchwork::registry(), Vec::new());
    let spec = spec(plan(ASKING), json!(prompts), limits);
    let id = spec.id.clone();
    let run = engine.start(spec, ports(Arc::new(Careless)), CancellationToken::new());
    let end =
        tokio::time::timeout(Duration::from_mins(1), run).await.expect("somebody waits for ever").unwrap();
    assert_eq!(end.status, RunStatus::Done, "{end:#?}");
    assert_eq!(end.outputs["openai_responses"], json!(["", "one", "two"]));
    let counted: u64 = journal.tries(&id).await.unwrap().iter().map(|entry| entry.amount.tokens).sum();
    assert_eq!(counted, WORST + ANSWER + ANSWER);
}
