//! The embedded engine: one process, the journal in SQLite.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::guard::{self, Execution};
use super::replay::Script;
use super::session::{Session, Totals};
use crate::event::{EventBody, Reporter};
use crate::failure::Failure;
use crate::journal::{Journal, Recording, RunSpec};
use crate::machine::{Command, Finished, MACHINE_VERSION, Machine, Outcome};
use crate::registry::Registry;
use crate::run::{NodePath, RunId, RunStatus};
use crate::step::{Emitter, Outside, Ports};

/// How a run ended in this process.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// The run.
    pub id: RunId,
    /// How.
    pub status: RunStatus,
    /// Why, unless it is done.
    pub failure: Option<Failure>,
    /// The patchflow's outputs, as far as it got.
    pub outputs: Value,
    /// What its model calls took, over all its processes.
    pub totals: Totals,
    /// The tree of the worktree as the last node that wrote there left it, if one did.
    pub tree: Option<String>,
}

/// The embedded engine.
#[derive(Clone)]
pub struct Embedded {
    journal: Journal,
    registry: Registry,
    reporters: Vec<Arc<dyn Reporter>>,
}

impl Embedded {
    /// An engine over a journal.
    pub fn new(journal: Journal, registry: Registry, reporters: Vec<Arc<dyn Reporter>>) -> Self {
        Self { journal, registry, reporters }
    }

    /// Starts a run and drives it to its end, or until `cancel` is set. Submitting the id of a run that is there takes
    /// that one up instead.
    pub async fn start(
        &self,
        spec: RunSpec,
        ports: Arc<Ports>,
        cancel: CancellationToken,
    ) -> Result<RunEnd, Failure> {
        self.journal.begin(&spec, ports.clock.now_ms()).await?;
        self.drive(&spec.id.clone(), ports, cancel, None).await
    }

    /// Takes a run up again: what is recorded is not done again. One that is done is answered from the journal.
    pub async fn resume(
        &self,
        run: &RunId,
        ports: Arc<Ports>,
        cancel: CancellationToken,
    ) -> Result<RunEnd, Failure> {
        self.drive(run, ports, cancel, None).await
    }

    /// Runs a recorded run again, in a journal of its own: what left the machine and what models said comes from the
    /// recording, the rest is computed. `ports` should open no way out, with [`ReplayedModels`](super::ReplayedModels) as
    /// the provider, and a checkout of this machine. `outside` is what the run may do with other files.
    pub async fn replay(
        &self,
        recording: &Recording,
        outside: Outside,
        ports: Arc<Ports>,
        cancel: CancellationToken,
    ) -> Result<RunEnd, Failure> {
        self.journal.begin(&recording.spec, ports.clock.now_ms()).await?;
        self.drive(&recording.spec.id, ports, cancel, Some(Script::new(recording, outside))).await
    }

    async fn drive(
        &self,
        run: &RunId,
        ports: Arc<Ports>,
        cancel: CancellationToken,
        script: Option<Script>,
    ) -> Result<RunEnd, Failure> {
        let Some(_lock) = self.journal.lock(run)? else {
            return Err(Failure::refused(format!("run {run} is being worked on by another process")));
        };
        let record = self.journal.run(run.as_str()).await?;
        if record.status == RunStatus::Done {
            return Ok(Self::recorded_end(run, record.result.unwrap_or_default()));
        }
        let spec = self.journal.spec(run).await?;
        if spec.machine_version != MACHINE_VERSION {
            return Err(Failure::configuration(format!(
                "run {run} was started with machine version {}; this patchwork runs version {MACHINE_VERSION}",
                spec.machine_version
            ))
            .hint(format!("resume it with patchwork {}", spec.program_version)));
        }
        let now = ports.clock.now_ms();
        let epoch = self.journal.claim(run, now).await?;
        // The first claim of a run is its start.
        let resumed = epoch > 1;
        let cancel = cancel.child_token();
        let (journal, registry, reporters) =
            (self.journal.clone(), self.registry.clone(), self.reporters.clone());
        let session = Arc::new(
            Session::open(journal, registry, ports, spec, epoch, reporters, cancel, resumed, script).await?,
        );
        let name = session.spec.plan.name.clone();
        let begun = if resumed { EventBody::RunResumed } else { EventBody::RunStarted { patchflow: name } };
        session.emit(&NodePath::root(), begun);
        let (status, failure, outputs) = match work(&session).await {
            Ok(outputs) => match session.budget_reached() {
                None => (RunStatus::Done, None, outputs),
                Some(mut failure) => {
                    guard::redact(&mut failure, &session);
                    (RunStatus::Failed, Some(failure), outputs)
                }
            },
            Err((mut failure, outputs)) => {
                // What the machine says of expressions may hold anything that they read.
                guard::redact(&mut failure, &session);
                let interrupted = failure.kind == crate::failure::FailureKind::Interrupted;
                (if interrupted { RunStatus::Interrupted } else { RunStatus::Failed }, Some(failure), outputs)
            }
        };
        session.emit(&NodePath::root(), EventBody::RunFinished { status, failure: failure.clone() });
        let totals = session.totals();
        let tree = session.checkout.tree().await;
        let result = json!({ "outputs": outputs, "failure": failure, "totals": totals, "tree": tree });
        let written = self.journal.finish(run, status, &result, session.ports.clock.now_ms()).await;
        // A journal that can't be written is the failure already when it was seen before.
        if let (Err(error), None) = (written, &failure) {
            return Err(error);
        }
        Ok(RunEnd { id: run.clone(), status, failure, outputs, totals, tree })
    }

