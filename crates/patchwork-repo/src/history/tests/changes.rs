use patchwork_core::change::{ChangeStatus, FileChange, LeftOut, Side, read_diff};

use super::*;

fn find<'a>(changes: &'a [FileChange], path: &str) -> &'a FileChange {
    changes.iter().find(|change| change.path == path).unwrap_or_else(|| panic!("{path}: {changes:?}"))
}

/// One line for each change.
fn told(changes: &[FileChange]) -> Vec<String> {
    let tell = |change: &FileChange| {
        let from = change.old_path.as_ref().map(|path| format!(" from {path}")).unwrap_or_default();
        let out = change.left_out.map(|out| format!(" {out:?}")).unwrap_or_default();
        let binary = if change.binary { " binary" } else { "" };
        format!(
            "{:?} {}{from} +{} -{}{out}{binary}",
            change.status, change.path, change.additions, change.deletions
        )
    };
    changes.iter().map(tell).collect()
}

#[tokio::test]
async fn every_kind_of_change_is_told() {
    let long: String = (0..30).map(|n| format!("line {n}\n")).collect();
    let repo = TestRepo::with_files(&[
        ("changed.txt", "a\nb\r\nc"),
        ("gone.txt", "a\nb\n"),
        ("moved.txt", &long),
        ("same.txt", "unchanged\n"),
        ("script.sh", "#!/bin/sh\n"),
        ("was a file", "x\n"),
    ]);
    repo.write("picture.png", [0, 1, 2]);
    repo.write("latin.py", b"# caf\xe9 au lait, d\xe9j\xe0 vu\nx = 1\n");
    let from = repo.commit("before");

    repo.write("changed.txt", "a\nB\r\nc\n");
    repo.write("empty.txt", "");
    repo.write("moved to/it.txt", long.replace("line 7\n", "line seven\n"));
    repo.write("picture.png", [0, 1, 3]);
    repo.write("latin.py", b"# caf\xe9 au lait, d\xe9j\xe0 vu\nx = 2\n");
    repo.write("large.txt", vec![b'\n'; (8 << 20) + 1]);
    for gone in ["gone.txt", "moved.txt", "was a file"] {
        std::fs::remove_file(repo.path(gone)).unwrap();
    }
    repo.git(&["add", "--all"]);
    repo.git(&["update-index", "--chmod=+x", "script.sh"]);
    // Neither needs what it points at, nor a file system that knows links.
    let target = repo.git(&["hash-object", "-w", "same.txt"]);
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("120000,{target},was a file")]);
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{from},lib")]);
    repo.git(&["commit", "--quiet", "--message", "after"]);
    let to = repo.git(&["rev-parse", "HEAD"]);
    repo.git(&["reset", "--quiet", "--hard"]);

    let before = repo.fingerprint();
    let changes = history(&repo).await.changes(&from, &to).await.unwrap();
    assert_eq!(repo.fingerprint(), before);
    assert_eq!(
        told(&changes),
        [
            "Modified changed.txt +2 -2",
            "Added empty.txt +0 -0",
            "Deleted gone.txt +0 -2",
            "Added large.txt +0 -0 TooLarge",
            "Modified latin.py +1 -1",
            "Added lib +0 -0 Submodule",
            "Renamed moved to/it.txt from moved.txt +1 -1",
            "Modified picture.png +0 -0 binary",
            "Modified script.sh +0 -0",
            "TypeChanged was a file +0 -0 Symlink",
        ]
    );
    let changed = find(&changes, "changed.txt");
    let lines: Vec<(&str, bool)> =
        changed.hunks[0].lines.iter().map(|line| (line.text.as_str(), line.no_newline)).collect();
    assert_eq!(lines, [("a", false), ("b\r", false), ("c", true), ("B\r", false), ("c", false)]);
    assert!(changed.holds(Side::New, 3) && !changed.holds(Side::New, 4));
    let latin = find(&changes, "latin.py");
    assert_eq!(latin.hunks[0].lines[0].text, "# café au lait, déjà vu");
    let script = find(&changes, "script.sh");
    assert_eq!((script.old_mode.as_deref(), script.new_mode.as_deref()), (Some("100644"), Some("100755")));
    assert_eq!(find(&changes, "gone.txt").new_mode, None);
    assert_eq!(find(&changes, "lib").new_mode.as_deref(), Some("160000"));
}

