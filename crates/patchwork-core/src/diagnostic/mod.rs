//! Faults of a text that a user wrote, each with its place, rendered together in one report.

mod render;

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use crate::failure::Failure;

pub use render::{Style, render};

/// Whether a fault stops the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It does.
    Error,
    /// It does not, but is hardly meant.
    Warning,
}

/// A text with the name that users know it by.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// The path as the user wrote it, or the name of a built-in patchflow.
    pub name: String,
    /// The text that byte offsets count in.
    pub text: String,
}

impl SourceText {
    /// A text under a name.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into() })
    }

    /// Line and column, both from 1, of a byte offset; columns count characters. An offset behind the end is the end.
    pub fn position(&self, offset: usize) -> (usize, usize) {
        let before = self.text.get(..self.floor(offset)).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|b| *b == b'\n').count() + 1;
        (line, before.get(line_start..).unwrap_or_default().chars().count() + 1)
    }

    /// The nearest character boundary at or before `offset`.
    fn floor(&self, offset: usize) -> usize {
        let mut at = offset.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether it stops the work.
    pub severity: Severity,
    /// A stable word for the kind of fault (`unknown-key`), for filters and documentation.
    pub code: &'static str,
    /// One sentence: what was found and what was expected.
    pub message: String,
    /// The text it is in.
    pub file: Arc<SourceText>,
    /// The bytes of the text it is about; none when it is about the whole text.
    pub span: Option<Range<usize>>,
    /// A few words to stand under the place.
    pub label: String,
    /// What to try, one sentence each.
    pub help: Vec<String>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(
        code: &'static str,
        file: &Arc<SourceText>,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            file: file.clone(),
            span: Some(span),
            label: String::new(),
            help: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(
        code: &'static str,
        file: &Arc<SourceText>,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, file, span, message) }
    }

    /// Puts a few words under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// Adds what to try.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds what to try, if there is something.
    #[must_use]
    pub fn help_maybe(mut self, help: Option<String>) -> Self {
        self.help.extend(help);
        self
    }

    /// Line and column of the place, both from 1.
    pub fn position(&self) -> Option<(usize, usize)> {
        self.span.as_ref().map(|span| self.file.position(span.start))
    }

    /// Whether it stops the work.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `file:line:column: message`, for one line of a log.
impl std::fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.file.name)?;
        if let Some((line, column)) = self.position() {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// The form of machine-readable reports: the place as line and column, without the text itself.
impl Serialize for Diagnostic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;
        let mut out = serializer.serialize_struct("Diagnostic", 7)?;
        out.serialize_field("severity", &self.severity)?;
        out.serialize_field("code", self.code)?;
        out.serialize_field("message", &self.message)?;
        out.serialize_field("file", &self.file.name)?;
        let position = self.position();
        out.serialize_field("line", &position.map(|p| p.0))?;
        out.serialize_field("column", &position.map(|p| p.1))?;
        out.serialize_field("help", &self.help)?;
        out.end()
    }
}

/// Sorts by file, in the order in which files first appear, then by place; says each fault once.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    let mut files: Vec<Arc<SourceText>> = Vec::new();
    for diagnostic in diagnostics.iter() {
        if !files.iter().any(|file| Arc::ptr_eq(file, &diagnostic.file)) {
            files.push(diagnostic.file.clone());
        }
    }
    diagnostics.sort_by_key(|d| {
        let file = files.iter().position(|file| Arc::ptr_eq(file, &d.file));
        (file, d.span.as_ref().map(|s| (s.start, s.end)))
    });
    diagnostics.dedup();
}

/// All errors as one failure: the first is the message, the others are causes.
pub fn failure(diagnostics: &[Diagnostic]) -> Failure {
    let errors: Vec<&Diagnostic> = diagnostics.iter().filter(|d| d.is_error()).collect();
    match errors.as_slice() {
        [] => Failure::internal("a document was refused without a reason"),
        [one] => {
            let failure = Failure::configuration(one.to_string());
            one.help.iter().fold(failure, Failure::hint)
        }
        [first, ..] => {
            let failure = Failure::configuration(format!("{} has {} faults", first.file.name, errors.len()));
            errors.iter().fold(failure, |failure, error| failure.cause(error.to_string()))
        }
    }
}
