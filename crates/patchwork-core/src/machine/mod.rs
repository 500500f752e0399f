//! A patchflow in execution: pure and deterministic. It has no clock, no randomness and no future in sight; an engine
//! carries its commands out and tells it the outcomes. The same plan, inputs and outcomes give the same commands, which
//! is what makes a run resumable on any engine.

mod loops;
mod node;
mod scope;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::event::EventBody;
use crate::failure::Failure;
use crate::patchflow::plan::Plan;
use crate::run::NodePath;
use node::{End, Flow};

/// Raised whenever the order or the keys of commands change for the same plan; an engine refuses a run of a version it
/// does not know.
pub const MACHINE_VERSION: u32 = 1;

/// What an engine is asked to do. Each command is given out once and answered with [`Machine::complete`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Command {
    /// Run a step.
    Execute {
        /// The node.
        path: NodePath,
        /// The step.
        uses: String,
        /// Its input.
        input: Value,
        /// Which try it is, from 1.
        attempt: u32,
        /// How many tries there are at most.
        attempts: u32,
        /// Limit of this try, milliseconds.
        timeout_ms: Option<u64>,
    },
    /// Wait; the outcome is [`Outcome::Slept`].
    Sleep {
        /// The node.
        path: NodePath,
        /// Milliseconds.
        ms: u64,
    },
}

impl Command {
    /// The node it is for.
    pub fn path(&self) -> &NodePath {
        match self {
            Self::Execute { path, .. } | Self::Sleep { path, .. } => path,
        }
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// The step gave an output.
    Completed {
        /// The output.
        output: Value,
    },
    /// The step did nothing.
    Skipped {
        /// Why.
        reason: String,
        /// Its output all the same.
        output: Value,
    },
    /// The step failed.
    Failed {
        /// Why.
        failure: Failure,
        /// Whether another try may succeed.
        retryable: bool,
    },
    /// The time is over.
    Slept,
}

/// How a patchflow ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Finished {
    /// With these outputs.
    Done(Value),
    /// With a failure; what was computed of the outputs is kept.
    Failed(Failure, Value),
}

/// A patchflow in execution.
pub struct Machine {
    plan: Arc<Plan>,
    flow: Flow,
    ready: Vec<Command>,
    notices: Vec<(NodePath, EventBody)>,
    finished: Option<Finished>,
}

impl Machine {
    /// Begins. `inputs` are complete: defaults filled in, secrets as references.
    pub fn new(plan: Arc<Plan>, inputs: &Map<String, Value>) -> Self {
        let flow = Flow::new(inputs, NodePath::root());
        let mut machine = Self { plan, flow, ready: Vec::new(), notices: Vec::new(), finished: None };
        machine.advance(None);
        machine
    }

    /// The commands that became ready since the last call.
    pub fn ready(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.ready)
    }

    /// What reporters may want to know since the last call: skipped nodes, progress of loops.
    pub fn notices(&mut self) -> Vec<(NodePath, EventBody)> {
        std::mem::take(&mut self.notices)
    }

    /// Tells the outcome of a command.
    pub fn complete(&mut self, path: &NodePath, outcome: Outcome) {
        self.advance(Some((path, outcome)));
    }

    /// How it ended, once it has.
    pub fn finished(&self) -> Option<&Finished> {
        self.finished.as_ref()
    }

    fn advance(&mut self, message: Option<(&NodePath, Outcome)>) {
        if self.finished.is_some() {
            return;
        }
        let mut sink = node::Sink { commands: &mut self.ready, notices: &mut self.notices };
        let message = message.map(|(path, outcome)| node::Message { path, outcome });
        if let Some(end) = self.flow.advance(&self.plan, message, &mut sink) {
            self.finished = Some(match end {
                End::Done(outputs) => Finished::Done(outputs),
                End::Skipped(_, outputs) => Finished::Done(outputs),
                End::Failed(failure, outputs) => Finished::Failed(failure, outputs),
            });
        }
    }
}
