//! `ConcludeReview`: decides what a review says, and writes it.

use async_trait::async_trait;
use patchwork_core::change::Side;
use patchwork_core::failure::Failure;
use patchwork_core::finding::Severity;
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::port::forge::{Annotation, AnnotationLevel, Conclusion};
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::gate::{conclusion, failure, hidden, is_dismissed, severities};
use super::place_findings::{ChoiceOptions, ModelAnswer, PlaceFindingsOutput};
use super::select_changes::{COMMENTS, ReviewTask, SUMMARY};
use crate::review::answer::refute_of;
use crate::review::choosing::{Known, NotSaid, choose};
use crate::review::finding::ReviewFinding;
use crate::review::memory::{Dismissal, Memory};
use crate::review::prompt::RefuteQuestion;
use crate::review::said::{self, Said, resolved};
use crate::review::state::{Kept, State, noted, open, told};
use crate::review::summary::{Summary, walk};
use crate::review::text;
use crate::review::unit::cut;
use crate::steps::forge::create_pr_review::{ReviewComment, ThreadReply};

/// Decides what a review says, and writes it.
pub struct ConcludeReview;

/// Decides which findings are said, and writes the comments, the summary, the plain text and SARIF. What was refuted, said before
/// or dismissed by people of the project is not said; what is fixed by now is resolved; what was dismissed is remembered.
///
/// Without any answer of a model there is a `failure`. With findings of severity `fail_on` or worse there is one as well, said now or
/// before, as long as nobody has dismissed them and their code is as it was. `Conclude` fails with it.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConcludeReviewInput {
    /// What is reviewed.
    pub task: ReviewTask,
    /// What was found.
    pub found: PlaceFindingsOutput,
    /// The answers to the questions for second opinions, in their order.
    #[serde(default)]
    pub opinions: Vec<ModelAnswer>,
    /// How much is said.
    #[serde(flatten)]
    pub choice: ChoiceOptions,
    /// Gives each summary a mark of its own.
    #[serde(default)]
    pub noisy_comments: bool,
    /// From which severity on findings are a failure.
    #[serde(default)]
    pub fail_on: Option<Severity>,
    /// Why no model could be asked; empty when one could.
    #[serde(default)]
    pub no_model: String,
    /// A file to which SARIF is written; an absolute path.
    #[serde(default)]
    pub sarif_file: Option<String>,
}

/// What is said.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct ConcludeReviewOutput {
    /// The findings that are said, the worst first.
    pub findings: Vec<ReviewFinding>,
    /// The comments on lines, for `CreatePRReview`.
    pub comments: Vec<ReviewComment>,
    /// The name in their marks.
    pub review_name: String,
    /// A sentence for all of them.
    pub review_summary: String,
    /// Threads whose findings are fixed.
    pub resolve: Vec<String>,
    /// What is said in them.
    pub replies: Vec<ThreadReply>,
    /// The summary, in Markdown.
    pub summary: String,
    /// The mark of the summary.
    pub summary_mark: Option<Value>,
    /// The review as plain text.
    pub text: String,
    /// The review as SARIF.
    pub sarif_values: Value,
    /// What people dismissed since the last review and is not remembered yet.
    pub dismissals: Vec<Dismissal>,
    /// For `CreateCheck`: its title.
    pub check_title: String,
    /// How the check ends.
    pub conclusion: Conclusion,
    /// Its remarks on lines.
    pub annotations: Vec<Annotation>,
    /// Whether there were questions and not one answer.
    pub no_answer: bool,
    /// Whether there is anything that the last summary does not say.
    pub news: bool,
    /// How many findings were not said, and how many are fixed, dismissed and still open.
    pub counts: Counts,
    /// How the run ends when that is not well; null otherwise.
    pub failure: Option<Failure>,
}

/// What became of findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Counts {
    /// Said now as comments.
    pub comments: usize,
    /// Told in the summary only.
    pub more: usize,
    /// Not said.
    pub dropped: usize,
    /// Said before and still open.
    pub open: usize,
    /// Fixed since.
    pub resolved: usize,
    /// Dismissed since.
    pub dismissed: usize,
}

#[async_trait]
impl Step for ConcludeReview {
    type Input = ConcludeReviewInput;
    type Output = ConcludeReviewOutput;

