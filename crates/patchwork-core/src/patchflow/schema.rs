//! JSON Schemas (draft 2020-12) of patchflow files and of steps, for editors and other tools.

use serde_json::{Map, Value, json};

use super::document::{self, INPUT_TYPES};
use crate::diagnostic::SourceText;
use crate::registry::Registry;
use crate::step::ErasedStep;

const DRAFT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The generated files, as path under `schemas/` and content: one for patchflow files and one for each step.
pub fn generated_files(registry: &Registry) -> Vec<(String, String)> {
    let mut files = vec![("patchflow.schema.json".to_owned(), pretty(&patchflow_schema(registry)))];
    for step in registry.steps() {
        files.push((format!("steps/{}.json", step.id()), pretty(&step_schema_file(&**step))));
    }
    files
}

fn pretty(value: &Value) -> String {
    // The alternate form of a JSON value is indented JSON and can't fail.
    format!("{value:#}\n")
}

/// What is known of one step: its name, page, effects, and the schemas of its input and output.
pub fn step_schema_file(step: &dyn ErasedStep) -> Value {
    json!({
        "step": step.id(),
        "description": description(step.input_schema()),
        "effects": step.effects(),
        "input": step.input_schema(),
        "output": step.output_schema(),
    })
}

fn description(schema: &Value) -> Value {
    schema.get("description").cloned().unwrap_or_else(|| "".into())
}

