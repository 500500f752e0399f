//! Found, made, made again, removed, swept: and the user's things as they were.

use patchwork_core::failure::FailureKind;

use super::*;

fn dirty() -> TestRepo {
    let repo = TestRepo::with_files(&[("a.txt", "a\n"), ("src/b.txt", "b\n"), (".gitignore", "ignored/\n")]);
    repo.write("a.txt", "staged\n");
    repo.git(&["add", "a.txt"]);
    repo.write("a.txt", "edited\n");
    repo.write("untracked.txt", "u\n");
    repo.write("ignored/secret", "s\n");
    repo
}

#[tokio::test]
async fn a_repository_is_found_from_a_folder_in_it() {
    let repo = TestRepo::with_files(&[("src/deep/a.txt", "a\n")]);
    let head = repo.git(&["rev-parse", "HEAD"]);
    let found = Repository::discover(&repo.path("src/deep"), processes(&repo)).await.unwrap();
    assert_eq!(
        (found.top(), found.head(), found.branch(), found.prefix(), found.is_shallow()),
        (repo.root(), head.as_str(), Some("main"), "src/deep", false)
    );
    repo.git(&["switch", "--quiet", "--detach"]);
    assert_eq!(discover(&repo).await.branch(), None);
}

#[tokio::test]
async fn what_is_no_repository_is_refused_with_a_hint() {
    let repo = TestRepo::new();
    let refused = async |dir: PathBuf| {
        let failure = Repository::discover(&dir, processes(&repo)).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage, "{failure}");
        assert_eq!(failure.hints.len(), 1, "{failure}");
        failure.message
    };
    assert!(refused(repo.root().to_owned()).await.ends_with("has no commit yet"));
    assert!(refused(repo.path(".git")).await.contains("is inside of a `.git` folder"));
    let outside = repo.beside("outside");
    std::fs::create_dir(&outside).unwrap();
    assert!(refused(outside.clone()).await.ends_with("is not in a git repository"));
    repo.git_in(&outside, &["init", "--quiet", "--bare"]);
    assert!(refused(outside).await.contains("is a bare repository"));
}

#[tokio::test]
async fn a_worktree_is_the_head_and_the_users_things_stay() {
    let repo = dirty();
    let before = repo.belongings();
    let checkout = checkout(&repo, "r1").await;
    assert_eq!(checkout.root(), worktrees(&repo).join("r1"));
    assert_eq!(read(&checkout, "a.txt"), b"a\n");
    assert!(!checkout.root().join("untracked.txt").exists());
    assert_eq!(repo.belongings(), before);

    write(&checkout, "a.txt", "fixed\n");
    write(&checkout, "new.txt", "n\n");
    checkout.checkpoint().await.unwrap();
    let request = request(None, vec![files(&["a.txt"], "fix")]);
    checkout.commit(&request).await.unwrap();
    assert_eq!(repo.belongings(), before);

    checkout.remove().await.unwrap();
    assert_eq!(repo.belongings(), before);
    assert!(!checkout.root().exists());
    assert!(!repo.path(".git/worktrees").exists());
    assert_eq!(
        repo.git(&["for-each-ref", "--format=%(refname)", "refs/patchwork"]),
        "refs/patchwork/r1/result"
    );
    checkout.remove().await.unwrap();
}

