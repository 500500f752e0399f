//! `patchwork completions`.

use clap_complete::Shell;
use patchwork_core::failure::Failure;
use patchwork_core::patchflow::check::{NoFiles, load_named};

use crate::{args, stdio};

/// Prints the script for a shell: commands, the shipped patchflows and their options.
pub(crate) fn run(shell: Shell) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let mut command = args::patchwork();
    for shipped in registry.patchflows() {
        if let Ok(Some(loaded)) = load_named(shipped.name, &registry, &NoFiles) {
            command = command.subcommand(args::with_patchflow_inputs(&loaded.plan));
        }
    }
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "patchwork", &mut script);
    stdio::result(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
