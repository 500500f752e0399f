//! What the output of a test runner says: which tests failed, and how many ran.
//!
//! Outputs are untrusted: what is read is bounded, and a line that looks like one of a runner but is none can only name a test
//! that nobody knows.

mod dotnet;
mod go;
mod javascript;
mod jvm;
mod php;
mod python;
mod ruby;
mod rust;
mod tap;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the output of a test run says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Outcomes {
    /// The names of the tests that failed, as the runner prints them.
    pub failing: BTreeSet<String>,
    /// How many tests ran, failed ones too; null when the runner does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<u64>,
}

impl Outcomes {
    /// Whether each test that ran failed.
    pub fn none_passed(&self) -> bool {
        let failing = self.failing.len() as u64;
        failing > 0 && self.ran.is_some_and(|ran| ran <= failing)
    }
}

/// Reads one stream of a runner's output; none when it is not of that runner, or does not name all that failed.
type Reader = fn(&str) -> Option<Outcomes>;

const READERS: [Reader; 16] = [
    python::unittest,
    python::pytest,
    rust::libtest,
    rust::nextest,
    go::test,
    tap::tap,
    javascript::node_spec,
    javascript::jest,
    javascript::vitest,
    javascript::mocha,
    jvm::surefire,
    jvm::gradle,
    ruby::rspec,
    ruby::minitest,
    dotnet::test,
    php::phpunit,
];

/// Names that are kept of one run, and characters of each.
const MAX_NAMES: usize = 10_000;
const MAX_NAME: usize = 300;

/// Reads what a test run printed; none when no runner is recognised in it. The tests of several are taken together.
pub fn read(out: &str, err: &str) -> Option<Outcomes> {
    let mut found: Option<Outcomes> = None;
    for text in [out, err] {
        for reader in READERS {
            let Some(read) = reader(text) else { continue };
            let all = found.get_or_insert_default();
            all.failing.extend(read.failing);
            all.ran = sum(all.ran, read.ran);
        }
    }
    found.or_else(|| {
        [out, err].into_iter().any(found_none).then(|| Outcomes { ran: Some(0), ..Outcomes::default() })
    })
}

/// Whether a runner says that it found no test, and counts none.
fn found_none(text: &str) -> bool {
    const LINES: [&str; 6] = [
        "No tests found",          // jest
        "No test files found",     // vitest
        "No tests to run.",        // Surefire
        "No tests executed!",      // PHPUnit
        "No test is available in", // .NET
        "No examples found.",      // RSpec
    ];
    let mut gradle = (false, false);
    for line in text.lines() {
        let line = line.trim_start();
        let line = line.strip_prefix("[INFO] ").unwrap_or(line);
        if LINES.iter().any(|words| line.starts_with(words)) {
            return true;
        }
        if let Some(task) = line.strip_prefix("> Task :") {
            let name = task.split(' ').next().unwrap_or(task);
            if name == "test" || name.ends_with(":test") {
                let empty = task.ends_with(" NO-SOURCE");
                gradle = (gradle.0 || empty, gradle.1 || !empty);
            }
        }
    }
    gradle == (true, false)
}

fn sum(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.saturating_add(b)),
        (a, b) => a.or(b),
    }
}

/// Names of tests as they are printed: the second of one name is another test.
#[derive(Default)]
struct Names {
    seen: BTreeMap<String, usize>,
}

impl Names {
    fn add(&mut self, name: &str) {
        let name: String = name.trim().chars().take(MAX_NAME).collect();
        if !name.is_empty() && (self.seen.len() < MAX_NAMES || self.seen.contains_key(&name)) {
            *self.seen.entry(name).or_default() += 1;
        }
    }

    fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Every name once for each time it came.
    fn each(self) -> BTreeSet<String> {
        let numbered = |(name, count): (String, usize)| {
            let more =
                (2..=count.min(MAX_NAMES)).map(|number| format!("{name} ({number})")).collect::<Vec<_>>();
            std::iter::once(name).chain(more)
        };
        self.seen.into_iter().flat_map(numbered).take(MAX_NAMES).collect()
    }

    /// Every name once, for runners that print one more than once.
    fn once(self) -> BTreeSet<String> {
        self.seen.into_keys().collect()
    }
}

/// The number before one of these words (`2 failed, 1 passed`); none when the word is not there.
fn number_before(text: &str, words: &[&str]) -> Option<u64> {
    let mut before = "";
    for part in text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '(' | ')' | '=')) {
        if part.is_empty() {
            continue;
        }
        if words.contains(&part.trim_end_matches(['.', '!']))
            && let Ok(number) = before.parse()
        {
            return Some(number);
        }
        before = part;
    }
    None
}

/// The number behind a word with a colon (`Failures: 1`).
fn number_after(text: &str, word: &str) -> Option<u64> {
    let rest = text.get(text.find(word)? + word.len()..)?.trim_start();
    let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    rest.get(..digits)?.parse().ok()
}

#[cfg(test)]
mod tests;
