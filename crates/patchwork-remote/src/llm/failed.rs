//! What went wrong with one try, and whether another may go better.

use std::error::Error as _;
use std::time::Duration;

use genai::webc;
use jiff::Timestamp;
use patchwork_core::failure::nearest;
use patchwork_core::port::provider::{ChatRequest, ProviderError, ProviderErrorKind};
use patchwork_core::secret::Secret;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::catalog::Catalog;
use super::clean::{clean, message_in, message_of};
use super::destination::{CUSTOM, Destination};
use super::refusal::{is_spent, kind_of_status};
use super::settings::retry_after;

/// A try that brought no answer.
#[derive(Debug)]
pub(super) struct FailedTry {
    pub(super) error: ProviderError,
    /// Whether the same call may succeed later.
    pub(super) again: bool,
}

/// Turns what the library and the server say into errors that name who was asked and show no secret.
pub(super) struct Blame<'a> {
    pub(super) destination: &'a Destination,
    pub(super) keys: Vec<&'a Secret>,
    pub(super) request: &'a ChatRequest,
    /// Where near names are looked for.
    pub(super) catalog: &'a Catalog,
}

impl Blame<'_> {
    /// Whether it is asked of somebody who sells models, not of a server of the user's.
    fn sold(&self) -> bool {
        self.destination.vendor.as_ref().is_some_and(|vendor| !vendor.local)
    }

    /// An error of `kind` whose message is `LABEL WHAT`.
    pub(super) fn failed(&self, kind: ProviderErrorKind, what: &str) -> FailedTry {
        let error = ProviderError {
            kind,
            message: format!("{} {what}", self.destination.label()),
            status: None,
            retry_after: None,
            hint: None,
        };
        FailedTry { again: kind.retryable(), error }
    }

    /// No answer in time.
    pub(super) fn timeout(&self, limit: Duration) -> FailedTry {
        let mut failed = self.failed(ProviderErrorKind::Timeout, &format!("did not answer within {limit:?}"));
        failed.error.hint = Some("allow more time, or ask for a shorter answer".to_owned());
        failed
    }

    /// A text of so many bytes, which no model wrote. Asking again would be paid again.
    pub(super) fn too_long(&self, bytes: usize) -> FailedTry {
        let what = format!("answered with {} MiB of text, too much to be an answer", bytes >> 20);
        FailedTry { again: false, ..self.failed(ProviderErrorKind::Malformed, &what) }
    }

    /// An error of the library. Its own text is never shown: it holds the prompt.
    pub(super) fn library(&self, error: &genai::Error) -> FailedTry {
        use genai::Error as E;
        let web = match error {
            E::WebModelCall { webc_error, .. } | E::WebAdapterCall { webc_error, .. } => webc_error,
            E::HttpError { status, body, headers, .. } => {
                return self.status(status.as_u16(), body, headers);
            }
            E::ChatResponseGeneration { response_body, .. } => return self.unusable(response_body),
            E::ChatResponse { body, .. } => return self.unusable(body),
            E::NoChatResponse { .. }
            | E::InvalidJsonResponseElement { .. }
            | E::JsonValueExt(_)
            | E::SerdeJson(_) => return self.malformed("without the fields that the protocol asks for"),
            _ => return self.failed(ProviderErrorKind::InvalidRequest, "can't be asked this request"),
        };
        match web {
            webc::Error::ResponseFailedStatus { status, body, headers } => {
                self.status(status.as_u16(), body, headers)
            }
            webc::Error::ResponseFailedNotJson { content_type, body } => {
                let what = if content_type.is_empty() { "no content type" } else { content_type.as_str() };
                self.malformed(&format!("with {} in place of JSON{}", self.clean(what), self.said(body)))
            }
            webc::Error::ResponseFailedInvalidJson { cause, .. } => {
                self.malformed(&format!("with broken JSON ({})", self.clean(cause)))
            }
            webc::Error::JsonValueExt(_) => self.malformed("without the fields that the protocol asks for"),
            webc::Error::Reqwest(error) => self.connection(error),
        }
    }

    fn connection(&self, error: &reqwest::Error) -> FailedTry {
        if error.is_timeout() {
            return self.failed(ProviderErrorKind::Timeout, "did not answer in time");
        }
        if error.is_builder() {
            return self.failed(ProviderErrorKind::InvalidRequest, "can't be asked: its URL is not valid");
        }
        // The outer errors repeat the URL, which may hold credentials; the innermost says what happened.
        let mut cause = error.source();
        let mut innermost = "the connection failed".to_owned();
        while let Some(source) = cause {
            innermost = source.to_string();
            cause = source.source();
        }
        let what = if error.is_connect() { "can't be reached" } else { "cut the connection" };
        let innermost = self.clean(&innermost);
        let mut failed = self.failed(ProviderErrorKind::Connection, &format!("{what}: {innermost}"));
        failed.error.hint = Some(if self.sold() {
            "check the network and the proxy settings (HTTPS_PROXY)".to_owned()
        } else {
            format!("check that a server listens at {}", self.destination.route.base_url)
        });
        failed
    }

    /// An answer that says nothing usable. Some gateways put the status of a failure into a body with status 200.
    pub(super) fn unusable(&self, body: &Value) -> FailedTry {
        let embedded = body.pointer("/error/code").and_then(Value::as_u64);
        match embedded.and_then(|code| u16::try_from(code).ok()).filter(|code| (400..600).contains(code)) {
            Some(status) => self.status(status, &body.to_string(), &HeaderMap::new()),
            None => match message_in(body) {
                Some(message) => self.malformed(&format!("without an answer: {}", self.clean(&message))),
                None => self.malformed("without an answer"),
            },
        }
    }

    fn malformed(&self, what: &str) -> FailedTry {
        let mut failed = self.failed(ProviderErrorKind::Malformed, &format!("answered {what}"));
        if self.destination.route.vendor == CUSTOM {
            failed.error.hint = Some(
                "check `client_base_url`: it is the base of an OpenAI-compatible API and usually ends with /v1"
                    .to_owned(),
            );
        }
        failed
    }

    fn status(&self, status: u16, body: &str, headers: &HeaderMap) -> FailedTry {
        let message = message_of(body);
        let kind = kind_of_status(status, &message, body);
        let reason = reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
        let reason = reason.map(|reason| format!(" {reason}")).unwrap_or_default();
        let mut failed = self.failed(kind, &format!("answered {status}{reason}{}", self.said(&message)));
        failed.error.status = Some(status);
        failed.error.retry_after = retry_after(headers, Timestamp::now());
        failed.error.hint = self.hint(kind, status);
        let forbidden = headers.get("x-should-retry").is_some_and(|value| value == "false");
        if forbidden {
            failed.again = false;
        }
        if kind == ProviderErrorKind::RateLimited && is_spent(body) {
            failed.again = false;
            failed.error.hint = Some("the account has no credit left: see its billing page".to_owned());
        }
        failed
    }

    fn hint(&self, kind: ProviderErrorKind, status: u16) -> Option<String> {
        let route = &self.destination.route;
        match kind {
            ProviderErrorKind::Authentication => Some(match &self.destination.vendor {
                Some(vendor) if vendor.option.is_some() => {
                    format!("check the key of {}: {}", vendor.name, vendor.how_to_give_key())
                }
                _ => "check the key for this endpoint: pass `openai_api_key` or set OPENAI_API_KEY"
                    .to_owned(),
            }),
            ProviderErrorKind::UnknownModel if route.vendor == "ollama" => {
                Some(format!("fetch the model first: `ollama pull {}`", route.model))
            }
            ProviderErrorKind::UnknownModel => {
                let mut hints = Vec::new();
                if let Some(name) = nearest(&route.model, self.catalog.names()).filter(|name| *name != route.model) {
                    hints.push(format!("did you mean `{name}`?"));
                }
                if let Some(vendor) = self.destination.vendor.as_ref().filter(|_| self.sold()) {
                    let names = vendor.models.iter().map(|model| model.name.as_str()).take(5);
                    let names = names.collect::<Vec<_>>().join(", ");
                    hints.push(format!("models of {} are for example {names}", vendor.name));
                } else {
                    hints.push(format!("{}/models lists what it serves", route.base_url));
                    if route.vendor == CUSTOM && !route.base_url.ends_with("/v1") {
                        hints.push("most base URLs end with /v1".to_owned());
                    }
                }
                Some(hints.join("; "))
            }
            ProviderErrorKind::ContextExceeded => Some(
                "ask for less code at a time (`context_size`, `vulnerability_limit`) or use a model with a larger context"
                    .to_owned(),
            ),
            ProviderErrorKind::InvalidRequest if (300..400).contains(&status) => {
                Some("the server redirects calls elsewhere: give the address it redirects to".to_owned())
            }
            _ => None,
        }
    }

    fn said(&self, text: &str) -> String {
        let text = self.clean(&message_of(text));
        if text.is_empty() { String::new() } else { format!(": {text}") }
    }

    fn clean(&self, text: &str) -> String {
        let prompt = self.request.messages.iter().map(|message| message.content.as_str());
        clean(text, self.keys.iter().copied(), prompt)
    }
}
