//! `patchwork runs` and `patchwork runs show`.

mod show;

use patchwork_core::failure::Failure;
use patchwork_core::journal::RunRecord;
use patchwork_core::run::RunStatus;
use serde_json::{Value, json};

use crate::args::{Format, Options};
use crate::report::style::{DIM, ERROR, GOOD, WARNING, paint};
use crate::{journal, moment, output, runtime, stdio};

pub(crate) use show::run as show;

/// Lists runs, newest first.
pub(crate) fn list(options: &Options, limit: Option<usize>) -> Result<u8, Failure> {
    let mut runs = match journal::existing(options)? {
        Some(journal) => runtime::small()?.block_on(journal.runs())?,
        None => Vec::new(),
    };
    runs.truncate(limit.unwrap_or(usize::MAX));
    match options.format.unwrap_or_default() {
        Format::Text if runs.is_empty() => stdio::tell("nothing was run yet"),
        Format::Text => stdio::result(&runs.iter().map(line).collect::<String>())?,
        format => {
            let entries: Vec<_> = runs.iter().map(entry).collect();
            stdio::result(&output::encode(&entries.into(), format)?)?;
        }
    }
    Ok(0)
}

fn line(run: &RunRecord) -> String {
    let style = match run.status {
        RunStatus::Done => GOOD,
        RunStatus::Failed => ERROR,
        RunStatus::Running | RunStatus::Interrupted => WARNING,
    };
    format!(
        "{}  {}  {}  {}  {}\n",
        run.id,
        paint(style, format_args!("{:11}", run.status.as_str())),
        moment::show(run.created_ms),
        run.patchflow,
        paint(DIM, &run.repository),
    )
}

/// A run for machines, without what it answered: that can be long and is in `runs show`.
fn entry(run: &RunRecord) -> Value {
    let result = run.result.as_ref();
    let part = |name: &str| result.and_then(|result| result.get(name)).cloned().unwrap_or_default();
    json!({
        "id": run.id,
        "status": run.status,
        "patchflow": run.patchflow,
        "repository": run.repository,
        "created": moment::show(run.created_ms),
        "updated": moment::show(run.updated_ms),
        "failure": part("failure"),
        "totals": part("totals"),
    })
}
