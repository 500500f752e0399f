//! From some lines to the unit that holds them: one walk from the root of the tree to them.

use std::ops::Range;

use patchwork_core::tokens::estimate;
use tree_sitter::Node;

use super::Unit;
use super::kinds::Kinds;
use crate::syntax::Syntax;
use crate::text::SourceText;

/// Lines on either side when syntax is of no help.
const AROUND: usize = 10;

/// How deep a definition may be inside of its wrappers (`export` → `const` → declarator → call → arguments).
const WRAPPER_DEPTH: usize = 6;

pub(super) fn search(
    source: &SourceText,
    syntax: Option<&Syntax>,
    wanted: Range<usize>,
    max_tokens: usize,
) -> (Unit, Range<usize>) {
    let fit = Fit { source, wanted, max_tokens };
    match syntax {
        Some(syntax) => Search { kinds: Kinds::of(syntax.language()), path: path(syntax, &fit), fit }.run(),
        None => fit.file().unwrap_or_else(|| fit.around(0..source.line_count())),
    }
}

/// The lines to hold and the room for them.
struct Fit<'a> {
    source: &'a SourceText,
    wanted: Range<usize>,
    max_tokens: usize,
}

impl Fit<'_> {
    fn fits(&self, lines: &Range<usize>) -> bool {
        estimate(self.source.text_range(lines.start, lines.end).len()) <= self.max_tokens
    }

    /// The lines if they fit, widened to the wanted ones.
    fn fitting(&self, lines: &Range<usize>) -> Option<Range<usize>> {
        let lines = lines.start.min(self.wanted.start)..lines.end.max(self.wanted.end);
        self.fits(&lines).then_some(lines)
    }

    fn file(&self) -> Option<(Unit, Range<usize>)> {
        self.fitting(&(0..self.source.line_count())).map(|lines| (Unit::File, lines))
    }

    /// The wanted lines with some around, none of them outside of `bounds`.
    fn around(&self, bounds: Range<usize>) -> (Unit, Range<usize>) {
        let mut lines = self.wanted.clone();
        for _ in 0..AROUND {
            let up = lines.start.saturating_sub(1)..lines.end;
            if lines.start > bounds.start && self.fits(&up) {
                lines = up;
            }
            let down = lines.start..lines.end + 1;
            if lines.end < bounds.end && self.fits(&down) {
                lines = down;
            }
        }
        while lines.start < self.wanted.start && self.blank(lines.start) {
            lines.start += 1;
        }
        while lines.end > self.wanted.end && self.blank(lines.end - 1) {
            lines.end -= 1;
        }
        (Unit::Lines, lines)
    }

    fn blank(&self, line: usize) -> bool {
        self.source.line(line).is_none_or(|line| line.trim().is_empty())
    }
}

/// The nodes from the root to the smallest that holds the wanted lines.
fn path<'t>(syntax: &'t Syntax, fit: &Fit<'_>) -> Vec<Node<'t>> {
    let (mut start, mut end) = significant(syntax, fit);
    let attributes = Kinds::of(syntax.language()).attributes;
    let mut cursor = syntax.root().walk();
    let mut path = vec![syntax.root()];
    while cursor.goto_first_child_for_byte(start).is_some() {
        let child_end = cursor.node().end_byte();
        let mut skipped = false;
        // Attributes, and comments between them and it, belong to what follows.
        while (attributes.contains(&cursor.node().kind()) || skipped && is_comment(cursor.node()))
            && cursor.goto_next_sibling()
        {
            skipped = true;
        }
        let node = cursor.node();
        if skipped && node.start_byte() > start {
            if child_end >= end {
                end = node.start_byte();
            }
            start = node.start_byte();
            end = end.max(start);
        }
        if node.start_byte() > start || node.end_byte() < end {
            break;
        }
        path.push(node);
    }
    path
}

