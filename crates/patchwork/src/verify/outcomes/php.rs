//! PHP: PHPUnit.

use super::{Names, Outcomes, number_after, number_before};

/// `1) ATest::testB`, at the end `OK (3 tests, 5 assertions)` or `Tests: 3, Assertions: 3, Failures: 1.`
pub(super) fn phpunit(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut ran, mut failed) = (None, 0);
    let mut in_list = false;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("OK (") {
            ran = number_before(rest, &["tests", "test"]).or(ran);
        } else if line.starts_with("Tests: ") && line.contains("Assertions: ") {
            let of = |word| number_after(line, word).unwrap_or(0);
            failed = of("Failures: ") + of("Errors: ");
            ran = number_after(line, "Tests: ")
                .map(|tests| tests.saturating_sub(of("Skipped: ") + of("Incomplete: ")));
        } else if (line.starts_with("There was ") || line.starts_with("There were ")) && line.ends_with(':') {
            in_list = line.contains("failure") || line.contains("error");
        } else if let Some((number, name)) = line.split_once(") ")
            && in_list
            && number.parse::<u32>().is_ok()
            && name.contains("::")
        {
            names.add(name);
        }
    }
    let ran = ran?;
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.each(), ran: Some(ran) })
}
