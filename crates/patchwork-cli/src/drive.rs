//! Drives a run from its first event to the exit code: what `run`, `resume` and `demo` share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use patchwork::local::{Local, Place};
use patchwork_core::engine::{Embedded, RunEnd};
use patchwork_core::failure::Failure;
use patchwork_core::journal::{Journal, RunRecord, RunSpec};
use patchwork_core::machine::MACHINE_VERSION;
use patchwork_core::patchflow::plan::Plan;
use patchwork_core::registry::Registry;
use patchwork_core::run::{RunId, RunStatus};
use patchwork_core::secret::Secrets;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::args::{Format, Level, Options};
use crate::report::style::{BOLD, paint};
use crate::report::terminal::{Mode, Terminal};
use crate::report::{failure, summary};
use crate::{env, journal, moment, output, runtime, settings, signals, stdio};

/// What is to be driven.
pub(crate) enum Task {
    /// A new run over the repository around the current folder.
    New {
        /// What runs.
        plan: Box<Plan>,
        /// Its inputs; secrets are references.
        inputs: Map<String, Value>,
        /// The names of those that the repository's own file gave.
        from_repository: Vec<String>,
        /// Whether the changes are wanted as a diff.
        diff: bool,
    },
    /// A run that stopped.
    Resume {
        /// Its id, or an unambiguous beginning of it.
        run: String,
    },
}

/// A driven run.
pub(crate) struct Driven {
    /// How it ended.
    pub(crate) end: RunEnd,
    /// The patchflow's name.
    pub(crate) patchflow: String,
    /// When it began, milliseconds since 1970.
    pub(crate) created_ms: i64,
    /// Whether it was over before this process looked at it.
    pub(crate) was_over: bool,
    /// How long this process worked on it.
    pub(crate) elapsed: Duration,
    /// What the worktree's files differ in from where the run started; empty unless it was wanted.
    pub(crate) diff: String,
}

/// Drives a task in the current folder; answers the exit code.
pub(crate) fn run(
    options: &Options,
    registry: Registry,
    secrets: &Secrets,
    task: Task,
) -> Result<u8, Failure> {
    let cwd = current_dir()?;
    let driven = drive(options, registry, secrets, task, &cwd)?;
    finish(options, secrets, &driven)
}

/// Drives a task in a folder. A failure here means that there was no run; that of a run is in its end.
pub(crate) fn drive(
    options: &Options,
    registry: Registry,
    secrets: &Secrets,
    task: Task,
    folder: &Path,
) -> Result<Driven, Failure> {
    if let Some(path) = &options.output {
        output::check(path)?;
    }
    let began = Instant::now();
    let state_dir = journal::state_dir(options)?;
    settings::refuse_inside_repository(&state_dir, folder)?;
    let journal = journal::open(&state_dir, options, secrets)?;
    let local = Local::new(&state_dir, secrets);
    let mode = if options.plain || env::wants_lines() || !std::io::IsTerminal::is_terminal(&std::io::stderr())
    {
        Mode::Lines
    } else {
        Mode::Live
    };
    let terminal = Arc::new(Terminal::start(mode, options.level()));
    let engine = Embedded::new(journal.clone(), registry, vec![terminal.clone()]);
    let runtime = runtime::full()?;
    let outcome = runtime.block_on(async {
        let cancel = CancellationToken::new();
        signals::watch(cancel.clone(), terminal.clone());
        let driver = Driver { options, terminal: terminal.clone(), journal, local, engine, secrets, cancel };
        driver.drive(task, folder).await
    });
    terminal.close();
    // Whatever is still blocked in a system call must not hold up the end.
    runtime.shutdown_background();
    outcome.map(|driven| Driven { elapsed: began.elapsed(), ..driven })
}

struct Driver<'a> {
    options: &'a Options,
    terminal: Arc<Terminal>,
    journal: Journal,
    local: Local,
    engine: Embedded,
    secrets: &'a Secrets,
    cancel: CancellationToken,
}

