//! Limits on what model calls may take: no run passes them, what is proven is kept, and the rest is asked about later.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use patchwork_core::usage::Usage;
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};
use serde_json::Value;

use crate::world::{KEY, Ran, World, excerpt, fixing};

const FIXED: &str = "\n+    value = hashlib.sha256(data)";

/// Fixes in the branch of the run.
fn fixes(world: &World) -> usize {
    if world.has_branch() { world.changes("autofix-main").matches(FIXED).count() } else { 0 }
}

/// A model that fixes, and what it bills by the list prices of gpt-4o, in millionths of a dollar.
fn billing() -> (ModelServer, Arc<AtomicU64>) {
    let billed = Arc::new(AtomicU64::new(0));
    let counter = billed.clone();
    let server = ModelServer::start(move |request| {
        let code = excerpt(request).replace("md5", "sha256");
        let text = fix_reply("Use SHA-256", "SHA-256 in place of MD5.", "Low", &code);
        let sent: usize = request.messages.iter().map(|message| message.content.len()).sum();
        let usage = Usage {
            input_tokens: u64::try_from(sent / 4).unwrap(),
            output_tokens: u64::try_from(text.len() / 4).unwrap(),
            ..Usage::default()
        };
        counter.fetch_add(usage.input_tokens * 5 / 2 + usage.output_tokens * 10, Ordering::SeqCst);
        Reply::text(text).usage(usage)
    });
    (server, billed)
}

fn resume(world: &World, more: &[&str]) -> Ran {
    let (run, key) = (world.newest_run(), format!("openai_api_key={KEY}"));
    world.run(&[&["resume", run.as_str(), key.as_str()], more].concat())
}

#[track_caller]
fn assert_told(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.stderr.contains(word), "{word}:\n{}", ran.stderr);
    }
}

#[test]
fn money_is_a_limit_whatever_the_number_of_calls_at_once() {
    let world = World::with_five_findings();
    let before = world.repo.belongings();
    let (server, billed) = billing();
    let results = world.repo.beside("results.json");
    let limited = ["max_cost=0.011", "model_max_tokens=300", "concurrency=16"];
    let ran = world.autofix(&server, &[&limited[..], &["--output", results.to_str().unwrap()]].concat());
    ran.assert_code(12);
    world.assert_untouched(&before);
    let (made, spent) = (server.count(), billed.load(Ordering::SeqCst));
    assert!((1..5).contains(&made), "{made} calls");
    assert!(spent <= 11_000, "{spent}");
    assert_eq!(fixes(&world), made, "what is paid for is kept");
    let run = world.newest_run();
    let left = format!("what was fixed is kept, but {} finding", 5 - made);
    assert_told(
        &ran,
        &[&left, "not asked about", "max_cost is $0.0110", &format!("patchwork resume {run} max_cost=…")],
    );
    let results: Value = serde_json::from_slice(&std::fs::read(results).unwrap()).unwrap();
    assert_eq!(results["failure"]["kind"], "budget_reached");
    assert_eq!(results["outputs"]["remaining"].as_array().map(Vec::len), Some(5 - made));
    assert_eq!(results["totals"]["calls"], made);

    assert_eq!(ran.stderr.matches("patchwork resume").count(), 1, "{}", ran.stderr);

    // The same limit again: nothing is spent, nothing is lost.
    resume(&world, &[]).assert_code(12);
    assert_eq!((server.count(), fixes(&world)), (made, made));

    let ran = resume(&world, &["max_cost=1"]);
    ran.assert_code(0);
    world.assert_untouched(&before);
    assert_eq!((server.count(), fixes(&world)), (5, 5), "only what was left is asked about");
    server.assert_polite();
}

#[test]
fn calls_and_tokens_are_limits_too() {
    for (limit, larger, made) in
        [("max_llm_calls=2", "max_llm_calls=-1", 2), ("max_tokens=4500", "max_tokens=100000", 1)]
    {
        let world = World::with_five_findings();
        let (server, _) = billing();
        let ran = world.autofix(&server, &[limit, "concurrency=16", "model_max_tokens=300"]);
        ran.assert_code(12);
        let count = server.count();
        assert!(
            if limit.starts_with("max_llm") { count == made } else { (made..5).contains(&count) },
            "{limit}: {count}"
        );
        assert_eq!(fixes(&world), count);
        let (option, _) = limit.split_once('=').unwrap();
        assert_told(
            &ran,
            &[&format!("{option} is "), &format!("patchwork resume {} {option}=…", world.newest_run())],
        );
        resume(&world, &[larger]).assert_code(0);
        assert_eq!((server.count(), fixes(&world)), (5, 5), "{limit}");
    }
}

