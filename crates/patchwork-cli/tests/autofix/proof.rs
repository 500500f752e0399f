//! Fixes that are built and tested with the repository's own programs before they are kept.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};
use serde_json::Value;

use crate::world::{KEY, Ran, World, excerpt};

const UNITTEST: &str = "test_command=python3 -m unittest";

/// A function with a weak digest, and what others rely on.
const APP: &str = "import hashlib\n\n\ndef digest(data):\n    \"\"\"A name for some bytes.\"\"\"\n    value = hashlib.md5(data)\n    return value.hexdigest()\n";

const TEST: &str = "import unittest\n\nimport app\n\n\nclass DigestTest(unittest.TestCase):\n    def test_is_text(self):\n        self.assertIsInstance(app.digest(b'x'), str)\n\n    def test_tells_apart(self):\n        self.assertNotEqual(app.digest(b'x'), app.digest(b'y'))\n";

/// A repository with that function, its tests and the finding.
fn tested(more: &[(&str, &str)]) -> World {
    let mut files = vec![("app.py", APP), ("test_app.py", TEST)];
    files.extend_from_slice(more);
    let world = World::new(&files);
    world.report(&[("app.py", 6)]);
    world
}

/// An answer that replaces the weak line, and says `value` in the last.
fn answer(request: &SeenRequest, value: &str) -> Reply {
    let code = excerpt(request).replace("md5", "sha256").replace("value.hexdigest()", value);
    Reply::text(fix_reply("Use SHA-256", "SHA-256 in place of MD5.", "Low", &code))
}

fn good(request: &SeenRequest) -> Reply {
    answer(request, "value.hexdigest()")
}

/// Whether the model was told that a fix was turned down.
fn again(request: &SeenRequest) -> bool {
    request.system().contains("turned down")
}

/// A run, and its results as JSON.
fn results(world: &World, server: &ModelServer, options: &[&str]) -> (Ran, Value) {
    let file = world.repo.beside("results.json");
    let mut all = vec!["--output", file.to_str().unwrap()];
    all.extend_from_slice(options);
    let mut command = world.autofix_command(server, &all);
    // The toolchain of this build in front: a proxy of rustup would look for it in a home that is not there.
    let toolchain = Path::new(env!("CARGO")).parent().unwrap();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(toolchain.to_owned()).chain(std::env::split_paths(&path));
    command.env("PATH", std::env::join_paths(folders).unwrap());
    let ran = World::output(&mut command);
    let results =
        std::fs::read(file).map(|bytes| serde_json::from_slice(&bytes).unwrap()).unwrap_or_default();
    (ran, results)
}

/// The only fix of a run.
fn only_fix(results: &Value) -> &Value {
    let files = results["outputs"]["modified_code_files"].as_array().unwrap();
    assert_eq!(files.len(), 1, "{results:#}");
    assert_eq!(files[0]["fixes"].as_array().unwrap().len(), 1, "{results:#}");
    &files[0]["fixes"][0]
}

/// What became of each try, in order.
fn outcomes(of: &Value) -> Vec<&str> {
    of["tries"].as_array().unwrap().iter().map(|tried| tried["outcome"].as_str().unwrap()).collect()
}

#[test]
fn a_fix_that_breaks_a_test_is_asked_for_again_with_what_the_test_said() {
    let world = tested(&[]);
    let server =
        ModelServer::start(
            |request| {
                if again(request) { good(request) } else { answer(request, "value.digest()") }
            },
        );
    let before = world.repo.fingerprint();

    let (ran, results) = results(&world, &server, &[UNITTEST]);

    ran.assert_code(0);
    server.assert_polite();
    let requests = server.requests();
    let told = requests[1].system();
    assert!(told.contains("a test fails that passed before: test_is_text"), "{told}");
    assert!(
        told.contains("is not an instance of <class 'str'>"),
        "the end of the output goes with it: {told}"
    );
    let fix = only_fix(&results);
    assert_eq!(fix["evidence"]["level"], "L3", "{fix:#}");
    assert_eq!(outcomes(fix), ["rejected", "accepted"]);
    let [first, second] = &fix["tries"].as_array().unwrap()[..] else { panic!("{fix:#}") };
    assert!(first["diff"].as_str().unwrap().contains("+    return value.digest()"), "{first:#}");
    assert_eq!(first["evidence"]["level"], "L0");
    assert_eq!((first["round"].as_u64(), second["round"].as_u64()), (Some(1), Some(2)));
    assert!(second["name"].as_str().unwrap().starts_with("gpt-4o"), "{second:#}");
    assert!(second["usage"]["output_tokens"].as_u64().unwrap() > 0, "{second:#}");
    assert_ne!(world.repo.fingerprint(), before, "the branch is there");
    assert!(world.changes("autofix-main").contains("+    value = hashlib.sha256(data)"));

    // No program is run again for it.
    world.run(&["replay", &world.newest_run()]).assert_code(0);
}

