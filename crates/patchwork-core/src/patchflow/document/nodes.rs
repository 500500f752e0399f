//! The nodes of a patchflow.

use std::collections::HashMap;
use std::ops::Range;

use super::reader::{Keys, Reader, is_snake_case, snake_case};
use super::{Body, Node, RESERVED};
use crate::patchflow::plan::Retry;
use crate::patchflow::yaml::{Entry, Kind, Name, Yaml};

/// The keys of a node.
pub(crate) const KEYS: [&str; 14] = [
    "id",
    "uses",
    "with",
    "if",
    "for_each",
    "as",
    "max_parallel",
    "repeat",
    "until",
    "retry",
    "timeout",
    "continue_on_error",
    "outputs",
    "steps",
];

/// Nodes inside nodes, at most: the machine walks them recursively.
const DEPTH: usize = 16;

/// The ids in use among the nodes that are read and those around them.
#[derive(Default)]
pub(super) struct Ids {
    siblings: HashMap<String, usize>,
    around: Vec<(String, usize)>,
}

impl Ids {
    /// The line in which the id is in use already.
    fn taken(&self, id: &str) -> Option<usize> {
        let around = self.around.iter().find(|(name, _)| name == id).map(|(_, at)| *at);
        self.siblings.get(id).copied().or(around)
    }
}

pub(super) fn read(reader: &mut Reader<'_>, entry: Entry, ids: &mut Ids) -> Vec<Node> {
    let key = entry.key.clone();
    let Some(items) = reader.list(entry) else { return Vec::new() };
    if items.is_empty() {
        reader.error("empty", key.span, format!("`{}` is an empty list", key.text));
    }
    items.into_iter().filter_map(|item| node(reader, item, ids)).collect()
}

fn node(reader: &mut Reader<'_>, item: Yaml, ids: &mut Ids) -> Option<Node> {
    let found = item.describe();
    let place = item.span;
    let entries = match item.kind {
        Kind::Map(entries) => entries,
        kind => {
            let added = reader.error("type", place, format!("a node is a mapping, but this is {found}"));
            if let Kind::String(text) = kind {
                added.help(format!("write `- uses: {text}`"));
            }
            return None;
        }
    };
    // The mapping's own span is empty in block style: its first key stands for it.
    let place = entries.first().map_or(place, |entry| entry.key.span.clone());
    let mut keys = reader.keys("a node", entries, &KEYS);
    let uses = keys.take("uses");
    let steps = keys.take("steps");
    let id = id(reader, &mut keys, uses.as_ref(), steps.as_ref(), ids);
    let condition = keys.take("if").and_then(|entry| reader.expression(&entry));
    let retry = keys.take("retry").map(|entry| (entry.key.span.clone(), retry(reader, entry)));
    let timeout = keys.take("timeout").map(|e| (e.key.span.clone(), reader.milliseconds(&e)));
    let continue_on_error =
        keys.take("continue_on_error").and_then(|entry| reader.boolean(&entry)).unwrap_or(false);
    let outputs_at = keys.take("outputs");
    let outputs_span = outputs_at.as_ref().map(|entry| entry.key.span.clone());
    let outputs = outputs_at.map(|e| reader.named_values(e, "outputs")).unwrap_or_default();
    let body = match (uses, steps) {
        (Some(uses), Some(steps)) => {
            reader
                .error("conflict", steps.key.span, "a node has either `uses` or `steps`, not both")
                .help("put the step under `steps` as a node of its own");
            drop(uses);
            Body::Broken
        }
        (None, None) => {
            reader
                .error("missing-key", place, "this node has neither `uses` nor `steps`")
                .help("add `uses: ScanSemgrep` to run a step, or `steps:` for a block");
            Body::Broken
        }
        (Some(uses), None) => {
            for (key, span) in loop_keys(&mut keys) {
                reader
                    .error("conflict", span, format!("`{key}` belongs to a node with `steps`"))
                    .help("put the step under `steps:` of this node as a node of its own");
            }
            if let Some(span) = &outputs_span {
                reader
                    .error("conflict", span.clone(), "`outputs` belongs to a node with `steps`")
                    .help("what a step gives is read as `steps.<id>.<field>`");
            }
            let with = keys.take("with").map(|e| reader.named_values(e, "with")).unwrap_or_default();
            match reader.name(&uses) {
                Some(uses) => Body::Uses { uses, with },
                None => Body::Broken,
            }
        }
        (None, Some(steps)) => {
            let given = retry.as_ref().map(|(span, _)| ("retry", span.clone()));
            let given = given.into_iter().chain(timeout.as_ref().map(|(span, _)| ("timeout", span.clone())));
            let with = keys.take("with").map(|entry| ("with", entry.key.span));
            for (key, span) in given.chain(with) {
                reader.error("conflict", span, format!("`{key}` belongs to a node with `uses`"));
            }
            block(reader, &mut keys, steps, &id, ids)
        }
    };
    Some(Node {
        id,
        body,
        condition,
        retry: retry.and_then(|(_, retry)| retry).unwrap_or_default(),
        timeout_ms: timeout.and_then(|(_, ms)| ms),
        continue_on_error,
        outputs,
    })
}

fn loop_keys(keys: &mut Keys) -> Vec<(&'static str, Range<usize>)> {
    ["for_each", "as", "max_parallel", "repeat", "until"]
        .into_iter()
        .filter_map(|key| keys.take(key).map(|entry| (key, entry.key.span)))
        .collect()
}

