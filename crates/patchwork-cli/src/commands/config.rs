//! `patchwork config`: each option of a patchflow with its value and where that comes from.

use patchwork_core::config;
use patchwork_core::failure::Failure;
use serde_json::{Map, json};

use crate::args::{Format, Options, words};
use crate::{drive, output, patchflows, settings, stdio};

/// Shows the options in effect; secrets are masked.
pub(crate) fn run(options: &Options, typed: &str, words: &[String]) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let config = options.config.as_deref();
    let found = patchflows::find(typed, config, &registry)?;
    let loaded = patchflows::load(&found, config, &registry)?;
    let folder = drive::current_dir()?;
    let place = settings::Place { options, registry: &registry, name: &found.name, folder: &folder };
    let open = place.open(&loaded.plan)?;
    let assigned = words::assign(words, &open.plan)?;
    let effective = place.given(&loaded.plan, open, &assigned.values)?.effective;
    let text = match options.format.unwrap_or_default() {
        Format::Text => config::render(&effective),
        format => {
            // A secret's value here is a reference by its name: nothing is there to be masked.
            let describe = |(name, setting): (&String, &config::Setting)| {
                (name.clone(), json!({ "value": setting.value, "origin": setting.place.to_string() }))
            };
            let entries: Map<_, _> = effective.values.iter().map(describe).collect();
            output::encode(&entries.into(), format)?
        }
    };
    stdio::result(&text)?;
    Ok(0)
}
