//! What the repository's own build and tests say before anything is changed.

use std::collections::BTreeSet;

use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::port::trial::{Change, Isolation, Layer, Trial};
use patchwork_core::step::{Context, StepError};
use serde::{Deserialize, Serialize};

use super::running::{Ended, Ran, Terms, run};
use super::said::Said;
use crate::verify::commands::{Commands, Found};
use crate::verify::outcomes::{self, Outcomes};

/// How often a command that tests is run before its failures count.
pub(super) const TEST_RUNS: usize = 3;

/// What the repository's own build and tests say before anything is changed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BaseLine {
    /// What held the programs in.
    pub isolation: Isolation,
    /// The build; none when nothing builds.
    pub(super) build: Option<BuildBefore>,
    /// The tests; none when nothing tests.
    pub(super) tests: Option<TestsBefore>,
}

/// The build of the unchanged repository.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct BuildBefore {
    pub(super) ended: Ended,
    /// What it complained of; see [`complaints`].
    pub(super) complaints: BTreeSet<String>,
}

/// The tests of the unchanged repository.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct TestsBefore {
    /// How the last run ended; none when a run ended well.
    pub(super) failed: Option<Ended>,
    /// Which tests failed each time, and how many ran; none when the output does not say.
    pub(super) outcomes: Option<Outcomes>,
    /// Tests that failed in one run and not in another.
    pub(super) flaky: BTreeSet<String>,
}

impl TestsBefore {
    /// Why nothing can be said about changes; none when something can.
    pub(super) fn useless(&self) -> Option<String> {
        if self.outcomes.as_ref().is_some_and(|outcomes| outcomes.ran == Some(0)) {
            return Some("no test ran".to_owned());
        }
        let ended = self.failed.as_ref()?;
        match (ended, &self.outcomes) {
            (Ended::Code(_), Some(outcomes)) if outcomes.none_passed() => {
                Some("none of them passes without any change".to_owned())
            }
            (Ended::Code(_), Some(_)) => None,
            (Ended::Code(_), None) => Some("they fail without any change, and do not say which".to_owned()),
            (ended, _) => Some(format!("without any change the command {}", ended.words())),
        }
    }

    /// Whether running them with a change would only take time.
    pub(super) fn hang(&self) -> bool {
        matches!(self.failed, Some(Ended::TimedOut { .. }))
    }

    /// The tests that fail without any change.
    pub(super) fn failing(&self) -> impl Iterator<Item = &String> {
        self.outcomes.iter().flat_map(|outcomes| &outcomes.failing)
    }
}

/// Makes the base line of the checkout with `state` in it: refused where programs can't be held in.
pub(super) async fn make(
    ctx: &Context,
    commands: &Commands,
    terms: &Terms,
    state: &[Change],
) -> Result<(BaseLine, Option<Layer>), StepError> {
    let isolation = sound(ctx, terms).await?;
    let (trial, build) = prepared(ctx, commands, terms, state).await?;
    let (build, said) = build.unzip();
    if let (Some(build), Some(said)) = (&build, &said)
        && !build.ended.well()
    {
        missing_command(commands.build.as_ref(), &build.ended, said)?;
        ctx.warn(format!(
            "the build {} without any change: what builds can't be told (L1)",
            build.ended.words()
        ));
    }
    let mut start = None;
    let tests = match &commands.tests {
        None => {
            start = frozen(commands, trial).await?;
            None
        }
        Some(command) => {
            // What tests leave behind must not meet the next ones, but where nothing else compiles they do.
            let trial = match frozen_before_tests(commands) {
                false => trial,
                true => {
                    let layer = trial.freeze().await?;
                    let trial = ctx.trials()?.open(state, Some(&layer)).await?;
                    start = Some(layer);
                    trial
                }
            };
            let tests = tests_before(ctx, &*trial, command, terms).await?;
            if start.is_none() {
                start = Some(trial.freeze().await?);
            }
            Some(tests)
        }
    };
    Ok((BaseLine { isolation, build, tests }, start))
}

/// What a later process on the run starts from: the same layer, without a word on what the commands said.
pub(super) async fn layer(
    ctx: &Context,
    commands: &Commands,
    terms: &Terms,
    state: &[Change],
) -> Result<Option<Layer>, StepError> {
    sound(ctx, terms).await?;
    let (trial, _) = prepared(ctx, commands, terms, state).await?;
    if let Some(command) = &commands.tests
        && !frozen_before_tests(commands)
    {
        run(ctx, &*trial, command, terms, "the tests, for what they compile").await?;
    }
    Ok(Some(trial.freeze().await?))
}

/// Whether there is something to keep before any test ran.
fn frozen_before_tests(commands: &Commands) -> bool {
    commands.setup.is_some() || commands.build.is_some()
}

async fn frozen(commands: &Commands, trial: Box<dyn Trial>) -> Result<Option<Layer>, StepError> {
    match frozen_before_tests(commands) {
        true => Ok(Some(trial.freeze().await?)),
        false => Ok(None),
    }
}

