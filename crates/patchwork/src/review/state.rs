//! What a review has looked at, kept in the mark of its summary: the next one asks only about the rest.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::Range;

use patchwork_core::finding::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::finding::{FileNote, ReviewFinding};
use super::fingerprint::LONGEST;
use super::unit::{FileUnits, HASH, ReviewUnit};

/// What the last review knew. Written as one compact line that takes at most
/// [`MOST_BYTES`] in its mark.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// The commit that was reviewed.
    pub head: String,
    /// Digest of rules, model and whatever else makes an answer; with another one everything is asked again.
    pub basis: String,
    /// Hashes of the units that were asked about, sorted. Of a change with too many units, files of which all were asked about
    /// have one hash for all.
    pub units: Vec<String>,
    /// Findings that only the summary told, so that the next summary tells them too.
    pub told: Vec<Told>,
    /// Findings that comments told and that still stand, the worst first: a gate that failed for them stays closed.
    pub open: Vec<Open>,
    /// Ids of comments whose lines were found gone, oldest first: should those be back, that is news.
    pub fixed: Vec<String>,
}

/// What of its findings a review hands on to the next one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kept {
    /// Those that only the summary tells.
    pub told: Vec<Told>,
    /// Those that comments tell.
    pub open: Vec<Open>,
    /// Ids of comments whose lines are gone, oldest first.
    pub fixed: Vec<String>,
}

/// A finding that a comment told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Open {
    /// By what it is known again.
    pub fingerprint: String,
    /// How bad it is.
    pub severity: Severity,
    /// The hash of the unit it is in: when that is asked about again, the model decides anew.
    pub unit: String,
}

/// A finding that only the summary tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Told {
    /// By what it is known again; empty for one that has no line.
    pub fingerprint: String,
    /// The rule.
    pub rule: String,
    /// The file.
    pub path: String,
    /// The line at that time, 1-based.
    pub line: u32,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub title: String,
    /// The hash of the unit it is in: when that is asked about again, the model decides anew.
    pub unit: String,
}

/// Bytes that a state takes in the mark of a comment: the shortest that a forge takes at most, Bitbucket's, has 32,000.
pub const MOST_BYTES: usize = 24_000;

/// The form of what is written.
const VERSION: u64 = 1;

/// Hashes that there is room for, beside findings.
const MOST_UNITS: usize = MOST_BYTES * 3 / 4 / HASH;

/// Findings of the summary that are kept, their bytes, and characters of their titles and paths.
const MOST_TOLD: usize = 40;
const TOLD_BYTES: usize = MOST_BYTES / 4;
const TITLE: usize = 120;
const PATH: usize = 200;

/// Findings of comments that are kept.
const MOST_OPEN: usize = 60;

/// Comments about fixed findings that are kept, and characters of their ids.
const MOST_FIXED: usize = 100;
const ID: usize = 24;

#[derive(Serialize, Deserialize)]
struct Written {
    v: u64,
    head: String,
    basis: String,
    units: String,
    #[serde(default)]
    told: Vec<Told>,
    #[serde(default)]
    open: Vec<Open>,
    #[serde(default)]
    fixed: Vec<String>,
}

impl State {
    /// Reads what [`State::write`] wrote; a text of another version, or of somebody else, is no state: everything is asked then.
    pub fn read(text: &str) -> Option<Self> {
        if text.len() > 2 * MOST_BYTES {
            return None;
        }
        let written: Written =
            serde_json::from_str(text).ok().filter(|written: &Written| written.v == VERSION)?;
        if !written.units.is_ascii() {
            return None;
        }
        let mut units: Vec<String> = written
            .units
            .as_bytes()
            .chunks_exact(HASH)
            .map(|hash| String::from_utf8_lossy(hash).into_owned())
            .collect();
        units.sort();
        let told = written.told.into_iter().take(MOST_TOLD).collect();
        let open = written.open.into_iter().take(MOST_OPEN).collect();
        let fixed = written.fixed.into_iter().take(MOST_FIXED).collect();
        Some(Self { head: written.head, basis: written.basis, units, told, open, fixed })
    }

