//! What was checked about a patch, and the level it reached.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::usage::{MicroUsd, Usage};

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

/// A new test that fails without a fix and passes with it; it is committed with the fix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RegressionTest {
    /// The new file, relative to the root of the repository, with `/`.
    pub path: String,
    /// The unified diff that adds it.
    pub diff: String,
}

/// Who proposed a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Author {
    /// The rule that found the weakness.
    Rule,
    /// A model.
    Model,
}

/// What became of a proposal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was kept.
    Accepted,
    /// It was checked and turned down.
    Rejected,
    /// It held as well, but another one was better.
    Outdone,
    /// The model said that nothing is wrong.
    NotVulnerable,
    /// The model said that it can't be fixed.
    NoFix,
    /// The call brought no answer.
    Unanswered,
}

/// One try to fix something: for the journal and the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Try {
    /// The round, from 0; round 0 is that of rules.
    pub round: u32,
    /// Who proposed it.
    pub by: Author,
    /// The model that answered, or the rule.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, for people; empty for one that was kept.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// What it would have changed, as a unified diff; empty when there was nothing that applies.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diff: String,
    /// What was checked about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// What the answer took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What the answer cost; absent when the price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<MicroUsd>,
    /// Milliseconds that the answer took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ms: Option<u64>,
}
