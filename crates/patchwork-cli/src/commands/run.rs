//! `patchwork <Patchflow> …`.

use patchwork_core::failure::Failure;

use crate::args::{self, Options, words};
use crate::drive::{self, Task};
use crate::report::lines;
use crate::{patchflows, settings, stdio};

/// Runs a patchflow with the words that were typed after its name.
pub(crate) fn run(options: &Options, typed: &str, words: &[String]) -> Result<u8, Failure> {
    let registry = patchwork::registry();
    let config = options.config.as_deref();
    let found = patchflows::find(typed, config, &registry)?;
    let loaded = patchflows::load(&found, config, &registry)?;
    let folder = drive::current_dir()?;
    let place = settings::Place { options, registry: &registry, name: &found.name, folder: &folder };
    let open = place.open(&loaded.plan)?;
    let assigned = words::assign(words, &open.plan)?;
    if assigned.help {
        let mut command = args::with_patchflow_inputs(&open.plan).disable_help_flag(true);
        stdio::result(&command.render_help().ansi().to_string())?;
        return Ok(0);
    }
    refuse_stepping(options)?;
    tell_without_effect(options);
    let given = place.given(&loaded.plan, open, &assigned.values)?;
    let inputs = given.inputs();
    let diff = drive::is_dry(&inputs);
    let from_repository = given.of_the_repository();
    let task = Task::New { plan: Box::new(loaded.plan), inputs, from_repository, diff };
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
