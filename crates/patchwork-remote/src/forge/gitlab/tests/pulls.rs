//! Merge requests: found, opened, changed, and what they change.

use patchwork_core::change::LeftOut;
use patchwork_core::port::forge::{Ensured, ForgeError, PullRequestState, Query, TextChange, Trust, ensure};
use patchwork_testkit::forge::Scripted;

use super::*;

fn query(state: Option<PullRequestState>, limit: usize) -> Query {
    Query { state, limit }
}

#[tokio::test]
async fn one_is_created_then_left_alone_then_updated() {
    let server = server();
    let forge = connect(&server);
    let labelled = PullRequestSpec { labels: vec!["bug,fix".into()], ..spec("Fixes", "one\n") };
    let (made, how) = ensure::pull_request(&*forge, &labelled).await.unwrap();
    assert_eq!((made.pull.number, how), (1, Ensured::Created));
    assert_eq!(made.pull.url, format!("{}/{PROJECT}/-/merge_requests/1", server.url()));
    assert_eq!((made.author.name.as_str(), made.author.trust), ("patchwork-bot", Trust::Own));
    assert_eq!(made.labels, ["patchwork", "bug fix"]);
    let sent = server.writes().remove(0).body;
    assert_eq!((&sent["remove_source_branch"], &sent["labels"]), (&true.into(), &"patchwork,bug fix".into()));

    let (_, how) = ensure::pull_request(&*forge, &spec("Fixes", "one\r\n")).await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    let more = PullRequestSpec { labels: vec!["security".into()], ..spec("Fixes", "two") };
    let (now, how) = ensure::pull_request(&*forge, &more).await.unwrap();
    assert_eq!((now.pull.number, how, now.body.as_str()), (1, Ensured::Updated, "two"));
    assert_eq!(now.labels, ["patchwork", "bug fix", "security"]);
    let sent = server.writes().pop().unwrap();
    assert_eq!(sent.method, "PUT");
    assert_eq!(sent.body, serde_json::json!({ "description": "two", "add_labels": "security" }));
    assert_eq!(server.pulls().len(), 1);
}

#[tokio::test]
async fn closed_ones_forks_and_other_bases_are_not_ours() {
    let server = server();
    let forge = connect(&server);
    let ours = server.pull("main", "autofix-main", "x", "x");
    let closed = server.add(ours.clone());
    server.close(closed);
    let merged = server.add(ours.clone());
    server.merge(merged);
    let fork = server.add(ours.clone());
    server.change(fork, |pull| pull.head_repository = "mallory/app".into());
    let gone = server.add(ours.clone());
    server.delete_fork(gone);
    let other = server.add(ours.clone());
    server.change(other, |pull| pull.base = "release".into());
    assert_eq!(forge.find_pull_request("main", "autofix-main").await.unwrap(), None);
    let number = server.add(ours);
    let found = forge.find_pull_request("main", "autofix-main").await.unwrap().unwrap();
    assert_eq!(found.pull.number, number);

    let from = forge.pull_request(fork).await.unwrap();
    assert_eq!(from.head.repository.as_deref(), Some("mallory/app"));
    assert!(from.is_from_elsewhere());
    let from = forge.pull_request(gone).await.unwrap();
    assert_eq!((from.head.repository.clone(), from.is_from_elsewhere()), (None, true));
}

#[tokio::test]
async fn a_draft_stays_one_when_its_title_changes() {
    let server = server();
    let forge = connect(&server);
    let draft = PullRequestSpec { draft: true, ..spec("Fixes", "one") };
    let (made, _) = ensure::pull_request(&*forge, &draft).await.unwrap();
    assert_eq!((made.title.as_str(), made.draft), ("Fixes", true));
    let title = "é".repeat(400);
    let (now, how) = ensure::pull_request(&*forge, &spec(&title, "one")).await.unwrap();
    assert_eq!((now.title.chars().count(), now.draft, how), (248, true, Ensured::Updated));
    let (_, how) = ensure::pull_request(&*forge, &spec(&title, "one")).await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
}

