//! Starting the helper, and waiting for the program behind it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use patchwork_core::port::process::Output;
use tokio::process::Child;
use tokio_util::sync::CancellationToken;

use super::HELPER;
use super::policy::{Policy, Report};
use crate::process::{Capture, Keep};

/// How long the helper may take to end all processes once it is told to.
const LAST_BREATH: Duration = Duration::from_secs(30);

/// How a sandboxed program went. Whatever it is, nothing of the program runs any more.
#[derive(Debug)]
pub(crate) enum Finished {
    /// It ended by itself, or broke a limit.
    Ended {
        /// How it ended, and the end of what it printed.
        output: Output,
        /// What held it: the version of Landlock, if any, and what was missing.
        landlock: Option<i32>,
        /// What of the walls could not be had.
        missing: Vec<String>,
    },
    /// The walls could not be built, or the program not be started.
    Failed(String),
    /// It took too long.
    TimedOut,
    /// The run was cancelled.
    Cancelled,
}

/// Runs a program behind the walls of a policy. When this is dropped before its end, the program is ended first.
pub(crate) async fn run(
    helper: &Path,
    policy: &Policy,
    timeout: Duration,
    max_output: usize,
    cancel: &CancellationToken,
) -> io::Result<Finished> {
    if cancel.is_cancelled() {
        return Ok(Finished::Cancelled);
    }
    let mut order = serde_json::to_vec(policy)?;
    order.push(b'\n');
    let (mut child, line) = start(helper)?;
    let mut stdout = Capture::new(Keep::End, max_output);
    let mut stderr = Capture::new(Keep::End, max_output);
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let socket = line.0.try_clone()?;
    // Blocking: the order may be longer than the socket takes at once, and the answer is as late as the program.
    let talk = tokio::task::spawn_blocking(move || talk(&socket, &order));
    let work = async {
        let (reports, (), ()) = tokio::join!(talk, stdout.fill(out), stderr.fill(err));
        let _ = child.wait().await;
        reports
    };
    let reports = tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        reports = work => Some(reports),
        () = tokio::time::sleep(timeout) => {
            let _ = tokio::task::spawn_blocking(move || drop(line)).await;
            return Ok(Finished::TimedOut);
        }
    };
    let Some(reports) = reports else {
        let _ = tokio::task::spawn_blocking(move || drop(line)).await;
        return Ok(Finished::Cancelled);
    };
    let (stdout, stdout_cut) = stdout.end();
    let (mut stderr, stderr_cut) = stderr.end();
    let mut held = (None, Vec::new());
    for report in reports.map_err(io::Error::other)?? {
        match report {
            Report::Ready { landlock, missing, .. } => held = (landlock, missing),
            Report::Failed { what } => return Ok(Finished::Failed(what)),
            Report::Ended { code, broke } => {
                if let Some(limit) = broke {
                    stderr.extend_from_slice(
                        format!("\nended by the sandbox: {limit} is above the limit\n").as_bytes(),
                    );
                }
                let output = Output { code: Some(code), stdout, stderr, truncated: stdout_cut || stderr_cut };
                let (landlock, missing) = held;
                return Ok(Finished::Ended { output, landlock, missing });
            }
        }
    }
    let said = String::from_utf8_lossy(&stderr);
    Ok(Finished::Failed(format!("the sandbox's helper `{}` broke off: {}", helper.display(), said.trim())))
}

fn start(helper: &Path) -> io::Result<(Child, Line)> {
    let (ours, theirs) = UnixStream::pair()?;
    let mut command = tokio::process::Command::new(helper);
    command
        .arg(HELPER)
        .current_dir("/")
        .env_clear()
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Keys that are typed on the terminal are for the run.
        .process_group(0);
    let child = command.spawn()?;
    Ok((child, Line(ours)))
}

/// Says the order and hears what comes back, to the end of the helper.
fn talk(mut socket: &UnixStream, order: &[u8]) -> io::Result<Vec<Report>> {
    // One that is gone already shows in what it answered: nothing.
    let _ = socket.write_all(order);
    let mut reports = Vec::new();
    for line in BufReader::new(socket).lines() {
        reports.push(serde_json::from_str(&line?)?);
    }
    Ok(reports)
}

/// The socket that keeps the helper at work. The helper has ended, and with it all processes of the program, when this is
/// dropped.
struct Line(UnixStream);

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.0.shutdown(Shutdown::Write);
        let _ = self.0.set_read_timeout(Some(LAST_BREATH));
        let mut rest = [0; 1024];
        while matches!((&self.0).read(&mut rest), Ok(count) if count > 0) {}
    }
}
