//! What a file defines and what it calls, by name.

use std::ops::Range;

use tree_sitter::Node;

use super::kinds::Kinds;
use super::{SourceFile, Unit};
use crate::syntax::{Syntax, next};

/// A function or a class with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its own name (`get`).
    pub name: String,
    /// [`Unit::Function`], [`Unit::Method`] or [`Unit::Class`].
    pub unit: Unit,
    /// Its lines with decorators, attributes and `export`, 0-based, exclusive.
    pub lines: Range<usize>,
    /// The line after those of its signature, 0-based: where its body begins, if that has lines of its own.
    pub body: usize,
    /// The definition that it is in: its place in the list.
    pub parent: Option<usize>,
}

/// A call of something by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The last part of what is called (`get` of `self.store.get(…)`).
    pub name: String,
    /// Its line, 0-based.
    pub line: usize,
}

/// The names of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// In the order of the text, outer ones first.
    pub definitions: Vec<Definition>,
    /// In the order of the text.
    pub calls: Vec<Call>,
}

/// Names that are read of one file: one with more is made to take time.
const MOST: usize = 50_000;

/// How deep definitions are followed into each other.
const NESTED: usize = 32;

/// How many nodes lie between a call and the name of what is called.
const CALLEE_DEPTH: usize = 8;

/// Letters of a name at most.
const LONGEST: usize = 200;

/// Kinds of nodes that call something, in one grammar or another.
const CALLS: [&str; 12] = [
    "call",
    "call_expression",
    "constructor_invocation",
    "function_call_expression",
    "invocation_expression",
    "macro_invocation",
    "member_call_expression",
    "method_invocation",
    "new_expression",
    "nullsafe_member_call_expression",
    "object_creation_expression",
    "scoped_call_expression",
];

/// Fields that lead from a call to the name of what is called.
const CALLEE: [&str; 11] = [
    "function",
    "method",
    "constructor",
    "macro",
    "name",
    "property",
    "attribute",
    "field",
    "suffix",
    "member",
    "type",
];

impl SourceFile {
    /// What it defines and calls; nothing when its syntax is not known.
    pub fn names(&self) -> Names {
        self.syntax().map(read).unwrap_or_default()
    }
}

fn read(syntax: &Syntax) -> Names {
    let kinds = Kinds::of(syntax.language());
    let text = syntax.text();
    let mut names = Names::default();
    // The definitions around the current node: their place in the list, and where they end.
    let mut around: Vec<(usize, usize)> = Vec::new();
    let mut cursor = syntax.root().walk();
    loop {
        let node = cursor.node();
        if names.definitions.len() + names.calls.len() >= MOST {
            return names;
        }
        while around.last().is_some_and(|(_, end)| *end <= node.start_byte()) {
            around.pop();
        }
        if node.is_named() {
            let parent = around.last().map(|(place, _)| *place);
            if around.len() < NESTED
                && let Some(definition) = definition(node, kinds, text, parent, &names.definitions)
            {
                around.push((names.definitions.len(), node.end_byte()));
                names.definitions.push(definition);
            } else if CALLS.contains(&node.kind())
                && let Some(name) = callee(node, text)
            {
                names.calls.push(Call { name, line: node.start_position().row });
            }
        }
        if !cursor.goto_first_child() && !next(&mut cursor) {
            return names;
        }
    }
}

fn definition(
    node: Node<'_>,
    kinds: &Kinds,
    text: &str,
    parent: Option<usize>,
    known: &[Definition],
) -> Option<Definition> {
    let kind = node.kind();
    let class = kinds.classes.contains(&kind);
    let name = if class || kinds.functions.contains(&kind) {
        // `struct point p;` names a structure and defines none.
        let defines = !kind.ends_with("_specifier") || node.child_by_field_name("body").is_some();
        defines.then(|| name_of(node, text, 0)).flatten()?
    } else if kinds.anonymous.contains(&kind) && node.start_position().row != node.end_position().row {
        let giver = node.parent().filter(|giver| kinds.naming.contains(&giver.kind()))?;
        given_name(giver, text)?
    } else {
        return None;
    };
    let in_class = parent.and_then(|at| known.get(at)).is_some_and(|outer| outer.unit == Unit::Class);
    let unit = match (class, in_class || kind == "method_declaration") {
        (true, _) => Unit::Class,
        (false, true) => Unit::Method,
        (false, false) => Unit::Function,
    };
    let outer = wrapped(node, kinds);
    let start = first_attribute(outer, kinds).start_position().row;
    let end = outer.end_position();
    let end = if end.column == 0 { end.row } else { end.row + 1 }.max(start + 1);
    let body = body_of(node).map_or(start + 1, |body| body_start(body, text)).clamp(start + 1, end);
    Some(Definition { name, unit, lines: start..end, body, parent })
}

