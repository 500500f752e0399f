//! `patchwork record`: runs as files.

use std::io::IsTerminal as _;
use std::path::Path;

use patchwork_core::failure::Failure;
use patchwork_core::run::RunStatus;

use crate::args::{Level, Options};
use crate::report::tally::counted;
use crate::{output, stdio};

/// Writes all that was recorded of a run into a file (`-`: to the standard output), for `patchwork replay --cassette FILE` on
/// any machine. A file that is there is replaced as a whole.
pub(crate) fn export(options: &Options, run: &str, file: &Path) -> Result<u8, Failure> {
    let to_stdout = file == Path::new("-");
    if to_stdout && std::io::stdout().is_terminal() {
        return Err(
            Failure::usage("a recording is nothing for a terminal").hint("name a file, or use a pipe")
        );
    }
    if !to_stdout {
        output::possible(file, "")?;
    }
    let recording = super::replay::recorded(options, run)?;
    if to_stdout {
        stdio::bytes(|out| recording.write(out))?;
    } else {
        output::write_with(file, "the recording", |out| recording.write(out))?;
    }
    let id = &recording.spec.id;
    if options.level() >= Level::Info {
        let calls = counted(recording.calls.len() as u64, "model call");
        let place = if to_stdout { "the standard output".to_owned() } else { file.display().to_string() };
        stdio::tell(&format!("wrote run {id} with {calls} to {place}"));
    }
    match recording.status {
        RunStatus::Running | RunStatus::Interrupted if options.level() >= Level::Warning => {
            stdio::tell(&format!(
                "run {id} is {}: a new run can use its answers, but there is no end to replay",
                recording.status
            ));
        }
        _ if options.level() >= Level::Info && !to_stdout => {
            stdio::tell(&format!("replay it in any clone: patchwork replay --cassette {}", file.display()));
        }
        _ => {}
    }
    Ok(0)
}
