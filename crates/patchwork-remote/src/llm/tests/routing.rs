//! Where a target leads.

use patchwork_core::port::provider::Route;
use patchwork_core::usage::MicroUsd;

use super::*;
use crate::llm::{Catalog, LocalServer};

async fn route(target: &Target) -> Result<Route, ProviderError> {
    Models::new(quick()).route(target).await
}

fn given(model: Option<&str>, options: &[&str]) -> Target {
    Target { model: model.map(str::to_owned), keys: keys(options), ..Target::default() }
}

/// Ollama and llama.cpp at these addresses.
fn local(ollama: &str, llamacpp: &str) -> ModelsSettings {
    ModelsSettings {
        local: [("ollama", ollama), ("llamacpp", llamacpp)]
            .map(|(id, address)| {
                LocalServer::of(Catalog::built_in().vendor(id).unwrap()).unwrap().at(address)
            })
            .into(),
        ..quick()
    }
}

/// An address where nobody listens.
fn nobody() -> String {
    ModelServer::start(|_| Reply::never()).url()
}

#[tokio::test]
async fn a_name_leads_to_its_vendor() {
    let all = ["openai_api_key", "anthropic_api_key", "google_api_key"];
    for (name, vendor, model) in [
        ("gpt-4o", "openai", "gpt-4o"),
        ("openai/gpt-4o", "openai", "gpt-4o"),
        ("openai/my-fine-tune", "openai", "my-fine-tune"),
        ("o3-mini", "openai", "o3-mini"),
        ("chatgpt-4o-latest", "openai", "chatgpt-4o-latest"),
        ("claude-3-opus-20240229", "anthropic", "claude-3-opus-20240229"),
        ("claude-opus-5-5", "anthropic", "claude-opus-5-5"),
        ("anthropic/claude-opus-5-5", "anthropic", "claude-opus-5-5"),
        ("gemini-3.8-flash", "gemini", "gemini-3.8-flash"),
        ("google/gemini-3.8-flash", "gemini", "gemini-3.8-flash"),
        (" gemini/gemma-4 ", "gemini", "gemma-4"),
    ] {
        let route = route(&given(Some(name), &all)).await.unwrap();
        assert_eq!((route.vendor.as_str(), route.model.as_str()), (vendor, model), "{name}");
        assert!(route.base_url.starts_with("https://") && route.reason.is_none(), "{route:?}");
    }
}

#[tokio::test]
async fn without_a_name_the_first_key_decides() {
    for (options, vendor, model) in [
        (vec!["google_api_key", "anthropic_api_key", "openai_api_key"], "openai", "gpt-6.1-sol"),
        (vec!["google_api_key", "anthropic_api_key"], "anthropic", "claude-sonnet-5-5"),
        (vec!["google_api_key", "github_api_key"], "gemini", "gemini-3.8-flash"),
    ] {
        for name in [None, Some(""), Some("  ")] {
            let route = route(&given(name, &options)).await.unwrap();
            assert_eq!((route.vendor.as_str(), route.model.as_str()), (vendor, model));
            assert!(route.reason.unwrap().contains("_api_key"));
        }
    }
}

#[tokio::test]
async fn a_model_without_the_key_of_its_vendor_says_how_to_give_it() {
    for (model, option, variable) in [
        ("gpt-4o", "openai_api_key", "OPENAI_API_KEY"),
        ("claude-opus-5-5", "anthropic_api_key", "ANTHROPIC_API_KEY"),
        ("gemini/gemini-3.8-flash", "google_api_key", "GOOGLE_API_KEY"),
    ] {
        let error = route(&given(Some(model), &["github_api_key"])).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::NotConfigured);
        let hint = error.hint.unwrap();
        assert!(hint.contains(option) && hint.contains(variable), "{hint}");
    }
}

#[tokio::test]
async fn an_endpoint_of_the_users_own_takes_every_call() {
    let all = ["openai_api_key", "anthropic_api_key", "google_api_key"];
    for (url, name, model) in [
        ("http://127.0.0.1:1/v1", "gpt-4o", "gpt-4o"),
        ("http://127.0.0.1:1/v1/", "openai/gpt-4o", "gpt-4o"),
        ("http://127.0.0.1:1/v1", "claude-opus-5-5", "claude-opus-5-5"),
        ("http://127.0.0.1:1/v1", "anthropic/claude-opus-5-5", "anthropic/claude-opus-5-5"),
        ("http://127.0.0.1:1/v1", "meta/llama", "meta/llama"),
        ("http://127.0.0.1:1/v1", "openai/openai/gpt-oss-20b", "openai/gpt-oss-20b"),
    ] {
        let target = Target { base_url: Some(url.to_owned()), ..given(Some(name), &all) };
        let route = route(&target).await.unwrap();
        assert_eq!((route.vendor.as_str(), route.model.as_str()), ("custom", model));
        assert_eq!(route.base_url, "http://127.0.0.1:1/v1");
    }
    let target = Target {
        base_url: Some("https://openrouter.ai/api/v1".to_owned()),
        ..given(Some("openai/gpt-4o"), &all)
    };
    assert_eq!(route(&target).await.unwrap().model, "openai/gpt-4o", "there it is part of the name");
}

