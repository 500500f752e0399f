//! Requests that are refused, by the server or before it is asked.

use patchwork_core::message::Attachment;

use super::*;

pub(super) async fn a_wrong_key_is_told_with_its_option(dialect: &Dialect) {
    let (error, tries) = dialect.failing(Reply::error(401, format!("Incorrect API key: {KEY}"))).await;
    assert_eq!((error.kind, error.status, tries), (ProviderErrorKind::Authentication, Some(401), 1));
    assert!(error.hint.as_ref().unwrap().contains(dialect.option), "{error:?}");
    assert!(!format!("{error:?}").contains(KEY), "{error:?}");
}

pub(super) async fn an_unknown_model_is_told_with_near_names(dialect: &Dialect) {
    let server = ModelServer::start(|request| Reply::error(404, format!("no model {}", request.model)));
    let target = Target { model: Some(format!("{}x", dialect.model)), ..dialect.target(&server) };
    let error = chat(&Models::new(vendors_at(&server)), &target, &hello()).await.unwrap_err();
    assert_eq!((error.kind, server.count()), (ProviderErrorKind::UnknownModel, 1), "{error}");
    let hint = error.hint.unwrap();
    assert!(hint.contains(&format!("did you mean `{}`?", dialect.model)), "{hint}");
}

pub(super) async fn what_it_can_not_do_is_refused_unsent(dialect: &Dialect) {
    let server = ModelServer::replying(vec![Reply::text("done")]);
    let mut archive = hello();
    archive.messages[1].attachments =
        vec![Attachment { media_type: "application/zip".to_owned(), data: "AAAA".to_owned(), name: None }];
    let error = dialect.chat(&server, &archive).await.unwrap_err();
    assert_eq!((error.kind, server.count()), (ProviderErrorKind::Unsupported, 0), "{error}");
    assert!(error.message.contains("application/zip"), "{error}");
}

pub(super) async fn a_prompt_that_is_too_long_is_told(dialect: &Dialect) {
    for message in [
        "This model's maximum context length is 128000 tokens. However, your messages resulted in 130011 tokens.",
        "prompt is too long: 205123 tokens > 200000 maximum",
        "The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).",
    ] {
        let (error, tries) = dialect.failing(Reply::error(400, message)).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::ContextExceeded, 1), "{message}");
        assert!(error.hint.unwrap().contains("context_size"));
    }
}

/// Our own waits would be noticed: whoever succeeds has used the server's.
fn patient() -> ModelsSettings {
    let mut settings = quick();
    settings.retry.base = Duration::from_hours(1);
    settings.retry.max = Duration::from_hours(1);
    settings
}

fn date(at: jiff::Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub(super) async fn a_rate_limit_in_seconds_passes(dialect: &Dialect) {
    let busy = Reply::error(429, "slow down").header("retry-after", "1");
    dialect.after_with(busy, patient()).await;
}

pub(super) async fn a_rate_limit_as_a_date_passes(dialect: &Dialect) {
    let soon = jiff::Timestamp::now() + Duration::from_secs(2);
    dialect.after_with(Reply::error(429, "slow down").header("retry-after", date(soon)), patient()).await;
}

pub(super) async fn a_rate_limit_by_another_clock_passes(dialect: &Dialect) {
    let theirs: jiff::Timestamp = "2015-10-21T07:28:00Z".parse().unwrap();
    let busy = Reply::error(429, "slow down")
        .header("date", date(theirs))
        .header("retry-after", date(theirs + Duration::from_secs(1)));
    dialect.after_with(busy, patient()).await;
}

pub(super) async fn a_failing_server_is_tried_again(dialect: &Dialect) {
    for status in [500, 503, 529] {
        dialect.after(Reply::error(status, "out of order")).await;
    }
}