fn block(reader: &mut Reader<'_>, keys: &mut Keys, steps: Entry, id: &Name, ids: &mut Ids) -> Body {
    let place = steps.key.span.clone();
    ids.around.push((id.text.clone(), id.span.start));
    let siblings = std::mem::take(&mut ids.siblings);
    let inner = if ids.around.len() > DEPTH {
        reader.error("too-deep", place, format!("blocks are nested more than {DEPTH} deep"));
        Vec::new()
    } else {
        read(reader, steps, ids)
    };
    ids.siblings = siblings;
    ids.around.pop();

    let (for_each, repeat) = (keys.take("for_each"), keys.take("repeat"));
    let needs = |reader: &mut Reader<'_>, entry: Option<Entry>, other: &str| {
        if let Some(entry) = entry {
            let message = format!("`{}` has no meaning without `{other}`", entry.key.text);
            reader.error("conflict", entry.key.span, message);
        }
    };
    match (for_each, repeat) {
        (Some(_), Some(repeat)) => {
            reader
                .error("conflict", repeat.key.span, "a node has either `for_each` or `repeat`, not both")
                .help("put one loop under `steps` of the other");
            Body::Broken
        }
        (Some(for_each), None) => {
            needs(reader, keys.take("until"), "repeat");
            let var = match keys.take("as") {
                Some(entry) => loop_variable(reader, &entry),
                None => {
                    reader
                        .error("missing-key", for_each.key.span.clone(), "`for_each` needs `as`")
                        .help("add `as: item` to name the item of each iteration");
                    None
                }
            };
            let var = var.unwrap_or_else(|| Name { text: String::new(), span: for_each.key.span.clone() });
            let max_parallel = keys.take("max_parallel").map(|entry| reader.value(&entry.value));
            let items = reader.expression(&for_each);
            Body::ForEach { items, var, max_parallel, steps: inner }
        }
        (None, Some(repeat)) => {
            needs(reader, keys.take("as"), "for_each");
            needs(reader, keys.take("max_parallel"), "for_each");
            let until = keys.take("until").and_then(|entry| reader.expression(&entry));
            let times = reader.value(&repeat.value);
            Body::Repeat { times, until, steps: inner }
        }
        (None, None) => {
            needs(reader, keys.take("as"), "for_each");
            needs(reader, keys.take("max_parallel"), "for_each");
            needs(reader, keys.take("until"), "repeat");
            Body::Block { steps: inner }
        }
    }
}

fn loop_variable(reader: &mut Reader<'_>, entry: &Entry) -> Option<Name> {
    let name = reader.name(entry)?;
    if !is_snake_case(&name.text) {
        reader.bad_name(&name, "a loop variable");
    } else if RESERVED.contains(&name.text.as_str()) {
        reader.error("bad-name", name.span.clone(), format!("`{}` is a word of the language", name.text));
    }
    Some(name)
}

/// The id that is written, or the one that `uses` gives.
fn id(
    reader: &mut Reader<'_>,
    keys: &mut Keys,
    uses: Option<&Entry>,
    steps: Option<&Entry>,
    ids: &mut Ids,
) -> Name {
    let name = match keys.take("id") {
        Some(entry) => {
            let name = reader.name(&entry);
            if let Some(name) = &name {
                if !is_snake_case(&name.text) {
                    reader.bad_name(name, "a node");
                } else if RESERVED.contains(&name.text.as_str()) {
                    let message = format!("`{}` is a word of the language and can't be an id", name.text);
                    reader.error("bad-name", name.span.clone(), message);
                }
            }
            name.unwrap_or_else(|| Name { text: String::new(), span: entry.key.span })
        }
        None => match (uses.and_then(|entry| entry.value.as_name()), steps) {
            (Some(uses), _) => Name { text: snake_case(&uses.text), span: uses.span },
            (None, Some(steps)) if uses.is_none() => {
                reader
                    .error("missing-key", steps.key.span.clone(), "a node with `steps` needs an `id`")
                    .help("add `id: fixes`: what it gives is read as `steps.fixes.…`");
                Name { text: String::new(), span: steps.key.span.clone() }
            }
            _ => Name { text: String::new(), span: 0..0 },
        },
    };
    if name.text.is_empty() {
        return name;
    }
    if let Some(first) = ids.taken(&name.text) {
        let (line, _) = reader.file.position(first);
        reader
            .error("duplicate-id", name.span.clone(), format!("the id `{}` is in use already", name.text))
            .label(format!("first in line {line}"))
            .help("give one of the nodes an `id` of its own");
    } else {
        ids.siblings.insert(name.text.clone(), name.span.start);
    }
    name
}

/// `retry: 3` or `retry: { attempts: 3, delay: "2s" }`.
fn retry(reader: &mut Reader<'_>, entry: Entry) -> Option<Retry> {
    let attempts = |reader: &mut Reader<'_>, entry: &Entry| {
        let count = reader.count(entry, 1)?;
        match u32::try_from(count) {
            Ok(count) if count <= 100 => Some(count),
            _ => {
                let place = reader.place(entry);
                reader.error("type", place, "more than 100 attempts help nobody");
                None
            }
        }
    };
    if !matches!(entry.value.kind, Kind::Map(_)) {
        return attempts(reader, &entry).map(|attempts| Retry { attempts, ..Retry::default() });
    }
    let place = entry.key.span.clone();
    let entries = reader.mapping(entry)?;
    let mut keys = reader.keys("`retry`", entries, &["attempts", "delay"]);
    let mut retry = Retry::default();
    match keys.take("attempts") {
        Some(entry) => retry.attempts = attempts(reader, &entry)?,
        None => {
            reader.error("missing-key", place, "`retry` needs `attempts`").help("write `retry: 3`");
        }
    }
    if let Some(delay) = keys.take("delay").and_then(|entry| reader.milliseconds(&entry)) {
        retry.delay_ms = delay;
    }
    Some(retry)
}
