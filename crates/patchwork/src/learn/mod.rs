//! Rules learned from what models fixed: fixes of one kind of finding that share a shape become a rule, which is tried
//! before it is offered.

mod examples;
mod rule_text;
mod shape;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use patchwork_core::failure::Failure;
use patchwork_core::finding::Finding;
use patchwork_core::journal::Recording;
use patchwork_core::port::checkout::Checkout;
use patchwork_core::secret::Secrets;
use patchwork_repo::checkout::GitCheckout;
use patchwork_repo::language::Language;
use patchwork_repo::process::SystemProcesses;
use serde::Serialize;
use serde_json::Value;

use crate::sarif::{self, Report};
use crate::scanners::rules::{Candidate, OWN_RULES, valid_cases};
use crate::steps::code::verify_patch::Fix;
use examples::Example;
use rule_text::Draft;
use shape::{Names, Piece, common};

/// Fixes that must share a shape.
const MIN_EXAMPLES: usize = 2;

/// Bytes and lines of the code that a rule is about, at most.
const MAX_BYTES: usize = 1_000;
const MAX_LINES: usize = 10;

/// A rule that held when it was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lesson {
    /// Its id.
    pub id: String,
    /// Where it belongs, relative to the root of the repository.
    pub path: String,
    /// The file.
    pub text: String,
    /// What the fixes are about that it was learned from.
    pub rule: String,
    /// Its pattern.
    pub pattern: String,
    /// What it puts there.
    pub fix: String,
    /// The places of those fixes (`path:line`).
    pub learned_from: Vec<String>,
    /// Other places of the base commit that it would fix: each is a finding of the run's scan.
    pub further: Vec<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Learned {
    /// Rules that are offered.
    pub rules: Vec<Lesson>,
    /// Why there is no rule from other fixes, one sentence each.
    pub declined: Vec<String>,
}

/// Learns from the accepted model fixes of a run, in a copy of its base commit that nobody sees.
pub async fn learn(recording: Recording, repository: &Path, secrets: &Secrets) -> Result<Learned, Failure> {
    let folder = tempfile::Builder::new()
        .prefix("patchwork-learn-")
        .tempdir()
        .map_err(|error| Failure::unavailable("a temporary folder can't be made").caused_by(&error))?;
    let processes = Arc::new(SystemProcesses::from_env().hiding(secrets));
    let (base, run) = (recording.spec.base.clone(), recording.spec.id.clone());
    let checkout = GitCheckout::apart(repository, base, &run, folder.path(), processes).await?;
    let taken = own_ids(repository);
    let outcomes = recording.outcomes.into_iter().map(|outcome| outcome.value).collect::<Vec<_>>();
    tokio::task::spawn_blocking(move || learn_in(run.as_str(), &outcomes, &checkout, &taken))
        .await
        .map_err(|error| Failure::internal("learning broke off").caused_by(&error))?
}

/// Writes a rule where it belongs below the root of a repository. What is there is never overwritten.
pub fn write(lesson: &Lesson, repository: &Path) -> Result<PathBuf, Failure> {
    let failed = |path: &Path, error: &std::io::Error| {
        Failure::failed(format!("{} can't be written", path.display())).caused_by(error)
    };
    let mut folder = repository.to_owned();
    for part in OWN_RULES.split('/') {
        folder.push(part);
        match folder.symlink_metadata() {
            Ok(about) if about.is_dir() => {}
            Ok(_) => return Err(Failure::refused(format!("{} is not a folder", folder.display()))),
            Err(_) => fs::create_dir(&folder).map_err(|error| failed(&folder, &error))?,
        }
    }
    let path = repository.join(&lesson.path);
    let mut file = fs::File::create_new(&path).map_err(|error| failed(&path, &error))?;
    file.write_all(lesson.text.as_bytes()).map_err(|error| failed(&path, &error))?;
    Ok(path)
}

/// `outcomes` are all that the run recorded; `checkout` is at its base commit; ids in `taken` are in use.
fn learn_in(
    run: &str,
    outcomes: &[Value],
    checkout: &dyn Checkout,
    taken: &BTreeSet<String>,
) -> Result<Learned, Failure> {
    let fixes = examples::accepted_fixes(outcomes);
    let mut learned = Learned::default();
    if fixes.is_empty() {
        learned.declined.push("no fix of a model was accepted in this run".to_owned());
        return Ok(learned);
    }
    let mut kinds: BTreeMap<(String, Language), Vec<Example>> = BTreeMap::new();
    for fix in &fixes {
        match examples::examples_of(fix, checkout.root()) {
            Ok(examples) => {
                for example in examples {
                    let kind = (example.finding.rule.clone(), example.language);
                    kinds.entry(kind).or_default().push(example);
                }
            }
            Err(why) => learned.declined.push(format!("{}: {why}", place(fix))),
        }
    }
    let scan = scanned(outcomes, checkout)?;
    for ((rule, language), mut examples) in kinds {
        let at = |example: &Example| (example.finding.path.clone(), example.finding.start_line);
        examples.sort_by_key(at);
        let root = checkout.root();
        let school = School { run, root, scan: &scan, rule: &rule, language, taken };
        school.teach(&examples, &mut learned)?;
    }
    Ok(learned)
}

