//! The state of a patchflow, mirroring its plan: which node each sequence stands at and what it waits for.

use minijinja::Value as Dynamic;
use serde_json::{Map, Value};

use super::loops::{ForEach, Repeat};
use super::scope::{Scope, explain, result_value};
use super::{Command, Outcome};
use crate::event::{EventBody, NOT_HELD};
use crate::failure::Failure;
use crate::patchflow::plan::{Node, NodeKind, Plan};
use crate::run::NodePath;
use crate::template::Template;

/// Where commands and notices go.
pub(super) struct Sink<'a> {
    pub(super) commands: &'a mut Vec<Command>,
    pub(super) notices: &'a mut Vec<(NodePath, EventBody)>,
}

/// An outcome on its way down to the node it is for.
pub(super) struct Message<'a> {
    pub(super) path: &'a NodePath,
    pub(super) outcome: Outcome,
}

impl Message<'_> {
    fn is_for(&self, path: &NodePath) -> bool {
        let (wanted, here) = (self.path.as_str(), path.as_str());
        wanted.strip_prefix(here).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
    }
}

/// How a node or a sequence ended, with its outputs.
pub(super) enum End {
    Done(Value),
    Skipped(String, Value),
    Failed(Failure, Value),
}

/// A patchflow: its steps, then `finally`, then its outputs.
pub(super) struct Flow {
    scope: Scope,
    steps: Sequence,
    finally: Option<(Sequence, Option<Failure>)>,
}

impl Flow {
    pub(super) fn new(inputs: &Map<String, Value>, path: NodePath) -> Self {
        let scope = Scope::of_inputs(inputs);
        Self { steps: Sequence::new(scope.clone(), path), scope, finally: None }
    }

    pub(super) fn advance(
        &mut self,
        plan: &Plan,
        mut message: Option<Message<'_>>,
        sink: &mut Sink<'_>,
    ) -> Option<End> {
        if self.finally.is_none() {
            let failure = match self.steps.advance(&plan.steps, message.take(), sink)? {
                SequenceEnd::Done => None,
                SequenceEnd::Failed(failure) => Some(failure),
            };
            self.finally = Some((Sequence::new(self.scope.clone(), self.steps.path.clone()), failure));
        }
        let (finally, failure) = self.finally.as_mut()?;
        let ended = finally.advance(&plan.finally, message, sink)?;
        // What the steps failed with matters more than what cleaning up failed with.
        let failure = match ended {
            SequenceEnd::Failed(later) => failure.take().or(Some(later)),
            SequenceEnd::Done => failure.take(),
        };
        let outputs = if plan.outputs.is_empty() {
            Ok(self.steps.last_outputs())
        } else {
            self.scope.eval_map(&plan.outputs, |key| format!("output `{key}`")).map(Value::Object)
        };
        Some(match (failure, outputs) {
            (None, Ok(outputs)) => End::Done(outputs),
            (None, Err(failure)) => End::Failed(failure, Value::Null),
            (Some(failure), outputs) => End::Failed(failure, outputs.unwrap_or_default()),
        })
    }
}

pub(super) enum SequenceEnd {
    Done,
    Failed(Failure),
}

/// Nodes one after the other.
pub(super) struct Sequence {
    pub(super) scope: Scope,
    path: NodePath,
    at: usize,
    state: Option<State>,
    /// The node that ended last. Its outputs are read from the scope when they are asked for: a second copy of a large
    /// output would be kept for nothing.
    last: Option<String>,
}

/// What the current node of a sequence waits for.
enum State {
    /// The input is kept only for a step that may be tried again.
    Step {
        input: Option<Map<String, Value>>,
        attempt: u32,
        sleeping: bool,
    },
    Flow(Box<Flow>),
    Block(Box<Sequence>),
    ForEach(Box<ForEach>),
    Repeat(Box<Repeat>),
}

impl Sequence {
    pub(super) fn new(scope: Scope, path: NodePath) -> Self {
        Self { scope, path, at: 0, state: None, last: None }
    }

    /// Goes on until it waits (`None`) or ends.
    pub(super) fn advance(
        &mut self,
        nodes: &[Node],
        mut message: Option<Message<'_>>,
        sink: &mut Sink<'_>,
    ) -> Option<SequenceEnd> {
        while let Some(node) = nodes.get(self.at) {
            let path = self.path.child(&node.id);
            let end = match self.state.as_mut() {
                Some(state) => {
                    let message = message.take();
                    // Nothing that concerns this node has happened.
                    if !message.as_ref().is_none_or(|m| m.is_for(&path)) {
                        return None;
                    }
                    state.advance(node, &path, &self.scope, message, sink)?
                }
                None => match State::begin(node, &path, &self.scope, sink) {
                    Ok(state) => {
                        let state = self.state.insert(state);
                        state.advance(node, &path, &self.scope, None, sink)?
                    }
                    Err(end) => *end,
                },
            };
            self.state = None;
            self.at += 1;
            if let Some(failure) = self.keep(node, &path, end, sink) {
                return Some(SequenceEnd::Failed(failure));
            }
        }
        Some(SequenceEnd::Done)
    }

