//! Handlers that swallow failures.

use std::collections::{BTreeMap, BTreeSet};

use tree_sitter::Node;

use super::trees::{Code, Kind, nodes_in, parts, statements};

/// Whether lines may hold a handler.
pub(super) fn may_widen(new: &str) -> bool {
    ["except", "catch", "rescue", "recover", "suppress", "!= nil"].iter().any(|word| new.contains(word))
}

/// What is said of a change that swallows more failures than the code did before.
pub(super) fn widened(before: &Code<'_>, after: &Code<'_>) -> Option<String> {
    let known = before.nodes().filter_map(|node| swallows(before, node)).count();
    let now: Vec<(Node<'_>, &str)> =
        after.nodes().filter_map(|node| swallows(after, node).map(|what| (node, what))).collect();
    if now.len() > known {
        let (node, what) = new_one(before, after, &now)?;
        let line = after.text_of(node).lines().next().unwrap_or_default().trim();
        return Some(format!(
            "it {what} (`{line}`): handle only what the fix itself can raise, and let other failures pass"
        ));
    }
    lets_less_out(before, after).or_else(|| wraps_old_code(before, after))
}

/// What is said when a handler that let failures out does not any more.
fn lets_less_out(before: &Code<'_>, after: &Code<'_>) -> Option<String> {
    let count = |code: &Code<'_>| {
        let handlers = code.nodes().filter(|node| is_handler(code.kind, *node));
        let (open, closed): (Vec<_>, Vec<_>) = handlers.partition(|handler| raises(code, *handler));
        (open.len(), closed.len())
    };
    let ((open, closed), (open_now, closed_now)) = (count(before), count(after));
    (open_now < open && closed_now > closed).then(|| {
        "a handler that let failures out swallows them now: let out what it let out before".to_owned()
    })
}

fn is_handler(kind: Kind, node: Node<'_>) -> bool {
    match kind {
        Kind::Python => matches!(node.kind(), "except_clause" | "except_group_clause"),
        Kind::Script | Kind::Java => node.kind() == "catch_clause",
        Kind::Ruby => node.kind() == "rescue" && node.is_named(),
        Kind::Go => false,
    }
}

/// The first handler that is not among those of before.
fn new_one<'a>(
    before: &Code<'_>,
    after: &Code<'_>,
    now: &[(Node<'a>, &'a str)],
) -> Option<(Node<'a>, &'a str)> {
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for node in before.nodes().filter(|node| swallows(before, *node).is_some()) {
        *known.entry(before.words_of(node)).or_default() += 1;
    }
    let new = now.iter().find(|(node, _)| match known.get_mut(&after.words_of(*node)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    new.or_else(|| now.last()).copied()
}

/// What a handler does that swallows failures; none for any other node.
fn swallows(code: &Code<'_>, node: Node<'_>) -> Option<&'static str> {
    const ALL: &str = "handles every failure";
    const NOTHING: &str = "handles a failure by doing nothing";
    match (code.kind, node.kind()) {
        (Kind::Python, "except_clause" | "except_group_clause") => {
            let broad = names_before_body(code, node, "block", &["Exception", "BaseException"], true);
            // To give every failure another name is to handle it; to clean up and let it pass is not.
            (broad && !raises_again(code, node)).then_some(ALL)
        }
        (Kind::Python, "call") => {
            let callee = node.child_by_field_name("function").map(|callee| code.text_of(callee))?;
            let broad = || code.names_in(node).any(|name| matches!(name, "Exception" | "BaseException"));
            (callee.rsplit('.').next() == Some("suppress") && broad()).then_some(ALL)
        }
        (Kind::Script, "catch_clause") => {
            let body = node.child_by_field_name("body")?;
            parts(body).is_empty().then_some(NOTHING)
        }
        (Kind::Script, "call_expression") => {
            let callee = node.child_by_field_name("function")?;
            let name = callee.child_by_field_name("property").map(|name| code.text_of(name))?;
            let handler = *parts(node.child_by_field_name("arguments")?).first()?;
            let body = handler.child_by_field_name("body")?;
            (name == "catch" && body.kind() == "statement_block" && parts(body).is_empty()).then_some(NOTHING)
        }
        (Kind::Java, "catch_clause") => {
            if parts(node.child_by_field_name("body")?).is_empty() {
                return Some(NOTHING);
            }
            let broad = names_before_body(code, node, "block", &["Exception", "Throwable"], false);
            (broad && !raises(code, node)).then_some(ALL)
        }
        (Kind::Go, "call_expression") => {
            let callee = node.child_by_field_name("function").map(|callee| code.text_of(callee))?;
            (callee == "recover" && !raises(code, function_around(node)?)).then_some(ALL)
        }
        (Kind::Go, "if_statement") => {
            let condition = node.child_by_field_name("condition").map(|condition| code.text_of(condition))?;
            let of_error = condition.contains("!= nil") && condition.trim_start().starts_with("err");
            let body = node.child_by_field_name("consequence")?;
            let gives_nil = |inner: Node<'_>| {
                inner.kind() == "return_statement" && code.text_of(inner).trim_end().ends_with("nil")
            };
            (of_error && nodes_in(body, |_| true).any(gives_nil)).then_some("says that nothing failed")
        }
        (Kind::Ruby, "rescue") if node.is_named() => {
            let types = node.child_by_field_name("exceptions");
            let broad = types.is_none_or(|types| {
                code.names_in(types).any(|name| matches!(name, "Exception" | "StandardError"))
            });
            let empty = node.child_by_field_name("body").is_none_or(|body| parts(body).is_empty());
            if broad && !raises(code, node) {
                return Some(ALL);
            }
            empty.then_some(NOTHING)
        }
        (Kind::Ruby, "rescue_modifier") => (!raises(code, node)).then_some(ALL),
        _ => None,
    }
}

