//! A cancelled run gets its call back at once.

use super::*;

/// Cancels as soon as the server has seen a request, and returns what the call says.
async fn cancelled(settings: ModelsSettings, reply: Reply) -> (ProviderError, usize) {
    let cancel = CancellationToken::new();
    let seen = cancel.clone();
    let server = ModelServer::start(move |_| {
        seen.cancel();
        reply.clone()
    });
    let models = Models::new(settings);
    let (target, request) = (custom(&server), hello());
    let call = models.chat(&target, &request, &Unwatched, &cancel);
    let error = tokio::time::timeout(Duration::from_mins(5), call).await.expect("it ends").unwrap_err();
    (error, server.count())
}

#[tokio::test]
async fn during_a_call() {
    let (error, tries) = cancelled(quick(), Reply::never()).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Cancelled, 1));
}

#[tokio::test]
async fn while_waiting_for_the_next_try() {
    let mut settings = quick();
    settings.retry.base = Duration::from_hours(1);
    settings.retry.max = Duration::from_hours(1);
    let (error, tries) = cancelled(settings, Reply::error(500, "no")).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Cancelled, 1));
}

#[tokio::test]
async fn before_anything_is_sent() {
    let server = ModelServer::start(|_| Reply::text("done"));
    let cancel = CancellationToken::new();
    cancel.cancel();
    let error = Models::new(quick()).chat(&custom(&server), &hello(), &Unwatched, &cancel).await.unwrap_err();
    assert_eq!((error.kind, server.count()), (ProviderErrorKind::Cancelled, 0));
}
