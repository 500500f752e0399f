//! What several pieces of code have in common: equal parts stay, differing ones become metavariables.

use std::collections::HashMap;
use std::ops::Range;

use tree_sitter::Node;

/// Levels below a piece of code that are compared: what is deeper is no small change.
const MAX_DEPTH: usize = 100;

/// Differing parts at most.
const MAX_HOLES: usize = 8;

/// A piece of code: a node and the text of its file.
#[derive(Clone, Copy)]
pub(super) struct Piece<'t> {
    pub(super) node: Node<'t>,
    pub(super) text: &'t str,
}

impl<'t> Piece<'t> {
    /// Its text.
    pub(super) fn code(&self) -> &'t str {
        self.text.get(self.node.byte_range()).unwrap_or_default()
    }

    pub(super) fn child(&self, index: usize) -> Option<Self> {
        Some(Self { node: self.node.child(u32::try_from(index).ok()?)?, ..*self })
    }

    pub(super) fn children(&self) -> usize {
        self.node.child_count() as usize
    }

    /// Whether it holds no other parts that can be put in place of each other: what is inside of a text has no
    /// metavariables.
    fn is_atom(&self) -> bool {
        let kind = self.node.kind();
        self.children() == 0
            || ["string", "literal", "regex", "comment"].iter().any(|word| kind.contains(word))
    }

    /// Whether it can be a metavariable: one that stands for a list of arguments or statements matches something else.
    fn can_differ(&self) -> bool {
        let kind = self.node.kind();
        let list = ["list", "arguments", "parameters", "block", "body", "pair", "keyword_argument"];
        self.node.is_named() && !(list.iter().any(|end| kind.ends_with(end)) && kind != "list")
    }
}

/// The metavariables of a rule: a name for each combination of texts that differ.
#[derive(Default)]
pub(super) struct Names {
    names: HashMap<Vec<String>, String>,
    /// Whether new ones may be made.
    closed: bool,
}

impl Names {
    /// From here on only what has a name is one: a fix can't use what the pattern does not hold.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    fn of(&mut self, texts: Vec<String>) -> Option<String> {
        if let Some(name) = self.names.get(&texts) {
            return Some(name.clone());
        }
        if self.closed || self.names.len() == MAX_HOLES {
            return None;
        }
        let letter = char::from(b'A' + u8::try_from(self.names.len()).ok()?);
        let name = format!("${letter}");
        self.names.insert(texts, name.clone());
        Some(name)
    }
}

/// The common shape of pieces as the text of a pattern; none when they have none, when what differs has no name, or when no
/// word of it is the same in all.
pub(super) fn common(pieces: &[Piece<'_>], names: &mut Names) -> Option<String> {
    let mut holes = Vec::new();
    unify(pieces, names, &mut holes, 0)?;
    let first = pieces.first()?;
    let start = first.node.start_byte();
    let (code, mut pattern, mut end) = (first.code(), String::new(), 0);
    for (range, name) in &holes {
        pattern.push_str(code.get(end..range.start.checked_sub(start)?)?);
        pattern.push_str(name);
        end = range.end.checked_sub(start)?;
    }
    pattern.push_str(code.get(end..)?);
    // `$` alone is part of names in some languages: a pattern would read one as a metavariable.
    let fixed = holes.iter().rev().fold(code.to_owned(), |mut code, (range, _)| {
        code.replace_range(range.start - start..range.end - start, " ");
        code
    });
    let anchored = fixed
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word.len() > 1 && word.chars().any(char::is_alphabetic));
    (anchored && !fixed.contains('$')).then_some(pattern)
}

fn unify(
    pieces: &[Piece<'_>],
    names: &mut Names,
    holes: &mut Vec<(Range<usize>, String)>,
    depth: usize,
) -> Option<()> {
    let first = pieces.first()?;
    if pieces.iter().all(|piece| piece.code() == first.code()) {
        return Some(());
    }
    let alike = |piece: &Piece<'_>| {
        piece.node.kind_id() == first.node.kind_id()
            && piece.children() == first.children()
            && !piece.is_atom()
    };
    if depth < MAX_DEPTH && pieces.iter().all(alike) {
        let before = holes.len();
        let parts = (0..first.children()).try_for_each(|index| {
            let parts: Option<Vec<_>> = pieces.iter().map(|piece| piece.child(index)).collect();
            unify(&parts?, names, holes, depth + 1)
        });
        if parts.is_some() {
            return Some(());
        }
        holes.truncate(before);
    }
    if !pieces.iter().all(Piece::can_differ) {
        return None;
    }
    let name = names.of(pieces.iter().map(|piece| piece.code().to_owned()).collect())?;
    holes.push((first.node.byte_range(), name));
    Some(())
}
