//! Drives a run from its first event to the exit code: what `run`, `resume` and `demo` share.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use patchwork::local::{Local, Place};
use patchwork::report::RunReport;
use patchwork::telemetry::{Found, Otlp};
use patchwork_core::engine::{Embedded, ReplayedModels, RunEnd};
use patchwork_core::event::Reporter;
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::journal::{Journal, Recording, RunRecord, RunSpec};
use patchwork_core::machine::MACHINE_VERSION;
use patchwork_core::patchflow::plan::Plan;
use patchwork_core::port::checkout::Checkout;
use patchwork_core::port::provider::Provider;
use patchwork_core::registry::Registry;
use patchwork_core::run::{RunId, RunStatus};
use patchwork_core::secret::Secrets;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use crate::args::{Format, Level, Options};
use crate::report::style::{BOLD, paint};
use crate::report::tally::counted;
use crate::report::terminal::{Mode, Terminal};
use crate::report::{failure, files, lines, summary};
use crate::settings::Given;
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
    /// What the journal tells of it, where that is wanted.
    pub(crate) report: Option<RunReport>,
}

/// Drives a task in the current folder; answers the exit code.
pub(crate) fn run(options: &Options, registry: Registry, given: &Given, task: Task) -> Result<u8, Failure> {
    let cwd = current_dir()?;
    let driven = drive(options, registry, given, task, &cwd)?;
    finish(options, &given.secrets, &driven)
}

/// Drives a task in a folder. A failure here means that there was no run; that of a run is in its end.
pub(crate) fn drive(
    options: &Options,
    registry: Registry,
    given: &Given,
    task: Task,
    folder: &Path,
) -> Result<Driven, Failure> {
    drive_with(options, registry, given, task, folder, None)
}

/// [`drive`] with other models than those of this machine: the run only shows what it would do, so nothing of it reaches the
/// user's repository or a forge.
pub(crate) fn drive_with(
    options: &Options,
    registry: Registry,
    given: &Given,
    task: Task,
    folder: &Path,
    models: Option<Arc<dyn Provider>>,
) -> Result<Driven, Failure> {
    if let Some(path) = &options.output {
        output::check(path)?;
    }
    if let Some(path) = &options.propose {
        output::writable(path, "--propose ")?;
        // A run that proposes nothing writes nothing: an older file would be taken for its own.
        if path.exists() {
            return Err(Failure::usage(format!("--propose {}: the file is there already", path.display()))
                .hint("name another one, or delete it"));
        }
    }
    files::check(&options.report)?;
    let secrets = &given.secrets;
    let began = Instant::now();
    let state_dir = journal::state_dir(options)?;
    settings::refuse_inside_repository(&state_dir, folder)?;
    let journal = journal::open(&state_dir, options, secrets)?;
    // Before the environment of programs is made: they get no credentials of collectors.
    // What only counts calls is no run to tell of.
    let telemetry = if models.is_some() { Found::default() } else { env::telemetry(secrets) };
    let mut local = Local::new(&state_dir, secrets).with_models(env::models(given.catalog.clone()));
    if let Ok(binary) = std::env::current_exe() {
        local = local.with_sandbox(binary);
    }
    local = local.with_policy(given.policy.clone());
    if options.propose.is_some() {
        local = local.proposing();
    }
    let (local, keep) = match (models, &options.cassette) {
        (Some(models), _) => (local.with_provider(models).apart(), None),
        (None, Some(file)) => {
            (local.with_provider(Arc::new(ReplayedModels::new(&Recording::read(file)?))), None)
        }
        (None, None) => (local, answers_kept(options)?),
    };
    let terminal = Arc::new(Terminal::start(mode(options), options.level()));
    let otlp = reporter(telemetry, options.level(), secrets, &terminal);
    let mut reporters: Vec<Arc<dyn Reporter>> = vec![terminal.clone()];
    reporters.extend(otlp.clone().map(|otlp| otlp as Arc<dyn Reporter>));
    let engine = Embedded::new(journal.clone(), registry, reporters);
    let runtime = runtime::full()?;
    let outcome = runtime.block_on(async {
        let cancel = CancellationToken::new();
        signals::watch(cancel.clone(), terminal.clone());
        let (terminal, otlp) = (terminal.clone(), otlp.as_deref());
        let records = journal.clone();
        let driver = Driver { options, terminal, otlp, journal, local, keep, engine, given, cancel };
        let mut outcome = driver.drive(task, folder).await;
        if let Ok(driven) = &mut outcome
            && (!options.report.is_empty() || files::job_summary().is_some())
        {
            driven.report = Some(patchwork::report::read(&records, driven.end.id.as_str()).await?);
        }
        if let Some(otlp) = otlp {
            otlp.close().await;
        }
        outcome
    });
    terminal.close();
    // Whatever is still blocked in a system call must not hold up the end.
    runtime.shutdown_background();
    outcome.map(|driven| Driven { elapsed: began.elapsed(), ..driven })
}

