//! YAML as a tree that knows where each key and value stands in its text.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy};
use serde_saphyr::{Options, Spanned};

use crate::diagnostic::{Diagnostic, SourceText};

/// The largest text that is read, bytes. People write these files; a larger one is a mistake.
pub(crate) const LARGEST: usize = 4 * 1024 * 1024;

/// Lists and mappings inside each other, at most: they are read recursively.
const DEPTH: usize = 48;

/// What stands for a key that is a list or a mapping until it is reported; no YAML text can hold it.
const NOT_A_WORD: &str = "\0";

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Yaml {
    /// The bytes of the scalar; of a list or mapping, those of its first token.
    pub(crate) span: Range<usize>,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    Null,
    Bool(bool),
    Number(Number),
    String(String),
    List(Vec<Yaml>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Name,
    pub(crate) value: Yaml,
}

/// A word and its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) span: Range<usize>,
}

impl Yaml {
    /// What it is, for messages: `the number 3`, `a list`.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Null => "empty".to_owned(),
            Kind::Bool(value) => format!("the boolean {value}"),
            Kind::Number(value) => format!("the number {value}"),
            Kind::String(text) => format!("the text {}", shortened(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    /// The value without its places.
    pub(crate) fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(value) => Value::Number(value.clone()),
            Kind::String(text) => Value::String(text.clone()),
            Kind::List(items) => Value::Array(items.iter().map(Self::to_json).collect()),
            Kind::Map(entries) => Value::Object(
                entries.iter().map(|e| (e.key.text.clone(), e.value.to_json())).collect::<Map<_, _>>(),
            ),
        }
    }

    pub(crate) fn as_name(&self) -> Option<Name> {
        match &self.kind {
            Kind::String(text) => Some(Name { text: text.clone(), span: self.span.clone() }),
            _ => None,
        }
    }
}

/// A text for a message: quoted, one line, not too long.
pub(crate) fn shortened(text: &str) -> String {
    let mut line: String = text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    format!("`{line}`")
}

/// Makes a text of bytes: refuses what is not UTF-8 and what is too large, drops a byte order mark.
pub fn decode(name: &str, bytes: &[u8]) -> Result<Arc<SourceText>, Box<Diagnostic>> {
    let whole = |code, message: String| {
        let file = SourceText::new(name, "");
        Box::new(Diagnostic { span: None, ..Diagnostic::error(code, &file, 0..0, message) })
    };
    if bytes.len() > LARGEST {
        return Err(whole("too-large", too_large(bytes.len())));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(SourceText::new(name, text.trim_start_matches('\u{feff}'))),
        Err(error) => {
            let line = bytes.iter().take(error.valid_up_to()).filter(|b| **b == b'\n').count() + 1;
            Err(whole("not-utf8", format!("the file is not UTF-8 text: line {line} holds other bytes"))
                .map_help("save it in UTF-8"))
        }
    }
}

trait MapHelp {
    fn map_help(self, help: &str) -> Self;
}

impl MapHelp for Box<Diagnostic> {
    fn map_help(mut self, help: &str) -> Self {
        self.help.push(help.to_owned());
        self
    }
}

fn too_large(bytes: usize) -> String {
    format!("the file is too large: {bytes} bytes, {LARGEST} at most")
}

/// Reads one document. Faults that leave a tree (duplicate keys) are added to `faults`; without a tree there is at least one.
/// Nothing but comments reads as null. Aliases are followed; merge keys, tags and further documents are refused: each has a
/// plainer way to be written.
pub(crate) fn read(file: &Arc<SourceText>, faults: &mut Vec<Diagnostic>) -> Option<Yaml> {
    if file.text.len() > LARGEST {
        faults.push(Diagnostic {
            span: None,
            ..Diagnostic::error("too-large", file, 0..0, too_large(file.text.len()))
        });
        return None;
    }
    let mut options = Options::default();
    options.with_snippet = false;
    // Both occurrences reach the visitor, so that all duplicates of a file are reported, not only the first.
    options.duplicate_keys = DuplicateKeyPolicy::LastWins;
    options.merge_keys = MergeKeyPolicy::Error;
    options.reject_unsupported_tags = true;
    // `yes` and `no` are words, as YAML 1.2 has it.
    options.strict_booleans = true;
    if let Some(budget) = &mut options.budget {
        budget.max_depth = DEPTH;
    }
    options.alias_limits.max_total_replayed_events = 50_000;
    match serde_saphyr::from_str_with_options::<Node>(&file.text, options) {
        Ok(node) => {
            let mut tree = node.0;
            check_keys(&mut tree, file, faults);
            Some(tree)
        }
        Err(error) => {
            faults.push(syntax_error(file, &error));
            None
        }
    }
}

