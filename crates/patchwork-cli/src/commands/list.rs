//! `patchwork list`: the patchflows, or the steps they are made of.

use std::path::Path;

use patchwork_core::failure::Failure;
use patchwork_core::patchflow::check::load_named;
use patchwork_core::registry::Registry;
use serde_json::{Value, json};

use super::page;
use crate::args::{Format, Options};
use crate::patchflows::{self, Files};
use crate::{output, stdio};

struct Entry {
    name: String,
    summary: String,
    file: Option<String>,
}

/// Lists the shipped patchflows, then those of `--config`; or the steps.
pub(crate) fn run(options: &Options, steps: bool) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let entries =
        if steps { list_steps(&registry) } else { list_patchflows(options.config.as_deref(), &registry) };
    let text = match options.format.unwrap_or_default() {
        Format::Text => table(&entries),
        format => output::encode(&entries.iter().map(describe).collect::<Vec<_>>().into(), format)?,
    };
    stdio::result(&text)?;
    Ok(0)
}

fn list_patchflows(config: Option<&Path>, registry: &Registry) -> Vec<Entry> {
    let shipped = registry.patchflows().map(|shipped| (shipped.name.to_owned(), None));
    let custom = config.map(patchflows::custom).unwrap_or_default();
    let custom = custom.into_iter().map(|(name, file)| (name, Some(file.display().to_string())));
    shipped
        .chain(custom)
        .map(|(name, file)| {
            // One with faults is listed too; `check` tells what is wrong with it.
            let loaded = load_named(&name, registry, &Files { config }).ok().flatten();
            Entry { summary: loaded.map(|loaded| loaded.plan.summary).unwrap_or_default(), name, file }
        })
        .collect()
}

fn list_steps(registry: &Registry) -> Vec<Entry> {
    registry
        .steps()
        .map(|step| Entry {
            name: step.id().to_owned(),
            summary: page::summary(step.input_schema()),
            file: None,
        })
        .collect()
}

fn table(entries: &[Entry]) -> String {
    let width = entries.iter().map(|entry| entry.name.len()).max().unwrap_or(0);
    let line =
        |entry: &Entry| format!("{:width$}  {}", entry.name, entry.summary).trim_end().to_owned() + "\n";
    entries.iter().map(line).collect()
}

fn describe(entry: &Entry) -> Value {
    json!({ "name": entry.name, "summary": entry.summary, "file": entry.file })
}
