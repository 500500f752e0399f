//! The form of an answer: JSON Schemas in the subset that vendors bind an answer to, and in words for everyone else.

use std::collections::BTreeSet;

use patchwork_core::port::provider::OutputFormat;
use serde_json::{Map, Value, json};

/// Nesting beyond which a schema is told in words.
const DEEPEST: usize = 32;

/// Formats of strings that every vendor with bound answers knows.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// What belongs to one type only, and has a place in the subset.
const KEYWORDS: [(&str, &[&str]); 3] = [
    ("object", &["properties", "required", "additionalProperties", "patternProperties"]),
    ("array", &["items"]),
    ("string", &["format"]),
];

/// A schema in the subset that answers are bound to: closed objects, plain types, `anyOf`, `enum`, `const`, local
/// references. What only narrows a value further (`minimum`, `pattern`) moves into descriptions: answers are checked
/// against the whole schema anyway.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::llm) struct Closed {
    /// The schema.
    pub(in crate::llm) schema: Value,
    /// Properties that need not be there.
    pub(in crate::llm) optional: usize,
    /// Places with several forms.
    pub(in crate::llm) unions: usize,
}

impl Closed {
    /// Nothing when the schema allows what the subset can't say: objects with names that are not known beforehand, values of
    /// any type, forms that hold themselves.
    pub(in crate::llm) fn of(schema: &Value) -> Option<Self> {
        let root = schema.as_object()?;
        let definitions = ["$defs", "definitions"]
            .iter()
            .filter_map(|key| Some((*key, root.get(*key)?.as_object()?)))
            .collect::<Vec<_>>();
        let mut closing = Closing { definitions: &definitions, optional: 0, unions: 0 };
        closing.acyclic(schema, &mut Vec::new(), &mut BTreeSet::new())?;
        let mut closed = closing.close(root, 0)?;
        for (key, named) in &definitions {
            let named =
                named.iter().map(|(name, schema)| Some((name.clone(), closing.close_any(schema, 1)?)));
            closed.insert((*key).to_owned(), Value::Object(named.collect::<Option<_>>()?));
        }
        Some(Self { schema: Value::Object(closed), optional: closing.optional, unions: closing.unions })
    }
}

struct Closing<'a> {
    definitions: &'a [(&'static str, &'a Map<String, Value>)],
    optional: usize,
    unions: usize,
}

