//! Takes the code that findings are about out of the checkout, for prompts.

mod pieces;
mod sources;
mod suppressed;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::finding::{Finding, Severity};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::affected::AffectedCode;
use crate::sarif::{self, Files as _, Report};
use crate::steps::scan::sarif_input::SarifValues;
use crate::suppressions::{self, Suppression, Suppressions};
use pieces::{Known, Place, pieces};
use sources::Sources;

/// Takes the findings of a SARIF report that are bad enough and cuts out the smallest piece of code that holds each:
/// function, method, class, block, then the file if it fits, else the lines around. Findings in one piece go together, and no
/// two pieces overlap.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtractCodeInput {
    /// A SARIF 2.1.0 report of any tool: the object, or its JSON as a text.
    pub sarif_values: SarifValues,
    /// The least severity that is taken: `unknown`, `info`, `low`, `medium`, `high` or `critical`, in any case; `note`,
    /// `warning` and `error` mean `info`, `low` and `high`.
    #[serde(default = "unknown")]
    pub severity: String,
    /// How many findings are taken at most; 0 or less for all. When there are more, the worst are taken, in the order of
    /// the report among equals.
    #[serde(default = "ten")]
    pub vulnerability_limit: i64,
    /// Tokens that a piece may have (estimated from its length). Only a finding whose own lines have more gets a larger
    /// one; it is skipped when they have more than 8000 too.
    #[serde(default = "thousand")]
    pub context_size: u32,
    /// Findings that are left as they are, by rule and path, each with a reason. Comments `patchwork:ignore RULE reason` in the
    /// code say the same of single lines.
    #[serde(default)]
    pub suppressions: Vec<Suppression>,
}

fn unknown() -> String {
    Severity::Unknown.as_str().into()
}

fn ten() -> i64 {
    10
}

fn thousand() -> u32 {
    1000
}

/// A finding that could not be taken, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Skipped {
    /// The file, relative to the root of the repository, with `/`.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// A finding that is left as it is, because somebody decided so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SuppressedFinding {
    /// The finding.
    pub finding: Finding,
    /// Where that is said: `inSource` for a comment in the code, `external` for the options and for the report itself.
    pub place: suppressions::Place,
    /// The reason that was given.
    pub reason: String,
}

/// What became of the findings of a report. They add up: `found` is the sum of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Findings in the report, those that it says are settled not included.
    pub found: usize,
    /// In `suppressed`.
    pub suppressed: usize,
    /// Less severe than asked for.
    pub below_severity: usize,
    /// Left out because of `vulnerability_limit`.
    pub beyond_limit: usize,
    /// With code that can't be read; see `skipped`.
    pub unreadable: usize,
    /// In `files_to_patch`.
    pub taken: usize,
    /// In `waiting`.
    pub waiting: usize,
}

/// What was cut out, and what was not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ExtractCodeOutput {
    /// The pieces, by path and line. Where a rule of the scanner gives the fix itself, `fix` holds it and
    /// `findings` those that it fixes.
    pub files_to_patch: Vec<AffectedCode>,
    /// Pieces that share lines with one that has a `fix`: their turn is after that fix, with a new scan.
    pub waiting: Vec<AffectedCode>,
    /// Findings that are left as they are, because a comment in the code, an option or the report says so.
    pub suppressed: Vec<SuppressedFinding>,
    /// Findings whose code can't be read.
    pub skipped: Vec<Skipped>,
    /// What is wrong with the report or the scan: refused places, files that the tool could not read.
    pub problems: Vec<String>,
    /// What became of the findings.
    pub counts: Counts,
    /// Why the report says nothing about this repository although it has findings, or its scan did not end: none of them
    /// can be worked on. Empty when it is of use, or clean.
    pub unusable: String,
}

/// See [`ExtractCodeInput`].
pub struct ExtractCode;

#[async_trait]
impl Step for ExtractCode {
    type Input = ExtractCodeInput;
    type Output = ExtractCodeOutput;