fn syntax_error(file: &Arc<SourceText>, error: &serde_saphyr::Error) -> Diagnostic {
    use serde_saphyr::Error;
    let mut error = error.without_snippet();
    while let Error::AliasError { error: inner, .. } = error {
        error = inner.without_snippet();
    }
    let span = error.location().map(|location| {
        let start = location.span().byte_offset().and_then(|at| usize::try_from(at).ok());
        let len = location.span().byte_len().and_then(|len| usize::try_from(len).ok()).unwrap_or(0);
        let start = start.unwrap_or_else(|| offset_of(&file.text, location.line(), location.column()));
        start..start.saturating_add(len.max(1))
    });
    let (message, help) = match error {
        Error::MergeKeyNotAllowed { .. } => {
            ("merge keys (`<<`) are not supported".to_owned(), Some("write the keys out in each place"))
        }
        Error::MultipleDocuments { .. } => (
            "the file holds more than one document".to_owned(),
            Some("remove the `---` line and what follows"),
        ),
        Error::UnsupportedTag { tag, .. } => {
            (format!("the tag {} is not supported", shortened(tag)), Some("write the value without a tag"))
        }
        Error::UnknownAnchor { .. } => {
            ("this alias names no anchor".to_owned(), Some("a text that starts with `*` must be in quotes"))
        }
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => {
            ("the document is too large or nested too deeply".to_owned(), None)
        }
        other => {
            let line = span.as_ref().map_or("", |span| line_at(&file.text, span.start));
            let help = line
                .contains(": ${{")
                .then_some("inside `{ … }` and `[ … ]`, an expression stands in quotes: \"${{ … }}\"");
            (format!("not valid YAML: {}", first_line(&other.to_string())), help)
        }
    };
    let mut diagnostic = Diagnostic::error("yaml", file, 0..0, message);
    diagnostic.span = span;
    diagnostic.help_maybe(help.map(str::to_owned))
}

/// Parser messages repeat their place, which the report shows anyway.
fn first_line(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let line = line.strip_prefix("error: ").unwrap_or(line);
    match line.find(" at line ") {
        Some(at) => line.get(..at).unwrap_or(line).to_owned(),
        None => line.to_owned(),
    }
}

/// The line around a byte offset.
fn line_at(text: &str, offset: usize) -> &str {
    let before = text.get(..offset.min(text.len())).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    text.get(start..).and_then(|rest| rest.lines().next()).unwrap_or_default()
}

fn offset_of(text: &str, line: u64, column: u64) -> usize {
    let mut start = 0;
    for _ in 1..line {
        match text.get(start..).and_then(|rest| rest.find('\n')) {
            Some(at) => start += at + 1,
            None => return text.len(),
        }
    }
    let skip = usize::try_from(column.saturating_sub(1)).unwrap_or(usize::MAX);
    let rest = text.get(start..).unwrap_or_default();
    start + rest.char_indices().nth(skip).map_or(rest.len(), |(at, _)| at)
}

/// Reports and removes keys that stand twice in one mapping (the first one stays) and keys that are no words.
fn check_keys(tree: &mut Yaml, file: &Arc<SourceText>, faults: &mut Vec<Diagnostic>) {
    match &mut tree.kind {
        Kind::List(items) => items.iter_mut().for_each(|item| check_keys(item, file, faults)),
        Kind::Map(entries) => {
            let mut seen: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
            entries.retain(|entry| {
                let word = entry.key.text != NOT_A_WORD;
                if !word {
                    let span = entry.key.span.clone();
                    faults.push(Diagnostic::error("yaml", file, span, "a key must be a word"));
                }
                word
            });
            entries.retain(|entry| match seen.get(&entry.key.text) {
                Some(first) => {
                    let (line, _) = file.position(*first);
                    let message = format!("the key `{}` stands twice", entry.key.text);
                    faults.push(
                        Diagnostic::error("duplicate-key", file, entry.key.span.clone(), message)
                            .label(format!("first in line {line}")),
                    );
                    false
                }
                None => {
                    seen.insert(entry.key.text.clone(), entry.key.span.start);
                    true
                }
            });
            entries.iter_mut().for_each(|entry| check_keys(&mut entry.value, file, faults));
        }
        _ => {}
    }
}

/// A [`Yaml`] on its way through serde.
struct Node(Yaml);

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self(Yaml { span: range(&spanned.defined), kind: spanned.value }))
    }
}

fn range(location: &serde_saphyr::Location) -> Range<usize> {
    let start = location.span().byte_offset().unwrap_or(0);
    let len = location.span().byte_len().unwrap_or(0);
    let start = usize::try_from(start).unwrap_or(0);
    start..start.saturating_add(usize::try_from(len).unwrap_or(0))
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Kind, E> {
        Number::from_f64(value).map(Kind::Number).ok_or_else(|| E::custom("numbers must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Kind, E> {
        Ok(Kind::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut items = Vec::new();
        while let Some(Node(item)) = access.next_element()? {
            items.push(item);
        }
        Ok(Kind::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Kind, A::Error> {
        let mut entries = Vec::new();
        while let Some(Node(key)) = access.next_key()? {
            let Node(value) = access.next_value()?;
            let text = match key.kind {
                Kind::String(text) => text,
                // `404: …` and `true: …` are keys as they are written.
                Kind::Number(number) => number.to_string(),
                Kind::Bool(value) => value.to_string(),
                Kind::Null => "null".to_owned(),
                Kind::List(_) | Kind::Map(_) => NOT_A_WORD.to_owned(),
            };
            entries.push(Entry { key: Name { text, span: key.span }, value });
        }
        Ok(Kind::Map(entries))
    }
}

#[cfg(test)]
mod tests;
