use patchwork_testkit::forge::{ForgeServer, Scripted};
use patchwork_testkit::git_http::GitHttp;
use serde_json::{Value, json};

use super::*;
use crate::steps::pr::fixture::{Fixture, TOKEN};

/// A commit on `patchwork-main`, and the input that publishes it.
async fn committed(fixture: &Fixture, more: Value) -> Value {
    fixture.edit("a.py", "a = 2\n");
    let commit = json!({ "modified_code_files": [{ "path": "a.py" }] });
    let (made, _) = fixture.test.run_json(super::super::commit_changes::CommitChanges, commit).await.unwrap();
    let mut input = json!({
        "base_branch": made["base_branch"], "target_branch": made["target_branch"], "head": made["head"],
        "pr_title": "Fixes", "pr_body": "all of them",
    });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fixture.input(input)
}

async fn run(fixture: &Fixture, input: Value) -> (Value, Option<String>) {
    fixture.test.run_json(CreatePR, input).await.unwrap()
}

#[tokio::test]
async fn a_branch_is_pushed_and_its_pull_request_opened_once() {
    let fixture = Fixture::new().await;
    let input = committed(&fixture, json!({ "force_pr_creation": true })).await;
    let (output, skipped) = run(&fixture, input.clone()).await;
    assert_eq!(skipped, None);
    assert_eq!(fixture.in_remote(&["rev-parse", "patchwork-main"]), input["head"].as_str().unwrap());
    let pull = fixture.forge.pulls().remove(0);
    assert_eq!(
        (pull.base.as_str(), pull.head.as_str(), pull.title.as_str(), pull.body.as_str()),
        ("main", "patchwork-main", "Fixes", "all of them")
    );
    let url = output["pr_url"].as_str().unwrap();
    assert_eq!((&output["pr_number"], &output["pr_outcome"]), (&json!(1), &json!("created")));
    let produced = [
        "branch patchwork-main".to_owned(),
        "pushed branch origin/patchwork-main".to_owned(),
        format!("pull request {url}"),
    ];
    assert_eq!(fixture.produced(), produced);

    let asked = fixture.forge.log().len();
    let (again, _) = run(&fixture, input).await;
    assert_eq!(again, output, "one run does it once, and remembers how that went");
    let writes =
        fixture.forge.log().split_off(asked).into_iter().filter(|request| !request.starts_with("GET"));
    assert_eq!(writes.count(), 0);
    assert_eq!(fixture.produced(), produced, "nothing was produced by doing it again");
    assert_eq!(fixture.forge.pulls().len(), 1);
}

#[tokio::test]
async fn nothing_is_pushed_when_nothing_is_to_be_published() {
    let fixture = Fixture::new().await;
    let input = committed(&fixture, json!({})).await;
    let cases = [
        (json!({ "disable_pr": true }), "disable_pr"),
        (json!({ "target_branch": "" }), "no branch"),
        (json!({ "base_branch": null }), "base_branch"),
        (json!({ "base_branch": "patchwork-main" }), "into itself"),
        (json!({ "head": null }), "no commit"),
    ];
    for (more, reason) in cases {
        let mut input = input.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (output, skipped) = run(&fixture, input).await;
        assert!(skipped.as_deref().is_some_and(|s| s.contains(reason)), "{reason}: {skipped:?}");
        assert_eq!(output, json!({ "pr_url": "", "pr_number": null, "pr_outcome": null }));
    }
    let tokenless = fixture.test.clone().secret("github_api_key", "");
    let (_, skipped) = tokenless.run_json(CreatePR, input).await.unwrap();
    assert!(skipped.unwrap().contains("GITHUB_TOKEN"));
    assert_eq!(fixture.remote_branches(), ["main"]);
    assert!(fixture.forge.writes().is_empty(), "{:?}", fixture.forge.log());
}

#[tokio::test]
async fn an_open_pull_request_is_left_alone_unless_forced() {
    let fixture = Fixture::new().await;
    let input = committed(&fixture, json!({})).await;
    fixture.forge.add(fixture.forge.pull("main", "patchwork-main", "theirs", "theirs"));
    let (output, skipped) = run(&fixture, input.clone()).await;
    assert!(skipped.unwrap().contains("force_pr_creation"));
    assert_eq!((&output["pr_number"], &output["pr_outcome"]), (&json!(1), &Value::Null));
    assert!(output["pr_url"].as_str().unwrap().ends_with("/pull/1"));
    assert_eq!(fixture.remote_branches(), ["main"], "not even pushed");

    let mut forced = input;
    forced["force_pr_creation"] = json!(true);
    assert_eq!(run(&fixture, forced).await.0["pr_outcome"], "updated");
    assert_eq!(fixture.forge.pulls()[0].title, "Fixes");
    assert_eq!(fixture.remote_branches(), ["main", "patchwork-main"]);
}

