//! A SARIF file's bytes, and whether they are SARIF at all.

use std::borrow::Cow;
use std::path::Path;

use patchwork_core::failure::Failure;
use serde_json::Value;
use serde_json::error::Category;

use super::slim;

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
    #[error("{source_name} {problem}: expected a SARIF 2.1.0 report")]
    Encoding {
        /// The file or option.
        source_name: String,
        /// What the bytes are not, and where.
        problem: String,
    },
    /// The text is no JSON.
    #[error("{source_name} is not one JSON document: {problem}")]
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

/// The largest report that is read: 1 GiB.
const MAX_BYTES: u64 = 1 << 30;

/// Reads the bytes of a report, without what nobody asks for; `source_name` says in errors where they came from. A byte order
/// mark and UTF-16 (what a redirect in PowerShell writes) are understood.
pub fn parse(bytes: &[u8], source_name: &str) -> Result<Value, SarifError> {
    let source_name = source_name.to_owned();
    let text = match decode(bytes) {
        Ok(text) => text,
        Err(problem) => return Err(SarifError::Encoding { source_name, problem }),
    };
    if text.trim_start().is_empty() {
        return Err(SarifError::Empty { source_name });
    }
    let mut json = serde_json::Deserializer::from_str(&text);
    let log = slim::read(&mut json).and_then(|log| json.end().map(|()| log));
    match log {
        Ok(log) => check(&log, &source_name).map(|()| log),
        Err(error) => Err(problem_of(&error, &text, source_name)),
    }
}

fn problem_of(error: &serde_json::Error, text: &str, source_name: String) -> SarifError {
    let place = format!("line {}, column {}", error.line(), error.column());
    let said = error.to_string();
    match error.classify() {
        Category::Eof => {
            let problem = format!(
                "it breaks off in {place}, after {} bytes: what wrote it did not come to its end",
                text.len()
            );
            SarifError::Json { source_name, problem }
        }
        Category::Data => SarifError::Shape { source_name, problem: said },
        _ if said.starts_with("trailing characters") => {
            let problem = format!("something else begins behind the report in {place}");
            SarifError::Json { source_name, problem }
        }
        _ => SarifError::Json { source_name, problem: said },
    }
}

/// What stays of a report that is held already.
pub fn slimmed(log: Value, source_name: &str) -> Result<Value, SarifError> {
    match slim::read(log) {
        Ok(log) => check(&log, source_name).map(|()| log),
        Err(error) => {
            Err(SarifError::Shape { source_name: source_name.to_owned(), problem: error.to_string() })
        }
    }
}

/// Reads a report from a file; `name` is how errors call it.
pub async fn read_file(path: &Path, name: &str) -> Result<Value, Failure> {
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Failure::configuration(format!("{name} does not exist")),
        _ => Failure::configuration(format!("{name} can't be read: {error}")),
    };
    let about = tokio::fs::metadata(path).await.map_err(unreadable)?;
    if about.is_dir() {
        return Err(Failure::configuration(format!("{name} is a folder: expected a SARIF file")));
    }
    if about.len() > MAX_BYTES {
        let (size, limit) = (about.len() >> 20, MAX_BYTES >> 20);
        return Err(Failure::configuration(format!("{name} has {size} MiB: expected at most {limit} MiB")));
    }
    let bytes = tokio::fs::read(path).await.map_err(unreadable)?;
    let name = name.to_owned();
    let parsed = tokio::task::spawn_blocking(move || parse(&bytes, &name)).await;
    let parsed =
        parsed.map_err(|error| Failure::internal("reading a report ended early").caused_by(&error))?;
    Ok(parsed?)
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

/// The text of a file, or what is wrong with it.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, String> {
    let utf16 = |unit: fn([u8; 2]) -> u16, bytes: &[u8]| {
        let pairs = bytes.chunks_exact(2);
        let units: Vec<u16> = pairs.filter_map(|pair| Some(unit(pair.try_into().ok()?))).collect();
        String::from_utf16(&units).map(Into::into).map_err(|_| "is not text in UTF-16".to_owned())
    };
    let utf8 = |bytes| {
        std::str::from_utf8(bytes).map(Into::into).map_err(|error| {
            let good = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
            format!("is not text in UTF-8 or UTF-16 (byte {}, in line {line})", good.len())
        })
    };
    match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => utf16(u16::from_be_bytes, rest),
        [b'{', 0, ..] => utf16(u16::from_le_bytes, bytes),
        [0, b'{', ..] => utf16(u16::from_be_bytes, bytes),
        [0x1F, 0x8B, ..] | [b'P', b'K', ..] => Err("is compressed: unpack it".to_owned()),
        _ => utf8(bytes),
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
