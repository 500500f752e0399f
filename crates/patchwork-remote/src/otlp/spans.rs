//! The events of a run as spans: one for the run, one for each attempt of a node below it, one for each call of a model
//! below its node.

use std::collections::HashMap;

use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, SpanFlags, Status};
use patchwork_core::event::{Event, EventBody};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::message::Finish;
use patchwork_core::run::{NodePath, RunStatus};
use patchwork_core::usage::{MicroUsd, Usage};

use super::attributes::{Attributes, Texts, nanos};
use super::conventions as names;
use super::ids::{self, Parent, SpanId, TraceId};

/// W3C: the trace is recorded.
const SAMPLED: u32 = 1;

/// What is traced.
#[derive(Debug, Clone)]
pub(super) struct Traced {
    /// The run's id.
    pub(super) run: String,
    /// The patchflow's name.
    pub(super) patchflow: String,
}

/// Turns events into spans. A span comes out when it has ended.
pub(super) struct Spans {
    traced: Traced,
    texts: Texts,
    trace: TraceId,
    parent: Option<Parent>,
    trace_state: String,
    root: Option<Open>,
    nodes: HashMap<NodePath, Open>,
    recorded: u64,
}

/// A span that has not ended.
struct Open {
    id: SpanId,
    began_ms: i64,
    name: String,
    attributes: Attributes,
    links: Vec<Link>,
    retries: u64,
    reused: u64,
}

impl Open {
    fn new(id: SpanId, event: &Event, name: String) -> Self {
        let attributes = Attributes::default();
        Self { id, began_ms: event.at_ms, name, attributes, links: Vec::new(), retries: 0, reused: 0 }
    }
}

impl Spans {
    /// Spans of one run; `trace_state` is what `TRACESTATE` says beside the parent.
    pub(super) fn new(traced: Traced, parent: Option<Parent>, trace_state: String, texts: Texts) -> Self {
        let trace = parent.map_or_else(|| ids::trace_id(&traced.run), |parent| parent.trace);
        let (root, nodes) = (None, HashMap::new());
        Self { traced, texts, trace, parent, trace_state, root, nodes, recorded: 0 }
    }

    /// Takes an event; answers the spans that ended with it.
    pub(super) fn take(&mut self, event: &Event) -> Vec<Span> {
        match &event.body {
            EventBody::RunStarted { .. } => self.begin(event, false),
            EventBody::RunResumed => self.begin(event, true),
            EventBody::RunFinished { status, failure } => return self.end(event, *status, failure.as_ref()),
            EventBody::NodeStarted { uses, attempt } => {
                let mut open = self.node(event, uses);
                open.attributes.count(names::ATTEMPT, u64::from(*attempt));
                self.nodes.insert(event.node.clone(), open);
            }
            EventBody::NodeCompleted { recorded: true, .. } => self.recorded += 1,
            EventBody::NodeCompleted { uses, .. } => return vec![self.node_ended(event, uses, None, |_| {})],
            EventBody::NodeSkipped { uses, reason } => {
                let reason = self.texts.clean(reason);
                let told = |to: &mut Attributes| {
                    to.text(names::SKIPPED, reason);
                };
                return vec![self.node_ended(event, uses, None, told)];
            }
            EventBody::NodeFailed { uses, failure, will_retry } => {
                let told = |to: &mut Attributes| {
                    to.flag(names::WILL_RETRY, *will_retry);
                };
                return vec![self.node_ended(event, uses, Some(failure), told)];
            }
            EventBody::ModelCalled { reused: true, .. } => {
                self.nodes.entry(event.node.clone()).and_modify(|open| open.reused += 1);
            }
            EventBody::ModelCalled { .. } | EventBody::ModelFailed { .. } => {
                return self.call(event).into_iter().collect();
            }
            EventBody::Retrying { .. } => {
                self.nodes.entry(event.node.clone()).and_modify(|open| open.retries += 1);
            }
            // What is said to people may hold anything.
            EventBody::Progress { .. }
            | EventBody::Warning { .. }
            | EventBody::Note { .. }
            | EventBody::Produced { .. } => {}
        }
        Vec::new()
    }

