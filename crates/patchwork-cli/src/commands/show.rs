//! `patchwork show`: a step's manual page, or a patchflow's document.

use patchwork_core::failure::{Failure, nearest};

use super::page::page;
use crate::args::Options;
use crate::patchflows;
use crate::stdio;

/// Shows what `name` means.
pub(crate) fn run(options: &Options, name: &str) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    if let Some(step) = registry.step(name) {
        let mut text = page(&**step);
        if step.id() != name {
            text = format!("{name} is another name of {}.\n\n{text}", step.id());
        }
        stdio::result(&text)?;
        return Ok(0);
    }
    let found =
        patchflows::find(name, options.config.as_deref(), &registry).map_err(|failure| {
            match nearest(name, registry.steps().map(|step| step.id())) {
                Some(step) => failure.hint(format!("or did you mean the step `{step}`?")),
                None => failure,
            }
        })?;
    stdio::result(&found.document)?;
    Ok(0)
}
