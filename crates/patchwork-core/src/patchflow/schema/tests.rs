//! The schemas hold together and know what the reader knows.

use super::*;
use crate::patchflow::check::tests::registry;

fn references(value: &Value, out: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(key, value)| match value {
            Value::String(target) if key == "$ref" => out.push(target.clone()),
            other => references(other, out),
        }),
        Value::Array(items) => items.iter().for_each(|item| references(item, out)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let schema = patchflow_schema(&registry());
    let mut found = Vec::new();
    references(&schema, &mut found);
    assert!(found.iter().any(|r| r == "#/$defs/Edit.Found"), "{found:?}");
    for reference in found {
        assert!(schema.pointer(reference.trim_start_matches('#')).is_some(), "{reference}");
    }
}

#[test]
fn with_is_typed_by_the_step() {
    let schema = patchflow_schema(&registry());
    insta::assert_snapshot!(format!("{:#}", schema["$defs"]["Scan.with"]), @r##"
    {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "paths": {
          "description": "Files to scan; all when absent.",
          "anyOf": [
            {
              "type": [
                "array",
                "null"
              ],
              "items": {
                "type": "string"
              }
            },
            {
              "$ref": "#/$defs/expression"
            }
          ]
        },
        "severity": {
          "description": "The least severity.",
          "default": "low",
          "anyOf": [
            {
              "$ref": "#/$defs/Scan.Severity"
            },
            {
              "$ref": "#/$defs/expression"
            }
          ]
        },
        "limit": {
          "description": "Findings at most.",
          "anyOf": [
            {
              "type": [
                "integer",
                "null"
              ],
              "format": "uint32",
              "minimum": 0
            },
            {
              "$ref": "#/$defs/expression"
            }
          ]
        },
        "api_key": {
          "description": "Key of the rule service.",
          "anyOf": [
            {
              "anyOf": [
                {
                  "$ref": "#/$defs/Scan.SecretRef"
                },
                {
                  "type": "null"
                }
              ]
            },
            {
              "$ref": "#/$defs/expression"
            }
          ]
        }
      },
      "description": "Where to look."
    }
    "##);
    insta::assert_snapshot!(schema["$defs"]["Judge.with"], @r##"{"type":"object","properties":{"answer":{"description":"","anyOf":[{"type":"string"},{"$ref":"#/$defs/expression"}]},"model":{"description":"","anyOf":[{"type":"string"},{"$ref":"#/$defs/expression"}]}},"additionalProperties":false}"##);
    let aliases = schema["$defs"]["node"]["allOf"].as_array().unwrap();
    assert!(aliases.iter().any(|a| a["if"]["properties"]["uses"]["const"] == "Query"
        && a["then"]["properties"]["with"]["$ref"] == "#/$defs/Ask.with"));
}

#[test]
fn the_schema_and_the_reader_know_the_same_keys() {
    let schema = patchflow_schema(&registry());
    let keys = |pointer: &str| {
        let map = schema.pointer(pointer).and_then(Value::as_object).unwrap();
        map.keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    let set = |keys: &[&str]| keys.iter().map(|k| (*k).to_owned()).collect();
    assert_eq!(keys("/properties"), set(&document::KEYS));
    assert_eq!(keys("/$defs/node/properties"), set(&document::NODE_KEYS));
    assert_eq!(keys("/$defs/input/properties"), set(&document::INPUT_KEYS));
}

#[test]
fn files_are_written_for_each_step() {
    let files = generated_files(&registry());
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(paths, ["patchflow.schema.json", "steps/Ask.json", "steps/Edit.json", "steps/Scan.json"]);
    let scan: Value = serde_json::from_str(&files[3].1).unwrap();
    assert_eq!(scan["effects"], json!(["reads checkout"]));
    assert_eq!(scan["description"], "Where to look.");
    assert!(scan["output"]["properties"]["findings"].is_object());
}
