//! Cheap models first, and others in the place of one that does not answer.

use patchwork_testkit::model::{ModelServer, Reply, SeenRequest};

use crate::world::{KEY, Ran, World, excerpt, fixing};

const ESCALATION: &str = "model_escalation=gpt-4o-mini,gpt-4o";

/// How often each model was asked.
fn asked(server: &ModelServer) -> (usize, usize) {
    let requests = server.requests();
    let of = |model: &str| requests.iter().filter(|request| request.model == model).count();
    (of("gpt-4o-mini"), of("gpt-4o"))
}

fn fixes(world: &World) -> usize {
    if !world.has_branch() {
        return 0;
    }
    world.changes("autofix-main").matches("\n+    value = hashlib.sha256(data)").count()
}

/// The small model can't fix the first two functions, the large one fixes all.
fn by_size(request: &SeenRequest) -> Reply {
    let hard = ["def one", "def two"].iter().any(|name| excerpt(request).contains(name));
    if hard && request.model == "gpt-4o-mini" { Reply::text("no sections") } else { fixing(request) }
}

#[track_caller]
fn assert_all_fixed(ran: &Ran, world: &World) {
    ran.assert_code(0);
    assert_eq!(fixes(world), 5, "{}", ran.stderr);
}

#[test]
fn the_next_model_is_asked_about_what_the_one_before_could_not_fix() {
    // Rounds enough for each model, however few are asked for.
    for n in ["0", "1"] {
        let world = World::with_five_findings();
        let server = ModelServer::start(by_size);
        let ran = world.autofix(&server, &[ESCALATION, &format!("n={n}")]);
        assert_all_fixed(&ran, &world);
        assert_eq!(asked(&server), (5, 2));
        server.assert_polite();
    }
}

#[test]
fn the_last_model_is_asked_in_all_later_rounds() {
    let world = World::with_five_findings();
    let server = ModelServer::start(|_| Reply::text("no sections"));
    world.autofix(&server, &[ESCALATION, "n=3"]).assert_code(11);
    assert_eq!(asked(&server), (5, 15));
}

#[test]
fn the_next_model_is_asked_when_the_one_before_does_not_answer() {
    let world = World::with_five_findings();
    let server = ModelServer::start(|request| match request.model.as_str() {
        "gpt-4o-mini" => Reply::error(403, "not for you"),
        _ => fixing(request),
    });
    let ran = world.autofix(&server, &[ESCALATION]);
    assert_all_fixed(&ran, &world);
    assert_eq!(asked(&server).1, 5);
}

#[test]
fn a_resumed_run_goes_on_with_the_model_it_had_come_to() {
    let world = World::with_five_findings();
    let server = ModelServer::start(by_size);
    world.autofix(&server, &[ESCALATION, "max_llm_calls=6"]).assert_code(12);
    assert_eq!((asked(&server), fixes(&world)), ((5, 1), 4));
    let (run, key) = (world.newest_run(), format!("openai_api_key={KEY}"));
    let ran = world.run(&["resume", &run, &key, "max_llm_calls=7"]);
    assert_all_fixed(&ran, &world);
    assert_eq!(asked(&server), (5, 2));
}

#[test]
fn another_model_answers_in_the_place_of_one_that_does_not() {
    let world = World::with_five_findings();
    let server = ModelServer::start(|request| match request.model.as_str() {
        "gpt-4o" => Reply::error(404, "The model `gpt-4o` does not exist"),
        _ => fixing(request),
    });
    let ran = world.run(&[
        "AutoFix",
        "disable_pr=true",
        "model=gpt-4o,gpt-4o-mini",
        &format!("sarif_file_path={}", world.sarif().display()),
        &format!("client_base_url={}", server.openai_url()),
        &format!("openai_api_key={KEY}"),
    ]);
    assert_all_fixed(&ran, &world);
    assert_eq!(asked(&server).0, 5);
}

#[test]
fn a_model_further_on_without_its_key_is_named_before_anything_is_paid() {
    let world = World::with_five_findings();
    let server = ModelServer::start(fixing);
    let ran = world.run(&[
        "AutoFix",
        "disable_pr=true",
        "model_escalation=openai/gpt-4o-mini,anthropic/claude-sonnet-4-5",
        &format!("sarif_file_path={}", world.sarif().display()),
        &format!("openai_api_key={KEY}"),
    ]);
    ran.assert_code(3);
    assert!(ran.stderr.contains("anthropic_api_key"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
}
