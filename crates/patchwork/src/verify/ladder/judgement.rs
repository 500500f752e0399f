//! What the build and the tests say about a change.

use std::collections::BTreeSet;

use patchwork_core::evidence::Check;
use serde::{Deserialize, Serialize};

use super::base_line::{BuildBefore, TestsBefore, complaints};
use super::running::{Ended, Ran};
use crate::verify::outcomes::{self, Outcomes};

/// The names of these checks in evidence.
pub const BUILDS: &str = "builds";
/// See [`BUILDS`].
pub const TESTS: &str = "tests pass";

/// What one rung says about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    Held,
    /// It does not hold, because of the change.
    Broken,
    /// It can't be said.
    Unknown,
}

/// What one command says about a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Whether it holds.
    pub verdict: Verdict,
    /// Why, or how it was seen, in one line.
    pub detail: String,
    /// The end of what the command printed, where it does not hold. Untrusted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub output: String,
}

impl Seen {
    pub(super) fn new(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { verdict, detail: detail.into(), output: String::new() }
    }

    fn broken(detail: impl Into<String>, output: String) -> Self {
        Self { verdict: Verdict::Broken, detail: detail.into(), output }
    }

    fn check(&self, name: &str) -> Check {
        Check { name: name.to_owned(), passed: self.verdict == Verdict::Held, detail: self.detail.clone() }
    }
}

/// What the build and the tests say about a change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The build; none when nothing builds.
    pub build: Option<Seen>,
    /// The tests; none when nothing tests, or the build does not hold.
    pub tests: Option<Seen>,
}

impl Judgement {
    /// The checks, in their order.
    pub fn checks(&self) -> Vec<Check> {
        let build = self.build.iter().map(|seen| seen.check(BUILDS));
        build.chain(self.tests.iter().map(|seen| seen.check(TESTS))).collect()
    }

    /// What does not hold.
    pub fn broken(&self) -> Option<&Seen> {
        [&self.build, &self.tests].into_iter().flatten().find(|seen| seen.verdict == Verdict::Broken)
    }
}

/// One run of the tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRun {
    /// Whether the command ended well.
    pub passed: bool,
    /// How it ended, in words.
    pub ended: String,
    /// Whether it came to its end, and was not killed.
    pub whole: bool,
    /// Which tests failed, and how many ran; none when the output does not say.
    pub outcomes: Option<Outcomes>,
    /// The end of what it printed. Untrusted.
    pub output: String,
}

impl TestRun {
    pub(super) fn of(ran: &Ran) -> Self {
        Self {
            passed: ran.ended.well(),
            ended: ran.ended.words(),
            whole: matches!(ran.ended, Ended::Code(_)),
            outcomes: outcomes::read(&ran.said.out, &ran.said.err),
            output: ran.said.tail.clone(),
        }
    }
}

/// What the build of a change says. `paths` are the files that it changes.
pub(super) fn build(before: &BuildBefore, ran: &Ran, paths: &[String]) -> Seen {
    if ran.ended.well() {
        return Seen::new(Verdict::Held, "");
    }
    if before.ended.well() {
        let output = ran.said.tail.clone();
        return Seen::broken(format!("the build {}", ran.ended.words()), output);
    }
    let names = |line: &&String| {
        let in_line = |path: &String| {
            let path: String = path.chars().filter(|c| !c.is_ascii_digit()).collect();
            line.contains(&path)
        };
        paths.iter().any(in_line)
    };
    let now = complaints(&ran.said);
    if let Some(new) = now.iter().find(|line| names(line) && !before.complaints.contains(*line)) {
        let detail = format!("the build failed before as well, but it brings a new error: {new}");
        return Seen::broken(detail, ran.said.tail.clone());
    }
    Seen::new(Verdict::Unknown, "not judged: the build fails without the change as well")
}

/// What has been seen of the tests of a change so far.
#[derive(Debug)]
pub(super) enum Tests {
    /// Enough.
    Judged(Seen),
    /// They fail: it is worth another run.
    Failing(Seen),
}

/// What runs of the tests say about a change.
#[derive(Debug, Default)]
pub(super) struct TestsSeen {
    runs: usize,
    /// Tests that failed in each run, and not before; none when a run did not say.
    failing: Option<BTreeSet<String>>,
    /// Tests that failed in any.
    ever: BTreeSet<String>,
}

