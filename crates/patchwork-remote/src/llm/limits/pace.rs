//! What may still be sent within a limit that fills up again.

use std::time::Duration;

use tokio::time::Instant;

use super::headers::Allowance;

/// A limit that fills up evenly, as vendors' do. One whose end comes all at once is met a little early, which its next answer
/// puts right.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    limit: f64,
    /// What was left at `since`; below zero by what was let through in good faith.
    left: f64,
    since: Instant,
    /// What comes back a second.
    rate: f64,
}

impl Pace {
    /// So much a minute, all of it there.
    pub(super) fn per_minute(limit: u32, now: Instant) -> Self {
        let limit = f64::from(limit);
        Self { limit, left: limit, since: now, rate: limit / 60.0 }
    }

    /// As a server tells it, less what it did not know of yet when it said so.
    pub(super) fn told(allowance: Allowance, unknown: u64, now: Instant) -> Self {
        let Allowance { limit, remaining, reset } = allowance;
        let (limit, remaining) = (number(limit), number(remaining.min(limit)));
        // A reset that is now would make the rate endless.
        let seconds = reset.as_secs_f64().max(0.001);
        let missing = limit - remaining;
        let rate = if missing > 0.0 { missing / seconds } else { limit / 60.0 };
        Self { limit, left: remaining - number(unknown), since: now, rate }
    }

    fn left(&self, now: Instant) -> f64 {
        (self.left + self.rate * now.saturating_duration_since(self.since).as_secs_f64()).min(self.limit)
    }

    /// How long until so much may be sent; more than the whole limit may be sent once all of it is there.
    pub(super) fn wait(&self, amount: u64, now: Instant) -> Duration {
        let missing = number(amount).min(self.limit) - self.left(now);
        if missing <= 0.0 {
            return Duration::ZERO;
        }
        let wait = Duration::try_from_secs_f64(missing / self.rate).unwrap_or(Duration::MAX);
        // Rounded down, it would be looked at a moment too early, over and over.
        wait.max(Duration::from_millis(1))
    }

    /// Takes what is sent.
    pub(super) fn take(&mut self, amount: u64, now: Instant) {
        self.left = self.left(now) - number(amount);
        self.since = now;
    }

    /// Gives back what was taken and not needed.
    pub(super) fn give_back(&mut self, amount: u64, now: Instant) {
        self.left = (self.left(now) + number(amount)).min(self.limit);
        self.since = now;
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "limits are far below 2^52, and what is above is as good as endless"
)]
fn number(amount: u64) -> f64 {
    amount as f64
}
