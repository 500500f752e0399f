//! The `paths` option of scanning steps.

use patchwork_core::step::StepError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What to scan: one path, a list of paths, or a list of objects that hold a path under `path_key` (the `modified_files`
/// of an earlier step, for example). All of the repository when empty.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a path, a list of paths, or a list of objects with a path in each")]
pub enum Paths {
    /// One path.
    One(String),
    /// One object with a path.
    Object(Map<String, Value>),
    /// Several.
    Many(Vec<PathItem>),
}

/// One of several paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a path or an object with a path")]
pub enum PathItem {
    /// A path.
    Path(String),
    /// An object that holds one.
    Object(Map<String, Value>),
}

impl Default for Paths {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl Paths {
    /// The paths, without empty ones.
    pub fn into_list(self, path_key: &str) -> Result<Vec<String>, StepError> {
        let of_object = |place: String, object: &Map<String, Value>| match object.get(path_key) {
            Some(Value::String(path)) => Ok(path.clone()),
            Some(other) => Err(StepError::input(place, format!("`{path_key}` is {other}, expected a path"))),
            None => {
                let keys: Vec<_> = object.keys().map(|key| format!("`{key}`")).collect();
                let problem = format!("has no `{path_key}`, only {}: set `path_key`", keys.join(", "));
                Err(StepError::input(place, problem))
            }
        };
        let list = match self {
            Self::One(path) => vec![path],
            Self::Object(object) => vec![of_object("paths".into(), &object)?],
            Self::Many(items) => items
                .into_iter()
                .enumerate()
                .map(|(index, item)| match item {
                    PathItem::Path(path) => Ok(path),
                    PathItem::Object(object) => of_object(format!("paths[{index}]"), &object),
                })
                .collect::<Result<_, _>>()?,
        };
        Ok(list.into_iter().filter(|path| !path.trim().is_empty()).collect())
    }
}

/// `path`: the key of a path in objects.
pub(super) fn path_key() -> String {
    "path".into()
}
