//! `patchwork learn`.

use patchwork::learn::{Learned, learn, write};
use patchwork_core::failure::Failure;
use serde_json::json;

use crate::args::{Format, Options};
use crate::report::plain::one_line;
use crate::report::style::{BOLD, DIM, paint};
use crate::{output, runtime, settings, stdio};

/// Proposes rules from the accepted model fixes of a run; with `write_files` they are put into the repository.
pub(crate) fn run(options: &Options, id: &str, write_files: bool) -> Result<u8, Failure> {
    let recording = super::replay::recorded(options, id)?;
    let folder = recording.spec.base.repository.clone();
    let registry = patchwork::registry();
    let name = recording.spec.plan.name.clone();
    let place = settings::Place { options, registry: &registry, name: &name, folder: &folder };
    let secrets = place.secrets_again(&recording.spec, &[])?;
    let learned = runtime::small()?.block_on(learn(recording, &folder, &secrets))?;
    let mut written = Vec::new();
    if write_files {
        for lesson in &learned.rules {
            written.push(write(lesson, &folder)?);
        }
    }
    match options.format.unwrap_or_default() {
        Format::Text => text(&learned, write_files)?,
        format => {
            let value = json!({ "rules": learned.rules, "declined": learned.declined, "written": written });
            stdio::result(&output::encode(&value, format)?)?;
        }
    }
    Ok(0)
}

fn text(learned: &Learned, written: bool) -> Result<(), Failure> {
    for lesson in &learned.rules {
        let from = lesson.learned_from.join(", ");
        let further = match lesson.further.len() {
            0 => "nothing else in the repository has this shape".to_owned(),
            count => format!("fixes {count} more: {}", lesson.further.join(", ")),
        };
        stdio::result(&format!(
            "{} {}\n  {}\n  {}\n\n{}\n",
            if written { "wrote" } else { "would write" },
            paint(BOLD, &lesson.path),
            one_line(&format!("learned from {} fixes of {}: {from}", lesson.learned_from.len(), lesson.rule)),
            one_line(&further),
            lesson.text,
        ))?;
    }
    for why in &learned.declined {
        stdio::tell(&paint(DIM, one_line(&format!("no rule: {why}"))).to_string());
    }
    match (learned.rules.is_empty(), written) {
        (true, _) => stdio::tell("nothing to learn from this run"),
        (false, true) => stdio::tell("commit it: rules are read from the commit that a run starts from"),
        (false, false) => stdio::tell("nothing is written yet; do it with --write"),
    }
    Ok(())
}
