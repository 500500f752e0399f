//! Comments on lines.

use patchwork_core::port::forge::ensure::{MarkedComment, Reviewed};
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{ForgeError, Hidden, LinePlace, PullRequestState, Thing, Trust, ensure};
use patchwork_testkit::forge::{Draft, Scripted};
use serde_json::json;

use super::*;

fn marked(key: &str, comment: NewLineComment) -> MarkedComment {
    MarkedComment { key: key.into(), comment }
}

async fn review(
    forge: &Arc<dyn Forge>,
    number: u64,
    comments: &[MarkedComment],
) -> Result<Reviewed, ForgeError> {
    ensure::review(&**forge, number, &"1".repeat(40), "PRReview", "two remarks", comments).await
}

fn remarks() -> Vec<MarkedComment> {
    vec![
        marked("added", on_line(Side::New, None, 2, "on an added line")),
        marked(
            "context",
            NewLineComment { other_line: Some(3), ..on_line(Side::New, None, 4, "on context") },
        ),
        marked("removed", on_line(Side::Old, None, 2, "on a removed line")),
        marked("several", on_line(Side::New, Some(2), 4, "on several lines")),
    ]
}

fn place(side: Side, start_line: Option<u32>, line: u32) -> LinePlace {
    LinePlace { path: "src/a.rs".into(), side, start_line, line: Some(line) }
}

const OLD: (u32, u32) = (15, 10);

#[tokio::test]
async fn comments_stand_on_their_lines_with_drafts_and_without() {
    for version in [(18, 5), OLD] {
        let server = server();
        server.with(|state| state.gitlab.version = version);
        let forge = connect(&server);
        let number = with_changes(&server);
        let reviewed = review(&forge, number, &remarks()).await.unwrap();
        assert_eq!((reviewed.made.len(), reviewed.outside.len()), (4, 0), "{version:?}");
        let wanted = [
            place(Side::New, None, 2),
            place(Side::New, None, 4),
            place(Side::Old, None, 2),
            place(Side::New, Some(2), 4),
        ];
        for (made, wanted) in reviewed.made.iter().zip(&wanted) {
            assert_eq!(made.place.as_ref(), Some(wanted), "{version:?}");
            assert!(made.thread.is_some() && made.author.trust == Trust::Own);
        }
        let kept = server.comments(Thing::PullRequest(number));
        assert_eq!(kept.iter().map(|one| one.place.clone().unwrap()).collect::<Vec<_>>(), wanted);
        let bulk = server.log().iter().filter(|line| line.contains("bulk_publish")).count();
        assert_eq!(bulk, usize::from(version != OLD));
        let again = review(&forge, number, &remarks()).await.unwrap();
        assert_eq!((again.made.len(), again.there.len()), (0, 4));
    }
}

#[tokio::test]
async fn a_line_outside_of_the_diff_keeps_no_other_back() {
    for version in [(18, 5), OLD] {
        let server = server();
        server.with(|state| state.gitlab.version = version);
        let forge = connect(&server);
        let number = with_changes(&server);
        let comments = [
            marked("in", on_line(Side::New, None, 2, "in")),
            marked("out", on_line(Side::New, None, 90, "out")),
            marked("elsewhere", NewLineComment { path: "b.rs".into(), ..on_line(Side::New, None, 1, "no") }),
            marked("last", on_line(Side::New, None, 3, "last")),
        ];
        let reviewed = review(&forge, number, &comments).await.unwrap();
        assert_eq!(reviewed.outside, ["out", "elsewhere"], "{version:?}");
        assert_eq!(reviewed.made.len(), 2, "{version:?}");
        assert_eq!(server.comments(Thing::PullRequest(number)).len(), 2);
        assert_eq!(server.with(|state| state.gitlab.drafts.len()), 0);
    }
}

#[tokio::test]
async fn unfinished_drafts_of_a_person_stay_drafts() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let theirs = Draft { id: 7, pull: number, note: "not yet".into(), position: json!(null) };
    server.with(|state| state.gitlab.drafts.push(theirs.clone()));
    let reviewed = review(&forge, number, &remarks()).await.unwrap();
    assert_eq!(reviewed.made.len(), 4);
    assert_eq!(server.with(|state| state.gitlab.drafts.clone()), [theirs]);
    assert!(!server.log().iter().any(|line| line.contains("bulk_publish")));
}

