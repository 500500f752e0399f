//! What a user sees when a model, its server or the way there is at fault: an exit code, one message that says what to do, no
//! key, nothing paid twice, and a run that goes on once it is mended.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use patchwork_core::message::Finish;
use patchwork_testkit::model::{ModelServer, Reply};
use serde_json::{Value, json};

use crate::world::{KEY, Ran, World};

/// Asks one question with these options of the step.
fn asking(world: &World, options: &str) -> String {
    let options: String = options.lines().map(|line| format!("      {line}\n")).collect();
    let text = format!(
        "\
name: Asking
inputs:
  client_base_url: {{ type: string, receives: [openai_api_key] }}
  openai_api_key: {{ secret: true }}
steps:
  - id: ask
    uses: CallLLM
    with:
      prompts: [[{{ role: user, content: a question }}]]
{options}outputs:
  texts: ${{{{ steps.ask.openai_responses }}}}
  calls: ${{{{ steps.ask.tool_calls }}}}
"
    );
    let file = world.repo.beside("asking.yml");
    std::fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}

fn ask(world: &World, url: &str, options: &str, more: &[&str]) -> Ran {
    let file = asking(world, options);
    let url = format!("client_base_url={url}");
    let key = format!("openai_api_key={KEY}");
    let results = world.repo.beside("results.json");
    let words = [file.as_str(), url.as_str(), key.as_str(), "--output", results.to_str().unwrap()];
    let ran = world.run(&[&words, more].concat());
    assert_calm(&ran);
    ran
}

fn world() -> World {
    World::new(&[("README.md", "# A project\n")])
}

/// No key, no trace of the program's insides.
#[track_caller]
fn assert_calm(ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        for word in [KEY, "panicked", "backtrace", "RUST_", "reqwest", "hyper"] {
            assert!(!text.contains(word), "{word}:\n{text}");
        }
        assert!(!text.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{text:?}");
    }
    assert!(ran.stderr.matches("error:").count() <= 1, "{}", ran.stderr);
}

#[track_caller]
fn assert_told(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.stderr.contains(word), "{word}:\n{}", ran.stderr);
    }
}

fn outputs(world: &World) -> Value {
    let results = std::fs::read(world.repo.beside("results.json")).unwrap();
    serde_json::from_slice::<Value>(&results).unwrap()["outputs"].clone()
}

/// A fault that stays until it is mended: told after so many calls, and the run goes on.
#[track_caller]
fn assert_stays(fault: Reply, options: &str, calls: usize, words: &[&str]) {
    let world = world();
    let well = Arc::new(AtomicBool::new(false));
    let now = well.clone();
    let server =
        ModelServer::start(
            move |_| {
                if now.load(Ordering::SeqCst) { Reply::text("an answer") } else { fault.clone() }
            },
        );
    let ran = ask(&world, &server.openai_url(), options, &[]);
    ran.assert_code(4);
    assert_told(&ran, words);
    assert_told(&ran, &["patchwork resume"]);
    assert_eq!(server.count(), calls);

    well.store(true, Ordering::SeqCst);
    let ran = world.run(&["resume", &world.newest_run(), &format!("openai_api_key={KEY}")]);
    ran.assert_code(0);
    assert_calm(&ran);
    assert_eq!(server.count(), calls + 1);
    server.assert_polite();
}

/// A fault that passes: one more call, and the answer is there.
#[track_caller]
fn assert_passes(fault: Reply, words: &[&str]) {
    let world = world();
    let server = ModelServer::replying(vec![fault, Reply::text("an answer")]);
    let ran = ask(&world, &server.openai_url(), "model: gpt-4o", &[]);
    ran.assert_code(0);
    assert_told(&ran, words);
    assert_eq!(outputs(&world)["texts"][0], "an answer");
    assert_eq!(server.count(), 2);
}

#[test]
fn a_model_that_nobody_has_is_told_with_the_nearest_name() {
    let missing = || Reply::error(404, "The model does not exist");
    let words = ["answered 404 Not Found", "did you mean `gpt-4o`?", "/models lists what it serves"];
    assert_stays(missing(), "model: gpt-4oo", 1, &words);
}

