//! From a SARIF log of any tool to findings.

use std::collections::{BTreeMap, HashSet};

use patchwork_core::failure::Failure;
use patchwork_core::finding::Finding;
use serde_json::Value;

use super::bases::below;
use super::location::Locations;
use super::region::Region;
use super::rules::{self, Rules};
use super::slim::FLOW;
use super::{Fix, OWN_TOOL, Replacement, SarifError, check, fingerprint};
use crate::suppressions::{Place, Suppressed};

/// The files of a repository, as far as a report is about them.
pub trait Files {
    /// Turns a path or URI into a path below the root of the repository, or says why it may not.
    fn resolve(&self, place: &str) -> Result<String, Failure>;

    /// The text of lines by 1-based inclusive number; `None` when the file or its first line is not there.
    fn lines(&self, path: &str, start: u32, end: u32) -> Option<String>;

    /// The files that are `name` or whose last parts it is, letter case aside. Only asked about names that are not there as they
    /// are written.
    fn ending_with(&self, _name: &str) -> Vec<String> {
        Vec::new()
    }
}

/// What a SARIF log says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The findings, in the order of the log. A result with several locations is one finding for each.
    pub findings: Vec<Finding>,
    /// The findings that the report itself calls suppressed, and why.
    pub suppressed: Vec<(Finding, Suppressed)>,
    /// The way to a finding, by its fingerprint: lines `path:line what is there`, the source first.
    pub flows: BTreeMap<String, Vec<String>>,
    /// Fixes that our own rules give, by the fingerprint of their finding.
    pub fixes: BTreeMap<String, Fix>,
    /// What is wrong with the log or with the scan: files that the tool could not read, results that could not be
    /// understood. A log with problems and no findings does not say that the code is clean.
    pub problems: Vec<String>,
    /// What the tool says of single files or of its work as a whole, warnings too: it may have missed findings there.
    pub complaints: Vec<Complaint>,
    /// Why the log does not say what is in the code; none when the tool went through all it was asked to.
    pub unfinished: Option<String>,
    /// The tool; several are joined with `, `.
    pub tool: String,
    /// Results that were left out because the report itself says that they are settled: passed, for information only, or
    /// absent from the newest scan.
    pub settled: usize,
    /// Folders of other machines that were taken for the root of the repository, because all paths of a run fit then.
    pub assumed_roots: Vec<String>,
    /// Results that could not be used; each is one of `problems`.
    pub refused: usize,
}

/// A word of a tool about its own work: a file that it could not parse, a rule that took too long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The file, when the log places it.
    path: Option<String>,
    /// The first line of what it says: what follows may be code, in which any name can stand.
    pub words: String,
}

impl Complaint {
    /// Whether it is about this file of the checkout at `root`. Tools that do not place what they say (Semgrep) name the
    /// file in it.
    pub fn is_about(&self, path: &str, root: &str) -> bool {
        if let Some(own) = &self.path {
            return own == path;
        }
        if path.is_empty() || !self.words.contains(path) {
            return false;
        }
        let line = self.words.replace(&format!("{}/", root.trim_end_matches('/')), "");
        let in_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | '.');
        line.match_indices(path).any(|(at, _)| {
            let before = line.get(..at).unwrap_or_default().trim_end_matches("./");
            let after = line.get(at + path.len()..).unwrap_or_default().trim_start_matches('.');
            !before.ends_with(in_name) && !after.starts_with(in_name)
        })
    }

    /// Whether time or memory ran out, which is no fault of the file.
    pub fn is_about_limits(&self) -> bool {
        let words = self.words.to_lowercase();
        ["timeout", "timed out", "time out", "memory"].iter().any(|limit| words.contains(limit))
    }
}

/// A finding with what is needed until it has its fingerprint.
pub(super) struct Located {
    pub(super) finding: Finding,
    pub(super) column: u32,
    fix: Option<Fix>,
    flow: Vec<String>,
    suppressed: Option<Suppressed>,
}

/// Reads a SARIF 2.x log. One result that can't be used is named in `problems` and loses no other.
pub fn read(log: &Value, files: &impl Files) -> Result<Report, SarifError> {
    check(log, "`sarif_values`")?;
    let mut report = Report::default();
    let mut found = Vec::new();
    let Some(runs) = log["runs"].as_array() else {
        let why = "`runs` is null: the tool did not scan";
        report.problems.push(why.into());
        report.unfinished = Some(why.into());
        return Ok(report);
    };
    if runs.is_empty() {
        report.unfinished = Some("the report holds no run of a tool".into());
    }
    let mut tools: Vec<&str> = Vec::new();
    let mut seen = HashSet::new();
    for run in runs {
        let tool = run["tool"]["driver"]["name"].as_str().unwrap_or_default();
        if !tool.is_empty() && !tools.contains(&tool) {
            tools.push(tool);
        }
        let mut reader = RunReader {
            run,
            tool,
            rules: Rules::of(run),
            locations: Locations::new(run, files),
            files,
            report: &mut report,
            found: &mut found,
            seen: &mut seen,
        };
        reader.read();
    }
    report.tool = tools.join(", ");
    if log.get("inlineExternalProperties").is_some_and(|inline| !inline.is_null()) {
        let why = "parts of the report stand in `inlineExternalProperties`, which is not read";
        report.problems.push(why.into());
        report.unfinished.get_or_insert_with(|| why.to_owned());
    }
    // Suppressed ones are counted among their equals: what is suppressed must not change what the others are called.
    fingerprint::assign(&mut found, files);
    for item in found {
        if let Some(suppressed) = item.suppressed {
            report.suppressed.push((item.finding, suppressed));
            continue;
        }
        if let Some(fix) = item.fix {
            report.fixes.insert(item.finding.fingerprint.clone(), fix);
        }
        if !item.flow.is_empty() {
            report.flows.insert(item.finding.fingerprint.clone(), item.flow);
        }
        report.findings.push(item.finding);
    }
    Ok(report)
}

