//! Telemetry of a run: what a collector gets, and that one which does not work is no harm.

use std::process::Command;

use patchwork_testkit::model::{ModelServer, Reply};
use patchwork_testkit::otlp::{OtlpReceiver, SeenSpan};
use serde_json::json;

use crate::signals::until;
use crate::world::{KEY, Ran, World, fixing};

const TOKEN: &str = "collector-token-0123456789";

fn observed(command: &mut Command, endpoint: &str) -> Ran {
    let headers = format!("Authorization=Bearer%20{TOKEN}");
    World::output(
        command.env("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint).env("OTEL_EXPORTER_OTLP_HEADERS", headers),
    )
}

fn named<'a>(spans: &'a [SeenSpan], name: &str) -> Vec<&'a SeenSpan> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// The lines that speak of telemetry.
fn said(ran: &Ran) -> Vec<&str> {
    ran.stderr.lines().filter(|line| line.contains("telemetry") || line.contains("OTEL")).collect()
}

#[test]
fn a_run_is_one_tree_of_spans_that_repeats_nothing_of_what_was_said() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let receiver = OtlpReceiver::start().unwrap();
    let mut command = world.autofix_command(&server, &["--log", "trace"]);

    let ran = observed(command.env("OTEL_RESOURCE_ATTRIBUTES", "team=security"), receiver.url());

    ran.assert_code(0);
    assert_eq!(receiver.faults(), [""; 0]);
    let spans = receiver.spans();
    let [run] = named(&spans, "patchwork.run")[..] else { panic!("{spans:#?}") };
    assert_eq!(run.parent, "");
    assert_eq!(run.attributes["patchwork.patchflow"], "AutoFix");
    assert_eq!(run.attributes["patchwork.run.id"], world.newest_run());
    assert_eq!(run.attributes["patchwork.run.status"], "done");
    assert_eq!(run.attributes["process.exit.code"], 0);
    assert_eq!(
        (&run.resource["service.name"], &run.resource["team"]),
        (&json!("patchwork"), &json!("security"))
    );
    for span in &spans {
        assert_eq!(span.trace, run.trace);
        let parent = spans.iter().find(|other| other.id == span.parent);
        assert!(parent.is_some() || span.id == run.id, "{span:?} belongs to nothing");
    }
    let calls = named(&spans, "chat gpt-4o");
    assert_eq!(calls.len(), 5);
    for call in calls {
        assert_eq!(call.kind, "Client");
        assert_eq!(call.attributes["gen_ai.operation.name"], "chat");
        assert_eq!(call.attributes["gen_ai.request.model"], "gpt-4o");
        assert_eq!(call.attributes["gen_ai.response.finish_reasons"], json!(["stop"]));
        assert!(call.attributes["gen_ai.usage.input_tokens"].as_i64() > Some(0));
        assert!(call.attributes["gen_ai.usage.output_tokens"].as_i64() > Some(0));
        assert_eq!(call.attributes["gen_ai.provider.name"], "custom");
        assert!(call.attributes["patchwork.cost_usd"].as_f64() > Some(0.0));
        let parent = spans.iter().find(|span| span.id == call.parent).unwrap();
        assert_eq!(parent.name, "LLM");
        assert!(parent.start <= call.start && call.end <= parent.end, "{parent:?} {call:?}");
    }
    let points = receiver.points();
    let counts: Vec<_> = points.iter().map(|point| (point.metric.as_str(), point.count)).collect();
    assert_eq!(
        counts,
        [
            ("gen_ai.client.token.usage", Some(5)),
            ("gen_ai.client.token.usage", Some(5)),
            ("gen_ai.client.operation.duration", Some(5)),
            ("patchwork.model.cost", None),
            ("patchwork.runs", None),
            ("patchwork.run.duration", Some(1)),
        ]
    );
    assert_eq!(points[0].attributes["gen_ai.token.type"], "input");
    for request in receiver.requests() {
        assert_eq!(request.headers["authorization"], format!("Bearer {TOKEN}"));
        let body = String::from_utf8_lossy(&request.body);
        for word in ["hashlib", "MD5", "SHA-256", "a.py", KEY, TOKEN] {
            assert!(!body.contains(word), "`{word}` left the machine in {}", request.path);
        }
    }
    assert!(!format!("{}{}", ran.stdout, ran.stderr).contains(TOKEN));
    assert!(server.requests().iter().all(|request| !format!("{request:?}").contains("traceparent")));
}

