//! A step's context for tests: doors that are closed unless a test opens them, a journal in memory, events collected.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use patchwork_core::event::EventBody;
use patchwork_core::failure::Failure;
use patchwork_core::port::checkout::{
    Base, Checkout, Checkpoint, CommitRequest, Committed, PushRequest, Pushed,
};
use patchwork_core::port::clock::Clock;
use patchwork_core::port::forge::{Forge, ForgeTarget, Forges, Located};
use patchwork_core::port::history::{History, NoHistory};
use patchwork_core::port::process::{Command, Output, ProcessError, Processes};
use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Lost, Measure, Provider, ProviderError, ProviderErrorKind, Route, Target, Watch,
    Worst,
};
use patchwork_core::port::trial::{NoTrials, Trials};
use patchwork_core::prompt::Prompt;
use patchwork_core::run::{NodePath, RunId};
use patchwork_core::secret::{Secret, Secrets};
use patchwork_core::step::{Asked, Call, Context, Effects, Emitter, Memory, Ports, Step, StepError};
use patchwork_core::trace::{self, Trace};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

/// 2026-11-21 05:42:11 UTC: the time in every test.
pub const NOW_MS: i64 = 1_795_239_731_000;

/// Builds contexts. Doors that were not given refuse with words that say so.
///
/// ```ignore
/// let test = TestContext::new().checkout(checkout).secret("github_api_key", "token");
/// let output = test.run(&CreatePR, input).await?;
/// assert_eq!(test.warnings(), [""; 0]);
/// ```
#[derive(Clone)]
pub struct TestContext {
    ports: Ports,
    prompts: BTreeMap<String, Prompt>,
    node: NodePath,
    cancel: CancellationToken,
    /// The journal: keep it over two contexts to see what a resumed run recalls.
    pub memory: Arc<MemoryJournal>,
    /// What was emitted.
    pub events: Arc<Events>,
}

impl Default for TestContext {
    fn default() -> Self {
        Self::new()
    }
}

impl TestContext {
    /// All doors closed, the clock standing at [`NOW_MS`], no prompt, no secret.
    pub fn new() -> Self {
        let closed = Arc::new(Closed);
        let ports = Ports {
            checkout: closed.clone(),
            history: Arc::new(NoHistory),
            processes: closed.clone(),
            trials: Arc::new(NoTrials),
            provider: closed.clone(),
            forges: closed,
            policy: patchwork_core::effect::Policy::default(),
            proposes: false,
            clock: Arc::new(StandingClock),
            secrets: Secrets::new(),
            cache_dir: std::env::temp_dir().join("patchwork-test-cache"),
        };
        Self {
            ports,
            prompts: BTreeMap::new(),
            node: NodePath::root().child("node"),
            cancel: CancellationToken::new(),
            memory: Arc::default(),
            events: Arc::default(),
        }
    }

    /// Opens the worktree.
    #[must_use]
    pub fn checkout(mut self, checkout: Arc<dyn Checkout>) -> Self {
        self.ports.checkout = checkout;
        self
    }

    /// Opens the history.
    #[must_use]
    pub fn history(mut self, history: Arc<dyn History>) -> Self {
        self.ports.history = history;
        self
    }

    /// Opens programs.
    #[must_use]
    pub fn processes(mut self, processes: Arc<dyn Processes>) -> Self {
        self.ports.processes = processes;
        self
    }

    /// Opens trials.
    #[must_use]
    pub fn trials(mut self, trials: Arc<dyn Trials>) -> Self {
        self.ports.trials = trials;
        self
    }

    /// Opens models.
    #[must_use]
    pub fn provider(mut self, provider: Arc<dyn Provider>) -> Self {
        self.ports.provider = provider;
        self
    }

    /// Opens forges.
    #[must_use]
    pub fn forges(mut self, forges: Arc<dyn Forges>) -> Self {
        self.ports.forges = forges;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.ports.clock = clock;
        self
    }

