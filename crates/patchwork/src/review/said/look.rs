//! Whether the lines of earlier findings are still there.

use std::collections::{HashMap, HashSet};

use patchwork_core::change::{LineKind, Side};

use super::{Said, Still};
use crate::review::file::ReviewFile;
use crate::review::fingerprint::{Fingerprint, digest_of_lines, digest_of_place, normal, unit_at};
use crate::review::selection::NotReviewed;

/// Lines found again: how often where they were, and how often elsewhere in lines that are new.
#[derive(Debug, Default)]
struct Seen {
    /// By the digest of the place.
    at: HashMap<String, usize>,
    /// Those of them that are new lines, or removed ones.
    changed: HashMap<String, usize>,
}

/// Says of each finding what became of its lines, from the reviewed files and those that are left out of the review. Of several
/// findings on equal lines as many are here as there are such lines.
pub fn look(said: &mut [Said], files: &[ReviewFile], left_out: &[NotReviewed]) {
    let prints: Vec<Option<Fingerprint>> =
        said.iter().map(|said| Fingerprint::parse(&said.fingerprint)).collect();
    let wanted: HashSet<(bool, u32)> = prints
        .iter()
        .flatten()
        .filter(|print| print.count > 0)
        .map(|print| (print.old_side, print.count))
        .collect();
    if wanted.is_empty() {
        return;
    }
    let known: HashSet<(&str, bool)> =
        prints.iter().flatten().map(|print| (print.lines.as_str(), print.old_side)).collect();
    let mut seen: HashMap<(String, bool), Seen> = HashMap::new();
    for file in files {
        note(file, &wanted, &known, &mut seen);
    }
    let unknown: HashSet<&str> =
        left_out.iter().filter(|file| file.reason.hides_lines()).flat_map(NotReviewed::names).collect();
    // Those that are open come first, then those whose line is still in the diff, then the older ones.
    let mut order: Vec<usize> = (0..said.len()).collect();
    order.sort_by_key(|at| {
        let item = said.get(*at);
        let outdated = item.and_then(|said| said.place.as_ref()).is_none_or(|place| place.line.is_none());
        (
            item.is_some_and(Said::is_over),
            outdated,
            prints.get(*at).and_then(|print| print.as_ref()).map(|print| print.number),
        )
    });
    for at in order {
        let (Some(item), Some(Some(print))) = (said.get_mut(at), prints.get(at)) else { continue };
        if item.place.as_ref().is_some_and(|place| unknown.contains(place.path.as_str())) {
            continue;
        }
        let key = (print.lines.clone(), print.old_side);
        item.still = seen.get_mut(&key).map_or(Still::Gone, |seen| seen.take(&print.place));
    }
}

/// Whether lines are where they were, in one of the files.
pub(in crate::review) fn is_here(print: &Fingerprint, files: &[ReviewFile]) -> bool {
    let wanted: HashSet<(bool, u32)> =
        Some((print.old_side, print.count)).filter(|(_, count)| *count > 0).into_iter().collect();
    let known = HashSet::from([(print.lines.as_str(), print.old_side)]);
    let mut seen = HashMap::new();
    for file in files {
        note(file, &wanted, &known, &mut seen);
    }
    seen.values().any(|seen| seen.at.contains_key(&print.place))
}

impl Seen {
    /// Takes one of the places, the own one if it is there.
    fn take(&mut self, place: &str) -> Still {
        if let Some(count) = self.at.get_mut(place).filter(|count| **count > 0) {
            *count -= 1;
            return Still::Here;
        }
        let mut others: Vec<(&String, &mut usize)> =
            self.changed.iter_mut().filter(|(other, count)| **count > 0 && other.as_str() != place).collect();
        others.sort_by(|a, b| a.0.cmp(b.0));
        match others.into_iter().next() {
            Some((_, count)) => {
                *count -= 1;
                Still::Moved
            }
            None => Still::Gone,
        }
    }
}

fn note(
    file: &ReviewFile,
    wanted: &HashSet<(bool, u32)>,
    known: &HashSet<(&str, bool)>,
    seen: &mut HashMap<(String, bool), Seen>,
) {
    // Of each side the lines that are not blank: number, text without white space, whether it changed.
    let source = file.new.source();
    let added: HashSet<u32> = file
        .numbered()
        .filter(|(_, line)| line.line.kind == LineKind::Added)
        .filter_map(|(_, line)| line.new)
        .collect();
    let new: Vec<(u32, String, bool)> = source
        .text()
        .lines()
        .zip(1_u32..)
        .map(|(text, number)| (number, normal(text), added.contains(&number)))
        .filter(|(_, text, _)| !text.is_empty())
        .collect();
    let hunks = file.change.hunks.iter().map(|hunk| {
        let lines = hunk.numbered().filter_map(|line| {
            let text = normal(&line.line.text);
            Some((line.old?, text, line.line.kind == LineKind::Removed))
        });
        lines.filter(|(_, text, _)| !text.is_empty()).collect::<Vec<_>>()
    });
    let old: Vec<Vec<(u32, String, bool)>> = hunks.collect();
    for (old_side, count) in wanted {
        let strips: Vec<&[(u32, String, bool)]> =
            if *old_side { old.iter().map(Vec::as_slice).collect() } else { vec![new.as_slice()] };
        for window in strips.iter().flat_map(|strip| strip.windows(*count as usize)) {
            let digest = digest_of_lines(window.iter().map(|(_, text, _)| text.as_str()));
            if !known.contains(&(digest.as_str(), *old_side)) {
                continue;
            }
            let Some((line, _, _)) = window.first() else { continue };
            let side = if *old_side { Side::Old } else { Side::New };
            let place = digest_of_place(file.change.path_before(), &unit_at(file, side, *line));
            let seen = seen.entry((digest, *old_side)).or_default();
            *seen.at.entry(place.clone()).or_default() += 1;
            if window.iter().all(|(_, _, changed)| *changed) {
                *seen.changed.entry(place).or_default() += 1;
            }
        }
    }
}
