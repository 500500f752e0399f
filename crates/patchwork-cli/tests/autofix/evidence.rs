//! Regression tests for fixes: asked for, tried with and without the fix, committed when they hold.

use std::collections::VecDeque;
use std::sync::Mutex;

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};

use crate::github::Hosted;
use crate::world::{Ran, World};

const STORE: &str = "import os


def read(folder, name):
    path = os.path.join(folder, name)
    with open(path) as file:
        return file.read()
";

/// Two changes apart from each other: each keeps out what the other lets through.
const FIXED: &str = "import os


def read(folder, name):
    if os.path.isabs(name):
        raise ValueError(name)
    path = os.path.join(folder, name)
    if '..' in name.split('/'):
        raise ValueError(name)
    with open(path) as file:
        return file.read()
";

const TESTS: &str = "import os
import tempfile
import unittest

import store


class StoreTest(unittest.TestCase):
    def test_reads_a_note(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, 'a.txt'), 'w') as file:
                file.write('hello')
            self.assertEqual(store.read(folder, 'a.txt'), 'hello')
";

/// The head of a new test file; each line of `checks` is one assertion.
fn regression(checks: &[&str]) -> String {
    let checks: String = checks.iter().map(|check| format!("            {check}\n")).collect();
    format!(
        "import os\nimport tempfile\nimport unittest\n\nimport store\n\n\nclass OutsideTest(unittest.TestCase):\n    def test_stays_inside(self):\n        with tempfile.TemporaryDirectory() as top:\n            folder = os.path.join(top, 'notes')\n            os.mkdir(folder)\n            outside = os.path.join(top, 'secret')\n            with open(outside, 'w') as file:\n                file.write('secret')\n{checks}"
    )
}

const UP: &str = "self.assertRaises(ValueError, store.read, folder, '../secret')";
const ABSOLUTE: &str = "self.assertRaises(ValueError, store.read, folder, outside)";

fn answer(path: &str, text: &str) -> String {
    format!("A. File:\n{path}\n\nB. Test:\n```python\n{text}```\n")
}

fn world() -> World {
    let world = World::new(&[("store.py", STORE), ("tests/test_store.py", TESTS)]);
    world.report(&[("store.py", 5)]);
    world
}

fn asks_for_a_test(request: &SeenRequest) -> bool {
    request.user().contains("A test to go by")
}

/// A model that answers these when it is asked for a test, and else what `fix` says.
fn model_of(tests: &[String], fix: impl Fn(&SeenRequest) -> Reply + Send + Sync + 'static) -> ModelServer {
    let tests: Mutex<VecDeque<String>> = Mutex::new(tests.iter().cloned().collect());
    ModelServer::start(move |request| match asks_for_a_test(request) {
        true => Reply::text(tests.lock().unwrap().pop_front().expect("no more tests are asked for")),
        false => fix(request),
    })
}

/// A model that fixes the store, and answers these when it is asked for a test.
fn model(tests: &[String]) -> ModelServer {
    model_of(tests, |request| {
        let whole = request.user().contains("import os");
        let code = if whole { FIXED } else { &FIXED["import os\n\n\n".len()..] };
        Reply::text(fix_reply("Keep reads inside", "Refuses paths that lead out.", "Low", code))
    })
}

/// What the model was asked when it was asked for tests.
fn questions(server: &ModelServer) -> Vec<SeenRequest> {
    server.requests().into_iter().filter(asks_for_a_test).collect()
}

fn run(world: &World, server: &ModelServer, more: &[&str]) -> Ran {
    let mut options = vec!["evidence_test=true", "test_command=python3 -m unittest discover -s tests"];
    options.extend(more);
    world.autofix(server, &options)
}

fn committed(world: &World) -> String {
    world.repo.git(&["show", "--name-only", "--format=%s", "autofix-main"])
}

const FILE: &str = "tests/test_store_outside.py";

