use std::time::Duration;

use patchwork_testkit::forge::{ForgeServer, Scripted};
use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "ghp_0123456789abcdef";

fn pace() -> Pace {
    Pace { first_wait: Duration::from_millis(1), ..Pace::default() }
}

fn door(server: &ForgeServer) -> Http {
    Http::new(server.url()).unwrap().bearer(&Secret::new(TOKEN)).unwrap().pace(pace())
}

fn server() -> ForgeServer {
    ForgeServer::github("octo/app", TOKEN).unwrap()
}

fn new_pull() -> Call {
    let body = json!({ "title": "t", "head": "h", "base": "b" });
    Call::post(["repos", "octo", "app", "pulls"]).json(&body).unwrap()
}

#[tokio::test]
async fn a_post_is_sent_again_only_when_the_caller_says_so() {
    let server = server();
    server.script("POST", [Scripted::status(500, "oops")]);
    let error = door(&server).call::<Value>(&new_pull()).await.unwrap_err();
    assert_eq!(error.status(), Some(500));
    assert_eq!(server.log(), ["POST /repos/octo/app/pulls 500"]);

    server.script("POST", [Scripted::status(500, "oops")]);
    door(&server).call::<Value>(&new_pull().repeatable()).await.unwrap();
    assert_eq!(server.log().len(), 3);
}

#[tokio::test]
async fn a_server_that_asks_for_ages_is_left() {
    let server = server();
    // As many seconds as a wait can hold.
    let ages = (u64::MAX - 2_048).to_string();
    server.script("GET", [Scripted::status(429, "later").header("retry-after", ages)]);
    let error = door(&server).call::<Value>(&Call::get(["repos", "octo", "app"])).await.unwrap_err();
    assert!(matches!(error, HttpError::RateLimited { .. }), "{error}");
    assert_eq!(server.log().len(), 1);
}

#[tokio::test]
async fn tries_end() {
    let server = server();
    server.script("GET", std::iter::repeat_n(Scripted::status(503, "down"), 9));
    let error = door(&server).call::<Value>(&Call::get(["repos", "octo", "app"])).await.unwrap_err();
    assert!(matches!(&error, HttpError::Status { status: 503, message, .. } if message == "down"), "{error}");
    assert_eq!(server.log().len(), 5);
}

#[tokio::test]
async fn nobody_listening_is_an_error_that_names_the_host() {
    let server = server();
    let http = door(&server);
    drop(server);
    let error = http.call::<Value>(&Call::get(["repos"])).await.unwrap_err();
    assert!(matches!(&error, HttpError::Connection { arrived: false, .. }), "{error}");
    assert!(error.to_string().contains("GET /repos on 127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_left() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", silent.local_addr().unwrap());
    let pace = Pace { timeout: Duration::from_millis(50), retries: 1, ..pace() };
    let error = Http::new(&base).unwrap().pace(pace).call::<Value>(&Call::get(["x"])).await.unwrap_err();
    assert!(matches!(error, HttpError::Timeout { .. }), "{error}");
}

#[tokio::test]
async fn what_a_server_says_is_one_clean_line_without_the_token() {
    let server = server();
    let cases = [
        (format!(r#"{{"message": "no\n\u001b[31m {TOKEN}"}}"#), "no [31m ***"),
        ("<!doctype html><p>sorry".into(), "an HTML page"),
        (String::new(), "no reason given"),
        (r#"{"message": 3, "errors": {"a": 1}}"#.into(), "no reason given"),
        (r#"{"message": "x", "errors": ["one", {"field": "f", "code": "c"}, 5]}"#.into(), "x (one; f: c)"),
        (format!(r#"{{"message": "{}"}}"#, "long ".repeat(1000)), "long long"),
    ];
    for (body, expected) in cases {
        server.script("GET", [Scripted::Answer { status: 400, headers: vec![], body }]);
        let error = door(&server).call::<Value>(&Call::get(["repos"])).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains(TOKEN) && error.len() < 500, "{error}");
    }
}

#[test]
fn segments_and_queries_are_escaped() {
    let http = Http::new("https://ghe.example.com/api/v3/").unwrap();
    let url = http.url(&Call::get(["repos", "a/b", "c?d#e"]).query("head", "o:feature/x&y=z"));
    assert_eq!(
        url.as_str(),
        "https://ghe.example.com/api/v3/repos/a%2Fb/c%3Fd%23e?head=o%3Afeature%2Fx%26y%3Dz"
    );
}

#[test]
fn addresses_that_would_leak_are_refused() {
    for base in
        ["x", "ftp://a.test", "https://u:p@a.test", "https://a.test/?x=1", "http://a.test", "http://10.0.0.1"]
    {
        let error = Http::new(base).unwrap_err().to_string();
        assert!(error.starts_with("the address of the API"), "{base}: {error}");
    }
    for base in ["http://localhost:1", "http://127.0.0.1:1/x", "http://[::1]:1", "https://a.test"] {
        Http::new(base).unwrap();
    }
    let error = Http::new("https://a.test").unwrap().bearer(&Secret::new("a\nb")).unwrap_err();
    assert!(error.to_string().contains("the token"), "{error}");
}
