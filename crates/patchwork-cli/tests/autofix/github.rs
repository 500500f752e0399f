//! With a pull request: real git over HTTP, and a stand-in for GitHub's API that judges every request.

use patchwork_testkit::forge::ForgeServer;
use patchwork_testkit::git_http::GitHttp;
use patchwork_testkit::model::ModelServer;

use crate::world::{KEY, Ran, World, fixing};

pub(crate) const TOKEN: &str = "ghp_test_token_that_is_long_enough";
const SLUG: &str = "acme/shop";

/// A world whose repository has a remote behind HTTP and a forge that knows it.
pub(crate) struct Hosted {
    pub(crate) world: World,
    pub(crate) git: GitHttp,
    pub(crate) forge: ForgeServer,
}

impl Hosted {
    pub(crate) fn new(world: World) -> Self {
        let hosted = world.repo.beside("hosted");
        let bare = hosted.join(format!("{SLUG}.git"));
        std::fs::create_dir_all(bare.parent().unwrap()).unwrap();
        world.repo.git(&["init", "-q", "--bare", "-b", "main", bare.to_str().unwrap()]);
        world.repo.git(&["push", "-q", bare.to_str().unwrap(), "main"]);
        let git = GitHttp::start(&hosted, TOKEN);
        world.repo.git(&["remote", "add", "origin", &git.url(&format!("{SLUG}.git"))]);
        let forge = ForgeServer::github(SLUG, TOKEN).unwrap();
        Self { world, git, forge }
    }

    /// The options that lead to the forge and the model.
    pub(crate) fn args(&self, server: &ModelServer) -> Vec<String> {
        vec![
            "AutoFix".to_owned(),
            format!("sarif_file_path={}", self.world.sarif().display()),
            format!("client_base_url={}", server.openai_url()),
            format!("openai_api_key={KEY}"),
            "model=gpt-4o".to_owned(),
            format!("scm_url={}", self.forge.url()),
            format!("github_api_key={TOKEN}"),
        ]
    }

    pub(crate) fn autofix(&self, server: &ModelServer, more: &[&str]) -> Ran {
        let mut command = self.world.patchwork(&[]);
        World::output(command.args(self.args(server)).args(more))
    }

    /// The commit of the branch on the remote.
    pub(crate) fn remote_tip(&self, branch: &str) -> String {
        let bare = self.world.repo.beside("hosted").join(format!("{SLUG}.git"));
        self.world.repo.git_in(&bare, &["rev-parse", branch])
    }
}

#[test]
fn a_pull_request_is_opened_once_and_updated_after() {
    let hosted = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);

    hosted.autofix(&server, &[]).assert_code(0);

    let pulls = hosted.forge.pulls();
    assert_eq!(pulls.len(), 1);
    assert_eq!((pulls[0].base.as_str(), pulls[0].head.as_str()), ("main", "autofix-main"));
    assert_eq!(pulls[0].title, "PatchWork AutoFix");
    assert_eq!(hosted.remote_tip("autofix-main"), hosted.world.repo.git(&["rev-parse", "autofix-main"]));
    insta::assert_snapshot!(pulls[0].body, @r####"
    This pull request from patchwork fixes 5 findings.

    <details>
    <summary><code>a.py</code> · 2 changes</summary>

    #### Use SHA-256

    SHA-256 in place of MD5.

    - **Finding:** `weak-hash` (high), line 6: MD5 is broken
    - **Compatibility risk:** low
    - **Evidence:** L0, applies and parses: ✅ parses (Python)

    #### Use SHA-256

    SHA-256 in place of MD5.

    - **Finding:** `weak-hash` (high), line 12: MD5 is broken
    - **Compatibility risk:** low
    - **Evidence:** L0, applies and parses: ✅ parses (Python)

    </details>

    <details>
    <summary><code>lib/b.py</code> · 2 changes</summary>

    #### Use SHA-256

    SHA-256 in place of MD5.

    - **Finding:** `weak-hash` (high), line 6: MD5 is broken
    - **Compatibility risk:** low
    - **Evidence:** L0, applies and parses: ✅ parses (Python)

    #### Use SHA-256

    SHA-256 in place of MD5.

    - **Finding:** `weak-hash` (high), line 12: MD5 is broken
    - **Compatibility risk:** low
    - **Evidence:** L0, applies and parses: ✅ parses (Python)

    </details>

    <details>
    <summary><code>lib/c.py</code></summary>

    #### Use SHA-256

    SHA-256 in place of MD5.

    - **Finding:** `weak-hash` (high), line 6: MD5 is broken
    - **Compatibility risk:** low
    - **Evidence:** L0, applies and parses: ✅ parses (Python)

    </details>
    "####);

    hosted.autofix(&server, &[]).assert_code(0);
    assert_eq!(hosted.forge.pulls().len(), 1);
    assert_eq!(hosted.remote_tip("autofix-main"), hosted.world.repo.git(&["rev-parse", "autofix-main"]));
}

#[test]
fn with_disable_pr_nothing_is_pushed() {
    let hosted = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);
    for more in
        [&["disable_pr=true"][..], &["disable_pr=true", "disable_branch=true"], &["disable_branch=true"]]
    {
        hosted.autofix(&server, more).assert_code(0);
        assert!(hosted.git.pushes().is_empty(), "{more:?} pushed");
        assert!(hosted.forge.pulls().is_empty(), "{more:?} opened a pull request");
    }
}

#[test]
fn a_token_that_is_not_accepted_ends_the_run_before_a_model_is_paid() {
    let hosted = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);
    let ran = hosted.autofix(&server, &["github_api_key=ghp_another_token_of_somebody"]);
    ran.assert_code(4);
    assert!(ran.stderr.contains("github_api_key"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
}
