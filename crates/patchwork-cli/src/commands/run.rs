//! `patchwork <Patchflow> …`.

use patchwork_core::failure::Failure;

use super::typed::{Ready, Typed};
use crate::args::{self, Options};
use crate::drive::{self, Task};
use crate::report::lines;
use crate::stdio;

/// Runs a patchflow with the words that were typed after its name.
pub(crate) fn run(options: &Options, typed: &str, words: &[String]) -> Result<u8, Failure> {
    let typed = Typed::read(options, typed, words)?;
    if typed.assigned.help {
        let mut command = args::with_patchflow_inputs(&typed.open.plan).disable_help_flag(true);
        stdio::result(&command.render_help().ansi().to_string())?;
        return Ok(0);
    }
    refuse_stepping(options)?;
    tell_without_effect(options);
    let Ready { registry, plan, given, .. } = typed.given(options)?;
    let inputs = given.inputs();
    let diff = drive::is_dry(&inputs);
    let from_repository = given.of_the_repository();
    let task = Task::New { plan: Box::new(plan), inputs, from_repository, diff };
    drive::run(options, registry, &given, task)
}

/// The original stopped before each step with `--debug`; a run here can't wait for keys.
pub(super) fn refuse_stepping(options: &Options) -> Result<(), Failure> {
    if options.debug {
        return Err(Failure::usage("`--debug`, which stops before every step, does not exist here")
            .hint("`--log debug` shows every step, `patchwork runs show RUN` all that happened in a run"));
    }
    Ok(())
}

pub(super) fn tell_without_effect(options: &Options) {
    for option in &options.without_effect {
        stdio::tell(&lines::warning(&format!(
            "{option} has no effect: there is no telemetry and no hosted service"
        )));
    }
}
