//! What each vendor gets and how its answer is read.

use patchwork_core::message::Finish;
use patchwork_core::usage::{MicroUsd, Usage};
use serde_json::json;

use super::*;

const USAGE: Usage = Usage {
    input_tokens: 1_000,
    output_tokens: 200,
    cached_tokens: 400,
    cache_write_tokens: 0,
    reasoning_tokens: 50,
};

fn conversation() -> ChatRequest {
    request(&[
        (Role::System, "be brief"),
        (Role::User, "hello"),
        (Role::Assistant, "hi"),
        (Role::System, "speak English"),
        (Role::User, "again"),
    ])
}

#[tokio::test]
async fn openai_gets_chat_completions() {
    let server = ModelServer::start(|_| Reply::text("  done\n").usage(USAGE));
    let models = Models::new(vendors_at(&server));
    let answer = chat(&models, &named("gpt-4o", "openai_api_key"), &conversation()).await.unwrap();

    let seen = server.requests().remove(0);
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!(
        seen.body,
        json!({
            "model": "gpt-4o",
            "stream": true,
            "stream_options": {"include_usage": true},
            "messages": [
                {"role": "system", "content": "be brief\n\nspeak English"},
                {"role": "user", "content": "hello"},
                {"role": "assistant", "content": "hi"},
                {"role": "user", "content": "again"},
            ],
            "max_completion_tokens": 16_384,
        })
    );
    assert_eq!(answer.text, "  done\n", "white space of code is kept");
    assert_eq!((answer.finish, answer.usage, answer.attempts), (Finish::Stop, USAGE, 1));
    // 600 × 2.5 + 400 × 1.25 + 200 × 10
    assert_eq!(answer.cost, Some(MicroUsd(1_500 + 500 + 2_000)));
    assert_eq!((answer.vendor.as_str(), answer.model.as_str()), ("openai", "gpt-4o"));
    server.assert_polite();
    server.assert_no_secret(&[KEY]);
}

#[tokio::test]
async fn anthropic_gets_messages_with_the_models_own_limit() {
    let server = ModelServer::start(|_| Reply::text("done").usage(USAGE));
    let models = Models::new(vendors_at(&server));
    let target = named("claude-haiku-4-5-20251001", "anthropic_api_key");
    let answer = chat(&models, &target, &conversation()).await.unwrap();

    let seen = server.requests().remove(0);
    assert_eq!(seen.path, "/v1/messages");
    assert_eq!((seen.header("x-api-key"), seen.header("authorization")), (KEY, ""));
    assert_eq!(seen.header("anthropic-version"), "2023-06-01");
    assert_eq!(
        seen.body,
        json!({
            "model": "claude-haiku-4-5-20251001",
            "max_tokens": 32_000,
            "stream": true,
            "system": [{"type": "text", "text": "be brief\n\nspeak English"}],
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "hello"}]},
                {"role": "assistant", "content": [{"type": "text", "text": "hi"}]},
                {"role": "user", "content": [{"type": "text", "text": "again"}]},
            ],
        })
    );
    assert_eq!((answer.text.as_str(), answer.usage), ("done", USAGE));
    // 600 × 1 + 400 × 0.1 + 200 × 5
    assert_eq!(answer.cost, Some(MicroUsd(600 + 40 + 1_000)));
    server.assert_polite();
    server.assert_no_secret(&[KEY]);
}

