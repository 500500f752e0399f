//! Code that is deleted or emptied in place of being made better.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::trees::{Code, Kind, is_class, is_function, nodes_in, parts, statements};

/// Whether lines are fewer than those in whose place they come, or may only fail.
pub(super) fn may_delete(old: &str, new: &str) -> bool {
    lines_of_code(new) < lines_of_code(old)
        || ["raise", "throw", "panic("].iter().any(|word| new.contains(word))
}

fn lines_of_code(text: &str) -> usize {
    let comment = |line: &&str| ["#", "//", "*", "/*"].iter().any(|sign| line.starts_with(sign));
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !comment(line)).count()
}

/// Methods that a fix may well close by having them fail: those by which objects come out of data.
const MAY_FAIL: [&str; 6] =
    ["readObject", "readResolve", "writeObject", "__setstate__", "__reduce__", "__reduce_ex__"];

/// Statements that a body must have had for a share of them to say anything.
const MANY: usize = 4;

/// What is said of a change that deletes or empties code; none when it does not. Something that is removed whole, such as a
/// route for debugging, is for the tests to judge: it may well be what the fix has to do.
pub(super) fn deleted(before: &Code<'_>, after: &Code<'_>) -> Option<String> {
    let old = bodies(before);
    for (place, now) in bodies(after) {
        let Some(old) = old.get(&place) else { continue };
        if now.is_class {
            if !old.statements.is_empty() && now.statements.is_empty() {
                return Some(format!("it empties `{}`: a fix must keep what the code does", place.1));
            }
        } else if now.idle && !old.idle && !MAY_FAIL.contains(&place.1.as_str()) {
            return Some(format!("it empties `{}`: a fix must keep what the code does", place.1));
        } else if gives_up(old, &now) && !MAY_FAIL.contains(&place.1.as_str()) {
            return Some(format!(
                "`{}` gives back nothing of its own any more: a fix must keep what the code does",
                place.1
            ));
        }
        let (had, has) = (old.statements.len(), now.statements.len());
        let gone = had.saturating_sub(has);
        let nothing_new = || now.statements.iter().all(|one| old.statements.contains(one));
        // Of a class or a file, functions and fields may go.
        let share = if now.is_class || place.1.is_empty() { gone * 2 > had } else { gone * 3 >= had };
        if had >= MANY && gone >= MANY - 1 && share && nothing_new() {
            let name = if place.1.is_empty() { "the file".to_owned() } else { format!("`{}`", place.1) };
            return Some(format!(
                "it removes {gone} of {had} statements of {name} and puts nothing in their place: a fix must keep what the \
                 code does"
            ));
        }
    }
    None
}

/// What a body does.
struct Body {
    is_class: bool,
    /// Its statements with those in its blocks, without those of functions and classes in it.
    statements: Vec<String>,
    /// Whether it does nothing but give back something that is always the same, or fail.
    idle: bool,
    /// Whether it gives back something that is not always the same.
    gives: bool,
    /// What it gives back that is always the same, but for yes and no.
    same: BTreeSet<String>,
    /// Whether it fails at its end.
    fails_at_end: bool,
}

/// Whether a function that gave something back now fails in every case, or gives back one and the same.
fn gives_up(old: &Body, now: &Body) -> bool {
    old.gives && !now.gives && (now.same.len() == 1 || (now.fails_at_end && now.same.is_empty()))
}

/// Every function and class by its name and how many of that name came before, and the file itself.
fn bodies(code: &Code<'_>) -> BTreeMap<(usize, String), Body> {
    let mut found = BTreeMap::new();
    let mut count: BTreeMap<String, usize> = BTreeMap::new();
    found.insert((0, String::new()), body_of(code, code.root, false));
    for node in code.nodes() {
        let class = is_class(code.kind, node);
        if !class && !is_function(code.kind, node) {
            continue;
        }
        let (Some(name), Some(body)) = (name_of(code, node), body_node(node)) else { continue };
        let number = count.entry(name.clone()).or_default();
        *number += 1;
        found.insert((*number, name), body_of(code, body, class));
    }
    found
}

fn name_of(code: &Code<'_>, node: Node<'_>) -> Option<String> {
    if let Some(name) = node.child_by_field_name("name") {
        return Some(code.text_of(name).to_owned());
    }
    // A function without a name has that of what it is put into.
    let parent = node.parent()?;
    let name = ["name", "key", "left"].iter().find_map(|field| parent.child_by_field_name(field))?;
    Some(code.words_of(name))
}

fn body_node(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name("body").or_else(|| {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).find(|child| child.kind() == "body_statement")
    })
}

fn body_of(code: &Code<'_>, body: Node<'_>, of_class: bool) -> Body {
    // An arrow function may give back a value without a block around it.
    let is_block = body == code.root
        || !matches!(code.kind, Kind::Script)
        || body.kind().ends_with("block")
        || of_class
        || body.kind() == "class_body";
    if !is_block {
        let (statements, idle) = (vec![code.words_of(body)], is_constant(body));
        return Body {
            is_class: of_class,
            statements,
            idle,
            gives: !idle,
            same: BTreeSet::new(),
            fails_at_end: false,
        };
    }
    let own = statements(body);
    let own: Vec<Node<'_>> = own.into_iter().filter(|one| !is_text(*one)).collect();
    let idle = own.iter().all(|one| is_idle(code, *one));
    let fails_at_end = own.last().is_some_and(|last| {
        matches!(last.kind(), "raise_statement" | "throw_statement") || is_failure(code, *last)
    });
    let (mut gives, mut same) = (false, BTreeSet::new());
    let enter = |node: Node<'_>| !is_function(code.kind, node) && !is_class(code.kind, node);
    for node in nodes_in(body, enter).filter(|node| matches!(node.kind(), "return_statement" | "return")) {
        match parts(node).as_slice() {
            [] => {}
            [only] if matches!(only.kind(), "true" | "false") => gives = true,
            values if values.iter().all(|value| is_idle_value(code, *value)) => {
                same.insert(code.words_of(node));
            }
            _ => gives = true,
        }
    }
    // The last value of a function is what it gives back in Ruby.
    gives |= code.kind == Kind::Ruby && !idle;
    Body { is_class: of_class, statements: all_statements(code, body), idle, gives, same, fails_at_end }
}

