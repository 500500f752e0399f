//! Pull requests, what they change, and statuses of commits.

use patchwork_core::change::LeftOut;
use patchwork_core::port::forge::{
    CheckSpec, Conclusion, Ensured, ForgeError, PullRequestState, Query, TextChange, Trust, ensure,
};
use patchwork_testkit::forge::Scripted;

use super::*;

#[tokio::test]
async fn a_pull_request_is_made_once_and_updated() {
    let server = server();
    let forge = connect(&server);
    let spec = PullRequestSpec { labels: vec!["security".into()], draft: true, ..spec("Fixes", "One.") };
    let (made, how) = ensure::pull_request(&*forge, &spec).await.unwrap();
    assert_eq!((how, made.draft, made.author.trust), (Ensured::Created, true, Trust::Own));
    assert_eq!(made.pull.url, format!("{}/contoso/My%20App/_git/shop/pullrequest/1", server.url()));
    assert_eq!((made.base.branch.as_str(), made.head.branch.as_str()), ("main", "autofix-main"));
    assert_eq!(made.head.repository.as_deref(), Some(REPOSITORY));
    assert!(!made.is_from_elsewhere());
    let (_, how) = ensure::pull_request(&*forge, &spec).await.unwrap();
    assert_eq!(how, Ensured::Unchanged, "lists show neither labels nor long descriptions");
    let spec = PullRequestSpec { body: "Two.".into(), labels: vec!["more".into()], ..spec };
    let (changed, how) = ensure::pull_request(&*forge, &spec).await.unwrap();
    assert_eq!((how, changed.body.as_str()), (Ensured::Updated, "Two."));
    assert_eq!(server.pulls()[0].labels, ["security", "more"]);
    assert_eq!(server.pulls().len(), 1);
}

#[tokio::test]
async fn a_long_description_is_cut_to_what_is_taken_and_compared_whole() {
    let server = server();
    let forge = connect(&server);
    let spec = spec("Fixes", &"A line of text.\n".repeat(1000));
    ensure::pull_request(&*forge, &spec).await.unwrap();
    let kept = server.pulls()[0].body.clone();
    assert!(kept.chars().count() <= 4000 && kept.contains("is left out"), "{}", kept.len());
    let (_, how) = ensure::pull_request(&*forge, &spec).await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    let all = forge.pull_requests(&Query { state: None, limit: 10 }).await.unwrap();
    assert_eq!(all[0].body, kept);
}

#[tokio::test]
async fn one_that_somebody_opens_meanwhile_is_taken_over() {
    let server = server();
    let forge = connect(&server);
    let rival = server.pull("main", "autofix-main", "Theirs", "x");
    server.script("POST", [Scripted::Rival(Box::new(rival))]);
    let (found, how) = ensure::pull_request(&*forge, &spec("Ours", "x")).await.unwrap();
    assert_eq!((how, found.title.as_str(), server.pulls().len()), (Ensured::Updated, "Ours", 1));
    assert!(matches!(forge.open_pull_request(&spec("Ours", "x")).await, Err(ForgeError::Exists { .. })));
}

#[tokio::test]
async fn a_lost_answer_leaves_one_pull_request() {
    let server = server();
    let forge = connect(&server);
    server.script("POST", [Scripted::LostAnswer]);
    let (found, _) = ensure::pull_request(&*forge, &spec("Ours", "x")).await.unwrap();
    assert_eq!((found.pull.number, server.pulls().len()), (1, 1));
}

#[tokio::test]
async fn lists_are_read_page_by_page_and_by_state() {
    let server = server();
    let forge = connect(&server);
    for number in 0..205 {
        server.add(server.pull("main", &format!("b{number}"), "x", ""));
    }
    server.close(3);
    server.merge(4);
    let numbers = |state, limit| {
        let forge = forge.clone();
        async move {
            let found = forge.pull_requests(&Query { state, limit }).await.unwrap();
            found.iter().map(|one| one.pull.number).collect::<Vec<_>>()
        }
    };
    let open = numbers(Some(PullRequestState::Open), 500).await;
    assert_eq!((open.len(), open[0], open[202]), (203, 205, 1));
    assert_eq!(numbers(Some(PullRequestState::Closed), 500).await, [3]);
    assert_eq!(numbers(Some(PullRequestState::Merged), 500).await, [4]);
    assert_eq!(numbers(None, 2).await, [205, 204]);
}

#[tokio::test]
async fn forks_are_told_even_when_they_are_gone() {
    let server = server();
    let forge = connect(&server);
    let mut pull = server.pull("main", "autofix-main", "From a fork", "");
    pull.head_repository = "contoso/Other/shop".into();
    pull.author = "mallory".into();
    let number = server.add(pull);
    let found = forge.pull_request(number).await.unwrap();
    assert_eq!(found.head.repository.as_deref(), Some("contoso/Other/shop"));
    assert_eq!((found.is_from_elsewhere(), found.author.trust), (true, Trust::Outsider));
    assert_eq!(forge.find_pull_request("main", "autofix-main").await.unwrap(), None);
    server.delete_fork(number);
    let found = forge.pull_request(number).await.unwrap();
    assert_eq!((found.head.repository.as_deref(), found.is_from_elsewhere()), (None, true));
}