async fn sound(ctx: &Context, terms: &Terms) -> Result<Isolation, StepError> {
    let isolation = ctx.trials()?.isolation().await;
    if isolation.sound {
        return Ok(isolation);
    }
    if !terms.limits.unsafe_allowed {
        let mut failure = Failure::refused("builds and tests are not run: this machine can't hold them in");
        failure.causes = isolation.missing;
        return Err(StepError::Failed(failure.hint(
            "in a container or a machine that holds nothing else, run them as they are: --sandbox off",
        )));
    }
    ctx.warn("builds and tests are not held in, as `sandbox: off` says: they can do all that you can");
    Ok(isolation)
}

/// A trial of nothing but the state that changes are made to, in which everything was set up and built.
async fn prepared(
    ctx: &Context,
    commands: &Commands,
    terms: &Terms,
    state: &[Change],
) -> Result<(Box<dyn Trial>, Option<(BuildBefore, Said)>), StepError> {
    let trial = ctx.trials()?.open(state, None).await?;
    if let Some(setup) = &commands.setup {
        let ran = run(ctx, &*trial, setup, terms, "the setup").await?;
        if !ran.ended.well() {
            let mut failure =
                Failure::failed(format!("`{}` ({}) {}", setup.line, setup.because, ran.ended.words()));
            failure.causes = last_lines(&ran.said);
            if !terms.limits.network {
                failure = failure.hint("commands reach the network with --sandbox-network");
            }
            return Err(StepError::Failed(failure));
        }
    }
    let Some(build) = &commands.build else { return Ok((trial, None)) };
    let Ran { ended, said } = run(ctx, &*trial, build, terms, "the build").await?;
    let complaints = if ended.well() { BTreeSet::new() } else { complaints(&said) };
    Ok((trial, Some((BuildBefore { ended, complaints }, said))))
}

async fn tests_before(
    ctx: &Context,
    trial: &dyn Trial,
    command: &Found,
    terms: &Terms,
) -> Result<TestsBefore, StepError> {
    let mut before = TestsBefore::default();
    for number in 0..TEST_RUNS {
        let Ran { ended, said } = run(ctx, trial, command, terms, "the tests, without any change").await?;
        missing_command(Some(command), &ended, &said)?;
        let read = if said.cut && !ended.well() { None } else { outcomes::read(&said.out, &said.err) };
        let known = before.outcomes.take().map(|known| known.failing);
        let mut read = read;
        if let Some(read) = &mut read {
            // A test counts as failing when it fails each time.
            if number > 0
                && let Some(known) = known
            {
                before.flaky.extend(known.symmetric_difference(&read.failing).cloned());
                read.failing.retain(|name| known.contains(name));
            }
        }
        let named = read.as_ref().is_some_and(|read| !read.failing.is_empty());
        before.outcomes = read;
        let well = ended.well();
        let timed_out = matches!(ended, Ended::TimedOut { .. });
        before.failed = (!well).then_some(ended);
        if (well && !named) || timed_out {
            break;
        }
    }
    tell(ctx, &before);
    Ok(before)
}

fn tell(ctx: &Context, before: &TestsBefore) {
    if let Some(why) = before.useless() {
        ctx.warn(format!("tests can't tell what a change breaks: {why}"));
        return;
    }
    if before.failing().next().is_some() {
        let failing: Vec<&str> = before.failing().map(String::as_str).take(5).collect();
        let more = before.failing().count().saturating_sub(failing.len());
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        ctx.warn(format!("tests fail without any change, and are not counted: {}{more}", failing.join(", ")));
    }
    if !before.flaky.is_empty() {
        let flaky: Vec<&str> = before.flaky.iter().map(String::as_str).take(5).collect();
        ctx.warn(format!("tests fail at times without any change: {}", flaky.join(", ")));
    }
}

/// A command that is not there is a mistake of whoever named it.
fn missing_command(command: Option<&Found>, ended: &Ended, said: &Said) -> Result<(), StepError> {
    let Some(command) =
        command.filter(|_| ended.not_found() && outcomes::read(&said.out, &said.err).is_none())
    else {
        return Ok(());
    };
    let message = format!("`{}` ({}) can't be run: {}", command.line, command.because, ended.words());
    let mut failure = Failure::new(FailureKind::Configuration, message);
    failure.causes = last_lines(said);
    let hint = "trials have the programs of this machine and what your checkout lends; name another command, or install \
                what is missing: --setup-command";
    Err(StepError::Failed(failure.hint(hint)))
}

/// The last lines of what a command said, for a failure.
fn last_lines(said: &Said) -> Vec<String> {
    let lines: Vec<&str> = said.tail.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    lines
        .get(lines.len().saturating_sub(5)..)
        .unwrap_or_default()
        .iter()
        .map(|line| (*line).to_owned())
        .collect()
}

/// Complaints that are kept, and characters of each.
const MAX_COMPLAINTS: usize = 500;
const MAX_COMPLAINT: usize = 300;

/// The lines in which a build names errors, without numbers: a change moves lines.
pub(super) fn complaints(said: &Said) -> BTreeSet<String> {
    let lines = said.out.lines().chain(said.err.lines());
    lines
        .filter(|line| line.to_ascii_lowercase().contains("error") || line.trim_start().starts_with("--> "))
        .map(|line| line.chars().filter(|c| !c.is_ascii_digit()).take(MAX_COMPLAINT).collect::<String>())
        .map(|line| line.trim().to_owned())
        .take(MAX_COMPLAINTS)
        .collect()
}
