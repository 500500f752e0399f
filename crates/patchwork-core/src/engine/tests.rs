use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::{Embedded, RunEnd};
use crate::effect::Policy;
use crate::event::{Event, EventBody, Reporter};
use crate::failure::{Failure, FailureKind};
use crate::journal::{AfterRecord, Journal, JournalOptions, RunSpec};
use crate::machine::MACHINE_VERSION;
use crate::patchflow::plan::{Binding, Node, NodeKind, Plan, Retry};
use crate::port::checkout::{Base, Checkout, Checkpoint, CommitRequest, Committed, PushRequest, Pushed};
use crate::port::clock::Clock;
use crate::port::forge::{Forge, ForgeTarget, Forges, Located};
use crate::port::process::{Command, Output, ProcessError, Processes};
use crate::port::provider::{
    ChatAnswer, ChatRequest, Measure, Provider, ProviderError, ProviderErrorKind, Route, Target, Watch,
};
use crate::registry::Registry;
use crate::run::{RunId, RunStatus};
use crate::secret::{Secret, Secrets};
use crate::step::{Context, Effects, Ports, Step, StepError, erase};
use crate::template::Template;

/// A checkout of one text, so that tests see when it is brought back.
struct TextCheckout {
    base: Base,
    text: Mutex<String>,
    restored: Mutex<Vec<String>>,
}

#[async_trait]
impl Checkout for TextCheckout {
    fn root(&self) -> &Path {
        &self.base.repository
    }
    fn base(&self) -> &Base {
        &self.base
    }
    fn resolve(&self, path: &str) -> Result<String, Failure> {
        Ok(path.to_owned())
    }
    async fn base_files(&self, _: &str, _: u64) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        Ok(Vec::new())
    }
    async fn base_file(&self, _: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(None)
    }
    async fn checkpoint(&self) -> Result<Checkpoint, Failure> {
        Ok(Checkpoint { commit: "c".into(), tree: self.text.lock().unwrap().clone() })
    }
    async fn restore(&self, checkpoint: &Checkpoint) -> Result<(), Failure> {
        self.restored.lock().unwrap().push(checkpoint.tree.clone());
        *self.text.lock().unwrap() = checkpoint.tree.clone();
        Ok(())
    }
    async fn diff(&self) -> Result<String, Failure> {
        Ok(String::new())
    }
    async fn check_branch(&self, _: &str, _: bool) -> Result<Option<String>, Failure> {
        Ok(None)
    }
    async fn commit(&self, _: &CommitRequest) -> Result<Committed, Failure> {
        Err(Failure::internal("not in these tests"))
    }
    async fn remote_url(&self, _: &str) -> Result<Option<String>, Failure> {
        Ok(None)
    }
    async fn check_push(&self, _: &PushRequest) -> Result<Option<String>, Failure> {
        Ok(None)
    }
    async fn push(&self, _: &PushRequest, _: Option<&str>) -> Result<Pushed, Failure> {
        Err(Failure::internal("not in these tests"))
    }
}

struct Nothing;

#[async_trait]
impl Processes for Nothing {
    async fn run(&self, command: Command, _: &CancellationToken) -> Result<Output, ProcessError> {
        Err(ProcessError::NotFound { program: command.program })
    }
    fn find(&self, _: &str) -> Option<PathBuf> {
        None
    }
}

#[async_trait]
impl Provider for Nothing {
    async fn route(&self, _: &Target) -> Result<Route, ProviderError> {
        Err(no_model())
    }
    fn measure(&self, _: &Route, _: &ChatRequest) -> Measure {
        Measure::default()
    }
    fn price(&self, _: &Route, _: crate::usage::Usage) -> Option<crate::usage::MicroUsd> {
        None
    }
    async fn chat(
        &self,
        _: &Target,
        _: &ChatRequest,
        _: &dyn Watch,
        _: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        Err(no_model())
    }
}

fn no_model() -> ProviderError {
    ProviderError {
        kind: ProviderErrorKind::NotConfigured,
        message: "no model".into(),
        status: None,
        retry_after: None,
        hint: None,
    }
}

