use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use patchwork_core::port::forge::Thing;
use patchwork_core::secret::Secret;
use patchwork_testkit::forge::{ForgeServer, Scripted};
use serde_json::{Value, json};

use super::*;

const TOKEN: &str = "ghp_0123456789abcdef";

fn pace() -> Pace {
    Pace { first_wait: Duration::from_millis(1), ..Pace::default() }
}

fn door(server: &ForgeServer) -> Http {
    Http::new(server.url()).unwrap().auth(&Auth::Bearer(Secret::new(TOKEN))).unwrap().pace(pace())
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
    let error = http.call::<Value>(&Call::get(["repos", "octo", "app"])).await.unwrap_err();
    assert!(matches!(&error, HttpError::Connection { arrived: false, .. }), "{error}");
    assert!(error.to_string().contains("GET /repos/octo/app on 127.0.0.1:"), "{error}");
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
        let error =
            door(&server).call::<Value>(&Call::get(["repos", "octo", "app"])).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains(TOKEN) && error.len() < 500, "{error}");
    }
}

#[tokio::test]
async fn calls_without_a_body_and_of_every_method() {
    let server = server();
    let number = server.add_issue("octo", "t", "b");
    let id = server.add_comment_as("octo", Thing::Issue(number), "hi", None, None);
    let comment = || {
        ["repos", "octo", "app", "issues", "comments"].into_iter().map(String::from).chain([id.to_string()])
    };
    let answer = door(&server).send(&Call::delete(comment())).await.unwrap();
    assert_eq!((answer.status, answer.bytes.len()), (204, 0));
    let gone = door(&server).send(&Call::delete(comment())).await.unwrap_err();
    assert_eq!(gone.status(), Some(404));
    let labels = Call::put(["repos", "octo", "app", "issues", "1", "labels"])
        .json(&json!({ "labels": ["a"] }))
        .unwrap();
    // The stand-in has no such call; its description does.
    assert_eq!(door(&server).send(&labels).await.unwrap_err().status(), Some(404));
    assert_eq!(server.log()[2], "PUT /repos/octo/app/issues/1/labels 404");
}

#[tokio::test]
async fn what_has_not_changed_is_not_sent_again() {
    let server = server();
    let door = door(&server);
    let call = Call::get(["repos", "octo", "app"]);
    let first: Value = door.call(&call).await.unwrap();
    assert_eq!(door.clone().call::<Value>(&call).await.unwrap(), first);
    server.archive();
    let third: Value = door.call(&call).await.unwrap();
    assert_eq!((&first["archived"], &third["archived"]), (&json!(false), &json!(true)));
    let path = "GET /repos/octo/app";
    assert_eq!(server.log(), [format!("{path} 200"), format!("{path} 304"), format!("{path} 200")]);
}

#[tokio::test]
async fn lists_are_read_to_the_end_or_to_a_limit() {
    let server = server();
    for number in 0..250 {
        server.add_issue("octo", &format!("issue {number}"), "");
    }
    let door = door(&server);
    let call =
        Call::get(["repos", "octo", "app", "issues"]).query("state", "all").query("per_page", PER_PAGE);
    let all = door.list::<Value>(&call, usize::MAX).await.unwrap();
    assert_eq!((all.items.len(), all.complete), (250, true));
    for (limit, complete) in [(1, false), (100, false), (150, false), (250, true), (300, true)] {
        let some = door.list::<Value>(&call, limit).await.unwrap();
        assert_eq!((some.items.len(), some.complete), (limit.min(250), complete), "{limit}");
        assert_eq!(some.items[0], all.items[0]);
    }
}

#[tokio::test]
async fn the_next_page_is_below_the_base_or_nowhere() {
    let server = server();
    let elsewhere = ForgeServer::github("octo/app", TOKEN).unwrap();
    let base = format!("{}/api/v3", server.url());
    let door = Http::new(&base).unwrap().auth(&Auth::Bearer(Secret::new(TOKEN))).unwrap().pace(pace());
    let call = Call::get(["repos", "octo", "app", "issues"]);
    let hosts = [
        format!("{}/api/v3/repos/octo/app/issues?page=2", elsewhere.url()),
        format!("{}/repos/octo/app/issues?page=2", server.url()),
        format!("{}/api/v3/../../repos/octo/app/issues?page=2", server.url()),
        format!("{}/api/v3x/issues?page=2", server.url()),
        server.url().replace("http://", "http://me:pw@") + "/api/v3/issues",
        "//evil.test/api/v3/x".to_owned(),
        "https://evil.test/api/v3/x".to_owned(),
        "file:///etc/passwd".to_owned(),
    ];
    for link in hosts {
        let page = Scripted::Answer { status: 200, headers: vec![], body: "[]".into() };
        server.script("GET", [page.header("link", format!("<{link}>; rel=\"next\""))]);
        let error = door.list::<Value>(&call, usize::MAX).await.unwrap_err();
        assert!(matches!(error, HttpError::Elsewhere { .. }), "{link}: {error}");
    }
    assert_eq!(elsewhere.log(), [""; 0]);
}

