//! `--report`, `patchwork report`, the summary of a job, and `fail_on`.

use std::path::PathBuf;

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};
use serde_json::Value;

use crate::signals::until;
use crate::world::{KEY, Ran, World, excerpt, fixing};

/// Fixes all but what is in `four`, which can't be, and `five`, where it never answers with a fix that parses.
fn some(request: &SeenRequest) -> Reply {
    let code = excerpt(request);
    if code.contains("def four") {
        Reply::text("NO FIX POSSIBLE\n<script>alert(1)</script> ask @octocat")
    } else if code.contains("def five") {
        Reply::text(fix_reply(
            "Break it",
            "Breaks.",
            "Low",
            &code.replace("hashlib.md5(data)", "hashlib.sha256(data"),
        ))
    } else {
        fixing(request)
    }
}

fn at(world: &World, name: &str) -> PathBuf {
    world.repo.beside("out").join(name)
}

/// `--report FILE` for each form, in a folder beside the repository.
fn all_forms(world: &World) -> Vec<String> {
    std::fs::create_dir_all(world.repo.beside("out")).unwrap();
    let forms = ["x.html", "x.json", "x.sarif", "x.md"];
    forms.iter().map(|name| format!("--report={}", at(world, name).display())).collect()
}

fn json(world: &World) -> Value {
    serde_json::from_str(&std::fs::read_to_string(at(world, "x.json")).unwrap()).unwrap()
}

fn run(world: &World, server: &ModelServer, more: &[&str]) -> Ran {
    let forms = all_forms(world);
    let words: Vec<&str> = forms.iter().map(String::as_str).chain(more.iter().copied()).collect();
    world.autofix(server, &words)
}

#[test]
fn a_run_writes_every_form_and_findings_that_may_not_remain_decide() {
    let world = World::with_five_findings();
    let server = ModelServer::start(some);
    let before = world.repo.belongings();
    let ran = run(&world, &server, &["fail_on=high"]);
    ran.assert_code(10);
    assert!(ran.stderr.contains("2 findings of severity high or worse remain"), "{}", ran.stderr);
    assert!(ran.stderr.contains("lib/c.py:6"), "{}", ran.stderr);
    world.assert_untouched(&before);
    assert!(world.has_branch(), "what was fixed is kept");

    let report = json(&world);
    assert_eq!(
        (&report["version"], &report["status"], &report["exit_code"], &report["failure"]["kind"]),
        (&1.into(), &"failed".into(), &10.into(), &"findings_remain".into())
    );
    let counts = &report["counts"];
    assert_eq!(
        (&counts["fixed"], &counts["remaining"], &counts["no_fix"]),
        (&3.into(), &1.into(), &1.into())
    );
    let cases = report["cases"].as_array().unwrap();
    let fixed = &cases[0];
    assert_eq!(
        (&fixed["outcome"], &fixed["path"], &fixed["line"]),
        (&"fixed".into(), &"a.py".into(), &6.into())
    );
    assert_eq!(fixed["fix"]["committed"], true);
    assert_eq!(fixed["fix"]["commit"], report["published"]["commits"][0]);
    assert!(fixed["fix"]["diff"].as_str().unwrap().contains("+    value = hashlib.sha256(data)"));
    assert_eq!(fixed["tries"][0]["outcome"], "accepted");
    let left = cases.iter().find(|case| case["outcome"] == "remaining").unwrap();
    let tries = left["tries"].as_array().unwrap();
    assert_eq!(tries.len(), 2, "asked again once: {left}");
    assert!(
        tries
            .iter()
            .all(|one| one["outcome"] == "rejected" && one["usage"]["input_tokens"].as_u64() > Some(0))
    );
    assert_eq!(report["models"][0]["calls"], server.count());
    assert_eq!(report["repository"]["name"], world.repo.root().file_name().unwrap().to_str().unwrap());

    let page = std::fs::read_to_string(at(&world, "x.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert!(
        page.contains("exit 10") && page.contains("&lt;script&gt;") && !page.contains("<script"),
        "{page}"
    );
    let markdown = std::fs::read_to_string(at(&world, "x.md")).unwrap();
    assert!(markdown.starts_with("## AutoFix: 3 fixed, 1 not fixed, 1 without a fix\n"), "{markdown}");
    assert!(markdown.contains("`@octocat`") && !markdown.contains("<script"), "{markdown}");
    let sarif: Value =
        serde_json::from_str(&std::fs::read_to_string(at(&world, "x.sarif")).unwrap()).unwrap();
    let open = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(open.len(), 2);
    assert_eq!(sarif["runs"][0]["properties"]["patchwork"]["fixed"].as_array().unwrap().len(), 3);

    // The same from the journal, byte for byte, and of the same findings when it is read again.
    let id = world.newest_run();
    for (format, name) in [("html", "x.html"), ("markdown", "x.md"), ("json", "x.json"), ("sarif", "x.sarif")]
    {
        let later = world.run(&["report", &id[..15], "--format", format]);
        later.assert_code(0);
        let then = std::fs::read_to_string(at(&world, name)).unwrap();
        let differs = later.stdout.lines().zip(then.lines()).find(|(now, then)| now != then);
        assert_eq!(differs, None, "{format}");
        assert_eq!(later.stdout.len(), then.len(), "{format}");
    }
    let again = world.run(&[
        "AutoFix",
        "disable_pr=true",
        &format!("sarif_file_path={}", at(&world, "x.sarif").display()),
        &format!("client_base_url={}", server.openai_url()),
        &format!("openai_api_key={KEY}"),
        "model=gpt-4o",
        "dry_run=true",
    ]);
    assert!(again.stderr.contains("lib/b.py:12") && again.stderr.contains("lib/c.py:6"), "{}", again.stderr);
    assert!(!again.stderr.contains("a.py:6"), "{}", again.stderr);
    server.assert_no_secret(&[]);
    for name in ["x.html", "x.md", "x.json", "x.sarif"] {
        assert!(!std::fs::read_to_string(at(&world, name)).unwrap().contains(KEY), "{name}");
    }
}

#[test]
fn what_a_dry_run_fixed_remains_and_is_proposed() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    run(&world, &server, &["dry_run=true", "fail_on=error"]).assert_code(10);
    let report = json(&world);
    assert_eq!((&report["dry_run"], &report["counts"]["fixed"]), (&true.into(), &5.into()));
    let sarif: Value =
        serde_json::from_str(&std::fs::read_to_string(at(&world, "x.sarif")).unwrap()).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 5);
    assert!(results.iter().all(|result| !result["fixes"][0]["artifactChanges"].is_null()), "{sarif}");
    run(&world, &server, &["dry_run=true", "fail_on=critical"]).assert_code(0);
    run(&world, &server, &["fail_on=error"]).assert_code(0);
}

