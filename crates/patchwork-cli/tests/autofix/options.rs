//! Options that choose among findings and fixes, and where the results go.

use patchwork_testkit::model::{ModelServer, Reply, fix_reply};
use serde_json::{Value, json};

use crate::reports::{DIGEST, FIXED, autofix, log, result, run, world};
use crate::world::{KEY, World, excerpt, fixing};

#[test]
fn options_that_once_broke_a_run_mean_what_they_say() {
    for more in [
        &["context_size=500"][..],
        &["vulnerability_limit=10"],
        &["--vulnerability_limit", "10"],
        &["n=2"],
        &["disable_branch=false"],
        &["--disable_branch=false", "--context_size=500", "n=3"],
        &["severity=HIGH"],
        &["compatibility=low"],
    ] {
        let world = World::with_five_findings();
        let before = world.repo.belongings();
        let server = ModelServer::start(fixing);
        let ran = world.autofix(&server, more);
        assert_eq!(ran.code, Some(0), "{more:?}:\n{}", ran.stderr);
        world.assert_untouched(&before);
        assert_eq!(world.changes("autofix-main").matches("\n+").count(), 5 + 3, "{more:?}");
        assert_eq!(server.count(), 5, "{more:?}");
    }
}

#[test]
fn options_that_mean_nothing_are_refused_with_a_hint() {
    let world = world();
    let server = ModelServer::start(fixing);
    let good = log(&[run(json!([result("src/app.py")]))]);
    for (option, hint) in [
        ("vulnerabilty_limit=3", "vulnerability_limit"),
        ("--disable-branche", "disable_branch"),
        ("modle=gpt-4o", "model"),
        ("vulnerability_limit=ten", "vulnerability_limit"),
        ("context_size=0", "context_size"),
        ("context_size=-1", "context_size"),
        ("disable_pr=maybe", "disable_pr"),
        ("compatibility=lowish", "low"),
        ("scanner=bandit", "semgrep"),
        ("severity=terrible", "critical"),
    ] {
        let ran = autofix(&world, &server, &good, &[option]);
        assert_eq!(ran.code, Some(2), "{option}:\n{}", ran.stderr);
        assert!(ran.stderr.contains(hint), "{option}:\n{}", ran.stderr);
        assert!(!world.has_branch(), "{option}");
    }
    assert_eq!(server.count(), 0);
}

#[test]
fn the_severity_and_the_limit_choose_the_worst() {
    let world = World::new(&[("src/a.py", DIGEST), ("src/b.py", DIGEST), ("src/c.py", DIGEST)]);
    let results: Vec<Value> = [("src/a.py", "note"), ("src/b.py", "error"), ("src/c.py", "warning")]
        .into_iter()
        .map(|(path, level)| {
            let mut result = result(path);
            result["level"] = json!(level);
            result
        })
        .collect();
    let report = log(&[run(json!(results))]);
    for (more, expected) in [
        (&[][..], "src/a.py\nsrc/b.py\nsrc/c.py"),
        (&["severity=low"], "src/b.py\nsrc/c.py"),
        (&["severity=WARNING"], "src/b.py\nsrc/c.py"),
        (&["severity=medium"], "src/b.py"),
        (&["severity=high"], "src/b.py"),
        (&["vulnerability_limit=1"], "src/b.py"),
        (&["vulnerability_limit=2"], "src/b.py\nsrc/c.py"),
        (&["vulnerability_limit=0"], "src/a.py\nsrc/b.py\nsrc/c.py"),
        (&["vulnerability_limit=-1"], "src/a.py\nsrc/b.py\nsrc/c.py"),
    ] {
        let server = ModelServer::start(fixing);
        let ran = autofix(&world, &server, &report, more);
        assert_eq!(ran.code, Some(0), "{more:?}:\n{}", ran.stderr);
        let changed = world.repo.git(&["diff", "--name-only", "main", "autofix-main"]);
        assert_eq!(changed, expected, "{more:?}");
        assert_eq!(server.count(), expected.lines().count(), "{more:?}");
    }
}

