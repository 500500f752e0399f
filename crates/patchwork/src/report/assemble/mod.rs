//! From what the journal holds of a run to its report.

mod cases;
mod history;
mod published;

use std::collections::HashMap;

use patchwork_core::engine::Totals;
use patchwork_core::event::{Event, EventBody};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::journal::{Journal, RunRecord, RunSpec};
use patchwork_core::port::trial::Isolation;
use patchwork_core::run::RunStatus;
use serde_json::Value;

use super::run_report::{Base, Counts, RunReport, VERSION};
use super::words;

/// What the journal holds of a run, as far as a report tells of it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// The run in listings, with what it ended with.
    pub record: RunRecord,
    /// What it was started with.
    pub spec: RunSpec,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The outputs of steps, in the order in which they were recorded.
    pub outputs: Vec<Output>,
    /// What held programs in, when some were built or tested.
    pub sandbox: Option<Isolation>,
}

/// The output of a step.
#[derive(Debug, Clone)]
pub struct Output {
    /// The step.
    pub uses: String,
    /// The output.
    pub value: Value,
}

/// The steps whose outputs a report is made of.
const TELLING: [&str; 9] = [
    "ExtractCode",
    "VerifyPatch",
    "ProveFixes",
    "Report",
    "PR",
    "CommitChanges",
    "CreatePR",
    "ApplyBundle",
    "SelectChanges",
];

/// How the key of the record begins that says what held programs in.
const BASE_LINE: &str = "#base line/";

/// The report of a run, by its id or an unambiguous beginning of it.
pub async fn read(journal: &Journal, run: &str) -> Result<RunReport, Failure> {
    let record = journal.run(run).await?;
    let spec = journal.spec(&record.id).await?;
    let events = journal.events(&record.id).await?;
    let (mut outputs, mut sandbox) = (Vec::new(), None);
    let steps: HashMap<&str, &str> = events.iter().filter_map(step_of).collect();
    for (key, _) in journal.keys(&record.id).await? {
        if key.starts_with(BASE_LINE) {
            let stored = journal.get(&record.id, &key).await?;
            let isolation = stored.map(|mut stored| stored.value["base"]["isolation"].take());
            sandbox = isolation.and_then(|value| serde_json::from_value(value).ok()).or(sandbox);
            continue;
        }
        let Some((node, _)) = key.rsplit_once('/') else { continue };
        let Some(uses) = steps.get(node).filter(|uses| TELLING.contains(uses)) else { continue };
        if let Some(mut stored) = journal.get(&record.id, &key).await? {
            let value = stored.value["outcome"]["output"].take();
            outputs.push(Output { uses: (*uses).to_owned(), value });
        }
    }
    Ok(RunReport::of(&Recorded { record, spec, events, outputs, sandbox }))
}

fn step_of(event: &Event) -> Option<(&str, &str)> {
    match &event.body {
        EventBody::NodeStarted { uses, .. } | EventBody::NodeCompleted { uses, .. } => {
            Some((event.node.as_str(), uses))
        }
        _ => None,
    }
}

impl RunReport {
    /// The report of what the journal holds.
    pub fn of(recorded: &Recorded) -> Self {
        let Recorded { record, spec, events, outputs, sandbox } = recorded;
        let part = |name: &str| record.result.as_ref().and_then(|result| result.get(name)).cloned();
        let failure: Option<Failure> =
            part("failure").and_then(|value| serde_json::from_value(value).ok()).filter(|_| {
                // The result is that of an earlier process while another one is at work.
                matches!(record.status, RunStatus::Failed | RunStatus::Interrupted)
            });
        let published = published::of(outputs);
        let dry_run = spec.inputs.get("dry_run") == Some(&Value::Bool(true));
        let mut cases = cases::of(outputs);
        published::mark(&mut cases, outputs, &published);
        cases.sort_by(|a, b| {
            (a.outcome, &a.path, a.line, &a.findings.first().map(|f| &f.rule)).cmp(&(
                b.outcome,
                &b.path,
                b.line,
                &b.findings.first().map(|f| &f.rule),
            ))
        });
        let models = history::models(events);
        let (ended_ms, ms) = history::times(events, record.updated_ms.max(spec.created_ms));
        Self {
            version: VERSION,
            run: record.id.to_string(),
            patchflow: spec.plan.name.clone(),
            program_version: spec.program_version.clone(),
            status: record.status,
            exit_code: match record.status {
                RunStatus::Running => None,
                RunStatus::Done => Some(0),
                RunStatus::Failed | RunStatus::Interrupted => {
                    Some(failure.as_ref().map_or(FailureKind::Interrupted.exit_code(), Failure::exit_code))
                }
            },
            failure,
            started: words::moment(spec.created_ms),
            ended: words::moment(ended_ms),
            ms,
            repository: published::repository(&spec.base.repository, &published),
            base: Base { commit: spec.base.commit.clone(), branch: spec.base.branch.clone() },
            dry_run,
            published,
            sandbox: sandbox.clone(),
            totals: totals(record, part("totals"), events),
            models,
            counts: Counts::of(&cases),
            cases,
            nodes: history::nodes(events),
            warnings: history::warnings(events),
        }
    }
}

/// What all calls took: as it was recorded at the end, which knows of answers that a killed process has not told of.
fn totals(record: &RunRecord, recorded: Option<Value>, events: &[Event]) -> Totals {
    let is_over = record.status != RunStatus::Running;
    let mut told = Totals::default();
    events.iter().for_each(|event| told.add(&event.body));
    let recorded: Option<Totals> =
        recorded.filter(|_| is_over).and_then(|value| serde_json::from_value(value).ok());
    recorded.filter(|recorded| recorded.calls >= told.calls).unwrap_or(told)
}
