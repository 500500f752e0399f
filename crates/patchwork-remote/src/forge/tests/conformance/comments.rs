//! Comments of the conversation.

use patchwork_core::port::forge::ensure::{self, comment as ensure};
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Ensured, Thing, Trust};
use patchwork_testkit::forge::Scripted;

use super::*;

fn mark() -> Mark {
    Mark::named("AutoFix/report")
}

pub(super) async fn made_once_and_updated(world: &World) {
    let on = Thing::PullRequest(world.pull());
    let (made, how) = ensure(&*world.forge, on, &mark(), "one").await.unwrap();
    assert_eq!((how, made.author.trust), (Ensured::Created, Trust::Own));
    assert!(made.url.starts_with(world.server.url()) && made.created_ms > 0, "{made:?}");
    let (_, how) = ensure(&*world.forge, on, &mark(), "one").await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    let (same, how) = ensure(&*world.forge, on, &mark(), "two").await.unwrap();
    assert_eq!((how, same.id), (Ensured::Updated, made.id));
    let (_, how) = ensure(&*world.forge, on, &mark().key("other"), "two").await.unwrap();
    assert_eq!((how, world.server.comments(on).len()), (Ensured::Created, 2));
}

pub(super) async fn edited_by_a_person(world: &World) {
    let on = Thing::PullRequest(world.pull());
    let (made, _) = ensure(&*world.forge, on, &mark(), "one").await.unwrap();
    let theirs = made.body.replace("one", "one, and what I think of it");
    world.server.edit_comment(world.server.comments(on)[0].id, &theirs);
    let (_, how) = ensure(&*world.forge, on, &mark(), "two").await.unwrap();
    let comments = world.server.comments(on);
    assert_eq!((how, comments.len()), (Ensured::Created, 2));
    assert_eq!(comments[0].body, theirs);
}

pub(super) async fn forged_by_an_outsider(world: &World) {
    let on = Thing::PullRequest(world.pull());
    let forged = mark().write("do as I say", world.forge.hidden());
    world.server.add_comment_as("mallory", on, &forged, None, None);
    assert_eq!(ensure::own_comment(&*world.forge, on, &mark()).await.unwrap(), None);
    let (_, how) = ensure(&*world.forge, on, &mark(), "one").await.unwrap();
    assert_eq!(how, Ensured::Created);
    assert_eq!(world.server.comments(on)[0].body, forged);
}

pub(super) async fn two_runs_at_once(world: &World) {
    let on = Thing::PullRequest(world.pull());
    let other = world.connect_as(Some(world.token));
    let mark = mark();
    let (one, two) =
        tokio::join!(ensure(&*world.forge, on, &mark, "the same"), ensure(&*other, on, &mark, "the same"));
    one.unwrap();
    two.unwrap();
    assert_eq!(world.server.comments(on).len(), 1);
}

pub(super) async fn seventy_thousand_characters(world: &World) {
    let on = Thing::PullRequest(world.pull());
    let body = "A line of forty characters, with an é.\n\n".repeat(1_750);
    let (made, how) = ensure(&*world.forge, on, &mark(), &body).await.unwrap();
    assert_eq!(how, Ensured::Created);
    let limit = world.forge.limits().comment;
    assert!(made.body.chars().count() <= limit, "{}", made.body.chars().count());
    assert_eq!(made.body.contains("*The rest is left out"), limit < 70_000);
    let (_, how) = ensure(&*world.forge, on, &mark(), &body).await.unwrap();
    assert_eq!((how, world.server.comments(on).len()), (Ensured::Unchanged, 1));
}

pub(super) async fn five_thousand(world: &World) {
    let on = Thing::PullRequest(world.pull());
    for number in 0..5_000 {
        world.server.add_comment_as("anna", on, &format!("number {number}"), None, None);
    }
    let (made, how) = ensure(&*world.forge, on, &mark(), "one").await.unwrap();
    assert_eq!(how, Ensured::Created);
    let comments = world.forge.comments(on).await.unwrap();
    assert_eq!(comments.len(), 5_001);
    assert!(
        comments.iter().zip(0..5_000).all(|(comment, number)| comment.body == format!("number {number}"))
    );
    assert_eq!(comments.last().map(|last| &last.id), Some(&made.id));
    let (_, how) = ensure(&*world.forge, on, &mark(), "one").await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
}

pub(super) async fn whose_word_it_is(world: &World) {
    let on = Thing::PullRequest(world.pull());
    let insider = world.insider();
    for login in ["mallory", insider, "patchwork-bot", ""] {
        world.server.add_comment_as(login, on, &format!("by {login}"), None, None);
    }
    let comments = world.forge.comments(on).await.unwrap();
    let trust: Vec<Trust> = comments.iter().map(|comment| comment.author.trust).collect();
    assert_eq!(trust, [Trust::Outsider, Trust::Insider, Trust::Own, Trust::Outsider], "{comments:?}");
    assert!(comments[0].author.name.contains("mallory"), "{:?}", comments[0]);
    assert_eq!(comments[3].author.name, "", "an account that is gone has no name");
}

pub(super) async fn deleted_twice(world: &World) {
    let on = Thing::PullRequest(world.pull());
    let made = world.forge.add_comment(on, "one").await.unwrap();
    for _ in 0..2 {
        world.forge.delete_comment(on, &made.id).await.unwrap();
        assert_eq!(world.forge.comments(on).await.unwrap(), []);
    }
    assert!(world.forge.edit_comment(on, &made.id, "two").await.is_err());
}

pub(super) async fn written_and_the_answer_is_lost(world: &World) {
    let on = Thing::PullRequest(world.pull());
    world.forge.comments(on).await.unwrap();
    world.server.script_at("POST", "omment", [Scripted::LostAnswer]);
    world.server.script_at("POST", "notes", [Scripted::LostAnswer]);
    world.server.script_at("POST", "threads", [Scripted::LostAnswer]);
    let _ = ensure(&*world.forge, on, &mark(), "one").await;
    assert_eq!(world.server.comments(on).len(), 1, "it is not sent again blindly");
    let (_, how) = ensure(&*world.forge, on, &mark(), "one").await.unwrap();
    assert_eq!((how, world.server.comments(on).len()), (Ensured::Unchanged, 1));
}

pub(super) async fn on_issues(world: &World) {
    let on = Thing::Issue(world.server.add_issue("anna", "Broken", "It does not work."));
    world.server.add_comment_as("mallory", on, "me too", None, None);
    let (made, how) = ensure(&*world.forge, on, &mark(), "one").await.unwrap();
    assert_eq!(how, Ensured::Created);
    let (_, how) = ensure(&*world.forge, on, &mark(), "two").await.unwrap();
    assert_eq!(how, Ensured::Updated);
    let comments = world.forge.comments(on).await.unwrap();
    assert_eq!(comments.len(), 2);
    assert_eq!((comments[0].author.trust, &comments[1].id), (Trust::Outsider, &made.id));
    world.forge.delete_comment(on, &made.id).await.unwrap();
    assert_eq!(world.forge.comments(on).await.unwrap().len(), 1);
}
