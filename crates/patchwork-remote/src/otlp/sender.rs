//! Sends one signal to its collector: in the background while the run goes on, and what is left at its end.

use std::sync::Arc;
use std::time::Duration;

use patchwork_core::port::clock::{Clock, SystemClock};
use reqwest::header::{CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Response, StatusCode, Url};
use tokio::time::Instant;

use super::settings::Endpoint;
use super::{Batch, Shared, Signal};
use crate::http::wait;

/// Bytes of a collector's answer that are read.
const MAX_ANSWER: usize = 64 << 10;

/// Wait before a batch is sent again at the end of a run, unless the collector asks for more; doubled each time.
const FIRST_WAIT: Duration = Duration::from_millis(100);

/// How long a collector is left alone at most, whatever it asks for.
const LONGEST_WAIT: Duration = Duration::from_secs(3_600);

/// Sends a signal.
pub(super) struct Sender {
    signal: Signal,
    endpoint: Endpoint,
    shared: Arc<Shared>,
    client: Client,
}

/// Why a batch did not arrive.
enum Unsent {
    /// Nobody answered.
    Unreachable(String),
    /// The collector wants it later.
    Later(String, Option<Duration>),
    /// The collector does not want it.
    Refused(String),
}

impl Sender {
    /// A sender; nothing is sent yet.
    pub(super) fn new(signal: Signal, endpoint: Endpoint, shared: Arc<Shared>) -> Result<Self, String> {
        crate::install_tls();
        let mut builder = Client::builder()
            .user_agent(concat!("patchwork/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(endpoint.timeout)
            .timeout(endpoint.timeout)
            // A redirect would carry the headers to a host that nobody named.
            .redirect(reqwest::redirect::Policy::none());
        if endpoint.url.scheme() == "http" {
            // A system without root certificates will do.
            builder = builder.tls_certs_only([]);
        }
        if crate::http::is_loopback(&endpoint.url) {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| crate::http::innermost(&error))?;
        Ok(Self { signal, endpoint, shared, client })
    }

    /// Sends at intervals and when much has come together, until the run is over; then sends what is left.
    pub(super) async fn work(self) {
        let interval = self.shared.pace.interval(self.signal);
        let mut due = Instant::now() + interval;
        loop {
            tokio::select! {
                biased;
                () = self.shared.over.cancelled() => break,
                () = self.shared.much.notified(), if self.signal == Signal::Traces => {}
                () = tokio::time::sleep_until(due) => {}
            }
            let wait = tokio::select! {
                biased;
                // What is under way then is sent again: better twice than not at all.
                () = self.shared.over.cancelled() => break,
                wait = self.round() => wait,
            };
            due = Instant::now() + wait.unwrap_or_default().min(LONGEST_WAIT).max(interval);
        }
        self.shared.put_back(self.signal);
        self.rest().await;
    }

    /// Sends what there is; answers how long the collector wants to be left alone.
    async fn round(&self) -> Option<Duration> {
        while let Some(batch) = self.shared.batch(self.signal) {
            let outcome = self.send(&batch).await;
            match outcome {
                Ok(()) => self.shared.arrived(self.signal),
                Err(Unsent::Refused(problem)) => {
                    self.shared.arrived(self.signal);
                    self.warn(&problem);
                }
                Err(Unsent::Unreachable(problem)) => {
                    self.shared.put_back(self.signal);
                    self.warn(&problem);
                    return None;
                }
                Err(Unsent::Later(problem, wait)) => {
                    self.shared.put_back(self.signal);
                    tracing::debug!(problem, "telemetry is sent again later");
                    return wait;
                }
            }
            if self.signal == Signal::Metrics {
                break;
            }
        }
        None
    }

    /// Sends what is left when the run is over. Whoever calls sets the limit.
    async fn rest(&self) {
        let mut own = FIRST_WAIT;
        while let Some(batch) = self.shared.batch(self.signal) {
            match self.send(&batch).await {
                Ok(()) => self.shared.arrived(self.signal),
                Err(Unsent::Refused(problem)) => {
                    self.shared.arrived(self.signal);
                    self.warn(&problem);
                }
                // Where nobody answers, the end of the run is not held up.
                Err(Unsent::Unreachable(problem)) => return self.warn(&problem),
                Err(Unsent::Later(problem, wait)) => {
                    let wait = wait.unwrap_or_default().max(own);
                    if wait > self.shared.pace.flush {
                        return self.warn(&problem);
                    }
                    own *= 2;
                    self.shared.put_back(self.signal);
                    tokio::time::sleep(wait).await;
                    continue;
                }
            }
            if self.signal == Signal::Metrics {
                break;
            }
        }
    }

    async fn send(&self, batch: &Batch) -> Result<(), Unsent> {
        let mut headers = self.endpoint.headers.clone();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        let request = self.client.post(self.endpoint.url.clone()).headers(headers).body(batch.encode());
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        let headers = response.headers().clone();
        if status.is_success() {
            return self.accepted(response).await;
        }
        let host = self.host();
        let problem = format!("{host} answered {status}{}", hint(status));
        if matches!(status.as_u16(), 429 | 502..=504) {
            let now = wait::server_time(&headers).unwrap_or_else(|| SystemClock.now_ms());
            return Err(Unsent::Later(problem, wait::retry_after(&headers, now)));
        }
        Err(Unsent::Refused(problem))
    }

    /// What was taken of a batch.
    async fn accepted(&self, mut response: Response) -> Result<(), Unsent> {
        let mut bytes = Vec::new();
        // It has arrived, whatever becomes of the rest of the answer.
        while let Ok(Some(chunk)) = response.chunk().await {
            if bytes.len() + chunk.len() > MAX_ANSWER {
                return Ok(());
            }
            bytes.extend_from_slice(&chunk);
        }
        match self.signal.rejected(&bytes) {
            Some((count, why)) => {
                let (host, why) = (self.host(), self.shared.texts.clean(&why));
                let why = if why.is_empty() { String::new() } else { format!(": {why}") };
                Err(Unsent::Refused(format!("{host} left out {count} of them{why}")))
            }
            None => Ok(()),
        }
    }

    fn unreachable(&self, error: reqwest::Error) -> Unsent {
        let host = self.host();
        if error.is_timeout() {
            return Unsent::Unreachable(format!("{host} did not answer within {:?}", self.endpoint.timeout));
        }
        // The outer errors repeat the URL, which may hold credentials.
        let cause = crate::http::innermost(&error.without_url());
        Unsent::Unreachable(format!("{host} can't be reached: {cause}"))
    }

    fn warn(&self, problem: &str) {
        self.shared.warn(&format!("{} could not be sent: {problem}", self.signal));
    }

    fn host(&self) -> String {
        host(&self.endpoint.url)
    }
}

/// The host of a URL, with its port when it is not the usual one.
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn hint(status: StatusCode) -> &'static str {
    match status.as_u16() {
        300..=399 => "; give the address it redirects to",
        401 | 403 => "; check OTEL_EXPORTER_OTLP_HEADERS",
        404 | 405 => "; check OTEL_EXPORTER_OTLP_ENDPOINT, which is the base of /v1/traces and /v1/metrics",
        415 => "; it takes no protobuf over HTTP",
        _ => "",
    }
}
