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
cargo xtask bench [NAME…]      what runs, model calls, counting tokens and scanning cost, what hostile text gets done, and what
                               the ladder of evidence lets through, in release, against limits; only benches of these names,
                               when some are given";

/// The benches, with the package that each is of.
const BENCHES: [(&str, &str); 11] = [
    ("patchwork-cli", "autofix"),
    ("patchwork-cli", "trials"),
    ("patchwork-cli", "injection"),
    ("patchwork", "ask"),
    ("patchwork", "review"),
    ("patchwork", "rules"),
    ("patchwork", "sarif"),
    ("patchwork-remote", "call"),
    ("patchwork-remote", "tokens"),
    ("patchwork-repo", "history"),
    // The longest, and what it prints is read the most.
    ("patchwork-cli", "proof"),
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
        "bench" => bench(&root, &rest),
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

fn bench(root: &Path, names: &[String]) -> Outcome {
    let known: Vec<&str> = BENCHES.iter().map(|(_, bench)| *bench).collect();
    if let Some(name) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("there is no bench `{name}`: expected some of {}", known.join(", ")));
    }
    let variables = test::for_benches(root);
    let wanted = |bench: &str| names.is_empty() || names.iter().any(|name| name == bench);
    BENCHES.iter().filter(|(_, bench)| wanted(bench)).try_for_each(|(package, bench)| {
        let mut cargo = program::cargo(root);
        cargo.args(["bench", "--package", package, "--bench", bench]);
        program::run(cargo.envs(variables.iter().map(|(name, value)| (*name, value))))
    })
}

/// The root of the repository.
fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here).to_owned()
}
