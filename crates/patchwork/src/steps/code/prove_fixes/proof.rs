//! Runs a new test on the old code, on the new and on mutants of the fix, and says what that proves.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;
use patchwork_core::evidence::{Check, Level};
use patchwork_core::port::trial::Change;
use patchwork_core::step::{Context, StepError};

use super::answer::NewTest;
use super::hunks::{FixedText, Hunk};
use super::mutants::{Mutant, mutants};
use crate::steps::code::verify_patch::Fix;
use crate::verify::{Ladder, TestRun};

/// The names of these checks in evidence.
pub(super) const NEW_TEST: &str = "new test";
const UNDONE: &str = "undone hunks";

/// How often a test is run on the old code and on the new: one that fails at times proves nothing.
const RUNS: usize = 2;

/// Characters of a runner's output that are said to a model.
const MAX_OUTPUT: usize = 1_500;

/// What is needed to run tests of fixes.
pub(super) struct Bench<'a> {
    pub(super) ctx: &'a Context,
    pub(super) ladder: &'a Ladder,
    /// The fixed files as they were and are.
    pub(super) files: &'a BTreeMap<String, FixedText>,
    /// New tests that are in the checkout already.
    pub(super) present: Vec<String>,
}

/// What a test proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) level: Level,
    pub(super) checks: Vec<Check>,
}

