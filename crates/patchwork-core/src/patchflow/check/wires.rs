//! Where each field of each step comes from, for people.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::patchflow::plan::Source;

/// The fields of one node and where they come from.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WireReport {
    /// The node, with those around it (`fixes/ask`).
    pub node: String,
    /// The step or patchflow it runs.
    pub uses: String,
    /// Its fields, in the order of the step's page.
    pub fields: Vec<WireField>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WireField {
    /// Its name.
    pub field: String,
    /// Where its value comes from.
    pub origin: Origin,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Written in `with`, as it stands there.
    With(String),
    /// Found by name: the first of these that has a value.
    Wire(Vec<Source>),
    /// The step's own default, where its schema tells it.
    Default(Option<Value>),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::With(text) => write!(f, "with {text}"),
            Self::Wire(sources) => {
                for (at, source) in sources.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", else ")?;
                    }
                    match source {
                        Source::Input(name) => write!(f, "inputs.{name}")?,
                        Source::Output { node, field } => write!(f, "steps.{node}.{field}")?,
                        Source::Variable(name) => write!(f, "{name} of the loop")?,
                    }
                }
                Ok(())
            }
            Self::Default(Some(value)) => write!(f, "default {value}"),
            Self::Default(None) => f.write_str("default"),
        }
    }
}

/// The reports as aligned text, one block a node.
pub fn render_wires(reports: &[WireReport]) -> String {
    let mut out = String::new();
    for report in reports {
        if !out.is_empty() {
            out.push('\n');
        }
        out.push_str(&format!("{} · {}\n", report.node, report.uses));
        let width = report.fields.iter().map(|f| f.field.chars().count()).max().unwrap_or(0);
        for field in &report.fields {
            out.push_str(&format!("  {:width$}  {}\n", field.field, field.origin));
        }
    }
    out
}
