//! What is tried again, and how long it waits.

use super::*;

/// Our own waits would be noticed: whoever succeeds has used the server's.
fn patient() -> ModelsSettings {
    let mut settings = quick();
    settings.retry.base = Duration::from_hours(1);
    settings.retry.max = Duration::from_hours(1);
    settings
}

#[tokio::test]
async fn a_rate_limit_passes() {
    let busy = Reply::error(429, "slow down");
    let (answer, server) = replying(vec![busy.clone(), busy.clone(), busy, Reply::text("done")]).await;
    let answer = answer.unwrap();
    assert_eq!((answer.text.as_str(), answer.attempts, server.count()), ("done", 4, 4));
    let bodies: Vec<_> = server.requests().into_iter().map(|request| request.body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]), "the same question each time");
}

#[tokio::test]
async fn the_servers_wait_replaces_ours() {
    let date = |seconds: i64| {
        let at = jiff::Timestamp::now().as_second() + seconds;
        let at = jiff::Timestamp::from_second(at).unwrap();
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    };
    let server = ModelServer::start(move |request| match request.index {
        0 => Reply::error(429, "slow down").header("retry-after", "1"),
        // Whole seconds: two ahead is more than one from now.
        1 => Reply::error(503, "slow down").header("retry-after", date(2)),
        2 => Reply::error(529, "overloaded").header("retry-after-ms", "2"),
        _ => Reply::text("done"),
    });
    let (models, target, request) = (Models::new(patient()), custom(&server), hello());
    let call = chat(&models, &target, &request);
    let answer = tokio::time::timeout(Duration::from_mins(5), call).await.expect("our own wait is an hour");
    assert_eq!(answer.unwrap().attempts, 4);
}

#[tokio::test]
async fn a_server_that_asks_for_more_than_we_grant_fails_at_once() {
    let (answer, server) = replying(vec![
        Reply::error(429, "come back tomorrow").header("retry-after", "86400"),
        Reply::text("done"),
    ])
    .await;
    let error = answer.unwrap_err();
    assert_eq!((error.kind, server.count()), (ProviderErrorKind::RateLimited, 1));
    assert_eq!(error.retry_after, Some(Duration::from_hours(24)));
}

#[tokio::test]
async fn failures_of_the_server_are_tried_five_times() {
    for status in [408, 409, 500, 502, 503, 504, 529] {
        let (error, tries) = failing(Reply::error(status, "out of order")).await;
        assert_eq!((error.kind, error.status, tries), (ProviderErrorKind::Server, Some(status), 5));
        assert!(error.message.contains("out of order (after 5 tries)"), "{error}");
        assert!(error.message.starts_with("custom/gpt-4o at http://127.0.0.1:"), "{error}");
    }
}

#[tokio::test]
async fn what_stays_wrong_is_not_tried_again() {
    for (status, kind) in [
        (400, ProviderErrorKind::InvalidRequest),
        (401, ProviderErrorKind::Authentication),
        (402, ProviderErrorKind::InvalidRequest),
        (403, ProviderErrorKind::Authentication),
        (404, ProviderErrorKind::UnknownModel),
        (413, ProviderErrorKind::ContextExceeded),
        (422, ProviderErrorKind::InvalidRequest),
    ] {
        let (error, tries) = failing(Reply::error(status, "no")).await;
        assert_eq!((error.kind, error.status, tries), (kind, Some(status), 1));
    }
}

#[tokio::test]
async fn no_credit_is_not_a_matter_of_waiting() {
    let body = r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#;
    let anthropics = r#"{"error":{"message":"Your credit balance is too low to access the Anthropic API."}}"#;
    for reply in [Reply::raw(429, body), Reply::raw(400, anthropics)] {
        let (error, tries) = failing(reply).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::RateLimited, 1));
        assert!(error.hint.unwrap().contains("billing"));
    }
}

#[tokio::test]
async fn a_server_can_forbid_another_try() {
    let (error, tries) = failing(Reply::error(500, "no").header("x-should-retry", "false")).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Server, 1));
}

#[tokio::test]
async fn cut_connections_are_tried_again() {
    for cut in [Reply::cut(), Reply::text("a long enough answer").cut_after(20)] {
        let (answer, server) = replying(vec![cut.clone(), Reply::text("done")]).await;
        assert_eq!((answer.unwrap().attempts, server.count()), (2, 2));
        let (error, tries) = failing(cut).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::Connection, 5));
        assert!(error.message.contains("cut the connection"), "{error}");
    }
}

#[tokio::test]
async fn nobody_at_an_address_of_the_users_is_told_at_once() {
    let gone = ModelServer::start(|_| Reply::never());
    let target = custom(&gone);
    drop(gone);
    let error = chat(&Models::new(quick()), &target, &hello()).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Connection);
    assert!(!error.message.contains("tries"), "{error}");
    assert!(error.hint.unwrap().contains(&target.base_url.unwrap()));
}

#[tokio::test]
async fn a_server_that_has_answered_before_may_come_back() {
    let server = ModelServer::start(|_| Reply::text("done").header("connection", "close"));
    let (models, target) = (Models::new(quick()), custom(&server));
    chat(&models, &target, &hello()).await.unwrap();
    let vendor = Models::new(vendors_at(&server));
    drop(server);
    let error = chat(&models, &target, &hello()).await.unwrap_err();
    assert!(error.message.contains("(after 5 tries)"), "{error}");
    let error = chat(&vendor, &named("gpt-4o", "openai_api_key"), &hello()).await.unwrap_err();
    assert!(error.message.contains("(after 5 tries)"), "a vendor is where it is: {error}");
}

#[tokio::test]
async fn an_answer_that_never_comes_times_out_and_is_tried_again() {
    let server = ModelServer::replying(vec![Reply::never(), Reply::text("done")]);
    let target = Target { timeout: Some(Duration::from_millis(200)), ..custom(&server) };
    let answer = chat(&Models::new(quick()), &target, &hello()).await.unwrap();
    assert_eq!((answer.attempts, server.count()), (2, 2));

    let server = ModelServer::start(|_| Reply::never());
    let target = Target { timeout: Some(Duration::from_millis(20)), ..custom(&server) };
    let error = chat(&Models::new(quick()), &target, &hello()).await.unwrap_err();
    assert_eq!(error.kind, ProviderErrorKind::Timeout);
    assert!(error.message.contains("within 20ms (after 5 tries)"), "{error}");
}

#[tokio::test]
async fn calls_run_side_by_side() {
    use futures_util::future::join_all;
    let server = ModelServer::start(|_| Reply::text("done").once_in_flight(8));
    let (models, target, request) = (Models::new(quick()), custom(&server), hello());
    let calls = join_all((0..8).map(|_| chat(&models, &target, &request)));
    let answers = tokio::time::timeout(Duration::from_mins(5), calls).await.expect("all are asked");
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!((server.count(), server.max_in_flight()), (8, 8));
}