fn place(fix: &Fix) -> String {
    let line = fix.findings.first().map(|finding| finding.start_line).unwrap_or_default();
    format!("{}:{line}", fix.path)
}

/// The examples of one rule in one language.
struct School<'a> {
    run: &'a str,
    root: &'a Path,
    /// What the run's scan found.
    scan: &'a Report,
    rule: &'a str,
    language: Language,
    /// Ids that are in use.
    taken: &'a BTreeSet<String>,
}

impl School<'_> {
    fn teach(&self, examples: &[Example], learned: &mut Learned) -> Result<(), Failure> {
        let mut groups: Vec<Vec<&Example>> = Vec::new();
        for example in examples {
            let fits = |group: &&mut Vec<&Example>| {
                let with: Vec<_> = group.iter().copied().chain([example]).collect();
                drafts(&with).next().is_some()
            };
            match groups.iter_mut().find(fits) {
                Some(group) => group.push(example),
                None => groups.push(vec![example]),
            }
        }
        for group in groups {
            let places: Vec<String> = group.iter().map(|example| example.place()).collect();
            if group.len() < MIN_EXAMPLES {
                let why = format!("only one fix of {} has its shape, {MIN_EXAMPLES} are needed", self.rule);
                learned.declined.push(format!("{}: {why}", places.join(", ")));
                continue;
            }
            let mut why = "they have no shape in common".to_owned();
            let mut lesson = None;
            for (pattern, fix, pieces) in drafts(&group) {
                match self.tried(&pattern, &fix, &pieces, &group, learned.rules.len())? {
                    Ok(held) => {
                        lesson = Some(held);
                        break;
                    }
                    Err(fault) => why = format!("`{pattern}` {fault}"),
                }
            }
            match lesson {
                Some(lesson) => learned.rules.push(lesson),
                None => learned.declined.push(format!("{} ({}): {why}", places.join(", "), self.rule)),
            }
        }
        Ok(())
    }

    /// Tries a rule on all that is known; else why it is not offered.
    fn tried(
        &self,
        pattern: &str,
        fix: &str,
        pieces: &[(Piece<'_>, Piece<'_>)],
        group: &[&Example],
        number: usize,
    ) -> Result<Result<Lesson, String>, Failure> {
        let Some(first) = group.first() else { return Ok(Err("has no example".to_owned())) };
        let id = self.id(number);
        let run = self.run;
        let cases = pieces.iter().map(|(before, after)| (before.code(), after.code())).collect();
        let draft =
            Draft { id: &id, language: self.language, finding: &first.finding, pattern, fix, cases, run };
        let text = draft.text();
        let Ok(candidate) = Candidate::read(&text) else {
            return Ok(Err("is no pattern that can stand alone".to_owned()));
        };
        for (example, (before, after)) in group.iter().zip(pieces) {
            let path = &example.finding.path;
            let mut fired = candidate.fires_in(path, before.text)?;
            fired.retain(|fired| fired.start == start(before));
            let [one] = fired.as_slice() else {
                return Ok(Err(format!("does not match the code of {}", example.place())));
            };
            let made = one.fix.as_ref().and_then(|(_, replacements)| replacements.first());
            if made.is_none_or(|made| squeezed(&made.text) != squeezed(after.code())) {
                return Ok(Err(format!("does not make the fix of {}", example.place())));
            }
            let (first, last) = (line(after.node.start_position()), line(after.node.end_position()));
            let fired = candidate.fires_in(path, after.text)?;
            if fired.iter().any(|fired| fired.start.0 <= last && fired.end.0 >= first) {
                return Ok(Err(format!("still matches the fixed code of {}", example.place())));
            }
        }
        for (rule, code) in valid_cases(self.language)? {
            if !candidate.fires_in(&first.finding.path, &code)?.is_empty() {
                return Ok(Err(format!("matches code that is right by the cases of {rule}")));
            }
        }
        let (mut known, mut further) = (BTreeSet::new(), Vec::new());
        known.extend(group.iter().map(|example| example.place()));
        for fired in candidate.fires_below(self.root)? {
            let (first, last) = (fired.start.0, fired.end.0);
            let is_here = |finding: &&Finding| {
                finding.rule == self.rule
                    && finding.path == fired.path
                    && finding.start_line <= last
                    && finding.end_line >= first
            };
            let Some(finding) = self.scan.findings.iter().find(is_here) else {
                // The suppression names that rule, not the new one, which would fix what is to stay.
                let suppressed = self.scan.suppressed.iter().any(|(finding, _)| is_here(&finding));
                let why = if suppressed { "is suppressed" } else { "finds nothing" };
                let rule = self.rule;
                return Ok(Err(format!("also matches {}:{first}, where {rule} {why}", fired.path)));
            };
            let place = format!("{}:{}", finding.path, finding.start_line);
            if known.insert(place.clone()) {
                further.push(place);
            }
        }
        Ok(Ok(Lesson {
            path: format!("{OWN_RULES}/{id}.yml"),
            id,
            text,
            rule: self.rule.to_owned(),
            pattern: pattern.to_owned(),
            fix: fix.to_owned(),
            learned_from: group.iter().map(|example| example.place()).collect(),
            further,
        }))
    }

    /// An id that is not in use.
    fn id(&self, number: usize) -> String {
        let word = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        let rule: String =
            self.rule.rsplit('.').next().unwrap_or(self.rule).chars().map(word).take(60).collect();
        let rule = rule.trim_matches('-');
        (number + 1..)
            .map(|n| format!("learned-{rule}-{n}"))
            .find(|id| !self.taken.contains(id))
            .unwrap_or_default()
    }
}

