//! Compares what a scanner finds with candidates and without: their findings must be gone, and no new one may come.

use std::collections::BTreeMap;
use std::ops::Range;

use patchwork_core::evidence::Check;
use patchwork_core::finding::Finding;
use patchwork_core::step::StepError;
use patchwork_repo::edits::LineMap;

use super::file::{Candidate, FileUnderCheck};
use crate::verify::Verdict;

/// A finding at a place of a file; lines are 0-based, the end excluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) rule: String,
    pub(super) lines: Range<u32>,
}

impl Seen {
    pub(super) fn of(finding: &Finding) -> Self {
        let start = finding.start_line.saturating_sub(1);
        Self { rule: finding.rule.clone(), lines: start..finding.end_line.max(start.saturating_add(1)) }
    }
}

/// What a scan says of one file.
#[derive(Debug, Clone, Default)]
pub(super) struct View {
    pub(super) seen: Vec<Seen>,
    /// Why the scanner may have missed something in this file; none when it looked at all of it.
    pub(super) blind: Option<Blind>,
}

/// Why a scanner may have missed something in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Blind {
    /// It could not read the file.
    Unread(String),
    /// It did not come to an end, which says nothing about the file.
    Unfinished(String),
}

/// What is known of a file as it stands, from findings in its base: those outside of accepted fixes are where the lines
/// went, those inside are the ones that each fix is known to have left.
pub(super) fn carried_over(file: &FileUnderCheck, base: &[Seen]) -> Vec<Seen> {
    let mut seen: Vec<Seen> = base
        .iter()
        .filter(|finding| {
            !file.accepted.iter().flat_map(|fix| &fix.patch.edits).any(|edit| {
                let (start, end) = file.range_of(edit);
                start < finding.lines.end && finding.lines.start < end
            })
        })
        .filter_map(|finding| {
            let lines = file.map.new_range(finding.lines.clone())?;
            Some(Seen { rule: finding.rule.clone(), lines })
        })
        .collect();
    let mut number = 0;
    for fix in &file.accepted {
        if let Some(lines) = file.map.lines_of(number) {
            seen.extend(
                fix.remaining_rules.iter().map(|rule| Seen { rule: rule.clone(), lines: lines.clone() }),
            );
        }
        number += fix.patch.edits.len();
    }
    seen
}

/// Compares. Answers the candidates to drop, by position, with the reason; the others learn what was seen.
pub(super) fn compare(
    file: &mut FileUnderCheck,
    before: &View,
    after: &View,
    scanner: &str,
) -> Result<BTreeMap<usize, String>, StepError> {
    if let (None, Some(Blind::Unread(why))) = (&before.blind, &after.blind) {
        // It can't be said which of them it is.
        let reason = format!("{scanner} can't check the file with it: {why}");
        return Ok((0..file.candidates.len()).map(|position| (position, reason.clone())).collect());
    }
    // A scan that missed something before can't tell what is new.
    let complete = before.blind.is_none();
    let blind = after.blind.as_ref().or(before.blind.as_ref());
    let (before, after) = (&before.seen, &after.seen);
    let map = file.candidate_map()?;
    let areas: Vec<Area> = areas(file, &map);
    let mut dropped = BTreeMap::new();
    for (position, area) in areas.iter().enumerate() {
        let Some(candidate) = file.candidates.get_mut(position) else { continue };
        let was = count(before.iter().filter(|seen| area.touches_before(seen)));
        let is = count(after.iter().filter(|seen| area.touches_after(seen)));
        match judge(candidate, &was, &is, complete) {
            Err(reason) => {
                dropped.insert(position, reason);
            }
            Ok(verdict) => verdict.note(candidate, scanner, blind),
        }
    }
    // What is seen outside of all candidates must have been there before, in the line it came from.
    let mut known: BTreeMap<&str, Vec<Range<u32>>> = BTreeMap::new();
    for seen in before.iter().filter(|seen| !areas.iter().any(|area| area.touches_before(seen))) {
        known.entry(&seen.rule).or_default().push(seen.lines.clone());
    }
    let elsewhere = if complete { after.as_slice() } else { &[] };
    for seen in elsewhere.iter().filter(|seen| !areas.iter().any(|area| area.touches_after(seen))) {
        let was_there = map.old_line(seen.lines.start).is_some_and(|line| {
            // Of what an earlier fix left in its lines only these are known, not in which of them it is.
            let places = known.get_mut(seen.rule.as_str());
            places.is_some_and(|places| {
                let exact = places.iter().position(|lines| lines.start == line);
                let at = exact.or_else(|| places.iter().position(|lines| lines.contains(&line)));
                at.map(|at| places.swap_remove(at)).is_some()
            })
        });
        if !was_there {
            // It can't be said which of them brought it.
            let line = seen.lines.start + 1;
            let reason = format!("a new finding came elsewhere in the file: {} in line {line}", seen.rule);
            for position in 0..file.candidates.len() {
                dropped.entry(position).or_insert_with(|| reason.clone());
            }
        }
    }
    Ok(dropped)
}

