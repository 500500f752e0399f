//! Paths that strangers name.

use patchwork_core::failure::FailureKind;

use super::*;

#[tokio::test]
async fn paths_are_made_relative_or_refused() {
    let repo = TestRepo::with_files(&[
        ("src/a.py", "a\n"),
        ("my file.py", "m\n"),
        ("100%20.txt", "literal\n"),
        ("ü/ö.py", "u\n"),
    ]);
    #[cfg(unix)]
    {
        repo.write("odd\\name.py", "backslash\n");
        std::os::unix::fs::symlink("src", repo.path("linked")).unwrap();
        std::os::unix::fs::symlink("a.py", repo.path("src/link.py")).unwrap();
        std::os::unix::fs::symlink("/etc", repo.path("etc")).unwrap();
    }
    let commit = repo.commit("links");
    repo.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{commit},modules/sub")]);
    repo.git(&["commit", "--quiet", "-m", "submodule"]);
    let checkout = checkout(&repo, "r1").await;
    repo.git(&["init", "--quiet", checkout.root().join("nested").to_str().unwrap()]);
    // The repository under another name, as /tmp is on macOS.
    let alias = repo.beside("alias");
    #[cfg(unix)]
    std::os::unix::fs::symlink(repo.root(), &alias).unwrap();

    let top = repo.root().display();
    let root = checkout.root().display();
    for (path, place) in [
        ("src/a.py".to_owned(), "src/a.py"),
        ("./src//./a.py".into(), "src/a.py"),
        ("src/../src/a.py".into(), "src/a.py"),
        ("src/".into(), "src"),
        (".".into(), "."),
        ("new/file.py".into(), "new/file.py"),
        ("src\\a.py".into(), "src/a.py"),
        ("new\\file.py".into(), "new/file.py"),
        ("odd\\name.py".into(), "odd\\name.py"),
        ("my%20file.py".into(), "my file.py"),
        ("100%20.txt".into(), "100%20.txt"),
        ("new%20file.py".into(), "new%20file.py"),
        ("%zz".into(), "%zz"),
        ("src%5Ca.py".into(), "src%5Ca.py"),
        ("a:b.py".into(), "a:b.py"),
        (".github/x.yml".into(), ".github/x.yml"),
        (".gitignore".into(), ".gitignore"),
        (format!("{top}/src/a.py"), "src/a.py"),
        (format!("{top}/x/../src/a.py"), "src/a.py"),
        (format!("{root}/src/a.py"), "src/a.py"),
        (format!("{root}"), "."),
        (format!("file://{top}/src/a.py"), "src/a.py"),
        (format!("file://localhost{top}/my%20file.py"), "my file.py"),
        (format!("FILE:{top}/%C3%BC/%C3%B6.py#L3"), "ü/ö.py"),
        ("file:src/a.py".into(), "src/a.py"),
    ] {
        assert_eq!(checkout.resolve(&path).unwrap(), place, "{path}");
    }
    for (path, words) in [
        (String::new(), "is empty"),
        ("a\0b".into(), "NUL"),
        ("file://".into(), "is empty"),
        ("file:///a%00b".into(), "NUL"),
        ("file:///%ff".into(), "is empty"),
        ("https://example.com/src/a.py".into(), "not the address of a file"),
        ("..".into(), "outside"),
        ("../repository/src/a.py".into(), "outside"),
        ("src/../../x".into(), "outside"),
        ("src\\..\\..\\x".into(), "outside"),
        ("/etc/passwd".into(), "outside"),
        ("/src/a.py".into(), "outside"),
        ("/build/agent/repository/src/a.py".into(), "outside"),
        ("/".into(), "outside"),
        ("C:\\agent\\src\\a.py".into(), "outside"),
        ("c:/agent/src/a.py".into(), "outside"),
        ("\\\\server\\share\\a.py".into(), "outside"),
        ("file:///C:/agent/src/a.py".into(), "outside"),
        (format!("{top}x/src/a.py"), "outside"),
        (format!("{top}/../x"), "outside"),
        ("file:///etc/passwd".into(), "outside"),
        (format!("file://evil.example{top}/src/a.py"), "outside"),
        ("file:..%2Fx".into(), "outside"),
        (".git".into(), "inside of `.git`"),
        (".git/config".into(), "inside of `.git`"),
        ("src/.GIT/hooks/pre-commit".into(), "inside of `.git`"),
        (".git./config".into(), "inside of `.git`"),
        (".g\u{200c}it/config".into(), "inside of `.git`"),
        ("GIT~1/config".into(), "inside of `.git`"),
        (".git::$INDEX_ALLOCATION/config".into(), "inside of `.git`"),
        (".git\\config".into(), "inside of `.git`"),
        (format!("file://{top}/%2egit/config"), "inside of `.git`"),
        (format!("{top}/.git/config"), "inside of `.git`"),
        ("linked/a.py".into(), "symbolic link"),
        ("src/link.py".into(), "symbolic link"),
        ("etc/passwd".into(), "symbolic link"),
        ("etc%2Fpasswd/../../src/link.py".into(), "outside"),
        ("modules/sub".into(), "submodule"),
        ("modules/sub/x.c".into(), "submodule"),
        ("nested/x.c".into(), "another repository"),
    ] {
        let failure = checkout.resolve(&path).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
        assert!(failure.message.contains(words), "{path}: {failure}");
    }
    let long = checkout.resolve(&format!("/{}", "ü".repeat(100_000))).unwrap_err();
    assert!(long.message.len() < 600, "{}", long.message.len());
}

#[tokio::test]
async fn no_text_leads_outside_or_panics() {
    let repo = TestRepo::with_files(&[("src/a.py", "a\n")]);
    let checkout = checkout(&repo, "r1").await;
    let pieces = [
        "..", ".", "/", "\\", "%2e%2e", "%2F", "%", "%e2", "src", "a.py", ".git", "file:", "//", "ü", " ",
        "C:",
    ];
    for a in pieces {
        for b in pieces {
            for c in pieces {
                for d in pieces {
                    if let Ok(place) = checkout.resolve(&format!("{a}{b}{c}{d}")) {
                        assert!(
                            !place.starts_with('/')
                                && !place.split('/').any(|part| part == ".." || part == ".git")
                        );
                    }
                }
            }
        }
    }
}
