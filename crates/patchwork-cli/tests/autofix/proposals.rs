//! Two jobs: one that runs without a token and proposes, and one with a token that checks and carries out.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use patchwork_testkit::model::ModelServer;
use serde_json::{Value, json};

use crate::github::{Hosted, TOKEN};
use crate::world::{Ran, World, fixing};

/// A token that neither the forge nor the remote takes: it only tells which kind of forge this server is.
const READER: &str = "ghp_reader_that_may_do_nothing";

/// A run that proposed, and the file that it wrote.
struct Proposed {
    hosted: Hosted,
    file: PathBuf,
}

impl Proposed {
    fn new() -> Self {
        let hosted = Hosted::new(World::with_five_findings());
        let server = ModelServer::start(fixing);
        let file = hosted.world.repo.beside("reports").join("bundle");
        let mut args = hosted.args(&server);
        args.retain(|arg| !arg.starts_with("github_api_key="));
        args.push(format!("github_api_key={READER}"));
        let mut command = hosted.world.patchwork(&["--propose", file.to_str().unwrap()]);
        World::output(command.args(args)).assert_code(0);
        Self { hosted, file }
    }

    /// Another clone of the repository, on another machine.
    fn other(&self) -> World {
        let world = World::new(&[]);
        let bare = self.hosted.world.repo.beside("hosted").join("acme/shop.git");
        world.repo.git(&["fetch", "--quiet", bare.to_str().unwrap(), "main"]);
        world.repo.git(&["reset", "--quiet", "--hard", "FETCH_HEAD"]);
        world.repo.git(&["remote", "add", "origin", &self.hosted.git.url("acme/shop.git")]);
        world
    }

    fn apply(&self, world: &World, file: &Path, more: &[&str]) -> Ran {
        let mut command = world.patchwork(&["apply", file.to_str().unwrap()]);
        command.args(self.secrets()).args(more);
        World::output(&mut command)
    }

    fn secrets(&self) -> [String; 2] {
        [format!("scm_url={}", self.hosted.forge.url()), format!("github_api_key={TOKEN}")]
    }

    fn bundle(&self) -> Value {
        let mut json = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&self.file).unwrap())
            .read_to_string(&mut json)
            .unwrap();
        serde_json::from_str(&json).unwrap()
    }

    fn remote_refs(&self) -> String {
        let bare = self.hosted.world.repo.beside("hosted").join("acme/shop.git");
        self.hosted.world.repo.git_in(&bare, &["for-each-ref", "--format=%(refname)"])
    }
}

#[test]
fn what_is_proposed_and_applied_is_what_a_direct_run_does() {
    let direct = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);
    direct.autofix(&server, &[]).assert_code(0);

    let proposed = Proposed::new();
    assert!(proposed.hosted.git.pushes().is_empty() && proposed.hosted.forge.requests().is_empty());
    let bundle = proposed.bundle();
    assert_eq!(bundle["effects"][0]["effect"], "push");
    assert_eq!(bundle["effects"][1]["effect"], "pull_request");
    assert_eq!(bundle["evidence"]["counts"]["fixed"], 5);
    assert!(!bundle.to_string().contains(READER) && !bundle.to_string().contains(crate::world::KEY));

    let world = proposed.other();
    let before = world.repo.belongings();
    let shown = proposed.apply(&world, &proposed.file, &["--dry-run"]);
    shown.assert_code(0);
    for said in
        ["push to origin/autofix-main", "pull request of autofix-main into main", "a.py", "policy allows"]
    {
        assert!(shown.stderr.contains(said), "{said}: {}", shown.stderr);
    }
    assert!(proposed.hosted.forge.pulls().is_empty() && proposed.hosted.git.pushes().is_empty());

    for _ in 0..2 {
        let applied = proposed.apply(&world, &proposed.file, &[]);
        applied.assert_code(0);
        let pulls = proposed.hosted.forge.pulls();
        assert_eq!(pulls.len(), 1);
        assert_eq!(
            (&pulls[0].title, &pulls[0].body),
            (&direct.forge.pulls()[0].title, &direct.forge.pulls()[0].body)
        );
        assert_eq!(proposed.hosted.git.pushes().len(), 1, "the second time changes nothing");
    }
    let tree = "autofix-main^{tree}";
    assert_eq!(proposed.hosted.remote_tip(tree), direct.remote_tip(tree));
    assert_eq!(proposed.hosted.remote_tip("autofix-main"), bundle["commits"][2]["id"]);
    assert_eq!(world.repo.changed_since(&before), [""; 0], "the clone's own branches and files stay");
    assert_eq!(proposed.hosted.forge.faults(), [""; 0]);

    // It is taken back like any other run.
    let run = world.newest_run();
    let first = world.run(&["runs", "--format", "json"]);
    let runs: Value = serde_json::from_str(&first.stdout).unwrap();
    let first = runs.as_array().unwrap().iter().rev().find(|run| run["patchflow"] == "Apply").unwrap();
    assert_ne!(first["id"], run.as_str());
    let mut undo = world.patchwork(&["undo", first["id"].as_str().unwrap(), "--yes"]);
    World::output(undo.arg(format!("github_api_key={TOKEN}"))).assert_code(0);
    assert!(!proposed.hosted.forge.pulls()[0].open);
    assert!(!proposed.remote_refs().contains("autofix"), "{}", proposed.remote_refs());
}

