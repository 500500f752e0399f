//! What an attacker tries whose code is a test, besides files, processes and the network.

use std::process::{Command, Stdio};

use patchwork_core::port::trial::Trials as _;

use crate::world::{KERNELS, Kernel, World, command, run, try_run};

/// A terminal of its own for what is given; prints what arrives on it, and how the program ended.
const TERMINAL: &str = r#"
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
said = b""
while True:
    try:
        part = os.read(fd, 4096)
    except OSError:
        break
    if not part:
        break
    said += part
print(said.decode("utf-8", "replace"))
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

/// Not a test by itself: it runs on a terminal.
#[tokio::test]
#[ignore = "started by another test"]
async fn on_a_terminal() {
    assert!(std::fs::File::open("/dev/tty").is_ok());
    for kernel in KERNELS {
        // A background program that ignores these signals writes, and makes itself the one that is typed to.
        let attack = "import os, signal\n\
            signal.signal(signal.SIGTTOU, signal.SIG_IGN); signal.signal(signal.SIGTTIN, signal.SIG_IGN)\n\
            tty = os.open('/dev/tty', os.O_RDWR)\n\
            os.write(tty, b'[sudo] pass' + b'word for you: ')\nos.tcsetpgrp(tty, os.getpgrp())\n";
        let world = World::new(kernel);
        let trial = world.open(&[("attack.py", Some(attack))]).await;
        let ran = run(&*trial, "python3 attack.py").await;
        assert!(ran.code == Some(1) && ran.stderr.contains("/dev/tty"), "{kernel:?}: {ran:?}");
    }
}

