//! What OpenTelemetry's standard variables ask for.

use std::time::Duration;

use patchwork_core::secret::{Secret, looks_secret, names_credential};
use percent_encoding::percent_decode_str;
use reqwest::Url;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::ids::Parent;

/// How long a collector may take for one request when nothing is said.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Bytes of a header's value from which on it is taken for a credential under any name, when it has a digit.
const LONG: usize = 16;

/// Variables that would change whom we trust: better told than passed over.
const NOT_OFFERED: [&str; 3] = ["CERTIFICATE", "CLIENT_CERTIFICATE", "CLIENT_KEY"];

/// Where telemetry goes and what it says of who sends it.
#[derive(Debug, Clone)]
pub struct Settings {
    pub(super) traces: Option<Endpoint>,
    pub(super) metrics: Option<Endpoint>,
    /// Attributes of the resource, the service's name among them.
    pub(super) resource: Vec<(String, String)>,
    pub(super) parent: Option<Parent>,
    pub(super) trace_state: String,
}

/// Where one signal goes.
#[derive(Debug, Clone)]
pub(super) struct Endpoint {
    pub(super) url: Url,
    /// All marked sensitive.
    pub(super) headers: HeaderMap,
    /// For one request.
    pub(super) timeout: Duration,
}

/// What was read.
#[derive(Debug, Default)]
pub struct Found {
    /// Absent when nothing is to be sent.
    pub settings: Option<Settings>,
    /// Credentials among the values, by a name for each.
    pub secrets: Vec<(String, Secret)>,
    /// What could not be used, for the user; no value of a variable is repeated but that of a protocol or an exporter.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Reads the variables; `variable` answers the value of one that is set and not empty. Without an endpoint none but
    /// four are looked at.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Found {
        let endpoints = ["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_", "OTEL_EXPORTER_OTLP_METRICS_"];
        let configured = endpoints.iter().any(|prefix| variable(&format!("{prefix}ENDPOINT")).is_some());
        let disabled = |value: String| value.trim().eq_ignore_ascii_case("true");
        let off = !configured || variable("OTEL_SDK_DISABLED").is_some_and(disabled);
        let mut reader = Reader { variable, found: Found::default() };
        if !off {
            reader.read();
        }
        reader.found
    }
}

struct Reader<V> {
    variable: V,
    found: Found,
}

impl<V: Fn(&str) -> Option<String>> Reader<V> {
    fn read(&mut self) {
        let parent = self.parent();
        let unwanted = parent.is_some_and(|parent| !parent.sampled);
        let mut traces = self.endpoint("TRACES", "v1/traces");
        if unwanted {
            // Whoever started us decided not to record this trace.
            traces = None;
        }
        let metrics = self.endpoint("METRICS", "v1/metrics");
        if traces.is_none() && metrics.is_none() {
            return;
        }
        let trace_state = match parent {
            Some(_) => (self.variable)("TRACESTATE").filter(|text| text.len() <= 512).unwrap_or_default(),
            None => String::new(),
        };
        let resource = self.resource();
        self.found.settings = Some(Settings { traces, metrics, resource, parent, trace_state });
    }

    fn parent(&mut self) -> Option<Parent> {
        let text = (self.variable)("TRACEPARENT")?;
        let parent = Parent::parse(&text);
        if parent.is_none() {
            self.warn(
                "TRACEPARENT is not of the form `00-<trace id>-<span id>-<flags>`: \
                 the run gets a trace of its own",
            );
        }
        parent
    }

    /// The variable for a signal, else the one for all: `(its name, its value)`.
    fn signal(&self, signal: &str, what: &str) -> Option<(String, String)> {
        [format!("OTEL_EXPORTER_OTLP_{signal}_{what}"), format!("OTEL_EXPORTER_OTLP_{what}")]
            .into_iter()
            .find_map(|name| (self.variable)(&name).map(|value| (name, value)))
    }

