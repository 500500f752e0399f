use patchwork_core::failure::FailureKind;
use patchwork_core::port::forge::GitCredential;
use patchwork_core::secret::Secret;
use patchwork_testkit::git_http::GitHttp;
use patchwork_testkit::repo::PullRefs;

use super::*;

const TOKEN: &str = "glpat-a-token-that-no-site-ever-gave";

fn credential(token: &str) -> Option<GitCredential> {
    Some(GitCredential { user: "git".into(), token: Secret::new(token) })
}

/// A clone and a remote over HTTP that wants the token.
struct World {
    repo: TestRepo,
    remote: std::path::PathBuf,
    server: GitHttp,
}

impl World {
    async fn new() -> Self {
        let repo = TestRepo::with_files(&[("a.txt", "a\n")]);
        let remote = repo.with_remote();
        let folder = remote.parent().unwrap().to_owned();
        let server = tokio::task::spawn_blocking(move || GitHttp::start(&folder, TOKEN)).await.unwrap();
        repo.git(&["remote", "set-url", "origin", &server.url("origin.git")]);
        Self { repo, remote, server }
    }

    /// A pull request with one commit that the clone does not have.
    fn open_pull(&self, refs: PullRefs, number: u64) -> String {
        let branch = format!("pull-{number}");
        let text = format!("{number}\n");
        self.repo.commit_on(&branch, &branch, &[("b.txt", Some(&text))]);
        let head = self.repo.open_pull(&self.remote, refs, number, &branch, "main");
        self.lose(&branch, &[&head])
    }

    /// Forgets a branch and its commits, as if another clone had pushed them.
    fn lose(&self, branch: &str, commits: &[&str]) -> String {
        self.repo.git(&["branch", "--quiet", "-D", branch]);
        self.repo.git(&["reflog", "expire", "--expire=now", "--all"]);
        self.repo.git(&["gc", "--quiet", "--prune=now"]);
        for commit in commits {
            assert!(!self.repo.git(&["cat-file", "--batch-check", "--batch-all-objects"]).contains(commit));
        }
        commits[0].to_owned()
    }

    /// What a fetch must not touch, references of remotes included.
    fn seen(&self) -> (String, String) {
        let refs = self.repo.git(&["for-each-ref"]);
        let own =
            refs.lines().filter(|line| !line.contains("refs/patchwork/")).collect::<Vec<_>>().join("\n");
        (self.repo.fingerprint(), own)
    }
}

fn request(references: &[&str]) -> FetchRequest {
    FetchRequest::new("origin", references.iter().copied()).credential(credential(TOKEN))
}

#[tokio::test]
async fn pull_requests_of_every_site_come_as_objects_of_the_run() {
    let world = World::new().await;
    for key in ["fetch.prune", "fetch.pruneTags", "remote.origin.prune", "fetch.writeCommitGraph"] {
        world.repo.git(&["config", key, "true"]);
    }
    world.repo.git(&["config", "remote.origin.tagOpt", "--tags"]);
    world.repo.git(&["update-ref", "refs/remotes/origin/stale", "HEAD"]);
    let main = world.repo.git(&["rev-parse", "HEAD"]);
    let (one, two) = (world.open_pull(PullRefs::GitHub, 1), world.open_pull(PullRefs::GitLab, 2));
    let three = world.open_pull(PullRefs::Azure, 3);
    world.repo.git_in(&world.remote, &["tag", "v9", &one]);
    let seen = world.seen();
    let checkout = checkout(&world.repo).await;
    let history = checkout.history();

    let names =
        ["refs/heads/main", "refs/pull/1/head", "refs/merge-requests/2/head", "refs/pull/1/head", &one];
    let found = history.fetch(&request(&names)).await.unwrap();
    assert_eq!(found, [&main, &one, &two, &one, &one].map(|id| Some(id.clone())));
    let merge = history.fetch(&request(&["refs/pull/3/merge"])).await.unwrap()[0].clone().unwrap();
    assert_eq!(history.resolve(&format!("{merge}^2")).await.unwrap(), Some(three));
    assert_eq!(history.merge_base(&main, &one).await.unwrap(), Some(main.clone()));
    assert_eq!(history.file(&two, "b.txt").await.unwrap(), Some(b"2\n".to_vec()));
    assert_eq!(world.seen(), seen, "branches, tags, what is known of remotes, files, settings");
    assert!(!world.repo.path(".git/FETCH_HEAD").exists());

    let refs = || world.repo.git(&["for-each-ref", "--format=%(refname)", "refs/patchwork"]);
    let mut kept = [&main, &one, &two, &merge].map(|id| format!("refs/patchwork/{RUN}/fetched/{id}"));
    kept.sort();
    assert_eq!(refs(), kept.join("\n"));
    world.repo.git(&["gc", "--quiet", "--prune=now"]);
    assert_eq!(history.files(&one).await.unwrap(), ["a.txt", "b.txt"]);
    checkout.remove().await.unwrap();
    assert_eq!(refs(), "");
}

