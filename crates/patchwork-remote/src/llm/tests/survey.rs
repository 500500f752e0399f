//! Who can be asked right now.

use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::json;

use super::*;
use crate::llm::{Catalog, Reach};

/// A server that answers with this to whoever asks for its models; and the headers that it got.
async fn answering(status: u16, body: &'static str) -> (String, Arc<Mutex<Vec<HeaderMap>>>) {
    let seen: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
    let keep = seen.clone();
    let answer = move |headers: HeaderMap| async move {
        keep.lock().unwrap().push(headers);
        (StatusCode::from_u16(status).unwrap(), body)
    };
    let app = axum::Router::new().route("/base/models", get(answer));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, seen)
}

async fn reach(vendor: &str, url: &str, ask: bool) -> Reach {
    let catalog = Catalog::built_in().with_rows(&json!([{ "id": vendor, "base_url": url }])).unwrap();
    let vendor = catalog.vendor(vendor).unwrap().clone();
    let options: Vec<&str> = vendor.option.as_deref().into_iter().collect();
    let keys = keys(&options);
    let mut standings = Models::new(ModelsSettings::new(catalog)).survey(vec![vendor], &keys, ask).await;
    standings.remove(0).reach
}

#[tokio::test]
async fn each_protocol_asks_with_its_own_header() {
    for (vendor, header, expected) in [
        ("groq", "authorization", format!("Bearer {KEY}")),
        ("azure", "api-key", KEY.to_owned()),
        ("anthropic", "x-api-key", KEY.to_owned()),
        ("gemini", "x-goog-api-key", KEY.to_owned()),
    ] {
        let (url, seen) = answering(200, r#"{"data": [{"id": "a"}]}"#).await;
        assert_eq!(reach(vendor, &url, true).await, Reach::Lists(vec!["a".to_owned()]), "{vendor}");
        let seen = seen.lock().unwrap();
        assert_eq!(seen[0][header].to_str().unwrap(), expected, "{vendor}");
        assert_eq!(seen[0].contains_key("anthropic-version"), vendor == "anthropic");
    }
}

#[tokio::test]
async fn what_is_no_list_is_told_in_words() {
    let html = "<html>sign in</html>";
    for (status, body, problem) in [
        (401, "{}", "the key is refused: it answers 401 Unauthorized"),
        (503, "", "it answers 503 Service Unavailable"),
        (200, html, "it answers, but not with a list of models"),
        (302, "", "it answers 302 Found"),
    ] {
        let (url, _) = answering(status, body).await;
        assert_eq!(reach("xai", &url, true).await, Reach::Fails(problem.to_owned()));
    }
    assert_eq!(reach("xai", "http://127.0.0.1:9/v1", true).await, Reach::Fails("no connection".to_owned()));
}

#[tokio::test]
async fn nobody_is_asked_who_need_not_be() {
    let (url, seen) = answering(200, "{}").await;
    assert_eq!(reach("xai", &url, false).await, Reach::NotAsked("offline"));
    let catalog = Catalog::built_in();
    let without = Models::new(quick()).survey(catalog.vendors().to_vec(), &BTreeMap::new(), false).await;
    for standing in without {
        let expected = if standing.vendor.local { "offline" } else { "no key" };
        assert_eq!(standing.reach, Reach::NotAsked(expected), "{}", standing.vendor.id);
    }
    assert!(seen.lock().unwrap().is_empty());
}
