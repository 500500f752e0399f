//! What a repository's own file can't do with the keys, files and variables of whoever runs Patchwork in it.

use std::fs;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;
use patchwork_testkit::model::{ModelServer, Reply};
use serde_json::Value;

use crate::world::World;

const KEY: &str = "sk-from-the-environment";
const RULES: [&str; 3] = ["AutoFix", "scanner=rules", "disable_pr=true"];

/// A repository with this `.patchwork.yaml`, and a user with a key for models and one for the forge.
fn world(file: &str) -> World {
    let world = World::new().env("OPENAI_API_KEY", KEY).env("GITHUB_TOKEN", "ghp_from_the_environment");
    world.repo.write(".patchwork.yaml", file);
    world
}

/// What a run and `config` both refuse; nothing was begun.
fn refused(world: &World, more: &[&str]) -> String {
    let told = world.run(&[&RULES, more].concat());
    assert!(told.starts_with("exit code: 6\n--- stdout\n--- stderr\n"), "{told}");
    assert!(!told.contains("from_the_environment") && !told.contains(KEY), "{told}");
    assert_eq!(world.run(&[&["config"], &RULES[..], more].concat()), told);
    assert_eq!(world.stdout(&["runs", "--format", "json"]), "[]\n");
    told.lines().skip(3).map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_key_is_not_sent_to_an_address_of_the_repository() {
    assert_snapshot!(refused(&world("# ours\nclient_base_url: https://models.example.invalid/v1\n"), &[]), @"
    error: .patchwork.yaml:2: `client_base_url` would send your `openai_api_key` (environment OPENAI_API_KEY) to `https://models.example.invalid/v1`
      hint: the repository's own file can't decide this: give it yourself, on the command line, in the environment (where it has a variable) or in a file named with --config
    ");
}

#[test]
fn a_token_is_not_sent_to_an_address_of_the_repository() {
    assert_snapshot!(refused(&world("scm-url: https://forge.example.invalid\n"), &[]), @"
    error: .patchwork.yaml:1: `scm_url` would send your `github_api_key` (environment GITHUB_TOKEN) to `https://forge.example.invalid`
      hint: the repository's own file can't decide this: give it yourself, on the command line, in the environment (where it has a variable) or in a file named with --config
    ");
}

#[test]
fn it_does_not_matter_how_the_key_was_given() {
    let file = "client_base_url: https://models.example.invalid/v1\n";
    let bare = |file: &str| {
        let world = World::new().env("OUR_KEY", KEY);
        world.repo.write(".patchwork.yaml", file);
        world.repo.write("mine.yml", "openai_api_key: ${OUR_KEY}\n");
        world
    };
    assert!(refused(&bare(file), &["openai_api_key=k"]).contains("(command line)"));
    assert!(refused(&bare(file), &["--config", "mine.yml"]).contains("(mine.yml:1)"));
    // The repository may name a variable, but what it holds is the user's.
    let borrowed = format!("{file}openai_api_key: ${{OUR_KEY}}\n");
    assert!(refused(&bare(&borrowed), &[]).contains("(.patchwork.yaml:2)"));
    let written = format!("{file}openai_api_key: of-the-repository-itself\n");
    bare(&written).stdout(&["config", "AutoFix"]);
    bare(file).stdout(&["config", "AutoFix"]);
}

#[test]
fn addresses_that_only_look_local_are_refused() {
    for address in [
        "http://localhost.example.invalid/v1",
        "http://models.example.invalid/#@127.0.0.1",
        "http://0.0.0.0:8000/v1",
        "//127.0.0.1/v1",
    ] {
        refused(&world(&format!("client_base_url: \"{address}\"\n")), &[]);
    }
    // What looks like the host is a user here, and no address may hold one.
    for address in
        ["http://127.0.0.1@models.example.invalid/v1", "http://models.example.invalid\\\\@127.0.0.1/v1"]
    {
        let told = world(&format!("client_base_url: \"{address}\"\n")).run(&RULES);
        assert!(told.starts_with("exit code: 3") && told.contains("must not hold a user"), "{told}");
    }
}

#[test]
fn the_user_may_give_the_address_that_the_repository_may_not() {
    let world = world("client_base_url: https://models.example.invalid/v1\n");
    let address = "client_base_url=https://models.example.invalid/v1";
    assert!(world.stdout(&["config", "AutoFix", address]).contains("command line"));
    world.repo.write("mine.yml", "client_base_url: https://models.example.invalid/v1\n");
    assert!(world.stdout(&["config", "AutoFix", "--config", "mine.yml"]).contains("mine.yml:1"));
    let world = world.env("OPENAI_BASE_URL", "https://models.example.invalid/v1");
    assert!(world.stdout(&["config", "AutoFix"]).contains("environment OPENAI_BASE_URL"));
}

#[test]
fn an_address_on_this_machine_is_used() {
    let server = ModelServer::start(|_| Reply::text("no"));
    let world = world(&format!("client_base_url: {}\nmodel: m\nn: 0\n", server.openai_url()));
    world.repo.write("app.py", "import subprocess\nsubprocess.run(\"ls \" + path, shell=True)\n");
    world.repo.commit("a weakness that no rule fixes");
    world.run(&RULES);
    assert_eq!(server.count(), 1);
}

#[test]
fn a_run_that_began_without_a_key_is_not_resumed_with_one() {
    let world = World::new();
    world.repo.write(".patchwork.yaml", "client_base_url: http://models.example.invalid/v1\nmodel: m\n");
    // It ends before it asks a model.
    let told = world.run(&[&RULES[..], &["sarif_file_path=none.sarif"]].concat());
    assert!(!told.starts_with("exit code: 0") && told.contains("none.sarif"), "{told}");
    let runs: Vec<Value> = serde_json::from_str(&world.stdout(&["runs", "--format", "json"])).unwrap();
    let id = runs[0]["id"].as_str().unwrap();
    // Whatever the file says by now.
    world.repo.write(".patchwork.yaml", "");
    let told = world.run(&["resume", id, &format!("openai_api_key={KEY}")]);
    assert_snapshot!(told, @"
    exit code: 6
    --- stdout
    --- stderr
    error: the repository's file: `client_base_url` would send your `openai_api_key` (command line) to `http://models.example.invalid/v1`
      hint: start a new run, and give the address yourself
    ");
}

#[test]
fn credentials_are_no_text_for_other_options() {
    let world = world("pr_header: key ${OPENAI_API_KEY}\nbranch_prefix: ${GITHUB_TOKEN}\n");
    assert_snapshot!(refused(&world, &[]), @"
    error: 2 options can't be used
      because .patchwork.yaml:2: `branch_prefix` can't hold GITHUB_TOKEN: that variable looks like a credential
      because .patchwork.yaml:1: `pr_header` can't hold OPENAI_API_KEY: that variable looks like a credential
      hint: the repository's own file can't decide this: give it yourself, on the command line, in the environment (where it has a variable) or in a file named with --config
    ");
}

#[test]
fn paths_of_the_repository_stay_inside_of_it() {
    let outside =
        ["/proc/self/environ", "../secrets.json", "a/../../secrets.json", ".git/config", "link", "dir/x"];
    for path in outside {
        let world = world(&format!("prompt_template_file: \"{path}\"\n"));
        fs::write(world.repo.beside("secrets.json"), "[]").unwrap();
        symlink("../secrets.json", world.repo.root().join("link")).unwrap();
        symlink("..", world.repo.root().join("dir")).unwrap();
        let told = refused(&world, &[]);
        assert!(told.contains(".patchwork.yaml:1: `prompt_template_file` is refused: the path"), "{told}");
    }
    refused(&world("sarif_file_path: /etc/passwd\n"), &[]);
}

#[test]
fn paths_of_the_repository_start_at_its_top() {
    let world = world("prompt_template_file: prompts/mine.json\n");
    let folder = world.repo.root().join("src");
    fs::create_dir(&folder).unwrap();
    let output =
        world.command(&["config", "AutoFix", "--format", "json"]).current_dir(folder).output().unwrap();
    let values: Value = serde_json::from_slice(&output.stdout).unwrap();
    let expected = world.repo.root().join("prompts/mine.json").display().to_string();
    assert_eq!(values["prompt_template_file"]["value"], expected);
}

#[test]
fn what_a_program_is_told_and_what_is_written_is_for_the_user_to_say() {
    let world =
        world("semgrep_extra_args: --output=/root/.bashrc\nsave_responses_to_file: .venv/bin/activate\n");
    assert_snapshot!(refused(&world, &[]), @"
    error: 2 options can't be used
      because .patchwork.yaml:1: `semgrep_extra_args` can't be set by the repository's own file
      because .patchwork.yaml:2: `save_responses_to_file` can't be set by the repository's own file
      hint: the repository's own file can't decide this: give it yourself, on the command line, in the environment (where it has a variable) or in a file named with --config
    ");
}

#[test]
fn a_link_in_place_of_the_file_is_not_read() {
    let world = World::new();
    fs::write(world.repo.beside("secrets"), "key: [ghp_not_to_be_shown\n").unwrap();
    symlink("../secrets", world.repo.root().join(".patchwork.yaml")).unwrap();
    let told = world.run(&["config", "AutoFix"]);
    assert!(told.starts_with("exit code: 6") && !told.contains("ghp_"), "{told}");
    assert!(told.contains("the path `.patchwork.yaml` leads through a symbolic link"), "{told}");
}

#[test]
fn patchflows_of_the_repository_are_not_taken_by_themselves() {
    let world = World::new();
    let shipped = world.stdout(&["show", "AutoFix"]);
    for file in ["AutoFix.yml", "AutoFix/patchflow.yml", "patchflows/AutoFix/patchflow.yml", "Own.yml"] {
        world.repo.write(file, "name: AutoFix\nsteps: [{ uses: ScanRules }]\n");
    }
    world.repo.write("AutoFix/prompt.json", "[]");
    world.repo.write("AutoFix/AutoFix.py", "raise SystemExit\n");
    assert_eq!(world.stdout(&["show", "AutoFix"]), shipped);
    assert!(!world.stdout(&["--list"]).contains("Own"));
    assert!(!world.stdout(&["config", "AutoFix"]).contains("prompt.json"));
    assert!(world.run(&["Own"]).starts_with("exit code: 2"));
    // What the repository says about itself is no way to get them in either.
    world.repo.write(".patchwork.yaml", "config: .\n");
    let told = world.run(&["config", "AutoFix"]);
    assert!(told.contains(".patchwork.yaml:1: there is no option `config`"), "{told}");
}
