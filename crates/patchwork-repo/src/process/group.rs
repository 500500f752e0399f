//! The process group of a program: the program and everything it starts.

#[cfg(unix)]
use std::collections::HashSet;
#[cfg(unix)]
use std::sync::{LazyLock, Mutex, PoisonError};

use tokio::process::Child;

/// The leaders of all groups that live now.
#[cfg(unix)]
static LIVE: LazyLock<Mutex<HashSet<rustix::process::Pid>>> = LazyLock::new(Mutex::default);

/// Ends all programs that run now, with all that they started: for a process that exits without unwinding.
pub fn end_all() {
    #[cfg(unix)]
    for leader in LIVE.lock().unwrap_or_else(PoisonError::into_inner).drain() {
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
}

/// A process group that does not outlive this value.
pub(super) struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    /// The group of a program that was started as the leader of its own group.
    #[cfg(unix)]
    pub(super) fn led_by(child: &Child) -> Self {
        let leader =
            child.id().and_then(|id| i32::try_from(id).ok()).and_then(rustix::process::Pid::from_raw);
        LIVE.lock().unwrap_or_else(PoisonError::into_inner).extend(leader);
        Self { leader }
    }

    /// Where there are no process groups, only the program itself is ended.
    #[cfg(not(unix))]
    pub(super) fn led_by(_child: &Child) -> Self {
        Self {}
    }

    /// Asks all members to end.
    pub(super) fn terminate(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::TERM);
    }

    /// Ends all members.
    pub(super) fn kill(&self) {
        #[cfg(unix)]
        self.signal(rustix::process::Signal::KILL);
    }

    #[cfg(unix)]
    fn signal(&self, signal: rustix::process::Signal) {
        if let Some(leader) = self.leader {
            // The usual error is that no member is left, which is what was wanted.
            let _ = rustix::process::kill_process_group(leader, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        #[cfg(unix)]
        if let Some(leader) = &self.leader {
            LIVE.lock().unwrap_or_else(PoisonError::into_inner).remove(leader);
        }
    }
}
