//! Findings that people have decided to live with: by a comment in the code, or in the options.
//!
//! A comment `patchwork:ignore RULE reason` speaks for the findings of RULE that begin in its line or, where it stands
//! alone, in the next line of code; `patchwork:ignore-file RULE reason` at the top of a file for all of the file. The
//! option `suppressions` speaks for paths. RULE is the id of a rule, its last part, or a glob. Nothing counts without a
//! reason.

mod comments;
mod listed;
mod rule;

#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicBool, Ordering};

use patchwork_repo::language::Language;
use serde::{Deserialize, Serialize};

use comments::{Comment, Reach};
use listed::Listed;
pub use listed::{Suppression, SuppressionError, check};

/// Where a suppression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// In a comment of the code.
    InSource,
    /// Elsewhere: in the options, or in the report of the scanner.
    External,
}

impl Place {
    /// The word of SARIF's `suppression.kind`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InSource => "inSource",
            Self::External => "external",
        }
    }
}

/// Why a finding is suppressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppressed {
    /// Where that is said.
    pub place: Place,
    /// The reason that was given.
    pub reason: String,
}

/// The suppressions of a run, shared by all who ask for them.
#[derive(Debug, Default)]
pub struct Suppressions {
    listed: Vec<Listed>,
}

impl Suppressions {
    /// Takes the option `suppressions`. `now_ms` is when the run began, in milliseconds since 1970.
    pub fn new(listed: &[Suppression], now_ms: i64) -> Result<Self, SuppressionError> {
        let listed = listed.iter().enumerate().map(|(at, one)| Listed::read(at, one, now_ms));
        Ok(Self { listed: listed.collect::<Result<_, _>>()? })
    }

    /// What is said about one file: `path` is relative to the root of the repository, with `/`; `text` is the whole of it.
    pub fn in_file<'a>(&'a self, path: &'a str, text: &str) -> InFile<'a> {
        let mut faults = Vec::new();
        // Almost no file has one, and the language is only looked at where it matters.
        let comments = match text.contains(comments::WORD) {
            true => comments::read(path, text, Language::detect(path, text), &mut faults),
            false => Vec::new(),
        };
        let comments = comments.into_iter().map(|comment| (comment, AtomicBool::new(false))).collect();
        InFile { path, comments, faults, all: self }
    }

    /// What is said about a file whose text can't be had.
    pub fn of_path<'a>(&'a self, path: &'a str) -> InFile<'a> {
        self.in_file(path, "")
    }

    /// One sentence for each entry of the option that found nothing to suppress, or whose time is over while there still is
    /// something. To be asked when all findings were looked at.
    pub fn remarks(&self) -> Vec<String> {
        self.listed.iter().filter_map(Listed::remark).collect()
    }
}

/// What is said about the findings of one file.
#[derive(Debug)]
pub struct InFile<'a> {
    path: &'a str,
    comments: Vec<(Comment, AtomicBool)>,
    faults: Vec<String>,
    all: &'a Suppressions,
}

impl InFile<'_> {
    /// Why the finding of `rule` that begins in `line` (1-based) is suppressed, if it is.
    pub fn of(&self, rule: &str, line: u32) -> Option<Suppressed> {
        let covers = |comment: &Comment| match comment.reach {
            Reach::Line(own) => own == line,
            Reach::File => true,
        };
        let mut out = None;
        // Each that applies has served, though one is enough.
        for (comment, used) in &self.comments {
            if covers(comment) && comment.rule.matches(rule) {
                used.store(true, Ordering::Relaxed);
                let found = Suppressed { place: Place::InSource, reason: comment.reason.clone() };
                out.get_or_insert(found);
            }
        }
        for listed in &self.all.listed {
            if let Some(reason) = listed.of(rule, self.path) {
                out.get_or_insert(Suppressed { place: Place::External, reason });
            }
        }
        out
    }

    /// One sentence for each comment that does not count, with its place: because no reason is given, for example.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// One sentence for each comment that found nothing to suppress. To be asked when all findings of the file were looked
    /// at.
    pub fn unused(&self) -> Vec<String> {
        let unused = self.comments.iter().filter(|(_, used)| !used.load(Ordering::Relaxed));
        unused
            .map(|(comment, _)| {
                let (path, line, rule) = (self.path, comment.line, comment.rule.as_str());
                format!("{path}:{line}: nothing is found that `{} {rule}` could suppress", comments::WORD)
            })
            .collect()
    }
}
