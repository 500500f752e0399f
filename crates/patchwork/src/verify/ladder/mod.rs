//! Builds and tests changes, each in a trial of its own, and compares with what the unchanged repository does.

mod base_line;
mod judgement;
mod new_failures;
mod running;
mod said;
mod together;

use std::sync::{Arc, LazyLock};

use futures_util::StreamExt;
use patchwork_core::engine::{digest, hex};
use patchwork_core::event::EventBody;
use patchwork_core::evidence::Level;
use patchwork_core::failure::Failure;
use patchwork_core::port::trial::{Change, Layer, Trial};
use patchwork_core::step::{Context, StepError};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};

pub use self::base_line::BaseLine;
use self::base_line::TEST_RUNS;
pub use self::judgement::{BUILDS, Judgement, Seen, TESTS, TestRun, Verdict};
use self::judgement::{Tests, TestsSeen};
use self::running::{Terms, run};
pub use self::together::Together;
use super::commands::{self, Commands, Network};
use super::dependencies;
use super::options::{Verification, VerifyOptions};

/// Trials at the same time, whoever opens them: builds and tests keep a core busy each.
static CORES: LazyLock<Semaphore> =
    LazyLock::new(|| Semaphore::new(std::thread::available_parallelism().map_or(1, usize::from)));

/// Builds and tests changes of the checkout as it stands. The checkout must not change while it is at work.
///
/// What it finds out is in the journal: neither a resumed run nor a replay runs a command again for the same change in the same
/// node.
#[derive(Clone)]
pub struct Ladder(Arc<Inner>);

struct Inner {
    commands: Commands,
    terms: Terms,
    /// What every trial has besides the checkout, below its own changes.
    state: Arc<[Change]>,
    /// The name of what the base line built, and a part of every key.
    name: String,
    base: BaseLine,
    layer: OnceCell<Option<Layer>>,
}

/// What is recorded of the base line; nothing where no program is run.
#[derive(Serialize, Deserialize)]
struct Recorded {
    base: Option<BaseLine>,
}

impl Ladder {
    /// Finds the commands and what they say before anything is changed; none when there is nothing to run, or this is no place
    /// to run it. Fails when what was asked for can't be run, before anything is paid.
    pub async fn open(ctx: &Context, options: &VerifyOptions) -> Result<Option<Self>, StepError> {
        Self::open_on(ctx, options, Vec::new()).await
    }

    /// [`Ladder::open`] for changes on top of a state that is not the checkout's own: `state` is what makes that of it, removed
    /// files first. The commands are those of the checkout all the same.
    pub async fn open_on(
        ctx: &Context,
        options: &VerifyOptions,
        state: Vec<Change>,
    ) -> Result<Option<Self>, StepError> {
        if !options.runs_commands() {
            return Ok(None);
        }
        let mut commands = options.commands(ctx.root()?);
        require(options, &commands)?;
        // What is installed on this machine is no part of it: a replay may be elsewhere.
        let mut name =
            format!("base line {}", digest(&(&commands, options.command_timeout, options.sandbox_network))?);
        if !state.is_empty() {
            name = format!("{name} on {}", digest(&contents(&state))?);
        }
        let state: Arc<[Change]> = state.into();
        let lent = dependencies::lend(ctx)?;
        let not_set_up = not_set_up(ctx, &commands, &lent)?;
        // What is installed already need not be installed again.
        commands.setup = commands.setup.filter(|_| lent.is_empty() || options.setup_command.is_some());
        let terms = Terms::of(options, lent);
        let (in_task, task_commands, task_terms, task_name) =
            (ctx.clone(), commands.clone(), terms.clone(), name.clone());
        let in_trial = state.clone();
        let Recorded { base } = ctx
            .once_in_run("base line", &name, async move {
                if !in_task.trials()?.can_run() {
                    return Ok(Recorded { base: None });
                }
                let _core = core(&in_task).await?;
                let made = base_line::make(&in_task, &task_commands, &task_terms, &in_trial).await;
                let (base, layer) = made.map_err(|error| match (error, &not_set_up) {
                    // What is not found may be what nobody has installed.
                    (StepError::Failed(failure), Some(hint)) => StepError::Failed(failure.hint(hint.clone())),
                    (error, _) => error,
                })?;
                if let Some(layer) = layer {
                    in_task.trials()?.keep(&task_name, layer);
                }
                if base.tests.as_ref().is_some_and(|tests| tests.useless().is_some()) {
                    let submodules = in_task.root()?.join(".gitmodules").is_file();
                    let hint = "the submodules of this repository are empty in the copies that are tested";
                    not_set_up.into_iter().for_each(|hint| in_task.warn(hint));
                    submodules.then_some(hint).into_iter().for_each(|hint| in_task.warn(hint));
                }
                Ok(Recorded { base: Some(base) })
            })
            .await?;
        let layer = OnceCell::new();
        Ok(base.map(|base| Self(Arc::new(Inner { commands, terms, state, name, base, layer }))))
    }

