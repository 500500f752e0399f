//! `patchwork learn`: what a model fixed a few times is fixed by a rule from then on.

use patchwork_testkit::model::ModelServer;

use crate::world::{KEY, Ran, World, fixing};

/// A run that scans with rules; a model fixes three findings at most.
fn scanned_run(world: &World, server: &ModelServer, more: &[&str]) -> Ran {
    let (url, key) = (format!("client_base_url={}", server.openai_url()), format!("openai_api_key={KEY}"));
    let base = ["AutoFix", "scanner=rules", "disable_pr=true", "model=gpt-4o", &url, &key];
    world.run(&[&base, more].concat())
}

/// Functions with a weak hash of these arguments in a file each.
fn hashes(arguments: &[&str]) -> World {
    let files: Vec<(String, String)> = arguments
        .iter()
        .enumerate()
        .map(|(at, argument)| {
            let head =
                format!("import hashlib\n\n\ndef digest(data, parts):\n    \"\"\"Number {at}.\"\"\"\n");
            (format!("f{at}.py"), format!("{head}    value = hashlib.md5({argument})\n    return value\n"))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    World::new(&files)
}

#[test]
fn a_rule_is_learned_tried_written_and_used() {
    let world = hashes(&["data", "data.encode()", "b'-'.join(parts)", "parts[0]", "data + parts[1]"]);
    let server = ModelServer::start(fixing);
    scanned_run(&world, &server, &["vulnerability_limit=3"]).assert_code(0);
    assert_eq!(server.count(), 3);
    let run = world.newest_run();

    let shown = world.run(&["learn", &run]);
    shown.assert_code(0);
    assert!(
        shown.stdout.starts_with("would write .patchwork/rules/learned-python-weak-hash-1.yml\n"),
        "{}",
        shown.stdout
    );
    for part in [
        "learned from 3 fixes of python-weak-hash: f0.py:6, f1.py:6, f2.py:6\n",
        "fixes 2 more: f3.py:6, f4.py:6\n",
        "pattern: \"hashlib.md5($A)\"\n",
        "fix: \"hashlib.sha256($A)\"\n",
    ] {
        assert!(shown.stdout.contains(part), "{part}: {}", shown.stdout);
    }
    assert!(!world.repo.path(".patchwork").exists());

    let written = world.run(&["learn", &run, "--write"]);
    written.assert_code(0);
    let file =
        std::fs::read_to_string(world.repo.path(".patchwork/rules/learned-python-weak-hash-1.yml")).unwrap();
    assert!(written.stdout.contains(&file), "{}", written.stdout);

    // Learned again it is another file: nothing is overwritten.
    let again = world.run(&["learn", &run]);
    assert!(
        again.stdout.starts_with("would write .patchwork/rules/learned-python-weak-hash-2.yml\n"),
        "{}",
        again.stdout
    );

    world.repo.git(&["merge", "--quiet", "autofix-main"]);
    world.repo.git(&["add", ".patchwork"]);
    world.repo.git(&["commit", "--quiet", "--message", "a rule"]);
    let ran = world.run(&["AutoFix", "scanner=rules", "disable_pr=true", "branch_prefix=again-"]);
    ran.assert_code(0);
    assert_eq!(server.count(), 3, "no model was asked");
    let changes = world.changes("again-main");
    assert_eq!(changes.matches("\n+    value = hashlib.sha256(").count(), 2, "{changes}");
}

#[test]
fn a_run_without_fixes_of_a_model_teaches_nothing() {
    let world = World::new(&[("a.py", "import yaml\n\n\ndef f(x):\n    return yaml.load(x)\n")]);
    let server = ModelServer::start(fixing);
    scanned_run(&world, &server, &[]).assert_code(0);
    assert_eq!(server.count(), 0);
    let ran = world.run(&["learn", &world.newest_run()]);
    ran.assert_code(0);
    assert_eq!(ran.stdout, "");
    assert_eq!(
        ran.stderr,
        "no rule: no fix of a model was accepted in this run\nnothing to learn from this run\n"
    );
    world.run(&["learn", "r-nothing"]).assert_code(2);
}
