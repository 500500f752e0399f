//! What the user reads when there is no answer.

use patchwork_core::failure::{Failure, FailureKind};
use serde_json::json;

use super::*;

#[tokio::test]
async fn what_is_not_the_protocol_is_malformed_and_tried_again() {
    for (reply, words) in [
        (Reply::raw(200, r#"{"choices":[{"message":{"content":"do"#), "broken JSON"),
        (Reply::raw(200, ""), "it is empty"),
        (Reply::raw(200, " \n"), "it is empty"),
        (Reply::json(&json!({"choices": []})), "no answer in it"),
        (Reply::json(&json!({"choices": null})), "no answer in it"),
        (Reply::json(&json!({"choices": [null]})), "no answer in it"),
        (Reply::json(&json!({"choices": [{"message": "text"}]})), "can't be read"),
        (Reply::json(&json!({})), "no answer in it"),
        (Reply::json(&json!([])), "can't be read"),
        (Reply::stream_raw("data: {\n\n"), "broken JSON"),
        (Reply::stream_raw("data: \u{1}\n\n"), "broken JSON"),
        (Reply::stream_raw("data: [DONE]\n\n"), "no answer in it"),
        (Reply::stream_raw(b"data: \xff\n\n".as_slice()), "not UTF-8"),
    ] {
        let (error, tries) = failing(reply).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 5), "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(error.hint.unwrap().contains("client_base_url"));
    }
}

#[tokio::test]
async fn a_wrong_address_is_told_at_once() {
    let html = "<!DOCTYPE html><html><head><title>Welcome to nginx!</title></head><body>…</body></html>";
    for (reply, words) in [
        (
            Reply::raw(200, html).header("content-type", "text/html"),
            "a web page in place of an answer: Welcome to nginx!",
        ),
        (Reply::raw(200, format!("\u{feff}\n{html}")), "a web page in place of an answer: Welcome to nginx!"),
        (Reply::json(&json!({"error": {"message": "no such route"}})), "an error: no such route"),
        (
            Reply::json(&json!({"error": "Unexpected endpoint or method. (POST /chat/completions)"})),
            "Unexpected endpoint",
        ),
    ] {
        let (error, tries) = failing(reply).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 1), "{error}");
        assert!(error.message.contains(words), "{error}");
        assert!(error.hint.unwrap().contains("client_base_url"));
    }
    let (error, tries) = failing(Reply::raw(502, html).header("content-type", "text/html")).await;
    assert_eq!(
        (error.kind, tries),
        (ProviderErrorKind::Server, 5),
        "a gateway may have its server back soon"
    );
    assert!(error.message.contains("502 Bad Gateway: Welcome to nginx!"), "{error}");
}

#[tokio::test]
async fn answers_without_the_fields_of_the_other_protocols_are_malformed_too() {
    for (model, option, body) in [
        ("claude-haiku-4-5", "anthropic_api_key", json!({"type": "message"})),
        ("gemini-3.8-flash", "google_api_key", json!({})),
        ("gemini-3.8-flash", "google_api_key", json!({"candidates": []})),
    ] {
        let shown = body.to_string();
        let server = ModelServer::start(move |_| Reply::json(&body));
        let error =
            chat(&Models::new(vendors_at(&server)), &named(model, option), &hello()).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Malformed, "{shown}: {error}");
        assert_eq!(server.count(), 5);
    }
}

#[tokio::test]
async fn a_failure_inside_a_success_has_the_class_of_its_code() {
    let busy = Reply::json(&json!({"error": {"code": 429, "message": "upstream is busy"}}));
    let (answer, server) = replying(vec![busy, Reply::text("done")]).await;
    assert_eq!((answer.unwrap().attempts, server.count()), (2, 2));
    let refused = Reply::json(&json!({"error": {"code": 401, "message": "who are you"}}));
    let (error, tries) = failing(refused).await;
    assert_eq!((error.kind, error.status, tries), (ProviderErrorKind::Authentication, Some(401), 1));
}

#[tokio::test]
async fn a_key_that_is_not_taken_is_told_with_its_option() {
    for (model, option, variable) in [
        ("gpt-4o", "openai_api_key", "OPENAI_API_KEY"),
        ("claude-haiku-4-5", "anthropic_api_key", "ANTHROPIC_API_KEY"),
        ("gemini-3.8-flash", "google_api_key", "GOOGLE_API_KEY"),
    ] {
        let server = ModelServer::start(|_| Reply::error(401, format!("Incorrect API key provided: {KEY}")));
        let error =
            chat(&Models::new(vendors_at(&server)), &named(model, option), &hello()).await.unwrap_err();
        assert_eq!((error.kind, server.count()), (ProviderErrorKind::Authentication, 1));
        let hint = error.hint.clone().unwrap();
        assert!(hint.contains(option) && hint.contains(variable), "{hint}");
        assert!(error.message.contains(&format!("/{model} answered 401 Unauthorized: Incorrect")), "{error}");
        assert!(!format!("{error:?}").contains(KEY), "{error:?}");
    }
}