impl Driver<'_> {
    async fn drive(self, task: Task, folder: &Path) -> Result<Driven, Failure> {
        let (spec, place, wants_diff) = match task {
            Task::New { plan, inputs, from_repository, diff } => {
                let (spec, place) = self.begin(*plan, inputs, from_repository, folder).await?;
                (spec, place, diff)
            }
            Task::Resume { run } => {
                let record = self.journal.run(&run).await?;
                let spec = self.journal.spec(&record.id).await?;
                if record.status == RunStatus::Done {
                    // It may have been killed between its last record and its own tidying up.
                    if let Err(left) = self.local.tidy(&spec.base.repository).await {
                        tracing::debug!("the worktree of {} stays: {left}", record.id);
                    }
                    return Ok(over(record, spec));
                }
                let secrets = self.secrets.clone();
                let place = self.local.take_up(spec.base.clone(), &spec.id, secrets, &self.cancel).await?;
                let wants_diff = is_dry(&spec.inputs);
                (spec, place, wants_diff)
            }
        };
        let (id, patchflow, created_ms) = (spec.id.clone(), spec.plan.name.clone(), spec.created_ms);
        if self.options.level() >= Level::Info {
            self.terminal.say(format!("{} run {id}", paint(BOLD, &patchflow)));
        }
        let end = self.engine.start(spec, place.ports.clone(), self.cancel.clone()).await;
        let diff = match &end {
            Ok(end) if wants_diff && end.status == RunStatus::Done => {
                place.ports.checkout.diff().await.unwrap_or_default()
            }
            _ => String::new(),
        };
        let done = end.as_ref().is_ok_and(|end| end.status == RunStatus::Done);
        // A worktree that stays behind costs room, no work: it is swept up by the next run.
        if let Err(left) = self.local.leave(place, done).await {
            tracing::debug!("the worktree of {id} stays: {left}");
        }
        Ok(Driven { end: end?, patchflow, created_ms, was_over: false, elapsed: Duration::ZERO, diff })
    }

    async fn begin(
        &self,
        plan: Plan,
        inputs: Map<String, Value>,
        from_repository: Vec<String>,
        folder: &Path,
    ) -> Result<(RunSpec, Place), Failure> {
        let repository = self.local.repository(folder).await?;
        let created_ms = self.local.clock().now_ms();
        let id = RunId::generate(created_ms);
        let spec = RunSpec {
            id: id.clone(),
            plan,
            inputs,
            from_repository,
            limits: patchwork_core::budget::Limits::default(),
            base: repository.base(),
            created_ms,
            machine_version: MACHINE_VERSION,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let place = self.local.begin(&repository, &id, self.secrets.clone(), &self.cancel).await?;
        Ok((spec, place))
    }
}

/// Whether the run shall only show what it would do.
pub(crate) fn is_dry(inputs: &Map<String, Value>) -> bool {
    inputs.get("dry_run") == Some(&Value::Bool(true))
}

/// A run that was over before: as the journal has it.
fn over(record: RunRecord, spec: RunSpec) -> Driven {
    let mut result = record.result.unwrap_or_default();
    let mut part = |name: &str| result.get_mut(name).map(Value::take).unwrap_or_default();
    let end = RunEnd {
        id: record.id,
        status: record.status,
        failure: None,
        outputs: part("outputs"),
        totals: serde_json::from_value(part("totals")).unwrap_or_default(),
        tree: part("tree").as_str().map(str::to_owned),
    };
    Driven {
        end,
        patchflow: spec.plan.name,
        created_ms: spec.created_ms,
        was_over: true,
        elapsed: Duration::ZERO,
        diff: String::new(),
    }
}

/// Tells how a run ended, writes its results, and answers the exit code.
pub(crate) fn finish(options: &Options, secrets: &Secrets, driven: &Driven) -> Result<u8, Failure> {
    let mut results = results(driven);
    secrets.redact_value(&mut results);
    let written = match &options.output {
        Some(path) => output::encode(&results, options.format.unwrap_or(Format::Json))
            .and_then(|text| output::write(path, &text)),
        None => Ok(()),
    };
    let end = &driven.end;
    match options.format {
        Some(format @ (Format::Json | Format::Yaml)) if options.output.is_none() => {
            stdio::result(&output::encode(&results, format)?)?;
        }
        _ => stdio::exact(&secrets.redact(&summary::result(driven)))?,
    }
    if options.level() >= Level::Info {
        stdio::tell(&secrets.redact(&summary::render(driven)));
    }
    let Some(problem) = &end.failure else {
        return written.map(|()| 0);
    };
    let problem = with_resume_hint(problem.clone(), options, &end.id);
    stdio::tell(&secrets.redact(&failure::render(&problem)));
    if let Err(unwritten) = written {
        stdio::tell(&failure::render(&unwritten));
    }
    Ok(problem.exit_code())
}

/// The results of a run for machines: what it answered and what it took, no input and no secret.
fn results(driven: &Driven) -> Value {
    let end = &driven.end;
    json!({
        "id": end.id,
        "patchflow": driven.patchflow,
        "status": end.status,
        "created": moment::show(driven.created_ms),
        "outputs": end.outputs,
        "failure": end.failure,
        "totals": end.totals,
    })
}

fn with_resume_hint(mut failure: Failure, options: &Options, run: &RunId) -> Failure {
    let plain = format!("patchwork resume {run}");
    failure.hints.retain(|hint| *hint != plain);
    if failure.kind.resumable() {
        let place = match &options.state_dir {
            Some(dir) => format!(" --state-dir {}", dir.display()),
            None => String::new(),
        };
        failure = failure.hint(format!("go on with: {plain}{place}"));
    }
    failure
}

/// The folder the command was typed in.
pub(crate) fn current_dir() -> Result<PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|error| Failure::failed("the current folder can't be read").caused_by(&error))
}
