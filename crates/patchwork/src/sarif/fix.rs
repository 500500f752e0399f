//! Fixes that a rule itself gives, as replacements of exact ranges, and as patches of whole lines.

use std::collections::BTreeMap;

use patchwork_core::patch::{Edit, Patch};

/// One replacement in one file. Lines and columns are 1-based, columns count characters; `end_column` is the one after
/// the last.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Replacement {
    /// File, relative to the root of the repository, with `/`.
    pub path: String,
    /// First line.
    pub start_line: u32,
    /// First column.
    pub start_column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
    /// What stands there instead.
    pub text: String,
}

/// What fixes one finding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fix {
    /// The replacements, none over another.
    pub replacements: Vec<Replacement>,
}

/// Chooses fixes that do not overlap, first come first served.
#[derive(Debug, Default)]
pub struct Together<'a> {
    /// By path and start.
    taken: BTreeMap<(&'a str, (u32, u32)), &'a Replacement>,
}

impl<'a> Together<'a> {
    /// Takes a fix when it goes with those taken before; answers whether it does.
    pub fn take(&mut self, fix: &'a Fix) -> bool {
        let fits = fix.replacements.iter().all(|new| {
            let start = (new.path.as_str(), (new.start_line, new.start_column));
            let end = (new.path.as_str(), (new.end_line, new.end_column));
            let same = self.taken.get(&start).is_some_and(|old| *old == new);
            let before = self.taken.range(..start).next_back();
            let clear = before
                .is_none_or(|((path, _), old)| *path != start.0 || (old.end_line, old.end_column) <= start.1);
            same || (clear
                && self.taken.range(start..=end.max(start)).all(|(key, _)| *key == end && end != start))
        });
        if fits {
            let keyed =
                fix.replacements.iter().map(|r| ((r.path.as_str(), (r.start_line, r.start_column)), r));
            self.taken.extend(keyed);
        }
        fits
    }
}

/// One patch of several fixes: replacements on common lines become one edit. `None` when two of them overlap, or when one
/// is about lines or columns that are not there. `line_text(path, start, end)` gives lines by 1-based inclusive number.
pub fn patch_of<'a>(
    fixes: impl IntoIterator<Item = &'a Fix>,
    line_text: &impl Fn(&str, u32, u32) -> Option<String>,
) -> Option<Patch> {
    let mut all: Vec<&Replacement> = fixes.into_iter().flat_map(|fix| &fix.replacements).collect();
    all.sort();
    // Two findings of one rule may ask for the very same change, an import for example.
    all.dedup();
    let mut edits = Vec::new();
    let mut rest = all.as_slice();
    while let Some(first) = rest.first() {
        let mut end_line = first.end_line;
        let mut count = 0;
        for next in rest {
            if next.path != first.path || (count > 0 && next.start_line > end_line) {
                break;
            }
            end_line = end_line.max(next.end_line);
            count += 1;
        }
        let (together, others) = rest.split_at(count);
        rest = others;
        let old = line_text(&first.path, first.start_line, end_line)?;
        edits.push(Edit {
            path: first.path.clone(),
            start_line: Some(first.start_line.checked_sub(1)?),
            end_line: Some(end_line),
            replacement: replaced(&old, first.start_line, together)?,
        });
    }
    (!edits.is_empty()).then_some(Patch { edits })
}

/// `old`, which begins at line `first_line`, with the replacements made.
fn replaced(old: &str, first_line: u32, replacements: &[&Replacement]) -> Option<String> {
    let starts: Vec<usize> =
        std::iter::once(0).chain(old.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let offset = |line: u32, column: u32| {
        let start = *starts.get(usize::try_from(line.checked_sub(first_line)?).ok()?)?;
        let line = old.get(start..)?.split('\n').next()?;
        let column = usize::try_from(column.checked_sub(1)?).ok()?;
        let ends = line.char_indices().map(|(at, _)| at).chain([line.len()]);
        ends.into_iter().nth(column).map(|at| start + at)
    };
    let mut new = String::with_capacity(old.len() + 32);
    let mut done = 0;
    for replacement in replacements {
        let start = offset(replacement.start_line, replacement.start_column)?;
        let end = offset(replacement.end_line, replacement.end_column)?;
        new.push_str(old.get(done..start)?);
        old.get(start..end)?;
        new.push_str(&replacement.text);
        done = end;
    }
    new.push_str(old.get(done..)?);
    Some(new)
}
