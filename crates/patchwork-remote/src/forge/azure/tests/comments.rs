//! Comments of the conversation, threads, likes, dismissals.

use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Ensured, Hidden, LinePlace, Reaction, Thing, Trust, ensure};

use super::*;

fn place(line: Option<u32>) -> LinePlace {
    LinePlace { path: "src/a.rs".into(), side: Side::New, start_line: None, line }
}

#[tokio::test]
async fn a_comment_is_made_once_updated_in_place_and_deleted() {
    let server = server();
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    let mark = Mark::named("PRReview/summary");
    let (made, how) = ensure::comment(&*forge, on, &mark, "one").await.unwrap();
    assert_eq!((how, made.author.trust, made.place.clone()), (Ensured::Created, Trust::Own, None));
    assert!(made.id.ends_with("/1") && made.url.contains("/pullrequest/1?discussionId="), "{made:?}");
    let sent = server.writes().remove(0).body;
    assert_eq!(sent.get("status"), None, "a summary is nothing to resolve, and holds no pull request up");
    assert_eq!(ensure::comment(&*forge, on, &mark, "one").await.unwrap().1, Ensured::Unchanged);
    let (changed, how) = ensure::comment(&*forge, on, &mark, "two").await.unwrap();
    assert_eq!((how, &changed.id), (Ensured::Updated, &made.id));
    assert!(changed.body.ends_with("two") && changed.created_ms == made.created_ms);
    assert_eq!(server.comments(on).len(), 1);
    forge.delete_comment(on, &made.id).await.unwrap();
    forge.delete_comment(on, &made.id).await.unwrap();
    assert!(server.comments(on).is_empty());
}

#[tokio::test]
async fn authors_are_told_apart_and_what_the_site_writes_is_left_out() {
    let server = server();
    server.insider("ann");
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    server.add_comment_as("ann", on, "from a member", None, None);
    server.add_comment_as("mallory", on, "from a guest", None, None);
    let system = server.add_comment_as("ann", on, "ann joined as a reviewer", None, None);
    server.add_comment_as("", on, "from an account that is gone", None, None);
    server.with(|state| state.comment_mut(system).unwrap().system = true);
    let comments = forge.comments(on).await.unwrap();
    let told: Vec<_> =
        comments.iter().map(|one| (one.author.name.as_str(), one.author.trust, one.body.as_str())).collect();
    assert_eq!(
        told,
        [
            ("ann", Trust::Insider, "from a member"),
            ("mallory", Trust::Outsider, "from a guest"),
            ("", Trust::Outsider, "from an account that is gone"),
        ]
    );
}

#[tokio::test]
async fn threads_are_answered_and_resolved() {
    let server = server();
    server.insider("ann");
    let forge = connect(&server);
    let number = with_changes(&server);
    let on = Thing::PullRequest(number);
    let root = server.add_comment_as("ann", on, "why?", Some(place(Some(2))), None);
    let thread = forge.comments(on).await.unwrap()[0].thread.clone().unwrap();
    let answer = forge.reply(number, &thread, "because").await.unwrap();
    assert_eq!((answer.thread.as_ref(), answer.resolved), (Some(&thread), false));
    assert_eq!(answer.place, Some(place(Some(2))));
    for resolved in [true, false] {
        let how = ensure::resolved(&*forge, number, &thread, resolved).await.unwrap();
        assert_eq!(how, Ensured::Updated);
        assert_eq!(server.comments(on)[0].resolved, resolved);
        assert!(forge.comments(on).await.unwrap().iter().all(|one| one.resolved == resolved));
        assert_eq!(ensure::resolved(&*forge, number, &thread, resolved).await.unwrap(), Ensured::Unchanged);
    }
    assert_eq!(server.with(|state| state.azure.statuses[&root].clone()), "active");
    // An answer can be changed too, by its number in the thread.
    forge.edit_comment(on, &answer.id, "because of that").await.unwrap();
    assert_eq!(server.comments(on)[1].body, "because of that");
}

#[tokio::test]
async fn likes_approve_and_a_status_that_says_no_dismisses() {
    let server = server();
    server.insider("ann");
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    let body = Mark::named("PRReview").key("0123").write("a finding", Hidden::Html);
    let own = server.add_comment_as("patchwork-bot", on, &body, Some(place(Some(2))), None);
    server.add_comment_as("ann", on, "no", None, Some(own));
    server.react("ann", own, "+1");
    let reactions = |comments: Vec<patchwork_core::port::forge::Comment>| -> Vec<Vec<Reaction>> {
        comments.into_iter().map(|one| one.reactions).collect()
    };
    let found = reactions(forge.comments(on).await.unwrap());
    assert_eq!((found[0].len(), found[0][0].approves, found[0][0].by.name.as_str()), (1, Some(true), "ann"));
    for status in ["wontFix", "byDesign"] {
        server.resolve(own, true);
        server.with(|state| state.azure.statuses.insert(own, status.to_owned()));
        let comments = forge.comments(on).await.unwrap();
        assert!(comments[0].resolved, "{status}");
        let found = reactions(comments);
        let down = found[0].iter().find(|one| one.approves == Some(false)).unwrap();
        assert!(down.by.decides() && down.by.name.contains("status"), "{down:?}");
        assert!(found[1].is_empty(), "an answer is not what was dismissed");
    }
    server.with(|state| state.azure.statuses.insert(own, "fixed".to_owned()));
    assert_eq!(reactions(forge.comments(on).await.unwrap())[0].len(), 1);
}

#[tokio::test]
async fn a_thread_whose_lines_are_gone_keeps_its_file() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let on = Thing::PullRequest(number);
    server.add_comment_as("ann", on, "here", Some(place(Some(2))), None);
    assert_eq!(forge.comments(on).await.unwrap()[0].place, Some(place(Some(2))));
    server.push(number, &"9".repeat(40), "more", vec![file("src/new.rs", ChangeStatus::Added)]);
    assert_eq!(forge.comments(on).await.unwrap()[0].place, Some(place(None)));
    assert!(server.requests().last().unwrap().query.contains(&("$iteration".into(), "2".into())));
}

#[tokio::test]
async fn five_thousand_comments_are_read_at_once() {
    let server = server();
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    for number in 0..5000 {
        server.add_comment_as("ann", on, &format!("comment {number}"), None, None);
    }
    let comments = forge.comments(on).await.unwrap();
    assert_eq!((comments.len(), comments[4999].body.as_str()), (5000, "comment 4999"));
}