#[test]
fn what_failed_before_is_not_blamed_on_a_fix() {
    let old = "import unittest\n\n\nclass OldTest(unittest.TestCase):\n    def test_never_worked(self):\n        self.fail('as always')\n";
    let world = tested(&[("test_old.py", old)]);
    let server =
        ModelServer::start(
            |request| {
                if again(request) { good(request) } else { answer(request, "value.digest()") }
            },
        );
    let (ran, results) = results(&world, &server, &[UNITTEST]);
    ran.assert_code(0);
    assert!(ran.stderr.contains("tests fail without any change"), "{}", ran.stderr);
    assert!(ran.stderr.contains("test_never_worked"), "{}", ran.stderr);
    let fix = only_fix(&results);
    assert_eq!(fix["evidence"]["level"], "L3");
    assert_eq!(outcomes(fix), ["rejected", "accepted"], "what it breaks itself still counts: {fix:#}");
}

#[test]
fn tests_that_fail_and_do_not_say_which_show_nothing() {
    let world = tested(&[]);
    let server = ModelServer::start(good);
    let command = "test_command=echo broken; exit 1";
    let (ran, results) = results(&world, &server, &[command]);
    ran.assert_code(0);
    assert!(ran.stderr.contains("tests can't tell what a change breaks"), "{}", ran.stderr);
    assert_eq!(only_fix(&results)["evidence"]["level"], "L0");

    let server = ModelServer::start(good);
    world.autofix(&server, &[command, "min_evidence=L3"]).assert_code(3);
    assert_eq!(server.count(), 0, "nothing was paid for what can't be reached");
}

#[test]
fn of_two_fixes_that_fail_together_one_is_left_out() {
    let function = |name: &str| format!("def {name}(data):\n    return hashlib.md5(data).hexdigest()\n\n\n");
    let names = ["one", "two", "three", "four", "five"];
    let app: String = names.map(function).concat();
    // Two of five digests may be long, not all of three.
    let test = "import unittest\n\nimport app\n\n\nclass SizeTest(unittest.TestCase):\n    def test_not_both(self):\n        sizes = len(app.two(b'x')), len(app.four(b'x'))\n        self.assertNotEqual(sizes, (64, 64))\n";
    let world = World::new(&[("app.py", &format!("import hashlib\n\n\n{app}")), ("test_app.py", test)]);
    let places: Vec<(&str, u32)> = (0..5).map(|n| ("app.py", 5 + 4 * n)).collect();
    world.report(&places);
    let server = ModelServer::start(crate::world::fixing);

    let (ran, results) = results(&world, &server, &[UNITTEST, "n=0"]);

    ran.assert_code(0);
    assert_eq!(results["outputs"]["counts"]["fixed"], 4, "{results:#}");
    let remaining = results["outputs"]["remaining"].as_array().unwrap();
    let [left] = &remaining[..] else { panic!("{remaining:#?}") };
    assert_eq!(left["line"], 17, "the one with which they begin to fail");
    let reason = left["reason"].as_str().unwrap();
    assert!(reason.starts_with("it fails together with other fixes: a test fails"), "{reason}");
    let fixes = results["outputs"]["modified_code_files"][0]["fixes"].as_array().unwrap();
    assert!(fixes.iter().all(|fix| fix["evidence"]["level"] == "L3"), "{fixes:#?}");
    let changes = world.changes("autofix-main");
    assert_eq!(changes.matches("+    return hashlib.sha256").count(), 4, "{changes}");
}