#[tokio::test]
async fn a_failure_after_the_push_is_mended_by_doing_it_again() {
    let fixture = Fixture::new().await;
    let input = committed(&fixture, json!({})).await;
    fixture.forge.script("POST", [Scripted::status(422, "Validation Failed")]);
    let error = fixture.test.run_json(CreatePR, input.clone()).await.unwrap_err();
    assert!(error.to_string().contains("Validation Failed"), "{error}");
    let pushed = fixture.in_remote(&["reflog", "--all"]);
    let (output, _) = run(&fixture, input).await;
    assert_eq!(output["pr_outcome"], "created");
    assert_eq!(fixture.in_remote(&["reflog", "--all"]), pushed);
    let pushes = fixture.produced().iter().filter(|what| what.starts_with("pushed")).count();
    assert_eq!(pushes, 1);
}

#[tokio::test]
async fn what_others_pushed_stays_and_no_pull_request_is_opened() {
    let fixture = Fixture::prepared(|repo| {
        repo.git(&["checkout", "--quiet", "-b", "theirs"]);
        repo.write("d.py", "d\n");
        repo.commit("theirs");
        repo.git(&["push", "--quiet", "origin", "theirs:patchwork-main"]);
        repo.git(&["checkout", "--quiet", "main"]);
    })
    .await;
    let input = committed(&fixture, json!({ "force_pr_creation": true })).await;
    let error = fixture.test.run_json(CreatePR, input).await.unwrap_err();
    assert!(error.to_string().contains("patchwork-main"), "{error}");
    assert_eq!(fixture.in_remote(&["log", "-1", "--format=%s", "patchwork-main"]), "theirs");
    assert_eq!(fixture.forge.pulls(), []);
}

#[tokio::test]
async fn the_text_fits_and_holds_no_secret() {
    let fixture = Fixture::new().await;
    let body = format!("{TOKEN}\n{}", "ü\n".repeat(40_000));
    let title = format!("with {TOKEN}");
    let input = committed(&fixture, json!({ "pr_body": body, "pr_title": title })).await;
    run(&fixture, input).await;
    let pull = fixture.forge.pulls().remove(0);
    assert!(pull.body.starts_with("***\nü\n") && pull.body.ends_with("may be.*"), "{}", pull.body.len());
    assert!(pull.body.chars().count() <= 65_536);
    assert_eq!(pull.title, "with ***");
}

#[tokio::test]
async fn a_run_that_ends_waits_for_no_forge() {
    let fixture = Fixture::new().await;
    let input = committed(&fixture, json!({})).await;
    fixture.forge.script("GET", [Scripted::status(429, "later").header("retry-after", "100")]);
    fixture.test.cancel().cancel();
    let error = fixture.test.run_json(CreatePR, input).await.unwrap_err();
    assert_eq!(error.into_failure().exit_code(), 130);
}

#[tokio::test]
async fn the_token_that_opens_the_pull_request_also_pushes() {
    let mut server = None;
    let fixture = Fixture::prepared(|repo| {
        // As on a forge: the remote is `…/octo/app.git`, and takes nobody without the token.
        let hosted = repo.beside("octo");
        std::fs::create_dir_all(&hosted).unwrap();
        repo.git_in(&hosted, &["clone", "--quiet", "--bare", repo.root().to_str().unwrap(), "app.git"]);
        repo.git_in(&hosted.join("app.git"), &["config", "http.receivepack", "true"]);
        let folder = hosted.parent().unwrap().to_owned();
        let git = std::thread::spawn(move || GitHttp::start(&folder, TOKEN)).join().unwrap();
        repo.git(&["remote", "set-url", "origin", &git.url("octo/app.git")]);
        server = Some(git);
    })
    .await;
    let forge = ForgeServer::github("octo/app", TOKEN).unwrap();
    let input = committed(&fixture, json!({ "scm_url": forge.url() })).await;
    let (output, _) = run(&fixture, input.clone()).await;
    assert_eq!(output["pr_outcome"], "created");
    let hosted = fixture.repo.beside("octo").join("app.git");
    assert_eq!(
        fixture.repo.git_in(&hosted, &["rev-parse", "patchwork-main"]),
        input["head"].as_str().unwrap()
    );
    assert_eq!(server.unwrap().pushes().len(), 1);
    let told = format!("{:?}", fixture.test.events.all());
    assert!(!told.contains(TOKEN), "{told}");
}
