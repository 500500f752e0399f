//! An OpenTelemetry collector for tests: it takes spans and metrics over real HTTP on 127.0.0.1 and reads them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode as SpanStatus;
use prost::Message;
use serde_json::Value;
use tokio::sync::oneshot;

/// Attributes by name.
pub type Attributes = BTreeMap<String, Value>;

/// A request as it came in.
#[derive(Debug, Clone)]
pub struct SeenExport {
    /// The path (`/v1/traces`).
    pub path: String,
    /// Headers with lower-case names.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: Vec<u8>,
    /// The status of the answer.
    pub status: u16,
}

/// A span that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenSpan {
    /// Its trace, in hex.
    pub trace: String,
    /// Its id, in hex.
    pub id: String,
    /// The span it belongs to, in hex; empty when there is none.
    pub parent: String,
    /// Its name.
    pub name: String,
    /// `Internal`, `Client`, …
    pub kind: String,
    /// Nanoseconds since 1970.
    pub start: u64,
    /// Nanoseconds since 1970.
    pub end: u64,
    /// What it says.
    pub attributes: Attributes,
    /// The words of its status, when that is an error.
    pub error: Option<String>,
    /// Spans it is linked to: `(trace, span)`.
    pub links: Vec<(String, String)>,
    /// Who sent it.
    pub resource: Attributes,
}

/// A point of a metric that was taken.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenPoint {
    /// The metric's name.
    pub metric: String,
    /// Its unit.
    pub unit: String,
    /// What tells it from the other points of the metric.
    pub attributes: Attributes,
    /// How much was measured together.
    pub sum: f64,
    /// How often it was measured; absent of a counter.
    pub count: Option<u64>,
    /// Who sent it.
    pub resource: Attributes,
}

