//! Ruby: RSpec, Minitest, test-unit.

use super::{Names, Outcomes, number_before};

/// `rspec ./spec/a_spec.rb:12 # A does b`, before it `3 examples, 1 failure`.
pub(super) fn rspec(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut ran, mut failed) = (None, 0);
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("rspec ") {
            // The place has a line, which a change moves.
            let (place, title) = rest.split_once(" # ").unwrap_or((rest, ""));
            let file = place.split([':', '[']).next().unwrap_or(place);
            names.add(&format!("{file} {title}"));
        } else if let Some(examples) = number_before(line, &["example", "examples"])
            && line.contains(", ")
            && line.contains("failure")
        {
            failed = number_before(line, &["failure", "failures"]).unwrap_or(0);
            let outside = number_before(line, &["error", "errors"]).unwrap_or(0);
            if outside > 0 {
                names.add("an error outside of the examples");
            }
            let pending = number_before(line, &["pending"]).unwrap_or(0);
            ran = Some(examples.saturating_sub(pending));
        }
    }
    let ran = ran?;
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.each(), ran: Some(ran) })
}

/// `  1) Failure:`, below it `TestA#test_b [test/a_test.rb:10]:`, at the end `3 runs, 4 assertions, 1 failures, 0 errors, 0 skips`.
/// In test-unit `Failure: test_b(TestA)` and `3 tests, 4 assertions, …`.
pub(super) fn minitest(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut ran, mut failed) = (None, 0);
    let mut next_is_name = false;
    for line in text.lines() {
        let content = line.trim();
        if std::mem::take(&mut next_is_name) {
            let name = content.split(" [").next().unwrap_or(content);
            names.add(name.trim_end_matches(':'));
            continue;
        }
        if content.ends_with("Failure:") || content.ends_with("Error:") {
            let number = content.split(')').next().unwrap_or_default();
            next_is_name = content == "Failure:" || content == "Error:" || number.parse::<u32>().is_ok();
        } else if let Some(rest) =
            content.strip_prefix("Failure: ").or_else(|| content.strip_prefix("Error: "))
        {
            let name = rest.split(": ").next().unwrap_or(rest).trim_end_matches(':');
            if name.contains('(') && name.ends_with(')') {
                names.add(name);
            }
        } else if let Some(runs) = number_before(content, &["runs", "run", "tests", "test"])
            && content.contains(" assertions, ")
        {
            let of = |words: &[&str]| number_before(content, words).unwrap_or(0);
            failed += of(&["failures", "failure"]) + of(&["errors", "error"]);
            let skipped = of(&["skips", "skip"]) + of(&["omissions"]) + of(&["pendings"]);
            ran = super::sum(ran, Some(runs.saturating_sub(skipped)));
        }
    }
    let ran = ran?;
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.once(), ran: Some(ran) })
}
