//! One process at work on one run: its place in the journal and its stream of events.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::OwnedMutexGuard;
use tokio_util::sync::CancellationToken;

use super::checkout_state::CheckoutState;
use super::replay::Script;
use super::spending::{self, Reserved, Spending};
use crate::budget::{Amount, Limits};
use crate::event::{Event, EventBody, Reporter};
use crate::failure::Failure;
use crate::journal::{Journal, RunSpec, Stored, Try};
use crate::patchflow::plan::{Node, NodeKind, Plan};
use crate::port::provider::{ChatAnswer, Lost, ProviderError, ProviderErrorKind, Worst};
use crate::prompt::Prompt;
use crate::registry::Registry;
use crate::run::NodePath;
use crate::step::{Asked, Call, Emitter, Memory, Outside, Ports};
use crate::trace::{self, Trace};
use crate::usage::{MicroUsd, Usage};

/// What a run's model calls took, over all its processes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Calls that were answered.
    pub calls: u64,
    /// Their tokens.
    pub usage: Usage,
    /// Their cost, as far as prices are known.
    pub cost: MicroUsd,
    /// Calls of models whose price is unknown.
    pub unpriced_calls: u64,
    /// Answers that were kept from earlier runs; they are among nothing above.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reused: u64,
}

impl Totals {
    /// Counts an event in.
    pub fn add(&mut self, body: &EventBody) {
        match body {
            EventBody::ModelCalled { reused: true, .. } => self.reused += 1,
            EventBody::ModelCalled { usage, cost, .. } => self.add_call(*usage, *cost),
            _ => {}
        }
    }

    fn add_call(&mut self, usage: Usage, cost: Option<MicroUsd>) {
        self.calls += 1;
        self.usage += usage;
        match cost {
            Some(cost) => self.cost += cost,
            None => self.unpriced_calls += 1,
        }
    }

    fn of(tries: &[Try]) -> Self {
        let mut totals = Self::default();
        for entry in tries {
            match entry.answer {
                Some(used) if spending::was_paid(entry) => totals.add_call(used.usage, used.cost),
                Some(_) => totals.reused += 1,
                None => {}
            }
        }
        totals
    }
}

pub(super) struct Session {
    pub(super) journal: Journal,
    pub(super) registry: Registry,
    pub(super) ports: Arc<Ports>,
    pub(super) spec: RunSpec,
    pub(super) epoch: u64,
    pub(super) prompts: Arc<BTreeMap<String, Prompt>>,
    pub(super) checkout: CheckoutState,
    spending: Spending,
    /// By key: held by whoever is at work under it.
    busy: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Where outcomes come from when the run is replayed.
    pub(super) script: Option<Script>,
    /// Set when the run ends early: by a signal, or because the journal can't be written.
    pub(super) cancel: CancellationToken,
    reporters: Vec<Arc<dyn Reporter>>,
    known: Mutex<HashSet<String>>,
    stream: Mutex<Stream>,
    fatal: Mutex<Option<Failure>>,
}

struct Stream {
    next_seq: u64,
    totals: Totals,
}

impl Session {
    #[expect(clippy::too_many_arguments, reason = "made in one place, from what that place has")]
    pub(super) async fn open(
        journal: Journal,
        registry: Registry,
        ports: Arc<Ports>,
        spec: RunSpec,
        epoch: u64,
        reporters: Vec<Arc<dyn Reporter>>,
        cancel: CancellationToken,
        resumed: bool,
        script: Option<Script>,
    ) -> Result<Self, Failure> {
        let mut stream = Stream { next_seq: 1, totals: Totals::default() };
        let mut known = HashSet::new();
        let mut tries = Vec::new();
        if resumed {
            for event in journal.events(&spec.id).await? {
                stream.next_seq = event.seq + 1;
                stream.totals.add(&event.body);
            }
            tries = journal.tries(&spec.id).await?;
            if tries.iter().any(|entry| entry.answer.is_some()) {
                // A process that was killed behind an answer has not told of it.
                stream.totals = Totals::of(&tries);
            }
            known.extend(journal.keys(&spec.id).await?.into_iter().map(|(key, _)| key));
        }
        let mut prompts = BTreeMap::new();
        collect_prompts(&spec.plan, &mut prompts);
        Ok(Self {
            journal,
            registry,
            ports,
            epoch,
            prompts: Arc::new(prompts),
            checkout: CheckoutState::new(resumed),
            script,
            spending: Spending::new(spec.limits, &tries),
            busy: Mutex::default(),
            cancel,
            reporters,
            known: Mutex::new(known),
            stream: Mutex::new(stream),
            fatal: Mutex::default(),
            spec,
        })
    }

    /// What is recorded under a key.
    pub(super) async fn recorded(&self, key: &str) -> Result<Option<Stored>, Failure> {
        if !self.known.lock().unwrap_or_else(PoisonError::into_inner).contains(key) {
            return Ok(None);
        }
        self.journal.get(&self.spec.id, key).await
    }

    /// Records; returns when it will survive the process. A journal that can't be written ends the run: what is not
    /// recorded would be paid again.
    pub(super) async fn keep(&self, key: &str, value: &(impl Serialize + Sync)) -> Result<(), Failure> {
        let written = self.journal.put(&self.spec.id, self.epoch, key, value).await;
        self.kept(key, written)
    }

    fn kept(&self, key: &str, written: Result<(), Failure>) -> Result<(), Failure> {
        match &written {
            Err(failure) => self.give_up(failure),
            Ok(()) => {
                self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(key.to_owned());
            }
        }
        written
    }

