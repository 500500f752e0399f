//! The binary that holds programs of trials in, for tests of parts that are not it.

use std::path::PathBuf;

/// The `patchwork` binary of this build, which stands beside the tests' own. `cargo xtask test` builds it with the rest.
#[expect(clippy::panic, reason = "a test part: what fails here is a failed test")]
pub fn sandbox_program() -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    let beside = test.ancestors().skip(1).take(2).map(|folder| folder.join("patchwork"));
    match beside.into_iter().find(|path| path.is_file()) {
        Some(program) => program,
        None => panic!("there is no `patchwork` beside `{}`: cargo build -p patchwork-cli", test.display()),
    }
}
