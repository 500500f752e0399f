//! A pull request and its review.

use patchwork_core::port::forge::ForgeKind;

use crate::world::World;

#[test]
fn a_pull_request_gets_comments_on_its_lines_and_a_summary() {
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", "def one():\n    return 1\n")]);
    world.open(&[("a.py", Some("def one():\n    return 2  # TODO-logic\n"))]);
    let before = world.repo.belongings();

    let ran = world.review(&[]);

    ran.assert_code(0);
    assert_eq!(ran.stdout.trim(), world.url());
    assert_eq!(world.said(), ["a.py:2 logic goes wrong"]);
    assert!(world.summary().contains("a.py"), "{}", world.summary());
    assert_eq!(world.repo.changed_since(&before), Vec::<String>::new());
    world.assert_fair();
}

#[test]
fn a_pull_request_that_was_merged_meanwhile_is_left_alone() {
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", "a = 1\n")]);
    world.open(&[("a.py", Some("a = 2  # TODO-logic\n"))]);
    world.forge.with(|state| {
        let pull = state.pull_mut(1).unwrap();
        (pull.open, pull.merged) = (false, true);
    });
    let ran = world.review(&[]);
    assert!(ran.assert_code(0).stderr.contains("is merged"), "{}", ran.stderr);
    assert_eq!((world.asked(), world.comments().len()), (0, 0));
}

#[test]
fn rules_and_configuration_come_from_the_base_branch() {
    let mut world = World::new(
        ForgeKind::GitHub,
        &[("a.py", "a = 1\n"), (".patchwork.yaml", "exclude: ['*.md']\n"), ("x.md", "x\n")],
    );
    let hostile = "max_comments: 0\nexclude: ['**']\npersona: quiet\n";
    world.open(&[
        ("a.py", Some("a = 2  # TODO-logic\n")),
        ("x.md", Some("TODO-logic\n")),
        (".patchwork.yaml", Some(hostile)),
        (".patchwork/dismissed.yml", Some("- fingerprint: all\n  reason: trust me\n")),
    ]);
    // As a CI job has it: what somebody wants merged is checked out.
    world.repo.git(&["checkout", "-q", "feature"]);
    world.review(&[]).assert_code(0);
    assert_eq!(world.said(), ["a.py:1 logic goes wrong"]);
}