/// The name that a definition has in itself.
fn name_of(node: Node<'_>, text: &str, depth: usize) -> Option<String> {
    if depth > CALLEE_DEPTH {
        return None;
    }
    for field in ["name", "declarator", "type"] {
        if let Some(child) = node.child_by_field_name(field) {
            let leaf = field == "name" || child.named_child_count() == 0;
            return if leaf { word(child, text) } else { name_of(child, text, depth + 1) };
        }
    }
    let mut cursor = node.walk();
    let named = node.named_children(&mut cursor).find_map(|child| {
        let kind = child.kind();
        if kind.ends_with("identifier") || kind == "constant" {
            word(child, text)
        } else if matches!(kind, "type_spec" | "type_alias") || kind.ends_with("declarator") {
            name_of(child, text, depth + 1)
        } else {
            None
        }
    });
    // Constructors and initializers of some languages have none of their own.
    named.or_else(|| (depth == 0).then(|| keyword(node, text)).flatten())
}

/// The first word of what has no name (`constructor`, `init`, `get`).
fn keyword(node: Node<'_>, text: &str) -> Option<String> {
    let said = text.get(node.byte_range())?;
    let end = said.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(said.len());
    said.get(..end).filter(|word| !word.is_empty() && word.len() <= LONGEST).map(str::to_owned)
}

/// The name that an assignment gives to the function in it.
fn given_name(giver: Node<'_>, text: &str) -> Option<String> {
    let fields = ["name", "left", "key", "property", "pattern"];
    let named = fields.iter().find_map(|field| giver.child_by_field_name(field));
    word(named.or_else(|| giver.named_child(0))?, text)
}

fn callee(node: Node<'_>, text: &str) -> Option<String> {
    let mut at = node;
    for _ in 0..CALLEE_DEPTH {
        match CALLEE.iter().find_map(|field| at.child_by_field_name(field)) {
            Some(child) => at = child,
            None if at.id() == node.id() => at = node.named_child(0)?,
            None => break,
        }
    }
    word(at, text)
}

/// The last name in what a node says.
fn word(node: Node<'_>, text: &str) -> Option<String> {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let said = text.get(node.byte_range())?;
    // Of `Map<K, V>` the name, not what is in brackets.
    let said = said.split(['<', '(', '[', '{', '\n']).next()?;
    let said = said.trim_end_matches(|c: char| !is_part(c) && !matches!(c, '?' | '!'));
    let bare = said.trim_end_matches(['?', '!']);
    let start = bare.char_indices().rev().take_while(|(_, c)| is_part(*c)).last()?.0;
    let word = said.get(start..)?;
    (word.len() <= LONGEST && !word.starts_with(|c: char| c.is_ascii_digit())).then(|| word.to_owned())
}

/// The outermost node that belongs to a definition.
fn wrapped<'t>(node: Node<'t>, kinds: &Kinds) -> Node<'t> {
    let mut outer = node;
    while let Some(parent) = outer.parent()
        && kinds.wrappers.contains(&parent.kind())
        && !matches!(parent.kind(), "call_expression" | "arguments" | "call" | "argument_list")
    {
        outer = parent;
    }
    outer
}

/// The first of the attributes before a node; else the node.
fn first_attribute<'t>(node: Node<'t>, kinds: &Kinds) -> Node<'t> {
    let mut first = node;
    if kinds.attributes.is_empty() {
        return first;
    }
    while let Some(previous) = first.prev_named_sibling()
        && kinds.attributes.contains(&previous.kind())
    {
        first = previous;
    }
    first
}