struct RunReader<'a, F> {
    run: &'a Value,
    tool: &'a str,
    rules: Rules<'a>,
    locations: Locations<'a, F>,
    files: &'a F,
    report: &'a mut Report,
    found: &'a mut Vec<Located>,
    seen: &'a mut HashSet<(String, String, [u32; 4])>,
}

impl<'a, F: Files> RunReader<'a, F> {
    fn read(&mut self) {
        let results = self.run["results"].as_array().into_iter().flatten();
        let places = results.flat_map(|result| result["locations"].as_array().into_iter().flatten());
        self.locations.assume_root(places.map(|place| &place["physicalLocation"]["artifactLocation"]));
        self.report.assumed_roots.extend(self.locations.assumed_root().map(str::to_owned));
        self.invocations();
        if let Some(elsewhere) = self.run["externalPropertyFileReferences"].as_object() {
            let keys: Vec<String> = elsewhere.keys().map(|key| format!("`{key}`")).collect();
            let why = format!("its {} stand in other files, which are not read", keys.join(", "));
            match elsewhere.contains_key("results") {
                true => self.unfinished(&why),
                false => self.problem(&why),
            }
        }
        match &self.run["results"] {
            Value::Array(results) => {
                for (index, result) in results.iter().enumerate() {
                    self.result(index, result);
                }
            }
            // Absent is how a tool says that it only describes itself; null, that it could not scan.
            Value::Null if self.run.get("results").is_none() && self.run.is_object() => {}
            Value::Null if self.run.is_object() => {
                self.unfinished("`results` is null: the tool did not finish its scan");
            }
            _ => self.unfinished("a run is not of SARIF's form"),
        }
    }

    fn unfinished(&mut self, why: &str) {
        self.problem(why);
        self.report.unfinished.get_or_insert_with(|| why.to_owned());
    }

    fn refused(&mut self, why: impl AsRef<str>) {
        self.report.refused += 1;
        self.problem(why);
    }

    fn problem(&mut self, problem: impl AsRef<str>) {
        let tool = if self.tool.is_empty() { "SARIF" } else { self.tool };
        self.report.problems.push(format!("{tool}: {}", problem.as_ref()));
    }

    fn invocations(&mut self) {
        for invocation in self.run["invocations"].as_array().into_iter().flatten() {
            if invocation["executionSuccessful"] == Value::Bool(false) {
                let why = invocation["exitCodeDescription"].as_str().unwrap_or("the scan did not succeed");
                self.unfinished(why);
            }
            for list in ["toolExecutionNotifications", "toolConfigurationNotifications"] {
                for notification in invocation[list].as_array().into_iter().flatten() {
                    self.notification(notification);
                }
            }
        }
    }

    fn notification(&mut self, notification: &'a Value) {
        let level = notification["level"].as_str().unwrap_or("warning");
        if !matches!(level, "warning" | "error") {
            return;
        }
        let thrown = notification["exception"]["message"].as_str().unwrap_or("an error without words");
        let words = rules::message(notification, &Value::Null, None, thrown);
        let artifact = &notification["locations"][0]["physicalLocation"]["artifactLocation"];
        if level == "error" {
            match artifact["uri"].as_str().filter(|place| !words.contains(place)) {
                Some(place) => self.problem(format!("{place}: {words}")),
                None => self.problem(&words),
            }
        }
        let path = artifact.is_object().then(|| self.locations.resolve(artifact).ok()).flatten();
        let words = words.lines().next().unwrap_or_default().to_owned();
        self.report.complaints.push(Complaint { path, words });
    }

