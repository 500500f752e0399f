//! Models that answer badly, late or never, what is asked of them, and what the user is told of it.

use std::time::Duration;

use patchwork_core::message::{Finish, Role};
use patchwork_core::usage::Usage;
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest, fix_reply};
use serde_json::{Value, json};

use crate::world::{KEY, Ran, World, excerpt, fixing};

const DIGEST: &str = "import hashlib\n\n\ndef digest(data):\n    return hashlib.md5(data).hexdigest()\n";
const FIXED: &str = "def digest(data):\n    return hashlib.sha256(data).hexdigest()\n";
const ADDED: &str = "\n+    return hashlib.sha256(data).hexdigest()";

/// A repository in which `app.py` is weak in its fifth line.
fn one_finding() -> World {
    let world = World::new(&[("app.py", DIGEST), ("README.md", "# A project\n")]);
    world.report(&[("app.py", 5)]);
    world
}

/// Runs AutoFix; the user's checkout must be as it was and every request as it should be.
fn autofix(world: &World, server: &ModelServer, more: &[&str]) -> Ran {
    let before = world.repo.belongings();
    let ran = world.autofix(server, more);
    world.assert_untouched(&before);
    server.assert_polite();
    server.assert_no_secret(&[KEY]);
    ran
}

#[track_caller]
fn assert_fixed(world: &World) {
    assert!(world.has_branch(), "there is no branch");
    let changes = world.changes("autofix-main");
    assert_eq!(changes.matches(ADDED).count(), 1, "{changes}");
}

#[track_caller]
fn assert_told(ran: &Ran, words: &[&str]) {
    for word in words {
        assert!(ran.stderr.contains(word), "{word}:\n{}", ran.stderr);
    }
}

fn good() -> Reply {
    Reply::text(fix_reply("Use SHA-256", "SHA-256 in place of MD5.", "Low", FIXED))
}

/// A failure of the server that is over at once, so that tests need not wait.
fn passing(status: u16) -> Reply {
    Reply::error(status, "slow down").header("retry-after-ms", "1")
}

#[test]
fn an_answer_that_is_no_fix_is_asked_for_again_with_the_reason() {
    let sections = |fence: &str, code: &str| {
        format!(
            "A. Commit message:\nUse SHA-256\n\nB. Change summary:\nBetter.\n\nC. Compatibility Risk:\nLow\n\nD. Fixed Code:\n{fence}{code}"
        )
    };
    for (first, reason) in [
        (Reply::text(""), "the answer is empty"),
        (Reply::text(" \n\t\n"), "the answer is empty"),
        (Reply::null(), "the answer is empty"),
        (Reply::text("I would use SHA-256 here."), "section `D. Fixed Code:` is missing"),
        (Reply::text(format!("```python\n{FIXED}```\n")), "section `D. Fixed Code:` is missing"),
        (Reply::text("<!doctype html><html><body>Hello</body></html>"), "HTML"),
        (Reply::text(sections("```python\n", FIXED)), "its code block is never closed"),
        (Reply::text(sections("", FIXED)), "it has no fenced code block"),
        (Reply::text(sections("```\n", "```\n")), "the fixed code is empty"),
        (
            Reply::text(sections(
                "```\n",
                "def digest(data):\n    return hashlib.md5(data).hexdigest()\n```\n",
            )),
            "the same as before",
        ),
        (
            Reply::text(sections("```\n", "def digest(data):\n    # ... rest of the function\n```\n")),
            "leaves code out",
        ),
        (Reply::text(sections("```\n", "def digest(data:\n    return 1\n```\n")), "Python"),
        (Reply::text(sections("```\n", FIXED)).finish(Finish::Length), "cut at the output limit"),
    ] {
        let world = one_finding();
        let server = ModelServer::replying(vec![first, good()]);
        let ran = autofix(&world, &server, &[]);
        ran.assert_code(0);
        assert_eq!(server.count(), 2, "{reason}");
        let again = &server.requests()[1];
        assert!(again.system().contains(reason), "{reason}:\n{}", again.system());
        assert_eq!(again.user(), server.requests()[0].user());
        assert_fixed(&world);
    }
}

