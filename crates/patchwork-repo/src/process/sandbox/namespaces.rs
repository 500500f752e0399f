//! Namespaces of its own for what is started next: users, mounts, processes, the network, names.

use std::fs;
use std::io;

use nix::sched::{CloneFlags, unshare};
use rustix::process::{getgid, getuid};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, configure_capability_in_ambient_set,
    remove_capability_from_bounding_set, set_capabilities,
};

/// Puts this process's next child into new namespaces, with all rights in them and the same user and group. This process
/// must have one thread.
pub(super) fn enter(network: bool) -> Result<(), String> {
    let (user, group) = (getuid().as_raw(), getgid().as_raw());
    let mut flags = CloneFlags::CLONE_NEWUSER
        | CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    if !network {
        flags |= CloneFlags::CLONE_NEWNET;
    }
    unshare(flags).map_err(|errno| format!("namespaces are not permitted: {}", errno.desc()))?;
    let told = |what: &str, error: &io::Error| format!("the {what} of the namespace can't be set: {error}");
    // Before the groups: the kernel does not let unprivileged users map them otherwise.
    fs::write("/proc/self/setgroups", "deny").map_err(|error| told("groups", &error))?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1")).map_err(|error| told("user", &error))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1")).map_err(|error| told("group", &error))?;
    keep_rights().map_err(|error| format!("rights in the namespace can't be kept: {error}"))
}

/// Lets a program that is executed keep the rights in the namespace also when its user is not root. All of them: an overlay
/// works with those of whoever mounts it.
fn keep_rights() -> io::Result<()> {
    let sets = rustix::thread::capabilities(None)?;
    set_capabilities(None, CapabilitySets { inheritable: sets.permitted, ..sets })?;
    for bit in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << bit);
        if sets.permitted.contains(capability) {
            configure_capability_in_ambient_set(capability, true)?;
        }
    }
    Ok(())
}

/// Gives up every right that root has over other users, for good.
pub(super) fn give_up_rights() -> io::Result<()> {
    clear_ambient_capability_set()?;
    let sets = rustix::thread::capabilities(None)?;
    if sets.effective.contains(CapabilitySet::SETPCAP) {
        for bit in 0..u64::BITS {
            let capability = CapabilitySet::from_bits_retain(1 << bit);
            match remove_capability_from_bounding_set(capability) {
                Ok(()) => {}
                // One more than the kernel knows.
                Err(rustix::io::Errno::INVAL) => break,
                Err(error) => return Err(error.into()),
            }
        }
    }
    let none = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    Ok(())
}
