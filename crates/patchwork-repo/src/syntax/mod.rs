//! Syntax trees, their errors, and which errors a change brought.

mod compare;
mod python;
mod statements;

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use ast_grep_language::LanguageExt as _;
use tree_sitter::{Node, ParseOptions, Parser, TreeCursor};

use crate::language::Language;

pub use compare::new_errors;
#[cfg(test)]
pub(crate) use tests::parses;

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
            (SyntaxErrorKind::Missing, None) => {
                write!(f, "line {line}, column {column}: something is missing")
            }
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

/// Texts longer than this are not parsed.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Work the parser may do: so many rounds of its progress callback, and one more for each so many bytes
/// (ordinary code needs one for 50 bytes and more). Error recovery on hostile input takes work and memory
/// that grow with the square of the text.
const ROUNDS: usize = 1_000;
const BYTES_PER_ROUND: usize = 10;

/// The end of patience where single rounds become slow; ordinary code of the greatest size takes a fifth of
/// it.
const PATIENCE: Duration = Duration::from_secs(3);

/// Tree-sitter frees its parse stack by recursion, so the depth of that is the number of symbols it could not
/// reduce yet: at most one for each byte. So much of a stack is free on any thread.
const SHORT_STACK: usize = 1 << 20;
const STACK_BYTES_PER_BYTE: usize = 256;

impl Syntax {
    /// Parses a text. None when it has more than 2 MiB or is so tangled that it takes unreasonable work:
    /// nothing is known of it then.
    pub fn parse(language: Language, text: &str) -> Option<Self> {
        #[cfg(test)]
        tests::count_parse();
        let tree = bounded(&language.grammar(), text, SHORT_STACK)?;
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

    /// The comments, as ranges of bytes, in the order of the text.
    pub fn comments(&self) -> Vec<Range<usize>> {
        let mut comments = Vec::new();
        let mut cursor = self.tree.walk();
        loop {
            // `comment`, `line_comment`, `block_comment`, `multiline_comment`.
            let found = cursor.node().is_extra() && cursor.node().kind().ends_with("comment");
            if found {
                comments.push(cursor.node().byte_range());
            }
            let descended = !found && cursor.goto_first_child();
            if !descended && !next(&mut cursor) {
                return comments;
            }
        }
    }

    /// The errors, in the order of the text. For Python, broken indentation too, which the grammar alone lets
    /// pass.
    pub fn errors(&self) -> Vec<SyntaxError> {
        let mut errors = Vec::new();
        let mut cursor = self.tree.walk();
        let python = self.language == Language::Python;
        loop {
            let node = cursor.node();
            if node.is_missing() || node.is_error() {
                errors.push(SyntaxError::at(node));
            } else {
                let found = errors.len();
                if python {
                    python::check(node, &self.text, &mut errors);
                }
                // The Kotlin grammar wants a hidden end of line in `{ fun f() = x }`, which needs none.
                let trusted = self.language != Language::Kotlin;
                if trusted && errors.len() == found && hides_error(node) {
                    errors.push(SyntaxError::hidden_in(node));
                }
            }
            // Without an error below there is nothing to find, but indentation of Python.
            let descend = node.has_error() || python;
            let descended = descend && cursor.goto_first_child();
            if !descended && !next(&mut cursor) {
                break;
            }
        }
        errors.sort_by_key(|error| (error.line, error.column));
        errors
    }
}

/// The tree of a text by the grammar that rules of the language are written in, with the limits of [`Syntax::parse`].
/// `stack_bytes` are free on the caller's thread: a text that may need more is parsed on another.
pub fn tree_for_rules(language: Language, text: &str, stack_bytes: usize) -> Option<tree_sitter::Tree> {
    bounded(&language.support_lang().get_ts_language(), text, stack_bytes)
}

fn bounded(grammar: &tree_sitter::Language, text: &str, stack_bytes: usize) -> Option<tree_sitter::Tree> {
    if text.len() > MAX_BYTES {
        return None;
    }
    let needed = text.len() * STACK_BYTES_PER_BYTE;
    if needed <= stack_bytes {
        return parse(grammar, text);
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("parse".to_owned()).stack_size(needed + 256 * 1024);
        thread.spawn_scoped(scope, || parse(grammar, text)).ok()?.join().ok()?
    })
}

fn parse(grammar: &tree_sitter::Language, text: &str) -> Option<tree_sitter::Tree> {
    let mut parser = Parser::new();
    parser.set_language(grammar).ok()?;
    let allowed = ROUNDS.saturating_add(text.len() / BYTES_PER_ROUND);
    let mut rounds = 0_usize;
    let started = Instant::now();
    let mut progress = |_: &tree_sitter::ParseState| {
        rounds += 1;
        if rounds > allowed || started.elapsed() > PATIENCE {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let options = ParseOptions::new().progress_callback(&mut progress);
    let mut read = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    parser.parse_with_options(&mut read, None, Some(options))
}

/// Moves to the next node after the current one and all below it.
pub(crate) fn next(cursor: &mut TreeCursor<'_>) -> bool {
    while !cursor.goto_next_sibling() {
        if !cursor.goto_parent() {
            return false;
        }
    }
    true
}

/// Whether something is missing in a node that is itself no visible node, such as the end of a line.
fn hides_error(node: Node<'_>) -> bool {
    node.has_error() && !node.children(&mut node.walk()).any(|child| child.has_error() || child.is_missing())
}

impl SyntaxError {
    /// At the second of two parts of a node that stand in one line with nothing between, else at the node.
    fn hidden_in(node: Node<'_>) -> Self {
        let mut cursor = node.walk();
        let mut children = node.children(&mut cursor);
        let mut previous = children.next();
        let place = children.find(|child| {
            let before = previous.replace(*child);
            child.is_named()
                && before.is_some_and(|b| b.is_named() && b.end_position().row == child.start_position().row)
        });
        let at = place.unwrap_or(node).start_position();
        Self { line: at.row, column: at.column, kind: SyntaxErrorKind::Missing, extent: 0, expected: None }
    }

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
