//! How long a stream may be, and how long it may take.

use patchwork_core::message::Finish;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

fn event(data: &serde_json::Value) -> String {
    format!("data: {data}\n\n")
}

fn saying(text: &str) -> String {
    event(&json!({"choices": [{"index": 0, "delta": {"content": text}}]}))
}

fn ending() -> String {
    event(&json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
}

fn usage() -> String {
    event(&json!({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 1}}))
}

#[tokio::test]
async fn an_event_without_end_and_a_stream_of_nothing_come_to_an_end() {
    let padding = event(&json!({"choices": [], "padding": "x".repeat(7 << 20)}));
    for (body, words) in [
        (format!("data: \"{}", "x".repeat(9 << 20)), "more than 8 MiB as one event"),
        (padding.repeat(10), "more than 64 MiB as the answer"),
        (saying("").repeat(3) + &saying(&"x".repeat(5 << 20)), "more than 4 MiB"),
    ] {
        let length = body.len();
        // It stays open: whoever waits for its end waits in vain.
        let (error, tries) = failing(Reply::stream_raw(body).chunked(1 << 20).stall_after(length)).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 1), "{error}");
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_page_or_a_whole_answer_is_not_read_for_ever_either() {
    let (error, _) = failing(Reply::raw(200, format!("<title>Hi</title>{}", "x".repeat(1 << 20)))).await;
    assert!(error.message.contains(": Hi"), "{error}");
    let long = json!({"choices": [{"message": {"content": "x".repeat(5 << 20)}}]});
    let (error, tries) = failing(Reply::json(&long)).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 1), "{error}");
}

#[tokio::test]
async fn an_answer_is_whole_when_only_the_word_that_it_is_all_was_cut_off() {
    let body = [saying("done"), ending(), usage()].concat();
    let length = body.len();
    let (answer, server) = replying(vec![Reply::stream_raw(body).cut_after(length)]).await;
    let answer = answer.unwrap();
    assert_eq!((answer.text.as_str(), answer.finish, server.count()), ("done", Finish::Stop, 1));

    // Without its count it can't be settled, and is no answer.
    let body = [saying("done"), ending()].concat();
    let length = body.len();
    let (answer, server) =
        replying(vec![Reply::stream_raw(body).cut_after(length), Reply::text("again")]).await;
    assert_eq!((answer.unwrap().text.as_str(), server.count()), ("again", 2));
}

#[tokio::test]
async fn an_answer_that_keeps_coming_may_take_longer_than_a_server_may_be_silent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 64 << 10];
        let _ = stream.read(&mut request).await.unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n").await.unwrap();
        for number in 0..15 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            // A comment is a sign of life too.
            let sign = if number % 2 == 0 { saying("x") } else { ": still here\n\n".to_owned() };
            stream.write_all(sign.as_bytes()).await.unwrap();
        }
        stream
            .write_all([ending(), usage(), "data: [DONE]\n\n".to_owned()].concat().as_bytes())
            .await
            .unwrap();
    });
    let target = Target {
        model: Some("slow".to_owned()),
        base_url: Some(base_url),
        timeout: Some(Duration::from_secs(1)),
        ..Target::default()
    };
    let answer = chat(&Models::new(quick()), &target, &hello()).await.unwrap();
    serving.await.unwrap();
    assert_eq!((answer.text.as_str(), answer.attempts), ("xxxxxxxx", 1));
    assert!(answer.latency_ms >= 1_500);
}