#[tokio::test]
async fn odd_repositories_have_worktrees_too() {
    let origin = TestRepo::named("with space ünd 'quote'");
    origin.write("a.txt", "a\n");
    origin.write("lib/b.txt", "b\n");
    origin.commit("first");
    origin.commit("second");
    let made = checkout(&origin, "r1").await;
    assert_eq!(read(&made, "a.txt"), b"a\n");

    let url = format!("file://{}", origin.root().display());
    let shallow = origin.beside("shallow");
    origin.git(&["clone", "--quiet", "--depth=1", &url, shallow.to_str().unwrap()]);
    let linked = origin.beside("linked");
    origin.git(&["worktree", "add", "--quiet", "-b", "side", linked.to_str().unwrap()]);
    let super_project = origin.beside("super");
    origin.git(&["init", "--quiet", "--initial-branch=main", super_project.to_str().unwrap()]);
    let args = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &url, "sub"];
    origin.git_in(&super_project, &args);
    std::fs::write(super_project.join("a.txt"), "a\n").unwrap();
    origin.git_in(&super_project, &["add", "--all"]);
    origin.git_in(&super_project, &["commit", "--quiet", "--message", "first"]);
    let sparse = origin.beside("sparse");
    origin.git(&["clone", "--quiet", origin.root().to_str().unwrap(), sparse.to_str().unwrap()]);
    origin.git_in(&sparse, &["sparse-checkout", "set", "--cone", "other"]);

    for (name, dir) in [
        ("shallow", shallow),
        ("linked", linked),
        ("super", super_project),
        ("inner", origin.beside("super/sub")),
        ("sparse", sparse),
    ] {
        let before = origin.git_in(&dir, &["status", "--porcelain=v2", "--branch"]);
        let repository = Repository::discover(&dir, processes(&origin)).await.unwrap();
        assert_eq!(repository.is_shallow(), name == "shallow");
        let checkout = GitCheckout::create(&repository, &run_id(name), &worktrees(&origin)).await.unwrap();
        assert_eq!(read(&checkout, "a.txt"), b"a\n", "{name}");
        let start = checkout.checkpoint().await.unwrap();
        assert_eq!(checkout.diff().await.unwrap(), "", "{name}");
        write(&checkout, "a.txt", "fixed\n");
        write(&checkout, "unknown/new.txt", "new\n");
        let fixed = checkout.checkpoint().await.unwrap();
        checkout.restore(&start).await.unwrap();
        assert_eq!(read(&checkout, "a.txt"), b"a\n", "{name}");
        assert!(!checkout.root().join("unknown").exists(), "{name}");
        checkout.restore(&fixed).await.unwrap();
        let request = request(Some("fixes"), vec![files(&["a.txt", "unknown/new.txt"], "fix")]);
        let committed = checkout.commit(&request).await.unwrap();
        let range = format!("{}..{}", repository.head(), committed.head);
        assert_eq!(origin.git_in(&dir, &["diff", "--name-only", &range]), "a.txt\nunknown/new.txt", "{name}");
        checkout.remove().await.unwrap();
        assert_eq!(origin.git_in(&dir, &["status", "--porcelain=v2", "--branch"]), before, "{name}");
    }
}

#[tokio::test]
async fn two_runs_work_on_one_repository_at_once() {
    let repo = dirty();
    let before = repo.fingerprint();
    let (one, two) = tokio::join!(checkout(&repo, "r1"), checkout(&repo, "r2"));
    let work = async |checkout: &GitCheckout, text: &str| {
        for n in 0..5 {
            write(checkout, "a.txt", format!("{text} {n}\n"));
            checkout.checkpoint().await.unwrap();
        }
        let request = request(Some(text), vec![files(&["a.txt"], text)]);
        checkout.commit(&request).await.unwrap();
    };
    tokio::join!(work(&one, "one"), work(&two, "two"));
    assert_eq!(repo.git(&["show", "one:a.txt", "two:a.txt"]), "one 4\ntwo 4");
    one.remove().await.unwrap();
    write(&two, "b.txt", "still here\n");
    two.checkpoint().await.unwrap();
    two.remove().await.unwrap();
    repo.git(&["branch", "--quiet", "-D", "one", "two"]);
    assert_eq!(repo.fingerprint(), before);
}

#[tokio::test]
async fn a_sweep_takes_dead_runs_and_nothing_of_the_users() {
    let repo = dirty();
    let mine = repo.beside("mine");
    repo.git(&["worktree", "add", "--quiet", "-b", "mine", mine.to_str().unwrap()]);
    let before = repo.belongings();
    let dead = checkout(&repo, "dead").await;
    write(&dead, "a.txt", "half done\n");
    let checkpoint = dead.checkpoint().await.unwrap();
    // As a package cache leaves it.
    write(&dead, "cache/module/file", "x");
    make_read_only(&dead.root().join("cache/module"));
    let live = checkout(&repo, "live").await;
    // The user's worktree is on a disk that is not mounted now: its entry must survive.
    let away = repo.beside("away");
    std::fs::rename(&mine, &away).unwrap();
    std::fs::create_dir_all(worktrees(&repo).join("orphan")).unwrap();
    std::fs::create_dir_all(worktrees(&repo).join("not a run")).unwrap();

    let repository = discover(&repo).await;
    let swept = repository.sweep(&worktrees(&repo), |run| run.as_str() == "live").await.unwrap();
    assert_eq!(swept, [run_id("dead"), run_id("orphan")]);
    assert!(!dead.root().exists() && live.root().exists());
    assert!(worktrees(&repo).join("not a run").exists());
    live.checkpoint().await.unwrap();
    std::fs::rename(&away, &mine).unwrap();
    repo.git_in(&mine, &["status"]);
    assert_eq!(repo.belongings(), before);

    let again =
        GitCheckout::reopen(repository.base(), &run_id("dead"), &worktrees(&repo), processes(&repo)).await;
    let again = again.unwrap();
    assert_eq!(read(&again, "a.txt"), b"a\n");
    again.restore(&checkpoint).await.unwrap();
    assert_eq!(read(&again, "a.txt"), b"half done\n");

    again.remove().await.unwrap();
    live.remove().await.unwrap();
    let nothing = repository.sweep(&repo.beside("no such folder"), |_| false).await.unwrap();
    assert_eq!(nothing, []);
    repository.forget(&run_id("dead")).await.unwrap();
}

