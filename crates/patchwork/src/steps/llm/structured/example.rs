//! A JSON Schema from an example: what stands there says which type is wanted, and sample texts what it means.

use serde_json::{Map, Value, json};

use super::{FormError, bounds};

/// The schema that an example stands for. Every field is required, others are refused; a list is of its first item; null
/// and the items of an empty list may be anything.
pub(super) fn schema_of(example: &Value, depth: usize) -> Result<Value, FormError> {
    // A level of the example is two of its schema.
    if depth * 2 > bounds::MAX_DEPTH {
        return Err(FormError::TooDeep);
    }
    Ok(match example {
        Value::Null => json!({}),
        Value::Bool(_) => json!({ "type": "boolean" }),
        Value::Number(number) if number.is_f64() => json!({ "type": "number" }),
        Value::Number(_) => json!({ "type": "integer" }),
        Value::String(sample) if sample.trim().is_empty() => json!({ "type": "string" }),
        Value::String(sample) => json!({ "type": "string", "description": sample }),
        Value::Array(items) => {
            let items = items.first().map_or_else(|| Ok(json!({})), |item| schema_of(item, depth + 1))?;
            json!({ "type": "array", "items": items })
        }
        Value::Object(fields) if fields.is_empty() => json!({ "type": "object" }),
        Value::Object(fields) => {
            let properties: Map<String, Value> = fields
                .iter()
                .map(|(name, sample)| Ok((name.clone(), schema_of(sample, depth + 1)?)))
                .collect::<Result<_, FormError>>()?;
            let required: Vec<&String> = fields.keys().collect();
            json!({
                "type": "object",
                "required": required,
                "additionalProperties": false,
                "properties": properties,
            })
        }
    })
}

/// Whether a value is the JSON Schema of an object, not an example of one: all its keys are keywords, and one of them
/// says how objects are made.
pub(crate) fn is_schema(value: &Value) -> bool {
    const KEYWORDS: [&str; 23] = [
        "$defs",
        "$id",
        "$ref",
        "$schema",
        "additionalProperties",
        "allOf",
        "anyOf",
        "definitions",
        "dependentRequired",
        "dependentSchemas",
        "description",
        "else",
        "examples",
        "if",
        "maxProperties",
        "minProperties",
        "not",
        "oneOf",
        "patternProperties",
        "properties",
        "propertyNames",
        "required",
        "then",
    ];
    let Some(map) = value.as_object() else { return false };
    let known = |key: &String| KEYWORDS.contains(&key.as_str()) || matches!(key.as_str(), "type" | "title");
    map.keys().all(known)
        && (map.get("type").is_some_and(|ty| ty == "object")
            || map.get("properties").is_some_and(Value::is_object)
            || map.get("$ref").is_some_and(Value::is_string)
            || ["allOf", "anyOf", "oneOf"].iter().any(|word| map.get(*word).is_some_and(Value::is_array)))
}