#[tokio::test]
async fn an_endpoint_needs_no_key_and_gets_no_other_vendors() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let models = Models::new(quick());
    for base_url in [server.openai_url(), format!("{}/", server.openai_url())] {
        let target = Target {
            base_url: Some(base_url),
            ..given(Some("gpt-4o"), &["anthropic_api_key", "google_api_key"])
        };
        chat(&models, &target, &hello()).await.unwrap();
        let seen = server.requests().pop().unwrap();
        assert_eq!((seen.path.as_str(), seen.header("authorization")), ("/v1/chat/completions", ""));
    }
    server.assert_no_secret(&[KEY]);
}

#[tokio::test]
async fn an_endpoint_is_asked_for_its_model_when_none_is_named() {
    for (listed, expected) in [
        (vec!["text-embedding-3", "house-model"], Some("house-model")),
        (vec!["house-model", "gpt-6.1-sol"], Some("gpt-6.1-sol")),
        (vec![], None),
    ] {
        let server = ModelServer::start_listing(&listed, |_| Reply::text("done"));
        let target = Target { model: None, ..custom(&server) };
        let models = Models::new(quick());
        match expected {
            Some(model) => {
                for _ in 0..2 {
                    let route = models.route(&target).await.unwrap();
                    assert_eq!(route.model, model);
                    assert!(route.reason.unwrap().contains(&server.url()));
                }
                assert_eq!(server.listings(), 1, "asked once");
            }
            None => {
                let error = models.route(&target).await.unwrap_err();
                assert_eq!(error.kind, ProviderErrorKind::NotConfigured);
            }
        }
    }
}

#[tokio::test]
async fn without_a_key_a_server_on_this_machine_is_used_and_said_so() {
    let ollama = ModelServer::start_listing(&["nomic-embed-text", "qwen3:8b"], |_| Reply::text("from here"));
    let models = Models::new(local(&ollama.url(), &nobody()));
    let target = given(None, &["github_api_key"]);
    for _ in 0..2 {
        let answer = chat(&models, &target, &hello()).await.unwrap();
        assert_eq!((answer.vendor.as_str(), answer.model.as_str()), ("ollama", "qwen3:8b"));
        assert_eq!((answer.text.as_str(), answer.cost), ("from here", Some(MicroUsd(0))));
    }
    assert_eq!(ollama.listings(), 1, "asked once");
    assert_eq!(ollama.requests()[0].path, "/v1/chat/completions");
    let route = models.route(&target).await.unwrap();
    assert_eq!(route.base_url, format!("{}/v1", ollama.url()));
    assert_eq!(route.reason.unwrap(), "no key given, found Ollama on this machine");
    ollama.assert_polite();
}

#[tokio::test]
async fn llamacpp_is_next_when_ollama_is_not_there_or_has_no_model() {
    let empty = ModelServer::start_listing(&[], |_| Reply::never());
    let llamacpp = ModelServer::start_listing(&["qwen3.gguf"], |_| Reply::text("done"));
    for ollama in [nobody(), empty.url()] {
        let models = Models::new(local(&ollama, &llamacpp.url()));
        let route = models.route(&Target::default()).await.unwrap();
        assert_eq!((route.vendor.as_str(), route.model.as_str()), ("llamacpp", "qwen3.gguf"));
        assert!(route.reason.unwrap().contains("llama.cpp"));
    }
}

#[tokio::test]
async fn nothing_at_all_says_the_three_ways() {
    let (ollama, llamacpp) = (nobody(), nobody());
    let error = Models::new(local(&ollama, &llamacpp)).route(&Target::default()).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::NotConfigured);
    assert!(error.message.contains(&ollama) && error.message.contains(&llamacpp), "{error}");
    let hint = error.hint.unwrap();
    for way in ["OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "client_base_url", "ollama run"] {
        assert!(hint.contains(way), "{hint}");
    }
    assert_eq!(route(&Target::default()).await.unwrap_err().kind, ProviderErrorKind::NotConfigured);
}

#[tokio::test]
async fn local_servers_can_be_named() {
    let models = Models::new(local("http://127.0.0.1:1", "http://127.0.0.1:2/"));
    for (name, vendor, model, base_url) in [
        ("ollama/qwen3:8b", "ollama", "qwen3:8b", "http://127.0.0.1:1/v1"),
        ("ollama/hf.co/org/name", "ollama", "hf.co/org/name", "http://127.0.0.1:1/v1"),
        ("llamacpp/any", "llamacpp", "any", "http://127.0.0.1:2/v1"),
    ] {
        let route = models.route(&given(Some(name), &[])).await.unwrap();
        assert_eq!(
            (route.vendor.as_str(), route.model.as_str(), route.base_url.as_str()),
            (vendor, model, base_url)
        );
    }
}