/// How long answers of models are used again for the same request: a day, and not at all in CI, where nobody sees that
/// two runs are not two opinions.
fn answers_kept(options: &Options) -> Result<Option<Duration>, Failure> {
    let hours = match (options.keep_answers, env::variable("PATCHWORK_KEEP_ANSWERS")) {
        (Some(hours), _) => hours,
        (None, Some(text)) => text.trim().parse().map_err(|_| {
            Failure::usage(format!(
                "PATCHWORK_KEEP_ANSWERS is `{text}`: expected a number of hours, 0 for never"
            ))
        })?,
        (None, None) if env::in_ci() => 0,
        (None, None) => 24,
    };
    Ok((hours > 0).then(|| Duration::from_secs(u64::from(hours) * 3600)))
}

/// The reporter for a collector, when the environment names one.
fn reporter(
    telemetry: Found,
    level: Level,
    secrets: &Secrets,
    terminal: &Arc<Terminal>,
) -> Option<Arc<Otlp>> {
    let terminal = terminal.clone();
    let warn = move |problem: &str| {
        if level >= Level::Warning {
            terminal.say(lines::warning(problem));
        }
    };
    telemetry.warnings.iter().for_each(|problem| warn(problem));
    Some(Arc::new(Otlp::new(telemetry.settings?, secrets, warn)))
}

/// How progress is shown: live on a terminal.
pub(crate) fn mode(options: &Options) -> Mode {
    let terminal = std::io::IsTerminal::is_terminal(&std::io::stderr());
    if options.plain || env::wants_lines() || !terminal { Mode::Lines } else { Mode::Live }
}

struct Driver<'a> {
    options: &'a Options,
    terminal: Arc<Terminal>,
    otlp: Option<&'a Otlp>,
    journal: Journal,
    local: Local,
    /// How long answers of models are used again, if they are.
    keep: Option<Duration>,
    engine: Embedded,
    given: &'a Given,
    cancel: CancellationToken,
}

impl Driver<'_> {
    async fn drive(mut self, task: Task, folder: &Path) -> Result<Driven, Failure> {
        let (spec, place, wants_diff) = match task {
            Task::New { plan, inputs, from_repository, diff } => {
                self.keep_answers(self.local.clock().now_ms());
                let (spec, place) = self.begin(*plan, inputs, from_repository, folder).await?;
                (spec, place, diff)
            }
            Task::Resume { run } => {
                let record = self.journal.run(&run).await?;
                let mut spec = self.journal.spec(&record.id).await?;
                if record.status == RunStatus::Done {
                    if let Some(file) = self.options.propose.as_deref().filter(|_| spec.proposes) {
                        let secrets = self.given.secrets.clone();
                        let place =
                            self.local.take_up(spec.base.clone(), &spec.id, secrets, &self.cancel).await?;
                        let written = self.write_bundle(&spec.id, &*place.ports.checkout, file).await;
                        self.local.leave(place, true).await?;
                        written?;
                    }
                    // It may have been killed between its last record and its own tidying up.
                    if let Err(left) = self.local.tidy(&spec.base.repository).await {
                        tracing::debug!("the worktree of {} stays: {left}", record.id);
                    }
                    return Ok(over(record, spec));
                }
                if spec.proposes != self.options.propose.is_some() {
                    return Err(match spec.proposes {
                        true => Failure::usage(format!("run {} was started with --propose", spec.id))
                            .hint(format!("patchwork resume {} --propose FILE", spec.id)),
                        false => Failure::usage(format!("run {} was not started with --propose", spec.id))
                            .hint("start a new run, which takes the answers of this one"),
                    });
                }
                if spec.limits != self.given.limits {
                    spec.limits = self.given.limits;
                    self.journal.set_limits(&spec.id, spec.limits).await?;
                }
                self.keep_answers(spec.created_ms);
                let secrets = self.given.secrets.clone();
                let place = self.local.take_up(spec.base.clone(), &spec.id, secrets, &self.cancel).await?;
                let wants_diff = is_dry(&spec.inputs);
                (spec, place, wants_diff)
            }
        };
        let (id, patchflow, created_ms) = (spec.id.clone(), spec.plan.name.clone(), spec.created_ms);
        if self.options.level() >= Level::Info {
            self.terminal.say(format!("{} run {id}", paint(BOLD, &patchflow)));
        }
        if let Some(otlp) = self.otlp {
            otlp.begin(&id, &patchflow);
        }
        let end = self.engine.start(spec, place.ports.clone(), self.cancel.clone()).await;
        let diff = match &end {
            Ok(end) if wants_diff && end.status == RunStatus::Done => {
                place.ports.checkout.diff().await.unwrap_or_default()
            }
            _ => String::new(),
        };
        let done = end.as_ref().is_ok_and(|end| end.status == RunStatus::Done);
        // These ends keep what was proven: without --propose it would be published already.
        let kept = |kind| {
            matches!(
                kind,
                FailureKind::FindingsRemain | FailureKind::BelowEvidence | FailureKind::BudgetReached
            )
        };
        let proposed = done
            || end.as_ref().is_ok_and(|end| end.failure.as_ref().is_some_and(|failure| kept(failure.kind)));
        let bundle = match &self.options.propose {
            Some(file) if proposed => Some(self.write_bundle(&id, &*place.ports.checkout, file).await),
            _ => None,
        };
        // A worktree that stays behind costs room, no work: it is swept up by the next run.
        if let Err(left) = self.local.leave(place, done).await {
            tracing::debug!("the worktree of {id} stays: {left}");
        }
        let end = end?;
        bundle.transpose()?;
        Ok(Driven {
            end,
            patchflow,
            created_ms,
            was_over: false,
            elapsed: Duration::ZERO,
            diff,
            report: None,
        })
    }

    /// Writes what the run has proposed.
    async fn write_bundle(&self, run: &RunId, checkout: &dyn Checkout, file: &Path) -> Result<(), Failure> {
        let bundle = patchwork::bundle::collect(&self.journal, run, checkout, &self.given.secrets).await?;
        let told = self.options.level() >= Level::Info;
        if bundle.effects.is_empty() {
            if told {
                self.terminal.say("the run proposes nothing: no bundle is written".to_owned());
            }
            return Ok(());
        }
        let plain = file.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        output::write_with(file, "the bundle", |out| {
            if plain { bundle.write_plain(out) } else { bundle.write(out) }
        })?;
        if told {
            let effects = counted(bundle.effects.len() as u64, "effect");
            self.terminal
                .say(format!("wrote {effects} to {0}; carry it out: patchwork apply {0}", file.display()));
        }
        Ok(())
    }

    /// Uses answers again that came before the run began.
    fn keep_answers(&mut self, began_ms: i64) {
        if let Some(limit) = self.keep {
            self.local = self.local.clone().keeping_answers(self.journal.clone(), limit, began_ms);
        }
    }

    async fn begin(
        &self,
        plan: Plan,
        inputs: Map<String, Value>,
        from_repository: Vec<String>,
        folder: &Path,
    ) -> Result<(RunSpec, Place), Failure> {
        let mut repository = self.local.repository(folder).await?;
        if let Some(base) = &self.given.base {
            repository = repository.standing_at(base.commit.clone(), Some(base.name.clone()));
        }
        let created_ms = self.local.clock().now_ms();
        let id = RunId::generate(created_ms);
        let spec = RunSpec {
            id: id.clone(),
            plan,
            inputs,
            from_repository,
            limits: self.given.limits,
            base: repository.base(),
            created_ms,
            machine_version: MACHINE_VERSION,
            proposes: self.options.propose.is_some(),
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
        };
        let place = self.local.begin(&repository, &id, self.given.secrets.clone(), &self.cancel).await?;
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
        report: None,
    }
}

