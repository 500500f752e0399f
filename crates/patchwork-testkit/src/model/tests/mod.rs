//! The server, spoken to over plain sockets.

mod delivery;
mod streams;

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

use super::*;

const CHAT: &str = "/v1/chat/completions";
const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/v1/messages";
const GENERATE: &str = "/v1beta/models/gemini-2.5-pro:generateContent";
const STREAM_GENERATE: &str = "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse";

/// The same question in every protocol, asking for a stream or not.
fn hello(path: &str, stream: bool) -> Value {
    let said = json!([{"role": "user", "content": "hello"}]);
    match path {
        CHAT => json!({
            "model": "gpt-5",
            "messages": said,
            "stream": stream,
            "stream_options": stream.then(|| json!({"include_usage": true})),
        }),
        RESPONSES => json!({"model": "gpt-5", "input": said, "stream": stream}),
        MESSAGES => {
            json!({"model": "claude-sonnet-4-5", "max_tokens": 64, "messages": said, "stream": stream})
        }
        _ => json!({"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}),
    }
}

/// Sends a request without waiting for anything.
fn send(server: &ModelServer, version: &str, path: &str, body: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST {path} {version}\r\nhost: test\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    stream
}

/// Head and body of what comes until the connection closes; by HTTP/1.0, where chunks are not marked.
fn post(server: &ModelServer, path: &str, body: &Value) -> (String, String) {
    let mut received = Vec::new();
    // An error is how a cut connection shows.
    let _ = send(server, "HTTP/1.0", path, &body.to_string()).read_to_end(&mut received);
    let received = String::from_utf8(received).unwrap();
    let (head, body) = received.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

fn post_json(server: &ModelServer, path: &str, body: &Value) -> Value {
    serde_json::from_str(&post(server, path, body).1).unwrap()
}

/// Names and data of server-sent events.
fn events(body: &str) -> Vec<(String, Value)> {
    let body = body.replace("\r\n", "\n");
    let blocks = body.split("\n\n").filter(|block| !block.is_empty());
    blocks
        .map(|block| {
            let line = |field: &str| block.lines().find_map(|line| line.strip_prefix(field));
            let data = line("data: ").unwrap();
            let data = if data == "[DONE]" { json!(data) } else { serde_json::from_str(data).unwrap() };
            (line("event: ").unwrap_or_default().to_owned(), data)
        })
        .collect()
}

#[test]
fn a_fix_reply_has_four_sections_and_a_fence_longer_than_the_codes_own() {
    let reply = fix_reply("Quote the name", "It was not quoted.", "Low", "x = '```'\n");
    assert_eq!(
        reply,
        "A. Commit message:\nQuote the name\n\nB. Change summary:\nIt was not quoted.\n\n\
         C. Compatibility Risk:\nLow\n\nD. Fixed Code:\n````\nx = '```'\n````\n"
    );
    assert!(fix_reply("c", "s", "r", "no newline").ends_with("```\nno newline\n```\n"));
}

#[test]
fn what_the_vendor_would_refuse_is_refused_unless_the_server_is_lenient() {
    let odd = json!({"model": "m", "messages": [{"role": "user", "content": "hello"}], "num_ctx": 4096});
    let server = ModelServer::start(|_| Reply::text("done"));
    let (head, body) = post(&server, CHAT, &odd);
    assert!(head.starts_with("HTTP/1.0 400"), "{head}");
    assert!(body.contains("'num_ctx' was unexpected"), "{body}");
    let [violation] = server.violations().try_into().unwrap();
    assert!(violation.starts_with("request 0: ") && violation.contains("num_ctx"), "{violation}");

    let server = ModelServer::start(|_| Reply::text("done")).lenient();
    assert_eq!(post_json(&server, CHAT, &odd)["choices"][0]["message"]["content"], "done");
    server.assert_polite();
    post(&server, CHAT, &json!({"model": "m", "messages": []}));
    assert_eq!(server.violations().len(), 1);
}

#[test]
fn models_are_listed_in_the_form_of_the_place() {
    let server = ModelServer::start_listing(&["a", "b"], |_| Reply::text("done"));
    for (path, names) in
        [("/v1/models", "/data/1/id"), ("/v1beta/models", "/models/1/name"), ("/api/tags", "/models/1/name")]
    {
        let mut stream = TcpStream::connect(server.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut received = String::new();
        stream.read_to_string(&mut received).unwrap();
        let body: Value = serde_json::from_str(received.split_once("\r\n\r\n").unwrap().1).unwrap();
        let name = if path == "/v1beta/models" { "models/b" } else { "b" };
        assert_eq!(body.pointer(names).unwrap(), name, "{path}");
    }
    assert_eq!((server.listings(), server.count()), (3, 0));
}