impl Closing<'_> {
    fn close_any(&mut self, schema: &Value, depth: usize) -> Option<Value> {
        Some(Value::Object(self.close(schema.as_object()?, depth)?))
    }

    fn close(&mut self, schema: &Map<String, Value>, depth: usize) -> Option<Map<String, Value>> {
        if depth > DEEPEST {
            return None;
        }
        let mut rest = schema.clone();
        for key in ["$schema", "$id", "$defs", "definitions", "$comment", "default", "examples"] {
            rest.remove(key);
        }
        let mut closed = Map::new();
        if let Some(reference) = rest.remove("$ref") {
            self.defined(reference.as_str()?)?;
            closed.insert("$ref".to_owned(), reference);
            return Some(closed);
        }
        for key in ["title", "description"] {
            if let Some(text) = rest.remove(key) {
                closed.insert(key.to_owned(), text);
            }
        }
        let variants = ["anyOf", "oneOf"].iter().find_map(|key| rest.remove(*key));
        if let Some(variants) = variants {
            // What stands beside the variants holds for all of them; only words can say so.
            rest.remove("type");
            self.unions += 1;
            let variants = variants.as_array()?.iter().map(|variant| self.close_any(variant, depth + 1));
            closed.insert("anyOf".to_owned(), Value::Array(variants.collect::<Option<_>>()?));
        } else if let Some((key, values)) = literal(&mut rest)? {
            rest.remove("type");
            closed.insert(key.to_owned(), values);
        } else {
            self.typed(&mut rest, &mut closed, depth)?;
        }
        describe(&mut closed, rest);
        Some(closed)
    }

    fn typed(
        &mut self,
        rest: &mut Map<String, Value>,
        closed: &mut Map<String, Value>,
        depth: usize,
    ) -> Option<()> {
        match rest.remove("type")? {
            Value::String(kind) => {
                match kind.as_str() {
                    "object" => self.object(rest, closed, depth)?,
                    "array" => {
                        let items = self.close_any(&rest.remove("items")?, depth + 1)?;
                        closed.insert("items".to_owned(), items);
                    }
                    "string" => {
                        let known = |format: &Value| format.as_str().is_some_and(|it| FORMATS.contains(&it));
                        if rest.get("format").is_some_and(known)
                            && let Some(format) = rest.remove("format")
                        {
                            closed.insert("format".to_owned(), format);
                        }
                    }
                    "integer" | "number" | "boolean" | "null" => {}
                    _ => return None,
                }
                closed.insert("type".to_owned(), Value::String(kind));
            }
            Value::Array(kinds) => {
                self.unions += 1;
                let mut variants = Vec::new();
                for (at, kind) in kinds.iter().enumerate() {
                    if kinds.iter().take(at).any(|earlier| earlier == kind) {
                        return None;
                    }
                    // What belongs to one type only goes with it; the rest is said once, for all of them.
                    let own = KEYWORDS.iter().find(|(name, _)| kind == name).map_or(&[][..], |(_, own)| own);
                    let own = own.iter().filter_map(|key| rest.remove_entry(*key));
                    let mut variant: Map<String, Value> = own.collect();
                    variant.insert("type".to_owned(), kind.clone());
                    variants.push(Value::Object(self.close(&variant, depth + 1)?));
                }
                closed.insert("anyOf".to_owned(), Value::Array(variants));
            }
            _ => return None,
        }
        Some(())
    }

    fn object(
        &mut self,
        rest: &mut Map<String, Value>,
        closed: &mut Map<String, Value>,
        depth: usize,
    ) -> Option<()> {
        if !matches!(rest.remove("additionalProperties"), None | Some(Value::Bool(false)))
            || rest.contains_key("patternProperties")
        {
            return None;
        }
        let Some(Value::Object(properties)) = rest.remove("properties") else { return None };
        let required = rest.remove("required").unwrap_or_else(|| json!([]));
        let needed: BTreeSet<&str> = required.as_array()?.iter().filter_map(Value::as_str).collect();
        if needed.iter().any(|name| !properties.contains_key(*name)) {
            return None;
        }
        self.optional += properties.keys().filter(|name| !needed.contains(name.as_str())).count();
        let mut kept = Map::new();
        for (name, property) in &properties {
            kept.insert(name.clone(), self.close_any(property, depth + 1)?);
        }
        closed.insert("properties".to_owned(), Value::Object(kept));
        closed.insert("required".to_owned(), required);
        closed.insert("additionalProperties".to_owned(), Value::Bool(false));
        Some(())
    }

    fn defined(&self, reference: &str) -> Option<&Value> {
        let (key, name) = reference.strip_prefix("#/")?.split_once('/')?;
        self.definitions.iter().find(|(known, _)| *known == key)?.1.get(name)
    }

    /// Fails for a schema that holds itself. Each definition is entered once: `open` are those on the way here, `done` those
    /// that are known to be fine.
    fn acyclic(&self, schema: &Value, open: &mut Vec<String>, done: &mut BTreeSet<String>) -> Option<()> {
        match schema {
            Value::Object(map) => {
                if let Some(Value::String(reference)) = map.get("$ref")
                    && !done.contains(reference)
                {
                    if open.contains(reference) || open.len() > DEEPEST {
                        return None;
                    }
                    open.push(reference.clone());
                    self.acyclic(self.defined(reference)?, open, done)?;
                    open.pop();
                    done.insert(reference.clone());
                }
                let mut parts = map
                    .iter()
                    .filter(|(key, _)| !matches!(key.as_str(), "$defs" | "definitions" | "enum" | "const"));
                parts.try_for_each(|(_, value)| self.acyclic(value, open, done))
            }
            Value::Array(items) => items.iter().try_for_each(|item| self.acyclic(item, open, done)),
            _ => Some(()),
        }
    }
}

