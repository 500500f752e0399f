//! Recorded runs run again: on this machine, from a file in another clone, offline and to the same bytes.

use patchwork_testkit::model::{ModelServer, Reply};

use crate::github::Hosted;
use crate::world::{World, fixing};

/// Two findings get no fix that holds, one call fails for good: what goes wrong must come out the same as well.
fn mostly_fixing() -> ModelServer {
    ModelServer::start(|request| {
        if request.user().contains("three") {
            return Reply::error(400, "this one is refused");
        }
        if request.user().contains("five") {
            return Reply::text("I can't help with that.");
        }
        fixing(request)
    })
}

#[test]
fn a_run_replays_offline_to_the_same_bytes() {
    let world = World::with_five_findings();
    let server = mostly_fixing();
    let out = world.repo.beside("then.json");
    let then = world.autofix(&server, &["--output", out.to_str().unwrap()]);
    then.assert_code(0);
    let then = std::fs::read(&out).unwrap();
    let calls = server.count();
    drop(server);

    let before = world.repo.belongings();
    let again = world.repo.beside("again.json");
    let run = world.newest_run();
    let replayed = world.run(&["replay", &run, "--output", again.to_str().unwrap()]);
    replayed.assert_code(0);
    assert!(replayed.stderr.contains("ends in the same bytes"), "{}", replayed.stderr);
    assert_eq!(String::from_utf8(std::fs::read(&again).unwrap()), String::from_utf8(then));
    assert_eq!(world.repo.changed_since(&before), Vec::<String>::new());
    assert!(calls > 5);
}

#[test]
fn a_recording_replays_in_a_clone_without_the_journal() {
    let hosted = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);
    hosted.autofix(&server, &[]).assert_code(0);
    let (pulls, pushes) = (hosted.forge.pulls().len(), hosted.git.pushes().len());
    let file = hosted.world.repo.beside("run.cassette");
    let exported =
        hosted.world.run(&["record", "export", &hosted.world.newest_run(), file.to_str().unwrap()]);
    exported.assert_code(0);
    assert!(exported.stderr.contains("with 5 model calls"), "{}", exported.stderr);

    // Another machine: nothing but a clone and the file.
    std::fs::remove_dir_all(hosted.world.state_dir()).unwrap();
    std::fs::remove_dir_all(hosted.world.repo.beside("reports")).unwrap();
    drop(server);
    let replayed = hosted.world.run(&["replay", "--cassette", file.to_str().unwrap()]);
    replayed.assert_code(0);
    assert!(replayed.stderr.contains("ends in the same bytes"), "{}", replayed.stderr);
    assert_eq!((hosted.forge.pulls().len(), hosted.git.pushes().len()), (pulls, pushes));
}

#[test]
fn a_changed_prompt_shows_its_first_difference() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let prompts = world.repo.beside("prompts.yml");
    let prompt = |words: &str| {
        format!(
            "- id: fixprompt\n  prompts:\n    - role: user\n      content: |\n        {words}\n        ```\n        {{{{ affectedCode }}}}\n        ```\n"
        )
    };
    std::fs::write(&prompts, prompt("Mend this.")).unwrap();
    let option = format!("prompt_template_file={}", prompts.display());
    world.autofix(&server, &[&option]);
    std::fs::write(&prompts, prompt("Mend that.")).unwrap();
    let replayed = world.run(&["replay", &world.newest_run()]);
    replayed.assert_code(1);
    assert!(replayed.stderr.contains("recorded: Mend this."), "{}", replayed.stderr);
    assert!(replayed.stderr.contains("now:      Mend that."), "{}", replayed.stderr);
}

#[test]
fn a_new_run_takes_its_answers_from_a_cassette() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let url = server.openai_url();
    world.autofix(&server, &[]).assert_code(0);
    let tree = world.repo.git(&["rev-parse", "autofix-main^{tree}"]);
    let file = world.repo.beside("run.cassette");
    world.run(&["record", "export", &world.newest_run(), file.to_str().unwrap()]).assert_code(0);
    drop(server);

    let mut again = world.patchwork(&["AutoFix", "disable_pr=true", "model=gpt-4o", "--cassette"]);
    again
        .arg(&file)
        .arg(format!("sarif_file_path={}", world.sarif().display()))
        .arg(format!("client_base_url={url}"));
    World::output(&mut again).assert_code(0);
    assert_eq!(world.repo.git(&["rev-parse", "autofix-main^{tree}"]), tree);
}

