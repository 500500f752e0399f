//! The lines of a diff whose code is quoted.

use patchwork_core::change::{Numbered, Side};

use crate::review::answer::Stated;
use crate::review::file::ReviewFile;
use crate::review::fingerprint::normal;

/// Lines of a finding at most.
const MOST_LINES: usize = 40;

/// Lines between the number given and the code quoted, within which the nearest of several equal places is meant.
const NEAR: u32 = 8;

/// Letters from which on the beginning of a line is enough: long lines are shown cut.
const TELLING: usize = 40;

/// Lines of one hunk on one side.
#[derive(Debug)]
pub(super) struct Spot<'a> {
    pub(super) side: Side,
    /// First and last line, 1-based.
    pub(super) start: u32,
    pub(super) end: u32,
    /// The last line's number on the other side, where it was not changed.
    pub(super) other: Option<u32>,
    pub(super) lines: Vec<Numbered<'a>>,
    /// Whether these are fewer or other lines than those that were stated.
    pub(super) moved_apart: bool,
}

/// The lines of one hunk that are on one side, with their texts without white space.
struct Strip<'a> {
    lines: Vec<Numbered<'a>>,
    texts: Vec<String>,
}

impl Strip<'_> {
    fn number(&self, at: usize, side: Side) -> Option<u32> {
        self.lines.get(at).and_then(|line| line.on(side))
    }

    /// Where the quoted lines stand: place of the first, place behind the last. Blank lines between do not count.
    fn places<'s>(&'s self, quoted: &'s [String]) -> impl Iterator<Item = (usize, usize)> + 's {
        (0..self.texts.len()).filter_map(move |start| Some((start, self.matches(start, quoted)?)))
    }

    fn matches(&self, start: usize, quoted: &[String]) -> Option<usize> {
        let mut at = start;
        for (number, wanted) in quoted.iter().enumerate() {
            while number > 0 && self.texts.get(at).is_some_and(String::is_empty) {
                at += 1;
            }
            let text = self.texts.get(at)?;
            let same =
                text == wanted || wanted.chars().count() >= TELLING && text.starts_with(wanted.as_str());
            if !same {
                return None;
            }
            at += 1;
        }
        Some(at)
    }
}

/// The lines that a finding is about; else why there are none.
pub(super) fn find<'a>(file: &'a ReviewFile, stated: &Stated) -> Result<Spot<'a>, &'static str> {
    let forms = quoted(&stated.code);
    if forms.is_empty() {
        return Err("quotes no code");
    }
    let other_side = match stated.side {
        Side::Old => Side::New,
        Side::New => Side::Old,
    };
    let mut ambiguous = false;
    for side in [stated.side, other_side] {
        let strips = strips(file, side);
        for lines in &forms {
            match on_side(&strips, side, stated, lines, side == stated.side) {
                Found::One(spot) => return Ok(spot),
                Found::Several => ambiguous = true,
                Found::None => {}
            }
        }
    }
    Err(if ambiguous {
        "quotes code that is there several times"
    } else {
        "quotes code that is not in the diff"
    })
}

enum Found<'a> {
    One(Spot<'a>),
    Several,
    None,
}

fn on_side<'a>(
    strips: &[Strip<'a>],
    side: Side,
    stated: &Stated,
    quoted: &[String],
    numbers: bool,
) -> Found<'a> {
    // Its own numbers, if the code is there: the quote may be of any of these lines.
    if numbers {
        for strip in strips {
            let first = (0..strip.lines.len()).find(|at| strip.number(*at, side) == Some(stated.start_line));
            let last = (0..strip.lines.len()).find(|at| strip.number(*at, side) == Some(stated.line));
            if let (Some(first), Some(last)) = (first, last)
                && last - first < MOST_LINES
                && strip.places(quoted).any(|(start, end)| start >= first && end <= last + 1)
            {
                return spot(strip, side, first, last, false).map_or(Found::None, Found::One);
            }
        }
    }
    let mut places: Vec<(u32, &Strip<'a>, usize, usize)> = Vec::new();
    for strip in strips {
        for (start, end) in strip.places(quoted) {
            let Some(line) = strip.number(start, side) else { continue };
            places.push((
                line.abs_diff(stated.start_line).min(line.abs_diff(stated.line)),
                strip,
                start,
                end,
            ));
        }
    }
    places.sort_by_key(|(distance, ..)| *distance);
    let chosen = match places.as_slice() {
        [] => return Found::None,
        [one] => one,
        [first, second, ..] if numbers && first.0 <= NEAR && first.0 < second.0 => first,
        _ => return Found::Several,
    };
    let (_, strip, start, end) = chosen;
    // As many lines as were stated, when what was quoted is only the first of them and they are all there.
    let stated_lines = (stated.line - stated.start_line) as usize + 1;
    let quoted_lines = end - start;
    let whole = stated_lines <= MOST_LINES && start + stated_lines <= strip.lines.len();
    let lines = if whole { stated_lines.max(quoted_lines) } else { quoted_lines };
    let (lines, cut) = (lines.min(MOST_LINES), lines != stated_lines);
    spot(strip, side, *start, start + lines - 1, cut).map_or(Found::None, Found::One)
}

fn spot<'a>(strip: &Strip<'a>, side: Side, first: usize, last: usize, moved_apart: bool) -> Option<Spot<'a>> {
    let lines = strip.lines.get(first..=last)?.to_vec();
    let end = lines.last()?;
    let other = match side {
        Side::Old => end.new,
        Side::New => end.old,
    };
    Some(Spot { side, start: strip.number(first, side)?, end: end.on(side)?, other, moved_apart, lines })
}

fn strips(file: &ReviewFile, side: Side) -> Vec<Strip<'_>> {
    let hunks = file.change.hunks.iter();
    hunks
        .map(|hunk| {
            let lines: Vec<_> = hunk.numbered().filter(|line| line.on(side).is_some()).collect();
            let texts = lines.iter().map(|line| normal(&line.line.text)).collect();
            Strip { lines, texts }
        })
        .collect()
}

/// The lines of a quotation without white space: as they are, and without the numbers and signs that were printed before them.
fn quoted(code: &str) -> Vec<Vec<String>> {
    let plain: Vec<String> =
        code.lines().take(MOST_LINES).map(normal).filter(|line| !line.is_empty()).collect();
    let bare = code.lines().take(MOST_LINES).map(|line| normal(without_margin(line)));
    let bare: Vec<String> = bare.filter(|line| !line.is_empty()).collect();
    let mut forms = vec![plain];
    if forms.first() != Some(&bare) {
        forms.push(bare);
    }
    forms.retain(|lines| !lines.is_empty());
    forms
}

fn without_margin(line: &str) -> &str {
    let rest = line.trim_start().trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ' || c == '|');
    rest.strip_prefix(['+', '-']).unwrap_or(rest)
}
