//! What a run would cost, and answers that cost nothing a second time.

use patchwork_testkit::model::ModelServer;
use serde_json::Value;

use crate::world::{KEY, World, fixing};

fn plan(world: &World, server: &ModelServer, more: &[&str]) -> crate::world::Ran {
    let mut command = world.patchwork(&["plan", "AutoFix", "model=gpt-4o"]);
    command
        .arg(format!("sarif_file_path={}", world.sarif().display()))
        .arg(format!("client_base_url={}", server.openai_url()))
        .arg(format!("openai_api_key={KEY}"))
        .args(more);
    World::output(&mut command)
}

#[test]
fn a_plan_counts_calls_tokens_and_price_and_asks_nobody() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let before = world.repo.belongings();
    let planned = plan(&world, &server, &["--format", "json"]);
    planned.assert_code(0);
    let planned: Value = serde_json::from_str(&planned.stdout).unwrap();
    let calls = &planned["calls"][0];
    assert_eq!((&calls["model"], &calls["calls"]), (&"gpt-4o".into(), &5.into()), "{planned}");
    assert_eq!(calls["exact"], true);
    assert!(calls["cost"].as_u64().unwrap() > 0);
    assert!(calls["cost_at_most"].as_u64() > calls["cost"].as_u64(), "{planned}");
    assert_eq!(server.count(), 0);
    world.assert_untouched(&before);
    assert!(!world.has_branch());

    // What it counted is what the server of the run itself gets to see.
    world.autofix(&server, &[]).assert_code(0);
    assert_eq!(server.count(), 5);
    let text = plan(&world, &server, &[]);
    text.assert_code(0);
    assert!(text.stdout.contains("custom/gpt-4o  5 calls, "), "{}", text.stdout);
    assert_eq!(text.stderr, "", "that calls end without an answer is no news");
    let too_much = plan(&world, &server, &["max_cost=0.001"]).stdout;
    assert!(too_much.contains("That is more than max_cost ($0.0010)"), "{too_much}");
}

#[test]
fn a_plan_of_nothing_says_so_and_one_that_fails_early_says_why() {
    let world = World::with_five_findings();
    world.report(&[]);
    let server = ModelServer::start(fixing);
    let planned = plan(&world, &server, &[]);
    planned.assert_code(0);
    assert!(planned.stdout.contains("would ask no model"), "{}", planned.stdout);
    world.report_text("{}");
    plan(&world, &server, &[]).assert_code(3);
}

#[test]
fn the_same_request_is_not_paid_twice_within_a_day() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    world.autofix(&server, &[]).assert_code(0);
    let keep = ["--keep-answers", "24"];
    world.autofix(&server, &keep).assert_code(0);
    assert_eq!(server.count(), 10, "what was asked without keeping is not kept");
    let again = world.autofix(&server, &keep);
    again.assert_code(0);
    assert_eq!(server.count(), 10);
    assert!(again.stderr.contains("5 answers of earlier runs"), "{}", again.stderr);
    // In CI they are not used unless somebody asks for it.
    let mut command = world.autofix_command(&server, &[]);
    command.env_remove("PATCHWORK_KEEP_ANSWERS").env("CI", "true");
    World::output(&mut command).assert_code(0);
    assert_eq!(server.count(), 15);
    let wrong = World::output(command.env("PATCHWORK_KEEP_ANSWERS", "soon"));
    wrong.assert_code(2);
}

#[test]
fn a_plan_needs_no_key_counts_one_round_of_the_cheap_model_and_can_be_a_file() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let file = world.repo.beside("plan.json");
    let mut command = world.patchwork(&["plan", "AutoFix", "model_escalation=gpt-4o-mini,gpt-4o"]);
    command.arg(format!("sarif_file_path={}", world.sarif().display())).arg("--output").arg(&file);
    World::output(&mut command).assert_code(0);
    let planned: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let calls = planned["calls"].as_array().unwrap();
    assert_eq!((calls.len(), &calls[0]["model"], &calls[0]["calls"]), (1, &"gpt-4o-mini".into(), &5.into()));
    world.assert_untouched(&before);
}

#[test]
fn a_plan_of_a_patchflow_that_publishes_first_leaves_nothing() {
    let world = World::new(&[
        ("a.txt", "words\n"),
        (
            "flow.yml",
            r#"name: Flow
summary: Commits before it asks.
steps:
  - id: change
    uses: ModifyCodeOnce
    with: { file_path: a.txt, new_code: other words }
  - id: publish
    uses: PR
    with: { modified_files: [a.txt], target_branch: mine }
  - id: ask
    uses: CallLLM
    with: { prompts: [[{ role: user, content: Say something. }]], model: gpt-4o }
"#,
        ),
    ]);
    let before = world.repo.belongings();
    let planned = world.run(&["plan", "./flow.yml", "--log", "info"]);
    planned.assert_code(0);
    assert!(planned.stderr.contains("branch: mine"), "{}", planned.stderr);
    assert!(planned.stdout.contains("1 call, "), "{}\n{}", planned.stdout, planned.stderr);
    assert_eq!(world.repo.changed_since(&before), Vec::<String>::new());
}

#[test]
fn what_one_run_asks_twice_are_two_answers() {
    let world = World::with_five_findings();
    world.report(&[("a.py", 6)]);
    let server = ModelServer::start(|_| patchwork_testkit::model::Reply::text("I can't help with that."));
    let keep = ["--keep-answers", "24", "n=2"];
    world.autofix(&server, &keep);
    let first = server.count();
    world.autofix(&server, &keep);
    assert_eq!(server.count(), first, "the second run asks nothing anew");
}