#[tokio::test]
async fn a_name_that_no_vendor_has_is_looked_for_on_this_machine() {
    let ollama = ModelServer::start_listing(&["llama3:latest"], |_| Reply::text("done"));
    let models = Models::new(local(&ollama.url(), &nobody()));
    let route = models.route(&given(Some("llama3"), &["openai_api_key"])).await.unwrap();
    assert_eq!((route.vendor.as_str(), route.model.as_str()), ("ollama", "llama3:latest"));
    for (name, hint) in [
        ("gtp-4o-mini", "did you mean `gpt-4o-mini`?"),
        ("house-model", "VENDOR/house-model"),
        ("house/model", "openai, azure, anthropic, gemini"),
        ("openai/", "did you mean"),
    ] {
        let error = models.route(&given(Some(name), &["openai_api_key"])).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::NotConfigured);
        assert!(error.message.contains(name), "{error}");
        assert!(error.hint.as_deref().unwrap().contains(hint), "{error:?}");
    }
}

#[tokio::test]
async fn what_can_not_be_a_name_a_key_or_an_address_is_refused() {
    for (model, key, url, word) in [
        ("two words", KEY, None, "two words"),
        ("line\u{1b}[31m", KEY, None, "not the name"),
        ("gemini/../../secret", KEY, None, "not the name"),
        ("gpt-4o", "two\nlines", None, "openai_api_key"),
        ("gpt-4o", "spaced key", Some("http://127.0.0.1:1/v1"), "openai_api_key"),
        ("gpt-4o", KEY, Some("127.0.0.1:8000/v1"), "client_base_url"),
        ("gpt-4o", KEY, Some("file:///etc/passwd"), "client_base_url"),
    ] {
        let keys = ["openai_api_key", "google_api_key"].map(|option| (option.to_owned(), Secret::new(key)));
        let target = Target {
            model: Some(model.to_owned()),
            base_url: url.map(str::to_owned),
            keys: keys.into(),
            ..Target::default()
        };
        let error = route(&target).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::NotConfigured);
        assert!(error.message.contains(word), "{error}");
        assert!(!error.message.contains(key) && !error.message.contains('\u{1b}'), "{error}");
    }
}

#[tokio::test]
async fn a_keys_final_newline_does_no_harm() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let mut target = custom(&server);
    target.keys.insert("openai_api_key".to_owned(), Secret::new(format!(" {KEY}\n")));
    chat(&Models::new(quick()), &target, &hello()).await.unwrap();
    assert_eq!(server.requests()[0].header("authorization"), format!("Bearer {KEY}"));
}

#[tokio::test]
async fn no_url_holds_a_password() {
    for url in
        ["https://user:password@host.example.com/v1", "http://token@127.0.0.1:1/v1", "https://:x@host/v1"]
    {
        let target = Target { base_url: Some(url.to_owned()), ..given(Some("m"), &[]) };
        let error = route(&target).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::NotConfigured);
        assert_eq!(error.message, "`client_base_url` must not hold a user or a password");
        assert!(error.hint.unwrap().contains("openai_api_key"));
    }
    let base_urls = BTreeMap::from([("openai".to_owned(), "https://user:password@host/v1".to_owned())]);
    let models = Models::new(ModelsSettings { base_urls, ..quick() });
    let error = models.route(&named("gpt-4o", "openai_api_key")).await.unwrap_err();
    assert!(
        error.message.contains("OpenAI must not hold") && !error.message.contains("password@"),
        "{error}"
    );
}

#[tokio::test]
async fn a_key_that_goes_to_another_machine_unencrypted_is_warned_of() {
    for (url, options, warned) in [
        ("http://host.example.com/v1", vec!["openai_api_key"], true),
        ("http://192.168.0.7:8000/v1", vec!["openai_api_key"], true),
        ("http://host.example.com/v1", vec![], false),
        ("https://host.example.com/v1", vec!["openai_api_key"], false),
        ("http://127.0.0.1:8000/v1", vec!["openai_api_key"], false),
        ("http://[::1]:8000/v1", vec!["openai_api_key"], false),
        ("http://localhost:8000/v1", vec!["openai_api_key"], false),
    ] {
        let target = Target { base_url: Some(url.to_owned()), ..given(Some("m"), &options) };
        let warning = route(&target).await.unwrap().warning;
        assert_eq!(warning.is_some_and(|warning| warning.contains(url)), warned, "{url}");
    }
}

#[tokio::test]
async fn what_is_no_name_of_a_model_is_refused_before_anything_is_sent() {
    let long = "m".repeat(10_000);
    for name in ["gpt 4o", "gpt-4o\r\nx-evil: 1", "gpt\u{0}4o", "gpt\u{a0}4o", "\u{1b}[31mgpt", long.as_str()]
    {
        let error = route(&given(Some(name), &["openai_api_key"])).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::NotConfigured, "{name:?}");
        assert!(error.message.len() < 300 && !error.message.contains(char::is_control), "{error}");
    }
}
