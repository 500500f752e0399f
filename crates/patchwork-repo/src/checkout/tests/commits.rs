//! Commits and branches.

use super::*;

fn repo() -> TestRepo {
    TestRepo::with_files(&[("a.txt", "a\n"), ("b.txt", "b\n"), ("src/c.txt", "c\n")])
}

#[tokio::test]
async fn commits_are_made_one_by_one_and_only_of_what_is_listed() {
    let repo = repo();
    let before = repo.fingerprint();
    let checkout = checkout(&repo, "r1").await;
    write(&checkout, "a.txt", "A\n");
    write(&checkout, "new/ö \"x\"\n.txt", "N\n");
    std::fs::remove_file(checkout.root().join("src/c.txt")).unwrap();
    write(&checkout, "rejected.txt", "R\n");
    let request = request(
        None,
        vec![
            files(&["a.txt"], "fix: a\n\nwith a body: ü"),
            files(&["b.txt"], "unchanged, so no commit"),
            files(&["new/ö \"x\"\n.txt", "src/c.txt", "a.txt"], "more"),
        ],
    );
    let committed = checkout.commit(&request).await.unwrap();
    assert_eq!(committed.commits.len(), 2);
    assert_eq!(committed.head, committed.commits[1]);
    assert_eq!(committed.reference, "refs/patchwork/r1/result");
    assert_eq!(repo.git(&["rev-parse", &committed.reference]), committed.head);
    let base = checkout.base().commit.clone();
    let range = format!("{base}..{}", committed.head);
    let log = repo.git(&["log", "--reverse", "--format=%an|%ae|%cn|%ce|%ad|%cd|%B", "--date=raw", &range]);
    let bot = "patched.codes[bot]|298395+patched.codes[bot]@users.noreply.github.com";
    let who = format!("{bot}|{bot}|1795239731 +0000|1795239731 +0000|");
    assert_eq!(log, format!("{who}fix: a\n\nwith a body: ü\n\n{who}more"));
    let names = repo.git(&["diff", "--name-status", "-z", "--no-renames", &range]);
    assert_eq!(names, "M\0a.txt\0A\0new/ö \"x\"\n.txt\0D\0src/c.txt\0");

    assert_eq!(repo.git_in(checkout.root(), &["rev-parse", "HEAD"]), committed.head);
    assert_eq!(repo.git_in(checkout.root(), &["status", "--porcelain"]), "?? rejected.txt");
    assert_eq!(checkout.checkpoint().await.unwrap().commit, committed.head);
    assert_eq!(checkout.commit(&request).await.unwrap(), committed);
    assert_eq!(repo.fingerprint(), before);
}

