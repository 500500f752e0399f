//! Issues, and checks of commits.

use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{
    CheckSpec, Conclusion, Ensured, ForgeError, IssueSpec, PullRequestState, Query, TextChange, Trust, ensure,
};

use super::*;

#[tokio::test]
async fn an_issue_is_created_then_left_alone_then_updated() {
    let server = server();
    let forge = connect(&server);
    let mark = Mark::named("AutoFix/issue");
    let spec =
        |body: &str| IssueSpec { title: "Found".into(), body: body.into(), labels: vec!["bug".into()] };
    let (made, how) = ensure::issue(&*forge, &mark, &spec("one")).await.unwrap();
    assert_eq!((how, made.number, made.author.trust), (Ensured::Created, 1, Trust::Own));
    assert_eq!(made.url, format!("{}/{PROJECT}/-/issues/1", server.url()));
    let (_, how) = ensure::issue(&*forge, &mark, &spec("one")).await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    let (now, how) = ensure::issue(&*forge, &mark, &spec("two")).await.unwrap();
    assert_eq!((how, now.labels), (Ensured::Updated, vec!["bug".to_owned()]));
    let close = TextChange { open: Some(false), ..TextChange::default() };
    let closed = forge.change_issue(1, &close).await.unwrap();
    assert_eq!(closed.state, PullRequestState::Closed);
    let (again, how) = ensure::issue(&*forge, &mark, &spec("two")).await.unwrap();
    assert_eq!((how, again.number), (Ensured::Created, 2), "one that was closed stays closed");
}

#[tokio::test]
async fn only_our_own_issues_are_ours() {
    let server = server();
    let forge = connect(&server);
    server.add_issue("mallory", "theirs", "x");
    server.add_issue("patchwork-bot", "ours", "x");
    let own = forge.own_issues(&Query { state: Some(PullRequestState::Open), limit: 10 }).await.unwrap();
    assert_eq!(own.iter().map(|issue| issue.title.as_str()).collect::<Vec<_>>(), ["ours"]);
    let read = forge.issue(1).await.unwrap();
    assert_eq!((read.author.name.as_str(), read.author.trust), ("mallory", Trust::Outsider));
    let error = forge.issue(99).await.unwrap_err();
    assert_eq!(error, ForgeError::NotFound { what: format!("issue 99 in {PROJECT}") });
    server.with(|state| state.has_issues = false);
    let said =
        words(forge.open_issue(&IssueSpec { title: "x".into(), ..IssueSpec::default() }).await.unwrap_err());
    assert!(said.contains("may not open an issue"), "{said}");
}

#[tokio::test]
async fn a_check_is_a_status_of_the_commit() {
    let server = server();
    let forge = connect(&server);
    let spec = CheckSpec {
        commit: "1".repeat(40),
        name: "Patchwork review".into(),
        conclusion: Conclusion::Failure,
        title: "é".repeat(300),
        details_url: Some("https://example.com/run/1".into()),
        ..CheckSpec::default()
    };
    let (url, how) = ensure::check(&*forge, &spec).await.unwrap();
    assert_eq!((url.as_str(), how), ("https://example.com/run/1", Ensured::Created));
    let (_, how) = ensure::check(&*forge, &spec).await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    let better = CheckSpec { conclusion: Conclusion::Neutral, details_url: None, ..spec };
    let (url, how) = ensure::check(&*forge, &better).await.unwrap();
    assert_eq!(
        (url, how),
        (format!("{}/{PROJECT}/-/commit/{}", server.url(), "1".repeat(40)), Ensured::Updated)
    );
    let words: Vec<_> = server.checks().into_iter().map(|check| check.conclusion).collect();
    assert_eq!(words, ["failed", "success"]);
    let long = CheckSpec {
        name: "n".repeat(400),
        details_url: Some(format!("https://example.com/{}", "x".repeat(400))),
        ..better
    };
    assert_eq!(ensure::check(&*forge, &long).await.unwrap().1, Ensured::Created);
    assert_eq!(ensure::check(&*forge, &long).await.unwrap().1, Ensured::Unchanged);
}
