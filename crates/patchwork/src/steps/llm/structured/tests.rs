use serde_json::json;

use super::*;

fn form(schema: &Value) -> Form {
    Form::of_schema(schema).unwrap()
}

async fn read(form: &Form, text: &str) -> Result<(Value, bool), String> {
    form.read(text).await.map(|fit| (fit.value, fit.repaired)).map_err(|misfit| misfit.to_string())
}

#[test]
fn an_example_becomes_a_schema_of_what_stands_in_it() {
    let example = json!({
        "name": "the name", "blank": " ", "count": 3, "share": 0.5, "sure": true, "nothing": null,
        "files": [{"path": "a path"}, 5], "any": [], "open": {},
    });
    let schema = Form::of_example(&example).unwrap().schema().cloned().unwrap();
    assert_eq!(schema["required"].as_array().map(Vec::len), Some(9));
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(
        schema["properties"],
        json!({
            "name": {"type": "string", "description": "the name"},
            "blank": {"type": "string"},
            "count": {"type": "integer"},
            "share": {"type": "number"},
            "sure": {"type": "boolean"},
            "nothing": {},
            "files": {"type": "array", "items": {
                "type": "object", "required": ["path"], "additionalProperties": false,
                "properties": {"path": {"type": "string", "description": "a path"}},
            }},
            "any": {"type": "array", "items": {}},
            "open": {"type": "object"},
        })
    );
    // The same each time, whether it is given as text or not: requests are recognized by their content.
    let again = Form::of_example(&Value::String(example.to_string())).unwrap();
    assert_eq!(again.schema(), Some(&schema));
}

#[test]
fn what_is_no_form_is_explained() {
    let mut nested = json!("a");
    for _ in 0..100 {
        nested = json!([nested]);
    }
    for (example, problem) in [
        (json!("{\"a\": "), "it is not JSON: EOF while parsing"),
        (json!(5), "expected an object or a list"),
        (json!("\"a\""), "expected an object or a list"),
        (nested, "it is nested too deeply: expected 64 levels at most"),
    ] {
        let error = Form::of_example(&example).unwrap_err().to_string();
        assert!(error.starts_with(problem), "{error}");
    }
    for (schema, problem) in [
        (json!([]), "expected a JSON Schema"),
        (json!({"type": "strin"}), "it is not a valid JSON Schema: "),
        (json!({"$ref": "http://127.0.0.1/a"}), "`http://127.0.0.1/a` leads out of it"),
        (json!({"$ref": "file:///etc/passwd"}), "`file:///etc/passwd` leads out of it"),
        (json!({"$ref": "#/$defs/none"}), "`#/$defs/none` leads out of it"),
        (json!({"properties": {"a": {"$dynamicRef": "#a"}}}), "`$dynamicRef` is not supported"),
        (json!({"properties": {"a": {"$id": "b"}}}), "`$id` is not supported"),
        (json!({"pattern": "("}), "it is not a valid JSON Schema: "),
        (json!({"description": "x".repeat(300_000)}), "it is too large: 300018 bytes"),
    ] {
        let error = Form::of_schema(&schema).unwrap_err().to_string();
        assert!(error.starts_with(problem), "{error}");
    }
}

#[test]
fn a_few_lines_that_stand_for_endless_work_are_refused() {
    let mut definitions = serde_json::Map::from_iter([("a20".to_owned(), json!({"type": "string"}))]);
    for level in 0..20 {
        let next = json!({"$ref": format!("#/$defs/a{}", level + 1)});
        definitions.insert(format!("a{level}"), json!({"anyOf": [next, next]}));
    }
    let bomb = json!({"$defs": definitions, "$ref": "#/$defs/a0"});
    assert_eq!(Form::of_schema(&bomb).unwrap_err(), FormError::TooMany);
    let unused = json!({"$defs": definitions});
    assert_eq!(Form::of_schema(&unused).unwrap_err(), FormError::TooMany);
}

#[tokio::test]
async fn a_schema_may_refer_to_itself() {
    let tree = form(&json!({
        "type": "object", "properties": {"children": {"type": "array", "items": {"$ref": "#"}}},
        "additionalProperties": false,
    }));
    assert!(read(&tree, "{\"children\": [{\"children\": []}]}").await.is_ok());
    let misfit = read(&tree, "{\"children\": [{\"child\": 1}]}").await.unwrap_err();
    assert!(misfit.starts_with("/children/0: Additional properties"), "{misfit}");
    assert!(read(&form(&json!({"$ref": "#"})), "1").await.is_ok());
}

