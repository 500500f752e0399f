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
