//! Why a call gave no answer.

use std::time::Duration;

use patchwork_core::failure::Failure;
use serde_json::Value;

/// Characters kept of what a server said.
const MAX_WORDS: usize = 300;

/// Why a call gave no answer. No variant holds a token, a header or a body that was sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The door could not be opened at all: a wrong address, a token that is none, no root certificates.
    #[error("{problem}")]
    Setup {
        /// What is wrong.
        problem: String,
    },
    /// No connection, or it was cut.
    #[error("{call} on {host}: no connection: {reason}")]
    Connection {
        /// The method and path.
        call: String,
        /// The host, with its port when it is not the usual one.
        host: String,
        /// The innermost cause.
        reason: String,
        /// Whether the server may have carried the call out.
        arrived: bool,
    },
    /// No answer in time.
    #[error("{call} on {host}: no answer within {} s", limit.as_secs())]
    Timeout {
        /// The method and path.
        call: String,
        /// The host.
        host: String,
        /// The limit.
        limit: Duration,
    },
    /// The server asks to wait longer than we do.
    #[error("{call} on {host}: rate limit (status {status}), {message}", message = or_nothing(message))]
    RateLimited {
        /// The method and path.
        call: String,
        /// The host.
        host: String,
        /// The status: 403 or 429.
        status: u16,
        /// What the server said.
        message: String,
        /// When it will answer again, milliseconds since 1970 by the server's clock.
        until_ms: i64,
    },
    /// The server answers that it won't or can't.
    #[error("{call} on {host}: status {status}, {message}{}{}", list(details), lacks(needs.as_ref()), message = or_nothing(message))]
    Status {
        /// The method and path.
        call: String,
        /// The host.
        host: String,
        /// The status.
        status: u16,
        /// What the server said.
        message: String,
        /// Its remarks about single fields.
        details: Vec<String>,
        /// What the token lacks, when the server says it.
        needs: Option<String>,
    },
    /// The server sends us to another place, and the token does not go there.
    #[error("{call} on {host}: the server redirects to another host, which is not followed")]
    Elsewhere {
        /// The method and path.
        call: String,
        /// The host.
        host: String,
    },
    /// The answer is not what it should be.
    #[error("{call} on {host}: the answer can't be read: {problem}")]
    Malformed {
        /// The method and path.
        call: String,
        /// The host.
        host: String,
        /// What is wrong.
        problem: String,
    },
}

impl HttpError {
    /// The status, when the server gave one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } | Self::RateLimited { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same call may succeed later.
    pub fn transient(&self) -> bool {
        match self {
            Self::Connection { .. } | Self::Timeout { .. } | Self::RateLimited { .. } => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500 | 502..=504 | 506..=599),
            Self::Setup { .. } | Self::Elsewhere { .. } | Self::Malformed { .. } => false,
        }
    }

    /// Whether the server may have carried the call out although it seems to have failed.
    pub fn may_have_arrived(&self) -> bool {
        self.transient() && !matches!(self, Self::RateLimited { .. }) && !self.never_arrived()
    }

    /// Whether it is sure that the server saw nothing of the call.
    pub(super) fn never_arrived(&self) -> bool {
        matches!(self, Self::Connection { arrived: false, .. })
    }
}

impl From<HttpError> for Failure {
    fn from(error: HttpError) -> Self {
        match &error {
            HttpError::Setup { .. } => Self::configuration(error.to_string()),
            HttpError::RateLimited { until_ms, .. } => {
                let hint = match jiff::Timestamp::from_millisecond(*until_ms) {
                    Ok(until) => format!(
                        "it will answer again at {}: resume the run then",
                        until.strftime("%Y-%m-%d %H:%M:%S UTC")
                    ),
                    Err(_) => "resume the run later".to_owned(),
                };
                Self::unavailable(error.to_string()).hint(hint)
            }
            _ => Self::unavailable(error.to_string()),
        }
    }
}

fn or_nothing(message: &str) -> &str {
    if message.is_empty() { "no reason given" } else { message }
}

fn lacks(needs: Option<&String>) -> String {
    needs.map(|needs| format!("; {needs}")).unwrap_or_default()
}

fn list(details: &[String]) -> String {
    if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) }
}

/// What a server says about its refusal: its message and its remarks about single fields. Each site has a form of its own:
/// `{"message", "errors": [{"field", "code", "message"}]}` (GitHub, Gitea), `{"message": {"field": ["…"]}}` or
/// `{"error", "error_description"}` (GitLab), `{"message", "typeKey"}` (Azure DevOps), `{"error": {"message", "detail", "fields"}}`
/// (Bitbucket).
pub(super) fn server_words(bytes: &[u8]) -> (String, Vec<String>) {
    let Ok(Value::Object(words)) = serde_json::from_slice::<Value>(bytes) else {
        let text = String::from_utf8_lossy(bytes.get(..bytes.len().min(4 * MAX_WORDS)).unwrap_or_default());
        let html = text.trim_start().starts_with('<');
        return (if html { "an HTML page".to_owned() } else { tidy(&text) }, Vec::new());
    };
    let field = |name: &str| words.get(name).unwrap_or(&Value::Null);
    let (message, remarks) = match (field("message"), field("error")) {
        (Value::Null, Value::Object(error)) => {
            let of = |name: &str| error.get(name).unwrap_or(&Value::Null);
            (said(of("message")), [of("detail"), of("fields")])
        }
        (Value::Null, error) => (said(error), [field("error_description"), field("errors")]),
        (message, _) => (said(message), [field("typeKey"), field("errors")]),
    };
    let remarks = remarks.into_iter().flat_map(details).filter(|remark| !remark.is_empty());
    (message, remarks.take(10).collect())
}

/// A message that is a text, a list of them, or has one for each field.
fn said(value: &Value) -> String {
    match value {
        Value::Object(_) | Value::Array(_) => tidy(&details(value).join("; ")),
        _ => tidy(value.as_str().unwrap_or_default()),
    }
}

fn details(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().take(10).map(detail).collect(),
        Value::String(one) => vec![tidy(one)],
        Value::Object(fields) => {
            let texts = |value: &Value| match value {
                Value::Array(items) => items.iter().take(10).map(detail).collect::<Vec<_>>().join(", "),
                one => detail(one),
            };
            let remark = |(name, value): (&String, &Value)| {
                let text = texts(value);
                if text.is_empty() { String::new() } else { tidy(&format!("{name}: {text}")) }
            };
            fields.iter().take(10).map(remark).collect()
        }
        _ => Vec::new(),
    }
}

fn detail(item: &Value) -> String {
    if let Some(text) = item.as_str() {
        return tidy(text);
    }
    let field = |name| item.get(name).and_then(Value::as_str).unwrap_or_default();
    let place = field("field");
    let said = if field("message").is_empty() { field("code") } else { field("message") };
    match (place, said) {
        ("", said) => tidy(said),
        (place, "") => tidy(place),
        (place, said) => tidy(&format!("{place}: {said}")),
    }
}

/// One line without control characters, cut to [`MAX_WORDS`].
pub(super) fn tidy(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= MAX_WORDS {
        return line;
    }
    line.chars().take(MAX_WORDS).chain(['…']).collect()
}
