//! What the events of a run tell: times, nodes, models, warnings.

use std::collections::HashMap;

use patchwork_core::event::{Event, EventBody};
use patchwork_core::usage::{MicroUsd, Usage};

use crate::report::run_report::{ModelUse, NodeReport, NodeState};

/// Warnings that a report lists.
const MAX_WARNINGS: usize = 200;

/// When the run ended or was last heard of, and milliseconds of work. `otherwise` is when it has no event.
pub(super) fn times(events: &[Event], otherwise: i64) -> (i64, u64) {
    let (mut worked, mut begun, mut last) = (0_u64, None::<i64>, None::<i64>);
    for event in events {
        if matches!(event.body, EventBody::RunStarted { .. } | EventBody::RunResumed) {
            worked += span(begun, last);
            begun = Some(event.at_ms);
        }
        last = Some(event.at_ms);
    }
    (last.unwrap_or(otherwise), worked + span(begun, last))
}

fn span(from: Option<i64>, to: Option<i64>) -> u64 {
    from.zip(to).map_or(0, |(from, to)| u64::try_from(to.saturating_sub(from)).unwrap_or(0))
}

/// What each model did, in the order of the first words of it.
pub(super) fn models(events: &[Event]) -> Vec<ModelUse> {
    let mut models: Vec<ModelUse> = Vec::new();
    let mut of = |vendor: &str, model: &str, take: &mut dyn FnMut(&mut ModelUse)| {
        let at = models.iter().position(|one| one.vendor == vendor && one.model == model);
        let at = at.unwrap_or_else(|| {
            models.push(ModelUse {
                vendor: vendor.to_owned(),
                model: model.to_owned(),
                calls: 0,
                reused: 0,
                failed: 0,
                usage: Usage::default(),
                cost: Some(MicroUsd(0)),
                ms: 0,
            });
            models.len() - 1
        });
        if let Some(model) = models.get_mut(at) {
            take(model);
        }
    };
    for event in events {
        match &event.body {
            EventBody::ModelCalled { vendor, model, reused: true, .. } => {
                of(vendor, model, &mut |one| one.reused += 1);
            }
            EventBody::ModelCalled { vendor, model, usage, cost, latency_ms, .. } => {
                of(vendor, model, &mut |one| {
                    one.calls += 1;
                    one.usage += *usage;
                    one.ms = one.ms.saturating_add(*latency_ms);
                    one.cost = one.cost.zip(*cost).map(|(mut sum, cost)| {
                        sum += cost;
                        sum
                    });
                });
            }
            EventBody::ModelFailed { vendor, model, requested, .. } => {
                let name = if model.is_empty() { requested.as_deref().unwrap_or_default() } else { model };
                of(vendor, name, &mut |one| one.failed += 1);
            }
            _ => {}
        }
    }
    models
}

/// The last state of each node that runs a step, in the order in which they began.
pub(super) fn nodes(events: &[Event]) -> Vec<NodeReport> {
    let mut nodes: Vec<(NodeReport, i64)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for event in events {
        let (uses, state, reason) = match &event.body {
            EventBody::NodeStarted { uses, .. } => (uses, NodeState::Begun, ""),
            EventBody::NodeCompleted { uses, .. } => (uses, NodeState::Done, ""),
            EventBody::NodeSkipped { uses, reason } => (uses, NodeState::Skipped, reason.as_str()),
            EventBody::NodeFailed { uses, failure, .. } => {
                (uses, NodeState::Failed, failure.message.as_str())
            }
            _ => continue,
        };
        let node = event.node.as_str();
        let at = *places.entry(node).or_insert(nodes.len());
        if at == nodes.len() {
            let (node, reason) = (node.to_owned(), String::new());
            nodes.push((
                NodeReport { node, uses: uses.clone(), state, reason, attempts: 0, ms: 0 },
                event.at_ms,
            ));
        }
        let Some((report, begun)) = nodes.get_mut(at) else { continue };
        reason.clone_into(&mut report.reason);
        report.state = state;
        if let EventBody::NodeStarted { attempt, .. } = event.body {
            (report.attempts, report.ms, *begun) = (attempt, 0, event.at_ms);
        } else if !matches!(event.body, EventBody::NodeCompleted { recorded: true, .. }) {
            report.ms = span(Some(*begun), Some(event.at_ms));
        }
    }
    nodes.into_iter().map(|(node, _)| node).collect()
}

/// What people were warned about, each once.
pub(super) fn warnings(events: &[Event]) -> Vec<String> {
    let mut warnings: Vec<String> = Vec::new();
    for event in events {
        if let EventBody::Warning { message } = &event.body
            && warnings.len() < MAX_WARNINGS
            && !warnings.contains(message)
        {
            warnings.push(message.clone());
        }
    }
    warnings
}
