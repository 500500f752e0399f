//! Syntax trees that can only be walked for so long: a rule of the user's own, or code made for it, could keep the
//! matcher busy for ever, and the matcher itself can't be interrupted. Once the time is up there are no more nodes.

use std::borrow::Cow;
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ast_grep_core::Position;
use ast_grep_core::source::{Doc, Edit, SgNode};
use ast_grep_core::tree_sitter::TsPre;
use ast_grep_language::SupportLang;
use tree_sitter::{Node, Tree, TreeCursor};

/// Steps between two looks at the clock.
const STEPS: u32 = 1 << 12;

/// Bytes of a node's text that cost one step: expressions are tried on them.
const BYTES_PER_STEP: usize = 256;

/// The time that is left.
#[derive(Debug)]
struct Fuel {
    end: Instant,
    /// Steps until the clock is looked at.
    steps: Cell<u32>,
    spent: Cell<bool>,
}

impl Fuel {
    /// Takes steps; false when the time is up.
    fn take(&self, steps: u32) -> bool {
        match self.steps.get().checked_sub(steps) {
            Some(left) => self.steps.set(left),
            None => {
                self.steps.set(STEPS);
                self.spent.set(self.spent.get() || Instant::now() >= self.end);
            }
        }
        !self.spent.get()
    }
}

/// A parsed text with a limit on the time that matching may take.
#[derive(Clone)]
pub(super) struct FueledDoc {
    language: SupportLang,
    text: String,
    tree: Tree,
    fuel: Rc<Fuel>,
}

impl FueledDoc {
    pub(super) fn new(language: SupportLang, text: String, tree: Tree, time: Duration) -> Self {
        let fuel = Fuel { end: Instant::now() + time, steps: Cell::new(STEPS), spent: Cell::new(false) };
        Self { language, text, tree, fuel: Rc::new(fuel) }
    }

    /// Whether the time is up: what was found since, or not found, means nothing.
    pub(super) fn is_spent(&self) -> bool {
        self.fuel.spent.get()
    }
}

impl Doc for FueledDoc {
    type Source = String;
    type Lang = SupportLang;
    type Node<'r> = FueledNode<'r>;

    fn get_lang(&self) -> &SupportLang {
        &self.language
    }

    fn get_source(&self) -> &String {
        &self.text
    }

    fn do_edit(&mut self, _: &Edit<String>) -> Result<(), String> {
        Err("this text is only read".to_owned())
    }

    fn root_node(&self) -> FueledNode<'_> {
        FueledNode { node: self.tree.root_node(), fuel: &self.fuel }
    }

    fn get_node_text<'a>(&'a self, node: &FueledNode<'a>) -> Cow<'a, str> {
        let range = node.range();
        let cost = u32::try_from(range.len() / BYTES_PER_STEP).unwrap_or(STEPS);
        let text = if self.fuel.take(cost) { self.text.get(range) } else { None };
        Cow::Borrowed(text.unwrap_or_default())
    }
}

/// A node of a [`FueledDoc`].
#[derive(Clone)]
pub(super) struct FueledNode<'t> {
    node: Node<'t>,
    fuel: &'t Fuel,
}

impl<'t> FueledNode<'t> {
    fn of(&self, node: Node<'t>) -> Self {
        Self { node, fuel: self.fuel }
    }

    /// The nodes while there is time.
    fn while_fueled(&self, nodes: impl Iterator<Item = Node<'t>>) -> impl Iterator<Item = Self> {
        nodes.take_while(|_| self.fuel.take(1)).map(|node| self.of(node))
    }
}

/// The children of a node.
struct Children<'t> {
    cursor: TreeCursor<'t>,
    fuel: &'t Fuel,
    left: usize,
}

impl<'t> Iterator for Children<'t> {
    type Item = FueledNode<'t>;

