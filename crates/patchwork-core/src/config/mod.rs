//! The configuration of a run: layers of values, each with its origin, merged and typed by a patchflow's inputs.
//!
//! Nothing here reads files or the environment: the caller brings the layers and a way to look variables up.

mod expand;
mod file;
mod merge;
mod render;
mod trust;
mod value;

use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::secret::Secret;

pub use expand::filled;
pub use file::read_file;
pub use merge::{Surroundings, merge};
pub use render::render;
pub use trust::{Boundary, check_resumed};

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The default that the patchflow declares.
    BuiltIn,
    /// The configuration file of the repository, by the path that the user knows it by.
    RepositoryFile(String),
    /// A file of the user's: their own, or one that was named with `--config`.
    ConfigFile(String),
    /// An environment variable, by its name.
    Environment(String),
    /// An option of the command.
    CommandLine,
}

impl Origin {
    /// Whether it is a file that may serve several patchflows.
    pub fn is_file(&self) -> bool {
        matches!(self, Self::RepositoryFile(_) | Self::ConfigFile(_))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("default"),
            Self::RepositoryFile(path) | Self::ConfigFile(path) => f.write_str(path),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}

/// Values from one place. `Debug` shows its keys only: any value may be a secret.
#[derive(Clone)]
pub struct Layer {
    /// The place.
    pub origin: Origin,
    /// The values by option name, as they were found: not typed, `${VAR}` not expanded. Null means not given.
    pub values: Map<String, Value>,
    /// The line of each key, from 1, where the place is a file.
    pub lines: BTreeMap<String, usize>,
}

impl Layer {
    /// Values from a place without lines.
    pub fn new(origin: Origin, values: Map<String, Value>) -> Self {
        Self { origin, values, lines: BTreeMap::new() }
    }

    /// The place of one key, with its line.
    fn place(&self, key: &str) -> Place {
        Place { origin: self.origin.clone(), line: self.lines.get(key).copied() }
    }
}

impl fmt::Debug for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&String> = self.values.keys().collect();
        f.debug_struct("Layer").field("origin", &self.origin).field("keys", &keys).finish_non_exhaustive()
    }
}

/// The place of a value: where, and in which line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub origin: Origin,
    /// The line, from 1, in a file.
    pub line: Option<usize>,
}

impl Place {
    /// The place of a default.
    pub(crate) fn built_in() -> Self {
        Self { origin: Origin::BuiltIn, line: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.origin.fmt(f)?;
        self.line.map_or(Ok(()), |line| write!(f, ":{line}"))
    }
}

/// A value that is in effect.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    /// The value, typed; null when none was given and there is no default; a secret as `{"$secret": name}`.
    pub value: Value,
    /// Where it was given.
    pub place: Place,
}

/// The configuration in effect.
#[derive(Debug, Clone, Default)]
pub struct Effective {
    /// Every input of the patchflow.
    pub values: BTreeMap<String, Setting>,
    /// The secrets that were given, with the place of each.
    pub secrets: Vec<(String, Secret, Place)>,
    /// What is hardly meant, one sentence each.
    pub warnings: Vec<String>,
}

impl Effective {
    /// The names of the inputs that the repository's own file gave.
    pub fn from_repository(&self) -> Vec<String> {
        let given = self.values.iter().filter(|(_, s)| matches!(s.place.origin, Origin::RepositoryFile(_)));
        given.map(|(name, _)| name.clone()).collect()
    }

    /// The inputs of the run: those that have a value.
    pub fn inputs(&self) -> Map<String, Value> {
        let given = self.values.iter().filter(|(_, setting)| !setting.value.is_null());
        given.map(|(name, setting)| (name.clone(), setting.value.clone())).collect()
    }
}
