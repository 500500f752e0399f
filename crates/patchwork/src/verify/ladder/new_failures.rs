//! Which tests of a run fail that do not fail by themselves.

use std::collections::BTreeSet;

use super::judgement::fewer;
use super::{Ladder, TestRun};
use crate::verify::commands::Found;

impl Ladder {
    /// The command that tests.
    pub fn test_command(&self) -> Option<&Found> {
        self.0.commands.tests.as_ref()
    }

    /// Whether the runner names the tests that fail.
    pub fn tests_are_named(&self) -> bool {
        self.0.base.tests.as_ref().is_some_and(|before| before.outcomes.is_some())
    }

    /// The tests that fail in this run and neither always nor at times without any change; none when the run does not say.
    pub fn new_failures(&self, run: &TestRun) -> Option<BTreeSet<String>> {
        let Some(said) = &run.outcomes else { return run.passed.then(BTreeSet::new) };
        let before = self.0.base.tests.as_ref()?;
        let known: BTreeSet<&String> = before.failing().chain(&before.flaky).collect();
        Some(said.failing.iter().filter(|name| !known.contains(name)).cloned().collect())
    }

    /// Why a run in which no test fails is none of all tests: fewer ran than without any change, and of `added` new ones.
    pub fn too_few(&self, run: &TestRun, added: usize) -> Option<String> {
        let before = self.0.base.tests.as_ref()?;
        fewer(before, run.outcomes.as_ref(), added as u64)
    }
}
