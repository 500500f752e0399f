//! The state of loops: `for_each` and `repeat`.

use std::collections::BTreeMap;

use minijinja::Value as Dynamic;
use serde_json::{Map, Value};

use super::node::{End, Message, Sequence, SequenceEnd, Sink};
use super::scope::{Scope, explain};
use crate::event::EventBody;
use crate::failure::Failure;
use crate::patchflow::plan::Node;
use crate::run::NodePath;
use crate::template::{Expr, value_of};

/// Iterations over a list, some of them at the same time.
pub(super) struct ForEach {
    items: Vec<Dynamic>,
    next: usize,
    limit: usize,
    running: BTreeMap<usize, Sequence>,
    results: Vec<Value>,
    done: usize,
    failure: Option<Failure>,
}

/// Rounds, one after the other.
pub(super) struct Repeat {
    times: u64,
    round: u64,
    sequence: Sequence,
}

impl ForEach {
    pub(super) fn new(items: Vec<Dynamic>, limit: usize) -> Self {
        let results = vec![Value::Null; items.len()];
        Self { items, next: 0, limit, running: BTreeMap::new(), results, done: 0, failure: None }
    }

    /// Goes on until it waits (`None`) or ends.
    #[expect(clippy::too_many_arguments, reason = "the node's parts and where things go")]
    pub(super) fn advance(
        &mut self,
        node: &Node,
        var: &str,
        steps: &[Node],
        path: &NodePath,
        scope: &Scope,
        mut message: Option<Message<'_>>,
        sink: &mut Sink<'_>,
    ) -> Option<End> {
        if let Some(index) = message.as_ref().and_then(|m| iteration(m.path, path))
            && let Some(mut sequence) = self.running.remove(&index)
        {
            match sequence.advance(steps, message.take(), sink) {
                Some(end) => self.ended(index, node, &sequence, end, path, sink),
                None => {
                    self.running.insert(index, sequence);
                }
            }
        }
        // A failure stops new iterations; those under way are waited for, so that nothing they did is lost.
        while self.failure.is_none() && self.running.len() < self.limit && self.next < self.items.len() {
            let index = self.next;
            self.next += 1;
            let item = self.items.get(index).cloned().unwrap_or_default();
            let inner = scope.inside([(var.to_owned(), item), ("index".to_owned(), Dynamic::from(index))]);
            let mut sequence = Sequence::new(inner, path.index(index));
            match sequence.advance(steps, None, sink) {
                Some(end) => self.ended(index, node, &sequence, end, path, sink),
                None => {
                    self.running.insert(index, sequence);
                }
            }
        }
        if !self.running.is_empty() {
            return None;
        }
        let items = Value::Array(std::mem::take(&mut self.results));
        let output = Value::Object(Map::from_iter([("items".to_owned(), items)]));
        Some(match self.failure.take() {
            Some(failure) => End::Failed(failure, output),
            None => End::Done(output),
        })
    }

    fn ended(
        &mut self,
        index: usize,
        node: &Node,
        sequence: &Sequence,
        end: SequenceEnd,
        path: &NodePath,
        sink: &mut Sink<'_>,
    ) {
        self.done += 1;
        let result = match end {
            SequenceEnd::Done => sequence.outputs(node),
            SequenceEnd::Failed(failure) => Err(failure),
        };
        match result {
            Ok(output) => {
                if let Some(slot) = self.results.get_mut(index) {
                    *slot = output;
                }
            }
            Err(failure) => {
                self.failure.get_or_insert(failure);
            }
        }
        let (done, total) = (self.done as u64, self.items.len() as u64);
        sink.notices.push((path.clone(), EventBody::Progress { label: node.id.clone(), done, total }));
    }
}

impl Repeat {
    pub(super) fn new(times: u64, scope: &Scope, path: &NodePath) -> Self {
        Self { times, round: 0, sequence: Self::round(scope, path, 0, Value::Null) }
    }

    fn round(scope: &Scope, path: &NodePath, round: u64, previous: Value) -> Sequence {
        let previous = if previous.is_null() { Dynamic::from(()) } else { value_of(previous) };
        let inner =
            scope.inside([("round".to_owned(), Dynamic::from(round)), ("previous".to_owned(), previous)]);
        Sequence::new(inner, path.index(usize::try_from(round).unwrap_or(usize::MAX)))
    }

    /// Goes on until it waits (`None`) or ends.
    #[expect(clippy::too_many_arguments, reason = "the node's parts and where things go")]
    pub(super) fn advance(
        &mut self,
        node: &Node,
        until: Option<&Expr>,
        steps: &[Node],
        path: &NodePath,
        scope: &Scope,
        mut message: Option<Message<'_>>,
        sink: &mut Sink<'_>,
    ) -> Option<End> {
        loop {
            if let SequenceEnd::Failed(failure) = self.sequence.advance(steps, message.take(), sink)? {
                return Some(End::Failed(failure, Value::Null));
            }
            let outputs = match self.sequence.outputs(node) {
                Ok(outputs) => outputs,
                Err(failure) => return Some(End::Failed(failure, Value::Null)),
            };
            let ends = match until.map(|until| until.is_true(&self.sequence.scope.value())).transpose() {
                Ok(ends) => ends.unwrap_or(false),
                Err(error) => {
                    return Some(End::Failed(explain(&error, &format!("`until` of {path}")), outputs));
                }
            };
            self.round += 1;
            if ends || self.round >= self.times {
                let mut output = match outputs {
                    Value::Object(map) => map,
                    _ => Map::new(),
                };
                output.insert("rounds".to_owned(), self.round.into());
                return Some(End::Done(Value::Object(output)));
            }
            self.sequence = Self::round(scope, path, self.round, outputs);
        }
    }
}

/// Which iteration of `parent` a path lies in.
fn iteration(path: &NodePath, parent: &NodePath) -> Option<usize> {
    let rest = path.as_str().strip_prefix(parent.as_str())?.strip_prefix('[')?;
    rest.split_once(']')?.0.parse().ok()
}
