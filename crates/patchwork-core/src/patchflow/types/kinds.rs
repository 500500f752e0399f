//! JSON types as sets.

use serde_json::Value;

/// JSON types, as a set. `integer` is told apart from `number`; `number` alone means that fractions occur.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kinds(u8);

impl Kinds {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const NULL: Self = Self(1);
    pub(crate) const BOOLEAN: Self = Self(2);
    pub(crate) const INTEGER: Self = Self(4);
    pub(crate) const NUMBER: Self = Self(8);
    pub(crate) const STRING: Self = Self(16);
    pub(crate) const ARRAY: Self = Self(32);
    pub(crate) const OBJECT: Self = Self(64);
    pub(crate) const ALL: Self = Self(127);

    const NAMES: [(Self, &'static str, &'static str); 7] = [
        (Self::NULL, "null", "null"),
        (Self::BOOLEAN, "boolean", "a boolean"),
        (Self::INTEGER, "integer", "an integer"),
        (Self::NUMBER, "number", "a number"),
        (Self::STRING, "string", "a string"),
        (Self::ARRAY, "array", "a list"),
        (Self::OBJECT, "object", "an object"),
    ];

    pub(super) fn of_name(name: &str) -> Self {
        Self::NAMES.iter().find(|(_, word, _)| *word == name).map_or(Self(0), |(kind, ..)| *kind)
    }

    pub(crate) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::Number(n) if n.is_i64() || n.is_u64() => Self::INTEGER,
            Value::Number(_) => Self::NUMBER,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
        }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a value of one of these kinds can be taken where `target` is wanted. Null is no value: it is left out.
    pub(super) fn can_fit(self, target: Self) -> bool {
        let source = self.without(Self::NULL);
        let target = if target.contains(Self::NUMBER) { target.or(Self::INTEGER) } else { target };
        source.0 == 0 || source.intersects(target)
    }

    /// Its JSON Schema name, when it is one kind.
    pub(super) fn single(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(kind, ..)| *kind == self).map(|(_, name, _)| *name)
    }

    /// In words: `a string or a list`.
    pub(crate) fn describe(self) -> String {
        if self == Self::ALL {
            return "any value".to_owned();
        }
        let words: Vec<&str> =
            Self::NAMES.iter().filter(|(kind, ..)| self.contains(*kind)).map(|(.., word)| *word).collect();
        match words.split_last() {
            None => "nothing".to_owned(),
            Some((last, [])) => (*last).to_owned(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        }
    }
}
