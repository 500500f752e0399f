//! The guard around every step body: a recorded outcome is answered without running anything; otherwise the body runs in
//! a task of its own with its deadline, a panic is caught, and the outcome is in the journal before it is told.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::replay::Script;
use super::session::Session;
use crate::event::EventBody;
use crate::failure::{Failure, FailureKind};
use crate::machine::Outcome;
use crate::port::checkout::Checkpoint;
use crate::run::NodePath;
use crate::step::{Context, Effects, Emitter, ErasedStep, StepError};

/// How long a step that was told to stop may take to do so.
const GRACE: Duration = Duration::from_secs(10);

/// What the journal keeps of a node: read back as it is, written from what is borrowed, since outcomes may be large.
#[derive(Serialize, Deserialize)]
struct Recorded<O> {
    outcome: O,
    /// The state of the checkout afterwards, when the step may have changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    checkpoint: Option<Checkpoint>,
}

/// One execution that the machine asked for.
pub(super) struct Execution {
    pub(super) path: NodePath,
    pub(super) uses: String,
    pub(super) input: Value,
    pub(super) attempt: u32,
    pub(super) attempts: u32,
    pub(super) timeout: Option<Duration>,
}

pub(super) async fn execute(session: Arc<Session>, execution: Execution) -> Outcome {
    match guarded(&session, execution).await {
        Ok(outcome) => outcome,
        Err(failure) => Outcome::Failed { failure, retryable: false },
    }
}

async fn guarded(session: &Arc<Session>, execution: Execution) -> Result<Outcome, Failure> {
    let Execution { path, uses, .. } = &execution;
    let step = session.registry.step(uses).cloned().ok_or_else(|| {
        Failure::configuration(format!("{path}: this patchwork has no step `{uses}`"))
            .hint("resume with the version that started the run")
    })?;
    let effects = step.effects();
    let key = key(&execution)?;
    // What has no effect is computed again: cheaper than a record.
    if !effects.is_empty()
        && let Some(stored) = session.recorded(&key).await?
    {
        let recorded: Recorded<Outcome> = serde_json::from_value(stored.value).map_err(|e| {
            Failure::internal(format!("the journal's outcome of {path} can't be read")).caused_by(&e)
        })?;
        if let Some(checkpoint) = recorded.checkpoint {
            session.checkout.recalled(stored.seq, checkpoint).await;
        }
        let uses = uses.clone();
        session.emit(path, EventBody::NodeCompleted { uses, recorded: true });
        return Ok(recorded.outcome);
    }
    if let Some(script) = session.script.as_ref().filter(|_| Script::speaks_for(effects)) {
        let Some(recorded) = script.outcome(&key) else {
            if let Some(failure) = script.failure(path) {
                return Ok(failed_as_recorded(session, path, uses, failure));
            }
            return Err(Failure::failed(format!(
                "the recording holds no outcome of {path} for this input: something before it went another way"
            )));
        };
        let recorded: Recorded<Outcome> = serde_json::from_value(recorded.clone()).map_err(|e| {
            Failure::usage(format!("the recorded outcome of {path} can't be read")).caused_by(&e)
        })?;
        session.emit(path, EventBody::NodeCompleted { uses: uses.clone(), recorded: true });
        return Ok(recorded.outcome);
    }
    session.emit(path, EventBody::NodeStarted { uses: uses.clone(), attempt: execution.attempt });
    let (path, uses) = (execution.path.clone(), execution.uses.clone());
    let last_attempt = execution.attempt >= execution.attempts;
    let checkout = &*session.ports.checkout;
    let then =
        session.script.as_ref().filter(|_| Script::goes_outside(effects)).and_then(|s| s.failure(&path));
    let (outcome, checkpoint) = if effects.contains(Effects::WRITES_CHECKOUT) {
        let mut state = session.checkout.write(checkout).await?;
        let outcome = run(session, step, execution).await;
        if matches!(outcome, Outcome::Failed { .. }) {
            state.spoiled();
            (outcome, None)
        } else {
            let checkpoint = checkout.checkpoint().await.inspect_err(|_| state.spoiled())?;
            state.written(checkpoint.clone());
            (outcome, Some(checkpoint))
        }
    } else if effects.contains(Effects::READS_CHECKOUT) || effects.contains(Effects::RUNS_COMMANDS) {
        let _state = session.checkout.read(checkout).await?;
        (run(session, step, execution).await, None)
    } else {
        (run(session, step, execution).await, None)
    };
    if let (Outcome::Failed { .. }, Some(failure)) = (&outcome, then) {
        return Ok(failed_as_recorded(session, &path, &uses, failure));
    }
    // What the budget cut short is worth another look when there is more: its answers are in the journal.
    let whole = !matches!(outcome, Outcome::Failed { .. }) && !session.cut_short(&path);
    if !effects.is_empty() && whole {
        session.keep(&key, &Recorded { outcome: &outcome, checkpoint }).await?;
    }
    session.emit(&path, event_of(uses, &outcome, last_attempt));
    Ok(outcome)
}

