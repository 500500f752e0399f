//! Faults of indentation that Python refuses and its grammar lets pass: they are what goes wrong most when
//! code is moved into a place.

use tree_sitter::Node;

use super::{SyntaxError, SyntaxErrorKind};

/// Checks one node: a block without statements, statements of one block that do not start in the same column,
/// and two in one line without `;` (the line end that is missing there is no visible node).
pub(super) fn check(node: Node<'_>, text: &str, errors: &mut Vec<SyntaxError>) {
    let module = match node.kind() {
        "module" => true,
        "block" => false,
        _ => return,
    };
    let mut cursor = node.walk();
    // Where the parser had to skip something, columns say nothing.
    if node.children(&mut cursor).any(|child| child.is_error() || child.is_missing()) {
        return;
    }
    let mut column = module.then_some(0);
    let mut statements = 0_usize;
    let mut separated = true;
    for child in node.children(&mut cursor).filter(|child| child.kind() != "comment") {
        if !child.is_named() {
            separated = true;
            continue;
        }
        statements += 1;
        let start = child.start_position();
        if !starts_its_line(child, text) {
            if !separated {
                errors.push(SyntaxError {
                    line: start.row,
                    column: start.column,
                    kind: SyntaxErrorKind::Missing,
                    extent: 0,
                    expected: Some("the end of the line".to_owned()),
                });
            }
            separated = false;
            continue;
        }
        separated = false;
        if *column.get_or_insert(start.column) != start.column {
            errors.push(SyntaxError {
                line: start.row,
                column: start.column,
                kind: SyntaxErrorKind::Unexpected,
                extent: 0,
                expected: Some("another indentation".to_owned()),
            });
        }
    }
    if statements == 0 && !module {
        let at = node.parent().unwrap_or(node).start_position();
        errors.push(SyntaxError {
            line: at.row,
            column: at.column,
            kind: SyntaxErrorKind::Missing,
            extent: 0,
            expected: Some("an indented block".to_owned()),
        });
    }
}

/// Whether only spaces and tabs stand before the node. A form feed resets the column for Python, so such a
/// line is left out.
fn starts_its_line(node: Node<'_>, text: &str) -> bool {
    let start = node.start_byte();
    let before = start.checked_sub(node.start_position().column).and_then(|line| text.get(line..start));
    before.is_some_and(|before| before.bytes().all(|byte| byte == b' ' || byte == b'\t'))
}
