//! Why a step gave no output.

use crate::failure::{Failure, FailureKind};
use crate::port::process::ProcessError;
use crate::port::provider::ProviderError;

/// Why a step gave no output.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The input can't be understood: whoever wrote the patchflow or the option.
    #[error("{}{problem}", if field.is_empty() { String::new() } else { format!("`{field}`: ") })]
    Input {
        /// The field, with its path (`files_to_patch[3].uri`); empty when it is about the whole input.
        field: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// Anything that has its words for the user already.
    #[error("{0}")]
    Failed(Failure),
    /// The same, but another try may succeed.
    #[error("{0}")]
    Temporary(Failure),
}

impl StepError {
    /// The input can't be understood.
    pub fn input(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Input { field: field.into(), problem: problem.into() }
    }

    /// The work failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(Failure::failed(message))
    }

    /// Our own fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::Failed(Failure::internal(message))
    }

    /// The run was cancelled.
    pub fn cancelled() -> Self {
        Self::Failed(Failure::interrupted("stopped"))
    }

    /// Whether the run is being ended.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Failed(failure) if failure.kind == FailureKind::Interrupted)
    }

    /// Whether `retry` may try again.
    pub fn retryable(&self) -> bool {
        matches!(self, Self::Temporary(_))
    }

    /// As a failure, for the user.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Input { .. } => Failure::new(FailureKind::Configuration, self.to_string()),
            Self::Failed(failure) | Self::Temporary(failure) => failure,
        }
    }
}

impl From<Failure> for StepError {
    fn from(failure: Failure) -> Self {
        if failure.kind == FailureKind::Unavailable {
            Self::Temporary(failure)
        } else {
            Self::Failed(failure)
        }
    }
}

impl From<ProcessError> for StepError {
    fn from(error: ProcessError) -> Self {
        Failure::from(error).into()
    }
}

impl From<ProviderError> for StepError {
    fn from(error: ProviderError) -> Self {
        let retryable = error.kind.retryable();
        let failure = Failure::from(error);
        if retryable { Self::Temporary(failure) } else { Self::Failed(failure) }
    }
}
