//! Runs that are taken back: branch, pull request and refs are as before, and what others touched stays.

use std::collections::BTreeMap;

use patchwork_testkit::model::ModelServer;

use crate::github::{Hosted, TOKEN};
use crate::world::{Ran, World, fixing};

/// Every ref of the remote.
fn remote_refs(hosted: &Hosted) -> String {
    let bare = hosted.world.repo.beside("hosted").join("acme/shop.git");
    hosted.world.repo.git_in(&bare, &["for-each-ref", "--format=%(refname) %(objectname)"])
}

fn local_refs(hosted: &Hosted) -> String {
    hosted.world.repo.git(&["for-each-ref", "--format=%(refname) %(objectname)"])
}

fn undo(hosted: &Hosted, run: &str, more: &[&str]) -> Ran {
    let mut command = hosted.world.patchwork(&["undo", run]);
    World::output(command.arg(format!("github_api_key={TOKEN}")).args(more))
}

/// A run, and the state that it found.
struct Before {
    local: String,
    remote: String,
    belongings: BTreeMap<String, Vec<u8>>,
}

fn before(hosted: &Hosted) -> Before {
    Before {
        local: local_refs(hosted),
        remote: remote_refs(hosted),
        belongings: hosted.world.repo.belongings(),
    }
}

fn assert_as(hosted: &Hosted, before: &Before) {
    assert_eq!(local_refs(hosted), before.local);
    assert_eq!(remote_refs(hosted), before.remote);
    assert_eq!(hosted.world.repo.changed_since(&before.belongings), [""; 0]);
}

#[test]
fn a_run_is_taken_back_after_it_was_shown() {
    let hosted = Hosted::new(World::with_five_findings());
    let before = before(&hosted);
    let server = ModelServer::start(fixing);
    hosted.autofix(&server, &[]).assert_code(0);
    let run = hosted.world.newest_run();
    let after = (local_refs(&hosted), remote_refs(&hosted));
    assert!(after.1.contains("refs/heads/autofix-main"), "{after:?}");

    let shown = undo(&hosted, &run, &[]);
    shown.assert_code(0);
    let url = format!("{}/acme/shop/pull/1", hosted.forge.url());
    let text = shown.stdout.replace(&url, "PULL").replace(&run, "RUN");
    insta::assert_snapshot!(text, @r"
    undo       pull request PULL: close it
    undo       branch autofix-main of origin: delete it
    undo       branch autofix-main: delete it
    undo       the commits that the run keeps (refs/patchwork/RUN): drop them
    ");
    assert!(shown.stderr.contains(&format!("patchwork undo {run} --yes")), "{}", shown.stderr);
    assert_eq!((local_refs(&hosted), remote_refs(&hosted)), after, "showing changes nothing");
    assert!(hosted.forge.pulls()[0].open);

    let done = undo(&hosted, &run, &["--yes"]);
    done.assert_code(0);
    assert_as(&hosted, &before);
    assert!(!hosted.forge.pulls()[0].open);

    let again = undo(&hosted, &run, &["--yes"]);
    again.assert_code(0);
    assert!(!again.stdout.contains("undone"), "{}", again.stdout);
    assert_as(&hosted, &before);
}

#[test]
fn what_a_later_run_changed_goes_back_to_what_the_first_left() {
    let hosted = Hosted::new(World::with_five_findings());
    let first = ModelServer::start(fixing);
    hosted.autofix(&first, &["branch_suffix=-x", "pr_header=The first."]).assert_code(0);
    let middle = before(&hosted);
    let said = hosted.forge.pulls()[0].body.clone();
    let older = hosted.world.newest_run();

    let server = ModelServer::start(fixing);
    let more = ["branch_suffix=-x", "pr_header=The second.", "vulnerability_limit=2"];
    hosted.autofix(&server, &more).assert_code(0);
    let newer = hosted.world.newest_run();
    assert_ne!(local_refs(&hosted), middle.local);

    // The older one's branch and pull request are the newer one's by now.
    let shown = undo(&hosted, &older, &["--yes"]);
    shown.assert_code(1);
    assert!(shown.stderr.contains("its text was changed since"), "{}", shown.stderr);
    assert!(shown.stderr.contains("where the run did not leave it"), "{}", shown.stderr);

    undo(&hosted, &newer, &["--yes"]).assert_code(0);
    assert_as(&hosted, &middle);
    let pull = &hosted.forge.pulls()[0];
    assert_eq!((pull.open, &pull.body), (true, &said));
    undo(&hosted, &older, &["--yes"]).assert_code(0);
    assert!(!hosted.forge.pulls()[0].open);
    assert!(!remote_refs(&hosted).contains("autofix"), "{}", remote_refs(&hosted));
    assert!(!local_refs(&hosted).contains("autofix"), "{}", local_refs(&hosted));
}

#[test]
fn what_others_did_since_stays() {
    let hosted = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);
    hosted.autofix(&server, &[]).assert_code(0);
    let run = hosted.world.newest_run();
    // Somebody goes on with both branches.
    let repo = &hosted.world.repo;
    let theirs = repo.git(&["commit-tree", "-m", "theirs", "-p", "autofix-main", "autofix-main^{tree}"]);
    let bare = repo.beside("hosted").join("acme/shop.git");
    repo.git(&["push", "-q", bare.to_str().unwrap(), &format!("{theirs}:autofix-main")]);
    repo.git(&["update-ref", "refs/heads/autofix-main", &theirs]);
    let (local, remote) = (local_refs(&hosted), remote_refs(&hosted));

    let done = undo(&hosted, &run, &["--yes"]);
    done.assert_code(1);
    assert!(done.stderr.contains("not all of the run could be taken back"), "{}", done.stderr);
    assert!(!hosted.forge.pulls()[0].open, "the pull request itself is the run's own");
    assert_eq!((local_refs(&hosted), remote_refs(&hosted)), (local, remote));
}

