//! Sums over the events of a run: what is under way, what was done, what it cost so far.

use std::collections::BTreeMap;

use patchwork_core::engine::Totals;
use patchwork_core::event::{Event, EventBody};
use patchwork_core::run::NodePath;

/// Sums over the events of a run.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Steps under way, by node.
    running: BTreeMap<NodePath, String>,
    /// The loop that spoke last: label, done, total.
    pub(crate) progress: Option<(String, u64, u64)>,
    totals: Totals,
}

impl Tally {
    /// Counts an event in.
    pub(crate) fn take(&mut self, event: &Event) {
        self.totals.add(&event.body);
        match &event.body {
            EventBody::NodeStarted { uses, .. } => {
                self.running.insert(event.node.clone(), uses.clone());
            }
            EventBody::NodeCompleted { .. }
            | EventBody::NodeSkipped { .. }
            | EventBody::NodeFailed { .. } => {
                self.running.remove(&event.node);
            }
            EventBody::Progress { label, done, total } => {
                self.progress = Some((label.clone(), *done, *total));
            }
            _ => {}
        }
    }

    /// The steps under way (`8 × CallLLM`); empty when there is none.
    pub(crate) fn waiting_for(&self) -> String {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for uses in self.running.values() {
            *counts.entry(uses).or_default() += 1;
        }
        let words: Vec<_> = counts
            .into_iter()
            .map(|(uses, n)| if n == 1 { uses.to_owned() } else { format!("{n} × {uses}") })
            .collect();
        words.join(", ")
    }

    /// Model calls, tokens and cost so far; empty before the first call.
    pub(crate) fn figures(&self) -> String {
        figures(&self.totals)
    }
}

/// `3 model calls, 12.3k tokens, $0.0123, 2 answers of earlier runs`; empty without any.
pub(crate) fn figures(totals: &Totals) -> String {
    let mut parts = Vec::new();
    if totals.calls > 0 {
        parts.push(counted(totals.calls, "model call"));
        parts.push(format!(
            "{} tokens",
            short(totals.usage.input_tokens.saturating_add(totals.usage.output_tokens))
        ));
        parts.push(match (totals.unpriced_calls > 0, totals.cost.0) {
            (true, 0) => "price unknown".to_owned(),
            (true, _) => format!("{} and calls of unknown price", totals.cost),
            (false, _) => totals.cost.to_string(),
        });
    }
    if totals.reused > 0 {
        parts.push(format!("{} of earlier runs", counted(totals.reused, "answer")));
    }
    parts.join(", ")
}

/// `1 answer`, `2 answers`.
pub(crate) fn counted(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// `950`, `12.3k`, `4.5M`.
pub(crate) fn short(count: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", count / unit, count % unit / (unit / 10));
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}k", tenths(1_000)),
        _ => format!("{}M", tenths(1_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use patchwork_core::usage::{MicroUsd, Usage};

    use super::*;

    fn event(node: &str, body: EventBody) -> Event {
        Event { seq: 1, at_ms: 0, node: node.into(), body }
    }

    #[test]
    fn it_knows_what_is_under_way_and_what_was_paid() {
        let mut tally = Tally::default();
        let started = |uses: &str| EventBody::NodeStarted { uses: uses.to_owned(), attempt: 1 };
        tally.take(&event("a[0]/x", started("CallLLM")));
        tally.take(&event("a[1]/x", started("CallLLM")));
        tally.take(&event("scan", started("ScanSemgrep")));
        assert_eq!(tally.waiting_for(), "2 × CallLLM, ScanSemgrep");
        tally.take(&event("scan", EventBody::NodeCompleted { uses: "ScanSemgrep".into(), recorded: false }));
        assert_eq!(tally.waiting_for(), "2 × CallLLM");
        let usage = Usage { input_tokens: 12_000, output_tokens: 345, ..Usage::default() };
        let cost = Some(MicroUsd(12_300));
        tally.take(&event(
            "",
            EventBody::ModelCalled {
                model: "m".into(),
                usage,
                cost,
                latency_ms: 1,
                vendor: String::new(),
                reused: false,
                requested: None,
                finish: None,
            },
        ));
        assert_eq!(tally.figures(), "1 model call, 12.3k tokens, $0.0123");
    }
}