    /// What was seen before anything was changed.
    pub fn base_line(&self) -> &BaseLine {
        &self.0.base
    }

    /// The highest level that the commands can show.
    pub fn highest(&self) -> Level {
        let base = &self.0.base;
        if base.tests.as_ref().is_some_and(|tests| tests.useless().is_none()) {
            Level::L3
        } else if base.build.as_ref().is_some_and(|build| build.ended.well()) {
            Level::L1
        } else {
            Level::L0
        }
    }

    /// Why the build can't show anything, where there is one.
    pub fn build_useless(&self) -> Option<String> {
        let build = self.0.base.build.as_ref().filter(|build| !build.ended.well())?;
        Some(format!("the build {} without any change", build.ended.words()))
    }

    /// Why the tests can't show anything, where there are some.
    pub fn tests_useless(&self) -> Option<String> {
        self.0.base.tests.as_ref()?.useless()
    }

    /// What the build and the tests say about these changes, made together.
    pub async fn judge(&self, ctx: &Context, changes: &[Change]) -> Result<Judgement, StepError> {
        let (ladder, in_task, in_trial) = (self.clone(), ctx.clone(), changes.to_vec());
        ctx.once("judgement", &(&self.0.name, contents(changes)), async move {
            ladder.judge_now(&in_task, &in_trial).await
        })
        .await
    }

    /// [`Ladder::judge`] for each of many proposals, in parallel; in their order.
    pub async fn judge_all(
        &self,
        ctx: &Context,
        proposals: Vec<Vec<Change>>,
    ) -> Result<Vec<Judgement>, StepError> {
        let total = proposals.len() as u64;
        let progress = |done| {
            ctx.emit(EventBody::Progress { label: "built and tested".to_owned(), done, total });
        };
        progress(0);
        let judged = futures_util::stream::iter(proposals)
            .map(|changes| async move { self.judge(ctx, &changes).await })
            .buffered(CORES.available_permits().max(2) * 2);
        let mut all = Vec::new();
        tokio::pin!(judged);
        // To the last one, also behind a failure: the checkout must not change under a trial.
        while let Some(judgement) = judged.next().await {
            all.push(judgement);
            progress(all.len() as u64);
        }
        all.into_iter().collect()
    }

    /// Runs the tests so many times in one trial with these changes, whatever they say.
    pub async fn tests(
        &self,
        ctx: &Context,
        changes: &[Change],
        times: usize,
    ) -> Result<Vec<TestRun>, StepError> {
        let (ladder, in_task, in_trial) = (self.clone(), ctx.clone(), changes.to_vec());
        ctx.once("tests", &(&self.0.name, contents(changes), times), async move {
            let command = ladder.0.commands.tests.as_ref();
            let command = command.ok_or_else(|| StepError::internal("there is no command that tests"))?;
            let _core = core(&in_task).await?;
            let trial = ladder.trial(&in_task, &in_trial).await?;
            let mut runs = Vec::with_capacity(times);
            for _ in 0..times {
                let ran = run(&in_task, &*trial, command, &ladder.0.terms, "the tests").await?;
                runs.push(TestRun::of(&ran));
            }
            Ok(runs)
        })
        .await
    }