    /// Puts a node's result into the scope; answers the failure that ends the sequence.
    fn keep(&mut self, node: &Node, path: &NodePath, end: End, sink: &mut Sink<'_>) -> Option<Failure> {
        match end {
            End::Done(output) => {
                self.last = Some(node.id.clone());
                self.scope.set(&node.id, result_value(output, "completed", None));
                None
            }
            End::Skipped(reason, output) => {
                if !matches!(node.kind, NodeKind::Step { .. }) || output.is_null() {
                    let uses = match &node.kind {
                        NodeKind::Step { uses, .. } => uses.clone(),
                        _ => node.id.clone(),
                    };
                    sink.notices
                        .push((path.clone(), EventBody::NodeSkipped { uses, reason: reason.clone() }));
                }
                self.last = Some(node.id.clone());
                self.scope.set(&node.id, result_value(output, "skipped", Some(("reason", reason.into()))));
                None
            }
            End::Failed(failure, output) => {
                let error = serde_json::to_value(&failure).unwrap_or_default();
                self.last = None;
                self.scope.set(&node.id, result_value(output, "failed", Some(("error", error))));
                (!node.continue_on_error).then_some(failure)
            }
        }
    }

    fn last_outputs(&self) -> Value {
        self.last.as_deref().map(|id| self.scope.outputs(id)).unwrap_or_default()
    }

    /// What a block answers: its `outputs`, or those of its last node.
    pub(super) fn outputs(&self, node: &Node) -> Result<Value, Failure> {
        if node.outputs.is_empty() {
            return Ok(self.last_outputs());
        }
        self.scope
            .eval_map(&node.outputs, |key| format!("output `{key}` of {}", self.path))
            .map(Value::Object)
    }
}

impl State {
    fn begin(node: &Node, path: &NodePath, scope: &Scope, sink: &mut Sink<'_>) -> Result<Self, Box<End>> {
        let fail = |failure: Failure| Box::new(End::Failed(failure, Value::Null));
        if let Some(condition) = &node.condition {
            let holds = condition
                .is_true(&scope.value())
                .map_err(|e| fail(explain(&e, &format!("`if` of {path}"))))?;
            if !holds {
                return Err(Box::new(End::Skipped(
                    format!("`{}` {NOT_HELD}", condition.source()),
                    Value::Null,
                )));
            }
        }
        Ok(match &node.kind {
            NodeKind::Step { uses, input } => {
                let input = scope.input(input, path.as_str()).map_err(fail)?;
                let kept = (node.retry.attempts > 1).then(|| input.clone());
                execute(uses, node, path, input, 1, sink);
                Self::Step { input: kept, attempt: 1, sleeping: false }
            }
            NodeKind::Flow { plan, input } => {
                let given = scope.input(input, path.as_str()).map_err(fail)?;
                let inputs = complete_inputs(plan, given, path).map_err(fail)?;
                Self::Flow(Box::new(Flow::new(&inputs, path.clone())))
            }
            NodeKind::Block { .. } => Self::Block(Box::new(Sequence::new(scope.inside([]), path.clone()))),
            NodeKind::ForEach { items, max_parallel, .. } => {
                let value = items
                    .eval(&scope.value())
                    .map_err(|e| fail(explain(&e, &format!("`for_each` of {path}"))))?;
                let list = list_of(&value).ok_or_else(|| {
                    fail(Failure::configuration(format!("`for_each` of {path} is not a list")))
                })?;
                if list.is_empty() {
                    let output =
                        Value::Object(Map::from_iter([("items".to_owned(), Value::Array(Vec::new()))]));
                    return Err(Box::new(End::Skipped("nothing to go through".to_owned(), output)));
                }
                let limit = match max_parallel {
                    Some(template) => count(scope, template, path, "max_parallel").map_err(fail)?.max(1),
                    None => 1,
                };
                let limit = usize::try_from(limit).unwrap_or(usize::MAX);
                Self::ForEach(Box::new(ForEach::new(list, limit)))
            }
            NodeKind::Repeat { times, .. } => {
                let times = count(scope, times, path, "repeat").map_err(fail)?;
                if times == 0 {
                    let output = Value::Object(Map::from_iter([("rounds".to_owned(), 0.into())]));
                    return Err(Box::new(End::Skipped("no rounds asked for".to_owned(), output)));
                }
                Self::Repeat(Box::new(Repeat::new(times, scope, path)))
            }
        })
    }

