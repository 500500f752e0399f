//! The budget of a run at work: the ledgers of the run and of its nodes, and what is set aside for each call.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::budget::{Amount, Ledger, Limits, Verdict};
use crate::failure::Failure;
use crate::journal::{Try, TryState};
use crate::port::provider::{ProviderError, ProviderErrorKind, Worst};
use crate::run::NodePath;
use crate::step::Call;

pub(super) struct Spending {
    books: Mutex<Books>,
    /// Something was settled: whoever waits looks again.
    settled: Notify,
    /// Held by the one that waits, so that a large call is not passed over by small ones for ever.
    turn: tokio::sync::Mutex<()>,
}

struct Books {
    run: Ledger,
    nodes: BTreeMap<NodePath, Ledger>,
    /// What was spent in nodes before this process.
    earlier: BTreeMap<NodePath, Amount>,
    /// By the key of the call: what is set aside for its try.
    open: HashMap<String, Amount>,
    /// By the key of the call: the number of its last try.
    tries: HashMap<String, u32>,
    /// Calls that were refused and not answered since: by key, the node.
    refused: BTreeMap<String, NodePath>,
    /// Why the first of them was.
    refusal: Option<ProviderError>,
}

/// What is set aside for a try.
pub(super) struct Reserved {
    /// The number of the try, from 1.
    pub(super) number: u32,
    /// What it takes at worst.
    pub(super) amount: Amount,
    /// Whether a limit depends on it.
    pub(super) limited: bool,
}

impl Spending {
    /// From the tries that the journal knows. One that is still open was cut by the end of its process: its worst case
    /// counts as spent.
    pub(super) fn new(limits: Limits, tries: &[Try]) -> Self {
        let mut spent = Ledger::new(limits, Amount::default());
        let mut earlier: BTreeMap<NodePath, Amount> = BTreeMap::new();
        let mut numbers = HashMap::new();
        for entry in tries {
            spent.settle(Amount::default(), entry.amount);
            let node = earlier.entry(entry.node.clone()).or_default();
            *node = node.plus(entry.amount);
            let number: &mut u32 = numbers.entry(entry.key.clone()).or_default();
            *number = entry.number.max(*number);
        }
        let books = Books {
            run: spent,
            nodes: BTreeMap::new(),
            earlier,
            open: HashMap::new(),
            tries: numbers,
            refused: BTreeMap::new(),
            refusal: None,
        };
        Self { books: Mutex::new(books), settled: Notify::new(), turn: tokio::sync::Mutex::new(()) }
    }

    /// Sets a worst case aside, waiting for room where there may be some later. Where nothing is limited it is counted all the
    /// same: the run may be resumed with a limit.
    pub(super) async fn reserve(&self, call: &Call, worst: Worst) -> Result<Reserved, ProviderError> {
        let limits = self.books().run.limits();
        let limited = !limits.is_none() || !call.limits.is_none();
        let unpriced = |limits: Limits| limits.cost.is_some() && !limits.allow_unknown_price;
        if worst.cost.is_none() && (unpriced(limits) || unpriced(call.limits)) {
            return Err(price_unknown());
        }
        let amount = Amount::worst(worst);
        // Who needs no room waits for nobody.
        let _turn = if limited { Some(self.turn.lock().await) } else { None };
        loop {
            let settled = self.settled.notified();
            let verdict = self.books().take(call, amount);
            match verdict {
                Verdict::Fits => {
                    let number = self.books().next_try(&call.key);
                    return Ok(Reserved { number, amount, limited });
                }
                Verdict::Later => settled.await,
                Verdict::Never(why) => return Err(reached(why)),
            }
        }
    }

    /// Settles the open try of a call; answers its number and what counts for it. `spent` is told what was set aside.
    pub(super) fn settle(&self, call: &Call, spent: impl FnOnce(Amount) -> Amount) -> Option<(u32, Amount)> {
        let settled = self.books().settle(call, spent);
        self.settled.notify_waiters();
        settled
    }

    /// Takes note of a call that brought no answer.
    pub(super) fn failed(&self, call: &Call, error: &ProviderError) {
        if error.kind == ProviderErrorKind::BudgetReached {
            let mut books = self.books();
            books.refused.insert(call.key.clone(), call.node.clone());
            books.refusal.get_or_insert_with(|| error.clone());
        }
    }

    /// Takes note of a call that was answered.
    pub(super) fn answered(&self, call: &Call) {
        self.books().refused.remove(&call.key);
    }

    /// Whether calls of a node were refused: then its outcome is not the one it has with more.
    pub(super) fn cut_short(&self, node: &NodePath) -> bool {
        self.books().refused.values().any(|refused| refused == node)
    }

    /// Why the run is not done although its steps are: calls were refused.
    pub(super) fn reached(&self) -> Option<Failure> {
        let books = self.books();
        let (count, refusal) = (books.refused.len(), books.refusal.clone()?);
        let mut failure = Failure::from(refusal);
        match count {
            0 => return None,
            1 => {}
            count => failure.message.push_str(&format!("; {count} calls were not made")),
        }
        Some(failure)
    }

    /// The number of a call's next try, for one that nothing was set aside for.
    pub(super) fn next_try(&self, call: &Call) -> u32 {
        self.books().next_try(&call.key)
    }

    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    /// Takes from both ledgers, or from none.
    fn take(&mut self, call: &Call, worst: Amount) -> Verdict {
        let earlier = self.earlier.get(&call.node).copied().unwrap_or_default();
        let node = self.nodes.entry(call.node.clone()).or_insert_with(|| Ledger::new(call.limits, earlier));
        match (self.run.verdict(worst), node.verdict(worst)) {
            (Verdict::Fits, Verdict::Fits) => {
                self.run.reserve(worst);
                node.reserve(worst);
                self.open.insert(call.key.clone(), worst);
                Verdict::Fits
            }
            (never @ Verdict::Never(_), _) => never,
            (_, Verdict::Never(why)) => Verdict::Never(format!("{}: {why}", call.node)),
            _ => Verdict::Later,
        }
    }

    fn settle(&mut self, call: &Call, spent: impl FnOnce(Amount) -> Amount) -> Option<(u32, Amount)> {
        let worst = self.open.remove(&call.key)?;
        let amount = spent(worst);
        self.run.settle(worst, amount);
        if let Some(node) = self.nodes.get_mut(&call.node) {
            node.settle(worst, amount);
        }
        Some((self.tries.get(&call.key).copied().unwrap_or(1), amount))
    }

    fn next_try(&mut self, key: &str) -> u32 {
        let number = self.tries.entry(key.to_owned()).or_default();
        *number += 1;
        *number
    }
}

/// Whether a try was answered by somebody who is paid for it.
pub(super) fn was_paid(entry: &Try) -> bool {
    entry.state == TryState::Answered && entry.answer.is_some_and(|used| !used.reused)
}

fn reached(why: String) -> ProviderError {
    ProviderError {
        kind: ProviderErrorKind::BudgetReached,
        message: format!("the budget does not allow another call: {why}"),
        status: None,
        retry_after: None,
        hint: Some("resume the run with a larger limit".to_owned()),
    }
}

fn price_unknown() -> ProviderError {
    ProviderError {
        kind: ProviderErrorKind::PriceUnknown,
        message: "there is a limit on cost (`max_cost`), and the price of the model is unknown".to_owned(),
        status: None,
        retry_after: None,
        hint: Some(
            "give the model's price in `vendors` of your configuration, limit `max_tokens` instead, or count such calls \
             as free with `allow_unknown_price=true`"
                .to_owned(),
        ),
    }
}
