//! Runs: what they print, what they leave, how they are listed and taken up again.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use patchwork_testkit::model::{ModelServer, Reply};
use serde_json::Value;

use crate::world::{World, assert_run};

const RULES: [&str; 3] = ["AutoFix", "scanner=rules", "disable_pr=true"];

/// Code with a weakness that a rule finds and none fixes.
const NO_RULE: &str =
    "import subprocess\n\n\ndef list_files(path):\n    return subprocess.run(\"ls \" + path, shell=True)\n";

/// A model must not be looked for on the developer's machine.
fn world() -> (World, ModelServer) {
    let server = ModelServer::start(|_| Reply::text("no"));
    (World::new(), server)
}

#[test]
fn a_run_tells_what_it_did_and_the_branch_is_the_result() {
    let (world, server) = world();
    let before = world.repo.belongings();
    let url = format!("client_base_url={}", server.openai_url());
    let told = world.run(&[RULES[0], RULES[1], RULES[2], "model=m", &url, "vulnerability_limit=1"]);
    assert_run!(told);
    assert_eq!(world.repo.git(&["show", "autofix-main:app.py"]).matches("0o644").count(), 1);
    let changed: Vec<_> =
        world.repo.changed_since(&before).into_iter().filter(|name| !name.contains("autofix-main")).collect();
    assert_eq!(changed, Vec::<String>::new());
    assert_eq!(server.count(), 0, "a rule's fix needs no model");
}

#[test]
fn a_dry_run_prints_the_diff_and_makes_no_branch() {
    let (world, _server) = world();
    assert_run!(world.run(&["AutoFix", "scanner=rules", "--dry-run", "--quiet"]));
    assert_eq!(world.repo.git(&["branch", "--list", "autofix-*"]), "");
}

#[test]
fn results_go_to_a_file_without_secrets() {
    let (world, _server) = world();
    let file = world.repo.beside("out.json");
    let name = file.display().to_string();
    let told =
        world.run(&[RULES[0], RULES[1], RULES[2], "github_api_key=ghp_very_secret_1", "--output", &name]);
    assert!(told.starts_with("exit code: 0"), "{told}");
    let text = std::fs::read_to_string(&file).unwrap();
    let results: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&results["status"], &results["patchflow"]), (&"done".into(), &"AutoFix".into()));
    assert_eq!(results["outputs"]["counts"]["fixed"], 1);
    assert!(!text.contains("ghp_very") && !told.contains("ghp_very"), "{text}");
    let yaml = world.stdout(&[RULES[0], RULES[1], RULES[2], "--format", "yaml", "--quiet"]);
    assert!(yaml.contains("status: done"), "{yaml}");
    let told = world.run(&[RULES[0], "--output", "none/out.json"]);
    assert!(told.starts_with("exit code: 2"), "{told}");
}

#[test]
fn runs_are_listed_newest_first_and_shown() {
    let (world, _server) = world();
    assert_run!(world.run(&["runs"]));
    assert_eq!(world.stdout(&["runs", "--format", "json"]), "[]\n");
    world.run(&["AutoFix", "scanner=rules", "--dry-run", "--quiet"]);
    world.run(&[RULES[0], RULES[1], RULES[2], "--quiet"]);
    let runs: Vec<Value> = serde_json::from_str(&world.stdout(&["runs", "--format", "json"])).unwrap();
    assert_eq!(runs.len(), 2);
    assert_eq!(runs[0]["status"], "done");
    let one: Vec<Value> =
        serde_json::from_str(&world.stdout(&["runs", "--limit", "1", "--format", "json"])).unwrap();
    assert_eq!(one.as_slice(), &runs[..1]);
    let shown = world.run(&["runs", "show", runs[0]["id"].as_str().unwrap()]);
    assert!(shown.contains("scan ") && shown.contains("autofix-main"), "{shown}");
    let all: Value = serde_json::from_str(&world.stdout(&[
        "runs",
        "show",
        runs[0]["id"].as_str().unwrap(),
        "--format",
        "json",
    ]))
    .unwrap();
    assert_eq!(all["events"][0]["body"]["kind"], "run_started");
    assert_run!(world.run(&["runs", "show", "20200101"]));
    assert_run!(world.run(&["resume", "20200101"]));
}

