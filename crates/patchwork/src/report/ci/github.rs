//! Annotations of GitHub Actions: workflow commands, one in a line, for the log of a step.

use super::{Level, message, shown};
use crate::report::run_report::RunReport;

/// A line for each finding that is open, the most severe first and at most ten of a level, behind one for the failure of a run
/// that failed. For the standard output of a step: the runner takes each as an annotation of the file.
pub fn render(report: &RunReport) -> String {
    let mut out = String::new();
    if let Some(failure) = &report.failure {
        line(&mut out, Level::Error, &[("title", &report.patchflow)], &failure.message);
    }
    for (level, case, finding) in shown(report) {
        // Lines count from 1; the runner drops an annotation whose line is none.
        let start = finding.start_line.max(1);
        let (start, end) = (start.to_string(), finding.end_line.max(start).to_string());
        let place =
            [("file", finding.path.as_str()), ("line", &start), ("endLine", &end), ("title", &finding.rule)];
        line(&mut out, level, &place, &message(case, finding));
    }
    out
}

fn line(out: &mut String, level: Level, properties: &[(&str, &str)], text: &str) {
    let properties: Vec<_> = properties
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name}={}", property(value)))
        .collect();
    out.push_str(&format!("::{} {}::{}\n", level.as_str(), properties.join(","), data(text)));
}

/// Text behind the second `::`. A line end would begin another command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A value before it, where two more characters mean something.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_ends_it() {
        assert_eq!(property("a,b=c::d\r\n%0A"), "a%2Cb=c%3A%3Ad%0D%0A%250A");
        assert_eq!(data("50 %\n::set-output name=x::y"), "50 %25%0A::set-output name=x::y");
    }
}
