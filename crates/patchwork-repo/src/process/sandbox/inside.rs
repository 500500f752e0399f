//! The process inside: builds the walls around itself, then starts the program.

use std::io::{self, BufReader};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, WaitOptions, WaitStatus, set_parent_process_death_signal, setsid, wait};

use super::policy::{Limits, Order, Policy, Report};
use super::{limits, loopback, namespaces, syscalls, talk, view, walls};

/// Builds the walls and runs the program; answers its exit code where this process stays as the init of a namespace.
pub(super) fn run() -> u8 {
    let Ok(socket) = socket() else { return 1 };
    // Whoever has the supervisor end, and however: what is inside ends with it.
    let tied = set_parent_process_death_signal(Some(Signal::KILL));
    let order: Order = match talk::hear(&mut BufReader::new(&socket)) {
        Ok(Some(order)) => order,
        Ok(None) | Err(_) => return 1,
    };
    let started = tied
        .map_err(|error| format!("the program can't be tied to its supervisor: {error}"))
        .and_then(|()| start(&order, &socket));
    match started {
        Ok(code) => code,
        Err(what) => {
            let _ = talk::say(&socket, &Report::Failed { what });
            1
        }
    }
}

/// The socket to the supervisor, on standard input.
pub(super) fn socket() -> io::Result<UnixStream> {
    Ok(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?))
}

fn start(order: &Order, socket: &UnixStream) -> Result<u8, String> {
    let policy = &order.policy;
    let mut missing = Vec::new();
    // Without one a program reads what is typed on the user's terminal, and asks for passwords there.
    setsid().map_err(|error| format!("a session of its own can't be had: {error}"))?;
    limits::end_first();
    let mut counted = !limits::exempt();
    if let Some(view) = &policy.view {
        if !policy.network {
            loopback::switch_on()
                .map_err(|error| format!("the loopback device can't be switched on: {error}"))?;
        }
        missing.extend(view::enter(view)?);
        counted |= limits::set_in_namespace(&policy.limits);
    }
    // Rights over the mounts, and those of root over other users' files.
    namespaces::give_up_rights().map_err(|error| format!("rights can't be given up: {error}"))?;
    rustix::process::chdir(&policy.cwd)
        .map_err(|error| format!("the program can't run in `{}`: {error}", policy.cwd.display()))?;
    limit(&policy.limits, order.others)?;
    let (landlock, lacks) = walls::build(policy)?;
    missing.extend(lacks);
    syscalls::forbid(order, landlock)?;
    if order.one_group {
        missing.push("programs of root can't make process groups: namespaces are needed".to_owned());
    }
    let ready = Report::Ready { landlock, counted, missing };
    talk::say(socket, &ready).map_err(|error| format!("the supervisor is gone: {error}"))?;
    let mut program = program(policy)?;
    if policy.view.is_none() {
        return Err(cannot_start(policy, &program.exec()));
    }
    let child = program.spawn().map_err(|error| cannot_start(policy, &error))?;
    drop(program);
    Ok(reap_until(i32::try_from(child.id()).ok().and_then(Pid::from_raw)))
}

fn limit(to: &Limits, others: u32) -> Result<(), String> {
    limits::set(to, others).map_err(|error| format!("limits can't be set: {error}"))
}

fn program(policy: &Policy) -> Result<Command, String> {
    let (program, arguments) = policy.argv.split_first().ok_or("there is no program to start")?;
    let mut command = Command::new(program);
    let env = policy.env.iter().map(|(name, value)| (name, value));
    command.args(arguments).env_clear().envs(env).stdin(Stdio::null());
    Ok(command)
}

fn cannot_start(policy: &Policy, error: &io::Error) -> String {
    format!("`{}` can't be started: {error}", policy.argv.first().map_or("", String::as_str))
}

/// Takes in what other processes leave behind, as an init does, until the program has ended.
fn reap_until(program: Option<Pid>) -> u8 {
    loop {
        match wait(WaitOptions::empty()) {
            Ok(Some((pid, status))) if Some(pid) == program => {
                return u8::try_from(code(status)).unwrap_or(u8::MAX);
            }
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(_) => return 1,
        }
    }
}

/// How a process ended, as shells say it.
pub(super) fn code(status: WaitStatus) -> i32 {
    status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal)).unwrap_or(1)
}
