//! A SARIF report as an option: the object, or its JSON as a text.

use patchwork_core::failure::Failure;
use patchwork_core::step::{Context, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::sarif;

/// A SARIF 2.1.0 report: the object, or its JSON as a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a SARIF report: an object, or its JSON as a text")]
pub enum SarifValues {
    /// The report.
    Object(Map<String, Value>),
    /// Its JSON.
    Text(String),
}

impl SarifValues {
    /// The report, once it is known to have the shape of one, without what nobody asks for. `field` is named in errors.
    pub fn into_value(self, field: &str) -> Result<Value, StepError> {
        let name = format!("`{field}`");
        let report = match self {
            Self::Object(map) => sarif::slimmed(&Value::Object(map), &name),
            Self::Text(text) => sarif::parse(text.as_bytes(), &name),
        };
        report.map_err(|error| StepError::Failed(Failure::from(error)))
    }

    /// Whether it is an empty text, which is how an option that was not given may arrive.
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Text(text) if text.trim().is_empty())
    }
}

/// The report that was given instead of a scan, if one was; the step is then said to have skipped.
pub(super) async fn given_report(
    ctx: &Context,
    file: Option<String>,
    values: Option<SarifValues>,
) -> Result<Option<Value>, StepError> {
    let report = match (file.filter(|file| !file.trim().is_empty()), values) {
        (Some(file), _) => {
            // Joining an absolute path gives that path.
            let path = ctx.checkout()?.base().repository.join(&file);
            sarif::read_file(&path, &format!("sarif_file_path {file}")).await?
        }
        (None, Some(values)) if !values.is_blank() => values.into_value("sarif_values")?,
        _ => return Ok(None),
    };
    ctx.skip("using the SARIF given");
    Ok(Some(report))
}
