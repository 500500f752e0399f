use patchwork_core::failure::FailureKind;
use patchwork_testkit::forge::{ForgeServer, Pull};
use serde_json::{Value, json};

use super::*;
use crate::steps::pr::fixture::{Fixture, TOKEN};

async fn run(fixture: &Fixture, more: Value) -> Value {
    fixture.test.run_json(Preflight, fixture.input(more)).await.unwrap().0
}

async fn refused(fixture: &Fixture, more: Value) -> StepError {
    fixture.test.run_json(Preflight, fixture.input(more)).await.unwrap_err()
}

#[tokio::test]
async fn what_is_possible_is_said_and_nothing_is_touched() {
    let fixture = Fixture::new().await;
    let before = fixture.repo.fingerprint();
    let output = run(&fixture, json!({})).await;
    let expected =
        json!({ "base_branch": "main", "target_branch": "patchwork-main", "open_pull_request": true });
    assert_eq!(output, expected);
    assert_eq!(fixture.repo.fingerprint(), before);
    assert_eq!(fixture.remote_branches(), ["main"]);
    assert!(fixture.forge.writes().is_empty(), "{:?}", fixture.forge.log());
    assert_eq!(fixture.test.warnings(), [""; 0]);
}

#[tokio::test]
async fn what_is_missing_for_a_pull_request_is_a_warning() {
    let tokenless = Fixture::new().await;
    let closed = tokenless.test.clone().secret("github_api_key", "");
    let (output, _) = closed.run_json(Preflight, tokenless.input(json!({}))).await.unwrap();
    assert_eq!(
        (&output["target_branch"], &output["open_pull_request"]),
        (&json!("patchwork-main"), &json!(false))
    );
    let warning = &closed.warnings()[0];
    assert!(warning.contains("github_api_key") && warning.contains("GITHUB_TOKEN"), "{warning}");

    let detached = Fixture::prepared(|repo| drop(repo.git(&["checkout", "--quiet", "--detach"]))).await;
    let output = run(&detached, json!({})).await;
    assert_eq!((&output["base_branch"], &output["open_pull_request"]), (&Value::Null, &json!(false)));
    assert!(detached.test.warnings()[0].contains("base_branch"));
    let output = run(&detached, json!({ "base_branch": "main" })).await;
    assert_eq!(output["open_pull_request"], true);

    let homeless = Fixture::prepared(|repo| drop(repo.git(&["remote", "remove", "origin"]))).await;
    assert_eq!(run(&homeless, json!({})).await["open_pull_request"], false);
    assert!(homeless.test.warnings()[0].contains("no remote"));

    let folder = Fixture::new().await;
    assert_eq!(run(&folder, json!({ "scm_url": null })).await["open_pull_request"], false);
    assert!(folder.test.warnings()[0].contains("leads to a forge"));
    assert_eq!(folder.forge.log(), [""; 0]);
}

#[tokio::test]
async fn what_is_not_wanted_is_not_tried() {
    let fixture = Fixture::new().await;
    fixture.forge.read_only();
    let output = run(&fixture, json!({ "disable_pr": true })).await;
    assert_eq!(
        (&output["target_branch"], &output["open_pull_request"]),
        (&json!("patchwork-main"), &json!(false))
    );
    for more in [json!({ "disable_branch": true }), json!({ "dry_run": true })] {
        let output = run(&fixture, more).await;
        let expected = json!({ "base_branch": "main", "target_branch": null, "open_pull_request": false });
        assert_eq!(output, expected);
    }
    assert_eq!(fixture.forge.log(), [""; 0]);
    assert_eq!(fixture.test.warnings(), [""; 0]);
}

#[tokio::test]
async fn a_token_that_will_not_do_ends_the_run() {
    let fixture = Fixture::new().await;
    fixture.forge.read_only();
    let failure = refused(&fixture, json!({})).await.into_failure();
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert!(failure.message.contains("not push"), "{failure}");

    let strict = ForgeServer::github("any/thing", "another-token").unwrap();
    let failure = refused(&fixture, json!({ "scm_url": strict.url() })).await.into_failure();
    assert!(failure.message.contains("does not accept the token"), "{failure}");
    assert!(!format!("{failure:?}").contains(TOKEN));
}

#[tokio::test]
async fn a_branch_that_can_not_be_made_ends_the_run() {
    let fixture = Fixture::prepared(|repo| drop(repo.git(&["branch", "patchwork-main"]))).await;
    let failure = refused(&fixture, json!({ "force_branch_creation": false })).await.into_failure();
    assert!(failure.message.contains("patchwork-main"), "{failure}");
    assert_eq!(run(&fixture, json!({})).await["open_pull_request"], true);
    refused(&fixture, json!({ "branch_prefix": "a b~" })).await;
    let empty = refused(&fixture, json!({ "branch_prefix": "" })).await;
    assert!(matches!(&empty, StepError::Input { field, .. } if field == "branch_prefix"), "{empty}");
    assert_eq!(
        fixture.forge.log().len(),
        3,
        "asked only when the branch can be made: {:?}",
        fixture.forge.log()
    );
}

#[tokio::test]
async fn an_open_pull_request_is_left_alone_unless_forced() {
    let fixture = Fixture::new().await;
    let open = Pull { number: 7, ..fixture.forge.pull("main", "patchwork-main", "x", "x") };
    fixture.forge.add(open);
    assert_eq!(run(&fixture, json!({})).await["open_pull_request"], false);
    let warning = &fixture.test.warnings()[0];
    assert!(warning.contains("/pull/7") && warning.contains("force_pr_creation"), "{warning}");
    assert_eq!(run(&fixture, json!({ "force_pr_creation": true })).await["open_pull_request"], true);
}

#[tokio::test]
async fn options_that_are_not_ours_are_errors() {
    let fixture = Fixture::new().await;
    let error = refused(&fixture, json!({ "branch_prefx": "x" })).await.to_string();
    assert!(error.contains("branch_prefx"), "{error}");
    refused(&fixture, json!({ "disable_pr": "no" })).await;
}
