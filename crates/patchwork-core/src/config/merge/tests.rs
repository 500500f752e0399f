//! Layers, and what users read about them.

use std::sync::Arc;

use insta::assert_snapshot;

use super::*;
use crate::config::{read_file, render};
use crate::diagnostic::SourceText;

fn spec(name: &str, schema: Value, default: Value) -> InputSpec {
    InputSpec {
        name: name.to_owned(),
        schema,
        default,
        required: false,
        secret: false,
        path: false,
        receives: Vec::new(),
        user_only: false,
        foreign: false,
        heading: String::new(),
        help: String::new(),
    }
}

fn specs() -> Vec<InputSpec> {
    vec![
        spec("severity", json!({"type": "string", "enum": ["low", "high"]}), json!("low")),
        spec("concurrency", json!({"type": "integer", "minimum": 1}), json!(8)),
        spec("disable_pr", json!({"type": "boolean"}), json!(false)),
        spec("labels", json!({"type": "array", "items": {"type": "string"}}), json!([])),
        spec("base_url", json!({"type": "string"}), Value::Null),
        InputSpec { path: true, ..spec("sarif_file_path", json!({"type": "string"}), Value::Null) },
        InputSpec { secret: true, ..spec("openai_api_key", json!({"type": "string"}), Value::Null) },
        InputSpec { secret: true, ..spec("github_api_key", json!({"type": "string"}), Value::Null) },
    ]
}

fn file(text: &str) -> Layer {
    let source: Arc<SourceText> = SourceText::new(".patchwork.yaml", text);
    read_file(&source, Origin::RepositoryFile(".patchwork.yaml".into())).unwrap()
}

fn command(values: Value) -> Layer {
    Layer::from(values.as_object().unwrap().clone())
}

/// A repository at `/top` without links; only `localhost` is on this machine.
pub(in crate::config) const BOUNDARY: Boundary<'_> = Boundary {
    inside: &|path| match path.contains("..") || path.starts_with('/') {
        true => Err(format!("the path `{path}` is outside of the repository")),
        false => Ok(Path::new("/top").join(path)),
    },
    is_local: &|address| address.starts_with("http://localhost"),
};

fn run(layers: &[Layer]) -> Result<Effective, String> {
    let others = BTreeSet::from(["language".to_owned()]);
    let variable = |name: &str| match name {
        "HOST" => Some("example.org".to_owned()),
        "N" => Some("4".to_owned()),
        "KEY" => Some("sk-from-environment".to_owned()),
        _ => None,
    };
    let around = Surroundings {
        other_inputs: &others,
        variable: &variable,
        directory: Path::new("/typed/here"),
        boundary: BOUNDARY,
    };
    merge(&specs(), layers, &around).map_err(|failures| {
        failures.iter().map(|f| format!("{:?} {f} {:?}\n", f.kind, f.hints)).collect::<String>()
    })
}