/// The failure of a node as it was when it was recorded: the programs and servers behind it are not there now.
fn failed_as_recorded(session: &Session, path: &NodePath, uses: &str, failure: &Failure) -> Outcome {
    let outcome = Outcome::Failed { failure: failure.clone(), retryable: false };
    session.emit(path, event_of(uses.to_owned(), &outcome, true));
    outcome
}

/// The key of an outcome: the node and a digest of what it was asked to do.
fn key(execution: &Execution) -> Result<String, Failure> {
    let digest = super::digest(&(&execution.uses, &execution.input)).map_err(StepError::into_failure)?;
    Ok(format!("{}/{digest}", execution.path))
}

fn event_of(uses: String, outcome: &Outcome, last_attempt: bool) -> EventBody {
    match outcome {
        Outcome::Completed { .. } | Outcome::Slept => EventBody::NodeCompleted { uses, recorded: false },
        Outcome::Skipped { reason, .. } => EventBody::NodeSkipped { uses, reason: reason.clone() },
        Outcome::Failed { failure, retryable } => {
            EventBody::NodeFailed { uses, failure: failure.clone(), will_retry: *retryable && !last_attempt }
        }
    }
}

async fn run(session: &Arc<Session>, step: Arc<dyn ErasedStep>, execution: Execution) -> Outcome {
    let cancel = session.cancel.child_token();
    if cancel.is_cancelled() {
        // The run was stopped while this step waited for the checkout.
        return Outcome::Failed { failure: StepError::cancelled().into_failure(), retryable: false };
    }
    let context = Context::new(
        session.spec.id.clone(),
        session.spec.created_ms,
        execution.path.clone(),
        step.id(),
        step.effects(),
        session.ports.clone(),
        session.prompts.clone(),
        cancel.clone(),
        session.clone(),
        session.clone(),
    );
    let in_body = context.clone();
    let input = execution.input;
    let body = tokio::spawn(async move { step.run_json(&in_body, input).await });
    let result = supervise(body, &cancel, execution.timeout, &execution.uses).await;
    match result {
        Ok(mut output) => {
            // The run goes on with what the journal will hold. Placeholders are never written into a file, so that what was
            // masked here can't become a change of the user's code.
            context.mask_value(&mut output);
            match context.skip_reason() {
                Some(reason) => Outcome::Skipped { reason: session.ports.secrets.redact(&reason), output },
                None => Outcome::Completed { output },
            }
        }
        Err(error) => {
            let retryable = error.retryable();
            let mut failure = error.into_failure();
            redact(&mut failure, session);
            Outcome::Failed { failure, retryable }
        }
    }
}

/// Waits for a body, but not longer than its deadline, and not much longer than it was told to stop.
async fn supervise(
    mut body: JoinHandle<Result<Value, StepError>>,
    cancel: &CancellationToken,
    timeout: Option<Duration>,
    uses: &str,
) -> Result<Value, StepError> {
    let deadline = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    let late = tokio::select! {
        ended = &mut body => return unwrap(ended, uses),
        () = deadline => true,
        () = cancel.cancelled() => false,
    };
    cancel.cancel();
    let ended = match tokio::time::timeout(GRACE, &mut body).await {
        Ok(ended) => Some(ended),
        Err(_) => {
            body.abort();
            // Until it has really ended it may still write: whoever has the checkout next should not see that.
            let _ = tokio::time::timeout(GRACE, &mut body).await;
            None
        }
    };
    if late {
        // Work that was finished all the same is not thrown away.
        if let Some(Ok(Ok(output))) = ended {
            return Ok(output);
        }
        let limit = timeout.unwrap_or_default();
        let failure = Failure::unavailable(format!("{uses} did not end within {limit:?}"))
            .hint("raise `timeout` of the node, or give it less to do");
        return Err(StepError::Temporary(failure));
    }
    match ended {
        Some(ended) => unwrap(ended, uses),
        None => Err(StepError::cancelled()),
    }
}

fn unwrap(
    ended: Result<Result<Value, StepError>, tokio::task::JoinError>,
    uses: &str,
) -> Result<Value, StepError> {
    match ended {
        Ok(result) => result,
        Err(error) if error.is_panic() => {
            let text = message_of(&*error.into_panic());
            Err(StepError::Failed(Failure::internal(format!("{uses} panicked: {text}"))))
        }
        Err(_) => Err(StepError::cancelled()),
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    text.unwrap_or_else(|| "no message".to_owned())
}

pub(super) fn redact(failure: &mut Failure, session: &Session) {
    let secrets = &session.ports.secrets;
    failure.message = secrets.redact(&failure.message);
    for text in failure.causes.iter_mut().chain(&mut failure.hints) {
        *text = secrets.redact(text);
    }
}

/// Whether a failure only says that the run was told to stop.
pub(super) fn is_interruption(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Failed { failure, .. } if failure.kind == FailureKind::Interrupted)
}
