//! What is known of one place's limits. Pure: the time comes from outside.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use super::breaker::{Breaker, Passage};
use super::headers::{Allowance, Told};
use super::pace::Pace;
use crate::llm::catalog::VendorLimits;

/// Tokens of calls under way, by the order in which they began.
type UnderWay = BTreeMap<u64, Held>;

#[derive(Debug, Clone)]
struct Held {
    model: String,
    tokens: u64,
}

/// Limits, what was learned of them, and the calls under way.
#[derive(Debug)]
pub(super) struct State {
    set: Paces,
    most: Option<f64>,
    /// By model: vendors count each for itself.
    learned: BTreeMap<String, Paces>,
    under_way: UnderWay,
    next: u64,
    /// Calls at the same time, once a server said that there were too many.
    width: Option<f64>,
    /// The newest call when that was last lowered: those before it are of the same jam.
    lowered_at: u64,
    /// Until when all wait.
    paused: Option<Instant>,
    /// By model: until when its calls wait.
    paused_models: BTreeMap<String, Instant>,
    breaker: Breaker,
    /// How long a call goes on trying.
    persistence: Duration,
}

#[derive(Debug, Clone, Copy, Default)]
struct Paces {
    requests: Option<Pace>,
    tokens: Option<Pace>,
}

/// What a call may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is made, under this number; the flag says that it decides whether the server is asked again.
    Go { number: u64, probe: bool },
    /// It waits for so long.
    Wait(Duration, Why),
    /// It waits until another one ends.
    Full,
    /// The server does not answer; it is asked again after this, nothing while it is being asked.
    Broken(Duration),
}

/// Why a call waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The server asked all to wait.
    Asked,
    /// As many calls a minute as are allowed.
    Requests,
    /// As many tokens a minute as are allowed.
    Tokens,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// With an answer that took so many tokens.
    Answered { tokens: u64 },
    /// The server said that it is too much.
    TooMuch,
    /// No answer, or one that says that the server can't.
    Down,
    /// The server refused this call only.
    Refused,
    /// Nobody knows.
    Dropped,
}

impl State {
    /// Nothing is known but what is set.
    pub(super) fn new(limits: VendorLimits, persistence: Duration, now: Instant) -> Self {
        let pace =
            |limit: Option<std::num::NonZeroU32>| limit.map(|limit| Pace::per_minute(limit.get(), now));
        Self {
            set: Paces { requests: pace(limits.requests_per_minute), tokens: pace(limits.tokens_per_minute) },
            most: limits.concurrency.map(|most| f64::from(most.get())),
            learned: BTreeMap::new(),
            under_way: BTreeMap::new(),
            next: 0,
            width: None,
            lowered_at: 0,
            paused: None,
            paused_models: BTreeMap::new(),
            breaker: Breaker::default(),
            persistence,
        }
    }

    /// What a call of so many tokens may do; a call that goes is under way then.
    pub(super) fn admit(&mut self, model: &str, tokens: u64, now: Instant) -> Verdict {
        let probe = match self.breaker.passage(now) {
            Passage::Barred(left) => return Verdict::Broken(left),
            passage => passage == Passage::Probe,
        };
        let paused = self.paused(model, now);
        if !paused.is_zero() {
            return Verdict::Wait(paused, Why::Asked);
        }
        let width = self.width.into_iter().chain(self.most).fold(f64::INFINITY, f64::min);
        if count(self.under_way.len()) >= width.floor().max(1.0) {
            return Verdict::Full;
        }
        let learned = self.learned.get(model).copied().unwrap_or_default();
        let wait =
            |pace: Option<Pace>, amount| pace.map_or(Duration::ZERO, |pace: Pace| pace.wait(amount, now));
        let requests = wait(self.set.requests, 1).max(wait(learned.requests, 1));
        let of_tokens = wait(self.set.tokens, tokens).max(wait(learned.tokens, tokens));
        if !requests.is_zero() || !of_tokens.is_zero() {
            let why = if requests >= of_tokens { Why::Requests } else { Why::Tokens };
            return Verdict::Wait(requests.max(of_tokens), why);
        }
        if probe {
            self.breaker.probe();
        }
        for paces in [Some(&mut self.set), self.learned.get_mut(model)].into_iter().flatten() {
            paces.requests.iter_mut().for_each(|pace| pace.take(1, now));
            paces.tokens.iter_mut().for_each(|pace| pace.take(tokens, now));
        }
        self.next += 1;
        self.under_way.insert(self.next, Held { model: model.to_owned(), tokens });
        Verdict::Go { number: self.next, probe }
    }

    /// How long the server wants calls of a model to wait.
    pub(super) fn paused(&self, model: &str, now: Instant) -> Duration {
        let until = self.paused.max(self.paused_models.get(model).copied());
        until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Takes what a server says of its limits in the answer to call `number`. What began later it can't have counted.
    pub(super) fn learn(&mut self, number: u64, model: &str, told: Told, now: Instant) {
        let later = self.under_way.range(number.saturating_add(1)..).map(|(_, held)| held);
        let later: Vec<u64> = later.filter(|held| held.model == model).map(|held| held.tokens).collect();
        if told == Told::default() {
            return;
        }
        let paces = self.learned.entry(model.to_owned()).or_default();
        let pace = |told: Option<Allowance>, unknown, before| {
            told.map_or(before, |told| Some(Pace::told(told, unknown, now)))
        };
        paces.requests = pace(told.requests, u64::try_from(later.len()).unwrap_or(u64::MAX), paces.requests);
        let tokens = later.into_iter().fold(0, u64::saturating_add);
        paces.tokens = pace(told.tokens, tokens, paces.tokens);
    }

    /// The server wants calls to wait: of a model, or all.
    pub(super) fn pause(&mut self, model: Option<&str>, wait: Duration, now: Instant) {
        let Some(until) = now.checked_add(wait) else { return };
        match model {
            None => self.paused = self.paused.max(Some(until)),
            Some(model) => {
                let known = self.paused_models.entry(model.to_owned()).or_insert(until);
                *known = until.max(*known);
            }
        }
    }

    /// A call ended.
    pub(super) fn end(&mut self, number: u64, probe: bool, ending: Ending, now: Instant) {
        let together = count(self.under_way.len());
        let Some(held) = self.under_way.remove(&number) else { return };
        match ending {
            Ending::Answered { tokens } => {
                self.breaker.heard();
                self.widen();
                if let Some(pace) = &mut self.set.tokens {
                    pace.give_back(held.tokens.saturating_sub(tokens), now);
                }
            }
            Ending::TooMuch => {
                self.breaker.heard();
                self.lower(number, together);
            }
            Ending::Down => self.breaker.failed(probe, self.persistence, now),
            Ending::Refused => self.breaker.heard(),
            Ending::Dropped if probe => self.breaker.probe_given_up(now),
            Ending::Dropped => {}
        }
    }

    /// Half as many at the same time, once for all calls of one jam.
    fn lower(&mut self, number: u64, together: f64) {
        if number <= self.lowered_at {
            return;
        }
        let now_wide = self.width.unwrap_or(f64::INFINITY).min(together);
        self.width = Some((now_wide / 2.0).max(1.0));
        self.lowered_at = self.next;
    }

    /// One more at the same time after as many answers as there may be calls.
    fn widen(&mut self) {
        const UNLIMITED: f64 = 1024.0;
        self.width = self.width.map(|width| width + 1.0 / width).filter(|width| *width < UNLIMITED);
    }
}

#[expect(clippy::cast_precision_loss, reason = "calls at the same time are few")]
fn count(calls: usize) -> f64 {
    calls as f64
}
