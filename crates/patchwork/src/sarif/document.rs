//! A SARIF file's bytes, and whether they are SARIF at all.

use patchwork_core::failure::Failure;
use serde_json::Value;

/// Why something is no SARIF report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SarifError {
    /// Nothing is in it.
    #[error("{source_name} is empty: expected a SARIF 2.1.0 report")]
    Empty {
        /// The file or option.
        source_name: String,
    },
    /// The bytes are no Unicode text.
    #[error("{source_name} is not text in UTF-8 or UTF-16: expected a SARIF 2.1.0 report")]
    Encoding {
        /// The file or option.
        source_name: String,
    },
    /// The text is no JSON.
    #[error("{source_name} is not JSON: {problem}")]
    Json {
        /// The file or option.
        source_name: String,
        /// What and where, from the JSON parser.
        problem: String,
    },
    /// It is JSON of another shape.
    #[error("{source_name} is not a SARIF report: {problem}")]
    Shape {
        /// The file or option.
        source_name: String,
        /// What was found and what was expected.
        problem: String,
    },
}

impl From<SarifError> for Failure {
    fn from(error: SarifError) -> Self {
        Failure::configuration(error.to_string())
            .hint("give a report in SARIF 2.1.0: most scanners write one with an option such as `--sarif`")
    }
}

/// Reads the bytes of a report; `source_name` says in errors where they came from. A byte order mark and UTF-16 (what a
/// redirect in PowerShell writes) are understood.
pub fn parse(bytes: &[u8], source_name: &str) -> Result<Value, SarifError> {
    let source_name = source_name.to_owned();
    let text = match decode(bytes) {
        Some(text) => text,
        None => return Err(SarifError::Encoding { source_name }),
    };
    if text.trim().is_empty() {
        return Err(SarifError::Empty { source_name });
    }
    match serde_json::from_str(&text) {
        Ok(value) => check(&value, &source_name).map(|()| value),
        Err(error) => Err(SarifError::Json { source_name, problem: error.to_string() }),
    }
}

/// Whether a value has the shape of a SARIF 2.x log: an object with `runs`.
pub fn check(value: &Value, source_name: &str) -> Result<(), SarifError> {
    let shape = |problem: String| Err(SarifError::Shape { source_name: source_name.to_owned(), problem });
    let Some(log) = value.as_object() else {
        return shape(format!("expected an object with `runs`, found {}", kind(value)));
    };
    match log.get("version") {
        None | Some(Value::Null) => {}
        Some(Value::String(version)) if version.starts_with("2.") => {}
        Some(version) => return shape(format!("its `version` is {version}, expected \"2.1.0\"")),
    }
    match log.get("runs") {
        Some(Value::Array(_) | Value::Null) => Ok(()),
        Some(other) => shape(format!("expected a list in `runs`, found {}", kind(other))),
        None if log.is_empty() => shape("it is `{}`, expected an object with `runs`".into()),
        None => {
            let keys: Vec<_> = log.keys().take(5).map(|key| format!("`{key}`")).collect();
            shape(format!("it has {} but no `runs`", keys.join(", ")))
        }
    }
}

fn decode(bytes: &[u8]) -> Option<std::borrow::Cow<'_, str>> {
    let utf16 = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let pairs = bytes.chunks_exact(2);
        let units: Vec<u16> = pairs.filter_map(|pair| Some(unit(pair.try_into().ok()?))).collect();
        String::from_utf16(&units).ok().map(Into::into)
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => std::str::from_utf8(rest).ok().map(Into::into),
        [0xFF, 0xFE, rest @ ..] => utf16(u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => utf16(u16::from_be_bytes, rest),
        _ => std::str::from_utf8(bytes).ok().map(Into::into),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
