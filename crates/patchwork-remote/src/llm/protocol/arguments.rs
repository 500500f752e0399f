//! Arguments of tool calls, for protocols that want them as an object.

use serde_json::{Map, Value};

/// The arguments as an object. What a model wrote that is none goes back as a text in one: it must see what it did wrong.
pub(in crate::llm) fn object(arguments: &str) -> Map<String, Value> {
    if arguments.trim().is_empty() {
        return Map::new();
    }
    serde_json::from_str(arguments)
        .unwrap_or_else(|_| Map::from_iter([("arguments".to_owned(), Value::from(arguments))]))
}

/// Arguments that came as a value, as a text; a text stays as it is.
pub(in crate::llm) fn written(arguments: Value) -> String {
    match arguments {
        Value::Null => "{}".to_owned(),
        Value::String(text) => text,
        arguments => arguments.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn arguments_that_are_no_object_are_wrapped() {
        assert_eq!(object(" "), Map::new());
        assert_eq!(Value::from(object("{\"b\": 1, \"a\": 2}")).to_string(), "{\"b\":1,\"a\":2}");
        for broken in ["{\"a\":", "[1]", "plain"] {
            assert_eq!(Value::from(object(broken)), json!({"arguments": broken}));
        }
    }

    #[test]
    fn values_are_written_down_and_texts_kept() {
        for (value, text) in
            [(json!(null), "{}"), (json!({"a": 1}), "{\"a\":1}"), (json!("{\"a\":"), "{\"a\":")]
        {
            assert_eq!(written(value), text);
        }
    }
}
