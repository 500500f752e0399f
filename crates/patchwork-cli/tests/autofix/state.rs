//! The journal and the state folder: damaged, full, shared by several processes, and what must never be in them.

use std::path::Path;
use std::process::{Command, Stdio};

use patchwork_testkit::model::{ModelServer, Reply};
use serde_json::Value;

use crate::github::{Hosted, TOKEN};
use crate::signals::until;
use crate::world::{KEY, Ran, World, fixing};

/// A run that was killed in the call after `answered` ones, and its id.
fn stopped(world: &World, answered: usize) -> (ModelServer, String) {
    let server = ModelServer::start(
        move |request| {
            if request.index == answered { Reply::never() } else { fixing(request) }
        },
    );
    let mut command = world.autofix_command(&server, &["concurrency=1"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the call that is never answered", || server.count() == answered + 1);
    child.kill().unwrap();
    child.wait().unwrap();
    let run = world.newest_run();
    (server, run)
}

/// Something that happens to the file of the journal.
type Damage<'a> = &'a dyn Fn(&Path);

fn journal(world: &World) -> std::path::PathBuf {
    world.state_dir().join("journal.db")
}

#[track_caller]
fn assert_says(ran: &Ran, parts: &[&str]) {
    for part in parts {
        assert!(ran.stderr.contains(part), "`{part}` is not in:\n{}", ran.stderr);
    }
}

#[test]
fn a_journal_that_can_not_be_read_is_named_and_left_as_it_is() {
    let newer = |path: &Path| {
        let db = rusqlite::Connection::open(path).unwrap();
        db.pragma_update(None, "user_version", 99).unwrap();
    };
    let foreign = |path: &Path| {
        std::fs::remove_file(path).unwrap();
        let db = rusqlite::Connection::open(path).unwrap();
        db.execute_batch("create table recipes (name text)").unwrap();
    };
    let torn = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        let half: Vec<u8> =
            bytes.iter().enumerate().map(|(at, b)| if at < 100 { *b } else { 0xAA }).collect();
        std::fs::write(path, half).unwrap();
    };
    let text = |path: &Path| {
        std::fs::write(path, "dear diary, this is not a journal of yours at all\n".repeat(99)).unwrap()
    };
    let damages: [(&str, Damage, &[&str]); 4] = [
        ("newer", &newer, &["has format 99", "update patchwork"]),
        ("foreign", &foreign, &["is not a Patchwork journal", "--state-dir"]),
        ("torn", &torn, &["is damaged", "move the file away"]),
        ("text", &text, &["is damaged", "move the file away"]),
    ];
    for (name, damage, said) in damages {
        let world = World::with_five_findings();
        let before = world.repo.belongings();
        world.run(&["AutoFix", "--dry-run", "scanner=rules", "max_llm_calls=0"]).assert_code(0);
        // All of it into the one file.
        let db = rusqlite::Connection::open(journal(&world)).unwrap();
        db.execute_batch("pragma journal_mode = delete").unwrap();
        drop(db);
        damage(&journal(&world));
        let bytes = std::fs::read(journal(&world)).unwrap();
        let server = ModelServer::start(fixing);

        for ran in [world.autofix(&server, &[]), world.run(&["runs"]), world.run(&["resume", "2026"])] {
            ran.assert_code(3);
            assert_says(&ran, &["journal.db"]);
            assert_says(&ran, said);
        }
        assert_eq!(server.count(), 0, "{name}");
        assert!(std::fs::read(journal(&world)).unwrap() == bytes, "{name}: the file was changed");
        world.assert_untouched(&before);
        assert!(!world.has_branch(), "{name}");
    }
}

#[test]
fn a_state_folder_that_can_not_be_made_or_used_is_named() {
    let server = ModelServer::start(fixing);
    for (occupied, folder) in [("", false), ("journal.db", true), ("worktrees", false), ("locks", false)] {
        let world = World::with_five_findings();
        let before = world.repo.belongings();
        let mut place = world.state_dir();
        place.extend((!occupied.is_empty()).then_some(occupied));
        std::fs::create_dir_all(place.parent().unwrap()).unwrap();
        if folder {
            std::fs::create_dir_all(&place).unwrap();
        } else {
            std::fs::write(&place, "in the way").unwrap();
        }

        let ran = world.autofix(&server, &[]);

        assert!(matches!(ran.code, Some(3 | 4)), "{occupied}: {:?} {}", ran.code, ran.stderr);
        assert_says(&ran, &[place.to_str().unwrap(), "--state-dir"]);
        world.assert_untouched(&before);
        assert!(!world.has_branch());
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn the_state_folder_must_not_be_inside_of_the_repository() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);
    let inside = world.repo.path("state");

    let ran = world.autofix(&server, &["--state-dir", inside.to_str().unwrap()]);

    ran.assert_code(3);
    assert_says(&ran, &["is inside of the repository", "--state-dir"]);
    assert_eq!(server.count(), 0);
    assert_eq!(world.repo.changed_since(&before), [""; 0], "nothing may be left there");
}

#[test]
fn two_runs_at_once_do_not_disturb_each_other() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    // Both are under way at the same time: no call is answered before there are more than one run makes alone.
    let server = ModelServer::start(|request| fixing(request).once_in_flight(10));
    let start = |suffix: &str| {
        let mut command = world.autofix_command(&server, &[suffix]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };

    let children = [start("branch_suffix=-one"), start("branch_suffix=-two")];
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }

    assert_eq!(server.count(), 10);
    assert_eq!(
        world.repo.changed_since(&before),
        ["refs/heads/autofix-main-one", "refs/heads/autofix-main-two"]
    );
    let tree = |branch: &str| world.repo.git(&["rev-parse", &format!("{branch}^{{tree}}")]);
    assert_eq!(tree("autofix-main-one"), tree("autofix-main-two"));
    assert_eq!(world.repo.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn two_runs_at_once_for_the_same_branch_both_end_and_no_work_is_lost() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = ModelServer::start(|request| fixing(request).once_in_flight(10));
    let start = || {
        let mut command = world.autofix_command(&server, &["--format", "json"]);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };

    let children = [start(), start()];
    let ended: Vec<_> = children.into_iter().map(|child| child.wait_with_output().unwrap()).collect();

    for output in &ended {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    }
    // The one that comes second keeps the first one's commits aside, unless they are its own to the byte.
    let mut made = vec![world.repo.git(&["rev-parse", "autofix-main"])];
    let kept = world.repo.git(&["for-each-ref", "--format=%(objectname)", "refs/patchwork/kept"]);
    made.extend(kept.lines().map(str::to_owned));
    for output in &ended {
        let result: Value = serde_json::from_slice(&output.stdout).unwrap();
        let last =
            result["outputs"]["commits"].as_array().unwrap().last().unwrap().as_str().unwrap().to_owned();
        assert!(made.contains(&last), "{last} of {made:?}");
    }
    assert_eq!(server.count(), 10);
    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    assert!(!world.changes("autofix-main").contains("\n+    value = hashlib.md5"));
    assert_eq!(world.repo.git(&["log", "--format=%s", "main..autofix-main"]).lines().count(), 3);
}

#[test]
fn a_run_is_resumed_by_a_beginning_of_its_id_and_only_by_one_that_is_clear() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let nothing = world.run(&["resume", "2026"]);
    nothing.assert_code(2);
    assert_says(&nothing, &["nothing was run yet"]);
    let (_gone, one) = stopped(&world, 2);
    let (server, two) = stopped(&world, 2);
    let common = one.chars().zip(two.chars()).take_while(|(a, b)| a == b).count();

    let ambiguous = world.run(&["resume", &one[..common]]);
    ambiguous.assert_code(2);
    assert_says(&ambiguous, &["begins the ids of 2 runs", "give more of the id"]);
    let unknown = world.run(&["resume", "20010101"]);
    unknown.assert_code(2);
    assert_says(&unknown, &["there is no run `20010101`", "patchwork runs"]);
    assert_eq!(server.count(), 3);
    world.assert_untouched(&before);
}