    const ID: &'static str = "ConcludeReview";
    const EFFECTS: Effects = Effects::READS_CHECKOUT;

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let choice = input.choice.read()?;
        let ConcludeReviewInput { task, found, .. } = &input;
        let (mut memory, _) = Memory::read(&task.dismissed);
        let mut problems = task.problems.clone();
        problems.extend(found.problems.iter().cloned());
        let verdicts = self.verdicts(&found.questions, &input.opinions, &mut problems);
        if found.unanswered > 0 {
            let PlaceFindingsOutput { unanswered, calls, problem, .. } = found;
            problems.push(format!("{unanswered} of {calls} calls got no answer that can be read: {problem}"));
        }
        for (reason, count) in &found.placing.dropped {
            ctx.note(format!("{count} of the model's findings left out: each {reason}"));
        }
        // What was dismissed on this pull request is not said again, whether or not it is remembered already.
        let new = memory.add(dismissals(ctx, &task.said, &found.placing.findings));
        let selection = task.selection(ctx).await?;
        let (files, _) = task.range.files(ctx, &selection).await?;
        task.range.look(ctx, &mut memory, &found.placing.findings, &files).await?;
        let known = Known { memory: &memory, said: &task.said };
        let chosen = choose(found.placing.findings.clone(), &verdicts, &choice, known);
        let no_answer =
            !input.no_model.trim().is_empty() || (found.calls > 0 && found.unanswered == found.calls);
        // Without an answer there is no summary, and what is resolved must be remembered in one.
        let fixed = if no_answer { Vec::new() } else { resolved(&task.said) };
        let units = cut(&files);
        let state = State::read(&task.state).unwrap_or_default();
        let is_open = |said: &&Said| !said.resolved && said.dismissed.is_none() && !said.is_over();
        let unresolved = task.said.iter().filter(is_open).count();
        let mut notes = found.placing.notes.clone();
        notes.retain(|note| choice.says(note.severity, note.confidence));
        let hidden = hidden(&task.left_out);
        let mut carried = state.carried(&units, &found.units, &hidden);
        carried.retain(|told| !is_dismissed(&told.fingerprint, &memory, &task.said));
        let mut all_told = told(&units, &chosen.more);
        all_told.extend(noted(&units, &notes, &found.units));
        all_told.extend(carried.iter().cloned());
        let in_hidden =
            |said: &&Said| said.place.as_ref().is_some_and(|place| hidden.contains(place.path.as_str()));
        let is_hidden =
            |print: &str| task.said.iter().filter(in_hidden).any(|said| said.fingerprint == print);
        let mut standing = state.standing(&units, &found.units, is_hidden);
        standing.retain(|open| !is_dismissed(&open.fingerprint, &memory, &task.said));
        let again = chosen.dropped.iter().filter(|dropped| dropped.why == NotSaid::Said);
        let again: Vec<ReviewFinding> = again.map(|dropped| dropped.finding.clone()).collect();
        standing.extend(open(&units, &again));
        let mut all_open = open(&units, &chosen.comments);
        all_open.extend(standing.iter().cloned());
        let kept = Kept { told: all_told, open: all_open, fixed: said::fixed(&task.said, &fixed) };
        let next = state.after(&units, &found.units, &task.range.to, &task.basis, kept);
        let before: Vec<Severity> = standing
            .iter()
            .map(|open| open.severity)
            .chain(carried.iter().map(|told| told.severity))
            .collect();
        let summary = Summary {
            notes,
            told: carried,
            walkthrough: walk(&units, &found.about),
            left_out: task.left_out.clone(),
            open: unresolved - fixed.len().min(unresolved),
            resolved: fixed.len(),
            dismissed: new.clone(),
            commit: task.range.to.clone(),
            calls: found.calls + input.opinions.len(),
            cost: cost(found.cost, &input.opinions).map(dollars),
            problems,
            chosen,
        };
        let sarif = text::sarif(&summary, &task.rules, env!("CARGO_PKG_VERSION"));
        self.write_sarif(ctx, input.sarif_file.as_deref(), &sarif)?;
        let mark = Mark::named(SUMMARY).state(next.write());
        let mark = if input.noisy_comments { mark.key(ctx.run().to_string()) } else { mark };
        let said: Vec<ReviewFinding> =
            summary.chosen.comments.iter().chain(&summary.chosen.more).cloned().collect();
        let now: Vec<Severity> = severities(&said, &summary.notes).collect();
        let counts = Counts {
            comments: summary.chosen.comments.len(),
            more: summary.chosen.more.len(),
            dropped: summary.chosen.dropped.len(),
            open: summary.open,
            resolved: summary.resolved,
            dismissed: new.len(),
        };
        let short: String = task.range.to.chars().take(12).collect();
        Ok(ConcludeReviewOutput {
            comments: summary.chosen.comments.iter().map(|found| comment(found, &task.said)).collect(),
            review_name: COMMENTS.to_owned(),
            review_summary: format!("Review of {short}: {} to look at.", counts.comments),
            replies: fixed.iter().filter_map(|said| reply(said, &short)).collect(),
            resolve: fixed.iter().filter_map(|said| said.thread.clone()).collect(),
            summary: text::summary(&summary),
            summary_mark: serde_json::to_value(&mark).ok(),
            text: text::plain(&summary),
            sarif_values: sarif,
            dismissals: new,
            check_title: match (now.len(), before.len()) {
                (0, 0) => "Nothing to look at".to_owned(),
                (0, open) => format!("Nothing new, {open} still open"),
                (1, _) => "1 finding".to_owned(),
                (many, _) => format!("{many} findings"),
            },
            conclusion: conclusion(&now, &before, input.fail_on),
            annotations: said.iter().filter(|finding| finding.side == Side::New).map(annotation).collect(),
            news: task.state.is_empty() || found.calls > 0 || counts.resolved + counts.dismissed > 0,
            no_answer,
            failure: failure(&input, &now, &before),
            findings: said,
            counts,
        })
    }
}

