//! The processes that work on a run: each with a runtime, a journal, an engine and connections of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use patchwork_core::budget::{Amount, Limits};
use patchwork_core::engine::{Embedded, RunEnd};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::journal::{AfterRecord, Journal, JournalOptions, RunSpec};
use patchwork_core::machine::MACHINE_VERSION;
use patchwork_core::patchflow::check::{NoFiles, load};
use patchwork_core::patchflow::plan::Plan;
use patchwork_core::port::checkout::{
    Base, Checkout, Checkpoint, CommitRequest, Committed, PushRequest, Pushed,
};
use patchwork_core::port::provider::{
    ChatAnswer, ChatRequest, Measure, Provider, ProviderError, ProviderErrorKind, Route, Target, Watch,
};
use patchwork_core::run::{RunId, RunStatus};
use patchwork_core::secret::Secrets;
use patchwork_core::step::Ports;
use patchwork_core::usage::{MicroUsd, Usage};
use patchwork_remote::llm::{Models, ModelsSettings, RetryPolicy};
use patchwork_testkit::context::{Closed, StandingClock, run_id};
use serde_json::{Map, Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_util::sync::CancellationToken;

use super::case::{Case, Death, Life};
use super::vendor::{PROMPT, Vendor};

/// Longer than any life takes: whoever waits so long waits for something that never comes.
const FOREVER: Duration = Duration::from_mins(2);

/// What becomes of a process.
pub(crate) enum Happened {
    /// It worked to the end.
    Ended(Box<Result<RunEnd, Failure>>),
    /// It died.
    Died,
}

/// What the journal says between two processes.
#[derive(Default)]
struct Recorded {
    spent: Amount,
    /// Prompts with an answer.
    answered: BTreeSet<usize>,
}

pub(crate) struct World {
    case: Case,
    plan: Plan,
    vendor: Vendor,
    /// Of the process at work; moves when a process dies.
    state_dir: PathBuf,
    folders: tempfile::TempDir,
}

impl World {
    pub(crate) fn new(case: Case) -> Self {
        let vendor = Vendor::new(&case);
        let plan = plan(&patchflow(&case, &vendor.server.openai_url()));
        let folders = tempfile::tempdir().unwrap();
        let state_dir = folders.path().join("0");
        Self { case, plan, vendor, state_dir, folders }
    }

    /// Works on the run in all processes of the case, and sees after each whether the books agree.
    pub(crate) fn live_and_die(mut self) -> Result<(), String> {
        let mut before = Recorded::default();
        let heard = Arc::new(Mutex::new(Heard::default()));
        for (number, life) in self.case.lives.clone().iter().enumerate() {
            let limits = self.case.limits(life.run, &self.case.prompts);
            heard.lock().unwrap().refused = false;
            let happened = self.live(number, life, limits, before.answered.clone(), &heard)?;
            let now = recorded(&self.state_dir)?;
            let died = matches!(happened, Happened::Died);
            self.vendor.server.assert_polite();
            self.audit(&before, &now, died).map_err(|fault| format!("process {number}: {fault}"))?;
            before.answered.clone_from(&now.answered);
            let Happened::Ended(end) = happened else { continue };
            let end = end.map_err(|failure| format!("process {number} failed: {failure:?}"))?;
            let heard = heard.lock().unwrap();
            self.judge(&end, &heard, &now).map_err(|fault| format!("process {number}: {fault}\n{end:#?}"))?;
            if end.status == RunStatus::Done {
                break;
            }
        }
        Ok(())
    }

    /// One process, to its end or death.
    fn live(
        &mut self,
        number: usize,
        life: &Life,
        limits: Limits,
        recorded: BTreeSet<usize>,
        heard: &Arc<Mutex<Heard>>,
    ) -> Result<Happened, String> {
        let (tell, told) = channel();
        let at_request = match life.death {
            Some(Death::Request(requests)) => Some((requests, tell.clone())),
            _ => None,
        };
        self.vendor.books().begin(limits, recorded, at_request);
        let (release, released) = channel::<()>();
        let (gone, journal_is_gone) = channel();
        let after = self.folders.path().join((number + 1).to_string());
        let at_record = match life.death {
            Some(Death::Record(n)) => Some(Snapshot {
                n,
                from: self.state_dir.clone(),
                to: after.clone(),
                tell: tell.clone(),
                released,
            }),
            _ => None,
        };
        let runtime = runtime();
        let journal = {
            let hook = dying(at_record, gone);
            let options = JournalOptions { after_record: Some(hook), ..JournalOptions::default() };
            Journal::open(&self.state_dir, options).map_err(|failure| failure.message)?
        };
        let (spec, ports) = (self.spec(limits), ports(heard_models(heard.clone())));
        runtime.spawn(async move {
            let end = work(journal, spec, ports).await;
            let _ = tell.send(Happened::Ended(Box::new(end)));
        });
        let happened = told.recv_timeout(FOREVER).map_err(|_| "it waits for ever".to_owned());
        // Nothing of it acts any more, and then nothing more is written.
        runtime.shutdown_timeout(FOREVER);
        drop(release);
        journal_is_gone.recv_timeout(FOREVER).expect_err("nothing is ever sent");
        if after.exists() {
            self.state_dir = after;
        }
        happened
    }

    fn spec(&self, limits: Limits) -> RunSpec {
        let prompts: Vec<Vec<Value>> = self
            .case
            .prompts
            .chunks(self.case.group)
            .scan(0, |first, group| {
                let numbers = *first..;
                *first += group.len();
                Some(numbers.zip(group).map(|(number, bytes)| conversation(number, *bytes)).collect())
            })
            .collect();
        spec(self.plan.clone(), json!(prompts), limits)
    }

    /// Compares the vendor's books and the journal.
    fn audit(&self, before: &Recorded, now: &Recorded, died: bool) -> Result<(), String> {
        let books = self.vendor.books();
        books.fault()?;
        let (spent, billed) = (now.spent, books.billed);
        if spent.cost < billed.cost || spent.tokens < billed.tokens || spent.calls < billed.calls {
            return Err(format!("{spent:?} is counted, but {billed:?} is billed"));
        }
        if !before.answered.is_subset(&now.answered) {
            return Err("an answer is gone from the journal".to_owned());
        }
        let lost: Vec<_> = books.answered_now.difference(&now.answered).collect();
        if !died && !lost.is_empty() {
            return Err(format!("the answers to {lost:?} were paid and are not in the journal"));
        }
        let never_died = self.case.lives.iter().all(|life| life.death.is_none());
        if never_died && !books.untold && spent != billed {
            return Err(format!("{spent:?} is counted, and {billed:?} is billed"));
        }
        Ok(())
    }

    /// Compares what the vendor answered with how the run ended.
    fn judge(&self, end: &RunEnd, heard: &Heard, now: &Recorded) -> Result<(), String> {
        let books = self.vendor.books();
        let reached = end.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::BudgetReached);
        let refused = heard.refused;
        // A run that does not go on behind a failure ends with the first one.
        if reached && !refused || refused && !reached && (self.case.go_on || end.status == RunStatus::Done) {
            return Err(format!("a call was refused by the budget: {refused}"));
        }
        let (mut paid, mut outputs) = (Amount::default(), BTreeMap::new());
        // What a process was answered when it died is paid and gone.
        for (_, (text, amount)) in books.answers.iter().filter(|(prompt, _)| now.answered.contains(prompt)) {
            paid = paid.plus(*amount);
            outputs.insert(text.as_str(), false);
        }
        if (end.totals.cost, end.totals.calls) != (paid.cost, paid.calls) {
            return Err(format!("the totals are {:?}, and {paid:?} was paid for answers", end.totals));
        }
        let unanswered = |prompt: &usize| !now.answered.contains(prompt) && !heard.failed.contains(prompt);
        let forgotten: Vec<_> = (0..self.case.prompts.len()).filter(unanswered).collect();
        if end.status == RunStatus::Done && self.case.node.calls.is_none() && !forgotten.is_empty() {
            return Err(format!("it is done, and nobody was asked about {forgotten:?}"));
        }
        let texts = end.outputs["texts"].as_array().into_iter().flatten();
        for text in texts.flat_map(|texts| texts["texts"].as_array().into_iter().flatten()) {
            if let Some(seen) = text.as_str().and_then(|text| outputs.get_mut(text)) {
                *seen = true;
            }
        }
        let missing: Vec<_> = outputs.iter().filter(|(_, seen)| !**seen).collect();
        if !missing.is_empty() && (end.status == RunStatus::Done || self.case.go_on) {
            return Err(format!("paid and not in the outputs: {missing:?}"));
        }
        Ok(())
    }
}

