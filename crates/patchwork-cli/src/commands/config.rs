//! `patchwork config`: each option of a patchflow with its value and where that comes from.

use patchwork_core::config;
use patchwork_core::failure::Failure;
use serde_json::{Map, json};

use super::typed::Typed;
use crate::args::{Format, Options};
use crate::{output, stdio};

/// Shows the options in effect; secrets are masked.
pub(crate) fn run(options: &Options, typed: &str, words: &[String]) -> Result<u8, Failure> {
    let effective = Typed::read(options, typed, words)?.given(options)?.given.effective;
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
