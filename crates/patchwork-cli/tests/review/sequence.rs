//! What people see of a review over the life of a pull request: nothing twice, what is fixed resolved, what was dismissed let be.

use patchwork_core::port::forge::{ForgeKind, Thing};

use crate::world::World;

/// A file with a function for each name; those that begin with `bad_` go wrong.
fn file(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| {
            let wrong = if name.starts_with("bad_") { "  # TODO-logic" } else { "" };
            format!("def {name}(value):\n    first = value\n    return first + len(\"{name}\"){wrong}\n\n\n")
        })
        .collect()
}

fn life(kind: ForgeKind) {
    let base = file(&["one", "two"]);
    let mut world = World::new(kind, &[("a.py", &base), ("README.md", "# Shop\n")]);
    let first = file(&["one", "bad_three", "two", "bad_four"]);
    world.open(&[("a.py", Some(&first)), ("b.py", Some(&file(&["bad_five"])))]);

    // The first review says each thing once.
    world.review(&[]).assert_code(0);
    let said = world.said();
    assert_eq!(said.len(), 3, "{said:?}");
    let asked = world.asked();

    // Again, with nothing new: no call, nothing said, the summary stays.
    let summary = world.summary();
    world.review(&[]).assert_code(0);
    assert_eq!((world.said(), world.asked(), world.summary()), (said.clone(), asked, summary));

    // A push elsewhere: only that is asked about.
    world.push("More", &[("c.py", Some(&file(&["six"])))]);
    world.review(&[]).assert_code(0);
    assert_eq!(world.said(), said);
    assert_eq!(world.asked(), asked + 1, "one bundle, and no doubt about it");

    // A rebase over another change of the same file above the lines: nothing is said again.
    world.repo.commit_on("main", "Before", &[("a.py", Some(&format!("import os\n\n\n{base}")))]);
    world.publish("main");
    world.repo.rebase("feature", "main");
    world.show();
    world.review(&[]).assert_code(0);
    assert_eq!(world.said().len(), 3, "{:?}", world.said());

    // All commits squashed into one and pushed by force: the same.
    world.repo.squash("feature", "main", "All of it");
    world.show();
    world.review(&[]).assert_code(0);
    assert_eq!(world.said().len(), 3, "{:?}", world.said());

    // A maintainer dismisses one; a stranger tries the same with another.
    let threads = world.comments();
    let thread = |name: &str| {
        let wanted = |comment: &&patchwork_testkit::forge::Comment| {
            comment.body.contains("PRReview/finding")
                && comment.place.as_ref().is_some_and(|place| place.path == name)
        };
        threads.iter().find(wanted).expect("it was said").thread
    };
    let number = Thing::PullRequest(threads.first().expect("comments").on.number());
    world.forge.with(|state| {
        state.add_comment("maintainer", number, "wontfix: it is meant so", None, thread("b.py"));
        state.add_comment("stranger", number, "wontfix", None, thread("a.py"));
    });
    // And one is fixed.
    let fixed = format!("import os\n\n\n{}", file(&["one", "three", "two", "bad_four"]));
    world.push(
        "Mend three",
        &[("a.py", Some(&fixed)), ("b.py", Some(&format!("# moved\n{}", file(&["bad_five"]))))],
    );
    world.review(&["remember=false"]).assert_code(0);
    let now = world.said();
    assert_eq!(now.len(), 3, "nothing is said again: {now:?}");
    if kind != ForgeKind::Gitea {
        let resolved = now.iter().filter(|one| one.ends_with(" resolved")).count();
        assert_eq!(resolved, 1, "what was fixed is resolved, and nothing else: {now:?}");
    }
    world.assert_fair();
}

#[test]
fn on_github() {
    life(ForgeKind::GitHub);
}

#[test]
fn on_gitlab() {
    life(ForgeKind::GitLab);
}

#[test]
fn on_azure_devops() {
    life(ForgeKind::AzureDevOps);
}

#[test]
fn on_gitea() {
    life(ForgeKind::Gitea);
}

#[test]
fn on_bitbucket() {
    life(ForgeKind::Bitbucket);
}

/// What was said about `a.py`: each with `resolved` where it is.
fn about(world: &World) -> Vec<&'static str> {
    let is_resolved = |one: &String| if one.ends_with(" resolved") { "resolved" } else { "open" };
    let mut said: Vec<&str> =
        world.said().iter().filter(|one| one.starts_with("a.py:")).map(is_resolved).collect();
    said.sort_unstable();
    said
}

fn back(kind: ForgeKind) {
    let (good, bad) = (file(&["one", "two"]), file(&["one", "bad_two"]));
    // Gitea's API can't resolve a comment, and has no answers to it.
    let closed = if kind == ForgeKind::Gitea { "open" } else { "resolved" };
    let mut world = World::new(kind, &[("a.py", &file(&["one"]))]);
    world.open(&[("a.py", Some(&bad))]);
    let gate = &["fail_on=high"];
    world.review(gate).assert_code(10);
    assert_eq!(about(&world), ["open"]);

    for time in 1..=2 {
        let earlier = vec![closed; time];
        world.push("Mend", &[("a.py", Some(&good))]);
        world.review(gate).assert_code(0);
        assert_eq!(about(&world), earlier);
        assert!(world.summary().contains("1 earlier finding fixed"), "{}", world.summary());
        // It is fixed once.
        world.push("More", &[("b.py", Some(&file(&["three"][..time - 1])))]);
        world.review(gate).assert_code(0);
        assert_eq!(about(&world), earlier);

        // The same code is back: that is said, and shuts the gate.
        world.push("Revert", &[("a.py", Some(&bad))]);
        world.review(gate).assert_code(10);
        let mut now = [vec!["open"], earlier].concat();
        now.sort_unstable();
        assert_eq!(about(&world), now);
        // And it is said once, also when its function is looked at again.
        let touched = bad.replace(
            "first = value\n    return first + len(\"bad",
            "first = 0 + value\n    return first + len(\"bad",
        );
        assert_ne!(touched, bad);
        for text in [&touched, &bad] {
            world.push("Touch", &[("a.py", Some(text))]);
            world.review(gate).assert_code(10);
            assert_eq!(about(&world), now);
        }
    }

    // What a person closed is not said again when it is back.
    let newest = world.comments().into_iter().rev().find(|comment| comment.body.contains("PRReview/finding"));
    let newest = newest.expect("it was said");
    world.forge.with(|state| state.comment_mut(newest.id).unwrap().resolved = true);
    let closed_now = about(&world);
    for text in [&good, &bad] {
        world.push("Again", &[("a.py", Some(text))]);
        world.review(&[]).assert_code(0);
        assert_eq!(about(&world), closed_now);
    }
    // The gate is shut all the same: to close a comment is not enough.
    world.review(gate).assert_code(10);
    world.assert_fair();
}

#[test]
fn what_was_fixed_and_is_back_is_said_once_more_on_github() {
    back(ForgeKind::GitHub);
}

#[test]
fn what_was_fixed_and_is_back_is_said_once_more_on_gitea() {
    back(ForgeKind::Gitea);
}
