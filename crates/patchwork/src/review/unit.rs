//! The functions and places of a file that changed.

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use patchwork_core::change::LineKind;
use patchwork_core::tokens::estimate;
use patchwork_repo::excerpt::{Definition, Names, Unit};
use sha2::{Digest, Sha256};

use super::file::ReviewFile;
use super::rows::{self, Row};

/// A function of so many lines is shown whole.
const WHOLE: usize = 60;

/// Lines around a change that are shown, in a longer function and outside of functions.
const AROUND: usize = 12;
const AROUND_LOOSE: usize = 5;

/// Changed lines of one unit at most; more are several units.
const MOST_LINES: usize = 250;

/// Lines of a signature that are shown.
const SIGNATURE: usize = 8;

/// Bytes of a line that are not its text: two numbers, a sign, spaces.
const MARGIN: usize = 15;

/// Names that are kept of a unit.
const MOST_NAMES: usize = 40;

/// What changed together: a function, the head and fields of a class, or lines that are in neither.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewUnit {
    /// Its name with those it is in (`Store.get`); empty for lines of no function and no class.
    pub name: String,
    /// The changed lines in the new file, 1-based, exclusive, from the first to the last; of removed lines the place
    /// where they were.
    pub lines: Range<u32>,
    /// Digest of its text and its changed lines, [`HASH`] characters; the same wherever in the file it stands.
    pub hash: String,
    /// Digest of all units of its file, as long: what a large change is remembered by.
    pub file_hash: String,
    /// About how many tokens it has in a prompt.
    pub tokens: usize,
    /// What changed in it is defined under these names.
    pub defines: Vec<String>,
    /// Names that it calls, those on changed lines first.
    pub calls: Vec<String>,
    /// The rows of the file that are shown for it.
    pub(super) shown: Vec<Range<usize>>,
}

/// A file with what changed in it.
#[derive(Debug)]
pub struct FileUnits<'a> {
    /// The file.
    pub file: &'a ReviewFile,
    /// In the order of the file.
    pub units: Vec<ReviewUnit>,
    pub(super) rows: Vec<Row<'a>>,
}

/// Finds what changed in each file, on all cores; in the order of the files.
pub fn cut(files: &[ReviewFile]) -> Vec<FileUnits<'_>> {
    super::parallel::map(files, units_of)
}

/// The name of a definition with those it is in.
pub(super) fn path_of(names: &Names, at: usize) -> String {
    let mut parts = Vec::new();
    let mut next = Some(at);
    while let Some(definition) = next.and_then(|at| names.definitions.get(at)) {
        parts.push(definition.name.as_str());
        next = definition.parent;
    }
    parts.reverse();
    parts.join(".")
}

/// The innermost definition around a line (1-based).
pub(super) fn around(names: &Names, line: u32) -> Option<usize> {
    let line = usize::try_from(line.checked_sub(1)?).ok()?;
    // They are sorted by their start, and the innermost of those around a line starts last.
    let end = names.definitions.partition_point(|definition| definition.lines.start <= line);
    let mut at = end.checked_sub(1)?;
    loop {
        let definition = names.definitions.get(at)?;
        if definition.lines.contains(&line) {
            return Some(at);
        }
        // One before it that holds the line also holds its start.
        at = definition.parent?;
    }
}

/// What changed lines belong to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Home {
    /// A function that is there: its place in the list of definitions.
    Function(usize),
    /// A class, or none, with its name.
    Loose(Option<usize>, String),
}

fn units_of(file: &ReviewFile) -> FileUnits<'_> {
    let rows = rows::rows(file);
    let mut groups: Vec<(Home, Vec<usize>)> = Vec::new();
    let mut places: BTreeMap<Home, usize> = BTreeMap::new();
    let by_path = by_path(file.new_names());
    let mut replaced_by = None;
    for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.changed()) {
        // What is replaced belongs to what replaces it; only what is gone for good is looked for in the old file.
        let starts =
            at.checked_sub(1).and_then(|before| rows.get(before)).is_none_or(|before| !before.changed());
        if starts {
            let run = rows.iter().skip(at).take_while(|row| row.changed());
            replaced_by = run.into_iter().find(|row| row.kind == LineKind::Added);
        }
        let home =
            home_of(file, replaced_by.filter(|_| row.kind == LineKind::Removed).unwrap_or(row), &by_path);
        let near = |last: usize| match home {
            Home::Function(_) => true,
            Home::Loose(..) => at - last <= 2 * AROUND_LOOSE,
        };
        let open = places.get(&home).and_then(|place| groups.get_mut(*place));
        match open {
            Some((_, own)) if own.len() < MOST_LINES && own.last().is_none_or(|last| near(*last)) => {
                own.push(at)
            }
            _ => {
                places.insert(home.clone(), groups.len());
                groups.push((home, vec![at]));
            }
        }
    }
    groups.sort_by_key(|(_, own)| own.first().copied());
    let mut units: Vec<ReviewUnit> = groups.iter().map(|(home, own)| unit(file, &rows, home, own)).collect();
    let file_hash = file_hash(&units);
    units.iter_mut().for_each(|unit| unit.file_hash.clone_from(&file_hash));
    FileUnits { file, units, rows }
}

/// Definitions by their whole names; of several the first.
fn by_path(names: &Names) -> BTreeMap<String, usize> {
    let mut found = BTreeMap::new();
    for at in 0..names.definitions.len() {
        found.entry(path_of(names, at)).or_insert(at);
    }
    found
}

