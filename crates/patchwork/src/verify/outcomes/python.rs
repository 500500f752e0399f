//! Python: unittest and pytest.

use super::{Names, Outcomes, number_before};

/// `FAIL: test_x (tests.test_a.TestA.test_x)`, at the end `Ran 3 tests in 0.001s`.
pub(super) fn unittest(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let mut ran: Option<u64> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("Ran ") {
            let count = number_before(rest, &["test", "tests"]).filter(|_| rest.contains(" in "));
            ran = super::sum(ran, count);
        } else if let Some(name) = line.strip_prefix("FAIL: ").or_else(|| line.strip_prefix("ERROR: ")) {
            names.add(name);
        }
    }
    ran.map(|ran| Outcomes { failing: names.each(), ran: Some(ran) })
}

/// `FAILED tests/test_a.py::test_x - assert …`, at the end `==== 1 failed, 2 passed in 0.12s ====`.
pub(super) fn pytest(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let mut summary = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("FAILED ").or_else(|| line.strip_prefix("ERROR ")) {
            names.add(test_of(rest));
        } else if let Some(found) = summary_of(line) {
            summary = Some(found);
        }
    }
    let (ran, failed) = summary?;
    // A run can be told not to list them.
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.once(), ran: Some(ran) })
}

/// How many ran, and how many of them failed.
fn summary_of(line: &str) -> Option<(u64, u64)> {
    let line = line.trim_matches(['=', ' ']);
    let (counts, time) = line.rsplit_once(" in ")?;
    let time = time.split_whitespace().next()?;
    if time.strip_suffix('s').is_none_or(|time| time.parse::<f64>().is_err()) {
        return None;
    }
    if counts == "no tests ran" {
        return Some((0, 0));
    }
    let of = |words: &[&str]| number_before(counts, words).unwrap_or(0);
    let failed = of(&["failed"]) + of(&["error", "errors"]);
    let ran = failed + of(&["passed"]) + of(&["xfailed"]) + of(&["xpassed"]);
    (ran > 0 || counts.contains("skipped") || counts.contains("deselected")).then_some((ran, failed))
}

/// The test of `tests/a.py::test[a - b] - AssertionError`.
fn test_of(rest: &str) -> &str {
    let parameters = match (rest.find('['), rest.find("] - ")) {
        (Some(open), Some(close)) if open < rest.find(" - ").unwrap_or(usize::MAX) => close + 1,
        _ => 0,
    };
    let message = rest.get(parameters..).and_then(|tail| tail.find(" - "));
    message.and_then(|at| rest.get(..parameters + at)).unwrap_or(rest)
}
