//! The gate before each place that answers: what it said of its limits holds for all calls that go there with one key,
//! whoever makes them.
//!
//! Own code over `governor`: there a quota is fixed when a limiter is made, and here servers tell with each answer what the
//! limit is, what is left of it and when all go on.

mod breaker;
mod headers;
mod pace;
mod state;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use patchwork_core::port::provider::{ProviderError, ProviderErrorKind, Retry, Watch};
use patchwork_core::usage::Usage;
use reqwest::header::HeaderMap;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex as Turn, Notify};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::state::{Ending, State, Verdict, Why};
use super::destination::Destination;
use super::settings::RetryPolicy;

/// Waits shorter than this are told to nobody.
const WORTH_TELLING: Duration = Duration::from_secs(1);

/// A gate for each place and key. One for a process.
#[derive(Debug)]
pub(super) struct Gates {
    /// How long a call goes on trying.
    persistence: Duration,
    gates: Mutex<HashMap<Place, Arc<Shared>>>,
}

/// Scheme, host and port, and a hash of the key.
type Place = (String, Option<[u8; 32]>);

/// What all calls to one place share.
#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// By model, whose turn it is: calls are let through in the order in which they came.
    turns: Mutex<HashMap<String, Arc<Turn<()>>>>,
    ended: Notify,
}

/// The gate before one model.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    shared: Arc<Shared>,
    turn: Arc<Turn<()>>,
    model: String,
    /// How messages name the place.
    label: String,
    /// The longest wait for a limit; a call that would have to wait longer fails at once.
    patience: Duration,
}

/// A call that is under way. Dropped without a word it counts as given up.
#[derive(Debug)]
pub(super) struct Permit {
    gate: Gate,
    number: u64,
    probe: bool,
    ended: bool,
}

impl Gates {
    /// Gates for calls that are tried again by this policy.
    pub(super) fn new(retry: &RetryPolicy) -> Self {
        Self { persistence: retry.persistence(), gates: Mutex::default() }
    }

    /// The gate before a destination, for a call that waits so long at most.
    pub(super) fn gate(&self, destination: &Destination, patience: Duration) -> Gate {
        let origin = destination.base.origin().ascii_serialization();
        let key = destination.key.as_ref().map(|key| Sha256::digest(key.expose()).into());
        let limits = destination.vendor.as_ref().map(|vendor| vendor.limits).unwrap_or_default();
        let shared = lock(&self.gates)
            .entry((origin, key))
            .or_insert_with(|| {
                Arc::new(Shared {
                    state: Mutex::new(State::new(limits, self.persistence, Instant::now())),
                    turns: Mutex::default(),
                    ended: Notify::new(),
                })
            })
            .clone();
        let model = destination.route.model.clone();
        let turn = lock(&shared.turns).entry(model.clone()).or_default().clone();
        Gate { shared, turn, model, label: destination.label(), patience }
    }
}

