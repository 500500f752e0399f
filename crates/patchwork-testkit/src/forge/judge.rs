//! Whether a request body is one that GitHub takes.

use serde_json::{Map, Value, json};

/// What a field may hold.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Text,
    /// Text of at most this many characters.
    Short(usize),
    /// Text or null.
    TextOrNull(usize),
    Bool,
    Number,
    OneOf(&'static [&'static str]),
}

/// The fields of a body: name, kind, whether it must be there.
pub(super) type Fields = &'static [(&'static str, Kind, bool)];

pub(super) const NEW_PULL: Fields = &[
    ("title", Kind::Short(256), true),
    ("head", Kind::Text, true),
    ("head_repo", Kind::Text, false),
    ("base", Kind::Text, true),
    ("body", Kind::TextOrNull(65_536), false),
    ("maintainer_can_modify", Kind::Bool, false),
    ("draft", Kind::Bool, false),
    ("issue", Kind::Number, false),
];

pub(super) const CHANGED_PULL: Fields = &[
    ("title", Kind::Short(256), false),
    ("body", Kind::TextOrNull(65_536), false),
    ("state", Kind::OneOf(&["open", "closed"]), false),
    ("base", Kind::Text, false),
    ("maintainer_can_modify", Kind::Bool, false),
];

/// The body as an object when it is fine; otherwise the remarks that GitHub would make.
pub(super) fn judge(body: &Value, fields: Fields) -> Result<&Map<String, Value>, Vec<Value>> {
    let Some(map) = body.as_object() else {
        return Err(vec![json!("the body is not a JSON object")]);
    };
    let remark = |field: &str, code: &str, message: String| json!({ "resource": "PullRequest", "field": field, "code": code, "message": message });
    let mut remarks = Vec::new();
    for key in map.keys() {
        if !fields.iter().any(|(name, ..)| name == key) {
            remarks.push(remark(key, "custom", format!("\"{key}\" is not a permitted key")));
        }
    }
    for (name, kind, required) in fields {
        match map.get(*name) {
            None if *required => remarks.push(remark(name, "missing_field", format!("{name} is missing"))),
            Some(value) => {
                if let Some(problem) = fault(*kind, value) {
                    remarks.push(remark(name, "invalid", format!("{name} {problem}")));
                }
            }
            None => {}
        }
    }
    if remarks.is_empty() { Ok(map) } else { Err(remarks) }
}

fn fault(kind: Kind, value: &Value) -> Option<String> {
    let limit = |text: &str, max: usize| {
        (text.chars().count() > max).then(|| format!("is too long (maximum is {max} characters)"))
    };
    match (kind, value) {
        (Kind::Text, Value::String(text)) if text.is_empty() => Some("can't be blank".into()),
        (Kind::Text, Value::String(_)) | (Kind::Bool, Value::Bool(_)) | (Kind::Number, Value::Number(_)) => {
            None
        }
        (Kind::Short(_), Value::String(text)) if text.trim().is_empty() => Some("can't be blank".into()),
        (Kind::Short(max) | Kind::TextOrNull(max), Value::String(text)) => limit(text, max),
        (Kind::TextOrNull(_), Value::Null) => None,
        (Kind::OneOf(words), Value::String(text)) if words.contains(&text.as_str()) => None,
        (_, value) => Some(format!("can't be {value}")),
    }
}
