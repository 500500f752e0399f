//! The process door: every program that a run starts is started here.

mod capture;
mod environment;
mod group;
#[cfg(unix)]
pub(crate) mod sandbox;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use patchwork_core::port::process::{Command, Output, ProcessError, Processes};
use patchwork_core::secret::Secrets;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin};
use tokio_util::sync::CancellationToken;

use capture::Capture;
pub(crate) use capture::Keep;
use environment::Environment;
use group::Group;
pub use group::end_all;
#[cfg(unix)]
pub use sandbox::helper;

/// How long a program may take to end after SIGTERM, and how long processes it left behind may keep its output open.
const GRACE: Duration = Duration::from_secs(2);

/// Programs of this machine, started in a process group of their own with an environment that holds no credentials.
#[derive(Debug, Clone)]
pub struct SystemProcesses {
    environment: Environment,
}

impl SystemProcesses {
    /// Programs see the environment of this process, scrubbed.
    pub fn from_env() -> Self {
        Self::new(std::env::vars_os())
    }

    /// Programs see these variables, scrubbed as those of this process would be.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self { environment: Environment::scrubbed(variables) }
    }

    /// Programs do not see variables that hold one of these secrets either, whatever the variables are called.
    #[must_use]
    pub fn hiding(mut self, secrets: &Secrets) -> Self {
        self.environment.hide(secrets);
        self
    }

    fn spawn(&self, program: &Path, command: &Command) -> io::Result<Child> {
        if !command.cwd.is_dir() {
            // The system would answer "no such file", as if the program were missing.
            return Err(io::Error::new(
                io::ErrorKind::NotFound,
                format!("`{}` is not a folder", command.cwd.display()),
            ));
        }
        let mut process = tokio::process::Command::new(program);
        process
            .args(&command.args)
            .current_dir(&command.cwd)
            .env_clear()
            .envs(self.environment.variables_for(&command.program))
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .stdin(if command.stdin.is_empty() { Stdio::null() } else { Stdio::piped() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        process.process_group(0);
        process.spawn()
    }
}

impl SystemProcesses {
    /// All variables that programs see, git's own left out.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.environment.variables_for("")
    }

    /// Runs a program to its end and keeps that much of what it prints.
    pub(crate) async fn run_keeping(
        &self,
        keep: Keep,
        mut command: Command,
        cancel: &CancellationToken,
    ) -> Result<Output, ProcessError> {
        let program = command.program.clone();
        let Some(path) = self.find(&program) else {
            return Err(ProcessError::NotFound { program });
        };
        if cancel.is_cancelled() {
            return Err(ProcessError::Cancelled { program });
        }
        let mut child = match self.spawn(&path, &command) {
            Ok(child) => child,
            Err(source) => return Err(ProcessError::Start { program, source }),
        };
        // Dropped before `child`: also when this future is dropped, nothing of the group stays behind.
        let group = Group::led_by(&child);
        let mut stdout = Capture::new(keep, command.max_output);
        let mut stderr = Capture::new(keep, command.max_output);
        let timeout = command.timeout;
        let end = {
            let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
            let input = std::mem::take(&mut command.stdin);
            let talk = async {
                let (stdin, out, err) = streams;
                tokio::join!(feed(stdin, &input), stdout.fill(out), stderr.fill(err));
            };
            let work = follow(&mut child, talk);
            tokio::select! {
                biased;
                () = cancel.cancelled() => End::Cancelled,
                status = work => End::Exited(status),
                () = tokio::time::sleep(timeout) => End::TimedOut,
            }
        };
        match end {
            End::Exited(Ok(status)) => {
                let ((stdout, stdout_cut), (stderr, stderr_cut)) = (stdout.end(), stderr.end());
                Ok(Output { code: status.code(), stdout, stderr, truncated: stdout_cut || stderr_cut })
            }
            End::Exited(Err(source)) => Err(ProcessError::Start { program, source }),
            End::TimedOut => {
                stop(&mut child, &group).await;
                Err(ProcessError::TimedOut { program, timeout })
            }
            End::Cancelled => {
                stop(&mut child, &group).await;
                Err(ProcessError::Cancelled { program })
            }
        }
    }
}

#[async_trait]
impl Processes for SystemProcesses {
    async fn run(&self, command: Command, cancel: &CancellationToken) -> Result<Output, ProcessError> {
        self.run_keeping(Keep::Start, command, cancel).await
    }

    fn find(&self, program: &str) -> Option<PathBuf> {
        let path = Path::new(program);
        if path.is_absolute() {
            return is_executable(path).then(|| path.to_owned());
        }
        if program.is_empty() || path.components().count() != 1 || path.file_name().is_none() {
            return None;
        }
        std::env::split_paths(self.environment.path()?)
            // A relative folder on PATH would let a repository bring its own `git`.
            .filter(|folder| folder.is_absolute())
            .map(|folder| folder.join(format!("{program}{}", std::env::consts::EXE_SUFFIX)))
            .find(|candidate| is_executable(candidate))
    }
}

enum End {
    Exited(io::Result<ExitStatus>),
    TimedOut,
    Cancelled,
}

/// Waits for the program while its streams are served. A grandchild that keeps a stream open is waited for only for the
/// time of [`GRACE`].
async fn follow(child: &mut Child, talk: impl Future<Output = ()>) -> io::Result<ExitStatus> {
    let mut talk = pin!(talk);
    let mut silent = false;
    let status = loop {
        tokio::select! {
            () = &mut talk, if !silent => silent = true,
            status = child.wait() => break status,
        }
    };
    if !silent {
        let _ = tokio::time::timeout(GRACE, talk).await;
    }
    status
}

/// Ends the program and everything in its group, politely first.
async fn stop(child: &mut Child, group: &Group) {
    group.terminate();
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        group.kill();
        let _ = child.kill().await;
    }
}

/// Writes standard input. A program that ends without reading all of it is no error.
async fn feed(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        let _ = stdin.write_all(input).await;
        let _ = stdin.shutdown().await;
    }
}

fn is_executable(path: &Path) -> bool {
    let Ok(metadata) = path.metadata() else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    {
        metadata.is_file()
    }
}
