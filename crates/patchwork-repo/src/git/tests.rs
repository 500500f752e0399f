use std::path::Path;

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_testkit::repo::TestRepo;

use super::*;
use crate::process::SystemProcesses;

fn git(repo: &TestRepo) -> Git {
    Git::new(Arc::new(SystemProcesses::new(repo.environment())), repo.root())
}

#[tokio::test]
async fn names_are_resolved_and_never_taken_for_options() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let git = git(&repo);
    let head = repo.git(&["rev-parse", "HEAD"]);
    assert_eq!(git.resolve("refs/heads/main").await.unwrap(), Some(head));
    for nothing in ["refs/heads/no", "--all", "--git-dir", "", "HEAD\nHEAD"] {
        assert_eq!(git.resolve(nothing).await.unwrap(), None, "{nothing}");
    }
}

#[tokio::test]
async fn the_repository_of_the_caller_is_not_ours() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let other = TestRepo::with_files(&[("b.txt", "b\n")]);
    let mut environment = other.environment();
    environment.push(("GIT_DIR".into(), other.path(".git").into()));
    environment.push(("GIT_INDEX_FILE".into(), other.path(".git/index").into()));
    let git = Git::new(Arc::new(SystemProcesses::new(environment)), repo.root());
    assert_eq!(git.text(["ls-files"]).await.unwrap(), "a.txt");
}

#[tokio::test]
async fn errors_of_git_become_failures_with_hints() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let git = git(&repo);
    repo.write(".git/index.lock", "");
    let error = git.text(["add", "--all"]).await.unwrap_err();
    assert!(matches!(error, GitError::Locked { .. }), "{error:?}");
    let failure = Failure::from(error);
    assert!(failure.causes[0].contains("index.lock") && !failure.hints.is_empty(), "{failure:?}");
    let error = git.text(["no-such-command"]).await.unwrap_err();
    assert_eq!(error.to_string(), "`git no-such-command` failed with exit code 1");
    let missing = Git::new(Arc::new(SystemProcesses::new([])), repo.root());
    let failure = Failure::from(missing.check_version().await.unwrap_err());
    assert_eq!(failure.message, "git is not installed, or not on PATH");
    git.check_version().await.unwrap();
}

#[test]
fn the_usual_words_are_told_apart() {
    type Expected = fn(&GitError) -> bool;
    let cases: [(&str, &str, Expected); 14] = [
        ("rev-parse", "fatal: not a git repository (or any of the parent directories): .git", |e| {
            matches!(e, GitError::NotARepository { .. })
        }),
        (
            "rev-parse",
            "fatal: detected dubious ownership in repository at '/srv/r'\nTo add…",
            |e| matches!(e, GitError::DubiousOwnership { dir } if dir == Path::new("/srv/r")),
        ),
        ("push", "fatal: could not read Username for 'https://github.com': terminal prompts disabled", |e| {
            matches!(e, GitError::Authentication { .. })
        }),
        (
            "ls-remote",
            "remote: Invalid username or token.\nfatal: Authentication failed for 'https://github.com/o/r/'",
            |e| matches!(e, GitError::Authentication { .. }),
        ),
        (
            "push",
            "remote: Permission to o/r.git denied to bot.\nfatal: unable to access 'https://github.com/o/r/': The requested URL returned error: 403",
            |e| matches!(e, GitError::Authentication { .. }),
        ),
        (
            "push",
            "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository.",
            |e| matches!(e, GitError::Authentication { .. }),
        ),
        (
            "push",
            "remote: error: GH006: Protected branch update failed for refs/heads/main.\nerror: failed to push some refs to 'x'",
            |e| matches!(e, GitError::Protected { .. }),
        ),
        ("push", " ! [rejected]        a -> a (stale info)\nerror: failed to push some refs to 'x'", |e| {
            matches!(e, GitError::Rejected { .. })
        }),
        (
            "fetch",
            "remote: Repository not found.\nfatal: repository 'https://github.com/o/r/' not found",
            |e| matches!(e, GitError::RemoteGone { .. }),
        ),
        (
            "ls-remote",
            "fatal: unable to access 'https://nowhere.invalid/': Could not resolve host: nowhere.invalid",
            |e| matches!(e, GitError::Unreachable { .. }),
        ),
        ("push", "error: RPC failed; HTTP 502\nfatal: the remote end hung up unexpectedly", |e| {
            matches!(e, GitError::Unreachable { .. })
        }),
        (
            "update-index",
            "fatal: Unable to write new index file\nwrite error: No space left on device",
            |e| matches!(e, GitError::DiskFull { .. }),
        ),
        ("push", "unknown option: --config-env=http.x=Y\nusage: git", |e| {
            matches!(e, GitError::TooOld { .. })
        }),
        ("merge-base", "fatal: Not a valid object name x", |e| matches!(e, GitError::Failed { .. })),
    ];
    for (command, words, expected) in cases {
        let error = GitError::from_output(command, Path::new("/r"), Some(128), b"", words);
        assert!(expected(&error), "{words}: {error:?}");
    }
    let old = Failure::from(GitError::TooOld { found: "2.20".into() });
    assert_eq!((old.kind, old.message.as_str()), (FailureKind::Unavailable, "git 2.20 is too old"));
}