#[test]
fn sections_are_found_in_other_spellings() {
    let body = format!("```python\n{FIXED}```");
    for answer in [
        format!(
            "**A. Commit message:** Use SHA-256\n\n**B. Change summary:** Better.\n\n**C. Compatibility Risk:** Low\n\n**D. Fixed Code:**\n{body}"
        ),
        format!(
            "## A. Commit message\nUse SHA-256\n## B. Change summary\nBetter.\n## C. Compatibility Risk\nLow\n## D. Fixed Code\n{body}\n"
        ),
        format!(
            "a. commit message:\nUse SHA-256\nb. change summary:\nBetter.\nc. compatibility risk:\nlow\nd. fixed code:\n{body}\n"
        ),
        format!(
            "Sure!\r\n\r\nA. Commit message:\r\nUse SHA-256\r\n\r\nB. Change summary:\r\nBetter.\r\n\r\nC. Compatibility Risk:\r\nLow\r\n\r\nD. Fixed Code:\r\n{}\r\n\r\nI hope this helps.",
            body.replace('\n', "\r\n")
        ),
        format!(
            "<think>hm, D. Fixed Code:</think>\nA. Commit message:\nUse SHA-256\nB. Change summary:\nBetter.\nC. Compatibility Risk:\nLow\nD. Fixed Code:\n~~~~python\n{FIXED}~~~~\n"
        ),
    ] {
        let world = one_finding();
        let server = ModelServer::replying(vec![Reply::text(answer.as_str())]);
        autofix(&world, &server, &[]).assert_code(0);
        assert_eq!(server.count(), 1, "{answer}");
        assert_fixed(&world);
        assert!(
            world.repo.git(&["log", "--format=%B", "main..autofix-main"]).contains("Use SHA-256"),
            "{answer}"
        );
    }
}

#[test]
fn an_answer_that_was_cut_is_used_only_when_that_is_allowed() {
    let cut = || ModelServer::replying(vec![good().finish(Finish::Length)]);

    let world = one_finding();
    let server = cut();
    let ran = autofix(&world, &server, &[]);
    ran.assert_code(11);
    assert_told(&ran, &["cut at the output limit"]);
    assert!(!world.has_branch());
    assert_eq!(server.count(), 2, "asked once, and once again");

    let server = cut();
    autofix(&world, &server, &["allow_truncated=true"]).assert_code(0);
    assert_eq!(server.count(), 1);
    assert_fixed(&world);
}

#[test]
fn verdicts_are_reported_and_not_asked_for_again() {
    for (answer, words) in [
        (
            "NOT VULNERABLE\nThe digest names a cache entry.",
            "not vulnerable: app.py:5 weak-hash: The digest names a cache entry.",
        ),
        ("**Not vulnerable.** The digest names a cache entry.", "The digest names a cache entry."),
        (
            "NO FIX POSSIBLE\nThe protocol asks for MD5.",
            "no fix: app.py:5 weak-hash: The protocol asks for MD5.",
        ),
    ] {
        let world = one_finding();
        let server = ModelServer::replying(vec![Reply::text(answer)]);
        let ran = autofix(&world, &server, &[]);
        ran.assert_code(0);
        assert_told(&ran, &[words]);
        assert_eq!(server.count(), 1);
        assert!(!world.has_branch());
    }
}

#[test]
fn passing_failures_are_waited_out_and_told() {
    for (failure, words) in
        [(passing(429), "429"), (passing(500), "500"), (passing(503), "503"), (passing(408), "408")]
    {
        let world = one_finding();
        let server = ModelServer::replying(vec![failure.clone(), failure.clone(), failure, good()]);
        let ran = autofix(&world, &server, &[]);
        ran.assert_code(0);
        assert_eq!(server.count(), 4, "{words}");
        assert_fixed(&world);
        assert_told(&ran, &[words, "slow down", "trying again in"]);
    }
}

#[test]
fn a_wait_of_no_seconds_or_of_one_is_honoured() {
    for seconds in ["0", "1"] {
        let world = one_finding();
        let busy = Reply::error(429, "slow down").header("retry-after", seconds);
        let server = ModelServer::replying(vec![busy, good()]);
        autofix(&world, &server, &[]).assert_code(0);
        assert_eq!(server.count(), 2);
        assert_fixed(&world);
    }
}

#[test]
fn a_connection_that_is_cut_and_an_answer_that_never_comes_are_tried_again() {
    for (failure, words) in [
        (Reply::cut(), "cut the connection"),
        (good().cut_after(40), "cut the connection"),
        (Reply::never(), "did not answer within 1s"),
    ] {
        let world = one_finding();
        let server = ModelServer::replying(vec![failure, good()]);
        let ran = autofix(&world, &server, &["client_timeout=1"]);
        ran.assert_code(0);
        assert_eq!(server.count(), 2, "{words}");
        assert_fixed(&world);
        assert_told(&ran, &[words]);
    }
}

