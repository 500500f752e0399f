//! The `inputs` of a patchflow.

use std::ops::Range;

use serde_json::{Map, Value as Json, json};

use super::Input;
use super::reader::{Reader, is_snake_case};
use crate::failure::nearest;
use crate::patchflow::plan::InputSpec;
use crate::patchflow::yaml::{Entry, Kind};

/// The keys of an input.
pub(crate) const KEYS: [&str; 14] = [
    "type",
    "enum",
    "default",
    "heading",
    "help",
    "secret",
    "path",
    "receives",
    "user_only",
    "foreign",
    "required",
    "items",
    "minimum",
    "maximum",
];

/// The types an input can have.
pub(crate) const TYPES: [&str; 6] = ["string", "integer", "number", "boolean", "array", "object"];

pub(super) fn read(reader: &mut Reader<'_>, entry: Entry) -> Vec<Input> {
    let Some(entries) = reader.mapping(entry) else { return Vec::new() };
    let mut received = Vec::new();
    let inputs: Vec<Input> = entries.into_iter().map(|entry| input(reader, entry, &mut received)).collect();
    for (name, span) in received {
        let secrets = inputs.iter().filter(|input| input.spec.secret).map(|input| input.spec.name.as_str());
        if secrets.clone().all(|secret| secret != name) {
            let fault = reader.error("name", span, format!("there is no secret input `{name}`"));
            match nearest(&name, secrets) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help("`receives` lists the secrets that are sent to this address"),
            };
        }
    }
    inputs
}

/// One input; the names in its `receives` are added to `received`.
fn input(reader: &mut Reader<'_>, entry: Entry, received: &mut Vec<(String, Range<usize>)>) -> Input {
    let name = entry.key.clone();
    if !is_snake_case(&name.text) {
        reader.bad_name(&name, "an input");
    }
    let mut spec = InputSpec {
        name: name.text.clone(),
        schema: json!({ "type": "string" }),
        default: Json::Null,
        required: false,
        secret: false,
        path: false,
        receives: Vec::new(),
        user_only: false,
        foreign: false,
        heading: String::new(),
        help: String::new(),
    };
    let Some(entries) = reader.mapping(entry) else {
        // Anything fits a broken declaration: its uses are no faults of their own.
        spec.schema = json!({});
        return Input { name, spec, default: None };
    };
    let mut keys = reader.keys("an input", entries, &KEYS);
    let mut schema = Map::new();
    let ty = keys.take("type").and_then(|entry| type_name(reader, &entry)).unwrap_or("string");
    schema.insert("type".to_owned(), ty.into());
    if let Some(entry) = keys.take("heading") {
        spec.heading = reader.text(&entry).unwrap_or_default().trim().to_owned();
    }
    if let Some(entry) = keys.take("help") {
        spec.help = reader.text(&entry).unwrap_or_default().trim().to_owned();
    }
    if let Some(entry) = keys.take("enum") {
        let place = reader.place(&entry);
        if let Some(items) = reader.list(entry) {
            if items.is_empty() {
                reader.error("type", place, "`enum` lists no value");
            } else {
                schema.insert("enum".to_owned(), items.iter().map(super::yaml::Yaml::to_json).collect());
            }
        }
    }
    if let Some(entry) = keys.take("items") {
        let place = entry.key.span.clone();
        if ty != "array" {
            reader.error("conflict", place, "`items` belongs to `type: array`");
        } else if let Some(item) = item_schema(reader, entry) {
            schema.insert("items".to_owned(), item);
        }
    }
    if let Some(entry) = keys.take("receives") {
        for item in reader.list(entry).unwrap_or_default() {
            if let Kind::String(name) = &item.kind {
                spec.receives.push(name.clone());
                received.push((name.clone(), item.span));
            } else {
                let found = item.describe();
                reader.error("type", item.span, format!("`receives` lists names, but this is {found}"));
            }
        }
    }
    for word in ["minimum", "maximum"] {
        let Some(entry) = keys.take(word) else { continue };
        match &entry.value.kind {
            Kind::Number(number) if matches!(ty, "integer" | "number") => {
                schema.insert(word.to_owned(), Json::Number(number.clone()));
            }
            Kind::Number(_) => {
                let span = entry.key.span.clone();
                reader.error("conflict", span, format!("`{word}` belongs to `type: integer` or `number`"));
            }
            _ => {
                let (span, found) = (reader.place(&entry), entry.value.describe());
                reader.error("type", span, format!("`{word}` must be a number, but this is {found}"));
            }
        }
    }
    let mut flag = |reader: &mut Reader<'_>, key| {
        keys.take(key).and_then(|entry| Some((reader.boolean(&entry)?, entry.key.span))).filter(|f| f.0)
    };
    let required = flag(reader, "required");
    let secret = flag(reader, "secret");
    let path = flag(reader, "path");
    spec.user_only = flag(reader, "user_only").is_some();
    spec.foreign = flag(reader, "foreign").is_some();
    spec.required = required.is_some();
    spec.secret = secret.is_some();
    spec.path = path.is_some();
    if let Some((_, span)) = secret.filter(|_| ty != "string") {
        reader.error("conflict", span, format!("a secret is a string, but its `type` is `{ty}`"));
    }
    if let Some((_, span)) = path.filter(|_| !matches!(ty, "string" | "array")) {
        reader.error("conflict", span, format!("a path is a string, but its `type` is `{ty}`"));
    }
    let mut default = None;
    if let Some(entry) = keys.take("default") {
        if spec.secret {
            let span = entry.key.span.clone();
            reader
                .error("conflict", span, "a secret can't have a default: it would stand in the file")
                .help("give it by the environment, the configuration or an option");
        } else if let Some((_, span)) = required {
            reader.error("conflict", span, "an input with a default is never missing: remove `required`");
        }
        let value = reader.value(&entry.value);
        match value.constant() {
            Some(constant) => spec.default = constant,
            None => {
                reader.error("expression", entry.value.span.clone(), "a default can't hold an expression");
            }
        }
        default = Some(value);
    }
    spec.schema = Json::Object(schema);
    Input { name, spec, default }
}

