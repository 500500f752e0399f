//! The manual page of a step, made of its schemas: `patchwork show NAME` and the reference in `docs/`.

use patchwork_core::step::ErasedStep;
use serde_json::Value;

/// The page, in Markdown that also reads well on a terminal.
pub(crate) fn page(step: &dyn ErasedStep) -> String {
    let (input, output) = (step.input_schema(), step.output_schema());
    let mut out = format!("# {}\n\n", step.id());
    if let Some(text) = description(input) {
        out.push_str(&format!("{text}\n\n"));
    }
    out.push_str(&format!("It may touch: {}.\n", step.effects()));
    fields(&mut out, "Input", input, input, true);
    fields(&mut out, "Output", output, output, false);
    let mut named = Vec::new();
    for schema in [input, output] {
        for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
            if definition.get("properties").is_some() && !named.contains(&name) {
                named.push(name);
                fields(&mut out, &format!("`{name}`"), definition, schema, false);
            }
        }
    }
    out
}

fn fields(out: &mut String, title: &str, schema: &Value, schemas: &Value, input: bool) {
    out.push_str(&format!("\n## {title}\n\n"));
    // The text of the whole input stands at the top of the page.
    if let Some(text) = description(schema).filter(|_| !input) {
        out.push_str(&format!("{text}\n\n"));
    }
    let Some(properties) = schema["properties"].as_object().filter(|map| !map.is_empty()) else {
        out.push_str("Nothing.\n");
        return;
    };
    let required: Vec<&str> =
        schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, field) in properties {
        let mut notes = vec![kind(field, schemas)];
        if input && required.contains(&name.as_str()) {
            notes.push("required".to_owned());
        }
        if let Some(default) = field.get("default").filter(|default| !default.is_null()) {
            notes.push(format!("default `{default}`"));
        }
        let text =
            description(field).map(|text| format!(": {}", text.replace('\n', "\n  "))).unwrap_or_default();
        out.push_str(&format!("- `{name}` ({}){text}\n", notes.join(", ")));
    }
}

fn description(schema: &Value) -> Option<&str> {
    schema["description"].as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The first sentence of what a schema says about itself.
pub(crate) fn summary(schema: &Value) -> String {
    let text = description(schema).unwrap_or_default();
    let first = text.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    match first.find(". ") {
        Some(end) => first.get(..=end).unwrap_or_default().to_owned(),
        None => first,
    }
}

/// The type of a value in words; `schemas` holds the definitions that it refers to.
fn kind(schema: &Value, schemas: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or(reference);
        // Types with fields have a section of their own; the others are told on the spot.
        return match &schemas["$defs"][name] {
            definition if definition.is_object() && definition.get("properties").is_none() => {
                kind(definition, schemas)
            }
            _ => format!("`{name}`"),
        };
    }
    if let Some(words) = schema["enum"].as_array() {
        return one_of(words.iter());
    }
    if let Some(word) = schema.get("const") {
        return one_of(std::iter::once(word));
    }
    for key in ["anyOf", "oneOf"] {
        let Some(choices) = schema[key].as_array() else { continue };
        if choices.iter().all(|choice| choice.get("const").is_some()) {
            return one_of(choices.iter().filter_map(|choice| choice.get("const")));
        }
        let kinds: Vec<_> = choices
            .iter()
            .filter(|choice| choice["type"] != "null")
            .map(|choice| kind(choice, schemas))
            .collect();
        return kinds.join(" or ");
    }
    match &schema["type"] {
        Value::String(name) => named(name, schema, schemas),
        Value::Array(names) => {
            let kinds: Vec<_> = names
                .iter()
                .filter_map(Value::as_str)
                .filter(|n| *n != "null")
                .map(|n| named(n, schema, schemas))
                .collect();
            kinds.join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

fn named(name: &str, schema: &Value, schemas: &Value) -> String {
    match name {
        "string" => "text".to_owned(),
        "integer" => "whole number".to_owned(),
        "boolean" => "true or false".to_owned(),
        "array" if schema.get("items").is_some_and(Value::is_object) => {
            format!("list of {}", kind(&schema["items"], schemas))
        }
        "array" => "list".to_owned(),
        "object" => match schema.get("additionalProperties") {
            Some(values) if values.is_object() => format!("mapping to {}", kind(values, schemas)),
            _ => "mapping".to_owned(),
        },
        other => other.to_owned(),
    }
}

fn one_of<'a>(words: impl Iterator<Item = &'a Value>) -> String {
    let words: Vec<_> = words
        .filter(|word| !word.is_null())
        .map(|word| match word.as_str() {
            Some(text) => format!("`{text}`"),
            None => format!("`{word}`"),
        })
        .collect();
    if words.len() == 1 { words.concat() } else { format!("one of {}", words.join(", ")) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn types_are_told_in_words() {
        let schemas = json!({"$defs": {
            "Finding": {"type": "object", "properties": {}},
            "Patch": {"type": "object", "properties": {}},
            "Word": {"type": "string", "enum": ["a", "b"]},
        }});
        for (schema, words) in [
            (json!({"$ref": "#/$defs/Word"}), "one of `a`, `b`"),
            (json!({"type": ["string", "null"]}), "text"),
            (json!({"type": "array", "items": {"$ref": "#/$defs/Finding"}}), "list of `Finding`"),
            (json!({"anyOf": [{"$ref": "#/$defs/Patch"}, {"type": "null"}]}), "`Patch`"),
            (json!({"oneOf": [{"const": "a"}, {"const": "b"}]}), "one of `a`, `b`"),
            (
                json!({"type": "object", "additionalProperties": {"type": "integer"}}),
                "mapping to whole number",
            ),
            (json!(true), "anything"),
        ] {
            assert_eq!(kind(&schema, &schemas), words);
        }
    }
}