/// The plan of a patchflow.
pub(crate) fn plan(source: &str) -> Plan {
    let loaded = load(source, "asking.yml", &patchwork::registry(), &NoFiles);
    loaded.unwrap_or_else(|faults| panic!("{faults:#?}\n{source}")).plan
}

/// A run of [`patchflow`] over groups of prompts.
pub(crate) fn spec(plan: Plan, groups: Value, limits: Limits) -> RunSpec {
    RunSpec {
        id: run_id(),
        plan,
        inputs: Map::from_iter([("groups".to_owned(), groups)]),
        from_repository: Vec::new(),
        limits,
        base: Closed.base().clone(),
        created_ms: 0,
        machine_version: MACHINE_VERSION,
        proposes: false,
        program_version: "0".to_owned(),
    }
}

/// What a run is: a node for each group of prompts.
fn patchflow(case: &Case, url: &str) -> String {
    let limits = case.node_limits();
    let mut options = vec![
        format!("model: [{}]", case.models().join(", ")),
        format!("client_base_url: {url}"),
        format!("concurrency: {}", case.concurrency),
    ];
    options.extend(case.max_tokens.map(|tokens| format!("model_max_tokens: {tokens}")));
    options.extend(limits.cost.map(|cost| format!("max_cost: {}", cost.0 as f64 / 1e6)));
    options.extend(limits.tokens.map(|tokens| format!("max_tokens: {tokens}")));
    options.extend(limits.calls.map(|calls| format!("max_llm_calls: {calls}")));
    let options = options.join("\n          ");
    format!(
        "\
name: Asking
summary: Asks a model.
inputs:
  groups: {{ type: array, items: array }}
steps:
  - id: asks
    for_each: inputs.groups
    as: group
    max_parallel: {parallel}
    steps:
      - id: ask
        uses: CallLLM
        continue_on_error: {go_on}
        with:
          prompts: ${{{{ group }}}}
          {options}
    outputs:
      texts: ${{{{ steps.ask.openai_responses }}}}
outputs:
  texts: ${{{{ steps.asks.items }}}}
",
        parallel = case.parallel,
        go_on = case.go_on,
    )
}

