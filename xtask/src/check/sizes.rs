//! Files stay small enough to be read in one go.

use std::path::Path;

use super::sources;

/// Lines that a file may have.
const LIMIT: usize = 800;

/// Files that may be longer, each with the reason.
const LONGER: [(&str, &str); 0] = [];

pub(super) fn check(root: &Path) -> Result<Vec<String>, String> {
    let sources = sources::all(root)?;
    let mut out: Vec<_> = sources
        .iter()
        .map(|source| (&source.path, source.text.lines().count()))
        .filter(|(path, lines)| *lines > LIMIT && LONGER.iter().all(|(known, _)| known != path))
        .map(|(path, lines)| format!("{path} has {lines} lines; make a folder of it (the limit is {LIMIT})"))
        .collect();
    for (path, _) in LONGER {
        if !sources.iter().any(|source| source.path == path && source.text.lines().count() > LIMIT) {
            out.push(format!("{path} is on the list of long files and need not be"));
        }
    }
    Ok(out)
}
