//! Which tests of a run fail that do not fail by themselves.

use std::collections::BTreeSet;

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
        if run.passed {
            return Some(BTreeSet::new());
        }
        let before = self.0.base.tests.as_ref()?;
        let known: BTreeSet<&String> = before.failing().chain(&before.flaky).collect();
        let failing = &run.outcomes.as_ref()?.failing;
        Some(failing.iter().filter(|name| !known.contains(name)).cloned().collect())
    }
}
