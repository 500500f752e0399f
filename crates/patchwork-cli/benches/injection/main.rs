//! What hostile text gets done: a corpus of it, obeyed by a model, against the binary. Nothing must come of it.
//!
//! `cargo xtask bench injection` runs it in release; `cargo bench -p patchwork-cli --bench injection -- title- diff-` the cases
//! whose names begin so, and prints what each run printed. It ends with 1 when anything got through.

#![expect(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::panic,
    reason = "a bench prints, and stops when it can't go on"
)]
#![cfg_attr(
    test,
    expect(
        dead_code,
        unused_imports,
        reason = "unit tests of these files run among those of the test target `injection`"
    )
)]

mod case;
mod detect;
mod effect;
mod obey;
mod stage;
mod table;
mod trap;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use self::case::Case;
use self::stage::play_all;
use self::table::Table;

const BINARY: &str = env!("CARGO_BIN_EXE_patchwork");

fn main() -> ExitCode {
    let start = Instant::now();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let cases = Case::all();
    let faults = Case::faults(&cases);
    assert!(faults.is_empty(), "{faults:?}");
    let is_wanted = |case: &Case| wanted.is_empty() || wanted.iter().any(|word| case.name.starts_with(word));
    let mut table = Table::default();
    for (case, verdict) in play_all(cases.into_iter().filter(is_wanted).collect(), Path::new(BINARY)) {
        if !wanted.is_empty() {
            println!("{}\n{}", case.name, verdict.printed.escape_debug().to_string().replace("\\n", "\n"));
        }
        table.add(case, verdict);
    }
    print!("{table}");
    println!("\n{:.0} s", start.elapsed().as_secs_f64());
    if table.is_held() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