#[test]
fn what_was_turned_down_is_asked_about_again_when_the_limit_is_raised() {
    let world = World::with_five_findings();
    let tried = Mutex::new(false);
    let server = ModelServer::start(move |request: &SeenRequest| {
        if excerpt(request).contains("def two") && !std::mem::replace(&mut *tried.lock().unwrap(), true) {
            return Reply::text("no sections");
        }
        fixing(request)
    });
    let ran = world.autofix(&server, &["max_llm_calls=5"]);
    ran.assert_code(12);
    assert_eq!((server.count(), fixes(&world)), (5, 4));
    assert_told(&ran, &["what was fixed is kept, but 1 finding was not asked about"]);
    resume(&world, &["max_llm_calls=6"]).assert_code(0);
    assert_eq!((server.count(), fixes(&world)), (6, 5));
    assert!(server.requests()[5].system().contains("turned down"), "it is told what was wrong");
}

#[test]
fn a_limit_that_allows_no_call_fixes_nothing_and_can_be_raised() {
    let world = World::with_five_findings();
    let (server, _) = billing();
    let ran = world.autofix(&server, &["max_cost=0.000001"]);
    ran.assert_code(12);
    assert_told(&ran, &["5 findings were not asked about"]);
    assert_eq!((server.count(), world.has_branch()), (0, false));
    resume(&world, &["max_cost=5"]).assert_code(0);
    assert_eq!((server.count(), fixes(&world)), (5, 5));
}

#[test]
fn no_calls_at_all_are_no_budget_that_is_reached() {
    let world = World::with_five_findings();
    let (server, _) = billing();
    let ran = world.autofix(&server, &["max_llm_calls=0"]);
    ran.assert_code(0);
    assert_told(&ran, &["max_llm_calls is 0: no model is asked", "not fixed: a.py:6, a.py:12, lib/b.py:6"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_model_of_unknown_price_is_not_asked_under_a_limit_on_cost() {
    let world = World::with_five_findings();
    let (server, _) = billing();
    let escalation = "model_escalation=gpt-4o-mini,our-own-model";
    let ran = world.autofix(&server, &["max_cost=1", escalation]);
    ran.assert_code(3);
    assert_told(&ran, &["the price of our-own-model of custom is unknown", "allow_unknown_price=true"]);
    assert_eq!(server.count(), 0, "it is found out before any other is paid");
    world.autofix(&server, &["max_cost=1", escalation, "allow_unknown_price=true"]).assert_code(0);
    assert_eq!(fixes(&world), 5);
}

/// Asks one question, and three more with what was answered, under a limit of the second step's own.
const ASKING: &str = r#"
name: Asking
inputs:
  client_base_url: { type: string, receives: [openai_api_key] }
  openai_api_key: { secret: true }
steps:
  - id: one
    uses: SimplifiedLLMOncePB
    with: { user_prompt: "How many {{ what }}?", prompt_value: { what: eggs }, json_schema: { count: 1 }, model: gpt-4o }
  - id: many
    uses: SimplifiedLLM
    with:
      prompt_user: "{{ n }}"
      prompt_values: [{ n: "${{ steps.one.count }}" }, { n: 2 }, { n: 3 }]
      model: gpt-4o
      model_max_tokens: 100
      max_cost: 0.0028
      concurrency: 3
outputs:
  count: ${{ steps.one.count }}
  texts: ${{ steps.many.openai_responses }}
  errors: ${{ steps.many.errors }}
"#;

#[test]
fn a_step_has_a_limit_of_its_own_and_outputs_that_its_answer_names() {
    let world = World::new(&[("README.md", "# A project\n")]);
    let file = world.repo.beside("asking.yml");
    std::fs::write(&file, ASKING).unwrap();
    let usage = Usage { input_tokens: 20, output_tokens: 90, ..Usage::default() };
    let server = ModelServer::start(move |request| match request.user() {
        "How many eggs?" => Reply::text("{\"count\": 12}"),
        text => Reply::text(format!("{text}!")).usage(usage),
    });
    let results = world.repo.beside("results.json");
    let ran = world.run(&[
        file.to_str().unwrap(),
        &format!("client_base_url={}", server.openai_url()),
        &format!("openai_api_key={KEY}"),
        "--output",
        results.to_str().unwrap(),
    ]);
    ran.assert_code(12);
    assert_told(&ran, &["max_cost is $0.0028", "2 calls were not made"]);
    let results: Value = serde_json::from_slice(&std::fs::read(results).unwrap()).unwrap();
    assert_eq!(results["outputs"]["count"], 12);
    // One call fits; what it took leaves no room for another, whichever came first.
    let errors = results["outputs"]["errors"].as_array().unwrap();
    let refused: Vec<&str> = errors.iter().filter_map(Value::as_str).collect();
    assert_eq!((server.count(), refused.len()), (2, 2), "{results}");
    assert!(refused.iter().all(|error| error.contains("max_cost is $0.0028")), "{refused:?}");
    assert_eq!(results["totals"]["calls"], 2);
}
