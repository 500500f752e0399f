//! Comments of the conversation, threads, reactions, and whom to trust.

use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Ensured, ForgeError, Hidden, LinePlace, Thing, Trust, ensure};
use patchwork_testkit::forge::Scripted;

use super::*;

fn place(line: u32) -> Option<LinePlace> {
    Some(LinePlace { path: "src/a.rs".into(), side: Side::New, start_line: None, line: Some(line) })
}

#[tokio::test]
async fn comments_are_read_with_author_thread_and_place() {
    let server = server();
    let on = Thing::PullRequest(with_changes(&server));
    server.insider("ada");
    let first = server.add_comment_as("mallory", on, "first", None, None);
    let line = server.add_comment_as("ada", on, "on a line", place(2), None);
    server.add_comment_as("patchwork-bot", on, "answer", None, Some(line));
    server.add_comment_as("", on, "from the grave", None, None);
    server.with(|state| {
        let login = state.login.clone();
        let id = state.add_comment(&login, on, "changed the title", None, None);
        state.comment_mut(id).unwrap().system = true;
    });
    server.resolve(line, true);
    let comments = connect(&server).comments(on).await.unwrap();
    let shown: Vec<_> = comments.iter().map(|c| (c.body.as_str(), c.author.trust, c.resolved)).collect();
    assert_eq!(
        shown,
        [
            ("first", Trust::Outsider, false),
            ("on a line", Trust::Insider, true),
            ("answer", Trust::Own, true),
            ("from the grave", Trust::Outsider, false),
        ]
    );
    assert_eq!(comments[0].url, format!("{}/{PROJECT}/-/merge_requests/1#note_{first}", server.url()));
    assert_eq!((comments[0].place.clone(), comments[1].place.clone()), (None, place(2)));
    assert_eq!(comments[1].thread, comments[2].thread);
    assert_ne!(comments[0].thread, comments[1].thread);
    assert_eq!(comments[3].author.name, "");
    assert!(comments[0].created_ms > 1_700_000_000_000);
}

#[tokio::test]
async fn a_line_that_a_push_took_away_has_no_number() {
    let server = server();
    let number = with_changes(&server);
    let on = Thing::PullRequest(number);
    server.add_comment_as("ada", on, "stays", place(2), None);
    server.add_comment_as("ada", on, "goes", place(3), None);
    server.push(
        number,
        &"9".repeat(40),
        "less",
        vec![file("src/a.rs", "@@ -1,2 +1,2 @@\n one\n-two\n+zwei\n")],
    );
    let comments = connect(&server).comments(on).await.unwrap();
    let lines: Vec<_> = comments.iter().map(|comment| comment.place.as_ref().unwrap().line).collect();
    assert_eq!(lines, [Some(2), None]);
}

#[tokio::test]
async fn five_thousand_comments_are_read() {
    let server = server();
    let on = Thing::PullRequest(with_changes(&server));
    for number in 0..5_000 {
        let author = if number % 2 == 0 { "mallory".to_owned() } else { format!("user{}", number % 60) };
        server.add_comment_as(&author, on, &format!("comment {number}"), None, None);
    }
    let comments = connect(&server).comments(on).await.unwrap();
    assert_eq!((comments.len(), comments[4_999].body.as_str()), (5_000, "comment 4999"));
    let asked = server.log().iter().filter(|line| line.contains("/members/all")).count();
    assert_eq!(asked, 1, "of all authors at once");
}

#[tokio::test]
async fn who_may_not_list_members_trusts_nobody() {
    let server = server();
    let on = Thing::PullRequest(with_changes(&server));
    server.insider("ada");
    server.add_comment_as("ada", on, "x", None, None);
    server.with(|state| state.gitlab.hides_members = true);
    let comments = connect(&server).comments(on).await.unwrap();
    assert_eq!(comments[0].author.trust, Trust::Outsider);
}

#[tokio::test]
async fn a_comment_is_created_then_left_alone_then_updated_then_gone() {
    let server = server();
    let forge = connect(&server);
    let pull = Thing::PullRequest(with_changes(&server));
    let issue = Thing::Issue(server.add_issue("mallory", "Broken", "x"));
    let mark = Mark::named("PRReview/summary");
    for on in [pull, issue] {
        // Somebody else's mark is none.
        let fake = mark.write("one", Hidden::Html);
        server.add_comment_as("mallory", on, &fake, None, None);
        let (made, how) = ensure::comment(&*forge, on, &mark, "one").await.unwrap();
        assert_eq!((how, made.author.trust), (Ensured::Created, Trust::Own));
        let (same, how) = ensure::comment(&*forge, on, &mark, "one").await.unwrap();
        assert_eq!((how, &same.id), (Ensured::Unchanged, &made.id));
        let (now, how) = ensure::comment(&*forge, on, &mark, "two").await.unwrap();
        assert_eq!((how, &now.id), (Ensured::Updated, &made.id));
        server.edit_comment(made.id.parse().unwrap(), &format!("{} and me", now.body));
        let (second, how) = ensure::comment(&*forge, on, &mark, "three").await.unwrap();
        assert_eq!(how, Ensured::Created, "what a person edited is left alone");
        forge.delete_comment(on, &second.id).await.unwrap();
        forge.delete_comment(on, &second.id).await.unwrap();
        assert_eq!(server.comments(on).len(), 2);
        let error = forge.edit_comment(on, &second.id, "x").await.unwrap_err();
        assert!(matches!(error, ForgeError::NotFound { .. }), "{error:?}");
    }
    let theirs = server.comments(pull)[0].id.to_string();
    let said = words(forge.edit_comment(pull, &theirs, "x").await.unwrap_err());
    assert!(said.contains("may not change the comment"), "{said}");
    let error = forge.comments(Thing::Issue(99)).await.unwrap_err();
    assert_eq!(error, ForgeError::NotFound { what: format!("issue 99 in {PROJECT}") });
}

