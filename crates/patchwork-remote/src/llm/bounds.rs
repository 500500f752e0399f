//! What a try may take at most, and the limit on the answer that makes it so.

use std::borrow::Cow;

use patchwork_core::port::provider::{ChatRequest, Measure, Worst};

use super::catalog::Profile;
use super::tokens::{at_most, count_request};

/// Tokens of an answer when the user gives no limit: no fix is longer, and what a model can write at most would set too much
/// of a budget aside.
const USUAL: u32 = 32_000;

/// Tokens of an answer under a budget, of a model whose limit is not known.
const UNKNOWN: u32 = 8_192;

/// The least that a limit on an answer is lowered to under a budget: what is shorter is cut more often than not, and paid.
const USEFUL: u32 = 4_096;

/// The least that is left for an answer when the prompt fills the context: then the server says that it is too long.
const LEAST: u32 = 1_024;

/// A request with its limit, and what it takes.
pub(super) struct Bounds<'a> {
    /// With the limit on the answer that is sent.
    pub(super) request: Cow<'a, ChatRequest>,
    /// What one try takes at most.
    pub(super) worst: Worst,
    /// Whether the limit is ours to lower: the user gave none.
    ours: bool,
    /// Tokens that servers count against their limits before they begin: of the prompt, and of the longest answer.
    pub(super) likely: u64,
}

/// The request as it is sent. Where the user gives no limit, it is what the model can write, 32 000 tokens at most; a model
/// whose limit is not known gets none, unless the call is under a budget on money or tokens (`budget`): then 8 192.
///
/// What a budget does not allow may be [lower](Bounds::lower).
///
/// The worst case is by the limit that is sent. Without one there is no worst case of the answer, and what is told is
/// that of 8 192 tokens: nobody counts with it.
pub(super) fn bounded<'a>(profile: &Profile, request: &'a ChatRequest, budget: bool) -> Bounds<'a> {
    let input = at_most(profile.tokenizer.unwrap_or_default(), request)
        .min(profile.context.map_or(u64::MAX, u64::from));
    let limit = request.parameters.max_tokens.or_else(|| usual(profile, request, input));
    let limit = limit.or(budget.then_some(UNKNOWN));
    let output = u64::from(limit.unwrap_or(UNKNOWN));
    let worst = Worst { input_tokens: input, output_tokens: output, cost: profile.worst_cost(input, output) };
    let ours = request.parameters.max_tokens.is_none() && limit.is_some();
    let request = if limit == request.parameters.max_tokens {
        Cow::Borrowed(request)
    } else {
        let mut limited = request.clone();
        limited.parameters.max_tokens = limit;
        Cow::Owned(limited)
    };
    let prompt = patchwork_core::tokens::estimate(usize::try_from(input).unwrap_or(usize::MAX));
    let likely = u64::try_from(prompt).unwrap_or(u64::MAX).saturating_add(limit.map_or(0, u64::from));
    Bounds { request, worst, likely, ours }
}

impl Bounds<'_> {
    /// Half as long an answer, for a budget that does not allow this one; nothing where the user gave the limit, and where
    /// half is too little to be of use.
    #[must_use]
    pub(super) fn lower(&self, profile: &Profile) -> Option<Bounds<'static>> {
        let half = self.request.parameters.max_tokens.filter(|_| self.ours)? / 2;
        if half < USEFUL {
            return None;
        }
        let mut request = self.request.clone().into_owned();
        request.parameters.max_tokens = Some(half);
        let Worst { input_tokens: input, .. } = self.worst;
        let output = u64::from(half);
        Some(Bounds {
            worst: Worst { output_tokens: output, cost: profile.worst_cost(input, output), ..self.worst },
            likely: self.likely.saturating_sub(output),
            request: Cow::Owned(request),
            ours: true,
        })
    }
}

/// The limit for a model that is known, as far as its context has room beside the prompt.
fn usual(profile: &Profile, request: &ChatRequest, input: u64) -> Option<u32> {
    let limit = profile.output?.min(USUAL);
    let Some(context) = profile.context.map(u64::from) else { return Some(limit) };
    let room = |prompt: u64| context.saturating_sub(prompt);
    if room(input) >= u64::from(limit) {
        return Some(limit);
    }
    // Only a long prompt is worth counting.
    let room = room(count_request(profile.tokenizer.unwrap_or_default(), request).0);
    Some(limit.min(u32::try_from(room).unwrap_or(u32::MAX)).max(LEAST.min(limit)))
}

/// What a request takes, before it is sent; the worst case as under a budget.
pub(super) fn measure(profile: &Profile, request: &ChatRequest) -> Measure {
    let (input_tokens, exact) = count_request(profile.tokenizer.unwrap_or_default(), request);
    Measure { worst: bounded(profile, request, true).worst, input_tokens, exact }
}

#[cfg(test)]
mod tests {
    use patchwork_core::message::{Message, Role};
    use patchwork_core::usage::MicroUsd;

    use super::*;
    use crate::llm::Catalog;

    #[test]
    fn half_a_dollar_lets_every_default_model_answer_a_prompt_of_8_kib() {
        let prompt = Message::new(Role::User, "let digest = md5(data); ".repeat(341));
        let request = ChatRequest { messages: vec![prompt], ..ChatRequest::default() };
        let catalog = Catalog::built_in();
        for vendor in catalog.vendors() {
            let Some(name) = &vendor.default else { continue };
            let profile = vendor.profile(name);
            let affordable = |worst: Worst| worst.cost.is_some_and(|cost| cost <= MicroUsd(500_000));
            let bounds = bounded(&profile, &request, true);
            let lowered = std::iter::successors(Some(bounds), |bounds| bounds.lower(&profile));
            let worst: Vec<_> = lowered.map(|bounds| bounds.worst).collect();
            assert!(
                profile.price.is_none() || worst.iter().any(|worst| affordable(*worst)),
                "{name}: {worst:?}"
            );
        }
    }
}
