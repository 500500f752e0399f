//! What a repository's file is refused, and what it is not.

use std::collections::BTreeSet;
use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;

use super::*;
use crate::config::merge::tests::BOUNDARY;
use crate::config::{Surroundings, merge, read_file};
use crate::diagnostic::SourceText;
use crate::failure::FailureKind;

fn specs() -> Vec<InputSpec> {
    let spec = |name: &str, schema: Value| InputSpec {
        name: name.to_owned(),
        schema,
        default: Value::Null,
        required: false,
        secret: false,
        path: false,
        receives: Vec::new(),
        user_only: false,
        foreign: false,
        heading: String::new(),
        help: String::new(),
    };
    let text = || json!({"type": "string"});
    vec![
        InputSpec { secret: true, ..spec("key", text()) },
        InputSpec { secret: true, ..spec("token", text()) },
        InputSpec { receives: vec!["key".to_owned()], ..spec("url", text()) },
        InputSpec { path: true, ..spec("files", json!({"type": "array", "items": {"type": "string"}})) },
        InputSpec { user_only: true, ..spec("arguments", text()) },
        spec("title", text()),
    ]
}

fn layer(origin: Origin, text: &str) -> Layer {
    read_file(&SourceText::new("x", text), origin).unwrap()
}

fn repositorys(text: &str) -> Layer {
    layer(Origin::RepositoryFile(".patchwork.yaml".to_owned()), text)
}

fn users(text: &str) -> Layer {
    layer(Origin::ConfigFile("mine.yml".to_owned()), text)
}

fn run(layers: &[Layer]) -> Result<Effective, String> {
    let variable = |name: &str| match name {
        "OUR_TOKEN" => Some("a-token".to_owned()),
        "DATABASE_URL" => Some("postgres://me:pass@db/x".to_owned()),
        "PAGE" => Some("https://example.org/@me:1".to_owned()),
        _ => None,
    };
    let others = BTreeSet::new();
    let around = Surroundings {
        other_inputs: &others,
        variable: &variable,
        directory: Path::new("/typed"),
        boundary: BOUNDARY,
    };
    merge(&specs(), layers, &around).map_err(|failures| {
        assert!(failures.iter().all(|f| f.kind == FailureKind::Refused && f.hints == [HINT]), "{failures:?}");
        failures.iter().map(|failure| format!("{failure}\n")).collect()
    })
}

#[test]
fn an_address_gets_no_secret_of_somebody_else() {
    let address = "url: https://evil.example/v1\n";
    let borrowed = format!("{address}key: ${{OUR_TOKEN}}\n");
    let cases = [vec![repositorys(address), users("key: k")], vec![repositorys(&borrowed)]];
    assert_snapshot!(cases.map(|layers| run(&layers).unwrap_err()).concat(), @r"
    .patchwork.yaml:1: `url` would send your `key` (mine.yml:1) to `https://evil.example/v1`
    .patchwork.yaml:1: `url` would send your `key` (.patchwork.yaml:2) to `https://evil.example/v1`
    ");
}

#[test]
fn an_address_is_fine_without_a_secret_or_with_its_own_or_on_this_machine_or_by_the_user() {
    let address = "url: https://evil.example/v1\n";
    for layers in [
        vec![repositorys(address)],
        vec![repositorys(address), users("token: not-sent-there")],
        vec![repositorys(&format!("{address}key: its-own"))],
        vec![repositorys("url: http://localhost:1/v1"), users("key: k")],
        vec![repositorys("url: \"\""), users("key: k")],
        vec![users(&format!("{address}key: k"))],
        vec![repositorys(address), users("url: https://mine.example\nkey: k")],
    ] {
        run(&layers).unwrap();
    }
}

#[test]
fn credentials_are_for_secrets_only() {
    let told = run(&[repositorys("title: ${OUR_TOKEN}\nfiles: [a, \"${DATABASE_URL}\"]")]).unwrap_err();
    assert_snapshot!(told, @r"
    .patchwork.yaml:2: `files` can't hold DATABASE_URL: that variable looks like a credential
    .patchwork.yaml:1: `title` can't hold OUR_TOKEN: that variable looks like a credential
    ");
    // Whether the variable is set is not told either.
    assert!(run(&[repositorys("title: ${NO_SUCH_SECRET}")]).unwrap_err().contains("looks like"));
    let effective = run(&[repositorys("title: at ${PAGE}\nkey: ${OUR_TOKEN}")]).unwrap();
    assert_eq!(effective.values["title"].value, "at https://example.org/@me:1");
    run(&[users("title: ${OUR_TOKEN}")]).unwrap();
}

#[test]
fn paths_stay_inside_and_start_at_the_top() {
    let effective = run(&[repositorys("files: [a/b, c]")]).unwrap();
    assert_eq!(effective.values["files"].value, json!(["/top/a/b", "/top/c"]));
    assert_snapshot!(run(&[repositorys("files: [a, ../b]")]).unwrap_err(), @".patchwork.yaml:1: `files` is refused: the path `../b` is outside of the repository");
    assert_eq!(run(&[users("files: [../b]")]).unwrap().values["files"].value, json!(["/typed/../b"]));
}

#[test]
fn what_is_the_users_alone_is_refused_unless_it_is_hidden() {
    assert_snapshot!(run(&[repositorys("arguments: -x")]).unwrap_err(), @".patchwork.yaml:1: `arguments` can't be set by the repository's own file");
    run(&[repositorys("arguments: -x"), users("arguments: -y")]).unwrap();
    run(&[repositorys("arguments:")]).unwrap();
}

#[test]
fn a_resumed_run_sends_no_secret_to_the_address_of_the_repository() {
    let inputs = json!({"url": "https://evil.example"}).as_object().unwrap().clone();
    let layers = [users("key: k")];
    let secrets = run(&layers).unwrap();
    let check = |from: &[String]| {
        check_resumed(&specs(), &inputs, from, &layers, BOUNDARY.is_local, &secrets)
            .map_err(|f| f.to_string())
    };
    assert_snapshot!(check(&["url".to_owned()]).unwrap_err(), @"the repository's file: `url` would send your `key` (mine.yml:1) to `https://evil.example`");
    assert_eq!(check(&[]), Ok(()));
}

#[test]
fn an_address_holds_no_user_and_no_password() {
    let specs = specs();
    let of = |name: &str, value: &str| {
        address(specs.iter().find(|spec| spec.name == name).unwrap(), &json!(value))
    };
    let wrong = Fault::Wrong("must not hold a user or a password: what opens it is `key`".to_owned());
    assert_eq!(of("url", "https://me:pass@host.example.org/v1").as_ref(), Err(&wrong));
    assert_eq!(of("url", "http://pass@localhost:1/v1").as_ref(), Err(&wrong));
    assert_eq!(of("url", "https://example.org/@me:1"), Ok(()));
    assert_eq!(of("title", "https://me:pass@example.org"), Ok(()), "it gets no secret");
}