#[tokio::test]
async fn a_commit_that_was_force_pushed_away_stays_beside_the_new_one() {
    let world = World::new().await;
    let old = world.open_pull(PullRefs::Gitea, 7);
    let history = history(&world.repo).await;
    let pull = request(&["refs/pull/7/head"]);
    assert_eq!(history.fetch(&pull).await.unwrap(), [Some(old.clone())]);
    let new = world.repo.commit_on("again", "again", &[("c.txt", Some("c\n"))]);
    world.repo.open_pull(&world.remote, PullRefs::Gitea, 7, "again", "main");
    assert_eq!(history.fetch(&pull).await.unwrap(), [Some(new.clone())]);
    world.repo.git(&["gc", "--quiet", "--prune=now"]);
    assert_eq!(history.changes(&old, &new).await.unwrap().len(), 2);
    let asked = world.server.fetches().len();
    assert_eq!(history.fetch(&request(&[&old, &new])).await.unwrap(), [Some(old), Some(new)]);
    assert_eq!(world.server.fetches().len(), asked, "the remote is not asked for commits that are here");
}

#[tokio::test]
async fn what_a_remote_lacks_is_told_and_the_rest_comes() {
    let world = World::new().await;
    let head = world.open_pull(PullRefs::GitHub, 1);
    world.repo.git_in(&world.remote, &["update-ref", "refs/blobs/x", "HEAD:a.txt"]);
    let history = history(&world.repo).await;
    let names = ["refs/heads/gone", "refs/pull/1/head", "refs/pull/2/head", NOBODY, "refs/blobs/x"];
    assert_eq!(history.fetch(&request(&names)).await.unwrap(), [None, Some(head), None, None, None]);
    assert_eq!(history.fetch(&request(&["refs/heads/gone"])).await.unwrap(), [None]);
    assert_eq!(history.fetch(&request(&[])).await.unwrap(), []);
    let left = world.repo.git(&["for-each-ref", "refs/patchwork/*/fetching"]);
    assert_eq!(left, "");
}

#[tokio::test]
async fn names_that_git_would_take_for_more_are_refused() {
    let world = World::new().await;
    let history = history(&world.repo).await;
    for name in [
        "main",
        "-x",
        "--upload-pack=touch x",
        "refs/heads/*",
        "refs/heads/a:refs/heads/b",
        "+refs/heads/main",
        "",
        "refs/heads/a\nb",
    ] {
        let failure = history.fetch(&request(&[name])).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Usage, "{name:?}: {failure}");
        assert!(failure.message.contains("is neither the full name of a reference"), "{failure}");
    }
    for remote in [
        "nope",
        "-x",
        "--upload-pack=x",
        "",
        "ext::sh -c x",
        "/srv/git/x",
        "../origin.git",
        "file:///etc",
        "https://h\n/x",
        "\u{1b}[31m",
    ] {
        let failure = history.fetch(&FetchRequest::new(remote, ["refs/heads/main"])).await.unwrap_err();
        assert!(failure.message.starts_with("there is no remote `"), "{remote:?}: {failure}");
        assert!(!failure.to_string().contains(['\n', '\u{1b}']), "{failure}");
    }
    let failure = history.fetch(&request(&[]).meeting(["main"])).await.unwrap_err();
    assert_eq!(failure.message, "`main` is not the whole id of a commit");
    assert_eq!(world.server.fetches(), [""; 0]);
}

#[tokio::test]
async fn a_fork_is_reached_by_its_url() {
    let world = World::new().await;
    let fork = world.repo.beside("fork.git");
    world.repo.git(&["clone", "--quiet", "--bare", world.remote.to_str().unwrap(), fork.to_str().unwrap()]);
    let head = world.repo.commit_on("topic", "topic", &[("b.txt", Some("b\n"))]);
    world.repo.git(&["push", "--quiet", fork.to_str().unwrap(), "topic"]);
    world.lose("topic", &[&head]);
    let request =
        FetchRequest::new(world.server.url("fork.git"), ["refs/heads/topic"]).credential(credential(TOKEN));
    assert_eq!(history(&world.repo).await.fetch(&request).await.unwrap(), [Some(head)]);
}