#[tokio::test]
async fn gemini_gets_generate_content() {
    let server = ModelServer::start(|_| Reply::text("done").usage(USAGE));
    let models = Models::new(vendors_at(&server));
    let answer =
        chat(&models, &named("google/gemini-3.8-flash", "google_api_key"), &conversation()).await.unwrap();

    let seen = server.requests().remove(0);
    assert_eq!(seen.path, "/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse");
    assert_eq!(seen.header("x-goog-api-key"), KEY);
    assert_eq!(
        seen.body,
        json!({
            "systemInstruction": {"parts": [{"text": "be brief\n\nspeak English"}]},
            "contents": [
                {"role": "user", "parts": [{"text": "hello"}]},
                {"role": "model", "parts": [{"text": "hi"}]},
                {"role": "user", "parts": [{"text": "again"}]},
            ],
            "generationConfig": {"maxOutputTokens": 32_000},
        })
    );
    assert_eq!((answer.text.as_str(), answer.usage), ("done", USAGE));
    // 600 × 1.5 + 400 × 0.15 + 200 × 7.5
    assert_eq!(answer.cost, Some(MicroUsd(900 + 60 + 1_500)));
    assert_eq!(answer.vendor, "gemini");
    server.assert_polite();
    server.assert_no_secret(&[KEY]);
}

#[tokio::test]
async fn parameters_reach_every_vendor_under_its_own_names() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let models = Models::new(vendors_at(&server));
    let mut request = hello();
    request.parameters = Parameters {
        max_tokens: Some(50),
        temperature: Some(0.5),
        top_p: Some(0.9),
        stop: vec!["END".to_owned()],
        ..Parameters::default()
    };
    for (model, option) in [
        ("gpt-4o", "openai_api_key"),
        ("claude-haiku-4-5", "anthropic_api_key"),
        ("gemini-2.5-flash", "google_api_key"),
    ] {
        chat(&models, &named(model, option), &request).await.unwrap();
    }
    let [openai, anthropic, gemini] = server.requests().try_into().unwrap();
    for (body, names) in [
        (&openai.body, ["/max_completion_tokens", "/temperature", "/top_p", "/stop/0"]),
        (&anthropic.body, ["/max_tokens", "/temperature", "/top_p", "/stop_sequences/0"]),
        (
            &gemini.body,
            [
                "/generationConfig/maxOutputTokens",
                "/generationConfig/temperature",
                "/generationConfig/topP",
                "/generationConfig/stopSequences/0",
            ],
        ),
    ] {
        let values = names.map(|name| body.pointer(name).cloned().unwrap_or_default());
        assert_eq!(values, [json!(50), json!(0.5), json!(0.9), json!("END")], "{body}");
    }
}

#[tokio::test]
async fn newer_openai_models_get_the_limit_and_the_effort_as_they_want_them() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let models = Models::new(vendors_at(&server));
    let mut request = hello();
    request.parameters.max_tokens = Some(50);
    request.parameters.reasoning_effort = Some("low".to_owned());
    chat(&models, &named("gpt-6.1-sol", "openai_api_key"), &request).await.unwrap();
    let body = server.requests().remove(0).body;
    assert_eq!(
        body,
        json!({
            "model": "gpt-6.1-sol",
            "stream": true,
            "stream_options": {"include_usage": true},
            "messages": [{"role": "developer", "content": "be brief"}, {"role": "user", "content": "hello"}],
            "max_completion_tokens": 50,
            "reasoning_effort": "low",
        })
    );
}

#[tokio::test]
async fn names_of_models_are_passed_as_they_are() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let models = Models::new(quick());
    for name in ["qwen3-max", "some-model-low", "org/name:free", "a::b", "Gpt-OSS"] {
        let target = Target { model: Some(name.to_owned()), ..custom(&server) };
        let answer = chat(&models, &target, &hello()).await.unwrap();
        let seen = server.requests().pop().unwrap();
        assert_eq!((seen.model.as_str(), answer.model.as_str()), (name, name));
        assert_eq!(seen.body.get("reasoning_effort"), None);
    }
}

