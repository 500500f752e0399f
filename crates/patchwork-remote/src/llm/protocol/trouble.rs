//! Why a request can't be made or an answer can't be used.

use patchwork_core::port::provider::ProviderErrorKind;
use serde_json::Value;

use crate::llm::clean::message_in;
use crate::llm::refusal::{is_spent, kind_of_status, kind_of_word, named};

/// Why a request can't be made or an answer can't be used.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::llm) struct Trouble {
    /// The class.
    pub(in crate::llm) kind: ProviderErrorKind,
    /// What follows the model's name in the message: `can't be asked: …`, `answered …`. May hold words of the server, not yet
    /// cleaned.
    pub(in crate::llm) problem: String,
    /// What to try next.
    pub(in crate::llm) hint: Option<String>,
    /// The HTTP status that the server wrote into the answer itself.
    pub(in crate::llm) status: Option<u16>,
    /// Whether the same call may succeed later; follows from the class unless [`Trouble::for_good`] says otherwise.
    pub(in crate::llm) again: bool,
}

impl Trouble {
    /// Trouble without a hint.
    pub(in crate::llm) fn new(kind: ProviderErrorKind, problem: impl Into<String>) -> Self {
        Self { kind, problem: problem.into(), hint: None, status: None, again: kind.retryable() }
    }

    /// Adds what to try next.
    #[must_use]
    pub(in crate::llm) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Asking again would not help, whatever the class.
    #[must_use]
    pub(in crate::llm) fn for_good(mut self) -> Self {
        self.again = false;
        self
    }

    /// The request asks for what the protocol or model can't do.
    pub(in crate::llm) fn unsupported(what: impl std::fmt::Display) -> Self {
        Self::new(ProviderErrorKind::Unsupported, format!("can't be asked: {what}"))
    }

    /// The request makes no sense, whoever is asked.
    pub(in crate::llm) fn invalid(what: impl std::fmt::Display) -> Self {
        Self::new(ProviderErrorKind::InvalidRequest, format!("can't be asked: {what}"))
    }

    /// The answer is not of the protocol.
    pub(in crate::llm) fn malformed(what: impl std::fmt::Display) -> Self {
        Self::new(ProviderErrorKind::Malformed, format!("gave an answer that can't be read: {what}"))
    }

    /// The stream ended before the answer did.
    pub(in crate::llm) fn cut() -> Self {
        Self::new(ProviderErrorKind::Connection, "broke off its answer")
    }

    /// An error that came with status 200, whole or in mid-stream: `error` is what vendors write under `error`, an object or
    /// a text. Its class is that of the status it names, else of the words it uses; without either it is the server's fault.
    pub(in crate::llm) fn told(error: &Value) -> Self {
        let status = status_in(error);
        let message = match error {
            Value::String(text) => text.clone(),
            _ => message_in(error).unwrap_or_default(),
        };
        let body = error.to_string();
        let kind = status.map(|status| kind_of_status(status, &message, &body)).or_else(|| word_in(error));
        let kind = kind.unwrap_or(ProviderErrorKind::Server);
        let shown = match (status, message.is_empty()) {
            (Some(status), true) => format!("answered {}", named(status)),
            (Some(status), false) => format!("answered {}: {message}", named(status)),
            (None, true) => "answered with an error".to_owned(),
            (None, false) => format!("answered with an error: {message}"),
        };
        let trouble = Self { status, ..Self::new(kind, shown) };
        if is_spent(&body) { trouble.for_good() } else { trouble }
    }
}

fn status_in(error: &Value) -> Option<u16> {
    let codes = ["code", "status", "http_status"].iter().filter_map(|field| match &error[*field] {
        Value::Number(code) => code.as_u64(),
        Value::String(code) => code.parse().ok(),
        _ => None,
    });
    codes.filter_map(|code| u16::try_from(code).ok()).find(|code| (400..600).contains(code))
}

fn word_in(error: &Value) -> Option<ProviderErrorKind> {
    ["code", "type", "status"].iter().find_map(|field| kind_of_word(error[*field].as_str()?))
}

impl Trouble {
    /// The error in a body that came with status 200 in place of an answer. One that names no class comes from a server
    /// that has no such path rather than from a model, so asking again would not help.
    pub(in crate::llm) fn in_place_of_answer(body: &Value) -> Option<Self> {
        let error = body.get(0).unwrap_or(body).get("error").filter(|error| !error.is_null())?;
        let trouble = Self::told(error);
        Some(match status_in(error).is_some() || word_in(error).is_some() {
            true => trouble,
            false => Self { kind: ProviderErrorKind::Malformed, again: false, ..trouble },
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_inside_an_answer_has_the_class_of_its_status_or_its_words() {
        use ProviderErrorKind as K;
        for (error, kind, again) in [
            (json!({"code": 429, "message": "busy"}), K::RateLimited, true),
            (json!({"code": "502", "message": "upstream"}), K::Server, true),
            (json!({"code": 401}), K::Authentication, false),
            (json!({"type": "overloaded_error", "message": "Overloaded"}), K::Server, true),
            (json!({"type": "rate_limit_error", "message": "slow"}), K::RateLimited, true),
            (json!({"code": 503, "status": "UNAVAILABLE", "message": "high demand"}), K::Server, true),
            (json!({"type": "invalid_request_error", "message": "no"}), K::InvalidRequest, false),
            (json!({"code": "context_length_exceeded", "message": "no"}), K::ContextExceeded, false),
            (json!({"code": "insufficient_quota", "message": "no"}), K::RateLimited, false),
            (json!("something broke"), K::Server, true),
            (json!({}), K::Server, true),
        ] {
            let trouble = Trouble::told(&error);
            assert_eq!((trouble.kind, trouble.again), (kind, again), "{error}");
        }
        assert_eq!(
            Trouble::told(&json!({"code": 401, "message": "who"})).problem,
            "answered 401 Unauthorized: who"
        );
        assert_eq!(Trouble::told(&json!("broke")).problem, "answered with an error: broke");
    }
}
