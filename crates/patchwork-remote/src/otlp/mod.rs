//! Telemetry: what happens in a run, as spans and metrics for an OpenTelemetry collector.
//!
//! The wire types are OpenTelemetry's own. Its SDK is not used: the times and ids of our spans are those of the run's
//! events, which the SDK wants to make itself, and the exporter must neither hold a run up nor end it.

mod attributes;
mod conventions;
mod ids;
mod metrics;
mod sender;
mod settings;
mod spans;

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::{
    ExportMetricsServiceRequest, ExportMetricsServiceResponse,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::{ResourceMetrics, ScopeMetrics};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use patchwork_core::event::{Event, Reporter};
use patchwork_core::port::clock::{Clock, SystemClock};
use patchwork_core::run::RunId;
use patchwork_core::secret::Secrets;
use prost::Message;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::attributes::{Attributes, Texts};
use self::metrics::Metrics;
use self::sender::Sender;
pub use self::settings::{Found, Settings};
use self::spans::{Spans, Traced};

/// When things are sent.
#[derive(Debug, Clone, Copy)]
struct Pace {
    /// Between requests with spans; 5 s.
    spans: Duration,
    /// Between requests with metrics; 60 s.
    metrics: Duration,
    /// Spans in one request, and how many make one at once; 512.
    batch: usize,
    /// Spans that are kept while the collector does not take them; 8 192. Later ones are lost.
    queue: usize,
    /// How long the end of a run may be held up; 5 s.
    flush: Duration,
}

impl Pace {
    fn interval(&self, signal: Signal) -> Duration {
        match signal {
            Signal::Traces => self.spans,
            Signal::Metrics => self.metrics,
        }
    }
}

impl Default for Pace {
    fn default() -> Self {
        let (spans, metrics, flush) =
            (Duration::from_secs(5), Duration::from_secs(60), Duration::from_secs(5));
        Self { spans, metrics, batch: 512, queue: 8_192, flush }
    }
}

/// Hears a warning.
type Warn = Box<dyn Fn(&str) + Send + Sync>;

/// Reports the events of one run to a collector. A collector that does not answer costs one warning, and never the run.
pub struct Otlp {
    settings: Settings,
    shared: Arc<Shared>,
    senders: Mutex<Vec<JoinHandle<()>>>,
}

impl Otlp {
    /// A reporter that has nothing to report yet. What leaves the machine is masked by `secrets`; `warn` hears, once at
    /// most, that something could not be sent.
    pub fn new(settings: Settings, secrets: &Secrets, warn: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self::with_pace(settings, secrets, Pace::default(), Box::new(warn))
    }

    fn with_pace(settings: Settings, secrets: &Secrets, pace: Pace, warn: Warn) -> Self {
        let shared = Shared {
            texts: Texts(secrets.clone()),
            pace,
            state: Mutex::default(),
            much: Notify::new(),
            over: CancellationToken::new(),
            warn,
            warned: AtomicBool::new(false),
        };
        Self { settings, shared: Arc::new(shared), senders: Mutex::default() }
    }

    /// Begins to report a run, and to send. Events from before are not reported. Must be called within a Tokio runtime.
    pub fn begin(&self, run: &RunId, patchflow: &str) {
        let traced = Traced { run: run.to_string(), patchflow: patchflow.to_owned() };
        let Settings { traces, metrics, parent, trace_state, .. } = &self.settings;
        let texts = &self.shared.texts;
        let observed = Observed {
            resource: self.resource(&traced),
            spans: traces
                .is_some()
                .then(|| Spans::new(traced.clone(), *parent, trace_state.clone(), texts.clone())),
            metrics: metrics.is_some().then(|| Metrics::new(traced, texts.clone())),
            waiting: VecDeque::new(),
            sent: Vec::new(),
            lost: 0,
        };
        self.shared.state().replace(observed);
        let wanted = [(Signal::Traces, traces), (Signal::Metrics, metrics)];
        for (signal, endpoint) in wanted {
            let Some(endpoint) = endpoint.clone() else { continue };
            let shared = self.shared.clone();
            // Certificates are read from files; the run does not wait for that.
            let task = tokio::spawn(async move {
                match Sender::new(signal, endpoint, shared.clone()) {
                    Ok(sender) => sender.work().await,
                    Err(problem) => shared.warn(&format!("{signal} can't be sent: {problem}")),
                }
            });
            self.senders.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        }
    }

    /// Sends what is left, in a few seconds at most.
    pub async fn close(&self) {
        self.shared.over.cancel();
        let senders = std::mem::take(&mut *self.senders.lock().unwrap_or_else(PoisonError::into_inner));
        let limit = tokio::time::Instant::now() + self.shared.pace.flush;
        for mut sender in senders {
            if tokio::time::timeout_at(limit, &mut sender).await.is_err() {
                sender.abort();
                let seconds = self.shared.pace.flush;
                self.shared.warn(&format!("the collector did not take all of it within {seconds:?}"));
            }
        }
        let lost = self.shared.state().take().map_or(0, |observed| observed.lost);
        if lost > 0 {
            self.shared.warn(&format!("{lost} spans were lost while the collector did not take them"));
        }
    }

    fn resource(&self, traced: &Traced) -> Resource {
        let own = [
            ("service.name", "patchwork"),
            ("service.version", env!("CARGO_PKG_VERSION")),
            ("service.instance.id", &traced.run),
        ];
        let given = &self.settings.resource;
        let own = own.into_iter().filter(|(name, _)| !given.iter().any(|(key, _)| key == name));
        let given = given.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let mut attributes = Attributes::default();
        for (key, value) in own.chain(given) {
            attributes.text(&self.shared.texts.clean(key), self.shared.texts.clean(value));
        }
        Resource { attributes: attributes.0, ..Resource::default() }
    }
}

impl Reporter for Otlp {
    fn event(&self, event: &Event) {
        let mut state = self.shared.state();
        let Some(observed) = state.as_mut() else { return };
        if let Some(metrics) = &mut observed.metrics {
            metrics.take(event);
        }
        let Some(spans) = &mut observed.spans else { return };
        for span in spans.take(event) {
            if observed.waiting.len() < self.shared.pace.queue {
                observed.waiting.push_back(span);
            } else {
                observed.lost += 1;
            }
        }
        if observed.waiting.len() >= self.shared.pace.batch {
            self.shared.much.notify_one();
        }
    }
}

/// What goes to a collector of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signal {
    Traces,
    Metrics,
}

