//! A JSON Schema of a description, compiled when it is first needed: closed for what we send, open for what we get.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde::Deserialize;
use serde_json::{Map, Value, json};

#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Schema {
    value: Value,
    #[serde(skip)]
    closed: OnceLock<Result<Validator, String>>,
    #[serde(skip)]
    open: OnceLock<Result<Validator, String>>,
}

impl Schema {
    pub(super) fn value(&self) -> &Value {
        &self.value
    }

    /// What the schema says against something that we send: unknown fields and wrong formats are faults.
    pub(super) fn closed_faults(&self, definitions: &Map<String, Value>, value: &Value) -> Vec<String> {
        faults(self.closed.get_or_init(|| compile(whole(&self.value, definitions, close), true)), value)
    }

    /// What the schema says against something that we get: further fields are fine.
    pub(super) fn open_faults(&self, definitions: &Map<String, Value>, value: &Value) -> Vec<String> {
        faults(self.open.get_or_init(|| compile(whole(&self.value, definitions, open), false)), value)
    }
}

fn compile(schema: Value, formats: bool) -> Result<Validator, String> {
    jsonschema::draft202012::options()
        .should_validate_formats(formats)
        .build(&schema)
        .map_err(|error| format!("the description itself is no JSON Schema: {error}"))
}

fn faults(validator: &Result<Validator, String>, value: &Value) -> Vec<String> {
    match validator {
        Ok(validator) => validator.iter_errors(value).map(|error| explain(&error)).collect(),
        Err(fault) => vec![fault.clone()],
    }
}

/// The schema with those definitions that it needs, each of them changed by `change`.
fn whole(schema: &Value, definitions: &Map<String, Value>, change: fn(&mut Value)) -> Value {
    let mut names = BTreeSet::new();
    let mut waiting = Vec::new();
    references(schema, &mut waiting);
    while let Some(name) = waiting.pop() {
        if let Some(definition) = definitions.get(&name)
            && names.insert(name)
        {
            references(definition, &mut waiting);
        }
    }
    let mut changed = Map::new();
    for name in names {
        if let Some(mut definition) = definitions.get(&name).cloned() {
            change(&mut definition);
            changed.insert(name, definition);
        }
    }
    let mut root = schema.clone();
    change(&mut root);
    match &mut root {
        Value::Object(map) => {
            map.insert("definitions".to_owned(), Value::Object(changed));
            root
        }
        _ => root,
    }
}

fn references(schema: &Value, found: &mut Vec<String>) {
    match schema {
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        Value::Object(map) => {
            for (key, value) in map {
                match value.as_str().and_then(|text| text.strip_prefix("#/definitions/")) {
                    Some(name) if key == "$ref" => found.push(name.to_owned()),
                    _ => references(value, found),
                }
            }
        }
        _ => {}
    }
}

/// Takes room for unlisted fields out of every object that lists its fields.
fn close(schema: &mut Value) {
    walk(schema, &mut |map, inside| {
        if inside {
            // The union itself is closed; a member that takes anything would open it again.
            map.remove("additionalProperties");
            return;
        }
        let silent = !map.contains_key("additionalProperties") && !map.contains_key("unevaluatedProperties");
        // What a reference leads to is closed there.
        if !silent || !map.contains_key("properties") || map.contains_key("$ref") {
            return;
        }
        let union = ["allOf", "anyOf", "oneOf"].iter().any(|key| map.contains_key(*key));
        map.insert(
            if union { "unevaluatedProperties" } else { "additionalProperties" }.to_owned(),
            json!(false),
        );
    });
}

/// Gives every object room for fields that are not listed. Then a value is often of several members of a union, so "one of"
/// becomes "any of".
fn open(schema: &mut Value) {
    walk(schema, &mut |map, _| {
        if let Some(members) = map.remove("oneOf") {
            map.insert("anyOf".to_owned(), members);
        }
        if map.get("additionalProperties") == Some(&json!(false)) {
            map.remove("additionalProperties");
        }
    });
}

/// Visits every object of a schema; `inside` says that it is a member of a union which lists fields of its own.
fn walk(schema: &mut Value, visit: &mut impl FnMut(&mut Map<String, Value>, bool)) {
    walk_member(schema, false, visit);
}

fn walk_member(schema: &mut Value, inside: bool, visit: &mut impl FnMut(&mut Map<String, Value>, bool)) {
    let Value::Object(map) = schema else { return };
    let lists = map.contains_key("properties");
    for (key, value) in map.iter_mut() {
        match (key.as_str(), value) {
            ("properties", Value::Object(fields)) => {
                fields.values_mut().for_each(|one| walk_member(one, false, visit))
            }
            ("anyOf" | "oneOf", Value::Array(members)) => {
                members.iter_mut().for_each(|one| walk_member(one, inside || lists, visit));
            }
            ("allOf", Value::Array(members)) => {
                members.iter_mut().for_each(|one| walk_member(one, true, visit))
            }
            ("items" | "additionalProperties", value) => walk_member(value, false, visit),
            _ => {}
        }
    }
    visit(map, inside);
}

/// The fault in words: of a union that of the member which was most likely meant.
fn explain(error: &ValidationError<'_>) -> String {
    let here = error.instance_path().as_str();
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } =
        error.kind()
    {
        let meant = context
            .iter()
            .filter(|errors| !errors.iter().any(|error| is_another_type(here, error)))
            .min_by_key(|errors| (errors.len(), Reverse(errors.iter().map(depth).max())));
        return match meant.and_then(|errors| errors.first()) {
            Some(error) => explain(error),
            None => at(here, "is none of what may stand here"),
        };
    }
    match error.kind() {
        ValidationErrorKind::Enum { options } => {
            at(here, &format!("is {}, which is none of {options}", error.instance()))
        }
        ValidationErrorKind::MaxLength { limit } => {
            let length = error.instance().as_str().map_or(0, |text| text.chars().count());
            at(here, &format!("has {length} characters, which is more than {limit}"))
        }
        ValidationErrorKind::Required { property } => {
            at(&format!("{here}/{}", property.as_str().unwrap_or_default()), "is missing")
        }
        ValidationErrorKind::AdditionalProperties { unexpected }
        | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
            at(here, &format!("{} not described", is_or_are(unexpected)))
        }
        ValidationErrorKind::OneOfMultipleValid { .. } => at(here, "has fields that exclude each other"),
        _ => at(here, &error.to_string()),
    }
}

fn is_or_are(names: &[String]) -> String {
    format!("{} {}", names.join(", "), if names.len() == 1 { "is" } else { "are" })
}

/// Whether the error says that another member of the union was meant.
fn is_another_type(here: &str, error: &ValidationError<'_>) -> bool {
    error.instance_path().as_str() == here
        && matches!(
            error.kind(),
            ValidationErrorKind::Type { kind: TypeKind::Single(_) | TypeKind::Multiple(_) }
        )
}

fn depth(error: &ValidationError<'_>) -> usize {
    error.instance_path().as_str().matches('/').count()
}

fn at(path: &str, problem: &str) -> String {
    // A body of 70,000 characters is not repeated.
    let problem = if problem.chars().count() > 300 {
        let end = problem.chars().rev().take(140).collect::<Vec<_>>().into_iter().rev();
        problem.chars().take(140).chain(" … ".chars()).chain(end).collect()
    } else {
        problem.to_owned()
    };
    match path.trim_start_matches('/') {
        "" => problem,
        path => format!("{}: {problem}", path.replace('/', ".")),
    }
}
