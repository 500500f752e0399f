//! Models that are asked when the one before gives no answer.

use super::*;

fn falling_back(server: &ModelServer, fallbacks: &[&str]) -> Target {
    Target { fallbacks: fallbacks.iter().map(|&model| model.to_owned()).collect(), ..custom(server) }
}

#[tokio::test]
async fn the_next_model_is_asked_whatever_the_reason() {
    for status in [401, 402, 404, 413, 429, 500] {
        let server = ModelServer::start(move |request| match request.model.as_str() {
            "gpt-4o" => Reply::error(status, "no").header("x-should-retry", "false"),
            _ => Reply::text("done"),
        });
        let target = falling_back(&server, &["gpt-4o-mini"]);
        let answer = chat(&Models::new(quick()), &target, &hello()).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.model.as_str()), ("done", "gpt-4o-mini"), "{status}");
    }
}

#[tokio::test]
async fn a_bad_request_is_bad_for_every_model() {
    let server = ModelServer::start(|_| Reply::error(400, "no such field"));
    let target = falling_back(&server, &["gpt-4o-mini"]);
    let error = chat(&Models::new(quick()), &target, &hello()).await.unwrap_err();
    assert_eq!((error.kind, server.count()), (ProviderErrorKind::InvalidRequest, 1));
}

#[tokio::test]
async fn when_all_fail_every_reason_is_told() {
    let server = ModelServer::start(|request| Reply::error(404, format!("no {}", request.model)));
    let target = falling_back(&server, &["one", "two"]);
    let error = chat(&Models::new(quick()), &target, &hello()).await.unwrap_err();
    assert_eq!(server.count(), 3);
    for model in ["no gpt-4o", "no one", "no two"] {
        assert!(error.message.contains(model), "{error}");
    }
}

#[tokio::test]
async fn a_long_wait_is_for_the_last_model_only() {
    let server = ModelServer::start(|request| match request.model.as_str() {
        "gpt-4o" => Reply::error(429, "slow down").header("retry-after", "60"),
        _ => Reply::text("done"),
    });
    let models = Models::new(quick());
    let target = falling_back(&server, &["gpt-4o-mini"]);
    for (calls, asked) in [(1, 2), (2, 3)] {
        let answer = chat(&models, &target, &hello()).await.unwrap();
        assert_eq!(answer.model, "gpt-4o-mini");
        assert_eq!(server.count(), asked, "after {calls} calls: the model that wants a pause is left alone");
    }
}