#[test]
fn what_is_no_recording_is_told_apart() {
    let world = World::with_five_findings();
    let file = world.repo.beside("no.cassette");
    for (content, says) in [
        (&b"not json"[..], "is not a recording of Patchwork"),
        (&b"\x1f\x8bbroken"[..], "can't be decompressed"),
        (&b"{\"format\": 99}"[..], "has format 99"),
        (&b"{\"format\": 1}"[..], "missing field"),
        (&b""[..], "is not a recording of Patchwork"),
    ] {
        std::fs::write(&file, content).unwrap();
        let ran = world.run(&["replay", "--cassette", file.to_str().unwrap()]);
        assert!(matches!(ran.code, Some(2 | 3)), "{:?} {}", ran.code, ran.stderr);
        assert!(ran.stderr.contains(says), "{}", ran.stderr);
    }
    let ran = world.run(&["replay", "--cassette", "missing.cassette"]);
    ran.assert_code(2);
    let ran = world.run(&["replay"]);
    ran.assert_code(2);
}

/// The recording of the newest run, as JSON.
fn recording(world: &World) -> serde_json::Value {
    use std::io::Write as _;
    let file = world.repo.beside("exported.cassette");
    world.run(&["record", "export", &world.newest_run(), file.to_str().unwrap()]).assert_code(0);
    let mut unzip = std::process::Command::new("gzip")
        .arg("-dc")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let (bytes, mut input) = (std::fs::read(&file).unwrap(), unzip.stdin.take().unwrap());
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let json = unzip.wait_with_output().unwrap().stdout;
    writer.join().unwrap();
    serde_json::from_slice(&json).unwrap()
}

#[test]
fn a_recording_from_a_stranger_touches_nothing_of_this_machine() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    world.autofix(&server, &["model_temperature=0"]).assert_code(0);
    drop(server);
    let honest = recording(&world);
    let file = world.repo.beside("hostile.cassette");
    let replay = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut hostile = honest.clone();
        change(&mut hostile);
        std::fs::write(&file, hostile.to_string()).unwrap();
        world.run(&["replay", "--cassette", file.to_str().unwrap()])
    };
    replay(&|_| {}).assert_code(0);

    // Ids are names of files.
    let ran = replay(&|run| run["spec"]["id"] = "../../../outside".into());
    ran.assert_code(2);
    assert!(ran.stderr.contains("letters, digits"), "{}", ran.stderr);
    let ran = replay(&|run| run["spec"]["base"]["commit"] = "--upload-pack=touch x".into());
    ran.assert_code(2);
    let ran = replay(&|run| run["spec"]["base"]["commit"] = "1".repeat(40).into());
    ran.assert_code(2);
    assert!(ran.stderr.contains("fetch it"), "{}", ran.stderr);
    let ran = replay(&|run| {
        let first = run["outcomes"][0].clone();
        run["outcomes"].as_array_mut().unwrap().push(first);
    });
    ran.assert_code(2);
    assert!(ran.stderr.contains("two outcomes"), "{}", ran.stderr);

    // Options may name any file.
    let (secret, target) = (world.repo.beside("secret.txt"), world.repo.beside("target.txt"));
    std::fs::write(&secret, "the words of the user").unwrap();
    let ran = replay(&|run| {
        let inputs = run["spec"]["inputs"].as_object_mut().unwrap();
        inputs.insert("save_responses_to_file".to_owned(), target.to_str().unwrap().into());
        inputs.insert("prompt_template_file".to_owned(), secret.to_str().unwrap().into());
    });
    ran.assert_code(1);
    assert!(!target.exists());
    assert!(ran.stderr.contains("reads no files of this machine"), "{}", ran.stderr);
    assert!(!ran.stderr.contains("the words of the user"), "{}", ran.stderr);

    // What it says is not for the terminal to obey.
    let ran = replay(&|run| {
        run["result"]["outputs"]["counts"] = "\u{1b}[2J\u{9b}2J".into();
        run["spec"]["program_version"] = "\u{1b}[2J".into();
    });
    ran.assert_code(1);
    assert!(!ran.stderr.contains("\u{1b}[2J") && !ran.stderr.contains('\u{9b}'), "{:?}", ran.stderr);
}

