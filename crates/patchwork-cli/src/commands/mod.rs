//! The commands, one file each.

mod apply;
mod check;
mod completions;
mod config;
mod demo;
mod eject;
mod learn;
mod list;
mod models;
mod page;
mod plan;
mod record;
mod replay;
mod report;
mod resume;
mod run;
mod runs;
mod schema;
mod show;
mod typed;
mod undo;

use patchwork_core::failure::Failure;

use crate::args::{Command, Invocation, Options};
use crate::log;

/// Carries a command out; answers the exit code.
pub(crate) fn run(invocation: Invocation) -> Result<u8, Failure> {
    let options = &invocation.options;
    log::start(options);
    if let Some(path) = options.config.as_deref().filter(|path| !path.exists()) {
        return Err(Failure::usage(format!("--config {}: there is no such file or folder", path.display())));
    }
    reports_belong_to_runs(&invocation.command, options)?;
    match invocation.command {
        Command::Run { patchflow, words } => run::run(options, &patchflow, &words),
        Command::List { steps } => list::run(options, steps),
        Command::Models { vendor, offline } => models::run(options, vendor.as_deref(), offline),
        Command::Show { name } => show::run(options, &name),
        Command::Check { files } => check::run(options, &files),
        Command::Eject { name, dir, force } => eject::run(&name, dir, force),
        Command::Runs { limit } => runs::list(options, limit),
        Command::RunsShow { run } => runs::show(options, &run),
        Command::Report { run, form, file } => report::run(options, &run, form.as_deref(), file.as_deref()),
        Command::Resume { run, words } => resume::run(options, &run, &words),
        Command::Apply { file, dry_run, words } => apply::run(options, &file, dry_run, &words),
        Command::Undo { run, yes, words } => undo::run(options, &run, yes, &words),
        Command::Learn { run, write } => learn::run(options, &run, write),
        Command::Plan { patchflow, words } => plan::run(options, &patchflow, &words),
        Command::Replay { run } => replay::run(options, run.as_deref()),
        Command::RecordExport { run, file } => record::export(options, &run, &file),
        Command::Config { patchflow, words } => config::run(options, &patchflow, &words),
        Command::Schema { name, all, pages } => {
            schema::run(name.as_deref(), all.as_deref(), pages.as_deref())
        }
        Command::Completions { shell } => completions::run(shell),
        Command::Demo { dir, words } => demo::run(options, dir, &words),
    }
}

/// Refuses `--report` where nothing would be written.
fn reports_belong_to_runs(command: &Command, options: &Options) -> Result<(), Failure> {
    let Some(file) = options.report.first() else { return Ok(()) };
    let hint = match command {
        Command::Run { .. } | Command::Resume { .. } | Command::Apply { .. } | Command::Demo { .. } => {
            return Ok(());
        }
        Command::Report { run, .. } => format!("patchwork report {run} -o {}", file.display()),
        _ => "patchwork report RUN writes the report of an earlier run".to_owned(),
    };
    Err(Failure::usage("--report goes with a run, and this command makes none").hint(hint))
}
