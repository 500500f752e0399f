//! Comments on lines, and what becomes of them.

use patchwork_core::port::forge::ensure::{self, MarkedComment, Reviewed};
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Comment, Ensured, LinePlace, PullRequestState, Thing};

use super::*;

async fn say(world: &World, number: u64, comments: &[NewLineComment]) -> Result<Reviewed, ForgeError> {
    let marked = |(comment, key): (&NewLineComment, u32)| MarkedComment {
        key: format!("finding-{key}-{}", comment.body),
        comment: comment.clone(),
    };
    let comments: Vec<MarkedComment> = comments.iter().zip(1..).map(marked).collect();
    ensure::review(&*world.forge, number, HEAD, "PRReview", "What was found.", &comments).await
}

/// The comments on lines that are there, by their text.
async fn on_lines(world: &World, number: u64) -> Vec<Comment> {
    let comments = world.forge.comments(Thing::PullRequest(number)).await.unwrap();
    comments.into_iter().filter(|comment| comment.place.is_some()).collect()
}

fn place(path: &str, side: Side, line: u32) -> Option<LinePlace> {
    Some(LinePlace { path: path.into(), side, start_line: None, line: Some(line) })
}

pub(super) async fn on_both_sides_and_unchanged_lines(world: &World) {
    let number = world.pull();
    let unchanged = NewLineComment { other_line: Some(3), ..on_line(Side::New, 4, "unchanged") };
    let wanted = [on_line(Side::New, 3, "added"), on_line(Side::Old, 2, "removed"), unchanged];
    let reviewed = say(world, number, &wanted).await.unwrap();
    assert_eq!((reviewed.made.len(), reviewed.outside.len()), (3, 0), "{reviewed:?}");
    let there = on_lines(world, number).await;
    for (comment, wanted) in there.iter().zip(&wanted) {
        assert!(comment.body.contains(&wanted.body), "{comment:?}");
        assert_eq!(comment.place, place("src/a.rs", wanted.side, wanted.line), "{}", wanted.body);
        assert!(!comment.resolved);
    }
    assert_eq!(there.len(), 3);
    let kept = world.server.comments(Thing::PullRequest(number));
    let kept: Vec<_> = kept.iter().filter_map(|comment| comment.place.clone()).collect();
    assert_eq!(kept.len(), 3);
    assert_eq!(Some(kept[0].clone()), place("src/a.rs", Side::New, 3));
    assert_eq!(Some(kept[1].clone()), place("src/a.rs", Side::Old, 2));
}

pub(super) async fn of_a_renamed_file(world: &World) {
    let number = world.pull();
    let renamed = |side, line, body| NewLineComment {
        path: "src/new.rs".into(),
        old_path: Some("src/old.rs".into()),
        ..on_line(side, line, body)
    };
    let wanted = [renamed(Side::New, 2, "now"), renamed(Side::Old, 2, "before")];
    let reviewed = say(world, number, &wanted).await.unwrap();
    assert_eq!((reviewed.made.len(), reviewed.outside.len()), (2, 0), "{reviewed:?}");
    let places: Vec<_> = on_lines(world, number).await.into_iter().map(|comment| comment.place).collect();
    assert_eq!(places, [place("src/new.rs", Side::New, 2), place("src/new.rs", Side::Old, 2)]);
}

pub(super) async fn on_several_lines(world: &World) {
    let number = world.pull();
    let wanted = NewLineComment { start_line: Some(2), ..on_line(Side::New, 4, "several") };
    say(world, number, &[wanted]).await.unwrap();
    let place = on_lines(world, number).await.remove(0).place.unwrap();
    assert_eq!((place.side, place.line), (Side::New, Some(4)));
    assert_eq!(place.start_line, world.can(Ability::MultiLineComments).then_some(2));
}

pub(super) async fn a_line_outside_of_the_diff(world: &World) {
    let number = world.pull();
    let elsewhere = NewLineComment { path: "src/none.rs".into(), ..on_line(Side::New, 1, "no file") };
    let wanted = [on_line(Side::New, 3, "inside"), on_line(Side::New, 40, "outside"), elsewhere];
    let changes = world.forge.changes(number).await.unwrap();
    let reviewed = say(world, number, &wanted).await.unwrap();
    let there = on_lines(world, number).await;
    // Azure DevOps tells no lines of a diff, and takes a comment on any line of a file that changed.
    if changes.files.iter().all(|file| file.left_out.is_some()) {
        assert_eq!(
            (world.kind, reviewed.outside),
            (ForgeKind::AzureDevOps, vec!["finding-3-no file".to_owned()])
        );
        assert_eq!(there.len(), 2, "{there:?}");
        return;
    }
    assert_eq!(reviewed.outside, ["finding-2-outside", "finding-3-no file"]);
    assert_eq!(reviewed.made.len(), 1, "{reviewed:?}");
    assert_eq!(there.len(), 1, "{there:?}");
    assert!(there[0].body.contains("inside"));
}

