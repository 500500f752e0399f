//! One value as its schema wants it: text from options and the environment is parsed, structured values are checked.

use serde_json::{Map, Number, Value, json};

use crate::patchflow::types::{Kinds, Type, plain};
use crate::patchflow::yaml::shortened;

/// Makes `value` what `schema` wants. The error says what is expected, and what was found when it is short.
pub(super) fn typed(value: &Value, schema: &Value) -> Result<Value, String> {
    let ty = schema.get("type").and_then(Value::as_str).unwrap_or("any");
    let made = match (ty, value) {
        ("string", Value::String(_)) => Some(value.clone()),
        ("integer", _) => integer(value),
        ("number", _) => number(value),
        ("boolean", _) => boolean(value),
        ("array", _) => return array(value, schema),
        ("object", _) => object(value),
        ("any", _) => Some(value.clone()),
        _ => None,
    };
    let Some(made) = made else { return Err(expected(schema, value)) };
    match schema.get("enum").and_then(Value::as_array) {
        Some(listed) => canonical(&made, listed).ok_or_else(|| expected(schema, value)),
        None if within(&made, schema) => Ok(made),
        None => Err(expected(schema, value)),
    }
}

fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok()
        }
        _ => None,
    }
}

fn number(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => integer(value)
            .or_else(|| text.trim().parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)),
        _ => None,
    }
}

