//! A step's only way to the world.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::{Asked, Call, Effects, StepError};
use crate::budget::Limits;
use crate::effect::Policy;
use crate::event::EventBody;
use crate::failure::Failure;
use crate::port::checkout::Checkout;
use crate::port::clock::Clock;
use crate::port::forge::Forges;
use crate::port::forge::mark::Mark;
use crate::port::history::History;
use crate::port::process::Processes;
use crate::port::provider::{ChatAnswer, Lost, Provider, ProviderError, Worst};
use crate::port::trial::Trials;
use crate::prompt::Prompt;
use crate::run::{NodePath, RunId};
use crate::secret::{Secret, SecretRef, Secrets};
use crate::trace::{self, Trace};

/// The doors that a run may use.
#[derive(Clone)]
pub struct Ports {
    /// The worktree.
    pub checkout: Arc<dyn Checkout>,
    /// Commits.
    pub history: Arc<dyn History>,
    /// Programs.
    pub processes: Arc<dyn Processes>,
    /// Throw-away copies of the worktree, and programs in them.
    pub trials: Arc<dyn Trials>,
    /// Models.
    pub provider: Arc<dyn Provider>,
    /// Forges.
    pub forges: Arc<dyn Forges>,
    /// Which effects on forges the run may have.
    pub policy: Policy,
    /// Whether effects on forges are only written down, to be carried out later.
    pub proposes: bool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Secrets, by option name.
    pub secrets: Secrets,
    /// Folders a step may keep things in between runs (`cache_dir/semgrep`).
    pub cache_dir: std::path::PathBuf,
}

/// Takes the events of a node.
pub trait Emitter: Send + Sync {
    /// Puts an event into the run's stream.
    fn emit(&self, node: &NodePath, body: EventBody);
}

/// What a run may do with files that are neither in its checkout nor its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Outside {
    /// What options say.
    #[default]
    Open,
    /// Read them: one of the user's own runs is replayed.
    Readable,
    /// Nothing: the run comes from elsewhere, and what it names is not its to read.
    Closed,
}

/// The journal, as far as a step's own effects go.
#[async_trait]
pub trait Memory: Send + Sync {
    /// The result recorded under this key in this run.
    async fn recall(&self, key: &str) -> Result<Option<Value>, Failure>;
    /// Records a result; returns when it will survive the process.
    async fn record(&self, key: &str, value: &Value) -> Result<(), Failure>;

    /// What this run has left so far, in no order.
    async fn traces(&self) -> Result<Vec<Trace>, Failure> {
        Ok(Vec::new())
    }

    /// The name of the run's patchflow; empty where there is none.
    fn patchflow(&self) -> &str {
        ""
    }

    /// Waits until nobody else is at work under a key of this run, and keeps others from it as long as the guard is held.
    async fn alone(&self, _key: &str) -> OwnedMutexGuard<()> {
        Arc::<tokio::sync::Mutex<()>>::default().lock_owned().await
    }

    /// Sets the worst case of a try aside, within the limits of the run and of the call's node; see
    /// [`Watch::reserve`](crate::port::provider::Watch::reserve).
    async fn reserve(&self, call: &Call, worst: Worst) -> Result<(), ProviderError>;

    /// What the calls of the whole run may take.
    fn limits(&self) -> Limits {
        Limits::default()
    }

    /// What the run may do with files outside of its checkout.
    fn outside(&self) -> Outside {
        Outside::Open
    }

    /// Whether money or tokens are limited for a call; see [`Watch::bounded`](crate::port::provider::Watch::bounded).
    fn bounded(&self, call: &Call) -> bool {
        call.limits.bounded()
    }

    /// Settles a try that brought no answer, if one is under way.
    fn lost(&self, call: &Call, lost: Lost);

    /// Records that a call failed for good, and why: for a replay. It is asked again when the run is resumed.
    fn failed(&self, call: &Call, asked: &Asked, error: &ProviderError);

    /// Records an answer under the call's key, with what was asked, and settles its try, all at once; returns when it
    /// will survive the process.
    async fn answered(&self, call: &Call, asked: &Asked, answer: &ChatAnswer) -> Result<(), Failure>;
}