pub(super) async fn said_once(world: &World) {
    let number = world.pull();
    let wanted = [on_line(Side::New, 2, "one"), on_line(Side::New, 3, "two")];
    assert_eq!(say(world, number, &wanted).await.unwrap().made.len(), 2);
    let again = say(world, number, &wanted).await.unwrap();
    assert_eq!((again.made.len(), again.there.len()), (0, 2));
    assert_eq!(on_lines(world, number).await.len(), 2);
}

pub(super) async fn suggestions(world: &World) {
    let number = world.pull();
    let code = "zwei\n```\nand more";
    let block = world.forge.suggestion(1, code);
    assert_eq!(block.is_some(), world.can(Ability::Suggestions));
    let Some(block) = block else { return };
    assert!(block.starts_with("````suggestion") && block.contains(code), "{block}");
    say(world, number, &[on_line(Side::New, 2, &block)]).await.unwrap();
    assert!(on_lines(world, number).await[0].body.contains(&block));
}

pub(super) async fn answered_resolved_and_opened_again(world: &World) {
    let number = world.pull();
    say(world, number, &[on_line(Side::New, 3, "added")]).await.unwrap();
    let first = on_lines(world, number).await.remove(0);
    let mark = Mark::named("PRReview/answer");
    if !world.can(Ability::Threads) {
        let before = world.server.writes().len();
        assert_eq!(first.thread, None);
        world.refuses(Ability::Threads, world.forge.reply(number, &first.id, "x").await);
        world.refuses(Ability::Threads, world.forge.resolve(number, &first.id, true).await);
        assert_eq!(world.server.writes().len(), before);
        return;
    }
    let thread = first.thread.clone().unwrap();
    for expected in [Ensured::Created, Ensured::Unchanged] {
        let (answer, how) = ensure::reply(&*world.forge, number, &thread, &mark, "done").await.unwrap();
        assert_eq!((how, answer.thread.as_ref()), (expected, Some(&thread)));
    }
    for (resolved, expected) in [
        (true, Ensured::Updated),
        (true, Ensured::Unchanged),
        (false, Ensured::Updated),
        (false, Ensured::Unchanged),
    ] {
        let how = ensure::resolved(&*world.forge, number, &thread, resolved).await.unwrap();
        assert_eq!(how, expected);
        let of_thread = on_lines(world, number).await;
        assert!(of_thread.iter().all(|comment| comment.resolved == resolved), "{of_thread:?}");
    }
    assert_eq!(
        world.server.comments(Thing::PullRequest(number)).iter().filter(|c| c.thread.is_some()).count(),
        2
    );
    assert!(world.forge.reply(number, "999999", "x").await.is_err());
}

pub(super) async fn of_what_was_merged_meanwhile(world: &World) {
    let number = world.pull();
    world.server.merge(number);
    let error = say(world, number, &[on_line(Side::New, 3, "late")]).await.unwrap_err();
    assert!(matches!(error, ForgeError::Closed { state: PullRequestState::Merged, .. }), "{error:?}");
    assert_eq!(world.server.writes().len(), 0);
}

pub(super) async fn lines_that_a_push_took_away(world: &World) {
    let number = world.pull();
    say(world, number, &[on_line(Side::New, 3, "added")]).await.unwrap();
    world.server.push(number, &"2".repeat(40), "Again", vec![file("src/b.rs", PATCH)]);
    let there = on_lines(world, number).await;
    assert_eq!(there.len(), 1);
    let place = there[0].place.as_ref().unwrap();
    assert_eq!((place.path.as_str(), place.line), ("src/a.rs", None));
}

pub(super) async fn reactions(world: &World) {
    let number = world.pull();
    let insider = world.insider();
    say(world, number, &[on_line(Side::New, 3, "added")]).await.unwrap();
    let on = Thing::PullRequest(number);
    let id = world.server.comments(on).iter().find(|comment| comment.place.is_some()).unwrap().id;
    world.server.react(insider, id, "-1");
    let reactions = on_lines(world, number).await.remove(0).reactions;
    if !world.can(Ability::Reactions) {
        assert_eq!(reactions, []);
        return;
    }
    assert_eq!(reactions.len(), 1);
    assert!(reactions[0].by.decides() || world.kind == ForgeKind::AzureDevOps, "{reactions:?}");
}