/// The words of all statements in a body.
fn all_statements(code: &Code<'_>, body: Node<'_>) -> Vec<String> {
    let enter = |node: Node<'_>| !is_function(code.kind, node) && !is_class(code.kind, node);
    let mut found = Vec::new();
    let mut named: BTreeSet<usize> = BTreeSet::new();
    for node in nodes_in(body, enter) {
        let holds_statements = node == body || is_block(node);
        if !holds_statements {
            continue;
        }
        for one in parts(node) {
            if !is_block(one) && !is_import(one) && !is_text(one) && named.insert(one.id()) {
                found.push(first_line(code, one));
            }
        }
    }
    found
}

fn is_block(node: Node<'_>) -> bool {
    const BLOCKS: [&str; 12] = [
        "block",
        "statement_block",
        "statement_list",
        "body_statement",
        "then",
        "do",
        "constructor_body",
        "class_body",
        "enum_body",
        "switch_body",
        "else",
        "ensure",
    ];
    node.is_named() && BLOCKS.contains(&node.kind())
}

fn is_import(node: Node<'_>) -> bool {
    node.kind().contains("import") || node.kind() == "package_clause" || node.kind() == "package_declaration"
}

/// A statement that is a text: documentation.
fn is_text(node: Node<'_>) -> bool {
    node.kind() == "expression_statement"
        && matches!(parts(node).as_slice(), [only] if matches!(only.kind(), "string" | "concatenated_string"))
}

/// A simple statement whole, of one with blocks its head.
fn first_line(code: &Code<'_>, node: Node<'_>) -> String {
    let has_block = nodes_in(node, |_| true).skip(1).any(is_block);
    let text = code.text_of(node);
    let text = if has_block { text.lines().next().unwrap_or_default() } else { text };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a statement does nothing that depends on anything.
fn is_idle(code: &Code<'_>, node: Node<'_>) -> bool {
    match node.kind() {
        "pass_statement" | "raise_statement" | "throw_statement" | "empty_statement" => true,
        "return_statement" | "return" => parts(node).into_iter().all(|value| is_idle_value(code, value)),
        "expression_statement" => match parts(node).as_slice() {
            [] => true,
            [only] => only.kind() == "ellipsis" || is_failure(code, *only),
            _ => false,
        },
        _ => is_failure(code, node) || (code.kind == Kind::Ruby && is_constant(node)),
    }
}

fn is_idle_value(code: &Code<'_>, node: Node<'_>) -> bool {
    let one = |value: Node<'_>| {
        let text = code.text_of(value);
        let error =
            code.kind == Kind::Go && (text.starts_with("errors.New(") || text.starts_with("fmt.Errorf("));
        error || is_constant(value)
    };
    // A function that always gives back the same.
    let of_function = value_of_arrow(node).is_some_and(is_constant);
    one(node) || of_function || (is_list(node) && parts(node).into_iter().all(one))
}

fn value_of_arrow(node: Node<'_>) -> Option<Node<'_>> {
    if node.kind() == "arrow_function" { node.child_by_field_name("body") } else { None }
}

/// `panic("…")`, `raise "…"`.
fn is_failure(code: &Code<'_>, node: Node<'_>) -> bool {
    let text = code.text_of(node);
    match code.kind {
        Kind::Go => text.starts_with("panic("),
        Kind::Ruby => {
            matches!(node.kind(), "call" | "identifier")
                && (text == "raise" || text.starts_with("raise ") || text.starts_with("raise("))
        }
        _ => false,
    }
}

fn is_list(node: Node<'_>) -> bool {
    matches!(node.kind(), "expression_list" | "argument_list" | "tuple" | "parenthesized_expression")
}

/// Whether a value is written out: it is always the same.
fn is_constant(node: Node<'_>) -> bool {
    const CONSTANTS: [&str; 32] = [
        "none",
        "null",
        "null_literal",
        "undefined",
        "nil",
        "true",
        "false",
        "integer",
        "float",
        "number",
        "decimal_integer_literal",
        "decimal_floating_point_literal",
        "int_literal",
        "float_literal",
        "string",
        "string_literal",
        "interpreted_string_literal",
        "raw_string_literal",
        "template_string",
        "list",
        "dictionary",
        "tuple",
        "set",
        "array",
        "object",
        "hash",
        "simple_symbol",
        "composite_literal",
        "array_creation_expression",
        "ellipsis",
        "unary_operator",
        "unary_expression",
    ];
    // Collections and texts with something in them that is no constant are values that were made.
    CONSTANTS.contains(&node.kind())
        && nodes_in(node, |_| true).skip(1).filter(|part| part.is_named()).all(|part| {
            let kind = part.kind();
            ["string", "escape", "type", "comment"].iter().any(|word| kind.contains(word))
                || (CONSTANTS.contains(&kind) && kind != "composite_literal")
                || (kind == "literal_value" && parts(part).is_empty())
        })
}
