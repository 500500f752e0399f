//! Statements by their lines, and lines that do nothing by themselves.

use std::collections::VecDeque;
use std::ops::Range;

use tree_sitter::Node;

use super::{Syntax, next};

/// What statements stand in, in one grammar or another.
const BLOCKS: [&str; 22] = [
    "begin",
    "block",
    "block_body",
    "body_statement",
    "class_body",
    "compilation_unit",
    "compound_statement",
    "constructor_body",
    "control_structure_body",
    "declaration_list",
    "do",
    "do_block",
    "else",
    "ensure",
    "function_body",
    "module",
    "program",
    "source_file",
    "statement_block",
    "statement_list",
    "statements",
    "then",
];

impl Syntax {
    /// The statements that lie within these lines (0-based) and share no line with anything else, outer ones first: the
    /// lines of each.
    pub fn statements(&self, within: Range<usize>) -> Vec<Range<usize>> {
        let lines: Vec<&str> = self.text().split('\n').collect();
        let mut found = Vec::new();
        let mut nodes = VecDeque::from([self.root()]);
        while let Some(node) = nodes.pop_front() {
            let in_block = BLOCKS.contains(&node.kind());
            for child in node.children(&mut node.walk()) {
                let rows = rows_of(child);
                if rows.start >= within.end || rows.end <= within.start {
                    continue;
                }
                let whole = rows.start >= within.start && rows.end <= within.end;
                let is_statement = in_block && child.is_named() && !child.is_extra();
                if is_statement && whole && has_its_lines(child, &lines) {
                    found.push(rows);
                }
                nodes.push_back(child);
            }
        }
        found.dedup();
        found
    }

    /// Whether these lines (0-based) hold more than blank lines, comments, imports, texts that say what code does, and brackets.
    pub fn does_something(&self, within: Range<usize>) -> bool {
        let inert = self.inert_rows();
        self.text().split('\n').enumerate().skip(within.start).take(within.len()).any(|(row, line)| {
            let says = line.chars().any(|c| !c.is_whitespace() && !"(){}[];,".contains(c));
            says && !inert.iter().any(|rows| rows.contains(&row))
        })
    }

    /// The lines that only comments, imports and documentation take.
    fn inert_rows(&self) -> Vec<Range<usize>> {
        let lines: Vec<&str> = self.text().split('\n').collect();
        let mut found = Vec::new();
        let mut cursor = self.root().walk();
        loop {
            let node = cursor.node();
            let inert = is_inert(node, self.text());
            if inert && has_its_lines(node, &lines) {
                found.push(rows_of(node));
            }
            let descended = !inert && cursor.goto_first_child();
            if !descended && !next(&mut cursor) {
                return found;
            }
        }
    }
}

fn is_inert(node: Node<'_>, text: &str) -> bool {
    let kind = node.kind();
    if node.is_extra() && kind.ends_with("comment") {
        return true;
    }
    let import = [
        "import_",
        "future_import",
        "use_declaration",
        "using_directive",
        "namespace_use_",
        "preproc_include",
    ];
    if import.iter().any(|start| kind.starts_with(start)) && !kind.ends_with("expression") {
        return true;
    }
    let said = text.get(node.byte_range()).unwrap_or_default();
    match kind {
        // A documentation string of Python.
        "expression_statement" => {
            node.named_child_count() == 1 && node.named_child(0).is_some_and(|child| child.kind() == "string")
        }
        "lexical_declaration" | "variable_declaration" => said.contains("= require(") && !said.contains('\n'),
        "call" => said.starts_with("require ") || said.starts_with("require_relative "),
        _ => false,
    }
}

/// The lines of a node.
fn rows_of(node: Node<'_>) -> Range<usize> {
    let end = node.end_position();
    let last = if end.column == 0 && end.row > node.start_position().row { end.row } else { end.row + 1 };
    node.start_position().row..last
}

/// Whether a node has its first and last line to itself, but for what ends statements.
fn has_its_lines(node: Node<'_>, lines: &[&str]) -> bool {
    let (start, end) = (node.start_position(), node.end_position());
    let before = lines.get(start.row).and_then(|line| line.get(..start.column));
    let after =
        if end.column == 0 { Some("") } else { lines.get(end.row).and_then(|line| line.get(end.column..)) };
    before.is_some_and(|text| text.trim().is_empty())
        && after.is_some_and(|text| text.trim().trim_start_matches(';').trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    fn parsed(language: Language, text: &str) -> Syntax {
        Syntax::parse(language, text).unwrap()
    }

    #[test]
    fn statements_within_lines_are_found_outer_ones_first() {
        let python = "def f(x):\n    if x:\n        g()\n        h()\n    y = (\n        1\n    )\n    a(); b()\n    return y\n";
        let syntax = parsed(Language::Python, python);
        assert_eq!(syntax.statements(1..9), [1..4, 4..7, 8..9, 2..3, 3..4]);
        assert_eq!(syntax.statements(2..3), Vec::from_iter(std::iter::once(2..3)));
        assert!(syntax.statements(5..6).is_empty());
        let cases = [
            (Language::JavaScript, "function f() {\n  g();\n  return h(\n    1);\n}\n"),
            (Language::Java, "class A {\n  void f() {\n    g();\n    return;\n  }\n}\n"),
            (Language::Go, "package a\nfunc f() {\n\tg()\n\treturn\n}\n"),
            (Language::Ruby, "def f\n  g\n  h(1)\nend\n"),
            (Language::Rust, "fn f() {\n    g();\n    let x = 1;\n}\n"),
            (Language::Php, "<?php\nfunction f() {\n  g();\n  return 1;\n}\n"),
        ];
        for (language, text) in cases {
            let found = parsed(language, text).statements(1..text.lines().count() - 1);
            assert!(found.len() >= 2, "{language:?}: {found:?}");
        }
    }

    #[test]
    fn comments_imports_and_documentation_do_nothing() {
        let python = "import os\nfrom a import (\n    b,\n)\n\n# c\ndef f():\n    \"\"\"Says.\"\"\"\n    return os.x\n";
        let syntax = parsed(Language::Python, python);
        assert!(!syntax.does_something(0..6));
        assert!(!syntax.does_something(7..8));
        assert!(syntax.does_something(8..9) && syntax.does_something(0..9));
        for (language, text) in [
            (Language::JavaScript, "import a from 'a';\nconst b = require('b');\n// c\n/* d\n e */\n"),
            (Language::Java, "import a.B;\n/** c */\n"),
            (Language::Rust, "use a::b;\n// c\n"),
            (Language::Ruby, "require 'a'\n# b\n"),
            (Language::CSharp, "using A;\n// b\n"),
        ] {
            assert!(!parsed(language, text).does_something(0..9), "{language:?}");
        }
    }
}