/// Tells how a run ended, writes its results, and answers the exit code.
pub(crate) fn finish(options: &Options, secrets: &Secrets, driven: &Driven) -> Result<u8, Failure> {
    let end = &driven.end;
    let mut written = write_results(options, secrets, driven);
    if let Some(report) = &driven.report {
        // One that can't be written must not cost the others.
        let reports = files::write(report, &options.report);
        written = written.and(reports);
        if let Some(summary) = files::job_summary()
            && let Err(unwritten) = files::append_summary(report, &summary)
            && options.level() >= Level::Warning
        {
            stdio::tell(&lines::warning(&unwritten.to_string()));
        }
    }
    if !wants_data(options) {
        stdio::exact(&secrets.redact(&summary::result(driven)))?;
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

/// Whether the results go to the standard output as data.
fn wants_data(options: &Options) -> bool {
    matches!(options.format, Some(Format::Json | Format::Yaml)) && options.output.is_none()
}

/// Writes the results where they are wanted as data.
pub(crate) fn write_results(options: &Options, secrets: &Secrets, driven: &Driven) -> Result<(), Failure> {
    if options.output.is_none() && !wants_data(options) {
        return Ok(());
    }
    let mut results = results(driven);
    secrets.redact_value(&mut results);
    let text = output::encode(&results, options.format.unwrap_or(Format::Json))?;
    match &options.output {
        Some(path) => output::write(path, &text),
        None => stdio::result(&text),
    }
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
    if !failure.kind.resumable() {
        return failure;
    }
    let place = match &options.state_dir {
        Some(dir) => format!(" --state-dir {}", dir.display()),
        None => String::new(),
    };
    // A step may know more of it: with which limit, say.
    match failure.hints.iter_mut().find(|hint| hint.contains(&plain)) {
        Some(hint) => hint.push_str(&place),
        None => failure.hints.push(format!("go on with: {plain}{place}")),
    }
    failure
}

/// The folder the command was typed in.
pub(crate) fn current_dir() -> Result<PathBuf, Failure> {
    std::env::current_dir()
        .map_err(|error| Failure::failed("the current folder can't be read").caused_by(&error))
}