#[tokio::test]
async fn one_is_abandoned_and_taken_up_and_a_completed_one_stays() {
    let server = server();
    let forge = connect(&server);
    let number = server.add(server.pull("main", "b", "x", ""));
    let open = |open| TextChange { open: Some(open), ..TextChange::default() };
    let closed = forge.change_pull_request(number, &open(false)).await.unwrap();
    assert_eq!(closed.state, PullRequestState::Closed);
    let title = TextChange { title: Some("y".into()), ..TextChange::default() };
    let error = forge.change_pull_request(number, &title).await.unwrap_err();
    assert!(matches!(error, ForgeError::Closed { state: PullRequestState::Closed, .. }), "{error:?}");
    let opened = forge.change_pull_request(number, &open(true)).await.unwrap();
    assert_eq!(opened.state, PullRequestState::Open);
    server.merge(number);
    for change in [open(true), open(false), title] {
        let error = forge.change_pull_request(number, &change).await.unwrap_err();
        assert!(matches!(error, ForgeError::Closed { state: PullRequestState::Merged, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn every_changed_file_is_named_and_none_has_lines() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    server.change(number, |pull| {
        let mut moved = file("src/moved.rs", ChangeStatus::Renamed);
        moved.old_path = Some("src/before.rs".into());
        moved.hunks.clear();
        let mut edited = file("src/edited.rs", ChangeStatus::Renamed);
        edited.old_path = Some("src/earlier.rs".into());
        pull.files.extend([moved, file("src/gone.rs", ChangeStatus::Deleted), edited]);
        pull.files.extend((0..2500).map(|n| file(&format!("many/{n}.rs"), ChangeStatus::Added)));
    });
    let changes = forge.changes(number).await.unwrap();
    assert!(changes.complete);
    assert_eq!(changes.files.len(), 2505);
    let told =
        |at: usize| (changes.files[at].path.as_str(), changes.files[at].status, changes.files[at].left_out);
    let not_given = Some(LeftOut::NotGiven);
    assert_eq!(told(0), ("src/new.rs", ChangeStatus::Added, not_given));
    assert_eq!(told(1), ("src/a.rs", ChangeStatus::Modified, not_given));
    assert_eq!(told(2), ("src/moved.rs", ChangeStatus::Renamed, None));
    assert_eq!(changes.files[2].old_path.as_deref(), Some("src/before.rs"));
    assert_eq!(told(3), ("src/gone.rs", ChangeStatus::Deleted, not_given));
    assert_eq!(told(4), ("src/edited.rs", ChangeStatus::Renamed, not_given));
    assert!(changes.files.iter().all(|file| file.hunks.is_empty()));
}

#[tokio::test]
async fn commits_come_oldest_first_with_their_whole_messages() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let long = format!("Title\n\n{}", "body ".repeat(100));
    server.change(number, |pull| {
        pull.commits = (0..230).map(|n| (format!("{n:040x}"), format!("commit {n}"))).collect();
        pull.commits[1].1.clone_from(&long);
    });
    let commits = forge.commits(number).await.unwrap();
    assert_eq!((commits.len(), commits[0].message.as_str()), (230, "commit 0"));
    assert_eq!((commits[1].message.as_str(), commits[229].message.as_str()), (long.as_str(), "commit 229"));
}

#[tokio::test]
async fn a_check_is_a_status_of_the_commit() {
    let server = server();
    let forge = connect(&server);
    let spec = CheckSpec {
        commit: "1".repeat(40),
        name: "Patchwork review".into(),
        conclusion: Conclusion::Failure,
        title: "2 findings".into(),
        summary: "Markdown".into(),
        ..CheckSpec::default()
    };
    let (url, how) = ensure::check(&*forge, &spec).await.unwrap();
    assert_eq!(how, Ensured::Created);
    assert!(url.ends_with(&format!("/My%20App/_git/shop/commit/{}", spec.commit)), "{url}");
    assert_eq!(ensure::check(&*forge, &spec).await.unwrap().1, Ensured::Unchanged);
    let page = "https://example.com/run/7".to_owned();
    let spec = CheckSpec { conclusion: Conclusion::Neutral, details_url: Some(page.clone()), ..spec };
    assert_eq!(ensure::check(&*forge, &spec).await.unwrap(), (page, Ensured::Updated));
    let kept = server.checks();
    let of = |at: usize| (kept[at].name.as_str(), kept[at].conclusion.as_str());
    assert_eq!(of(0), ("patchwork/Patchwork review", "failed"));
    assert_eq!(of(1), ("patchwork/Patchwork review", "notApplicable"));
}
