use patchwork_core::message::ToolChoice;
use patchwork_testkit::context::TestContext;
use serde_json::{Value, json};

use super::*;

fn options(options: Value) -> ModelOptions {
    serde_json::from_value(options).unwrap()
}

fn problem(given: Value) -> String {
    match options(given).merged().and_then(|options| options.asking()) {
        Ok(_) => "none".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn request(given: Value) -> Value {
    let request = options(given).merged().unwrap().asking().unwrap().request(Vec::new());
    serde_json::to_value(request).unwrap()
}

#[test]
fn several_models_are_the_first_and_its_fallbacks() {
    let context = TestContext::new().context("Probe", patchwork_core::step::Effects::NONE);
    for model in [json!("a, b/c,,d:e"), json!(["a", "b/c", "d:e"]), json!(["a,b/c", "d:e"])] {
        let target = options(json!({ "model": model })).target(&context);
        assert_eq!((target.model.as_deref(), target.fallbacks.len()), (Some("a"), 2), "{model}");
        assert_eq!(target.fallbacks, ["b/c", "d:e"]);
    }
    assert_eq!(options(json!({"model": ""})).target(&context).model, None);
}

#[test]
fn clients_are_reached_as_the_options_say() {
    let context = TestContext::new().context("Probe", patchwork_core::step::Effects::NONE);
    let given = json!({"client_is_gcp": true, "client_args": "project=p,location=eu,timeout=5,api_version=2024-10-21"});
    let target = options(given).merged().unwrap().target(&context);
    let vertex = target.vertex.unwrap();
    assert_eq!((vertex.project.as_deref(), vertex.location.as_deref()), (Some("p"), Some("eu")));
    assert_eq!(
        (target.timeout, target.api_version.as_deref()),
        (Some(Duration::from_secs(5)), Some("2024-10-21"))
    );
    assert_eq!(options(json!({"client_is_gcp": false})).target(&context).vertex, None);
}

#[test]
fn every_setting_reaches_the_request() {
    let parameters = json!({
        "max_tokens": 9, "temperature": 0.5, "top_p": 0.25, "stop": ["a,b"], "seed": 3, "reasoning_effort": "low",
        "frequency_penalty": -1.0, "presence_penalty": 1.5, "logit_bias": {"7": -100.0}, "logprobs": 4,
    });
    let one_by_one = json!({
        "model_max_tokens": 9, "model_temperature": 0.5, "model_top_p": 0.25, "model_stop": "a,b", "model_seed": 3,
        "model_reasoning_effort": "low", "model_frequency_penalty": -1, "model_presence_penalty": 1.5,
        "model_logit_bias": {"7": -100}, "model_top_logprobs": 4, "model_n": 1,
    });
    assert_eq!(request(one_by_one)["parameters"], parameters);
    let object = json!({
        "max_tokens": 9, "temperature": 0.5, "top_p": 0.25, "stop": "a,b", "seed": 3, "model_reasoning_effort": "low",
        "frequency_penalty": -1, "presence_penalty": 1.5, "logit_bias": {"7": -100}, "logprobs": true, "top_logprobs": 4,
    });
    assert_eq!(request(json!({ "model_args": object }))["parameters"], parameters);
    assert_eq!(request(json!({ "model_args": object.to_string() }))["parameters"], parameters);
    let both = json!({"model_args": "temperature=1, top_p=0.5", "model_temperature": 0});
    assert_eq!(request(both)["parameters"], json!({"temperature": 0.0, "top_p": 0.5}));
    assert_eq!(request(json!({"model_logprobs": true}))["parameters"], json!({"logprobs": 0}));
}

#[test]
fn tools_are_taken_in_both_forms() {
    let tool = json!({"name": "find", "description": "Finds.", "parameters": {"type": "object"}});
    let given = json!({
        "model_tools": [{"type": "function", "function": {"name": "end", "strict": true}}, tool],
        "model_tool_choice": {"type": "function", "function": {"name": "find"}},
    });
    let request = request(given);
    assert_eq!(request["tools"][0]["parameters"], json!({"type": "object", "properties": {}}));
    assert_eq!(request["tools"][1], tool);
    assert_eq!(request["tool_choice"], serde_json::to_value(ToolChoice::Named("find".into())).unwrap());
}

#[test]
fn a_form_is_asked_for_and_kept_for_checking() {
    let schema = json!({"type": "object"});
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "mine", "schema": schema, "strict": true}});
    let asking = options(json!({ "model_response_format": format })).asking().unwrap();
    let output = asking.request(Vec::new()).output.unwrap();
    assert_eq!((output.name.as_str(), output.schema.as_ref()), ("mine", Some(&schema)));
    assert_eq!(asking.form.unwrap().schema(), Some(&schema));
    assert_eq!(
        request(json!({"model_response_format": {"type": "json_object"}}))["output"],
        json!({"name": "answer"})
    );
    assert_eq!(request(json!({"model_response_format": {"type": "text"}}))["output"], Value::Null);
}