#[test]
fn later_layers_win_and_origins_are_kept() {
    let environment = Origin::Environment("OPENAI_API_KEY".into());
    let keys = json!({"openai_api_key": "sk-secret-value", "google_api_key": "x"});
    let effective = run(&[
        file("severity: high\nconcurrency: ${N}\nlanguage: for another patchflow\nbase-url: https://${HOST}/v1\ngithub_api_key: ${KEY}\n"),
        Layer::new(environment, keys.as_object().unwrap().clone()),
        command(json!({"severity": "LOW", "disable_pr": "yes", "labels": "a, b", "sarif_file_path": "x/a.sarif"})),
    ])
    .unwrap();
    assert_snapshot!(render(&effective), @r#"
    base_url         https://example.org/v1  .patchwork.yaml:4
    concurrency      4                       .patchwork.yaml:2
    disable_pr       true                    command line
    github_api_key   ***                     .patchwork.yaml:5
    labels           ["a","b"]               command line
    openai_api_key   ***                     environment OPENAI_API_KEY
    sarif_file_path  /typed/here/x/a.sarif   command line
    severity         low                     command line
    "#);
    assert_eq!(effective.inputs()["openai_api_key"], json!({"$secret": "openai_api_key"}));
    let secrets: Vec<_> =
        effective.secrets.iter().map(|(n, s, p)| (n.as_str(), s.expose(), p.to_string())).collect();
    assert_eq!(
        secrets,
        [
            ("openai_api_key", "sk-secret-value", "environment OPENAI_API_KEY".to_owned()),
            ("github_api_key", "sk-from-environment", ".patchwork.yaml:5".to_owned()),
        ]
    );
    assert!(!format!("{effective:?}").contains("sk-"), "{effective:?}");
}

#[test]
fn every_bad_value_is_told_at_once() {
    let failures = run(&[
        file(
            "severity: hihg\nconcurrency: 0\nbase_url: ${NOPE}\nseverty: low\nopenai_api_key: {a: secret}\n",
        ),
        command(json!({"disable_pr": "perhaps", "sarif_path": "x", "labels": {"a": 1}, "zzz": "1"})),
    ])
    .unwrap_err();
    assert_snapshot!(failures, @r#"
    Configuration .patchwork.yaml:4: there is no option `severty` ["did you mean `severity`?"]
    Usage there is no option `sarif_path` ["did you mean `sarif_file_path`?"]
    Usage there is no option `zzz` ["`--help` lists the options"]
    Configuration .patchwork.yaml:1: `severity` must be one of low, high, but is `hihg` []
    Configuration .patchwork.yaml:2: `concurrency` must be an integer of at least 1, but is `0` []
    Usage `disable_pr` must be true or false, but is `perhaps` []
    Usage `labels` must be a list of strings, but is a mapping []
    Configuration .patchwork.yaml:3: `base_url` needs the environment variable NOPE, which is not set []
    Configuration .patchwork.yaml:5: `openai_api_key` must be a text []
    "#);
}

#[test]
fn what_a_variable_holds_is_not_shown() {
    assert_snapshot!(run(&[file("concurrency: ${KEY}\n")]).unwrap_err(), @"Configuration .patchwork.yaml:1: `concurrency` must be an integer of at least 1, but is not once its variables are filled in []");
}

#[test]
fn a_hidden_value_is_not_looked_at() {
    let effective = run(&[file("concurrency: ${NOPE}\n"), command(json!({"concurrency": "2"}))]).unwrap();
    assert_eq!(effective.values["concurrency"].value, json!(2));
}

#[test]
fn options_of_the_original_without_meaning_are_said() {
    let effective =
        run(&[file("patched_api_key: abc\n"), command(json!({"disable_telemetry": "true"}))]).unwrap();
    assert_eq!(
        effective.warnings,
        [
            "`patched_api_key` (.patchwork.yaml:1) has no effect any more",
            "`disable_telemetry` (command line) has no effect any more"
        ]
    );
}

#[test]
fn an_empty_secret_is_not_given() {
    let effective =
        run(&[file("openai_api_key: kept-from-file\n"), command(json!({"openai_api_key": " "}))]).unwrap();
    assert_eq!(effective.secrets[0].1.expose(), "kept-from-file");
    let effective = run(&[command(json!({"openai_api_key": "", "base_url": ""}))]).unwrap();
    assert!(effective.secrets.is_empty());
    assert_eq!(effective.values["openai_api_key"].value, Value::Null);
    assert_eq!(effective.values["base_url"].value, json!(""));
}

#[test]
fn a_required_input_must_be_given() {
    let help = "The findings.".to_owned();
    let spec = InputSpec { required: true, help, ..spec("sarif", json!({"type": "string"}), Value::Null) };
    let others = BTreeSet::new();
    let around = Surroundings {
        other_inputs: &others,
        variable: &|_| None,
        directory: Path::new("/"),
        boundary: BOUNDARY,
    };
    let failures = merge(&[spec], &[], &around).unwrap_err();
    assert_snapshot!(format!("{} {:?}", failures[0], failures[0].hints), @r#"`sarif` is not given, and it has no default ["give it as `sarif=…`, or set it in a configuration file", "sarif: The findings."]"#);
}
