//! `patchwork report`: the report of a run, any time later.

use std::path::Path;

use patchwork_core::failure::Failure;

use crate::args::Options;
use crate::report::files::{self, Form};
use crate::{journal, output, runtime, stdio};

/// Writes the report of a run, by its id or the beginning of one: into a file, else to the standard output.
pub(crate) fn run(
    options: &Options,
    id: &str,
    form: Option<&str>,
    file: Option<&Path>,
) -> Result<u8, Failure> {
    let form = match (form.and_then(Form::parse), file) {
        (Some(form), _) => form,
        (None, Some(file)) => Form::of(file).ok_or_else(|| {
            Failure::usage(format!("{}: the name does not say which form is meant", file.display()))
                .hint("end it with .html, .md, .json, .sarif or .env, or give --format")
        })?,
        (None, None) => Form::Markdown,
    };
    if let Some(file) = file {
        output::writable(file, "")?;
    }
    let journal = journal::holding(options, id)?;
    let report = runtime::small()?.block_on(patchwork::report::read(&journal, id))?;
    let text = form.render(&report);
    match file {
        Some(file) => files::write_one(file, &text)?,
        None => stdio::exact(&text)?,
    }
    Ok(0)
}
