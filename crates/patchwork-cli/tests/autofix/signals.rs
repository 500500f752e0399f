//! Signals in the middle of a run.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use patchwork_testkit::model::{ModelServer, Reply};

use crate::world::{KEY, Ran, World, fixing};

/// How long a broken build may keep a test waiting.
const LIMIT: Duration = Duration::from_secs(60);

/// Waits for a condition that something else brings about.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + LIMIT;
    while !condition() {
        assert!(Instant::now() < limit, "never happened: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn send(signal: &str, child: &Child) {
    let status = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}

fn start(command: &mut Command) -> Child {
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The exit code and what was said.
fn end(mut child: Child) -> (Option<i32>, String) {
    let mut said = String::new();
    child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    (child.wait().unwrap().code(), said)
}

fn resume(world: &World, run: &str) -> Ran {
    world.run(&["resume", run, &format!("openai_api_key={KEY}")])
}

/// What stands in the folder of worktrees, and what git knows of.
fn worktrees(world: &World) -> (usize, usize) {
    let folders = std::fs::read_dir(world.state_dir().join("worktrees")).map_or(0, Iterator::count);
    (folders, world.repo.git(&["worktree", "list"]).lines().count() - 1)
}

/// A model that never answers the third request, but all others.
fn never_the_third() -> ModelServer {
    ModelServer::start(|request| if request.index == 2 { Reply::never() } else { fixing(request) })
}

#[test]
fn a_signal_in_the_middle_of_a_call_leaves_a_run_that_only_makes_the_missing_calls() {
    for signal in ["-INT", "-TERM"] {
        let world = World::with_five_findings();
        world.repo.write("a.py", "unfinished\n");
        let before = world.repo.belongings();
        let server = never_the_third();

        let child = start(&mut world.autofix_command(&server, &["concurrency=1"]));
        until("the third call", || server.count() == 3);
        send(signal, &child);
        let (code, said) = end(child);

        assert_eq!(code, Some(130), "{signal}: {said}");
        let run = world.newest_run();
        assert!(said.contains(&format!("go on with: patchwork resume {run}")), "{signal}: {said}");
        assert_eq!(worktrees(&world), (0, 0), "{signal}");
        assert_eq!(world.repo.changed_since(&before), [""; 0], "{signal}");
        assert!(world.run(&["runs"]).stdout.contains("interrupted"), "{signal}");

        resume(&world, &run).assert_code(0);
        // The third is asked again; nothing that was answered is.
        assert_eq!(server.count(), 3 + 3, "{signal}");
        assert_eq!(world.changes("autofix-main").matches("\n+    value = hashlib.sha256").count(), 5);
        assert_eq!(worktrees(&world), (0, 0), "{signal}");
        world.assert_untouched(&before);
    }
}

#[test]
fn what_a_killed_run_left_is_swept_by_the_next_and_it_can_still_be_resumed() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = never_the_third();

    let mut child = start(&mut world.autofix_command(&server, &["concurrency=1"]));
    until("the third call", || server.count() == 3);
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = world.newest_run();
    assert_eq!(worktrees(&world), (1, 1));
    assert_eq!(world.repo.changed_since(&before), [""; 0]);

    world.autofix(&server, &["branch_suffix=-2"]).assert_code(0);
    assert_eq!(server.count(), 3 + 5);
    assert_eq!(worktrees(&world), (0, 0));
    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main-2"]);

    resume(&world, &killed).assert_code(0);
    assert_eq!(server.count(), 3 + 5 + 3);
    assert_eq!(worktrees(&world), (0, 0));
    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main", "refs/heads/autofix-main-2"]);
}

/// A scanner that never ends and starts something that never ends.
struct Scanner {
    path: String,
    /// A line when it was started; closed when nothing of it runs any more.
    life: Receiver<String>,
}

impl Scanner {
    /// With `deaf`, it and what it started do not listen to polite signals.
    fn install(world: &World, deaf: bool) -> Self {
        let (folder, fifo) = (world.repo.beside("bin"), world.repo.beside("life"));
        std::fs::create_dir_all(&folder).unwrap();
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let trap = if deaf { "trap '' INT TERM" } else { "" };
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = --version ] && {{ echo 1.100.0; exit; }}\n{trap}\nexec 9>'{}'\n\
             sleep 100000 &\necho started >&9\nwait\nwait\n",
            fifo.display()
        );
        let program: PathBuf = folder.join("semgrep");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let (sender, life) = channel();
        std::thread::spawn(move || {
            // The end of the file comes when the last process that holds it open is gone.
            for line in BufReader::new(std::fs::File::open(fifo).unwrap()).lines() {
                sender.send(line.unwrap()).unwrap();
            }
        });
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        Self { path, life }
    }

    fn command(&self, world: &World) -> Command {
        let mut command =
            world.patchwork(&["AutoFix", "scanner=semgrep", "disable_pr=true", "max_llm_calls=0"]);
        command.env("PATH", &self.path);
        command
    }

    fn await_start(&self) {
        assert_eq!(self.life.recv_timeout(LIMIT).unwrap(), "started");
    }

    fn await_end(&self) {
        let end = self.life.recv_timeout(LIMIT);
        assert_eq!(end, Err(std::sync::mpsc::RecvTimeoutError::Disconnected), "something still runs");
    }
}

#[test]
fn a_signal_ends_the_scanner_with_all_that_it_started() {
    for signal in ["-INT", "-TERM"] {
        let world = World::with_five_findings();
        let before = world.repo.belongings();
        let scanner = Scanner::install(&world, false);

        let child = start(&mut scanner.command(&world));
        scanner.await_start();
        send(signal, &child);
        let (code, said) = end(child);

        assert_eq!(code, Some(130), "{said}");
        assert!(said.contains("go on with: patchwork resume "), "{said}");
        scanner.await_end();
        assert_eq!(worktrees(&world), (0, 0));
        assert_eq!(world.repo.changed_since(&before), [""; 0]);
    }
}

#[test]
fn the_second_signal_waits_for_nobody_and_leaves_nothing_running() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let scanner = Scanner::install(&world, true);

    let mut child = start(&mut scanner.command(&world));
    scanner.await_start();
    send("-INT", &child);
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("once more stops at once")));
    send("-INT", &child);

    assert_eq!(child.wait().unwrap().code(), Some(130));
    let rest: Vec<String> = said.collect();
    assert!(!rest.iter().any(|line| line.contains("go on with")), "it did wait: {rest:?}");
    scanner.await_end();
    assert_eq!(world.repo.changed_since(&before), [""; 0]);
    assert!(world.run(&["runs"]).stdout.contains("interrupted"));
}
