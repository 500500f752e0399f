use super::*;

const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/base/");

fn read(variables: &[(&str, &str)]) -> Found {
    Settings::read(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

fn urls(found: &Found) -> (Option<&str>, Option<&str>) {
    let settings = found.settings.as_ref().expect("there is a collector");
    let url = |endpoint: &'_ Option<Endpoint>| endpoint.as_ref().map(|e| e.url.to_string().leak() as &str);
    (url(&settings.traces), url(&settings.metrics))
}

#[test]
fn without_an_endpoint_nothing_is_read() {
    let asked = std::cell::RefCell::new(Vec::new());
    let found = Settings::read(|name| {
        asked.borrow_mut().push(name.to_owned());
        None
    });
    assert!(found.settings.is_none());
    assert_eq!(asked.into_inner().len(), 3);
    let found = read(&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("TRACEPARENT", "nonsense")]);
    assert!(found.settings.is_none() && found.warnings.is_empty());
}

#[test]
fn the_base_gets_paths_and_the_address_of_a_signal_is_taken_as_it_is() {
    let found = read(&[BASE]);
    let (traces, metrics) = ("http://collector:4318/base/v1/traces", "http://collector:4318/base/v1/metrics");
    assert_eq!(urls(&found), (Some(traces), Some(metrics)));
    let own = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://traces.example/in");
    assert_eq!(urls(&read(&[BASE, own])), (Some("https://traces.example/in"), Some(metrics)));
    assert_eq!(urls(&read(&[own])), (Some("https://traces.example/in"), None));
    let found = read(&[BASE, ("OTEL_TRACES_EXPORTER", "none")]);
    assert_eq!(urls(&found), (None, Some(metrics)));
    assert_eq!(found.warnings, [""; 0]);
}

#[test]
fn it_can_be_switched_off() {
    for value in ["true", "TRUE"] {
        assert!(read(&[BASE, ("OTEL_SDK_DISABLED", value)]).settings.is_none());
    }
    assert!(read(&[BASE, ("OTEL_SDK_DISABLED", "false")]).settings.is_some());
}

#[test]
fn what_can_not_be_used_is_told_and_the_rest_is_used() {
    const OTLP: &str = "OTEL_EXPORTER_OTLP_";
    // The variable, its value, whether something is sent all the same, and what is said.
    let cases = [
        (
            format!("{OTLP}PROTOCOL"),
            "grpc",
            false,
            "`grpc` is not offered, so nothing is sent; give `http/protobuf`",
        ),
        (format!("{OTLP}PROTOCOL"), "http/json", false, "`http/json` is not offered"),
        (format!("{OTLP}METRICS_PROTOCOL"), "grpc", true, "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: `grpc`"),
        ("OTEL_METRICS_EXPORTER".to_owned(), "prometheus", true, "`prometheus` is not offered"),
        (format!("{OTLP}CERTIFICATE"), "/ca.pem", true, "OTEL_EXPORTER_OTLP_CERTIFICATE is not offered"),
        (format!("{OTLP}ENDPOINT"), "collector:4318", false, "must begin with http:// or https://"),
        (format!("{OTLP}ENDPOINT"), "http://", false, "must begin with http:// or https://"),
        (format!("{OTLP}TIMEOUT"), "soon", true, "must be a number of milliseconds"),
        (format!("{OTLP}HEADERS"), "a=b,c d=e", true, "entry 2 is not `name=value`"),
        (format!("{OTLP}HEADERS"), "a=b%0Ac", true, "entry 1 is not `name=value`"),
        ("OTEL_RESOURCE_ATTRIBUTES".to_owned(), "a", true, "OTEL_RESOURCE_ATTRIBUTES: entry 1"),
        ("TRACEPARENT".to_owned(), "01", true, "TRACEPARENT is not of the form"),
    ];
    for (name, value, sends, said) in cases {
        let found = read(&[(name.as_str(), value), BASE]);
        assert_eq!(found.settings.is_some(), sends, "{said}");
        assert!(
            matches!(&found.warnings[..], [warning] if warning.contains(said)),
            "{said}: {:?}",
            found.warnings
        );
    }
}

#[test]
fn credentials_in_headers_and_addresses_are_secrets_and_never_shown() {
    let found = read(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:pa%24sword1@collector"),
        (
            "OTEL_EXPORTER_OTLP_HEADERS",
            "Authorization=Bearer%20abcdef-token,x-dataset=our-service,x-team=0123456789abcdef01,wrong",
        ),
    ]);
    let mut values: Vec<_> = found.secrets.iter().map(|(_, secret)| secret.expose()).collect();
    values.sort_unstable();
    values.dedup();
    assert_eq!(values, ["0123456789abcdef01", "Bearer abcdef-token", "abcdef-token", "pa$sword1"]);
    let names: std::collections::BTreeSet<_> = found.secrets.iter().map(|(name, _)| name).collect();
    assert!(names.len() >= values.len(), "{names:?}");
    let shown =
        format!("{:?} {:?} {names:?}", found.settings.unwrap().traces.unwrap().headers, found.warnings);
    for value in values {
        assert!(!shown.contains(value), "{shown}");
    }
}

#[test]
fn the_service_is_who_the_variables_say() {
    let found = read(&[
        BASE,
        ("OTEL_RESOURCE_ATTRIBUTES", "service.name=a,team=x%20y, team=z ,"),
        ("OTEL_SERVICE_NAME", "ci"),
    ]);
    let resource = found.settings.unwrap().resource;
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(resource, [pair("team", "z"), pair("service.name", "ci")]);
}

#[test]
fn a_trace_that_is_not_recorded_gets_no_spans() {
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0";
    let with = |flag: &str| read(&[BASE, ("TRACEPARENT", &format!("{parent}{flag}")), ("TRACESTATE", "a=1")]);
    let settings = with("1").settings.unwrap();
    assert!(settings.traces.is_some());
    assert_eq!(settings.trace_state, "a=1");
    let settings = with("0").settings.unwrap();
    assert!(settings.traces.is_none() && settings.metrics.is_some());
}
