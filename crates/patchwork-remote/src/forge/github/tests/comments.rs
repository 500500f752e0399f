//! Comments, threads, reactions, issues.

use patchwork_core::change::Side;
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{IssueSpec, LinePlace, Query, TextChange, Thing, Trust};

use super::pulls::opened;
use super::*;

fn on_line(line: u32) -> Option<LinePlace> {
    Some(LinePlace { path: "src/a.py".into(), side: Side::New, start_line: None, line: Some(line) })
}

#[tokio::test]
async fn a_comment_is_made_once_and_changed_in_place() {
    let server = server();
    let number = opened(&server, "anna");
    let on = Thing::PullRequest(number);
    let forge = connect(&server);
    let mark = Mark::named("PRReview/summary");
    let say = async |text: &str| ensure::comment(&*forge, on, &mark, text).await.unwrap();
    let (made, how) = say("one").await;
    assert_eq!(how, Ensured::Created);
    assert_eq!(say("one").await.1, Ensured::Unchanged);
    let (changed, how) = say("two").await;
    assert_eq!((how, &changed.id), (Ensured::Updated, &made.id));
    assert_eq!(changed.author.trust, Trust::Own);
    assert!(changed.url.contains("/pull/1#issuecomment-"), "{}", changed.url);

    // Somebody edited it: it is theirs now.
    let id: u64 = made.id.parse().unwrap();
    server.edit_comment(id, &server.comments(on)[0].body.replace("two", "mine"));
    let (other, how) = say("three").await;
    assert!(how == Ensured::Created && other.id != made.id);
    assert!(server.comments(on)[0].body.ends_with("mine"));

    forge.delete_comment(on, &other.id).await.unwrap();
    forge.delete_comment(on, &other.id).await.unwrap();
    assert_eq!(server.comments(on).len(), 1);
    let gone = forge.edit_comment(on, &other.id, "x").await.unwrap_err();
    assert!(matches!(gone, ForgeError::NotFound { .. }), "{gone}");
    for id in ["", "x-1", "review-1", "1/../2", "-1"] {
        let none = forge.edit_comment(on, id, "x").await.unwrap_err();
        assert!(matches!(none, ForgeError::NotFound { .. }), "{none}");
    }
}

#[tokio::test]
async fn two_runs_at_once_leave_one_comment() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    let mark = Mark::named("PRReview/summary");
    let runs: Vec<_> = (0..2).map(|_| connect(&server)).collect();
    let (one, two) = tokio::join!(
        ensure::comment(&*runs[0], on, &mark, "said"),
        ensure::comment(&*runs[1], on, &mark, "said")
    );
    assert_eq!(one.unwrap().0.id, two.unwrap().0.id);
    assert_eq!(server.comments(on).len(), 1, "{:?}", server.log());
}

#[tokio::test]
async fn five_thousand_comments_are_all_looked_at() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    let mark = Mark::named("PRReview/summary");
    let text = mark.write("said", connect(&server).hidden());
    server.with(|state| {
        for n in 0..5_000 {
            state.add_comment("mallory", on, &format!("comment {n}"), None, None);
        }
        let own = state.login.clone();
        state.add_comment(&own, on, &text, None, None);
        // What somebody else writes is not ours, whatever it looks like.
        state.add_comment("mallory", on, &text, None, None);
    });
    let forge = connect(&server);
    assert_eq!(forge.comments(on).await.unwrap().len(), 5_002);
    let (_, how) = ensure::comment(&*forge, on, &mark, "said").await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    assert_eq!(server.writes().len(), 0);
}

#[tokio::test]
async fn a_comment_of_seventy_thousand_characters_is_cut() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    let forge = connect(&server);
    let body = "é long line\n".repeat(6_000);
    let (made, how) = ensure::comment(&*forge, on, &Mark::named("x"), &body).await.unwrap();
    assert_eq!(how, Ensured::Created);
    assert!(made.body.contains("The rest is left out") && made.body.chars().count() <= 65_536);
    assert_eq!(ensure::comment(&*forge, on, &Mark::named("x"), &body).await.unwrap().1, Ensured::Unchanged);
}