#[test]
fn a_run_that_is_done_is_told_again_without_any_work() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    world.autofix(&server, &[]).assert_code(0);
    let before = world.repo.belongings();
    let run = world.newest_run();

    // Neither the model nor its key are needed for that.
    drop(server);
    let ran = world.run(&["resume", &run, "--format", "json"]);

    ran.assert_code(0);
    let result: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(result["outputs"]["counts"]["fixed"], 5);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
}

#[test]
fn a_run_that_another_process_works_on_is_not_resumed() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = ModelServer::start(|_| Reply::never());
    let mut child =
        world.autofix_command(&server, &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    until("the model is asked", || server.count() == 5);
    let run = world.newest_run();

    let ran = world.run(&["resume", &run, &format!("openai_api_key={KEY}")]);

    ran.assert_code(6);
    assert_says(&ran, &["is being worked on by another process"]);
    let shown = world.run(&["runs", "--format", "json"]);
    assert!(shown.stdout.contains("\"running\""), "{}", shown.stdout);
    assert_eq!(server.count(), 5);
    child.kill().unwrap();
    child.wait().unwrap();
    world.assert_untouched(&before);
}

#[test]
fn a_resume_without_the_key_asks_for_it_and_one_with_it_pays_only_the_rest() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let (server, run) = stopped(&world, 2);
    let ran = world.run(&["resume", &run]);
    ran.assert_code(2);
    assert_says(&ran, &["was started with `openai_api_key`", "openai_api_key=…"]);
    assert_eq!(server.count(), 3, "without a key there is no call");
    assert!(!world.has_branch());

    world.run(&["resume", &run, &format!("openai_api_key={KEY}")]).assert_code(0);
    assert_eq!(server.count(), 3 + 3);
    world.assert_untouched(&before);
}

