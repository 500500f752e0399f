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

/// Where there are no namespaces as well: what lies in the memory of the user's other programs, and signals by ways that can't
/// be told from harmless ones.
const FORBIDDEN_WITHOUT_VIEW: &[i64] = &[
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_shmget,
    libc::SYS_semget,
    libc::SYS_msgget,
    libc::SYS_mq_open,
];

/// Calls that change modes, and which argument is the mode.
const MODES: &[(i64, u8)] = &[
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_chmod, 1),
    (libc::SYS_fchmod, 1),
    (libc::SYS_fchmodat, 2),
    // `fchmodat2`
    (452, 2),
];

/// Who gets a signal when there is something to read (`F_SETOWN`, `F_SETOWN_EX`; `FIOSETOWN`, `SIOCSPGRP`).
const OWNERS: [u64; 2] = [8, 15];
const OWNERS_BY_REQUEST: [u64; 2] = [0x8901, 0x8902];

/// The first call that came after this was written. All processors give new ones the same number.
const NEXT_CALL: u32 = 467;

/// The first version of Landlock that holds abstract sockets.
const HOLDS_ABSTRACT_SOCKETS: i32 = 6;

/// Keeps this process, and all that comes from it, from the calls. It must have one thread. `landlock` is the version that
/// holds it already.
pub(super) fn forbid(order: &Order, landlock: Option<i32>) -> Result<(), String> {
    rustix::thread::set_no_new_privs(true)
        .map_err(|error| format!("new privileges can't be given up: {error}"))?;
    programs(order, landlock)
        .and_then(|programs| {
            apply_filter(&nothing_newer())?;
            programs.iter().try_for_each(|program| apply_filter(program))
        })
        .map_err(|error| format!("system calls can't be filtered: {error}"))
}

fn programs(order: &Order, landlock: Option<i32>) -> Result<Vec<BpfProgram>, seccompiler::Error> {
    let always = |calls: &[i64]| calls.iter().map(|call| (*call, Vec::new())).collect::<BTreeMap<_, _>>();
    let mut refused = always(FORBIDDEN);
    for call in [libc::SYS_clone, libc::SYS_unshare] {
        refused.insert(call, NAMESPACES.iter().map(|flag| flagged(*flag)).collect::<Result<_, _>>()?);
    }
    let has_view = order.policy.view.is_some();
    let requests = OWNERS_BY_REQUEST.iter().filter(|_| !has_view).chain(&TYPE_ON_TERMINAL);
    let requests = requests.map(|request| rule(1, SeccompCmpArgLen::Dword, *request));
    refused.insert(libc::SYS_ioctl, requests.collect::<Result<_, _>>()?);
    // Of the other families some lead out of a network namespace (to the host of a virtual machine), and all have a long
    // history of faults.
    let mut families = vec![libc::AF_INET, libc::AF_INET6, libc::AF_NETLINK];
    // Sockets of files lead to services of the system (a container engine's gives away the machine), whatever Landlock says
    // of the files; those of names do where the network is the system's. Pairs of sockets lead nowhere.
    if has_view
        && (!order.policy.network || landlock.is_some_and(|version| version >= HOLDS_ABSTRACT_SOCKETS))
    {
        families.push(libc::AF_UNIX);
    }
    let sockets = match has_view || order.policy.network {
        true => vec![none_of(&families)?],
        false => Vec::new(),
    };
    refused.insert(libc::SYS_socket, sockets);
    refused.insert(libc::SYS_socketpair, vec![none_of(&[libc::AF_UNIX])?]);
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
    let guarded: Vec<u64> = order.guarded.iter().map(|pid| u64::from(pid.cast_unsigned())).collect();
    let mut refused: BTreeMap<_, _> = FORBIDDEN_WITHOUT_VIEW.iter().map(|call| (*call, Vec::new())).collect();
    if order.one_group {
        refused.insert(libc::SYS_setsid, Vec::new());
        refused.insert(libc::SYS_setpgid, Vec::new());
    }
    // Other users would get the rights of whoever owns the file.
    for (call, argument) in MODES {
        let rules = [libc::S_ISUID, libc::S_ISGID].map(|bit| {
            let bit = u64::from(bit);
            let set =
                SeccompCondition::new(*argument, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(bit), bit)?;
            Ok(SeccompRule::new(vec![set])?)
        });
        refused.insert(*call, rules.into_iter().collect::<Result<_, seccompiler::Error>>()?);
    }
    let owners = OWNERS.iter().map(|command| rule(1, SeccompCmpArgLen::Dword, *command));
    refused.insert(libc::SYS_fcntl, owners.collect::<Result<_, _>>()?);
    // Signals to everyone, or to those who hold this process. Newer kernels have Landlock for it.
    let everyone = u64::from(u32::MAX);
    for call in [
        libc::SYS_kill,
        libc::SYS_tgkill,
        libc::SYS_tkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
    ] {
        let pids = guarded.iter().copied().chain([everyone]);
        let rules = pids.map(|pid| rule(0, SeccompCmpArgLen::Dword, pid)).collect::<Result<Vec<_>, _>>()?;
        refused.insert(call, rules);
    }
    // Limits, priorities and processors of other processes of the user.
    for call in [
        libc::SYS_sched_setaffinity,
        libc::SYS_sched_setscheduler,
        libc::SYS_sched_setparam,
        libc::SYS_sched_setattr,
        libc::SYS_prlimit64,
    ] {
        let pids = guarded.iter().map(|pid| rule(0, SeccompCmpArgLen::Dword, *pid));
        refused.insert(call, pids.collect::<Result<_, _>>()?);
    }
    Ok(refused)
}

/// The family of a socket is none of these.
fn none_of(families: &[libc::c_int]) -> Result<SeccompRule, seccompiler::Error> {
    let is_not = |family: &libc::c_int| {
        let family = u64::from(family.unsigned_abs());
        SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Ne, family)
    };
    Ok(SeccompRule::new(families.iter().map(is_not).collect::<Result<_, _>>()?)?)
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

/// Calls that are not known here are answered as if the kernel were older. So are those of the second set of x86-64, for short
/// pointers, whose numbers are all higher.
fn nothing_newer() -> BpfProgram {
    const LOAD_NUMBER: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    vec![
        step(LOAD_NUMBER, 0, 0, 0),
        step(JUMP_IF_AT_LEAST, 0, 1, NEXT_CALL),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::ENOSYS.unsigned_abs()),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ]
}
