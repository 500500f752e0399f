//! How a step asks a model: once per run, its worst case set aside before each try, answer and request in the journal before
//! anything else happens.

use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{Context, StepError};
use crate::budget::Limits;
use crate::event::EventBody;
use crate::port::provider::{
    ChatAnswer, ChatRequest, Lost, Provider, ProviderError, ProviderErrorKind, Retry, Target, Watch, Worst,
};
use crate::run::NodePath;

/// What a step wants to know.
#[derive(Debug, Clone)]
pub struct Question {
    /// Keeps equal questions of one node apart, from 0.
    pub index: usize,
    /// Who is asked.
    pub target: Target,
    /// What is asked.
    pub request: ChatRequest,
    /// What all calls of the node may take.
    pub limits: Limits,
}

/// An answer, and whether it came now or from the journal.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The answer.
    pub answer: ChatAnswer,
    /// It was not in the journal.
    pub fresh: bool,
}

/// A call, as the journal knows it.
#[derive(Debug, Clone)]
pub struct Call {
    /// Its key among the records of the run.
    pub key: String,
    /// The node that asks.
    pub node: NodePath,
    /// What all calls of the node may take.
    pub limits: Limits,
}

/// What was asked, as it is recorded. Keys are no part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// The model that was named, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// What is asked when it can't answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fallbacks: Vec<String>,
    /// The endpoint that was named, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// What was asked, before it was cut to what the model takes.
    pub request: ChatRequest,
    /// What was sent, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<ChatRequest>,
}

impl Context {
    /// Asks a model. An answer that is in the journal is given again; otherwise `prepare` makes of the request what is sent,
    /// and the answer is in the journal, with the request, before this returns. It happens in a task of its own, so
    /// that a paid answer is recorded even when the step is dropped. Secrets are masked in both.
    pub async fn ask<P, F>(&self, question: Question, prepare: P) -> Result<Answered, StepError>
    where
        P: FnOnce(ChatRequest) -> F + Send + 'static,
        F: Future<Output = Result<ChatRequest, StepError>> + Send,
    {
        let Question { index, target, mut request, limits } = question;
        self.mask_request(&mut request);
        let digest = if target.fallbacks.is_empty() {
            // Credentials stay out: they change nothing about an answer.
            crate::engine::digest(&(index, &target.model, &target.base_url, &request))?
        } else {
            crate::engine::digest(&(index, &target.model, &target.fallbacks, &target.base_url, &request))?
        };
        let call = Call { key: format!("{}#call/{digest}", self.node), node: self.node.clone(), limits };
        let ctx = self.clone();
        let task = tokio::spawn(async move {
            // An attempt before this one may still be asking: its answer is not paid for again.
            let _alone = tokio::select! {
                alone = ctx.memory.alone(&call.key) => alone,
                () = ctx.cancel.cancelled() => return Err(StepError::cancelled()),
            };
            if let Some(answer) = ctx.recalled(&call.key).await? {
                return Ok(Answered { answer, fresh: false });
            }
            let sent = prepare(request.clone()).await?;
            let watch = Watched { ctx: &ctx, call: &call, open: AtomicBool::new(false) };
            let provider = ctx.provider()?;
            let began = Instant::now();
            let answer = provider.chat(&target, &sent, &watch, ctx.cancel()).await;
            if let Err(error) = &answer {
                ctx.tell_of(error, provider, &target, began.elapsed()).await;
            }
            let asked = Asked {
                model: target.model,
                fallbacks: target.fallbacks,
                base_url: target.base_url,
                sent: (sent != request).then_some(sent),
                request,
            };
            let answer = match answer {
                Ok(mut answer) => {
                    if asked.request.parameters.logprobs.is_none() {
                        answer.logprobs.clear();
                    }
                    ctx.mask_answer(&mut answer);
                    answer
                }
                Err(error) => {
                    if error.kind != ProviderErrorKind::Cancelled {
                        ctx.memory.failed(&call, &asked, &error);
                    }
                    return Err(error.into());
                }
            };
            watch.open.store(false, Ordering::Relaxed);
            ctx.memory.answered(&call, &asked, &answer).await?;
            ctx.emit(EventBody::ModelCalled {
                model: answer.model.clone(),
                usage: answer.usage,
                cost: answer.cost,
                latency_ms: answer.latency_ms,
                vendor: answer.vendor.clone(),
                reused: answer.reused,
                requested: asked.model,
                finish: Some(answer.finish.clone()),
            });
            Ok(Answered { answer, fresh: true })
        });
        match task.await {
            Ok(result) => result,
            Err(error) => Err(StepError::internal(format!("a task of {} ended: {error}", self.node))),
        }
    }

    /// Puts a call that brought no answer among the events of the run.
    async fn tell_of(&self, error: &ProviderError, provider: &dyn Provider, target: &Target, took: Duration) {
        if !error.kind.was_asked() {
            return;
        }
        let route = provider.route(target).await.unwrap_or_default();
        self.emit(EventBody::ModelFailed {
            requested: target.model.clone(),
            model: route.model,
            vendor: route.vendor,
            error: error.kind.as_str().to_owned(),
            status: error.status,
            latency_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        });
    }
}

fn cancelled() -> ProviderError {
    ProviderError {
        kind: ProviderErrorKind::Cancelled,
        message: "the call to the model was cancelled".to_owned(),
        status: None,
        retry_after: None,
        hint: None,
    }
}

/// Puts the tries of a call into the journal and the events of the run.
struct Watched<'a> {
    ctx: &'a Context,
    call: &'a Call,
    /// Whether something is set aside for a try that is under way.
    open: AtomicBool,
}

impl Drop for Watched<'_> {
    /// A provider that panicked or forgot to tell must not keep others waiting for what is set aside.
    fn drop(&mut self) {
        if self.open.load(Ordering::Relaxed) {
            self.ctx.memory.lost(self.call, Lost::Unknown);
        }
    }
}

#[async_trait]
impl Watch for Watched<'_> {
    async fn reserve(&self, worst: Worst) -> Result<(), ProviderError> {
        tokio::select! {
            biased;
            reserved = self.ctx.memory.reserve(self.call, worst) => reserved?,
            () = self.ctx.cancel.cancelled() => {
                // Nothing was sent, whether it was set aside already or not.
                self.ctx.memory.lost(self.call, Lost::Nothing);
                return Err(cancelled());
            }
        }
        self.open.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn lost(&self, lost: Lost) -> Result<(), ProviderError> {
        self.open.store(false, Ordering::Relaxed);
        self.ctx.memory.lost(self.call, lost);
        Ok(())
    }

    fn bounded(&self) -> bool {
        self.ctx.memory.bounded(self.call)
    }

    fn retrying(&self, retry: Retry) {
        self.ctx.emit(EventBody::Retrying {
            problem: self.ctx.redact(&retry.problem),
            wait_ms: u64::try_from(retry.wait.as_millis()).unwrap_or(u64::MAX),
        });
    }
}