/// `enum` or `const` of plain values; fails for others.
#[expect(clippy::option_option, reason = "none, one, and not in the subset")]
fn literal(rest: &mut Map<String, Value>) -> Option<Option<(&'static str, Value)>> {
    let plain = |value: &Value| !value.is_object() && !value.is_array();
    for key in ["enum", "const"] {
        if let Some(values) = rest.remove(key) {
            let fits = match (key, &values) {
                ("enum", Value::Array(values)) => !values.is_empty() && values.iter().all(plain),
                ("enum", _) => false,
                (_, value) => plain(value),
            };
            return fits.then_some(Some((key, values)));
        }
    }
    Some(None)
}

/// Says in words what the subset can't.
fn describe(closed: &mut Map<String, Value>, rest: Map<String, Value>) {
    if rest.is_empty() {
        return;
    }
    let rest = format!("Must fit {}", Value::Object(rest));
    let text = match closed.get("description").and_then(Value::as_str) {
        Some(description) => format!("{description}\n{rest}"),
        None => rest,
    };
    closed.insert("description".to_owned(), Value::String(text));
}

/// Asks for the form in words: an instruction for models and vendors that can't be bound to it.
pub(in crate::llm) fn in_words(output: &OutputFormat) -> String {
    let only = "and nothing else: no Markdown fence, no text before or after it.";
    match &output.schema {
        Some(schema) => format!("Answer with JSON that is valid against this JSON Schema, {only}\n{schema}"),
        None => format!("Answer with one JSON object, {only}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_closed_and_what_the_subset_lacks_is_said_in_words() {
        let schema = json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "score": {"type": "integer", "minimum": 1, "description": "How bad"},
                "kind": {"enum": ["a", "b"], "type": "string"},
                "name": {"type": ["string", "null"], "format": "email", "maxLength": 9},
                "at": {"$ref": "#/$defs/Place"},
            },
            "required": ["score", "at"],
            "$defs": {"Place": {"type": "object", "properties": {"line": {"type": "integer"}}, "required": ["line"]}},
        });
        let closed = Closed::of(&schema).unwrap();
        assert_eq!((closed.optional, closed.unions), (2, 1));
        assert_eq!(
            closed.schema,
            json!({
                "type": "object",
                "properties": {
                    "score": {"type": "integer", "description": "How bad\nMust fit {\"minimum\":1}"},
                    "kind": {"enum": ["a", "b"]},
                    "name": {
                        "anyOf": [{"type": "string", "format": "email"}, {"type": "null"}],
                        "description": "Must fit {\"maxLength\":9}",
                    },
                    "at": {"$ref": "#/$defs/Place"},
                },
                "required": ["score", "at"],
                "additionalProperties": false,
                "$defs": {"Place": {
                    "type": "object",
                    "properties": {"line": {"type": "integer"}},
                    "required": ["line"],
                    "additionalProperties": false,
                }},
            })
        );
    }

    #[test]
    fn what_can_not_be_closed_is_not() {
        let mut deep = json!({"type": "string"});
        for _ in 0..100 {
            deep = json!({"type": "array", "items": deep});
        }
        for schema in [
            json!(true),
            json!({}),
            json!({"type": "object"}),
            json!({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}}),
            json!({"type": "object", "properties": {"any": true}}),
            json!({"type": "object", "properties": {}, "required": ["ghost"]}),
            json!({"type": "array"}),
            json!({"type": "thing"}),
            json!({"type": ["string", "string"]}),
            json!({"enum": [{"a": 1}]}),
            json!({"$ref": "https://elsewhere/schema.json"}),
            json!({"$ref": "#/$defs/Missing", "$defs": {}}),
            json!({
                "$ref": "#/$defs/Node",
                "$defs": {"Node": {
                    "type": "object",
                    "properties": {"next": {"$ref": "#/$defs/Node"}},
                    "required": ["next"],
                }},
            }),
            deep,
        ] {
            assert_eq!(Closed::of(&schema), None, "{schema}");
        }
    }
}
