//! `patchwork completions`.

use clap_complete::Shell;
use patchwork_core::failure::Failure;

use crate::{args, stdio};

/// Prints the script for a shell.
pub(crate) fn run(shell: Shell) -> Result<u8, Failure> {
    let mut command = args::patchwork();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "patchwork", &mut script);
    stdio::result(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
