//! What of all findings is said.

use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

use patchwork_core::finding::Severity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::answer::Verdict;
use super::finding::{Confidence, ReviewFinding};
use super::fingerprint::Fingerprint;
use super::memory::Memory;
use super::said::{Said, Still};

/// How much a review says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Persona {
    /// Only what is bad and sure.
    Quiet,
    /// What is likely to be worth a reader's time.
    #[default]
    Normal,
    /// Everything that was not refuted.
    Strict,
}

/// How findings are chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Choice {
    /// How much is said.
    pub persona: Persona,
    /// Findings with less confidence are left out.
    pub min_confidence: Confidence,
    /// Comments on lines at most; the rest is told in the summary, a line each.
    pub max_comments: usize,
}

/// Why a finding is not said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "why", content = "detail")]
pub enum NotSaid {
    /// The second opinion turned it down, for this reason.
    Refuted(String),
    /// Less sure than `min_confidence`.
    Unsure,
    /// Less than the persona says.
    Minor,
    /// Another finding says the same, or stands on the same lines.
    Repeated,
    /// It was said in an earlier review, and was not fixed since.
    Said,
    /// A person dismissed it, for this reason.
    Dismissed(String),
}

impl NotSaid {
    fn of(said: &Said) -> Self {
        match &said.dismissed {
            Some(dismissed) => Self::Dismissed(dismissed.reason.clone()),
            None => Self::Said,
        }
    }
}

/// A finding that is not said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Dropped {
    /// The finding; one that was said has the fingerprint it was said with.
    pub finding: ReviewFinding,
    /// Why.
    pub why: NotSaid,
}

/// What became of the findings.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Chosen {
    /// Said as comments on lines, the worst first.
    pub comments: Vec<ReviewFinding>,
    /// Told in the summary alone, because there are more than `max_comments`; the worst first.
    pub more: Vec<ReviewFinding>,
    /// Not said.
    pub dropped: Vec<Dropped>,
}

impl Default for Choice {
    /// Up to ten comments, whatever the confidence.
    fn default() -> Self {
        Self { persona: Persona::Normal, min_confidence: Confidence::default(), max_comments: 10 }
    }
}

impl Choice {
    /// Whether something of this weight is said at all.
    pub fn says(&self, severity: Severity, confidence: Confidence) -> bool {
        confidence >= self.min_confidence && self.persona.says(severity, confidence)
    }
}

/// What is known from before.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// What people dismissed.
    pub memory: &'a Memory,
    /// What was said, looked at (see [`look`](super::said::look)).
    pub said: &'a [Said],
}

/// The least that [`Persona::Normal`] says: severity by confidence, of 100.
const NORMAL: u32 = 20;

/// Of all words of two titles, the share in percent from which on they say the same.
const SAME_TITLE: usize = 75;

/// Decides which findings are said. The same findings give the same choice, in whatever order they come.
pub fn choose(
    findings: Vec<ReviewFinding>,
    verdicts: &[Verdict],
    choice: &Choice,
    known: Known<'_>,
) -> Chosen {
    let mut chosen = Chosen::default();
    let mut open: Vec<ReviewFinding> = Vec::new();
    let mut before = Before::new(known.said);
    let mut findings = findings;
    // What is said already is found out in the order of the file: of equal lines the first ones were said.
    findings.sort_by(|a, b| {
        (&a.path, a.start_line, a.line, &a.fingerprint).cmp(&(&b.path, b.start_line, b.line, &b.fingerprint))
    });
    before.take_exact(&findings);
    for mut finding in findings {
        let verdict = verdicts.iter().find(|verdict| verdict.fingerprint == finding.fingerprint);
        let dismissed =
            known.memory.find(&finding).map(|dismissal| NotSaid::Dismissed(dismissal.reason.clone()));
        // One that was said stays said, whatever the second opinion is this time.
        let said = if dismissed.is_none() { before.find(&finding) } else { None };
        if let Some(said) = said {
            finding.fingerprint.clone_from(&said.fingerprint);
        }
        let why = dismissed.or_else(|| said.map(NotSaid::of)).or_else(|| {
            let refuted = verdict.filter(|verdict| !verdict.stands)?;
            Some(NotSaid::Refuted(refuted.reason.clone()))
        });
        if let Some(verdict) = verdict.filter(|verdict| verdict.stands) {
            let mean =
                (u32::from(finding.confidence.percent()) + u32::from(verdict.confidence.percent())) / 2;
            finding.confidence = Confidence::from_share(f64::from(mean) / 100.0);
        }
        let why = why.or_else(|| (finding.confidence < choice.min_confidence).then_some(NotSaid::Unsure));
        let why = why.or_else(|| {
            (!choice.persona.says(finding.severity, finding.confidence)).then_some(NotSaid::Minor)
        });
        match why {
            Some(why) => chosen.dropped.push(Dropped { finding, why }),
            None => open.push(finding),
        }
    }
    open.sort_by(|a, b| {
        let key = |f: &ReviewFinding| {
            (Reverse(score(f.severity, f.confidence)), Reverse(f.severity), f.path.clone(), f.start_line)
        };
        key(a).cmp(&key(b)).then_with(|| a.fingerprint.cmp(&b.fingerprint))
    });
    for finding in open {
        let said = chosen.comments.iter().chain(&chosen.more);
        if said.into_iter().any(|other| repeats(other, &finding)) {
            chosen.dropped.push(Dropped { finding, why: NotSaid::Repeated });
        } else if chosen.comments.len() < choice.max_comments {
            chosen.comments.push(finding);
        } else {
            chosen.more.push(finding);
        }
    }
    chosen
}

