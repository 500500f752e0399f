//! Comments on lines.

use patchwork_core::change::{Side, read_diff};
use patchwork_core::port::forge::ensure::MarkedComment;
use patchwork_core::port::forge::{NewLineComment, PullRequestState, Thing};

use super::pulls::{DIFF, opened};
use super::*;

fn on_lines(path: &str, side: Side, start_line: Option<u32>, line: u32) -> NewLineComment {
    let body = format!("about {line}");
    NewLineComment { path: path.into(), old_path: None, side, start_line, line, other_line: None, body }
}

fn marked(key: &str, comment: NewLineComment) -> MarkedComment {
    MarkedComment { key: key.into(), comment }
}

fn head() -> String {
    "1".repeat(40)
}

#[tokio::test]
async fn one_review_holds_comments_on_both_sides_and_on_several_lines() {
    let server = server();
    let number = opened(&server, "anna");
    let comments = [
        on_lines("src/a.py", Side::New, None, 2),
        on_lines("src/a.py", Side::New, Some(2), 4),
        on_lines("src/a.py", Side::Old, None, 2),
        on_lines("new.py", Side::New, Some(2), 2),
    ];
    let forge = connect(&server);
    let made = forge.add_line_comments(number, &head(), "Four remarks.", &comments).await.unwrap();
    let writes = server.writes();
    assert_eq!(writes.len(), 1);
    assert_eq!(writes[0].body["commit_id"], head());
    assert_eq!(writes[0].body["comments"][1]["start_side"], "RIGHT");
    assert_eq!(writes[0].body["comments"][2]["side"], "LEFT");
    assert!(writes[0].body["comments"][3].get("start_line").is_none(), "one line is no range");
    let places: Vec<_> =
        made.iter().map(|c| c.place.as_ref().map(|p| (p.side, p.start_line, p.line)).unwrap()).collect();
    assert_eq!(
        places,
        [
            (Side::New, None, Some(2)),
            (Side::New, Some(2), Some(4)),
            (Side::Old, None, Some(2)),
            (Side::New, None, Some(2)),
        ]
    );
    let all = forge.comments(Thing::PullRequest(number)).await.unwrap();
    assert_eq!(all.len(), 5, "with the text of the review");
    let edited = forge.edit_comment(Thing::PullRequest(number), &made[0].id, "other").await.unwrap();
    assert_eq!((edited.body.as_str(), edited.place.is_some()), ("other", true));
    forge.delete_comment(Thing::PullRequest(number), &made[0].id).await.unwrap();
    assert_eq!(server.comments(Thing::PullRequest(number)).len(), 4);
}

#[tokio::test]
async fn a_line_outside_the_diff_is_found_before_anything_is_sent() {
    let server = server();
    let number = opened(&server, "anna");
    let forge = connect(&server);
    let outside = [
        on_lines("src/a.py", Side::New, None, 12),
        on_lines("src/a.py", Side::New, Some(4), 21),
        on_lines("src/other.py", Side::New, None, 1),
        on_lines("renamed.md", Side::New, None, 1),
        on_lines("new.py", Side::Old, None, 1),
    ];
    for comment in outside {
        let comments = [on_lines("src/a.py", Side::New, None, 2), comment.clone()];
        let error = forge.add_line_comments(number, &head(), "", &comments).await.unwrap_err();
        assert_eq!(error, ForgeError::OutsideDiff { path: comment.path, line: comment.line });
    }
    assert_eq!(server.writes().len(), 0);

    let comments = [
        marked("a", on_lines("src/a.py", Side::New, None, 2)),
        marked("b", on_lines("src/a.py", Side::New, None, 12)),
        marked("c", on_lines("new.py", Side::New, None, 1)),
    ];
    let review =
        async || ensure::review(&*forge, number, &head(), "PRReview", "Remarks.", &comments).await.unwrap();
    let reviewed = review().await;
    assert_eq!((reviewed.made.len(), reviewed.outside), (2, vec!["b".to_owned()]));
    let again = review().await;
    assert_eq!((again.made.len(), again.there), (0, vec!["a".to_owned(), "c".to_owned()]));
}

#[tokio::test]
async fn a_review_that_the_site_refuses_is_sent_line_by_line() {
    let server = server();
    let number = opened(&server, "anna");
    let forge = connect(&server);
    // What was reviewed is older than what is there: only the site knows which of its lines it still takes.
    server.push(number, &"2".repeat(40), "Second", read_diff(DIFF).unwrap());
    let comments = [
        marked("a", on_lines("src/a.py", Side::New, None, 2)),
        marked("b", on_lines("src/a.py", Side::New, None, 12)),
        marked("c", on_lines("new.py", Side::New, None, 1)),
    ];
    let reviewed = ensure::review(&*forge, number, &head(), "PRReview", "", &comments).await.unwrap();
    assert_eq!((reviewed.made.len(), reviewed.outside), (2, vec!["b".to_owned()]));
    assert_eq!(server.comments(Thing::PullRequest(number)).iter().filter(|c| c.place.is_some()).count(), 2);

    server.force_push(number, vec![("3".repeat(40), "Other".into())], read_diff(DIFF).unwrap());
    let [one, ..] = comments;
    let error = forge.add_line_comments(number, &head(), "", &[one.comment]).await.unwrap_err();
    assert!(Failure::from(error).to_string().contains("commit_id is not part of the pull request"));
}

#[tokio::test]
async fn lines_that_are_gone_have_no_number_and_nothing_is_said_to_one_that_is_closed() {
    let server = server();
    let number = opened(&server, "anna");
    let forge = connect(&server);
    let comment = on_lines("new.py", Side::New, None, 1);
    forge.add_line_comments(number, &head(), "", std::slice::from_ref(&comment)).await.unwrap();
    server.push(number, &"2".repeat(40), "Second", Vec::new());
    let comments = forge.comments(Thing::PullRequest(number)).await.unwrap();
    assert_eq!(comments[0].place.as_ref().unwrap().line, None);

    for (close, state) in [
        (ForgeServer::close as fn(&_, u64), PullRequestState::Closed),
        (ForgeServer::merge, PullRequestState::Merged),
    ] {
        close(&server, number);
        let comments = [marked("a", comment.clone())];
        let error = ensure::review(&*forge, number, &head(), "PRReview", "", &comments).await.unwrap_err();
        assert!(matches!(error, ForgeError::Closed { state: is, .. } if is == state), "{error}");
    }
}
