//! `SelectChanges`: what of a pull request or a branch is to be reviewed, as questions for a model.

use async_trait::async_trait;
use patchwork_core::failure::Failure;
use patchwork_core::port::forge::PullRequestState;
use patchwork_core::port::forge::mark::Mark;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::target::{Pull, Range, Target, TargetOptions};
use crate::review::answer::{refute_schema, review_schema};
use crate::review::bundle::{Limits, bundle};
use crate::review::index::{Index, wanted};
use crate::review::memory::{self, Memory};
use crate::review::prompt::{ReviewQuestion, Subject};
use crate::review::rules::{self, ReviewRule};
use crate::review::said::{Said, look, said};
use crate::review::selection::{NotReviewed, Selection};
use crate::review::state::State;
use crate::review::unit::cut;
use crate::steps::forge::access::ForgeAccess;

/// Bytes of a file of the repository that says how to review.
const MOST_TEXT: usize = 1 << 20;

/// The name in the marks of comments on lines.
pub(crate) const COMMENTS: &str = "PRReview/finding";

/// The name in the mark of the summary.
pub(crate) const SUMMARY: &str = "PRReview/summary";

/// What of a pull request or a branch is to be reviewed.
pub struct SelectChanges;

/// Picks what of a pull request, or of a branch, is to be reviewed, and makes questions of it: related files together, cut to what
/// changed with what it calls and what calls it.
///
/// Of a pull request that was reviewed before only what changed since is asked about. Rules, `.gitattributes`, `AGENTS.md` and
/// `.patchwork/dismissed.yml` are read from the commit that the run stands on, which for a pull request is that of the base
/// branch. A pull request that is closed or merged is skipped.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectChangesInput {
    /// What is reviewed.
    #[serde(flatten)]
    pub target: TargetOptions,
    /// Which forge, and as whom.
    #[serde(flatten)]
    pub access: ForgeAccess,
    /// Only files below these paths or fitting these globs; all when empty.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Files to leave out, by globs.
    #[serde(default)]
    pub exclude: Vec<String>,
    /// Rules of the team: texts, or objects with `text` and, if wanted, `id`, `title`, `severity`, `languages`, `paths`.
    #[serde(default)]
    pub review_rules: Vec<Value>,
    /// Leaves the rules away that are shipped.
    #[serde(default)]
    pub only_own_rules: bool,
    /// Asks for code that can be committed.
    #[serde(default)]
    pub diff_suggestion: bool,
    /// Asks about everything again.
    #[serde(default)]
    pub whole: bool,
    /// The models that will be asked: with others everything is asked again.
    #[serde(default)]
    pub model: Vec<String>,
}

/// What is to be reviewed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReviewTask {
    /// The page of the pull request; empty for a branch.
    pub pr_url: String,
    /// The commits.
    pub range: Range,
    /// The rules that findings are stated against.
    pub rules: Vec<ReviewRule>,
    /// Files that are not reviewed.
    pub left_out: Vec<NotReviewed>,
    /// What was said in earlier reviews.
    pub said: Vec<Said>,
    /// What people dismissed: the text of `.patchwork/dismissed.yml`.
    pub dismissed: String,
    /// What the last review had looked at, as the mark of its summary holds it; empty when there was none.
    pub state: String,
    /// Digest of whatever else makes an answer.
    pub basis: String,
    /// Globs that were given, for the steps after this one.
    pub paths: Vec<String>,
    /// The same for what is left out.
    pub exclude: Vec<String>,
    /// What could not be done, in sentences.
    pub problems: Vec<String>,
}

/// What is to be reviewed, and what a model is asked about it.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct SelectChangesOutput {
    /// What is reviewed, for the steps after this one.
    pub task: ReviewTask,
    /// The page of the pull request; empty for a branch.
    pub pr_url: String,
    /// The commit that is reviewed.
    pub commit: String,
    /// One question for each bundle of files.
    pub questions: Vec<ReviewQuestion>,
    /// The form of answers to them.
    pub review_schema: Value,
    /// The form of second opinions.
    pub refute_schema: Value,
}

#[async_trait]
impl Step for SelectChanges {
    type Input = SelectChangesInput;
    type Output = SelectChangesOutput;