/// Severity by confidence, 0 to 100.
fn score(severity: Severity, confidence: Confidence) -> u32 {
    let severity = match severity {
        Severity::Critical => 100,
        Severity::High => 80,
        Severity::Medium => 50,
        Severity::Unknown => 30,
        Severity::Low => 25,
        Severity::Info => 10,
    };
    severity * u32::from(confidence.percent()) / 100
}

impl Persona {
    fn says(self, severity: Severity, confidence: Confidence) -> bool {
        match self {
            Self::Quiet => severity >= Severity::High && confidence >= Confidence::MEDIUM,
            Self::Normal => score(severity, confidence) >= NORMAL,
            Self::Strict => true,
        }
    }
}

/// Whether a finding says nothing new beside another.
fn repeats(other: &ReviewFinding, finding: &ReviewFinding) -> bool {
    if other.path != finding.path || other.side != finding.side {
        return false;
    }
    let overlap = other.start_line <= finding.line && finding.start_line <= other.line;
    let same_place = other.unit == finding.unit && other.rule == finding.rule;
    // A lesser one that is surer must not hide a worse one.
    finding.severity <= other.severity && (overlap || same_place && same_title(&other.title, &finding.title))
}

/// Whether two titles say nearly the same.
fn same_title(a: &str, b: &str) -> bool {
    let words = |text: &str| -> BTreeSet<String> {
        let lower = text.to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric()).filter(|w| w.len() > 2).map(str::to_owned).collect()
    };
    let (a, b) = (words(a), words(b));
    let (both, all) = (a.intersection(&b).count(), a.union(&b).count());
    all > 0 && both * 100 >= all * SAME_TITLE
}

/// What was said before and is not over; each counts for one finding.
struct Before<'a> {
    said: Vec<(Fingerprint, &'a Said)>,
    /// Those that were found again, by the finding's fingerprint.
    taken: HashMap<String, usize>,
    used: HashSet<usize>,
}

impl<'a> Before<'a> {
    fn new(said: &'a [Said]) -> Self {
        let said = said.iter().filter(|said| !said.is_over());
        let said = said.filter_map(|said| Some((Fingerprint::parse(&said.fingerprint)?, said)));
        Self { said: said.collect(), taken: HashMap::new(), used: HashSet::new() }
    }

    /// Findings with exactly the same fingerprint come before those that are only like it.
    fn take_exact(&mut self, findings: &[ReviewFinding]) {
        for finding in findings {
            let same = |(_, said): &(Fingerprint, &Said)| said.fingerprint == finding.fingerprint;
            if let Some(at) = self.said.iter().position(same) {
                self.used.insert(at);
                self.taken.insert(finding.fingerprint.clone(), at);
            }
        }
    }

    /// What was said of a finding, which need not be said again then.
    fn find(&mut self, finding: &ReviewFinding) -> Option<&'a Said> {
        let print = Fingerprint::parse(&finding.fingerprint)?;
        let at = match self.taken.get(&finding.fingerprint) {
            Some(at) => *at,
            None => {
                let free = |at: &usize| !self.used.contains(at);
                let first = |fits: &dyn Fn(&Fingerprint, &Said) -> bool| {
                    let mut all = self.said.iter().enumerate();
                    all.find(|(at, (known, said))| free(at) && fits(known, said)).map(|(at, _)| at)
                };
                let at = first(&|known, _| known.is_like(&print))
                    .or_else(|| first(&|known, said| known.is_moved(&print) && has_moved(said, finding)))
                    .or_else(|| first(&|known, said| in_other_words(known, said, &print, finding)))?;
                self.used.insert(at);
                at
            }
        };
        self.said.get(at).map(|(_, said)| *said)
    }
}

/// Whether the lines of an earlier comment may be those of a finding elsewhere: not when they are still where they were. What makes
/// them right for those who dismissed it need not hold in any other file.
fn has_moved(said: &Said, finding: &ReviewFinding) -> bool {
    let near = || said.place.as_ref().is_some_and(|place| finding.is_about(&place.path));
    said.still != Still::Here && (said.dismissed.is_none() || near())
}

/// Whether an earlier comment on the same lines says the same under another rule or about a line more or less.
fn in_other_words(known: &Fingerprint, said: &Said, print: &Fingerprint, finding: &ReviewFinding) -> bool {
    let alike = known.rule == print.rule || same_title(&said.title, &finding.title);
    let there = said.place.as_ref().is_some_and(|place| {
        let line = place.line.unwrap_or(0);
        let start = place.start_line.unwrap_or(line);
        place.path == finding.path
            && place.side == finding.side
            && start <= finding.line
            && finding.start_line <= line
    });
    // What a person has not seen was not dismissed: lines beside those that were can be what makes them wrong.
    let beyond = said.dismissed.is_some()
        && said.place.as_ref().is_none_or(|place| {
            let line = place.line.unwrap_or(0);
            finding.start_line < place.start_line.unwrap_or(line) || line < finding.line
        });
    let same_lines = known.has_lines_of(print) && known.place == print.place;
    alike && (there && !beyond && said.still != Still::Gone || same_lines)
}

#[cfg(test)]
mod tests;