#[tokio::test]
async fn refused_missing_and_silent_remotes_are_told_apart_without_the_token() {
    let world = World::new().await;
    world.open_pull(PullRefs::GitHub, 1);
    let history = history(&world.repo).await;
    let pull = |remote: &str, token: Option<GitCredential>| {
        FetchRequest::new(remote, ["refs/pull/1/head"]).credential(token)
    };
    let refused = history.fetch(&pull("origin", credential("another-token-of-nobody"))).await.unwrap_err();
    let without = history.fetch(&pull("origin", None)).await.unwrap_err();
    for failure in [&refused, &without] {
        assert_eq!(failure.message, "nothing can be fetched from `origin`");
        assert_eq!(failure.causes[0], "the remote refuses the credentials");
        assert!(failure.hints[0].contains("may read this repository"), "{failure:?}");
    }
    let url = world.server.url("no-such-repository.git").replace("http://", "http://ada:password@");
    let gone = history.fetch(&pull(&url, None)).await.unwrap_err();
    assert!(!format!("{gone:?}").contains("password"), "{gone:?}");
    let url = world.server.url("origin.git");
    drop(world.server);
    let silent = history.fetch(&pull(&url, credential(TOKEN))).await.unwrap_err();
    assert_eq!(silent.kind, FailureKind::Unavailable);
    assert_eq!(silent.causes[0], "the remote can't be reached", "{silent:?}");
    for failure in [refused, without, gone, silent] {
        assert!(!format!("{failure:?}").contains(TOKEN) && !format!("{failure:?}").contains("another-token"));
    }
}

#[tokio::test]
async fn a_run_apart_fetches_into_its_own_repository() {
    let world = World::new().await;
    let head = world.open_pull(PullRefs::GitHub, 1);
    world.repo.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    let main = world.repo.git(&["rev-parse", "HEAD"]);
    let before = (world.seen(), world.repo.git(&["count-objects", "-v"]));
    let repository = Repository::discover(world.repo.root(), processes(&world.repo)).await.unwrap();
    let folder = world.repo.beside("apart");
    let checkout =
        GitCheckout::apart(world.repo.root(), repository.base(), &run_id(), &folder, processes(&world.repo))
            .await
            .unwrap();
    let history = checkout.history();
    assert_eq!(history.fetch(&request(&["refs/pull/1/head"])).await.unwrap(), [Some(head.clone())]);
    assert_eq!(history.changes(&main, &head).await.unwrap().len(), 1);
    assert_eq!((world.seen(), world.repo.git(&["count-objects", "-v"])), before);
    assert_eq!(world.repo.git(&["for-each-ref", "refs/patchwork"]), "");
    // Branches and remotes are those of the user; HEAD is the run's.
    assert_eq!(history.resolve("main").await.unwrap(), Some(main.clone()));
    assert_eq!(history.default_branch("origin").await.unwrap().as_deref(), Some("main"));
    world.repo.commit("the user goes on");
    assert_eq!(history.resolve("HEAD").await.unwrap(), Some(main));
    assert_eq!(history.resolve("HEAD~1").await.unwrap(), None);
}

#[tokio::test]
async fn a_replay_has_what_is_here_and_reaches_no_remote() {
    let world = World::new().await;
    let head = world.open_pull(PullRefs::GitHub, 1);
    let main = world.repo.git(&["rev-parse", "HEAD"]);
    let history = history(&world.repo).await.offline();
    assert_eq!(history.fetch(&request(&[&main])).await.unwrap(), [Some(main.clone())]);
    for name in ["refs/heads/main", &head] {
        let failure = history.fetch(&request(&[&main, name])).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(
            failure.message,
            format!("a replay reaches no remote, and `{name}` of `origin` is not recorded")
        );
    }
    assert_eq!(world.server.fetches(), [""; 0]);
}

#[tokio::test]
async fn many_fetches_at_once_do_not_stumble_over_each_other() {
    let world = World::new().await;
    let heads: Vec<String> = (1..=6).map(|number| world.open_pull(PullRefs::GitHub, number)).collect();
    let history = history(&world.repo).await;
    let mut tasks = tokio::task::JoinSet::new();
    for (number, head) in (1..).zip(heads) {
        let history = history.clone();
        tasks.spawn(async move {
            let found = history.fetch(&request(&[&format!("refs/pull/{number}/head")])).await.unwrap();
            assert_eq!(found, [Some(head)]);
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
}
