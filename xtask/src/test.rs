//! `cargo xtask test`: fetches what the tests use of the real world, below `target/`, and runs them all.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, program};

/// The scanner that the tests run.
const SEMGREP: &str = "1.182.0";

/// Real code that the tests scan and fix: source distributions of public packages.
const SUBJECTS: [(&str, &str); 1] = [("Werkzeug", "0.9.6")];

/// Set by a person who can't have Semgrep: tests that need it are left out.
const SKIP: &str = "PATCHWORK_TEST_SKIP_SEMGREP";

/// Installs, then runs `cargo test --workspace` with `args`.
pub(crate) fn run(root: &Path, args: &[String]) -> Outcome {
    let mut tests = program::cargo(root);
    tests.args(["test", "--workspace"]).args(args);
    if env::var_os(SKIP).is_some() {
        println!("{SKIP} is set: tests with the real Semgrep are left out");
    } else {
        match install(root) {
            Ok((semgrep, subjects)) => {
                tests.env("PATCHWORK_TEST_SEMGREP", semgrep).env("PATCHWORK_TEST_SUBJECTS", subjects);
            }
            // The tests that need it fail and say so; all others still run.
            Err(problem) => eprintln!(
                "{problem}\n\nTests with the real Semgrep will fail. They need python3 with pip and a package index;\nset {SKIP}=1 to leave them out."
            ),
        }
    }
    program::run(&mut tests)
}

/// The scanner's program and the folder of subjects.
fn install(root: &Path) -> Result<(PathBuf, PathBuf), String> {
    let python = python()?;
    let subjects = root.join("target/subjects");
    for (name, version) in SUBJECTS {
        fetch(&python, &subjects, name, version)?;
    }
    Ok((semgrep(&python, &root.join("target/tools"))?, subjects))
}

fn python() -> Result<String, String> {
    ["python3", "python"]
        .into_iter()
        .find(|name| program::read(Command::new(name).args(["-m", "pip", "--version"])).is_ok())
        .map(str::to_owned)
        .ok_or_else(|| "there is no python3 with pip".to_owned())
}

/// Semgrep in an environment of its own; where such can't be made, in a folder with a small starter.
fn semgrep(python: &str, tools: &Path) -> Result<PathBuf, String> {
    let dir = tools.join(format!("semgrep-{SEMGREP}"));
    let (in_venv, starter) = (dir.join("bin/semgrep"), dir.join("start/semgrep"));
    let works = |path: &Path| path.is_file() && program::read(Command::new(path).arg("--version")).is_ok();
    if let Some(ready) = [&in_venv, &starter].into_iter().find(|path| works(path)) {
        return Ok(ready.clone());
    }
    let _ = fs::remove_dir_all(&dir);
    let package = format!("semgrep=={SEMGREP}");
    let made = program::run(Command::new(python).args(["-m", "venv"]).arg(&dir));
    if made.is_ok() {
        program::run(
            Command::new(dir.join("bin/python")).args(["-m", "pip", "install", "--quiet", &package]),
        )?;
        return Ok(in_venv);
    }
    let library = dir.join("lib");
    program::run(
        Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&library)
            .arg(&package),
    )?;
    let shown = library.display();
    let script = format!(
        "#!/bin/sh\nPYTHONPATH='{shown}' PATH='{shown}/bin':\"$PATH\" exec {python} '{shown}/bin/semgrep' \"$@\"\n"
    );
    write_program(&starter, &script).map_err(|e| format!("{}: {e}", starter.display()))?;
    Ok(starter)
}

fn write_program(path: &Path, script: &str) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        fs::create_dir_all(dir)?;
    }
    fs::write(path, script)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// A source distribution, unpacked as `<dir>/<name>-<version>/`.
fn fetch(python: &str, dir: &Path, name: &str, version: &str) -> Outcome {
    let unpacked = dir.join(format!("{name}-{version}"));
    if unpacked.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    let package = format!("{name}=={version}");
    program::run(
        Command::new(python)
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name, &package, "--dest"])
            .arg(dir),
    )?;
    let archive = dir.join(format!("{name}-{version}.tar.gz"));
    let fresh = dir.join("fresh");
    let _ = fs::remove_dir_all(&fresh);
    program::run(Command::new(python).args(["-m", "tarfile", "-e"]).arg(&archive).arg(&fresh))?;
    // Renamed when it is whole, so that a half unpacked one is never taken for ready.
    fs::rename(fresh.join(format!("{name}-{version}")), &unpacked)
        .map_err(|e| format!("{} does not hold {name}-{version}: {e}", archive.display()))?;
    let _ = fs::remove_dir_all(&fresh);
    Ok(())
}
