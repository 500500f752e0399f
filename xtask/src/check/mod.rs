//! `cargo xtask check`: what the compiler does not see.

mod doors;
mod layers;
mod sizes;
mod sources;
mod steps;

use std::path::Path;

use crate::{Outcome, generate, program};

/// A check of the repository: its faults, a line each.
type Check = fn(&Path) -> Result<Vec<String>, String>;

/// Runs every check and tells all faults at once.
pub(crate) fn run(root: &Path) -> Outcome {
    let mut faults = 0;
    let checks: [(&str, Check); 5] = [
        ("layers", layers::check),
        ("doors", doors::check),
        ("sizes", sizes::check),
        ("generated files", generate::stale),
        ("steps", steps::check),
    ];
    for (name, check) in checks {
        let found = check(root)?;
        println!("{name}: {}", if found.is_empty() { "fine" } else { "faults" });
        for fault in &found {
            println!("  {fault}");
        }
        faults += found.len();
    }
    let fmt = program::run(program::cargo(root).args(["fmt", "--all", "--check"]));
    let clippy = program::run(program::cargo(root).args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--quiet",
        "--",
        "-D",
        "warnings",
    ]));
    faults += [&fmt, &clippy].into_iter().filter(|outcome| outcome.is_err()).count();
    fmt.and(clippy)?;
    if faults == 0 { Ok(()) } else { Err(format!("{faults} faults")) }
}