#[test]
fn a_bundle_that_is_applied_and_killed_at_any_record_is_applied_once() {
    let proposed = Proposed::new();
    for record in 1.. {
        let world = proposed.other();
        let mut command = world.patchwork(&["apply", proposed.file.to_str().unwrap()]);
        command.args(proposed.secrets()).env("PATCHWORK_CRASH_AFTER_RECORD", record.to_string());
        let killed = World::output(&mut command);
        if killed.signal == Some(9) {
            proposed.apply(&world, &proposed.file, &[]).assert_code(0);
        } else {
            killed.assert_code(0);
        }
        let pulls = proposed.hosted.forge.pulls();
        let open: Vec<_> = pulls.iter().filter(|pull| pull.open).collect();
        assert_eq!(open.len(), 1, "killed behind record {record}");
        if killed.signal != Some(9) {
            assert!(record > 4, "only {record} records");
            return;
        }
        // For the next: as if nothing had been applied.
        let bare = proposed.hosted.world.repo.beside("hosted").join("acme/shop.git");
        proposed.hosted.world.repo.git_in(&bare, &["update-ref", "-d", "refs/heads/autofix-main"]);
        proposed.hosted.forge.close(open[0].number);
    }
}

#[test]
fn a_bundle_that_was_changed_is_refused_with_all_that_is_wrong() {
    let proposed = Proposed::new();
    let world = proposed.other();
    let good = proposed.bundle();
    let blob = |text: &str| json!(STANDARD.encode(text));
    let comment = |number: u64, body: &str| json!({"effect": "comment", "on": {"kind": "pull_request", "number": number}, "mark": {"name": "x"}, "body": body});
    let check = |commit: &str| json!({"effect": "check", "commit": commit, "name": "Patchwork", "conclusion": "success", "title": "Fine", "summary": ""});
    let codeql = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"CodeQL"}},"results":[]}]}"#;
    type Change<'a> = Box<dyn Fn(&mut Value) + 'a>;
    let cases: Vec<(&str, Change<'_>)> = vec![
        (
            "it is for https://github.com/acme/other",
            Box::new(|b| b["repository"]["remote_url"] = json!("https://github.com/acme/other")),
        ),
        (
            "leads out of its folder",
            Box::new(|b| b["commits"][0]["files"][0]["path"] = json!("../../etc/passwd")),
        ),
        (
            "leads into git's own folder",
            Box::new(|b| b["commits"][0]["files"][0]["path"] = json!(".git/hooks/x")),
        ),
        (
            ".github/workflows/x.yml is protected",
            Box::new(|b| b["commits"][0]["files"][0]["path"] = json!(".github/workflows/x.yml")),
        ),
        ("is a symbolic link", Box::new(|b| b["commits"][0]["files"][0]["mode"] = json!("120000"))),
        (
            "does not come out as the bundle says",
            Box::new(|b| b["commits"][0]["files"][0]["content"] = blob("evil")),
        ),
        (
            "the author of commit",
            Box::new(|b| {
                let object = b["commits"][0]["object"]
                    .as_str()
                    .unwrap()
                    .replace("author patched.codes[bot]", "author Linus");
                b["commits"][0]["object"] = json!(object);
            }),
        ),
        (
            "the message of a commit mentions `@all`",
            Box::new(|b| {
                let object = format!("{}\nthanks @all\n", b["commits"][0]["object"].as_str().unwrap());
                b["commits"][0]["object"] = json!(object);
            }),
        ),
        ("never pushed to", Box::new(|b| b["effects"][0]["branch"] = json!("main"))),
        (
            "the branch is protected by `gh-pages`",
            Box::new(|b| b["effects"][0]["branch"] = json!("gh-pages")),
        ),
        ("pushes to `origin` only", Box::new(|b| b["effects"][0]["remote"] = json!("https://evil.test/x"))),
        (
            "its commits are not those that it pushes",
            Box::new(|b| b["effects"][0]["commit"] = b["repository"]["base"].clone()),
        ),
        (
            "its branch is not pushed by this bundle",
            Box::new(|b| b["effects"][1]["head"] = json!("somebody-elses")),
        ),
        ("mentions `@acme/admins`", Box::new(|b| b["effects"][1]["body"] = json!("hi @acme/admins"))),
        ("closes `#1`", Box::new(|b| b["effects"][1]["body"] = json!("Fixes #1"))),
        (
            "leads to `https://evil.test`",
            Box::new(|b| b["effects"][1]["body"] = json!("[x](https://evil.test)")),
        ),
        (
            "/evil/repo/releases/x.zip`",
            Box::new(|b| {
                let url = proposed.hosted.forge.url();
                b["effects"][1]["body"] = json!(format!("[x]({url}/evil/repo/releases/x.zip)"));
            }),
        ),
        (
            "has the header `encoding`",
            Box::new(|b| {
                let object = b["commits"][0]["object"].as_str().unwrap();
                b["commits"][0]["object"] = json!(object.replacen("\n\n", "\nencoding UTF-7\n\n", 1));
            }),
        ),
        (
            "its commit is neither the one that the run stood on",
            Box::new(|b| b["effects"].as_array_mut().unwrap().push(check(&"1".repeat(40)))),
        ),
        (
            "no report of the scanner `CodeQL`",
            Box::new(|b| {
                let base = b["repository"]["base"].clone();
                b["effects"].as_array_mut().unwrap().push(json!({
                    "effect": "sarif", "commit": base, "reference": "refs/heads/main", "sarif": codeql,
                }));
            }),
        ),
        ("hides", Box::new(|b| b["effects"][1]["title"] = json!("a\u{200b}b"))),
        (
            "the run was not about number 7",
            Box::new(|b| b["effects"].as_array_mut().unwrap().push(comment(7, "hi"))),
        ),
        (
            "would be 11",
            Box::new(|b| {
                b["about"] = json!([7]);
                b["effects"].as_array_mut().unwrap().extend((0..11).map(|n| comment(7, &n.to_string())));
            }),
        ),
        (
            "may have no `pull_request`",
            Box::new(|b| b["heard"] = json!("the title of pull request 7 by mallory")),
        ),
    ];
    for (said, change) in &cases {
        let mut bundle = good.clone();
        change(&mut bundle);
        let file = world.repo.beside("tampered.json");
        std::fs::write(&file, bundle.to_string()).unwrap();
        let ran = proposed.apply(&world, &file, &[]);
        assert_eq!(ran.code, Some(6), "{said}:\n{}", ran.stderr);
        assert!(ran.stderr.contains(said), "{said}:\n{}", ran.stderr);
    }
    // All of it at once, and every fault is told.
    let mut bundle = good.clone();
    bundle["effects"][0]["branch"] = json!("gh-pages");
    bundle["effects"][1]["body"] = json!("hi @acme/admins, Fixes #1");
    let file = world.repo.beside("tampered.json");
    std::fs::write(&file, bundle.to_string()).unwrap();
    let ran = proposed.apply(&world, &file, &["--dry-run"]);
    ran.assert_code(6);
    for said in ["gh-pages", "@acme/admins", "`#1`", "its branch is not pushed", "policy refuses 4 things"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert!(proposed.hosted.forge.pulls().is_empty() && proposed.hosted.git.pushes().is_empty());
    assert_eq!(proposed.hosted.forge.writes().len(), 0);
}

