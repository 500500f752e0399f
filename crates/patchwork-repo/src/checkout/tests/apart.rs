//! Checkouts that leave nothing in the user's repository.

use super::*;

async fn apart(repo: &TestRepo, base: Base) -> Result<GitCheckout, Failure> {
    GitCheckout::apart(repo.root(), base, &run_id("r1"), &repo.beside("scratch"), processes(repo)).await
}

#[tokio::test]
async fn a_run_apart_leaves_nothing_and_knows_the_paths_of_the_repository() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n"), ("lib/b.txt", "b\n")]);
    // Settings under which a clone is refused, or not the same.
    for (name, value) in
        [("protocol.file.allow", "never"), ("clone.defaultRemoteName", "-x"), ("core.autocrlf", "true")]
    {
        repo.git(&["config", name, value]);
    }
    let before = repo.belongings();
    let elsewhere = PathBuf::from("/home/somebody/project");
    let base = Base { repository: elsewhere, ..discover(&repo).await.base() };
    let checkout = apart(&repo, base).await.unwrap();
    assert_eq!(read(&checkout, "a.txt"), b"a\r\n");
    assert_eq!(checkout.resolve("file:///home/somebody/project/lib/b.txt").unwrap(), "lib/b.txt");
    write(&checkout, "a.txt", "mine\n");
    let committed = checkout.commit(&request(Some("branch"), vec![files(&["a.txt"], "Mine")])).await.unwrap();
    assert_eq!(committed.reference, "refs/heads/branch");
    checkout.remove().await.unwrap();
    assert_eq!(repo.belongings(), before);
}

#[tokio::test]
async fn a_commit_that_no_branch_reaches_is_found_and_one_that_is_missing_is_told() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    let old = discover(&repo).await.base();
    repo.git(&["commit", "--quiet", "--amend", "--message", "another"]);
    assert_eq!(read(&apart(&repo, old.clone()).await.unwrap(), "a.txt"), b"a\n");
    let failure = apart(&repo, Base { commit: "1".repeat(40), ..old.clone() }).await.unwrap_err();
    assert!(failure.message.contains("does not have the commit 111"), "{failure}");
    let failure = apart(&repo, Base { commit: "--help".to_owned(), ..old.clone() }).await.unwrap_err();
    assert!(failure.message.contains("not the whole id"), "{failure}");
    let none = repo.beside("none");
    std::fs::create_dir(&none).unwrap();
    let failure = GitCheckout::apart(&none, old, &run_id("r1"), &repo.beside("s"), processes(&repo)).await;
    assert!(failure.unwrap_err().message.contains("not in a git repository"));
}

#[tokio::test]
async fn a_shallow_clone_is_as_good_as_any() {
    let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
    repo.git(&["commit", "--quiet", "--allow-empty", "--message", "two"]);
    let shallow = repo.beside("shallow");
    let url = format!("file://{}", repo.root().display());
    repo.git(&["clone", "--quiet", "--depth=1", &url, shallow.to_str().unwrap()]);
    let base = Repository::discover(&shallow, processes(&repo)).await.unwrap().base();
    let (run, scratch) = (run_id("r1"), repo.beside("scratch"));
    let checkout = GitCheckout::apart(&shallow, base, &run, &scratch, processes(&repo)).await.unwrap();
    write(&checkout, "a.txt", "mine\n");
    checkout.commit(&request(None, vec![files(&["a.txt"], "Mine")])).await.unwrap();
}
