//! Pull requests: finding, opening, changing, and what they change.

use patchwork_core::port::forge::ensure::pull_request as ensure;
use patchwork_core::port::forge::{Ensured, ForgeError, PullRequestState, Query, TextChange};
use patchwork_testkit::forge::{Pull, Scripted};

use super::*;

fn open(open: bool) -> TextChange {
    TextChange { open: Some(open), ..TextChange::default() }
}

pub(super) async fn opened_found_and_updated(world: &World) {
    let wanted = PullRequestSpec { labels: vec!["bug".into()], ..spec("Fixes", "one") };
    let (made, how) = ensure(&*world.forge, &wanted).await.unwrap();
    assert_eq!((how, made.title.as_str(), made.body.as_str()), (Ensured::Created, "Fixes", "one"));
    assert_eq!((made.base.branch.as_str(), made.head.branch.as_str()), ("main", "autofix-main"));
    assert_eq!((made.state, made.is_from_elsewhere()), (PullRequestState::Open, false));
    assert_eq!(made.author.trust, patchwork_core::port::forge::Trust::Own);
    assert!(made.pull.url.starts_with(world.server.url()), "{}", made.pull.url);
    assert_eq!(
        made.labels.iter().any(|label| label == "bug"),
        world.can(Ability::Labels),
        "{:?}",
        made.labels
    );

    let (_, how) = ensure(&*world.forge, &wanted).await.unwrap();
    assert_eq!(how, Ensured::Unchanged);
    let wanted = PullRequestSpec { labels: vec!["bug".into(), "Tested".into()], ..spec("Fixes all", "two") };
    let (same, how) = ensure(&*world.forge, &wanted).await.unwrap();
    assert_eq!((same.pull.number, how), (made.pull.number, Ensured::Updated));
    let pulls = world.server.pulls();
    assert_eq!(pulls.len(), 1);
    assert_eq!((pulls[0].title.as_str(), pulls[0].body.as_str()), ("Fixes all", "two"));
    let tested = same.labels.iter().any(|label| label == "Tested");
    assert_eq!(tested, world.can(Ability::Labels), "{:?}", same.labels);
    let found = world.forge.find_pull_request("main", "autofix-main").await.unwrap().unwrap();
    let read = world.forge.pull_request(made.pull.number).await.unwrap();
    assert_eq!((found.pull.number, &read.head.commit), (made.pull.number, &HEAD.to_owned()));
}

pub(super) async fn a_second_one_is_refused(world: &World) {
    world.forge.open_pull_request(&spec("Fixes", "one")).await.unwrap();
    let again = world.forge.open_pull_request(&spec("Fixes", "two")).await.unwrap_err();
    assert!(matches!(again, ForgeError::Exists { .. }), "{again:?}");
    assert_eq!(world.server.pulls().len(), 1);
    assert_eq!(world.server.pulls()[0].body, "one");
}

pub(super) async fn closed_and_opened_again(world: &World) {
    let number = world.forge.open_pull_request(&spec("Fixes", "one")).await.unwrap().pull.number;
    let closed = world.forge.change_pull_request(number, &open(false)).await.unwrap();
    assert_eq!(closed.state, PullRequestState::Closed);
    assert_eq!(world.forge.find_pull_request("main", "autofix-main").await.unwrap(), None);
    match world.forge.change_pull_request(number, &open(true)).await {
        Ok(opened) => assert_eq!(opened.state, PullRequestState::Open),
        // What Bitbucket declined stays so.
        Err(error) => {
            assert_eq!(world.kind, ForgeKind::Bitbucket);
            assert!(matches!(error, ForgeError::Closed { state: PullRequestState::Closed, .. }), "{error:?}");
        }
    }
}

pub(super) async fn merged_meanwhile(world: &World) {
    let number = world.forge.open_pull_request(&spec("Fixes", "one")).await.unwrap().pull.number;
    world.server.merge(number);
    for wanted in [true, false] {
        let error = world.forge.change_pull_request(number, &open(wanted)).await.unwrap_err();
        assert!(matches!(error, ForgeError::Closed { state: PullRequestState::Merged, .. }), "{error:?}");
    }
    let (made, how) = ensure(&*world.forge, &spec("Fixes", "one")).await.unwrap();
    assert!(how == Ensured::Created && made.pull.number != number, "a merged one is not used again");
}

pub(super) async fn those_of_others_are_not_ours(world: &World) {
    let ours =
        Pull { head_repository: world.slug.into(), ..world.server.pull("main", "autofix-main", "x", "x") };
    world.server.add(Pull { open: false, ..ours.clone() });
    world.server.add(Pull { base: "release".into(), ..ours.clone() });
    world.server.add(Pull { head: "autofix".into(), ..ours.clone() });
    world.server.add(Pull { head_repository: world.slug.replace("app", "fork"), ..ours.clone() });
    world.server.add(Pull { head_repository: String::new(), ..ours.clone() });
    assert_eq!(world.forge.find_pull_request("main", "autofix-main").await.unwrap(), None);
    let number = world.server.add(ours);
    let found = world.forge.find_pull_request("main", "autofix-main").await.unwrap();
    assert_eq!(found.map(|pull| pull.pull.number), Some(number));
}