#[test]
fn a_bundle_brings_no_commits_along_that_the_repository_does_not_have() {
    let proposed = Proposed::new();
    let world = proposed.other();
    // As a fork has it: in the clone, or to be had from the forge, and on no branch.
    let base = world.repo.git(&["rev-parse", "HEAD"]);
    let tree = world.repo.git(&["rev-parse", "HEAD^{tree}"]);
    let forked = world.repo.git(&["commit-tree", "-p", base.trim(), "-m", "Evil", tree.trim()]);
    let mut bundle = proposed.bundle();
    bundle["repository"]["base"] = json!(forked.trim());
    let file = world.repo.beside("forked.json");
    std::fs::write(&file, bundle.to_string()).unwrap();
    let ran = proposed.apply(&world, &file, &["--dry-run"]);
    assert_eq!(ran.code, Some(6), "{}", ran.stderr);
    assert!(ran.stderr.contains("neither checked out here nor part of a branch"), "{}", ran.stderr);
    assert!(proposed.hosted.git.pushes().is_empty());
    // What a branch of the remote has is known, whatever is checked out.
    world.repo.git(&["checkout", "-q", "--orphan", "other"]);
    world.repo.git(&["commit", "-q", "-m", "Other"]);
    proposed.apply(&world, &proposed.file, &["--dry-run"]).assert_code(0);
}

