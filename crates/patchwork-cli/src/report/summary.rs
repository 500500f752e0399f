//! The end of a run: what came of it.

use patchwork_core::run::RunStatus;
use serde_json::Value;

use super::style::{BOLD, DIM, GOOD, WARNING, paint};
use super::tally::figures;
use crate::drive::Driven;

/// The result for standard output: the diff of a dry run, else the pull request or the branch; may be empty.
pub(crate) fn result(driven: &Driven) -> String {
    if !driven.diff.is_empty() {
        return driven.diff.clone();
    }
    let outputs = &driven.end.outputs;
    text(outputs, "pr_url").or_else(|| text(outputs, "target_branch")).unwrap_or_default().to_owned()
}

/// The summary for people: what was fixed, what is left and why, what was made, what it took.
pub(crate) fn render(driven: &Driven) -> String {
    let end = &driven.end;
    let mut out = String::new();
    out.push_str(&items(&end.outputs, "fixed", &paint(GOOD, "fixed")));
    out.push_str(&items(&end.outputs, "left", &paint(WARNING, "left")));
    for (field, label) in [("target_branch", "branch"), ("pr_url", "pull request")] {
        if let Some(name) = text(&end.outputs, field) {
            out.push_str(&format!("{label}: {name}\n"));
        }
    }
    let totals = &end.totals;
    let figures = figures(totals.calls, totals.usage, totals.cost, totals.unpriced_calls > 0);
    let mut parts = vec![format!("{:.1} s", driven.elapsed.as_secs_f64())];
    parts.extend(Some(figures).filter(|figures| !figures.is_empty()));
    let status = match end.status {
        RunStatus::Done => paint(GOOD, "done"),
        other => paint(WARNING, other.as_str()),
    };
    out.push_str(&format!("{} {}: {status}, {}\n", paint(BOLD, &driven.patchflow), end.id, parts.join(", ")));
    out
}

/// A line for each finding of a list, with its place and the reason.
fn items(outputs: &Value, field: &str, label: &str) -> String {
    let Some(list) = outputs.get(field).and_then(Value::as_array) else { return String::new() };
    list.iter().map(|item| format!("{label} {}\n", item_line(item))).collect()
}

fn item_line(item: &Value) -> String {
    if let Some(text) = item.as_str() {
        return text.to_owned();
    }
    let place = match (text(item, "path"), item.get("start_line").and_then(Value::as_u64)) {
        (Some(path), Some(line)) => format!("{path}:{line}"),
        (Some(path), None) => path.to_owned(),
        (None, _) => String::new(),
    };
    let parts = [place, text(item, "rule").unwrap_or_default().to_owned()];
    let mut line = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("  ");
    if let Some(reason) = text(item, "reason") {
        line.push_str(&paint(DIM, format_args!(": {reason}")));
    }
    line
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}