    const ID: &'static str = "SelectChanges";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::READS_FORGE);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let Target { range, subject, pull } = input.target.find(ctx, &input.access).await?;
        if let Some(Pull { found, .. }) = &pull
            && found.state != PullRequestState::Open
        {
            ctx.skip(format!("{} is {}", found.pull.url, found.state.as_str()));
            return Ok(SelectChangesOutput::default());
        }
        let mut task = ReviewTask {
            pr_url: pull.as_ref().map(|pull| pull.found.pull.url.clone()).unwrap_or_default(),
            paths: input.paths.clone(),
            exclude: input.exclude.clone(),
            ..ReviewTask::default()
        };
        task.rules = all_rules(ctx, &input, &mut task.problems).await?;
        task.basis = rules::digest(&task.rules) + &crate::steps::forge::key_of(&basis(&input));
        task.dismissed = base_text(ctx, memory::PATH).await?;
        let (_, faults) = Memory::read(&task.dismissed);
        task.problems.extend(faults);
        let previous = pull.as_ref().and_then(last_state);
        if let Some(state) = &previous {
            task.state = state.write();
        }
        task.range = range;
        let selection = task.selection(ctx).await?;
        let (files, left_out) = task.range.files(ctx, &selection).await?;
        if let Some(pull) = &pull {
            let fixed = previous.as_ref().map(|state| state.fixed.as_slice()).unwrap_or_default();
            task.said = said(&pull.comments, COMMENTS, fixed);
            look(&mut task.said, &files, &left_out);
        }
        let state = previous.filter(|_| !input.whole).unwrap_or_default();
        let questions = questions(ctx, &task, &files, &subject, &state, input.diff_suggestion).await?;
        if files.is_empty() {
            ctx.note("nothing that changed is to be reviewed");
        } else if questions.is_empty() {
            ctx.note("nothing has changed since the last review");
        }
        task.left_out = left_out;
        Ok(SelectChangesOutput {
            pr_url: task.pr_url.clone(),
            commit: task.range.to.clone(),
            questions,
            review_schema: review_schema(),
            refute_schema: refute_schema(),
            task,
        })
    }
}

impl ReviewTask {
    /// Which files are reviewed.
    pub(super) async fn selection(&self, ctx: &Context) -> Result<Selection, StepError> {
        let attributes = base_text(ctx, ".gitattributes").await?;
        Ok(Selection::new(&self.paths, &self.exclude, &attributes)?)
    }
}

async fn questions(
    ctx: &Context,
    task: &ReviewTask,
    files: &[crate::review::file::ReviewFile],
    subject: &Subject,
    state: &State,
    suggestions: bool,
) -> Result<Vec<ReviewQuestion>, StepError> {
    let history = ctx.history()?;
    let all = history.files(&task.range.to).await?;
    let units = cut(files);
    let near = wanted(&all, &units);
    let texts = history.read(&task.range.to, &near).await?;
    let others: Vec<(String, Vec<u8>)> =
        near.into_iter().zip(texts).filter_map(|(path, text)| Some((path, text?))).collect();
    let index = Index::new(&units, &others);
    let bundles = bundle(&units, &index, Limits::default(), |unit| state.pending(&task.basis, unit));
    Ok(bundles.iter().map(|bundle| ReviewQuestion::new(bundle, &task.rules, subject, suggestions)).collect())
}

/// What makes an answer beside the rules.
fn basis(input: &SelectChangesInput) -> Vec<&str> {
    let suggestions = if input.diff_suggestion { "suggestions" } else { "" };
    std::iter::once(suggestions).chain(input.model.iter().map(String::as_str)).collect()
}

/// Ours, the team's of the options, and those of `AGENTS.md`.
async fn all_rules(
    ctx: &Context,
    input: &SelectChangesInput,
    problems: &mut Vec<String>,
) -> Result<Vec<ReviewRule>, StepError> {
    let mut rules = if input.only_own_rules { Vec::new() } else { rules::ours() };
    let options = Value::Array(input.review_rules.clone());
    let agents = base_text(ctx, "AGENTS.md").await?;
    for team in [rules::from_config(&options, "the options"), rules::from_agents(&agents, "AGENTS.md")] {
        problems.extend(team.faults);
        for rule in team.rules {
            // A rule of the team takes the place of ours.
            rules.retain(|other| other.id != rule.id);
            rules.push(rule);
        }
    }
    if rules.is_empty() {
        return Err(Failure::configuration("there is no rule to review by")
            .hint("give review_rules, or leave only_own_rules away")
            .into());
    }
    Ok(rules)
}

/// A text of the commit that the run stands on; empty when there is none, or it is too large.
async fn base_text(ctx: &Context, path: &str) -> Result<String, StepError> {
    let commit = &ctx.checkout()?.base().commit;
    let bytes = ctx.history()?.file(commit, path).await?.filter(|bytes| bytes.len() <= MOST_TEXT);
    Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default())
}

/// What the newest summary of ours says that it looked at.
fn last_state(pull: &Pull) -> Option<State> {
    let mut summaries = pull.comments.iter().filter_map(Mark::of).filter(|found| found.mark.name == SUMMARY);
    summaries.next_back().and_then(|found| State::read(&found.mark.state))
}
