//! A SARIF report as an option: the object, or its JSON as a text.

use patchwork_core::failure::Failure;
use patchwork_core::step::StepError;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::sarif;

/// A SARIF 2.1.0 report: the object, or its JSON as a text.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum SarifValues {
    /// The report.
    Object(Map<String, Value>),
    /// Its JSON.
    Text(String),
}

/// Not derived: what is untagged is first held as a whole in a form of its own, and reports are large.
impl<'de> Deserialize<'de> for SarifValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ObjectOrText)
    }
}

struct ObjectOrText;

impl<'de> Visitor<'de> for ObjectOrText {
    type Value = SarifValues;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a SARIF report: an object, or its JSON as a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<SarifValues, E> {
        Ok(SarifValues::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<SarifValues, E> {
        Ok(SarifValues::Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<SarifValues, A::Error> {
        Map::deserialize(MapAccessDeserializer::new(map)).map(SarifValues::Object)
    }
}

impl SarifValues {
    /// The report, once it is known to have the shape of one, without what nobody asks for. `field` is named in errors.
    pub fn into_value(self, field: &str) -> Result<Value, StepError> {
        let name = format!("`{field}`");
        let report = match self {
            Self::Object(map) => sarif::slimmed(Value::Object(map), &name),
            Self::Text(text) => sarif::parse(text.as_bytes(), &name),
        };
        report.map_err(|error| StepError::Failed(Failure::from(error)))
    }

    /// Whether it is an empty text, which is how an option that was not given may arrive.
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}