#[test]
fn a_page_of_a_proxy_is_no_answer() {
    let world = one_finding();
    let page = Reply::raw(200, "<!DOCTYPE html><html><head><title>Sign in</title></head></html>")
        .header("content-type", "text/html");
    let server = ModelServer::replying(vec![page, good()]);
    let ran = autofix(&world, &server, &[]);
    ran.assert_code(4);
    assert_told(
        &ran,
        &["answered with a web page in place of an answer: Sign in", "check `client_base_url`"],
    );
    assert_eq!(server.count(), 1, "a wrong address stays wrong");
    assert!(!world.has_branch());
}

#[test]
fn a_key_that_is_refused_ends_the_run_after_one_call() {
    for status in [401, 403] {
        let world = one_finding();
        let server =
            ModelServer::replying(vec![Reply::error(status, format!("Incorrect API key provided: {KEY}"))]);
        let ran = autofix(&world, &server, &[]);
        ran.assert_code(4);
        assert_told(&ran, &["Incorrect API key", "openai_api_key"]);
        assert!(!ran.stderr.contains(KEY), "{}", ran.stderr);
        assert_eq!(server.count(), 1);
        assert!(!world.has_branch());
    }
}

#[test]
fn a_server_that_stays_broken_is_given_up_and_the_run_resumes_when_it_is_well() {
    let world = one_finding();
    let well = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let now = well.clone();
    let server = ModelServer::start(move |request| {
        if now.load(std::sync::atomic::Ordering::SeqCst) { fixing(request) } else { passing(500) }
    });
    let ran = autofix(&world, &server, &[]);
    ran.assert_code(4);
    assert_told(&ran, &["answered 500", "after 5 tries", "patchwork resume"]);
    assert_eq!(server.count(), 5);
    assert!(!world.has_branch());

    well.store(true, std::sync::atomic::Ordering::SeqCst);
    let before = world.repo.belongings();
    let run = world.newest_run();
    let ran = world.run(&["resume", &run, &format!("openai_api_key={KEY}")]);
    ran.assert_code(0);
    world.assert_untouched(&before);
    assert_eq!(server.count(), 6);
    assert_fixed(&world);

    autofix(&world, &server, &[]).assert_code(0);
    assert_eq!(server.count(), 7);
}

#[test]
fn one_failed_call_does_not_lose_the_others() {
    let world = World::with_five_findings();
    let server =
        ModelServer::start(
            |request| {
                if request.user().contains("def three") { passing(500) } else { fixing(request) }
            },
        );
    let ran = autofix(&world, &server, &["n=0"]);
    ran.assert_code(0);
    let changes = world.changes("autofix-main");
    assert_eq!(changes.matches("\n+    value = hashlib.sha256(data)").count(), 4, "{changes}");
    assert_told(&ran, &["not fixed: lib/b.py:6 weak-hash", "answered 500"]);
    assert_eq!(server.count(), 4 + 5);
}

#[test]
fn the_rounds_are_counted_and_the_last_reason_is_told() {
    for (n, calls) in [("0", 1), ("1", 2), ("2", 3)] {
        let world = one_finding();
        let server = ModelServer::start(|request| Reply::text(format!("no sections {}", request.index)));
        let ran = autofix(&world, &server, &[&format!("n={n}")]);
        ran.assert_code(11);
        assert_eq!(server.count(), calls);
        assert_told(&ran, &["nothing was fixed", "section `D. Fixed Code:` is missing"]);
        assert!(!world.has_branch());
    }
}

#[test]
fn each_round_says_what_was_wrong_with_every_answer_before() {
    let world = one_finding();
    let broken = fix_reply("c", "s", "Low", "def digest(data:\n    return 1\n");
    let server = ModelServer::replying(vec![Reply::text(""), Reply::text(broken), good()]);
    autofix(&world, &server, &["n=2"]).assert_code(0);
    let requests = server.requests();
    assert_eq!(requests.len(), 3);
    assert!(!requests[0].system().contains("turned down"), "{}", requests[0].system());
    assert!(requests[2].system().contains("the answer is empty"), "{}", requests[2].system());
    assert_eq!(
        requests[2].system().matches("\n- ").count() - requests[0].system().matches("\n- ").count(),
        2
    );
    for request in &requests {
        assert_asks_for_one_excerpt(request);
    }
    assert_fixed(&world);
}