pub(super) async fn listed_by_state(world: &World) {
    let [first, second, third] = [(); 3].map(|()| world.pull());
    world.server.close(second);
    world.server.merge(third);
    let numbers = async |state: Option<PullRequestState>| {
        let query = Query { state, limit: 10 };
        let listed = world.forge.pull_requests(&query).await.unwrap();
        assert!(listed.iter().all(|pull| state.is_none_or(|state| pull.state == state)), "{listed:?}");
        listed.into_iter().map(|pull| pull.pull.number).collect::<Vec<_>>()
    };
    assert_eq!(numbers(Some(PullRequestState::Open)).await, [first]);
    assert_eq!(numbers(Some(PullRequestState::Closed)).await, [second]);
    assert_eq!(numbers(Some(PullRequestState::Merged)).await, [third]);
    assert_eq!(numbers(None).await, [third, second, first]);
    let missing = world.forge.pull_request(999).await.unwrap_err();
    assert!(matches!(missing, ForgeError::NotFound { .. }), "{missing:?}");
}

pub(super) async fn more_than_a_page(world: &World) {
    let mut numbers: Vec<u64> = (0..230).map(|_| world.pull()).collect();
    numbers.reverse();
    for limit in [230, 101, 100, 1, 1_000] {
        let query = Query { state: Some(PullRequestState::Open), limit };
        let listed = world.forge.pull_requests(&query).await.unwrap();
        let listed: Vec<u64> = listed.iter().map(|pull| pull.pull.number).collect();
        assert_eq!(listed, numbers[..limit.min(230)], "{limit}");
    }
}

pub(super) async fn one_that_somebody_opens_in_between(world: &World) {
    let rival = world.server.pull("main", "autofix-main", "Theirs", "theirs");
    world.server.script("POST", [Scripted::Rival(Box::new(rival))]);
    ensure(&*world.forge, &spec("Ours", "ours")).await.unwrap();
    let pulls = world.server.pulls();
    assert_eq!((pulls.len(), pulls[0].title.as_str(), pulls[0].body.as_str()), (1, "Ours", "ours"));
}

pub(super) async fn an_opening_whose_answer_is_lost(world: &World) {
    world.server.script("POST", [Scripted::LostAnswer]);
    // Whether it is tried again or ends: the next run finds what was made.
    let _ = ensure(&*world.forge, &spec("Fixes", "one")).await;
    let (_, how) = ensure(&*world.forge, &spec("Fixes", "one")).await.unwrap();
    assert_eq!((how, world.server.pulls().len()), (Ensured::Unchanged, 1));
}

pub(super) async fn the_base_branch_is_gone(world: &World) {
    world.server.delete_branch("main");
    let said = words(ensure(&*world.forge, &spec("Fixes", "one")).await.unwrap_err());
    assert!(said.contains("main") || said.contains("branch") || said.contains("base"), "{said}");
    assert_eq!(world.server.pulls().len(), 0);
}

pub(super) async fn the_fork_is_gone(world: &World) {
    let number = world.pull();
    world.server.delete_fork(number);
    let pull = world.forge.pull_request(number).await.unwrap();
    assert!(pull.is_from_elsewhere() && pull.head.repository.is_none(), "{pull:?}");
    assert_eq!((pull.head.branch.as_str(), pull.title.as_str()), ("feature", "Feature"));
    assert_eq!(world.forge.changes(number).await.unwrap().files.len(), 2);
    world.forge.add_comment(patchwork_core::port::forge::Thing::PullRequest(number), "x").await.unwrap();
}

pub(super) async fn what_it_changes(world: &World) {
    let number = world.pull();
    world.server.push(number, &"2".repeat(40), "Second\n\nMore of it.", {
        let mut files = world.server.pulls()[0].files.clone();
        files.push(FileChange {
            status: ChangeStatus::Added,
            old_mode: None,
            ..file("new.txt", "@@ -0,0 +1,2 @@\n+a\n+b\n")
        });
        files.push(FileChange {
            status: ChangeStatus::Deleted,
            new_mode: None,
            ..file("gone.txt", "@@ -1 +0,0 @@\n-a\n")
        });
        files
    });
    let changes = world.forge.changes(number).await.unwrap();
    assert!(changes.complete);
    let mut found: Vec<(&str, ChangeStatus, Option<&str>)> =
        changes.files.iter().map(|f| (f.path.as_str(), f.status, f.old_path.as_deref())).collect();
    found.sort_unstable_by_key(|(path, ..)| *path);
    let expected = [
        ("gone.txt", ChangeStatus::Deleted, None),
        ("new.txt", ChangeStatus::Added, None),
        ("src/a.rs", ChangeStatus::Modified, None),
        ("src/new.rs", ChangeStatus::Renamed, Some("src/old.rs")),
    ];
    assert_eq!(found, expected);
    for file in changes.files.iter().filter(|file| file.left_out.is_none()) {
        assert!(!file.hunks.is_empty(), "{}", file.path);
    }
    let commits = world.forge.commits(number).await.unwrap();
    let commits: Vec<(&str, &str)> = commits.iter().map(|c| (c.id.as_str(), c.message.trim_end())).collect();
    let second = "2".repeat(40);
    assert_eq!(commits, [(HEAD, "Feature"), (second.as_str(), "Second\n\nMore of it.")]);
    assert_eq!(world.forge.pull_request(number).await.unwrap().head.commit, second);
}

pub(super) async fn drafts(world: &World) {
    let draft = PullRequestSpec { draft: true, ..spec("Fixes", "one") };
    let made = world.forge.open_pull_request(&draft).await.unwrap();
    assert_eq!((made.draft, made.title.as_str()), (world.can(Ability::Drafts), "Fixes"));
    let change = TextChange { title: Some("Other".into()), ..TextChange::default() };
    let changed = world.forge.change_pull_request(made.pull.number, &change).await.unwrap();
    assert_eq!((changed.draft, changed.title.as_str()), (made.draft, "Other"));
    assert_eq!(world.server.pulls()[0].draft, world.can(Ability::Drafts));
}
