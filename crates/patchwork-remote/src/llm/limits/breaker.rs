//! Stops asking a server that does not answer, and asks it again by and by.

use std::time::Duration;

use tokio::time::Instant;

/// Failures in a row after which it is no longer asked: more than one call alone makes. They also have to last as long as a call
/// goes on trying, or a short hitch would end all calls of a busy moment.
const FAILURES: u32 = 10;

/// How long it is left alone first; twice as long after each probe that fails, up to [`LONGEST`].
const FIRST: Duration = Duration::from_secs(15);

const LONGEST: Duration = Duration::from_mins(2);

/// Whether a server is asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Breaker {
    /// It is. Counts failures in a row.
    #[default]
    Closed,
    /// It is, and failed this often in a row.
    Failing {
        /// So often.
        count: u32,
        /// The first time.
        since: Instant,
    },
    /// It is not.
    Open {
        until: Instant,
        /// How long it was left alone this time.
        pause: Duration,
    },
    /// One call finds out.
    Probing {
        /// As in [`Breaker::Open`].
        pause: Duration,
    },
}

/// What a call may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Passage {
    /// It is made.
    Free,
    /// It is made, and decides for all others.
    Probe,
    /// It is not made. The time is until the next probe may be; nothing while one is under way.
    Barred(Duration),
}

impl Breaker {
    /// What a call may do now.
    pub(super) fn passage(&self, now: Instant) -> Passage {
        match *self {
            Self::Closed | Self::Failing { .. } => Passage::Free,
            Self::Open { until, .. } if now >= until => Passage::Probe,
            Self::Open { until, .. } => Passage::Barred(until.saturating_duration_since(now)),
            Self::Probing { .. } => Passage::Barred(Duration::ZERO),
        }
    }

    /// The probe begins.
    pub(super) fn probe(&mut self) {
        if let Self::Open { pause, .. } = *self {
            *self = Self::Probing { pause };
        }
    }

    /// The server said something: it is there.
    pub(super) fn heard(&mut self) {
        *self = Self::Closed;
    }

    /// The server did not answer a call, or answered that it can't. `persistence` is how long a call goes on trying.
    pub(super) fn failed(&mut self, probe: bool, persistence: Duration, now: Instant) {
        *self = match *self {
            Self::Probing { pause } if probe => {
                let pause = (pause * 2).min(LONGEST);
                Self::Open { until: now + pause, pause }
            }
            Self::Closed => Self::Failing { count: 1, since: now },
            Self::Failing { count, since }
                if count + 1 >= FAILURES && now.saturating_duration_since(since) >= persistence =>
            {
                Self::Open { until: now + FIRST, pause: FIRST }
            }
            // It counts no further than it must.
            Self::Failing { count, since } => Self::Failing { count: (count + 1).min(FAILURES), since },
            // Calls that were under way when it opened.
            open => open,
        };
    }

    /// The probe ended without having found out.
    pub(super) fn probe_given_up(&mut self, now: Instant) {
        if let Self::Probing { pause } = *self {
            *self = Self::Open { until: now, pause };
        }
    }
}