#[cfg(unix)]
fn make_read_only(folder: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o500)).unwrap();
}

#[cfg(not(unix))]
fn make_read_only(_folder: &Path) {}

#[tokio::test]
async fn a_sweep_leaves_the_worktrees_of_other_repositories() {
    let (repo, other) = (dirty(), dirty());
    let kept =
        GitCheckout::create(&discover(&other).await, &run_id("other"), &worktrees(&repo)).await.unwrap();
    assert_eq!(discover(&repo).await.sweep(&worktrees(&repo), |_| false).await.unwrap(), []);
    kept.checkpoint().await.unwrap();
}

#[tokio::test]
async fn a_run_is_taken_up_again_whatever_is_left_of_its_worktree() {
    let repo = dirty();
    let before = repo.fingerprint();
    let first = checkout(&repo, "r1").await;
    write(&first, "a.txt", "work\n");
    let checkpoint = first.checkpoint().await.unwrap();
    let base = first.base().clone();
    let reopen = async || {
        GitCheckout::reopen(base.clone(), &run_id("r1"), &worktrees(&repo), processes(&repo)).await.unwrap()
    };
    let admin = repo.path(".git/worktrees/r1");

    assert_eq!(read(&reopen().await, "a.txt"), b"work\n");
    let damages: [&dyn Fn(); 6] = [
        &|| std::fs::write(admin.join("index.lock"), "").unwrap(),
        &|| std::fs::write(admin.join("index"), "garbage").unwrap(),
        &|| std::fs::write(admin.join("locked"), "initializing").unwrap(),
        &|| std::fs::remove_file(first.root().join(".git")).unwrap(),
        &|| std::fs::remove_dir_all(first.root()).unwrap(),
        &|| std::fs::remove_dir_all(&admin).unwrap(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        damage();
        let again = reopen().await;
        again.restore(&checkpoint).await.unwrap();
        assert_eq!(read(&again, "a.txt"), b"work\n", "{number}");
        write(&again, "a.txt", "more\n");
        assert_ne!(again.checkpoint().await.unwrap(), checkpoint, "{number}");
    }
    assert_eq!(repo.fingerprint(), before);
}

#[tokio::test]
async fn a_run_whose_repository_is_gone_says_so() {
    let repo = dirty();
    let base = discover(&repo).await.base();
    let reopen = async |base: Base| {
        GitCheckout::reopen(base, &run_id("r1"), &worktrees(&repo), processes(&repo)).await.unwrap_err()
    };
    let failure = reopen(Base { commit: "1".repeat(40), ..base.clone() }).await;
    assert!(failure.message.contains("is no longer in"), "{failure}");
    let failure = reopen(Base { repository: repo.beside("moved"), ..base }).await;
    assert!(failure.hints.iter().any(|hint| hint.contains("bring the repository back")), "{failure}");
}

#[tokio::test]
async fn worktrees_are_never_made_inside_of_the_repository() {
    let repo = dirty();
    let before = discover(&repo).await;
    let failure = GitCheckout::create(&before, &run_id("r1"), &repo.path("ignored")).await.unwrap_err();
    assert!(failure.message.contains("inside of the repository"), "{failure}");
}

#[tokio::test]
async fn a_cancelled_run_can_still_be_tidied_up() {
    let repo = dirty();
    let cancel = CancellationToken::new();
    let checkout = checkout(&repo, "r1").await.with_cancel(cancel.clone());
    checkout.checkpoint().await.unwrap();
    cancel.cancel();
    write(&checkout, "a.txt", "late\n");
    assert_eq!(checkout.checkpoint().await.unwrap_err().kind, FailureKind::Interrupted);
    checkout.remove().await.unwrap();
    assert_eq!(repo.git(&["for-each-ref", "refs/patchwork"]), "");
}