#[test]
fn a_collector_that_does_not_work_is_told_once_and_changes_nothing() {
    let plain = World::with_five_findings();
    plain.autofix(&ModelServer::start(fixing), &[]).assert_code(0);
    let silent = OtlpReceiver::start().unwrap();
    silent.fall_silent();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        (format!("http://{unused}"), "can't be reached"),
        (silent.url().to_owned(), "did not answer within 100ms"),
        ("collector:4318".to_owned(), "must begin with http:// or https://"),
    ];
    for (endpoint, expected) in cases {
        let world = World::with_five_findings();
        let server = ModelServer::start(fixing);
        let mut command = world.autofix_command(&server, &[]);

        let ran = observed(command.env("OTEL_EXPORTER_OTLP_TIMEOUT", "100"), &endpoint);

        ran.assert_code(0);
        assert!(matches!(said(&ran)[..], [line] if line.contains(expected)), "{expected}: {}", ran.stderr);
        assert_eq!(world.changes("autofix-main"), plain.changes("autofix-main"));
    }
}

#[test]
fn what_is_not_offered_is_told_and_nothing_is_sent() {
    let receiver = OtlpReceiver::start().unwrap();
    for (name, value) in
        [("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json")]
    {
        let world = World::with_five_findings();
        let server = ModelServer::start(fixing);
        let ran = observed(world.autofix_command(&server, &[]).env(name, value), receiver.url());
        ran.assert_code(0);
        let told = format!("{name}: `{value}` is not offered");
        assert!(matches!(said(&ran)[..], [line] if line.contains(&told)), "{}", ran.stderr);
    }
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let ran = observed(world.autofix_command(&server, &[]).env("OTEL_SDK_DISABLED", "true"), receiver.url());
    assert_eq!(said(ran.assert_code(0)), [""; 0]);
    assert_eq!(receiver.requests().len(), 0);
}

#[test]
fn a_resumed_run_goes_on_in_its_trace() {
    let world = World::with_five_findings();
    let receiver = OtlpReceiver::start().unwrap();
    let server =
        ModelServer::start(|request| if request.index == 2 { Reply::never() } else { fixing(request) });
    let mut command = world.autofix_command(&server, &["concurrency=1"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url());
    let mut child =
        command.stderr(std::process::Stdio::null()).stdout(std::process::Stdio::null()).spawn().unwrap();
    until("the call that is never answered", || server.count() == 3);
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let run = world.newest_run();
    let mut resume = world.patchwork(&["resume", &run]);
    observed(resume.arg(format!("openai_api_key={KEY}")), receiver.url()).assert_code(0);

    let spans = receiver.spans();
    let [first, second] = named(&spans, "patchwork.run")[..] else { panic!("{spans:#?}") };
    assert_eq!(first.attributes["patchwork.run.status"], "interrupted");
    assert_eq!(first.attributes["process.exit.code"], 130);
    assert!(first.error.is_some());
    assert_eq!(second.attributes["patchwork.run.resumed"], true);
    assert_eq!(second.links, [(first.trace.clone(), first.id.clone())]);
    assert!(spans.iter().all(|span| span.trace == first.trace));
    assert_eq!(named(&spans, "chat gpt-4o").len(), 5, "a paid call is told once");
    let mut ids: Vec<_> = spans.iter().map(|span| &span.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), spans.len());
}

#[test]
fn a_run_that_fails_tells_which_call_and_keeps_its_exit_code() {
    let world = World::with_five_findings();
    let receiver = OtlpReceiver::start().unwrap();
    let server = ModelServer::start(|_| Reply::error(401, "wrong key"));
    let plain = World::with_five_findings().autofix(&server, &[]);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    let ran = observed(world.autofix_command(&server, &[]).env("TRACEPARENT", parent), receiver.url());

    assert_eq!(ran.code, plain.code);
    let spans = receiver.spans();
    let call = named(&spans, "chat gpt-4o")[0];
    assert_eq!(call.attributes["error.type"], "authentication");
    assert_eq!(call.attributes["http.response.status_code"], 401);
    assert!(call.error.is_some());
    let run = named(&spans, "patchwork.run")[0];
    assert_eq!((run.trace.as_str(), run.parent.as_str()), (&parent[3..35], &parent[36..52]));
    assert_eq!(run.attributes["process.exit.code"], ran.code.unwrap());
}
