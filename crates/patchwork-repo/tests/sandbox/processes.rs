//! Processes: none reaches out of a trial, and none outlives it.

use std::fmt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use patchwork_core::port::process::ProcessError;
use tokio_util::sync::CancellationToken;

use crate::world::{KERNELS, Kernel, World, command, run, try_run};

/// A time to sleep that no other process of the machine sleeps: by it a test knows its own.
pub(crate) struct Mark(String);

impl Mark {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        Self(format!("{}.{:05}", 100_000 + std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)))
    }

    /// How many processes sleep so long.
    fn count(&self) -> usize {
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
        let sleep = format!("sleep\0{}\0", self.0).into_bytes();
        lines.filter(|line| line.ends_with(&sleep)).count()
    }

    /// Waits until that many do.
    fn wait_for(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while self.count() != count {
            assert!(Instant::now() < deadline, "{} processes sleep, not {count}", self.count());
            std::thread::yield_now();
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[track_caller]
pub(crate) fn assert_none_left(mark: &Mark) {
    assert_eq!(mark.count(), 0, "processes outlive their program");
}

/// Two processes that sleep so long, one of them as far from the other as it can get.
fn started(mark: &Mark) -> String {
    format!("(setsid sleep {mark} || sleep {mark}) & sleep {mark}")
}

#[tokio::test]
async fn what_a_program_leaves_behind_ends_with_it() {
    for kernel in KERNELS {
        let (world, mark) = (World::new(kernel), Mark::new());
        let started = format!(
            "{} & (sleep {mark} &); nohup sh -c 'sleep {mark} & sleep {mark}' >out 2>&1 & \
             until [ $(grep -lsz '^{mark}$' /proc/*/cmdline | wc -l) -ge 5 ]; do :; done; echo done",
            started(&mark)
        );
        let ran = world.sh(&started).await;
        assert_eq!(ran.stdout, "done\n", "{kernel:?}: {ran:?}");
        assert_none_left(&mark);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancellation_ends_everything() {
    for kernel in KERNELS {
        let (world, mark) = (World::new(kernel), Mark::new());
        let trial = world.open(&[]).await;
        let cancel = CancellationToken::new();
        let (stop, line) = (cancel.clone(), command(&started(&mark)));
        let running = tokio::spawn(async move { trial.run(&line, &stop).await });
        mark.wait_for(2);
        cancel.cancel();
        let error = running.await.unwrap().unwrap_err();
        assert!(matches!(error, ProcessError::Cancelled { .. }), "{kernel:?}: {error}");
        assert_none_left(&mark);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_gives_up_leaves_nothing() {
    for kernel in KERNELS {
        let (world, mark) = (World::new(kernel), Mark::new());
        let trial = world.open(&[]).await;
        let line = command(&started(&mark));
        let running = tokio::spawn(async move { try_run(&*trial, &line).await });
        mark.wait_for(2);
        running.abort();
        assert!(running.await.unwrap_err().is_cancelled());
        assert_none_left(&mark);
    }
}

/// Not a test by itself: the process that the next one kills.
#[tokio::test]
#[ignore = "started by another test"]
async fn victim() {
    let kernel = if std::env::var_os("VICTIM_PLAIN").is_some() { Kernel::Plain } else { Kernel::Whole };
    let mark = std::env::var("VICTIM_MARK").unwrap();
    World::new(kernel).sh(&format!("trap '' TERM HUP; {}", started(&Mark(mark)))).await;
}

#[test]
fn nothing_outlives_a_process_that_is_killed() {
    for kernel in KERNELS {
        let mark = Mark::new();
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "processes::victim", "--ignored"]).env("VICTIM_MARK", mark.to_string());
        if kernel == Kernel::Plain {
            victim.env("VICTIM_PLAIN", "1");
        }
        let mut victim = victim.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        mark.wait_for(2);
        // The strongest signal: nothing of it is tidied up by itself.
        victim.kill().unwrap();
        victim.wait().unwrap();
        mark.wait_for(0);
    }
}

#[tokio::test]
async fn no_signal_reaches_other_processes() {
    let mut bystander = Command::new("sleep").arg("600").stdin(Stdio::null()).spawn().unwrap();
    let ours = std::process::id();
    for kernel in KERNELS {
        let world = World::new(kernel);
        let theirs = bystander.id();
        for line in [
            format!("kill -0 {theirs}"),
            format!("kill -9 {theirs}"),
            format!("kill -0 {ours}"),
            format!(
                "python3 -c 'import signal; signal.pidfd_send_signal(__import__(\"os\").pidfd_open({theirs}), 9)'"
            ),
        ] {
            let ran = world.sh(&line).await;
            assert_ne!(ran.code, Some(0), "{kernel:?}: {line}: {ran:?}");
        }
        assert!(bystander.try_wait().unwrap().is_none(), "{kernel:?}");
    }
    // Everyone at once, where everyone is more than the program itself.
    let ran = World::new(Kernel::Plain).sh("kill -0 -1").await;
    assert_ne!(ran.code, Some(0), "{ran:?}");
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

/// System calls by their numbers on this machine; the ones that need no argument to be refused.
const CALLS: &str = r#"
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
def call(name, number, *args):
    if libc.syscall(number, *args) != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS):
        print(name, ctypes.get_errno())
x86 = os.uname().machine == "x86_64"
for name, on_x86, on_arm in [
    ("ptrace", 101, 117), ("mount", 165, 40), ("umount2", 166, 39), ("pivot_root", 155, 41), ("chroot", 161, 51),
    ("keyctl", 250, 219), ("add_key", 248, 217), ("bpf", 321, 280), ("perf_event_open", 298, 241),
    ("userfaultfd", 323, 282), ("io_uring_setup", 425, 425), ("process_vm_readv", 310, 270),
    ("init_module", 175, 105), ("kexec_load", 246, 104), ("setns", 308, 268), ("open_tree", 428, 428),
    ("fsopen", 430, 430), ("mount_setattr", 442, 442), ("open_by_handle_at", 304, 265), ("reboot", 169, 142),
]:
    call(name, on_x86 if x86 else on_arm, 0, 0, 0, 0, 0)
for flag in [0x10000000, 0x20000, 0x20000000, 0x40000000, 0x8000000]:
    call("unshare %x" % flag, 272 if x86 else 97, flag)
    call("clone %x" % flag, 56 if x86 else 220, flag | 17, 0, 0, 0, 0)
call("clone3", 435, 0, 0)
if x86:
    # The same call by its number in the other set, for short pointers.
    call("x32 ptrace", 0x40000000 + 521, 0, 0, 0, 0)
print("all were tried")
"#;

#[tokio::test]
async fn calls_that_lead_around_the_walls_are_refused() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let trial = world.open(&[("calls.py", Some(CALLS))]).await;
        let ran = run(&*trial, "python3 calls.py").await;
        assert_eq!(ran.stdout, "all were tried\n", "{kernel:?}: {ran:?}");
        for line in
            ["mount -t tmpfs none .", "unshare -Ur true", "unshare -m true", "chroot . true", "mknod x c 1 1"]
        {
            let ran = run(&*trial, line).await;
            assert_ne!(ran.code, Some(0), "{kernel:?}: {line}: {ran:?}");
        }
        let ran =
            run(&*trial, "grep -E '^(NoNewPrivs|CapEff|CapBnd|CapPrm|Seccomp):' /proc/self/status").await;
        let none = "0000000000000000";
        let privileges = format!("CapPrm:\t{none}\nCapEff:\t{none}\nCapBnd:\t");
        assert!(ran.stdout.starts_with(&privileges), "{kernel:?}: {ran:?}");
        assert!(ran.stdout.ends_with("\nNoNewPrivs:\t1\nSeccomp:\t2\n"), "{kernel:?}: {ran:?}");
    }
}

#[tokio::test]
async fn exit_codes_are_told_as_shells_do() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        for (line, code) in
            [("exit 7", 7), ("kill -9 $$", 137), ("sh -c 'kill -TERM $$'", 143), ("no-such-program", 127)]
        {
            assert_eq!(world.sh(line).await.code, Some(code), "{kernel:?}: {line}");
        }
    }
}
