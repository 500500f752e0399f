//! How long it takes to read what a pull request changes, git included: 300 files with 30,000 changed lines, and 3,500 files.
//!
//! `cargo xtask bench` runs it in release. It prints figures and whether they are within their limit; it is no test.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    reason = "a bench prints, and stops when it can't go on"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use patchwork_core::port::history::History as _;
use patchwork_core::run::RunId;
use patchwork_repo::checkout::{GitCheckout, Repository};
use patchwork_repo::process::SystemProcesses;
use patchwork_testkit::repo::TestRepo;

/// How often it is read, of which the best counts: whatever else runs only makes it slower.
const TIMES: usize = 5;
/// Files, changed lines of each, and how long reading them may take.
const CASES: [(usize, usize, Duration); 2] =
    [(300, 100, Duration::from_millis(300)), (3500, 1, Duration::from_secs(1))];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    for (files, changed, limit) in CASES {
        let took = runtime.block_on(read(files, changed));
        let verdict = if took <= limit { "held" } else { "NOT HELD" };
        let name = format!("changes of {files} files with {} changed lines", files * changed);
        println!("{name:<60} {took:>12.1?}   {limit:?}: {verdict}");
    }
}

/// Reads what changes in that many lines of each of that many files of 400 lines.
async fn read(files: usize, changed: usize) -> Duration {
    let repo = TestRepo::with_files(&[("README.md", "a bench\n")]);
    let every = 400 / changed;
    let text = |file: usize, better: bool| -> String {
        let line = |line: usize| match better && line.is_multiple_of(every) {
            true => format!("value_{file}_{line} = compute_better({line})\n"),
            false => format!("value_{file}_{line} = compute({line})\n"),
        };
        (0..400).map(line).collect()
    };
    let commit = |better: bool| {
        let path = |file: usize| format!("src/package_{}/module_{file}.py", file % 20);
        let texts: Vec<(String, String)> = (0..files).map(|file| (path(file), text(file, better))).collect();
        let all: Vec<(&str, Option<&str>)> =
            texts.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
        repo.commit_on("topic", "a change", &all)
    };
    let (from, to) = (commit(false), commit(true));
    let processes = Arc::new(SystemProcesses::new(repo.environment()));
    let repository = Repository::discover(repo.root(), processes).await.expect("a repository");
    let run = RunId::parse("20261121-054211-bench").expect("an id");
    let checkout =
        GitCheckout::create(&repository, &run, &repo.beside("worktrees")).await.expect("a worktree");
    let history = checkout.history();
    let mut best = Duration::MAX;
    for _ in 0..TIMES {
        let start = Instant::now();
        let changes = history.changes(&from, &to).await.expect("the changes");
        best = best.min(start.elapsed());
        assert_eq!(changes.len(), files);
        assert_eq!(changes.iter().map(|change| change.additions as usize).sum::<usize>(), files * changed);
    }
    best
}