impl Forges for Nothing {
    fn connect(&self, _: &ForgeTarget) -> Result<Arc<dyn Forge>, Failure> {
        Err(Failure::configuration("no forge"))
    }

    fn locate(&self, _: &str, _: &ForgeTarget) -> Result<Located, Failure> {
        Err(Failure::configuration("no forge"))
    }
}

impl Clock for Nothing {
    fn now_ms(&self) -> i64 {
        1_000
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

#[derive(Serialize, JsonSchema)]
struct Said {
    said: String,
}

/// Something paid: counts how often it is done.
struct Paid(Arc<AtomicU32>);

#[async_trait]
impl Step for Paid {
    type Input = Text;
    type Output = Said;
    const ID: &'static str = "Paid";
    const EFFECTS: Effects = Effects::NETWORK;
    async fn run(&self, ctx: &Context, input: Text) -> Result<Said, StepError> {
        if input.text == "hold" {
            ctx.cancel().cancelled().await;
            return Err(StepError::cancelled());
        }
        if input.text == "stop" {
            return Err(StepError::cancelled());
        }
        if input.text == "late" {
            ctx.cancel().cancelled().await;
        }
        if input.text == "panic" {
            panic!("a bug");
        }
        let (count, text) = (self.0.clone(), input.text.clone());
        let said = ctx
            .once("call", &input.text, async move {
                count.fetch_add(1, Ordering::SeqCst);
                Ok(format!("paid {text}"))
            })
            .await?;
        Ok(Said { said })
    }
}

/// Appends to the checkout's text; fails after having written when told to.
struct Append(Arc<TextCheckout>);

#[async_trait]
impl Step for Append {
    type Input = Text;
    type Output = Said;
    const ID: &'static str = "Append";
    const EFFECTS: Effects = Effects::WRITES_CHECKOUT;
    async fn run(&self, _: &Context, input: Text) -> Result<Said, StepError> {
        let mut text = self.0.text.lock().unwrap();
        text.push_str(&input.text);
        if input.text == "bad" {
            return Err(StepError::failed("bad"));
        }
        Ok(Said { said: text.clone() })
    }
}

struct Log(Mutex<Vec<Event>>);

impl Reporter for Log {
    fn event(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

/// A state folder, a checkout and a counter that outlive "processes".
struct World {
    dir: tempfile::TempDir,
    checkout: Arc<TextCheckout>,
    paid: Arc<AtomicU32>,
    secrets: Secrets,
    log: Arc<Log>,
}

impl World {
    fn new() -> Self {
        let base = Base { repository: PathBuf::from("/r"), commit: "c".into(), branch: None };
        let text = Mutex::new("c^{tree}".into());
        let checkout = TextCheckout { base, text, restored: Mutex::default() };
        Self {
            dir: tempfile::tempdir().unwrap(),
            checkout: Arc::new(checkout),
            paid: Arc::default(),
            secrets: Secrets::new(),
            log: Arc::new(Log(Mutex::default())),
        }
    }

    fn journal(&self, after_record: Option<AfterRecord>) -> Journal {
        let options = JournalOptions { secrets: self.secrets.clone(), after_record, ..Default::default() };
        Journal::open(self.dir.path(), options).unwrap()
    }

    fn engine(&self, journal: Journal) -> (Embedded, Arc<Ports>) {
        let registry = Registry::new()
            .with_steps([erase(Paid(self.paid.clone())), erase(Append(self.checkout.clone()))]);
        let ports = Ports {
            checkout: self.checkout.clone(),
            history: Arc::new(crate::port::history::NoHistory),
            processes: Arc::new(Nothing),
            trials: Arc::new(crate::port::trial::NoTrials),
            provider: Arc::new(Nothing),
            forges: Arc::new(Nothing),
            policy: Policy::default(),
            proposes: false,
            clock: Arc::new(Nothing),
            secrets: self.secrets.clone(),
            cache_dir: PathBuf::from("/nowhere"),
        };
        (Embedded::new(journal, registry, vec![self.log.clone()]), Arc::new(ports))
    }

    fn spec(&self, steps: Vec<Node>) -> RunSpec {
        let plan = Plan {
            name: "Test".into(),
            summary: String::new(),
            inputs: Vec::new(),
            steps,
            finally: Vec::new(),
            outputs: Vec::new(),
            prompts: Default::default(),
        };
        RunSpec {
            id: RunId::parse("run-1").unwrap(),
            plan,
            inputs: Map::new(),
            from_repository: Vec::new(),
            limits: crate::budget::Limits::default(),
            base: self.checkout.base.clone(),
            created_ms: 5,
            machine_version: MACHINE_VERSION,
            proposes: false,
            program_version: "0".into(),
        }
    }

    async fn start(&self, spec: RunSpec) -> RunEnd {
        let (engine, ports) = self.engine(self.journal(None));
        engine.start(spec, ports, CancellationToken::new()).await.unwrap()
    }
}

fn step(id: &str, uses: &str, text: &str) -> Node {
    let text = Binding::With(Template::parse(text).unwrap());
    Node {
        id: id.into(),
        kind: NodeKind::Step { uses: uses.into(), input: vec![("text".into(), text)] },
        condition: None,
        retry: Retry::default(),
        timeout_ms: None,
        continue_on_error: false,
        outputs: Vec::new(),
    }
}

#[tokio::test]
async fn a_run_is_done_once_and_answered_from_the_journal_after() {
    let world = World::new();
    let spec = world.spec(vec![step("a", "Paid", "one"), step("b", "Paid", "${{ steps.a.said }}")]);
    let end = world.start(spec.clone()).await;
    assert_eq!((end.status, &end.outputs), (RunStatus::Done, &json!({"said": "paid paid one"})));
    let again = world.start(spec).await;
    assert_eq!(again.outputs, end.outputs);
    assert_eq!(world.paid.load(Ordering::SeqCst), 2);
    let runs = world.journal(None).runs().await.unwrap();
    assert_eq!(runs.len(), 1);
    assert_eq!(runs[0].status, RunStatus::Done);
}

#[tokio::test]
async fn a_failed_run_is_resumed_behind_what_is_recorded_with_the_files_as_they_were() {
    let world = World::new();
    let steps = vec![step("a", "Paid", "x"), step("w", "Append", "+1"), step("bad", "Append", "bad")];
    let end = world.start(world.spec(steps)).await;
    assert_eq!(end.status, RunStatus::Failed);
    assert_eq!(*world.checkout.text.lock().unwrap(), "c^{tree}+1bad");
    let (engine, ports) = world.engine(world.journal(None));
    let end = engine.resume(&RunId::parse("run-1").unwrap(), ports, CancellationToken::new()).await.unwrap();
    // The failed write was undone before it was tried again.
    assert_eq!(*world.checkout.restored.lock().unwrap(), ["c^{tree}+1"]);
    assert_eq!(end.failure.unwrap().message, "bad");
    assert_eq!(world.paid.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_panic_is_an_internal_failure_of_its_node() {
    let world = World::new();
    let end = world.start(world.spec(vec![step("a", "Paid", "panic")])).await;
    let failure = end.failure.unwrap();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Internal, "Paid panicked: a bug"));
}

#[tokio::test]
async fn cancelling_ends_resumable_and_a_deadline_is_a_failure() {
    let world = World::new();
    let spec = world.spec(vec![step("a", "Paid", "first"), step("b", "Paid", "hold")]);
    let (engine, ports) = world.engine(world.journal(None));
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let log = world.log.clone();
    let watcher = tokio::spawn(async move {
        // Waits for the step that holds, then stops the run.
        while !log.0.lock().unwrap().iter().any(|e| e.node.as_str() == "b") {
            tokio::task::yield_now().await;
        }
        stop.cancel();
    });
    let end = engine.start(spec, ports, cancel).await.unwrap();
    watcher.await.unwrap();
    assert_eq!(end.status, RunStatus::Interrupted);
    assert_eq!(end.failure.unwrap().exit_code(), 130);

    let world = World::new();
    let mut held = step("b", "Paid", "hold");
    held.timeout_ms = Some(20);
    let failure = world.start(world.spec(vec![held])).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Unavailable);

    // What is finished in spite of the deadline counts.
    let world = World::new();
    let mut late = step("a", "Paid", "late");
    late.timeout_ms = Some(20);
    assert_eq!(world.start(world.spec(vec![late])).await.status, RunStatus::Done);
}

#[tokio::test]
async fn a_node_that_was_stopped_is_no_failure_to_go_on_from() {
    let world = World::new();
    let mut stopped = step("a", "Paid", "stop");
    stopped.continue_on_error = true;
    let end = world.start(world.spec(vec![stopped])).await;
    assert_eq!(end.status, RunStatus::Interrupted);
}

#[tokio::test]
async fn two_processes_never_work_on_one_run() {
    let world = World::new();
    let journal = world.journal(None);
    let spec = world.spec(vec![step("a", "Paid", "x")]);
    let _lock = journal.lock(&spec.id).unwrap().unwrap();
    let (engine, ports) = world.engine(world.journal(None));
    let failure = engine.start(spec, ports, CancellationToken::new()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Refused);
}

#[tokio::test]
async fn a_process_that_lost_its_run_writes_nothing_more() {
    let world = World::new();
    let journal = world.journal(None);
    let spec = world.spec(vec![step("a", "Paid", "x")]);
    journal.begin(&spec, 1).await.unwrap();
    let old = journal.claim(&spec.id, 1).await.unwrap();
    let new = journal.claim(&spec.id, 2).await.unwrap();
    let failure = journal.put(&spec.id, old, "k", &json!(1)).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Interrupted);
    assert!(journal.get(&spec.id, "k").await.unwrap().is_none());
    journal.put(&spec.id, new, "k", &json!(2)).await.unwrap();
    assert_eq!(journal.get(&spec.id, "k").await.unwrap().unwrap().value, json!(2));
}

#[tokio::test]
async fn secrets_are_masked_in_everything_that_is_written() {
    let world = World::new();
    world.secrets.insert("openai_api_key", Secret::new("sk-\"quoted\"-secret"));
    world.secrets.insert("github_api_key", Secret::new("ghp_plainsecret"));
    let spec = world.spec(vec![step("a", "Paid", "ghp_plainsecret and sk-\"quoted\"-secret")]);
    world.start(spec).await;
    let mut bytes = std::fs::read(world.dir.path().join("journal.db")).unwrap();
    bytes.extend(std::fs::read(world.dir.path().join("journal.db-wal")).unwrap_or_default());
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains("ghp_plainsecret") && !text.contains("quoted"), "a secret is in the journal");
    assert!(text.contains("PATCHWORK_MASKED_GITHUB_API_KEY and PATCHWORK_MASKED_OPENAI_API_KEY"));
}

#[tokio::test]
async fn events_are_in_order_without_gaps_over_all_processes() {
    let world = World::new();
    let steps = vec![step("a", "Paid", "x"), step("bad", "Append", "bad")];
    world.start(world.spec(steps)).await;
    let (engine, ports) = world.engine(world.journal(None));
    let id = RunId::parse("run-1").unwrap();
    engine.resume(&id, ports, CancellationToken::new()).await.unwrap();
    let events = world.journal(None).events(&id).await.unwrap();
    let seqs: Vec<u64> = events.iter().map(|e| e.seq).collect();
    assert_eq!(seqs, (1..=seqs.len() as u64).collect::<Vec<_>>());
    assert!(events.iter().any(|e| matches!(&e.body, EventBody::NodeCompleted { recorded: true, .. })));
    assert!(matches!(events.last().unwrap().body, EventBody::RunFinished { status: RunStatus::Failed, .. }));
    assert_eq!(events.len(), world.log.0.lock().unwrap().len());
}

#[tokio::test]
async fn large_outcomes_come_back_whole() {
    let world = World::new();
    let big = "x".repeat(200_000);
    let spec = world.spec(vec![step("a", "Paid", &big), step("bad", "Append", "bad")]);
    world.start(spec).await;
    let journal = world.journal(None);
    let id = RunId::parse("run-1").unwrap();
    let keys = journal.keys(&id).await.unwrap();
    // The call and the node: the same text, stored once each.
    assert_eq!(keys.len(), 2);
    let stored = journal.get(&id, &keys[0].0).await.unwrap().unwrap();
    assert_eq!(stored.value, Value::String(format!("paid {big}")));
}
