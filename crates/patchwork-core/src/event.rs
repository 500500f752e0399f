//! Facts of a run, in order. The engine emits them; reporters read them and cannot steer.

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::message::Finish;
use crate::run::{NodePath, RunStatus};
use crate::usage::{MicroUsd, Usage};

/// How the reason of a node ends that was skipped because its `if` is not true.
pub const NOT_HELD: &str = "does not hold";

/// One fact of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Position in the run, from 1, without gaps.
    pub seq: u64,
    /// Milliseconds since 1970, UTC.
    pub at_ms: i64,
    /// The node it is about; empty for the run itself.
    pub node: NodePath,
    /// What happened.
    pub body: EventBody,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EventBody {
    /// The run began.
    RunStarted {
        /// The patchflow.
        patchflow: String,
    },
    /// A process took the run up again.
    RunResumed,
    /// The run ended.
    RunFinished {
        /// How.
        status: RunStatus,
        /// Why, unless it is done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        failure: Option<Failure>,
    },
    /// A node's step begins (or begins again).
    NodeStarted {
        /// The step.
        uses: String,
        /// From 1.
        attempt: u32,
    },
    /// A node's step ended well.
    NodeCompleted {
        /// The step.
        uses: String,
        /// From the journal, not run now.
        recorded: bool,
    },
    /// A node did nothing, and why.
    NodeSkipped {
        /// The step.
        uses: String,
        /// Why.
        reason: String,
    },
    /// An attempt of a node failed.
    NodeFailed {
        /// The step.
        uses: String,
        /// Why.
        failure: Failure,
        /// Whether it is tried again.
        will_retry: bool,
    },
    /// A loop knows how much work there is, or did some of it.
    Progress {
        /// What is counted (`fixes`).
        label: String,
        /// Done so far.
        done: u64,
        /// All of it.
        total: u64,
    },
    /// Something a user should know that is no failure.
    Warning {
        /// One sentence.
        message: String,
    },
    /// Something a user wants to know (`using semgrep 1.182.0`).
    Note {
        /// One sentence.
        message: String,
    },
    /// A model answered.
    ModelCalled {
        /// The model, as the provider names it.
        model: String,
        /// What it took.
        usage: Usage,
        /// What it cost; absent when the price is unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cost: Option<MicroUsd>,
        /// Milliseconds from sending to the whole answer.
        latency_ms: u64,
        /// Who was asked.
        #[serde(default)]
        vendor: String,
        /// Nobody was asked: the answer was kept from an earlier call.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        reused: bool,
        /// The model that was asked for, as it was named there (`openai/gpt-4o`).
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requested: Option<String>,
        /// Why it stopped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        finish: Option<Finish>,
    },
    /// A model was asked and gave no answer, however often.
    ModelFailed {
        /// The model that was asked for, as it was named there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        requested: Option<String>,
        /// The model, as the provider names it; empty when nobody knows.
        #[serde(default)]
        model: String,
        /// Who was asked; empty when nobody knows.
        #[serde(default)]
        vendor: String,
        /// The class of the error ([`ProviderErrorKind::as_str`](crate::port::provider::ProviderErrorKind::as_str)).
        error: String,
        /// The HTTP status, when there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// Milliseconds that all tries took, waits included.
        latency_ms: u64,
    },
    /// A model gave no answer and is asked again.
    Retrying {
        /// Why there was none, naming vendor and model.
        problem: String,
        /// Milliseconds until it is asked again; 0 when the next model is asked in its place.
        wait_ms: u64,
    },
    /// Something left the machine or was kept: a branch, a pull request.
    Produced {
        /// What (`branch`, `pull request`).
        what: String,
        /// Its name or address.
        name: String,
    },
}

/// Reads the events of a run as they happen. It can't steer the run and must return quickly.
pub trait Reporter: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);
}