#[tokio::test]
async fn drafts_of_a_run_that_broke_off_are_taken_up_or_replaced() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    // The third draft fails: the first two stay.
    server.script_at(
        "POST",
        "draft_notes",
        [Scripted::Usual, Scripted::Usual, Scripted::status(500, "oops")],
    );
    review(&forge, number, &remarks()).await.unwrap_err();
    assert_eq!(server.with(|state| state.gitlab.drafts.len()), 2);
    assert!(server.comments(Thing::PullRequest(number)).is_empty());
    let mark = Mark::named("PRReview").key("several").write("in other words", Hidden::Html);
    let stale = Draft { id: 7, pull: number, note: mark, position: json!(null) };
    server.with(|state| state.gitlab.drafts.push(stale));
    let reviewed = review(&forge, number, &remarks()).await.unwrap();
    assert_eq!(reviewed.made.len(), 4);
    let kept = server.comments(Thing::PullRequest(number));
    assert_eq!((kept.len(), kept.iter().filter(|one| one.body.contains("other words")).count()), (4, 0));
    assert_eq!(server.with(|state| state.gitlab.drafts.len()), 0);
}

#[tokio::test]
async fn a_lost_answer_to_publishing_publishes_once() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    server.script_at("POST", "bulk_publish", [Scripted::status(502, "")]);
    let reviewed = review(&forge, number, &remarks()).await.unwrap();
    assert_eq!((reviewed.made.len(), server.comments(Thing::PullRequest(number)).len()), (4, 4));
}

#[tokio::test]
async fn the_diff_that_was_looked_at_is_commented_on() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    server.push(number, &"9".repeat(40), "more", vec![file("src/a.rs", PATCH)]);
    review(&forge, number, &remarks()[..1]).await.unwrap();
    let sent = server.writes().into_iter().find(|one| one.path.ends_with("draft_notes")).unwrap();
    assert_eq!(sent.body["position"]["head_sha"], "1".repeat(40));
    let unknown = ensure::review(&*forge, number, "gone", "PRReview", "", &remarks()[2..3]).await.unwrap();
    assert_eq!(unknown.made.len(), 1);
    let sent = server.writes().into_iter().rfind(|one| one.path.ends_with("draft_notes")).unwrap();
    assert_eq!(sent.body["position"]["head_sha"], "9".repeat(40), "of one that is not there the newest");
}

#[tokio::test]
async fn renamed_files_have_both_names() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    server.change(number, |pull| {
        pull.files[0].status = ChangeStatus::Renamed;
        pull.files[0].old_path = Some("src/old.rs".into());
    });
    let reviewed = review(&forge, number, &remarks()).await.unwrap();
    assert_eq!(reviewed.made.len(), 4);
    let sent = server.writes().remove(0).body;
    assert_eq!(
        (&sent["position"]["old_path"], &sent["position"]["new_path"]),
        (&json!("src/old.rs"), &json!("src/a.rs"))
    );
}

#[tokio::test]
async fn one_that_is_merged_meanwhile_is_left_alone() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    server.merge(number);
    let error = review(&forge, number, &remarks()).await.unwrap_err();
    assert!(matches!(error, ForgeError::Closed { state: PullRequestState::Merged, .. }), "{error:?}");
    assert!(server.writes().is_empty());
}

#[tokio::test]
async fn a_diff_that_is_not_made_yet_is_waited_for_by_the_caller() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let none = Scripted::Answer { status: 200, headers: Vec::new(), body: "[]".into() };
    server.script_at("GET", "/versions", [none]);
    let said = words(review(&forge, number, &remarks()).await.unwrap_err());
    assert!(said.contains("has not made the diff"), "{said}");
}

#[tokio::test]
async fn two_runs_at_once_leave_one_of_each_comment() {
    for version in [(18, 5), OLD] {
        let server = server();
        server.with(|state| state.gitlab.version = version);
        let number = with_changes(&server);
        let on = Thing::PullRequest(number);
        let (ada, bob) = (connect(&server), connect(&server));
        let remarks = remarks();
        let (one, other) = tokio::join!(review(&ada, number, &remarks), review(&bob, number, &remarks));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!((one.outside.len(), other.outside.len()), (0, 0), "{version:?}");
        let kept = server.comments(on);
        assert_eq!(kept.len(), 4, "{version:?}: {kept:#?}");
        assert_eq!(server.with(|state| state.gitlab.drafts.len()), 0);
        let mark = Mark::named("PRReview/summary");
        let (one, other) =
            tokio::join!(ensure::comment(&*ada, on, &mark, "one"), ensure::comment(&*bob, on, &mark, "one"));
        assert_eq!(one.unwrap().0.id, other.unwrap().0.id);
        assert_eq!(server.comments(on).len(), 5);
    }
}