#[test]
fn what_can_not_be_understood_names_its_option() {
    for (given, words) in [
        (json!({"model_n": 2}), "`model_n`: 2 answers for a prompt are not possible"),
        (json!({"model_temperature": 2.5}), "`model_temperature`: 2.5 is out of range: expected 0 to 2"),
        (json!({"model_top_p": -1}), "`model_top_p`: -1 is out of range"),
        (
            json!({"model_presence_penalty": 3}),
            "`model_presence_penalty`: 3 is out of range: expected -2 to 2",
        ),
        (json!({"model_logit_bias": {"5": 101}}), "`model_logit_bias.5`: 101 is out of range"),
        (json!({"model_max_tokens": 0}), "`model_max_tokens`: 0 is out of range"),
        (json!({"model_top_logprobs": 21}), "`model_top_logprobs`: 21 is out of range"),
        (json!({"model_top_logprobs": 2, "model_logprobs": false}), "`model_top_logprobs`: likely tokens"),
        (
            json!({"model_args": "temprature=1"}),
            "`model_args.temprature`: there is no such option: did you mean `temperature`?",
        ),
        (
            json!({"model_args": {"max_tokens": "many"}}),
            "`model_args.max_tokens`: invalid type: string \"many\"",
        ),
        (json!({"model_args": {"temperature": 9}}), "`model_temperature`: 9 is out of range"),
        (json!({"model_args": "warm"}), "`model_args`: expected an object, its JSON, or `name=value`"),
        (json!({"model_args": "{\"a\""}), "`model_args`: it is not JSON"),
        (json!({"model_args": {"args": {}}}), "`model_args.args`: there is no such option"),
        (json!({"client_args": "openai_api_key=x"}), "`client_args.openai_api_key`: there is no such option"),
        (
            json!({"client_args": {"base_ulr": "x"}}),
            "`client_args.base_ulr`: there is no such option: did you mean `base_url`?",
        ),
        (
            json!({"model_tools": [{"name": "a b", "parameters": {}}]}),
            "`model_tools[0].name`: expected letters",
        ),
        (
            json!({"model_tools": [{"name": "a", "parameters": 5}]}),
            "`model_tools[0].parameters`: expected the JSON Schema",
        ),
        (
            json!({"model_tools": [{"name": "a", "parameters": {}}, {"name": "a", "parameters": {}}]}),
            "`model_tools[1].name`: there are two tools named `a`",
        ),
        (json!({"model_tool_choice": "auto"}), "`model_tool_choice`: there are no tools"),
        (
            json!({
                "model_tools": [{"name": "a", "parameters": {}}],
                "model_tool_choice": {"type": "function", "function": {"name": "b"}},
            }),
            "`model_tool_choice`: there is no tool `b`: expected a",
        ),
        (
            json!({"model_response_format": {"type": "json_schema", "json_schema": {"name": "", "schema": {}}}}),
            "`model_response_format.json_schema.name`: expected letters",
        ),
        (
            json!({"model_response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "x"}}}}),
            "`model_response_format.json_schema.schema`: it is not a valid JSON Schema",
        ),
    ] {
        let problem = problem(given.clone());
        assert!(problem.starts_with(words), "{given}: {problem}");
    }
}