#[tokio::test]
async fn json_is_found_in_what_models_write() {
    let person = form(&json!({
        "type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"],
    }));
    for (text, value, repaired) in [
        (r#" {"a": "x"} "#, "x", false),
        ("\u{feff}{\"a\": \"x\"}", "x", false),
        ("Sure!\n```json\n{\"a\": \"x\"}\n```\nBye {you}.", "x", false),
        ("For {you} [1]: {\"a\": \"x\"}. Is it {good}?", "x", false),
        ("The answer is {\"a\": \"x\"}", "x", false),
        ("{'a': 'x',}", "x", true),
        ("```json\n{\"a\": \"cut in the m", "cut in the m", true),
        ("{\"a\": \"he said \"no\". Then\"}", "he said \"no\". Then", true),
        ("{\"a\": \"two\nlines\"}", "two\nlines", true),
    ] {
        assert_eq!(read(&person, text).await, Ok((json!({ "a": value }), repaired)), "{text}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_named_by_its_place() {
    let list = form(&json!({
        "type": "object", "required": ["items"],
        "properties": {"items": {"type": "array", "items": {"type": "integer"}}},
    }));
    for (text, problem) in [
        ("{\"items\": [1, \"two\"]}", "/items/1: value is not of type \"integer\""),
        ("{}", "\"items\" is a required property"),
        ("", "it is empty"),
        ("I can't do that.", "it is no JSON: "),
        ("[[[[", "value is not of type \"object\""),
    ] {
        let misfit = read(&list, text).await.unwrap_err();
        assert!(misfit.starts_with(problem), "{text}: {misfit}");
    }
    let long = format!("{{\"items\": [\"{}\"], \"{}\": 1}}", "x".repeat(10_000), "k\n".repeat(500));
    assert!(read(&list, &long).await.unwrap_err().len() < 1_000);
}

#[tokio::test]
async fn without_a_schema_any_object_or_list_fits_but_no_prose_is_made_into_one() {
    let any = Form::any();
    assert_eq!(read(&any, "[1]").await, Ok((json!([1]), false)));
    // Not the list inside, though that one is whole.
    assert_eq!(read(&any, "{a: [1], 'b': }").await, Ok((json!({"a": [1], "b": null}), true)));
    assert_eq!(read(&any, "{a: 1}").await, Ok((json!({"a": 1}), true)));
    for text in ["5", "\"text\"", "null", "I can't {do} that", "Sorry."] {
        assert!(read(&any, text).await.is_err(), "{text}");
    }
    assert_eq!(any.output_format("answer").schema, None);
}

#[tokio::test]
async fn hostile_answers_do_no_harm() {
    let any = Form::any();
    let tree = form(&json!({"properties": {"a": {"$ref": "#"}}}));
    let slow = form(&json!({"properties": {"a": {"pattern": "^(a+)+$"}}}));
    for text in [
        "[".repeat(200_000),
        "{\"a\":".repeat(200_000),
        format!("{}1{}", "{\"a\":".repeat(127), "}".repeat(127)),
        format!("{{\"a\": \"{}!\"}}", "a".repeat(5_000)),
        "x\"y ".repeat(400_000),
        "```".repeat(10_000),
    ] {
        for form in [&any, &tree, &slow] {
            let _ = form.read(&text).await;
        }
    }
}

#[test]
fn a_schema_is_told_from_an_example() {
    for schema in [
        json!({"type": "object"}),
        json!({"type": "object", "properties": {"type": {"type": "string"}}, "required": ["type"]}),
        json!({"properties": {"a": {}}}),
        json!({"$ref": "#/$defs/a", "$defs": {"a": {"type": "object"}}}),
        json!({"anyOf": [{"type": "object"}]}),
    ] {
        assert!(is_schema(&schema), "{schema}");
    }
    for example in [
        json!({"review": "the review"}),
        json!({"type": "bug", "title": "a title"}),
        json!({"type": "object", "name": "x"}),
        json!({"description": "what it does"}),
        json!([{"type": "object"}]),
        json!("text"),
    ] {
        assert!(!is_schema(&example), "{example}");
    }
}
