//! Make, as the last resort.

use super::{Folder, Line, Lines, Network};

pub(super) fn look(folder: &Folder, _: Network) -> Option<Lines> {
    let because = folder.first(&["GNUmakefile", "makefile", "Makefile"])?;
    let text = folder.read(because)?;
    let target = |names: &[&str]| {
        names
            .iter()
            .find(|name| text.lines().any(|line| is_target(line, name)))
            .and_then(|name| Line::new(format!("make {name}"), format!("{because} {name}")))
    };
    Some(Lines { setup: None, build: target(&["build", "all"]), tests: target(&["test", "check"]) })
}

/// Whether a line begins the rule of this target.
fn is_target(line: &str, name: &str) -> bool {
    let Some((targets, rest)) = line.split_once(':') else { return false };
    !rest.starts_with('=')
        && !rest.starts_with(":=")
        && !line.starts_with([' ', '\t', '#', '.'])
        && targets.split_whitespace().any(|target| target == name)
}
