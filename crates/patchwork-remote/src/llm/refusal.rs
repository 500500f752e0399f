//! How vendors say why they refuse: statuses, codes and sentences, by class.

use patchwork_core::port::provider::ProviderErrorKind;
use serde_json::Value;

use super::clean::message_in;

/// The class of a failed status. Bodies decide where vendors use 400 for everything.
pub(super) fn kind_of_status(status: u16, message: &str, body: &str) -> ProviderErrorKind {
    let says = |words: &[&str]| {
        let (message, body) = (message.to_lowercase(), body.to_lowercase());
        words.iter().any(|word| message.contains(word) || body.contains(word))
    };
    match status {
        401 | 403 => ProviderErrorKind::Authentication,
        404 => ProviderErrorKind::UnknownModel,
        408 | 409 | 500..=599 => ProviderErrorKind::Server,
        413 => ProviderErrorKind::ContextExceeded,
        // More in one call than the account may send in a minute: waiting does not help.
        429 if says(&["request too large"]) => ProviderErrorKind::ContextExceeded,
        429 => ProviderErrorKind::RateLimited,
        400 | 402 if is_spent(body) => ProviderErrorKind::RateLimited,
        400 | 422 if says(&CONTEXT_EXCEEDED) => ProviderErrorKind::ContextExceeded,
        400 if says(&["api_key_invalid", "api key not valid"]) => ProviderErrorKind::Authentication,
        400 | 422 if says(&UNKNOWN_MODEL) => ProviderErrorKind::UnknownModel,
        _ => ProviderErrorKind::InvalidRequest,
    }
}

/// The class of what vendors write as the `code`, `type` or `status` of an error.
pub(super) fn kind_of_word(word: &str) -> Option<ProviderErrorKind> {
    Some(match word.to_ascii_lowercase().as_str() {
        "overloaded_error"
        | "server_error"
        | "internal_server_error"
        | "internal_error"
        | "api_error"
        | "timeout_error"
        | "unavailable"
        | "internal"
        | "deadline_exceeded"
        | "aborted"
        | "service_unavailable"
        | "internalservererror" => ProviderErrorKind::Server,
        "rate_limit_error"
        | "rate_limit_exceeded"
        | "resource_exhausted"
        | "insufficient_quota"
        | "too_many_requests" => ProviderErrorKind::RateLimited,
        "authentication_error"
        | "permission_error"
        | "invalid_api_key"
        | "unauthenticated"
        | "permission_denied" => ProviderErrorKind::Authentication,
        "not_found_error" | "model_not_found" | "not_found" | "notfounderror" => {
            ProviderErrorKind::UnknownModel
        }
        "context_length_exceeded"
        | "exceed_context_size_error"
        | "request_too_large"
        | "string_above_max_length" => ProviderErrorKind::ContextExceeded,
        "invalid_request_error"
        | "invalid_argument"
        | "failed_precondition"
        | "badrequesterror"
        | "invalid_prompt"
        | "billing_error" => ProviderErrorKind::InvalidRequest,
        _ => return None,
    })
}

/// How OpenAI, vLLM, llama.cpp, Anthropic, Gemini, Ollama and TGI say that a prompt is too long.
const CONTEXT_EXCEEDED: [&str; 10] = [
    "context_length_exceeded",
    "maximum context length",
    "exceed_context_size",
    "exceeds the available context size",
    "context length exceeded",
    "prompt is too long",
    "exceed context limit",
    "exceeds the maximum number of tokens",
    "input length exceeds",
    "`inputs` must have less than",
];

const UNKNOWN_MODEL: [&str; 4] =
    ["model_not_found", "invalid model", "unknown model", "is not a valid model"];

/// Codes of errors that say that a filter withheld the answer.
const WITHHELD: [&str; 5] = [
    "content_filter",
    "content_policy_violation",
    "bio_policy",
    "misalignment_policy_violation",
    "image_content_policy_violation",
];

/// What is said in place of an answer that a filter withheld, when that is what an error says: `error` is what vendors write
/// under `error`. Azure refuses a prompt so, others fail in the middle of their answer.
pub(super) fn withheld(error: &Value) -> Option<String> {
    let code = error["code"].as_str()?;
    WITHHELD.contains(&code).then(|| message_in(error).unwrap_or_default())
}

/// Whether a refusal is about money, not about speed: waiting does not help.
pub(super) fn is_spent(body: &str) -> bool {
    ["insufficient_quota", "credit balance is too low", "billing_hard_limit_reached"]
        .iter()
        .any(|word| body.contains(word))
}

/// A status with its usual words: `404 Not Found`.
pub(super) fn named(status: u16) -> String {
    let reason = reqwest::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}