#[tokio::test]
async fn what_a_branch_sets_up_does_not_hide_its_changes() {
    let repo = TestRepo::with_files(&[("a.py", "x = 1\n")]);
    repo.git(&["config", "diff.external", "/bin/false"]);
    repo.git(&["config", "diff.py.textconv", "/bin/false"]);
    repo.git(&["config", "diff.noprefix", "true"]);
    repo.git(&["config", "diff.ignoreSubmodules", "all"]);
    repo.git(&["config", "diff.context", "0"]);
    repo.git(&["config", "color.ui", "always"]);
    let from = repo.git(&["rev-parse", "HEAD"]);
    repo.write(".gitattributes", "*.py -diff\n*.js diff=py binary\n");
    repo.write("a.py", "x = 2\n");
    repo.write("b.js", "evil()\n");
    let to = repo.commit("hide");
    let changes = history(&repo).await.changes(&from, &to).await.unwrap();
    assert_eq!(told(&changes)[1..], ["Modified a.py +1 -1", "Added b.js +1 -0"]);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_path_that_is_not_utf_8_is_told_without_its_lines() {
    use std::os::unix::ffi::OsStrExt as _;
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let from = repo.git(&["rev-parse", "HEAD"]);
    std::fs::write(repo.root().join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt")), "x\n").unwrap();
    repo.write("line\nbreak \u{1}.txt", "x\n");
    let to = repo.commit("odd");
    let history = history(&repo).await;
    let changes = history.changes(&from, &to).await.unwrap();
    assert_eq!(told(&changes), ["Added caf\u{fffd}.txt +0 -0 NotUtf8", "Added line\nbreak \u{1}.txt +1 -0"]);
    assert_eq!(history.files(&to).await.unwrap(), ["a.txt", "line\nbreak \u{1}.txt"]);
    let read = history.read(&to, &["line\nbreak \u{1}.txt".into()]).await.unwrap();
    assert_eq!(read, [Some(b"x\n".to_vec())]);
}

#[tokio::test]
async fn thousands_of_files_come_whole() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let from = repo.git(&["rev-parse", "HEAD"]);
    let texts: Vec<(String, String)> = (0..3500)
        .map(|n| (format!("src/{}/{n}.txt", n % 50), (0..12).map(|line| format!("{n} {line}\n")).collect()))
        .collect();
    let files: Vec<(&str, Option<&str>)> =
        texts.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    let to = repo.commit_on("many", "many", &files);
    let changes = history(&repo).await.changes(&from, &to).await.unwrap();
    assert_eq!(changes.len(), 3500);
    assert!(changes.iter().all(|change| change.additions == 12 && change.holds(Side::New, 12)));
    assert!(changes.is_sorted_by(|a, b| a.path < b.path));
}

#[tokio::test]
async fn a_diff_beyond_what_is_read_keeps_the_names_of_its_files() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let from = repo.git(&["rev-parse", "HEAD"]);
    let text = "0123456789abcde\n".repeat(7 << 16);
    for name in 'a'..='l' {
        repo.write(&format!("{name}.log"), &text);
    }
    repo.write("z.txt", "z\n");
    let to = repo.commit("logs");
    let changes = history(&repo).await.changes(&from, &to).await.unwrap();
    assert_eq!(changes.len(), 13);
    let whole = changes.iter().take_while(|change| change.left_out.is_none()).count();
    assert_eq!(whole, 8, "of files that add 7.4 MiB each to 64 MiB of diff");
    assert!(changes[whole..].iter().all(|change| change.left_out == Some(LeftOut::TooLarge)));
    assert!(changes[..whole].iter().all(|change| change.additions == 7 << 16));
}

#[tokio::test]
async fn no_change_and_unrelated_commits_are_told() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let orphan = repo.commit_over("HEAD", &[], "orphan", &[("b.txt", Some("b\n"))]);
    let history = history(&repo).await;
    assert_eq!(history.changes(&head, &head).await.unwrap(), []);
    let changes = history.changes(&head, &orphan).await.unwrap();
    assert_eq!(told(&changes), ["Added b.txt +1 -0"]);
    assert_eq!(changes[0].status, ChangeStatus::Added);
}

#[tokio::test]
async fn git_applies_what_is_written_and_what_git_writes_is_read() {
    let repo = TestRepo::with_files(&[
        ("a \"q\".txt", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n"),
        ("b/c.txt", "no newline"),
        ("d\te.txt", "tab\n"),
        ("from.txt", "1\n2\n3\n4\n5\n6\n7\n8\n"),
        ("gone.txt", "x\n"),
    ]);
    let from = repo.git(&["rev-parse", "HEAD"]);
    repo.write("a \"q\".txt", "1\n2\r\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13");
    repo.write("b/c.txt", "no newline\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n");
    repo.write("d\te.txt", "\n\n");
    repo.write("to é.txt", "1\n2\n3\n4\n5\n6\n7\neight\n");
    std::fs::remove_file(repo.path("from.txt")).unwrap();
    std::fs::remove_file(repo.path("gone.txt")).unwrap();
    repo.write("empty", "");
    let to = repo.commit("after");
    let changes = history(&repo).await.changes(&from, &to).await.unwrap();

    for quoted in ["core.quotePath=true", "core.quotePath=false"] {
        let text = repo.git(&["-c", quoted, "diff", "--find-renames", "--no-ext-diff", &from, &to]);
        let mut read = read_diff(&text).unwrap();
        read.sort_by(|a, b| a.path.cmp(&b.path));
        for (read, change) in read.iter_mut().zip(&changes) {
            // Renames with the same mode are written without it where nothing else changed.
            (read.old_mode, read.new_mode) = (change.old_mode.clone(), change.new_mode.clone());
        }
        assert_eq!(read, changes);
    }
    let patch: String = changes.iter().map(FileChange::to_unified).collect();
    let file = repo.beside("written.patch");
    std::fs::write(&file, &patch).unwrap();
    repo.git(&["checkout", "--quiet", "--detach", &from]);
    repo.git(&["apply", "--index", "--whitespace=nowarn", file.to_str().unwrap()]);
    assert_eq!(repo.git(&["write-tree"]), repo.git(&["rev-parse", &format!("{to}^{{tree}}")]), "{patch}");
}
