//! Throw-away copies of the checkout, in which a candidate is built and tested.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::port::process::{Output, ProcessError};

/// A file as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The file, relative to the root, with `/`; as [`Checkout::resolve`](crate::port::checkout::Checkout::resolve) gives it.
    pub path: String,
    /// Its bytes; none when it shall not be there.
    pub content: Option<Vec<u8>>,
}

/// What programs of a trial may take. What a trial writes stays in it, and its environment holds no credential.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SandboxLimits {
    /// Whether the network is reached. Without it only the machine's own addresses are, where the kernel can give a
    /// trial its own; else none.
    pub network: bool,
    /// Bytes of memory of one process.
    pub memory: u64,
    /// Processes and threads at the same time.
    pub processes: u32,
    /// Bytes of one file that is written.
    pub file_size: u64,
    /// Whether programs are run without any of this when the kernel can't hold them in. Otherwise they are not run.
    pub unsafe_allowed: bool,
}

impl Default for SandboxLimits {
    fn default() -> Self {
        Self { network: false, memory: 8 << 30, processes: 1024, file_size: 4 << 30, unsafe_allowed: false }
    }
}

/// A folder of this machine that trials have as well: installed dependencies, which git ignores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lent {
    /// Where a trial has it, relative to the root with `/`.
    pub place: String,
    /// Where it is. Trials write to copies of it.
    pub from: PathBuf,
}

/// A program of a trial.
#[derive(Debug, Clone)]
pub struct TrialCommand {
    /// A line for the shell (`sh -c`).
    pub line: String,
    /// Where it runs, relative to the root with `/`; empty for the root.
    pub cwd: String,
    /// Variables on top of the scrubbed environment.
    pub env: Vec<(String, String)>,
    /// After this it is killed, with all that it started.
    pub timeout: Duration,
    /// Bytes kept of the end of stdout and of stderr each; what is before is dropped and marked in
    /// [`Output::truncated`].
    pub max_output: usize,
    /// What it may take.
    pub limits: SandboxLimits,
}

/// What holds programs of trials in on this machine, for people and for the evidence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Isolation {
    /// How copies are made: `overlay`, `reflink` or `copy`.
    pub copies: String,
    /// What holds programs in, the outermost first (`namespaces`, `Landlock 6`, `seccomp`, `limits`); empty when nothing does.
    pub walls: Vec<String>,
    /// What is missing of the full sandbox, and why, in one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Whether that is enough to run programs that nobody has read.
    pub sound: bool,
}

/// One throw-away copy. Dropping it removes it, with every process that is left in it.
#[async_trait]
pub trait Trial: Send + Sync {
    /// Its root as its programs see it.
    fn root(&self) -> &Path;

    /// Changes files.
    async fn write(&self, changes: &[Change]) -> Result<(), Failure>;

    /// Runs a program to its end. Two programs of one trial do not run at the same time. The exit code of one that a signal
    /// ended is 128 and the number of the signal, as shells say it.
    async fn run(&self, command: &TrialCommand, cancel: &CancellationToken) -> Result<Output, ProcessError>;

    /// What its programs have made, its changes left out, as a start for other trials: build products. The trial is over.
    async fn freeze(self: Box<Self>) -> Result<Layer, Failure>;
}

/// What an earlier trial has made; removed with its last user.
#[derive(Clone)]
pub struct Layer(pub Arc<dyn std::any::Any + Send + Sync>);

/// Makes trials of one checkout.
#[async_trait]
pub trait Trials: Send + Sync {
    /// Whether programs are run here at all.
    fn can_run(&self) -> bool {
        true
    }

    /// What holds their programs in; found out once.
    async fn isolation(&self) -> Isolation;

    /// A copy of the checkout as it stands, with these changes, on top of what an earlier trial has made. The checkout must not
    /// change while any trial is open.
    async fn open(&self, changes: &[Change], start: Option<&Layer>) -> Result<Box<dyn Trial>, Failure>;

    /// What trials that are opened from now on are lent, instead of what was said before.
    fn lend(&self, _folders: &[Lent]) {}

    /// A layer that an earlier step of this process kept under a name.
    fn kept(&self, _name: &str) -> Option<Layer> {
        None
    }

    /// Keeps a layer for later steps, to the end of the process's work on the run.
    fn keep(&self, _name: &str, _layer: Layer) {}
}

/// Where no program may be run: a plan, a replay.
pub struct NoTrials;

#[async_trait]
impl Trials for NoTrials {
    fn can_run(&self) -> bool {
        false
    }

    async fn isolation(&self) -> Isolation {
        Isolation {
            copies: "none".into(),
            walls: Vec::new(),
            missing: vec!["no program is run here".into()],
            sound: false,
        }
    }

    async fn open(&self, _changes: &[Change], _start: Option<&Layer>) -> Result<Box<dyn Trial>, Failure> {
        Err(Failure::refused("neither a plan nor a replay runs builds and tests"))
    }
}
