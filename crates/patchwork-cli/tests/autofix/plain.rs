//! The straight way, and what it must leave alone.

use patchwork_testkit::model::{ModelServer, Reply};
use serde_json::Value;

use crate::world::{KEY, World, fixing};

#[test]
fn five_findings_are_fixed_on_a_branch_and_the_checkout_is_untouched() {
    let world = World::with_five_findings();
    world.repo.write("a.py", b"unfinished work\n");
    world.repo.write("untracked.txt", b"mine\n");
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = world.autofix(&server, &[]);

    ran.assert_code(0);
    server.assert_polite();
    server.assert_no_secret(&[KEY]);
    assert_eq!(server.count(), 5);
    let mut after = world.repo.belongings();
    after.retain(|name, _| !name.contains("autofix-main"));
    assert_eq!(before, after);
    insta::assert_snapshot!(world.changes("autofix-main"), @r####"
    diff --git a/a.py b/a.py
    index 35d4b25..c06b6b1 100644
    --- a/a.py
    +++ b/a.py
    @@ -6 +6 @@ def one(data):
    -    value = hashlib.md5(data)
    +    value = hashlib.sha256(data)
    @@ -12 +12 @@ def two(data):
    -    value = hashlib.md5(data)
    +    value = hashlib.sha256(data)
    diff --git a/lib/b.py b/lib/b.py
    index 0121771..152f3df 100644
    --- a/lib/b.py
    +++ b/lib/b.py
    @@ -6 +6 @@ def three(data):
    -    value = hashlib.md5(data)
    +    value = hashlib.sha256(data)
    @@ -12 +12 @@ def four(data):
    -    value = hashlib.md5(data)
    +    value = hashlib.sha256(data)
    diff --git a/lib/c.py b/lib/c.py
    index c06e81e..02d4da5 100644
    --- a/lib/c.py
    +++ b/lib/c.py
    @@ -6 +6 @@ def five(data):
    -    value = hashlib.md5(data)
    +    value = hashlib.sha256(data)
    "####);
}

#[test]
fn a_dry_run_prints_the_diff_and_makes_nothing() {
    let world = World::with_five_findings();
    let before = world.repo.fingerprint();
    let server = ModelServer::start(fixing);

    let ran = world.autofix(&server, &["--dry-run"]);

    ran.assert_code(0);
    assert_eq!(world.repo.fingerprint(), before);
    assert_eq!(ran.stdout.matches("\n+    value = hashlib.sha256(data)").count(), 5, "{}", ran.stdout);
}

#[test]
fn a_run_that_fixed_nothing_lists_what_is_left_among_its_results() {
    let world = World::with_five_findings();
    let server = ModelServer::start(|_| Reply::text("I would rather not."));
    let results = world.repo.beside("results.json");

    let ran = world.autofix(&server, &["--output", results.to_str().unwrap()]);

    ran.assert_code(11);
    let results: Value = serde_json::from_slice(&std::fs::read(results).unwrap()).unwrap();
    let remaining = results["outputs"]["remaining"].as_array().unwrap();
    assert_eq!(remaining.len(), 5, "{results}");
    assert!(remaining.iter().all(|remark| remark["reason"].as_str().unwrap().contains("is missing")));
    assert_eq!(results["outputs"]["counts"]["remaining"], 5);
}
