//! Comments on lines.

use patchwork_core::port::forge::ensure::{MarkedComment, Reviewed};
use patchwork_core::port::forge::{ForgeError, LinePlace, PullRequestState, Thing, Trust, ensure};
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
        marked("removed", on_line(Side::Old, None, 2, "on a removed line")),
        marked("several", on_line(Side::New, Some(2), 4, "on several lines")),
    ]
}

fn place(side: Side, start_line: Option<u32>, line: u32) -> LinePlace {
    LinePlace { path: "src/a.rs".into(), side, start_line, line: Some(line) }
}

#[tokio::test]
async fn comments_stand_on_their_lines_and_are_said_once() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let reviewed = review(&forge, number, &remarks()).await.unwrap();
    let wanted = [place(Side::New, None, 2), place(Side::Old, None, 2), place(Side::New, Some(2), 4)];
    assert_eq!((reviewed.made.len(), reviewed.outside.len()), (3, 0));
    for (made, wanted) in reviewed.made.iter().zip(&wanted) {
        assert_eq!((made.place.as_ref(), made.author.trust), (Some(wanted), Trust::Own));
        assert!(made.thread.is_some() && !made.resolved);
    }
    let kept = server.comments(Thing::PullRequest(number));
    assert_eq!(kept.iter().map(|one| one.place.clone().unwrap()).collect::<Vec<_>>(), wanted);
    let sent = server.writes().remove(2).body;
    assert_eq!(sent["status"], "active");
    assert_eq!(
        sent["pullRequestThreadContext"],
        json!({
            "changeTrackingId": 2,
            "iterationContext": { "firstComparingIteration": 1, "secondComparingIteration": 1 },
        })
    );
    let again = review(&forge, number, &remarks()).await.unwrap();
    assert_eq!((again.made.len(), again.there.len()), (0, 3));
}

#[tokio::test]
async fn a_file_outside_of_the_diff_keeps_no_other_back() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    let elsewhere = NewLineComment { path: "b.rs".into(), ..on_line(Side::New, None, 1, "no") };
    let comments = [
        marked("in", on_line(Side::New, None, 2, "in")),
        marked("elsewhere", elsewhere),
        marked("last", on_line(Side::New, None, 3, "last")),
    ];
    let reviewed = review(&forge, number, &comments).await.unwrap();
    assert_eq!(reviewed.outside, ["elsewhere"]);
    assert_eq!((reviewed.made.len(), server.comments(Thing::PullRequest(number)).len()), (2, 2));
}

#[tokio::test]
async fn the_iteration_that_was_looked_at_is_commented_on() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    server.push(number, &"9".repeat(40), "more", vec![file("src/a.rs", ChangeStatus::Modified)]);
    let iteration = |at: usize| {
        let sent = server.writes().remove(at).body;
        sent["pullRequestThreadContext"]["iterationContext"]["secondComparingIteration"].clone()
    };
    review(&forge, number, &remarks()[..1]).await.unwrap();
    assert_eq!(iteration(0), 1);
    ensure::review(&*forge, number, "gone", "PRReview", "", &remarks()[1..2]).await.unwrap();
    assert_eq!(iteration(1), 2, "of one that is not there the newest");
}

#[tokio::test]
async fn one_that_is_completed_meanwhile_is_left_alone() {
    let server = server();
    let forge = connect(&server);
    let number = with_changes(&server);
    server.merge(number);
    let error = review(&forge, number, &remarks()).await.unwrap_err();
    assert!(matches!(error, ForgeError::Closed { state: PullRequestState::Merged, .. }), "{error:?}");
    assert!(server.writes().is_empty());
}
