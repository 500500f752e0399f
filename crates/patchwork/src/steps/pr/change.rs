//! A change to one file, with what there is to say about it.

use std::collections::BTreeMap;

use patchwork_core::evidence::{Evidence, RegressionTest, Try};
use patchwork_core::finding::Finding;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A change to one file, as `ModifyCode` and agents answer it. Keys other than these are ignored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// The file, relative to the root of the repository.
    pub path: String,
    /// What was done, in one line.
    #[serde(default)]
    pub commit_message: Option<String>,
    /// What was done and why, in some lines of Markdown.
    #[serde(default)]
    pub patch_message: Option<String>,
    /// How likely the change breaks something (`Low`).
    #[serde(default)]
    pub compatibility: Option<String>,
    /// What was checked about it.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// The findings that it mends.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What was tried for it, this one last.
    #[serde(default)]
    pub tries: Vec<Try>,
    /// The new test that proves it: its file goes into the same commit.
    #[serde(default)]
    pub test: Option<RegressionTest>,
    /// The unified diff; a change whose diff is empty is left out.
    #[serde(default)]
    pub diff: Option<String>,
}

impl Change {
    fn changes_something(&self) -> bool {
        self.diff.as_deref() != Some("")
    }
}

/// The changes by file, files in the order of their first change.
pub(super) fn by_file(changes: &[Change]) -> Vec<(&str, Vec<&Change>)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut files: Vec<(&str, Vec<&Change>)> = Vec::new();
    for change in changes.iter().filter(|change| change.changes_something()) {
        let place = *places.entry(&change.path).or_insert(files.len());
        match files.get_mut(place) {
            Some((_, list)) => list.push(change),
            None => files.push((&change.path, vec![change])),
        }
    }
    files
}

/// Findings that the changes mend; a change that names none counts as one.
pub(super) fn findings(files: &[(&str, Vec<&Change>)]) -> usize {
    files.iter().flat_map(|(_, changes)| changes).map(|change| change.findings.len().max(1)).sum()
}
