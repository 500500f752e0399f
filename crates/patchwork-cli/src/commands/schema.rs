//! `patchwork schema`: JSON Schemas for editors, and the generated files of the repository.

use std::fs;
use std::path::Path;

use patchwork_core::failure::Failure;
use patchwork_core::patchflow::schema;

use super::page::page;
use crate::args::Format;
use crate::{output, patchflows, stdio};

/// Prints one schema, or writes all of them and the reference pages into folders.
pub(crate) fn run(name: Option<&str>, all: Option<&Path>, pages: Option<&Path>) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    if all.is_none() && pages.is_none() {
        let schema = match name {
            None => schema::patchflow_schema(&registry),
            Some(name) => match registry.step(name) {
                Some(step) => schema::step_schema_file(&**step),
                None => return Err(patchflows::no_step(name, &registry)),
            },
        };
        stdio::result(&output::encode(&schema, Format::Json)?)?;
        return Ok(0);
    }
    if let Some(dir) = all {
        for (path, text) in schema::generated_files(&registry) {
            write(&dir.join(path), &text)?;
        }
        let report = output::encode(&patchwork::report::schema(), Format::Json)?;
        write(&dir.join("run-report.schema.json"), &report)?;
    }
    if let Some(dir) = pages {
        for step in registry.steps() {
            write(&dir.join(format!("{}.md", step.id())), &page(&**step))?;
        }
    }
    Ok(0)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let made = path.parent().map_or(Ok(()), fs::create_dir_all);
    made.and_then(|()| fs::write(path, text))
        .map_err(|error| Failure::failed(format!("can't write {}", path.display())).caused_by(&error))
}