/// The system message instructs; the user's is the excerpt in one fenced block and nothing else.
#[track_caller]
fn assert_asks_for_one_excerpt(request: &SeenRequest) {
    let roles: Vec<Role> = request.messages.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::System, Role::User]);
    for heading in ["A. Commit message:", "B. Change summary:", "C. Compatibility Risk:", "D. Fixed Code:"] {
        assert!(request.system().contains(heading), "{}", request.system());
    }
    assert!(request.system().contains("MD5 is broken"), "{}", request.system());
    assert_eq!(request.user(), "```\ndef digest(data):\n    return hashlib.md5(data).hexdigest()\n```");
}

#[test]
fn calls_are_limited_over_all_rounds() {
    for (limit, calls, code) in [(0, 0, 0), (2, 2, 12), (5, 5, 12), (6, 6, 12), (10, 10, 11), (99, 10, 11)] {
        let world = World::with_five_findings();
        let server = ModelServer::replying(vec![Reply::text("no sections")]);
        let ran = autofix(&world, &server, &[&format!("max_llm_calls={limit}")]);
        assert_eq!(server.count(), calls, "{}", ran.stderr);
        assert!(!world.has_branch());
        ran.assert_code(code);
        if code != 11 {
            assert_told(&ran, &["max_llm_calls"]);
        }
    }
}

#[test]
fn as_many_calls_are_in_flight_as_concurrency_says() {
    for (concurrency, expected) in [("1", 1), ("3", 3), ("5", 5)] {
        let world = World::with_five_findings();
        let server = ModelServer::start(move |request| fixing(request).once_in_flight(expected));
        autofix(&world, &server, &[&format!("concurrency={concurrency}")]).assert_code(0);
        assert_eq!(server.max_in_flight(), expected);
        assert_eq!(server.count(), 5);
    }
}

#[test]
fn tokens_and_costs_are_in_the_summary_the_journal_and_the_output() {
    let world = World::with_five_findings();
    let usage = Usage { input_tokens: 1_000, output_tokens: 200, ..Usage::default() };
    let server = ModelServer::start(move |request| fixing(request).usage(usage));
    let results = world.repo.beside("results.json");
    let ran = autofix(&world, &server, &["--output", results.to_str().unwrap()]);
    ran.assert_code(0);
    // gpt-4o by list price: $2.50 and $10 for a million tokens.
    let figures = "5 model calls, 6.0k tokens, $0.0225";
    assert_told(&ran, &[figures]);
    let shown = world.run(&["runs", "show", &world.newest_run()]);
    shown.assert_code(0);
    assert!(shown.stdout.contains(figures), "{}", shown.stdout);
    let results: Value = serde_json::from_slice(&std::fs::read(results).unwrap()).unwrap();
    assert_eq!(results["totals"]["calls"], 5);
    assert_eq!(results["totals"]["usage"]["input_tokens"], 5_000);
    assert_eq!(results["totals"]["usage"]["output_tokens"], 1_000);
    assert_eq!(results["totals"]["cost"], 22_500);
    assert_eq!(results["outputs"]["counts"]["fixed"], 5);
}

#[test]
fn a_model_of_unknown_price_says_so() {
    let world = one_finding();
    let server = ModelServer::replying(vec![good()]);
    let ran = autofix(&world, &server, &["model=our-own-model"]);
    ran.assert_code(0);
    assert_told(&ran, &["1 model call", "price unknown"]);
    assert_eq!(server.requests()[0].model, "our-own-model");
}

#[test]
fn an_endpoint_of_ones_own_takes_every_model() {
    for (model, sent) in
        [("gpt-4o", "gpt-4o"), ("claude-sonnet-4-5", "claude-sonnet-4-5"), ("org/name:tag", "org/name:tag")]
    {
        let world = one_finding();
        let server = ModelServer::replying(vec![good()]);
        autofix(
            &world,
            &server,
            &[&format!("model={model}"), "model_temperature=0.5", "model_max_tokens=700"],
        )
        .assert_code(0);
        let request = &server.requests()[0];
        assert_eq!(request.path, "/v1/chat/completions");
        assert_eq!(request.model, sent);
        assert_eq!(request.header("authorization"), format!("Bearer {KEY}"));
        assert_eq!(request.body["temperature"], 0.5);
        let limit = request.body.get("max_completion_tokens").or_else(|| request.body.get("max_tokens"));
        assert_eq!(limit, Some(&json!(700)));
    }
}

#[test]
fn a_model_without_its_key_is_named_before_anything_is_sent() {
    for (model, option) in [
        ("claude-sonnet-4-5", "anthropic_api_key"),
        ("gemini/gemini-2.5-pro", "google_api_key"),
        ("openai/gpt-4o", "openai_api_key"),
    ] {
        let world = one_finding();
        let before = world.repo.belongings();
        let sarif = format!("sarif_file_path={}", world.sarif().display());
        let ran = world.run(&["AutoFix", "disable_pr=true", &sarif, &format!("model={model}")]);
        ran.assert_code(3);
        assert_told(&ran, &[option]);
        world.assert_untouched(&before);
        assert!(!world.has_branch());
    }
}

