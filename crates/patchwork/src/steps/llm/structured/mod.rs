//! JSON of a wanted form as a model's answer: the form from a schema or an example, the answer read, mended and checked.

mod answer;
mod bounds;
mod example;

use std::sync::Arc;
use std::time::Duration;

use jsonschema::{PatternOptions, Validator};
use patchwork_core::port::provider::OutputFormat;
use serde_json::Value;

pub(crate) use self::example::is_schema;

/// What an answer may take to be read before it counts as one that does not fit.
const DEADLINE: Duration = Duration::from_secs(10);

/// A check against a schema that refers to itself goes as deep as the answer does.
const STACK: usize = 16 << 20;

/// Steps that a pattern of a schema may take on one text: some patterns have no end.
const PATTERN_STEPS: usize = 100_000;

/// The form of JSON that is wanted. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Form(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Absent: any object or list.
    schema: Option<Schema>,
}

#[derive(Debug)]
struct Schema {
    document: Value,
    validator: Validator,
    /// Whether it refers to itself, so that its size says nothing about how long a check takes.
    recursive: bool,
}

/// Why something is no form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum FormError {
    /// A text that can't be read.
    #[error("it is not JSON: {0}")]
    NotJson(String),
    /// An example that is a single value.
    #[error("expected an object or a list, such as {{\"name\": \"the name of the function\"}}")]
    NoExample,
    /// A schema that is neither an object nor a boolean.
    #[error("expected a JSON Schema: an object such as {{\"type\": \"object\", \"properties\": {{…}}}}")]
    NoSchema,
    /// More text than any schema needs.
    #[error("it is too large: {0} bytes, expected {max} at most", max = bounds::MAX_BYTES)]
    TooLarge(usize),
    /// More levels than any schema needs.
    #[error("it is nested too deeply: expected {max} levels at most", max = bounds::MAX_DEPTH)]
    TooDeep,
    /// References that multiply.
    #[error("its references multiply to more than {max} schemas", max = bounds::MAX_UNFOLDED)]
    TooMany,
    /// A reference to somewhere else.
    #[error("`{0}` leads out of it: expected references within the schema, such as \"#/$defs/name\"")]
    Outside(String),
    /// A keyword that changes what references mean.
    #[error("`{0}` is not supported")]
    Unsupported(&'static str),
    /// Not valid.
    #[error("it is not a valid JSON Schema: {0}")]
    Invalid(String),
}

/// An answer that fits.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fitting {
    /// The JSON.
    pub(crate) value: Value,
    /// It was broken and could be mended.
    pub(crate) repaired: bool,
}

/// Why an answer does not fit: the place as a JSON pointer and what was expected there, short enough for a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misfit(String);

impl Form {
    /// Any object or list.
    pub(crate) fn any() -> Self {
        Self(Arc::new(Inner { schema: None }))
    }

    /// What a JSON Schema says. A string is read as JSON first.
    pub(crate) fn of_schema(schema: &Value) -> Result<Self, FormError> {
        let document = parsed(schema)?;
        if !matches!(document, Value::Object(_) | Value::Bool(_)) {
            return Err(FormError::NoSchema);
        }
        let recursive = bounds::check(&document)?;
        let patterns = PatternOptions::fancy_regex().backtrack_limit(PATTERN_STEPS);
        let validator = jsonschema::options()
            .offline()
            .with_pattern_options(patterns)
            .build(&document)
            .map_err(|error| FormError::Invalid(answer::shortened(&error.to_string())))?;
        Ok(Self(Arc::new(Inner { schema: Some(Schema { document, validator, recursive }) })))
    }

    /// JSON like an example. A string is read as JSON first.
    pub(crate) fn of_example(example: &Value) -> Result<Self, FormError> {
        let example = parsed(example)?;
        if !matches!(example, Value::Object(_) | Value::Array(_)) {
            return Err(FormError::NoExample);
        }
        Self::of_schema(&example::schema_of(&example, 0)?)
    }

    /// The schema, unless anything fits.
    pub(crate) fn schema(&self) -> Option<&Value> {
        self.0.schema.as_ref().map(|schema| &schema.document)
    }

    /// What a provider is asked for.
    pub(crate) fn output_format(&self, name: &str) -> OutputFormat {
        OutputFormat { name: name.to_owned(), schema: self.schema().cloned() }
    }

    /// Reads an answer: strict JSON first, then without the prose and the fence around it, then mended.
    pub(crate) async fn read(&self, text: &str) -> Result<Fitting, Misfit> {
        if !self.0.schema.as_ref().is_some_and(|schema| schema.recursive) {
            return answer::read(text, &self.0);
        }
        // How long a check takes is not known, and it can't be told to stop.
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let (form, text) = (self.0.clone(), text.to_owned());
        let spawned =
            std::thread::Builder::new().name("read-json".to_owned()).stack_size(STACK).spawn(move || {
                // Nobody waits any more when this fails.
                let _ = sender.send(answer::read(&text, &form));
            });
        if let Err(error) = spawned {
            return Err(Misfit(format!("it could not be read: {error}")));
        }
        match tokio::time::timeout(DEADLINE, receiver).await {
            Ok(Ok(read)) => read,
            Ok(Err(_)) => Err(Misfit("it can't be checked".to_owned())),
            Err(_) => Err(Misfit(format!("it can't be checked within {} seconds", DEADLINE.as_secs()))),
        }
    }
}

/// A value, or what a text says.
fn parsed(value: &Value) -> Result<Value, FormError> {
    match value {
        Value::String(text) if text.len() > bounds::MAX_BYTES => Err(FormError::TooLarge(text.len())),
        Value::String(text) => {
            serde_json::from_str(text).map_err(|error| FormError::NotJson(error.to_string()))
        }
        other => Ok(other.clone()),
    }
}

#[cfg(test)]
mod tests;
