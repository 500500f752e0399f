//! `patchwork resume`.

use patchwork_core::failure::Failure;
use patchwork_core::journal::RunSpec;
use patchwork_core::run::RunStatus;
use patchwork_core::secret::Secrets;

use crate::args::{Options, words};
use crate::drive::{self, Task};
use crate::journal;
use crate::settings::{self, every_run};

/// Goes on with a run. Its inputs are those it was started with; secrets, which are never stored, are taken again from
/// the environment, the configuration or the words.
pub(crate) fn run(options: &Options, id: &str, words: &[String]) -> Result<u8, Failure> {
    super::run::refuse_stepping(options)?;
    super::run::tell_without_effect(options);
    let journal = journal::holding(options, id)?;
    let (record, spec) = journal::run_of(&journal, id)?;
    drop(journal);
    let registry = patchwork::registry();
    // The repository is the run's own, wherever the command is typed.
    let folder = &spec.base.repository;
    let place = settings::Place { options, registry: &registry, name: &spec.plan.name, folder };
    let open = place.open(&spec.plan)?;
    let assigned = words::assign(words, &open.plan)?;
    let may_change = |name: &str| {
        open.plan.input(name).is_some_and(|input| input.secret)
            || (every_run::is_limit(name) && spec.plan.input(name).is_none())
    };
    if let Some((name, _)) = assigned.values.iter().find(|(name, _)| !may_change(name)) {
        return Err(Failure::usage(format!("`{name}` can't be changed when a run is resumed"))
            .hint("secrets are given again, and limits (`max_cost`, `max_tokens`, `max_llm_calls`) may be other ones")
            .hint("for other options start a new run"));
    }
    let given = place.again(&spec, open, &assigned.values)?;
    if record.status != RunStatus::Done {
        all_given_again(&spec, &given.secrets, &assigned.values)?;
    }
    drive::run(options, registry, &given, Task::Resume { run: spec.id.to_string() })
}

/// A run that had a secret must not go on without it: it would do something else than it was started for.
fn all_given_again(spec: &RunSpec, secrets: &Secrets, typed: &[(String, String)]) -> Result<(), Failure> {
    let missing: Vec<&str> = spec
        .plan
        .inputs
        .iter()
        .filter(|input| input.secret && spec.inputs.get(&input.name).is_some_and(|value| !value.is_null()))
        .map(|input| input.name.as_str())
        .filter(|name| secrets.get(name).is_none())
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let limits = typed.iter().filter(|(name, _)| every_run::is_limit(name));
    let words: Vec<String> = missing
        .iter()
        .map(|name| format!("{name}=…"))
        .chain(limits.map(|(name, value)| format!("{name}={value}")))
        .collect();
    Err(Failure::usage(format!(
        "run {} was started with `{}`: secrets are never stored, so give it again",
        spec.id,
        missing.join("` and `")
    ))
    .hint(format!("patchwork resume {} {}", spec.id, words.join(" ")))
    .hint("or set it in the environment, as for a new run"))
}
