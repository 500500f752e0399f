//! Rust: the harness of `cargo test`, and nextest.

use super::{Names, Outcomes, number_before};

/// `test tests::name ... FAILED`, at the end of each program `test result: FAILED. 1 passed; 1 failed; …`.
pub(super) fn libtest(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    // What a test prints can stand between its name and its result; at the end all that failed are listed again.
    let mut listed = Names::default();
    let mut in_list = false;
    let (mut ran, mut failed) = (None, 0);
    for line in text.lines() {
        if let Some(result) = line.strip_prefix("test result: ") {
            let failures = number_before(result, &["failed"]).unwrap_or(0);
            failed += failures;
            ran = super::sum(ran, Some(failures + number_before(result, &["passed"]).unwrap_or(0)));
        } else if let Some(name) =
            line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            names.add(&without_line(name));
        }
        match line.strip_prefix("    ") {
            Some(name) if in_list && !name.starts_with(' ') => listed.add(&without_line(name)),
            _ => in_list = line == "failures:",
        }
    }
    ran?;
    let failing = if names.seen.values().sum::<usize>() as u64 >= failed { names } else { listed };
    (failed == 0 || !failing.is_empty()).then(|| Outcomes { failing: failing.each(), ran })
}

/// `src/lib.rs - f (line 12)` without the line, which a change moves.
fn without_line(name: &str) -> String {
    match name.split_once(" (line ") {
        Some((before, rest)) => format!("{before}{}", rest.split_once(')').map_or("", |(_, rest)| rest)),
        None => name.to_owned(),
    }
}

/// `        FAIL [   0.004s] crate tests::name`, at the end `Summary [   0.01s] 5 tests run: 4 passed, 1 failed, 0 skipped`.
pub(super) fn nextest(text: &str) -> Option<Outcomes> {
    const BAD: [&str; 5] = ["FAIL", "TIMEOUT", "SIGABRT", "SIGSEGV", "LEAK-FAIL"];
    let mut names = Names::default();
    let mut ran = None;
    for line in text.lines().map(str::trim) {
        let Some((word, rest)) = line.split_once(" [") else { continue };
        let Some((time, rest)) = rest.split_once("] ") else { continue };
        if !time.trim().ends_with('s') {
            continue;
        }
        if word == "Summary" {
            ran = number_before(rest, &["tests", "test"]);
        } else if BAD.contains(&word.trim()) {
            // `( 3/10) crate tests::name` in newer ones.
            let name =
                rest.strip_prefix('(').and_then(|rest| rest.split_once(") ")).map_or(rest, |(_, name)| name);
            names.add(name);
        }
    }
    ran.map(|ran| Outcomes { failing: names.once(), ran: Some(ran) })
}
