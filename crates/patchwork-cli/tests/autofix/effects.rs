//! Comments, reviews and issues: taken back while nobody has touched them, proposed and applied, and what an outsider's text allows.

use patchwork_core::change::read_diff;
use patchwork_core::port::forge::Thing;

use crate::github::{Hosted, TOKEN};
use crate::world::{Ran, World};

/// Says something wherever something can be said.
const SPEAK: &str = r#"name: Speak
summary: Says something wherever something can be said.
inputs:
  said: { type: string, default: Said., help: What is said. }
  pr_url: { type: string, required: true, help: A pull request. }
  issue_url: { type: string, required: true, help: An issue. }
  scm_url: { type: string, receives: [github_api_key], help: The forge. }
  github_api_key: { secret: true, help: A token. }
steps:
  - uses: CreatePRComment
    with: { pr_comment: "${{ inputs.said }}" }
  - uses: CreatePRReview
    with: { comments: [{ path: a.py, line: 1, body: "A line.", key: one }] }
  - uses: CreateIssueComment
    with: { issue_text: "${{ inputs.said }}" }
  - uses: CreateIssue
    with: { issue_title: A finding, issue_text: "${{ inputs.said }}" }
"#;

/// Reads an issue, then opens another.
const PASS_ON: &str = r#"name: PassOn
summary: Reads an issue and opens another.
inputs:
  issue_url: { type: string, required: true, help: An issue. }
  scm_url: { type: string, receives: [github_api_key], help: The forge. }
  github_api_key: { secret: true, help: A token. }
steps:
  - uses: ReadIssues
  - uses: CreateIssueComment
    with: { issue_text: Read. }
  - uses: CreateIssue
    with: { issue_title: Another, issue_text: Text. }
"#;

/// A forge with a pull request and an issue.
struct Talk {
    hosted: Hosted,
    pull: u64,
    issue: u64,
}

impl Talk {
    fn new(flow: &str) -> Self {
        let hosted = Hosted::new(World::new(&[("a.py", "x = 1\n")]));
        std::fs::write(hosted.world.repo.beside("Flow.yml"), flow).unwrap();
        let mut pull = hosted.forge.pull("main", "topic", "A topic", "Text.");
        pull.files =
            read_diff("diff --git a/a.py b/a.py\n--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-x = 0\n+x = 1\n")
                .unwrap();
        let pull = hosted.forge.add(pull);
        let issue = hosted.forge.add_issue("mallory", "An issue", "Do this.");
        Self { hosted, pull, issue }
    }

    fn args(&self) -> Vec<String> {
        let url = self.hosted.forge.url();
        vec![
            self.hosted.world.repo.beside("Flow.yml").display().to_string(),
            format!("issue_url={url}/acme/shop/issues/{}", self.issue),
            format!("scm_url={url}"),
            format!("github_api_key={TOKEN}"),
        ]
    }

    fn pr_url(&self) -> String {
        format!("pr_url={}/acme/shop/pull/{}", self.hosted.forge.url(), self.pull)
    }

    fn speak(&self, more: &[&str]) -> Ran {
        let mut command = self.hosted.world.patchwork(&[]);
        World::output(command.args(self.args()).arg(self.pr_url()).args(more))
    }

    fn undo(&self) -> Ran {
        let run = self.hosted.world.newest_run();
        let mut command = self.hosted.world.patchwork(&["undo", &run, "--yes"]);
        World::output(command.arg(format!("github_api_key={TOKEN}")))
    }

    /// What is said on the pull request and the issue, by us and others, and which issues are open.
    fn said(&self) -> (Vec<String>, Vec<String>) {
        let forge = &self.hosted.forge;
        let things = [Thing::PullRequest(self.pull), Thing::Issue(self.issue)];
        let comments = things.into_iter().flat_map(|on| forge.comments(on));
        let bodies = comments.filter(|comment| !comment.is_review).map(|comment| comment.body);
        let issues = forge.issues().into_iter().filter(|issue| issue.open).map(|issue| issue.title);
        (bodies.collect(), issues.collect())
    }
}

#[test]
fn what_was_said_is_taken_back() {
    let talk = Talk::new(SPEAK);
    let before = talk.said();
    talk.speak(&[]).assert_code(0);
    let first = talk.said();
    assert_eq!((first.0.len(), first.1.len()), (3, 2), "{first:?}");

    // A later run changes its own comments in place, and gives them back what they said.
    talk.speak(&["said=Other words."]).assert_code(0);
    let second = talk.said();
    assert_eq!(second.0.len(), 3);
    assert_ne!(second, first);
    talk.undo().assert_code(0);
    assert_eq!(talk.said(), first);
    talk.undo().assert_code(0);

    let run = |at: usize| {
        let runs = talk.hosted.world.run(&["runs", "--format", "json"]).stdout;
        let runs: serde_json::Value = serde_json::from_str(&runs).unwrap();
        runs[at]["id"].as_str().unwrap().to_owned()
    };
    let mut undo = talk.hosted.world.patchwork(&["undo", &run(1), "--yes"]);
    World::output(undo.arg(format!("github_api_key={TOKEN}"))).assert_code(0);
    assert_eq!(talk.said(), before);
}

