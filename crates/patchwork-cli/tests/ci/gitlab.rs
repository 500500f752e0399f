//! The component for GitLab CI: its inputs put in as GitLab does, checked against GitLab's schema, its scripts run.

use std::path::PathBuf;
use std::process::Command;

use patchwork_testkit::repo::TestRepo;
use serde_json::Value;

use crate::checkers::{assert_fits, assert_good_script};
use crate::world::{document, noted, noting, own, parse, weak_repository, with_patchwork};

/// The jobs, with these inputs and the defaults of the others. GitLab puts inputs into the text.
fn jobs(inputs: &[(&str, &str)]) -> Value {
    let text = std::fs::read_to_string(own("ci/gitlab/templates/patchwork.yml")).unwrap();
    let (head, body) = text.split_once("\n---\n").unwrap();
    let known = &parse(head)["spec"]["inputs"];
    for (name, _) in inputs {
        assert!(!known[name].is_null(), "no input {name}");
    }
    let mut out = String::new();
    let mut rest = body;
    while let Some((before, after)) = rest.split_once("$[[") {
        let (inside, after) = after.split_once("]]").unwrap();
        let name = inside.trim().strip_prefix("inputs.").unwrap();
        let given = inputs.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        out.push_str(before);
        out.push_str(
            given.unwrap_or_else(|| known[name]["default"].as_str().unwrap_or_else(|| panic!("{name}"))),
        );
        rest = after;
    }
    out.push_str(rest);
    parse(&out)
}

#[test]
fn the_jobs_and_the_example_fit_gitlab_s_schema() {
    for inputs in [&[][..], &[("patchflow", "AutoFix"), ("source", "schedule"), ("options", "a=\"b\" c='d'")]]
    {
        let jobs = jobs(inputs);
        assert_fits("vendor.gitlab-ci", &jobs);
        for job in ["patchwork-propose", "patchwork-apply"] {
            assert_good_script("sh", &script(&jobs, job));
        }
    }
    let example = document("examples/ci/gitlab/gitlab-ci.yml");
    assert_fits("vendor.gitlab-ci", &example);
    for included in example["include"].as_array().unwrap() {
        let inputs = included["inputs"].as_object().unwrap();
        let inputs: Vec<(&str, &str)> =
            inputs.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap())).collect();
        jobs(&inputs);
    }
}

/// What a job runs, which is one script for GitLab.
fn script(jobs: &Value, job: &str) -> String {
    let lines = |value: &Value| value.as_array().unwrap()[0].as_str().unwrap().to_owned();
    format!("{}{}", lines(&jobs[".patchwork-setup"]["before_script"]), lines(&jobs[job]["script"]))
}

/// A clone as GitLab's runner makes it, in which nothing is checked out.
struct Pipeline {
    repo: TestRepo,
    clone: PathBuf,
    programs: PathBuf,
    jobs: Value,
}

impl Pipeline {
    fn new(repo: TestRepo, programs: PathBuf, inputs: &[(&str, &str)]) -> Self {
        let remote = repo.with_remote();
        let clone = repo.beside("builds");
        repo.git_in(
            repo.root(),
            &["clone", "--quiet", "--no-checkout", remote.to_str().unwrap(), clone.to_str().unwrap()],
        );
        Self { repo, clone, programs, jobs: jobs(inputs) }
    }

    /// Runs the script of a job; answers its exit code and what it printed.
    fn run(&self, job: &str, variables: &[(&str, &str)]) -> (i32, String) {
        let script = script(&self.jobs, job);
        let (setup, job) = (&self.jobs[".patchwork-setup"], &self.jobs[job]);
        let mut command = Command::new("sh");
        for (name, value) in [setup, job].iter().filter_map(|job| job["variables"].as_object()).flatten() {
            let value = if value.is_object() { &value["value"] } else { value };
            command.env(name, value.as_str().unwrap());
        }
        let usual = std::env::var("PATH").unwrap();
        let output = command
            .args(["-c", &script])
            .current_dir(&self.clone)
            .envs(self.repo.environment())
            .env("PATH", format!("{}:{usual}", self.programs.display()))
            .env("CI", "true")
            .env("CI_DEFAULT_BRANCH", "main")
            .env("PATCHWORK_KEEP_ANSWERS", "0")
            .envs(variables.iter().copied())
            .output()
            .unwrap();
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        (output.status.code().unwrap(), told)
    }
}

const MERGE_REQUEST: [(&str, &str); 4] = [
    ("CI_MERGE_REQUEST_IID", "7"),
    ("CI_MERGE_REQUEST_PROJECT_URL", "https://gitlab.com/acme/shop"),
    ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
    ("PATCHWORK_READ_TOKEN", "glpat-reads-only-00001"),
];

