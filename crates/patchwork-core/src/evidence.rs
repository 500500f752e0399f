//! What was checked about a patch, and the level it reached.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ladder of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Level {
    /// It applies and the files parse.
    L0,
    /// It builds.
    L1,
    /// The finding is gone and no new one came.
    L2,
    /// The tests pass.
    L3,
    /// A new test fails before and passes after.
    L4,
    /// That test also fails when the fix is undone by mutation.
    L5,
}

impl Level {
    /// What the level says, in words.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::L0 => "applies and parses",
            Self::L1 => "builds",
            Self::L2 => "finding gone, no new one",
            Self::L3 => "tests pass",
            Self::L4 => "new test fails before and passes after",
            Self::L5 => "new test fails for each undone hunk",
        }
    }
}

/// One check and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// What was checked (`parses`, `finding gone`).
    pub name: String,
    /// Whether it held.
    pub passed: bool,
    /// What was seen, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// What was checked about a patch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// The highest level that was reached.
    pub level: Level,
    /// The checks in the order they were made.
    pub checks: Vec<Check>,
}