const PROMPT: &str = r#"[{"id": "fixprompt", "prompts": [
    {"role": "system", "content": "House rules apply."},
    {"role": "user", "content": "Repair {{ affectedCode }} because {{messageText}}"}
]}]"#;

#[test]
fn prompts_of_ones_own_reach_the_model() {
    let world = one_finding();
    let file = world.repo.beside("prompts.json");
    std::fs::write(&file, PROMPT).unwrap();
    let folder = world.repo.beside("config");
    std::fs::create_dir_all(folder.join("AutoFix")).unwrap();
    std::fs::write(folder.join("AutoFix/prompt.json"), PROMPT).unwrap();

    let by_option = format!("prompt_template_file={}", file.display());
    for args in [vec![by_option.as_str()], vec!["--config", folder.to_str().unwrap()]] {
        let server = ModelServer::replying(vec![good()]);
        autofix(&world, &server, &args).assert_code(0);
        assert_fixed(&world);
        let request = &server.requests()[0];
        assert_eq!(request.system(), "House rules apply.");
        assert_eq!(
            request.user(),
            "Repair def digest(data):\n    return hashlib.md5(data).hexdigest()\n because Issue Description: MD5 is broken"
        );
    }
}

#[test]
fn a_prompt_that_can_not_be_used_is_explained_before_a_model_is_paid() {
    let prompt = |content: &str| {
        json!([{"id": "fixprompt", "prompts": [{"role": "user", "content": content}]}]).to_string()
    };
    for (text, words) in [
        (prompt("{{#findings}}{{affectedCode}}{{/findings}}"), vec!["Mustache", "{% for"]),
        (prompt("{{{affectedCode}}}"), vec!["Mustache"]),
        (prompt("{{ affectedCod }}"), vec!["affectedCod"]),
        (prompt("{% if %}"), vec!["fixprompt"]),
        (prompt("x").replace("fixprompt", "other"), vec!["fixprompt", "other"]),
        ("{".to_owned(), vec!["prompts.json"]),
    ] {
        let world = one_finding();
        let file = world.repo.beside("prompts.json");
        std::fs::write(&file, &text).unwrap();
        let server = ModelServer::replying(vec![good()]);
        let ran = autofix(&world, &server, &[&format!("prompt_template_file={}", file.display())]);
        ran.assert_code(3);
        assert_told(&ran, &words);
        assert_eq!(server.count(), 0, "{text}");
        assert!(!world.has_branch());
    }
}

#[test]
fn slow_answers_of_many_calls_come_in_any_order() {
    let world = World::with_five_findings();
    let server = ModelServer::start(|request| {
        // The first excerpt is answered last.
        let late = if excerpt(request).contains("def one") { 60 } else { 0 };
        fixing(request).delay(Duration::from_millis(late))
    });
    autofix(&world, &server, &[]).assert_code(0);
    let messages = world.repo.git(&["log", "--format=%s", "--reverse", "main..autofix-main"]);
    assert!(messages.find("a.py") < messages.find("lib/b.py"), "{messages}");
    assert_eq!(world.changes("autofix-main").matches("\n+").count() - 3, 5);
}

#[test]
fn without_a_model_rules_fix_what_they_can_and_the_rest_is_listed() {
    // A model server that the developer runs would be asked.
    if [11434, 8080, 8000, 1234].iter().any(|port| std::net::TcpStream::connect(("127.0.0.1", *port)).is_ok())
    {
        return;
    }
    let code = "import yaml\n\n\ndef load(text):\n    return yaml.load(text)\n\n\ndef run(text):\n    return eval(text)\n";
    let world = World::new(&[("app.py", code)]);
    let before = world.repo.belongings();
    let ran = world.run(&["AutoFix", "disable_pr=true", "scanner=rules"]);
    ran.assert_code(0);
    world.assert_untouched(&before);
    let changes = world.changes("autofix-main");
    assert!(changes.contains("\n+    return yaml.safe_load(text)"), "{changes}");
    assert_eq!(changes.matches("\n+").count() - 1, 1, "{changes}");
    assert_told(&ran, &["not fixed: app.py:9 python-eval"]);
    assert_eq!(ran.stderr.matches("(OPENAI_API_KEY").count(), 1, "{}", ran.stderr);
}
