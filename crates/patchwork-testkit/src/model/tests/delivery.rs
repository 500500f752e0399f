//! Chunks, cuts, silence and answers without end.

use std::io::ErrorKind;
use std::time::Duration;

use super::*;

#[test]
fn a_stream_comes_in_chunks_that_split_characters_and_lines() {
    let server = ModelServer::start(|_| Reply::text("añb…"));
    let mut received = String::new();
    let body = hello(CHAT, true).to_string();
    send(&server, "HTTP/1.1", CHAT, &body).read_to_string(&mut received).unwrap();
    let (head, chunks) = received.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    assert!(chunks.starts_with("7\r\ndata: {\r\n7\r\n"), "{chunks}");

    let server = ModelServer::start(|_| Reply::text("hello").chunked(3));
    let mut received = String::new();
    let body = hello(CHAT, false).to_string();
    send(&server, "HTTP/1.1", CHAT, &body).read_to_string(&mut received).unwrap();
    assert!(received.contains("\r\n\r\n3\r\n{\"i\r\n3\r\n"), "{received}");
}

#[test]
fn a_cut_answer_ends_early_and_a_stalled_one_does_not_end() {
    for (path, stream) in [(CHAT, true), (CHAT, false)] {
        let server = ModelServer::start(|_| Reply::text("a long enough answer").cut_after(20));
        assert_eq!(post(&server, path, &hello(path, stream)).1.len(), 20);
    }

    let server = ModelServer::start(|_| Reply::text("a long enough answer").stall_after(20));
    let mut connection = send(&server, "HTTP/1.0", CHAT, &hello(CHAT, true).to_string());
    connection.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut received = Vec::new();
    let end = connection.read_to_end(&mut received).unwrap_err();
    assert!(matches!(end.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{end}");
    assert!(received.ends_with(b"\r\n\r\ndata: {\"id\":\"chatcmp"));
}

#[test]
fn an_endless_answer_goes_on_whole_or_streamed() {
    let server = ModelServer::start(|_| Reply::endless());
    for stream in [true, false] {
        let mut connection = send(&server, "HTTP/1.0", CHAT, &hello(CHAT, stream).to_string());
        let mut received = vec![0; 1 << 20];
        connection.read_exact(&mut received).unwrap();
        assert!(!String::from_utf8_lossy(&received).contains("[DONE]"));
    }
}

#[test]
fn raw_bytes_are_sent_as_they_are() {
    let bytes: &[u8] = b"data: \xff\xfe\n\ndata: {\"choices\"\n\n";
    let server = ModelServer::start(move |_| Reply::stream_raw(bytes));
    let mut received = Vec::new();
    let body = hello(CHAT, true).to_string();
    send(&server, "HTTP/1.0", CHAT, &body).read_to_end(&mut received).unwrap();
    assert!(received.ends_with(bytes));
    assert!(String::from_utf8_lossy(&received).contains("content-type: text/event-stream"));
}
