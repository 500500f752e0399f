//! The Test Anything Protocol: `node --test`, tape, prove and many more.

use super::{Names, Outcomes};

/// `not ok 2 - name`, subtests deeper; a plan `1..2`.
pub(super) fn tap(text: &str) -> Option<Outcomes> {
    let mut names = Names::default();
    let (mut version, mut plan, mut results) = (false, false, 0_u64);
    // The titles of the subtests that are open, each with its indentation.
    let mut open: Vec<(usize, &str)> = Vec::new();
    for line in text.lines() {
        let content = line.trim_start();
        let indent = line.len() - content.len();
        version |= content.starts_with("TAP version ");
        plan |=
            content.strip_prefix("1..").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        if content.starts_with("Bail out!") {
            names.add("Bail out!");
        }
        if let Some(title) = content.strip_prefix("# Subtest: ") {
            open.retain(|(deep, _)| *deep < indent);
            open.push((indent, title));
            continue;
        }
        let (failed, rest) = match content.strip_prefix("not ok") {
            Some(rest) => (true, rest),
            None => match content.strip_prefix("ok") {
                Some(rest) => (false, rest),
                None => continue,
            },
        };
        if !rest.is_empty() && !rest.starts_with(' ') {
            continue;
        }
        results += 1;
        let (title, directive) = rest.split_once(" # ").unwrap_or((rest, ""));
        let excused = ["todo", "skip"].iter().any(|word| directive.to_ascii_lowercase().starts_with(word));
        if failed && !excused {
            let title = title.trim_start().trim_start_matches(|c: char| c.is_ascii_digit());
            let title = title.trim_start().trim_start_matches("- ");
            let around = open.iter().filter(|(deep, _)| *deep < indent).map(|(_, title)| *title);
            names.add(&around.chain([title]).collect::<Vec<_>>().join(" > "));
        }
    }
    ((version || plan) && results > 0).then(|| Outcomes { failing: names.each(), ran: Some(results) })
}
