//! `patchwork check`: every fault of patchflow documents, and where each input of their steps comes from.

use std::path::PathBuf;

use patchwork_core::diagnostic::{self, Style};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::patchflow::check::{load, render_wires};
use serde_json::json;

use crate::args::{Format, Options};
use crate::patchflows::{self, Files};
use crate::{output, stdio};

/// Checks files; answers the exit code of a wrong configuration when one has a fault.
pub(crate) fn run(options: &Options, files: &[PathBuf]) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let format = options.format.unwrap_or_default();
    let mut good = true;
    let mut reports = Vec::new();
    for file in files {
        let found = patchflows::find_file(file)?;
        let loader = Files { config: options.config.as_deref() };
        let outcome = load(&found.document, &found.origin, &registry, &loader);
        good &= outcome.is_ok();
        let (wires, faults) = match &outcome {
            Ok(loaded) => (render_wires(&loaded.wires), loaded.warnings.as_slice()),
            Err(faults) => (String::new(), faults.as_slice()),
        };
        if format == Format::Text {
            if !faults.is_empty() {
                stdio::tell(&diagnostic::render(faults, Style::Coloured));
            }
            if outcome.is_ok() {
                stdio::result(&format!("{}: fine\n{wires}", found.origin))?;
            }
        } else {
            let wires = outcome.as_ref().ok().map(|loaded| &loaded.wires);
            reports.push(json!({ "file": found.origin, "faults": faults, "wires": wires }));
        }
    }
    if format != Format::Text {
        stdio::result(&output::encode(&reports.into(), format)?)?;
    }
    Ok(if good { 0 } else { FailureKind::Configuration.exit_code() })
}
