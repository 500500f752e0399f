use super::*;

#[tokio::test]
async fn names_of_commits_are_resolved_and_nothing_else_is() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let first = repo.git(&["rev-parse", "HEAD"]);
    let second = repo.commit_on("fix/ä", "two", &[("b.txt", Some("b\n"))]);
    repo.git(&["tag", "-a", "v1", "-m", "one", &second]);
    repo.git(&["tag", "blob", "HEAD:a.txt"]);
    let history = history(&repo).await;
    for (revision, commit) in [
        ("HEAD", &first),
        ("main", &first),
        ("refs/heads/fix/ä", &second),
        ("fix/ä~1", &first),
        ("v1", &second),
        (&second[..12], &second),
        (&second, &second),
    ] {
        assert_eq!(history.resolve(revision).await.unwrap().as_ref(), Some(commit), "{revision}");
    }
    for nothing in [
        "",
        "nope",
        "-x",
        "--all",
        "--output=/tmp/x",
        "main..fix/ä",
        "..",
        "^main",
        "main@{99}",
        ":/two",
        "HEAD:a.txt",
        "blob",
        "a\0b",
        "a\nb",
        "HEAD~9",
        NOBODY,
        "@{u}",
        "$(id)",
        "\u{202e}",
    ] {
        assert_eq!(history.resolve(nothing).await.unwrap(), None, "{nothing:?}");
    }
    assert_eq!(history.resolve(&"x".repeat(100_000)).await.unwrap(), None);
}

#[tokio::test]
async fn the_default_branch_is_what_the_clone_knows() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    repo.with_remote();
    let history = history(&repo).await;
    assert_eq!(history.default_branch("origin").await.unwrap(), None);
    repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/release/1"]);
    assert_eq!(history.default_branch("origin").await.unwrap().as_deref(), Some("release/1"));
    for nothing in ["nope", "", "-x", "../heads", "a b", "https://example.com/x"] {
        assert_eq!(history.default_branch(nothing).await.unwrap(), None, "{nothing:?}");
    }
}

#[tokio::test]
async fn commits_are_told_newest_first_up_to_a_limit() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let base = repo.git(&["rev-parse", "HEAD"]);
    let one = repo.commit_on("fix", "one\n\nCloses #1\n\n", &[("b.txt", Some("b\n"))]);
    let two = repo.commit_on("fix", "", &[("b.txt", Some("c\n"))]);
    let main = repo.commit("main goes on");
    let merge = repo.commit_over("fix", &[&two, &main], "merge \u{1b}[31m", &[]);
    let history = history(&repo).await;
    let commits = history.commits(&base, &merge, 10).await.unwrap();
    let ids: Vec<&str> = commits.iter().map(|commit| commit.id.as_str()).collect();
    assert_eq!((ids.len(), ids[0]), (4, merge.as_str()));
    assert_eq!(commits[0].parents, [two.clone(), main.clone()]);
    assert_eq!(commits[0].message, "merge \u{1b}[31m");
    let first = commits.iter().find(|commit| commit.id == one).unwrap();
    assert_eq!((first.message.as_str(), first.author_name.as_str()), ("one\n\nCloses #1", "Ada"));
    assert!(commits.iter().any(|commit| commit.id == two && commit.message.is_empty()));
    assert_eq!(history.commits(&base, &merge, 2).await.unwrap().len(), 2);
    assert_eq!(history.commits(&merge, &base, 2).await.unwrap(), []);
    assert_eq!(history.merge_base(&main, &two).await.unwrap(), Some(base.clone()));
    assert!(
        history.is_ancestor(&base, &two).await.unwrap() && !history.is_ancestor(&main, &two).await.unwrap()
    );
    let orphan = repo.commit_over("fix", &[], "orphan", &[]);
    assert_eq!(history.merge_base(&orphan, &two).await.unwrap(), None);
}

#[tokio::test]
async fn files_are_read_many_at_once() {
    let repo =
        TestRepo::with_files(&[("a.txt", "a\r\n"), ("dir/b \"c\".txt", ""), ("dir/sub/:(top)", "top")]);
    repo.write("large.bin", vec![0; 8 << 20]);
    repo.write("larger.bin", vec![0; (8 << 20) + 1]);
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", repo.path("link")).unwrap();
    let commit = repo.commit("files");
    repo.write("a.txt", "changed since");
    let history = history(&repo).await;
    assert_eq!(
        history.files(&commit).await.unwrap(),
        ["a.txt", "dir/b \"c\".txt", "dir/sub/:(top)", "large.bin", "larger.bin"]
    );
    let there = ["dir/b \"c\".txt", "a.txt", "dir/sub/:(top)", "a.txt"];
    let missing = [
        "link",
        "dir",
        "dir/",
        "larger.bin",
        "",
        ".",
        "../x",
        "/etc/passwd",
        "dir/../a.txt",
        "a.txt\nx",
        ":(top)a.txt",
        "*.txt",
        "-x",
        "a\0b",
    ];
    let paths: Vec<String> = there.iter().chain(&missing).map(|path| (*path).to_owned()).collect();
    let read = history.read(&commit, &paths).await.unwrap();
    let (found, none) = read.split_at(there.len());
    assert_eq!(
        found,
        [Some(vec![]), Some(b"a\r\n".to_vec()), Some(b"top".to_vec()), Some(b"a\r\n".to_vec())]
    );
    assert!(none.iter().all(Option::is_none), "{none:?}");
    assert_eq!(history.file(&commit, "large.bin").await.unwrap().map(|bytes| bytes.len()), Some(8 << 20));
    assert_eq!(history.read(&commit, &[]).await.unwrap(), Vec::<Option<Vec<u8>>>::new());
}

#[tokio::test]
async fn more_paths_than_fit_into_arguments_are_read() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let paths: Vec<String> =
        (0..3000).map(|n| format!("a/rather/long/path/to/a/file/of/number/{n}.txt")).collect();
    let files: Vec<(&str, Option<&str>)> =
        paths.iter().map(|path| (path.as_str(), Some(path.as_str()))).collect();
    let commit = repo.commit_on("many", "many", &files);
    let read = history(&repo).await.read(&commit, &paths).await.unwrap();
    assert!(paths.iter().zip(&read).all(|(path, bytes)| bytes.as_deref() == Some(path.as_bytes())));
}

#[tokio::test]
async fn what_is_no_commit_is_refused_and_what_is_gone_is_told() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let history = history(&repo).await;
    for wrong in ["HEAD", "--output=x", "main", "", "HEAD..HEAD"] {
        let failures = [
            history.changes(wrong, &head).await.unwrap_err(),
            history.files(wrong).await.unwrap_err(),
            history.commits(&head, wrong, 1).await.unwrap_err(),
            history.merge_base(wrong, &head).await.unwrap_err(),
            history.read(wrong, &["a.txt".into()]).await.unwrap_err(),
        ];
        let expected = format!("`{wrong}` is not the whole id of a commit");
        assert!(failures.iter().all(|failure| failure.message == expected), "{failures:?}");
    }
    let failures = [
        history.changes(&head, NOBODY).await.unwrap_err(),
        history.files(NOBODY).await.unwrap_err(),
        history.commits(NOBODY, &head, 1).await.unwrap_err(),
        history.merge_base(&head, NOBODY).await.unwrap_err(),
        history.is_ancestor(NOBODY, &head).await.unwrap_err(),
        history.read(NOBODY, &["a.txt".into()]).await.unwrap_err(),
    ];
    let expected = format!("commit {NOBODY} is not in the repository");
    assert!(failures.iter().all(|failure| failure.message == expected), "{failures:?}");
}