#[tokio::test]
async fn a_list_without_an_end_ends() {
    let server = server();
    let here = format!("<{}/repos/octo/app/issues?page=1>; rel=\"prev next\"", server.url());
    let page = Scripted::Answer { status: 200, headers: vec![], body: "[1]".into() }.header("link", here);
    server.script("GET", std::iter::repeat_n(page, MAX_PAGES + 1));
    let listed = door(&server)
        .list::<Value>(&Call::get(["repos", "octo", "app", "issues"]), usize::MAX)
        .await
        .unwrap();
    assert_eq!((listed.items.len(), listed.complete), (MAX_PAGES, false));
}

#[tokio::test]
async fn every_way_to_show_a_token_is_masked() {
    let server = server();
    let token = Secret::new(TOKEN);
    let ways = [
        Auth::Token(token.clone()),
        Auth::Basic { user: String::new(), password: token.clone() },
        Auth::Header("private-token", token),
    ];
    for auth in ways {
        let said = format!(r#"{{"message": "seen {TOKEN} and {}"}}"#, STANDARD.encode(format!(":{TOKEN}")));
        server.script("GET", [Scripted::Answer { status: 400, headers: vec![], body: said }]);
        let door = Http::new(server.url()).unwrap().auth(&auth).unwrap();
        let error = door.call::<Value>(&Call::get(["repos", "octo", "app"])).await.unwrap_err().to_string();
        assert!(error.contains("seen ***") && !error.contains(TOKEN), "{error}");
        if let Auth::Basic { .. } = auth {
            assert!(error.contains("and ***"), "{error}");
        }
        assert!(!format!("{door:?}").contains(TOKEN));
    }
    for token in ["a\nb", "a\r\nx-evil: 1", "a\0"] {
        let auth = Auth::Basic { user: String::new(), password: Secret::new(token) };
        Http::new("https://a.test").unwrap().auth(&auth).unwrap_err();
    }
}

#[tokio::test]
async fn a_huge_answer_is_left() {
    let server = server();
    let body = format!("\"{}\"", "x".repeat(MAX_ANSWER));
    server.script("GET", [Scripted::Answer { status: 200, headers: vec![], body }]);
    let error = door(&server).call::<Value>(&Call::get(["repos", "octo", "app"])).await.unwrap_err();
    assert!(error.to_string().contains("longer than 16 MiB"), "{error}");
}

#[test]
fn the_words_of_every_site_are_understood() {
    let cases = [
        (
            r#"{"message":{"title":["can't be blank","is too long"],"base":["x"]}}"#,
            "title: can't be blank, is too long; base: x",
        ),
        (r#"{"message":["one","two"]}"#, "one; two"),
        (
            r#"{"error":"insufficient_scope","error_description":"The request requires higher privileges"}"#,
            "insufficient_scope (The request requires higher privileges)",
        ),
        (
            r#"{"error":"title is missing, source_branch is missing"}"#,
            "title is missing, source_branch is missing",
        ),
        (
            r#"{"$id":"1","message":"TF401179: An active pull request exists.","typeKey":"GitPullRequestExistsException","errorCode":0}"#,
            "TF401179: An active pull request exists. (GitPullRequestExistsException)",
        ),
        (
            r#"{"type":"error","error":{"message":"Bad request","detail":"no changes","fields":{"source":["is missing"]}}}"#,
            "Bad request (no changes; source: is missing)",
        ),
        (
            r#"{"message":"pull request already exists","url":"https://x/api/swagger"}"#,
            "pull request already exists",
        ),
        (r#"{"errors":["user does not exist"],"message":"not found"}"#, "not found (user does not exist)"),
    ];
    for (body, expected) in cases {
        let (message, details) = error::server_words(body.as_bytes());
        let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
        assert_eq!(format!("{message}{details}"), expected, "{body}");
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
    let error = Http::new("https://a.test").unwrap().auth(&Auth::Bearer(Secret::new("a\nb"))).unwrap_err();
    assert!(error.to_string().contains("the token"), "{error}");
}
