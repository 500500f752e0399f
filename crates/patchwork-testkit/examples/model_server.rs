//! The scripted model as a program, for clients in other languages: `descriptions/sdks.py` talks to it.
#![expect(clippy::print_stdout, reason = "it tells the one who started it where it is")]

use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;
use patchwork_testkit::model::{ModelServer, Reply, SeenRequest};

fn main() -> std::io::Result<()> {
    let server = ModelServer::start(reply);
    println!("{}", server.url());
    // Until its input ends.
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    println!("{} requests, {:#?}", server.count(), server.violations());
    Ok(())
}

/// The answer that the user's message names.
fn reply(request: &SeenRequest) -> Reply {
    let usage = Usage {
        input_tokens: 90,
        output_tokens: 30,
        cached_tokens: 64,
        reasoning_tokens: 8,
        ..Usage::default()
    };
    let reply = match request.user() {
        "think" => Reply::text("Ça va…").thinking("Greet back.", "c2lnbmVk"),
        "call" => Reply::text("Let me look.")
            .and_tool_call("call_1", "look", r#"{"path":"ä.py"}"#)
            .and_tool_call("call_2", "look", r#"{"path":"b.py"}"#),
        "refuse" => Reply::refusal("I can't."),
        "limit" => Reply::text("half an ans").finish(Finish::Length),
        "nothing" => Reply::null(),
        "fail" => Reply::error(404, "no such model"),
        "break" => Reply::text("half an ans").then_error(529, "overloaded"),
        text => Reply::text(format!("you said {text} {}", "ж".repeat(3000))),
    };
    reply.usage(usage)
}
