//! Remotes and forges that are not as one would wish: what can be known before a model is paid, and what can't.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use patchwork_testkit::model::ModelServer;

use crate::github::{Hosted, TOKEN};
use crate::world::{KEY, Ran, World, fixing};

fn bare(hosted: &Hosted) -> PathBuf {
    hosted.world.repo.beside("hosted").join("acme/shop.git")
}

/// Makes the remote say this about every push, and refuse it.
fn refuse_pushes(hosted: &Hosted, words: &str) -> PathBuf {
    let hook = bare(hosted).join("hooks/pre-receive");
    std::fs::write(&hook, format!("#!/bin/sh\necho '{words}' >&2\nexit 1\n")).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
    hook
}

fn resume(hosted: &Hosted) -> Ran {
    let run = hosted.world.newest_run();
    let mut command = hosted.world.patchwork(&["resume", &run]);
    let keys = [format!("openai_api_key={KEY}"), format!("github_api_key={TOKEN}")];
    World::output(command.args(keys))
}

/// Somebody's commit on the remote's branch `autofix-main`.
fn foreign_work(hosted: &Hosted) -> String {
    let repo = &hosted.world.repo;
    let colleague = repo.beside("colleague");
    repo.git(&["clone", "--quiet", bare(hosted).to_str().unwrap(), colleague.to_str().unwrap()]);
    repo.git_in(&colleague, &["checkout", "--quiet", "-b", "autofix-main"]);
    std::fs::write(colleague.join("theirs.txt"), "theirs\n").unwrap();
    repo.git_in(&colleague, &["add", "theirs.txt"]);
    repo.git_in(&colleague, &["commit", "--quiet", "-m", "theirs"]);
    repo.git_in(&colleague, &["push", "--quiet", "origin", "autofix-main"]);
    repo.git_in(&colleague, &["rev-parse", "HEAD"])
}

#[test]
fn a_detached_head_has_no_pull_request_until_its_base_is_named() {
    let hosted = Hosted::new(World::with_five_findings());
    hosted.world.repo.git(&["checkout", "--quiet", "--detach"]);
    let before = hosted.world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = hosted.autofix(&server, &["branch_suffix=-loose"]);
    ran.assert_code(0);
    assert!(ran.stderr.contains("HEAD is detached: give base_branch"), "{}", ran.stderr);
    assert!(hosted.git.pushes().is_empty() && hosted.forge.pulls().is_empty());

    hosted.autofix(&server, &["base_branch=main"]).assert_code(0);
    let pulls = hosted.forge.pulls();
    assert_eq!((pulls[0].base.as_str(), pulls[0].head.as_str()), ("main", "autofix-main"));
    let short = hosted.world.repo.git(&["rev-parse", "--short=8", "main"]);
    let loose = format!("refs/heads/autofix-{short}-loose");
    assert_eq!(hosted.world.repo.changed_since(&before), [loose.as_str(), "refs/heads/autofix-main"]);
}

#[test]
fn a_shallow_clone_opens_and_updates_a_pull_request() {
    let world = World::with_five_findings();
    world.repo.write("README.md", "# A project with a history\n");
    world.repo.commit("second");
    let hosted = Hosted::new(world);
    let repo = &hosted.world.repo;
    repo.git(&["fetch", "--quiet", "--depth=1", &format!("file://{}", bare(&hosted).display()), "main"]);
    assert_eq!(repo.git(&["rev-list", "--count", "main"]), "1");
    let before = repo.belongings();
    let server = ModelServer::start(fixing);

    for _ in 0..2 {
        hosted.autofix(&server, &[]).assert_code(0);
        assert_eq!(hosted.forge.pulls().len(), 1);
        assert_eq!(hosted.remote_tip("autofix-main"), repo.git(&["rev-parse", "autofix-main"]));
        assert_eq!(repo.changed_since(&before), ["refs/heads/autofix-main"]);
    }
}