fn body_of(node: Node<'_>) -> Option<Node<'_>> {
    node.child_by_field_name("body").or_else(|| {
        let last = node.named_child_count().checked_sub(1)?;
        let child = node.named_child(u32::try_from(last).ok()?)?;
        let kind = child.kind();
        ["body", "block", "list"].iter().any(|end| kind.ends_with(end)).then_some(child)
    })
}

/// The first line of a body that is not also one of the signature.
fn body_start(body: Node<'_>, text: &str) -> usize {
    let start = body.start_position();
    let line_start = body.start_byte().saturating_sub(start.column);
    let before = text.get(line_start..body.start_byte()).unwrap_or_default();
    let opens = text.get(body.byte_range()).is_some_and(|said| said.starts_with(['{', ':']));
    if before.trim().is_empty() && !opens { start.row } else { start.row + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> Names {
        SourceFile::new(path, text).unwrap().names()
    }

    /// Each definition with those around it and its lines, and each name that is called.
    fn shown(path: &str, text: &str) -> (Vec<String>, Vec<String>) {
        let names = names(path, text);
        let mut paths: Vec<String> = Vec::new();
        for definition in &names.definitions {
            let outer = definition.parent.and_then(|at| paths.get(at)).map(|outer| format!("{outer}."));
            paths.push(format!("{}{}", outer.unwrap_or_default(), definition.name));
        }
        let defined = paths.iter().zip(&names.definitions);
        let defined = defined.map(|(path, d)| {
            format!("{path} {} {}-{} {}", d.unit.as_str(), d.lines.start, d.lines.end, d.body)
        });
        (defined.collect(), names.calls.into_iter().map(|call| call.name).collect())
    }

    #[test]
    fn definitions_have_their_names_in_every_language() {
        for (path, text, defined) in [
            (
                "a.py",
                "class Store:\n    @cached\n    def get(self,\n            key):\n        return 1\n",
                vec!["Store class 0-5 1", "Store.get method 1-5 4"],
            ),
            (
                "a.rs",
                "#[x]\nimpl Store {\n    fn get(&self) {\n        a();\n    }\n}\n",
                vec!["Store class 0-6 2", "Store.get method 2-5 3"],
            ),
            (
                "a.go",
                "func (s *Store) Get(k string) int {\n\treturn 1\n}\ntype T struct {\n\ta int\n}\n",
                vec!["Get method 0-3 1", "T class 3-6 4"],
            ),
            (
                "a.ts",
                "export const get = (a) => {\n  return a;\n};\nclass B {\n  c() {\n  }\n}\n",
                vec!["get function 0-3 1", "B class 3-7 4", "B.c method 4-6 5"],
            ),
            (
                "a.java",
                "class A {\n  A() {\n  }\n  int f(int a) {\n    return a;\n  }\n}\n",
                vec!["A class 0-7 1", "A.A method 1-3 2", "A.f method 3-6 4"],
            ),
            (
                "a.kt",
                "class A {\n  fun f(a: Int): Int {\n    return a\n  }\n}\n",
                vec!["A class 0-5 1", "A.f method 1-4 2"],
            ),
            (
                "a.c",
                "static int *f(int a)\n{\n  return 0;\n}\nstruct p {\n  int a;\n};\n",
                vec!["f function 0-4 2", "p class 4-7 5"],
            ),
            ("a.cpp", "int A::f(int a) {\n  return 0;\n}\n", vec!["f function 0-3 1"]),
            (
                "a.cs",
                "class A {\n  int F(int a) {\n    return a;\n  }\n}\n",
                vec!["A class 0-5 1", "A.F method 1-4 2"],
            ),
            ("a.php", "<?php\nfunction f($a) {\n  return $a;\n}\n", vec!["f function 1-4 2"]),
            (
                "a.rb",
                "module M\n  def empty?\n    1\n  end\nend\n",
                vec!["M class 0-5 1", "M.empty? method 1-4 2"],
            ),
        ] {
            assert_eq!(shown(path, text).0, defined, "{path}");
        }
    }

    #[test]
    fn calls_are_known_by_the_last_name() {
        for (path, text) in [
            ("a.py", "x = self.store.get(fetch(1))\n"),
            ("a.rs", "fn f() { self.store.get::<u8>(fetch(1)); }\n"),
            ("a.js", "this.store?.get(fetch(1));\n"),
            ("a.go", "package a\nfunc f() { s.store.get(fetch(1)) }\n"),
            ("A.java", "class A { void f() { store.get(fetch(1)); } }\n"),
            ("a.kt", "fun f() { store.get(fetch(1)) }\n"),
            ("a.c", "int f() { return store->get(fetch(1)); }\n"),
            ("a.cs", "class A { void F() { this.store.get(fetch(1)); } }\n"),
            ("a.php", "<?php $this->store->get(fetch(1));\n"),
            ("a.rb", "store.get(fetch(1))\n"),
        ] {
            assert_eq!(shown(path, text).1, ["get", "fetch"], "{path}");
        }
        assert_eq!(shown("a.ts", "new Map<string, number>();\n").1, ["Map"]);
        assert_eq!(shown("A.java", "class A { B b = new B<C>(1); }\n").1, ["B"]);
    }

    #[test]
    fn what_is_no_code_has_no_names() {
        assert_eq!(names("a.txt", "def f(): g()\n"), Names::default());
        let deep = format!("{}g(){}", "def f():\n ".repeat(500), ")".repeat(500));
        assert!(names("a.py", &deep).definitions.len() <= 500);
        let _ = names("a.js", &"a.b(".repeat(20_000));
    }
}