#[test]
fn when_the_best_answer_fails_with_the_others_the_next_best_is_tried() {
    let function = |name: &str| format!("def {name}(data):\n    return hashlib.md5(data).hexdigest()\n\n\n");
    let app = format!("import hashlib\n\n\n{}{}", function("one"), function("two"));
    let test = "import unittest\n\nimport app\n\n\nclass SizeTest(unittest.TestCase):\n    def test_not_both(self):\n        sizes = len(app.one(b'x')), len(app.two(b'x'))\n        self.assertNotEqual(sizes, (64, 64))\n";
    let world = World::new(&[("app.py", &app), ("test_app.py", test)]);
    world.report(&[("app.py", 5), ("app.py", 9)]);
    let count = AtomicUsize::new(0);
    let server = ModelServer::start(move |request| {
        let code = match count.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => excerpt(request).replace("md5", "sha256"),
            _ => excerpt(request).replace("return hashlib.md5", "# Long.\n    return hashlib.sha512"),
        };
        Reply::text(fix_reply("A better digest", "In place of MD5.", "Low", &code))
    });
    let (ran, results) = results(&world, &server, &[UNITTEST, "n=0", "candidates=2", "concurrency=1"]);
    ran.assert_code(0);
    assert_eq!(results["outputs"]["counts"]["fixed"], 2, "{results:#}");
    let fixes = results["outputs"]["modified_code_files"][0]["fixes"].as_array().unwrap();
    assert_eq!(outcomes(&fixes[0]), ["outdone", "accepted"]);
    assert_eq!(outcomes(&fixes[1]), ["rejected", "accepted"]);
    assert!(fixes.iter().all(|fix| fix["evidence"]["level"] == "L3"), "{fixes:#?}");
    let changes = world.changes("autofix-main");
    assert!(changes.contains("+    return hashlib.sha256") && changes.contains("+    return hashlib.sha512"));
    world.run(&["replay", &world.newest_run()]).assert_code(0);
}

#[test]
fn what_is_kept_below_the_tests_must_still_build_together() {
    let function = |name: &str| format!("def {name}(data):\n    return hashlib.md5(data).hexdigest()\n\n\n");
    let app = format!("import hashlib\n\n\n{}{}", function("one"), function("two"));
    let test = "import unittest\n\nimport app\n\n\nclass SizeTest(unittest.TestCase):\n    def test_short(self):\n        self.assertEqual(len(app.one(b'x') + app.two(b'x')), 64)\n";
    let world = World::new(&[("app.py", &app), ("test_app.py", test)]);
    world.report(&[("app.py", 5), ("app.py", 9)]);
    let server = ModelServer::start(crate::world::fixing);
    let build = "build_command=test $(grep -c sha256 app.py) -lt 2";
    let (ran, results) = results(&world, &server, &[UNITTEST, build, "n=0", "min_evidence=L1"]);
    ran.assert_code(0);
    assert_eq!(results["outputs"]["counts"]["fixed"], 1, "{results:#}");
    let reason = results["outputs"]["remaining"][0]["reason"].as_str().unwrap();
    assert!(
        reason.starts_with("it fails together with other fixes: the build ended with code 1"),
        "{reason}"
    );
}

#[test]
fn a_fix_that_ends_the_tests_early_is_turned_down() {
    let world = tested(&[]);
    let server = ModelServer::start(|request| {
        let code = excerpt(request).replace("md5", "sha256");
        Reply::text(fix_reply("Use SHA-256", "s", "Low", &format!("{code}\n\nimport os\nos._exit(0)\n")))
    });
    let (ran, results) = results(&world, &server, &[UNITTEST, "n=0"]);
    ran.assert_code(11);
    let reason = results["outputs"]["remaining"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("it does not say any more how many tests ran: 2 were to run"), "{reason}");
}

#[test]
fn a_fix_that_hangs_is_turned_down() {
    let world = tested(&[]);
    let server = ModelServer::start(|request| {
        let code = excerpt(request)
            .replace("md5", "sha256")
            .replace("    return", "    while True:\n        pass\n    return");
        Reply::text(fix_reply("Use SHA-256", "s", "Low", &code))
    });
    let (ran, results) = results(&world, &server, &[UNITTEST, "command_timeout=15", "n=0"]);
    ran.assert_code(11);
    let reason = results["outputs"]["remaining"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("did not end within 15 s (`command_timeout`)"), "{reason}");
    assert!(!world.has_branch());
}

#[test]
fn a_build_that_fails_with_the_fix_is_l1s_word() {
    let world = tested(&[]);
    let server =
        ModelServer::start(
            |request| {
                if again(request) { good(request) } else { answer(request, "value.digest()") }
            },
        );
    let build = "build_command=! grep -n 'value.digest' app.py";
    let (ran, results) = results(&world, &server, &[build, UNITTEST]);
    ran.assert_code(0);
    let fix = only_fix(&results);
    assert_eq!(fix["evidence"]["level"], "L3");
    let reason = fix["tries"][0]["reason"].as_str().unwrap();
    assert!(reason.starts_with("the build ended with code 1"), "{reason}");
    assert!(reason.contains("7:    return value.digest()"), "what it printed goes with it: {reason}");
}

