//! The supervisor: outside of the walls, between the run and the program, so that nothing outlives the run.

use std::fs;
use std::io::{self, BufReader};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Command;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpgid, getpid, getppid, kill_process, pidfd_open,
    set_child_subreaper, waitpid,
};

use super::policy::{Order, Policy, Report};
use super::room::{self, Room};
use super::tree::{self, Count};
use super::{HELPER, INSIDE, inside, limits, namespaces, talk};

/// How often processes are counted where the kernel does not.
const COUNT_EVERY: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

/// Runs a program as the policy that stands on standard input says, and answers there how it went.
pub(super) fn run() -> u8 {
    close_inherited();
    let Ok(run) = inside::socket() else { return 1 };
    let policy: Policy = match talk::hear(&mut BufReader::new(&run)) {
        Ok(Some(policy)) => policy,
        Ok(None) | Err(_) => return 1,
    };
    let report = supervise(&run, policy).unwrap_or_else(|what| Report::Failed { what });
    // Nobody may listen any more.
    let _ = talk::say(&run, &report);
    0
}

/// Closes what whoever started us left open: the program would have it, whatever it is.
fn close_inherited() {
    let open: Vec<i32> = fs::read_dir("/proc/self/fd")
        .into_iter()
        .flatten()
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    for descriptor in open.into_iter().filter(|descriptor| *descriptor > 2) {
        // The one of the listing is closed by now.
        let _ = nix::unistd::close(descriptor);
    }
}

fn supervise(run: &UnixStream, policy: Policy) -> Result<Report, String> {
    let held = if policy.view.is_some() {
        namespaces::enter(policy.network)?;
        Held::Namespace
    } else {
        set_child_subreaper(Some(getpid())).map_err(|error| format!("orphans can't be taken in: {error}"))?;
        Held::Tree
    };
    let most = usize::try_from(policy.limits.processes).unwrap_or(usize::MAX);
    let one_group = matches!(held, Held::Tree) && limits::exempt();
    let (child, socket) = start().map_err(|error| format!("the sandbox can't be started: {error}"))?;
    let group = Program { pid: child, held };
    let others = if policy.view.is_none() { tree::of_user() } else { 0 };
    let guarded = guarded();
    let room = Room::around(policy.disk.clone());
    let mut answers = BufReader::new(&socket);
    let said = talk::say(&socket, &Order { policy, guarded, others, one_group })
        .and_then(|()| talk::hear(&mut answers));
    let counted = match said {
        Ok(Some(ready @ Report::Ready { counted, .. })) => {
            let _ = talk::say(run, &ready);
            counted
        }
        Ok(Some(failed @ Report::Failed { .. })) => return Ok(failed),
        Ok(_) => return Err("the sandbox ended before it stood".to_owned()),
        Err(error) => return Err(format!("the sandbox does not answer: {error}")),
    };
    let report = watch(run, &group, (!counted).then(|| Count::new(most)), room);
    drop(group);
    match report {
        // What went wrong after the walls stood: the program is not there.
        Ok(Report::Ended { code: 1, broke: None }) => Ok(match talk::hear(&mut answers) {
            Ok(Some(failed @ Report::Failed { .. })) => failed,
            _ => Report::Ended { code: 1, broke: None },
        }),
        other => other.map_err(|error| format!("the program can't be watched: {error}")),
    }
}

/// This process and who has started it, with their groups.
fn guarded() -> Vec<i32> {
    let pids: Vec<Pid> = std::iter::once(getpid()).chain(getppid()).collect();
    let groups: Vec<Pid> = pids.iter().filter_map(|pid| getpgid(Some(*pid)).ok()).collect();
    let groups = groups.into_iter().map(|group| -group.as_raw_pid());
    pids.iter().map(|pid| pid.as_raw_pid()).chain(groups).collect()
}

/// Starts the process inside; answers it and the socket to it.
fn start() -> io::Result<(Pid, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = Command::new("/proc/self/exe")
        .args([HELPER, INSIDE])
        .env_clear()
        .stdin(OwnedFd::from(theirs))
        .spawn()?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    Ok((pid.ok_or(io::ErrorKind::InvalidData)?, ours))
}

/// How processes are kept together.
enum Held {
    /// By a namespace, which ends with its first process.
    Namespace,
    /// By being this process's descendants.
    Tree,
}

/// The program, ended with all that it started when this goes.
struct Program {
    pid: Pid,
    held: Held,
}

impl Drop for Program {
    fn drop(&mut self) {
        match self.held {
            Held::Namespace => {
                let _ = kill_process(self.pid, Signal::KILL);
                // Comes back when the last process of the namespace is gone.
                while matches!(waitpid(Some(self.pid), WaitOptions::empty()), Err(rustix::io::Errno::INTR)) {}
            }
            Held::Tree => tree::end(self.pid),
        }
    }
}

/// Waits until the program has ended, breaks a limit or is let go of.
fn watch(
    run: &UnixStream,
    program: &Program,
    mut count: Option<Count>,
    mut room: Option<Room>,
) -> io::Result<Report> {
    let handle = pidfd_open(program.pid, PidfdFlags::empty())?;
    let group = matches!(program.held, Held::Tree).then_some(program.pid);
    // Orphans are taken in now and then as well, for they count.
    let pause = match count.is_some() || matches!(program.held, Held::Tree) {
        true => COUNT_EVERY,
        false => Timespec { tv_sec: 0, tv_nsec: i64::from(room::LOOK_EVERY.subsec_nanos()) },
    };
    let broke =
        |what: &str| Report::Ended { code: 128 + Signal::KILL.as_raw(), broke: Some(what.to_owned()) };
    loop {
        let mut events = [
            PollFd::from_borrowed_fd(run.as_fd(), PollFlags::IN),
            PollFd::from_borrowed_fd(handle.as_fd(), PollFlags::IN),
        ];
        match poll(&mut events, Some(&pause)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        if !events[0].revents().is_empty() {
            return Ok(Report::Ended { code: 128 + Signal::KILL.as_raw(), broke: None });
        }
        while let Ok(Some((pid, status))) = rustix::process::wait(WaitOptions::NOHANG) {
            if pid == program.pid {
                return Ok(Report::Ended { code: inside::code(status), broke: None });
            }
        }
        if count.as_mut().is_some_and(|count| count.is_above(group)) {
            return Ok(broke("the number of processes"));
        }
        if room.as_mut().is_some_and(Room::is_taken) {
            return Ok(broke("the space it took on the disk"));
        }
    }
}
