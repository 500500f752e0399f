//! `patchwork resume`.

use patchwork_core::failure::Failure;

use crate::args::{Options, words};
use crate::drive::{self, Task};
use crate::{journal, runtime, settings};

/// Goes on with a run. Its inputs are those it was started with; secrets, which are never stored, are taken again from
/// the environment, the configuration or the words.
pub(crate) fn run(options: &Options, id: &str, words: &[String]) -> Result<u8, Failure> {
    super::run::refuse_stepping(options)?;
    super::run::tell_without_effect(options);
    let Some(journal) = journal::existing(options)? else {
        return Err(Failure::usage(format!("there is no run `{id}`: nothing was run yet")));
    };
    let spec = runtime::small()?.block_on(async {
        let record = journal.run(id).await?;
        journal.spec(&record.id).await
    })?;
    drop(journal);
    let assigned = words::assign(words, &spec.plan)?;
    if let Some((name, _)) =
        assigned.values.iter().find(|(name, _)| spec.plan.input(name).is_none_or(|input| !input.secret))
    {
        return Err(Failure::usage(format!("`{name}` can't be changed when a run is resumed"))
            .hint("only secrets are given again; for other options start a new run"));
    }
    let registry = patchwork::registry();
    // The repository is the run's own, wherever the command is typed.
    let folder = &spec.base.repository;
    let place = settings::Place { options, registry: &registry, name: &spec.plan.name, folder };
    let secrets = place.secrets_again(&spec, &assigned.values)?;
    drive::run(options, registry, &secrets, Task::Resume { run: spec.id.to_string() })
}
