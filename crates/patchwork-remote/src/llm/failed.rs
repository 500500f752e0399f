//! What went wrong with one try, and whether another may go better.

use std::error::Error as _;

use jiff::Timestamp;
use patchwork_core::failure::nearest;
use patchwork_core::port::provider::{ChatRequest, Lost, ProviderError, ProviderErrorKind};
use patchwork_core::secret::Secret;
use reqwest::header::HeaderMap;

use super::catalog::Catalog;
use super::clean::{clean, message_of};
use super::destination::{AZURE, CUSTOM, Destination, VERTEX};
use super::protocol::{Trouble, Wire};
use super::refusal::{is_spent, kind_of_status, named};
use super::settings::retry_after;
use super::transport::{Failing, Refusal, Undelivered};

/// A try that brought no answer.
#[derive(Debug)]
pub(super) struct FailedTry {
    pub(super) error: ProviderError,
    /// Whether the same call may succeed later.
    pub(super) again: bool,
    /// What it took.
    pub(super) lost: Lost,
}

/// Turns what the protocol and the server say into errors that name who was asked and show no secret.
pub(super) struct Blame<'a> {
    pub(super) destination: &'a Destination,
    pub(super) keys: Vec<&'a Secret>,
    pub(super) request: &'a ChatRequest,
    /// Where near names are looked for.
    pub(super) catalog: &'a Catalog,
    /// What is spoken there.
    pub(super) wire: &'static dyn Wire,
}