#[test]
fn a_flaky_test_counts_as_passed_and_is_named() {
    // The first time that it sees the fix it fails, and never again in the same place.
    let flaky = "import os\nimport unittest\n\nimport app\n\n\nclass FlakyTest(unittest.TestCase):\n    def test_at_times(self):\n        if len(app.digest(b'x')) == 64 and not os.path.exists('seen'):\n            open('seen', 'w').close()\n            self.fail('not yet')\n";
    let world = tested(&[("test_flaky.py", flaky)]);
    let server = ModelServer::start(good);
    let (ran, results) = results(&world, &server, &[UNITTEST]);
    ran.assert_code(0);
    let fix = only_fix(&results);
    assert_eq!((fix["evidence"]["level"].as_str(), outcomes(fix).len()), (Some("L3"), 1), "{fix:#}");
    let checks = fix["evidence"]["checks"].to_string();
    assert!(checks.contains("flaky: test_at_times"), "{checks}");
}

#[test]
fn what_can_not_be_reached_is_said_before_anything_is_paid() {
    let world = tested(&[]);
    let server = ModelServer::start(good);
    for (options, says) in [
        (&["min_evidence=L3"][..], "the most that can be shown here is L0"),
        (&["min_evidence=L2", "rescan=false"], "--rescan"),
        (&["test_command=no-such-program-anywhere"], "can't be run"),
        (&["setup_command=echo is broken; false", UNITTEST], "is broken"),
    ] {
        let ran = world.autofix(&server, options);
        let code = if options[0].starts_with("setup") { 1 } else { 3 };
        ran.assert_code(code);
        assert!(ran.stderr.contains(says), "{options:?}: {}", ran.stderr);
    }
    let bare = World::new(&[("app.py", APP)]);
    bare.report(&[("app.py", 6)]);
    for option in ["verify=tests", "min_evidence=L4"] {
        let ran = bare.autofix(&server, &[option]);
        ran.assert_code(3);
        assert!(ran.stderr.contains("--test-command"), "{option}: {}", ran.stderr);
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn the_least_evidence_decides() {
    let world = tested(&[]);
    let server = ModelServer::start(|request| answer(request, "value.digest()"));
    let (ran, results) = results(&world, &server, &[UNITTEST, "min_evidence=L0"]);
    ran.assert_code(0);
    let fix = only_fix(&results);
    assert_eq!(fix["evidence"]["level"], "L0");
    let checks = fix["evidence"]["checks"].to_string();
    assert!(
        checks.contains("a test fails that passed before"),
        "it is kept, and what it breaks is told: {checks}"
    );
}

#[test]
fn of_several_answers_the_one_with_most_evidence_and_the_smallest_change_is_kept() {
    let world = tested(&[]);
    let count = AtomicUsize::new(0);
    let server = ModelServer::start(move |request| match count.fetch_add(1, Ordering::Relaxed) {
        0 => answer(request, "value.digest()"),
        1 => answer(request, "str(\n        value.hexdigest()\n    )"),
        2 => good(request),
        _ => Reply::error(500, "nobody should ask"),
    });
    let (ran, results) = results(&world, &server, &[UNITTEST, "n=0", "candidates=3", "concurrency=1"]);
    ran.assert_code(0);
    assert_eq!(server.count(), 3);
    let fix = only_fix(&results);
    assert_eq!(outcomes(fix), ["rejected", "outdone", "accepted"], "{fix:#}");
    assert!(world.changes("autofix-main").contains("+    value = hashlib.sha256(data)"));
    assert!(!world.changes("autofix-main").contains("str("));
    world.run(&["replay", &world.newest_run()]).assert_code(0);
}

#[test]
fn several_answers_are_asked_for_in_the_last_round_only() {
    let world = tested(&[]);
    let server = ModelServer::start(|request| answer(request, "value.digest()"));
    let options = [UNITTEST, "candidates=2", "model_escalation=gpt-4o-mini,gpt-4o", "n=1"];
    let (ran, results) = results(&world, &server, &options);
    ran.assert_code(11);
    let models: Vec<String> = server.requests().into_iter().map(|request| request.model).collect();
    assert_eq!(models, ["gpt-4o-mini", "gpt-4o", "gpt-4o"]);
    let left = &results["outputs"]["remaining"][0];
    assert_eq!(outcomes(left), ["rejected", "rejected", "outdone"], "the same answer twice is one: {left:#}");
}

#[test]
fn a_fix_that_is_none_is_refused_with_the_reason() {
    let world = tested(&[]);
    let count = AtomicUsize::new(0);
    let server = ModelServer::start(move |request| {
        let code = match count.fetch_add(1, Ordering::Relaxed) {
            0 => "def digest(data):\n    return ''\n".to_owned(),
            1 => "def digest(data):\n    try:\n        value = hashlib.sha256(data)\n    except Exception:\n        return ''\n    return value.hexdigest()\n".to_owned(),
            2 => excerpt(request).replace("md5(data)", "md5(data)  # checkov:skip=CKV_1"),
            _ => return good(request),
        };
        Reply::text(fix_reply("Fix", "s", "Low", &code))
    });
    let (ran, results) = results(&world, &server, &["n=3"]);
    ran.assert_code(0);
    let requests = server.requests();
    let told = requests[3].system();
    for reason in ["it empties `digest`", "it handles every failure (`except Exception:`)", "`checkov:skip`"]
    {
        assert!(told.contains(reason), "{reason}: {told}");
    }
    assert_eq!(outcomes(only_fix(&results)), ["rejected", "rejected", "rejected", "accepted"]);
}

#[test]
fn what_node_and_cargo_say_is_understood() {
    let js = "const crypto = require('node:crypto');\n\nfunction digest(data) {\n  return crypto.createHash('md5').update(data).digest('hex');\n}\n\nmodule.exports = { digest };\n";
    let js_test = "const test = require('node:test');\nconst assert = require('node:assert');\nconst { digest } = require('./app.js');\n\ntest('a digest is text', () => assert.equal(typeof digest('x'), 'string'));\n\ntest('never worked', () => assert.fail('as always'));\n";
    let rust = "pub fn name(data: &str) -> String {\n    format!(\"md5-{data}\")\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn has_its_data() {\n        assert!(super::name(\"x\").ends_with('x'));\n    }\n\n    #[test]\n    fn never_worked() {\n        panic!(\"as always\");\n    }\n}\n";
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[workspace]\n";
    for (files, place, command, broken, failing) in [
        (
            vec![("app.js", js), ("app.test.js", js_test)],
            ("app.js", 4),
            "test_command=node --test",
            ("digest('hex')", "digest()"),
            "a digest is text",
        ),
        (
            vec![("Cargo.toml", manifest), ("src/lib.rs", rust), (".gitignore", "target\nCargo.lock\n")],
            ("src/lib.rs", 2),
            "verify=build,tests",
            ("-{data}", "-{data}."),
            "tests::has_its_data",
        ),
    ] {
        let world = World::new(&files);
        world.report(&[place]);
        let server = ModelServer::start(move |request| {
            let code = excerpt(request).replace("md5", "sha256");
            let code = if again(request) { code } else { code.replace(broken.0, broken.1) };
            Reply::text(fix_reply("Use SHA-256", "s", "Low", &code))
        });
        let (ran, results) = results(&world, &server, &[command]);
        ran.assert_code(0);
        let fix = only_fix(&results);
        assert_eq!(fix["evidence"]["level"], "L3", "{fix:#}");
        let reason = fix["tries"][0]["reason"].as_str().unwrap();
        assert!(reason.contains(failing) && !reason.contains("never_worked:"), "{reason}");
    }
}

#[test]
fn a_run_killed_while_it_verifies_asks_no_model_again() {
    let broken_first = |request: &SeenRequest| {
        if again(request) { good(request) } else { answer(request, "value.digest()") }
    };
    let mut boundaries = 0;
    // Every boundary of a run has its test; here it is enough to hit each part of the verification.
    for record in (2..).step_by(3) {
        let world = tested(&[]);
        let server = ModelServer::start(broken_first);
        let mut command = world.autofix_command(&server, &[UNITTEST]);
        command.env("PATCHWORK_CRASH_AFTER_RECORD", record.to_string());
        let killed = World::output(&mut command);
        if killed.signal != Some(9) {
            killed.assert_code(0);
            break;
        }
        boundaries += 1;
        let key = format!("openai_api_key={KEY}");
        world.run(&["resume", &world.newest_run(), &key]).assert_code(0);
        assert_eq!(server.count(), 2, "killed behind record {record}");
        assert!(world.changes("autofix-main").contains("+    value = hashlib.sha256(data)"));
    }
    assert!(boundaries > 5, "only {boundaries} boundaries were tried");
}
