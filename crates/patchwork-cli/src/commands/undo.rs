//! `patchwork undo`.

use patchwork::local::Local;
use patchwork::undo::{Fate, Item, Undo};
use patchwork_core::failure::Failure;
use patchwork_core::journal::{Journal, RunSpec};
use patchwork_core::run::RunId;
use serde_json::json;

use crate::args::{Format, Options, words};
use crate::report::plain::one_line;
use crate::report::style::{DIM, GOOD, WARNING, paint};
use crate::{journal, output, runtime, settings, stdio};

/// Shows what of a run can be taken back, or takes it back. The patchflow and its options are those of the run.
pub(crate) fn run(options: &Options, id: &str, yes: bool, typed: &[String]) -> Result<u8, Failure> {
    let journal = journal::holding(options, id)?;
    let (record, spec) = journal::run_of(&journal, id)?;
    let run = record.id;
    let Some(_lock) = journal.lock(&run)? else {
        return Err(Failure::refused(format!("run {run} is being worked on by another process"))
            .hint("stop that process first"));
    };
    let registry = patchwork::registry();
    let place = settings::Place {
        options,
        registry: &registry,
        name: &spec.plan.name,
        folder: &spec.base.repository,
    };
    let assigned = words::assign(typed, &spec.plan)?;
    if let Some((name, _)) =
        assigned.values.iter().find(|(name, _)| !spec.plan.input(name).is_some_and(|input| input.secret))
    {
        return Err(Failure::usage(format!("`{name}` can't be given to `undo`"))
            .hint("only secrets are given again, such as github_api_key=…"));
    }
    let secrets = place.secrets_again(&spec, &assigned.values)?;
    let local = Local::new(journal.state_dir(), &secrets);
    runtime::small()?.block_on(undo(options, &journal, &run, &spec, &local, &secrets, yes))
}

async fn undo(
    options: &Options,
    journal: &Journal,
    run: &RunId,
    spec: &RunSpec,
    local: &Local,
    secrets: &patchwork_core::secret::Secrets,
    yes: bool,
) -> Result<u8, Failure> {
    let repository = local.repository(&spec.base.repository).await?;
    let undo = Undo::plan(journal, run, &repository, local.forges(), secrets).await?;
    let items = undo.items().to_vec();
    let format = options.format.unwrap_or_default();
    if format != Format::Text {
        let value = json!({ "run": run, "patchflow": spec.plan.name, "done": yes, "items": items });
        if yes {
            undo.carry_out(|_| {}).await?;
        }
        stdio::result(&output::encode(&value, format)?)?;
        return settled(&items, yes);
    }
    let pending = items.iter().filter(|item| matches!(item.fate, Fate::Undo(_))).count();
    if items.is_empty() {
        stdio::tell(&format!("run {run} of {} left nothing that could be taken back", spec.plan.name));
        return Ok(0);
    }
    if !yes {
        let text: String = items.iter().map(|item| line(item, false)).collect();
        stdio::result(&text)?;
        if pending > 0 {
            stdio::tell(&format!("nothing is changed yet; do it: patchwork undo {run} --yes"));
        }
        return Ok(0);
    }
    let mut told = Ok(());
    let carried_out = undo
        .carry_out(|item| {
            if told.is_ok() {
                told = stdio::result(&line(item, true));
            }
        })
        .await;
    told?;
    carried_out?;
    local.tidy(&spec.base.repository).await?;
    settled(&items, yes)
}

/// One thing and what becomes of it.
fn line(item: &Item, done: bool) -> String {
    let (style, word, how) = match &item.fate {
        Fate::Undo(how) if done => (GOOD, "undone", how),
        Fate::Undo(how) => (GOOD, "undo", how),
        Fate::AsBefore(why) => (DIM, "as before", why),
        Fate::Stays(why) => (WARNING, "stays", why),
    };
    format!("{}  {}: {}\n", paint(style, format_args!("{word:9}")), one_line(&item.what), one_line(how))
}

/// The exit code; a failure when something had to stay.
fn settled(items: &[Item], yes: bool) -> Result<u8, Failure> {
    let stays: Vec<String> = items
        .iter()
        .filter_map(|item| match &item.fate {
            Fate::Stays(why) => Some(format!("{}: {why}", one_line(&item.what))),
            _ => None,
        })
        .collect();
    if stays.is_empty() || !yes {
        return Ok(0);
    }
    let mut failure = Failure::failed("not all of the run could be taken back");
    failure.causes = stays;
    Err(failure.hint("what others have touched since is theirs: change it by hand"))
}
