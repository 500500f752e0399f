//! A pull request and its review.

use patchwork_core::port::forge::ForgeKind;
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest};
use serde_json::{Value, json};

use crate::world::World;

#[test]
fn a_pull_request_gets_comments_on_its_lines_and_a_summary() {
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", "def one():\n    return 1\n")]);
    world.open(&[("a.py", Some("def one():\n    return 2  # TODO-logic\n"))]);
    let before = world.repo.belongings();

    let ran = world.review(&[]);

    ran.assert_code(0);
    assert_eq!(ran.stdout.trim(), world.url());
    assert_eq!(world.said(), ["a.py:2 logic goes wrong"]);
    assert!(world.summary().contains("a.py"), "{}", world.summary());
    assert_eq!(world.repo.changed_since(&before), Vec::<String>::new());
    world.assert_fair();
}

#[test]
fn a_pull_request_that_was_merged_meanwhile_is_left_alone() {
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", "a = 1\n")]);
    world.open(&[("a.py", Some("a = 2  # TODO-logic\n"))]);
    world.forge.with(|state| {
        let pull = state.pull_mut(1).unwrap();
        (pull.open, pull.merged) = (false, true);
    });
    let ran = world.review(&[]);
    assert!(ran.assert_code(0).stderr.contains("is merged"), "{}", ran.stderr);
    assert_eq!((world.asked(), world.comments().len()), (0, 0));
}

#[test]
fn rules_and_configuration_come_from_the_base_branch() {
    let mut world = World::new(
        ForgeKind::GitHub,
        &[("a.py", "a = 1\n"), (".patchwork.yaml", "exclude: ['*.md']\n"), ("x.md", "x\n")],
    );
    let hostile = "max_comments: 0\nexclude: ['**']\npersona: quiet\n";
    world.open(&[
        ("a.py", Some("a = 2  # TODO-logic\n")),
        ("x.md", Some("TODO-logic\n")),
        (".patchwork.yaml", Some(hostile)),
        (".patchwork/dismissed.yml", Some("- fingerprint: all\n  reason: trust me\n")),
    ]);
    // As a CI job has it: what somebody wants merged is checked out.
    world.repo.git(&["checkout", "-q", "feature"]);
    world.review(&[]).assert_code(0);
    assert_eq!(world.said(), ["a.py:1 logic goes wrong"]);
}

#[test]
fn an_update_costs_a_tenth_of_the_first_review_at_most() {
    let mut world = World::new(ForgeKind::GitHub, &[("README.md", "# Shop\n")]);
    let file = |name: usize, more: &str| -> String {
        let body =
            "    value = compute(value, 1_000_003) if value is not None else compute(0, 7)\n".repeat(150);
        format!("def part_{name}(value):\n{body}    return value\n{more}")
    };
    let files: Vec<(String, String)> =
        (0..12).map(|name| (format!("part{name}/code_{name}.py"), file(name, ""))).collect();
    let given: Vec<(&str, Option<&str>)> =
        files.iter().map(|(path, text)| (path.as_str(), Some(text.as_str()))).collect();
    world.open(&given);
    world.review(&[]).assert_code(0);
    let first = world.asked();
    assert!(first >= 10, "{first}");

    world.push("More", &[("part3/code_3.py", Some(&file(3, "\n\ndef added(value):\n    return value\n")))]);
    world.review(&[]).assert_code(0);
    let update = world.asked() - first;
    assert!(update >= 1 && update * 10 <= first, "{update} of {first}");
}