#[test]
fn what_reads_gets_no_token_that_writes() {
    let repo = weak_repository();
    let programs = noting(&repo, "echo '{}' >patchwork-bundle.json");
    let inputs = [("options", "severity=high pr_title=* max_comments=3"), ("config", "our.yml")];
    let pipeline = Pipeline::new(repo, programs, &inputs);
    let variables = [&MERGE_REQUEST[..], &[("PATCHWORK_WRITE_TOKEN", "glpat-writes-000000001")]].concat();
    let (code, told) = pipeline.run("patchwork-propose", &variables);
    assert_eq!(code, 0, "{told}");
    assert_eq!(
        noted(&pipeline.repo),
        "[PRReview]\n[pr_url=https://gitlab.com/acme/shop/-/merge_requests/7]\n[severity=high]\n[pr_title=*]\n[max_comments=3]\n[--config=our.yml]\n[--propose=patchwork-bundle.json]\n[--report=patchwork-report.html]\n[--report=patchwork.env]\n[--report=gl-code-quality-report.json]\n"
    );
    let seen = std::fs::read_to_string(pipeline.repo.beside("variables")).unwrap();
    assert!(
        seen.contains("GITLAB_TOKEN=glpat-reads-only-00001\n") && seen.contains("PATCHWORK_MAX_COST=1.00\n"),
        "{seen}"
    );
    assert!(!seen.contains("glpat-writes"), "{seen}");
}

#[test]
fn what_writes_has_no_key_and_takes_only_what_was_handed_over() {
    let repo = weak_repository();
    // A bundle that lies in the repository is no proposal.
    repo.write("patchwork-bundle.json", "{}");
    repo.commit("a bundle of one's own");
    let programs = noting(&repo, "cat \"$2\"");
    let pipeline = Pipeline::new(repo, programs, &[]);
    let token =
        [("PATCHWORK_WRITE_TOKEN", "glpat-writes-000000001"), ("OPENAI_API_KEY", "sk-000000000000001")];
    let (code, told) = pipeline.run("patchwork-apply", &token);
    assert_eq!((code, told.as_str()), (0, "nothing was proposed\n"));
    assert!(!pipeline.repo.beside("arguments").exists());
    let handed_over = pipeline.clone.join("patchwork-bundle.json");
    std::fs::write(&handed_over, "proposed").unwrap();
    let (code, told) = pipeline.run("patchwork-apply", &[&MERGE_REQUEST[..], &token].concat());
    assert_eq!((code, told.as_str()), (0, "proposed"));
    let page = "[pr_url=https://gitlab.com/acme/shop/-/merge_requests/7]\n";
    assert!(noted(&pipeline.repo).ends_with(page), "{}", noted(&pipeline.repo));
    let seen = std::fs::read_to_string(pipeline.repo.beside("variables")).unwrap();
    assert!(seen.contains("GITLAB_TOKEN=glpat-writes-000000001\n"), "{seen}");
    assert!(!seen.contains("OPENAI_API_KEY") && !seen.contains("PATCHWORK_WRITE_TOKEN"), "{seen}");
    std::fs::write(&handed_over, "proposed").unwrap();
    let (code, told) = pipeline.run("patchwork-apply", &[]);
    assert_eq!(code, 3, "{told}");
    assert!(told.contains("PATCHWORK_WRITE_TOKEN is not set in this job"), "{told}");
}

#[test]
fn a_release_that_is_not_the_one_of_the_checksum_is_not_run() {
    let repo = weak_repository();
    let programs = crate::world::program(
        &repo,
        "curl",
        "#!/bin/sh\nwhile [ \"$1\" != --output ]; do shift; done\necho x >\"$2\"\n",
    );
    let pipeline = Pipeline::new(repo, programs, &[("checksum", &"0".repeat(64))]);
    let (code, told) = pipeline.run("patchwork-propose", &[]);
    assert_eq!(code, 6, "{told}");
    assert!(told.contains("is not the file of the input checksum"), "{told}");
}

#[test]
fn a_scheduled_pipeline_runs_autofix_and_leaves_reports_that_gitlab_reads() {
    let repo = weak_repository();
    let programs = with_patchwork(&repo);
    let inputs = [("patchflow", "AutoFix"), ("source", "schedule"), ("options", "dry_run=true")];
    let pipeline = Pipeline::new(repo, programs, &inputs);
    let (code, told) = pipeline.run("patchwork-propose", &[]);
    assert_eq!(code, 0, "{told}");
    let read = |name: &str| std::fs::read_to_string(pipeline.clone.join(name)).unwrap();
    let quality: Value = serde_json::from_str(&read("gl-code-quality-report.json")).unwrap();
    assert_eq!(quality[0]["location"]["path"], "app.py");
    assert_eq!(
        (&quality[0]["location"]["lines"]["begin"], &quality[0]["severity"]),
        (&6.into(), &"major".into())
    );
    let variables = read("patchwork.env");
    assert!(
        variables.contains("PATCHWORK_EXIT_CODE=0\n") && variables.contains("PATCHWORK_COST_USD=0.000000\n"),
        "{variables}"
    );
    assert!(
        variables.lines().all(|line| line.starts_with("PATCHWORK_") && line.contains('=')),
        "{variables}"
    );
    assert!(read("patchwork-report.html").starts_with("<!doctype html>"));
}