#[tokio::test]
async fn geminis_400_for_a_bad_key_is_a_matter_of_the_key() {
    let body = json!({"error": {"code": 400, "message": "API key not valid. Please pass a valid API key.",
        "details": [{"reason": "API_KEY_INVALID"}]}})
    .to_string();
    assert_eq!(failing(Reply::raw(400, body)).await.0.kind, ProviderErrorKind::Authentication);
}

#[tokio::test]
async fn an_unknown_model_is_told_with_names_that_are_known() {
    let server = ModelServer::start(|request| {
        Reply::error(404, format!("The model `{}` does not exist", request.model))
    });
    let error = chat(&Models::new(vendors_at(&server)), &named("gpt-4o-mimi", "openai_api_key"), &hello())
        .await
        .unwrap_err();
    assert_eq!((error.kind, server.count()), (ProviderErrorKind::UnknownModel, 1));
    let hint = error.hint.unwrap();
    assert!(hint.contains("did you mean `gpt-4o-mini`?") && hint.contains("gpt-6.1-sol"), "{hint}");

    let body = r#"{"error":{"message":"no","code":"model_not_found"}}"#;
    assert_eq!(failing(Reply::raw(400, body)).await.0.kind, ProviderErrorKind::UnknownModel);
}

#[tokio::test]
async fn a_prompt_that_is_too_long_is_recognised_in_every_dialect() {
    for message in [
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130011 tokens.",
        "prompt is too long: 205123 tokens > 200000 maximum",
        "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
        "the request exceeds the available context size, try increasing it",
    ] {
        let (error, tries) = failing(Reply::error(400, message)).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::ContextExceeded, 1), "{message}");
        assert!(error.hint.unwrap().contains("context_size"));
    }
    let message = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 33000.";
    assert_eq!(failing(Reply::error(429, message)).await.1, 1);
    let body = r#"{"error":{"message":"too much","code":"context_length_exceeded"}}"#;
    assert_eq!(failing(Reply::raw(400, body)).await.0.kind, ProviderErrorKind::ContextExceeded);
}

#[tokio::test]
async fn messages_are_one_short_line_without_the_prompt() {
    let secret_line = "let password = \"correct horse battery staple\";";
    let server = ModelServer::start(|request| {
        Reply::error(400, format!("invalid\n\tcontent:\u{1b}[31m {} {}", request.user(), "x ".repeat(500)))
    });
    let request = request(&[(Role::User, &format!("fn main() {{\n    {secret_line}\n}}"))]);
    let error = chat(&Models::new(quick()), &custom(&server), &request).await.unwrap_err();
    assert!(!error.message.contains("horse"), "{error}");
    assert!(!error.message.contains(['\n', '\t', '\u{1b}']), "{error}");
    let said = error.message.split("Bad Request: ").nth(1).unwrap();
    assert!(said.starts_with("invalid content: ") && said.chars().count() <= 300, "{said}");
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let other = ModelServer::start(|_| Reply::text("the key came here"));
    let location = format!("{}/chat/completions", other.openai_url());
    let (error, tries) = failing(Reply::raw(307, "").header("location", location)).await;
    assert_eq!((error.kind, error.status, tries), (ProviderErrorKind::InvalidRequest, Some(307), 1));
    assert_eq!(other.count(), 0);
}

#[tokio::test]
async fn credentials_in_the_base_url_are_never_shown() {
    let server = ModelServer::start(|_| Reply::error(500, "no"));
    let url = format!("{}?token=tok-en-1", server.openai_url());
    let target = Target { base_url: Some(url), ..custom(&server) };
    let models = Models::new(quick());
    let error = chat(&models, &target, &hello()).await.unwrap_err();
    drop(server);
    let gone = chat(&models, &target, &hello()).await.unwrap_err();
    let route = models.route(&target).await.unwrap();
    for text in [format!("{error:?}"), format!("{gone:?}"), format!("{route:?}")] {
        assert!(!text.contains("tok-en-1"), "{text}");
    }
}

#[tokio::test]
async fn errors_become_failures_with_the_right_exit_code() {
    let unavailable = Failure::from(failing(Reply::error(500, "no")).await.0);
    assert_eq!(unavailable.kind, FailureKind::Unavailable);
    let target = Target { base_url: Some("not a url".to_owned()), ..Target::default() };
    let error = chat(&Models::new(quick()), &target, &hello()).await.unwrap_err();
    let configuration = Failure::from(error);
    assert_eq!(configuration.kind, FailureKind::Configuration);
    assert_eq!(configuration.hints, ["it looks like http://127.0.0.1:8000/v1"]);
}
