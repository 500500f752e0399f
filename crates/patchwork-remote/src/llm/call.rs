//! One call: the models of a target in turn, each tried until it answers or fails for good.

use std::time::Duration;

use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Lost, ProviderError, ProviderErrorKind, Retry, Route, Target, Watch,
};
use patchwork_core::secret::Secret;
use reqwest::header::HeaderMap;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use super::Models;
use super::bounds::{Bounds, bounded};
use super::destination::Destination;
use super::failed::{Blame, FailedTry};
use super::protocol::wire;
use super::transport::{Delivered, Sending, Undelivered, deliver};

/// A call under way.
pub(super) struct Call<'a> {
    pub(super) target: &'a Target,
    pub(super) request: &'a ChatRequest,
    pub(super) watch: &'a dyn Watch,
    pub(super) cancel: &'a CancellationToken,
}

/// Why a model gave no answer, and whether the next one may be asked.
struct Ended {
    error: ProviderError,
    next: bool,
}

impl From<ProviderError> for Ended {
    fn from(error: ProviderError) -> Self {
        use ProviderErrorKind as K;
        // A bad request is bad for every model; and who has no money left or was told to end does not want another. But
        // an account without credit (402) says nothing of the request.
        let next = error.status == Some(402)
            || !matches!(
                error.kind,
                K::InvalidRequest | K::BudgetReached | K::Cancelled | K::NotRecorded | K::OnlyPlanned
            );
        Self { error, next }
    }
}

impl Models {
    /// Asks the target's model, then its fallbacks.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<ChatAnswer, ProviderError> {
        let mut tries = 0;
        let mut problems: Vec<String> = Vec::new();
        let mut fallbacks = call.target.fallbacks.iter();
        let mut fallback: Option<Target> = None;
        loop {
            let target = fallback.as_ref().unwrap_or(call.target);
            let following = fallbacks.next();
            let patience = self.settings.retry.patience(following.is_some());
            let Ended { mut error, next } = match self.one_model(call, target, patience, &mut tries).await {
                Ok(answer) => return Ok(answer),
                Err(ended) => ended,
            };
            let Some(model) = following.filter(|_| next) else {
                problems.push(std::mem::take(&mut error.message));
                error.message = problems.join("; ");
                return Err(error);
            };
            call.watch.retrying(Retry { problem: error.message.clone(), wait: Duration::ZERO });
            problems.push(error.message);
            fallback =
                Some(Target { model: Some(model.clone()), fallbacks: Vec::new(), ..call.target.clone() });
        }
    }

    /// Tries one model until there is an answer, the tries are used up, the failure is one that stays, or the server wants
    /// more than our `patience`.
    async fn one_model(
        &self,
        call: &Call<'_>,
        target: &Target,
        patience: Duration,
        tries: &mut u32,
    ) -> Result<ChatAnswer, Ended> {
        let Call { watch, cancel, .. } = *call;
        let destination = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled().into()),
            destination = self.destination(target) => destination?,
        };
        let profile = &destination.profile;
        let mut bounds = bounded(profile, call.request, watch.bounded());
        let keys: Vec<&Secret> = target.keys.values().chain(&destination.key).collect();
        let wire = wire(destination.protocol);
        let catalog = &self.settings.catalog;
        let blame = Blame { destination: &destination, keys, request: call.request, catalog, wire };
        let write = |bounds: &Bounds<'_>| {
            let sending = wire.request(&destination, &bounds.request).and_then(Sending::new);
            sending.map_err(|trouble| blame.trouble(trouble).error)
        };
        let mut sending = write(&bounds)?;
        let client = self.client(destination.is_loopback())?;
        let gate = self.gates.gate(&destination, patience);
        let silence = target.timeout.unwrap_or(self.settings.timeout);
        let Route { vendor, model, .. } = &destination.route;
        let first = *tries;
        let mut waits = self.settings.retry.waits();
        loop {
            *tries += 1;
            let attempts = *tries - first;
            while let Err(error) = watch.reserve(bounds.worst).await {
                let reached = error.kind == ProviderErrorKind::BudgetReached;
                // A shorter answer may still be within it.
                let Some(lower) = bounds.lower(profile).filter(|_| reached) else { return Err(error.into()) };
                bounds = lower;
                sending = write(&bounds)?;
            }
            let permit = match gate.enter(bounds.likely, watch, cancel).await {
                Ok(permit) => permit,
                Err(error) => {
                    watch.lost(Lost::Nothing).await?;
                    return Err(give_up(error, attempts - 1).into());
                }
            };
            let outcome = tokio::select! {
                biased;
                // First: an answer that is there is paid for.
                outcome = deliver(client, &sending, wire.reader(&bounds.request), silence) => Some(outcome),
                () = cancel.cancelled() => None,
            };
            let failing = match outcome {
                None => {
                    drop(permit);
                    watch.lost(Lost::Unknown).await?;
                    return Err(cancelled().into());
                }
                Some(Ok(delivered)) => {
                    self.known_to_answer(&destination);
                    permit.succeeded(&delivered.headers, delivered.said.usage);
                    debug!(
                        vendor,
                        model,
                        attempts,
                        latency_ms = millis(delivered.latency),
                        first_byte_ms = millis(delivered.first_byte),
                        "a model answered"
                    );
                    return Ok(answered(&destination, delivered, *tries));
                }
                Some(Err(failing)) => failing,
            };
            let headers = match &failing.why {
                Undelivered::Refused(refusal) => refusal.headers.clone(),
                _ => HeaderMap::new(),
            };
            if !matches!(failing.why, Undelivered::Unreached(_)) {
                self.known_to_answer(&destination);
            }
            let FailedTry { error, again, lost } = blame.undelivered(failing, self.answers(&destination));
            permit.failed(error.kind, error.retry_after, &headers);
            watch.lost(lost).await?;
            debug!(vendor, model, attempts, kind = ?error.kind, status = error.status, "a try failed");
            let wait = match again.then(|| waits.next()).flatten() {
                Some(wait) => error.retry_after.unwrap_or(wait),
                None => return Err(give_up(error, attempts).into()),
            };
            if wait > patience {
                return Err(give_up(error, attempts).into());
            }
            watch.retrying(Retry { problem: error.message, wait });
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(cancelled().into()),
                () = tokio::time::sleep(wait) => {}
            }
        }
    }
}

fn answered(destination: &Destination, delivered: Delivered, attempts: u32) -> ChatAnswer {
    let Route { vendor, model, .. } = &destination.route;
    let Delivered { said, latency, .. } = delivered;
    // A dated edition of what was asked for is worth telling; anything else a server makes up is not.
    let edition = said.model.len() <= 200 && said.model.starts_with(model.as_str());
    ChatAnswer {
        cost: destination.cost(said.usage),
        text: said.text,
        tool_calls: said.tool_calls,
        carried: said.carried,
        logprobs: said.logprobs,
        reused: false,
        finish: said.finish,
        usage: said.usage,
        vendor: vendor.clone(),
        model: if edition { said.model } else { model.clone() },
        latency_ms: millis(latency),
        attempts,
    }
}

fn give_up(mut error: ProviderError, attempts: u32) -> ProviderError {
    if attempts > 1 {
        error.message = format!("{} (after {attempts} tries)", error.message);
    }
    error
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

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
