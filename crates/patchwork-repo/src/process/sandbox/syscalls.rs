//! seccomp: system calls that no build needs and that lead around the other walls.

use std::collections::BTreeMap;

use nix::libc;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch, apply_filter, sock_filter,
};

use super::policy::Order;

/// Calls that are answered with "not permitted".
const FORBIDDEN: &[i64] = &[
    // What other processes hold.
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_kcmp,
    libc::SYS_process_madvise,
    // Keys of the user's session.
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    // Other file systems, or other views of this one.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_quotactl,
    libc::SYS_quotactl_fd,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    // Parts of the kernel with a long history of faults.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_lookup_dcookie,
    libc::SYS_vmsplice,
    libc::SYS_fanotify_init,
    // Calls made through it are seen by no filter.
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    // The machine.
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_kexec_file_load,
    libc::SYS_reboot,
    libc::SYS_acct,
    libc::SYS_syslog,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_vhangup,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_iopl,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_ioperm,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_modify_ldt,
];

/// Namespaces that a process may not make.
const NAMESPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWUTS,
    libc::CLONE_NEWCGROUP,
];

/// Requests to a terminal that type on it (`TIOCSTI`, `TIOCLINUX`).
const TYPE_ON_TERMINAL: [u64; 2] = [libc::TIOCSTI, libc::TIOCLINUX];

/// Keeps this process, and all that comes from it, from the calls. It must have one thread.
pub(super) fn forbid(order: &Order) -> Result<(), String> {
    rustix::thread::set_no_new_privs(true)
        .map_err(|error| format!("new privileges can't be given up: {error}"))?;
    programs(order)
        .and_then(|programs| {
            #[cfg(target_arch = "x86_64")]
            apply_filter(&no_x32())?;
            programs.iter().try_for_each(|program| apply_filter(program))
        })
        .map_err(|error| format!("system calls can't be filtered: {error}"))
}

fn programs(order: &Order) -> Result<Vec<BpfProgram>, seccompiler::Error> {
    let always = |calls: &[i64]| calls.iter().map(|call| (*call, Vec::new())).collect::<BTreeMap<_, _>>();
    let mut refused = always(FORBIDDEN);
    for call in [libc::SYS_clone, libc::SYS_unshare] {
        refused.insert(call, NAMESPACES.iter().map(|flag| flagged(*flag)).collect::<Result<_, _>>()?);
    }
    let requests = TYPE_ON_TERMINAL.iter().map(|request| rule(1, SeccompCmpArgLen::Dword, *request));
    refused.insert(libc::SYS_ioctl, requests.collect::<Result<_, _>>()?);
    if order.policy.view.is_none() {
        refused.extend(without_view(order)?);
    }
    // Its flags are behind a pointer, out of a filter's sight. Programs that are told that there is no such call take the older one.
    let unknown = always(&[libc::SYS_clone3]);
    [(refused, libc::EPERM), (unknown, libc::ENOSYS)]
        .into_iter()
        .map(|(rules, errno)| {
            let action = SeccompAction::Errno(errno.unsigned_abs());
            Ok(SeccompFilter::new(rules, SeccompAction::Allow, action, architecture()?)?.try_into()?)
        })
        .collect()
}

/// What namespaces would hold.
fn without_view(order: &Order) -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::Error> {
    let guarded = &order.guarded;
    let mut refused = BTreeMap::new();
    if order.one_group {
        refused.insert(libc::SYS_setsid, Vec::new());
        refused.insert(libc::SYS_setpgid, Vec::new());
    }
    // Sockets of files lead to services of the system (a container engine's gives away the machine), whatever
    // Landlock says of the files. Pairs of sockets lead nowhere.
    if order.policy.network {
        let permitted = [libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK].map(|family| {
            SeccompCondition::new(
                0,
                SeccompCmpArgLen::Dword,
                SeccompCmpOp::Ne,
                u64::from(family.unsigned_abs()),
            )
        });
        let none = SeccompRule::new(permitted.into_iter().collect::<Result<_, _>>()?)?;
        refused.insert(libc::SYS_socket, vec![none]);
    } else {
        refused.insert(libc::SYS_socket, Vec::new());
    }
    // Signals to everyone, or to those who hold this process. Newer kernels have Landlock for it.
    let everyone = u64::from(u32::MAX);
    for call in [
        libc::SYS_kill,
        libc::SYS_tgkill,
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
    ] {
        let pids = guarded.iter().map(|pid| u64::from(pid.unsigned_abs())).chain([everyone]);
        let rules = pids.map(|pid| rule(0, SeccompCmpArgLen::Dword, pid)).collect::<Result<Vec<_>, _>>()?;
        refused.insert(call, rules);
    }
    refused.insert(libc::SYS_pidfd_open, Vec::new());
    // Limits, priorities and processors of other processes of the user.
    for call in [
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_prlimit64,
    ] {
        let pids = guarded.iter().map(|pid| rule(0, SeccompCmpArgLen::Dword, u64::from(pid.unsigned_abs())));
        refused.insert(call, pids.collect::<Result<_, _>>()?);
    }
    Ok(refused)
}

fn rule(argument: u8, length: SeccompCmpArgLen, value: u64) -> Result<SeccompRule, seccompiler::Error> {
    let equal = SeccompCondition::new(argument, length, SeccompCmpOp::Eq, value)?;
    Ok(SeccompRule::new(vec![equal])?)
}

/// Among the flags that are the first argument is this one.
fn flagged(flag: libc::c_int) -> Result<SeccompRule, seccompiler::Error> {
    let flag = u64::from(flag.unsigned_abs());
    let set = SeccompCondition::new(0, SeccompCmpArgLen::Qword, SeccompCmpOp::MaskedEq(flag), flag)?;
    Ok(SeccompRule::new(vec![set])?)
}

fn architecture() -> Result<TargetArch, seccompiler::Error> {
    Ok(std::env::consts::ARCH.try_into()?)
}

/// The second set of calls of this processor, for short pointers, goes by other numbers: none of them is taken.
#[cfg(target_arch = "x86_64")]
fn no_x32() -> BpfProgram {
    const LOAD_NUMBER: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    const FIRST: u32 = 0x4000_0000;
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    vec![
        step(LOAD_NUMBER, 0, 0, 0),
        step(JUMP_IF_AT_LEAST, 0, 1, FIRST),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs()),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}
