//! `patchwork completions`.

use clap_complete::Shell;
use patchwork::models::Catalog;
use patchwork_core::failure::Failure;
use patchwork_core::patchflow::check::{NoFiles, load_named};

use crate::settings::every_run;
use crate::{args, stdio};

/// Prints the script for a shell: commands, the shipped patchflows and their options.
pub(crate) fn run(shell: Shell) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let catalog = Catalog::built_in();
    let shipped = registry
        .patchflows()
        .filter_map(|shipped| load_named(shipped.name, &registry, &NoFiles).ok().flatten());
    let plans: Vec<_> = shipped.map(|loaded| every_run::widened(&loaded.plan, &registry, &catalog)).collect();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::complete(&plans), "patchwork", &mut script);
    stdio::result(&String::from_utf8_lossy(&script))?;
    Ok(0)
}