    /// Ends the run: its journal can't be written.
    fn give_up(&self, failure: &Failure) {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| failure.clone());
        self.cancel.cancel();
    }

    /// What ended the run early from inside.
    pub(super) fn fatal(&self) -> Option<Failure> {
        self.fatal.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the budget refused calls of a node.
    pub(super) fn cut_short(&self, node: &NodePath) -> bool {
        self.spending.cut_short(node)
    }

    /// Why the run is not done although its steps are.
    pub(super) fn budget_reached(&self) -> Option<Failure> {
        self.spending.reached()
    }

    pub(super) fn totals(&self) -> Totals {
        self.stream.lock().unwrap_or_else(PoisonError::into_inner).totals
    }
}

impl Emitter for Session {
    fn emit(&self, node: &NodePath, body: EventBody) {
        // Reporters are told under the lock, so that all of them see the same order.
        let mut stream = self.stream.lock().unwrap_or_else(PoisonError::into_inner);
        stream.totals.add(&body);
        let event =
            Event { seq: stream.next_seq, at_ms: self.ports.clock.now_ms(), node: node.clone(), body };
        stream.next_seq += 1;
        self.journal.append(&self.spec.id, &event);
        for reporter in &self.reporters {
            reporter.event(&event);
        }
    }
}

#[async_trait]
impl Memory for Session {
    async fn recall(&self, key: &str) -> Result<Option<Value>, Failure> {
        let own = self.recorded(key).await?.map(|stored| stored.value);
        Ok(own.or_else(|| self.script.as_ref()?.outcome(key).cloned()))
    }

    async fn record(&self, key: &str, value: &Value) -> Result<(), Failure> {
        self.keep(key, value).await
    }

    async fn traces(&self) -> Result<Vec<Trace>, Failure> {
        trace::traces(&self.journal, &self.spec.id).await
    }

    fn patchflow(&self) -> &str {
        &self.spec.plan.name
    }

    async fn alone(&self, key: &str) -> OwnedMutexGuard<()> {
        let busy = {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            busy.entry(key.to_owned()).or_default().clone()
        };
        busy.lock_owned().await
    }

    async fn reserve(&self, call: &Call, worst: Worst) -> Result<(), ProviderError> {
        let Reserved { number, amount } = self.spending.reserve(call, worst).await?;
        let (run, epoch) = (&self.spec.id, self.epoch);
        // Without a limit as well: the run may be resumed with one, which counts this try.
        let written = self.journal.open_try(run, epoch, call, number, amount).await;
        if let Err(failure) = written {
            self.spending.settle(call, |_| Amount::default());
            self.give_up(&failure);
            return Err(ProviderError {
                kind: ProviderErrorKind::Cancelled,
                message: failure.message,
                status: None,
                retry_after: None,
                hint: None,
            });
        }
        Ok(())
    }

    fn limits(&self) -> Limits {
        self.spec.limits
    }

    fn outside(&self) -> Outside {
        self.script.as_ref().map_or(Outside::Open, |script| script.outside)
    }

    fn bounded(&self, call: &Call) -> bool {
        self.spec.limits.bounded() || call.limits.bounded()
    }

    fn lost(&self, call: &Call, lost: Lost) {
        let settled = self.spending.settle(call, |worst| match lost {
            Lost::Nothing => Amount::default(),
            Lost::Unknown => worst,
            Lost::Known(usage, cost) => known(worst, usage, cost),
        });
        if let Some((number, amount)) = settled {
            self.journal.lose_try(&self.spec.id, call, number, amount);
        }
    }

    fn failed(&self, call: &Call, asked: &Asked, error: &ProviderError) {
        self.spending.failed(call, error);
        self.journal.fail_call(&self.spec.id, call, asked, error);
    }

    async fn answered(&self, call: &Call, asked: &Asked, answer: &ChatAnswer) -> Result<(), Failure> {
        let used = Amount::used(answer.usage, answer.cost);
        let settled = self.spending.settle(call, |worst| known(worst, answer.usage, answer.cost));
        let (number, amount) = settled.unwrap_or_else(|| {
            (self.spending.next_try(call), if answer.reused { Amount::default() } else { used })
        });
        self.spending.answered(call);
        let (run, epoch) = (&self.spec.id, self.epoch);
        let written = self.journal.answer_try(run, epoch, call, number, amount, asked, answer).await;
        self.kept(&call.key, written)
    }
}

/// What counts for a try: what the server said, its worst case where it said nothing.
fn known(worst: Amount, usage: Usage, cost: Option<MicroUsd>) -> Amount {
    if usage == Usage::default() {
        return worst;
    }
    let used = Amount::used(usage, cost);
    Amount { cost: cost.unwrap_or(worst.cost), ..used }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// The prompts of a plan and of the patchflows it uses; the outer ones win.
fn collect_prompts(plan: &Plan, into: &mut BTreeMap<String, Prompt>) {
    fn walk(nodes: &[Node], into: &mut BTreeMap<String, Prompt>) {
        for node in nodes {
            match &node.kind {
                NodeKind::Flow { plan, .. } => collect_prompts(plan, into),
                NodeKind::Block { steps }
                | NodeKind::ForEach { steps, .. }
                | NodeKind::Repeat { steps, .. } => {
                    walk(steps, into);
                }
                NodeKind::Step { .. } => {}
            }
        }
    }
    for (id, prompt) in &plan.prompts {
        into.entry(id.clone()).or_insert_with(|| prompt.clone());
    }
    walk(&plan.steps, into);
    walk(&plan.finally, into);
}