/// The lines a candidate answers for: those of its edits and those of its findings.
pub(super) struct Area {
    before: Vec<Range<u32>>,
    pub(super) after: Vec<Range<u32>>,
}

impl Area {
    fn touches_before(&self, seen: &Seen) -> bool {
        self.before.iter().any(|lines| overlap(lines, &seen.lines))
    }

    fn touches_after(&self, seen: &Seen) -> bool {
        self.after.iter().any(|lines| overlap(lines, &seen.lines))
    }
}

pub(super) fn overlap(a: &Range<u32>, b: &Range<u32>) -> bool {
    a.start < b.end && b.start < a.end
}

pub(super) fn areas(file: &FileUnderCheck, map: &LineMap) -> Vec<Area> {
    let mut number = 0;
    file.candidates
        .iter()
        .map(|candidate| {
            let (mut before, mut after) = (Vec::new(), Vec::new());
            for edit in &candidate.edits {
                before.extend(edit.start_line.zip(edit.end_line).map(|(start, end)| start..end));
                after.extend(map.lines_of(number));
                number += 1;
            }
            for finding in &candidate.piece.findings {
                if let Some(lines) = file.map.new_range(Seen::of(finding).lines) {
                    after.extend(map.new_range(lines.clone()));
                    before.push(lines);
                }
            }
            Area { before, after }
        })
        .collect()
}

/// How often each rule fired, and in which line first.
type Count<'a> = BTreeMap<&'a str, (usize, u32)>;

fn count<'a>(seen: impl Iterator<Item = &'a Seen>) -> Count<'a> {
    let mut count = Count::new();
    for seen in seen {
        let entry = count.entry(seen.rule.as_str()).or_insert((0, seen.lines.start));
        entry.0 += 1;
    }
    count
}

/// What was seen of a candidate that may stay.
struct Passed {
    /// Whether its findings were seen before: only then is it known that they are gone.
    gone: bool,
    remaining: Vec<String>,
}

impl Passed {
    fn note(self, candidate: &mut Candidate, scanner: &str, blind: Option<&Blind>) {
        let known = self.gone && blind.is_none();
        candidate.gone = Some(if known { Verdict::Held } else { Verdict::Unknown });
        candidate.remaining_rules = self.remaining;
        candidate.checks.retain(|check| check.name != GONE && check.name != NO_NEW);
        let mut note = |name: &str, problem: Option<String>| {
            let passed = problem.is_none();
            let detail = problem.unwrap_or_else(|| scanner.to_owned());
            candidate.checks.push(Check { name: name.to_owned(), passed, detail });
        };
        let unread = blind.map(|(Blind::Unread(why) | Blind::Unfinished(why))| {
            format!("{scanner} could not check all of the file: {why}")
        });
        let unknown = || format!("{scanner} does not know this finding, so that it can't say");
        note(GONE, unread.clone().or_else(|| (!self.gone).then(unknown)));
        note(NO_NEW, unread);
    }
}

const GONE: &str = "finding gone";
const NO_NEW: &str = "no new finding";

fn judge(candidate: &Candidate, was: &Count<'_>, is: &Count<'_>, complete: bool) -> Result<Passed, String> {
    let mut targets: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &candidate.piece.findings {
        *targets.entry(finding.rule.as_str()).or_default() += 1;
    }
    let mut remaining = Vec::new();
    for (rule, (now, line)) in is {
        let before = was.get(rule).map_or(0, |(count, _)| *count);
        let target = targets.get(rule).copied().unwrap_or(0);
        if *now > before.saturating_sub(target) && (complete || target > 0) {
            let line = line + 1;
            return Err(if target > 0 {
                format!("the finding is still there: {rule} in line {line}")
            } else {
                format!("it brings a new finding: {rule} in line {line}")
            });
        }
        remaining.extend(std::iter::repeat_n((*rule).to_owned(), *now));
    }
    let gone = !targets.is_empty()
        && targets.iter().all(|(rule, wanted)| was.get(rule).is_some_and(|(count, _)| count >= wanted));
    Ok(Passed { gone, remaining })
}