#[test]
fn a_failed_and_an_interrupted_run_are_told_as_far_as_they_got() {
    let world = World::with_five_findings();
    let server = ModelServer::start(|_| Reply::error(401, "no such key"));
    let ran = run(&world, &server, &["fail_on=high"]);
    let code = ran.code.unwrap();
    assert_ne!(code, 0, "{}", ran.stderr);
    let report = json(&world);
    assert_eq!((&report["exit_code"], &report["counts"]["remaining"]), (&code.into(), &5.into()));

    // A model that never answers; the process is told to stop while it waits.
    let world = World::with_five_findings();
    let server = ModelServer::start(|_| Reply::never());
    let forms = all_forms(&world);
    let words: Vec<&str> = forms.iter().map(String::as_str).collect();
    let child = world.autofix_command(&server, &words).stderr(std::process::Stdio::piped()).spawn().unwrap();
    until("the first call", || server.count() > 0);
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let report = json(&world);
    assert_eq!((&report["status"], &report["exit_code"]), (&"interrupted".into(), &130.into()));
    assert_eq!(report["counts"]["remaining"], 5);
    assert!(std::fs::read_to_string(at(&world, "x.html")).unwrap().contains("interrupted"));
}

#[test]
fn a_place_that_can_t_be_written_is_found_out_before_anything_is_paid() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    for (file, word) in [
        ("--report=/nowhere/at/all/x.html", "there is no folder /nowhere/at/all"),
        ("--report=x.pdf", "does not say which form"),
        ("--report=/proc/x.html", "can't be written"),
    ] {
        let ran = world.autofix(&server, &[file]);
        ran.assert_code(2);
        assert!(ran.stderr.contains(word), "{}", ran.stderr);
    }
    assert_eq!(server.count(), 0);
    let ran = world.run(&["report", "20261121", "--report", "x.html"]);
    ran.assert_code(2);
    assert!(ran.stderr.contains("hint: patchwork report 20261121 -o x.html"), "{}", ran.stderr);
    let ran = world.run(&["report", "20261121"]);
    ran.assert_code(2);
    assert!(ran.stderr.contains("there is no run"), "{}", ran.stderr);
}

#[test]
fn the_summary_of_a_job_is_added_to() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let summary = world.repo.beside("summary.md");
    std::fs::write(&summary, "before\n").unwrap();
    let mut command = world.autofix_command(&server, &[]);
    World::output(command.env("GITHUB_STEP_SUMMARY", &summary)).assert_code(0);
    let text = std::fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("before\n\n## AutoFix: 5 fixed\n"), "{text}");
    // A summary that can't be written is worth a word, not the run.
    let mut command = world.autofix_command(&server, &[]);
    let ran = World::output(command.env("GITHUB_STEP_SUMMARY", world.repo.root()));
    ran.assert_code(0);
    assert!(ran.stderr.contains("the summary of the job can't be written"), "{}", ran.stderr);
}