/// Whether one of these names stands before the body of a handler; without any name, whether `bare` ones count.
fn names_before_body(code: &Code<'_>, node: Node<'_>, body: &str, broad: &[&str], bare: bool) -> bool {
    let mut cursor = node.walk();
    let mut any = false;
    for part in node.named_children(&mut cursor).take_while(|part| part.kind() != body) {
        any |= !part.kind().contains("comment");
        if code.names_in(part).any(|name| broad.contains(&name)) {
            return true;
        }
    }
    bare && !any
}

/// Whether a failure goes on from inside of a node, or ends the program.
fn raises(code: &Code<'_>, node: Node<'_>) -> bool {
    nodes_in(node, |_| true).any(|inner| match (code.kind, inner.kind()) {
        (Kind::Python, "raise_statement") | (Kind::Script | Kind::Java, "throw_statement") => true,
        (Kind::Python, "call") => code.text_of(inner).starts_with("sys.exit("),
        (Kind::Go, "call_expression") => code.text_of(inner).starts_with("panic("),
        (Kind::Ruby, "call" | "identifier") => {
            let word = code.text_of(inner);
            word.starts_with("raise") || word.starts_with("abort")
        }
        _ => false,
    })
}

/// Whether the very failure goes on from inside of a handler.
fn raises_again(code: &Code<'_>, node: Node<'_>) -> bool {
    let bare = |inner: Node<'_>| inner.kind() == "raise_statement" && code.text_of(inner).trim() == "raise";
    nodes_in(node, |_| true)
        .any(|inner| bare(inner) || (inner.kind() == "call" && code.text_of(inner).starts_with("sys.exit(")))
}

fn function_around(node: Node<'_>) -> Option<Node<'_>> {
    let mut at = node.parent()?;
    while !matches!(at.kind(), "func_literal" | "function_declaration" | "method_declaration") {
        at = at.parent()?;
    }
    Some(at)
}

/// What is said of a handler that is put around code as it was, and lets no failure of it out.
fn wraps_old_code(before: &Code<'_>, after: &Code<'_>) -> Option<String> {
    let old: Vec<String> = tries(before).map(|node| before.words_of(node)).collect();
    // What is inside of blocks counts by its own statements.
    let known: BTreeSet<String> =
        before.nodes().filter(|node| is_statement(*node)).map(|node| before.words_of(node)).collect();
    for node in tries(after) {
        if old.contains(&after.words_of(node)) {
            continue;
        }
        let Some(body) = node.child_by_field_name("body") else { continue };
        let body = statements(body);
        let handlers: Vec<Node<'_>> =
            parts(node).into_iter().filter(|part| is_handler(after.kind, *part)).collect();
        let first_seen = body.first().is_some_and(|first| !inside_try(before, &after.words_of(*first)));
        let as_it_was = !body.is_empty() && body.iter().all(|one| known.contains(&after.words_of(*one)));
        if as_it_was
            && first_seen
            && !handlers.is_empty()
            && handlers.iter().all(|handler| !raises(after, *handler))
        {
            return Some(
                "it puts a handler around the code as it was, so that its failures are swallowed: change the code itself"
                    .to_owned(),
            );
        }
    }
    None
}

/// Whether a statement of these words stood in a handler's care before.
fn inside_try(before: &Code<'_>, words: &str) -> bool {
    tries(before).any(|node| {
        let body = node.child_by_field_name("body").map(statements).unwrap_or_default();
        body.iter().any(|one| before.words_of(*one) == words)
    })
}

fn tries<'a>(code: &Code<'a>) -> impl Iterator<Item = Node<'a>> {
    code.nodes().filter(|node| matches!(node.kind(), "try_statement" | "try_with_resources_statement"))
}

fn is_statement(node: Node<'_>) -> bool {
    let of_block = |parent: Node<'_>| {
        matches!(
            parent.kind(),
            "block" | "statement_block" | "module" | "program" | "constructor_body" | "source_file"
        )
    };
    node.is_named() && node.parent().is_some_and(of_block)
}