    const ID: &'static str = "ExtractCode";
    const EFFECTS: Effects = Effects::READS_CHECKOUT;

    async fn run(&self, ctx: &Context, input: ExtractCodeInput) -> Result<ExtractCodeOutput, StepError> {
        let least = Severity::parse(&input.severity).ok_or_else(|| {
            let problem = format!(
                "`{}` is no severity: expected unknown, info, low, medium, high or critical",
                input.severity
            );
            StepError::input("severity", problem)
        })?;
        let log = input.sarif_values.into_value("sarif_values")?;
        let wanted = Wanted {
            least,
            limit: usize::try_from(input.vulnerability_limit).ok().filter(|limit| *limit > 0),
            max_tokens: usize::try_from(input.context_size).unwrap_or(usize::MAX),
            suppressions: Suppressions::new(&input.suppressions, ctx.run_started_ms())
                .map_err(Failure::from)?,
        };
        let task_ctx = ctx.clone();
        let work = move || extract(&task_ctx, log, &wanted);
        let output = tokio::task::spawn_blocking(work)
            .await
            .map_err(|error| StepError::internal(format!("extraction ended early: {error}")))??;
        tell(ctx, &output, least);
        Ok(output)
    }
}

/// What of a report is taken.
struct Wanted {
    least: Severity,
    limit: Option<usize>,
    max_tokens: usize,
    suppressions: Suppressions,
}

fn extract(ctx: &Context, log: Value, wanted: &Wanted) -> Result<ExtractCodeOutput, StepError> {
    let Wanted { least, limit, max_tokens, .. } = *wanted;
    let sources = Sources::new(ctx)?;
    let report = sarif::read(&log, &sources).map_err(|error| StepError::Failed(error.into()))?;
    drop(log);
    for root in &report.assumed_roots {
        ctx.note(format!(
            "the report was made elsewhere: {root} in it is taken for the root of the repository"
        ));
    }
    let Report { findings, suppressed, flows, fixes, problems, refused, unfinished, .. } = report;
    let line_text = |path: &str, start, end| sources.lines(path, start, end);

    let mut output = ExtractCodeOutput { problems, ..Default::default() };
    output.counts.found = findings.len() + suppressed.len();
    let findings =
        suppressed::leave_out(ctx, findings, suppressed, &wanted.suppressions, &sources, &mut output);
    let open = findings.len();
    let mut order: Vec<(usize, Finding)> = findings.into_iter().enumerate().collect();
    order.retain(|(_, finding)| finding.severity >= least);
    output.counts.below_severity = open - order.len();
    if limit.is_some() {
        order.sort_by_key(|(_, finding)| std::cmp::Reverse(finding.severity));
    }
    let mut taken: Vec<(usize, Finding)> = Vec::new();
    let mut unreadable = BTreeSet::new();
    for (position, finding) in order {
        if limit.is_some_and(|limit| taken.len() >= limit) {
            output.counts.beyond_limit += 1;
            continue;
        }
        match sources.core(&finding, max_tokens) {
            Ok(_) => taken.push((position, finding)),
            Err(place) => {
                output.counts.unreadable += 1;
                unreadable.insert(place);
            }
        }
    }
    // File by file, so that each is parsed once and its syntax tree is not kept.
    taken.sort_by(|(_, a), (_, b)| a.path.cmp(&b.path));
    let mut places: Vec<(usize, Place)> = Vec::new();
    for (position, finding) in taken {
        if ctx.cancel().is_cancelled() {
            return Err(StepError::cancelled());
        }
        match sources.place(finding, max_tokens) {
            Ok(place) => places.push((position, place)),
            Err(place) => {
                output.counts.unreadable += 1;
                unreadable.insert(place);
            }
        }
    }
    output.skipped = unreadable.into_iter().map(|(path, reason)| Skipped { path, reason }).collect();
    places.sort_by_key(|(position, _)| *position);
    let places = places.into_iter().map(|(_, place)| place).collect();
    (output.files_to_patch, output.waiting) =
        pieces(places, Known { fixes: &fixes, flows: &flows }, &sources, max_tokens, &line_text);
    let count = |pieces: &[AffectedCode]| pieces.iter().map(|piece| piece.findings.len()).sum();
    tell_masked(ctx, &output, &sources);
    output.counts.taken = count(&output.files_to_patch);
    output.counts.waiting = count(&output.waiting);
    output.unusable = unusable(&output, refused, unfinished);
    Ok(output)
}

