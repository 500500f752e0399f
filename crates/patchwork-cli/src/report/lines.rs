//! What an event is worth: a line, or none.

use std::time::Duration;

use patchwork_core::event::{Event, EventBody};

use super::style::{DIM, GOOD, WARNING, paint};
use crate::args::Level;

/// The line for an event at a level of detail.
pub(crate) fn line(event: &Event, level: Level) -> Option<String> {
    let node = event.node.as_str();
    // Nodes inside loops come by the hundred.
    let on_top = !node.is_empty() && !node.contains(['/', '[']);
    let (needs, text) = match &event.body {
        EventBody::RunResumed => (Level::Info, "going on where the run stopped".to_owned()),
        EventBody::NodeStarted { uses, attempt } => {
            (Level::Debug, paint(DIM, format_args!("{node}: {uses} begins, attempt {attempt}")))
        }
        EventBody::NodeCompleted { uses, recorded } => {
            let recorded = if *recorded { ", taken from the journal" } else { "" };
            let needs = if on_top { Level::Info } else { Level::Debug };
            (needs, format!("{} {node}: {uses}{recorded}", paint(GOOD, "done")))
        }
        EventBody::NodeSkipped { uses, reason } => {
            let needs = if on_top { Level::Info } else { Level::Debug };
            (needs, format!("{} {node}: {uses}: {reason}", paint(DIM, "skipped")))
        }
        EventBody::NodeFailed { uses, failure, will_retry } => {
            let then = if *will_retry { "; trying again" } else { "" };
            (Level::Warning, warning(&format!("{node}: {uses}: {failure}{then}")))
        }
        EventBody::Warning { message } => (Level::Warning, warning(message)),
        EventBody::Note { message } => (Level::Info, message.clone()),
        EventBody::ModelCalled { model, usage, cost, latency_ms } => {
            let cost = cost.map(|cost| format!(", {cost}")).unwrap_or_default();
            let (sent, received) = (usage.input_tokens, usage.output_tokens);
            let text =
                format!("{node}: {model} answered in {latency_ms} ms, {sent} + {received} tokens{cost}");
            (Level::Debug, paint(DIM, text))
        }
        EventBody::Retrying { problem, wait_ms } => {
            let seconds = Duration::from_millis(*wait_ms).as_secs_f64();
            (Level::Info, format!("{problem}; trying again in {seconds:.1} s"))
        }
        EventBody::Produced { what, name } => (Level::Info, format!("{what}: {name}")),
        EventBody::RunStarted { .. } | EventBody::RunFinished { .. } | EventBody::Progress { .. } => {
            return None;
        }
    };
    (level >= needs).then_some(text)
}

/// A warning of our own.
pub(crate) fn warning(message: &str) -> String {
    format!("{} {message}", paint(WARNING, "warning:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_inside_loops_are_worth_a_line_only_in_detail() {
        let done = |node: &str| Event {
            seq: 1,
            at_ms: 0,
            node: node.into(),
            body: EventBody::NodeCompleted { uses: "X".into(), recorded: false },
        };
        assert!(line(&done("scan"), Level::Info).is_some());
        assert!(line(&done("rounds[0]/scan"), Level::Info).is_none());
        assert!(line(&done("rounds[0]/scan"), Level::Debug).is_some());
        assert!(line(&done("scan"), Level::Warning).is_none());
    }
}
