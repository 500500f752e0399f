//! Attributes as they are sent, and the one place where texts of a run become a part of them.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use patchwork_core::secret::Secrets;

/// Characters that a text keeps.
const LONGEST: usize = 300;

/// Makes texts of a run fit to leave the machine.
#[derive(Debug, Clone)]
pub(super) struct Texts(pub(super) Secrets);

impl Texts {
    /// `text` without secrets, on one line and not long.
    pub(super) fn clean(&self, text: &str) -> String {
        let masked = self.0.redact(text);
        let mut out = String::new();
        for (count, c) in masked.trim().chars().enumerate() {
            if count == LONGEST {
                out.push('…');
                break;
            }
            out.push(if c.is_control() { ' ' } else { c });
        }
        out
    }
}

/// Attributes under construction.
#[derive(Debug, Clone, Default)]
pub(super) struct Attributes(pub(super) Vec<KeyValue>);

impl Attributes {
    /// A text that is clean already; nothing when it is empty.
    pub(super) fn text(&mut self, key: &str, value: impl Into<String>) -> &mut Self {
        let value = value.into();
        if value.is_empty() { self } else { self.push(key, Value::StringValue(value)) }
    }

    /// A list of texts.
    pub(super) fn texts(&mut self, key: &str, values: impl IntoIterator<Item = String>) -> &mut Self {
        let values = values.into_iter().map(|v| AnyValue { value: Some(Value::StringValue(v)) }).collect();
        self.push(key, Value::ArrayValue(ArrayValue { values }))
    }

    /// A count.
    pub(super) fn count(&mut self, key: &str, value: u64) -> &mut Self {
        self.push(key, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
    }

    /// A count, unless it is zero.
    pub(super) fn some(&mut self, key: &str, value: u64) -> &mut Self {
        if value == 0 { self } else { self.count(key, value) }
    }

    /// A number.
    pub(super) fn number(&mut self, key: &str, value: f64) -> &mut Self {
        self.push(key, Value::DoubleValue(value))
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.push(key, Value::BoolValue(value))
    }

    fn push(&mut self, key: &str, value: Value) -> &mut Self {
        let value = Some(AnyValue { value: Some(value) });
        self.0.push(KeyValue { key: key.to_owned(), value, ..KeyValue::default() });
        self
    }
}

/// Nanoseconds since 1970; times before that are none.
pub(super) fn nanos(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).saturating_mul(1_000_000)
}

#[cfg(test)]
mod tests {
    use patchwork_core::secret::Secret;

    use super::*;

    #[test]
    fn texts_leave_without_secrets_lines_and_length() {
        let secrets = Secrets::new();
        secrets.insert("key", Secret::new("sk-0123456789"));
        let texts = Texts(secrets);
        assert_eq!(texts.clean(" a\nb\u{1b}[1m sk-0123456789 "), "a b [1m ***");
        assert_eq!(texts.clean(&"é".repeat(1_000)).chars().count(), LONGEST + 1);
        // A secret that is cut in half would not be found any more.
        let long = format!("{}sk-0123456789", "x".repeat(LONGEST - 5));
        assert!(!texts.clean(&long).contains("sk-01"));
    }

    #[test]
    fn absurd_numbers_do_no_harm() {
        assert_eq!(nanos(-1), 0);
        assert_eq!(nanos(i64::MAX), u64::MAX);
        let mut attributes = Attributes::default();
        attributes.count("a", u64::MAX).some("b", 0).text("c", "");
        assert_eq!(attributes.0.len(), 1);
    }
}