    fn endpoint(&mut self, signal: &str, path: &str) -> Option<Endpoint> {
        let (name, address) = self.signal(signal, "ENDPOINT")?;
        if !self.wanted(signal) {
            return None;
        }
        if let Some((variable, protocol)) = self.signal(signal, "PROTOCOL")
            && protocol.trim() != "http/protobuf"
        {
            let protocol = shown(&protocol);
            self.warn(format!(
                "{variable}: `{protocol}` is not offered, so nothing is sent; \
                 give `http/protobuf`, which collectors take on port 4318"
            ));
            return None;
        }
        for what in NOT_OFFERED {
            if let Some((variable, _)) = self.signal(signal, what) {
                self.warn(format!("{variable} is not offered: the certificates of this machine count"));
            }
        }
        let mut url = match Url::parse(address.trim()) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() => url,
            _ => {
                self.warn(format!(
                    "{name} must begin with http:// or https:// and a host, so nothing is sent"
                ));
                return None;
            }
        };
        if let Some(password) = url.password() {
            let password = percent_decode_str(password).decode_utf8_lossy().into_owned();
            self.found.secrets.push((format!("{name} (password)"), Secret::new(password)));
        }
        // The one for all is a base; that of a signal is taken as it is.
        if name == "OTEL_EXPORTER_OTLP_ENDPOINT"
            && let Ok(mut segments) = url.path_segments_mut()
        {
            segments.pop_if_empty().extend(path.split('/'));
        }
        let timeout = self.timeout(signal);
        let headers = self.headers(signal);
        Some(Endpoint { url, headers, timeout })
    }

    /// Whether the signal's exporter is ours.
    fn wanted(&mut self, signal: &str) -> bool {
        let name = format!("OTEL_{signal}_EXPORTER");
        let Some(exporter) = (self.variable)(&name) else { return true };
        match exporter.trim() {
            "otlp" => true,
            "none" => false,
            other => {
                let other = shown(other);
                self.warn(format!(
                    "{name}: `{other}` is not offered, so nothing is sent; give `otlp` or `none`"
                ));
                false
            }
        }
    }

    fn timeout(&mut self, signal: &str) -> Duration {
        let Some((name, value)) = self.signal(signal, "TIMEOUT") else { return TIMEOUT };
        match value.trim().parse::<u32>() {
            Ok(ms) if ms > 0 => Duration::from_millis(ms.into()),
            _ => {
                self.warn(format!("{name} must be a number of milliseconds: 10000 it is"));
                TIMEOUT
            }
        }
    }

    fn headers(&mut self, signal: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        let Some((variable, list)) = self.signal(signal, "HEADERS") else { return headers };
        for (number, entry) in entries(&list) {
            let header = entry.and_then(|(name, value)| {
                let value_bytes = HeaderValue::from_str(&value).ok()?;
                Some((HeaderName::from_bytes(name.as_bytes()).ok()?, value_bytes, value))
            });
            let Some((name, mut bytes, value)) = header else {
                self.warn(format!(
                    "{variable}: entry {number} is not `name=value` of a header; it is left out"
                ));
                continue;
            };
            if is_credential(name.as_str(), &value) {
                // `Bearer` and `Basic` stand before the secret itself.
                for part in [Some(value.as_str()), value.split_whitespace().last()].into_iter().flatten() {
                    let label = format!("{variable} ({name}, {})", part.len());
                    self.found.secrets.push((label, Secret::new(part)));
                }
            }
            bytes.set_sensitive(true);
            headers.insert(name, bytes);
        }
        headers
    }

    fn resource(&mut self) -> Vec<(String, String)> {
        let mut out: Vec<(String, String)> = Vec::new();
        let list = (self.variable)("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
        for (number, entry) in entries(&list) {
            match entry {
                Some(entry) => {
                    out.retain(|(name, _)| *name != entry.0);
                    out.push(entry);
                }
                None => self.warn(format!(
                    "OTEL_RESOURCE_ATTRIBUTES: entry {number} is not `name=value`; it is left out"
                )),
            }
        }
        if let Some(name) = (self.variable)("OTEL_SERVICE_NAME") {
            out.retain(|(key, _)| key != "service.name");
            out.push(("service.name".to_owned(), name));
        }
        out
    }

    fn warn(&mut self, warning: impl Into<String>) {
        let warning = warning.into();
        if !self.found.warnings.contains(&warning) {
            self.found.warnings.push(warning);
        }
    }
}

/// The entries of `a=b,c=d` with their numbers from 1; values may be percent-encoded. `None` for what is not of that
/// form.
fn entries(list: &str) -> impl Iterator<Item = (usize, Option<(String, String)>)> {
    let parts = list.split(',').enumerate().filter(|(_, part)| !part.trim().is_empty());
    parts.map(|(at, part)| {
        let entry = part.split_once('=').and_then(|(name, value)| {
            let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
            let name = name.trim();
            (!name.is_empty()).then(|| (name.to_owned(), value.into_owned()))
        });
        (at + 1, entry)
    })
}

/// Whether a header holds a credential. Not every value may count as one: what counts is masked wherever it occurs, and
/// the name of a data set occurs in ordinary texts.
fn is_credential(name: &str, value: &str) -> bool {
    let name = name.replace('-', "_");
    let named = names_credential(&name) || name.contains("auth") || name.contains("cookie");
    named || (value.len() >= LONG && value.bytes().any(|b| b.is_ascii_digit()) && looks_secret(value))
}

/// A word of the user's, safe to repeat.
fn shown(word: &str) -> String {
    word.trim().chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests;