fn type_name(reader: &mut Reader<'_>, entry: &Entry) -> Option<&'static str> {
    let written = reader.word(entry)?;
    let found = TYPES.iter().find(|name| **name == written).copied();
    if found.is_none() {
        let synonym = match written.as_str() {
            "str" | "text" => Some("string"),
            "int" => Some("integer"),
            "float" => Some("number"),
            "bool" => Some("boolean"),
            "list" => Some("array"),
            "dict" | "map" | "mapping" => Some("object"),
            _ => nearest(&written, TYPES),
        };
        reader.error("type", entry.value.span.clone(), format!("there is no type `{written}`")).help(
            match synonym {
                Some(name) => format!("did you mean `{name}`?"),
                None => format!("the types are {}", TYPES.join(", ")),
            },
        );
    }
    found
}

/// `items: string` or `items: { type: string, enum: […] }`.
fn item_schema(reader: &mut Reader<'_>, entry: Entry) -> Option<Json> {
    if matches!(entry.value.kind, Kind::String(_)) {
        return type_name(reader, &entry).map(|name| json!({ "type": name }));
    }
    let entries = reader.mapping(entry)?;
    let mut keys = reader.keys("`items`", entries, &["type", "enum"]);
    let mut schema = Map::new();
    if let Some(entry) = keys.take("type") {
        schema.insert("type".to_owned(), type_name(reader, &entry)?.into());
    }
    if let Some(entry) = keys.take("enum") {
        let items = reader.list(entry)?;
        schema.insert("enum".to_owned(), items.iter().map(super::yaml::Yaml::to_json).collect());
    }
    Some(Json::Object(schema))
}