#[test]
fn a_test_that_holds_is_committed_with_its_fix_and_told_in_the_pull_request() {
    let hosted = Hosted::new(world());
    let test = regression(&[UP, ABSOLUTE]);
    let server = model(&[answer(FILE, &test)]);
    let options = ["evidence_test=true", "test_command=python3 -m unittest discover -s tests"];
    hosted.autofix(&server, &options).assert_code(0);
    assert_eq!(committed(&hosted.world), format!("Patched store.py\n\nstore.py\n{FILE}"));
    let body = &hosted.forge.pulls()[0].body;
    for said in [
        "**Evidence:** L5",
        "tests/test_store_outside.py fails on the old code and passes on the new",
        "the new test fails for each of 6",
        &format!("- **Regression test:** `{FILE}`, new in this pull request"),
    ] {
        assert!(body.contains(said), "{said} is not in:\n{body}");
    }
    let asked = questions(&server);
    assert_eq!(asked.len(), 1);
    let (system, user) = (asked[0].system(), asked[0].user());
    assert!(user.contains(STORE) && user.contains("MD5 is broken") && user.contains(TESTS), "{user}");
    assert!(!user.contains("isabs"), "the question holds nothing of the fix:\n{user}");
    assert!(system.contains("tests (test_*.py)") && system.contains("discover -s tests"), "{system}");
}

#[test]
fn a_test_that_does_not_hold_is_asked_for_again_with_the_reason() {
    let good = answer(FILE, &regression(&[UP, ABSOLUTE]));
    let bad: [(String, &str); 5] = [
        (answer(FILE, &regression(&["pass"])), "the tests pass with it on the old code"),
        (
            answer(FILE, &regression(&["self.fail('always')"])),
            "the tests do not pass with it on the fixed code",
        ),
        (
            answer(FILE, &regression(&[UP]).replace("import store", "import stores")),
            "does not get to its assertions",
        ),
        (
            answer("tests/conftest.py", &regression(&[UP])),
            "is not called as tests are there: expected test_*.py",
        ),
        (answer("tests/test_store.py", &regression(&[UP])), "exists already: expected a new file"),
    ];
    let world = world();
    let answers: Vec<String> = bad.iter().map(|(text, _)| text.clone()).chain([good]).collect();
    let server = model(&answers);
    run(&world, &server, &["n=5"]).assert_code(0);
    let asked = questions(&server);
    assert_eq!(asked.len(), 6);
    for (request, (_, reason)) in asked.iter().skip(1).zip(&bad) {
        assert!(request.system().contains(reason), "{reason} is not in:\n{}", request.system());
    }
    assert!(committed(&world).ends_with(FILE));
}

#[test]
fn a_test_for_a_part_of_the_fix_does_not_reach_the_highest_level() {
    let world = world();
    let server = model(&[answer(FILE, &regression(&[UP]))]);
    run(&world, &server, &["--output", "out.json"]).assert_code(0);
    let out: serde_json::Value = serde_json::from_slice(&world.repo.read("out.json")).unwrap();
    let evidence = &out["outputs"]["modified_code_files"][0]["evidence"];
    assert_eq!(evidence["level"], "L4", "{out:#}");
    let last = evidence["checks"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["name"], &last["passed"]), (&"undone hunks".into(), &false.into()));
    assert!(last["detail"].as_str().unwrap().contains("lines 5 to 6"), "{last}");
    assert!(committed(&world).ends_with(FILE));
}

