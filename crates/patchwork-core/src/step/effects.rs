//! What a step may touch.

use std::fmt;
use std::ops::BitOr;

use serde::{Serialize, Serializer};

/// A set of effects. A step that declares none is a pure function of its input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Effects(u8);

impl Effects {
    /// None: may be computed again at will.
    pub const NONE: Self = Self(0);
    /// Reads files of the checkout.
    pub const READS_CHECKOUT: Self = Self(1);
    /// Changes files of the checkout or its branches.
    pub const WRITES_CHECKOUT: Self = Self(2);
    /// Runs programs.
    pub const RUNS_COMMANDS: Self = Self(4);
    /// Asks a model, which costs money.
    pub const CALLS_MODEL: Self = Self(8);
    /// Writes to a forge: pushes, pull requests, comments.
    pub const WRITES_FORGE: Self = Self(16);
    /// Uses the network otherwise.
    pub const NETWORK: Self = Self(32);

    /// Reads from a forge: pull requests, issues, comments.
    pub const READS_FORGE: Self = Self(64);

    const NAMES: [(Self, &'static str); 7] = [
        (Self::READS_CHECKOUT, "reads checkout"),
        (Self::WRITES_CHECKOUT, "writes checkout"),
        (Self::RUNS_COMMANDS, "runs commands"),
        (Self::CALLS_MODEL, "calls a model"),
        (Self::READS_FORGE, "reads a forge"),
        (Self::WRITES_FORGE, "writes to a forge"),
        (Self::NETWORK, "network"),
    ];

    /// Both sets.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in this set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The effects in words.
    pub fn names(self) -> Vec<&'static str> {
        Self::NAMES.iter().filter(|(effect, _)| self.contains(*effect)).map(|(_, name)| *name).collect()
    }
}

impl BitOr for Effects {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

impl fmt::Display for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() { f.write_str("none") } else { f.write_str(&self.names().join(", ")) }
    }
}

impl Serialize for Effects {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.names().serialize(serializer)
    }
}