    /// Sets the folder below which steps keep things between runs.
    #[must_use]
    pub fn cache_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.ports.cache_dir = folder.into();
        self
    }

    /// Gives a secret by its option name.
    #[must_use]
    pub fn secret(self, name: &str, value: &str) -> Self {
        self.ports.secrets.insert(name, Secret::new(value));
        self
    }

    /// Gives a prompt.
    #[must_use]
    pub fn prompt(mut self, prompt: Prompt) -> Self {
        self.prompts.insert(prompt.id.clone(), prompt);
        self
    }

    /// Sets the place of the node.
    #[must_use]
    pub fn node(mut self, node: NodePath) -> Self {
        self.node = node;
        self
    }

    /// The token that cancels what runs in these contexts.
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// A context for a step of this name with these effects.
    pub fn context(&self, step: &'static str, effects: Effects) -> Context {
        Context::new(
            run_id(),
            NOW_MS,
            self.node.clone(),
            step,
            effects,
            Arc::new(self.ports.clone()),
            Arc::new(self.prompts.clone()),
            self.cancel.clone(),
            self.events.clone(),
            self.memory.clone(),
        )
    }

    /// A context as `step` would get it.
    pub fn context_for<S: Step>(&self, _step: &S) -> Context {
        self.context(S::ID, S::EFFECTS)
    }

    /// Runs a step on typed input.
    pub async fn run<S: Step>(&self, step: &S, input: S::Input) -> Result<S::Output, StepError> {
        step.run(&self.context_for(step), input).await
    }

    /// Runs a step on JSON, through its erased form as an engine does; answers its output and why it skipped.
    pub async fn run_json<S: Step>(
        &self,
        step: S,
        input: Value,
    ) -> Result<(Value, Option<String>), StepError> {
        let ctx = self.context_for(&step);
        let output = patchwork_core::step::erase(step).run_json(&ctx, input).await?;
        Ok((output, ctx.skip_reason()))
    }

    /// The warnings so far.
    pub fn warnings(&self) -> Vec<String> {
        self.events
            .all()
            .into_iter()
            .filter_map(|body| match body {
                EventBody::Warning { message } => Some(message),
                _ => None,
            })
            .collect()
    }

    /// The notes so far.
    pub fn notes(&self) -> Vec<String> {
        self.events
            .all()
            .into_iter()
            .filter_map(|body| match body {
                EventBody::Note { message } => Some(message),
                _ => None,
            })
            .collect()
    }
}

/// The run of every test.
pub fn run_id() -> RunId {
    RunId::parse("20261121-054211-7f3a9c").unwrap_or_else(|| RunId::generate(NOW_MS))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Collects events.
#[derive(Debug, Default)]
pub struct Events(Mutex<Vec<(NodePath, EventBody)>>);

impl Events {
    /// All so far, in order.
    pub fn all(&self) -> Vec<EventBody> {
        lock(&self.0).iter().map(|(_, body)| body.clone()).collect()
    }
}

impl Emitter for Events {
    fn emit(&self, node: &NodePath, body: EventBody) {
        lock(&self.0).push((node.clone(), body));
    }
}

/// A journal in memory.
#[derive(Debug, Default)]
pub struct MemoryJournal(Mutex<BTreeMap<String, Value>>);

impl MemoryJournal {
    /// What was recorded, by key.
    pub fn entries(&self) -> BTreeMap<String, Value> {
        lock(&self.0).clone()
    }
}

#[async_trait]
impl Memory for MemoryJournal {
    async fn recall(&self, key: &str) -> Result<Option<Value>, Failure> {
        Ok(lock(&self.0).get(key).cloned())
    }

    async fn record(&self, key: &str, value: &Value) -> Result<(), Failure> {
        lock(&self.0).insert(key.to_owned(), value.clone());
        Ok(())
    }

    async fn traces(&self) -> Result<Vec<Trace>, Failure> {
        let held = lock(&self.0);
        let traces = held.iter().filter(|(key, _)| key.contains(trace::MARK));
        traces
            .map(|(_, value)| serde_json::from_value(value.clone()))
            .collect::<Result<_, _>>()
            .map_err(|error| Failure::internal(error.to_string()))
    }

    async fn reserve(&self, _call: &Call, _worst: Worst) -> Result<(), ProviderError> {
        Ok(())
    }

    fn lost(&self, _call: &Call, _lost: Lost) {}

    fn failed(&self, _call: &Call, _asked: &Asked, _error: &ProviderError) {}

    async fn answered(&self, call: &Call, _asked: &Asked, answer: &ChatAnswer) -> Result<(), Failure> {
        let value = serde_json::to_value(answer).map_err(|error| Failure::internal(error.to_string()))?;
        self.record(&call.key, &value).await
    }
}

/// A clock that stands at [`NOW_MS`].
#[derive(Debug, Clone, Copy, Default)]
pub struct StandingClock;

impl Clock for StandingClock {
    fn now_ms(&self) -> i64 {
        NOW_MS
    }
}

/// Every door, closed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Closed;

fn closed<T>(what: &str) -> Result<T, Failure> {
    Err(Failure::internal(format!("this test opened no {what}")))
}

#[async_trait]
impl Checkout for Closed {
    fn root(&self) -> &Path {
        Path::new("/no-checkout-in-this-test")
    }

    fn base(&self) -> &Base {
        static BASE: std::sync::OnceLock<Base> = std::sync::OnceLock::new();
        BASE.get_or_init(|| Base {
            repository: "/no-checkout-in-this-test".into(),
            commit: "0".repeat(40),
            branch: None,
        })
    }

    fn resolve(&self, _path: &str) -> Result<String, Failure> {
        closed("checkout")
    }

    async fn base_files(&self, _folder: &str, _max_bytes: u64) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        closed("checkout")
    }

    async fn base_file(&self, _path: &str) -> Result<Option<Vec<u8>>, Failure> {
        closed("checkout")
    }

    async fn checkpoint(&self) -> Result<Checkpoint, Failure> {
        closed("checkout")
    }

    async fn restore(&self, _checkpoint: &Checkpoint) -> Result<(), Failure> {
        closed("checkout")
    }

    async fn diff(&self) -> Result<String, Failure> {
        closed("checkout")
    }

    async fn check_branch(&self, _branch: &str, _force: bool) -> Result<Option<String>, Failure> {
        closed("checkout")
    }

    async fn commit(&self, _request: &CommitRequest) -> Result<Committed, Failure> {
        closed("checkout")
    }

    async fn remote_url(&self, _remote: &str) -> Result<Option<String>, Failure> {
        closed("checkout")
    }

    async fn check_push(&self, _request: &PushRequest) -> Result<Option<String>, Failure> {
        closed("checkout")
    }

    async fn push(&self, _request: &PushRequest, _seen: Option<&str>) -> Result<Pushed, Failure> {
        closed("checkout")
    }
}

