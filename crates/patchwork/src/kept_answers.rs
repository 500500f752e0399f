//! Answers that earlier runs got: a request that is the same to the last byte is answered from the journal in place of the
//! model, within a time limit.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use patchwork_core::engine::digest;
use patchwork_core::journal::Journal;
use patchwork_core::message::Finish;
use patchwork_core::port::clock::Clock;
use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Measure, Provider, ProviderError, Route, Target, Watch,
};
use patchwork_core::usage::{MicroUsd, Usage};
use tokio_util::sync::CancellationToken;

/// Models whose answers are kept.
pub struct KeptAnswers {
    models: Arc<dyn Provider>,
    journal: Journal,
    clock: Arc<dyn Clock>,
    limit: Duration,
}

impl KeptAnswers {
    /// Answers of `models` that are younger than `limit` are used again.
    pub fn new(models: Arc<dyn Provider>, journal: Journal, clock: Arc<dyn Clock>, limit: Duration) -> Self {
        Self { models, journal, clock, limit }
    }

    fn since(&self, now_ms: i64) -> i64 {
        now_ms.saturating_sub(i64::try_from(self.limit.as_millis()).unwrap_or(i64::MAX))
    }

    /// What an answer is kept under: who is asked, and every byte of what is asked.
    async fn key(&self, target: &Target, request: &ChatRequest) -> Option<(Route, String)> {
        let route = self.models.route(target).await.ok()?;
        let key = digest(&(&route.vendor, &route.model, &route.base_url, request)).ok()?;
        Some((route, key))
    }
}

#[async_trait]
impl Provider for KeptAnswers {
    async fn route(&self, target: &Target) -> Result<Route, ProviderError> {
        self.models.route(target).await
    }

    fn measure(&self, route: &Route, request: &ChatRequest) -> Measure {
        self.models.measure(route, request)
    }

    fn price(&self, route: &Route, usage: Usage) -> Option<MicroUsd> {
        self.models.price(route, usage)
    }

    async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        watch: &dyn Watch,
        cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        let key = self.key(target, request).await;
        let now_ms = self.clock.now_ms();
        if let Some((_, key)) = &key
            && let Ok(Some(answer)) = self.journal.kept_answer(key, self.since(now_ms)).await
        {
            return Ok(ChatAnswer {
                usage: Usage::default(),
                cost: Some(MicroUsd(0)),
                latency_ms: 0,
                attempts: 0,
                reused: true,
                ..answer
            });
        }
        let answer = self.models.chat(target, request, watch, cancel).await?;
        // What was cut or withheld may come out better another time; what a fallback said is not what was asked for.
        if let Some((route, key)) = key
            && matches!(answer.finish, Finish::Stop | Finish::ToolCalls)
            && answer.vendor == route.vendor
            && answer.model.starts_with(&route.model)
        {
            self.journal.keep_answer(&key, self.clock.now_ms(), self.since(now_ms), &answer);
        }
        Ok(answer)
    }
}
