//! Limits on what model calls may take, and the ledger that keeps them: the worst case of a try is set aside before it, what
//! it took is settled after it, so that no order of parallel calls passes a limit.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::port::provider::Worst;
use crate::usage::{MicroUsd, Usage};

/// What model calls may take at most; no limit where absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Money (`max_cost`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<MicroUsd>,
    /// Tokens of prompts and answers together (`max_tokens`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<u64>,
    /// Calls (`max_llm_calls`). A try that was refused before the model began is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<u64>,
    /// Whether calls of unknown price are made under a limit on cost, counting nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub allow_unknown_price: bool,
}

impl Limits {
    /// Whether money or tokens are limited.
    pub fn bounded(&self) -> bool {
        self.cost.is_some() || self.tokens.is_some()
    }

    /// Whether nothing is limited.
    pub fn is_none(&self) -> bool {
        self.cost.is_none() && self.tokens.is_none() && self.calls.is_none()
    }
}

/// A sum of money, tokens and calls.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Amount {
    /// Money.
    pub cost: MicroUsd,
    /// Tokens of prompts and answers.
    pub tokens: u64,
    /// Calls.
    pub calls: u64,
}

impl Amount {
    /// What a try takes at worst. An unknown price counts nothing: whoever has a limit on cost must not come here with one
    /// unless that is allowed.
    pub fn worst(worst: Worst) -> Self {
        Self {
            cost: worst.cost.unwrap_or_default(),
            tokens: worst.input_tokens.saturating_add(worst.output_tokens),
            calls: 1,
        }
    }

    /// What a call took.
    pub fn used(usage: Usage, cost: Option<MicroUsd>) -> Self {
        Self {
            cost: cost.unwrap_or_default(),
            tokens: usage.input_tokens.saturating_add(usage.output_tokens),
            calls: 1,
        }
    }

    /// The sum.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            cost: MicroUsd(self.cost.0.saturating_add(other.cost.0)),
            tokens: self.tokens.saturating_add(other.tokens),
            calls: self.calls.saturating_add(other.calls),
        }
    }

    fn minus(self, other: Self) -> Self {
        Self {
            cost: MicroUsd(self.cost.0.saturating_sub(other.cost.0)),
            tokens: self.tokens.saturating_sub(other.tokens),
            calls: self.calls.saturating_sub(other.calls),
        }
    }
}

/// What a ledger says to a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It fits.
    Fits,
    /// It may fit when calls that are under way have taken less than their worst case.
    Later,
    /// It does not fit, whatever the calls under way take. The text names the limit, what is spent and what the try may take.
    Never(String),
}

/// Limits, what is spent and what is set aside.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    limits: Limits,
    spent: Amount,
    reserved: Amount,
}

impl Ledger {
    /// A ledger of what is spent already.
    pub fn new(limits: Limits, spent: Amount) -> Self {
        Self { limits, spent, reserved: Amount::default() }
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// What is spent.
    pub fn spent(&self) -> Amount {
        self.spent
    }

    /// What is set aside.
    pub fn reserved(&self) -> Amount {
        self.reserved
    }

    /// Whether a try fits.
    pub fn verdict(&self, worst: Amount) -> Verdict {
        if self.over(self.spent.plus(self.reserved).plus(worst)).is_none() {
            return Verdict::Fits;
        }
        let Some(over) = self.over(self.spent.plus(worst)) else { return Verdict::Later };
        Verdict::Never(match over {
            Limit::Cost(limit) => format!(
                "max_cost is {limit}: {} is spent{}, and the call may cost {}",
                self.spent.cost,
                aside(self.reserved.cost.0, self.reserved.cost),
                worst.cost
            ),
            Limit::Tokens(limit) => format!(
                "max_tokens is {limit}: {} are used{}, and the call may take {}",
                self.spent.tokens,
                aside(self.reserved.tokens, self.reserved.tokens),
                worst.tokens
            ),
            Limit::Calls(limit) => format!(
                "max_llm_calls is {limit}: {} made{}",
                if self.spent.calls == 1 {
                    "1 call is".to_owned()
                } else {
                    format!("{} calls are", self.spent.calls)
                },
                aside(self.reserved.calls, self.reserved.calls),
            ),
        })
    }

    /// Sets a worst case aside, whatever the verdict.
    pub fn reserve(&mut self, worst: Amount) {
        self.reserved = self.reserved.plus(worst);
    }

    /// Takes a worst case back and counts what the try took. A server that says it took more than the worst case is
    /// believed.
    pub fn settle(&mut self, worst: Amount, spent: Amount) {
        self.reserved = self.reserved.minus(worst);
        self.spent = self.spent.plus(spent);
    }

    fn over(&self, sum: Amount) -> Option<Limit> {
        if let Some(limit) = self.limits.calls.filter(|limit| sum.calls > *limit) {
            return Some(Limit::Calls(limit));
        }
        if let Some(limit) = self.limits.cost.filter(|limit| sum.cost > *limit) {
            return Some(Limit::Cost(limit));
        }
        self.limits.tokens.filter(|limit| sum.tokens > *limit).map(Limit::Tokens)
    }
}

enum Limit {
    Cost(MicroUsd),
    Tokens(u64),
    Calls(u64),
}

fn aside(amount: u64, shown: impl std::fmt::Display) -> String {
    if amount == 0 { String::new() } else { format!(", {shown} set aside for calls under way") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(cost: u64) -> Amount {
        Amount { cost: MicroUsd(cost), tokens: cost * 10, calls: 1 }
    }

    #[test]
    fn what_is_set_aside_counts_until_it_is_settled() {
        let limits = Limits { cost: Some(MicroUsd(10)), ..Limits::default() };
        let mut ledger = Ledger::new(limits, Amount::default());
        assert_eq!(ledger.verdict(amount(6)), Verdict::Fits);
        ledger.reserve(amount(6));
        assert_eq!(ledger.verdict(amount(6)), Verdict::Later);
        assert!(matches!(ledger.verdict(amount(11)), Verdict::Never(_)));
        ledger.settle(amount(6), amount(2));
        assert_eq!((ledger.spent(), ledger.reserved()), (amount(2), Amount::default()));
        assert_eq!(ledger.verdict(amount(8)), Verdict::Fits);
        let Verdict::Never(why) = ledger.verdict(amount(9)) else { panic!("it fits") };
        assert_eq!(why, "max_cost is $0.0000: $0.0000 is spent, and the call may cost $0.0000");
    }

    #[test]
    fn every_limit_holds_by_itself() {
        let tokens = Limits { tokens: Some(100), ..Limits::default() };
        let mut ledger = Ledger::new(tokens, Amount { tokens: 60, ..Amount::default() });
        assert_eq!(ledger.verdict(amount(4)), Verdict::Fits);
        let Verdict::Never(why) = ledger.verdict(amount(5)) else { panic!("it fits") };
        assert_eq!(why, "max_tokens is 100: 60 are used, and the call may take 50");
        ledger.reserve(amount(4));
        assert_eq!(ledger.verdict(amount(4)), Verdict::Later);

        let calls = Limits { calls: Some(1), ..Limits::default() };
        let mut ledger = Ledger::new(calls, Amount::default());
        ledger.reserve(amount(1));
        assert_eq!(ledger.verdict(amount(1)), Verdict::Later);
        ledger.settle(amount(1), amount(1));
        let Verdict::Never(why) = ledger.verdict(amount(1)) else { panic!("it fits") };
        assert_eq!(why, "max_llm_calls is 1: 1 call is made");
    }
}