#[async_trait]
impl Processes for Closed {
    async fn run(&self, command: Command, _cancel: &CancellationToken) -> Result<Output, ProcessError> {
        Err(ProcessError::NotFound { program: command.program })
    }

    fn find(&self, _program: &str) -> Option<PathBuf> {
        None
    }
}

fn no_model() -> ProviderError {
    ProviderError {
        kind: ProviderErrorKind::NotConfigured,
        message: "this test opened no provider".into(),
        status: None,
        retry_after: None,
        hint: None,
    }
}

#[async_trait]
impl Provider for Closed {
    async fn route(&self, _target: &Target) -> Result<Route, ProviderError> {
        Err(no_model())
    }

    fn measure(&self, _route: &Route, _request: &ChatRequest) -> Measure {
        Measure::default()
    }

    fn price(
        &self,
        _route: &Route,
        _usage: patchwork_core::usage::Usage,
    ) -> Option<patchwork_core::usage::MicroUsd> {
        None
    }

    async fn chat(
        &self,
        _target: &Target,
        _request: &ChatRequest,
        _watch: &dyn Watch,
        _cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        Err(no_model())
    }
}

impl Forges for Closed {
    fn connect(&self, _target: &ForgeTarget) -> Result<Arc<dyn Forge>, Failure> {
        closed("forge")
    }

    fn locate(&self, _url: &str, _target: &ForgeTarget) -> Result<Located, Failure> {
        closed("forge")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn doors_open_one_by_one_and_once_is_remembered() {
        let test = TestContext::new().secret("github_api_key", "ghp_0123456789");
        let ctx = test.context("Probe", Effects::READS_CHECKOUT);
        assert!(ctx.forges().is_err(), "not declared");
        let failure = ctx.checkout().unwrap().diff().await.unwrap_err();
        assert_eq!(failure.message, "this test opened no checkout");
        for round in 0..2 {
            let value: i32 = ctx.once("answer", &"question", async move { Ok(round) }).await.unwrap();
            assert_eq!(value, 0);
        }
        assert_eq!(test.memory.entries().len(), 1);
        ctx.warn("the token ghp_0123456789 is old");
        assert_eq!(test.warnings(), ["the token *** is old"]);
    }
}