impl Gate {
    /// Waits until a call that takes at most `tokens` may be made. Fails when that is too long, when the place does not answer
    /// anybody, and when `cancel` is set.
    pub(super) async fn enter(
        &self,
        tokens: u64,
        watch: &dyn Watch,
        cancel: &CancellationToken,
    ) -> Result<Permit, ProviderError> {
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(error(
                ProviderErrorKind::Cancelled,
                "the call to the model was cancelled".to_owned(),
                None,
            )),
            permit = self.pass(tokens, watch) => permit,
        }
    }

    async fn pass(&self, tokens: u64, watch: &dyn Watch) -> Result<Permit, ProviderError> {
        let mut told = false;
        let paused = lock(&self.shared.state).paused(&self.model, Instant::now());
        if paused > WORTH_TELLING && paused <= self.patience {
            self.tell(watch, paused, Why::Asked);
            told = true;
        }
        let _turn = self.turn.lock().await;
        let began = Instant::now();
        loop {
            // Asked for before the look, so that no end in between is missed.
            let ended = self.shared.ended.notified();
            let now = Instant::now();
            // In a statement of its own: the guard must not live across an await.
            let verdict = lock(&self.shared.state).admit(&self.model, tokens, now);
            match verdict {
                Verdict::Go { number, probe } => {
                    return Ok(Permit { gate: self.clone(), number, probe, ended: false });
                }
                Verdict::Broken(left) => return Err(self.broken(left)),
                Verdict::Full => ended.await,
                Verdict::Wait(wait, why) => {
                    if now.saturating_duration_since(began).saturating_add(wait) > self.patience {
                        return Err(self.too_long(wait, why));
                    }
                    if wait > WORTH_TELLING && !told {
                        self.tell(watch, wait, why);
                        told = true;
                    }
                    // What another answer says may end the wait, or make it longer.
                    let _ = tokio::time::timeout(wait, ended).await;
                }
            }
        }
    }

    fn tell(&self, watch: &dyn Watch, wait: Duration, why: Why) {
        watch.retrying(Retry { problem: format!("{} {}", self.label, reason(why)), wait });
    }

    fn too_long(&self, wait: Duration, why: Why) -> ProviderError {
        let message = format!("{} {}, for {} more", self.label, reason(why), shown(wait));
        let hint = "try again later, or name another model to fall back to".to_owned();
        ProviderError {
            retry_after: Some(wait),
            ..error(ProviderErrorKind::RateLimited, message, Some(hint))
        }
    }

    fn broken(&self, left: Duration) -> ProviderError {
        let when = if left.is_zero() {
            "it is being tried right now".to_owned()
        } else {
            format!("it is tried again in {}", shown(left))
        };
        let message = format!("{} did not answer any of the last calls; {when}", self.label);
        let hint =
            "see whether the vendor reports an outage, or name another model to fall back to".to_owned();
        ProviderError {
            retry_after: Some(left).filter(|left| !left.is_zero()),
            ..error(ProviderErrorKind::Server, message, Some(hint))
        }
    }
}

impl Permit {
    /// The head of an answer is there: what it says of limits holds from now on.
    pub(super) fn heard(&self, headers: &HeaderMap) {
        let told = headers::read(headers, Timestamp::now());
        lock(&self.gate.shared.state).learn(self.number, &self.gate.model, told, Instant::now());
        self.gate.shared.ended.notify_waiters();
    }

    /// There is an answer, and it took this.
    pub(super) fn succeeded(self, headers: &HeaderMap, usage: Usage) {
        self.heard(headers);
        self.end(Ending::Answered { tokens: usage.input_tokens.saturating_add(usage.output_tokens) });
    }

    /// There is none. What a server asked one call to wait, all wait: for a limit those of its model, which has limits of its
    /// own, else those of the place.
    pub(super) fn failed(self, kind: ProviderErrorKind, retry_after: Option<Duration>, headers: &HeaderMap) {
        self.heard(headers);
        if let Some(wait) = retry_after {
            let model = (kind == ProviderErrorKind::RateLimited).then_some(self.gate.model.as_str());
            lock(&self.gate.shared.state).pause(model, wait, Instant::now());
        }
        self.end(match kind {
            ProviderErrorKind::RateLimited => Ending::TooMuch,
            ProviderErrorKind::Server | ProviderErrorKind::Connection => Ending::Down,
            ProviderErrorKind::Cancelled | ProviderErrorKind::Timeout => Ending::Dropped,
            _ => Ending::Refused,
        });
    }

    fn end(mut self, ending: Ending) {
        self.finish(ending);
    }

    fn finish(&mut self, ending: Ending) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        lock(&self.gate.shared.state).end(self.number, self.probe, ending, Instant::now());
        self.gate.shared.ended.notify_waiters();
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.finish(Ending::Dropped);
    }
}

fn reason(why: Why) -> &'static str {
    match why {
        Why::Asked => "asked for a pause",
        Why::Requests => "takes no more calls a minute",
        Why::Tokens => "takes no more tokens a minute",
    }
}

/// `2 s`, `3 min`, `5 h`: as exact as it helps, and never too short.
fn shown(wait: Duration) -> String {
    let seconds = wait.as_millis().div_ceil(1000);
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7199 => format!("{} min", seconds.div_ceil(60)),
        _ => format!("{} h", seconds.div_ceil(3600)),
    }
}

fn error(kind: ProviderErrorKind, message: String, hint: Option<String>) -> ProviderError {
    ProviderError { kind, message, status: None, retry_after: None, hint }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