#[tokio::test]
async fn threads_reactions_and_who_said_what() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    for login in ["anna", "ben"] {
        server.insider(login);
    }
    let own = server.add_comment_as("patchwork-bot", on, "ours", on_line(2), None);
    server.add_comment_as("anna", on, "wontfix", None, Some(own));
    let talk = server.add_comment_as("mallory", on, "talk", None, None);
    for (login, reaction) in [("anna", "-1"), ("ben", "+1"), ("mallory", "-1"), ("octo", "heart")] {
        server.react(login, own, reaction);
    }
    server.react("anna", talk, "-1");
    let forge = connect(&server);
    let comments = forge.comments(on).await.unwrap();
    let bodies: Vec<_> = comments.iter().map(|comment| comment.body.as_str()).collect();
    assert_eq!(bodies, ["ours", "wontfix", "talk"]);
    let [ours, answer, talk] = comments.as_slice() else { panic!("{comments:?}") };
    assert_eq!((ours.place.clone(), ours.resolved), (on_line(2), false));
    assert_eq!(ours.thread, answer.thread);
    assert_eq!((answer.author.trust, talk.author.trust), (Trust::Insider, Trust::Outsider));
    let reactions: Vec<_> =
        ours.reactions.iter().map(|r| (r.by.name.as_str(), r.approves, r.by.trust)).collect();
    assert_eq!(
        reactions,
        [
            ("anna", Some(false), Trust::Insider),
            ("ben", Some(true), Trust::Insider),
            ("mallory", Some(false), Trust::Outsider),
            ("octo", None, Trust::Outsider),
        ]
    );
    assert!(talk.reactions.is_empty(), "others' are not asked for");

    let thread = ours.thread.clone().unwrap();
    let number = on.number();
    let (_, how) = ensure::reply(&*forge, number, &thread, &Mark::named("fixed"), "Fixed.").await.unwrap();
    assert_eq!(how, Ensured::Created);
    let again = ensure::reply(&*forge, number, &thread, &Mark::named("fixed"), "Fixed.").await.unwrap();
    assert_eq!(again.1, Ensured::Unchanged);
    assert_eq!(ensure::resolved(&*forge, number, &thread, true).await.unwrap(), Ensured::Updated);
    assert_eq!(ensure::resolved(&*forge, number, &thread, true).await.unwrap(), Ensured::Unchanged);
    assert!(server.comments(on)[0].resolved);
    forge.resolve(number, &thread, false).await.unwrap();
    assert!(!server.comments(on)[0].resolved);
    for thread in ["999", "x", "../1"] {
        assert!(matches!(forge.resolve(number, thread, true).await, Err(ForgeError::NotFound { .. })));
        assert!(matches!(forge.reply(number, thread, "x").await, Err(ForgeError::NotFound { .. })));
    }
}

#[tokio::test]
async fn threads_past_the_first_page_are_known() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    let ids: Vec<u64> = (0..150).map(|_| server.add_comment_as("anna", on, "x", on_line(2), None)).collect();
    server.resolve(ids[149], true);
    let comments = connect(&server).comments(on).await.unwrap();
    let resolved: Vec<_> = comments.iter().filter(|comment| comment.resolved).collect();
    assert_eq!(resolved.len(), 1);
    assert_eq!(resolved[0].thread, Some(ids[149].to_string()));
}

#[tokio::test]
async fn without_graphql_comments_are_read_all_the_same() {
    let server = server();
    let on = Thing::PullRequest(opened(&server, "anna"));
    let id = server.add_comment_as("anna", on, "x", on_line(2), None);
    server.resolve(id, true);
    let unknown =
        r#"{"errors": [{"type": "undefinedField", "message": "Field 'fullDatabaseId' doesn't exist"}]}"#;
    let old = Scripted::Answer { status: 200, headers: vec![], body: unknown.into() };
    server.script("QUERY", [Scripted::status(404, "Not Found"), old]);
    let comments = connect(&server).comments(on).await.unwrap();
    assert_eq!((comments.len(), comments[0].resolved), (1, false));

    let forbidden =
        r#"{"data": null, "errors": [{"type": "FORBIDDEN", "message": "Resource not accessible"}]}"#;
    let forbidden = Scripted::Answer { status: 200, headers: vec![], body: forbidden.into() };
    server.script("QUERY", [Scripted::Usual, forbidden]);
    let failure = Failure::from(connect(&server).comments(on).await.unwrap_err());
    assert!(failure.to_string().contains("Resource not accessible"), "{failure}");
}

#[tokio::test]
async fn issues_are_opened_once_and_pull_requests_are_none() {
    let server = server();
    let pull = opened(&server, "patchwork-bot");
    let forge = connect(&server);
    let mark = Mark::named("CreateIssue").key("digest");
    let spec = IssueSpec { title: "Broken".into(), body: "It is.".into(), labels: vec!["bug".into()] };
    let (issue, how) = ensure::issue(&*forge, &mark, &spec).await.unwrap();
    assert_eq!((how, issue.labels.as_slice()), (Ensured::Created, &["bug".to_owned()][..]));
    assert_eq!(ensure::issue(&*forge, &mark, &spec).await.unwrap().1, Ensured::Unchanged);
    let more = IssueSpec { title: "Still broken".into(), labels: vec!["p1".into()], ..spec };
    let (changed, how) = ensure::issue(&*forge, &mark, &more).await.unwrap();
    assert_eq!((how, changed.number), (Ensured::Updated, issue.number));
    assert_eq!((server.issues()[0].title.as_str(), server.issues()[0].labels.len()), ("Still broken", 2));

    let read = forge.issue(issue.number).await.unwrap();
    assert_eq!((read.title.as_str(), read.author.trust), ("Still broken", Trust::Own));
    assert!(
        matches!(forge.issue(pull).await, Err(ForgeError::NotFound { what }) if what.contains("pull request"))
    );
    let own = forge.own_issues(&Query { state: None, limit: 10 }).await.unwrap();
    assert_eq!(own.len(), 1);
    let close = TextChange { open: Some(false), ..TextChange::default() };
    forge.change_issue(issue.number, &close).await.unwrap();
    assert!(!server.issues()[0].open);
    let comment = forge.add_comment(Thing::Issue(issue.number), "hello").await.unwrap();
    assert!(comment.url.contains("/issues/"), "{}", comment.url);

    server.with(|state| state.has_issues = false);
    let off = Failure::from(forge.open_issue(&more).await.unwrap_err());
    assert!(words(&off).contains("switched off") && words(&off).contains("disabled"), "{}", words(&off));
}
