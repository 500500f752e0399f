//! Programs and libraries from Python's package index, below `target/`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, program};

/// A Python that can install packages.
pub(super) fn python() -> Result<String, String> {
    ["python3", "python"]
        .into_iter()
        .find(|name| program::read(Command::new(name).args(["-m", "pip", "--version"])).is_ok())
        .map(str::to_owned)
        .ok_or_else(|| "there is no python3 with pip".to_owned())
}

/// A program of `packages` in an environment of its own; where such can't be made, in a folder with a small starter.
/// `python` as the program gives an interpreter that can import them.
pub(super) fn install(
    python: &str,
    tools: &Path,
    name: &str,
    packages: &[String],
    program: &str,
    works: &[&str],
) -> Result<PathBuf, String> {
    let dir = tools.join(name);
    let (in_venv, starter) = (dir.join("bin").join(program), dir.join("start").join(program));
    let works = |path: &Path| path.is_file() && program::read(Command::new(path).args(works)).is_ok();
    if let Some(ready) = [&in_venv, &starter].into_iter().find(|path| works(path)) {
        return Ok(ready.clone());
    }
    let _ = fs::remove_dir_all(&dir);
    let made = program::run(Command::new(python).args(["-m", "venv"]).arg(&dir));
    if made.is_ok() {
        program::run(
            Command::new(dir.join("bin/python")).args(["-m", "pip", "install", "--quiet"]).args(packages),
        )?;
        return Ok(in_venv);
    }
    let library = dir.join("lib");
    program::run(
        Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(&library)
            .args(packages),
    )?;
    let shown = library.display();
    let placed = library.join("bin").join(program);
    let started = match fs::read(&placed) {
        _ if program == "python" => python.to_owned(),
        Ok(bytes) if bytes.starts_with(b"#!") => format!("{python} '{}'", placed.display()),
        // Packages of programs in other languages hold the program itself.
        _ => format!("'{}'", placed.display()),
    };
    let script =
        format!("#!/bin/sh\nPYTHONPATH='{shown}' PATH='{shown}/bin':\"$PATH\" exec {started} \"$@\"\n");
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
pub(super) fn fetch(python: &str, dir: &Path, name: &str, version: &str) -> Outcome {
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
