//! For tests: files that changed, made of their texts.

use patchwork_core::change::{ChangeStatus, FileChange, read_hunks};
use similar::TextDiff;

use super::file::ReviewFile;

/// A change with its hunks, as git would make it; without an old text the file is new.
pub(crate) fn change(path: &str, old: &str, new: &str) -> FileChange {
    let diff = TextDiff::from_lines(old, new).unified_diff().context_radius(3).to_string();
    let diff: String = diff.split_inclusive('\n').filter(|line| !line.starts_with("\\ No newline")).collect();
    let hunks = read_hunks(&diff).unwrap();
    let count = |sign: &str| diff.lines().filter(|line| line.starts_with(sign)).count().try_into().unwrap();
    FileChange {
        path: path.to_owned(),
        old_path: None,
        status: if old.is_empty() { ChangeStatus::Added } else { ChangeStatus::Modified },
        binary: false,
        old_mode: None,
        new_mode: None,
        hunks,
        left_out: None,
        additions: count("+"),
        deletions: count("-"),
    }
}

/// A file that is reviewed.
pub(crate) fn changed(path: &str, old: &str, new: &str) -> ReviewFile {
    let before = (!old.is_empty()).then(|| old.as_bytes().to_vec());
    ReviewFile::read(change(path, old, new), before, Some(new.as_bytes().to_vec())).unwrap()
}

/// The same, renamed.
pub(crate) fn renamed(from: &str, path: &str, old: &str, new: &str) -> ReviewFile {
    let change = FileChange {
        old_path: Some(from.to_owned()),
        status: ChangeStatus::Renamed,
        ..change(path, old, new)
    };
    ReviewFile::read(change, Some(old.as_bytes().to_vec()), Some(new.as_bytes().to_vec())).unwrap()
}
