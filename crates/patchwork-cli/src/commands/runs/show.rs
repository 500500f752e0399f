//! `patchwork runs show`: what happened in a run.

use std::collections::HashMap;

use patchwork_core::engine::Totals;
use patchwork_core::event::{Event, EventBody};
use patchwork_core::failure::Failure;
use patchwork_core::journal::RunRecord;
use serde_json::json;

use crate::args::{Format, Level, Options};
use crate::report::plain::one_line;
use crate::report::style::{BOLD, DIM, ERROR, GOOD, paint};
use crate::report::tally::figures;
use crate::report::{failure, lines};
use crate::{journal, moment, output, runtime, stdio};

/// Shows a run by its id or the beginning of one.
pub(crate) fn run(options: &Options, id: &str) -> Result<u8, Failure> {
    let journal = journal::holding(options, id)?;
    let (record, events) = runtime::small()?.block_on(async {
        let record = journal.run(id).await?;
        let events = journal.events(&record.id).await?;
        Ok::<_, Failure>((record, events))
    })?;
    let text = match options.format.unwrap_or_default() {
        Format::Text => text(&record, &events, options.level()),
        format => output::encode(&json!({ "run": record, "events": events }), format)?,
    };
    stdio::result(&text)?;
    Ok(0)
}

fn text(record: &RunRecord, events: &[Event], level: Level) -> String {
    let part =
        |name: &str| record.result.as_ref().and_then(|result| result.get(name)).cloned().unwrap_or_default();
    let seconds = (record.updated_ms - record.created_ms).max(0) / 1_000;
    let mut out = format!("{} {}: {}\n", paint(BOLD, &record.patchflow), record.id, record.status);
    out.push_str(&format!("repository: {}\n", record.repository));
    out.push_str(&format!("started: {}, last change {seconds} s later\n", moment::show(record.created_ms)));
    if let Ok(totals) = serde_json::from_value::<Totals>(part("totals")) {
        let figures = figures(&totals);
        if !figures.is_empty() {
            out.push_str(&format!("models: {figures}\n"));
        }
    }
    out.push_str("\nnodes:\n");
    out.push_str(&nodes(events));
    // What was said at the time; nodes stand above.
    let said: Vec<_> = events
        .iter()
        .filter(|event| {
            level >= Level::Debug
                || matches!(
                    event.body,
                    EventBody::Warning { .. } | EventBody::Note { .. } | EventBody::Produced { .. }
                )
        })
        .filter_map(|event| lines::line(event, level))
        .collect();
    if !said.is_empty() {
        out.push_str(&format!("\n{}\n", said.join("\n")));
    }
    if let Ok(problem) = serde_json::from_value::<Failure>(part("failure")) {
        out.push_str(&format!("\n{}", failure::render(&problem)));
    }
    out
}

/// The last state of each node that ran a step, in the order in which they began.
fn nodes(events: &[Event]) -> String {
    let mut order: Vec<&str> = Vec::new();
    let mut states: HashMap<&str, (&str, String)> = HashMap::new();
    for event in events {
        let (uses, state) = match &event.body {
            EventBody::NodeStarted { uses, attempt: 1 } => (uses, paint(DIM, "begun")),
            EventBody::NodeStarted { uses, attempt } => (uses, paint(DIM, format_args!("attempt {attempt}"))),
            EventBody::NodeCompleted { uses, .. } => (uses, paint(GOOD, "done")),
            EventBody::NodeSkipped { uses, reason } => {
                (uses, format!("{}: {}", paint(DIM, "skipped"), one_line(reason)))
            }
            EventBody::NodeFailed { uses, failure, .. } => {
                (uses, format!("{}: {}", paint(ERROR, "failed"), one_line(&failure.message)))
            }
            _ => continue,
        };
        let node = event.node.as_str();
        if states.insert(node, (uses, state)).is_none() {
            order.push(node);
        }
    }
    let width = order.iter().map(|node| node.chars().count()).max().unwrap_or(0);
    order
        .iter()
        .filter_map(|node| {
            states.get(node).map(|(uses, state)| format!("  {node:width$}  {uses}  {state}\n"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_has_one_line_with_its_last_state() {
        let event = |node: &str, body: EventBody| Event { seq: 1, at_ms: 0, node: node.into(), body };
        let events = [
            event("scan", EventBody::NodeStarted { uses: "ScanRules".into(), attempt: 1 }),
            event("scan", EventBody::NodeCompleted { uses: "ScanRules".into(), recorded: false }),
            event("pr", EventBody::NodeSkipped { uses: "PR".into(), reason: "nothing was fixed".into() }),
        ];
        let plain = anstream::adapter::strip_str(&nodes(&events)).to_string();
        assert_eq!(plain, "  scan  ScanRules  done\n  pr    PR  skipped: nothing was fixed\n");
    }
}
