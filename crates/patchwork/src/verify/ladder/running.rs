//! Runs one command in a trial: what it printed and how it ended, with signs of life while it is at work.

use std::path::PathBuf;
use std::time::Duration;

use patchwork_core::failure::Failure;
use patchwork_core::port::process::ProcessError;
use patchwork_core::port::trial::{SandboxLimits, Trial, TrialCommand};
use patchwork_core::step::{Context, StepError};
use serde::{Deserialize, Serialize};

use super::said::Said;
use crate::verify::commands::Found;
use crate::verify::dependencies::{self, Dependencies};
use crate::verify::{SandboxChoice, VerifyOptions};

/// Bytes kept of the end of each stream: the names of thousands of failing tests.
const MAX_OUTPUT: usize = 4 << 20;

/// When the first sign of life comes; each later one comes after twice the time.
const FIRST_SIGN: Duration = Duration::from_secs(30);

/// What all programs of a ladder get.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Terms {
    pub(super) timeout_s: u64,
    /// What trials are lent.
    pub(super) lent: Vec<Dependencies>,
    pub(super) limits: SandboxLimits,
}

impl Terms {
    pub(super) fn of(options: &VerifyOptions, lent: Vec<Dependencies>) -> Self {
        let limits = SandboxLimits {
            network: options.sandbox_network,
            unsafe_allowed: options.sandbox == SandboxChoice::Off,
            ..SandboxLimits::default()
        };
        Self { timeout_s: options.command_timeout.max(1), lent, limits }
    }
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Ended {
    /// With this code.
    Code(i32),
    /// By a signal.
    Killed,
    /// It was killed after its time.
    TimedOut {
        /// Seconds that it had.
        seconds: u64,
    },
}

impl Ended {
    pub(super) fn well(&self) -> bool {
        *self == Self::Code(0)
    }

    /// Whether the shell did not find the command.
    pub(super) fn not_found(&self) -> bool {
        matches!(self, Self::Code(126 | 127))
    }

    /// In words, behind the name of what was run.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Code(0) => "ended well".to_owned(),
            // What a shell makes of a child that a signal ended.
            Self::Code(137) | Self::Killed => {
                "was killed: it may have taken more memory or processes than it is allowed".to_owned()
            }
            Self::Code(153) => "was killed: it wrote a larger file than it is allowed".to_owned(),
            Self::Code(code) => format!("ended with code {code}"),
            Self::TimedOut { seconds } => {
                format!("did not end within {seconds} s (`command_timeout`) and was killed")
            }
        }
    }
}

/// A command that ran.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) ended: Ended,
    pub(super) said: Said,
}

/// Runs a command to its end. `what` names it for people (`the tests`).
pub(super) async fn run(
    ctx: &Context,
    trial: &dyn Trial,
    command: &Found,
    terms: &Terms,
    what: &str,
) -> Result<Ran, StepError> {
    let found = dependencies::environment(trial.root(), &command.cwd, &terms.lent);
    let command = TrialCommand {
        line: with_programs(&command.line, &found.programs),
        cwd: command.cwd.clone(),
        env: environment().into_iter().chain(found.variables).collect(),
        timeout: Duration::from_secs(terms.timeout_s),
        max_output: MAX_OUTPUT,
        limits: terms.limits.clone(),
    };
    let program = trial.run(&command, ctx.cancel());
    tokio::pin!(program);
    let mut wait = FIRST_SIGN;
    let mut at_work = Duration::ZERO;
    let result = loop {
        match tokio::time::timeout(wait, &mut program).await {
            Ok(result) => break result,
            Err(_) => {
                at_work += wait;
                wait = at_work;
                ctx.note(format!("{what}: at work for {} s", at_work.as_secs()));
            }
        }
    };
    match result {
        Ok(output) => {
            let ended = output.code.map_or(Ended::Killed, Ended::Code);
            Ok(Ran { ended, said: Said::of(ctx, trial.root(), &output) })
        }
        Err(ProcessError::TimedOut { .. }) => {
            let ended = Ended::TimedOut { seconds: terms.timeout_s };
            Ok(Ran { ended, said: Said::nothing() })
        }
        Err(ProcessError::Cancelled { .. }) => Err(StepError::cancelled()),
        Err(error) => Err(Failure::from(error).into()),
    }
}

/// A line that searches these folders for programs before all others.
fn with_programs(line: &str, folders: &[PathBuf]) -> String {
    let folders: Vec<_> =
        folders.iter().filter_map(|folder| Some(shell_words::quote(folder.to_str()?).into_owned())).collect();
    format!("PATH={}:\"$PATH\"; export PATH\n{line}", folders.join(":"))
}

/// What makes programs print plainly, ask nothing and leave nothing behind that could pass for the code of another candidate.
fn environment() -> Vec<(String, String)> {
    [
        ("CI", "true"),
        ("NO_COLOR", "1"),
        ("TERM", "dumb"),
        ("CARGO_TERM_COLOR", "never"),
        // Python takes what it compiled before for current when the source has the same size and the same second.
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("PYTHONUNBUFFERED", "1"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}