fn home_of(file: &ReviewFile, row: &Row<'_>, by_path: &BTreeMap<String, usize>) -> Home {
    let names = file.new_names();
    let mut gone = String::new();
    let inside = match (row.kind, row.old) {
        (LineKind::Removed, Some(old)) => {
            // Which function it was in the old file tells: behind the last line of one is no longer inside.
            let old_names = file.old_names();
            let before = around(old_names, old);
            gone = before.map(|at| path_of(old_names, at)).unwrap_or_default();
            match by_path.get(&gone) {
                Some(now) => Some(*now),
                None if gone.is_empty() => around(names, row.at),
                None => None,
            }
        }
        _ => around(names, row.at),
    };
    match inside.and_then(|at| names.definitions.get(at).map(|definition| (at, definition))) {
        Some((at, definition)) if definition.unit != Unit::Class => Home::Function(at),
        Some((at, _)) => Home::Loose(Some(at), path_of(names, at)),
        None => Home::Loose(None, gone),
    }
}

fn unit(file: &ReviewFile, rows: &[Row<'_>], home: &Home, own: &[usize]) -> ReviewUnit {
    let names = file.new_names();
    let (definition, name) = match home {
        Home::Function(at) => (Some(*at), path_of(names, *at)),
        Home::Loose(at, name) => (*at, name.clone()),
    };
    let whole = match home {
        Home::Function(at) => {
            names.definitions.get(*at).map(|definition| rows::within(rows, &numbers(definition)))
        }
        Home::Loose(..) => None,
    };
    let mut shown = Vec::new();
    match &whole {
        Some(whole) if whole.len() <= WHOLE => {
            shown.push(whole.clone());
            // What was removed at its end stands behind it now.
            shown.extend(own.iter().map(|at| *at..at + 1));
        }
        _ => {
            let margin = if whole.is_some() { AROUND } else { AROUND_LOOSE };
            shown.extend(own.iter().map(|at| at.saturating_sub(margin)..(at + margin + 1).min(rows.len())));
        }
    }
    // The signatures that it is in.
    let mut next = definition;
    while let Some(outer) = next.and_then(|at| names.definitions.get(at)) {
        let numbers = numbers(outer);
        let end = number(outer.body + 1).min(numbers.start.saturating_add(number(SIGNATURE)));
        shown.push(rows::within(rows, &(numbers.start..end)));
        next = outer.parent;
    }
    let shown = rows::merged(shown);
    let bytes: usize = shown
        .iter()
        .flat_map(|range| rows.get(range.clone()).unwrap_or_default())
        .map(|row| rows::cut(row.text).len() + MARGIN)
        .sum();
    let changed = || own.iter().filter_map(|at| rows.get(*at));
    let first = changed().map(|row| row.at).min().unwrap_or(1);
    let last = changed().map(|row| row.new.map_or(row.at, |line| line + 1)).max().unwrap_or(first);
    let mut defines: Vec<String> =
        definition.into_iter().filter_map(|at| names.definitions.get(at)).map(|d| d.name.clone()).collect();
    if defines.is_empty()
        && let Some(gone) = name.rsplit('.').next().filter(|gone| !gone.is_empty())
    {
        defines.push(gone.to_owned());
    }
    ReviewUnit {
        hash: hash(file, rows, &name, own, whole.as_ref()),
        file_hash: String::new(),
        lines: first..last.max(first),
        tokens: estimate(bytes),
        defines,
        calls: calls(names, rows, own, whole.as_ref()),
        name,
        shown,
    }
}

/// The names called in the changed lines, then those called elsewhere in the function.
fn calls(names: &Names, rows: &[Row<'_>], own: &[usize], whole: Option<&Range<usize>>) -> Vec<String> {
    let new = |row: &Row<'_>| row.new.and_then(|line| usize::try_from(line).ok());
    let mut lines: Vec<usize> = own.iter().filter_map(|at| rows.get(*at)).filter_map(new).collect();
    lines.extend(whole.and_then(|whole| rows.get(whole.clone())).into_iter().flatten().filter_map(new));
    let mut found: Vec<String> = Vec::new();
    for line in lines {
        let start = names.calls.partition_point(|call| call.line + 1 < line);
        let here = names.calls.iter().skip(start).take_while(|call| call.line + 1 == line);
        for call in here {
            if found.len() < MOST_NAMES && !found.contains(&call.name) {
                found.push(call.name.clone());
            }
        }
    }
    found
}

/// Bytes of a unit's hash, and characters as it is written. What has the hash of a unit that was reviewed is not reviewed again,
/// so nobody may be able to write two with the same one.
const HASH_BYTES: usize = 16;
pub const HASH: usize = 22;

/// No line number is in it: what only moves stays the same.
fn hash(
    file: &ReviewFile,
    rows: &[Row<'_>],
    name: &str,
    own: &[usize],
    whole: Option<&Range<usize>>,
) -> String {
    let mut hash = Sha256::new();
    for part in [file.change.path_before(), name] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.update((own.len() as u64).to_le_bytes());
    let changed = own.iter().filter_map(|at| rows.get(*at));
    let around = whole.and_then(|whole| rows.get(whole.clone())).unwrap_or_default();
    for row in changed.chain(around) {
        let sign: &[u8] = match row.kind {
            LineKind::Context => b"\n ",
            LineKind::Added => b"\n+",
            LineKind::Removed => b"\n-",
        };
        hash.update(sign);
        hash.update(row.text.trim_end());
    }
    written(hash)
}

fn file_hash(units: &[ReviewUnit]) -> String {
    let mut hash = Sha256::new_with_prefix("all units of a file");
    units.iter().for_each(|unit| hash.update(&unit.hash));
    written(hash)
}

fn written(hash: Sha256) -> String {
    let digest = hash.finalize();
    STANDARD_NO_PAD.encode(digest.get(..HASH_BYTES).unwrap_or_default())
}

/// Its lines, 1-based.
fn numbers(definition: &Definition) -> Range<u32> {
    number(definition.lines.start + 1)..number(definition.lines.end + 1)
}

fn number(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