    fn begin(&mut self, event: &Event, resumed: bool) {
        let first = ids::run_span_id(&self.traced.run);
        let id = if resumed { self.id_of(event) } else { first };
        let mut open = Open::new(id, event, "patchwork.run".to_owned());
        let attributes = &mut open.attributes;
        attributes.text(names::PATCHFLOW, self.texts.clean(&self.traced.patchflow));
        attributes.text(names::RUN, &self.traced.run);
        if resumed {
            attributes.flag(names::RESUMED, true);
            // Not its child: a process that was killed never sent its own.
            let (trace_id, span_id) = (self.trace.to_vec(), first.to_vec());
            open.links.push(Link { trace_id, span_id, flags: SAMPLED, ..Link::default() });
        }
        self.root = Some(open);
    }

    fn end(&mut self, event: &Event, status: RunStatus, failure: Option<&Failure>) -> Vec<Span> {
        let mut out: Vec<Span> = Vec::new();
        for (_, mut open) in std::mem::take(&mut self.nodes) {
            open.attributes.flag(names::UNFINISHED, true);
            out.push(self.span(open, event.at_ms, SpanKind::Internal, self.root_id(), None));
        }
        if let Some(mut open) = self.root.take() {
            let attributes = &mut open.attributes;
            attributes.text(names::RUN_STATUS, status.as_str());
            attributes.text(names::RUN_END, failure.map_or("done", |failure| kind_word(failure.kind)));
            attributes.count(names::EXIT_CODE, failure.map_or(0, |failure| u64::from(failure.exit_code())));
            attributes.some(names::RECORDED, self.recorded);
            let trouble = failure.map(|failure| self.trouble(&mut open, failure));
            let parent = self.parent.map(|parent| parent.span);
            out.push(self.span(open, event.at_ms, SpanKind::Internal, parent, trouble));
        }
        out
    }

    fn node(&self, event: &Event, uses: &str) -> Open {
        let uses = self.texts.clean(uses);
        let mut open = Open::new(self.id_of(event), event, uses.clone());
        let node = self.texts.clean(event.node.as_str());
        open.attributes.text(names::NODE, node).text(names::STEP, uses);
        open
    }

    /// The span of an attempt that ended. One whose condition did not hold never began: it has no length.
    fn node_ended(
        &mut self,
        event: &Event,
        uses: &str,
        failure: Option<&Failure>,
        told: impl FnOnce(&mut Attributes),
    ) -> Span {
        let mut open = self.nodes.remove(&event.node).unwrap_or_else(|| self.node(event, uses));
        told(&mut open.attributes);
        open.attributes.some(names::RETRIES, open.retries).some(names::REUSED, open.reused);
        let trouble = failure.map(|failure| self.trouble(&mut open, failure));
        self.span(open, event.at_ms, SpanKind::Internal, self.root_id(), trouble)
    }

    /// A call of a model. It is told when it is over.
    fn call(&self, event: &Event) -> Option<Span> {
        let mut attributes = Attributes::default();
        attributes.text(names::OPERATION, names::CHAT);
        let (model, latency_ms, trouble) = match &event.body {
            EventBody::ModelCalled { model, vendor, requested, usage, cost, finish, latency_ms, .. } => {
                let asked = self.asked(&mut attributes, requested.as_deref(), vendor, model);
                attributes.text(names::RESPONSE_MODEL, self.texts.clean(model));
                if let Some(finish) = finish {
                    attributes.texts(names::FINISH_REASONS, [self.texts.clean(finish_word(finish))]);
                }
                tokens(&mut attributes, *usage);
                if let Some(cost) = cost {
                    attributes.number(names::COST, dollars(*cost));
                }
                (asked, *latency_ms, None)
            }
            EventBody::ModelFailed { requested, model, vendor, error, status, latency_ms } => {
                let asked = self.asked(&mut attributes, requested.as_deref(), vendor, model);
                attributes.text(names::ERROR_TYPE, self.texts.clean(error));
                attributes.some(names::HTTP_STATUS, u64::from(status.unwrap_or(0)));
                // The words of the server are left out: they may repeat the prompt.
                (asked, *latency_ms, Some(String::new()))
            }
            _ => return None,
        };
        let name = format!("{} {model}", names::CHAT).trim_end().to_owned();
        let mut open = Open::new(self.id_of(event), event, name);
        open.attributes = attributes;
        open.began_ms = event.at_ms.saturating_sub(i64::try_from(latency_ms).unwrap_or(i64::MAX)).max(0);
        let parent = self.nodes.get(&event.node).map(|node| node.id).or_else(|| self.root_id());
        Some(self.span(open, event.at_ms, SpanKind::Client, parent, trouble))
    }

