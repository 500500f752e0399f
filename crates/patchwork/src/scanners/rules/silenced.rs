//! Comments that silence rules, as ast-grep reads them: `ast-grep-ignore` for all rules, `ast-grep-ignore: a, b` for
//! some; on a line, or alone on the line before. Alone on the first line, with an empty line below, for the whole file.

use std::collections::HashMap;

use ast_grep_core::{Doc, Node};

const WORD: &str = "ast-grep-ignore";

/// The rules that a comment names; none means all.
type Names = Option<Vec<String>>;

/// What is silenced in a file.
#[derive(Debug, Default)]
pub(super) struct Silenced {
    file: Option<Names>,
    /// By 0-based line.
    lines: HashMap<usize, Names>,
}

impl Silenced {
    /// Looks for comments below a root.
    pub(super) fn of<D: Doc>(text: &str, root: &Node<'_, D>) -> Self {
        let mut this = Self::default();
        // Most files have none, and looking at every node costs as much as all rules do.
        if !text.contains(WORD) {
            return this;
        }
        for node in root.dfs().filter(|node| node.kind().contains("comment")) {
            let text = node.text();
            let first_letter = text.find(char::is_alphabetic).unwrap_or_default();
            let Some(rest) = text.get(first_letter..).and_then(|text| text.strip_prefix(WORD)) else {
                continue;
            };
            let line = node.start_pos().line();
            let before = node.prev().filter(|before| before.end_pos().line() == line);
            let far_from_code = || node.next().is_none_or(|next| next.start_pos().line() >= 2);
            match before {
                // The statement may have begun on an earlier line, and is found by that.
                Some(statement) => {
                    this.lines.insert(statement.start_pos().line(), names(rest));
                }
                None if line == 0 && far_from_code() => this.file = Some(names(rest)),
                None => {
                    this.lines.insert(line + 1, names(rest));
                }
            }
        }
        this
    }

    /// Whether a rule is silenced on a 0-based line.
    pub(super) fn covers(&self, line: usize, rule: &str) -> bool {
        let named = |names: &Names| names.as_ref().is_none_or(|names| names.iter().any(|name| name == rule));
        self.file.iter().chain(self.lines.get(&line)).any(named)
    }
}

fn names(rest: &str) -> Names {
    let (_, list) = rest.split_once(':')?;
    // What stands behind a name, such as the end of the comment, is no part of it.
    Some(list.split(',').filter_map(|name| name.split_whitespace().next()).map(str::to_owned).collect())
}
