//! Limits that all calls of a process share.

use async_trait::async_trait;
use patchwork_core::port::provider::{Lost, Retry, Watch, Worst};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::llm::Catalog;

/// Passes on why a call waits.
struct Waits(UnboundedSender<Retry>);

impl Waits {
    fn new() -> (Self, UnboundedReceiver<Retry>) {
        let (sender, receiver) = unbounded_channel();
        (Self(sender), receiver)
    }
}

#[async_trait]
impl Watch for Waits {
    async fn reserve(&self, _worst: Worst) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn lost(&self, _lost: Lost) -> Result<(), ProviderError> {
        Ok(())
    }

    fn retrying(&self, retry: Retry) {
        self.0.send(retry).unwrap();
    }
}

#[tokio::test]
async fn what_one_call_is_asked_to_wait_all_wait() {
    let server = ModelServer::start(|request| match request.index {
        0 => Reply::error(429, "slow down").header("retry-after", "2"),
        _ => Reply::text("hello"),
    });
    let (models, cancel) = (Models::new(quick()), CancellationToken::new());
    let (target, request) = (custom(&server), hello());
    let ((first, mut first_waits), (second, mut second_waits)) = (Waits::new(), Waits::new());
    let one = models.chat(&target, &request, &first, &cancel);
    let other = async {
        assert!(first_waits.recv().await.unwrap().problem.contains("429"));
        models.chat(&target, &request, &second, &cancel).await
    };
    let told = async {
        let retry = second_waits.recv().await.unwrap();
        assert!(retry.problem.ends_with("asked for a pause"), "{}", retry.problem);
        assert_eq!(server.count(), 1, "the second call is not sent while the first one waits");
    };
    let (one, other, ()) = tokio::join!(one, other, told);
    assert_eq!((one.unwrap().attempts, other.unwrap().attempts), (2, 1));
    assert_eq!(server.count(), 3);
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_a_row_allows() {
    let server = ModelServer::start(|_| Reply::text("hello").once_in_flight(2));
    let rows = json!([{ "id": "acme", "base_url": server.openai_url(), "option": "acme_api_key", "limits": { "concurrency": 2 } }]);
    let catalog = Catalog::built_in().with_rows(&rows).unwrap();
    let models = Models::new(ModelsSettings { local: Vec::new(), ..ModelsSettings::new(catalog) });
    let (target, request) = (named("acme/large", "acme_api_key"), hello());
    let calls = (0..6).map(|_| chat(&models, &target, &request));
    for answer in futures_util::future::join_all(calls).await {
        answer.unwrap();
    }
    assert_eq!((server.count(), server.max_in_flight()), (6, 2));
}

#[tokio::test]
async fn a_server_that_is_down_is_left_alone() {
    let server = ModelServer::replying(vec![Reply::error(503, "down")]);
    let models = Models::new(quick());
    for _ in 0..2 {
        assert_eq!(chat(&models, &custom(&server), &hello()).await.unwrap_err().status, Some(503));
    }
    let error = chat(&models, &custom(&server), &hello()).await.unwrap_err();
    assert_eq!((error.kind, server.count()), (ProviderErrorKind::Server, 10));
    assert!(error.message.contains("did not answer any of the last calls; it is tried again in"), "{error}");
    // Another place answers for itself.
    let other = ModelServer::replying(vec![Reply::text("hello")]);
    assert_eq!(chat(&models, &custom(&other), &hello()).await.unwrap().text, "hello");
}
