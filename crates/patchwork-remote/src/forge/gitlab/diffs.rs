//! What a merge request changes.

use patchwork_core::change::{ChangeStatus, FileChange, LeftOut, LineKind, read_hunks};

use super::wire::Diff;

/// A file of a merge request's diff.
pub(super) fn file(diff: Diff) -> FileChange {
    let status = status(&diff);
    let mode =
        |mode: &str| (mode.len() == 6 && mode.bytes().all(|b| b.is_ascii_digit())).then(|| mode.to_owned());
    // `0` is what a file has that is not there; older servers give the mode of the other side.
    let old_mode = mode(&diff.a_mode).filter(|_| status != ChangeStatus::Added);
    let new_mode = mode(&diff.b_mode).filter(|_| status != ChangeStatus::Deleted);
    let kind = new_mode.as_deref().or(old_mode.as_deref()).unwrap_or_default();
    let binary = is_binary(&diff.diff);
    let (mut hunks, mut left_out) = (Vec::new(), None);
    match kind {
        "160000" => left_out = Some(LeftOut::Submodule),
        "120000" => left_out = Some(LeftOut::Symlink),
        _ if binary => {}
        _ if diff.too_large || diff.collapsed => left_out = Some(LeftOut::NotGiven),
        _ => match read_hunks(&diff.diff) {
            // A new or a deleted file may be empty, and a renamed one the same; a change of a mode alone has no lines.
            Ok(none) if none.is_empty() => {
                let may_be_empty = status != ChangeStatus::Modified || old_mode != new_mode;
                left_out = (!may_be_empty).then_some(LeftOut::NotGiven);
            }
            Ok(read) => hunks = read,
            Err(_) => left_out = Some(LeftOut::NotGiven),
        },
    }
    let count = |kind| {
        let lines = hunks.iter().flat_map(|hunk| &hunk.lines).filter(|line| line.kind == kind).count();
        u32::try_from(lines).unwrap_or(u32::MAX)
    };
    let (additions, deletions) = (count(LineKind::Added), count(LineKind::Removed));
    let (old, new) = (diff.old_path, diff.new_path);
    let (path, old_path) = match status {
        ChangeStatus::Renamed => (new, Some(old)),
        ChangeStatus::Deleted if !old.is_empty() => (old, None),
        _ => (new, None),
    };
    FileChange { path, old_path, status, binary, old_mode, new_mode, hunks, left_out, additions, deletions }
}

fn status(diff: &Diff) -> ChangeStatus {
    // The first three digits say what kind of file it is.
    let kinds = diff.a_mode.get(..3).zip(diff.b_mode.get(..3));
    match diff {
        Diff { new_file: true, .. } => ChangeStatus::Added,
        Diff { deleted_file: true, .. } => ChangeStatus::Deleted,
        Diff { renamed_file: true, .. } => ChangeStatus::Renamed,
        _ if kinds.is_some_and(|(a, b)| a != b) => ChangeStatus::TypeChanged,
        _ => ChangeStatus::Modified,
    }
}

fn is_binary(diff: &str) -> bool {
    let first = diff.lines().next().unwrap_or_default();
    (first.starts_with("Binary files ") && first.ends_with(" differ")) || first == "GIT binary patch"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diff(diff: &str) -> Diff {
        Diff {
            old_path: "old.rs".into(),
            new_path: "new.rs".into(),
            a_mode: "100644".into(),
            b_mode: "100644".into(),
            diff: diff.into(),
            ..Diff::default()
        }
    }

    const PATCH: &str = "@@ -1,2 +1,2 @@\n one\n-two\n+zwei\n";

    #[test]
    fn every_kind_of_change_is_told() {
        let modified = file(diff(PATCH));
        assert_eq!((modified.status, modified.path.as_str()), (ChangeStatus::Modified, "new.rs"));
        assert_eq!((modified.additions, modified.deletions, modified.left_out), (1, 1, None));

        let added = Diff { new_file: true, a_mode: "0".into(), ..diff("@@ -0,0 +1 @@\n+x\n") };
        let added = file(added);
        assert_eq!((added.status, added.old_mode), (ChangeStatus::Added, None));
        assert_eq!(added.new_mode.as_deref(), Some("100644"));

        let deleted = file(Diff { deleted_file: true, b_mode: "0".into(), ..diff("@@ -1 +0,0 @@\n-x\n") });
        assert_eq!(
            (deleted.status, deleted.path.as_str(), deleted.new_mode),
            (ChangeStatus::Deleted, "old.rs", None)
        );

        let renamed = file(Diff { renamed_file: true, ..diff("") });
        assert_eq!((renamed.status, renamed.old_path.as_deref()), (ChangeStatus::Renamed, Some("old.rs")));
        assert_eq!(renamed.left_out, None);

        let typed = file(Diff { b_mode: "120000".into(), ..diff(PATCH) });
        assert_eq!((typed.status, typed.left_out), (ChangeStatus::TypeChanged, Some(LeftOut::Symlink)));
        let submodule = file(Diff { b_mode: "160000".into(), new_file: true, ..diff(PATCH) });
        assert_eq!(submodule.left_out, Some(LeftOut::Submodule));
        let mode = file(Diff { b_mode: "100755".into(), ..diff("") });
        assert_eq!((mode.status, mode.left_out), (ChangeStatus::Modified, None));
    }

    #[test]
    fn what_gitlab_leaves_out_is_not_taken_for_nothing() {
        let binary = file(diff("Binary files a/x.png and b/x.png differ\n"));
        assert!(binary.binary && binary.hunks.is_empty() && binary.left_out.is_none());
        let cases = [
            Diff { too_large: true, ..diff("") },
            Diff { collapsed: true, ..diff("") },
            diff(""),
            diff("what is this"),
            diff("@@ -1,9 +1,9 @@\n cut"),
        ];
        for case in cases {
            let change = file(case.clone());
            assert_eq!(change.left_out, Some(LeftOut::NotGiven), "{case:?}");
            assert!(change.hunks.is_empty() && change.additions == 0);
        }
    }
}
