//! Which changed files are reviewed, and why others are not.

mod attributes;
pub(super) mod names;
pub(super) mod risk;

use std::cmp::Reverse;

use patchwork_core::change::{ChangeStatus, FileChange, LeftOut};
use patchwork_core::failure::Failure;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::globs::Globs;
use attributes::{Attributes, Said};

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
    /// Data that people do not read as text: tables, drawings, notebooks.
    Data,
    /// A snapshot, a recording or other data of tests.
    TestData,
    /// Its lines could not be had.
    NotGiven,
    /// There are too many files; those with less risk are left out.
    TooMany,
}

impl Reason {
    /// Whether lines of such a file may still be there, and nobody looks at them.
    pub fn hides_lines(self) -> bool {
        !matches!(self, Self::Deleted | Self::NoLines)
    }

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
            Self::Data => "data",
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
    /// The name it had before, when that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_path: Option<String>,
    /// Why.
    pub reason: Reason,
}

impl NotReviewed {
    pub(super) fn of(change: &FileChange, reason: Reason) -> Self {
        Self { path: change.path.clone(), old_path: change.old_path.clone(), reason }
    }

    /// Its names, now and before.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.path.as_str()).chain(self.old_path.as_deref())
    }
}

/// Changed lines of one file at most.
const MAX_CHANGED_LINES: u32 = 5_000;

/// Files at most.
const MAX_FILES: usize = 1_000;

/// Which changed files are reviewed.
#[derive(Debug, Clone, Default)]
pub struct Selection {
    paths: Globs,
    exclude: Globs,
    attributes: Attributes,
}

/// The changed files, parted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selected {
    /// To be reviewed, those with the most risk first.
    pub files: Vec<FileChange>,
    /// The others, by path.
    pub left_out: Vec<NotReviewed>,
}

impl Selection {
    /// `paths`: globs of what is reviewed, everything when empty. `exclude`: globs of what is not. `attributes`: the text of
    /// the `.gitattributes` at the root of the *base*: what a change says there can't hide it. A glob without `/` speaks for
    /// names at any depth, one of a folder for all that is in it.
    pub fn new(paths: &[String], exclude: &[String], attributes: &str) -> Result<Self, Failure> {
        let globs = |name: &str, globs: &[String]| {
            Globs::new(globs.iter().map(String::as_str))
                .map_err(|problem| Failure::usage(format!("`{name}`: {problem}")))
        };
        Ok(Self {
            paths: globs("paths", paths)?,
            exclude: globs("exclude", exclude)?,
            attributes: Attributes::read(attributes),
        })
    }

    /// Parts the changes by what their names and diffs tell; [`ReviewFile::read`](super::file::ReviewFile::read) looks at the
    /// texts.
    pub fn select(&self, changes: Vec<FileChange>) -> Selected {
        let mut selected = Selected::default();
        for change in changes {
            match self.reason(&change) {
                Some(reason) => selected.left_out.push(NotReviewed::of(&change, reason)),
                None => selected.files.push(change),
            }
        }
        selected.files.sort_by_cached_key(|change| (Reverse(risk::of(change)), change.path.clone()));
        for change in selected.files.split_off(MAX_FILES.min(selected.files.len())) {
            selected.left_out.push(NotReviewed::of(&change, Reason::TooMany));
        }
        selected.left_out.sort_by(|a, b| a.path.cmp(&b.path));
        selected
    }

    fn reason(&self, change: &FileChange) -> Option<Reason> {
        let path = change.path.as_str();
        if self.exclude.matches(path) || !(self.paths.is_empty() || self.paths.matches(path)) {
            return Some(Reason::NotWanted);
        }
        let has_mode = |mode: &str| change.new_mode.as_deref() == Some(mode);
        if has_mode("160000") || has_mode("120000") {
            return Some(Reason::NoFile);
        }
        match change.left_out {
            Some(LeftOut::TooLarge) => return Some(Reason::TooLarge),
            Some(LeftOut::Submodule | LeftOut::Symlink) => return Some(Reason::NoFile),
            Some(LeftOut::NotUtf8) => return Some(Reason::Binary),
            Some(LeftOut::NotGiven) => return Some(Reason::NotGiven),
            None => {}
        }
        if change.status == ChangeStatus::Deleted {
            return Some(Reason::Deleted);
        }
        if change.binary {
            return Some(Reason::Binary);
        }
        if change.hunks.is_empty() {
            return Some(Reason::NoLines);
        }
        // What the repository says of a file counts more than what its name looks like.
        match self.attributes.of(path) {
            Said::Generated => return Some(Reason::Generated),
            Said::Vendored => return Some(Reason::Vendored),
            Said::OurOwn => {}
            Said::Nothing => {
                if let Some(reason) = names::reason(path) {
                    return Some(reason);
                }
            }
        }
        (change.additions.saturating_add(change.deletions) > MAX_CHANGED_LINES).then_some(Reason::TooLarge)
    }
}

#[cfg(test)]
mod tests;
