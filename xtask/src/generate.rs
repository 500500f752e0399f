//! `cargo xtask generate`: the JSON Schemas and the reference pages, written by the program they describe.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, program};

/// What is generated: the folder in the repository and the option that writes it.
const FOLDERS: [(&str, &str); 2] = [("schemas", "--all"), ("docs/reference/steps", "--pages")];

/// Writes all of it anew.
pub(crate) fn run(root: &Path) -> Outcome {
    let fresh = make(root)?;
    for ((folder, _), from) in FOLDERS.iter().zip(&fresh) {
        let to = root.join(folder);
        let old = files(&to)?;
        let new = files(from)?;
        for path in old.keys().filter(|path| !new.contains_key(*path)) {
            fs::remove_file(to.join(path)).map_err(|e| format!("{path}: {e}"))?;
        }
        for (path, content) in new.iter().filter(|(path, content)| old.get(*path) != Some(content)) {
            let target = to.join(path);
            let folder = target.parent().unwrap_or(&to);
            fs::create_dir_all(folder)
                .and_then(|()| fs::write(&target, content))
                .map_err(|e| format!("{}: {e}", target.display()))?;
            println!("wrote {}", target.strip_prefix(root).unwrap_or(&target).display());
        }
    }
    Ok(())
}

/// Which generated files are not as they would be written now.
pub(crate) fn stale(root: &Path) -> Result<Vec<String>, String> {
    let fresh = make(root)?;
    let mut out = Vec::new();
    for ((folder, _), from) in FOLDERS.iter().zip(&fresh) {
        let (old, new) = (files(&root.join(folder))?, files(from)?);
        for path in old.keys().chain(new.keys().filter(|path| !old.contains_key(*path))) {
            let problem = match (old.get(path), new.get(path)) {
                (Some(a), Some(b)) if a == b => continue,
                (Some(_), Some(_)) => "is stale",
                (None, _) => "is missing",
                (_, None) => "is left over",
            };
            out.push(format!("{folder}/{path} {problem}: run `cargo xtask generate`"));
        }
    }
    Ok(out)
}

/// Lets the program write everything into folders below `target/`.
fn make(root: &Path) -> Result<Vec<PathBuf>, String> {
    let base = root.join("target/xtask/generated");
    let _ = fs::remove_dir_all(&base);
    let mut command = program::cargo(root);
    command.args(["run", "--quiet", "--package", "patchwork-cli", "--bin", "patchwork", "--", "schema"]);
    let mut out = Vec::new();
    for (folder, option) in FOLDERS {
        let dir = base.join(folder);
        command.arg(option).arg(&dir);
        out.push(dir);
    }
    program::run(&mut command)?;
    Ok(out)
}

/// The files below a folder with their content, by path with `/`; none when there is no folder.
fn files(dir: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    fn walk(top: &Path, dir: &Path, out: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.is_dir() {
                walk(top, &path, out)?;
            } else {
                let name = path.strip_prefix(top).unwrap_or(&path).to_string_lossy().replace('\\', "/");
                out.insert(name, fs::read(&path)?);
            }
        }
        Ok(())
    }
    let mut out = BTreeMap::new();
    if dir.is_dir() {
        walk(dir, dir, &mut out).map_err(|e| format!("{}: {e}", dir.display()))?;
    }
    Ok(out)
}
