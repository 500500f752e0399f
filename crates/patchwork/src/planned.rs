//! Calls that are counted in place of being made: what a run would ask, and what that costs, before anything is paid.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Measure, Provider, ProviderError, ProviderErrorKind, Route, Target, Watch,
};
use patchwork_core::secret::Secret;
use patchwork_core::usage::{MicroUsd, Usage};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

/// Tokens that an answer has beside what depends on its prompt: headings, a summary, a commit message.
const FIXED_OUTPUT: u64 = 300;

/// What one model would be asked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PlannedCalls {
    /// Calls.
    pub calls: u64,
    /// Tokens of their prompts.
    pub input_tokens: u64,
    /// Whether these are counted, not estimated.
    pub exact: bool,
    /// Tokens of their answers, expected: half of what the prompt has, and some 300.
    pub output_tokens: u64,
    /// What they cost then; absent when the price is unknown.
    pub cost: Option<MicroUsd>,
    /// What they cost at most, each answer as long as it may be; absent when the price or the limit is unknown.
    pub cost_at_most: Option<MicroUsd>,
}

/// Models that count and do not answer.
pub struct Planner {
    models: Arc<dyn Provider>,
    key_options: Vec<String>,
    planned: Mutex<BTreeMap<(String, String), PlannedCalls>>,
}

impl Planner {
    /// Counts with the tokens and prices of `models`. `key_options` are the names of the options for their keys, which need not
    /// be given.
    pub fn new(models: Arc<dyn Provider>, key_options: Vec<String>) -> Self {
        Self { models, key_options, planned: Mutex::default() }
    }

    /// Who would be asked: for a model that is named that is known without a key.
    async fn find(&self, target: &Target) -> Result<Route, ProviderError> {
        let found = self.models.route(target).await;
        let Err(ProviderError { kind: ProviderErrorKind::NotConfigured, .. }) = &found else { return found };
        if target.model.is_none() {
            return found;
        }
        let mut with_keys = target.clone();
        for option in &self.key_options {
            with_keys.keys.entry(option.clone()).or_insert_with(|| Secret::new("none-is-needed-to-plan"));
        }
        self.models.route(&with_keys).await.or(found)
    }

    /// What was counted, by vendor and model.
    pub fn planned(&self) -> BTreeMap<(String, String), PlannedCalls> {
        self.planned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(&self, route: &Route, measure: Measure) {
        let expected = FIXED_OUTPUT + measure.input_tokens / 2;
        let output_tokens = match measure.worst.output_tokens {
            0 => expected,
            limit => expected.min(limit),
        };
        let usage = Usage { input_tokens: measure.input_tokens, output_tokens, ..Usage::default() };
        let cost = self.models.price(route, usage);
        let mut planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = planned.entry((route.vendor.clone(), route.model.clone())).or_insert(PlannedCalls {
            exact: true,
            cost: Some(MicroUsd(0)),
            cost_at_most: Some(MicroUsd(0)),
            ..PlannedCalls::default()
        });
        entry.calls += 1;
        entry.input_tokens += measure.input_tokens;
        entry.output_tokens += output_tokens;
        entry.exact &= measure.exact;
        entry.cost = sum(entry.cost, cost);
        entry.cost_at_most = sum(entry.cost_at_most, measure.worst.cost);
    }
}

fn sum(so_far: Option<MicroUsd>, more: Option<MicroUsd>) -> Option<MicroUsd> {
    let mut sum = so_far?;
    sum += more?;
    Some(sum)
}

#[async_trait]
impl Provider for Planner {
    async fn route(&self, target: &Target) -> Result<Route, ProviderError> {
        self.find(target).await
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
        _watch: &dyn Watch,
        _cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        let route = self.find(target).await?;
        self.count(&route, self.models.measure(&route, request));
        Err(ProviderError {
            kind: ProviderErrorKind::OnlyPlanned,
            message: "the call was counted, not made".to_owned(),
            status: None,
            retry_after: None,
            hint: None,
        })
    }
}
