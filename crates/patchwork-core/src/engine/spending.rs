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
                    return Ok(Reserved { number, amount });
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::mpsc;

    use super::*;
    use crate::usage::MicroUsd;

    fn call(node: &str, key: &str, limits: Limits) -> Call {
        Call { key: format!("{node}#call/{key}"), node: NodePath::root().child(node), limits }
    }

    fn worst(tokens: u64, cost: Option<u64>) -> Worst {
        Worst { input_tokens: tokens, output_tokens: 0, cost: cost.map(MicroUsd) }
    }

    fn tokens(limit: u64) -> Limits {
        Limits { tokens: Some(limit), ..Limits::default() }
    }

    fn took(tokens: u64) -> Amount {
        Amount { tokens, calls: 1, ..Amount::default() }
    }

    async fn refusal(spending: &Spending, call: &Call, worst: Worst) -> ProviderErrorKind {
        spending.reserve(call, worst).await.err().map(|error| error.kind).expect("it is allowed")
    }

    #[tokio::test]
    async fn a_limit_on_cost_wants_prices_wherever_it_stands() {
        let cost = Limits { cost: Some(MicroUsd(100)), ..Limits::default() };
        let free = Limits { allow_unknown_price: true, ..cost };
        for (run, node) in [(cost, Limits::default()), (Limits::default(), cost), (free, cost), (cost, free)]
        {
            let kind = refusal(&Spending::new(run, &[]), &call("a", "1", node), worst(1, None)).await;
            assert_eq!(kind, ProviderErrorKind::PriceUnknown, "{run:?} {node:?}");
        }
        for (run, node) in [(free, free), (tokens(10), Limits::default())] {
            let spending = Spending::new(run, &[]);
            let reserved = spending.reserve(&call("a", "1", node), worst(1, None)).await.unwrap();
            assert_eq!(reserved.amount, took(1));
        }
    }

    #[tokio::test]
    async fn limits_of_nodes_hold_over_resumes_with_tries_that_were_cut() {
        let one = call("a", "1", tokens(10));
        let entry = |number, state, tokens| Try {
            key: one.key.clone(),
            number,
            node: one.node.clone(),
            state,
            amount: took(tokens),
            answer: None,
        };
        let tries = [entry(1, TryState::Lost, 3), entry(2, TryState::Open, 4)];
        let spending = Spending::new(Limits::default(), &tries);
        assert_eq!(refusal(&spending, &one, worst(4, None)).await, ProviderErrorKind::BudgetReached);
        let reserved = spending.reserve(&one, worst(3, None)).await.unwrap();
        assert_eq!(reserved.number, 3, "tries are counted on");
        assert_eq!(spending.settle(&one, |_| took(2)), Some((3, took(2))));
        // Another node has its own.
        spending.reserve(&call("b", "1", tokens(10)), worst(10, None)).await.unwrap();
        // A smaller limit than what is spent allows nothing, not even what takes nothing.
        let spending = Spending::new(tokens(6), &tries);
        let kind = refusal(&spending, &call("b", "1", Limits::default()), worst(0, Some(0))).await;
        assert_eq!(kind, ProviderErrorKind::BudgetReached);
    }

    #[tokio::test]
    async fn a_large_call_is_not_passed_over_and_nobody_waits_for_ever() {
        let spending = Arc::new(Spending::new(tokens(10), &[]));
        let first = call("a", "first", Limits::default());
        spending.reserve(&first, worst(6, None)).await.unwrap();
        let (tell, mut told) = mpsc::unbounded_channel();
        for (key, size) in [("large", 9), ("small", 2), ("too large", 11)] {
            let (spending, tell) = (spending.clone(), tell.clone());
            tokio::spawn(async move {
                let call = call("a", key, Limits::default());
                let reserved = spending.reserve(&call, worst(size, None)).await;
                let _ = tell.send((key, reserved.is_ok()));
                if reserved.is_ok() {
                    spending.settle(&call, |worst| Amount { tokens: worst.tokens / 9, ..worst });
                }
            });
            // In this order.
            tokio::task::yield_now().await;
        }
        assert!(told.try_recv().is_err(), "the small one fits, and waits for the large one");
        spending.settle(&first, |_| took(0));
        for expected in [("large", true), ("small", true), ("too large", false)] {
            assert_eq!(told.recv().await, Some(expected));
        }
        assert_eq!(spending.books().run.reserved(), Amount::default());
        assert_eq!(spending.books().run.spent().tokens, 1);
    }

    #[tokio::test]
    async fn a_call_without_a_limit_waits_for_nobody_and_is_counted() {
        let spending = Spending::new(Limits::default(), &[]);
        let (waiting, free) = (call("a", "2", tokens(5)), call("b", "1", Limits::default()));
        spending.reserve(&call("a", "1", tokens(5)), worst(5, None)).await.unwrap();
        tokio::select! {
            biased;
            _ = spending.reserve(&waiting, worst(5, None)) => panic!("there is no room"),
            reserved = spending.reserve(&free, worst(7, None)) => {
                assert!(reserved.is_ok());
            }
        }
        assert_eq!(spending.books().run.reserved().tokens, 12);
    }

    #[test]
    fn a_run_has_reached_its_budget_until_every_refused_call_is_answered() {
        let spending = Spending::new(tokens(1), &[]);
        let (one, two) = (call("a", "1", Limits::default()), call("b", "1", Limits::default()));
        spending.failed(&one, &price_unknown());
        assert_eq!(spending.reached(), None);
        for call in [&one, &two] {
            spending.failed(call, &reached("max_tokens is 1".to_owned()));
        }
        let failure = spending.reached().unwrap();
        let message = "the budget does not allow another call: max_tokens is 1; 2 calls were not made";
        assert_eq!((failure.kind.exit_code(), failure.message.as_str()), (12, message));
        spending.answered(&one);
        assert!(!spending.cut_short(&one.node) && spending.cut_short(&two.node));
        spending.answered(&two);
        assert_eq!(spending.reached(), None);
    }
}
