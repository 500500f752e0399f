//! What the refusals need of syntax trees, for the languages they know.

use patchwork_repo::language::Language;
use tree_sitter::{Node, Tree};

/// Stack that is free wherever trees are made.
const STACK_BYTES: usize = 1 << 20;

/// Languages whose trees have the same words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Python,
    Script,
    Java,
    Go,
    Ruby,
}

/// How the trees of a language speak; none for languages that are not known here.
pub(super) fn kind_of(language: Language) -> Option<Kind> {
    Some(match language {
        Language::Python => Kind::Python,
        Language::JavaScript | Language::TypeScript | Language::Tsx => Kind::Script,
        Language::Java => Kind::Java,
        Language::Go => Kind::Go,
        Language::Ruby => Kind::Ruby,
        _ => return None,
    })
}

pub(super) fn parse(language: Language, text: &str) -> Option<Tree> {
    patchwork_repo::syntax::tree_for_rules(language, text, STACK_BYTES)
}

/// A text and its tree.
#[derive(Clone, Copy)]
pub(super) struct Code<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) root: Node<'a>,
}

impl<'a> Code<'a> {
    pub(super) fn text_of(&self, node: Node<'_>) -> &'a str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// The text of a node with single spaces.
    pub(super) fn words_of(&self, node: Node<'_>) -> String {
        self.text_of(node).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Every node, each before those in it.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        nodes_in(self.root, |_| true)
    }

    /// Every name: a leaf that is a word.
    pub(super) fn names_in(&self, node: Node<'a>) -> impl Iterator<Item = &'a str> + use<'a> {
        let text = self.text;
        nodes_in(node, |_| true)
            .filter(|node| node.child_count() == 0 && node.is_named())
            .filter_map(move |node| text.get(node.byte_range()))
    }
}

/// A node and all in it, each before those in it; what is in a node that `enter` refuses is left out, that node is not.
pub(super) fn nodes_in<'a>(
    root: Node<'a>,
    enter: impl Fn(Node<'a>) -> bool + Copy,
) -> impl Iterator<Item = Node<'a>> {
    // A tree can be deep: no recursion.
    let mut cursor = root.walk();
    let mut next = Some(root);
    std::iter::from_fn(move || {
        let node = next?;
        let down = (node == root || enter(node)) && cursor.goto_first_child();
        let mut found = down;
        while !found {
            if cursor.node() == root || cursor.goto_next_sibling() {
                found = cursor.node() != root;
                break;
            }
            if !cursor.goto_parent() {
                break;
            }
        }
        next = found.then(|| cursor.node());
        Some(node)
    })
}

/// The children of a node that are neither signs nor comments.
pub(super) fn parts(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).filter(|child| !child.kind().contains("comment")).collect()
}

/// Whether a node makes a function.
pub(super) fn is_function(kind: Kind, node: Node<'_>) -> bool {
    let kinds: &[&str] = match kind {
        Kind::Python => &["function_definition", "lambda"],
        Kind::Script => &[
            "function_declaration",
            "function_expression",
            "generator_function_declaration",
            "generator_function",
            "arrow_function",
            "method_definition",
        ],
        Kind::Java => &["method_declaration", "constructor_declaration", "lambda_expression"],
        Kind::Go => &["function_declaration", "method_declaration", "func_literal"],
        Kind::Ruby => &["method", "singleton_method"],
    };
    node.is_named() && kinds.contains(&node.kind())
}

/// Whether a node makes a class or the like.
pub(super) fn is_class(kind: Kind, node: Node<'_>) -> bool {
    let kinds: &[&str] = match kind {
        Kind::Python => &["class_definition"],
        Kind::Script => &["class_declaration", "class"],
        Kind::Java => &["class_declaration", "record_declaration", "enum_declaration"],
        Kind::Go => &[],
        Kind::Ruby => &["class", "module"],
    };
    node.is_named() && kinds.contains(&node.kind())
}

/// The statements of a body.
pub(super) fn statements(body: Node<'_>) -> Vec<Node<'_>> {
    const WRAPPERS: [&str; 4] = ["statement_list", "body_statement", "then", "do"];
    let found = parts(body);
    match found.as_slice() {
        [only] if WRAPPERS.contains(&only.kind()) => statements(*only),
        _ => found,
    }
}
