//! What a review ends with, as data: the texts are made of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::About;
use super::choosing::Chosen;
use super::finding::FileNote;
use super::memory::Dismissal;
use super::selection::NotReviewed;
use super::state::Told;
use super::unit::FileUnits;

/// Names of units that are kept of a file.
const MOST_UNITS: usize = 50;

/// A reviewed file, for the walkthrough.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Walked {
    /// The file.
    pub path: String,
    /// The name it had before, when that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// Added lines.
    pub additions: u32,
    /// Removed lines.
    pub deletions: u32,
    /// The functions and classes that changed, in the order of the file.
    pub units: Vec<String>,
    /// What the change does, in a sentence. A model's words; empty when no model said.
    #[serde(default)]
    pub about: String,
}

/// What a review has to say, whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// What was chosen.
    pub chosen: Chosen,
    /// What found no line.
    pub notes: Vec<FileNote>,
    /// Told in an earlier summary and still so.
    pub told: Vec<Told>,
    /// The files.
    pub walkthrough: Vec<Walked>,
    /// Files that were left out.
    pub left_out: Vec<NotReviewed>,
    /// How many findings of earlier reviews are still open.
    pub open: usize,
    /// How many were fixed since.
    pub resolved: usize,
    /// Dismissed since the last review.
    pub dismissed: Vec<Dismissal>,
    /// The commit that was reviewed.
    pub commit: String,
    /// Model calls of this review.
    pub calls: usize,
    /// What it cost, in US dollars, as text (`0.0123`); absent when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// What could not be done, in sentences (`3 of 7 calls got no answer`).
    pub problems: Vec<String>,
}

/// The files for the walkthrough, in their order, with what models said about them.
pub fn walk(files: &[FileUnits<'_>], about: &[About]) -> Vec<Walked> {
    let said = |path: &str| about.iter().find(|said| said.path == path).map(|said| said.about.clone());
    files
        .iter()
        .map(|file| {
            let change = &file.file.change;
            let mut units: Vec<String> = Vec::new();
            for unit in file.units.iter().filter(|unit| !unit.name.is_empty()) {
                if units.len() < MOST_UNITS && !units.contains(&unit.name) {
                    units.push(unit.name.clone());
                }
            }
            Walked {
                path: change.path.clone(),
                old_path: change.old_path.clone(),
                additions: change.additions,
                deletions: change.deletions,
                units,
                about: said(&change.path).unwrap_or_default(),
            }
        })
        .collect()
}
