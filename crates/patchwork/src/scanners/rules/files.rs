//! Which files the rules look at.

use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

/// Files above this many bytes are generated or data.
const MAX_BYTES: u64 = 1 << 20;

/// Folders of code that is not the repository's own.
const FOREIGN: [&str; 12] = [
    ".git",
    ".hg",
    ".svn",
    ".tox",
    ".venv",
    "__pycache__",
    "bower_components",
    "node_modules",
    "site-packages",
    "third_party",
    "vendor",
    "venv",
];

/// A file to scan.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct SourcePath {
    /// Relative to the root, with `/`.
    pub(super) path: String,
    /// Where it is.
    pub(super) full: PathBuf,
}

/// The files below `paths` (all of `root` when empty) that `covered` wants, sorted. Left out: what `.gitignore` and
/// `.ignore` files name, foreign and huge and minified files, symbolic links.
pub(super) fn list(root: &Path, paths: &[String], covered: &dyn Fn(&str) -> bool) -> Vec<SourcePath> {
    let mut builder = WalkBuilder::new(root);
    // Ignore files above the root, and those of the machine's user, are not the repository's. The `.git` of a worktree is
    // a file, which must not switch `.gitignore` off.
    builder.hidden(false).parents(false).git_global(false).require_git(false);
    let wanted: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
    builder.filter_entry(move |entry| {
        let path = entry.path();
        let foreign = entry.file_name().to_str().is_some_and(|name| FOREIGN.contains(&name));
        let asked = wanted.iter().any(|want| path.starts_with(want) || want.starts_with(path));
        entry.depth() == 0 || (!foreign && (wanted.is_empty() || asked))
    });
    let mut files: Vec<SourcePath> = builder
        .build()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()))
        .filter_map(|entry| {
            let relative = entry.path().strip_prefix(root).ok()?;
            let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
            let path = parts?.join("/");
            // Not the walker's own limit on sizes: with that, it asks the filter about folders only.
            let wanted = covered(&path)
                && !path.contains(".min.")
                && entry.metadata().is_ok_and(|about| about.len() <= MAX_BYTES);
            wanted.then(|| SourcePath { path, full: entry.into_path() })
        })
        .collect();
    files.sort();
    files.dedup();
    files
}