#[test]
fn a_run_that_was_stopped_has_no_end_to_replay_but_answers_to_give() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let mut command = world.autofix_command(&server, &["concurrency=1"]);
    let killed = World::output(command.env("PATCHWORK_CRASH_AFTER_RECORD", "12"));
    assert_eq!(killed.signal, Some(9), "{}", killed.stderr);
    let run = world.newest_run();
    let replayed = world.run(&["replay", &run]);
    replayed.assert_code(2);
    assert!(replayed.stderr.contains(&format!("patchwork resume {run}")), "{}", replayed.stderr);
    let file = world.repo.beside("part.cassette");
    let exported = world.run(&["record", "export", &run, file.to_str().unwrap()]);
    exported.assert_code(0);
    assert!(exported.stderr.contains("is interrupted"), "{}", exported.stderr);
    world.run(&["replay", "--cassette", file.to_str().unwrap()]).assert_code(2);
}

#[test]
fn findings_with_absolute_addresses_are_found_on_another_machine() {
    let world = World::with_five_findings();
    let address = format!("file://{}/a.py", world.repo.root().display());
    world.report(&[(&address, 6)]);
    let server = ModelServer::start(fixing);
    world.autofix(&server, &[]).assert_code(0);
    drop(server);
    let file = world.repo.beside("run.cassette");
    world.run(&["record", "export", &world.newest_run(), file.to_str().unwrap()]).assert_code(0);
    let clone = world.repo.beside("another");
    world.repo.git(&["clone", "--quiet", ".", clone.to_str().unwrap()]);
    let mut command = world.patchwork(&["replay", "--cassette", file.to_str().unwrap()]);
    command.current_dir(&clone).env("PATCHWORK_STATE_DIR", world.repo.beside("their state"));
    World::output(&mut command).assert_code(0);
}

#[test]
fn a_recording_is_written_as_a_whole_or_not() {
    let world = World::with_five_findings();
    world.report(&[]);
    let server = ModelServer::start(fixing);
    world.autofix(&server, &[]).assert_code(0);
    let run = world.newest_run();
    let folder = world.repo.beside("recordings");
    std::fs::create_dir(&folder).unwrap();
    for place in [folder.clone(), folder.join("none/run.cassette")] {
        world.run(&["record", "export", &run, place.to_str().unwrap()]).assert_code(2);
    }
    let file = folder.join("run");
    std::fs::write(&file, "old").unwrap();
    let exported = world.run(&["record", "export", &run, file.to_str().unwrap()]);
    exported.assert_code(0);
    assert!(exported.stderr.contains("with 0 model calls"), "{}", exported.stderr);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
    world.run(&["replay", "--cassette", file.to_str().unwrap()]).assert_code(0);

    let piped = world.patchwork(&["record", "export", &run, "-"]).output().unwrap();
    assert!(piped.status.success() && piped.stdout.starts_with(&[0x1f, 0x8b]));
    assert!(!world.repo.root().join("-").exists());
    std::fs::write(&file, &piped.stdout).unwrap();
    world.run(&["replay", "--cassette", file.to_str().unwrap()]).assert_code(0);
}

#[test]
fn a_failed_scan_fails_the_same_way_again() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    world.report_text("no report");
    let failed = world.autofix(&server, &[]);
    failed.assert_code(3);
    std::fs::remove_dir_all(world.repo.beside("reports")).unwrap();
    let replayed = world.run(&["replay", &world.newest_run()]);
    replayed.assert_code(0);
    assert!(replayed.stderr.contains("status failed"), "{}", replayed.stderr);
}

#[test]
fn a_call_of_another_model_is_told_by_its_model() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let url = server.openai_url();
    world.autofix(&server, &[]).assert_code(0);
    let file = world.repo.beside("run.cassette");
    world.run(&["record", "export", &world.newest_run(), file.to_str().unwrap()]).assert_code(0);
    drop(server);
    let mut again = world.patchwork(&["AutoFix", "disable_pr=true", "model=gpt-4.1", "--cassette"]);
    again.arg(&file).arg(format!("sarif_file_path={}", world.sarif().display()));
    let ran = World::output(again.arg(format!("client_base_url={url}")));
    assert_ne!(ran.code, Some(0));
    assert!(ran.stderr.contains("`model` differs"), "{}", ran.stderr);
    assert!(ran.stderr.contains("now:      \"gpt-4.1\""), "{}", ran.stderr);
}
