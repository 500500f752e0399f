//! What changed code calls and what calls it, for a prompt: the nearest first, as much as there is room for.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use patchwork_core::tokens::estimate;

use super::index::{Index, Place};
use super::rows;
use super::unit::{FileUnits, ReviewUnit, path_of};

/// Lines of a definition that are shown.
const DEFINITION: usize = 24;

/// Lines on either side of a call that are shown.
const AROUND_CALL: usize = 2;

/// Calls of one definition that are shown.
const CALLS: usize = 3;

/// A name with more definitions is too common to tell which is meant, unless one is near.
const AMBIGUOUS: usize = 6;

/// Lines of a file that are shown already.
type Shown = BTreeSet<(String, usize)>;

/// Writes what the units call and what calls them, in at most so many tokens. `units`: files and places of their units.
pub(super) fn write(
    index: &Index<'_>,
    files: &[FileUnits<'_>],
    units: &[(usize, Vec<usize>)],
    max_tokens: usize,
) -> String {
    let mut page = Page { index, shown: Shown::new(), text: String::new(), room: max_tokens };
    let chosen = || {
        units.iter().filter_map(|(at, places)| {
            let file = files.get(*at)?;
            Some((file, places.iter().filter_map(|place| file.units.get(*place)).collect::<Vec<_>>()))
        })
    };
    for (file, units) in chosen() {
        for range in units.iter().flat_map(|unit| &unit.shown) {
            let lines = file.rows.get(range.clone()).into_iter().flatten().filter_map(|row| row.new);
            let path = file.file.path();
            page.shown.extend(lines.map(|line| (path.to_owned(), line as usize - 1)));
        }
    }
    let mut asked: BTreeSet<(&str, bool)> = BTreeSet::new();
    // All that is called before all that calls: a model that knows neither guesses the former more often.
    for calls in [false, true] {
        for (file, units) in chosen() {
            for unit in units {
                let names = if calls { &unit.defines } else { &unit.calls };
                for name in names.iter().filter(|name| !name.is_empty()) {
                    if !asked.insert((name, calls)) {
                        continue;
                    }
                    let done = match calls {
                        true => page.calls_of(name, unit, file.file.path()),
                        false => page.definition_of(name, file.file.path()),
                    };
                    if done.is_none() {
                        return page.text;
                    }
                }
            }
        }
    }
    page.text
}

struct Page<'a> {
    index: &'a Index<'a>,
    shown: Shown,
    text: String,
    room: usize,
}

impl Page<'_> {
    /// Shows the nearest definition; none when the page is full.
    fn definition_of(&mut self, name: &str, from: &str) -> Option<()> {
        let places = self.index.definitions(name, from);
        let Some((at, place)) = places.first().copied() else { return Some(()) };
        let Some((file, names)) = self.index.file(at).zip(self.index.names(at)) else { return Some(()) };
        if places.len() > AMBIGUOUS && file.path() != from {
            return Some(());
        }
        let Some(definition) = names.definitions.get(place) else { return Some(()) };
        let lines = &definition.lines;
        if lines.clone().all(|line| self.shown.contains(&(file.path().to_owned(), line))) {
            return Some(());
        }
        let end = lines.end.min(lines.start + DEFINITION);
        let what = format!("{} is defined", path_of(names, place));
        self.piece(&what, at, lines.start..end, lines.end - end)
    }

    /// Shows where a definition is called; none when the page is full.
    fn calls_of(&mut self, name: &str, unit: &ReviewUnit, from: &str) -> Option<()> {
        let places: Vec<Place> = self.index.calls(name, from);
        let mut seen = 0;
        for (at, place) in places {
            let Some((file, names)) = self.index.file(at).zip(self.index.names(at)) else { continue };
            let Some(line) = names.calls.get(place).map(|call| call.line) else { continue };
            if self.shown.contains(&(file.path().to_owned(), line)) {
                continue;
            }
            let end = (line + AROUND_CALL + 1).min(file.source().line_count());
            let whole = if unit.name.is_empty() { name } else { &unit.name };
            self.piece(&format!("{whole} is called"), at, line.saturating_sub(AROUND_CALL)..end, 0)?;
            seen += 1;
            if seen == CALLS {
                break;
            }
        }
        Some(())
    }

    /// Adds some lines (0-based) of a file, if there is room.
    fn piece(&mut self, what: &str, at: usize, lines: Range<usize>, left_out: usize) -> Option<()> {
        let file = self.index.file(at)?;
        let mut text = format!("{what} in {}:\n", file.path());
        for line in lines.clone() {
            // Writing to a text can't fail.
            let _ = writeln!(
                text,
                "{:>5}   {}",
                line + 1,
                rows::cut(file.source().line(line).unwrap_or_default())
            );
        }
        if left_out > 0 {
            let _ = writeln!(text, "      … {left_out} lines left out …");
        }
        text.push('\n');
        self.room = self.room.checked_sub(estimate(text.len()))?;
        self.text.push_str(&text);
        self.shown.extend(lines.map(|line| (file.path().to_owned(), line)));
        Some(())
    }
}
