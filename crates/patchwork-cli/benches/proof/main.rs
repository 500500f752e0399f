//! What the ladder lets through: a corpus of right and wrong fixes, judged as AutoFix judges a model's.
//!
//! `cargo xtask bench proof` runs it in release; `cargo bench -p patchwork-cli --bench proof -- python- ruby-` the cases whose
//! names begin so. It ends with 1 when a limit is not held.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench prints, and stops when it can't go on"
)]

mod case;
mod judge;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use self::case::Case;
use self::judge::judge;
use self::table::Table;

const BINARY: &str = env!("CARGO_BIN_EXE_patchwork");

#[tokio::main]
async fn main() -> ExitCode {
    let start = Instant::now();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let is_wanted = |case: &Case| wanted.is_empty() || wanted.iter().any(|word| case.name.starts_with(word));
    let mut table = Table::default();
    // The steps themselves use no more cores than there are; while one waits for a program another goes on.
    let turns = std::thread::available_parallelism().map_or(1, usize::from) * 2;
    let turns = Arc::new(Semaphore::new(turns));
    let mut judging = JoinSet::new();
    for case in Case::all().into_iter().filter(is_wanted) {
        let faults = case.faults();
        assert!(faults.is_empty(), "{faults:?}");
        if let Some(program) = missing_program(&case) {
            table.leave_out(program);
            continue;
        }
        let turns = turns.clone();
        judging.spawn(async move {
            let _turn = turns.acquire_owned().await.expect("nobody closes it");
            let begun = Instant::now();
            let judged = judge(&case, Path::new(BINARY)).await;
            eprintln!("{:>4.0} s  {}", begun.elapsed().as_secs_f64(), case.name);
            (case, judged)
        });
    }
    while let Some(ended) = judging.join_next().await {
        let (case, judged) = ended.expect("a case is judged to its end");
        table.add(case, judged);
    }
    print!("{table}");
    println!("\n{:.0} s", start.elapsed().as_secs_f64());
    if table.is_held() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The first program that a case needs and this machine lacks.
fn missing_program(case: &Case) -> Option<&str> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let lacks = |program: &&String| !folders.iter().any(|folder| folder.join(program).is_file());
    case.sheet.requires.iter().find(lacks).map(String::as_str)
}