#[test]
fn a_severity_above_all_findings_is_told_and_is_no_failure() {
    let world = world();
    let server = ModelServer::start(fixing);
    let report = log(&[run(json!([result("src/app.py")]))]);
    let ran = autofix(&world, &server, report, &["severity=critical"]);
    ran.assert_code(0);
    assert!(ran.stderr.contains("none of 1 findings taken: 1 below severity critical"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
    assert!(!world.has_branch());
}

#[test]
fn fixes_with_a_risk_at_or_below_the_threshold_are_kept() {
    let files: Vec<String> = ["low", "medium", "high", "unsaid"].map(|risk| format!("{risk}.py")).into();
    let contents: Vec<(String, String)> = files
        .iter()
        .map(|name| {
            (
                name.clone(),
                format!(
                    "# {name}\n{}",
                    DIGEST.replace("def digest", &format!("def {}", &name[..name.len() - 3]))
                ),
            )
        })
        .collect();
    let borrowed: Vec<(&str, &str)> =
        contents.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let world = World::new(&borrowed);
    let results: Vec<Value> = files.iter().map(|path| result(path)).collect();
    let report = log(&[run(json!(results))]);
    for (more, expected) in [
        (&["n=0"][..], "high.py\nlow.py\nmedium.py\nunsaid.py"),
        (&["n=0", "compatibility=high"], "high.py\nlow.py\nmedium.py"),
        (&["n=0", "compatibility=medium"], "low.py\nmedium.py"),
        (&["n=0", "compatibility=low"], "low.py"),
        (&["n=0", "compatibility=LOW"], "low.py"),
    ] {
        let server = ModelServer::start(|request| {
            let code = excerpt(request);
            let risk =
                ["low", "medium", "high"].into_iter().find(|risk| code.contains(&format!("def {risk}")));
            let risk = risk.unwrap_or("It depends");
            Reply::text(fix_reply("Use SHA-256", "SHA-256.", risk, &code.replace("md5", "sha256")))
        });
        let ran = autofix(&world, &server, &report, more);
        assert_eq!(ran.code, Some(0), "{more:?}:\n{}", ran.stderr);
        let changed = world.repo.git(&["diff", "--name-only", "main", "autofix-main"]);
        assert_eq!(changed, expected, "{more:?}:\n{}", ran.stderr);
    }
}

#[test]
fn the_output_file_holds_results_and_no_secret() {
    for (format, name) in [("json", "results.json"), ("yaml", "results.yaml")] {
        let world = world();
        let server = ModelServer::start(fixing);
        let file = world.repo.beside(name);
        let report = log(&[run(json!([result("src/app.py"), result("/etc/passwd"), result("src/gone.py")]))]);
        let args = ["--output", file.to_str().unwrap(), "--format", format];
        autofix(&world, &server, report, &args).assert_code(0);
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(KEY), "{text}");
        let results: Value = match format {
            "json" => serde_json::from_str(&text).unwrap(),
            _ => {
                assert!(text.contains("fixed: 1") && text.contains("target_branch: autofix-main"), "{text}");
                assert!(text.contains("src/gone.py") && text.contains("/etc/passwd"), "{text}");
                continue;
            }
        };
        let outputs = &results["outputs"];
        assert_eq!(outputs["counts"]["fixed"], 1, "{text}");
        assert_eq!(outputs["fixed"][0]["path"], "src/app.py", "{text}");
        assert_eq!(outputs["target_branch"], "autofix-main", "{text}");
        assert!(outputs["modified_code_files"][0]["diff"].as_str().unwrap().contains(FIXED), "{text}");
        assert_eq!(outputs["skipped"][0]["path"], "src/gone.py", "what was not taken is told too: {text}");
        let problem = outputs["problems"][0].as_str().unwrap_or_default();
        assert!(problem.contains("/etc/passwd"), "{text}");
        assert_eq!(results["totals"]["calls"], 1, "{text}");
    }
}
