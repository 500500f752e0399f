//! What goes wrong: things that are gone, texts that are too long, two runs at once, people's edits.

use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Ensured, ForgeError, Thing, ensure};

use super::*;

#[tokio::test]
async fn what_is_not_there_is_told() {
    let server = server();
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    let is_gone = |error: ForgeError, what: &str| {
        assert!(matches!(&error, ForgeError::NotFound { what: found } if found.contains(what)), "{error:?}");
    };
    is_gone(forge.pull_request(9).await.unwrap_err(), "pull request 9 in contoso/My App/shop");
    is_gone(forge.changes(9).await.unwrap_err(), "pull request 9");
    is_gone(forge.comments(Thing::PullRequest(9)).await.unwrap_err(), "pull request 9");
    is_gone(forge.add_comment(Thing::PullRequest(9), "x").await.unwrap_err(), "pull request 9");
    is_gone(forge.edit_comment(on, "77/1", "x").await.unwrap_err(), "comment 77/1");
    is_gone(forge.reply(on.number(), "77", "x").await.unwrap_err(), "thread 77");
    for odd in ["", "77", "/", "a/b", "../1", "77/1?x"] {
        is_gone(forge.edit_comment(on, odd, "x").await.unwrap_err(), "comment");
        is_gone(forge.delete_comment(on, odd).await.unwrap_err(), "comment");
    }
}

#[tokio::test]
async fn a_branch_that_is_gone_is_told() {
    let server = server();
    let forge = connect(&server);
    server.delete_branch("main");
    let said = words(forge.open_pull_request(&spec("Fixes", "x")).await.unwrap_err());
    assert!(said.contains("TF401398") && said.contains("both branches must be on Azure DevOps"), "{said}");
}

#[tokio::test]
async fn a_comment_of_seventy_thousand_characters_is_taken_and_a_longer_one_cut() {
    let server = server();
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    let mark = Mark::named("PRReview/summary");
    let long = "ä line\n".repeat(10_000);
    let (made, _) = ensure::comment(&*forge, on, &mark, &long).await.unwrap();
    assert!(made.body.contains(long.trim_end()));
    let (made, _) = ensure::comment(&*forge, on, &mark, &long.repeat(3)).await.unwrap();
    assert!(made.body.chars().count() <= 150_000 && made.body.contains("is left out"));
}

#[tokio::test]
async fn two_runs_at_once_leave_one_comment() {
    let server = server();
    let (one, other) = (connect(&server), connect(&server));
    let on = Thing::PullRequest(with_changes(&server));
    let mark = Mark::named("PRReview/summary");
    let (a, b) =
        tokio::join!(ensure::comment(&*one, on, &mark, "text"), ensure::comment(&*other, on, &mark, "text"));
    a.unwrap();
    b.unwrap();
    assert_eq!(server.comments(on).len(), 1);
}

#[tokio::test]
async fn a_comment_that_a_person_edited_is_left_alone() {
    let server = server();
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    let mark = Mark::named("PRReview/summary");
    ensure::comment(&*forge, on, &mark, "text").await.unwrap();
    let kept = server.comments(on).remove(0);
    server.edit_comment(kept.id, &format!("{}\n\nA person's remark.", kept.body));
    let (_, how) = ensure::comment(&*forge, on, &mark, "text").await.unwrap();
    assert_eq!((how, server.comments(on).len()), (Ensured::Created, 2));
    assert!(server.comments(on)[0].body.ends_with("A person's remark."));
}

#[tokio::test]
async fn a_comment_of_somebody_else_is_not_ours_to_change() {
    let server = server();
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    let id = server.add_comment_as("ann", on, "theirs", None, None);
    let said = words(forge.edit_comment(on, &format!("{id}/1"), "ours").await.unwrap_err());
    assert!(said.contains("may not change the comment"), "{said}");
    assert_eq!(server.comments(on)[0].body, "theirs");
}
