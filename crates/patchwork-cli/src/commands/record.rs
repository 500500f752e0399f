//! `patchwork record`: runs as files.

use std::path::Path;

use patchwork_core::failure::Failure;

use crate::args::{Level, Options};
use crate::report::tally::counted;
use crate::stdio;

/// Writes all that was recorded of a run into a file, for `patchwork replay --cassette FILE` on any machine.
pub(crate) fn export(options: &Options, run: &str, file: &Path) -> Result<u8, Failure> {
    let recording = super::replay::recorded(options, run)?;
    recording.write(file)?;
    if options.level() >= Level::Info {
        let calls = counted(recording.calls.len() as u64, "model call");
        stdio::tell(&format!("wrote run {} with {calls} to {}", recording.spec.id, file.display()));
        stdio::tell(&format!("replay it in any clone: patchwork replay --cassette {}", file.display()));
    }
    Ok(0)
}