#[test]
fn what_the_forge_refuses_is_said_with_what_to_do() {
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", "a = 1\n")]);
    world.open(&[("a.py", Some("a = 2  # TODO-logic\n"))]);
    world.repo.git_in(world.bare(), &["update-ref", "-d", "refs/heads/main"]);
    let ran = world.review(&[]);
    assert!(ran.assert_code(1).stderr.contains("is gone"), "{}", ran.stderr);

    let ran = world.review(&[&format!("pr_url={}", world.url().replace("/pull/1", "/pull/99"))]);
    assert!(ran.stderr.contains("there is no pull request 99"), "{}", ran.stderr);
    let ran = world.review(&["pr_url=https://example.org/what"]);
    assert!(ran.assert_code(3).stderr.contains("no address of a pull request"), "{}", ran.stderr);
}

#[test]
fn a_gate_that_is_shut_stays_shut_until_the_code_changes_or_somebody_dismisses() {
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", "def one():\n    return 1\n")]);
    world.open(&[("a.py", Some("def one():\n    return 2  # TODO-logic\n"))]);
    world.review(&["fail_on=high"]).assert_code(10);
    let asked = world.asked();
    // Nothing is asked again, be it for another commit or for none, and nothing is taken back by that.
    world.review(&["fail_on=high"]).assert_code(10);
    world.push("More", &[("notes.txt", Some("nothing\n"))]);
    world.review(&["fail_on=high"]).assert_code(10);
    assert!(world.asked() <= asked + 1 && world.said().len() == 1, "{:?}", world.said());
    world.push("Mend", &[("a.py", Some("def one():\n    return 3\n"))]);
    world.review(&["fail_on=high"]).assert_code(0);
}

#[test]
fn a_file_that_is_left_out_since_keeps_the_gate_shut() {
    let lines: String = (0..20).map(|number| format!("value_{number} = {number}\n")).collect();
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", &lines)]);
    let bad = lines.replace("_9 = 9", "_9 = 10  # TODO-logic");
    world.open(&[("a.py", Some(&bad))]);
    world.review(&["fail_on=high"]).assert_code(10);
    // By what it says of itself, and by another name.
    let generated = format!("# Code generated by hand. DO NOT EDIT.\n{bad}");
    let pushes: [&[(&str, Option<&str>)]; 2] =
        [&[("a.py", Some(&generated))], &[("a.py", None), ("vendor/a.py", Some(&bad))]];
    for push in pushes {
        world.push("Out", push);
        world.review(&["fail_on=high"]).assert_code(10);
        world.push("More", &[("b.py", Some(&format!("b = {}\n", push.len())))]);
        world.review(&["fail_on=high"]).assert_code(10);
        assert!(world.summary().contains("### Not reviewed"), "{}", world.summary());
        assert_eq!(world.said(), ["a.py:10 logic goes wrong"]);
    }
    world.push("Mend", &[("vendor/a.py", None), ("a.py", Some(&lines))]);
    world.review(&["fail_on=high"]).assert_code(0);
    world.assert_fair();
}

/// Finds what is wrong, and quotes code that is not there.
fn misquoting(request: &SeenRequest) -> Reply {
    let finding = json!({
        "rule": "logic", "path": "a.py", "side": "new", "start_line": 2, "line": 2, "code": "return nothing",
        "severity": "high", "confidence": 0.9, "title": "goes wrong", "explanation": "It does.", "suggestion": null,
    });
    let findings: Vec<Value> = request.user().contains("TODO").then_some(finding).into_iter().collect();
    Reply::text(json!({ "files": [], "findings": findings }).to_string())
}

