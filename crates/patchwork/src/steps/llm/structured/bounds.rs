//! Whether a JSON Schema is small enough to be compiled and checked against: a few lines of it can stand for more work
//! than any machine does.

use std::collections::HashMap;

use serde_json::Value;

use super::FormError;

/// Bytes of a schema as compact JSON.
pub(super) const MAX_BYTES: usize = 256 * 1024;

/// Levels of a schema, references followed.
pub(super) const MAX_DEPTH: usize = 64;

/// Schemas that it unfolds to when each reference is replaced by what it leads to.
pub(super) const MAX_UNFOLDED: u64 = 100_000;

/// Keywords that hold a schema.
const ONE: [&str; 12] = [
    "additionalItems",
    "additionalProperties",
    "contains",
    "contentSchema",
    "else",
    "if",
    "items",
    "not",
    "propertyNames",
    "then",
    "unevaluatedItems",
    "unevaluatedProperties",
];

/// Keywords that hold a list of schemas.
const LIST: [&str; 5] = ["allOf", "anyOf", "items", "oneOf", "prefixItems"];

/// Keywords that hold schemas by name.
const MAP: [&str; 4] = ["dependencies", "dependentSchemas", "patternProperties", "properties"];

/// Keywords that make the meaning of a reference depend on the way to it.
const MOVING: [&str; 4] = ["$dynamicAnchor", "$dynamicRef", "$recursiveAnchor", "$recursiveRef"];

/// Refuses schemas that take too much; answers whether it refers to itself.
pub(super) fn check(schema: &Value) -> Result<bool, FormError> {
    if nesting_exceeds(schema, MAX_DEPTH) {
        return Err(FormError::TooDeep);
    }
    let bytes = schema.to_string().len();
    if bytes > MAX_BYTES {
        return Err(FormError::TooLarge(bytes));
    }
    let mut walk = Walk { root: schema, sizes: HashMap::new(), recursive: false };
    if walk.size(schema, 0)? > MAX_UNFOLDED {
        return Err(FormError::TooMany);
    }
    // Those that nothing leads to are compiled too.
    for definitions in ["$defs", "definitions"] {
        for definition in schema.get(definitions).and_then(Value::as_object).into_iter().flatten() {
            if walk.size(definition.1, 0)? > MAX_UNFOLDED {
                return Err(FormError::TooMany);
            }
        }
    }
    Ok(walk.recursive)
}

/// Whether a value is nested more than `left` levels deep.
pub(super) fn nesting_exceeds(value: &Value, left: usize) -> bool {
    let inside = |value: &Value| left == 0 || nesting_exceeds(value, left - 1);
    match value {
        Value::Array(items) => items.iter().any(inside),
        Value::Object(map) => map.values().any(inside),
        _ => false,
    }
}

struct Walk<'a> {
    root: &'a Value,
    /// By reference what it unfolds to; nothing while that is being counted.
    sizes: HashMap<&'a str, Option<u64>>,
    recursive: bool,
}

impl<'a> Walk<'a> {
    fn size(&mut self, schema: &'a Value, depth: usize) -> Result<u64, FormError> {
        if depth > MAX_DEPTH {
            return Err(FormError::TooDeep);
        }
        let Some(map) = schema.as_object() else { return Ok(1) };
        if let Some(word) = MOVING.into_iter().find(|word| map.contains_key(*word)) {
            return Err(FormError::Unsupported(word));
        }
        // An identifier inside changes what references are relative to.
        if depth > 0 && map.get("$id").is_some_and(Value::is_string) {
            return Err(FormError::Unsupported("$id"));
        }
        let one = ONE.iter().filter_map(|word| map.get(*word)).filter(|value| value.is_object());
        let list = LIST.iter().filter_map(|word| map.get(*word)?.as_array()).flatten();
        let named =
            MAP.iter().filter_map(|word| map.get(*word)?.as_object()).flat_map(serde_json::Map::values);
        let mut size = 1_u64;
        for inner in one.chain(list).chain(named) {
            size = size.saturating_add(self.size(inner, depth + 1)?);
        }
        if let Some(reference) = map.get("$ref").and_then(Value::as_str) {
            size = size.saturating_add(self.size_of_reference(reference, depth)?);
        }
        Ok(size)
    }

    fn size_of_reference(&mut self, reference: &'a str, depth: usize) -> Result<u64, FormError> {
        match self.sizes.get(reference) {
            Some(Some(size)) => return Ok(*size),
            Some(None) => {
                self.recursive = true;
                return Ok(1);
            }
            None => {}
        }
        let outside = || FormError::Outside(super::answer::shortened(reference));
        let pointer = reference.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'));
        let target = self.root.pointer(pointer.ok_or_else(outside)?).ok_or_else(outside)?;
        self.sizes.insert(reference, None);
        let size = self.size(target, depth + 1)?;
        self.sizes.insert(reference, Some(size));
        Ok(size)
    }
}