/// The bytes of the wanted lines without white space and trailing comment; empty for blank lines.
fn significant(syntax: &Syntax, fit: &Fit<'_>) -> (usize, usize) {
    let range = fit.source.text_range(fit.wanted.start, fit.wanted.end);
    let text = syntax.text().get(range.clone()).unwrap_or_default();
    let start = range.start + (text.len() - text.trim_start().len());
    let end = range.start + text.trim_end().len();
    if start >= end {
        return (range.start, range.start);
    }
    let comment = syntax
        .root()
        .descendant_for_byte_range(end - 1, end)
        .filter(|node| is_comment(*node) && node.start_byte() > start && node.end_byte() <= end);
    let end = comment
        .and_then(|node| syntax.text().get(start..node.start_byte()))
        .map_or(end, |before| start + before.trim_end().len().max(1));
    (start, end)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Definition {
    Named,
    Anonymous,
    Class,
}

/// A function or class around the wanted lines.
#[derive(Clone, Copy)]
struct Found<'t> {
    definition: Definition,
    node: Node<'t>,
    /// Index in the path of the node, or of the wrapper the node is in.
    depth: usize,
}

struct Search<'a, 't> {
    kinds: &'static Kinds,
    path: Vec<Node<'t>>,
    fit: Fit<'a>,
}

