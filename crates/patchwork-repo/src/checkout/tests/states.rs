//! Checkpoints, restoring and diffs.

use std::collections::BTreeMap;

use super::*;

/// Every file of the worktree that is not ignored by the test, with its bytes.
fn snapshot(checkout: &GitCheckout) -> BTreeMap<String, Vec<u8>> {
    fn walk(folder: &Path, top: &Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = path.symlink_metadata().unwrap();
            let name = path.strip_prefix(top).unwrap().to_string_lossy().into_owned();
            if name == ".git" {
                continue;
            }
            if metadata.is_symlink() {
                all.insert(
                    name,
                    std::fs::read_link(&path).unwrap().to_string_lossy().into_owned().into_bytes(),
                );
            } else if metadata.is_dir() {
                walk(&path, top, all);
            } else {
                all.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    let mut all = BTreeMap::new();
    walk(checkout.root(), checkout.root(), &mut all);
    all
}

async fn reopen(repo: &TestRepo, old: &GitCheckout) -> GitCheckout {
    GitCheckout::reopen(old.base().clone(), &old.run, &worktrees(repo), processes(repo)).await.unwrap()
}

#[tokio::test]
async fn states_come_back_exactly() {
    let repo = TestRepo::with_files(&[
        ("keep.txt", "k\n"),
        ("gone.txt", "g\n"),
        ("folder/x.txt", "x\n"),
        ("becomes", "file\n"),
        (".gitignore", "target/\n"),
    ]);
    let checkout = checkout(&repo, "r1").await;
    let start = checkout.checkpoint().await.unwrap();
    assert_eq!(start.commit, repo.git(&["rev-parse", "HEAD"]));
    assert_eq!(start.tree, repo.git(&["rev-parse", "HEAD^{tree}"]));
    let first = snapshot(&checkout);

    write(&checkout, "keep.txt", "changed\n");
    std::fs::remove_file(checkout.root().join("gone.txt")).unwrap();
    std::fs::remove_dir_all(checkout.root().join("folder")).unwrap();
    write(&checkout, "folder", "now a file\n");
    std::fs::remove_file(checkout.root().join("becomes")).unwrap();
    write(&checkout, "becomes/a/folder.txt", "f\n");
    write(&checkout, "line\nbreak \"ü\".bin", b"\0\xff\r\n");
    write(&checkout, "target/out", "built\n");
    #[cfg(unix)]
    std::os::unix::fs::symlink("keep.txt", checkout.root().join("link")).unwrap();
    let middle = checkout.checkpoint().await.unwrap();
    assert_eq!(checkout.checkpoint().await.unwrap(), middle);
    let second = snapshot(&checkout);

    write(&checkout, "keep.txt", "changed again\n");
    write(&checkout, "late/untracked.txt", "u\n");
    checkout.restore(&middle).await.unwrap();
    assert_eq!(snapshot(&checkout), second);

    checkout.restore(&start).await.unwrap();
    let mut back = snapshot(&checkout);
    assert_eq!(back.remove("target/out").as_deref(), Some(&b"built\n"[..]));
    assert_eq!(back, first);
    assert!(!checkout.root().join("late").exists());
    assert_eq!(checkout.checkpoint().await.unwrap(), start);

    checkout.restore(&middle).await.unwrap();
    assert_eq!(snapshot(&checkout), second);
}

#[tokio::test]
async fn checkpoints_survive_a_garbage_collection() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let checkout = checkout(&repo, "r1").await;
    let mut states = Vec::new();
    for n in 0..3 {
        write(&checkout, "a.txt", format!("{n}\n"));
        states.push(checkout.checkpoint().await.unwrap());
    }
    repo.git(&["gc", "--quiet", "--prune=now"]);
    let again = reopen(&repo, &checkout).await;
    write(&again, "a.txt", "3\n");
    states.push(again.checkpoint().await.unwrap());
    repo.git(&["gc", "--quiet", "--prune=now"]);
    for (n, state) in states.iter().enumerate() {
        again.restore(state).await.unwrap();
        assert_eq!(read(&again, "a.txt"), format!("{n}\n").into_bytes());
    }
    again.remove().await.unwrap();
    repo.git(&["gc", "--quiet", "--prune=now"]);
    let failure = reopen(&repo, &again).await.restore(&states[0]).await.unwrap_err();
    assert!(failure.message.contains("no longer in the repository"), "{failure}");
}

#[tokio::test]
async fn the_base_itself_can_be_restored_and_head_is_detached_again() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let checkout = checkout(&repo, "r1").await;
    // What a tool that ran in the worktree may have done.
    repo.git_in(checkout.root(), &["switch", "--quiet", "-c", "tool"]);
    write(&checkout, "a.txt", "t\n");
    repo.git_in(checkout.root(), &["commit", "--quiet", "-a", "-m", "by a tool"]);
    let base = checkout.base().commit.clone();
    let start = Checkpoint { tree: format!("{base}^{{tree}}"), commit: base.clone() };
    checkout.restore(&start).await.unwrap();
    assert_eq!(read(&checkout, "a.txt"), b"a\n");
    assert_eq!(repo.git_in(checkout.root(), &["rev-parse", "--abbrev-ref", "HEAD"]), "HEAD");
    assert_eq!(checkout.checkpoint().await.unwrap().commit, base);
    let invalid = Checkpoint { tree: "--help".into(), commit: "-x".into() };
    assert!(checkout.restore(&invalid).await.is_err());
}