#[test]
fn a_prompt_that_is_too_long_says_what_to_do() {
    let long = Reply::error(400, "This model's maximum context length is 8192 tokens");
    assert_stays(long, "model: our-own-model", 1, &["maximum context length", "larger context"]);
}

#[test]
fn an_account_without_credit_is_not_asked_again() {
    let spent = Reply::raw(
        429,
        r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#,
    );
    assert_stays(spent, "model: gpt-4o", 1, &["no credit left"]);
}

#[test]
fn a_wait_that_is_too_long_fails_at_once_with_the_time() {
    let busy = Reply::error(429, "come back tomorrow").header("retry-after", "86400");
    assert_stays(busy, "model: gpt-4o", 1, &["come back tomorrow"]);
}

#[test]
fn an_answer_that_never_ends_is_not_paid_again() {
    assert_stays(Reply::endless(), "model: gpt-4o", 1, &["too much to be an answer"]);
}

#[test]
fn answers_that_are_none_are_asked_for_again() {
    for (fault, words) in [
        (Reply::raw(200, r#"{"id":"1","choices":[]}"#), "gpt-4o"),
        (
            Reply::raw(200, r#"{"error":{"message":"engine overloaded","type":"server_error"}}"#),
            "engine overloaded",
        ),
        (Reply::raw(200, ""), "it is empty"),
        (
            Reply::stream_raw(&b"data: {\"choices\":[{\"delta\":{\"content\":\"\xff\xfe\"}}]}\n\n"[..]),
            "not UTF-8",
        ),
        (Reply::text("a long enough answer").then_error(500, "the engine died"), "the engine died"),
    ] {
        assert_passes(fault, &[words, "trying again in"]);
    }
}

#[test]
fn a_date_to_wait_for_is_by_the_servers_own_clock() {
    let busy = Reply::error(429, "slow down")
        .header("date", "Wed, 21 Oct 2015 07:28:00 GMT")
        .header("retry-after", "Wed, 21 Oct 2015 07:28:01 GMT");
    assert_passes(busy, &["slow down", "trying again in 1"]);
}

#[test]
fn characters_may_come_in_pieces() {
    let world = world();
    let text = "Grüße, 世界 🦀";
    let server = ModelServer::replying(vec![Reply::text(text).chunked(1)]);
    ask(&world, &server.openai_url(), "model: gpt-4o", &[]).assert_code(0);
    assert_eq!(outputs(&world)["texts"][0], text);
    assert_eq!(server.count(), 1);
}

#[test]
fn a_call_of_unknown_price_is_refused_under_a_limit_on_cost() {
    let world = world();
    let server = ModelServer::start(|_| Reply::text("an answer"));
    let ran = ask(&world, &server.openai_url(), "model: our-own-model", &["max_cost=1"]);
    ran.assert_code(3);
    assert_told(&ran, &["price", "allow_unknown_price=true"]);
    assert_eq!(server.count(), 0);
    let more = ["max_cost=1", "allow_unknown_price=true"];
    ask(&world, &server.openai_url(), "model: our-own-model", &more).assert_code(0);
    assert_eq!(server.count(), 1);
}

#[test]
fn a_place_where_nobody_is_is_named_at_once() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let refused = format!("http://127.0.0.1:{port}/v1");
    for (url, words) in [
        (refused.as_str(), "check that a server listens at http://127.0.0.1"),
        ("http://nobody.invalid/v1", "check that a server listens at http://nobody.invalid/v1"),
    ] {
        let world = world();
        let ran = ask(&world, url, "model: gpt-4o", &[]);
        ran.assert_code(4);
        assert_told(&ran, &["can't be reached", words, "patchwork resume"]);
    }
}

#[test]
fn a_proxy_is_used_for_other_machines_only() {
    let world = world();
    let server = ModelServer::start(|_| Reply::text("an answer"));
    let key = format!("openai_api_key={KEY}");
    let file = asking(&world, "model: gpt-4o");
    let through = |proxy: &str, url: &str| {
        let mut command = world.patchwork(&[&file, &format!("client_base_url={url}"), &key]);
        World::output(command.env("HTTP_PROXY", proxy).env("http_proxy", proxy))
    };
    let nobody = "http://127.0.0.1:1";
    through(nobody, &server.openai_url()).assert_code(0);
    let ran = through(nobody, "http://models.example.com/v1");
    assert_calm(&ran);
    ran.assert_code(4);
    assert_told(&ran, &["can't be reached", "proxy settings"]);
    assert_eq!(server.count(), 1);
}

#[test]
fn what_is_no_name_of_a_model_is_refused_before_anything_is_sent() {
    for name in ["\"gpt 4o\"", "\"gpt-4o\\r\\nx-evil: 1\"", "\"\\e[31mgpt\"", &"m".repeat(5_000)] {
        let world = world();
        let server = ModelServer::start(|_| Reply::text("an answer"));
        let ran = ask(&world, &server.openai_url(), &format!("model: {name}"), &[]);
        ran.assert_code(3);
        assert_told(&ran, &["name"]);
        assert!(ran.stderr.len() < 2_000, "{}", ran.stderr);
        assert_eq!(server.count(), 0);
    }
}

#[test]
fn calls_of_tools_are_told_as_the_model_wrote_them() {
    let world = world();
    let calls = Reply::tool_call("a", "look", "{\"path\": ").and_tool_call("a", "look", "{}");
    let server = ModelServer::replying(vec![calls]);
    ask(&world, &server.openai_url(), "model: gpt-4o", &[]).assert_code(0);
    let calls = &outputs(&world)["calls"][0];
    assert_eq!(calls[0]["arguments"], "{\"path\": ", "broken JSON is for whoever runs the tool to see");
    assert_ne!(calls[0]["id"], calls[1]["id"], "two calls are two");
    assert_eq!(server.count(), 1);
}

#[test]
fn an_answer_that_was_withheld_or_cut_is_told_and_not_asked_for_again() {
    for (text, finish, words) in [
        ("", Finish::ContentFilter, "a filter of the provider withheld the answer"),
        ("half of", Finish::ContentFilter, "a filter of the provider cut the answer off"),
        ("half of", Finish::Length, "cut at the output limit: raise model_max_tokens"),
    ] {
        let world = world();
        let server = ModelServer::replying(vec![Reply::text(text).finish(finish)]);
        assert_told(&ask(&world, &server.openai_url(), "model: gpt-4o", &[]), &[words]);
        assert_eq!(server.count(), 1);
    }
}

#[test]
fn what_a_model_can_not_do_is_told_before_anything_is_sent() {
    let world = World::new(&[("picture.gif", "GIF89a\u{1}\u{0}\u{1}\u{0}\u{0}\u{0}\u{0};")]);
    let server = ModelServer::start(|_| Reply::text("an answer"));
    let rows = format!(
        "vendors:\n  - id: acme\n    base_url: {}\n    models: [{{ name: words-only, abilities: {{ images: false }} }}]\n",
        server.openai_url()
    );
    let config = world.repo.beside("config.yml");
    std::fs::write(&config, rows).unwrap();
    let file = asking(&world, "model: acme/words-only\nfile: picture.gif");
    let ran = world.run(&[&file, "client_base_url=", "--config", config.to_str().unwrap()]);
    assert_calm(&ran);
    ran.assert_code(1);
    assert_told(&ran, &["acme/words-only", "image"]);
    assert_eq!(server.count(), 0);
}

#[test]
fn a_password_in_an_address_is_refused_before_the_run_begins() {
    let world = world();
    let server = ModelServer::start(|_| Reply::text("an answer"));
    let url = server.openai_url().replace("http://", "http://somebody:hunter2hunter2@");
    let ran = ask(&world, &url, "model: gpt-4o", &[]);
    ran.assert_code(2);
    assert_told(&ran, &["`client_base_url` must not hold a user or a password", "openai_api_key"]);
    assert!(!ran.stderr.contains("hunter2"), "{}", ran.stderr);
    assert_eq!(server.count(), 0);
    let runs = world.run(&["runs", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&runs.stdout).unwrap(), json!([]), "nothing was begun");
}
