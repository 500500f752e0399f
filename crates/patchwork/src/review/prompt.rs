//! What a model is asked: the values of the prompts `review` and `refute`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the pull request says of itself. Anybody may have written it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Subject {
    /// Its title, or the first line of the commit.
    #[serde(default)]
    pub title: String,
    /// Its body.
    #[serde(default)]
    pub body: String,
}

/// A question for findings. Its fields are the variables of the prompt `review`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewQuestion {
    /// [`Bundle::id`](super::bundle::Bundle::id).
    pub bundle: String,
    /// The files.
    pub paths: Vec<String>,
    /// Hashes of the units.
    pub units: Vec<String>,
    /// What stands before and after each piece of data, and in none of them.
    pub boundary: String,
    /// The rules that apply: id, title, text.
    pub rules: String,
    /// Title and body of the pull request.
    pub subject: String,
    /// The changed lines with their numbers.
    pub diff: String,
    /// What they call and what calls them.
    pub context: String,
    /// Whether suggestions are wanted.
    pub suggestions: bool,
    /// About how many tokens the values have.
    pub tokens: usize,
}

/// A question for a second opinion on findings of one bundle. Its fields are the variables of the prompt `refute`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefuteQuestion {
    /// [`Bundle::id`](super::bundle::Bundle::id).
    pub bundle: String,
    /// Fingerprints of the findings, in the order in which they are numbered (from 1).
    pub fingerprints: Vec<String>,
    /// What stands before and after each piece of data, and in none of them.
    pub boundary: String,
    /// The findings, numbered.
    pub findings: String,
    /// The rules that they are stated against.
    pub rules: String,
    /// The changed lines with their numbers.
    pub diff: String,
    /// What they call and what calls them.
    pub context: String,
    /// About how many tokens the values have.
    pub tokens: usize,
}
