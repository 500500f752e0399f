//! The provider against real HTTP servers on this machine.

mod azure;
mod bounds;
mod cancelling;
mod conformance;
mod failures;
mod fallbacks;
mod limits;
mod protocols;
mod retries;
mod routing;
mod streams;
mod survey;

use std::collections::BTreeMap;
use std::time::Duration;

use patchwork_core::message::{Message, Role};
use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Parameters, Provider, ProviderError, ProviderErrorKind, Target, Unwatched,
};
use patchwork_core::secret::Secret;
use patchwork_testkit::model::{ModelServer, Reply};
use tokio_util::sync::CancellationToken;

use super::{Models, ModelsSettings, RetryPolicy};

const KEY: &str = "sk-test-0123456789abcdef";

/// Settings whose waits are too short to notice and that look for nothing on this machine.
fn quick() -> ModelsSettings {
    ModelsSettings {
        retry: RetryPolicy {
            base: Duration::from_millis(1),
            max: Duration::from_millis(4),
            ..RetryPolicy::default()
        },
        timeout: Duration::from_secs(60),
        local: Vec::new(),
        ..ModelsSettings::default()
    }
}

fn keys(options: &[&str]) -> BTreeMap<String, Secret> {
    options.iter().map(|&option| (option.to_owned(), Secret::new(KEY))).collect()
}

/// `gpt-4o` at the server as an OpenAI-compatible endpoint.
fn custom(server: &ModelServer) -> Target {
    Target {
        model: Some("gpt-4o".to_owned()),
        base_url: Some(server.openai_url()),
        keys: keys(&["openai_api_key"]),
        ..Target::default()
    }
}

fn named(model: &str, option: &str) -> Target {
    Target { model: Some(model.to_owned()), keys: keys(&[option]), ..Target::default() }
}

/// The vendors of the catalogue, all at the server.
fn vendors_at(server: &ModelServer) -> ModelsSettings {
    let base_urls = BTreeMap::from([
        ("openai".to_owned(), server.openai_url()),
        ("anthropic".to_owned(), server.openai_url()),
        ("gemini".to_owned(), server.gemini_url()),
    ]);
    ModelsSettings { base_urls, ..quick() }
}

fn request(messages: &[(Role, &str)]) -> ChatRequest {
    ChatRequest {
        messages: messages.iter().map(|&(role, text)| Message::new(role, text)).collect(),
        ..ChatRequest::default()
    }
}

fn hello() -> ChatRequest {
    request(&[(Role::System, "be brief"), (Role::User, "hello")])
}

async fn chat(models: &Models, target: &Target, request: &ChatRequest) -> Result<ChatAnswer, ProviderError> {
    models.chat(target, request, &Unwatched, &CancellationToken::new()).await
}

/// One question to a server that gives these replies in turn.
async fn replying(replies: Vec<Reply>) -> (Result<ChatAnswer, ProviderError>, ModelServer) {
    let server = ModelServer::replying(replies);
    let answer = chat(&Models::new(quick()), &custom(&server), &hello()).await;
    (answer, server)
}

/// The failure of a question to a server that always answers this.
async fn failing(reply: Reply) -> (ProviderError, usize) {
    let (answer, server) = replying(vec![reply]).await;
    (answer.expect_err("this reply is no answer"), server.count())
}
