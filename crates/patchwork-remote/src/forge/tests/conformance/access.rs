//! Who we are, what the token may do, and what is said when it may not.

use patchwork_core::port::forge::{ForgeKind, Thing};
use patchwork_testkit::forge::Scripted;

use super::*;

pub(super) async fn facts_of_the_repository(world: &World) {
    world.forge.check().await.unwrap();
    let facts = world.forge.repository().await.unwrap();
    assert_eq!(facts.default_branch, "main");
    assert!(facts.full_name.ends_with("app"), "{facts:?}");
    assert!(facts.url.starts_with("http") && facts.url.contains("app"), "{facts:?}");
    assert!(!facts.archived && facts.may_push != Some(false), "{facts:?}");
    assert!(world.forge.account().await.unwrap().unwrap().contains("patchwork-bot"));
    let credential = world.forge.git_credential().await.unwrap().unwrap();
    assert_eq!(credential.token.expose(), world.token);
    let homes = world.forge.homes();
    assert!(homes.contains(&facts.url), "{homes:?} {facts:?}");
    let pull = world.forge.pull_request(world.pull()).await.unwrap().pull.url;
    assert!(homes.iter().any(|home| pull.starts_with(&format!("{home}/"))), "{homes:?} {pull}");
    assert_eq!(world.server.writes().len(), 0);
}

pub(super) async fn a_token_that_is_not_accepted(world: &World) {
    let wrong = "wrong0123456789";
    let forge = world.connect_as(Some(wrong));
    let said = words(forge.check().await.unwrap_err());
    assert!(said.contains("does not accept the token"), "{said}");
    assert!(said.contains(world.kind.token_option()) && !said.contains(wrong), "{said}");
}

pub(super) async fn a_token_without_a_scope(world: &World) {
    let on = Thing::PullRequest(world.pull());
    world.forge.check().await.unwrap();
    let answer = |status, body: &str| Scripted::Answer { status, headers: Vec::new(), body: body.to_owned() };
    let (refused, missing) = match world.kind {
        ForgeKind::GitHub => (
            Scripted::status(404, "Not Found")
                .header("x-oauth-scopes", "read:user")
                .header("x-accepted-oauth-scopes", "repo"),
            "the token needs the scope repo; it has read:user",
        ),
        ForgeKind::GitLab => {
            (answer(403, r#"{"error":"insufficient_scope","scope":"api"}"#), "the token needs the scope api")
        }
        ForgeKind::AzureDevOps => (
            answer(
                403,
                r#"{"message":"TF401027: You need the Git 'PullRequestContribute' permission to perform this action.","typeKey":"GitNeedsPermissionException"}"#,
            ),
            "PullRequestContribute",
        ),
        ForgeKind::Gitea => (
            answer(
                403,
                r#"{"message":"token does not have at least one of required scope(s), required=[write:issue], token scope=read:issue"}"#,
            ),
            "the token needs the scope write:issue; it has read:issue",
        ),
        ForgeKind::Bitbucket => (
            answer(
                403,
                r#"{"type":"error","error":{"message":"no","detail":{"required":["pullrequest:write"],"granted":["repository"]}}}"#,
            ),
            "the token needs the scope pullrequest:write; it has repository",
        ),
    };
    world.server.script("POST", [refused]);
    let said = words(world.forge.add_comment(on, "x").await.unwrap_err());
    assert!(said.contains(missing) && !said.contains(world.token), "{said}");
}

pub(super) async fn a_token_that_may_only_read(world: &World) {
    world.server.read_only();
    let said = words(world.forge.open_pull_request(&spec("Fixes", "one")).await.unwrap_err());
    assert!(said.contains("may not") || said.contains("needs"), "{said}");
    assert!(said.contains(world.kind.token_option()) && !said.contains(world.token), "{said}");
    assert_eq!(world.server.pulls().len(), 0);
}

pub(super) async fn no_token(world: &World) {
    let forge = world.connect_as(None);
    assert_eq!(forge.account().await.unwrap(), None);
    assert!(forge.git_credential().await.unwrap().is_none());
    let said = words(forge.check().await.unwrap_err());
    assert!(said.contains(world.kind.token_option()), "{said}");
}

pub(super) async fn a_repository_that_is_not_there(world: &World) {
    world.server.with(|state| state.slug = state.slug.replace("app", "other"));
    let said = words(world.forge.check().await.unwrap_err());
    assert!(said.contains("app") && said.contains(world.kind.token_option()), "{said}");
    assert!(world.server.requests().len() <= 2, "a 404 is not tried again: {:?}", world.server.log());
}
