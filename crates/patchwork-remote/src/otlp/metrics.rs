//! The events of a run as metrics, summed up over the life of the process.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Histogram, HistogramDataPoint, Metric, NumberDataPoint, Sum,
};
use patchwork_core::event::{Event, EventBody};

use super::attributes::{Attributes, Texts, nanos};
use super::conventions as names;
use super::spans::{Traced, dollars, kind_word};

/// Series that an instrument may have: names of models come from servers, which may make up a new one each time.
const SERIES: usize = 1_000;

/// What tells the series of an instrument apart. Empty for whatever came after [`SERIES`].
type Key = Vec<(&'static str, String)>;

/// The metrics of one run.
pub(super) struct Metrics {
    traced: Traced,
    texts: Texts,
    began_ms: Option<i64>,
    instruments: [Instrument; 5],
}

const TOKENS: usize = 0;
const CALLS: usize = 1;
const COSTS: usize = 2;
const RUNS: usize = 3;
const RUN_TIMES: usize = 4;

/// An instrument and what it measured.
struct Instrument {
    name: &'static str,
    unit: &'static str,
    description: &'static str,
    /// Of a histogram; a counter has none.
    bounds: &'static [f64],
    series: BTreeMap<Key, Measured>,
}

#[derive(Default)]
struct Measured {
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    buckets: Vec<u64>,
}

impl Metrics {
    /// Metrics of one run.
    pub(super) fn new(traced: Traced, texts: Texts) -> Self {
        let instrument = |name, unit, bounds, description| Instrument {
            name,
            unit,
            description,
            bounds,
            series: BTreeMap::new(),
        };
        let instruments = [
            instrument(
                "gen_ai.client.token.usage",
                "{token}",
                names::TOKEN_BOUNDS,
                "Number of input and output tokens used.",
            ),
            instrument(
                "gen_ai.client.operation.duration",
                "s",
                names::CALL_BOUNDS,
                "GenAI operation duration.",
            ),
            instrument(
                "patchwork.model.cost",
                "{USD}",
                &[],
                "What calls of models cost, as far as prices are known.",
            ),
            instrument("patchwork.runs", "{run}", &[], "Runs that ended."),
            instrument(
                "patchwork.run.duration",
                "s",
                names::RUN_BOUNDS,
                "Time from the start or resumption of a run to its end.",
            ),
        ];
        Self { traced, texts, began_ms: None, instruments }
    }

    /// Counts an event in.
    pub(super) fn take(&mut self, event: &Event) {
        match &event.body {
            EventBody::RunStarted { .. } | EventBody::RunResumed => self.began_ms = Some(event.at_ms),
            EventBody::RunFinished { status, failure } => {
                let end = failure.as_ref().map_or("done", |failure| kind_word(failure.kind));
                let key: Key = vec![
                    (names::PATCHFLOW, self.texts.clean(&self.traced.patchflow)),
                    (names::RUN_STATUS, status.as_str().to_owned()),
                    (names::RUN_END, end.to_owned()),
                ];
                let took = event.at_ms.saturating_sub(self.began_ms.unwrap_or(event.at_ms));
                self.instruments[RUNS].add(key.clone(), 1.0);
                self.instruments[RUN_TIMES].add(key, seconds(u64::try_from(took).unwrap_or(0)));
            }
            EventBody::ModelCalled { reused: true, .. } => {}
            EventBody::ModelCalled { model, vendor, requested, usage, cost, latency_ms, .. } => {
                let mut key = self.asked(requested.as_deref(), vendor, model);
                key.push((names::RESPONSE_MODEL, self.texts.clean(model)));
                self.instruments[CALLS].add(key.clone(), seconds(*latency_ms));
                if let Some(cost) = cost {
                    self.instruments[COSTS].add(key.clone(), dollars(*cost));
                }
                for (kind, count) in [("input", usage.input_tokens), ("output", usage.output_tokens)] {
                    if usage.input_tokens > 0 || usage.output_tokens > 0 {
                        let mut key = key.clone();
                        key.push((names::TOKEN_TYPE, kind.to_owned()));
                        #[expect(clippy::cast_precision_loss, reason = "the wire format has it so")]
                        self.instruments[TOKENS].add(key, count as f64);
                    }
                }
            }
            EventBody::ModelFailed { requested, model, vendor, error, latency_ms, .. } => {
                let mut key = self.asked(requested.as_deref(), vendor, model);
                key.push((names::ERROR_TYPE, self.texts.clean(error)));
                self.instruments[CALLS].add(key, seconds(*latency_ms));
            }
            _ => {}
        }
    }

    /// What was measured so far; nothing before the run began.
    pub(super) fn export(&self, now_ms: i64) -> Vec<Metric> {
        let Some(began_ms) = self.began_ms else { return Vec::new() };
        let (from, to) = (nanos(began_ms), nanos(now_ms.max(began_ms)));
        self.instruments
            .iter()
            .filter(|instrument| !instrument.series.is_empty())
            .map(|instrument| instrument.export(from, to))
            .collect()
    }

    fn asked(&self, requested: Option<&str>, vendor: &str, model: &str) -> Key {
        let mut key = vec![(names::OPERATION, names::CHAT.to_owned())];
        let asked = names::requested_model(requested, vendor, model);
        for (name, value) in [(names::PROVIDER, names::provider_name(vendor)), (names::REQUEST_MODEL, asked)]
        {
            if !value.is_empty() {
                key.push((name, self.texts.clean(value)));
            }
        }
        key
    }
}

impl Instrument {
    fn add(&mut self, key: Key, value: f64) {
        let full = self.series.len() >= SERIES && !self.series.contains_key(&key);
        let measured = self.series.entry(if full { Key::new() } else { key }).or_default();
        if measured.count == 0 {
            (measured.min, measured.max) = (value, value);
            measured.buckets = vec![0; self.bounds.len() + 1];
        }
        measured.count += 1;
        measured.sum += value;
        measured.min = measured.min.min(value);
        measured.max = measured.max.max(value);
        // Upper bounds belong to their bucket.
        let at = self.bounds.partition_point(|bound| *bound < value);
        if let Some(bucket) = measured.buckets.get_mut(at) {
            *bucket += 1;
        }
    }

    fn export(&self, from: u64, to: u64) -> Metric {
        let aggregation_temporality = AggregationTemporality::Cumulative as i32;
        let data = if self.bounds.is_empty() {
            let data_points = self.series.iter().map(|(key, measured)| NumberDataPoint {
                attributes: attributes(key),
                start_time_unix_nano: from,
                time_unix_nano: to,
                value: Some(Value::AsDouble(measured.sum)),
                ..NumberDataPoint::default()
            });
            let data_points = data_points.collect();
            Data::Sum(Sum { data_points, aggregation_temporality, is_monotonic: true })
        } else {
            let data_points = self.series.iter().map(|(key, measured)| HistogramDataPoint {
                attributes: attributes(key),
                start_time_unix_nano: from,
                time_unix_nano: to,
                count: measured.count,
                sum: Some(measured.sum),
                bucket_counts: measured.buckets.clone(),
                explicit_bounds: self.bounds.to_vec(),
                min: Some(measured.min),
                max: Some(measured.max),
                ..HistogramDataPoint::default()
            });
            Data::Histogram(Histogram { data_points: data_points.collect(), aggregation_temporality })
        };
        Metric {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            unit: self.unit.to_owned(),
            data: Some(data),
            ..Metric::default()
        }
    }
}

fn attributes(key: &Key) -> Vec<opentelemetry_proto::tonic::common::v1::KeyValue> {
    let mut out = Attributes::default();
    if key.is_empty() {
        out.flag("otel.metric.overflow", true);
    }
    for (name, value) in key {
        out.text(name, value.clone());
    }
    out.0
}

fn seconds(ms: u64) -> f64 {
    std::time::Duration::from_millis(ms).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use patchwork_core::run::NodePath;
    use patchwork_core::secret::Secrets;
    use patchwork_core::usage::{MicroUsd, Usage};

    use super::*;

    fn event(at_ms: i64, body: EventBody) -> Event {
        Event { seq: 1, at_ms, node: NodePath::root(), body }
    }

    fn metrics() -> Metrics {
        let traced = Traced { run: "r".to_owned(), patchflow: "AutoFix".to_owned() };
        let mut metrics = Metrics::new(traced, Texts(Secrets::new()));
        metrics.take(&event(1_000, EventBody::RunStarted { patchflow: "AutoFix".to_owned() }));
        metrics
    }

    fn called(model: &str, reused: bool) -> EventBody {
        EventBody::ModelCalled {
            model: model.to_owned(),
            usage: Usage { input_tokens: 100, output_tokens: 4, ..Usage::default() },
            cost: Some(MicroUsd(1_500)),
            latency_ms: 320,
            vendor: "openai".to_owned(),
            reused,
            requested: None,
            finish: None,
        }
    }

    fn histogram(metric: &Metric) -> &HistogramDataPoint {
        match metric.data.as_ref().unwrap() {
            Data::Histogram(histogram) => &histogram.data_points[0],
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn calls_are_counted_in_tokens_seconds_and_money() {
        let mut metrics = metrics();
        for _ in 0..2 {
            metrics.take(&event(2_000, called("gpt-4o", false)));
        }
        metrics.take(&event(2_000, called("gpt-4o", true)));

        let exported = metrics.export(3_000);

        let names: Vec<_> = exported.iter().map(|metric| metric.name.as_str()).collect();
        assert_eq!(
            names,
            ["gen_ai.client.token.usage", "gen_ai.client.operation.duration", "patchwork.model.cost"]
        );
        let tokens = histogram(&exported[0]);
        assert_eq!((tokens.count, tokens.sum, tokens.max), (2, Some(200.0), Some(100.0)));
        // 64 < 100 ≤ 256.
        assert_eq!(tokens.bucket_counts[4], 2);
        assert_eq!(tokens.bucket_counts.len(), tokens.explicit_bounds.len() + 1);
        // 0.16 < 0.32 ≤ 0.32.
        assert_eq!(histogram(&exported[1]).bucket_counts[5], 2);
        let Some(Data::Sum(cost)) = &exported[2].data else { panic!("{:?}", exported[2]) };
        assert_eq!(cost.data_points[0].value, Some(Value::AsDouble(0.003)));
        assert_eq!((tokens.start_time_unix_nano, tokens.time_unix_nano), (1_000_000_000, 3_000_000_000));
    }

    #[test]
    fn a_server_that_makes_up_names_fills_no_memory() {
        let mut metrics = metrics();
        for n in 0..SERIES + 10 {
            metrics.take(&event(2_000, called(&format!("model-{n}"), false)));
        }
        let calls = &metrics.instruments[CALLS];
        assert_eq!(calls.series.len(), SERIES + 1);
        assert_eq!(calls.series[&Key::new()].count, 10);
        assert_eq!(attributes(&Key::new())[0].key, "otel.metric.overflow");
    }

    #[test]
    fn nothing_is_told_of_a_run_that_never_began() {
        let traced = Traced { run: "r".to_owned(), patchflow: "AutoFix".to_owned() };
        assert!(Metrics::new(traced, Texts(Secrets::new())).export(1).is_empty());
    }
}
