use super::*;

/// A repository of some commits on `main`, a branch `fix` that left it some commits ago, and a clone of the newest commits.
struct World {
    repo: TestRepo,
    clone: std::path::PathBuf,
    fork_point: String,
}

impl World {
    fn new(before: usize, main: usize, fix: usize, depth: &str) -> Self {
        let repo = TestRepo::with_files(&[("a.txt", "0\n")]);
        let fork_point = repo.many_commits(&repo.git(&["rev-parse", "HEAD"]), "a.txt", before);
        repo.git(&["reset", "--quiet", "--hard", &repo.many_commits(&fork_point, "main.txt", main)]);
        repo.git(&["branch", "fix", &repo.many_commits(&fork_point, "fix.txt", fix)]);
        let remote = repo.with_remote();
        repo.git(&["push", "--quiet", "origin", "fix:refs/pull/7/head"]);
        let clone = repo.beside("clone");
        let url = format!("file://{}", remote.display());
        repo.git(&["clone", "--quiet", "--depth", depth, &url, clone.to_str().unwrap()]);
        Self { repo, clone, fork_point }
    }

    fn count(&self, commit: &str) -> usize {
        self.repo.git_in(&self.clone, &["rev-list", "--count", commit]).parse().unwrap()
    }
}

#[tokio::test]
async fn a_clone_of_one_commit_is_deepened_to_the_merge_base() {
    for (before, main, fix) in [(3, 1, 1), (400, 3, 60), (60, 300, 2)] {
        let world = World::new(before, main, fix, "1");
        let history = checkout_in(&world.repo, &world.clone).await.history();
        let references = ["refs/heads/main", "refs/pull/7/head"];
        let found = history.fetch(&FetchRequest::new("origin", references)).await.unwrap();
        let [Some(main), Some(fix)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(history.merge_base(main, fix).await.unwrap(), Some(world.fork_point.clone()), "{before}");
        assert_eq!(history.changes(&world.fork_point, fix).await.unwrap().len(), 1);
        world.repo.git_in(&world.clone, &["fsck", "--connectivity-only"]);
    }
}

#[tokio::test]
async fn no_more_is_fetched_than_is_needed() {
    let world = World::new(400, 3, 2, "1");
    let history = checkout_in(&world.repo, &world.clone).await.history();
    let references = ["refs/heads/main", "refs/pull/7/head"];
    let request = FetchRequest { depth: Some(10), ..FetchRequest::new("origin", references) };
    let found = history.fetch(&request).await.unwrap();
    assert_eq!(
        history.merge_base(found[0].as_ref().unwrap(), found[1].as_ref().unwrap()).await.unwrap(),
        Some(world.fork_point.clone())
    );
    assert!(world.count("HEAD") < 15, "{}", world.count("HEAD"));
}

#[tokio::test]
async fn commits_that_are_here_meet_those_that_are_fetched() {
    let world = World::new(20, 80, 2, "1");
    let history = checkout_in(&world.repo, &world.clone).await.history();
    let head = world.repo.git_in(&world.clone, &["rev-parse", "HEAD"]);
    let request = FetchRequest::new("origin", ["refs/pull/7/head"]).meeting([head.as_str()]);
    let fix = history.fetch(&request).await.unwrap()[0].clone().unwrap();
    assert_eq!(history.merge_base(&head, &fix).await.unwrap(), Some(world.fork_point));
}

#[tokio::test]
async fn history_that_was_there_is_not_cut_off() {
    // The clone has 40 commits, of which the last ten below the branch are deeper than what is fetched of it.
    let world = World::new(100, 1, 5, "40");
    let history = checkout_in(&world.repo, &world.clone).await.history();
    let request = FetchRequest { depth: Some(10), ..FetchRequest::new("origin", ["refs/pull/7/head"]) };
    let fix = history.fetch(&request).await.unwrap()[0].clone().unwrap();
    assert_eq!(world.count("HEAD"), 40);
    assert_eq!(world.count(&fix), 44);
    world.repo.git_in(&world.clone, &["fsck", "--connectivity-only"]);
}

#[tokio::test]
async fn a_run_apart_deepens_its_own_repository() {
    let world = World::new(100, 80, 2, "1");
    let repository = Repository::discover(&world.clone, processes(&world.repo)).await.unwrap();
    let folder = world.repo.beside("apart");
    let checkout =
        GitCheckout::apart(&world.clone, repository.base(), &run_id(), &folder, processes(&world.repo))
            .await
            .unwrap();
    let history = checkout.history();
    let before = std::fs::read(world.clone.join(".git/shallow")).unwrap();
    let head = world.repo.git_in(&world.clone, &["rev-parse", "HEAD"]);
    let request = FetchRequest::new("origin", ["refs/pull/7/head"]).meeting([head.as_str()]);
    let fix = history.fetch(&request).await.unwrap()[0].clone().unwrap();
    assert_eq!(history.merge_base(&head, &fix).await.unwrap(), Some(world.fork_point.clone()));
    assert_eq!(std::fs::read(world.clone.join(".git/shallow")).unwrap(), before);
    assert_eq!(world.count("HEAD"), 1);
}

#[tokio::test]
async fn a_whole_clone_stays_whole_whatever_depth_is_asked_for() {
    let world = World::new(30, 1, 1, "1000");
    let history = checkout_in(&world.repo, &world.clone).await.history();
    let request = FetchRequest { depth: Some(1), ..FetchRequest::new("origin", ["refs/pull/7/head"]) };
    history.fetch(&request).await.unwrap();
    assert_eq!(world.count("HEAD"), 32);
    assert!(!world.clone.join(".git/shallow").exists());
}

#[tokio::test]
async fn unrelated_histories_end_the_search() {
    let world = World::new(3, 1, 1, "1");
    let orphan = world.repo.commit_over("main", &[], "orphan", &[]);
    world.repo.git(&["push", "--quiet", "origin", &format!("{orphan}:refs/pull/8/head")]);
    let history = checkout_in(&world.repo, &world.clone).await.history();
    let found =
        history.fetch(&FetchRequest::new("origin", ["refs/heads/main", "refs/pull/8/head"])).await.unwrap();
    assert_eq!(found[1], Some(orphan.clone()));
    assert_eq!(history.merge_base(found[0].as_ref().unwrap(), &orphan).await.unwrap(), None);
}

#[tokio::test]
async fn a_remote_that_goes_away_is_told_with_what_to_do() {
    let world = World::new(100, 80, 80, "1");
    let history = checkout_in(&world.repo, &world.clone).await.history();
    let references = ["refs/heads/main", "refs/pull/7/head"];
    let request = FetchRequest { depth: Some(1), ..FetchRequest::new("origin", [references[1]]) };
    let fix = history.fetch(&request).await.unwrap()[0].clone().unwrap();
    let head = world.repo.git_in(&world.clone, &["rev-parse", "HEAD"]);
    std::fs::rename(world.repo.beside("origin.git"), world.repo.beside("moved.git")).unwrap();
    let both = FetchRequest::new("origin", [fix.as_str(), head.as_str()]);
    for request in [both, FetchRequest::new("origin", [fix.as_str()]).meeting([head.as_str()])] {
        let failure = history.fetch(&request).await.unwrap_err();
        assert_eq!(failure.message, "nothing can be fetched from `origin`");
        assert!(failure.hints.iter().any(|hint| hint.contains("`fetch-depth: 0`")), "{failure:?}");
    }
    assert_eq!(
        history.fetch(&FetchRequest::new("origin", [fix.as_str()])).await.unwrap(),
        [Some(fix.clone())]
    );
}
