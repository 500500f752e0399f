//! The code chosen for a prompt: the smallest unit of syntax that holds some lines.

#[rustfmt::skip] // A table reads best with many words to a line.
mod kinds;
mod names;
mod outline;
mod search;

use std::ops::Range;
use std::sync::OnceLock;

use patchwork_core::failure::Failure;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::language::Language;
use crate::syntax::Syntax;
use crate::text::{SourceText, TextError};

pub use self::names::{Call, Definition, Names};
pub use self::outline::Outline;

/// What an excerpt is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// A function that is no member of a class.
    Function,
    /// A function of a class.
    Method,
    /// A class, or what is like one: an interface, a structure, an implementation.
    Class,
    /// A statement with its body, or neighbouring statements.
    Block,
    /// The whole file.
    File,
    /// Lines without regard to syntax.
    Lines,
}

impl Unit {
    /// The word (`function`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Class => "class",
            Self::Block => "block",
            Self::File => "file",
            Self::Lines => "lines",
        }
    }
}

/// Whole lines of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excerpt {
    /// First line, 0-based.
    pub start_line: usize,
    /// Line after the last, 0-based.
    pub end_line: usize,
    /// What it is.
    pub unit: Unit,
    /// The lines, with `\n` line ends as far as the file has them.
    pub text: String,
}

/// Why there is no excerpt.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExcerptError {
    /// The file is shorter.
    #[error("line {} is beyond the end of the file, which has {line_count} lines", line.saturating_add(1))]
    BeyondEnd {
        /// 0-based line that was asked for.
        line: usize,
        /// What the file has.
        line_count: usize,
    },
    /// The end is before the start.
    #[error("the range ends (line {end}) before it starts (line {})", start.saturating_add(1))]
    Reversed {
        /// 0-based first line.
        start: usize,
        /// 0-based line after the last.
        end: usize,
    },
}

impl ExcerptError {
    /// The failure to show for the file `path`.
    pub fn failure(&self, path: &str) -> Failure {
        Failure::failed(format!("{path}: {self}"))
            .hint("the findings may have been made for another version of the file: scan again")
    }
}

/// A file of a repository, decoded once and parsed at most once, for any number of excerpts.
#[derive(Debug)]
pub struct SourceFile {
    path: String,
    source: SourceText,
    detected: Option<Language>,
    syntax: OnceLock<Option<Syntax>>,
}

impl SourceFile {
    /// Reads the bytes of the file `path`; the path only tells the language.
    ///
    /// # Errors
    /// [`TextError::Binary`].
    pub fn new(path: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Result<Self, TextError> {
        let path = path.into();
        let source = SourceText::decode(bytes)?;
        let detected = Language::detect(&path, source.text());
        Ok(Self { path, source, detected, syntax: OnceLock::new() })
    }

    /// The path as it was given.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text.
    pub fn source(&self) -> &SourceText {
        &self.source
    }

    /// The language; a `.h` file that is no clean C is C++ when that reads more of it.
    pub fn language(&self) -> Option<Language> {
        let header = self.detected == Some(Language::C) && self.path.ends_with(".h");
        let parsed = if header { self.syntax().map(Syntax::language) } else { None };
        parsed.or(self.detected)
    }

    /// The syntax tree; none when the language is unknown or the parser gives up.
    pub fn syntax(&self) -> Option<&Syntax> {
        self.syntax.get_or_init(|| self.parse()).as_ref()
    }

    fn parse(&self) -> Option<Syntax> {
        let language = self.detected?;
        let syntax = Syntax::parse(language, self.source.text());
        if language != Language::C || !self.path.ends_with(".h") {
            return syntax;
        }
        let errors = syntax.as_ref().map_or(usize::MAX, |syntax| syntax.errors().len());
        if errors == 0 {
            return syntax;
        }
        let cpp = Syntax::parse(Language::Cpp, self.source.text());
        if cpp.as_ref().is_some_and(|cpp| cpp.errors().len() < errors) { cpp } else { syntax }
    }

    /// The smallest unit that holds lines `start_line..end_line` (0-based, exclusive) in at most `max_tokens`
    /// tokens (see [`estimate`](patchwork_core::tokens::estimate)), in whole lines:
    ///
    /// 1. the smallest function or method around them, with its decorators, annotations, `export` and
    ///    `template<…>`; a function without a name counts only where none with a name is around it;
    /// 2. at class level, the class;
    /// 3. at file level, the file;
    /// 4. of what is too large, the largest block in it that holds the lines, with the statements beside it
    ///    up to the next blank line;
    /// 5. else the lines with up to ten lines on either side.
    ///
    /// Only when the lines alone exceed `max_tokens` does the excerpt, and then it is exactly them. The empty
    /// line after the final line end counts as the last line. In a file whose syntax is not known: the file,
    /// else lines.
    ///
    /// # Errors
    /// [`ExcerptError`] when the lines do not exist.
    pub fn excerpt(
        &self,
        start_line: usize,
        end_line: usize,
        max_tokens: usize,
    ) -> Result<Excerpt, ExcerptError> {
        let wanted = self.existing(start_line, end_line)?;
        let (unit, lines) = search::search(&self.source, self.syntax(), wanted, max_tokens);
        let text = self.source.line_range(lines.start, lines.end).to_owned();
        Ok(Excerpt { start_line: lines.start, end_line: lines.end, unit, text })
    }

    /// The wanted lines, at least one of them if the file has any.
    fn existing(&self, start: usize, end: usize) -> Result<Range<usize>, ExcerptError> {
        if start > end {
            return Err(ExcerptError::Reversed { start, end });
        }
        let line_count = self.source.line_count();
        // Editors and some scanners count the emptiness after the final line end as a line.
        let last =
            if line_count == 0 || self.source.ends_with_newline() { line_count + 1 } else { line_count };
        if start >= last || end > last {
            return Err(ExcerptError::BeyondEnd { line: start.max(end.saturating_sub(1)), line_count });
        }
        let start = start.min(line_count.saturating_sub(1));
        Ok(start..end.clamp(start + 1, line_count.max(start + 1)).min(line_count))
    }
}

#[cfg(test)]
mod tests;
