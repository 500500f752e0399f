//! Parameters of paths and queries: text that stands for a value of a schema.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::schema::Schema;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct QueryParameter {
    schema: Schema,
    #[serde(default)]
    required: bool,
    /// What stands between the items of a list; without it the parameter is repeated.
    #[serde(default)]
    separator: Option<char>,
}

impl QueryParameter {
    #[cfg(test)]
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }
}

/// The faults of a query, each with the parameter's name.
pub(super) fn query_faults(
    described: &BTreeMap<String, QueryParameter>,
    definitions: &Map<String, Value>,
    query: &[(String, String)],
) -> Vec<String> {
    let mut result = Vec::new();
    let mut sent: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in query {
        sent.entry(name).or_default().push(value);
    }
    for (name, parameter) in described {
        match sent.remove(name.as_str()) {
            None if parameter.required => result.push(format!("query: {name}: is missing")),
            None => {}
            Some(texts) => {
                let fault = faults(&parameter.schema, definitions, &texts, parameter.separator);
                result.extend(fault.map(|fault| format!("query: {name}: {fault}")));
            }
        }
    }
    result.extend(sent.keys().map(|name| format!("query: {name}: is not described")));
    result
}

/// What is wrong with the texts given for one parameter.
pub(super) fn faults(
    schema: &Schema,
    definitions: &Map<String, Value>,
    texts: &[&str],
    separator: Option<char>,
) -> Option<String> {
    let types = types(schema.value(), definitions, 8);
    let value = if types.contains(&"array") {
        let parts = texts.iter().flat_map(|text| match separator {
            Some(separator) => text.split(separator).collect(),
            None => vec![*text],
        });
        let items = items(schema.value(), definitions);
        Value::Array(parts.map(|text| meant(text, &items)).collect())
    } else {
        match texts {
            [text] => meant(text, &types),
            _ => return Some(format!("is given {} times", texts.len())),
        }
    };
    schema.closed_faults(definitions, &value).into_iter().next()
}

/// The text as a value of one of the types; as text when it is none.
fn meant(text: &str, types: &[&str]) -> Value {
    let number = types.contains(&"integer") || types.contains(&"number");
    match (text, text.parse::<i64>(), text.parse::<f64>()) {
        ("true", ..) | ("false", ..) if types.contains(&"boolean") => json!(text == "true"),
        (_, Ok(whole), _) if number => json!(whole),
        (_, _, Ok(broken)) if types.contains(&"number") => json!(broken),
        _ => json!(text),
    }
}

/// The types that a schema names, also through references and unions.
fn types<'a>(schema: &'a Value, definitions: &'a Map<String, Value>, depth: u8) -> Vec<&'a str> {
    let mut found = Vec::new();
    match &schema["type"] {
        Value::String(one) => found.push(one.as_str()),
        Value::Array(several) => found.extend(several.iter().filter_map(Value::as_str)),
        _ => {}
    }
    if depth == 0 {
        return found;
    }
    let target =
        schema["$ref"].as_str().and_then(|name| definitions.get(name.strip_prefix("#/definitions/")?));
    let members = ["anyOf", "oneOf", "allOf"].iter().filter_map(|key| schema[*key].as_array()).flatten();
    for one in target.into_iter().chain(members) {
        found.extend(types(one, definitions, depth - 1));
    }
    found
}

fn items<'a>(schema: &'a Value, definitions: &'a Map<String, Value>) -> Vec<&'a str> {
    types(&schema["items"], definitions, 8)
}
