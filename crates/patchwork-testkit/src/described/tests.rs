use serde_json::{Value, json};

use super::*;

/// Judges a request with a JSON body; the faults, or the operation with its parameters.
fn judged(site: &Description, line: &str, body: Value) -> Vec<String> {
    let (method, target) = line.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<_> = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let headers = [("content-type".to_owned(), "application/json; charset=utf-8".to_owned())];
    let body = (!body.is_null()).then_some(&body);
    match site.judge(&Request { method, path, query: &query, headers: &headers, body }) {
        Ok(judged) => vec![format!("{} {:?}", judged.operation.id(), judged.path_params)],
        // The place is the same in all of them.
        Err(faults) => faults
            .iter()
            .map(|fault| fault.split_once("): ").map_or(&**fault, |(_, rest)| rest).to_owned())
            .collect(),
    }
}

#[test]
fn a_described_request_is_taken() {
    let github = Description::github();
    assert_eq!(
        judged(
            github,
            "GET /api/v3/repos/acme/shop/pulls?state=open&head=acme:fix&per_page=100",
            Value::Null
        ),
        [r#"pulls/list {"owner": "acme", "repo": "shop"}"#]
    );
    let pull = json!({"title": "Fix", "head": "fix", "base": "main", "body": "Text", "draft": false});
    assert_eq!(
        judged(github, "POST /repos/acme/shop/pulls", pull),
        [r#"pulls/create {"owner": "acme", "repo": "shop"}"#]
    );
    let review = json!({"event": "COMMENT", "body": "b", "comments": [{"path": "a.rs", "line": 3, "side": "RIGHT", "body": "x"}]});
    assert_eq!(
        judged(github, "POST /repos/acme/shop/pulls/7/reviews", review),
        [r#"pulls/create-review {"owner": "acme", "pull_number": "7", "repo": "shop"}"#]
    );
    assert_eq!(
        judged(github, "GET /repos/acme/shop/contents/src/lib.rs?ref=main", Value::Null),
        [r#"repos/get-content {"owner": "acme", "path": "src/lib.rs", "repo": "shop"}"#]
    );
    assert_eq!(
        judged(github, "GET /repos/acme/shop/commits/feature/a/check-runs", Value::Null),
        [r#"checks/list-for-ref {"owner": "acme", "ref": "feature/a", "repo": "shop"}"#]
    );
    assert_eq!(
        judged(github, "POST /repos/acme/shop/issues/1/labels", json!({"labels": ["a"]})),
        [r#"issues/add-labels {"issue_number": "1", "owner": "acme", "repo": "shop"}"#]
    );
}

#[test]
fn every_fault_of_a_request_is_named() {
    let github = Description::github();
    assert_eq!(
        judged(github, "GET /repos/a/b/pulls?stat=open&page=two&sort=age&page=3", Value::Null),
        [
            "query: page: is given 2 times",
            r#"query: sort: "age" is not one of "created", "updated", "popularity" or "long-running""#,
            "query: stat: is not described",
        ]
    );
    assert_eq!(
        judged(
            github,
            "POST /repos/a/b/pulls",
            json!({"head": 7, "base": "main", "title": "x".repeat(300), "labels": []})
        ),
        [""]
    );
    assert_eq!(judged(github, "POST /repos/a/b/pulls", Value::Null), ["body: is missing"]);
    assert_eq!(
        judged(github, "GET /repos/a/b/pulls/x", Value::Null),
        [r#"path: pull_number: "x" is not of type "integer""#]
    );
    assert_eq!(judged(github, "GET /repos/a/b/pulls/1", json!({})), ["body: none is described"]);
    assert_eq!(
        judged(github, "GET /repos/a/b/pull/1", Value::Null),
        ["GET /repos/a/b/pull/1: no such path is described"]
    );
    assert_eq!(
        judged(github, "PUT /repos/a/b/pulls/1", Value::Null),
        ["PUT /repos/a/b/pulls/1: only GET, PATCH is described"]
    );
    let review =
        json!({"event": "SHOUT", "comments": [{"path": "a.rs", "line": "3", "body": "x", "colour": 1}]});
    assert_eq!(judged(github, "POST /repos/a/b/pulls/7/reviews", review), [""]);
    assert_eq!(judged(github, "POST /repos/a/b/issues/1/labels", json!({"labels": [1]})), [""]);
}

/// Examples that the forges publish and that are not of their own schemas.
const CONTRADICTIONS: &[&str] = &[];

#[test]
fn published_examples_are_answers_of_their_own_schemas() {
    let mut found = Vec::new();
    for site in [Description::github()] {
        for operation in site.operations() {
            for status in operation.answers.keys().filter_map(|status| status.parse().ok()) {
                if let Some(example) = site.example(operation.id(), status)
                    && let Err(faults) = site.check_answer(operation.id(), status, example)
                {
                    found.extend(faults);
                }
            }
        }
    }
    assert_eq!(found, CONTRADICTIONS);
}
