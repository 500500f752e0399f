//! Running programs.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// A program to run, never through a shell.
#[derive(Debug, Clone)]
pub struct Command {
    /// A name on PATH, or an absolute path.
    pub program: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Where it runs.
    pub cwd: PathBuf,
    /// Variables set on top of the scrubbed environment.
    pub env: Vec<(String, String)>,
    /// What it reads from standard input; nothing when empty.
    pub stdin: Vec<u8>,
    /// After this it is killed, with its children.
    pub timeout: Duration,
    /// Bytes kept of each of stdout and stderr; the rest is read and dropped.
    pub max_output: usize,
}

impl Command {
    /// A command with ten minutes of time and 64 MiB of output.
    pub fn new(program: impl Into<String>, cwd: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            cwd: cwd.into(),
            env: Vec::new(),
            stdin: Vec::new(),
            timeout: Duration::from_secs(600),
            max_output: 64 << 20,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<String>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }
}

/// How a program ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// Exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: Vec<u8>,
    /// What it complained.
    pub stderr: Vec<u8>,
    /// Whether either was longer than `max_output`.
    pub truncated: bool,
}

/// Why a program gave no [`Output`].
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It is not installed, or not on PATH.
    #[error("`{program}` was not found")]
    NotFound {
        /// The program.
        program: String,
    },
    /// It could not be started.
    #[error("`{program}` could not be started: {source}")]
    Start {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is not run, since nothing would hold it in.
    #[error("`{program}` was not run: {why}")]
    Refused {
        /// The program.
        program: String,
        /// What is missing.
        why: String,
    },
    /// It took too long and was killed, with its children.
    #[error("`{program}` did not end within {} s and was killed", timeout.as_secs())]
    TimedOut {
        /// The program.
        program: String,
        /// The limit.
        timeout: Duration,
    },
    /// The run was cancelled; it was killed, with its children.
    #[error("`{program}` was stopped")]
    Cancelled {
        /// The program.
        program: String,
    },
}

impl From<ProcessError> for Failure {
    fn from(error: ProcessError) -> Self {
        match error {
            ProcessError::Cancelled { .. } => Self::interrupted(error.to_string()),
            ProcessError::NotFound { ref program } => {
                let hint = format!("install `{program}` or put it on PATH");
                Self::unavailable(error.to_string()).hint(hint)
            }
            ProcessError::Refused { .. } => Self::refused(error.to_string())
                .hint("`sandbox: off` runs builds and tests with nothing to hold them in"),
            _ => Self::unavailable(error.to_string()),
        }
    }
}

/// The process door.
#[async_trait]
pub trait Processes: Send + Sync {
    /// Runs a program to its end. The environment is the process's own without anything that looks like a credential.
    async fn run(&self, command: Command, cancel: &CancellationToken) -> Result<Output, ProcessError>;

    /// Where a program is on PATH.
    fn find(&self, program: &str) -> Option<PathBuf>;
}
