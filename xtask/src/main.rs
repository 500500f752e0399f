//! Chores of the repository: `cargo xtask check | generate | test | bench`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a chore talks to the person who started it")]

mod check;
mod generate;
mod program;
mod test;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask check              layers, doors, sizes, generated files, format, clippy
cargo xtask generate           writes schemas/ and docs/reference/steps/ anew
cargo xtask test [-- ARGS…]    installs what the tests need below target/ and runs them all; ARGS go to `cargo test`
cargo xtask bench              what runs, model calls and counting tokens cost, in release, against their limits";

/// The benches, with the package that each is of.
const BENCHES: [(&str, &str); 4] = [
    ("patchwork-cli", "autofix"),
    ("patchwork", "ask"),
    ("patchwork-remote", "call"),
    ("patchwork-remote", "tokens"),
];

/// What a chore ends with when it did not work: what to tell.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let chore = words.next().unwrap_or_default();
    let rest: Vec<String> = words.skip_while(|word| word == "--").collect();
    let root = root();
    let outcome = match chore.as_str() {
        "check" => check::run(&root),
        "generate" => generate::run(&root),
        "test" => test::run(&root, &rest),
        "bench" => BENCHES.iter().try_for_each(|(package, bench)| {
            program::run(program::cargo(&root).args(["bench", "--package", package, "--bench", bench]))
        }),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

/// The root of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
