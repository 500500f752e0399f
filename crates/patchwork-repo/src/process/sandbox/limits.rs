//! Limits of what processes take.

use std::fs;
use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, getuid, setrlimit};

use super::policy::Limits;

/// Files that a process has open at most. Some programs loop over all that are permitted.
const OPEN_FILES: u64 = 65_536;

/// The kernel takes no smaller limit of a namespace's processes.
const LEAST_PROCESSES: u32 = 301;

/// Sets the limits of this process and all that come from it. `others` processes of the user count as well.
pub(super) fn set(limits: &Limits, others: u32) -> io::Result<()> {
    // Memory that is reserved without being used is not counted, as it is by `Resource::As`: Java, Go and Node reserve
    // many gigabytes.
    lower(Resource::Data, limits.memory)?;
    lower(Resource::Nproc, u64::from(limits.processes.saturating_add(others)))?;
    lower(Resource::Fsize, limits.file_size)?;
    // Not zero: the kernel would start the machine's own collector of crashes, as root, on what a program makes of itself.
    let core = getrlimit(Resource::Core).maximum.map_or(1, |most| most.min(1));
    setrlimit(Resource::Core, Rlimit { current: Some(core), maximum: Some(core) })?;
    lower(Resource::Nofile, OPEN_FILES)?;
    Ok(())
}

/// Where memory runs out the kernel ends this process and those that come from it before all others, however many share it.
pub(super) fn end_first() {
    // A kernel that can't be told ends whoever has most.
    let _ = fs::write("/proc/self/oom_score_adj", "1000");
}

/// Neither limit is ever raised.
fn lower(resource: Resource, to: u64) -> io::Result<()> {
    let now = getrlimit(resource);
    let least = |now: Option<u64>| Some(now.map_or(to, |now| now.min(to)));
    setrlimit(resource, Rlimit { current: least(now.current), maximum: least(now.maximum) })?;
    Ok(())
}

/// Limits the processes of this process's own namespace, whose `/proc` must be mounted; answers whether the kernel can.
pub(super) fn set_in_namespace(limits: &Limits) -> bool {
    // Older kernels have one number for the whole machine.
    since(6, 14)
        && fs::write("/proc/sys/kernel/pid_max", limits.processes.max(LEAST_PROCESSES).to_string()).is_ok()
}

/// Whether the kernel leaves this user's processes unlimited, whatever the limit says.
pub(super) fn exempt() -> bool {
    getuid().is_root()
}

/// Whether the kernel is of this version or a later one.
fn since(major: u32, minor: u32) -> bool {
    let name = rustix::system::uname();
    let release = name.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)) >= (major, minor)
}
