use opentelemetry_proto::tonic::common::v1::any_value::Value;
use patchwork_core::secret::{Secret, Secrets};

use super::*;

struct Told {
    spans: Spans,
    seq: u64,
    out: Vec<Span>,
}

impl Told {
    fn new(parent: Option<Parent>) -> Self {
        let secrets = Secrets::new();
        secrets.insert("key", Secret::new("sk-0123456789"));
        let traced = Traced { run: "20261121-054211-7f3a9c".to_owned(), patchflow: "AutoFix".to_owned() };
        Self { spans: Spans::new(traced, parent, String::new(), Texts(secrets)), seq: 0, out: Vec::new() }
    }

    fn tell(&mut self, node: &str, body: EventBody) -> &mut Self {
        self.seq += 1;
        let at_ms = 1_000 * i64::try_from(self.seq).unwrap();
        self.out.extend(self.spans.take(&Event { seq: self.seq, at_ms, node: node.into(), body }));
        self
    }

    fn span(&self, name: &str) -> &Span {
        let mut found = self.out.iter().filter(|span| span.name == name);
        let span = found.next().unwrap_or_else(|| panic!("no span {name}"));
        assert!(found.next().is_none(), "two spans {name}");
        span
    }
}

fn started() -> EventBody {
    EventBody::RunStarted { patchflow: "AutoFix".to_owned() }
}

fn finished() -> EventBody {
    EventBody::RunFinished { status: RunStatus::Done, failure: None }
}

fn node(uses: &str, attempt: u32) -> EventBody {
    EventBody::NodeStarted { uses: uses.to_owned(), attempt }
}

fn completed(uses: &str) -> EventBody {
    EventBody::NodeCompleted { uses: uses.to_owned(), recorded: false }
}

fn failed(uses: &str, message: &str, will_retry: bool) -> EventBody {
    EventBody::NodeFailed { uses: uses.to_owned(), failure: Failure::unavailable(message), will_retry }
}

fn called(reused: bool) -> EventBody {
    EventBody::ModelCalled {
        model: "gpt-4o-2024-08-06".to_owned(),
        usage: Usage {
            input_tokens: 100,
            output_tokens: 20,
            cached_tokens: 40,
            cache_write_tokens: 0,
            reasoning_tokens: 5,
        },
        cost: Some(MicroUsd(1_500)),
        latency_ms: 250,
        vendor: "openai".to_owned(),
        reused,
        requested: Some("openai/gpt-4o".to_owned()),
        finish: Some(Finish::Stop),
    }
}

fn attribute(span: &Span, key: &str) -> Option<Value> {
    span.attributes.iter().find(|pair| pair.key == key)?.value.clone()?.value
}

fn text(span: &Span, key: &str) -> String {
    match attribute(span, key) {
        Some(Value::StringValue(text)) => text,
        other => panic!("{key} is {other:?}"),
    }
}

#[test]
fn a_run_its_nodes_and_their_calls_are_one_tree() {
    let mut told = Told::new(None);
    told.tell("", started())
        .tell("fixes[0]/answer", node("CallLLM", 1))
        .tell("fixes[0]/answer", EventBody::Retrying { problem: "busy".to_owned(), wait_ms: 1 })
        .tell("fixes[0]/answer", called(false))
        .tell("fixes[0]/answer", called(true))
        .tell("fixes[0]/answer", completed("CallLLM"))
        .tell("", finished());

    let (run, node, call) = (told.span("patchwork.run"), told.span("CallLLM"), told.span("chat gpt-4o"));
    assert_eq!(run.parent_span_id, Vec::<u8>::new());
    assert_eq!((&node.parent_span_id, &call.parent_span_id), (&run.span_id, &node.span_id));
    assert!(told.out.iter().all(|span| span.trace_id == run.trace_id));
    assert_eq!(told.out.len(), 3, "an answer that was kept is no call");
    assert_eq!(text(node, "patchwork.node"), "fixes[0]/answer");
    assert_eq!(attribute(node, "patchwork.model.retries"), Some(Value::IntValue(1)));
    assert_eq!(attribute(node, "patchwork.model.reused_answers"), Some(Value::IntValue(1)));
    assert_eq!((call.start_time_unix_nano, call.end_time_unix_nano), (3_750_000_000, 4_000_000_000));
    assert_eq!(call.kind, SpanKind::Client as i32);
    assert_eq!(text(call, "gen_ai.request.model"), "gpt-4o");
    assert_eq!(text(call, "gen_ai.response.model"), "gpt-4o-2024-08-06");
    assert_eq!(attribute(call, "gen_ai.usage.cache_read.input_tokens"), Some(Value::IntValue(40)));
    assert_eq!(attribute(call, "gen_ai.usage.reasoning.output_tokens"), Some(Value::IntValue(5)));
    assert_eq!(attribute(call, "gen_ai.usage.cache_creation.input_tokens"), None);
    assert_eq!(attribute(call, "patchwork.cost_usd"), Some(Value::DoubleValue(0.0015)));
}