impl Signal {
    /// How many of what it was sent a collector did not take, and why.
    fn rejected(self, answer: &[u8]) -> Option<(i64, String)> {
        let (count, why) = match self {
            Self::Traces => {
                let partial = ExportTraceServiceResponse::decode(answer).ok()?.partial_success?;
                (partial.rejected_spans, partial.error_message)
            }
            Self::Metrics => {
                let partial = ExportMetricsServiceResponse::decode(answer).ok()?.partial_success?;
                (partial.rejected_data_points, partial.error_message)
            }
        };
        (count > 0).then_some((count, why))
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Traces => "spans",
            Self::Metrics => "metrics",
        })
    }
}

/// One request.
enum Batch {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
}

impl Batch {
    fn encode(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
        }
    }
}

/// What the reporter and its senders share.
struct Shared {
    texts: Texts,
    pace: Pace,
    state: Mutex<Option<Observed>>,
    /// A batch of spans has come together.
    much: Notify,
    /// The run is over.
    over: CancellationToken,
    warn: Warn,
    warned: AtomicBool,
}

/// A run under observation.
struct Observed {
    resource: Resource,
    spans: Option<Spans>,
    metrics: Option<Metrics>,
    /// Spans that were not sent yet.
    waiting: VecDeque<Span>,
    /// Spans that are on their way.
    sent: Vec<Span>,
    lost: u64,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Option<Observed>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be sent next; nothing when there is nothing.
    fn batch(&self, signal: Signal) -> Option<Batch> {
        let mut state = self.state();
        let observed = state.as_mut()?;
        let scope = || {
            let (name, version) = ("patchwork".to_owned(), env!("CARGO_PKG_VERSION").to_owned());
            Some(InstrumentationScope { name, version, ..InstrumentationScope::default() })
        };
        let resource = Some(observed.resource.clone());
        match signal {
            Signal::Traces => {
                let count = observed.waiting.len().min(self.pace.batch);
                observed.sent = observed.waiting.drain(..count).collect();
                if observed.sent.is_empty() {
                    return None;
                }
                let spans = observed.sent.clone();
                let scope_spans = vec![ScopeSpans { scope: scope(), spans, ..ScopeSpans::default() }];
                let resource_spans =
                    vec![ResourceSpans { resource, scope_spans, ..ResourceSpans::default() }];
                Some(Batch::Traces(ExportTraceServiceRequest { resource_spans }))
            }
            Signal::Metrics => {
                let metrics = observed.metrics.as_ref()?.export(SystemClock.now_ms());
                if metrics.is_empty() {
                    return None;
                }
                let scope_metrics = vec![ScopeMetrics { scope: scope(), metrics, ..ScopeMetrics::default() }];
                let resource_metrics =
                    vec![ResourceMetrics { resource, scope_metrics, ..ResourceMetrics::default() }];
                Some(Batch::Metrics(ExportMetricsServiceRequest { resource_metrics }))
            }
        }
    }

    /// The batch that was taken last is done with.
    fn arrived(&self, signal: Signal) {
        if let (Signal::Traces, Some(observed)) = (signal, self.state().as_mut()) {
            observed.sent.clear();
        }
    }

    /// The batch that was taken last did not arrive. Metrics are sums: the next ones hold it.
    fn put_back(&self, signal: Signal) {
        if let (Signal::Traces, Some(observed)) = (signal, self.state().as_mut()) {
            for span in std::mem::take(&mut observed.sent).into_iter().rev() {
                observed.waiting.push_front(span);
            }
        }
    }

    fn warn(&self, problem: &str) {
        if self.warned.swap(true, Ordering::Relaxed) {
            tracing::debug!(problem, "telemetry");
        } else {
            (self.warn)(&self.texts.clean(&format!("telemetry: {problem}; the run is not affected")));
        }
    }
}

#[cfg(test)]
mod tests;
