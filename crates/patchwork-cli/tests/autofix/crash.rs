//! The process is killed (SIGKILL) behind every record of its journal and resumed: nothing is paid or pushed twice, and
//! the result is the same as without the kill.

use std::collections::BTreeSet;

use patchwork_testkit::model::ModelServer;

use crate::github::Hosted;
use crate::world::{World, fixing};

/// What a run left behind, without what depends on the time it was made.
#[derive(Debug, PartialEq)]
struct Left {
    tree: String,
    messages: String,
    title: String,
    body: String,
    tip: String,
}

impl Left {
    fn by(hosted: &Hosted) -> Self {
        let repo = &hosted.world.repo;
        let pulls = hosted.forge.pulls();
        assert_eq!(pulls.len(), 1, "one pull request");
        assert_eq!(hosted.git.pushes().len(), 1, "one push");
        let tip = repo.git(&["rev-parse", "autofix-main^{tree}"]);
        assert_eq!(hosted.remote_tip("autofix-main^{tree}"), tip);
        Self {
            tree: tip.clone(),
            messages: repo.git(&["log", "--format=%an %ae %B", "main..autofix-main"]),
            title: pulls[0].title.clone(),
            body: pulls[0].body.clone(),
            tip,
        }
    }
}

/// One call at a time: what is under way while the process is killed can't be recorded by anyone.
const ONE_BY_ONE: &[&str] = &["concurrency=1"];

#[test]
fn a_run_killed_at_any_record_resumes_without_paying_or_pushing_twice() {
    let calm = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);
    calm.autofix(&server, ONE_BY_ONE).assert_code(0);
    let expected = Left::by(&calm);
    assert_eq!(server.count(), 5);

    let mut boundaries = 0;
    for record in 1.. {
        let hosted = Hosted::new(World::with_five_findings());
        let server = ModelServer::start(fixing);
        let before = hosted.world.repo.belongings();
        let mut command = hosted.world.patchwork(&[]);
        command
            .args(hosted.args(&server))
            .args(ONE_BY_ONE)
            .env("PATCHWORK_CRASH_AFTER_RECORD", record.to_string());
        let killed = World::output(&mut command);
        if killed.signal != Some(9) {
            // The run has fewer records than this: every boundary was tried.
            killed.assert_code(0);
            break;
        }
        boundaries += 1;
        assert_unchanged(&hosted, &before, record);

        let run = hosted.world.newest_run();
        let mut resume = hosted.world.patchwork(&["resume", &run]);
        resume
            .arg(format!("openai_api_key={}", crate::world::KEY))
            .arg(format!("github_api_key={}", crate::github::TOKEN));
        World::output(&mut resume).assert_code(0);

        assert_eq!(server.count(), 5, "killed behind record {record}: a call was made twice or left out");
        let asked: BTreeSet<String> = server.requests().iter().map(crate::world::excerpt).collect();
        assert_eq!(asked.len(), 5, "killed behind record {record}");
        assert_eq!(Left::by(&hosted), expected, "killed behind record {record}");
        assert_unchanged(&hosted, &before, record);
        let worktrees = hosted.world.repo.git(&["worktree", "list", "--porcelain"]);
        assert_eq!(worktrees.matches("worktree ").count(), 1, "killed behind record {record}: {worktrees}");
    }
    assert!(boundaries > 15, "only {boundaries} boundaries were tried");
}

fn assert_unchanged(hosted: &Hosted, before: &std::collections::BTreeMap<String, Vec<u8>>, record: u64) {
    let mut now = hosted.world.repo.belongings();
    now.retain(|name, _| !name.contains("autofix-main"));
    assert!(now == *before, "killed behind record {record}: the user's checkout changed");
}