    fn advance(
        &mut self,
        node: &Node,
        path: &NodePath,
        scope: &Scope,
        message: Option<Message<'_>>,
        sink: &mut Sink<'_>,
    ) -> Option<End> {
        match (self, &node.kind) {
            (state @ Self::Step { .. }, NodeKind::Step { uses, .. }) => {
                state.advance_step(uses, node, path, message?, sink)
            }
            (Self::Flow(flow), NodeKind::Flow { plan, .. }) => flow.advance(plan, message, sink),
            (Self::Block(sequence), NodeKind::Block { steps }) => {
                match sequence.advance(steps, message, sink)? {
                    SequenceEnd::Done => Some(done(sequence.outputs(node))),
                    SequenceEnd::Failed(failure) => Some(End::Failed(failure, Value::Null)),
                }
            }
            (Self::ForEach(each), NodeKind::ForEach { var, steps, .. }) => {
                each.advance(node, var, steps, path, scope, message, sink)
            }
            (Self::Repeat(repeat), NodeKind::Repeat { until, steps, .. }) => {
                let until = until.as_ref();
                repeat.advance(node, until, steps, path, scope, message, sink)
            }
            // A state is made from its node's kind and never outlives it.
            _ => Some(End::Failed(
                Failure::internal(format!("{path} is in the state of another node")),
                Value::Null,
            )),
        }
    }

    fn advance_step(
        &mut self,
        uses: &str,
        node: &Node,
        path: &NodePath,
        message: Message<'_>,
        sink: &mut Sink<'_>,
    ) -> Option<End> {
        let Self::Step { input, attempt, sleeping } = self else { return None };
        match message.outcome {
            Outcome::Completed { output } => Some(End::Done(output)),
            Outcome::Skipped { reason, output } => Some(End::Skipped(reason, output)),
            Outcome::Slept if *sleeping => {
                *sleeping = false;
                *attempt += 1;
                execute(uses, node, path, input.clone().unwrap_or_default(), *attempt, sink);
                None
            }
            Outcome::Slept => None,
            Outcome::Failed { failure, retryable } => {
                if !retryable || *attempt >= node.retry.attempts {
                    return Some(End::Failed(failure, Value::Null));
                }
                *sleeping = true;
                let ms = node.retry.delay_ms.saturating_mul(1 << (*attempt - 1).min(10));
                sink.commands.push(Command::Sleep { path: path.clone(), ms });
                None
            }
        }
    }
}

fn execute(
    uses: &str,
    node: &Node,
    path: &NodePath,
    input: Map<String, Value>,
    attempt: u32,
    sink: &mut Sink<'_>,
) {
    sink.commands.push(Command::Execute {
        path: path.clone(),
        uses: uses.to_owned(),
        input: Value::Object(input),
        attempt,
        attempts: node.retry.attempts,
        timeout_ms: node.timeout_ms,
    });
}

fn done(outputs: Result<Value, Failure>) -> End {
    match outputs {
        Ok(outputs) => End::Done(outputs),
        Err(failure) => End::Failed(failure, Value::Null),
    }
}

fn list_of(value: &Dynamic) -> Option<Vec<Dynamic>> {
    if value.is_none() {
        return Some(Vec::new());
    }
    (value.kind() == minijinja::value::ValueKind::Seq
        || value.kind() == minijinja::value::ValueKind::Iterable)
        .then(|| value.try_iter().ok().map(Iterator::collect))
        .flatten()
}

fn count(scope: &Scope, template: &Template, path: &NodePath, key: &str) -> Result<u64, Failure> {
    let value = scope.eval(template, || format!("`{key}` of {path}"))?;
    value.as_u64().or_else(|| value.as_i64().map(|_| 0)).ok_or_else(|| {
        Failure::configuration(format!("`{key}` of {path} is {value}, expected a whole number"))
    })
}

/// The inputs of a sub-patchflow: what was given, then its defaults.
fn complete_inputs(
    plan: &Plan,
    mut given: Map<String, Value>,
    path: &NodePath,
) -> Result<Map<String, Value>, Failure> {
    for spec in &plan.inputs {
        if !given.contains_key(&spec.name) {
            if spec.required {
                return Err(Failure::configuration(format!(
                    "{path}: input `{}` of {} is missing",
                    spec.name, plan.name
                )));
            }
            given.insert(spec.name.clone(), spec.default.clone());
        }
    }
    Ok(given)
}
