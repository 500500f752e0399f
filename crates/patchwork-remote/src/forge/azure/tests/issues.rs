//! Work items and their comments.

use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{
    Ensured, ForgeError, IssueSpec, PullRequestState, Query, TextChange, Thing, Trust, ensure,
};

use super::*;

const BODY: &str = "## What\n\n```rs\nif a < b && c {\n    \"x\"\n}\n```";

fn spec(body: &str) -> IssueSpec {
    IssueSpec { title: "A problem".into(), body: body.into(), labels: vec!["bug".into()] }
}

#[tokio::test]
async fn a_work_item_is_made_once_and_updated_with_markdown_and_without() {
    for knows_markdown in [true, false] {
        let server = server();
        server.with(|state| state.azure.knows_markdown = knows_markdown);
        let forge = connect(&server);
        let mark = Mark::named("CreateIssue");
        let (made, how) = ensure::issue(&*forge, &mark, &spec(BODY)).await.unwrap();
        assert_eq!(
            (how, made.state, made.author.trust),
            (Ensured::Created, PullRequestState::Open, Trust::Own)
        );
        assert_eq!(made.url, format!("{}/contoso/My%20App/_workitems/edit/1", server.url()));
        assert!(made.body.ends_with(BODY), "{}", made.body);
        assert_eq!(made.labels, ["bug"]);
        assert_eq!(server.issues()[0].body.contains("&lt;"), !knows_markdown);
        assert_eq!(ensure::issue(&*forge, &mark, &spec(BODY)).await.unwrap().1, Ensured::Unchanged);
        let more = IssueSpec { labels: vec!["Bug".into(), "more".into()], ..spec("another") };
        let (changed, how) = ensure::issue(&*forge, &mark, &more).await.unwrap();
        assert_eq!((how, changed.labels), (Ensured::Updated, vec!["bug".to_owned(), "more".to_owned()]));
        assert!(changed.body.ends_with("another"), "{}", changed.body);
        assert_eq!(server.issues().len(), 1);
    }
}

#[tokio::test]
async fn kinds_and_states_are_those_of_the_project() {
    let server = server();
    server.with(|state| {
        state.azure.kinds = vec!["Bug".into(), "Task".into()];
        state.azure.states = ("New".into(), "Closed".into());
    });
    let forge = connect(&server);
    let made = forge.open_issue(&spec("x")).await.unwrap();
    let open = |open| TextChange { open: Some(open), ..TextChange::default() };
    for (wanted, state) in [(false, PullRequestState::Closed), (true, PullRequestState::Open)] {
        let changed = forge.change_issue(made.number, &open(wanted)).await.unwrap();
        assert_eq!((changed.state, server.issues()[0].open), (state, wanted));
        forge.change_issue(made.number, &open(wanted)).await.unwrap();
    }
    server.with(|state| state.azure.states = ("Idea".into(), "Shipped".into()));
    let said = words(forge.change_issue(made.number, &open(false)).await.unwrap_err());
    assert!(said.contains("can't change the work item") && said.contains("'Closed'"), "{said}");
    server.with(|state| state.azure.kinds = vec!["Story".into()]);
    let said = words(forge.open_issue(&spec("x")).await.unwrap_err());
    assert!(said.contains("Issue or Task") || said.contains("VS402323"), "{said}");
}

#[tokio::test]
async fn only_our_own_are_listed_by_their_state() {
    let server = server();
    let forge = connect(&server);
    for number in 0..205 {
        server.add_issue("patchwork-bot", &format!("ours {number}"), "");
        server.add_issue("ann", "theirs", "");
    }
    server.with(|state| state.issue_mut(1).unwrap().open = false);
    let numbers = |state, limit| {
        let forge = forge.clone();
        async move {
            let found = forge.own_issues(&Query { state, limit }).await.unwrap();
            found.iter().map(|one| one.number).collect::<Vec<_>>()
        }
    };
    let open = numbers(Some(PullRequestState::Open), 500).await;
    assert_eq!((open.len(), open[0], open[203]), (204, 409, 3));
    assert_eq!(numbers(Some(PullRequestState::Closed), 500).await, [1]);
    assert_eq!(numbers(None, 2).await, [409, 407]);
}

#[tokio::test]
async fn what_people_wrote_as_html_is_read_as_text() {
    let server = server();
    let forge = connect(&server);
    let number = server.add_issue("mallory", "Fails", "<div>It <b>fails</b> with &lt;T&gt;<br></div>");
    let on = Thing::Issue(number);
    server.add_comment_as("mallory", on, "<p>me&nbsp;too</p>", None, None);
    let issue = forge.issue(number).await.unwrap();
    assert_eq!((issue.body.as_str(), issue.author.trust), ("It fails with <T>", Trust::Outsider));
    assert_eq!(forge.comments(on).await.unwrap()[0].body, "me too");
    assert!(matches!(forge.issue(99).await, Err(ForgeError::NotFound { .. })));
}

#[tokio::test]
async fn comments_are_made_once_with_markdown_and_without() {
    for knows_markdown in [true, false] {
        let server = server();
        server.with(|state| state.azure.knows_markdown = knows_markdown);
        let forge = connect(&server);
        let on = Thing::Issue(server.add_issue("ann", "x", ""));
        for number in 0..230 {
            server.add_comment_as("ann", on, &format!("<p>{number}</p>"), None, None);
        }
        let mark = Mark::named("CreateIssueComment");
        let (made, how) = ensure::comment(&*forge, on, &mark, BODY).await.unwrap();
        assert_eq!((how, made.body.ends_with(BODY)), (Ensured::Created, true), "{}", made.body);
        assert_eq!(ensure::comment(&*forge, on, &mark, BODY).await.unwrap().1, Ensured::Unchanged);
        let (changed, how) = ensure::comment(&*forge, on, &mark, "two").await.unwrap();
        assert_eq!((how, changed.id.as_str()), (Ensured::Updated, made.id.as_str()));
        assert_eq!(forge.comments(on).await.unwrap().len(), 231);
        forge.delete_comment(on, &made.id).await.unwrap();
        forge.delete_comment(on, &made.id).await.unwrap();
        assert_eq!(server.comments(on).len(), 230);
    }
}