#[tokio::test]
async fn repositories_that_tools_clone_into_the_worktree_are_no_obstacle() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let checkout = checkout(&repo, "r1").await;
    let start = checkout.checkpoint().await.unwrap();
    repo.git(&["init", "--quiet", checkout.root().join("empty").to_str().unwrap()]);
    let clone = checkout.root().join("clone");
    repo.git(&["clone", "--quiet", repo.root().to_str().unwrap(), clone.to_str().unwrap()]);
    assert_eq!(checkout.checkpoint().await.unwrap(), start);
    assert_eq!(checkout.diff().await.unwrap(), "");
    checkout.restore(&start).await.unwrap();
    assert_eq!(snapshot(&checkout).len(), 1);
}

#[tokio::test]
async fn the_diff_shows_new_changed_and_deleted_files_and_nothing_of_the_users_settings() {
    let repo = TestRepo::with_files(&[
        ("ü.txt", "one\ntwo\n"),
        ("gone.txt", "g\n"),
        (".gitattributes", "*.txt diff=loud\n"),
    ]);
    for (name, value) in [
        ("diff.external", "false"),
        ("diff.loud.textconv", "false"),
        ("diff.loud.command", "false"),
        ("diff.noprefix", "true"),
        ("color.ui", "always"),
        ("core.pager", "false"),
    ] {
        repo.git(&["config", name, value]);
    }
    let checkout = checkout(&repo, "r1").await;
    assert_eq!(checkout.diff().await.unwrap(), "");
    write(&checkout, "ü.txt", "one\n2\n");
    write(&checkout, "new.txt", "n\n");
    std::fs::remove_file(checkout.root().join("gone.txt")).unwrap();
    let diff = checkout.diff().await.unwrap();
    for part in [
        "diff --git a/ü.txt b/ü.txt\n",
        "@@ -1,2 +1,2 @@\n one\n-two\n+2\n",
        "deleted file mode 100644",
        "--- a/gone.txt\n+++ /dev/null\n",
        "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+n\n",
    ] {
        assert!(diff.contains(part), "{part} is not in\n{diff}");
    }
    assert!(!diff.contains('\u{1b}'), "{diff}");
    checkout.commit(&request(None, vec![files(&["ü.txt"], "m")])).await.unwrap();
    assert_eq!(checkout.diff().await.unwrap(), diff);
}

#[tokio::test]
async fn files_of_the_base_are_as_they_were_committed() {
    let repo = TestRepo::with_files(&[
        ("rules/b.yml", "b\n"),
        ("rules/deep/ä c.yml", "first\nsecond"),
        ("rules/empty.yml", ""),
        ("rules-not/x.yml", "x\n"),
    ]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", repo.path("rules/link.yml")).unwrap();
    repo.git(&["add", "--all"]);
    repo.git(&["commit", "--quiet", "--allow-empty", "-m", "links"]);
    let checkout = checkout(&repo, "base-files").await;
    write(&checkout, "rules/b.yml", "changed by the run\n");
    write(&checkout, "rules/new.yml", "new\n");
    let files = checkout.base_files("rules", 1_000).await.unwrap();
    let files: Vec<_> =
        files.iter().map(|(path, bytes)| (path.as_str(), str::from_utf8(bytes).unwrap())).collect();
    assert_eq!(
        files,
        [("rules/b.yml", "b\n"), ("rules/deep/ä c.yml", "first\nsecond"), ("rules/empty.yml", "")]
    );
    assert_eq!(checkout.base_files("none", 0).await.unwrap(), []);
    let failure = checkout.base_files("rules", 5).await.unwrap_err();
    assert_eq!(failure.message, "`rules` holds 14 bytes, which is more than the 5 that are read");
}

#[tokio::test]
async fn one_file_of_the_base_is_read_as_the_worktree_had_it() {
    let repo = TestRepo::with_files(&[(".gitattributes", "*.bat eol=crlf\n"), ("a.bat", "one\ntwo\n")]);
    let checkout = checkout(&repo, "base-file").await;
    let before = std::fs::read(checkout.root().join("a.bat")).unwrap();
    assert_eq!(before, b"one\r\ntwo\r\n");
    write(&checkout, "a.bat", "changed by the run\n");
    assert_eq!(checkout.base_file("a.bat").await.unwrap(), Some(before));
    assert_eq!(checkout.base_file("b.bat").await.unwrap(), None);
}
