//! JavaScript and TypeScript: the reporter of `node --test` for people, jest, vitest, mocha.

use super::{Names, Outcomes, number_after, number_before};

/// `✖ name (1.2ms)`, at the end `ℹ tests 3` and `ℹ fail 1`.
pub(super) fn node_spec(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut ran, mut failed) = (None, None);
    for line in text.lines() {
        let content = line.trim_start();
        if let Some(rest) = content.strip_prefix("ℹ ") {
            ran = number_after(rest, "tests ").filter(|_| rest.starts_with("tests ")).or(ran);
            failed = number_after(rest, "fail ").filter(|_| rest.starts_with("fail ")).or(failed);
        } else if content == "✖ failing tests:" {
            // All of them once more, and nothing but tests: what came before named suites as well.
            names = Names::default();
        } else if let Some(name) = failed_in(content) {
            names.add(name.rsplit_once(" (").map_or(name, |(name, _)| name));
        }
    }
    let (ran, failed) = (ran?, failed?);
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.once(), ran: Some(ran) })
}

/// The name in `✖ name (1.2ms)`, but for tests that are known to fail.
fn failed_in(line: &str) -> Option<&str> {
    let name = line.strip_prefix("✖ ")?;
    (!name.contains(") # ")).then_some(name)
}

/// `FAIL src/a.test.js`, below it `  ● suite › name`, at the end `Tests:       1 failed, 2 passed, 3 total`.
pub(super) fn jest(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let mut file = "";
    let mut ran: Option<u64> = None;
    let mut failed = 0;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("FAIL ") {
            file = rest.split(" (").next().unwrap_or(rest).trim();
        } else if let Some(name) = line.strip_prefix("  ● ") {
            // The notes of jest itself about what it saw.
            if !name.starts_with("Console") && !name.starts_with("Validation Warning") {
                names.add(&format!("{file} › {name}"));
            }
        } else if let Some(counts) = line.strip_prefix("Tests:").filter(|counts| counts.contains(" total")) {
            let failures = number_before(counts, &["failed"]).unwrap_or(0);
            failed += failures;
            ran = super::sum(ran, Some(failures + number_before(counts, &["passed"]).unwrap_or(0)));
        } else if let Some(counts) = line.strip_prefix("Test Suites:") {
            failed += number_before(counts, &["failed"]).unwrap_or(0);
        }
    }
    let ran = ran?;
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.once(), ran: Some(ran) })
}

/// ` FAIL  src/a.test.ts > suite > name`, at the end `      Tests  1 failed | 2 passed (3)`.
pub(super) fn vitest(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut ran, mut failed) = (None, 0);
    for line in text.lines().map(str::trim_start) {
        if let Some(name) = line.strip_prefix("FAIL  ") {
            names.add(name);
        } else if let Some(counts) = line.strip_prefix("Tests  ") {
            let failures = number_before(counts, &["failed"]).unwrap_or(0);
            failed += failures;
            ran = Some(failures + number_before(counts, &["passed"]).unwrap_or(0));
        } else if let Some(counts) = line.strip_prefix("Test Files  ") {
            failed += number_before(counts, &["failed"]).unwrap_or(0);
        }
    }
    let ran = ran?;
    (failed == 0 || !names.is_empty()).then(|| Outcomes { failing: names.once(), ran: Some(ran) })
}

/// `  2 passing (10ms)`, `  1 failing`, below it `  1) suite` and deeper `name:`.
pub(super) fn mocha(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut passing, mut failing): (Option<u64>, Option<u64>) = (None, None);
    let mut titles: Option<Vec<&str>> = None;
    for line in text.lines() {
        let content = line.trim();
        let count = |word| {
            number_before(content, &[word]).filter(|_| content.starts_with(|c: char| c.is_ascii_digit()))
        };
        if passing.is_none() {
            passing = count("passing");
            continue;
        }
        if failing.is_none() {
            failing = count("failing");
            continue;
        }
        let numbered = content.split_once(") ").filter(|(number, _)| number.parse::<u32>().is_ok());
        match (numbered, &mut titles) {
            (Some((_, title)), _) if line.starts_with("  ") => titles = Some(vec![title]),
            (None, Some(open)) => open.push(content),
            _ => continue,
        }
        let ends =
            titles.as_ref().is_some_and(|open| open.len() > 10 || open.last().is_some_and(|t| t.is_empty()));
        if content.ends_with(':') || ends {
            let whole = titles.take().unwrap_or_default().join(" > ");
            names.add(whole.trim_end_matches([':', ' ', '>']));
        }
    }
    let (passing, failing) = (passing?, failing.unwrap_or(0));
    let ran = Some(passing.saturating_add(failing));
    (failing == 0 || !names.is_empty()).then(|| Outcomes { failing: names.each(), ran })
}
