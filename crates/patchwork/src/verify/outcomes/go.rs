//! Go: `go test`, with `-v` or without.

use super::{Names, Outcomes};

/// `--- FAIL: TestX (0.00s)`, behind the tests of a package `FAIL\texample.com/a\t0.01s` or `ok  \texample.com/a\t0.01s`.
pub(super) fn test(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let mut of_package: Vec<String> = Vec::new();
    let mut panicked = false;
    let mut recognised = false;
    let (mut ran, mut verbose) = (0_u64, false);
    // Packages without tests are no packages that pass.
    let (mut empty, mut tested) = (false, false);
    for line in text.lines() {
        if let Some(package) = package_of(line, "FAIL") {
            (recognised, tested) = (true, true);
            if of_package.is_empty() || panicked {
                // What did not compile, or broke down in the middle.
                names.add(package);
            }
            of_package.drain(..).for_each(|test| names.add(&format!("{package} {test}")));
            panicked = false;
        } else if package_of(line, "ok").is_some() {
            recognised = true;
            let without = line.ends_with("[no tests to run]");
            (empty, tested) = (empty || without, tested || !without);
            of_package.clear();
        } else if package_of(line, "?").is_some() && line.ends_with("[no test files]") {
            (recognised, empty) = (true, true);
        } else if let Some((result, rest)) =
            line.trim_start().strip_prefix("--- ").and_then(|r| r.split_once(": "))
        {
            verbose |= result == "PASS";
            ran += 1;
            if result == "FAIL" {
                of_package.push(rest.rsplit_once(" (").map_or(rest, |(name, _)| name).to_owned());
            }
        } else {
            panicked |= line.starts_with("panic: ") || line.starts_with("fatal error: ");
        }
    }
    recognised
        .then(|| Outcomes { failing: names.each(), ran: (verbose || (empty && !tested)).then_some(ran) })
}

fn package_of<'a>(line: &'a str, word: &str) -> Option<&'a str> {
    let rest = line.strip_prefix(word)?.trim_start_matches(' ').strip_prefix('\t')?;
    let package = rest.split([' ', '\t']).next()?;
    (!package.is_empty()).then_some(package)
}
