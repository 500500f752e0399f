//! The end of a run: what came of it.

use std::io::IsTerminal as _;

use patchwork_core::run::RunStatus;
use serde_json::Value;

use super::plain::{one_line, plain};
use super::style::{BOLD, DIM, GOOD, WARNING, paint};
use super::tally::figures;
use crate::drive::Driven;

/// The result for standard output: the diff if it was wanted, else what the patchflow prints (its output `printed`), else the pull
/// request or the branch; may be empty.
pub(crate) fn result(driven: &Driven) -> String {
    if !driven.diff.is_empty() {
        // Into a file goes every byte; a terminal would obey some of them.
        let shown = std::io::stdout().is_terminal();
        return if shown { plain(&driven.diff).into_owned() } else { driven.diff.clone() };
    }
    let outputs = &driven.end.outputs;
    if let Some(printed) = text(outputs, "printed") {
        // It is for people, also where it does not go to a terminal: there it is mostly a CI system's log.
        return plain(printed).into_owned();
    }
    text(outputs, "pr_url").or_else(|| text(outputs, "target_branch")).unwrap_or_default().to_owned()
}

/// The summary for people: what was fixed and how that was proven, what is left and why, what was made, what it took.
pub(crate) fn render(driven: &Driven) -> String {
    let outputs = &driven.end.outputs;
    let mut out = String::new();
    let changed = list(outputs, "modified_code_files").flat_map(|file| list(file, "fixes"));
    enumerate(&mut out, "fixed", changed.map(|fix| format!("{} {}", paint(GOOD, "fixed"), fixed(fix))));
    // Of a run that was over before, nobody has told yet what is left.
    let remaining = list(outputs, "remaining").filter(|_| driven.was_over);
    let told = remaining.map(|remark| format!("{} {}", paint(WARNING, "not fixed"), left(remark)));
    enumerate(&mut out, "not fixed", told);
    // Of a run that was watched, it was told when it was made.
    for (field, label) in [("target_branch", "branch"), ("pr_url", "pull request")] {
        if let Some(name) = text(outputs, field).filter(|_| driven.was_over) {
            out.push_str(&format!("{label}: {}\n", one_line(name)));
        }
    }
    let end = &driven.end;
    let figures = figures(&end.totals);
    let status = match end.status {
        RunStatus::Done => paint(GOOD, "done"),
        other => paint(WARNING, other.as_str()),
    };
    let elapsed = (!driven.was_over).then(|| format!("{:.1} s", driven.elapsed.as_secs_f64()));
    let parts: Vec<_> = [Some(status), elapsed, Some(figures)]
        .into_iter()
        .flatten()
        .filter(|part| !part.is_empty())
        .collect();
    out.push_str(&format!("{} {}: {}\n", paint(BOLD, &driven.patchflow), end.id, parts.join(", ")));
    out
}

/// More lines than this of one kind are counted, not told.
const TOLD: usize = 50;

fn enumerate(out: &mut String, kind: &str, lines: impl Iterator<Item = String>) {
    let mut more = 0_usize;
    for (number, line) in lines.enumerate() {
        if number < TOLD {
            out.push_str(&line);
            out.push('\n');
        } else {
            more += 1;
        }
    }
    if more > 0 {
        out.push_str(&format!("… and {more} more {kind}; `--output FILE` lists all\n"));
    }
}

/// `a.py:13 What was wrong. (rule; L2: parses, finding gone, no new finding)`
fn fixed(fix: &Value) -> String {
    let path = one_line(text(fix, "path").unwrap_or_default());
    let finding = list(fix, "findings").next().unwrap_or(&Value::Null);
    let line =
        finding.get("start_line").and_then(Value::as_u64).map(|line| format!(":{line}")).unwrap_or_default();
    let message = one_line(text(finding, "message").unwrap_or_default());
    let checks: Vec<_> = list(&fix["evidence"], "checks")
        .filter(|check| check["passed"] == true)
        .filter_map(|check| text(check, "name"))
        .collect();
    let level = text(&fix["evidence"], "level").unwrap_or("unproven");
    let checks = if checks.is_empty() { String::new() } else { format!(": {}", checks.join(", ")) };
    let rule = text(finding, "rule").map(|rule| format!("{}; ", one_line(rule))).unwrap_or_default();
    let others = match list(fix, "findings").count().saturating_sub(1) {
        0 => String::new(),
        1 => " (and one more finding)".to_owned(),
        more => format!(" (and {more} more findings)"),
    };
    // The level is what a reader looks for.
    let style = if level == "unproven" { DIM } else { GOOD };
    let proof = format!(
        "{}{}{}",
        paint(DIM, format_args!("({rule}")),
        paint(style, level),
        paint(DIM, format_args!("{checks})"))
    );
    format!("{path}{line} {message}{others} {proof}")
}

/// `a.py:13 rule: reason`
fn left(remark: &Value) -> String {
    let path = one_line(text(remark, "path").unwrap_or_default());
    let line = remark.get("line").and_then(Value::as_u64).map(|line| format!(":{line}")).unwrap_or_default();
    let rules: Vec<_> = list(remark, "rules").filter_map(Value::as_str).map(one_line).collect();
    let reason = one_line(text(remark, "reason").unwrap_or("no reason was given"));
    format!("{path}{line} {}: {reason}", rules.join(", "))
}

fn list<'a>(value: &'a Value, field: &str) -> impl Iterator<Item = &'a Value> {
    value.get(field).and_then(Value::as_array).into_iter().flatten()
}

fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_fix_is_told_with_its_proof_and_odd_outputs_do_no_harm() {
        let fix = json!({
            "path": "a.py",
            "findings": [{"rule": "weak-hash", "message": "MD5 is broken.", "start_line": 3}],
            "evidence": {"level": "L2", "checks": [
                {"name": "parses", "passed": true}, {"name": "tests pass", "passed": false},
            ]},
        });
        let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
        assert_eq!(plain(&fixed(&fix)), "a.py:3 MD5 is broken. (weak-hash; L2: parses)");
        assert_eq!(plain(&fixed(&json!("text"))), "  (unproven)");
        let two = json!({"path": "a.py", "findings": [{"message": "One.", "start_line": 1}, {}]});
        assert_eq!(plain(&fixed(&two)), "a.py:1 One. (and one more finding) (unproven)");
        assert_eq!(list(&json!({"x": 1}), "x").count(), 0);
    }

    #[test]
    fn a_long_list_is_cut_and_counted() {
        let mut out = String::new();
        enumerate(&mut out, "fixed", (0..TOLD + 3).map(|n| n.to_string()));
        assert_eq!(out.lines().count(), TOLD + 1);
        assert!(out.ends_with("… and 3 more fixed; `--output FILE` lists all\n"), "{out}");
    }
}