    fn result(&mut self, index: usize, result: &'a Value) {
        if is_settled(result) {
            self.report.settled += 1;
            return;
        }
        if !result.is_object() {
            return self.refused(format!("result {index} is not an object"));
        }
        let (rule_id, rule) = self.rules.of_result(result);
        let locations = result["locations"].as_array().map(Vec::as_slice).unwrap_or_default();
        let suppressed = suppressed(result, self.tool);
        if locations.is_empty() && suppressed.is_some() {
            self.report.settled += 1;
            return;
        }
        if locations.is_empty() {
            return self.refused(format!("result {index} ({rule_id}) has no location"));
        }
        let finding = Finding {
            message: rules::message(result, rule, Some(&self.rules), &rule_id),
            severity: rules::severity(result, rule, self.rules.overridden(&rule_id)),
            cwe: rules::weaknesses(result, rule),
            suggestions: suggestions(result),
            rule: rule_id,
            tool: self.tool.to_owned(),
            path: String::new(),
            start_line: 1,
            end_line: 1,
            fingerprint: String::new(),
        };
        let fix = if self.tool == OWN_TOOL { self.fix(result) } else { None };
        let flow = result["properties"][FLOW].as_array().into_iter().flatten();
        let assumed = self.locations.assumed_root();
        let inside =
            |line: &str| assumed.and_then(|root| below(line, root)).unwrap_or_else(|| line.to_owned());
        let flow: Vec<String> = flow.filter_map(|line| line.as_str().map(inside)).collect();
        for location in locations {
            let physical = &location["physicalLocation"];
            match self.locations.resolve(&physical["artifactLocation"]) {
                Err(_) if suppressed.is_some() => self.report.settled += 1,
                Err(why) => self.refused(format!("result {index} ({}): {why}", finding.rule)),
                Ok(path) => {
                    let region = Region::of(&physical["region"], || self.files.lines(&path, 1, u32::MAX));
                    let lines = [region.start_line, region.start_column, region.end_line, region.end_column];
                    // The same result twice, from two runs over one file for example, is one finding.
                    if self.seen.insert((finding.rule.clone(), path.clone(), lines)) {
                        let finding = Finding {
                            path,
                            start_line: region.start_line,
                            end_line: region.end_line,
                            ..finding.clone()
                        };
                        self.found.push(Located {
                            finding,
                            column: region.start_column,
                            fix: fix.clone(),
                            flow: flow.clone(),
                            suppressed: suppressed.clone(),
                        });
                    }
                }
            }
        }
    }

    /// The first fix of a result, when all of it can be understood.
    fn fix(&self, result: &'a Value) -> Option<Fix> {
        let mut replacements = Vec::new();
        for change in result["fixes"][0]["artifactChanges"].as_array()? {
            let path = self.locations.resolve(&change["artifactLocation"]).ok()?;
            for replacement in change["replacements"].as_array()? {
                let region = &replacement["deletedRegion"];
                let part = |key: &str| u32::try_from(region[key].as_u64()?).ok();
                replacements.push(Replacement {
                    path: path.clone(),
                    start_line: part("startLine")?,
                    start_column: part("startColumn")?,
                    end_line: part("endLine")?,
                    end_column: part("endColumn")?,
                    text: replacement["insertedContent"]["text"].as_str().unwrap_or_default().to_owned(),
                });
            }
        }
        (!replacements.is_empty()).then_some(Fix { replacements })
    }
}

/// Whether the log itself says that a result is none that is there.
fn is_settled(result: &Value) -> bool {
    let absent = result["baselineState"].as_str() == Some("absent");
    absent || matches!(result["kind"].as_str(), Some("pass" | "notApplicable" | "informational"))
}

/// Why the log itself calls a result suppressed.
fn suppressed(result: &Value, tool: &str) -> Option<Suppressed> {
    let suppressions = result["suppressions"].as_array()?;
    let first = suppressions.first()?;
    // SARIF: without a status a suppression is accepted, and one that is not keeps the result open.
    let accepted = |s: &Value| matches!(s["status"].as_str(), None | Some("accepted"));
    if !suppressions.iter().all(accepted) {
        return None;
    }
    let place = if first["kind"].as_str() == Some("inSource") { Place::InSource } else { Place::External };
    let said = suppressions.iter().find_map(|s| s["justification"].as_str().map(str::trim));
    let reason = match said.filter(|said| !said.is_empty()) {
        Some(said) => rules::shortened(said, rules::MESSAGE_LIMIT),
        None => format!("{} says so, without a reason", if tool.is_empty() { "the report" } else { tool }),
    };
    Some(Suppressed { place, reason })
}

/// Suggestions taken of a result.
const SUGGESTIONS: usize = 5;

fn suggestions(result: &Value) -> Vec<String> {
    let fixes = result["fixes"].as_array().into_iter().flatten();
    let words = fixes.filter_map(|fix| {
        let described = fix["description"]["text"].as_str().or(fix["description"]["markdown"].as_str());
        let described = described.map(str::trim).filter(|words| !words.is_empty()).map(str::to_owned);
        described.or_else(|| {
            let replacement = &fix["artifactChanges"][0]["replacements"][0];
            let text = replacement["insertedContent"]["text"].as_str().map(str::trim)?;
            let line = replacement["deletedRegion"]["startLine"].as_u64()?;
            (!text.is_empty()).then(|| format!("in line {line}: {text}"))
        })
    });
    words.take(SUGGESTIONS).map(|words| rules::shortened(&words, rules::MESSAGE_LIMIT)).collect()
}