    fn asked(&self, to: &mut Attributes, requested: Option<&str>, vendor: &str, model: &str) -> String {
        let asked = self.texts.clean(names::requested_model(requested, vendor, model));
        to.text(names::PROVIDER, self.texts.clean(names::provider_name(vendor)));
        to.text(names::REQUEST_MODEL, asked.clone());
        asked
    }

    /// Marks a span as failed; answers the words of its status.
    fn trouble(&self, open: &mut Open, failure: &Failure) -> String {
        open.attributes.text(names::ERROR_TYPE, kind_word(failure.kind));
        self.texts.clean(&failure.message)
    }

    fn span(
        &self,
        open: Open,
        ended_ms: i64,
        kind: SpanKind,
        parent: Option<SpanId>,
        trouble: Option<String>,
    ) -> Span {
        let remote = self.parent.is_some_and(|remote| Some(remote.span) == parent);
        let remote_flag = if remote { SpanFlags::ContextIsRemoteMask as u32 } else { 0 };
        Span {
            trace_id: self.trace.to_vec(),
            span_id: open.id.to_vec(),
            trace_state: self.trace_state.clone(),
            parent_span_id: parent.map(|id| id.to_vec()).unwrap_or_default(),
            flags: SAMPLED | SpanFlags::ContextHasIsRemoteMask as u32 | remote_flag,
            name: open.name,
            kind: kind as i32,
            start_time_unix_nano: nanos(open.began_ms),
            // A clock that was set back must not end a span before it began.
            end_time_unix_nano: nanos(ended_ms.max(open.began_ms)),
            attributes: open.attributes.0,
            links: open.links,
            status: trouble.map(|message| Status { message, code: StatusCode::Error as i32 }),
            ..Span::default()
        }
    }

    fn root_id(&self) -> Option<SpanId> {
        self.root.as_ref().map(|root| root.id)
    }

    fn id_of(&self, event: &Event) -> SpanId {
        ids::span_id(&self.traced.run, event.node.as_str(), event.seq, event.at_ms)
    }
}

fn tokens(to: &mut Attributes, usage: Usage) {
    // A server that says nothing is told as zeros.
    if usage.input_tokens > 0 || usage.output_tokens > 0 {
        to.count(names::INPUT_TOKENS, usage.input_tokens).count(names::OUTPUT_TOKENS, usage.output_tokens);
    }
    to.some(names::CACHE_READ_TOKENS, usage.cached_tokens);
    to.some(names::CACHE_WRITE_TOKENS, usage.cache_write_tokens);
    to.some(names::REASONING_TOKENS, usage.reasoning_tokens);
}

/// US dollars.
pub(super) fn dollars(cost: MicroUsd) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "sums of money stay far below 2^52 millionths")]
    let micros = cost.0 as f64;
    micros / 1e6
}

fn finish_word(finish: &Finish) -> &str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_call",
        Finish::ContentFilter => "content_filter",
        Finish::Other(word) => word,
    }
}

/// The word for a kind of failure, as in journals.
pub(super) fn kind_word(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Failed => "failed",
        FailureKind::Usage => "usage",
        FailureKind::Configuration => "configuration",
        FailureKind::Unavailable => "unavailable",
        FailureKind::Refused => "refused",
        FailureKind::FindingsRemain => "findings_remain",
        FailureKind::BelowEvidence => "below_evidence",
        FailureKind::BudgetReached => "budget_reached",
        FailureKind::Internal => "internal",
        FailureKind::Interrupted => "interrupted",
    }
}

#[cfg(test)]
mod tests;