#[test]
fn runs_tell_how_it_went_in_text_and_json() {
    let world = World::with_five_findings();
    let (_server, killed) = stopped(&world, 0);
    let server = ModelServer::start(fixing);
    world.autofix(&server, &[]).assert_code(0);
    let before = world.repo.belongings();

    let runs: Value = serde_json::from_str(&world.run(&["runs", "--format", "json"]).stdout).unwrap();
    let done = runs[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((&runs[0]["status"], &runs[1]["status"]), (&"done".into(), &"interrupted".into()));
    assert_eq!(runs[1]["id"], killed.as_str());
    assert_eq!(runs[0]["totals"]["calls"], 5);
    let list = world.run(&["runs"]);
    assert!(list.stdout.starts_with(&done) && list.stdout.lines().count() == 2, "{}", list.stdout);
    let shown = world.run(&["runs", "show", &killed]);
    shown.assert_code(0);
    assert!(shown.stdout.contains("interrupted") && shown.stdout.contains("begun"), "{}", shown.stdout);
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
}

/// Fails when a file below the folder, or its name, holds one of the secrets.
fn assert_no_secret(folder: &Path, secrets: &[&str]) -> usize {
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += assert_no_secret(&path, secrets);
            continue;
        }
        files += 1;
        let bytes = std::fs::read(&path).unwrap();
        for secret in secrets {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
    files
}

#[test]
fn keys_and_tokens_are_nowhere_but_where_they_authorize() {
    let hosted = Hosted::new(World::with_five_findings());
    let before = hosted.world.repo.belongings();
    // A model that says what it should not know, in an answer and in an error.
    let server = ModelServer::start(|request| match request.index {
        0 => Reply::error(400, format!("Incorrect API key provided: {KEY}")),
        1 => Reply::text(format!("I found {KEY} and {TOKEN} in the headers.")),
        _ => fixing(request),
    });
    let file = hosted.world.repo.beside("out.json");
    let output = ["--output", file.to_str().unwrap(), "--log", "trace"];

    let ran = hosted.autofix(&server, &output);

    let basic = "eC1hY2Nlc3MtdG9rZW46"; // `x-access-token:` as git sends it
    let secrets = [KEY, TOKEN, basic];
    assert_no_secret(&hosted.world.repo.path(".git"), &secrets);
    assert!(assert_no_secret(&hosted.world.state_dir(), &secrets) > 1);
    let results = std::fs::read_to_string(&file).unwrap();
    let shown = hosted.world.run(&["runs", "show", &hosted.world.newest_run(), "--format", "json"]);
    for text in [&ran.stdout, &ran.stderr, &results, &shown.stdout] {
        for secret in secrets {
            assert!(!text.contains(secret), "{text}");
        }
    }
    server.assert_no_secret(&secrets);
    for pull in hosted.forge.pulls() {
        assert!(!secrets.iter().any(|secret| pull.body.contains(secret)), "{}", pull.body);
    }
    hosted.world.assert_untouched(&before);
}

/// Runs a script as root of a mount namespace of its own, with the state folder on a small disk.
fn on_a_small_disk(world: &World, script: &str) -> Command {
    let mut command = world.patchwork(&[]);
    let program = command.get_program().to_owned();
    let envs: Vec<_> =
        command.get_envs().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    std::fs::create_dir_all(world.state_dir()).unwrap();
    command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-euc"]);
    command.arg(format!("mount -t tmpfs -o size=8m none \"$PATCHWORK_STATE_DIR\"\n{script}"));
    command
        .current_dir(world.repo.root())
        .env_clear()
        .envs(envs)
        .env("PATCHWORK", program)
        .stdin(Stdio::null());
    command
}

/// Whether this system lets us make a small disk.
fn disks_can_be_made(world: &World) -> bool {
    on_a_small_disk(world, "true").output().is_ok_and(|output| output.status.success())
}

#[test]
fn wherever_the_disk_gets_full_the_run_says_so_and_is_resumed() {
    if !disks_can_be_made(&World::with_five_findings()) {
        eprintln!("skipped: this system does not let us mount a small disk");
        return;
    }
    // The state folder has so many KiB left; later there is room again.
    let script = r#"
        "$PATCHWORK" runs >/dev/null
        head -c "$((8192 - FREE))k" /dev/zero >"$PATCHWORK_STATE_DIR/filler"
        code=0; "$PATCHWORK" "$@" || code=$?
        echo "code $code"
        rm "$PATCHWORK_STATE_DIR/filler"
        run=$("$PATCHWORK" runs | cut -d' ' -f1)
        echo "run $run"
        [ -z "$run" ] || "$PATCHWORK" resume "$run" openai_api_key=sk-test-key-that-is-long-enough >&2
    "#;
    let mut full = 0;
    for free in (16..700).step_by(72) {
        let world = World::with_five_findings();
        let before = world.repo.belongings();
        let server = ModelServer::start(fixing);
        let mut autofix = world.autofix_command(&server, &["concurrency=1"]);
        let args: Vec<_> = autofix.args(["--plain"]).get_args().map(ToOwned::to_owned).collect();
        let mut command = on_a_small_disk(&world, script);
        command.env("FREE", free.to_string()).arg("sh").args(args);

        let ran = World::output(&mut command);

        ran.assert_code(0);
        let code = ran.stdout.lines().find_map(|line| line.strip_prefix("code ")).unwrap();
        if code != "0" {
            full += 1;
            assert!(["3", "4", "1"].contains(&code), "{free} KiB: {code}\n{}", ran.stderr);
            let said = ran.stderr.to_lowercase();
            assert!(
                ["disk is full", "no space left", "can't be read or written"]
                    .iter()
                    .any(|part| said.contains(part)),
                "{free} KiB: {}",
                ran.stderr
            );
        }
        world.assert_untouched(&before);
        if ran.stdout.lines().any(|line| line.starts_with("run 2")) {
            // What could not be recorded has to be asked again: one call at a time, so one.
            assert!((5..=6).contains(&server.count()), "{free} KiB: {} calls", server.count());
            assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
        }
    }
    assert!(full > 3, "the disk was full {full} times only");
}