/// The schema of patchflow files: with the steps and patchflows of this registry, their `with` typed by their inputs.
pub fn patchflow_schema(registry: &Registry) -> Value {
    let mut definitions = Map::new();
    let mut names = Vec::new();
    let mut with = Vec::new();
    for step in registry.steps() {
        let id = step.id();
        names.push(json!({ "const": id, "description": description(step.input_schema()) }));
        with.push(typed_with(id, id));
        step_with(id, step.input_schema(), &mut definitions);
    }
    for (alias, step) in registry.aliases() {
        names.push(json!({ "const": alias, "description": format!("The same as {step}.") }));
        with.push(typed_with(alias, step));
    }
    for built_in in registry.patchflows() {
        let file = SourceText::new(built_in.name, built_in.document);
        let Some(document) = document::read(&file, &mut Vec::new()) else { continue };
        names.push(json!({ "const": built_in.name, "description": document.summary }));
        with.push(typed_with(built_in.name, built_in.name));
        let fields = document.inputs.into_iter().map(|input| {
            let mut schema = if input.spec.secret { json!({}) } else { input.spec.schema };
            insert(&mut schema, "description", input.spec.help.into());
            (input.spec.name, or_expression(schema))
        });
        definitions.insert(format!("{}.with", built_in.name), closed_object(fields.collect()));
    }
    names.push(json!({
        "type": "string",
        "pattern": "^\\.{1,2}/",
        "description": "A patchflow file, relative to this one.",
    }));
    names.push(json!({ "type": "string" }));
    definitions.extend(language(names, with));
    json!({
        "$schema": DRAFT,
        "title": "Patchflow",
        "description": "Steps over a code repository, in sequence.",
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "The patchflow's name, as it is typed to run it." },
            "summary": { "type": "string", "description": "One sentence on what it does." },
            "inputs": {
                "type": "object",
                "description": "The options it takes, by name (snake_case).",
                "additionalProperties": { "$ref": "#/$defs/input" },
            },
            "steps": { "$ref": "#/$defs/nodes", "description": "What runs, in sequence." },
            "finally": {
                "$ref": "#/$defs/nodes",
                "description": "What runs at the end, whether `steps` succeeded or not.",
            },
            "outputs": {
                "$ref": "#/$defs/outputs",
                "description": "What it answers; without any, the outputs of its last node.",
            },
        },
        "required": ["name", "steps"],
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// The parts of the language that do not depend on a registry's steps, except for what `uses` may name.
fn language(uses: Vec<Value>, with: Vec<Value>) -> Map<String, Value> {
    let count = |text: &str| {
        let mut schema = or_expression(json!({ "type": "integer", "minimum": 1 }));
        insert(&mut schema, "description", text.into());
        schema
    };
    let duration = json!({
        "type": "string",
        "pattern": "^[0-9]+ *(ms|s|m|h)$",
        "description": "A time such as \"500ms\", \"30s\", \"5m\" or \"1h\".",
    });
    let condition = |text: &str| json!({ "type": ["string", "boolean"], "description": text });
    let mut node = json!({
        "type": "object",
        "properties": {
            "id": {
                "type": "string",
                "pattern": "^[a-z][a-z0-9_]*$",
                "description": "Its name in `steps.<id>`; without one, the name of its step in snake_case.",
            },
            "uses": { "description": "The step or patchflow that it runs.", "anyOf": uses },
            "with": {
                "type": "object",
                "description": "Its input by field. A field that is not here is taken by its name from the loop \
                                variables, the inputs and the outputs of earlier nodes, else the step's default holds.",
            },
            "if": condition("An expression; the node is skipped unless it holds."),
            "for_each": {
                "type": "string",
                "description": "An expression that gives a list: `steps` run for each item, and `items` holds what they gave.",
            },
            "as": { "type": "string", "description": "The name of the item in `for_each`." },
            "max_parallel": count("Iterations at the same time; 1 when absent."),
            "repeat": count("Rounds at most. `round` counts from 0, `previous` holds what the round before gave."),
            "until": condition("An expression; `repeat` ends after a round in which it holds."),
            "retry": {
                "description": "Tries of a step whose failure may pass.",
                "anyOf": [
                    { "type": "integer", "minimum": 1, "maximum": 100 },
                    {
                        "type": "object",
                        "properties": {
                            "attempts": {
                                "type": "integer",
                                "minimum": 1,
                                "maximum": 100,
                                "description": "All tries, the first included.",
                            },
                            "delay": duration,
                        },
                        "required": ["attempts"],
                        "additionalProperties": false,
                    },
                ],
            },
            "timeout": duration,
            "continue_on_error": {
                "type": "boolean",
                "description": "Whether the run goes on when it failed; `steps.<id>.error` then says why.",
            },
            "outputs": {
                "$ref": "#/$defs/outputs",
                "description": "What a block answers; without any, the outputs of its last node.",
            },
            "steps": { "$ref": "#/$defs/nodes", "description": "The nodes of a block or a loop." },
        },
        "additionalProperties": false,
        "oneOf": [{ "required": ["uses"] }, { "required": ["steps", "id"] }],
        "dependentRequired": {
            "with": ["uses"],
            "retry": ["uses"],
            "timeout": ["uses"],
            "for_each": ["steps", "as"],
            "as": ["for_each"],
            "max_parallel": ["for_each"],
            "repeat": ["steps"],
            "until": ["repeat"],
            "outputs": ["steps"],
        },
    });
    if !with.is_empty() {
        insert(&mut node, "allOf", with.into());
    }
    let types: Vec<Value> = INPUT_TYPES.iter().map(|name| (*name).into()).collect();
    let input = json!({
        "type": ["object", "null"],
        "properties": {
            "type": { "enum": types, "default": "string" },
            "enum": { "type": "array", "minItems": 1, "description": "The values it can have." },
            "default": { "description": "The value when none is given." },
            "heading": { "type": "string", "description": "What this input and those after it stand below in `--help`." },
            "help": { "type": "string", "description": "One sentence for `--help`." },
            "secret": { "type": "boolean", "description": "Kept out of journals and logs; for fields that take a secret." },
            "path": { "type": "boolean", "description": "A path on the user's machine: relative to where the command is typed." },
            "receives": {
                "type": "array",
                "items": { "type": "string" },
                "description": "It is an address, and these secrets are sent there.",
            },
            "foreign": { "type": "boolean", "description": "A value makes the run one about somebody else's text: configuration and prompts come from the base branch." },
            "user_only": { "type": "boolean", "description": "The repository's own `.patchwork.yaml` can't set it." },
            "required": { "type": "boolean", "description": "Whether a value must be given." },
            "items": {
                "description": "The type of the items of an array.",
                "anyOf": [
                    { "enum": types },
                    {
                        "type": "object",
                        "properties": { "type": { "enum": types }, "enum": { "type": "array" } },
                        "additionalProperties": false,
                    },
                ],
            },
            "minimum": { "type": "number" },
            "maximum": { "type": "number" },
        },
        "additionalProperties": false,
    });
    let mut out = Map::new();
    out.insert(
        "nodes".into(),
        json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/node" } }),
    );
    out.insert("node".into(), node);
    out.insert("input".into(), input);
    out.insert(
        "outputs".into(),
        json!({ "type": "object", "propertyNames": { "pattern": "^[a-z][a-z0-9_]*$" } }),
    );
    out.insert(
        "expression".into(),
        json!({ "type": "string", "pattern": "\\$\\{\\{", "description": "An expression: ${{ … }}" }),
    );
    out
}

/// `with` has the fields of `step` where `uses` says `name`.
fn typed_with(name: &str, step: &str) -> Value {
    json!({
        "if": { "properties": { "uses": { "const": name } }, "required": ["uses"] },
        "then": { "properties": { "with": { "$ref": format!("#/$defs/{step}.with") } } },
    })
}

/// Adds the definitions for the `with` of a step: its input, in which every field may be an expression and none must be
/// there, because the scope may give it.
fn step_with(id: &str, input: &Value, definitions: &mut Map<String, Value>) {
    let mut input = input.clone();
    relocate(&mut input, id);
    if let Some(Value::Object(inner)) = input.get_mut("$defs").map(Value::take) {
        for (name, schema) in inner {
            definitions.insert(format!("{id}.{name}"), schema);
        }
    }
    let Some(map) = input.as_object_mut() else { return };
    for word in ["$defs", "$schema", "required", "title"] {
        map.remove(word);
    }
    if let Some(Value::Object(fields)) = map.get_mut("properties") {
        fields.values_mut().for_each(|field| *field = or_expression(field.take()));
    }
    definitions.insert(format!("{id}.with"), input);
}

/// Makes the references of a step's schema lead to where its definitions are moved.
fn relocate(schema: &mut Value, id: &str) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map.iter_mut() {
                match value {
                    Value::String(target) if key == "$ref" => {
                        *target = match target.strip_prefix("#/$defs/") {
                            Some(name) => format!("#/$defs/{id}.{name}"),
                            None => format!("#/$defs/{id}.with"),
                        };
                    }
                    other => relocate(other, id),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| relocate(item, id)),
        _ => {}
    }
}

/// A schema that also takes an expression. What is said of the field stays outside, where editors look for it.
fn or_expression(mut schema: Value) -> Value {
    let mut out = Map::new();
    if let Some(map) = schema.as_object_mut() {
        for word in ["description", "default"] {
            if let Some(value) = map.remove(word) {
                out.insert(word.to_owned(), value);
            }
        }
    }
    out.insert("anyOf".to_owned(), json!([schema, { "$ref": "#/$defs/expression" }]));
    Value::Object(out)
}

fn closed_object(properties: Map<String, Value>) -> Value {
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn insert(schema: &mut Value, key: &str, value: Value) {
    if let Some(map) = schema.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests;