#[test]
fn a_fix_that_is_kept_without_a_test_is_told() {
    let world = world();
    let server = model(&["NO TEST POSSIBLE\nNo idea.".to_owned()]);
    let ran = run(&world, &server, &[]);
    ran.assert_code(0);
    let told = "warning: no regression test for store.py:5: the model says that none is possible: No idea.";
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[test]
fn a_fix_that_no_test_proves_is_taken_out_where_one_is_required() {
    let world = world();
    let before = world.repo.belongings();
    let server = model(&[answer(FILE, &regression(&["pass"])), "NO TEST POSSIBLE\nNo idea.".to_owned()]);
    let ran = run(&world, &server, &["min_evidence=L4"]);
    ran.assert_code(11);
    assert!(ran.stderr.contains("L4 (new test fails before and passes after) is required"), "{}", ran.stderr);
    assert!(ran.stderr.contains("No idea."), "{}", ran.stderr);
    assert!(!world.has_branch());
    world.assert_untouched(&before);
    // Without the requirement it stays, at the level that it has.
    let server = model(&["NO TEST POSSIBLE".to_owned()]);
    run(&world, &server, &["n=0"]).assert_code(0);
    assert_eq!(committed(&world), "Patched store.py\n\nstore.py");
}

#[test]
fn a_test_proves_its_own_fix_and_no_other() {
    // Two weak functions in one file; the test for the first looks at the second.
    let weak = |name: &str| format!("def {name}(data):\n    return hashlib.md5(data).hexdigest()\n\n\n");
    let app = format!("import hashlib\n\n\n{}{}", weak("one"), weak("two"));
    let tests = "import unittest\n\nimport app\n\n\nclass AppTest(unittest.TestCase):\n    def test_is_text(self):\n        self.assertIsInstance(app.one(b'x'), str)\n";
    let world = World::new(&[("app.py", &app), ("tests/test_app.py", tests)]);
    world.report(&[("app.py", 5), ("app.py", 9)]);
    let test_of = |name: &str| {
        format!(
            "import unittest\n\nimport app\n\n\nclass LongTest(unittest.TestCase):\n    def test_{name}_is_long(self):\n        self.assertEqual(len(app.{name}(b'x')), 64)\n"
        )
    };
    let server = model_of(
        &[
            answer("tests/test_a.py", &test_of("two")),
            answer("tests/test_b.py", &test_of("two")),
            answer("tests/test_c.py", &test_of("one")),
        ],
        crate::world::fixing,
    );
    run(&world, &server, &["--output", "out.json", "concurrency=1"]).assert_code(0);
    let asked = questions(&server);
    assert_eq!(asked.len(), 3);
    let again = asked[2].system();
    assert!(again.contains("it shows the weakness of another"), "{again}");
    let out: serde_json::Value = serde_json::from_slice(&world.repo.read("out.json")).unwrap();
    let fixes = out["outputs"]["modified_code_files"][0]["fixes"].as_array().unwrap();
    let tests: Vec<_> = fixes.iter().map(|fix| fix["test"]["path"].as_str().unwrap()).collect();
    assert_eq!(tests, ["tests/test_c.py", "tests/test_b.py"]);
    assert!(fixes.iter().all(|fix| fix["evidence"]["level"] == "L5"), "{fixes:#?}");
}

#[test]
fn a_test_that_ends_the_others_is_none() {
    let world = world();
    let ends = regression(&[UP, ABSOLUTE, "os._exit(0)"]);
    let server = model(&[answer(FILE, &ends), "NO TEST POSSIBLE".to_owned()]);
    run(&world, &server, &[]).assert_code(0);
    let asked = questions(&server);
    let again = asked[1].system();
    assert!(again.contains("it does not say any more how many tests ran: 2 were to run"), "{again}");
}

#[test]
fn a_budget_that_does_not_reach_to_the_tests_ends_the_run_and_what_is_proven_is_kept() {
    let world = world();
    let test = regression(&[UP, ABSOLUTE]);
    let server = model(&[answer(FILE, &test)]);
    let ran = run(&world, &server, &["max_llm_calls=1"]);
    ran.assert_code(12);
    assert!(
        ran.stderr.contains("what was fixed is kept, but no regression test was asked for"),
        "{}",
        ran.stderr
    );
    assert_eq!(committed(&world), "Patched store.py\n\nstore.py");
    let key = format!("openai_api_key={}", crate::world::KEY);
    world.run(&["resume", &world.newest_run(), &key, "max_llm_calls=5"]).assert_code(0);
    assert!(committed(&world).ends_with(FILE), "{}", committed(&world));
}
