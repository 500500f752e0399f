//! Why a forge did not do what it was asked for.

use super::{Ability, PullRequestState};
use crate::failure::Failure;
use crate::step::StepError;

/// Why a forge did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// The site has no such thing, or it is not built yet.
    #[error("{forge} has no {ability}")]
    Unsupported {
        /// The site.
        forge: String,
        /// What it lacks.
        ability: Ability,
    },
    /// There is none, or the token may not see it.
    #[error("there is no {what}, or the token may not see it")]
    NotFound {
        /// What (`pull request 7 in octo/app`).
        what: String,
    },
    /// Somebody made it since we looked.
    #[error("{what} is there already")]
    Exists {
        /// What.
        what: String,
    },
    /// A line comment on a line that the pull request's diff does not show.
    #[error("line {line} of {path} is not in the diff of the pull request")]
    OutsideDiff {
        /// The file.
        path: String,
        /// The line.
        line: u32,
    },
    /// It was closed, merged or locked meanwhile.
    #[error("{what} is {}", state.as_str())]
    Closed {
        /// What (`pull request 7`).
        what: String,
        /// How it ended.
        state: PullRequestState,
    },
    /// Anything that has its words for the user already.
    #[error("{0}")]
    Failed(Failure),
}

impl From<Failure> for ForgeError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<ForgeError> for Failure {
    fn from(error: ForgeError) -> Self {
        match error {
            ForgeError::Failed(failure) => failure,
            ForgeError::Unsupported { .. } => Self::configuration(error.to_string()),
            ForgeError::NotFound { .. } => {
                Self::failed(error.to_string()).hint("check the address, and what the token may read")
            }
            ForgeError::Exists { .. } | ForgeError::OutsideDiff { .. } | ForgeError::Closed { .. } => {
                Self::failed(error.to_string())
            }
        }
    }
}

impl From<ForgeError> for StepError {
    fn from(error: ForgeError) -> Self {
        Failure::from(error).into()
    }
}