#[test]
fn the_users_terminal_is_not_reached() {
    let test = std::env::current_exe().unwrap();
    let mut terminal = Command::new("python3");
    terminal.args(["-c", TERMINAL]).arg(test);
    let output = terminal
        .args(["--exact", "attacks::on_a_terminal", "--ignored", "--nocapture"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert!(!said.contains("password for you"), "{said}");
}

#[tokio::test]
async fn sockets_lead_to_no_host_and_to_no_odd_part_of_the_kernel() {
    let attack = "import socket\n\
        for family in range(1, 46):\n\
        \x20for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):\n\
        \x20 for make in (socket.socket, socket.socketpair):\n\
        \x20  try:\n\
        \x20   made = make(family, kind)\n\
        \x20   print(make.__name__, family)\n\
        \x20  except OSError:\n\
        \x20   pass\n";
    for kernel in KERNELS {
        let world = World::new(kernel);
        let trial = world.open(&[("attack.py", Some(attack))]).await;
        for network in [false, true] {
            let mut line = command("python3 attack.py | sort -u | tr '\\n' ','");
            line.limits.network = network;
            let ran = try_run(&*trial, &line).await.unwrap();
            // AF_UNIX 1, AF_INET 2, AF_INET6 10, AF_NETLINK 16.
            let known = ["socket 1", "socket 2", "socket 10", "socket 16", "socketpair 1"];
            let odd: Vec<&str> =
                ran.stdout.split(',').filter(|made| !made.is_empty() && !known.contains(made)).collect();
            assert!(odd.is_empty() && ran.stdout.contains("socketpair 1"), "{kernel:?} {network}: {ran:?}");
            if kernel == Kernel::Plain {
                assert!(!ran.stdout.contains("socket 1,"), "{kernel:?} {network}: {ran:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_tree_of_any_depth_is_frozen_and_removed() {
    let attack = "import os\n\
        for top in (os.getcwd(), os.environ['TMPDIR'], os.environ['HOME']):\n\
        \x20os.chdir(top)\n\
        \x20for _ in range(3000):\n\
        \x20 os.mkdir('deeper')\n\
        \x20 os.chdir('deeper')\n\
        \x20os.mkfifo('pipe')\n\
        \x20open(b'\\xff\\xfe\\n', 'w').close()\n\
        print('made')\n";
    let Some(world) = World::with_overlays().await else { return };
    for world in [world, World::new(Kernel::Plain)] {
        let trial = world.open(&[("attack.py", Some(attack))]).await;
        let ran = run(&*trial, "python3 attack.py").await;
        assert_eq!(ran.stdout, "made\n", "{ran:?}");
        let overlay = world.trials.isolation().await.copies == "overlay";
        // A copy is compared with what it was made of, by paths: those are too long, and that is said.
        assert_eq!(trial.freeze().await.is_ok(), overlay);
        assert_eq!(world.end(), [""; 0]);
    }
}

#[tokio::test]
async fn modes_that_lend_rights_are_not_set_on_the_users_files() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        let before = world.files();
        let tool = world.at("home/.cargo/bin/tool");
        for mode in ["u+s", "g+s", "4755", "2755", "6777"] {
            let ran = world.sh(&format!("chmod {mode} {}", tool.display())).await;
            // In a view it is a copy of the tool that gets it.
            assert!(kernel == Kernel::Whole || ran.code != Some(0), "{kernel:?}: {ran:?}");
        }
        assert_eq!(world.files(), before, "{kernel:?}");
    }
}

#[tokio::test]
async fn memory_and_crashes_are_the_programs_own_affair() {
    let attack = "import resource\n\
        print(open('/proc/self/oom_score_adj').read().strip(), resource.getrlimit(resource.RLIMIT_CORE))\n\
        open('/proc/self/oom_score_adj', 'w').write('-1000')\n";
    for kernel in KERNELS {
        let world = World::new(kernel);
        let trial = world.open(&[("attack.py", Some(attack))]).await;
        let ran = run(&*trial, "python3 attack.py").await;
        // With a limit of one byte the kernel starts no collector of crashes.
        assert_eq!(ran.stdout, "1000 (1, 1)\n", "{kernel:?}: {ran:?}");
        assert!(ran.stderr.contains("Permission") || ran.stderr.contains("Read-only"), "{kernel:?}: {ran:?}");
    }
}

#[tokio::test]
async fn without_namespaces_no_signal_goes_by_a_back_door_and_no_memory_is_shared() {
    let attack = "import ctypes, errno, fcntl, os, socket\n\
        libc = ctypes.CDLL(None, use_errno=True)\n\
        x86 = os.uname().machine == 'x86_64'\n\
        def refused(name, made):\n\
        \x20if made != -1 or ctypes.get_errno() not in (errno.EPERM, errno.ENOSYS): print(name, made)\n\
        refused('pidfd', libc.syscall(424, os.open('/proc/self', os.O_RDONLY), 0, 0, 0))\n\
        one, two = socket.socketpair()\n\
        for command in (fcntl.F_SETOWN, 15): refused('owner', libc.fcntl(one.fileno(), command, os.getpid()))\n\
        for request in (0x8901, 0x8902): refused('request', libc.ioctl(one.fileno(), request, ctypes.byref(ctypes.c_int(1))))\n\
        refused('shmget', libc.shmget(0, 4096, 0o1600))\n\
        refused('msgget', libc.msgget(0, 0o1600))\n\
        refused('semget', libc.semget(0, 1, 0o1600))\n\
        refused('newer', libc.syscall(467, 0, 0, 0, 0, 0))\n\
        print('all were tried')\n";
    let world = World::new(Kernel::Plain);
    let trial = world.open(&[("attack.py", Some(attack))]).await;
    let ran = run(&*trial, "python3 attack.py").await;
    assert_eq!(ran.stdout, "all were tried\n", "{ran:?}");
}

#[tokio::test]
async fn the_helper_and_what_lies_beside_the_system_are_out_of_reach() {
    for kernel in KERNELS {
        let world = World::new(kernel);
        for line in ["exec 3<>/proc/1/exe", "exec 3<>/proc/1/mem", "cat /proc/1/mem", "cat /proc/$PPID/mem"] {
            let ran = world.sh(line).await;
            assert_ne!(ran.code, Some(0), "{kernel:?}: {line}: {ran:?}");
        }
        // Work of others, CI systems' files, secrets that are mounted: all of them are no folders of the system.
        let ran = world.sh("for top in /*; do ls $top >/dev/null 2>&1 && echo $top; done").await;
        let shown =
            "bin dev etc gnu home lib lib32 lib64 libx32 nix opt proc sbin snap state sys tmp usr var";
        let odd: Vec<&str> = ran
            .stdout
            .lines()
            .filter(|top| !shown.split(' ').any(|known| *top == format!("/{known}")))
            .collect();
        assert!(kernel == Kernel::Plain || odd.iter().all(|top| *top == "/root"), "{odd:?}");
        assert!(kernel == Kernel::Whole || !odd.contains(&"/srv"), "{odd:?}");
    }
}