impl Blame<'_> {
    /// Whether it is asked of somebody who sells models, not of a server of the user's.
    fn sold(&self) -> bool {
        self.destination.vendor.as_ref().is_some_and(|vendor| !vendor.local)
    }

    /// An error of `kind` whose message is `LABEL WHAT`.
    fn failed(&self, kind: ProviderErrorKind, what: &str) -> FailedTry {
        let error = ProviderError {
            kind,
            message: format!("{} {what}", self.destination.label()),
            status: None,
            retry_after: None,
            hint: None,
        };
        FailedTry { again: kind.retryable(), error, lost: Lost::Nothing }
    }

    /// A request that can't be made, or an answer that can't be used.
    pub(super) fn trouble(&self, trouble: Trouble) -> FailedTry {
        let Trouble { kind, problem, hint, status, again } = trouble;
        let mut failed = self.failed(kind, &self.clean(&problem));
        failed.error.status = status;
        failed.error.hint = hint.or_else(|| self.hint(kind, status.unwrap_or(200)));
        failed.again = again;
        failed
    }

    /// A try without an answer. `answers` says whether anything was ever heard from there: a place of the user's that never
    /// answered is a wrong address rather than a server that is down.
    pub(super) fn undelivered(&self, failing: Failing, answers: bool) -> FailedTry {
        let Failing { why, usage, began } = failing;
        let unknown = usage.map_or(Lost::Unknown, |usage| Lost::Known(usage, self.destination.cost(usage)));
        let endless = |what: String| FailedTry {
            // Asking again would be paid again.
            again: false,
            ..self.failed(ProviderErrorKind::Malformed, &what)
        };
        let (failed, lost) = match why {
            Undelivered::Unreached(error) => {
                let failed = self.connection(&error, "can't be reached");
                (FailedTry { again: failed.again && (answers || self.sold()), ..failed }, Lost::Nothing)
            }
            Undelivered::Cut(error) => (self.connection(&error, "cut the connection"), unknown),
            Undelivered::Silent(limit) if began => {
                let what = format!("fell silent in the middle of its answer, for {limit:?}");
                (self.failed(ProviderErrorKind::Timeout, &what), unknown)
            }
            Undelivered::Silent(limit) => {
                let what = format!("did not answer within {limit:?}");
                let mut failed = self.failed(ProviderErrorKind::Timeout, &what);
                failed.error.hint = Some("allow more time, or ask for a shorter answer".to_owned());
                (failed, unknown)
            }
            Undelivered::TooMuch(what, limit) => {
                let what = format!("sent more than {} MiB as {what}, too much to be an answer", limit >> 20);
                (endless(what), unknown)
            }
            Undelivered::Endless(limit) => {
                (endless(format!("was still answering after {} min", limit.as_secs() / 60)), unknown)
            }
            Undelivered::Refused(refusal) => {
                let Refusal { status, headers, body } = *refusal;
                (self.status(status.as_u16(), &body, &headers), lost_by(status.as_u16()))
            }
            Undelivered::Page(body) => {
                let what = format!("answered with a web page in place of an answer{}", self.said(&body));
                let mut failed = endless(what);
                failed.error.hint = Some(self.wrong_place());
                (failed, Lost::Nothing)
            }
            Undelivered::Instead(trouble) => {
                let lost = lost_by(trouble.status.unwrap_or(400));
                (self.unusable(trouble), lost)
            }
            Undelivered::Unusable(trouble) => (self.unusable(trouble), unknown),
        };
        FailedTry { lost, ..failed }
    }

    fn unusable(&self, trouble: Trouble) -> FailedTry {
        let mut failed = self.trouble(trouble);
        if failed.error.kind == ProviderErrorKind::Malformed && failed.error.hint.is_none() && !self.sold() {
            failed.error.hint = Some(self.wrong_place());
        }
        failed
    }

    fn wrong_place(&self) -> String {
        if self.destination.route.vendor == CUSTOM {
            "check `client_base_url`: it is the base of an OpenAI-compatible API and usually ends with /v1"
                .to_owned()
        } else {
            "something between here and there answers in its place: check the proxy settings (HTTPS_PROXY)"
                .to_owned()
        }
    }

    /// The outer errors repeat the URL, which may hold credentials; the innermost says what happened.
    fn connection(&self, error: &reqwest::Error, what: &str) -> FailedTry {
        if error.is_builder() {
            return self.failed(ProviderErrorKind::InvalidRequest, "can't be asked: its URL is not valid");
        }
        let mut cause = error.source();
        let mut innermost = "the connection failed".to_owned();
        while let Some(source) = cause {
            innermost = source.to_string();
            cause = source.source();
        }
        let innermost = self.clean(&innermost);
        let mut failed = self.failed(ProviderErrorKind::Connection, &format!("{what}: {innermost}"));
        failed.error.hint = Some(if self.sold() {
            "check the network and the proxy settings (HTTPS_PROXY)".to_owned()
        } else if self.destination.is_loopback() {
            format!("check that a server listens at {}", self.destination.route.base_url)
        } else {
            let place = &self.destination.route.base_url;
            format!(
                "check that a server listens at {place}, and the proxy settings (HTTPS_PROXY, HTTP_PROXY)"
            )
        });
        failed
    }

    fn status(&self, status: u16, body: &str, headers: &HeaderMap) -> FailedTry {
        let message = message_of(body);
        let vendors = serde_json::from_str(body).ok().and_then(|body| self.wire.refusal(status, &body));
        let kind = vendors.unwrap_or_else(|| kind_of_status(status, &message, body));
        let mut failed = self.failed(kind, &format!("answered {}{}", named(status), self.said(&message)));
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
            ProviderErrorKind::Authentication if route.vendor == VERTEX => Some(
                "check that Vertex AI is switched on in the project, and that the account may use it \
                 (`roles/aiplatform.user`)"
                    .to_owned(),
            ),
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
            ProviderErrorKind::UnknownModel if route.vendor == AZURE => {
                Some(format!("the model is the name of a deployment of yours at {}", route.base_url))
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

/// What a try took that was refused with this status.
fn lost_by(status: u16) -> Lost {
    match status {
        // A gateway that lost its server may have lost an answer that is paid for.
        502 | 504 | 520..=524 => Lost::Unknown,
        _ => Lost::Nothing,
    }
}