#[test]
fn a_run_that_is_done_is_resumed_from_the_journal_alone() {
    let (world, _server) = world();
    world.run(&[RULES[0], RULES[1], RULES[2], "--quiet"]);
    let runs: Vec<Value> = serde_json::from_str(&world.stdout(&["runs", "--format", "json"])).unwrap();
    let id = runs[0]["id"].as_str().unwrap();
    assert_run!(world.run(&["resume", id]));
    assert_run!(world.run(&["resume", id, "severity=high"]));
}

#[test]
fn the_first_signal_ends_a_run_in_a_state_that_can_be_resumed() {
    // The model answers only when it is asked the second time, after the run was resumed.
    let server = ModelServer::replying(vec![Reply::never(), Reply::text("no")]);
    let world = World::new();
    world.repo.write("app.py", NO_RULE);
    world.repo.commit("a weakness that no rule fixes");
    let url = format!("client_base_url={}", server.openai_url());
    let mut child = world
        .command(&[RULES[0], RULES[1], RULES[2], "model=m", &url, "n=0", "--log", "debug"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let asked = |line: &String| line.contains("CallLLM begins") || line.contains("LLM begins");
    assert!(lines.by_ref().map_while(Result::ok).any(|line| asked(&line)), "the model is asked");
    while server.count() == 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let rest: Vec<String> = lines.map_while(Result::ok).collect();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest:#?}");
    assert!(rest.iter().any(|line| line.contains("go on with: patchwork resume ")), "{rest:#?}");

    let runs: Vec<Value> = serde_json::from_str(&world.stdout(&["runs", "--format", "json"])).unwrap();
    assert_eq!(runs[0]["status"], "interrupted");
    let told = world.run(&["resume", runs[0]["id"].as_str().unwrap()]);
    assert_eq!(server.count(), 2, "{told}");
    let runs: Vec<Value> = serde_json::from_str(&world.stdout(&["runs", "--format", "json"])).unwrap();
    assert_ne!(runs[0]["status"], "interrupted", "{told}");
}

#[test]
fn a_failed_run_leaves_its_results_and_says_how_to_go_on() {
    let server = ModelServer::start(|_| Reply::error(401, "wrong key"));
    let world = World::new();
    world.repo.write("app.py", NO_RULE);
    world.repo.commit("a weakness that no rule fixes");
    let url = format!("client_base_url={}", server.openai_url());
    let file = world.repo.beside("out.yaml").display().to_string();
    let state = world.repo.beside("elsewhere").display().to_string();
    let told = world.run(&[
        RULES[0],
        RULES[1],
        RULES[2],
        "model=m",
        &url,
        "--output",
        &file,
        "--format",
        "yaml",
        "--state-dir",
        &state,
        "--log",
        "error",
    ]);
    assert!(told.starts_with("exit code: 4"), "{told}");
    assert!(
        told.contains("hint: go on with: patchwork resume ") && told.contains("--state-dir [DIR]/elsewhere"),
        "{told}"
    );
    let results = std::fs::read_to_string(&file).unwrap();
    assert!(results.contains("status: failed") && results.contains("kind: unavailable"), "{results}");
}

#[test]
fn a_state_folder_that_can_not_be_used_is_named() {
    let (world, _server) = world();
    let file = world.repo.beside("file");
    std::fs::write(&file, "").unwrap();
    let told = world.run(&["AutoFix", "--state-dir", &file.join("state").display().to_string()]);
    assert_run!(told);
    std::fs::create_dir_all(world.state_dir()).unwrap();
    std::fs::write(
        world.state_dir().join("journal.db"),
        "this is no journal, and long enough to be looked at",
    )
    .unwrap();
    for args in [&["runs"][..], &["AutoFix", "--dry-run"]] {
        let told = world.run(args);
        assert!(told.starts_with("exit code: 3") && told.contains("journal.db"), "{told}");
    }
}

#[test]
fn the_demonstration_needs_nothing() {
    let (world, server) = world();
    let dir = world.repo.beside("demo").display().to_string();
    let url = format!("client_base_url={}", server.openai_url());
    let told = world.run(&["demo", "--dir", &dir, "model=m", &url, "max_llm_calls=0"]);
    assert_run!(told);
    let told = world.run(&["demo", "--dir", &dir]);
    assert!(told.starts_with("exit code: 2") && told.contains("not empty"), "{told}");
}

#[cfg(unix)]
#[test]
fn the_state_folder_is_closed_to_other_users() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new();
    world.run(&["AutoFix", "--dry-run", "scanner=rules"]);
    let mode = std::fs::metadata(world.state_dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