#[tokio::test]
async fn every_way_to_finish_is_told_in_every_protocol() {
    let server = ModelServer::start(|request| {
        Reply::text("cut").finish(match request.user() {
            "length" => Finish::Length,
            "filter" => Finish::ContentFilter,
            word => Finish::Other(word.to_owned()),
        })
    });
    let models = Models::new(vendors_at(&server));
    for (model, option) in [
        ("gpt-4o", "openai_api_key"),
        ("claude-haiku-4-5", "anthropic_api_key"),
        ("gemini-3.8-flash", "google_api_key"),
    ] {
        for (word, finish) in [
            ("length", Finish::Length),
            ("filter", Finish::ContentFilter),
            ("tired", Finish::Other("tired".to_owned())),
        ] {
            let answer = chat(&models, &named(model, option), &request(&[(Role::User, word)])).await.unwrap();
            assert_eq!((answer.finish, answer.text.as_str()), (finish, "cut"), "{model}");
        }
    }
}

#[tokio::test]
async fn no_content_is_an_empty_text_in_every_protocol() {
    let server = ModelServer::start(|_| Reply::null());
    let models = Models::new(vendors_at(&server));
    for (model, option) in [
        ("gpt-4o", "openai_api_key"),
        ("claude-haiku-4-5", "anthropic_api_key"),
        ("gemini-3.8-flash", "google_api_key"),
    ] {
        let answer = chat(&models, &named(model, option), &hello()).await.unwrap();
        assert_eq!((answer.text.as_str(), answer.finish), ("", Finish::Stop), "{model}");
    }
}

#[tokio::test]
async fn a_refusal_and_a_blocked_prompt_are_told_apart_from_answers() {
    let refusal = json!({"choices": [{
        "message": {"role": "assistant", "content": null, "refusal": "I can't help with that."},
        "finish_reason": "stop",
    }]});
    let answer = replying(vec![Reply::json(&refusal)]).await.0.unwrap();
    assert_eq!((answer.finish, answer.text.as_str()), (Finish::ContentFilter, "I can't help with that."));

    let blocked =
        json!({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 12}});
    let server = ModelServer::start(move |_| Reply::json(&blocked));
    let target = named("gemini-3.8-flash", "google_api_key");
    let answer = chat(&Models::new(vendors_at(&server)), &target, &hello()).await.unwrap();
    assert_eq!((answer.finish, answer.text.as_str()), (Finish::ContentFilter, ""));
    assert_eq!((answer.usage.input_tokens, answer.attempts), (12, 1));
}

#[tokio::test]
async fn the_edition_that_answered_is_named_and_its_price_known() {
    let body = json!({
        "model": "gpt-4o-2024-08-06",
        "choices": [{"message": {"content": "done"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 1},
    });
    let answer = replying(vec![Reply::json(&body)]).await.0.unwrap();
    assert_eq!((answer.model.as_str(), answer.cost), ("gpt-4o-2024-08-06", Some(MicroUsd(35))));
}

#[tokio::test]
async fn a_model_without_a_price_costs_an_unknown_sum() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let target = Target { model: Some("house-model".to_owned()), ..custom(&server) };
    assert_eq!(chat(&Models::new(quick()), &target, &hello()).await.unwrap().cost, None);

    let silent = json!({"choices": [{"message": {"content": "done"}, "finish_reason": "stop"}]});
    let answer = replying(vec![Reply::json(&silent)]).await.0.unwrap();
    assert_eq!((answer.usage, answer.cost), (Usage::default(), None), "no word on what it consumed");
}

#[tokio::test]
async fn what_no_vendor_takes_is_refused_before_it_is_sent() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let models = Models::new(quick());
    let mut effort = hello();
    effort.parameters.reasoning_effort = Some("enormous".to_owned());
    for (request, word) in [
        (request(&[]), "no message"),
        (request(&[(Role::System, "be brief")]), "no message"),
        (request(&[(Role::User, "hello"), (Role::Assistant, " \n")]), "message 1 has no text"),
        (effort, "reasoning_effort"),
    ] {
        let error = chat(&models, &custom(&server), &request).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::InvalidRequest);
        assert!(error.message.contains(word), "{error}");
    }
    assert_eq!(server.count(), 0);
}
