//! `PlaceFindings`: finds the lines of what models state, and asks for second opinions.

use async_trait::async_trait;
use patchwork_core::finding::Severity;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::select_changes::ReviewTask;
use crate::review::answer::{About, review_of};
use crate::review::bundle::Bundle;
use crate::review::choosing::{Choice, Known, Persona};
use crate::review::finding::Confidence;
use crate::review::memory::Memory;
use crate::review::placing::{Answered, Placing, place};
use crate::review::prompt::{RefuteQuestion, ReviewQuestion, worth_refuting};
use crate::review::suggestion::Guarded;

/// Finds the lines of what models state, and asks for second opinions.
pub struct PlaceFindings;

/// Reads what models state, finds the lines that they are about in the diff, and makes questions for second opinions of what
/// is left. What names no rule that was given, or no file that was asked about, is dropped; what quotes no line of the diff
/// becomes a note. Code is offered only where it takes the place of exactly these lines and the file still parses.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceFindingsInput {
    /// What is reviewed.
    pub task: ReviewTask,
    /// The questions.
    #[serde(default)]
    pub questions: Vec<ReviewQuestion>,
    /// The answer to each of them, in their order.
    #[serde(default)]
    pub answers: Vec<ModelAnswer>,
    /// How much is said.
    #[serde(flatten)]
    pub choice: ChoiceOptions,
    /// Makes questions for second opinions.
    #[serde(default)]
    pub second_opinion: bool,
}

/// An answer of a model, or why there is none.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModelAnswer {
    /// Its text.
    #[serde(default)]
    pub text: Option<String>,
    /// Why there is none.
    #[serde(default)]
    pub error: Option<String>,
    /// The failure of the call.
    #[serde(default)]
    pub failure: Option<Value>,
    /// What it cost, in millionths of a US dollar.
    #[serde(default)]
    pub cost: Option<u64>,
}

/// How much is said.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
pub struct ChoiceOptions {
    /// Quiet, normal or strict; normal when absent.
    #[serde(default)]
    pub persona: Persona,
    /// How sure a finding must be: `low`, `medium`, `high`, or 0 to 1; anything when absent.
    #[serde(default)]
    pub min_confidence: Option<ConfidenceWord>,
    /// Comments on lines at most; 10 if absent.
    #[serde(default)]
    pub max_comments: Option<usize>,
}

/// How sure something is.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ConfidenceWord {
    /// A share of 1.
    Share(f64),
    /// A word, a share or a percentage.
    Word(String),
}

impl ChoiceOptions {
    pub(super) fn read(&self) -> Result<Choice, StepError> {
        let wrong =
            || StepError::input("min_confidence", "expected low, medium, high, or a number from 0 to 1");
        let min_confidence = match &self.min_confidence {
            None => Confidence::default(),
            Some(ConfidenceWord::Share(share)) if (0.0..=1.0).contains(share) => {
                Confidence::from_share(*share)
            }
            Some(ConfidenceWord::Share(_)) => return Err(wrong()),
            Some(ConfidenceWord::Word(word)) if word.trim().is_empty() => Confidence::default(),
            Some(ConfidenceWord::Word(word)) => Confidence::parse(word).ok_or_else(wrong)?,
        };
        let usual = Choice::default();
        let max_comments = self.max_comments.unwrap_or(usual.max_comments);
        Ok(Choice { persona: self.persona, min_confidence, max_comments })
    }
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceFindingsOutput {
    /// The findings, and what could not be placed.
    pub placing: Placing,
    /// What models say that the change does to each file.
    pub about: Vec<About>,
    /// Hashes of the units that were answered.
    pub units: Vec<String>,
    /// Questions for second opinions.
    pub questions: Vec<RefuteQuestion>,
    /// How many calls there were.
    pub calls: usize,
    /// How many of them got no answer that can be read.
    pub unanswered: usize,
    /// Why the first of those got none.
    pub problem: String,
    /// The failure of the first call that failed; null when none did.
    pub call_failure: Option<Value>,
    /// What the calls cost together, in millionths of a US dollar; null when that is not known.
    pub cost: Option<u64>,
    /// The worst severity among the findings.
    pub worst: Severity,
    /// What could not be done with the suggestions, in sentences.
    pub problems: Vec<String>,
}

#[async_trait]
impl Step for PlaceFindings {
    type Input = PlaceFindingsInput;
    type Output = PlaceFindingsOutput;

    const ID: &'static str = "PlaceFindings";
    const EFFECTS: Effects = Effects::READS_CHECKOUT;

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let choice = input.choice.read()?;
        let mut output = PlaceFindingsOutput {
            calls: input.questions.len(),
            cost: Some(0),
            ..PlaceFindingsOutput::default()
        };
        let mut answered = Vec::new();
        let missing = ModelAnswer::default();
        for (at, question) in input.questions.iter().enumerate() {
            let answer = input.answers.get(at).unwrap_or(&missing);
            output.cost = output.cost.zip(answer.cost).map(|(sum, cost)| sum.saturating_add(cost));
            let read = answer.value().and_then(|value| review_of(&value).map_err(|error| error.to_string()));
            match read {
                Ok(read) => {
                    output.units.extend(question.units.iter().cloned());
                    output.about.extend(read.about.iter().cloned());
                    answered.push(Answered { paths: question.paths.clone(), answer: read });
                }
                Err(problem) => {
                    output.unanswered += 1;
                    if output.problem.is_empty() {
                        output.problem = ctx.redact(&problem);
                    }
                    if output.call_failure.is_none() {
                        output.call_failure = answer.failure.clone().filter(|failure| !failure.is_null());
                    }
                }
            }
        }
        let selection = input.task.selection(ctx).await?;
        let (files, _) = input.task.range.files(ctx, &selection).await?;
        let guarded = Guarded::of(ctx.policy());
        output.placing = place(&files, &input.task.rules, &guarded, &answered);
        output.worst =
            output.placing.findings.iter().map(|finding| finding.severity).max().unwrap_or_default();
        if input.second_opinion {
            let (mut memory, _) = Memory::read(&input.task.dismissed);
            input.task.range.look(ctx, &mut memory, &output.placing.findings, &files).await?;
            let known = Known { memory: &memory, said: &input.task.said };
            let asked = worth_refuting(&output.placing.findings, &choice, known);
            let bundles = input.questions.iter().map(bundle_of);
            output.questions = bundles
                .filter_map(|bundle| RefuteQuestion::new(&bundle, &asked, &input.task.rules))
                .collect();
        }
        Ok(output)
    }
}

impl ModelAnswer {
    /// The JSON of the answer, or why there is none.
    pub(super) fn value(&self) -> Result<Value, String> {
        match self.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            Some(text) => {
                serde_json::from_str(text).map_err(|error| format!("the answer is no JSON: {error}"))
            }
            None => Err(self.error.clone().unwrap_or_else(|| "the model gave no answer".to_owned())),
        }
    }
}

/// The bundle that a question was made of.
fn bundle_of(question: &ReviewQuestion) -> Bundle {
    Bundle {
        id: question.bundle.clone(),
        paths: question.paths.clone(),
        units: question.units.clone(),
        diff: question.diff.clone(),
        context: question.context.clone(),
        tokens: question.tokens,
    }
}