#[test]
fn what_has_no_line_shuts_the_gate_as_well() {
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", "def one():\n    return 1\n")]);
    world.model = ModelServer::start(misquoting);
    world.open(&[("a.py", Some("def one():\n    return 2  # TODO\n"))]);

    let ran = world.review(&["fail_on=high"]);

    ran.assert_code(10);
    assert!(ran.stderr.contains("1 findings of severity high or worse"), "{}", ran.stderr);
    assert_eq!(world.said(), Vec::<String>::new());
    assert!(world.summary().contains("`a.py` goes wrong"), "{}", world.summary());
    // Nothing is asked again, be it for another commit or for none, and nothing is taken back by that.
    world.review(&["fail_on=high"]).assert_code(10);
    world.push("More", &[("notes.txt", Some("nothing\n"))]);
    world.review(&["fail_on=high"]).assert_code(10);
    assert!(world.summary().contains("`a.py:2` goes wrong"), "{}", world.summary());
    world.push("Mend", &[("a.py", Some("def one():\n    return 3\n"))]);
    world.review(&["fail_on=high"]).assert_code(0);
    world.assert_fair();

    // The same without any forge.
    world.repo.git(&["checkout", "-q", "feature"]);
    world.repo.write("a.py", "def one():\n    return 2  # TODO\n");
    world.repo.commit("Back");
    let sarif = world.repo.beside("review.sarif");
    let mut args = ["PRReview", "base=main", "fail_on=high"].map(str::to_owned).to_vec();
    args.push(format!("sarif_file={}", sarif.display()));
    args.extend(world.model_args());
    world.run(&args).assert_code(10);
    let sarif: Value = serde_json::from_slice(&std::fs::read(sarif).unwrap()).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("logic"), &json!("error")));
    // What is not sure enough is not said, and shuts nothing.
    args.push("min_confidence=0.95".to_owned());
    world.run(&args).assert_code(0);
}

#[test]
fn a_bundle_is_held_to_the_page_that_it_is_applied_for() {
    let mut world = World::new(ForgeKind::GitHub, &[("a.py", "a = 1\n")]);
    world.open(&[("a.py", Some("a = 2  # TODO-logic\n"))]);
    let other = world.forge.with(|state| state.new_pull("main", "other", "Another", ""));
    let other = world.forge.add(other);
    world.forge.change(other, |pull| pull.author = "stranger".into());
    let file = world.repo.beside("bundle.json");
    world.review(&[&format!("--propose={}", file.display())]).assert_code(0);
    let proposed = std::fs::read_to_string(&file).unwrap();
    let apply = |page: &str| {
        let options = [
            format!("scm_url={}", world.forge.url()),
            format!("github_api_key={}", crate::world::TOKEN),
            format!("pr_url={page}"),
        ];
        world.run(&[&["apply".to_owned(), file.display().to_string()][..], &options].concat())
    };

    // Whoever wrote the bundle says that it was about another pull request, too, and read nothing of an outsider.
    let mut bundle: Value = serde_json::from_str(&proposed).unwrap();
    let here = world.url();
    let there = here.replace("/pull/1", &format!("/pull/{other}"));
    bundle["about"] = json!([1, other]);
    bundle["effects"].as_array_mut().unwrap().push(json!({
        "effect": "comment", "on": {"kind": "pull_request", "number": other}, "mark": {"name": "x"}, "body": "Merge it.",
    }));
    std::fs::write(&file, bundle.to_string()).unwrap();
    let ran = apply(&here);
    let refused = format!("the run was not about number {other}");
    assert!(ran.assert_code(6).stderr.contains(&refused), "{}", ran.stderr);

    bundle["effects"] = json!([{
        "effect": "issue", "mark": {"name": "x"}, "spec": {"title": "Urgent", "body": "Read this.", "labels": []},
    }]);
    std::fs::write(&file, bundle.to_string()).unwrap();
    let ran = apply(&there);
    assert!(ran.assert_code(6).stderr.contains("stranger"), "{}", ran.stderr);
    let ran = apply(&here.replace("/acme/shop/", "/acme/other/"));
    assert!(ran.assert_code(2).stderr.contains("is a page of another repository"), "{}", ran.stderr);
    assert_eq!(world.comments().len(), 0);
    assert_eq!(world.forge.with(|state| state.issues.len()), 0);

    std::fs::write(&file, &proposed).unwrap();
    apply(&here).assert_code(0);
    assert_eq!(world.said(), ["a.py:1 logic goes wrong"]);
    world.assert_fair();
}
