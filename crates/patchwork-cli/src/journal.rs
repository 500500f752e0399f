//! Opening the journal of the user's state folder.

use std::path::{Path, PathBuf};

use patchwork_core::failure::Failure;
use patchwork_core::journal::{Durability, FILE, Journal, JournalOptions, RunRecord, RunSpec};
use patchwork_core::secret::Secrets;

use crate::args::Options;
use crate::{crash, env, runtime, secrets};

/// The folder of journals, worktrees and caches.
pub(crate) fn state_dir(options: &Options) -> Result<PathBuf, Failure> {
    let dir = options.state_dir.clone().or_else(env::state_dir).ok_or_else(|| {
        Failure::configuration("there is no home folder to keep the journal in")
            .hint("name a folder with --state-dir or PATCHWORK_STATE_DIR")
    })?;
    std::path::absolute(&dir)
        .map_err(|error| Failure::configuration(format!("bad folder {}", dir.display())).caused_by(&error))
}

/// Opens the journal, making it when it is not there.
pub(crate) fn open(dir: &Path, options: &Options, secrets: &Secrets) -> Result<Journal, Failure> {
    let durability = if options.durable { Durability::PowerCut } else { Durability::Process };
    Journal::open(
        dir,
        JournalOptions { durability, secrets: secrets.clone(), after_record: crash::after_record() },
    )
}

/// Opens the journal for reading; `None` when nothing was ever run.
pub(crate) fn existing(options: &Options) -> Result<Option<Journal>, Failure> {
    let dir = state_dir(options)?;
    if !dir.join(FILE).is_file() {
        return Ok(None);
    }
    open(&dir, options, secrets::known()).map(Some)
}

/// Opens the journal in which a run must be.
pub(crate) fn holding(options: &Options, run: &str) -> Result<Journal, Failure> {
    existing(options)?.ok_or_else(|| Failure::usage(format!("there is no run `{run}`: nothing was run yet")))
}

/// A run of a journal, by its id or the beginning of one, with what it was started with.
pub(crate) fn run_of(journal: &Journal, id: &str) -> Result<(RunRecord, RunSpec), Failure> {
    runtime::small()?.block_on(async {
        let record = journal.run(id).await?;
        let spec = journal.spec(&record.id).await?;
        Ok((record, spec))
    })
}