    async fn judge_now(&self, ctx: &Context, changes: &[Change]) -> Result<Judgement, StepError> {
        let Inner { commands, terms, base, .. } = &*self.0;
        let _core = core(ctx).await?;
        let trial = self.trial(ctx, changes).await?;
        let mut judgement = Judgement::default();
        if let (Some(command), Some(before)) = (&commands.build, &base.build) {
            let paths: Vec<String> = changes.iter().map(|change| change.path.clone()).collect();
            let ran = run(ctx, &*trial, command, terms, "the build").await?;
            let seen = judgement::build(before, &ran, &paths);
            let broken = seen.verdict == Verdict::Broken;
            judgement.build = Some(seen);
            if broken {
                return Ok(judgement);
            }
        }
        if let (Some(command), Some(before)) = (&commands.tests, &base.tests) {
            if let Some(why) = before.useless().filter(|_| before.hang()) {
                judgement.tests = Some(Seen::new(Verdict::Unknown, format!("not judged: {why}")));
                return Ok(judgement);
            }
            let mut seen = TestsSeen::default();
            for number in 1..=TEST_RUNS {
                let ran = run(ctx, &*trial, command, terms, "the tests").await?;
                match seen.add(before, &ran) {
                    Tests::Failing(_) if number < TEST_RUNS => {}
                    Tests::Failing(seen) | Tests::Judged(seen) => {
                        judgement.tests = Some(seen);
                        break;
                    }
                }
            }
        }
        Ok(judgement)
    }

    /// A trial with these changes on top of what the base line built.
    async fn trial(&self, ctx: &Context, changes: &[Change]) -> Result<Box<dyn Trial>, StepError> {
        let Inner { commands, terms, state, name, .. } = &*self.0;
        let trials = ctx.trials()?;
        let make = || async {
            if let Some(kept) = trials.kept(name) {
                return Ok(Some(kept));
            }
            let layer = base_line::layer(ctx, commands, terms, state).await?;
            if let Some(layer) = &layer {
                trials.keep(name, layer.clone());
            }
            Ok::<_, StepError>(layer)
        };
        let layer = self.0.layer.get_or_try_init(make).await?;
        let hidden = |before: &&Change| changes.iter().any(|change| change.path == before.path);
        let all: Vec<Change> =
            state.iter().filter(|before| !hidden(before)).chain(changes).cloned().collect();
        Ok(trials.open(&all, layer.as_ref()).await?)
    }
}

/// Waits until a core is free.
async fn core(ctx: &Context) -> Result<SemaphorePermit<'static>, StepError> {
    tokio::select! {
        biased;
        () = ctx.cancel().cancelled() => Err(StepError::cancelled()),
        core = CORES.acquire() => core.map_err(|error| StepError::internal(error.to_string())),
    }
}

/// What to try when the tests fail by themselves and nothing was installed for them.
fn not_set_up(
    ctx: &Context,
    commands: &Commands,
    lent: &[dependencies::Dependencies],
) -> Result<Option<String>, StepError> {
    if commands.setup.is_some() || !lent.is_empty() {
        return Ok(None);
    }
    let setup = commands::find(ctx.root()?, Network::Absent).setup;
    Ok(setup.map(|setup| {
        format!(
            "nothing is installed for the tests: install it in your checkout, which lends it, or allow it: \
             --setup-command '{}' --sandbox-network",
            setup.line
        )
    }))
}

/// What changes are, for a key.
fn contents(changes: &[Change]) -> Vec<(&str, Option<String>)> {
    let of = |bytes: &Vec<u8>| hex(&Sha256::digest(bytes));
    changes.iter().map(|change| (change.path.as_str(), change.content.as_ref().map(of))).collect()
}

/// What is named in `verify` must be there.
fn require(options: &VerifyOptions, commands: &Commands) -> Result<(), StepError> {
    let missing = |what, option: &str| {
        let failure = Failure::configuration(format!(
            "`verify` asks for {what}, but no command for it was found in the repository"
        ));
        Err(StepError::Failed(failure.hint(format!("name it: --{option} \"…\""))))
    };
    if options.verify.contains(&Verification::Tests) && commands.tests.is_none() {
        return missing("tests", "test-command");
    }
    // Many languages have nothing to build: it is an error only when nothing else is left to do.
    if options.verify.contains(&Verification::Build) && commands.build.is_none() && commands.tests.is_none() {
        return missing("a build", "build-command");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