impl ConcludeReview {
    fn verdicts(
        &self,
        questions: &[RefuteQuestion],
        opinions: &[ModelAnswer],
        problems: &mut Vec<String>,
    ) -> Vec<crate::review::answer::Verdict> {
        let missing = ModelAnswer::default();
        let (mut verdicts, mut unread) = (Vec::new(), 0_usize);
        for (at, question) in questions.iter().enumerate() {
            let value = opinions.get(at).unwrap_or(&missing).value();
            match value.map(|value| refute_of(&value, &question.fingerprints)) {
                Ok(Ok(read)) => verdicts.extend(read),
                Ok(Err(_)) | Err(_) => unread += 1,
            }
        }
        if unread > 0 {
            problems.push(format!(
                "{unread} of {} second opinions are missing: those findings are said without one",
                questions.len()
            ));
        }
        verdicts
    }

    fn write_sarif(&self, ctx: &Context, file: Option<&str>, sarif: &Value) -> Result<(), StepError> {
        const FIELD: &str = "sarif_file";
        let Some(path) = file.map(str::trim).filter(|path| !path.is_empty()) else { return Ok(()) };
        if !std::path::Path::new(path).is_absolute() {
            return Err(StepError::input(FIELD, format!("{path} is relative: expected an absolute path")));
        }
        if !ctx.may_write_outside() {
            return Ok(());
        }
        let mut sarif = sarif.clone();
        ctx.redact_value(&mut sarif);
        let text = serde_json::to_string_pretty(&sarif)
            .map_err(|error| StepError::internal(format!("SARIF can't be written: {error}")))?;
        std::fs::write(path, text + "\n")
            .map_err(|error| StepError::input(FIELD, format!("can't write {path}: {error}")))
    }
}

/// What all calls cost together, in millionths of a US dollar; none when that is not known, or nothing.
fn cost(first: Option<u64>, opinions: &[ModelAnswer]) -> Option<u64> {
    let add = |sum: u64, opinion: &ModelAnswer| Some(sum.saturating_add(opinion.cost?));
    opinions.iter().try_fold(first?, add).filter(|cost| *cost > 0)
}

fn annotation(finding: &ReviewFinding) -> Annotation {
    Annotation {
        path: finding.path.clone(),
        start_line: finding.start_line,
        end_line: finding.line,
        level: match finding.severity {
            Severity::Critical | Severity::High => AnnotationLevel::Failure,
            Severity::Medium | Severity::Low => AnnotationLevel::Warning,
            Severity::Info | Severity::Unknown => AnnotationLevel::Notice,
        },
        title: finding.title.clone(),
        message: finding.explanation.clone(),
    }
}

/// The comment of a finding.
fn comment(finding: &ReviewFinding, said: &[Said]) -> ReviewComment {
    // The forge's own way to offer code is not known here.
    let without = ReviewFinding { suggestion: None, ..finding.clone() };
    ReviewComment {
        path: finding.path.clone(),
        side: finding.side,
        start_line: (finding.start_line < finding.line).then_some(finding.start_line),
        line: finding.line,
        body: text::comment(&without, |_, _| None),
        suggestion: finding.suggestion.clone(),
        key: Some(said::key(&finding.fingerprint, said)),
    }
}

fn reply(said: &Said, commit: &str) -> Option<ThreadReply> {
    Some(ThreadReply { thread: said.thread.clone()?, body: format!("Fixed by `{commit}`.") })
}

/// What people of the project dismissed, for the file.
fn dismissals(ctx: &Context, said: &[Said], findings: &[ReviewFinding]) -> Vec<Dismissal> {
    let when = jiff::Timestamp::from_millisecond(ctx.run_started_ms())
        .map(|time| time.strftime("%Y-%m-%d").to_string())
        .unwrap_or_default();
    said.iter()
        .filter_map(|said| {
            let word = said.dismissed.as_ref()?;
            let finding = findings.iter().find(|finding| finding.fingerprint == said.fingerprint);
            let place = said.place.as_ref().map(|place| place.path.clone());
            Some(Dismissal {
                fingerprint: said.fingerprint.clone(),
                rule: finding.map(|finding| finding.rule.clone()).unwrap_or_default(),
                path: finding.map(|finding| finding.path.clone()).or(place).unwrap_or_default(),
                reason: word.reason.clone(),
                by: word.by.clone(),
                when: when.clone(),
            })
        })
        .collect()
}

fn dollars(millionths: u64) -> String {
    format!("{}.{:04}", millionths / 1_000_000, millionths % 1_000_000 / 100)
}