    fn recorded_end(run: &RunId, mut result: Value) -> RunEnd {
        let outputs = result.get_mut("outputs").map(Value::take).unwrap_or_default();
        let totals = result.get_mut("totals").map(Value::take).unwrap_or_default();
        let totals = serde_json::from_value(totals).unwrap_or_default();
        let tree = result.get("tree").and_then(Value::as_str).map(str::to_owned);
        RunEnd { id: run.clone(), status: RunStatus::Done, failure: None, outputs, totals, tree }
    }
}

/// Carries out the machine's commands until it has ended.
async fn work(session: &Arc<Session>) -> Result<Value, (Failure, Value)> {
    let mut machine = Machine::new(Arc::new(session.spec.plan.clone()), &session.spec.inputs);
    let mut tasks: JoinSet<(NodePath, Outcome)> = JoinSet::new();
    loop {
        for (node, body) in machine.notices() {
            session.emit(&node, body);
        }
        for command in machine.ready() {
            carry_out(session, command, &mut tasks);
        }
        match machine.finished() {
            Some(Finished::Done(outputs)) => return Ok(outputs.clone()),
            Some(Finished::Failed(failure, outputs)) => return Err((failure.clone(), outputs.clone())),
            None => {}
        }
        let Some(joined) = tasks.join_next().await else {
            return Err((
                Failure::internal("the patchflow waits for something that nobody does"),
                Value::Null,
            ));
        };
        let (path, outcome) = joined
            .map_err(|e| (Failure::internal("a task of the engine ended").caused_by(&e), Value::Null))?;
        // Before the machine hears of it, which might go on from it or call it an end.
        if guard::is_interruption(&outcome) {
            session.cancel.cancel();
        }
        if session.cancel.is_cancelled() {
            // Whatever is under way was told to stop too; what it could still record is recorded.
            while tasks.join_next().await.is_some() {}
            let stopped = || Failure::interrupted("stopped before the end").hint(resume_hint(session));
            return Err((session.fatal().unwrap_or_else(stopped), Value::Null));
        }
        machine.complete(&path, outcome);
    }
}

fn resume_hint(session: &Session) -> String {
    format!("patchwork resume {}", session.spec.id)
}

fn carry_out(session: &Arc<Session>, command: Command, tasks: &mut JoinSet<(NodePath, Outcome)>) {
    let session = session.clone();
    match command {
        Command::Execute { path, uses, input, attempt, attempts, timeout_ms } => {
            let timeout = timeout_ms.map(Duration::from_millis);
            let execution = Execution { path: path.clone(), uses, input, attempt, attempts, timeout };
            tasks.spawn(async move { (path, guard::execute(session, execution).await) });
        }
        Command::Sleep { path, ms } => {
            tasks.spawn(async move {
                // Whatever was waited for, a recording has it.
                let ms = if session.script.is_some() { 0 } else { ms };
                tokio::select! {
                    () = tokio::time::sleep(Duration::from_millis(ms)) => {}
                    () = session.cancel.cancelled() => {}
                }
                (path, Outcome::Slept)
            });
        }
    }
}
