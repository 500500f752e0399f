//! Several options in one, as `model_args` and `client_args` have them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use patchwork_core::failure::nearest;
use patchwork_core::step::StepError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::ModelOptions;

/// Several options in one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Arguments {
    /// Values by name.
    Object(Map<String, Value>),
    /// The same as JSON, or `name=value` with commas between.
    Text(String),
}

impl Arguments {
    fn read(&self, field: &str) -> Result<Map<String, Value>, StepError> {
        let text = match self {
            Self::Object(map) => return Ok(map.clone()),
            Self::Text(text) => text.trim(),
        };
        if text.starts_with('{') {
            return serde_json::from_str(text)
                .map_err(|error| StepError::input(field, format!("it is not JSON: {error}")));
        }
        text.split(',')
            .map(str::trim)
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').ok_or_else(|| {
                    StepError::input(
                        field,
                        "expected an object, its JSON, or `name=value` with commas between",
                    )
                })?;
                let (name, value) = (name.trim().to_owned(), value.trim());
                Ok((name, serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()))))
            })
            .collect()
    }
}

/// The names of all options.
static KNOWN: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let schema = schemars::schema_for!(ModelOptions);
    let properties = schema.get("properties").and_then(Value::as_object);
    properties.into_iter().flatten().map(|(name, _)| name.clone()).collect()
});

/// The options with what `model_args` and `client_args` add to them.
pub(super) fn merged(options: &ModelOptions) -> Result<ModelOptions, StepError> {
    let mut out = options.clone();
    let groups = [("model_args", out.model_args.take()), ("client_args", out.client_args.take())];
    for (field, arguments) in groups {
        let Some(arguments) = arguments else { continue };
        let beginning = field.strip_suffix("args").unwrap_or_default();
        for (name, value) in arguments.read(field)? {
            out = with(out, field, beginning, &name, value)?;
        }
    }
    Ok(out)
}

/// The options with one more, unless it has a value already.
fn with(
    options: ModelOptions,
    field: &str,
    beginning: &str,
    name: &str,
    value: Value,
) -> Result<ModelOptions, StepError> {
    let short = name.strip_prefix(beginning).unwrap_or(name);
    let full = format!("{beginning}{short}");
    let place = format!("{field}.{short}");
    if !KNOWN.contains(&full) || full == field {
        let known =
            KNOWN.iter().filter(|known| *known != field).filter_map(|known| known.strip_prefix(beginning));
        let help = match nearest(short, known.clone()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("expected {}", known.collect::<Vec<_>>().join(", ")),
        };
        return Err(StepError::input(place, format!("there is no such option: {help}")));
    }
    let unreadable = |error: serde_json::Error| StepError::input(&place, error.to_string());
    let Value::Object(mut map) = serde_json::to_value(&options).map_err(unreadable)? else {
        return Err(StepError::internal("options are an object"));
    };
    if map.contains_key(&full) {
        return Ok(options);
    }
    map.insert(full, value);
    serde_json::from_value(Value::Object(map)).map_err(unreadable)
}
