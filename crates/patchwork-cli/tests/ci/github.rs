//! The action for GitHub, run as the runner would run it.

use std::process::Stdio;

use patchwork_testkit::repo::TestRepo;
use serde_json::json;

use crate::action::{Job, report};
use crate::world::{noted, noting, sarif, weak_repository};

#[test]
fn autofix_fixes_and_hands_its_figures_on() {
    let repo = weak_repository();
    let before = repo.belongings();
    let ran = Job::new(&repo).with(&[("patchflow", "AutoFix"), ("options", "disable_pr=true\n")]).run();
    ran.assert_code(0);
    assert_eq!(ran.annotations(), Vec::<String>::new());
    let outputs = &ran.outputs;
    assert_eq!((outputs["exit_code"].as_str(), outputs["cost_usd"].as_str()), ("0", "0.000000"));
    assert_eq!((outputs["pr_url"].as_str(), outputs["bundle"].as_str()), ("", ""));
    assert!(ran.summary.contains(&format!("| Run | `{}` |", outputs["run_id"])), "{}", ran.summary);
    assert!(ran.summary.contains("## AutoFix: 1 fixed (1 by rules)"), "{}", ran.summary);
    assert!(std::fs::read_to_string(report(&ran)).unwrap().starts_with("<!doctype html>"));
    assert_eq!(repo.changed_since(&before), ["refs/heads/autofix-main"]);
}

/// A path that would end one command and begin another, in a file that holds commands, with a message that does the same.
const HOSTILE_PATH: &str = "lib/a,b\n::add-mask::b%0A::error file=x::y.py";
const HOSTILE_URI: &str = "lib/a%2Cb%0A%3A%3Aadd-mask%3A%3Ab%250A%3A%3Aerror%20file%3Dx%3A%3Ay.py";
const HOSTILE_TEXT: &str =
    "Bad.\r\n::set-output name=pr_url::https://example.com\n##[set-env name=PATH]/tmp 50 %0A::add-mask::e";
const HOSTILE_CODE: &str = "::add-mask::a\n  ::set-env name=NODE_OPTIONS::x\nprint(1) # ##[add-path]/tmp\n";

#[test]
fn what_remains_is_annotated_and_gives_no_orders() {
    let repo = TestRepo::with_files(&[(HOSTILE_PATH, HOSTILE_CODE), ("b.py", "print(1)\n")]);
    let findings =
        sarif(&repo, &[(HOSTILE_URI, 3, "error", HOSTILE_TEXT), ("b.py", 1, "warning", "Less bad.")]);
    let options = format!("disable_pr=true\nsarif_file_path={}\n", findings.display());
    let sarif_file = repo.beside("left.sarif");
    let given = [
        ("patchflow", "AutoFix"),
        ("options", &options),
        ("fail_on", "high"),
        ("sarif", sarif_file.to_str().unwrap()),
    ];
    let ran = Job::new(&repo).with(&given).run();
    ran.assert_code(10);
    let annotations = ran.annotations();
    assert_eq!(annotations.len(), 3, "{annotations:#?}");
    assert!(annotations[0].starts_with("error : AutoFix: 1 finding of severity high"), "{annotations:#?}");
    let text = HOSTILE_TEXT.replace('\r', "");
    assert_eq!(annotations[1], format!("error {HOSTILE_PATH}:3 a,b:c%0A]: {text}"));
    assert_eq!(annotations[2], "warning b.py:1 a,b:c%0A]: Less bad.");
    // What failed the step is known to those that follow.
    assert_eq!((ran.outputs["exit_code"].as_str(), ran.outputs["pr_url"].as_str()), ("10", ""));
    assert!(!ran.outputs["run_id"].is_empty() && report(&ran).is_file());
    assert!(std::fs::read_to_string(sarif_file).unwrap().contains("Less bad."));
}

#[test]
fn a_diff_in_the_log_gives_no_orders() {
    let code = format!("{}{HOSTILE_CODE}", crate::world::WEAK);
    let repo = TestRepo::with_files(&[("app.py", &code)]);
    let ran = Job::new(&repo).with(&[("patchflow", "AutoFix"), ("options", "dry_run=true")]).run();
    ran.assert_code(0);
    assert!(ran.log.contains("\n ::add-mask::a\n"), "the diff stands in the log as it is: {}", ran.log);
    assert_eq!(ran.commands.len(), 1, "{:#?}", ran.commands);
    assert!(ran.annotations()[0].starts_with("warning app.py:6"), "{:#?}", ran.annotations());
    assert!(ran.annotations()[0].contains("A fix is proven (finding gone, no new one) and not committed"));
}