#[test]
fn without_a_remote_or_a_token_the_fixes_stay_on_a_local_branch() {
    for (missing, said) in [("remote", "has no remote `origin`"), ("token", "GITHUB_TOKEN")] {
        let hosted = Hosted::new(World::with_five_findings());
        let mut args: Vec<String>;
        let server = ModelServer::start(fixing);
        args = hosted.args(&server);
        if missing == "remote" {
            hosted.world.repo.git(&["remote", "remove", "origin"]);
        } else {
            args.retain(|arg| !arg.starts_with("github_api_key="));
        }
        let before = hosted.world.repo.belongings();

        let ran = World::output(hosted.world.patchwork(&[]).args(args));

        ran.assert_code(0);
        assert!(ran.stderr.contains(said), "{missing}: {}", ran.stderr);
        assert!(ran.stderr.contains("the local branch autofix-main"), "{}", ran.stderr);
        assert_eq!(hosted.world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
        assert!(hosted.git.pushes().is_empty() && hosted.forge.pulls().is_empty());
    }
}

#[test]
fn a_remote_that_is_gone_is_found_out_before_a_model_is_paid() {
    let hosted = Hosted::new(World::with_five_findings());
    std::fs::remove_dir_all(bare(&hosted)).unwrap();
    let before = hosted.world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = hosted.autofix(&server, &[]);

    ran.assert_code(4);
    assert!(ran.stderr.contains("there is no repository at the remote"), "{}", ran.stderr);
    assert!(ran.stderr.contains("git remote -v") && !ran.stderr.contains(TOKEN), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
    assert_eq!(hosted.world.repo.changed_since(&before), [""; 0]);
}

#[test]
fn somebody_elses_work_on_the_remote_branch_is_left_alone_before_a_model_is_paid() {
    let hosted = Hosted::new(World::with_five_findings());
    let theirs = foreign_work(&hosted);
    let before = hosted.world.repo.belongings();
    let server = ModelServer::start(fixing);

    let ran = hosted.autofix(&server, &[]);

    ran.assert_code(6);
    assert!(ran.stderr.contains("is not Patchwork's own: it is left alone"), "{}", ran.stderr);
    assert!(ran.stderr.contains("branch_suffix"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
    assert_eq!(hosted.remote_tip("autofix-main"), theirs);
    assert_eq!(hosted.world.repo.changed_since(&before), [""; 0]);
    assert!(hosted.git.pushes().is_empty() && hosted.forge.pulls().is_empty());
}

#[test]
fn work_that_somebody_pushes_while_the_model_thinks_is_left_alone() {
    use std::sync::{Arc, Mutex};
    let hosted = Hosted::new(World::with_five_findings());
    let world = &hosted.world;
    let (remote, colleague) = (bare(&hosted), world.repo.beside("colleague"));
    world.repo.git(&["clone", "--quiet", remote.to_str().unwrap(), colleague.to_str().unwrap()]);
    world.repo.git_in(&colleague, &["commit", "--quiet", "--allow-empty", "-m", "theirs"]);
    let theirs = world.repo.git_in(&colleague, &["rev-parse", "HEAD"]);
    let environment = world.repo.environment();
    let push_once = Arc::new(Mutex::new(Some(move || {
        let mut git = std::process::Command::new("git");
        git.args(["push", "--quiet", "origin", "HEAD:refs/heads/autofix-main"]);
        let status = git.current_dir(&colleague).env_clear().envs(environment).status().unwrap();
        assert!(status.success());
    })));
    let before = world.repo.belongings();
    let server = ModelServer::start(move |request| {
        if let Some(push) = push_once.lock().unwrap().take() {
            push();
        }
        fixing(request)
    });

    let ran = hosted.autofix(&server, &[]);

    ran.assert_code(6);
    assert!(ran.stderr.contains("is not Patchwork's own"), "{}", ran.stderr);
    assert_eq!(hosted.remote_tip("autofix-main"), theirs);
    assert!(hosted.forge.pulls().is_empty());
    assert_eq!(world.repo.changed_since(&before), ["refs/heads/autofix-main"], "the fixes are not lost");
    server.assert_polite();
}

#[test]
fn a_push_that_is_refused_is_made_up_for_without_paying_again() {
    for (words, said) in [
        ("Not on a Friday.", "the remote rejected the push"),
        ("GH006: Protected branch update failed.", "the remote protects this branch"),
    ] {
        let hosted = Hosted::new(World::with_five_findings());
        let hook = refuse_pushes(&hosted, words);
        let before = hosted.world.repo.belongings();
        let server = ModelServer::start(fixing);

        let ran = hosted.autofix(&server, &[]);
        ran.assert_code(4);
        for part in
            [said, words, "go on with: patchwork resume", "`autofix-main` can't be pushed to `origin`"]
        {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
        assert!(!ran.stderr.contains(TOKEN), "{}", ran.stderr);
        assert!(hosted.forge.pulls().is_empty());
        assert_eq!(hosted.world.repo.changed_since(&before), ["refs/heads/autofix-main"]);

        std::fs::remove_file(hook).unwrap();
        resume(&hosted).assert_code(0);
        assert_eq!(server.count(), 5);
        assert_eq!(hosted.forge.pulls().len(), 1);
        let tip = hosted.world.repo.git(&["rev-parse", "autofix-main"]);
        assert_eq!(hosted.remote_tip("autofix-main"), tip);
        assert_eq!(hosted.world.repo.changed_since(&before), ["refs/heads/autofix-main"]);
    }
}
