//! From JSON to a step's input, with errors that name the field.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::StepError;
use crate::patchflow::check::constant_misfit;
use crate::patchflow::types::{Field, Type};

/// Reads an input. `schema` is asked for only when that fails.
pub(super) fn read<'a, T: DeserializeOwned>(
    input: Value,
    schema: impl FnOnce() -> &'a Value,
) -> Result<T, StepError> {
    let outline = outline(&input);
    serde_path_to_error::deserialize(input).map_err(|error| {
        let path = error.path().to_string();
        let problem = error.into_inner().to_string();
        let schema = Type::of_document(schema());
        // Fields of flattened groups are read from a copy in which their names are lost: the schema finds them again.
        let field = match path.as_str() {
            "." => misfit(&outline, &schema, &problem).unwrap_or_default(),
            _ => path,
        };
        let top = field.split(['.', '[']).next().unwrap_or_default();
        match schema.field(top) {
            // What was given may be the secret itself.
            Field::Known(ty) if ty.is_secret() => {
                StepError::input(field, "expected a reference to a secret: {\"$secret\": NAME}")
            }
            _ => StepError::input(field, problem),
        }
    })
}

/// The fields with what is short of them; lists, objects and long texts are only there by their kind.
fn outline(input: &Value) -> Map<String, Value> {
    const SHORT: usize = 200;
    let short = |value: &Value| match value {
        Value::Array(_) => Value::Array(Vec::new()),
        Value::Object(_) => Value::Object(Map::new()),
        Value::String(text) if text.len() > SHORT => Value::String(String::new()),
        other => other.clone(),
    };
    let fields = input.as_object().into_iter().flatten();
    fields.map(|(name, value)| (name.clone(), short(value))).collect()
}

/// The field that does not fit the schema; of several the one whose value is in the words of the error.
fn misfit(outline: &Map<String, Value>, schema: &Type, problem: &str) -> Option<String> {
    let fits = |(name, value): &(&String, &Value)| match schema.field(name) {
        Field::Known(ty) if ty.is_secret() => value.is_object(),
        Field::Known(ty) => constant_misfit(value, &ty, name).is_none(),
        Field::Missing(_) => true,
    };
    let misfits: Vec<(&String, &Value)> = outline.iter().filter(|field| !fits(field)).collect();
    let named = |(_, value): &&(&String, &Value)| match value {
        Value::String(text) => problem.contains(text.as_str()),
        Value::Number(_) | Value::Bool(_) => problem.contains(&format!("`{value}`")),
        _ => false,
    };
    misfits.iter().find(named).or(misfits.first()).map(|(name, _)| (*name).clone())
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::Deserialize;
    use serde_json::json;

    use super::*;
    use crate::secret::SecretRef;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        #[serde(alias = "ONE")]
        One,
        Two,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only read")]
    struct Group {
        count: Option<u32>,
        word: Option<Word>,
        names: Option<Vec<String>>,
        key: Option<SecretRef>,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Input {
        plain: Option<u32>,
        own_key: Option<SecretRef>,
        #[serde(flatten)]
        group: Group,
    }

    fn problem(input: Value) -> String {
        let schema: Value = schemars::schema_for!(Input).into();
        match read::<Input>(input, || &schema) {
            Ok(_) => "none".to_owned(),
            Err(error) => error.into_failure().message,
        }
    }

    #[test]
    fn the_field_is_named_in_a_group_too() {
        assert_eq!(problem(json!({"plain": 1, "count": 2, "word": "ONE", "key": {"$secret": "k"}})), "none");
        for (input, expected) in [
            (json!({"plain": "many"}), "`plain`: invalid type: string \"many\""),
            (json!({"count": "many"}), "`count`: invalid type: string \"many\""),
            (json!({"count": -1}), "`count`: invalid value: integer `-1`"),
            (json!({"count": true, "word": "ONE"}), "`count`: invalid type: boolean `true`"),
            (json!({"word": "three", "names": []}), "`word`: unknown variant `three`"),
            (json!({"names": "a", "key": {"$secret": "k"}}), "`names`: invalid type: string \"a\""),
            (json!({"names": {"a": 1}}), "`names`: invalid type: map"),
            (json!({"nams": []}), "unknown field `nams`"),
            (json!([]), "invalid type: sequence"),
        ] {
            let problem = problem(input.clone());
            assert!(problem.starts_with(expected), "{input}: {problem}");
        }
    }

    #[test]
    fn a_secret_in_place_of_a_reference_is_not_repeated() {
        for field in ["key", "own_key"] {
            let problem = problem(json!({field: "sk-very-secret"}));
            assert!(problem.starts_with(&format!("`{field}`: expected a reference")), "{problem}");
            assert!(!problem.contains("very"), "{problem}");
        }
    }
}