#[test]
fn comments_are_listed_once_and_again_only_behind_a_new_one() {
    let talk = Talk::new(SPEAK);
    let list = format!("/repos/acme/shop/issues/{}/comments", talk.issue);
    let listed = || {
        let requests = talk.hosted.forge.requests();
        requests.iter().filter(|one| one.method == "GET" && one.path.ends_with(&list)).count()
    };
    let mut before = 0;
    for (said, times) in [("said=New.", 2), ("said=New.", 1), ("said=Other words.", 1)] {
        talk.speak(&[said]).assert_code(0);
        let now = listed();
        assert_eq!(now - before, times, "{said}");
        before = now;
    }
}

#[test]
fn what_a_person_has_edited_stays() {
    let talk = Talk::new(SPEAK);
    talk.speak(&[]).assert_code(0);
    let comment = &talk.hosted.forge.comments(Thing::Issue(talk.issue))[0];
    let edited = format!("{}\n\nAnd more.", comment.body);
    talk.hosted.forge.edit_comment(comment.id, &edited);
    let ran = talk.undo();
    ran.assert_code(1);
    assert!(ran.stderr.contains("it was changed since"), "{}", ran.stderr);
    assert_eq!(talk.said(), (vec![edited], vec!["An issue".to_owned()]));
}

#[test]
fn a_run_killed_at_any_record_leaves_nothing_that_is_not_taken_back() {
    for record in 1.. {
        let talk = Talk::new(SPEAK);
        let before = talk.said();
        let mut command = talk.hosted.world.patchwork(&[]);
        command.args(talk.args()).arg(talk.pr_url());
        let ran = World::output(command.env("PATCHWORK_CRASH_AFTER_RECORD", record.to_string()));
        if talk.hosted.world.run(&["runs"]).stdout.is_empty() {
            continue;
        }
        talk.undo().assert_code(0);
        assert_eq!(talk.said(), before, "killed behind record {record}");
        if ran.code == Some(0) {
            assert!(record > 8, "the run made only {record} records");
            return;
        }
    }
}

#[test]
fn what_is_said_can_be_proposed_and_applied() {
    let direct = Talk::new(SPEAK);
    direct.speak(&["said=Hello @all. Fixes #1"]).assert_code(0);
    let talk = Talk::new(SPEAK);
    let before = talk.said();
    let file = talk.hosted.world.repo.beside("bundle.json");
    let ran = talk.speak(&["said=Hello @all. Fixes #1", "--propose", file.to_str().unwrap()]);
    ran.assert_code(0);
    assert_eq!(talk.said(), before);
    assert_eq!(talk.hosted.forge.writes().len(), 0);
    for _ in 0..2 {
        let mut apply = talk.hosted.world.patchwork(&["apply", file.to_str().unwrap()]);
        let secrets = [format!("scm_url={}", talk.hosted.forge.url()), format!("github_api_key={TOKEN}")];
        World::output(apply.args(secrets)).assert_code(0);
        assert_eq!(talk.said(), direct.said());
    }
    let (said, _) = talk.said();
    assert!(said[0].contains("Hello `@all`. Fixes `#1`"), "{said:?}");
}

#[test]
fn the_text_of_an_outsider_opens_no_issue_unless_policy_says_so() {
    let talk = Talk::new(PASS_ON);
    let run = |more: &[&str]| {
        let mut command = talk.hosted.world.patchwork(&[]);
        World::output(command.args(talk.args()).args(more))
    };
    let ran = run(&[]);
    ran.assert_code(6);
    for said in ["the run has read", "by mallory", "may have no `issue`", "outsiders"] {
        assert!(ran.stderr.contains(said), "{said}: {}", ran.stderr);
    }
    assert_eq!(talk.said().1, ["An issue"]);
    assert_eq!(talk.said().0.len(), 1, "a comment is what outsiders may cause");
    let report = talk.hosted.world.run(&["report", &talk.hosted.world.newest_run(), "--format", "json"]);
    assert!(report.stdout.contains("by mallory"), "{}", report.stdout);

    let policy = talk.hosted.world.repo.beside("policy.yml");
    std::fs::write(&policy, "outsiders: [comment, issue]\n").unwrap();
    run(&["--policy", policy.to_str().unwrap()]).assert_code(0);
    assert_eq!(talk.said().1.len(), 2);

    // Somebody who may write to the repository is none.
    let talk = Talk::new(PASS_ON);
    talk.hosted.forge.insider("mallory");
    let mut command = talk.hosted.world.patchwork(&[]);
    World::output(command.args(talk.args())).assert_code(0);
}