fn boolean(value: &Value) -> Option<Value> {
    match value {
        Value::Bool(_) => Some(value.clone()),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(Value::Bool(false)),
            Some(1) => Some(Value::Bool(true)),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(Value::Bool(true)),
            "false" | "no" | "off" | "0" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

fn object(value: &Value) -> Option<Value> {
    match value {
        Value::Object(_) => Some(value.clone()),
        Value::String(text) => serde_json::from_str::<Map<String, Value>>(text).ok().map(Value::Object),
        _ => None,
    }
}

/// A list; text in JSON form or with commas; anything else is the only item.
fn array(value: &Value, schema: &Value) -> Result<Value, String> {
    let items = match value {
        Value::Array(items) => items.clone(),
        Value::String(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).map_err(|_| expected(schema, value))?
        }
        Value::String(text) => {
            text.split(',').map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect()
        }
        Value::Object(_) | Value::Null => return Err(expected(schema, value)),
        single => vec![single.clone()],
    };
    let any = json!({});
    let item_schema = schema.get("items").unwrap_or(&any);
    let typed_items = items
        .iter()
        .enumerate()
        .map(|(at, item)| typed(item, item_schema).map_err(|problem| format!("item {} {problem}", at + 1)));
    typed_items.collect::<Result<_, _>>().map(Value::Array)
}

/// The listed value that is meant: the same, or the same word in another letter case.
fn canonical(value: &Value, listed: &[Value]) -> Option<Value> {
    if listed.contains(value) {
        return Some(value.clone());
    }
    let word = plain(value).trim().to_lowercase();
    listed.iter().find(|candidate| plain(candidate).to_lowercase() == word).cloned()
}

fn within(value: &Value, schema: &Value) -> bool {
    let Some(number) = value.as_f64() else { return true };
    let limit = |word: &str| schema.get(word).and_then(Value::as_f64);
    limit("minimum").is_none_or(|least| number >= least) && limit("maximum").is_none_or(|most| number <= most)
}

/// `must be an integer of at least 1, but is `x``.
fn expected(schema: &Value, value: &Value) -> String {
    let ty = Type::of_document(schema);
    let mut wanted = match ty.kinds() {
        Kinds::BOOLEAN => "true or false".to_owned(),
        Kinds::OBJECT => "a mapping (on the command line: JSON)".to_owned(),
        _ => ty.describe(),
    };
    let limit = |word: &str| schema.get(word).map(plain);
    match (limit("minimum"), limit("maximum")) {
        (Some(least), Some(most)) => wanted.push_str(&format!(" from {least} to {most}")),
        (Some(least), None) => wanted.push_str(&format!(" of at least {least}")),
        (None, Some(most)) => wanted.push_str(&format!(" of at most {most}")),
        (None, None) => {}
    }
    let found = match value {
        Value::String(text) if text.is_empty() => "empty".to_owned(),
        Value::String(text) => shortened(text),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a mapping".to_owned(),
        Value::Null => "nothing".to_owned(),
        scalar => match ty.kinds() {
            Kinds::STRING => format!("{} without quotes", shortened(&plain(scalar))),
            _ => shortened(&plain(scalar)),
        },
    };
    format!("must be {wanted}, but is {found}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_parsed_as_the_schema_says() {
        let cases = [
            (
                json!({"type": "boolean"}),
                vec!["True", "YES", "on", "1", "false", "No", "OFF", " 0 ", "maybe", ""],
            ),
            (
                json!({"type": "integer", "minimum": 0}),
                vec!["7", "-1", "18446744073709551615", "1.5", "x", ""],
            ),
            (json!({"type": "number", "maximum": 2}), vec!["1", "0.5", "3", "nan", "inf", "1e400"]),
            (json!({"type": "string", "enum": ["low", "High"]}), vec!["LOW", "high", "hi"]),
            (
                json!({"type": "array", "items": {"type": "integer"}}),
                vec!["1, 2", "[1,2]", "3", "", "1,x", "[1", "{}"],
            ),
            (json!({"type": "array"}), vec!["a,b", "[\"a,b\"]", "a b"]),
            (json!({"type": "object"}), vec!["{\"a\": 1}", "a=1", "[]"]),
            (json!({"type": "string"}), vec!["", " x ", "[1]"]),
        ];
        let mut out = String::new();
        for (schema, texts) in cases {
            out.push_str(&format!("{schema}\n"));
            for text in texts {
                match typed(&json!(text), &schema) {
                    Ok(value) => out.push_str(&format!("  {text:?} → {value}\n")),
                    Err(problem) => out.push_str(&format!("  {text:?} {problem}\n")),
                }
            }
        }
        insta::assert_snapshot!(out, @r#"
        {"type":"boolean"}
          "True" → true
          "YES" → true
          "on" → true
          "1" → true
          "false" → false
          "No" → false
          "OFF" → false
          " 0 " → false
          "maybe" must be true or false, but is `maybe`
          "" must be true or false, but is empty
        {"type":"integer","minimum":0}
          "7" → 7
          "-1" must be an integer of at least 0, but is `-1`
          "18446744073709551615" → 18446744073709551615
          "1.5" must be an integer of at least 0, but is `1.5`
          "x" must be an integer of at least 0, but is `x`
          "" must be an integer of at least 0, but is empty
        {"type":"number","maximum":2}
          "1" → 1
          "0.5" → 0.5
          "3" must be a number of at most 2, but is `3`
          "nan" must be a number of at most 2, but is `nan`
          "inf" must be a number of at most 2, but is `inf`
          "1e400" must be a number of at most 2, but is `1e400`
        {"type":"string","enum":["low","High"]}
          "LOW" → "low"
          "high" → "High"
          "hi" must be one of low, High, but is `hi`
        {"type":"array","items":{"type":"integer"}}
          "1, 2" → [1,2]
          "[1,2]" → [1,2]
          "3" → [3]
          "" → []
          "1,x" item 2 must be an integer, but is `x`
          "[1" must be a list of integers, but is `[1`
          "{}" item 1 must be an integer, but is `{}`
        {"type":"array"}
          "a,b" → ["a","b"]
          "[\"a,b\"]" → ["a,b"]
          "a b" → ["a b"]
        {"type":"object"}
          "{\"a\": 1}" → {"a":1}
          "a=1" must be a mapping (on the command line: JSON), but is `a=1`
          "[]" must be a mapping (on the command line: JSON), but is `[]`
        {"type":"string"}
          "" → ""
          " x " → " x "
          "[1]" → "[1]"
        "#);
    }

    #[test]
    fn values_of_files_keep_their_type() {
        assert_eq!(typed(&json!(3), &json!({"type": "array"})), Ok(json!([3])));
        assert_eq!(typed(&json!(3), &json!({"type": "number"})), Ok(json!(3)));
        assert_eq!(typed(&json!(1), &json!({"type": "boolean"})), Ok(json!(true)));
        insta::assert_snapshot!(typed(&json!(1.1), &json!({"type": "string"})).unwrap_err(), @"must be a string, but is `1.1` without quotes");
        insta::assert_snapshot!(typed(&json!({"a": 1}), &json!({"type": "integer"})).unwrap_err(), @"must be an integer, but is a mapping");
    }
}
