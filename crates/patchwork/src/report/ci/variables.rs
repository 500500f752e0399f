//! The figures of a run as variables, for scripts and for GitLab's `artifacts:reports:dotenv`.

use crate::report::run_report::RunReport;

/// A line `NAME=value` for each figure; those that are not known have no value. A value is one line and not quoted: it is read,
/// never run.
pub fn render(report: &RunReport) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let number = |value: Option<u8>| value.map(|value| value.to_string()).unwrap_or_default();
    // What is known of a cost whose other part is unknown would pass for all of it.
    let cost = match report.totals.unpriced_calls {
        0 => format!("{}.{:06}", report.totals.cost.0 / 1_000_000, report.totals.cost.0 % 1_000_000),
        _ => String::new(),
    };
    let known = [
        ("RUN_ID", report.run.clone()),
        ("PATCHFLOW", report.patchflow.clone()),
        ("STATUS", report.status.as_str().to_owned()),
        ("EXIT_CODE", number(report.exit_code)),
        ("PR_URL", text(&report.published.pull_request)),
        ("BRANCH", text(&report.published.branch)),
        ("COST_USD", cost),
        ("FIXED", report.counts.fixed.to_string()),
        ("REMAINING", (report.counts.remaining + report.counts.no_fix).to_string()),
    ];
    known.into_iter().map(|(name, value)| format!("PATCHWORK_{name}={}\n", one_line(&value))).collect()
}

/// A line end would begin another variable.
fn one_line(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).collect()
}