/// What a request gets in place of being taken.
#[derive(Debug, Clone)]
pub enum Scripted {
    /// This status, with these headers.
    Status(u16, Vec<(&'static str, String)>),
    /// It is taken, and so many spans of it are said to be left out, for this reason.
    Partial(i64, &'static str),
    /// No answer, ever.
    Never,
}

#[derive(Debug, Default)]
struct Seen {
    script: VecDeque<Scripted>,
    silent: bool,
    requests: Vec<SeenExport>,
    faults: Vec<String>,
}

/// The collector. It stops when it is dropped.
#[derive(Debug)]
pub struct OtlpReceiver {
    seen: Arc<Mutex<Seen>>,
    url: String,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl OtlpReceiver {
    /// Starts one that takes everything.
    pub fn start() -> std::io::Result<Self> {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
        listener.set_nonblocking(true)?;
        let url = format!("http://{}", listener.local_addr()?);
        let seen = Arc::<Mutex<Seen>>::default();
        let (stop, stopped) = oneshot::channel::<()>();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let router = Router::new().fallback(serve).with_state(seen.clone());
        let thread = std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                tokio::select! {
                    _ = axum::serve(listener, router) => {}
                    // Open connections are not waited for: a client may hold them as long as it likes.
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { seen, url, stop: Some(stop), thread: Some(thread) })
    }

    /// Its address: what tests give as `OTEL_EXPORTER_OTLP_ENDPOINT`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What happens to the next requests, in order; later ones are taken.
    pub fn script(&self, next: impl IntoIterator<Item = Scripted>) {
        self.seen().script.extend(next);
    }

    /// Answers no request from now on.
    pub fn fall_silent(&self) {
        self.seen().silent = true;
    }

    /// All requests, in order.
    pub fn requests(&self) -> Vec<SeenExport> {
        self.seen().requests.clone()
    }

    /// What was wrong with requests: unreadable bodies, ids that are none, spans that end before they begin.
    pub fn faults(&self) -> Vec<String> {
        self.seen().faults.clone()
    }

    /// The spans that were taken, by their beginning.
    pub fn spans(&self) -> Vec<SeenSpan> {
        let mut out = Vec::new();
        for request in self.taken("/v1/traces") {
            let Ok(export) = ExportTraceServiceRequest::decode(&*request.body) else { continue };
            for group in export.resource_spans {
                let resource = group.resource.map(|r| attributes(&r.attributes)).unwrap_or_default();
                let spans = group.scope_spans.into_iter().flat_map(|scope| scope.spans);
                out.extend(spans.map(|span| seen_span(&span, resource.clone())));
            }
        }
        out.sort_by_key(|span| span.start);
        out
    }

    /// The points of the latest metrics that were taken.
    pub fn points(&self) -> Vec<SeenPoint> {
        let mut out = Vec::new();
        let Some(request) = self.taken("/v1/metrics").pop() else { return out };
        let Ok(export) = ExportMetricsServiceRequest::decode(&*request.body) else { return out };
        for group in export.resource_metrics {
            let resource = group.resource.map(|r| attributes(&r.attributes)).unwrap_or_default();
            for metric in group.scope_metrics.into_iter().flat_map(|scope| scope.metrics) {
                let mut add = |of: &[KeyValue], sum, count| {
                    out.push(SeenPoint {
                        metric: metric.name.clone(),
                        unit: metric.unit.clone(),
                        attributes: attributes(of),
                        sum,
                        count,
                        resource: resource.clone(),
                    });
                };
                match &metric.data {
                    Some(Data::Sum(sum)) => {
                        for point in &sum.data_points {
                            add(&point.attributes, number(point.value), None);
                        }
                    }
                    Some(Data::Histogram(histogram)) => {
                        for point in &histogram.data_points {
                            add(&point.attributes, point.sum.unwrap_or_default(), Some(point.count));
                        }
                    }
                    _ => {}
                }
            }
        }
        out
    }

    fn taken(&self, path: &str) -> Vec<SeenExport> {
        let mut requests = self.requests();
        requests.retain(|request| request.path.ends_with(path) && request.status == 200);
        requests
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

impl Drop for OtlpReceiver {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(
    State(seen): State<Arc<Mutex<Seen>>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let (scripted, silent) = {
        let mut seen = lock(&seen);
        (seen.script.pop_front(), seen.silent)
    };
    let never = silent || matches!(scripted, Some(Scripted::Never));
    let (status, more) = match &scripted {
        Some(Scripted::Status(status, more)) => (*status, more.clone()),
        _ if never => (0, Vec::new()),
        _ => (200, Vec::new()),
    };
    {
        let mut seen = lock(&seen);
        let named = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.as_str().to_owned(), value.to_str().unwrap_or_default().to_owned())
        };
        let headers: BTreeMap<_, _> = headers.iter().map(named).collect();
        let faults = faults(uri.path(), &headers, &body);
        seen.faults.extend(faults);
        seen.requests.push(SeenExport { path: uri.path().to_owned(), headers, body: body.to_vec(), status });
    }
    if never {
        std::future::pending::<()>().await;
    }
    let answer = match scripted {
        Some(Scripted::Partial(rejected_spans, why)) => {
            let error_message = why.to_owned();
            let partial_success = Some(ExportTracePartialSuccess { rejected_spans, error_message });
            ExportTraceServiceResponse { partial_success }.encode_to_vec()
        }
        _ => Vec::new(),
    };
    let mut response = Response::new(Body::from(answer));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    for (name, value) in more {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn faults(path: &str, headers: &BTreeMap<String, String>, body: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    if headers.get("content-type").map(String::as_str) != Some("application/x-protobuf") {
        out.push(format!("{path}: the content type is {:?}", headers.get("content-type")));
    }
    if path.ends_with("/v1/metrics") {
        if let Err(error) = ExportMetricsServiceRequest::decode(body) {
            out.push(format!("{path}: {error}"));
        }
    } else if path.ends_with("/v1/traces") {
        match ExportTraceServiceRequest::decode(body) {
            Ok(export) => {
                let spans = export.resource_spans.iter().flat_map(|group| &group.scope_spans);
                out.extend(spans.flat_map(|scope| &scope.spans).filter_map(fault));
            }
            Err(error) => out.push(format!("{path}: {error}")),
        }
    } else {
        out.push(format!("{path}: no such path"));
    }
    out
}

fn fault(span: &Span) -> Option<String> {
    let fine = span.trace_id.len() == 16
        && span.span_id.len() == 8
        && matches!(span.parent_span_id.len(), 0 | 8)
        && span.trace_id.iter().any(|b| *b != 0)
        && span.span_id.iter().any(|b| *b != 0)
        && span.start_time_unix_nano > 0
        && span.end_time_unix_nano >= span.start_time_unix_nano
        && !span.name.is_empty();
    (!fine).then(|| format!("not a span: {span:?}"))
}

fn seen_span(span: &Span, resource: Attributes) -> SeenSpan {
    let status = span.status.as_ref().filter(|status| status.code == SpanStatus::Error as i32);
    SeenSpan {
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        name: span.name.clone(),
        kind: SpanKind::try_from(span.kind).map(|kind| format!("{kind:?}")).unwrap_or_default(),
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        attributes: attributes(&span.attributes),
        error: status.map(|status| status.message.clone()),
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
        resource,
    }
}

fn attributes(of: &[KeyValue]) -> Attributes {
    of.iter().map(|pair| (pair.key.clone(), value(pair.value.as_ref()))).collect()
}

fn value(of: Option<&AnyValue>) -> Value {
    match of.and_then(|any| any.value.as_ref()) {
        Some(Any::StringValue(text)) => Value::from(text.as_str()),
        Some(Any::BoolValue(flag)) => Value::from(*flag),
        Some(Any::IntValue(count)) => Value::from(*count),
        Some(Any::DoubleValue(number)) => Value::from(*number),
        Some(Any::ArrayValue(list)) => list.values.iter().map(|item| value(Some(item))).collect(),
        _ => Value::Null,
    }
}

fn number(value: Option<Number>) -> f64 {
    match value {
        Some(Number::AsDouble(number)) => number,
        #[expect(clippy::cast_precision_loss, reason = "tests count small")]
        Some(Number::AsInt(number)) => number as f64,
        None => 0.0,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
