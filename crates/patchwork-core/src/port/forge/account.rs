//! Who wrote something on a forge, and how far that is to be trusted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whose word it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// Somebody who may not write to the repository, or of whom that is not known.
    #[default]
    Outsider,
    /// Somebody who may write to the repository.
    Insider,
    /// The account of the token itself.
    Own,
}

/// An account of a forge.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Account {
    /// As others mention it, without `@`; empty when the account is gone.
    pub name: String,
    /// How far it is to be trusted.
    pub trust: Trust,
}

impl Account {
    /// An account of which nothing more is known.
    pub fn outsider(name: impl Into<String>) -> Self {
        Self { name: name.into(), trust: Trust::Outsider }
    }

    /// How a text of its is told of, when it is an outsider's: `what by NAME`.
    pub fn told_as_outsider(&self, what: &str) -> Option<String> {
        let by = if self.name.is_empty() { "nobody known" } else { &self.name };
        (self.trust == Trust::Outsider).then(|| format!("{what} by {}", by.escape_debug()))
    }

    /// Whether its word decides about the repository: an insider's, not our own.
    pub fn decides(&self) -> bool {
        self.trust == Trust::Insider
    }
}
