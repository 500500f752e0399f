//! Syntax trees, their errors, and which errors a change brought.

mod compare;
mod python;

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, Parser, TreeCursor};

use crate::language::Language;

pub use compare::new_errors;

/// What is wrong at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyntaxErrorKind {
    /// Something the grammar needs is not there.
    Missing,
    /// Something is there that the grammar has no place for.
    Unexpected,
}

/// A place where a text does not follow its grammar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// 0-based line.
    pub line: usize,
    /// 0-based column, in bytes.
    pub column: usize,
    /// What is wrong.
    pub kind: SyntaxErrorKind,
    /// Number of line breaks inside the part that could not be understood.
    pub extent: usize,
    /// What is missing (`)`), when that is known.
    pub expected: Option<String>,
}

impl std::fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (line, column) = (self.line + 1, self.column + 1);
        match (self.kind, &self.expected) {
            (SyntaxErrorKind::Missing, Some(expected)) => {
                write!(f, "line {line}, column {column}: {expected:?} is missing")
            }
            (SyntaxErrorKind::Missing, None) => write!(f, "line {line}, column {column}: something is missing"),
            (SyntaxErrorKind::Unexpected, _) => write!(f, "line {line}, column {column}: unexpected syntax"),
        }
    }
}

/// A parsed text.
#[derive(Debug, Clone)]
pub struct Syntax {
    language: Language,
    tree: tree_sitter::Tree,
    text: String,
}

/// Work the parser may do for a text: so many rounds of its progress callback, and so many more for each byte. Error
/// recovery on hostile input can take time that grows faster than the text; ordinary code needs under a tenth of this.
const ROUNDS: usize = 20_000;
const ROUNDS_PER_BYTE: usize = 1;

impl Syntax {
    /// Parses a text. None when it is so tangled that it takes unreasonable work: nothing is known of it then.
    pub fn parse(language: Language, text: &str) -> Option<Self> {
        #[cfg(test)]
        tests::count_parse();
        let mut parser = Parser::new();
        parser.set_language(&language.grammar()).ok()?;
        let mut rounds = ROUNDS.saturating_add(text.len().saturating_mul(ROUNDS_PER_BYTE));
        let mut progress = |_: &tree_sitter::ParseState| match rounds.checked_sub(1) {
            Some(left) => {
                rounds = left;
                ControlFlow::Continue(())
            }
            None => ControlFlow::Break(()),
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        let mut read = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
        let tree = parser.parse_with_options(&mut read, None, Some(options))?;
        Some(Self { language, tree, text: text.to_owned() })
    }

    /// Its language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The text that was parsed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The root of the tree.
    pub(crate) fn root(&self) -> Node<'_> {
        self.tree.root_node()
    }

    /// Whether there is any error.
    pub fn has_errors(&self) -> bool {
        self.root().has_error() || !self.errors().is_empty()
    }

    /// The errors, in the order of the text. For Python, broken indentation too, which the grammar alone lets pass.
    pub fn errors(&self) -> Vec<SyntaxError> {
        let mut errors = Vec::new();
        let mut cursor = self.tree.walk();
        let python = self.language == Language::Python;
        loop {
            let node = cursor.node();
            if node.is_missing() || node.is_error() {
                errors.push(SyntaxError::at(node));
            } else if python {
                let _ = python;
            }
            // Without an error below there is nothing to find, but indentation of Python.
            let descend = node.has_error() || python;
            if !(descend && cursor.goto_first_child()) && !next(&mut cursor) {
                break;
            }
        }
        errors.sort_by_key(|error| (error.line, error.column));
        errors
    }
}

/// Moves to the next node after the current one and all below it.
fn next(cursor: &mut TreeCursor<'_>) -> bool {
    while !cursor.goto_next_sibling() {
        if !cursor.goto_parent() {
            return false;
        }
    }
    true
}

impl SyntaxError {
    fn at(node: Node<'_>) -> Self {
        let (start, end) = (node.start_position(), node.end_position());
        let missing = node.is_missing();
        Self {
            line: start.row,
            column: start.column,
            kind: if missing { SyntaxErrorKind::Missing } else { SyntaxErrorKind::Unexpected },
            extent: end.row.saturating_sub(start.row),
            expected: missing.then(|| node.kind().to_owned()),
        }
    }
}

#[cfg(test)]
mod tests;
