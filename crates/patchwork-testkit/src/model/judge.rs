//! Whether a request body is one that the vendor's published description allows.

use std::cmp::Reverse;
use std::sync::LazyLock;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ValidationError, Validator};
use serde_json::json;

use super::request::{SeenRequest, Shape};

static OPENAI_CHAT: LazyLock<Validator> =
    LazyLock::new(|| compile(include_str!("../../descriptions/openai-chat.json")));
static OPENAI_RESPONSES: LazyLock<Validator> =
    LazyLock::new(|| compile(include_str!("../../descriptions/openai-responses.json")));
static ANTHROPIC: LazyLock<Validator> =
    LazyLock::new(|| compile(include_str!("../../descriptions/anthropic.json")));
static GEMINI: LazyLock<Validator> =
    LazyLock::new(|| compile(include_str!("../../descriptions/gemini.json")));
static VERTEX: LazyLock<Validator> =
    LazyLock::new(|| compile(include_str!("../../descriptions/vertex.json")));

#[expect(clippy::expect_used, reason = "the descriptions are part of this crate and read by its tests")]
fn compile(description: &str) -> Validator {
    let schema = serde_json::from_str(description).expect("a description is JSON");
    jsonschema::validator_for(&schema).expect("a description is a JSON Schema")
}

impl SeenRequest {
    /// The first thing in the body that the vendor's description does not allow, after the path of its field.
    pub(super) fn fault(&self) -> Option<String> {
        let validator: &Validator = match self.shape {
            Shape::OpenAiChat => &OPENAI_CHAT,
            Shape::OpenAiResponses => &OPENAI_RESPONSES,
            Shape::Anthropic => &ANTHROPIC,
            Shape::Gemini if self.path.contains("/publishers/google/") => &VERTEX,
            Shape::Gemini => &GEMINI,
        };
        let mut body = self.body.clone();
        // Azure's deployments and Vertex AI name it in the path.
        if matches!(self.shape, Shape::OpenAiChat | Shape::Anthropic) && body["model"].is_null() {
            body["model"] = json!(self.model);
        }
        if self.path.contains("/publishers/anthropic/") && body["anthropic_version"] == "vertex-2023-10-16" {
            body.as_object_mut().map(|fields| fields.remove("anthropic_version"));
        }
        let errors: Vec<_> = validator.iter_errors(&body).collect();
        errors.first().map(explain)
    }
}

/// The fault in words: of a union that of the member which was most likely meant.
fn explain(error: &ValidationError<'_>) -> String {
    if let ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } =
        error.kind()
    {
        let here = error.instance_path().as_str();
        let meant = context
            .iter()
            .filter(|errors| !errors.iter().any(|error| is_another(here, error)))
            .min_by_key(|errors| (errors.len(), Reverse(errors.iter().map(depth).max())));
        if let Some(error) = meant.and_then(|errors| errors.first()) {
            return explain(error);
        }
        return at(error, "is none of what may stand here");
    }
    if let ValidationErrorKind::Not { .. } = error.kind() {
        return at(error, "has fields that exclude each other");
    }
    at(error, &error.masked().to_string())
}

/// Whether the error says that another member of the union was meant: one of another type, or another `type` or `role`.
fn is_another(here: &str, error: &ValidationError<'_>) -> bool {
    let path = error.instance_path().as_str();
    match error.kind() {
        ValidationErrorKind::Type { kind } => {
            // A number among names of types is not told from a text: both are the value itself.
            path == here && matches!(kind, TypeKind::Single(_) | TypeKind::Multiple(_))
        }
        ValidationErrorKind::Constant { .. } | ValidationErrorKind::Enum { .. } => {
            path.strip_prefix(here).is_some_and(|rest| rest == "/type" || rest == "/role")
        }
        _ => false,
    }
}

fn depth(error: &ValidationError<'_>) -> usize {
    error.instance_path().as_str().matches('/').count()
}

fn at(error: &ValidationError<'_>, problem: &str) -> String {
    match error.instance_path().as_str().trim_start_matches('/') {
        "" => problem.to_owned(),
        path => format!("{}: {problem}", path.replace('/', ".")),
    }
}

#[cfg(test)]
mod tests;
