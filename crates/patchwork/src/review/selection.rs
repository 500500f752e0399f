//! Which changed files are reviewed, and why others are not.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a changed file is not reviewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The user's `paths` do not name it, or `exclude` does.
    NotWanted,
    /// It is gone.
    Deleted,
    /// It only has another name or mode.
    NoLines,
    /// It is no text.
    Binary,
    /// A lock file of a package manager.
    LockFile,
    /// Made by a program, by its name, its content, or `linguist-generated` in `.gitattributes`.
    Generated,
    /// Code of others that is kept in the repository.
    Vendored,
    /// Minified.
    Minified,
    /// More text, or more changed lines, than a review takes.
    TooLarge,
    /// A submodule or a symbolic link.
    NoFile,
    /// A snapshot, a recording or other data of tests.
    TestData,
    /// Its lines could not be had.
    NotGiven,
    /// There are too many files; those with less risk are left out.
    TooMany,
}

impl Reason {
    /// In words, for people (`generated`).
    pub fn words(self) -> &'static str {
        match self {
            Self::NotWanted => "not asked for",
            Self::Deleted => "deleted",
            Self::NoLines => "no lines changed",
            Self::Binary => "binary",
            Self::LockFile => "lock file",
            Self::Generated => "generated",
            Self::Vendored => "vendored",
            Self::Minified => "minified",
            Self::TooLarge => "too large",
            Self::NoFile => "link or submodule",
            Self::TestData => "test data",
            Self::NotGiven => "lines not to be had",
            Self::TooMany => "beyond the limit of files",
        }
    }
}

/// A changed file that is not reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NotReviewed {
    /// The file.
    pub path: String,
    /// Why.
    pub reason: Reason,
}