impl<'t> Search<'_, 't> {
    fn run(&self) -> (Unit, Range<usize>) {
        let Some(found) = self.definition() else {
            return self.fit.file().unwrap_or_else(|| self.inside(0, 0..self.fit.source.line_count()));
        };
        let whole = self.lines_with_wrappers(found.node);
        let bare = self.lines(found.node);
        for lines in [&whole, &bare] {
            if let Some(lines) = self.fit.fitting(lines) {
                return (self.unit(&found), lines);
            }
        }
        self.inside(found.depth, whole)
    }

    /// The innermost function or class; a function without a name only when there is none with one.
    fn definition(&self) -> Option<Found<'t>> {
        let mut anonymous = None;
        for (depth, node) in self.path.iter().enumerate().rev() {
            let Some((definition, node)) = self.define(*node, 0) else { continue };
            let found = Found { definition, node, depth };
            match definition {
                Definition::Named => return Some(found),
                Definition::Class => return anonymous.or(Some(found)),
                Definition::Anonymous => anonymous = anonymous.or(Some(found)),
            }
        }
        anonymous
    }

    /// What a node defines itself or, being a wrapper, holds the definition of.
    fn define(&self, node: Node<'t>, depth: usize) -> Option<(Definition, Node<'t>)> {
        let kind = node.kind();
        if !node.is_named() {
            return None;
        }
        if self.kinds.functions.contains(&kind) {
            return Some((Definition::Named, node));
        }
        if self.kinds.classes.contains(&kind) {
            // `struct point p;` names a structure and defines none.
            let defines = !kind.ends_with("_specifier") || node.child_by_field_name("body").is_some();
            return defines.then_some((Definition::Class, node));
        }
        if self.kinds.anonymous.contains(&kind) {
            if node.start_position().row == node.end_position().row {
                return None;
            }
            let named = node.parent().is_some_and(|parent| self.kinds.naming.contains(&parent.kind()));
            return Some((if named { Definition::Named } else { Definition::Anonymous }, node));
        }
        if depth >= WRAPPER_DEPTH || !self.kinds.wrappers.contains(&kind) {
            return None;
        }
        let mut cursor = node.walk();
        node.named_children(&mut cursor).find_map(|child| self.define(child, depth + 1))
    }

    fn unit(&self, found: &Found<'t>) -> Unit {
        if found.definition == Definition::Class {
            return Unit::Class;
        }
        if found.node.kind().starts_with("method") && found.node.kind() != "method" {
            return Unit::Method;
        }
        let outer = self.path.iter().take(found.depth).rev().find_map(|node| {
            let kind = node.kind();
            if !node.is_named() {
                None
            } else if self.kinds.classes.contains(&kind) {
                Some(Unit::Method)
            } else if self.kinds.functions.contains(&kind) || self.kinds.anonymous.contains(&kind) {
                Some(Unit::Function)
            } else {
                None
            }
        });
        outer.unwrap_or(Unit::Function)
    }

    /// The largest block below `depth` that fits.
    fn inside(&self, depth: usize, bounds: Range<usize>) -> (Unit, Range<usize>) {
        for node in self.path.iter().skip(depth) {
            let kind = node.kind();
            if !node.is_named() {
                continue;
            }
            if self.kinds.blocks.contains(&kind)
                && let Some(lines) = self.fit.fitting(&self.lines(*node))
            {
                return (Unit::Block, lines);
            }
            if self.kinds.bodies.contains(&kind)
                && let Some(lines) = self.statements(*node)
            {
                return (Unit::Block, lines);
            }
        }
        self.fit.around(bounds)
    }

    /// The children of a body that hold the wanted lines, with their neighbours up to a blank line or a
    /// definition.
    fn statements(&self, body: Node<'t>) -> Option<Range<usize>> {
        let wanted = &self.fit.wanted;
        let children = self.children_in_reach(body);
        let holds = |node: &Node<'t>| {
            let lines = self.own_lines(*node);
            lines.start < wanted.end && wanted.start < lines.end
        };
        let first = children.iter().position(holds)?;
        let last = children.iter().rposition(holds)?;
        let (before, rest) = children.split_at_checked(first)?;
        let (inside, after) = rest.split_at_checked(last - first + 1)?;
        let (start, end) = (self.lines(*inside.first()?).start, self.own_lines(*inside.last()?).end);
        let mut lines = self.fit.fitting(&(start..end))?;
        for node in before.iter().rev() {
            let own = self.own_lines(*node);
            let near = own.end >= lines.start && !self.stands_alone(*node);
            match self.fit.fitting(&(own.start.min(lines.start)..lines.end)) {
                Some(wider) if near => lines = wider,
                _ => break,
            }
        }
        for node in after {
            let own = self.own_lines(*node);
            let near = own.start <= lines.end && !self.stands_alone(*node);
            match self.fit.fitting(&(lines.start..own.end.max(lines.end))) {
                Some(wider) if near => lines = wider,
                _ => break,
            }
        }
        Some(lines)
    }

    /// The named children of a body that can be in one excerpt with the wanted lines.
    fn children_in_reach(&self, body: Node<'t>) -> Vec<Node<'t>> {
        let room = self.fit.max_tokens.saturating_mul(4);
        let wanted = self.fit.source.text_range(self.fit.wanted.start, self.fit.wanted.end);
        let mut cursor = body.walk();
        let mut children = Vec::new();
        let mut more = cursor.goto_first_child_for_byte(wanted.start.saturating_sub(room)).is_some();
        while more && cursor.node().start_byte() <= wanted.end.saturating_add(room) {
            if cursor.node().is_named() {
                children.push(cursor.node());
            }
            more = cursor.goto_next_sibling();
        }
        children
    }

    /// Whether a neighbour is a definition, or an attribute of one.
    fn stands_alone(&self, node: Node<'t>) -> bool {
        self.kinds.attributes.contains(&node.kind()) || self.define(node, 0).is_some()
    }

    /// The lines of a node with what belongs to it around it.
    fn lines_with_wrappers(&self, node: Node<'t>) -> Range<usize> {
        let mut outer = node;
        while let Some(parent) = outer.parent()
            && self.kinds.wrappers.contains(&parent.kind())
        {
            outer = parent;
        }
        self.lines(outer)
    }

    /// The first of the attributes before a node, between which there may be comments; else the node.
    fn first_attribute(&self, node: Node<'t>) -> Node<'t> {
        let (mut first, mut before) = (node, node);
        if self.kinds.attributes.is_empty() || is_comment(node) {
            return first;
        }
        while let Some(previous) = before.prev_named_sibling() {
            if self.kinds.attributes.contains(&previous.kind()) {
                first = previous;
            } else if !is_comment(previous) {
                break;
            }
            before = previous;
        }
        first
    }

    /// The lines of a node with its attributes.
    fn lines(&self, node: Node<'t>) -> Range<usize> {
        let own = self.own_lines(node);
        self.first_attribute(node).start_position().row..own.end
    }

    /// The lines of a node, without blank lines at the end.
    fn own_lines(&self, node: Node<'t>) -> Range<usize> {
        let (start, end) = (node.start_position().row, node.end_position());
        let mut end = if end.column == 0 { end.row } else { end.row + 1 }.max(start + 1);
        while end > start + 1 && self.fit.blank(end - 1) {
            end -= 1;
        }
        start..end
    }
}

fn is_comment(node: Node<'_>) -> bool {
    node.kind().contains("comment")
}
