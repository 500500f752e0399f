//! The processes that come from this one, where no namespace holds them together.

use std::collections::{HashMap, HashSet};
use std::fs;

use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, wait};

/// Processes and threads of all that come from this process.
fn size() -> usize {
    descendants().iter().map(|pid| threads(*pid)).sum()
}

/// Threads and processes of the user of this process.
pub(super) fn of_user() -> u32 {
    let user = rustix::process::getuid().as_raw();
    let of_user = |pid: &Pid| owner(*pid) == Some(user);
    u32::try_from(processes().into_iter().filter(of_user).map(threads).sum::<usize>()).unwrap_or(u32::MAX)
}

/// Ends all that come from this process, which must be the one that takes in orphans; comes back when none is left. Of the
/// members of `group` none escapes, be they as fast as they may; all others must be too few to.
pub(super) fn end(group: Pid) {
    loop {
        let _ = kill_process_group(group, Signal::KILL);
        let all = descendants();
        // Stopped first, all of them: a program that forks as fast as it is ended would win otherwise.
        for signal in [Signal::STOP, Signal::KILL] {
            for pid in &all {
                let _ = kill_process(*pid, signal);
            }
        }
        match wait(WaitOptions::empty()) {
            Ok(_) => while matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {},
            Err(rustix::io::Errno::INTR) => {}
            // There is none.
            Err(_) => return,
        }
    }
}

/// Watches that no more come from this process than are permitted, where the kernel does not count.
pub(super) struct Count {
    most: usize,
    /// All processes and threads of the machine, when they were fewest.
    least: usize,
}

impl Count {
    pub(super) fn new(most: usize) -> Self {
        Self { most, least: of_machine() }
    }

    /// Whether there are too many. Those of `group` stand still while they are counted.
    pub(super) fn is_above(&mut self, group: Option<Pid>) -> bool {
        let all = of_machine();
        self.least = self.least.min(all);
        // Cheap, for it is asked all the time: the machine has not got so many more.
        if all.saturating_sub(self.least) <= self.most {
            return false;
        }
        let signal = |signal: Signal| group.map(|group| kill_process_group(group, signal));
        let _ = signal(Signal::STOP);
        let above = size() > self.most;
        if !above {
            let _ = signal(Signal::CONT);
            self.least = all.saturating_sub(self.most / 2);
        }
        above
    }
}

/// Processes and threads of the machine.
fn of_machine() -> usize {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let total = text.split_whitespace().nth(3).and_then(|counts| counts.split_once('/')?.1.parse().ok());
    // Where that is not told it is counted each time.
    total.unwrap_or(usize::MAX)
}

fn descendants() -> Vec<Pid> {
    let mut children: HashMap<i32, Vec<Pid>> = HashMap::new();
    for pid in processes() {
        if let Some(parent) = parent(pid) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    let mut open = vec![getpid().as_raw_pid()];
    while let Some(pid) = open.pop() {
        for child in children.remove(&pid).into_iter().flatten() {
            if seen.insert(child) {
                open.push(child.as_raw_pid());
                found.push(child);
            }
        }
    }
    found
}

fn processes() -> Vec<Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Pid::from_raw(entry.file_name().to_str()?.parse().ok()?)).collect()
}

fn parent(pid: Pid) -> Option<i32> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_pid())).ok()?;
    // Behind the name, which may hold anything.
    text.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

fn owner(pid: Pid) -> Option<u32> {
    use std::os::unix::fs::MetadataExt as _;
    Some(fs::metadata(format!("/proc/{}", pid.as_raw_pid())).ok()?.uid())
}

fn threads(pid: Pid) -> usize {
    let tasks = fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid()));
    tasks.map_or(1, |tasks| tasks.count().max(1))
}
