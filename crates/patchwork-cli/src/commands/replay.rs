//! `patchwork replay`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use patchwork::replay::{Replayed, replay};
use patchwork_core::failure::Failure;
use patchwork_core::journal::Recording;
use patchwork_core::secret::Secrets;
use patchwork_core::step::Outside;
use tokio_util::sync::CancellationToken;

use crate::args::{Level, Options};
use crate::drive::{self, Driven};
use crate::report::style::{BOLD, paint};
use crate::report::terminal::Terminal;
use crate::{journal, output, runtime, settings, signals, stdio};

/// Runs a recorded run again, offline and without a key, and says whether it ends in the same bytes. The run is in the
/// journal, or in the file that `--cassette` names.
pub(crate) fn run(options: &Options, run: Option<&str>) -> Result<u8, Failure> {
    let (recording, outside, folder) = match (&options.cassette, run) {
        (Some(file), run) => {
            let recording = Recording::read(file)?;
            let id = recording.spec.id.as_str();
            if let Some(run) = run.filter(|run| !id.starts_with(run)) {
                return Err(Failure::usage(format!("{} holds the run {id}, not `{run}`", file.display())));
            }
            // Whoever wrote the file does not say what is read here.
            (recording, Outside::Closed, drive::current_dir()?)
        }
        (None, Some(run)) => {
            let recording = recorded(options, run)?;
            let folder = recording.spec.base.repository.clone();
            (recording, Outside::Readable, folder)
        }
        (None, None) => {
            return Err(Failure::usage("say which run to replay")
                .hint("patchwork replay RUN; `patchwork runs` lists them")
                .hint("patchwork replay --cassette FILE"));
        }
    };
    // No key is needed, but what this machine knows as secret is masked as ever.
    let registry = patchwork::registry();
    let name = &recording.spec.plan.name;
    let place = settings::Place { options, registry: &registry, name, folder: &folder };
    let secrets = place.secrets_again(&recording.spec, &[])?;
    if let Some(path) = &options.output {
        output::check(path)?;
    }
    let began = Instant::now();
    let Replayed { mut end, differences } = again(options, &recording, outside, &folder, &secrets)?;
    // Answers from the recording took what they took then.
    let totals = recording.result.as_ref().and_then(|result| result.get("totals")).cloned();
    end.totals = totals.and_then(|totals| serde_json::from_value(totals).ok()).unwrap_or_default();
    let spec = &recording.spec;
    let driven = Driven {
        end,
        patchflow: spec.plan.name.clone(),
        created_ms: spec.created_ms,
        was_over: true,
        elapsed: began.elapsed(),
        diff: String::new(),
        report: None,
    };
    drive::write_results(options, &secrets, &driven)?;
    if differences.is_empty() {
        if options.level() >= Level::Info {
            stdio::tell(&format!(
                "{} run {} of {} ends in the same bytes: status {}, outputs and files as recorded",
                paint(BOLD, "replayed"),
                spec.id,
                spec.plan.name,
                driven.end.status.as_str()
            ));
        }
        return Ok(0);
    }
    let mut failure = Failure::failed(format!("the replay of run {} ends in something else", spec.id));
    failure.causes = differences.iter().map(|text| secrets.redact(text)).collect();
    Err(failure.hint("what is recorded stays as it is; a new run records what is true now"))
}

/// A run of the journal, as a recording.
pub(super) fn recorded(options: &Options, run: &str) -> Result<Recording, Failure> {
    let journal = journal::holding(options, run)?;
    runtime::small()?.block_on(async {
        let record = journal.run(run).await?;
        journal.recording(&record.id).await
    })
}

fn again(
    options: &Options,
    recording: &Recording,
    outside: Outside,
    folder: &Path,
    secrets: &Secrets,
) -> Result<Replayed, Failure> {
    let terminal = Arc::new(Terminal::start(drive::mode(options), options.level()));
    let runtime = runtime::full()?;
    let outcome = runtime.block_on(async {
        let cancel = CancellationToken::new();
        signals::watch(cancel.clone(), terminal.clone());
        replay(recording, outside, folder, secrets, vec![terminal.clone()], &cancel).await
    });
    terminal.close();
    runtime.shutdown_background();
    outcome
}