impl TestsSeen {
    /// Takes a run in.
    pub(super) fn add(&mut self, before: &TestsBefore, ran: &Ran) -> Tests {
        self.runs += 1;
        let said = outcomes::read(&ran.said.out, &ran.said.err);
        if let Some(why) = before.useless() {
            let mended = ran.ended.well() && said.is_some_and(|said| said.ran > Some(0));
            return Tests::Judged(match mended && before.failed.is_some() {
                true => Seen::new(Verdict::Held, "they fail without the change"),
                false => Seen::new(Verdict::Unknown, format!("not judged: {why}")),
            });
        }
        let output = || ran.said.tail.clone();
        if let Ended::Killed | Ended::TimedOut { .. } = ran.ended {
            return Tests::Judged(Seen::broken(format!("the test command {}", ran.ended.words()), output()));
        }
        let names_all = |said: &Outcomes| !ran.said.cut && !said.failing.is_empty();
        if !ran.ended.well() && !said.as_ref().is_some_and(names_all) {
            // It failed for something that is no test, or that the output does not name.
            self.failing = None;
            return Tests::Failing(Seen::broken(format!("the test command {}", ran.ended.words()), output()));
        }
        // A command that ends well all the same may have lost the code on its way (`pytest | tee`).
        let known =
            |name: &String| before.failing().any(|known| known == name) || before.flaky.contains(name);
        let failing = said.iter().flat_map(|said| &said.failing);
        let new: BTreeSet<String> = failing.filter(|name| !known(name)).cloned().collect();
        if new.is_empty() {
            return match fewer(before, said.as_ref(), 0) {
                Some(why) if ran.said.cut => {
                    let why = format!("not judged: {why}, as far as what is kept of its output says");
                    Tests::Judged(Seen::new(Verdict::Unknown, why))
                }
                Some(problem) => Tests::Failing(Seen::broken(problem, output())),
                None => Tests::Judged(Seen::new(Verdict::Held, self.passed_with(before, said.as_ref()))),
            };
        }
        self.ever.extend(new.iter().cloned());
        let each_time: BTreeSet<String> = match &self.failing {
            Some(earlier) if self.runs > 1 => new.intersection(earlier).cloned().collect(),
            _ => new,
        };
        self.failing = Some(each_time.clone());
        let words = match each_time.is_empty() {
            true => format!("each run of the tests fails, in other tests: {}", listed(&self.ever)),
            false => failing_words(&each_time),
        };
        Tests::Failing(Seen::broken(words, output()))
    }

    /// How it was seen that the tests pass.
    fn passed_with(&self, before: &TestsBefore, said: Option<&Outcomes>) -> String {
        let mut words = Vec::new();
        if let Some(ran) = said.and_then(|said| said.ran) {
            words.push(format!("{ran} ran"));
        }
        let known = before.failing().count();
        if known > 0 {
            words.push(format!("{known} failed before as well"));
        }
        if self.runs > 1 {
            let flaky = if self.ever.is_empty() { "a run".to_owned() } else { listed(&self.ever) };
            words.push(format!("flaky: {flaky} failed once and passed when run again"));
        }
        words.join(", ")
    }
}

/// Why passing says nothing where fewer tests ran than without the change and `added` new ones: code that ends the runner early,
/// or keeps a file of tests from being found, breaks no test.
pub(super) fn fewer(before: &TestsBefore, now: Option<&Outcomes>, added: u64) -> Option<String> {
    let before = before.outcomes.as_ref()?.ran.filter(|ran| *ran > 0)?.saturating_add(added);
    match now.and_then(|now| now.ran) {
        Some(now) if now >= before => None,
        Some(now) => Some(format!("only {now} of {before} tests ran")),
        None => Some(format!("it does not say any more how many tests ran: {before} were to run")),
    }
}

fn failing_words(failing: &BTreeSet<String>) -> String {
    let what = if failing.len() == 1 { "a test fails" } else { &format!("{} tests fail", failing.len()) };
    format!("{what} that passed before: {}", listed(failing))
}

/// Some names, and how many more.
fn listed(names: &BTreeSet<String>) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<&str> = names.iter().map(String::as_str).take(SHOWN).collect();
    match names.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
