//! What is read out of answers.

use patchwork_core::message::Finish;
use patchwork_core::usage::Usage;

use super::*;

const TEXT: &str = "  héllo wörld 🦀\n\tfn main() {}\n\n";

pub(super) async fn text_is_kept_as_it_is(dialect: &Dialect) {
    let answer = dialect.told(Reply::text(TEXT)).await;
    assert_eq!((answer.text.as_str(), answer.finish, answer.attempts), (TEXT, Finish::Stop, 1));
    assert_eq!((answer.model.as_str(), answer.reused), (dialect.model, false));
}

pub(super) async fn a_server_that_does_not_stream_is_understood(dialect: &Dialect) {
    let answer = dialect.told(Reply::text(TEXT).not_streamed()).await;
    assert_eq!((answer.text.as_str(), answer.finish), (TEXT, Finish::Stop));
    assert!(answer.usage.output_tokens > 0);
}

pub(super) async fn no_text_is_an_empty_text(dialect: &Dialect) {
    for reply in [Reply::null(), Reply::null().not_streamed()] {
        let answer = dialect.told(reply).await;
        assert_eq!((answer.text.as_str(), answer.finish), ("", Finish::Stop));
    }
}

pub(super) async fn every_end_is_told(dialect: &Dialect) {
    for finish in [Finish::Stop, Finish::Length, Finish::ContentFilter] {
        for reply in [Reply::text("cut"), Reply::text("cut").not_streamed()] {
            let answer = dialect.told(reply.finish(finish.clone())).await;
            assert_eq!((answer.finish, answer.text.as_str()), (finish.clone(), "cut"));
        }
    }
}

pub(super) async fn a_refusal_is_no_answer(dialect: &Dialect) {
    for reply in [Reply::refusal("I won't."), Reply::refusal("I won't.").not_streamed()] {
        assert_eq!(dialect.told(reply).await.finish, Finish::ContentFilter);
    }
}

pub(super) async fn usage_is_counted_to_the_last_kind(dialect: &Dialect) {
    let usage = Usage {
        input_tokens: 1_000,
        output_tokens: 200,
        cached_tokens: 400,
        reasoning_tokens: 50,
        ..Usage::default()
    };
    for reply in [Reply::text("done"), Reply::text("done").not_streamed()] {
        let answer = dialect.told(reply.usage(usage)).await;
        assert_eq!(answer.usage, usage);
    }
}

pub(super) async fn chunks_may_split_everything(dialect: &Dialect) {
    for bytes in [1, 2, 3, 1 << 20] {
        assert_eq!(dialect.told(Reply::text(TEXT).chunked(bytes)).await.text, TEXT, "in chunks of {bytes}");
    }
}

pub(super) async fn all_ends_of_line_will_do(dialect: &Dialect) {
    let body = dialect.recorded(Reply::text(TEXT)).await.replace("\r\n", "\n");
    for newline in ["\n", "\r\n", "\r"] {
        let body = format!("\u{feff}{}", body.replace('\n', newline));
        let answer = dialect.told(Reply::stream_raw(body.clone()).chunked(1)).await;
        assert_eq!(answer.text, TEXT, "{newline:?}");
        // The last event may lack the empty line behind it.
        let answer = dialect.told(Reply::stream_raw(body.trim_end().to_owned())).await;
        assert_eq!((answer.text.as_str(), answer.attempts), (TEXT, 1), "{newline:?}");
    }
}

pub(super) async fn comments_and_pings_say_nothing(dialect: &Dialect) {
    let body = dialect.recorded(Reply::text(TEXT)).await.replace("\r\n", "\n");
    let ping = ": still here\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\nid: 7\nretry: 3000\n\n";
    let body = format!("{ping}{}", body.replace("\n\n", &format!("\n\n{ping}")));
    assert_eq!(dialect.told(Reply::stream_raw(body)).await.text, TEXT);
}

pub(super) async fn several_calls_come_with_their_arguments(dialect: &Dialect) {
    let reply = Reply::tool_call("a", "look", r#"{"path":"ü.py"}"#).and_tool_call("b", "list", "{}");
    for reply in [reply.clone(), reply.not_streamed()] {
        let answer = dialect.told(reply).await;
        let calls: Vec<_> =
            answer.tool_calls.iter().map(|call| (call.id.as_str(), call.name.as_str())).collect();
        assert_eq!((calls, answer.finish), (vec![("a", "look"), ("b", "list")], Finish::ToolCalls));
        let arguments: Value = serde_json::from_str(&answer.tool_calls[0].arguments).unwrap();
        assert_eq!(arguments["path"], "ü.py");
    }
}

pub(super) async fn arguments_that_are_not_json_are_passed_on(dialect: &Dialect) {
    let answer = dialect.told(Reply::tool_call("a", "look", r#"{"path": "a"#)).await;
    let [call] = answer.tool_calls.try_into().unwrap();
    assert!(call.arguments.contains("path"), "{call:?}");
}

pub(super) async fn ids_that_are_there_twice_are_made_unique(dialect: &Dialect) {
    let reply = Reply::tool_call("a", "look", r#"{"path":"1"}"#)
        .and_tool_call("a", "look", r#"{"path":"2"}"#)
        .and_tool_call("", "look", r#"{"path":"3"}"#);
    for reply in [reply.clone(), reply.not_streamed()] {
        let calls = dialect.told(reply).await.tool_calls;
        let ids: std::collections::BTreeSet<_> = calls.iter().map(|call| call.id.clone()).collect();
        assert_eq!((calls.len(), ids.len(), ids.contains("")), (3, 3, false), "{calls:?}");
        for (call, path) in calls.iter().zip(["1", "2", "3"]) {
            assert!(call.arguments.contains(path), "{calls:?}");
        }
    }
}
