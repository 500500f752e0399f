//! AutoFix against a real llama.cpp server: killed, resumed, exported, and replayed on a machine that has nothing but a
//! clone and the file.

use patchwork_testkit::llama::{KEY, LlamaServer, MODEL};

use crate::world::World;

/// The options that lead to the server; its answers are noise, so they are kept short.
fn options(server: &LlamaServer, world: &World) -> Vec<String> {
    vec![
        "AutoFix".to_owned(),
        "disable_pr=true".to_owned(),
        format!("model={MODEL}"),
        "model_max_tokens=48".to_owned(),
        "model_temperature=0".to_owned(),
        "allow_truncated=true".to_owned(),
        "concurrency=2".to_owned(),
        format!("client_base_url={}", server.openai_url()),
        format!("openai_api_key={KEY}"),
        format!("sarif_file_path={}", world.sarif().display()),
    ]
}

#[test]
fn a_run_is_killed_resumed_exported_and_replayed_to_the_same_bytes() {
    let Some(server) = LlamaServer::start() else { return };
    let world = World::with_five_findings();
    let options = options(&server, &world);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();

    // Far enough that some answers are recorded, and some are not.
    let mut command = world.patchwork(&options);
    let killed = World::output(command.env("PATCHWORK_CRASH_AFTER_RECORD", "9"));
    assert_eq!(killed.signal, Some(9), "{}", killed.stderr);
    let run = world.newest_run();
    let then = world.repo.beside("then.json");
    let key = format!("openai_api_key={KEY}");
    let resumed = world.run(&["resume", &run, &key, "--output", then.to_str().unwrap()]);
    // Noise fixes nothing: every answer was tried and turned down.
    resumed.assert_code(11);

    let file = world.repo.beside("run.cassette");
    world.run(&["record", "export", &run, file.to_str().unwrap()]).assert_code(0);
    drop(server);
    std::fs::remove_dir_all(world.state_dir()).unwrap();
    std::fs::remove_dir_all(world.repo.beside("reports")).unwrap();
    let now = world.repo.beside("now.json");
    let (file, output) = (file.to_str().unwrap(), now.to_str().unwrap());
    let replayed = world.run(&["replay", "--cassette", file, "--output", output]);
    replayed.assert_code(0);
    assert_eq!(
        std::fs::read_to_string(&now).unwrap(),
        std::fs::read_to_string(&then).unwrap(),
        "{}",
        replayed.stderr
    );
}

#[test]
fn a_wrong_key_is_told() {
    let Some(server) = LlamaServer::start() else { return };
    let world = World::with_five_findings();
    let mut options = options(&server, &world);
    options.retain(|option| !option.starts_with("openai_api_key"));
    let mut options: Vec<&str> = options.iter().map(String::as_str).collect();
    options.push("openai_api_key=sk-wrong-key-for-llama");
    let ran = world.run(&options);
    ran.assert_code(4);
    assert!(ran.stderr.contains("answered 401"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("sk-wrong-key-for-llama"), "{}", ran.stderr);
}

#[test]
fn a_prompt_beyond_the_context_is_told() {
    let Some(server) = LlamaServer::start() else { return };
    let world = World::new(&[(
        "a.py",
        &format!("{}import hashlib\nx = hashlib.md5(b'')\n", "# a line of words\n".repeat(2_000)),
    )]);
    world.report(&[("a.py", 2_002)]);
    let mut options = options(&server, &world);
    options.push("context_size=100000".to_owned());
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let ran = world.run(&options);
    ran.assert_code(4);
    assert!(ran.stderr.contains("context"), "{}", ran.stderr);
}
