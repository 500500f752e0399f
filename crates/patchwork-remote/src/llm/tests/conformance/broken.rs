//! Answers that break.

use serde_json::json;

use super::*;
use crate::llm::protocol::wire;

pub(super) async fn a_cut_stream_is_tried_again(dialect: &Dialect) {
    let whole = dialect.recorded(Reply::text("a long enough answer")).await.len();
    for bytes in [0, 1, whole / 3, whole / 2] {
        dialect.after(Reply::text("a long enough answer").cut_after(bytes)).await;
    }
    let (error, tries) = dialect.failing(Reply::text("a long enough answer").cut_after(whole / 2)).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Connection, 5), "{error}");
}

pub(super) async fn a_stalled_stream_is_tried_again(dialect: &Dialect) {
    let settings = ModelsSettings { timeout: Duration::from_millis(150), ..quick() };
    dialect.after_with(Reply::text("a long enough answer").stall_after(60), settings).await;
}

pub(super) async fn an_endless_stream_ends(dialect: &Dialect) {
    let body = dialect.recorded(Reply::text("Ω")).await.replace("\r\n", "\n");
    let events: Vec<_> = body.split_inclusive("\n\n").collect();
    let spoken = events.iter().position(|event| event.contains('Ω')).unwrap();
    let long = events[spoken].replace('Ω', &"again ".repeat(10_000));
    let body = format!("{}{}", events[..spoken].concat(), long.repeat(100));
    let length = body.len();
    // It stays open: whoever waits for its end waits in vain.
    let endless = Reply::stream_raw(body).chunked(1 << 16).stall_after(length);
    let (error, tries) = dialect.failing(endless).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 1), "{error}");
    assert!(error.message.contains("too much to be an answer"), "{error}");
}

pub(super) async fn bytes_that_are_no_text_are_malformed(dialect: &Dialect) {
    let body = dialect.recorded(Reply::text("Ω")).await;
    let at = body.find('Ω').unwrap();
    let mut body = body.into_bytes();
    body[at] = 0xff;
    let (error, tries) = dialect.failing(Reply::stream_raw(body)).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 5), "{error}");
    assert!(error.message.contains("UTF-8"), "{error}");
}

pub(super) async fn broken_json_is_malformed(dialect: &Dialect) {
    let body = dialect.recorded(Reply::text("Ω")).await.replace("\r\n", "\n");
    for body in [body.replace('Ω', "\""), body.replace("}\n", "\n")] {
        let (error, tries) = dialect.failing(Reply::stream_raw(body)).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 5), "{error}");
    }
}

pub(super) async fn an_error_in_mid_stream_is_tried_again(dialect: &Dialect) {
    dialect.after(Reply::text("half an ans").then_error(529, "overloaded")).await;
    let (error, tries) = dialect.failing(Reply::text("half an ans").then_error(500, "it broke")).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Server, 5), "{error}");
    assert!(error.message.contains("it broke"), "{error}");
}

pub(super) async fn an_error_in_a_success_has_its_class(dialect: &Dialect) {
    dialect.after(Reply::text("").not_streamed().then_error(529, "overloaded")).await;
    let refused = json!({"error": {"code": 401, "message": "who are you"}});
    let (error, tries) = dialect.failing(Reply::json(&refused)).await;
    assert_eq!((error.kind, error.status, tries), (ProviderErrorKind::Authentication, Some(401), 1));
}

pub(super) async fn a_web_page_is_told_at_once(dialect: &Dialect) {
    let page = "<!doctype html><title>Log in</title>";
    let (error, tries) = dialect.failing(Reply::raw(200, page).header("content-type", "text/html")).await;
    assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 1));
    assert!(error.message.contains("Log in") && error.hint.is_some(), "{error}");
    dialect.after(Reply::raw(502, page).header("content-type", "text/html")).await;
}

pub(super) async fn an_answer_without_one_is_malformed(dialect: &Dialect) {
    for reply in [
        Reply::json(&json!({})),
        Reply::json(&json!([])),
        Reply::json(&json!({"choices": [], "candidates": [], "content": null, "output": null})),
        Reply::raw(200, ""),
    ] {
        let (error, tries) = dialect.failing(reply).await;
        assert_eq!((error.kind, tries), (ProviderErrorKind::Malformed, 5), "{error}");
    }
    let (error, tries) = dialect.failing(Reply::stream_raw(": nothing comes\n\n")).await;
    assert_eq!((error.kind.retryable(), tries), (true, 5), "{error}");
}

/// Replaces the place number `at`, counted in depth; whether there was one.
fn replace(value: &mut Value, at: &mut usize, with: &Value) -> bool {
    if *at == 0 {
        *value = with.clone();
        return true;
    }
    *at -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| replace(item, at, with)),
        Value::Object(fields) => fields.values_mut().any(|field| replace(field, at, with)),
        _ => false,
    }
}

pub(super) async fn no_value_in_any_place_does_harm(dialect: &Dialect) {
    let reply = Reply::tool_call("a", "look", r#"{"path":"Ω"}"#).saying("I look.").thinking("hm", "c2lnbmVk");
    let body = dialect.recorded(reply).await.replace("\r\n", "\n");
    let events: Vec<(String, String)> = body
        .split("\n\n")
        .map(|event| {
            let field = |name| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            (field("event: ").to_owned(), field("data: ").to_owned())
        })
        .collect();
    let server = ModelServer::replying(vec![Reply::never()]);
    let destination = dialect.models(&server).destination(&dialect.target(&server)).await.unwrap();
    let wire = wire(destination.protocol);
    let strange = [
        json!(null),
        json!(-1),
        json!(u64::MAX),
        json!(1.5),
        json!(""),
        json!("Ω"),
        json!([null]),
        json!({"type": []}),
    ];
    let mut tried = 0;
    for (changed, with) in (0..events.len()).flat_map(|at| strange.iter().map(move |with| (at, with))) {
        for place in 0.. {
            let Ok(mut value) = serde_json::from_str::<Value>(&events[changed].1) else { break };
            if !replace(&mut value, &mut { place }, with) {
                break;
            }
            tried += 1;
            let value = value.to_string();
            let mut reader = wire.reader(&hello());
            for (at, (name, data)) in events.iter().enumerate() {
                let data = if at == changed { &value } else { data };
                if reader.event(name, data) != Ok(false) {
                    break;
                }
            }
            // Whatever it makes of it: it must make something of it.
            let _ = (reader.usage(), reader.finish());
            let mut reader = wire.reader(&hello());
            let _ = (reader.whole(&serde_json::from_str(&value).unwrap()), reader.finish());
        }
    }
    assert!(tried > 500, "{tried} places");
}
