//! Answers that earlier runs got: a request that is the same to the last byte is answered from the journal in place of the
//! model, within a time limit. What one run asks twice are two requests: it wants two opinions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
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
    /// When the run began: its own answers are no answers of earlier runs, also when it is resumed.
    began_ms: i64,
    /// How often each request was made.
    asked: Mutex<HashMap<String, u32>>,
}

impl KeptAnswers {
    /// Answers of `models` that are younger than `limit`, and older than the run, are used again.
    pub fn new(
        models: Arc<dyn Provider>,
        journal: Journal,
        clock: Arc<dyn Clock>,
        limit: Duration,
        began_ms: i64,
    ) -> Self {
        Self { models, journal, clock, limit, began_ms, asked: Mutex::default() }
    }

    fn since(&self) -> i64 {
        self.clock.now_ms().saturating_sub(i64::try_from(self.limit.as_millis()).unwrap_or(i64::MAX))
    }

    /// What an answer is kept under: who is asked, every byte of what is asked, and how often it was asked before.
    async fn key(&self, target: &Target, request: &ChatRequest) -> Option<(Route, String)> {
        let route = self.models.route(target).await.ok()?;
        let key = digest(&(&route.vendor, &route.model, &route.base_url, request)).ok()?;
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let count = asked.entry(key.clone()).or_default();
        let key = if *count == 0 { key } else { format!("{key}/{count}") };
        *count += 1;
        Some((route, key))
    }

    /// Whether the model that was asked gave the answer, and none of its fallbacks. Vendors name the very version
    /// (`gpt-4o-2024-11-20` for `gpt-4o`), so a fallback may begin with the name of the first.
    async fn is_of(&self, route: &Route, target: &Target, answer: &ChatAnswer) -> bool {
        let begins = |model: &str| answer.model.strip_prefix(model).map(|_| model.len());
        let Some(own) = begins(&route.model).filter(|_| answer.vendor == route.vendor) else { return false };
        for model in &target.fallbacks {
            let fallback = Target { model: Some(model.clone()), fallbacks: Vec::new(), ..target.clone() };
            let closer = match self.models.route(&fallback).await {
                Ok(other) => other.vendor == answer.vendor && begins(&other.model) >= Some(own),
                Err(_) => false,
            };
            if closer {
                return false;
            }
        }
        true
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
        if let Some((_, key)) = &key
            && let Ok(Some(answer)) = self.journal.kept_answer(key, self.since()..self.began_ms).await
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
            && self.is_of(&route, target, &answer).await
        {
            self.journal.keep_answer(&key, self.clock.now_ms(), self.since(), &answer);
        }
        Ok(answer)
    }
}
