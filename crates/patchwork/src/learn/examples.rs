//! What accepted fixes of models changed, as pairs of nodes.

use std::collections::BTreeMap;
use std::path::Path;

use patchwork_core::evidence::Author;
use patchwork_core::finding::Finding;
use patchwork_core::patch::Edit;
use patchwork_repo::language::Language;
use patchwork_repo::syntax::tree_for_rules;
use serde::Deserialize as _;
use serde_json::Value;
use tree_sitter::Tree;

use super::shape::Piece;
use crate::steps::code::verify_patch::Fix;

/// Levels of a tree that are looked into for a change.
const MAX_DEPTH: usize = 500;

/// Stack that is free on the thread of a command.
const STACK_BYTES: usize = 1 << 20;

/// One place that a fix changed.
pub(super) struct Example {
    /// What it fixes.
    pub(super) finding: Finding,
    pub(super) language: Language,
    before: Side,
    after: Side,
    /// The way from the root to the smallest node that changed: the same before and after.
    way: Vec<usize>,
}

struct Side {
    text: String,
    tree: Tree,
}

impl Side {
    fn of(language: Language, text: String) -> Option<Self> {
        let tree = tree_for_rules(language, &text, STACK_BYTES)?;
        Some(Self { text, tree })
    }

    fn root(&self) -> Piece<'_> {
        Piece { node: self.tree.root_node(), text: &self.text }
    }

    fn at(&self, way: &[usize]) -> Option<Piece<'_>> {
        way.iter().try_fold(self.root(), |piece, index| piece.child(*index))
    }
}

impl Example {
    /// The changed node and those around it, the smallest first, before and after.
    pub(super) fn levels(&self) -> impl Iterator<Item = (Piece<'_>, Piece<'_>)> {
        (1..=self.way.len()).rev().filter_map(|length| {
            let way = self.way.get(..length)?;
            Some((self.before.at(way)?, self.after.at(way)?))
        })
    }

    /// `path:line` of the finding.
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.finding.path, self.finding.start_line)
    }
}

/// The accepted fixes of models that a run recorded, each once.
pub(super) fn accepted_fixes(outcomes: &[Value]) -> Vec<Fix> {
    let mut fixes: BTreeMap<(String, String), Fix> = BTreeMap::new();
    let mut rest: Vec<&Value> = outcomes.iter().collect();
    while let Some(value) = rest.pop() {
        let Some(fields) = value.as_object() else { continue };
        for fix in fields.get("accepted").and_then(Value::as_array).into_iter().flatten() {
            match Fix::deserialize(fix) {
                Ok(fix) if fix.source == Author::Model => {
                    fixes.insert((fix.path.clone(), fix.diff.clone()), fix);
                }
                _ => {}
            }
        }
        rest.extend(fields.values().filter(|value| value.is_object()));
    }
    fixes.into_values().collect()
}

/// The places that a fix changed, one for each of its findings; else why nothing can be learned from it.
pub(super) fn examples_of(fix: &Fix, root: &Path) -> Result<Vec<Example>, &'static str> {
    let language = Language::of_path(&fix.path).ok_or("its language has no rules")?;
    if fix.patch.edits.iter().any(|edit| edit.path != fix.path) {
        return Err("it changes several files");
    }
    let before = std::fs::read_to_string(root.join(&fix.path)).map_err(|_| "its file can't be read")?;
    let before = before.replace("\r\n", "\n");
    let after = applied(&before, &fix.patch.edits).ok_or("it does not apply")?;
    let mut ways = Vec::new();
    {
        let parse = |text: &str| Side::of(language, text.to_owned()).ok_or("its file can't be parsed");
        let (before, after) = (parse(&before)?, parse(&after)?);
        changed(before.root(), after.root(), &mut Vec::new(), &mut ways);
    }
    let mut left: Vec<bool> = vec![true; ways.len()];
    let mut examples = Vec::new();
    for finding in &fix.findings {
        let parse = |text: &str| Side::of(language, text.to_owned()).ok_or("its file can't be parsed");
        let (before, after) = (parse(&before)?, parse(&after)?);
        let mut common: Option<Vec<usize>> = None;
        for (way, left) in ways.iter().zip(&mut left) {
            let here = before.at(way).is_some_and(|piece| {
                let (first, last) = (piece.node.start_position().row + 1, piece.node.end_position().row + 1);
                first <= finding.end_line as usize && last >= finding.start_line as usize
            });
            if here {
                *left = false;
                common = Some(match common {
                    Some(known) => {
                        known.iter().zip(way).take_while(|(a, b)| a == b).map(|(step, _)| *step).collect()
                    }
                    None => way.clone(),
                });
            }
        }
        if let Some(way) = common.filter(|way| !way.is_empty()) {
            examples.push(Example { finding: finding.clone(), language, before, after, way });
        }
    }
    if left.contains(&true) {
        return Err("it changes more than the places of its findings");
    }
    if examples.is_empty() { Err("it changes too much at once") } else { Ok(examples) }
}

/// The text with edits made, whose lines are those of the text.
fn applied(text: &str, edits: &[Edit]) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| edit.start_line);
    let (mut out, mut next) = (String::new(), 0);
    for edit in edits {
        let (start, end) = (edit.start_line? as usize, edit.end_line? as usize);
        out.push_str(&lines.get(next..start)?.concat());
        out.push_str(&edit.replacement);
        if !edit.replacement.is_empty() && !edit.replacement.ends_with('\n') {
            out.push('\n');
        }
        next = end;
    }
    out.push_str(&lines.get(next..)?.concat());
    Some(out)
}

/// The ways to the smallest nodes that differ.
fn changed(before: Piece<'_>, after: Piece<'_>, way: &mut Vec<usize>, ways: &mut Vec<Vec<usize>>) {
    if before.code() == after.code() {
        return;
    }
    let alike = before.node.kind_id() == after.node.kind_id() && before.children() == after.children();
    if !alike || before.children() == 0 || way.len() == MAX_DEPTH {
        ways.push(way.clone());
        return;
    }
    for index in 0..before.children() {
        let (Some(before), Some(after)) = (before.child(index), after.child(index)) else { continue };
        way.push(index);
        changed(before, after, way, ways);
        way.pop();
    }
}