impl Bench<'_> {
    /// What a test proves about its fix; else why it proves nothing.
    pub(super) async fn prove(&self, test: &NewTest, fix: &Fix) -> Result<Result<Proof, String>, StepError> {
        let runs = self.ladder.tests(self.ctx, &self.old_code(test), RUNS).await?;
        if let Some(problem) = runs.iter().find_map(|run| self.why_not_failing(run, test, fix)) {
            return Ok(Err(problem));
        }
        let runs = self.ladder.tests(self.ctx, &[added(test)], RUNS).await?;
        let broken = runs.iter().find(|run| !self.passes(run));
        if let Some(run) = broken {
            let all = if runs.iter().any(|run| self.passes(run)) { "not each time" } else { "not" };
            return Ok(Err(format!("the tests do {all} pass with it on the fixed code{}", output(run))));
        }
        if let Some(why) = runs.iter().find_map(|run| self.ladder.too_few(run, self.present.len() + 1)) {
            return Ok(Err(format!("on the fixed code the test is not run, or ends the others: {why}")));
        }
        if self.passes_without(test, fix).await? {
            return Ok(Err(
                "it passes without this fix, beside the other fixes: it shows the weakness of another"
                    .to_owned(),
            ));
        }
        let mut proof = Proof {
            level: Level::L4,
            checks: vec![passed(
                NEW_TEST,
                format!("{} fails on the old code and passes on the new", test.path),
            )],
        };
        let Some(file) = self.files.get(&fix.path) else { return Ok(Ok(proof)) };
        let undone = mutants(&fix.path, file, test.fix);
        let results = try_join_all(undone.iter().map(|mutant| self.kills(test, fix, mutant))).await?;
        let mut killed = 0;
        let mut survivors: Vec<&str> = Vec::new();
        for (mutant, result) in undone.iter().zip(results) {
            match result {
                Killed::Yes => killed += 1,
                Killed::No => survivors.push(&mutant.what),
                Killed::NeverRan => {}
            }
        }
        if !survivors.is_empty() {
            let detail = format!("the new test passes without {}", survivors.join(", "));
            proof.checks.push(Check { name: UNDONE.to_owned(), passed: false, detail });
        } else if killed > 0 {
            proof.level = Level::L5;
            proof.checks.push(passed(UNDONE, format!("the new test fails for each of {killed}")));
        }
        Ok(Ok(proof))
    }

    /// Whether the tests hold with all of these new tests together.
    pub(super) async fn hold_together(&self, tests: &[&NewTest]) -> Result<bool, StepError> {
        let changes: Vec<Change> = tests.iter().map(|test| added(test)).collect();
        let runs = self.ladder.tests(self.ctx, &changes, 1).await?;
        let added = self.present.len() + tests.len();
        Ok(runs.iter().all(|run| self.passes(run) && self.ladder.too_few(run, added).is_none()))
    }

    /// The code before any fix, with the test.
    fn old_code(&self, test: &NewTest) -> Vec<Change> {
        let was = self
            .files
            .iter()
            .map(|(path, file)| Change { path: path.clone(), content: Some(file.base.clone()) });
        let without = self.present.iter().map(|path| Change { path: path.clone(), content: None });
        was.chain(without).chain([added(test)]).collect()
    }

    /// Whether a test passes with all fixes but its own; not when that is all there are.
    async fn passes_without(&self, test: &NewTest, fix: &Fix) -> Result<bool, StepError> {
        let Some(file) = self.files.get(&fix.path) else { return Ok(false) };
        let own = |hunk: &Hunk| hunk.fix == test.fix;
        let alone = self.files.len() == 1 && file.hunks.iter().all(own);
        if alone || !file.hunks.iter().any(own) {
            return Ok(false);
        }
        let mutant = Mutant { what: String::new(), bytes: file.without(own), bare: None };
        Ok(matches!(self.kills(test, fix, &mutant).await?, Killed::No))
    }

    async fn kills(&self, test: &NewTest, fix: &Fix, mutant: &Mutant) -> Result<Killed, StepError> {
        for bytes in std::iter::once(&mutant.bytes).chain(&mutant.bare) {
            let file = Change { path: fix.path.clone(), content: Some(bytes.clone()) };
            let runs = self.ladder.tests(self.ctx, &[file, added(test)], 1).await?;
            let Some(run) = runs.first() else { continue };
            if self.passes(run) {
                return Ok(Killed::No);
            }
            if did_not_run(run) {
                continue;
            }
            match self.ladder.new_failures(run) {
                Some(names) if names.iter().any(|name| is_of(name, test)) => return Ok(Killed::Yes),
                Some(_) => return Ok(Killed::No),
                // A runner that names what fails, and does not, broke down for something else.
                None if self.ladder.tests_are_named() || !run.whole => {}
                None => return Ok(Killed::Yes),
            }
        }
        Ok(Killed::NeverRan)
    }

    fn passes(&self, run: &TestRun) -> bool {
        self.ladder.new_failures(run).is_some_and(|names| names.is_empty())
    }

    /// Why a run on the old code does not show the weakness; none when it does.
    fn why_not_failing(&self, run: &TestRun, test: &NewTest, fix: &Fix) -> Option<String> {
        if self.passes(run) {
            return Some(format!(
                "the tests pass with it on the old code: it does not show the weakness, or `{}` is not picked up",
                test.path
            ));
        }
        if did_not_run(run) {
            return Some(format!("on the old code the test does not get to its assertions{}", output(run)));
        }
        if let Some(name) = self.new_name(run, test, fix) {
            return Some(format!(
                "the test uses `{name}`, which the old code does not have: test what is there"
            ));
        }
        let Some(names) = self.ladder.new_failures(run) else {
            return (self.ladder.tests_are_named() || !run.whole).then(|| {
                format!(
                    "on the old code the tests do not get to their end: the command {}{}",
                    run.ended,
                    output(run)
                )
            });
        };
        let others: Vec<&str> =
            names.iter().filter(|name| !is_of(name, test)).map(String::as_str).take(3).collect();
        (!others.is_empty()).then(|| format!("with it other tests fail: {}", others.join(", ")))
    }

    /// A name that the runner did not find, when it is one that only the fix brought.
    fn new_name(&self, run: &TestRun, test: &NewTest, fix: &Fix) -> Option<String> {
        let file = self.files.get(&fix.path)?;
        let (base, now) = (String::from_utf8_lossy(&file.base), String::from_utf8_lossy(&file.now));
        missing_names(&run.output)
            .into_iter()
            .find(|name| has_word(&test.text, name) && has_word(&now, name) && !has_word(&base, name))
    }
}

/// What became of a mutant.
enum Killed {
    Yes,
    No,
    /// It can't be built or loaded, which says nothing of the test.
    NeverRan,
}

fn added(test: &NewTest) -> Change {
    Change { path: test.path.clone(), content: Some(test.text.clone().into_bytes()) }
}

fn passed(name: &str, detail: String) -> Check {
    Check { name: name.to_owned(), passed: true, detail }
}