fn conversation(number: usize, bytes: usize) -> Value {
    json!([{"role": "user", "content": format!("{PROMPT}{number} {}", "x".repeat(bytes))}])
}

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Dies when the n-th record is written: what is in the file then is all that the next process finds.
struct Snapshot {
    n: u64,
    from: PathBuf,
    to: PathBuf,
    tell: Sender<Happened>,
    released: Receiver<()>,
}

/// The hook of a journal. `gone` is dropped with its thread.
fn dying(death: Option<Snapshot>, gone: Sender<()>) -> AfterRecord {
    let held = Mutex::new((death, gone));
    Arc::new(move |recorded| {
        let mut held = held.lock().unwrap();
        let Some(Snapshot { from, to, tell, released, .. }) = held.0.take_if(|death| death.n == recorded)
        else {
            return;
        };
        copy(&from, &to);
        let _ = tell.send(Happened::Died);
        // Until the process is dead nobody hears of the record.
        let _ = released.recv();
    })
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // The shared memory of a dead process is nothing that the next one gets.
        let shared = entry.file_name().to_string_lossy().ends_with("-shm");
        if entry.file_type().unwrap().is_file() && !shared {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

async fn work(journal: Journal, spec: RunSpec, ports: Arc<Ports>) -> Result<RunEnd, Failure> {
    if journal.runs().await?.iter().any(|run| run.id == spec.id) {
        journal.set_limits(&spec.id, spec.limits).await?;
    }
    Embedded::new(journal, patchwork::registry(), Vec::new())
        .start(spec, ports, CancellationToken::new())
        .await
}

/// Which prompt a request is.
fn number(request: &ChatRequest) -> usize {
    request.messages[0].content.split(' ').nth(1).unwrap().parse().unwrap()
}

fn recorded(state_dir: &Path) -> Result<Recorded, String> {
    let runtime = Builder::new_current_thread().build().unwrap();
    let journal = Journal::open(state_dir, JournalOptions::default()).map_err(|failure| failure.message)?;
    let id: RunId = run_id();
    runtime.block_on(async {
        let tries = journal.tries(&id).await.map_err(|failure| failure.message)?;
        let asked = journal.asked(&id).await.map_err(|failure| failure.message)?;
        Ok(Recorded {
            spent: tries.iter().fold(Amount::default(), |sum, entry| sum.plus(entry.amount)),
            answered: asked.iter().map(|(_, asked)| number(&asked.request)).collect(),
        })
    })
}

fn heard_models(heard: Arc<Mutex<Heard>>) -> Arc<dyn Provider> {
    let settings = ModelsSettings {
        retry: RetryPolicy {
            base: Duration::from_millis(1),
            max: Duration::from_millis(4),
            ..RetryPolicy::default()
        },
        timeout: Duration::from_mins(1),
        local: Vec::new(),
        ..ModelsSettings::default()
    };
    Arc::new(Overheard { models: Models::new(settings), heard })
}

/// Doors that are closed but for models.
pub(crate) fn ports(provider: Arc<dyn Provider>) -> Arc<Ports> {
    Arc::new(Ports {
        checkout: Arc::new(NoFilesChange),
        history: Arc::new(patchwork_core::port::history::NoHistory),
        processes: Arc::new(Closed),
        trials: Arc::new(patchwork_core::port::trial::NoTrials),
        provider,
        forges: Arc::new(Closed),
        policy: patchwork_core::effect::Policy::default(),
        proposes: false,
        clock: Arc::new(StandingClock),
        secrets: Secrets::new(),
        cache_dir: PathBuf::from("/no-cache-in-this-test"),
    })
}

/// What became of calls without an answer.
#[derive(Default)]
struct Heard {
    /// The budget refused calls of the process at work.
    refused: bool,
    /// Prompts whose calls failed otherwise, in any process.
    failed: BTreeSet<usize>,
}

/// The real models; listens to how calls fail.
struct Overheard {
    models: Models,
    heard: Arc<Mutex<Heard>>,
}

#[async_trait]
impl Provider for Overheard {
    async fn route(&self, target: &Target) -> Result<Route, ProviderError> {
        self.models.route(target).await
    }

    fn measure(&self, route: &Route, request: &ChatRequest) -> Measure {
        self.models.measure(route, request)
    }

    fn price(&self, route: &Route, usage: Usage) -> Option<MicroUsd> {
        self.models.price(route, usage)
    }

    async fn chat(
        &self,
        target: &Target,
        request: &ChatRequest,
        watch: &dyn Watch,
        cancel: &CancellationToken,
    ) -> Result<ChatAnswer, ProviderError> {
        let answer = self.models.chat(target, request, watch, cancel).await;
        if let Err(error) = &answer {
            let mut heard = self.heard.lock().unwrap();
            if error.kind == ProviderErrorKind::BudgetReached {
                heard.refused = true;
            } else {
                heard.failed.insert(number(request));
            }
        }
        answer
    }
}

/// A checkout that no step changes.
struct NoFilesChange;

#[async_trait]
impl Checkout for NoFilesChange {
    fn root(&self) -> &Path {
        Path::new("/no-files-in-this-test")
    }

    fn base(&self) -> &Base {
        static CLOSED: Closed = Closed;
        CLOSED.base()
    }

    fn resolve(&self, path: &str) -> Result<String, Failure> {
        Closed.resolve(path)
    }

    async fn base_files(&self, folder: &str, max_bytes: u64) -> Result<Vec<(String, Vec<u8>)>, Failure> {
        Closed.base_files(folder, max_bytes).await
    }

    async fn base_file(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        Closed.base_file(path).await
    }

    async fn checkpoint(&self) -> Result<Checkpoint, Failure> {
        Closed.checkpoint().await
    }

    async fn restore(&self, _checkpoint: &Checkpoint) -> Result<(), Failure> {
        Ok(())
    }

    async fn diff(&self) -> Result<String, Failure> {
        Closed.diff().await
    }

    async fn check_branch(&self, branch: &str, force: bool) -> Result<Option<String>, Failure> {
        Closed.check_branch(branch, force).await
    }

    async fn commit(&self, request: &CommitRequest) -> Result<Committed, Failure> {
        Closed.commit(request).await
    }

    async fn remote_url(&self, remote: &str) -> Result<Option<String>, Failure> {
        Closed.remote_url(remote).await
    }

    async fn check_push(&self, request: &PushRequest) -> Result<Option<String>, Failure> {
        Closed.check_push(request).await
    }

    async fn push(&self, request: &PushRequest, seen: Option<&str>) -> Result<Pushed, Failure> {
        Closed.push(request, seen).await
    }
}