#[test]
fn a_token_is_asked_for_and_nothing_is_done_without() {
    let hosted = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);
    hosted.autofix(&server, &[]).assert_code(0);
    let run = hosted.world.newest_run();
    let after = (local_refs(&hosted), remote_refs(&hosted));
    let ran = hosted.world.run(&["undo", &run, "--yes"]);
    ran.assert_code(2);
    assert!(ran.stderr.contains("github_api_key"), "{}", ran.stderr);
    assert_eq!((local_refs(&hosted), remote_refs(&hosted)), after);
}

#[test]
fn a_run_that_left_nothing_says_so() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let server = ModelServer::start(fixing);
    world.autofix(&server, &["dry_run=true"]).assert_code(0);
    let ran = world.run(&["undo", &world.newest_run()]);
    ran.assert_code(0);
    assert!(ran.stderr.contains("left nothing that could be taken back"), "{}", ran.stderr);
    world.assert_untouched(&before);
    world.run(&["undo", "gone"]).assert_code(2);
}

#[test]
fn commits_without_a_branch_and_a_moved_branch_go_as_well() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let refs = || world.repo.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
    let start = refs();
    world.autofix(&server, &["disable_branch=true"]).assert_code(0);
    assert_ne!(refs(), start);
    world.run(&["undo", &world.newest_run(), "--yes"]).assert_code(0);
    assert_eq!(refs(), start);

    // A branch of the user's that the run moved comes back.
    let own = world.repo.git(&["commit-tree", "-m", "own", "main^{tree}"]);
    world.repo.git(&["branch", "autofix-main", &own]);
    let start = refs();
    let ran = world.autofix(&server, &[]);
    ran.assert_code(0);
    assert_ne!(refs(), start);
    // In use: nobody's feet are pulled away.
    let elsewhere = world.repo.beside("elsewhere");
    world.repo.git(&["worktree", "add", "-q", elsewhere.to_str().unwrap(), "autofix-main"]);
    let run = world.newest_run();
    let ran = world.run(&["undo", &run, "--yes"]);
    assert_ne!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stderr.contains("in use in"), "{}", ran.stderr);
    world.repo.git(&["worktree", "remove", "--force", elsewhere.to_str().unwrap()]);
    world.run(&["undo", &run, "--yes"]).assert_code(0);
    assert_eq!(refs(), start);
}

#[test]
fn a_run_killed_at_any_record_is_taken_back() {
    for record in 1.. {
        let hosted = Hosted::new(World::with_five_findings());
        let before = before(&hosted);
        let server = ModelServer::start(fixing);
        let mut command = hosted.world.patchwork(&[]);
        command
            .args(hosted.args(&server))
            .args(["concurrency=1", "vulnerability_limit=1"])
            .env("PATCHWORK_CRASH_AFTER_RECORD", record.to_string());
        let ran = World::output(&mut command);
        // Before the first record there is no run.
        if hosted.world.run(&["runs"]).stdout.is_empty() {
            continue;
        }
        undo(&hosted, &hosted.world.newest_run(), &["--yes"]).assert_code(0);
        assert_as(&hosted, &before);
        assert!(hosted.forge.pulls().iter().all(|pull| !pull.open), "killed at record {record}");
        if ran.code == Some(0) {
            assert!(record > 10, "the run made only {record} records");
            return;
        }
    }
}
