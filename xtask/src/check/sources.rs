//! The source files of the repository.

use std::fs;
use std::path::{Path, PathBuf};

/// A Rust source file.
pub(crate) struct Source {
    /// Its path below the root, with `/`.
    pub(crate) path: String,
    /// All of it.
    pub(crate) text: String,
}

impl Source {
    /// The lines that ship, with their numbers: without comments, tests and benches.
    pub(crate) fn shipped(&self) -> impl Iterator<Item = (usize, &str)> {
        let tests = ["/tests/", "/tests.rs", "/benches/"].iter().any(|part| self.path.contains(part));
        let mut lines = self.text.lines();
        let mut over = tests;
        // `mod tests;` stands among the modules at the head of a file, `mod tests {` at its foot.
        let shipped = std::iter::from_fn(move || {
            let line = lines.next()?;
            over |= line == "#[cfg(test)]"
                && lines.clone().find(|next| !next.starts_with("#[")).is_none_or(|item| !item.ends_with(';'));
            (!over).then_some(line)
        });
        shipped.enumerate().map(|(n, line)| (n + 1, line.split("//").next().unwrap_or(line)))
    }
}

/// All Rust files below `crates/` and `xtask/`.
pub(crate) fn all(root: &Path) -> Result<Vec<Source>, String> {
    let mut files = Vec::new();
    for top in ["crates", "xtask"] {
        walk(&root.join(top), &mut files)?;
    }
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
            let path = file.strip_prefix(root).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            Ok(Source { path, text })
        })
        .collect()
}

fn walk(dir: &Path, out: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e}", dir.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            // Cases hold code of other people's repositories.
            if !["target", "cases", "demo"].iter().any(|skip| path.ends_with(skip)) {
                walk(&path, out)?;
            }
        } else if path.extension().is_some_and(|ext| ext == "rs") {
            out.push(path);
        }
    }
    Ok(())
}
