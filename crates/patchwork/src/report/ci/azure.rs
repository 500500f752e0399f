//! Remarks in the log of Azure Pipelines: logging commands, one in a line.

use super::{Level, message, shown};
use crate::report::run_report::RunReport;

/// A line for each finding that is open, the most severe first and at most ten of a level, behind one for the failure of a run
/// that failed. For the standard output of a step; there are only errors and warnings.
pub fn render(report: &RunReport) -> String {
    let mut out = String::new();
    if let Some(failure) = &report.failure {
        line(&mut out, Level::Error, &[], &format!("{}: {}", report.patchflow, failure.message));
    }
    for (level, case, finding) in shown(report) {
        let start = finding.start_line.max(1).to_string();
        let place = [("sourcepath", finding.path.as_str()), ("linenumber", &start), ("code", &finding.rule)];
        line(&mut out, level, &place, &message(case, finding));
    }
    out
}

fn line(out: &mut String, level: Level, properties: &[(&str, &str)], text: &str) {
    let kind = if level == Level::Error { "error" } else { "warning" };
    let properties: String = properties
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={};", escaped(value)))
        .collect();
    out.push_str(&format!("##vso[task.logissue type={kind};{properties}]{}\n", escaped(text)));
}

/// Text with nothing in it that the agent reads as its own.
fn escaped(text: &str) -> String {
    let text = text.replace('%', "%AZP25").replace('\r', "%0D").replace('\n', "%0A");
    text.replace(';', "%3B").replace(']', "%5D")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it() {
        assert_eq!(escaped("a;b]c%0A\r\n##vso[x]"), "a%3Bb%5Dc%AZP250A%0D%0A##vso[x%5D");
    }
}