#[test]
fn no_more_than_ten_of_a_kind_are_shown_the_worst_first() {
    let lines: String = (0..30).map(|n| format!("print({n})\n")).collect();
    let repo = TestRepo::with_files(&[("a.py", &lines)]);
    let level = |line: u32| ["error", "warning"][usize::from(line.is_multiple_of(2))];
    let found: Vec<_> = (1..=26).map(|line| ("a.py", line, level(line), "Bad.")).collect();
    let findings = sarif(&repo, &found);
    let options = format!("disable_pr=true\nvulnerability_limit=0\nsarif_file_path={}", findings.display());
    let ran =
        Job::new(&repo).with(&[("patchflow", "AutoFix"), ("options", &options), ("fail_on", "high")]).run();
    ran.assert_code(10);
    let count = |level: &str| ran.commands.iter().filter(|command| command.name == level).count();
    assert_eq!((count("error"), count("warning"), count("notice")), (10, 10, 0));
}

#[test]
fn inputs_reach_the_program_as_they_were_written() {
    let repo = weak_repository();
    let programs = noting(&repo, "");
    let options = "severity=high\r\n\n  # a remark\n  pr_title=$(touch pwned) `touch pwned` \"a\" 'b' ; & | \\ * ${HOME} ${{ x }}\nmodel-stop=";
    let given = [
        ("binary", "patchwork"),
        ("patchflow", "AutoFix"),
        ("options", options),
        ("pr_url", "https://github.com/acme/shop/pull/7"),
        ("config", "-c $(id)"),
        ("model", "gpt-4o,claude"),
        ("max_cost", "0.50"),
        ("fail_on", "high"),
        ("policy", "ours.yml"),
        ("propose", "bundle of mine.json"),
        ("sarif", "x.sarif"),
        ("report", "out.html"),
        ("openai_api_key", "sk-key-of-the-tests-0001"),
        ("working_directory", "."),
    ];
    let ran = Job::new(&repo)
        .with(&given)
        .env(&[("ANTHROPIC_API_KEY", "sk-of-the-job-00000001")])
        .programs(programs)
        .run();
    ran.assert_code(0);
    let expected = "[AutoFix]
[pr_url=https://github.com/acme/shop/pull/7]
[model=gpt-4o,claude]
[max_cost=0.50]
[fail_on=high]
[severity=high]
[pr_title=$(touch pwned) `touch pwned` \"a\" 'b' ; & | \\ * ${HOME} ${{ x }}]
[model-stop=]
[--config=-c $(id)]
[--policy=ours.yml]
[--propose=bundle of mine.json]
[--report=x.sarif]
[--report=./out.html]
";
    assert_eq!(noted(&repo), expected);
    assert!(!repo.path("pwned").exists());
    let variables = std::fs::read_to_string(repo.beside("variables")).unwrap();
    for line in [
        "OPENAI_API_KEY=sk-key-of-the-tests-0001",
        "ANTHROPIC_API_KEY=sk-of-the-job-00000001",
        "GITHUB_TOKEN=ghs-token-of-the-job-0001",
    ] {
        assert!(variables.lines().any(|known| known == line), "{line}\n{variables}");
    }
    for name in [
        "GITHUB_OUTPUT=",
        "GITHUB_ENV=",
        "GITHUB_PATH=",
        "GITHUB_STATE=",
        "GOOGLE_API_KEY=",
        "INPUT_OPENAI_API_KEY=",
    ] {
        assert!(!variables.lines().any(|known| known.starts_with(name)), "{name}\n{variables}");
    }
    assert!(!ran.log.contains("sk-key"), "{}", ran.log);
}

#[test]
fn what_is_no_option_is_refused_before_anything_runs() {
    let repo = weak_repository();
    std::fs::write(repo.path("there.json"), "{}").unwrap();
    for (given, word) in [
        (vec![("patchflow", "AutoFix"), ("options", "severity=high\n--output=/tmp/x")], "options: line 2"),
        (vec![("patchflow", "AutoFix"), ("options", "a text of\ntwo lines")], "options: line 1"),
        (vec![("patchflow", "--version")], "patchflow: a name or a path"),
        (vec![], "say what to do"),
        (vec![("patchflow", "AutoFix"), ("apply", "x.json")], "patchflow and propose do not go with it"),
        (vec![("patchflow", "AutoFix"), ("propose", "there.json")], "there is a file there.json already"),
        (vec![("patchflow", "AutoFix"), ("working_directory", "none")], "there is no folder none"),
        (vec![("patchflow", "AutoFix"), ("binary", "none\n::add-mask::x")], "there is no program none"),
    ] {
        let programs = noting(&repo, "");
        let ran = Job::new(&repo).with(&[("binary", "patchwork")]).with(&given).programs(programs).run();
        ran.assert_code(2);
        assert_eq!(ran.commands.len(), 1, "{:#?}", ran.commands);
        assert!(ran.annotations()[0].contains(word), "{:?}", ran.annotations());
        assert!(!repo.beside("arguments").exists(), "{given:?}");
    }
    // What the program itself refuses is told too, and there is no run to tell of.
    let ran = Job::new(&repo).with(&[("patchflow", "AutoFix"), ("options", "sevrity=high")]).run();
    ran.assert_code(2);
    assert!(ran.log.contains("did you mean `severity`?"), "{}", ran.log);
    assert_eq!(
        ran.annotations(),
        ["error : Patchwork: patchwork ended with code 2 before there was a run; the log says why"]
    );
    assert_eq!((ran.outputs["exit_code"].as_str(), ran.outputs["run_id"].as_str()), ("2", ""));
}

#[test]
fn without_secrets_the_step_says_so_and_ends_well() {
    let repo = weak_repository();
    let from = |name: &str| json!({"pull_request": {"head": {"repo": {"full_name": name}}}});
    let review = [("binary", "patchwork"), ("patchflow", "PRReview"), ("propose", "bundle.json")];
    let job =
        |head: &str| Job::new(&repo).with(&review).on("pull_request", from(head)).programs(noting(&repo, ""));
    let fork = job("mallory/shop\n::add-mask::x").run();
    fork.assert_code(0);
    assert_eq!(fork.commands.len(), 1, "{:#?}", fork.commands);
    assert!(
        fork.annotations()[0].starts_with(
            "notice : Patchwork: Patchwork left PRReview out: the pull request comes from a fork"
        )
    );
    assert!(fork.summary.contains("there is no key for a model"), "{}", fork.summary);
    assert_eq!((fork.outputs["exit_code"].as_str(), fork.outputs["bundle"].as_str()), ("0", ""));
    let dependabot = job("acme/shop").env(&[("GITHUB_ACTOR", "dependabot[bot]")]).run();
    assert!(dependabot.assert_code(0).summary.contains("Dependabot"), "{}", dependabot.summary);
    assert!(!repo.beside("arguments").exists());
    // With something to ask, and where GitHub gives secrets, it runs.
    for job in [
        job("mallory/shop").with(&[("openai_api_key", "sk-0001")]),
        job("mallory/shop").env(&[("GROQ_API_KEY", "gsk-0001")]),
        job("mallory/shop").with(&[("options", "client_base_url=http://127.0.0.1:8000/v1")]),
        job("acme/shop"),
        Job::new(&repo).with(&review).on("workflow_run", json!({})).programs(noting(&repo, "")),
    ] {
        job.run().assert_code(0);
        assert!(noted(&repo).starts_with("[PRReview]\n"));
        std::fs::remove_file(repo.beside("arguments")).unwrap();
    }
}

#[test]
fn a_bundle_is_carried_out_and_one_that_was_made_is_told_of() {
    let repo = weak_repository();
    let made = "for word; do case $word in --propose=*) echo '{}' >\"${word#*=}\" ;; esac; done";
    let propose = [("binary", "patchwork"), ("patchflow", "AutoFix"), ("propose", "-bundle.json")];
    let ran = Job::new(&repo).with(&propose).programs(noting(&repo, made)).run();
    ran.assert_code(0);
    assert_eq!(ran.outputs["bundle"], repo.path("-bundle.json").to_str().unwrap());
    let apply = [("binary", "patchwork"), ("apply", "-bundle.json"), ("options", "allow_paths=docs")];
    Job::new(&repo).with(&apply).programs(noting(&repo, "")).run().assert_code(0);
    assert_eq!(noted(&repo), "[apply]\n[./-bundle.json]\n[allow_paths=docs]\n");
}

#[test]
fn a_cancelled_job_reaches_the_program() {
    let repo = weak_repository();
    let started = repo.beside("started");
    // A shell gives what it runs in the background no interrupt; a program that asks for one, as ours does, has it all the same.
    let program = format!(
        "#!/usr/bin/env python3\nimport signal, sys\ndef stop(*_):\n    print('told to stop', flush=True)\n    sys.exit(130)\nsignal.signal(signal.SIGINT, stop)\nopen('{}', 'w').close()\nsignal.pause()\n",
        started.display()
    );
    let programs = crate::world::program(&repo, "patchwork", &program);
    let given = [("binary", "patchwork"), ("patchflow", "AutoFix")];
    let ran = Job::new(&repo).with(&given).programs(programs).run_with(|command| {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let is_run = command.get_args().any(|word| word.to_string_lossy().ends_with("run.sh"));
        if is_run {
            while !started.exists() {
                std::thread::yield_now();
            }
            let pid = child.id().to_string();
            assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
        }
        child.wait_with_output().unwrap()
    });
    ran.assert_code(130);
    assert!(ran.log.contains("told to stop"), "{}", ran.log);
    assert_eq!(ran.outputs["exit_code"], "130");
}
