//! Programs from npm's registry, below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::program;

/// A program of `packages` in a folder of its own. Scripts of packages are not run.
pub(super) fn install(tools: &Path, name: &str, packages: &[&str], program: &str) -> Result<PathBuf, String> {
    let dir = tools.join(name);
    let installed = dir.join("node_modules/.bin").join(program);
    // Not every program knows its version.
    if program::read(Command::new(&installed).arg("--help")).is_ok() {
        return Ok(installed);
    }
    let _ = fs::remove_dir_all(&dir);
    fs::create_dir_all(&dir).map_err(|error| format!("{}: {error}", dir.display()))?;
    // Without one npm looks for a package in the folders above.
    let package = dir.join("package.json");
    fs::write(&package, "{ \"private\": true }\n")
        .map_err(|error| format!("{}: {error}", package.display()))?;
    let quiet = ["install", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
    program::run(Command::new("npm").current_dir(&dir).args(quiet).args(packages))?;
    Ok(installed)
}
