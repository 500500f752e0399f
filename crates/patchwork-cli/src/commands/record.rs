//! `patchwork record`: runs as files.

use std::path::Path;

use patchwork_core::failure::Failure;

use crate::args::{Level, Options};
use crate::stdio;

/// Writes all that was recorded of a run into a file, for `patchwork replay --cassette FILE` on any machine.
pub(crate) fn export(options: &Options, run: &str, file: &Path) -> Result<u8, Failure> {
    let recording = super::replay::recorded(options, run)?;
    recording.write(file)?;
    if options.level() >= Level::Info {
        let calls = match recording.calls.len() {
            1 => "1 model call".to_owned(),
            n => format!("{n} model calls"),
        };
        stdio::tell(&format!("wrote run {} with {calls} to {}", recording.spec.id, file.display()));
        stdio::tell(&format!("replay it in any clone: patchwork replay --cassette {}", file.display()));
    }
    Ok(0)
}
