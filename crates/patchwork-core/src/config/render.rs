//! The configuration in effect as a table.

use serde_json::Value;

use super::Effective;
use crate::patchflow::types::plain;
use crate::secret::MASK;

/// Values wider than this many characters are cut.
const WIDEST: usize = 60;

/// Each input with its value and origin, aligned; secrets masked.
pub fn render(effective: &Effective) -> String {
    let rows: Vec<[String; 3]> = effective
        .values
        .iter()
        .map(|(name, setting)| [name.clone(), shown(&setting.value), setting.place.to_string()])
        .collect();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let (names, values) = (width(0), width(1));
    rows.iter().map(|[name, value, origin]| format!("{name:names$}  {value:values$}  {origin}\n")).collect()
}

fn shown(value: &Value) -> String {
    if value.get("$secret").is_some() {
        return MASK.to_owned();
    }
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        other => plain(other),
    };
    let mut line: String = text.chars().take(WIDEST).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line
}