/// What a step sees of its run. Each door opens only to a step that declared the effect.
#[derive(Clone)]
pub struct Context {
    pub(crate) run: RunId,
    pub(crate) run_started_ms: i64,
    pub(crate) node: NodePath,
    pub(crate) step: &'static str,
    pub(crate) effects: Effects,
    pub(crate) ports: Arc<Ports>,
    pub(crate) prompts: Arc<BTreeMap<String, Prompt>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) emitter: Arc<dyn Emitter>,
    pub(crate) memory: Arc<dyn Memory>,
    pub(crate) skipped: Arc<Mutex<Option<String>>>,
    /// Whether the user was told that a prompt held secrets.
    pub(crate) masked: Arc<AtomicBool>,
}

impl Context {
    /// A context for one node; for engines and tests of single steps.
    #[expect(clippy::too_many_arguments, reason = "only engines build contexts, and they have all of these")]
    pub fn new(
        run: RunId,
        run_started_ms: i64,
        node: NodePath,
        step: &'static str,
        effects: Effects,
        ports: Arc<Ports>,
        prompts: Arc<BTreeMap<String, Prompt>>,
        cancel: CancellationToken,
        emitter: Arc<dyn Emitter>,
        memory: Arc<dyn Memory>,
    ) -> Self {
        let (skipped, masked) = (Arc::default(), Arc::default());
        Self {
            run,
            run_started_ms,
            node,
            step,
            effects,
            ports,
            prompts,
            cancel,
            emitter,
            memory,
            skipped,
            masked,
        }
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// When the run began, milliseconds since 1970: the date of what it makes, the same after a resume.
    pub fn run_started_ms(&self) -> i64 {
        self.run_started_ms
    }

    /// The node.
    pub fn node(&self) -> &NodePath {
        &self.node
    }

    /// What the model calls of the whole run may take.
    pub fn limits(&self) -> Limits {
        self.memory.limits()
    }

    /// Set when the step should end at once.
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// The worktree. Needs a checkout effect, or writing to a forge.
    pub fn checkout(&self) -> Result<&dyn Checkout, StepError> {
        let any = [Effects::READS_CHECKOUT, Effects::WRITES_CHECKOUT, Effects::WRITES_FORGE];
        self.door(&any, "the checkout")?;
        Ok(&*self.ports.checkout)
    }

    /// The root of the worktree.
    pub fn root(&self) -> Result<&Path, StepError> {
        Ok(self.checkout()?.root())
    }

    /// Commits of the repository and of its remotes. Needs [`Effects::READS_CHECKOUT`].
    pub fn history(&self) -> Result<&dyn History, StepError> {
        self.door(&[Effects::READS_CHECKOUT], "the history")?;
        Ok(&*self.ports.history)
    }

    /// Programs. Needs [`Effects::RUNS_COMMANDS`].
    pub fn processes(&self) -> Result<&dyn Processes, StepError> {
        self.door(&[Effects::RUNS_COMMANDS], "programs")?;
        Ok(&*self.ports.processes)
    }

    /// Throw-away copies of the worktree. Needs [`Effects::RUNS_COMMANDS`].
    pub fn trials(&self) -> Result<&dyn Trials, StepError> {
        self.door(&[Effects::RUNS_COMMANDS], "trials")?;
        Ok(&*self.ports.trials)
    }

    /// Models. Needs [`Effects::CALLS_MODEL`].
    pub fn provider(&self) -> Result<&dyn Provider, StepError> {
        self.door(&[Effects::CALLS_MODEL], "models")?;
        Ok(&*self.ports.provider)
    }

    /// Forges. Needs [`Effects::READS_FORGE`] or [`Effects::WRITES_FORGE`]. What is written goes through
    /// [`Context::carry_out`].
    pub fn forges(&self) -> Result<&dyn Forges, StepError> {
        self.door(&[Effects::READS_FORGE, Effects::WRITES_FORGE], "forges")?;
        Ok(&*self.ports.forges)
    }

    /// The mark by which comments of this patchflow and node are known again in a later run.
    pub fn mark(&self) -> Mark {
        Mark::named(format!("{}/{}", self.memory.patchflow(), self.node))
    }

    /// Which effects on forges the run may have.
    pub fn policy(&self) -> &Policy {
        &self.ports.policy
    }

    /// Whether effects on forges are only written down, to be carried out later by somebody with a token that may write.
    pub fn proposes(&self) -> bool {
        self.ports.proposes
    }

    /// A folder of this name that survives the run; not made yet. Needs [`Effects::RUNS_COMMANDS`].
    pub fn cache_dir(&self, name: &str) -> Result<std::path::PathBuf, StepError> {
        self.door(&[Effects::RUNS_COMMANDS], "the cache folder")?;
        Ok(self.ports.cache_dir.join(name))
    }

    /// The secret behind a reference, if it was given for this process.
    pub fn secret(&self, reference: Option<&SecretRef>) -> Option<Secret> {
        reference.and_then(|r| self.ports.secrets.get(&r.name))
    }

    /// The secret of a well-known option name, if it was given.
    pub fn secret_named(&self, name: &str) -> Option<Secret> {
        self.ports.secrets.get(name)
    }

    /// The option names of the secrets that were given, sorted.
    pub fn secret_names(&self) -> Vec<String> {
        self.ports.secrets.names()
    }

    /// `text` with every secret masked, for people; see [`Secrets::redact`].
    pub fn redact(&self, text: &str) -> String {
        self.ports.secrets.redact(text)
    }

    /// [`Context::redact`] over every string of a JSON value.
    pub fn redact_value(&self, value: &mut Value) {
        self.ports.secrets.redact_value(value);
    }

    /// A prompt of the patchflow by id.
    pub fn prompt(&self, id: &str) -> Option<&Prompt> {
        self.prompts.get(id)
    }

    /// The ids of all prompts of the patchflow.
    pub fn prompt_ids(&self) -> Vec<&str> {
        self.prompts.keys().map(String::as_str).collect()
    }

    /// Says that the step did nothing, and why.
    pub fn skip(&self, reason: impl Into<String>) {
        *self.skipped.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(reason.into());
    }

    /// Why the step did nothing, if it said so.
    pub fn skip_reason(&self) -> Option<String> {
        self.skipped.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    /// Puts an event into the run's stream.
    pub fn emit(&self, body: EventBody) {
        self.emitter.emit(&self.node, body);
    }

    /// Tells the user something that is no failure but must be known.
    pub fn warn(&self, message: impl AsRef<str>) {
        self.emit(EventBody::Warning { message: self.redact(message.as_ref()) });
    }

    /// Tells the user something of interest.
    pub fn note(&self, message: impl AsRef<str>) {
        self.emit(EventBody::Note { message: self.redact(message.as_ref()) });
    }

    /// Does something once per run: when `name` was recorded for this node with the same `input`, the recorded result
    /// is answered and `work` is not called; otherwise `work` runs and its result is in the journal before this
    /// returns. `work` is run in a task of its own, so that a paid answer is recorded even when the step is dropped.
    pub async fn once<T, F>(&self, name: &str, input: &impl Serialize, work: F) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: Future<Output = Result<T, StepError>> + Send + 'static,
    {
        let digest = crate::engine::digest(input)?;
        self.once_under(format!("{}#{name}/{digest}", self.node), work).await
    }

    /// [`Context::once`] for all nodes of the run: the first one to come does the work, others that come meanwhile wait for it.
    pub async fn once_in_run<T, F>(&self, name: &str, input: &impl Serialize, work: F) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: Future<Output = Result<T, StepError>> + Send + 'static,
    {
        let key = format!("{}#{name}/{}", NodePath::root(), crate::engine::digest(input)?);
        let _alone = tokio::select! {
            alone = self.memory.alone(&key) => alone,
            () = self.cancel.cancelled() => return Err(StepError::cancelled()),
        };
        self.once_under(key, work).await
    }

    async fn once_under<T, F>(&self, key: String, work: F) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
        F: Future<Output = Result<T, StepError>> + Send + 'static,
    {
        if let Some(found) = self.recalled(&key).await? {
            return Ok(found);
        }
        let ctx = self.clone();
        let task = tokio::spawn(async move {
            let result = work.await?;
            let mut value = serde_json::to_value(&result)
                .map_err(|e| StepError::internal(format!("a result can't be recorded: {e}")))?;
            let masked = ctx.mask_value(&mut value);
            ctx.memory.record(&key, &value).await?;
            // The step goes on with what it would find in the journal.
            if masked { Self::understood(&key, value) } else { Ok(result) }
        });
        match task.await {
            Ok(result) => result,
            Err(error) => Err(StepError::internal(format!("a task of {} ended: {error}", self.node))),
        }
    }

    /// Records what the step is about to leave outside of the worktree, before it does: for `undo`. Under one name the first
    /// record of a run stays, since that one saw what was there before.
    pub async fn leave(&self, name: &str, trace: &Trace) -> Result<(), StepError> {
        let key = self.trace_key(name);
        if self.memory.recall(&key).await?.is_some() {
            return Ok(());
        }
        let value = serde_json::to_value(trace)
            .map_err(|e| StepError::internal(format!("a trace can't be recorded: {e}")))?;
        Ok(self.memory.record(&key, &value).await?)
    }

    /// Under which key of the journal [`Context::leave`] keeps a trace.
    pub(crate) fn trace_key(&self, name: &str) -> String {
        format!("{}{}{name}", self.node, trace::MARK)
    }

    /// What `read` reads from a file outside of the checkout: as it is now, so that a resumed run sees what the user mended and a
    /// replay shows what changed. It is recorded like [`Context::once`] does, and taken from there when the file is gone, or
    /// not for this run to read.
    pub async fn read_outside<T, F>(
        &self,
        name: &str,
        input: &impl Serialize,
        read: F,
    ) -> Result<T, StepError>
    where
        T: Serialize + DeserializeOwned,
        F: Future<Output = Result<T, StepError>>,
    {
        let key = format!("{}#{name}/{}", self.node, crate::engine::digest(input)?);
        let read = async {
            self.may_read_outside()?;
            read.await
        };
        let now = match read.await {
            Ok(now) => now,
            Err(error) => return self.recalled(&key).await?.ok_or(error),
        };
        let mut value = serde_json::to_value(&now)
            .map_err(|e| StepError::internal(format!("a file can't be recorded: {e}")))?;
        let masked = self.mask_value(&mut value);
        if self.memory.recall(&key).await?.is_none() {
            self.memory.record(&key, &value).await?;
        }
        if masked { Self::understood(&key, value) } else { Ok(now) }
    }

    /// Refused when the run comes from elsewhere: the files of this machine are not its to read.
    pub fn may_read_outside(&self) -> Result<(), StepError> {
        if self.memory.outside() != Outside::Closed {
            return Ok(());
        }
        Err(StepError::Failed(Failure::refused(
            "a recording from elsewhere reads no files of this machine, and does not hold what was in this one",
        )))
    }

    /// Whether the step may write the files outside of the checkout that its options name.
    pub fn may_write_outside(&self) -> bool {
        self.memory.outside() == Outside::Open
    }

    /// What the journal holds under a key.
    pub(super) async fn recalled<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, StepError> {
        let found = self.memory.recall(key).await?;
        found.map(|found| Self::understood(key, found)).transpose()
    }

    fn understood<T: DeserializeOwned>(key: &str, value: Value) -> Result<T, StepError> {
        serde_json::from_value(value).map_err(|error| {
            StepError::internal(format!("the journal holds something else under {key}: {error}"))
        })
    }

    pub(crate) fn door(&self, any: &[Effects], what: &str) -> Result<(), StepError> {
        if any.iter().any(|effect| self.effects.contains(*effect)) {
            return Ok(());
        }
        let need: Vec<_> = any.iter().map(|e| format!("\"{e}\"")).collect();
        Err(StepError::Failed(Failure::refused(format!(
            "{} reaches for {what} without declaring {}",
            self.step,
            need.join(" or ")
        ))))
    }
}
