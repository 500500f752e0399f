//! A run: one execution of a patchflow.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names a run: sortable by time, safe in a branch name and a path (`20261121-054211-7f3a9c`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

impl TryFrom<String> for RunId {
    type Error = String;

    /// As [`RunId::parse`]: what is read from a file is no more than what a user types.
    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| "a run's id has letters, digits and `-` only, 64 at most".to_owned())
    }
}

impl From<RunId> for String {
    fn from(id: RunId) -> Self {
        id.0
    }
}

impl RunId {
    /// A new id from the time (milliseconds since 1970, UTC) and three random bytes.
    pub fn generate(now_ms: i64) -> Self {
        let mut random = [0u8; 3];
        if getrandom::fill(&mut random).is_err() {
            // Without a random source the process id still keeps two runs of one second apart.
            random.copy_from_slice(&std::process::id().to_be_bytes()[1..]);
        }
        let time = jiff::Timestamp::from_millisecond(now_ms).unwrap_or_default();
        let [a, b, c] = random;
        Self(format!("{}-{a:02x}{b:02x}{c:02x}", time.strftime("%Y%m%d-%H%M%S")))
    }

    /// Takes an id that a user typed; `None` when it can't be one.
    pub fn parse(text: &str) -> Option<Self> {
        let fine = !text.is_empty()
            && text.len() <= 64
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fine.then(|| Self(text.to_owned()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStatus {
    /// A process is working on it.
    Running,
    /// Ended without failure.
    Done,
    /// Ended with a failure; resuming tries the failed part again.
    Failed,
    /// Stopped from outside, or its process died; it can be resumed.
    Interrupted,
}

impl RunStatus {
    /// The word in journals and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Failed, Self::Interrupted].into_iter().find(|s| s.as_str() == text)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a node stands in a run: `rounds[0]/answers[3]/answer`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodePath(String);

impl NodePath {
    /// The path of the run itself.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// A child node by id.
    #[must_use]
    pub fn child(&self, id: &str) -> Self {
        if self.0.is_empty() { Self(id.to_owned()) } else { Self(format!("{}/{id}", self.0)) }
    }

    /// The n-th iteration of this node.
    #[must_use]
    pub fn index(&self, n: usize) -> Self {
        Self(format!("{}[{n}]", self.0))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for NodePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for NodePath {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_sort_by_time_and_paths_nest() {
        let a = RunId::generate(1_700_000_000_000);
        let b = RunId::generate(1_700_000_001_000);
        assert!(a < b);
        assert_eq!(RunId::parse(a.as_str()), Some(a));
        assert_eq!(RunId::parse("../x"), None);
        let path = NodePath::root().child("rounds").index(0).child("answer");
        assert_eq!(path.as_str(), "rounds[0]/answer");
    }
}