/// Pattern, fix, and each example's code before and after.
type Candidates<'e> = (String, String, Vec<(Piece<'e>, Piece<'e>)>);

/// The shapes that examples share, the smallest piece of code first.
fn drafts<'e>(group: &'e [&'e Example]) -> impl Iterator<Item = Candidates<'e>> {
    let first = group.first().into_iter().flat_map(|example| example.levels());
    let small =
        |piece: &Piece<'_>| piece.code().len() <= MAX_BYTES && piece.code().lines().count() <= MAX_LINES;
    first.take_while(move |(before, after)| small(before) && small(after)).filter_map(
        move |(before, after)| {
            let others = group.iter().skip(1).map(|example| {
                example
                    .levels()
                    .find(|(piece, _)| piece.node.kind_id() == before.node.kind_id() && small(piece))
            });
            // A name alone says nothing about what is done with it.
            if before.children() == 0 {
                return None;
            }
            let pieces: Vec<(Piece<'_>, Piece<'_>)> =
                std::iter::once(Some((before, after))).chain(others).collect::<Option<_>>()?;
            let (befores, afters): (Vec<_>, Vec<_>) = pieces.iter().copied().unzip();
            let mut names = Names::default();
            let pattern = common(&befores, &mut names)?;
            names.close();
            let fix = common(&afters, &mut names)?;
            Some((pattern, fix, pieces))
        },
    )
}

fn line(at: tree_sitter::Point) -> u32 {
    u32::try_from(at.row + 1).unwrap_or(u32::MAX)
}

/// Line and column of a piece, 1-based, in characters.
fn start(piece: &Piece<'_>) -> (u32, u32) {
    let (at, byte) = (piece.node.start_position(), piece.node.start_byte());
    let before = piece.text.get(byte - at.column..byte).unwrap_or_default();
    (line(at), u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX))
}

/// A text without differences in white space.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// What the run's scan found: the first report that it recorded.
fn scanned(outcomes: &[Value], checkout: &dyn Checkout) -> Result<Report, Failure> {
    let mut rest: Vec<&Value> = outcomes.iter().rev().collect();
    while let Some(value) = rest.pop() {
        let Some(fields) = value.as_object() else { continue };
        match fields.get("sarif_values") {
            Some(report) if report.is_object() => {
                return Ok(sarif::read(report, &BaseFiles(checkout))?);
            }
            _ => rest.extend(fields.values().filter(|value| value.is_object())),
        }
    }
    Ok(Report::default())
}

struct BaseFiles<'a>(&'a dyn Checkout);

impl sarif::Files for BaseFiles<'_> {
    fn resolve(&self, place: &str) -> Result<String, Failure> {
        self.0.resolve(place)
    }

    fn lines(&self, path: &str, start: u32, end: u32) -> Option<String> {
        let text = std::fs::read_to_string(self.0.root().join(path)).ok()?;
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let from = (start as usize).checked_sub(1)?;
        Some(lines.get(from..(end as usize).min(lines.len()))?.concat())
    }
}

/// The names of the repository's own rule files, which are those of their rules where they were learned.
fn own_ids(root: &Path) -> BTreeSet<String> {
    let files = std::fs::read_dir(root.join(OWN_RULES)).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.path().file_stem()?.to_str()?.to_owned())).collect()
}
