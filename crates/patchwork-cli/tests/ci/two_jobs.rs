//! What one job proposes another carries out: the action twice, with real git over HTTP and a stand-in for GitHub.

use patchwork_testkit::forge::ForgeServer;
use patchwork_testkit::git_http::GitHttp;
use patchwork_testkit::repo::TestRepo;

use crate::action::Job;
use crate::world::weak_repository;

const WRITER: &str = "ghs_token_that_may_write_0001";
const READER: &str = "ghs_token_that_may_only_read_1";
const SLUG: &str = "acme/shop";

#[test]
fn what_one_job_proposes_the_other_publishes() {
    let proposer = weak_repository();
    let hosted = proposer.beside("hosted");
    let bare = hosted.join(format!("{SLUG}.git"));
    std::fs::create_dir_all(bare.parent().unwrap()).unwrap();
    proposer.git(&["init", "--quiet", "--bare", "--initial-branch=main", bare.to_str().unwrap()]);
    proposer.git(&["push", "--quiet", bare.to_str().unwrap(), "main"]);
    let git = GitHttp::start(&hosted, WRITER);
    let forge = ForgeServer::github(SLUG, WRITER).unwrap();
    let options = format!("scm_url={}", forge.url());
    let origin = git.url(&format!("{SLUG}.git"));
    proposer.git(&["remote", "add", "origin", &origin]);

    let propose = [("patchflow", "AutoFix"), ("propose", "bundle.json"), ("options", options.as_str())];
    let proposed = Job::new(&proposer).with(&propose).with(&[("github_api_key", READER)]).run();
    proposed.assert_code(0);
    assert!(git.pushes().is_empty() && forge.pulls().is_empty(), "{}", proposed.log);
    let bundle = &proposed.outputs["bundle"];

    let applier = TestRepo::new();
    applier.git(&["fetch", "--quiet", bare.to_str().unwrap(), "main"]);
    applier.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
    applier.git(&["remote", "add", "origin", &origin]);
    let apply = [("apply", bundle.as_str()), ("options", options.as_str()), ("github_api_key", WRITER)];
    for _ in 0..2 {
        let applied = Job::new(&applier).with(&apply).run();
        applied.assert_code(0);
        let pulls = forge.pulls();
        assert_eq!(pulls.len(), 1);
        assert!(
            applied.outputs["pr_url"].ends_with(&format!("/{SLUG}/pull/{}", pulls[0].number)),
            "{:?}",
            applied.outputs
        );
        assert_ne!(applied.outputs["run_id"], proposed.outputs["run_id"]);
        assert_eq!(applied.annotations(), Vec::<String>::new());
        assert_eq!(git.pushes().len(), 1);
    }
    assert_eq!(forge.faults(), [""; 0]);

    // What the policy does not allow is not carried out, and the step says what it was.
    applier.write("strict.yml", "effects: { push: 0 }\n");
    let refused = Job::new(&applier).with(&apply).with(&[("policy", "strict.yml")]).run();
    refused.assert_code(6);
    assert_eq!(refused.annotations().len(), 1, "{:#?}", refused.annotations());
}