#[tokio::test]
async fn the_same_request_gives_the_same_ids_in_another_run() {
    let repo = repo();
    let mut ids = Vec::new();
    for run in ["r1", "r2"] {
        let checkout = checkout(&repo, run).await;
        write(&checkout, "a.txt", "A\n");
        ids.push(checkout.commit(&request(None, vec![files(&["a.txt"], "m")])).await.unwrap().commits);
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn modes_and_links_are_kept() {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let repo = repo();
        repo.write("run.sh", "#!/bin/sh\n");
        std::fs::set_permissions(repo.path("run.sh"), std::fs::Permissions::from_mode(0o755)).unwrap();
        symlink("a.txt", repo.path("link")).unwrap();
        repo.commit("executable and link");
        let checkout = checkout(&repo, "r1").await;
        write(&checkout, "run.sh", "#!/bin/sh\nexit 0\n");
        std::fs::remove_file(checkout.root().join("link")).unwrap();
        symlink("b.txt", checkout.root().join("link")).unwrap();
        let request = request(None, vec![files(&["run.sh", "link"], "m")]);
        let committed = checkout.commit(&request).await.unwrap();
        let tree =
            repo.git(&["ls-tree", "--format=%(objectmode) %(path)", &committed.head, "run.sh", "link"]);
        assert_eq!(tree, "120000 link\n100755 run.sh");
        assert_eq!(repo.git(&["show", &format!("{}:link", committed.head)]), "b.txt");
    }
}

#[tokio::test]
async fn a_file_may_become_a_folder_and_back() {
    let repo = repo();
    let checkout = checkout(&repo, "r1").await;
    std::fs::remove_file(checkout.root().join("a.txt")).unwrap();
    write(&checkout, "a.txt/inner.txt", "i\n");
    std::fs::remove_dir_all(checkout.root().join("src")).unwrap();
    write(&checkout, "src", "file\n");
    let commits =
        vec![files(&["a.txt/inner.txt"], "1"), files(&["src"], "2"), files(&["src/c.txt", "a.txt"], "3")];
    let committed = checkout.commit(&request(None, commits)).await.unwrap();
    let tree = repo.git(&["ls-tree", "-r", "--name-only", &committed.head]);
    assert_eq!(tree, "a.txt/inner.txt\nb.txt\nsrc");
}

#[tokio::test]
async fn line_ends_are_what_git_add_would_record() {
    for (name, value, attributes) in [
        ("core.autocrlf", "true", ""),
        ("core.autocrlf", "input", ""),
        ("core.autocrlf", "false", "*.txt text eol=crlf\n"),
        ("core.autocrlf", "false", "* text=auto\n"),
        ("core.safecrlf", "true", "*.txt text eol=lf\n"),
        ("core.eol", "crlf", "*.txt text\n"),
    ] {
        let repo = TestRepo::new();
        repo.write("crlf.txt", "1\r\n2\r\n");
        repo.write("lf.txt", "1\n2\n");
        repo.write("crlf.bin", "1\r\n\0");
        repo.commit("as it is, before there were rules");
        repo.write(".gitattributes", attributes);
        repo.commit("rules");
        repo.git(&["config", name, value]);
        let case = format!("{name}={value} {attributes:?}");

        // The user's own checkout with these rules, and what `git add` records in it.
        let user = repo.beside("user");
        repo.git(&["worktree", "add", "--quiet", "--detach", user.to_str().unwrap()]);
        let checkout = checkout(&repo, "r1").await;
        let all = ["crlf.txt", "lf.txt", "crlf.bin", "new.txt"];
        for path in &all[..3] {
            assert_eq!(read(&checkout, path), std::fs::read(user.join(path)).unwrap(), "{case}: {path}");
        }
        for path in all {
            let mut bytes = std::fs::read(user.join(path)).unwrap_or_default();
            bytes.extend_from_slice(b"fix\r\n");
            std::fs::write(user.join(path), &bytes).unwrap();
            write(&checkout, path, &bytes);
        }
        let state = checkout.checkpoint().await.unwrap();
        let committed = checkout.commit(&request(None, vec![files(&all, "m")])).await.unwrap();
        repo.git_in(&user, &["-c", "core.safecrlf=false", "add", "--all"]);
        let expected = repo.git_in(&user, &["write-tree"]);
        assert_eq!(repo.git(&["rev-parse", &format!("{}^{{tree}}", committed.head)]), expected, "{case}");
        assert_eq!(state.tree, expected, "{case}");
    }
}

#[tokio::test]
async fn filters_of_the_user_apply() {
    let repo = TestRepo::new();
    repo.git(&["config", "filter.shout.clean", "tr a-z A-Z"]);
    repo.git(&["config", "filter.shout.smudge", "tr A-Z a-z"]);
    repo.write(".gitattributes", "*.txt filter=shout\n");
    repo.write("a.txt", "quiet\n");
    repo.commit("first");
    assert_eq!(repo.git(&["show", "HEAD:a.txt"]), "QUIET");
    let checkout = checkout(&repo, "r1").await;
    assert_eq!(read(&checkout, "a.txt"), b"quiet\n");
    write(&checkout, "a.txt", "quiet!\n");
    let committed = checkout.commit(&request(None, vec![files(&["a.txt"], "m")])).await.unwrap();
    assert_eq!(repo.git(&["show", &format!("{}:a.txt", committed.head)]), "QUIET!");
}

#[tokio::test]
async fn hooks_signing_and_identities_do_not_matter() {
    let repo = repo();
    for hook in ["pre-commit", "commit-msg", "reference-transaction", "post-checkout", "post-index-change"] {
        repo.write(
            &format!(".git/hooks/{hook}"),
            "#!/bin/sh\necho \"$0\" >>\"$(git rev-parse --git-common-dir)/ran\"\nexit 1\n",
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let path = repo.path(&format!(".git/hooks/{hook}"));
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    for (name, value) in [
        ("commit.gpgSign", "true"),
        ("gpg.program", "false"),
        ("user.useConfigOnly", "true"),
        ("i18n.commitEncoding", "latin1"),
        ("core.logAllRefUpdates", "always"),
        ("worktree.useRelativePaths", "true"),
    ] {
        repo.git(&["config", name, value]);
    }
    let before = repo.belongings();
    let checkout = checkout(&repo, "r1").await;
    write(&checkout, "a.txt", "A\n");
    checkout.checkpoint().await.unwrap();
    checkout.commit(&request(Some("fixes"), vec![files(&["a.txt"], "ü")])).await.unwrap();
    assert_eq!(
        repo.git(&["log", "-1", "--encoding=UTF-8", "--format=%G?%an|%s", "fixes"]),
        "Npatched.codes[bot]|ü"
    );
    checkout.remove().await.unwrap();
    assert!(!repo.path(".git/ran").exists());
    std::fs::remove_dir_all(repo.path(".git/hooks")).unwrap();
    repo.git(&["branch", "--quiet", "-D", "fixes"]);
    let after = repo.belongings();
    let users = |all: &std::collections::BTreeMap<String, Vec<u8>>| {
        all.clone().into_iter().filter(|(name, _)| !name.starts_with("git/hooks")).collect::<Vec<_>>()
    };
    assert_eq!(users(&after), users(&before));
}

#[tokio::test]
async fn a_hundred_commits_are_made_in_one_go() {
    let repo = TestRepo::new();
    let names: Vec<String> = (0..100).map(|n| format!("src/f{n}.txt")).collect();
    for name in &names {
        repo.write(name, "1\n");
    }
    repo.commit("first");
    let checkout = checkout(&repo, "r1").await;
    for name in &names {
        write(&checkout, name, "2\n");
    }
    let request = request(Some("fixes"), names.iter().map(|name| files(&[name], name)).collect());
    let committed = checkout.commit(&request).await.unwrap();
    assert_eq!(committed.commits.len(), 100);
    assert_eq!(repo.git(&["rev-list", "--count", "main..fixes"]), "100");
    assert_eq!(repo.git(&["show", "--format=", "--name-only", &committed.commits[42]]), "src/f42.txt");
    repo.git(&["fsck", "--strict"]);
}

#[tokio::test]
async fn a_branch_is_made_once_and_only_moved_by_force() {
    let repo = repo();
    let checkout = checkout(&repo, "r1").await;
    write(&checkout, "a.txt", "A\n");
    let first = request(Some("autofix-main"), vec![files(&["a.txt"], "m")]);
    checkout.check_branch("autofix-main", false).await.unwrap();
    let made = checkout.commit(&first).await.unwrap();
    assert_eq!((made.reference.as_str(), &made.kept), ("refs/heads/autofix-main", &None));
    assert_eq!(repo.git(&["rev-parse", "autofix-main"]), made.head);
    assert_eq!(checkout.commit(&first).await.unwrap(), made);
    checkout.check_branch("autofix-main", false).await.unwrap();

    write(&checkout, "a.txt", "AA\n");
    let failure = checkout.commit(&first).await.unwrap_err();
    assert_eq!(failure.message, "branch `autofix-main` exists already");
    assert!(failure.hints.iter().any(|hint| hint.contains("force_branch_creation=true")), "{failure:?}");
    assert_eq!(repo.git(&["rev-parse", "autofix-main"]), made.head);

    let forced = CommitRequest { force: true, ..first.clone() };
    let moved = checkout.commit(&forced).await.unwrap();
    assert_eq!(moved.kept.as_deref(), Some("refs/patchwork/kept/autofix-main/r1"));
    assert_eq!(repo.git(&["rev-parse", "refs/patchwork/kept/autofix-main/r1"]), made.head);
    assert_eq!(repo.git(&["rev-parse", "autofix-main"]), moved.head);
    assert_eq!(checkout.commit(&forced).await.unwrap(), moved);

    // A branch that is part of the new history loses nothing, so nothing is kept.
    repo.git(&["branch", "behind", "main"]);
    let behind = CommitRequest { branch: Some("behind".into()), ..forced };
    assert_eq!(checkout.commit(&behind).await.unwrap().kept, None);
}

#[tokio::test]
async fn branches_that_can_not_be_made_are_refused_before_any_work() {
    let repo = repo();
    repo.git(&["branch", "taken"]);
    repo.git(&["branch", "folder/inner"]);
    let mine = repo.beside("mine");
    repo.git(&["worktree", "add", "--quiet", "-b", "elsewhere", mine.to_str().unwrap()]);
    repo.git_in(&mine, &["switch", "--quiet", "--orphan", "unborn"]);
    let rebase = repo.beside("rebase");
    repo.git(&["worktree", "add", "--quiet", "-b", "rebased", rebase.to_str().unwrap()]);
    repo.git_in(&rebase, &["commit", "--quiet", "--allow-empty", "-m", "x"]);
    repo.git_in(
        &rebase,
        &["-c", "sequence.editor=echo break >", "rebase", "--quiet", "--interactive", "HEAD~1"],
    );
    let checkout = checkout(&repo, "r1").await;
    write(&checkout, "a.txt", "A\n");
    let before = repo.fingerprint();
    for (name, force, words) in [
        ("taken", false, "exists already"),
        ("main", true, "is in use in"),
        ("unborn", true, "is in use in"),
        ("rebased", true, "is in use in"),
        ("taken/inner", true, "branch `taken` is in the way"),
        ("folder", true, "branch `folder/inner` is in the way"),
        ("", false, "can't be the name"),
        ("-x", false, "can't be the name"),
        ("a..b", false, "can't be the name"),
        ("a b", false, "can't be the name"),
        ("@{-1}", false, "can't be the name"),
        ("a\nb", false, "can't be the name"),
        ("a\0b", false, "can't be the name"),
        ("HEAD", false, "can't be the name"),
        ("x.lock", false, "can't be the name"),
    ] {
        let failure = checkout.check_branch(name, force).await.unwrap_err();
        assert!(failure.message.contains(words), "{name}: {failure}");
        let commit = CommitRequest { force, ..request(Some(name), vec![files(&["a.txt"], "m")]) };
        let failure = checkout.commit(&commit).await.unwrap_err();
        assert!(failure.message.contains(words), "{name}: {failure}");
    }
    checkout.check_branch("taken", true).await.unwrap();
    checkout.check_branch("new/branch", false).await.unwrap();
    assert_eq!(repo.fingerprint(), before);
}

#[tokio::test]
async fn nothing_to_commit_makes_no_branch() {
    let repo = repo();
    let checkout = checkout(&repo, "r1").await;
    let commits = vec![files(&["a.txt", "never.txt"], "m"), files(&[], "empty")];
    let committed = checkout.commit(&request(Some("fixes"), commits)).await.unwrap();
    assert_eq!((committed.commits.len(), &committed.head), (0, &checkout.base().commit));
    assert_eq!(repo.git(&["branch", "--list", "fixes"]), "");
}

#[tokio::test]
async fn paths_outside_are_never_committed() {
    let repo = repo();
    let checkout = checkout(&repo, "r1").await;
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc", checkout.root().join("etc")).unwrap();
    repo.git(&["init", "--quiet", checkout.root().join("inner").to_str().unwrap()]);
    for path in ["../x", "/etc/passwd", ".git/config", "a/../b.txt", "etc/passwd", "inner", "", ".", "a//b"] {
        let failure = checkout.commit(&request(None, vec![files(&[path], "m")])).await.unwrap_err();
        assert_eq!(failure.kind, patchwork_core::failure::FailureKind::Refused, "{path}: {failure}");
    }
    let failure = checkout.commit(&request(None, vec![files(&["src"], "m")])).await.unwrap_err();
    assert!(failure.to_string().contains("is a directory"), "{failure}");
}