    /// One line of ASCII for the mark of a comment. Of more units than there is room for the last are left out: they are asked about
    /// once more.
    pub fn write(&self) -> String {
        let mut written = Written {
            v: VERSION,
            head: self.head.clone(),
            basis: self.basis.clone(),
            units: String::new(),
            told: self.told.clone(),
            open: self.open.clone(),
            fixed: self.fixed.clone(),
        };
        let room = MOST_BYTES.saturating_sub(length(&ascii(&written)));
        written.units = self
            .units
            .iter()
            .filter(|hash| hash.len() == HASH)
            .take(room / HASH)
            .map(String::as_str)
            .collect();
        ascii(&written)
    }

    /// Whether a unit is to be asked about: it was not, or not in this form, or what makes the answer is another.
    pub fn pending(&self, basis: &str, unit: &ReviewUnit) -> bool {
        let known = |hash: &String| self.units.binary_search(hash).is_ok();
        self.basis != basis || !(known(&unit.hash) || known(&unit.file_hash))
    }

    /// The state after a review of `head`: what was known and is still there, the units that were answered, and of the findings what
    /// there is room for, the worst first. A unit with a finding that there is no room for is asked about again: with many findings at
    /// once none is made to be forgotten.
    pub fn after(
        &self,
        files: &[FileUnits<'_>],
        answered: &[String],
        head: &str,
        basis: &str,
        kept: Kept,
    ) -> Self {
        let answered: HashSet<&str> = answered.iter().map(String::as_str).collect();
        let (kept, lost) = kept.fitting();
        let known = |unit: &&ReviewUnit| {
            (answered.contains(unit.hash.as_str()) || !self.pending(basis, unit))
                && !lost.contains(&unit.hash)
        };
        let known: Vec<Vec<&ReviewUnit>> =
            files.iter().map(|file| file.units.iter().filter(known).collect()).collect();
        let whole = |at: usize| {
            files.get(at).zip(known.get(at)).is_some_and(|(file, known)| file.units.len() == known.len())
        };
        // Those with the most units first: of small files single units stay known.
        let mut order: Vec<usize> = (0..files.len()).filter(|at| whole(*at)).collect();
        order.sort_by_key(|at| Reverse(known.get(*at).map_or(0, Vec::len)));
        let mut total: usize = known.iter().map(Vec::len).sum();
        let mut folded = HashSet::new();
        for at in order {
            if total <= MOST_UNITS {
                break;
            }
            total -= known.get(at).map_or(0, |units| units.len().saturating_sub(1));
            folded.insert(at);
        }
        let mut units: Vec<String> = Vec::with_capacity(total);
        for (at, known) in known.iter().enumerate() {
            match known.first().filter(|_| folded.contains(&at)) {
                Some(first) => units.push(first.file_hash.clone()),
                None => units.extend(known.iter().map(|unit| unit.hash.clone())),
            }
        }
        units.sort();
        units.dedup();
        let Kept { told, open, fixed } = kept;
        Self { head: head.to_owned(), basis: basis.to_owned(), units, told, open, fixed }
    }

    /// What the last summary told alone and the next one tells again: findings in units that are still there and are not asked about
    /// again, with the lines they have now. Those of a file that is `hidden` stay: it is left out of the review since.
    pub fn carried(&self, files: &[FileUnits<'_>], asked: &[String], hidden: &HashSet<&str>) -> Vec<Told> {
        let asked: HashSet<&str> = asked.iter().map(String::as_str).collect();
        let mut carried = Vec::new();
        for told in self.told.iter().filter(|told| !asked.contains(told.unit.as_str())) {
            let place = files.iter().find_map(|file| {
                let unit = file.units.iter().find(|unit| unit.hash == told.unit)?;
                Some((file.file.path(), unit.lines.start))
            });
            if let Some((path, line)) = place {
                carried.push(Told { path: path.to_owned(), line, ..told.clone() });
            } else if hidden.contains(told.path.as_str()) {
                carried.push(told.clone());
            }
        }
        carried
    }
}

impl Kept {
    /// What there is room for, and the hashes of units with findings that there is none for.
    fn fitting(self) -> (Self, HashSet<String>) {
        let Self { told, mut open, mut fixed } = self;
        let mut told: Vec<Told> = told.iter().map(short).collect();
        told.sort_by_key(|told| Reverse(told.severity));
        open.sort_by_key(|open| Reverse(open.severity));
        let mut lost: HashSet<String> = HashSet::new();
        lost.extend(told.drain(MOST_TOLD.min(told.len())..).map(|told| told.unit));
        lost.extend(open.drain(MOST_OPEN.min(open.len())..).map(|open| open.unit));
        while length(&ascii(&told)) > TOLD_BYTES {
            lost.extend(told.pop().map(|told| told.unit));
        }
        fixed.retain(|id| id.is_ascii() && id.len() <= ID);
        fixed.drain(..fixed.len().saturating_sub(MOST_FIXED));
        (Self { told, open, fixed }, lost)
    }
}

impl State {
    /// What comments told before and nobody has looked at since: findings in units that are still there and are not asked about
    /// again, and those with a fingerprint that `is_hidden`, because their file is left out of the review since. Whether their
    /// threads are resolved says nothing: on some forges whoever opened the pull request may do that.
    pub fn standing(
        &self,
        files: &[FileUnits<'_>],
        asked: &[String],
        is_hidden: impl Fn(&str) -> bool,
    ) -> Vec<Open> {
        let there = |hash: &String| files.iter().flat_map(|file| &file.units).any(|unit| unit.hash == *hash);
        let stands =
            |open: &&Open| !asked.contains(&open.unit) && (there(&open.unit) || is_hidden(&open.fingerprint));
        self.open.iter().filter(stands).cloned().collect()
    }
}

/// Findings that comments tell, as the state keeps them.
pub fn open(files: &[FileUnits<'_>], findings: &[ReviewFinding]) -> Vec<Open> {
    let told = told(files, findings).into_iter().map(|told| short(&told));
    told.map(|Told { fingerprint, severity, unit, .. }| Open { fingerprint, severity, unit }).collect()
}

/// Findings that only the summary tells, as the state keeps them.
pub fn told(files: &[FileUnits<'_>], findings: &[ReviewFinding]) -> Vec<Told> {
    let told = findings.iter().map(|finding| Told {
        fingerprint: finding.fingerprint.clone(),
        rule: finding.rule.clone(),
        path: finding.path.clone(),
        line: finding.start_line,
        severity: finding.severity,
        title: finding.title.clone(),
        unit: unit_near(files, &finding.path, finding.line, |_| true),
    });
    told.collect()
}

/// Notes, which only the summary tells as well, as the state keeps them: in that of the units `asked` about which is nearest to
/// where the model says it is.
pub fn noted(files: &[FileUnits<'_>], notes: &[FileNote], asked: &[String]) -> Vec<Told> {
    let noted = notes.iter().map(|note| Told {
        fingerprint: String::new(),
        rule: note.rule.clone(),
        path: note.path.clone(),
        line: note.near,
        severity: note.severity,
        title: note.title.clone(),
        unit: unit_near(files, &note.path, note.near, |unit| asked.contains(&unit.hash)),
    });
    noted.collect()
}

/// The hash of the unit of a file that is nearest to a line; empty when there is none.
fn unit_near(files: &[FileUnits<'_>], path: &str, line: u32, is_one: impl Fn(&ReviewUnit) -> bool) -> String {
    let far = |unit: &&ReviewUnit| {
        let Range { start, end } = unit.lines;
        if line < start { start - line } else { line.saturating_sub(end) }
    };
    let units = files.iter().filter(|file| file.file.path() == path).flat_map(|file| &file.units);
    units.filter(|unit| is_one(unit)).min_by_key(far).map(|unit| unit.hash.clone()).unwrap_or_default()
}

fn short(told: &Told) -> Told {
    let cut = |text: &str, limit: usize| text.chars().take(limit).collect::<String>();
    Told {
        fingerprint: cut(&told.fingerprint, LONGEST),
        rule: cut(&told.rule, 60),
        path: cut(&told.path, PATH),
        title: cut(&told.title, TITLE),
        unit: told.unit.clone(),
        ..*told
    }
}

/// How long a text gets in a mark, which is JSON with more escapes: names of files may have any of these in them.
fn length(text: &str) -> usize {
    let more = |c: char| match c {
        '"' | '\\' => 1,
        '<' | '>' | '\'' => 5,
        _ => 0,
    };
    text.len() + text.chars().map(more).sum::<usize>() + 10 * text.matches("--").count()
}

/// JSON in which every other character is escaped: forges count and change those differently.
fn ascii(written: &impl Serialize) -> String {
    let json = serde_json::to_string(written).unwrap_or_default();
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