/// Whether a failing test is one of the new file: its name is that of the file or stands in its text.
fn is_of(name: &str, test: &NewTest) -> bool {
    let file = super::style::name(&test.path);
    let stem = file.split('.').next().unwrap_or(file);
    if name.contains(stem) {
        return true;
    }
    let leaf = name.split([' ', '(']).next().unwrap_or(name);
    let leaf = leaf.rsplit(['.', ':', '#', '/', '>']).next().unwrap_or(leaf);
    // Runners for JavaScript name a test by its title.
    let title = name.rsplit(" > ").next().unwrap_or(name).trim();
    (!leaf.is_empty() && has_word(&test.text, leaf)) || (title.len() > 2 && test.text.contains(title))
}

/// What runners print when a file of tests can't be loaded or built.
const NOT_LOADED: [&str; 22] = [
    "unittest.loader._FailedTest",
    "ERROR collecting",
    "error during collection",
    "errors during collection",
    "ImportError while importing test module",
    "[build failed]",
    "[setup failed]",
    "could not compile",
    "COMPILATION ERROR",
    "Compilation failed",
    "compileTestJava FAILED",
    "compileTestKotlin FAILED",
    "error CS",
    "error TS",
    "Test suite failed to run",
    "Cannot find module",
    "ERR_MODULE_NOT_FOUND",
    "An error occurred while loading",
    "cannot load such file",
    "PHP Parse error",
    "PHP Fatal error",
    "No tests found",
];

fn did_not_run(run: &TestRun) -> bool {
    NOT_LOADED.iter().any(|words| run.output.contains(words))
}

/// Names that a program says it does not know, in the words of its language.
fn missing_names(output: &str) -> BTreeSet<String> {
    let behind = [
        "cannot import name ",
        "has no attribute ",
        "undefined method ",
        "uninitialized constant ",
        "undefined local variable or method ",
        "name ",
    ];
    let before = [" is not a function", " is not defined", " is not a constructor"];
    let mut names = BTreeSet::new();
    for line in output.lines() {
        for words in behind {
            let rest = line.split_once(words).map_or("", |(_, rest)| rest);
            names.insert(
                rest.trim_start_matches(['\'', '`', '"']).chars().take_while(|c| is_word(*c)).collect(),
            );
        }
        for words in before {
            let rest = line.split_once(words).map_or("", |(rest, _)| rest);
            let name: Vec<char> =
                rest.trim_end_matches(['\'', '`', '"']).chars().rev().take_while(|c| is_word(*c)).collect();
            names.insert(name.into_iter().rev().collect());
        }
    }
    names.remove("");
    names
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The end of what the runner printed, for a reason.
fn output(run: &TestRun) -> String {
    if run.output.is_empty() {
        return format!(": the command {}", run.ended);
    }
    let skip = run.output.chars().count().saturating_sub(MAX_OUTPUT);
    format!(":\n{}", run.output.chars().skip(skip).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> NewTest {
        let text =
            "class SafeTest:\n    def test_quotes(self): pass\n\nit('keeps out of the shell', () => {})\n";
        NewTest { fix: 0, path: "tests/test_shell.py".into(), text: text.into() }
    }

    #[test]
    fn tests_of_the_new_file_are_told_from_others() {
        for name in [
            "test_quotes (tests.test_x.SafeTest.test_quotes)",
            "tests/test_shell.py::test_other",
            "SafeTest.test_quotes",
            "shell > keeps out of the shell",
        ] {
            assert!(is_of(name, &test()), "{name}");
        }
        for name in ["test_more (tests.test_a.A.test_more)", "tests/test_a.py::test_b", "list > adds"] {
            assert!(!is_of(name, &test()), "{name}");
        }
    }

    #[test]
    fn names_that_are_missing_are_read() {
        let said = "ImportError: cannot import name 'safe_join' from 'app'\nTypeError: app.clean is not a function\nNameError: name 'x1' is not defined\n";
        let names: Vec<String> = missing_names(said).into_iter().collect();
        assert_eq!(names, ["clean", "safe_join", "x1"]);
        assert!(has_word("a.clean(b)", "clean") && !has_word("unclean", "clean"));
    }
}
