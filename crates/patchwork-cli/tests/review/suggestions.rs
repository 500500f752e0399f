//! Suggestions that are built before they are offered.

use patchwork_core::port::forge::ForgeKind;
use patchwork_testkit::forge::Comment;
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest};
use serde_json::{Value, json};

use crate::world::{World, reviewing};

/// Suggests what parses: for `a.py` what fails when it is run, for `b.py` what holds.
fn suggesting(request: &SeenRequest) -> Reply {
    if request.user().contains("Finding 1:") {
        return reviewing(request);
    }
    let finding = |path: &str, suggestion: &str| -> Value {
        json!({
            "rule": "logic", "path": path, "side": "new", "start_line": 5, "line": 5, "code": "return added.two()",
            "severity": "high", "confidence": 0.9, "title": format!("{path} goes wrong"),
            "explanation": "It goes wrong when it is run.", "suggestion": suggestion,
        })
    };
    let findings =
        [finding("a.py", "    return missing.two()"), finding("b.py", "    return added.two() + 1")];
    Reply::text(json!({ "files": [], "findings": findings }).to_string())
}

/// A pull request that only builds as a whole: with the file that it adds, and without the one that it removes.
fn world() -> World {
    const BEFORE: &str = "def one():\n    return 1\n";
    const AFTER: &str = "import added\n\n\ndef one():\n    return added.two()\n";
    const CHECK: &str =
        "import os\n\nimport a\nimport b\n\na.one()\nb.one()\nassert not os.path.exists('old.py')\n";
    let mut world = World::new(
        ForgeKind::GitHub,
        &[("a.py", BEFORE), ("b.py", BEFORE), ("old.py", BEFORE), ("check.py", CHECK)],
    );
    world.model = ModelServer::start(suggesting);
    world.open(&[
        ("a.py", Some(AFTER)),
        ("b.py", Some(AFTER)),
        ("added.py", Some("def two():\n    return 2\n")),
        ("old.py", None),
    ]);
    world
}

/// The files for which code is offered.
fn offered(world: &World) -> Vec<String> {
    let comments = world.comments();
    let with_code = comments.iter().filter(|comment| comment.body.contains("```suggestion"));
    let mut paths: Vec<String> =
        with_code.filter_map(|comment| Some(comment.place.as_ref()?.path.clone())).collect();
    paths.sort();
    paths
}

#[test]
fn a_suggestion_that_does_not_build_is_not_offered() {
    let world = world();
    let before = world.repo.belongings();

    world.review(&["build_command=python3 check.py"]).assert_code(0);

    assert_eq!(world.said(), ["a.py:5 a.py goes wrong", "b.py:5 b.py goes wrong"]);
    assert_eq!(offered(&world), ["b.py"]);
    assert_eq!(world.repo.changed_since(&before), Vec::<String>::new());
    world.assert_fair();
}

#[test]
fn where_nothing_builds_nothing_is_judged() {
    let world = world();
    let ran = world.review(&["build_command=python3 check.py && false"]);
    assert!(ran.assert_code(0).stderr.contains("suggestions were not built"), "{}", ran.stderr);
    assert_eq!(offered(&world), ["a.py", "b.py"]);
    assert!(world.summary().contains("suggestions were not built"), "{}", world.summary());
}

#[test]
fn where_code_can_not_be_committed_with_a_click_it_is_shown() {
    fn fenced(request: &SeenRequest) -> Reply {
        if request.user().contains("Finding 1:") {
            return reviewing(request);
        }
        let finding = |path: &str, first: u32, code: &str, suggestion: &str| -> Value {
            json!({
                "rule": "logic", "path": path, "side": "new", "start_line": first, "line": 2, "code": code,
                "severity": "high", "confidence": 0.9, "title": "goes wrong",
                "explanation": "It goes wrong when it is run.", "suggestion": suggestion,
            })
        };
        let line = finding("a.py", 2, "return 2", "    return '````'");
        let lines = finding("b.py", 1, "def one():\n    return 2", "def one():\n    return 3");
        Reply::text(json!({ "files": [], "findings": [line, lines] }).to_string())
    }
    for kind in [ForgeKind::Gitea, ForgeKind::Bitbucket] {
        let (before, after) = ("def two():\n    return 1\n", "def one():\n    return 2\n");
        let mut world = World::new(kind, &[("a.py", before), ("b.py", before)]);
        world.model = ModelServer::start(fenced);
        world.open(&[("a.py", Some(after)), ("b.py", Some(after))]);

        world.review(&[]).assert_code(0);

        let body = |path: &str| {
            let on = |comment: &&Comment| comment.place.as_ref().is_some_and(|place| place.path == path);
            world.comments().iter().find(on).expect("a comment").body.clone()
        };
        let shown = "Suggested in place of this line:\n\n`````\n    return '````'\n`````";
        assert!(body("a.py").ends_with(shown), "{}", body("a.py"));
        // Gitea's comments stand on one line.
        let lines = if kind == ForgeKind::Gitea { "lines 1 to 2" } else { "these lines" };
        let shown = format!("Suggested in place of {lines}:\n\n```\ndef one():\n    return 3\n```");
        assert!(body("b.py").ends_with(&shown), "{}", body("b.py"));
        world.assert_fair();
    }
}

#[test]
fn code_from_outside_is_never_run_without_the_sandbox() {
    for option in ["sandbox=off", "sandbox_network=true"] {
        let world = world();
        world.forge.with(|state| state.pull_mut(1).unwrap().author = "stranger".into());
        let ran = world.review(&["build_command=touch ran && exit 1", option]);
        assert!(
            ran.assert_code(0).stderr.contains("code of people from outside is not run"),
            "{}",
            ran.stderr
        );
        assert_eq!((world.said().len(), offered(&world)), (2, Vec::new()));
        assert!(!ran.stderr.contains("the build ended"), "{}", ran.stderr);
    }
}
