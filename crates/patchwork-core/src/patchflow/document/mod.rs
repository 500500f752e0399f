//! A patchflow file as it was written: every part with its place, nothing resolved yet.

mod inputs;
mod nodes;
mod reader;
mod value;

use std::ops::Range;
use std::sync::Arc;

pub(crate) use inputs::TYPES as INPUT_TYPES;
pub(crate) use value::{Expression, Value, ValueKind, locate_word};
#[cfg(test)]
pub(crate) use {inputs::KEYS as INPUT_KEYS, nodes::KEYS as NODE_KEYS};

use super::plan::{InputSpec, Retry};
use super::yaml::{self, Name};
use crate::diagnostic::{Diagnostic, SourceText};
use reader::Reader;

/// Words that mean something in expressions or results and can't name a node or a loop variable.
pub(crate) const RESERVED: [&str; 10] =
    ["inputs", "steps", "previous", "round", "index", "outcome", "error", "reason", "items", "rounds"];

/// A patchflow file.
#[derive(Debug)]
pub(crate) struct Document {
    pub(crate) file: Arc<SourceText>,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) steps: Vec<Node>,
    pub(crate) finally: Vec<Node>,
    pub(crate) outputs: Vec<(Name, Value)>,
}

/// A declared input.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: Name,
    pub(crate) spec: InputSpec,
    /// The default as it was written.
    pub(crate) default: Option<Value>,
}

/// A node as it was written.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) id: Name,
    pub(crate) body: Body,
    pub(crate) condition: Option<Expression>,
    pub(crate) retry: Retry,
    pub(crate) timeout_ms: Option<u64>,
    pub(crate) continue_on_error: bool,
    pub(crate) outputs: Vec<(Name, Value)>,
}

/// What a node does.
#[derive(Debug)]
pub(crate) enum Body {
    /// `uses`.
    Uses { uses: Name, with: Vec<(Name, Value)> },
    /// `steps` alone.
    Block { steps: Vec<Node> },
    /// `for_each`.
    ForEach { items: Option<Expression>, var: Name, max_parallel: Option<Value>, steps: Vec<Node> },
    /// `repeat`.
    Repeat { times: Value, until: Option<Expression>, steps: Vec<Node> },
    /// Neither could be told; reported already.
    Broken,
}

/// Reads a patchflow file. Every fault that needs no registry is added to `faults`; what could be read is answered, so that
/// the check can find the others.
pub(crate) fn read(file: &Arc<SourceText>, faults: &mut Vec<Diagnostic>) -> Option<Document> {
    let tree = yaml::read(file, faults)?;
    let mut reader = Reader::new(file, faults);
    let entries = match tree.kind {
        yaml::Kind::Map(entries) => entries,
        yaml::Kind::Null => {
            let end = file.text.len();
            reader.error("empty", end..end, "the file is empty").help(EXAMPLE);
            return None;
        }
        _ => {
            let found = tree.describe();
            reader
                .error("type", tree.span, format!("a patchflow is a mapping, but this is {found}"))
                .help(EXAMPLE);
            return None;
        }
    };
    let mut keys = reader.keys("a patchflow", entries, &KEYS);
    let name = match keys.take("name") {
        Some(entry) => reader.word(&entry).unwrap_or_default(),
        None => {
            let start: Range<usize> = 0..file.text.find(['\r', '\n']).unwrap_or(file.text.len());
            reader
                .error("missing-key", start, "the patchflow has no `name`")
                .help("add `name: MyPatchflow` at the top");
            String::new()
        }
    };
    let summary = keys.take("summary").and_then(|entry| reader.text(&entry)).unwrap_or_default();
    let inputs = keys.take("inputs").map(|entry| inputs::read(&mut reader, entry)).unwrap_or_default();
    let mut ids = nodes::Ids::default();
    let steps = match keys.take("steps") {
        Some(entry) => nodes::read(&mut reader, entry, &mut ids),
        None => {
            let start = 0..file.text.find(['\r', '\n']).unwrap_or(file.text.len());
            reader
                .error("missing-key", start, "the patchflow has no `steps`")
                .help("add `steps:` with a list of nodes such as `- uses: ScanSemgrep`");
            Vec::new()
        }
    };
    let finally = keys.take("finally").map(|e| nodes::read(&mut reader, e, &mut ids)).unwrap_or_default();
    let outputs = keys.take("outputs").map(|e| reader.named_values(e, "outputs")).unwrap_or_default();
    Some(Document { file: file.clone(), name, summary, inputs, steps, finally, outputs })
}

/// The keys of a patchflow file.
pub(crate) const KEYS: [&str; 6] = ["name", "summary", "inputs", "steps", "finally", "outputs"];
const EXAMPLE: &str = "the least patchflow is:  name: MyPatchflow  and  steps: [{ uses: ScanSemgrep }]";