#[test]
fn each_attempt_is_a_span_and_failures_are_told_without_secrets() {
    let mut told = Told::new(None);
    told.tell("", started())
        .tell("ask", node("CallLLM", 1))
        .tell("ask", failed("CallLLM", "busy sk-0123456789\nagain", true))
        .tell("ask", node("CallLLM", 2))
        .tell("ask", completed("CallLLM"))
        .tell("", finished());
    let attempts: Vec<_> = told.out.iter().filter(|span| span.name == "CallLLM").collect();
    assert_eq!(attempts.len(), 2);
    assert_ne!(attempts[0].span_id, attempts[1].span_id);
    let status = attempts[0].status.as_ref().unwrap();
    assert_eq!((status.code, status.message.as_str()), (StatusCode::Error as i32, "busy *** again"));
    assert_eq!(text(attempts[0], "error.type"), "unavailable");
    assert_eq!(attribute(attempts[0], "patchwork.will_retry"), Some(Value::BoolValue(true)));
    assert!(attempts[1].status.is_none());
}

#[test]
fn what_was_skipped_or_never_ended_is_told() {
    let mut told = Told::new(None);
    let skipped = EventBody::NodeSkipped { uses: "PR".to_owned(), reason: "nothing was fixed".to_owned() };
    let failure = Some(Failure::interrupted("stopped before the end"));
    told.tell("", started())
        .tell("pr", skipped)
        .tell("scan", node("ScanSemgrep", 1))
        .tell("", EventBody::RunFinished { status: RunStatus::Interrupted, failure });
    let (pr, scan, run) = (told.span("PR"), told.span("ScanSemgrep"), told.span("patchwork.run"));
    assert_eq!(text(pr, "patchwork.skipped"), "nothing was fixed");
    assert_eq!(pr.start_time_unix_nano, pr.end_time_unix_nano);
    assert_eq!(attribute(scan, "patchwork.unfinished"), Some(Value::BoolValue(true)));
    assert_eq!(scan.parent_span_id, run.span_id);
    assert_eq!(text(run, "patchwork.run.status"), "interrupted");
    assert_eq!(attribute(run, "process.exit.code"), Some(Value::IntValue(130)));
}

#[test]
fn a_call_without_an_answer_has_the_class_of_its_error() {
    let mut told = Told::new(None);
    let body = EventBody::ModelFailed {
        requested: None,
        model: "claude-x".to_owned(),
        vendor: "anthropic".to_owned(),
        error: "rate_limited".to_owned(),
        status: Some(429),
        latency_ms: u64::MAX,
    };
    told.tell("", started()).tell("ask", body).tell("", finished());
    let call = told.span("chat claude-x");
    assert_eq!(call.status.as_ref().unwrap().code, StatusCode::Error as i32);
    assert_eq!(text(call, "error.type"), "rate_limited");
    assert_eq!(attribute(call, "http.response.status_code"), Some(Value::IntValue(429)));
    assert_eq!(call.start_time_unix_nano, 0);
}

#[test]
fn a_resumed_run_goes_on_in_its_trace() {
    let mut first = Told::new(None);
    first.tell("", started()).tell("", finished());
    let mut second = Told::new(None);
    second.seq = 7;
    let recorded = EventBody::NodeCompleted { uses: "Scan".to_owned(), recorded: true };
    second.tell("", EventBody::RunResumed).tell("scan", recorded).tell("", finished());

    let (first, second) = (first.span("patchwork.run"), second.span("patchwork.run"));
    assert_eq!(first.trace_id, second.trace_id);
    assert_ne!(first.span_id, second.span_id);
    assert_eq!(second.links[0].span_id, first.span_id);
    assert_eq!(attribute(second, "patchwork.run.recorded_nodes"), Some(Value::IntValue(1)));
    // Those who read one of the two alone see a whole tree.
    assert!(second.parent_span_id.is_empty());
}

#[test]
fn a_run_under_another_trace_is_a_part_of_it() {
    let parent = Parent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").unwrap();
    let mut told = Told::new(Some(parent));
    told.tell("", started())
        .tell("scan", node("Scan", 1))
        .tell("scan", completed("Scan"))
        .tell("", finished());
    let (run, scan) = (told.span("patchwork.run"), told.span("Scan"));
    assert_eq!((&run.trace_id[..], &run.parent_span_id[..]), (&parent.trace[..], &parent.span[..]));
    assert_eq!(run.flags, 0x301);
    assert_eq!(scan.flags, 0x101);
}

#[test]
fn a_clock_that_is_set_back_ends_no_span_before_it_began() {
    let mut told = Told::new(None);
    told.tell("", started());
    let event = Event { seq: 2, at_ms: -5, node: NodePath::root(), body: finished() };
    let run = told.spans.take(&event).remove(0);
    assert_eq!(run.start_time_unix_nano, run.end_time_unix_nano);
}
