//! What goes wrong.

use patchwork_core::change::Side;
use patchwork_core::port::forge::{IssueSpec, NewLineComment, Thing, Trust};

use super::pulls::opened;
use super::*;

#[tokio::test]
async fn what_the_token_lacks_is_named() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    let forge = connect(&server);
    server.read_only();
    let failure = Failure::from(forge.add_comment(on, "x").await.unwrap_err());
    assert!(failure.message.contains("issues=write"), "{failure}");

    let classic = Scripted::status(404, "Not Found")
        .header("x-oauth-scopes", "read:user")
        .header("x-accepted-oauth-scopes", "repo");
    server.script("POST", [classic]);
    let failure = Failure::from(forge.add_comment(on, "x").await.unwrap_err());
    assert!(failure.message.contains("the scope repo; it has read:user"), "{failure}");
}

#[tokio::test]
async fn a_locked_conversation_and_a_branch_that_is_gone() {
    let server = server();
    let number = opened(&server, "anna");
    server.lock(number);
    server.installation_token();
    let forge = connect(&server);
    let failure = Failure::from(forge.add_comment(Thing::PullRequest(number), "x").await.unwrap_err());
    assert!(failure.message.contains("is locked"), "{failure}");

    server.delete_branch("main");
    let failure = ensure(&forge, &spec("Fixes", "one")).await.unwrap_err();
    assert!(failure.to_string().contains("base: invalid"), "{failure}");
    assert!(words(&failure).contains("must both be on GitHub"), "{}", words(&failure));
}

#[tokio::test]
async fn what_may_have_arrived_is_looked_for_before_it_is_sent_again() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    let forge = connect(&server);
    let limit = Scripted::status(403, "You have exceeded a secondary rate limit.").header("retry-after", "0");
    for (n, fault) in [limit, Scripted::LostAnswer, Scripted::status(502, "")].into_iter().enumerate() {
        server.script("POST", [fault]);
        let body = format!("comment {n}");
        assert_eq!(forge.add_comment(on, &body).await.unwrap().body, body);
        assert_eq!(server.comments(on).len(), n + 1, "{:?}", server.log());
    }
    let line = NewLineComment {
        path: "new.py".into(),
        old_path: None,
        side: Side::New,
        start_line: None,
        line: 1,
        other_line: None,
        body: "on a line".into(),
    };
    server.script("POST", [Scripted::LostAnswer, Scripted::LostAnswer]);
    let made = forge.add_line_comments(1, &"1".repeat(40), "", &[line]).await.unwrap();
    assert_eq!(made[0].body, "on a line");
    let thread = made[0].thread.clone().unwrap();
    assert_eq!(forge.reply(1, &thread, "answer").await.unwrap().body, "answer");
    let issue = IssueSpec { title: "t".into(), ..Default::default() };
    server.script("POST", [Scripted::LostAnswer]);
    forge.open_issue(&issue).await.unwrap();
    assert_eq!(server.issues().len(), 1);
    server.script("POST", [Scripted::status(502, "")]);
    let failure =
        Failure::from(forge.open_issue(&IssueSpec { body: "other".into(), ..issue }).await.unwrap_err());
    assert_eq!(failure.kind, FailureKind::Unavailable);
}

#[tokio::test]
async fn strange_answers_are_failures() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    let elsewhere = ForgeServer::github("octo/app", TOKEN).unwrap();
    let forge = connect(&server);
    forge.comments(on).await.unwrap();
    let answer = |body: &str| Scripted::Answer { status: 200, headers: vec![], body: body.into() };
    let cases = [
        (answer("<html>log in</html>"), "can't be read"),
        (answer("[{\"id\": 1"), "can't be read"),
        (answer("{\"comments\": []}"), "can't be read"),
        (answer("[{\"id\": -1, \"html_url\": 3}]"), "can't be read"),
        (answer(&"[".repeat(100_000)), "can't be read"),
        (answer("[]").header("link", format!("<{}/x>; rel=\"next\"", elsewhere.url())), "another host"),
        (Scripted::status(302, "").header("location", format!("{}/x", elsewhere.url())), "another host"),
    ];
    for (scripted, expected) in cases {
        server.script_at("GET", "/comments", [scripted]);
        let failure = Failure::from(forge.comments(on).await.unwrap_err());
        assert!(failure.to_string().contains(expected), "{failure}");
    }
    assert_eq!(elsewhere.log(), [""; 0]);
}

#[tokio::test]
async fn addresses_and_names_of_a_hostile_server_lead_nowhere() {
    let server = server();
    let number = opened(&server, "anna");
    let forge = connect(&server);
    let comment = serde_json::json!([
        { "id": 1, "html_url": "javascript:alert(1)", "body": null, "user": null },
        { "id": 2, "html_url": "https://me:pw@evil.test/x", "body": "x", "user": { "login": "patchwork-bot" },
          "created_at": "never", "author_association": "OWNER" },
    ]);
    let answer = Scripted::Answer { status: 200, headers: vec![], body: comment.to_string() };
    server.script_at("GET", "/issues/1/comments", [answer]);
    let comments = forge.comments(Thing::PullRequest(number)).await.unwrap();
    assert!(comments.iter().all(|comment| comment.url.starts_with("octo/app/")), "{comments:?}");
    assert_eq!((comments[0].author.trust, comments[0].author.name.as_str()), (Trust::Outsider, ""));
    assert_eq!(comments[1].author.trust, Trust::Own);
}

#[tokio::test]
async fn without_a_token_nothing_is_asked_that_needs_one() {
    let server = server();
    let other = Credential::Token { forge: ForgeKind::GitLab, token: Secret::new("glpat-x") };
    let target = ForgeTarget {
        remote_url: "git@github.com:octo/app.git".into(),
        api_url: Some(server.url().to_owned()),
        credentials: vec![other],
    };
    let forge = Sites::new().connect(&target).unwrap();
    assert_eq!(forge.kind(), ForgeKind::GitHub);
    assert_eq!(forge.account().await.unwrap(), None);
    assert!(forge.git_credential().await.unwrap().is_none());
    assert!(check(&forge).await.is_err(), "the stand-in takes no one without a token");
    assert!(server.requests().iter().all(|r| r.headers.iter().all(|(_, value)| !value.contains("glpat"))));
}