/// See [`ExtractCodeOutput::unusable`].
fn unusable(output: &ExtractCodeOutput, refused: usize, unfinished: Option<String>) -> String {
    let counts = &output.counts;
    if counts.taken + counts.waiting > 0 {
        return String::new();
    }
    match refused + counts.unreadable {
        0 if output.problems.is_empty() => String::new(),
        0 => unfinished.unwrap_or_default(),
        1 => "the code of its one finding can't be read here".to_owned(),
        lost => format!("the code of none of its {lost} findings can be read here"),
    }
}

/// Says of each file with pieces how many of its secrets no prompt holds.
fn tell_masked(ctx: &Context, output: &ExtractCodeOutput, sources: &Sources<'_>) {
    let pieces = output.files_to_patch.iter().chain(&output.waiting);
    let paths: BTreeSet<&str> = pieces.map(|piece| piece.uri.as_str()).collect();
    for path in paths {
        match sources.masked_in(path) {
            0 => {}
            1 => ctx.warn(format!("a secret in {path} is masked in prompts: change it where it is used")),
            many => {
                ctx.warn(format!(
                    "{many} secrets in {path} are masked in prompts: change them where they are used"
                ));
            }
        }
    }
}

/// Warnings that are told one by one; of more, the number.
const TOLD: usize = 20;

/// Tells what was not taken, so that "nothing to do" is never mistaken for "clean".
fn tell(ctx: &Context, output: &ExtractCodeOutput, least: Severity) {
    let skipped = output.skipped.iter().map(|s| format!("{}: {}", s.path, s.reason));
    let warnings: Vec<String> = output.problems.iter().cloned().chain(skipped).collect();
    for warning in warnings.iter().take(TOLD) {
        ctx.warn(warning);
    }
    if let Some(more) = warnings.len().checked_sub(TOLD).filter(|more| *more > 0) {
        ctx.warn(format!("… and {more} more problems with the report"));
    }
    let counts = &output.counts;
    if counts.beyond_limit > 0 {
        ctx.note(format!("{} more findings are beyond vulnerability_limit", counts.beyond_limit));
    }
    if !output.files_to_patch.is_empty() {
        if counts.suppressed > 0 {
            let suppressed = match counts.suppressed {
                1 => "1 finding is suppressed".to_owned(),
                many => format!("{many} findings are suppressed"),
            };
            ctx.note(suppressed);
        }
        return;
    }
    let mut reasons = Vec::new();
    if counts.suppressed > 0 {
        reasons.push(format!("{} suppressed", counts.suppressed));
    }
    if counts.below_severity > 0 {
        reasons.push(format!("{} below severity {least}", counts.below_severity));
    }
    if counts.unreadable > 0 {
        reasons.push(format!("{} in code that can't be read", counts.unreadable));
    }
    let problems = match output.problems.len() {
        0 => String::new(),
        1 => "; the report has a problem, see the warning".into(),
        count => format!("; the report has {count} problems, see the warnings"),
    };
    match (counts.found, reasons.is_empty()) {
        (0, _) if output.problems.is_empty() => ctx.skip("the scanner found nothing"),
        (0, _) => ctx.skip(format!("no usable finding{problems}")),
        (found, _) => ctx.skip(format!("none of {found} findings taken: {}{problems}", reasons.join(", "))),
    }
}