#[test]
fn what_is_no_bundle_is_named() {
    let proposed = Proposed::new();
    let world = proposed.other();
    let good = proposed.bundle();
    let with = |field: &str, value: Value| {
        let mut bundle = good.clone();
        bundle[field] = value;
        bundle.to_string()
    };
    let mut odd = good.clone();
    odd["effects"][1]["merge"] = json!(true);
    for (text, code, said) in [
        ("no json".to_owned(), 2, "is not a bundle"),
        ("{}".to_owned(), 2, "missing field `kind`"),
        (with("kind", json!("x")), 2, "its `kind` is not"),
        (with("version", json!(99)), 3, "version 99"),
        (with("extra", json!(1)), 2, "unknown field `extra`"),
        (with("effects", json!([{"effect": "merge"}])), 2, "`effects[0].effect`"),
        (odd.to_string(), 2, "`effects[1].merge`: unknown field"),
        (with("about", json!(["x"])), 2, "`about[0]`"),
    ] {
        let file = world.repo.beside("odd.json");
        std::fs::write(&file, text).unwrap();
        let ran = proposed.apply(&world, &file, &[]);
        ran.assert_code(code);
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    let gone = proposed.apply(&world, &world.repo.beside("gone"), &[]);
    gone.assert_code(2);
}

#[test]
fn policy_comes_from_the_user_and_the_repository_can_only_tighten_it() {
    let proposed = Proposed::new();
    let world = proposed.other();
    let policy = world.repo.beside("policy.yml");
    let apply = |text: &str| {
        std::fs::write(&policy, text).unwrap();
        proposed.apply(&world, &proposed.file, &["--dry-run", "--policy", policy.to_str().unwrap()])
    };
    apply("effects: { push: 1, pull_request: 1 }\n").assert_code(0);
    let ran = apply("effects: { pull_request: 1 }\n");
    ran.assert_code(6);
    assert!(ran.stderr.contains("a run may have 0 of `push`"), "{}", ran.stderr);
    let ran = apply("protected_paths: ['lib/**']\n");
    ran.assert_code(6);
    assert!(
        ran.stderr.contains("lib/b.py is protected by `lib/**` (policy: allowed_paths)"),
        "{}",
        ran.stderr
    );
    let ran = apply("paths: []\n");
    ran.assert_code(3);
    assert!(ran.stderr.contains("`paths`"), "{}", ran.stderr);

    world.repo.write(
        ".patchwork.yaml",
        "policy:\n  effects: { push: 0, pull_request: 9 }\n  protected_paths: []\n",
    );
    let ran = apply("effects: { push: 1, pull_request: 1 }\n");
    ran.assert_code(6);
    assert!(ran.stderr.contains("a run may have 0 of `push`"), "{}", ran.stderr);
}

#[test]
fn an_ordinary_run_passes_the_same_gate() {
    let world = World::new(&[(
        ".github/scripts/a.py",
        "import hashlib\n\n\ndef one(data):\n    value = hashlib.md5(data)\n    return value\n",
    )]);
    world.report(&[(".github/scripts/a.py", 5)]);
    let hosted = Hosted::new(world);
    let server = ModelServer::start(fixing);
    let ran = hosted.autofix(&server, &[]);
    ran.assert_code(6);
    assert!(ran.stderr.contains(".github/scripts/a.py is protected by `.github/**`"), "{}", ran.stderr);
    assert!(hosted.git.pushes().is_empty() && hosted.forge.pulls().is_empty());
    assert!(hosted.world.has_branch(), "the fix is not lost");

    let policy = hosted.world.repo.beside("policy.yml");
    std::fs::write(&policy, "allowed_paths: ['.github/scripts/**']\n").unwrap();
    hosted.autofix(&server, &["--policy", policy.to_str().unwrap()]).assert_code(0);
    assert_eq!(hosted.forge.pulls().len(), 1);
}

#[test]
fn a_place_where_no_bundle_can_be_is_told_before_a_model_is_paid() {
    let hosted = Hosted::new(World::with_five_findings());
    let server = ModelServer::start(fixing);
    let ran = hosted.autofix(&server, &["--propose", "/nowhere/bundle"]);
    ran.assert_code(2);
    assert!(ran.stderr.contains("--propose /nowhere/bundle"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
}

#[test]
fn for_a_forge_that_is_known_by_its_name_no_token_is_needed_to_propose() {
    let world = World::with_five_findings();
    world.repo.git(&["remote", "add", "origin", "https://me:secret-in-url@github.com/acme/shop.git"]);
    let server = ModelServer::start(fixing);
    let file = world.repo.beside("bundle.json");
    let mut command =
        world.autofix_command(&server, &["disable_pr=false", "--propose", file.to_str().unwrap()]);
    World::output(&mut command).assert_code(0);
    let text = std::fs::read_to_string(&file).unwrap();
    let bundle: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(bundle["repository"]["remote_url"], "https://github.com/acme/shop.git");
    assert_eq!(bundle["effects"].as_array().unwrap().len(), 2);
    assert!(!text.contains("secret-in-url"));

    // What has nothing to propose leaves no file behind that somebody would apply.
    world.report(&[]);
    let empty = world.repo.beside("empty.json");
    let mut command =
        world.autofix_command(&server, &["disable_pr=false", "--propose", empty.to_str().unwrap()]);
    World::output(&mut command).assert_code(0);
    assert!(!empty.exists());
    let mut command =
        world.autofix_command(&server, &["disable_pr=false", "--propose", file.to_str().unwrap()]);
    let again = World::output(&mut command);
    again.assert_code(2);
    assert!(again.stderr.contains("is there already"), "{}", again.stderr);
}
