//! What proving costs: fifty candidates, each tested in a copy of its own of one repository that holds much data.
//!
//! `cargo xtask bench` runs it in release. It prints figures and whether each is within its limit; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use patchwork_testkit::bench::measure;
use patchwork_testkit::repo::TestRepo;

const BINARY: &str = env!("CARGO_BIN_EXE_patchwork");
const CANDIDATES: usize = 50;
/// Bytes that no candidate changes.
const DATA: usize = 256 << 20;

/// Half a second of one core, on a usual machine: as tests are, busy and alone.
const TESTS: &str = "total = 0\nfor number in range(6_000_000):\n    total += number\n";

fn main() {
    let repo = repository();
    let one = alone(&repo);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // The base line goes before, the combination behind.
    let ideal = one * (2.0 + (CANDIDATES as f64 / cores as f64).ceil());

    let mut command = Command::new(BINARY);
    command
        .current_dir(repo.root())
        .env_clear()
        .envs(repo.environment())
        .env("PATCHWORK_STATE_DIR", repo.beside("state"))
        .args(["AutoFix", "disable_pr=true", "scanner=rules", "vulnerability_limit=0", "paths=src"])
        .arg("test_command=python3 tests.py");
    let (run, disk) = watching_disk(&repo.beside("state"), || measure(&mut command));
    let changed = repo.git(&["diff", "--numstat", "main", "autofix-main"]);
    assert_eq!(changed.lines().count(), CANDIDATES, "every candidate is proven and kept");

    let ratio = run.seconds / ideal;
    println!("{CANDIDATES} candidates, tests of {one:.3} s, {cores} cores:");
    println!(
        "  {:.2} s, {ratio:.3} x ideal ({:.2} s)   {}",
        run.seconds,
        ideal,
        verdict(ratio <= 1.25, "1.25")
    );
    let share = disk as f64 / DATA as f64;
    println!(
        "  {:.0} MiB of disk, {share:.3} x the data   {}",
        disk as f64 / f64::from(1 << 20),
        // The worktree of the run is one copy.
        verdict(share <= 1.1, "1.10")
    );
    println!("  peak {:.0} MiB of memory", run.mebibytes);
}

fn verdict(held: bool, limit: &str) -> String {
    format!("at most {limit}: {}", if held { "held" } else { "NOT HELD" })
}

/// A repository of which each file has one weakness with a fix of its rule, and much data.
fn repository() -> TestRepo {
    let repo = TestRepo::new();
    for number in 0..CANDIDATES {
        let text = format!(
            "from flask import Flask\n\napp = Flask(\"service{number}\")\n\nif __name__ == \"__main__\":\n    app.run(debug=True)\n"
        );
        repo.write(&format!("src/service{number}.py"), text);
    }
    repo.write("tests.py", TESTS);
    for part in 0..16_u8 {
        repo.write(&format!("data/part{part}.bin"), vec![part; DATA / 16]);
    }
    repo.commit("bench");
    repo
}

/// Seconds of the tests without any of this, the best of five.
fn alone(repo: &TestRepo) -> f64 {
    let once = || {
        let start = Instant::now();
        let status = Command::new("python3").arg("tests.py").current_dir(repo.root()).status();
        assert!(status.expect("python3 runs").success());
        start.elapsed().as_secs_f64()
    };
    (0..5).map(|_| once()).fold(f64::INFINITY, f64::min)
}

/// What `work` takes of the disk at most while it goes on, beside what it answers.
fn watching_disk<T>(folder: &Path, work: impl FnOnce() -> T) -> (T, u64) {
    std::fs::create_dir_all(folder).expect("a folder");
    let free = || {
        let stat = rustix::fs::statvfs(folder).expect("the file system answers");
        stat.f_bavail * stat.f_frsize
    };
    let (before, most, done) = (free(), AtomicU64::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                most.fetch_max(before.saturating_sub(free()), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(5));
            }
        });
        let answer = work();
        done.store(true, Ordering::Relaxed);
        (answer, most.load(Ordering::Relaxed))
    })
}
