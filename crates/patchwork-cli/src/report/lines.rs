//! What an event is worth: a line, or none.

use std::time::Duration;

use patchwork_core::event::{Event, EventBody, NOT_HELD};

use super::plain::{one_line, plain};
use super::style::{DIM, GOOD, WARNING, paint};
use crate::args::Level;

/// The line for an event at a level of detail.
pub(crate) fn line(event: &Event, level: Level) -> Option<String> {
    let node = event.node.as_str();
    // Nodes inside loops come by the hundred.
    let on_top = is_on_top(event);
    let (needs, text) = match &event.body {
        EventBody::RunResumed => (Level::Info, "going on where the run stopped".to_owned()),
        EventBody::NodeStarted { uses, attempt } => {
            (Level::Debug, paint(DIM, format_args!("{node}: {uses} begins, attempt {attempt}")))
        }
        EventBody::NodeCompleted { uses, recorded } => {
            let recorded = if *recorded { ", taken from the journal" } else { "" };
            // What came of a step is in its notes.
            (Level::Debug, format!("{} {node}: {uses}{recorded}", paint(GOOD, "done")))
        }
        EventBody::NodeSkipped { reason, .. } => {
            // A condition is for who wrote the patchflow, a step's own reason for who runs it.
            let needs = if on_top && !reason.ends_with(NOT_HELD) { Level::Info } else { Level::Debug };
            (needs, format!("{} {node}: {}", paint(DIM, "skipped"), one_line(reason)))
        }
        EventBody::NodeFailed { uses, failure, will_retry } => {
            let then = if *will_retry { "; trying again" } else { "" };
            (Level::Warning, warning(&format!("{node}: {uses}: {failure}{then}")))
        }
        EventBody::Warning { message } => (Level::Warning, warning(message)),
        EventBody::Note { message } => (Level::Info, indented(message)),
        EventBody::ModelCalled { model, usage, cost, latency_ms, .. } => {
            let cost = cost.map(|cost| format!(", {cost}")).unwrap_or_default();
            let (sent, received) = (usage.input_tokens, usage.output_tokens);
            let text = format!(
                "{node}: {} answered in {latency_ms} ms, {sent} + {received} tokens{cost}",
                one_line(model)
            );
            (Level::Debug, paint(DIM, text))
        }
        EventBody::Retrying { problem, wait_ms } => {
            let then = match Duration::from_millis(*wait_ms).as_secs_f64() {
                0.0 => "asking the next model".to_owned(),
                seconds => format!("trying again in {seconds:.1} s"),
            };
            (Level::Info, format!("{}; {then}", one_line(problem)))
        }
        EventBody::Produced { what, name } => {
            (Level::Info, format!("{}: {}", one_line(what), one_line(name)))
        }
        // The step that asked tells what it makes of a call without an answer.
        EventBody::RunStarted { .. }
        | EventBody::RunFinished { .. }
        | EventBody::Progress { .. }
        | EventBody::ModelFailed { .. } => return None,
    };
    (level >= needs).then_some(text)
}

/// Whether it is about a node that is in no loop and no other patchflow.
pub(crate) fn is_on_top(event: &Event) -> bool {
    let node = event.node.as_str();
    !node.is_empty() && !node.contains(['/', '['])
}

/// What a failed node says that others may say alike; nothing about other events.
pub(crate) fn complaint(event: &Event) -> Option<String> {
    match &event.body {
        EventBody::NodeFailed { uses, failure, will_retry: false } if !is_on_top(event) => {
            Some(format!("{uses}: {failure}"))
        }
        _ => None,
    }
}

/// A warning of our own.
pub(crate) fn warning(message: &str) -> String {
    format!("{} {}", paint(WARNING, "warning:"), indented(message))
}

/// Further lines of `text`, moved in: only our own lines begin at the margin.
fn indented(text: &str) -> String {
    plain(text).trim_end().replace('\n', "\n  ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(node: &str, body: EventBody) -> Event {
        Event { seq: 1, at_ms: 0, node: node.into(), body }
    }

    #[test]
    fn nodes_inside_loops_are_worth_a_line_only_in_detail() {
        let skipped = |node: &str, reason: &str| {
            event(node, EventBody::NodeSkipped { uses: "X".into(), reason: reason.into() })
        };
        assert!(line(&skipped("scan", "none"), Level::Info).is_some());
        assert!(line(&skipped("rounds[0]/scan", "none"), Level::Info).is_none());
        assert!(line(&skipped("rounds[0]/scan", "none"), Level::Debug).is_some());
        assert!(line(&skipped("scan", "none"), Level::Warning).is_none());
        let condition = format!("`a.b` {NOT_HELD}");
        assert!(line(&skipped("scan", &condition), Level::Info).is_none());
        assert!(line(&skipped("scan", &condition), Level::Debug).is_some());
    }

    #[test]
    fn text_from_strangers_neither_paints_nor_begins_a_line() {
        let message = "\u{1b}[8mhidden\u{1b}[0m\nfixed a.py:1\r".to_owned();
        let shown = line(&event("", EventBody::Note { message }), Level::Info).unwrap();
        assert_eq!(shown, "hidden\n  fixed a.py:1");
        let name = "x\nerror: y".to_owned();
        let shown = line(&event("", EventBody::Produced { what: "branch".into(), name }), Level::Info);
        assert_eq!(shown.as_deref(), Some("branch: x error: y"));
    }
}