#[tokio::test]
async fn marks_are_no_commands_and_a_long_comment_is_cut() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let on = Thing::PullRequest(number);
    let mark = Mark::named("/close").key("\n/merge").state("\r\n/close");
    let (_, how) = ensure::comment(&*forge, on, &mark, &"é\n".repeat(700_000)).await.unwrap();
    assert_eq!(how, Ensured::Created);
    let (_, how) = ensure::comment(&*forge, on, &mark, "short").await.unwrap();
    assert_eq!(how, Ensured::Updated);
    assert_eq!(server.with(|state| state.gitlab.commands.clone()), [""; 0]);
    assert!(server.pulls()[0].open);
    // That is how it would be without care.
    forge.add_comment(on, "hello\n/close").await.unwrap();
    assert!(!server.pulls()[0].open);
}

#[tokio::test]
async fn a_text_of_commands_alone_is_a_failure() {
    let server = server();
    let on = Thing::PullRequest(with_changes(&server));
    let body = r#"{"commands_changes":{"state_event":"close"},"summary":["Closed this merge request."]}"#;
    server.script("POST", [Scripted::Answer { status: 202, headers: Vec::new(), body: body.into() }]);
    let said = words(connect(&server).add_comment(on, "/close").await.unwrap_err());
    assert!(said.contains("for commands"), "{said}");
}

#[tokio::test]
async fn people_who_may_not_are_told_that_it_is_locked() {
    let server = server();
    let number = with_changes(&server);
    server.lock(number);
    server.read_only();
    let said = words(connect(&server).add_comment(Thing::PullRequest(number), "x").await.unwrap_err());
    assert!(said.contains("may not write a comment"), "{said}");
}

#[tokio::test]
async fn threads_are_answered_and_resolved() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let on = Thing::PullRequest(number);
    server.add_comment_as("ada", on, "why?", place(2), None);
    let thread = forge.comments(on).await.unwrap()[0].thread.clone().unwrap();
    let mark = Mark::named("PRReview/reply");
    let (answer, how) = ensure::reply(&*forge, number, &thread, &mark, "because").await.unwrap();
    assert_eq!((how, answer.thread.as_deref()), (Ensured::Created, Some(thread.as_str())));
    let (_, how) = ensure::reply(&*forge, number, &thread, &mark, "because").await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    for resolved in [true, false] {
        assert_eq!(ensure::resolved(&*forge, number, &thread, resolved).await.unwrap(), Ensured::Updated);
        assert_eq!(ensure::resolved(&*forge, number, &thread, resolved).await.unwrap(), Ensured::Unchanged);
        assert_eq!(server.comments(on)[0].resolved, resolved);
    }
    let error = forge.reply(number, &"0".repeat(40), "x").await.unwrap_err();
    assert!(matches!(error, ForgeError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn reactions_are_asked_for_our_own_comments_only() {
    let server = server();
    let forge = connect(&server);
    let on = Thing::PullRequest(with_changes(&server));
    server.insider("ada");
    server.add_comment_as("mallory", on, "theirs", None, None);
    let ours =
        server.add_comment_as("patchwork-bot", on, &Mark::named("x").write("ours", Hidden::Html), None, None);
    for (login, reaction) in [("ada", "-1"), ("mallory", "+1"), ("mallory", "heart")] {
        server.react(login, ours, reaction);
    }
    let comments = forge.comments(on).await.unwrap();
    assert_eq!(comments[0].reactions, []);
    let shown: Vec<_> =
        comments[1].reactions.iter().map(|one| (one.approves, one.by.name.as_str(), one.by.trust)).collect();
    assert_eq!(
        shown,
        [
            (Some(false), "ada", Trust::Insider),
            (Some(true), "mallory", Trust::Outsider),
            (None, "mallory", Trust::Outsider),
        ]
    );
    assert_eq!(server.log().iter().filter(|line| line.contains("award_emoji")).count(), 1);
}
