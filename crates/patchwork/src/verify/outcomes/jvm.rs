//! Java and Kotlin: Maven's Surefire and Failsafe, Gradle.

use super::{Names, Outcomes, number_after, number_before};

/// `[ERROR] a.AppTest.name  Time elapsed: 0.01 s  <<< FAILURE!`, at the end of each module `Tests run: 3, Failures: 1, …`.
pub(super) fn surefire(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut ran, mut failed) = (None, 0);
    for line in text.lines() {
        let line = line.trim_start();
        let content = line
            .strip_prefix('[')
            .and_then(|rest| rest.split_once("] "))
            .map_or(line, |(_, rest)| rest)
            .trim();
        if let Some(counts) = content.strip_prefix("Tests run:") {
            // Each class has such a line too, with its time.
            if !content.contains("Time elapsed") {
                ran = super::sum(ran, number_after(content, "Tests run:"));
                failed += number_after(counts, "Failures:").unwrap_or(0)
                    + number_after(counts, "Errors:").unwrap_or(0);
            }
        } else if content.ends_with("<<< FAILURE!") || content.ends_with("<<< ERROR!") {
            let name = content.split("Time elapsed").next().unwrap_or_default();
            names.add(name.trim_end_matches([' ', '-']));
        }
    }
    let ran = ran?;
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.once(), ran: Some(ran) })
}

/// `AppTest > name FAILED`, behind the tests of a project `3 tests completed, 1 failed`.
pub(super) fn gradle(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut ran, mut recognised) = (None, false);
    for line in text.lines() {
        if let Some(name) =
            line.strip_suffix(" FAILED").filter(|name| !name.starts_with('>') && name.contains(" > "))
        {
            names.add(name);
        } else if line.contains(" tests completed, ") || line.contains(" test completed, ") {
            recognised = true;
            let skipped = number_before(line, &["skipped"]).unwrap_or(0);
            let completed = line.split_whitespace().next().and_then(|count| count.parse::<u64>().ok());
            ran = super::sum(ran, completed.map(|completed| completed.saturating_sub(skipped)));
        }
    }
    recognised.then_some(())?;
    (!names.is_empty()).then(|| Outcomes { failing: names.each(), ran })
}
