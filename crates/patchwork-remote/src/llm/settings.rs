//! How models are reached: retries, time-outs, where local servers are looked for.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use reqwest::header::HeaderMap;

use super::catalog::{Catalog, Vendor};
use super::credentials::GoogleSettings;
use crate::http::wait;

/// Settings of [`Models`](super::Models). The defaults are for production; tests shorten them.
#[derive(Debug, Clone)]
pub struct ModelsSettings {
    /// Who sells models; the built-in catalogue, to which users add rows.
    pub catalog: Arc<Catalog>,
    /// When and how often a failed try is repeated.
    pub retry: RetryPolicy,
    /// How long one try may take when the target does not say; 300 s.
    pub timeout: Duration,
    /// The servers on this machine that are looked for when nobody names a model or gives a key; in this order.
    pub local: Vec<LocalServer>,
    /// How long a local server may take to list its models; 1 s.
    pub local_timeout: Duration,
    /// Base URLs in place of the catalogue's, by vendor id (`anthropic`): for gateways, and for tests.
    pub base_urls: BTreeMap<String, String>,
    /// Where credentials for Vertex AI are looked for.
    pub google: GoogleSettings,
}

impl Default for ModelsSettings {
    fn default() -> Self {
        Self::new(Catalog::built_in())
    }
}

impl ModelsSettings {
    /// The usual settings with this catalogue; its servers on this machine are looked for.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            local: catalog.local().filter_map(|vendor| LocalServer::of(vendor)).collect(),
            catalog,
            retry: RetryPolicy::default(),
            timeout: Duration::from_mins(5),
            local_timeout: Duration::from_secs(1),
            base_urls: BTreeMap::new(),
            google: GoogleSettings::default(),
        }
    }
}

/// A server for models on this machine, OpenAI-compatible at `BASE/v1`.
#[derive(Debug, Clone)]
pub struct LocalServer {
    /// As in `ollama/NAME` and in a route.
    pub id: String,
    /// As people write it.
    pub name: String,
    /// Without a path.
    pub base_url: String,
    /// Where it lists its models, and the field of an entry that holds the name.
    pub list: (&'static str, &'static str),
}

impl LocalServer {
    /// The server of a row of the catalogue, if that has an address.
    pub fn of(vendor: &Vendor) -> Option<Self> {
        let base_url = vendor.base_url.as_deref()?.trim_end_matches('/');
        Some(Self {
            id: vendor.id.clone(),
            name: vendor.name.clone(),
            base_url: base_url.strip_suffix("/v1").unwrap_or(base_url).to_owned(),
            list: ("/v1/models", "id"),
        })
    }

    /// The same server somewhere else.
    #[must_use]
    pub fn at(mut self, base_url: impl Into<String>) -> Self {
        self.base_url = base_url.into();
        self
    }
}

/// When and how often a failed try is repeated.
#[derive(Debug, Clone)]
pub struct RetryPolicy {
    /// Tries in all; 5.
    pub tries: u32,
    /// The first wait; 500 ms. Each next one is twice as long, and up to as much again is added at random.
    pub base: Duration,
    /// The longest wait that we choose; 30 s.
    pub max: Duration,
    /// The longest wait that a server may ask for (`Retry-After`); 120 s. When it asks for more, the call fails at once.
    pub max_asked: Duration,
    /// The same while another model may be asked in place of the one that is waited for; 10 s.
    pub max_asked_before_fallback: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            tries: 5,
            base: Duration::from_millis(500),
            max: Duration::from_secs(30),
            max_asked: Duration::from_mins(2),
            max_asked_before_fallback: Duration::from_secs(10),
        }
    }
}

impl RetryPolicy {
    /// The longest wait for a model; `others` says whether another one may be asked in its place.
    pub(super) fn patience(&self, others: bool) -> Duration {
        if others { self.max_asked_before_fallback } else { self.max_asked.max(self.max) }
    }

    /// How long a call goes on trying at least, when nobody asks for other waits.
    pub(super) fn persistence(&self) -> Duration {
        let mut wait = self.base.min(self.max);
        let mut sum = Duration::ZERO;
        // What is longer than this is as good as for ever.
        for _ in 1..self.tries.min(100) {
            sum = sum.saturating_add(wait);
            wait = wait.saturating_mul(2).min(self.max);
        }
        sum
    }

    /// The waits between tries, one less than there are tries.
    pub(super) fn waits(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let max = self.max;
        ExponentialBuilder::new()
            .with_min_delay(self.base.min(max))
            .with_max_delay(max)
            .with_factor(2.0)
            .with_jitter()
            .with_max_times(usize::try_from(self.tries.saturating_sub(1)).unwrap_or(usize::MAX))
            .build()
            .map(move |wait| wait.min(max))
    }
}

/// What the server asked us to wait, by its own clock (`now` is ours). Nothing when it asked for no wait at all: then our
/// own is better.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let now_ms = wait::server_time(headers).unwrap_or_else(|| now.as_millisecond());
    wait::retry_after(headers, now_ms).filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &'static str, value: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        let now = "2026-11-21T05:42:11Z".parse().unwrap();
        retry_after(&headers, now)
    }

    #[test]
    fn retry_after_is_read_in_seconds_milliseconds_and_as_a_date() {
        assert_eq!(asked("retry-after", "7"), Some(Duration::from_secs(7)));
        assert_eq!(asked("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(asked("retry-after-ms", "250"), Some(Duration::from_millis(250)));
        assert_eq!(asked("retry-after", "Sat, 21 Nov 2026 05:43:11 GMT"), Some(Duration::from_mins(1)));
    }

    #[test]
    fn retry_after_without_sense_or_in_the_past_is_ignored() {
        for value in ["0", "-3", "NaN", "inf", "soon", "", "1e300", "Sat, 21 Nov 2026 05:41:11 GMT"] {
            assert_eq!(asked("retry-after", value), None, "{value:?}");
        }
    }

    #[test]
    fn a_date_is_by_the_servers_clock() {
        let mut headers = HeaderMap::new();
        headers.insert("date", "Wed, 21 Oct 2015 07:28:00 GMT".parse().unwrap());
        headers.insert("retry-after", "Wed, 21 Oct 2015 07:28:30 GMT".parse().unwrap());
        assert_eq!(retry_after(&headers, Timestamp::now()), Some(Duration::from_secs(30)));
    }

    #[test]
    fn waits_double_up_to_the_limit() {
        let policy = RetryPolicy {
            tries: 6,
            base: Duration::from_millis(100),
            max: Duration::from_millis(500),
            ..RetryPolicy::default()
        };
        let waits: Vec<_> = policy.waits().collect();
        assert_eq!(waits.len(), 5);
        for (wait, least) in waits.iter().zip([100, 200, 400, 500, 500]) {
            let least = Duration::from_millis(least);
            assert!(*wait >= least && *wait <= (least * 2).min(policy.max), "{waits:?}");
        }
        assert_eq!(RetryPolicy { tries: 1, ..policy }.waits().count(), 0);
    }
}
