//! A report as JSON, and the schema of it.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::RunReport;

/// The report as indented JSON.
pub fn render(report: &RunReport) -> String {
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}

/// The JSON Schema of [`render`]'s form.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let generator = settings.into_generator();
    let mut schema = generator.into_root_schema_for::<RunReport>().to_value();
    schema["title"] = "What came of a run of Patchwork".into();
    schema
}
