use std::fs::File;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;

fn processes() -> SystemProcesses {
    let path = std::env::var_os("PATH").unwrap();
    SystemProcesses::new([("PATH".into(), path), ("GITHUB_TOKEN".into(), "ghp_123".into())])
}

fn sh(script: &str, cwd: &Path) -> Command {
    Command::new("sh", cwd).args(["-c", script])
}

async fn run(command: Command) -> Result<Output, ProcessError> {
    processes().run(command, &CancellationToken::new()).await
}

/// A named pipe that the children of a test keep open: it ends when the last of them is dead.
struct Life {
    folder: TempDir,
    up: JoinHandle<File>,
}

impl Life {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let fifo = folder.path().join("life");
        let made = std::process::Command::new("mkfifo").arg(&fifo).status().unwrap();
        assert!(made.success());
        let up = tokio::task::spawn_blocking(move || File::open(fifo).unwrap());
        Self { folder, up }
    }

    /// A script whose grandchild holds the pipe, does not listen to SIGTERM and never ends.
    fn script(&self) -> Command {
        sh("(trap '' TERM; exec sleep 600) >life & wait", self.folder.path())
    }

    async fn ends(self) {
        // Opens the other end, in case no child came so far.
        let fifo = self.folder.path().join("life");
        let writer = tokio::task::spawn_blocking(move || File::options().write(true).open(fifo).unwrap());
        drop(writer.await.unwrap());
        let mut reader = self.up.await.unwrap();
        let rest = tokio::task::spawn_blocking(move || reader.read_to_end(&mut Vec::new()));
        tokio::time::timeout(Duration::from_secs(60), rest)
            .await
            .expect("a grandchild lives")
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn arguments_pass_no_shell_and_streams_are_kept_apart() {
    let odd = "a b;$HOME `id` \"'\n*";
    let output = run(Command::new("printf", "/").args(["%s", odd])).await.unwrap();
    assert_eq!((output.code, output.stdout.as_slice()), (Some(0), odd.as_bytes()));
    let output = run(sh("echo out; echo err >&2; exit 3", Path::new("/"))).await.unwrap();
    assert_eq!((output.code, output.truncated), (Some(3), false));
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"out\n"[..], &b"err\n"[..]));
    let output = run(sh("kill -9 $$", Path::new("/"))).await.unwrap();
    assert_eq!(output.code, None);
}

#[tokio::test]
async fn standard_input_is_written_while_output_is_read() {
    let mut command = Command::new("cat", "/");
    command.stdin = vec![b'x'; 3 << 20];
    assert_eq!(run(command).await.unwrap().stdout.len(), 3 << 20);
    let mut unread = Command::new("true", "/");
    unread.stdin = vec![b'x'; 3 << 20];
    assert_eq!(run(unread).await.unwrap().code, Some(0));
    assert_eq!(run(Command::new("cat", "/")).await.unwrap().stdout, b"");
}

#[tokio::test]
async fn output_beyond_the_limit_is_dropped_and_said_so() {
    let mut command = sh("head -c 3000000 /dev/zero; echo end >&2", Path::new("/"));
    command.max_output = 10;
    let output = run(command).await.unwrap();
    assert_eq!((output.code, output.stdout.len(), output.truncated), (Some(0), 10, true));
    assert_eq!(output.stderr, b"end\n");
}

#[tokio::test]
async fn programs_see_no_credentials_and_what_is_set_for_them() {
    let mut command = sh("echo \"[$GITHUB_TOKEN] [$EXTRA_TOKEN] [$LC_ALL]\"", Path::new("/"));
    command.env.push(("EXTRA_TOKEN".into(), "given".into()));
    assert_eq!(run(command).await.unwrap().stdout, b"[] [given] [C.UTF-8]\n");
}

#[tokio::test]
async fn programs_are_found_on_path_only() {
    let folder = TempDir::new().unwrap();
    for (name, mode) in [("tool", 0o755), ("data", 0o644)] {
        let path = folder.path().join(name);
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
    let path = format!(".:bin:{}", folder.path().display());
    let processes = SystemProcesses::new([("PATH".into(), path.into())]);
    let tool = folder.path().join("tool");
    assert_eq!(processes.find("tool"), Some(tool.clone()));
    assert_eq!(processes.find(tool.to_str().unwrap()), Some(tool));
    for nothing in ["data", "missing", "", ".", "..", "./tool", "x/../tool", "/", "/missing"] {
        assert_eq!(processes.find(nothing), None, "{nothing}");
    }
    assert_eq!(SystemProcesses::new([]).find("sh"), None);
}

#[tokio::test]
async fn what_can_not_start_says_why() {
    let error = run(Command::new("no-such-program", "/")).await.unwrap_err();
    assert_eq!(error.to_string(), "`no-such-program` was not found");
    let error = run(Command::new("true", "/no/such/folder")).await.unwrap_err();
    assert!(error.to_string().contains("`/no/such/folder` is not a folder"), "{error}");
    let error = run(Command::new("true", "/").args(["a\0b"])).await.unwrap_err();
    assert!(matches!(error, ProcessError::Start { .. }), "{error}");
}

#[tokio::test]
async fn a_time_out_ends_grandchildren_too() {
    let life = Life::new();
    let mut command = life.script();
    command.timeout = Duration::from_millis(500);
    let error = run(command).await.unwrap_err();
    assert!(matches!(error, ProcessError::TimedOut { .. }), "{error}");
    life.ends().await;
}

#[tokio::test]
async fn a_cancellation_ends_grandchildren_too() {
    let mut life = Life::new();
    let cancel = CancellationToken::new();
    let (stop, command) = (cancel.clone(), life.script());
    let running = tokio::spawn(async move { processes().run(command, &stop).await });
    let up = (&mut life.up).await.unwrap();
    life.up = tokio::spawn(async { up });
    cancel.cancel();
    let error = running.await.unwrap().unwrap_err();
    assert!(matches!(error, ProcessError::Cancelled { .. }), "{error}");
    life.ends().await;
    let error = processes().run(Command::new("true", "/"), &cancel).await.unwrap_err();
    assert!(matches!(error, ProcessError::Cancelled { .. }), "{error}");
}

#[tokio::test]
async fn nothing_outlives_a_caller_that_gives_up() {
    let mut life = Life::new();
    let command = life.script();
    let running = tokio::spawn(run(command));
    let up = (&mut life.up).await.unwrap();
    life.up = tokio::spawn(async { up });
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    life.ends().await;
}

#[tokio::test]
async fn a_child_left_behind_with_open_streams_is_not_waited_for() {
    let life = Life::new();
    let command = sh("(exec sleep 600) >life & (exec sleep 600) & echo done", life.folder.path());
    let output =
        tokio::time::timeout(Duration::from_secs(120), run(command)).await.expect("it hangs").unwrap();
    assert_eq!((output.code, output.stdout.as_slice()), (Some(0), &b"done\n"[..]));
    life.ends().await;
}
