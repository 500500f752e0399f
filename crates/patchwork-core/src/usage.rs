//! What model calls consumed and cost.

use std::ops::AddAssign;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Tokens of one call, or the sum of many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Tokens sent, cached ones included.
    pub input_tokens: u64,
    /// Tokens received, reasoning included.
    pub output_tokens: u64,
    /// Part of `input_tokens` that the provider took from its cache.
    #[serde(default)]
    pub cached_tokens: u64,
    /// Part of `input_tokens` that the provider wrote to its cache, where it says so. Disjoint from `cached_tokens`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub cache_write_tokens: u64,
    /// Part of `output_tokens` spent on reasoning.
    #[serde(default)]
    pub reasoning_tokens: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.cached_tokens = self.cached_tokens.saturating_add(other.cached_tokens);
        self.cache_write_tokens = self.cache_write_tokens.saturating_add(other.cache_write_tokens);
        self.reasoning_tokens = self.reasoning_tokens.saturating_add(other.reasoning_tokens);
    }
}

/// Money in millionths of a US dollar, so that sums are exact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct MicroUsd(pub u64);

impl AddAssign for MicroUsd {
    fn add_assign(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }
}

impl std::fmt::Display for MicroUsd {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (dollars, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if self.0 == 0 || self.0 >= 1_000_000 {
            write!(f, "${dollars}.{:02}", micros / 10_000)
        } else {
            write!(f, "${dollars}.{:04}", micros / 100)
        }
    }
}

/// A price list entry: US dollars per million tokens.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    /// Per million input tokens.
    pub input: f64,
    /// Per million output tokens.
    pub output: f64,
    /// Per million input tokens served from the cache; the input price when unknown.
    #[serde(default)]
    pub cached_input: Option<f64>,
    /// Per million input tokens written to the cache; the input price when the vendor takes nothing extra for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write: Option<f64>,
}

impl Price {
    /// What `usage` costs, rounded up. A dollar per million tokens is a millionth of a dollar per token; prices count to
    /// the millionth part of that, and the sum is exact.
    pub fn cost(&self, usage: Usage) -> MicroUsd {
        let cached = usage.cached_tokens.min(usage.input_tokens);
        let written = usage.cache_write_tokens.min(usage.input_tokens - cached);
        let fresh = usage.input_tokens - cached - written;
        let parts = [
            (fresh, self.input),
            (cached, self.cached_input.unwrap_or(self.input)),
            (written, self.cache_write.unwrap_or(self.input)),
            (usage.output_tokens, self.output),
        ];
        let sum = parts
            .into_iter()
            .map(|(tokens, price)| u128::from(tokens).saturating_mul(fine(price)))
            .fold(0, u128::saturating_add);
        MicroUsd(u64::try_from(sum.div_ceil(FINE)).unwrap_or(u64::MAX))
    }
}

/// Parts of a millionth of a dollar that prices count in.
const FINE: u128 = 1_000_000;

/// A price per token in these parts. Nothing is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "it is not negative, and prices are far below 2^52"
)]
fn fine(price: f64) -> u128 {
    (price * FINE as f64).round().max(0.0) as u128
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absurd_counts_of_a_server_do_no_harm() {
        let most = Usage { input_tokens: u64::MAX, ..Usage::default() };
        let mut sum = most;
        sum += most;
        assert_eq!(sum, most);
        let price = Price { input: 2.5, output: 10.0, cached_input: None, cache_write: None };
        assert!(price.cost(sum) > MicroUsd(0));
    }

    #[test]
    fn cost_counts_cached_input_at_its_own_price() {
        let price = Price { input: 2.5, output: 10.0, cached_input: Some(1.25), cache_write: None };
        let usage = Usage { input_tokens: 1_000, output_tokens: 100, cached_tokens: 400, ..Usage::default() };
        assert_eq!(price.cost(usage), MicroUsd(1500 + 500 + 1000));
        assert_eq!(price.cost(usage).to_string(), "$0.0030");
        assert_eq!(MicroUsd(12_345_678).to_string(), "$12.34");
    }

    #[test]
    fn costs_are_exact_and_rounded_up_by_call() {
        let price = Price { input: 0.1, output: 0.6, cached_input: Some(0.1), cache_write: None };
        let usage = |input_tokens, cached_tokens| Usage { input_tokens, cached_tokens, ..Usage::default() };
        // 3 * 0.1 is more than 0.3 to a float.
        assert_eq!(price.cost(usage(30, 0)), MicroUsd(3));
        assert_eq!(price.cost(usage(31, 0)), MicroUsd(4));
        for tokens in 0..1_000 {
            assert_eq!(price.cost(usage(1_000, tokens)), MicroUsd(100), "in one part or in two");
        }
    }

    #[test]
    fn what_is_written_to_a_cache_has_its_price() {
        let price = Price { input: 2.0, output: 10.0, cached_input: Some(0.2), cache_write: Some(2.5) };
        let usage = Usage {
            input_tokens: 1_000,
            output_tokens: 10,
            cached_tokens: 600,
            cache_write_tokens: 300,
            reasoning_tokens: 0,
        };
        assert_eq!(price.cost(usage), MicroUsd(200 + 120 + 750 + 100));
        let absurd = Usage { cache_write_tokens: u64::MAX, ..usage };
        assert_eq!(price.cost(absurd), MicroUsd(120 + 1_000 + 100), "no part is more than the whole");
    }
}