    fn next(&mut self) -> Option<FueledNode<'t>> {
        self.left = self.left.checked_sub(1)?;
        let node = self.cursor.node();
        self.cursor.goto_next_sibling();
        Some(FueledNode { node, fuel: self.fuel })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Children<'_> {}

impl<'t> SgNode<'t> for FueledNode<'t> {
    fn parent(&self) -> Option<Self> {
        // Found from the root downwards.
        self.fuel.take(8).then(|| self.node.parent()).flatten().map(|node| self.of(node))
    }

    fn ancestors(&self, root: Self) -> impl Iterator<Item = Self> {
        // Downwards: the way up is found from the root at each step.
        let mut path = Vec::new();
        let mut above = Some(root.node).filter(|root| root.id() != self.node.id());
        while let Some(node) = above.filter(|_| self.fuel.take(1)) {
            path.push(self.of(node));
            above = node.child_with_descendant(self.node).filter(|below| below.id() != self.node.id());
        }
        path.into_iter().rev()
    }

    fn dfs(&self) -> impl Iterator<Item = Self> {
        self.while_fueled(TsPre::new(&self.node))
    }

    fn child(&self, nth: usize) -> Option<Self> {
        let nth = u32::try_from(nth).ok()?;
        self.fuel.take(1).then(|| self.node.child(nth)).flatten().map(|node| self.of(node))
    }

    fn children(&self) -> impl ExactSizeIterator<Item = Self> {
        let mut cursor = self.node.walk();
        cursor.goto_first_child();
        let count = self.node.child_count();
        let left = if self.fuel.take(count) { count as usize } else { 0 };
        Children { cursor, fuel: self.fuel, left }
    }

    fn child_by_field_id(&self, field_id: u16) -> Option<Self> {
        self.fuel.take(1).then(|| self.node.child_by_field_id(field_id)).flatten().map(|node| self.of(node))
    }

    fn next(&self) -> Option<Self> {
        self.fuel.take(8).then(|| self.node.next_sibling()).flatten().map(|node| self.of(node))
    }

    fn prev(&self) -> Option<Self> {
        self.fuel.take(8).then(|| self.node.prev_sibling()).flatten().map(|node| self.of(node))
    }

    fn next_all(&self) -> impl Iterator<Item = Self> {
        self.while_fueled(SgNode::next_all(&self.node))
    }

    fn prev_all(&self) -> impl Iterator<Item = Self> {
        self.while_fueled(SgNode::prev_all(&self.node))
    }

    fn is_named(&self) -> bool {
        self.node.is_named()
    }

    fn is_named_leaf(&self) -> bool {
        self.node.named_child_count() == 0
    }

    fn is_leaf(&self) -> bool {
        self.node.child_count() == 0
    }

    fn kind(&self) -> Cow<'_, str> {
        Cow::Borrowed(self.node.kind())
    }

    fn kind_id(&self) -> u16 {
        self.node.kind_id()
    }

    fn node_id(&self) -> usize {
        self.node.id()
    }

    fn range(&self) -> Range<usize> {
        self.node.byte_range()
    }

    fn start_pos(&self) -> Position {
        let at = self.node.start_position();
        Position::new(at.row, at.column, self.node.start_byte())
    }

    fn end_pos(&self) -> Position {
        let at = self.node.end_position();
        Position::new(at.row, at.column, self.node.end_byte())
    }

    fn is_missing(&self) -> bool {
        self.node.is_missing()
    }

    fn is_error(&self) -> bool {
        self.node.is_error()
    }

    fn is_extra(&self) -> bool {
        self.node.is_extra()
    }

    fn field(&self, name: &str) -> Option<Self> {
        self.fuel.take(1).then(|| self.node.child_by_field_name(name)).flatten().map(|node| self.of(node))
    }

    fn field_children(&self, field_id: Option<u16>) -> impl Iterator<Item = Self> {
        self.while_fueled(SgNode::field_children(&self.node, field_id))
    }
}