#[tokio::test]
async fn one_that_somebody_opens_in_between_is_updated() {
    let server = server();
    let rival = server.pull("main", "autofix-main", "theirs", "theirs");
    server.script("POST", [Scripted::Rival(Box::new(rival))]);
    let (pull, how) = ensure::pull_request(&*connect(&server), &spec("Ours", "ours")).await.unwrap();
    assert_eq!((pull.pull.number, how), (1, Ensured::Updated));
    assert_eq!((server.pulls().len(), server.pulls()[0].title.as_str()), (1, "Ours"));
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_one() {
    let server = server();
    server.script("POST", [Scripted::LostAnswer]);
    let (pull, how) = ensure::pull_request(&*connect(&server), &spec("Fixes", "one")).await.unwrap();
    assert_eq!((pull.pull.number, how), (1, Ensured::Unchanged));
    assert_eq!(server.pulls().len(), 1);
}

#[tokio::test]
async fn a_branch_that_is_gone_is_told() {
    let server = server();
    server.delete_branch("main");
    let said = words(connect(&server).open_pull_request(&spec("Fixes", "x")).await.unwrap_err());
    assert!(said.contains("Target branch \"main\" does not exist"), "{said}");
    let same = PullRequestSpec { head: "main".into(), ..spec("Fixes", "x") };
    let said = words(connect(&server).open_pull_request(&same).await.unwrap_err());
    assert!(said.contains("same project/branch"), "{said}");
}

#[tokio::test]
async fn opening_and_closing_tell_when_it_is_merged() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let open = |open| TextChange { open: Some(open), ..TextChange::default() };
    let closed = forge.change_pull_request(number, &open(false)).await.unwrap();
    assert_eq!(closed.state, PullRequestState::Closed);
    let opened = forge.change_pull_request(number, &open(true)).await.unwrap();
    assert_eq!(opened.state, PullRequestState::Open);
    server.merge(number);
    for wanted in [true, false] {
        let error = forge.change_pull_request(number, &open(wanted)).await.unwrap_err();
        assert!(matches!(error, ForgeError::Closed { state: PullRequestState::Merged, .. }), "{error:?}");
    }
    let same = forge.change_pull_request(number, &TextChange::default()).await.unwrap();
    assert_eq!(same.state, PullRequestState::Merged);
    let error = forge.pull_request(99).await.unwrap_err();
    assert_eq!(error, ForgeError::NotFound { what: format!("pull request 99 in {PROJECT}") });
}

#[tokio::test]
async fn lists_go_over_pages_newest_first() {
    let server = server();
    server.insider("ada");
    for number in 1..=230 {
        let pull = server.pull("main", &format!("b{number}"), "t", "b");
        let number = server.add(pull);
        let author = if u64::is_multiple_of(number, 2) { "ada" } else { "mallory" };
        server.change(number, |pull| pull.author = author.into());
        if u64::is_multiple_of(number, 10) {
            server.merge(number);
        }
    }
    // Reached by another address than it was set up with.
    server.with(|state| state.gitlab.external_url = Some("https://gitlab.internal.example".into()));
    let forge = connect(&server);
    let open = forge.pull_requests(&query(Some(PullRequestState::Open), 150)).await.unwrap();
    assert_eq!((open.len(), open[0].pull.number), (150, 229));
    assert_eq!((open[0].author.trust, open[1].author.trust), (Trust::Outsider, Trust::Insider));
    let merged = forge.pull_requests(&query(Some(PullRequestState::Merged), 500)).await.unwrap();
    assert_eq!(merged.len(), 23);
    assert_eq!(forge.pull_requests(&query(None, 1000)).await.unwrap().len(), 230);
}

#[tokio::test]
async fn what_it_changes_is_read_whole_or_said_to_be_not() {
    let server = server();
    let number = with_changes(&server);
    server.change(number, |pull| {
        pull.base_commit = "b".repeat(40);
        pull.commits = vec![("2".repeat(40), "first\n\nlong".into()), ("1".repeat(40), "second".into())];
        pull.files = (0..250).map(|n| file(&format!("src/{n}.rs"), PATCH)).collect();
        pull.files[1].status = ChangeStatus::Renamed;
        pull.files[1].old_path = Some("old.rs".into());
        pull.files[2].left_out = Some(LeftOut::NotGiven);
        pull.files[2].hunks.clear();
        (pull.files[3].binary, pull.files[3].hunks) = (true, Vec::new());
        (pull.files[4].status, pull.files[4].old_mode) = (ChangeStatus::Added, None);
    });
    let wanted = server.pulls()[0].clone();
    for version in [(18, 5), (15, 6)] {
        server.with(|state| (state.gitlab.version, state.gitlab.overflows) = (version, false));
        let forge = connect(&server);
        let changes = forge.changes(number).await.unwrap();
        assert_eq!((changes.files.len(), changes.complete), (250, true), "{version:?}");
        assert_eq!(changes.files[0], wanted.files[0]);
        assert_eq!(changes.files[1], wanted.files[1]);
        assert_eq!(changes.files[2].left_out, Some(LeftOut::NotGiven));
        assert!(changes.files[3].binary);
        assert_eq!(changes.files[4].status, ChangeStatus::Added);
        server.with(|state| state.gitlab.overflows = true);
        assert!(!forge.changes(number).await.unwrap().complete);
    }
    let forge = connect(&server);
    let commits = forge.commits(number).await.unwrap();
    assert_eq!((commits[0].message.as_str(), commits[1].message.as_str()), ("first\n\nlong", "second"));
    let found = forge.pull_request(number).await.unwrap();
    assert_eq!((found.head.commit, found.base.commit), ("1".repeat(40), "b".repeat(40)));
}
