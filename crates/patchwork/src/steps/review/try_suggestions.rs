//! `TrySuggestions`: builds what is suggested, and leaves out what does not build.

use std::collections::BTreeSet;

use async_trait::async_trait;
use patchwork_core::change::{ChangeStatus, Side};
use patchwork_core::failure::{Failure, FailureKind};
use patchwork_core::port::trial::Change;
use patchwork_core::step::{Context, Effects, Step, StepError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::place_findings::PlaceFindingsOutput;
use super::select_changes::ReviewTask;
use crate::review::finding::ReviewFinding;
use crate::review::suggestion;
use crate::verify::{Ladder, SandboxChoice, Verdict, Verification, VerifyOptions};

/// Builds what is suggested, and leaves out what does not build.
pub struct TrySuggestions;

/// Builds each suggestion on top of the reviewed commit, in a trial of its own, and leaves out those that do not build. Their
/// findings stay. Where the commit does not build by itself nothing is judged: suggestions stay, and `problems` says why.
///
/// The reviewed code may be a stranger's: when somebody from outside wrote it, it is built only in the sandbox and without the
/// network, whatever the options say. Where it may not be built, or the sandbox can't be had, no suggestion stays.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrySuggestionsInput {
    /// What is reviewed.
    pub task: ReviewTask,
    /// What was found.
    pub found: PlaceFindingsOutput,
    /// How it is built. Tests are not run: what is said of them and of `min_evidence` means nothing here.
    #[serde(flatten)]
    pub verify: VerifyOptions,
}

/// What was found, with the suggestions that hold.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub struct TrySuggestionsOutput {
    /// What was found, without the suggestions that do not build.
    pub found: PlaceFindingsOutput,
    /// How many suggestions build.
    pub built: usize,
    /// How many were left out.
    pub left_out: usize,
}

/// A suggestion of a finding.
#[derive(Debug, Clone, Serialize)]
struct Suggested {
    path: String,
    start_line: u32,
    line: u32,
    code: String,
}

/// What builds showed.
#[derive(Debug, Serialize, Deserialize)]
enum Tried {
    /// Nothing is run here: a plan.
    NotRun,
    /// They may not be run, and why.
    Refused(String),
    /// They can show nothing, and why.
    Useless(String),
    /// Why each suggestion does not hold; none where it does.
    Judged(Vec<Option<String>>),
}

#[async_trait]
impl Step for TrySuggestions {
    type Input = TrySuggestionsInput;
    type Output = TrySuggestionsOutput;

    const ID: &'static str = "TrySuggestions";
    const EFFECTS: Effects = Effects::READS_CHECKOUT.and(Effects::RUNS_COMMANDS);

    async fn run(&self, ctx: &Context, input: Self::Input) -> Result<Self::Output, StepError> {
        let TrySuggestionsInput { task, found, verify } = input;
        let mut out = TrySuggestionsOutput { found, ..TrySuggestionsOutput::default() };
        let options = only_builds(verify);
        if !options.runs_commands() {
            ctx.skip("there is no build: neither `build_command` nor `verify: [build]` is given");
            return Ok(out);
        }
        let suggested: Vec<Suggested> = out.found.placing.findings.iter().filter_map(Suggested::of).collect();
        if suggested.is_empty() {
            ctx.skip("there is no suggestion to build");
            return Ok(out);
        }
        let tried = match forbidden(ctx, &options).await? {
            Some(why) => Tried::Refused(why),
            None => tried(ctx, task.range.to, suggested, options).await?,
        };
        match tried {
            Tried::NotRun => {}
            Tried::Useless(why) => {
                let told = format!("suggestions were not built: {why}");
                ctx.warn(&told);
                out.found.problems.push(told);
            }
            Tried::Refused(why) => {
                let told = format!("suggestions are left out, since they can't be built: {why}");
                ctx.warn(&told);
                out.found.problems.push(told);
                out.leave_out(&|_| Some("it can't be built here".to_owned()));
            }
            Tried::Judged(reasons) => out.leave_out(&|at| reasons.get(at).cloned().flatten()),
        }
        Ok(out)
    }
}

impl TrySuggestionsOutput {
    /// Leaves out the suggestions, counted from 0, that something speaks against.
    fn leave_out(&mut self, against: &dyn Fn(usize) -> Option<String>) {
        let findings = self.found.placing.findings.iter_mut();
        for (at, finding) in findings.filter(|finding| Suggested::of(finding).is_some()).enumerate() {
            match against(at) {
                None => self.built += 1,
                Some(reason) => {
                    finding.suggestion = None;
                    finding.suggestion_dropped = Some(reason);
                    self.left_out += 1;
                }
            }
        }
    }
}

impl Suggested {
    fn of(finding: &ReviewFinding) -> Option<Self> {
        let code = finding.suggestion.clone().filter(|_| finding.side == Side::New)?;
        let ReviewFinding { path, start_line, line, .. } = finding;
        Some(Self { path: path.clone(), start_line: *start_line, line: *line, code })
    }

    /// The file with it, exactly as a click on it commits it.
    fn change(&self, before: Option<Vec<u8>>) -> Option<Change> {
        let text = String::from_utf8(before?).ok()?;
        let content = suggestion::apply(&text, &(self.start_line..=self.line), &self.code);
        Some(Change { path: self.path.clone(), content: Some(content.into_bytes()) })
    }
}

fn only_builds(mut options: VerifyOptions) -> VerifyOptions {
    options.verify.retain(|what| *what == Verification::Build);
    VerifyOptions { test_command: None, min_evidence: None, ..options }
}

/// Why nothing is built, whatever the machine could do.
async fn forbidden(ctx: &Context, options: &VerifyOptions) -> Result<Option<String>, StepError> {
    let option = match options {
        VerifyOptions { sandbox: SandboxChoice::Off, .. } => "sandbox: off",
        VerifyOptions { sandbox_network: true, .. } => "sandbox_network",
        _ => return Ok(None),
    };
    let heard = ctx.heard_outsider().await?;
    Ok(heard.map(|_| format!("with `{option}` code of people from outside is not run")))
}

/// What builds show, found out once: neither a resumed run nor a replay builds again, also where nothing could be judged.
async fn tried(
    ctx: &Context,
    to: String,
    suggested: Vec<Suggested>,
    options: VerifyOptions,
) -> Result<Tried, StepError> {
    let VerifyOptions { build_command, setup_command, command_timeout, sandbox_network, .. } = &options;
    let how = (build_command, setup_command, command_timeout, sandbox_network);
    let key = patchwork_core::engine::digest(&(&to, &suggested, how))?;
    let in_task = ctx.clone();
    ctx.once("suggestions", &key, async move {
        match judged(&in_task, &to, &suggested, &options).await {
            Ok(tried) => Ok(tried),
            Err(error) => softened(error),
        }
    })
    .await
}

/// A review is not lost because its suggestions can't be built.
fn softened(error: StepError) -> Result<Tried, StepError> {
    let failure = error.into_failure();
    match failure.kind {
        FailureKind::Refused => Ok(Tried::Refused(failure.message)),
        FailureKind::Failed | FailureKind::Configuration | FailureKind::Unavailable => {
            Ok(Tried::Useless(failure.message))
        }
        _ => Err(StepError::Failed(failure)),
    }
}

async fn judged(
    ctx: &Context,
    to: &str,
    suggested: &[Suggested],
    options: &VerifyOptions,
) -> Result<Tried, StepError> {
    let state = state(ctx, to).await?;
    let Some(ladder) = Ladder::open_on(ctx, options, state).await? else { return Ok(Tried::NotRun) };
    if let Some(why) = ladder.build_useless() {
        return Ok(Tried::Useless(why));
    }
    let paths: Vec<String> = suggested.iter().map(|suggested| suggested.path.clone()).collect();
    let texts = ctx.history()?.read(to, &paths).await?;
    let changes: Vec<Option<Change>> =
        suggested.iter().zip(texts).map(|(suggested, before)| suggested.change(before)).collect();
    let proposals = changes.iter().flatten().map(|change| vec![change.clone()]).collect();
    let mut judgements = ladder.judge_all(ctx, proposals).await?.into_iter();
    let reasons = changes.iter().map(|change| match change {
        None => Some("its file is in an encoding in which it can't be tried".to_owned()),
        Some(_) => {
            let build = judgements.next().and_then(|judgement| judgement.build);
            let held = build.is_some_and(|seen| seen.verdict == Verdict::Held);
            (!held).then(|| "it does not build".to_owned())
        }
    });
    Ok(Tried::Judged(reasons.collect()))
}

/// What makes the reviewed commit of the checkout, which stands on another: removed files first.
async fn state(ctx: &Context, to: &str) -> Result<Vec<Change>, StepError> {
    let (checkout, history) = (ctx.checkout()?, ctx.history()?);
    let changed = history.changes(&checkout.base().commit, to).await?;
    let there: Vec<String> = changed
        .iter()
        .filter(|change| change.status != ChangeStatus::Deleted)
        .map(|change| change.path.clone())
        .collect();
    let known: BTreeSet<&String> = there.iter().collect();
    let gone = changed.iter().filter_map(|change| match change.status {
        ChangeStatus::Deleted => Some(&change.path),
        ChangeStatus::Renamed => change.old_path.as_ref(),
        _ => None,
    });
    let mut state: Vec<Change> = gone
        .filter(|path| !known.contains(path))
        .map(|path| Change { path: path.clone(), content: None })
        .collect();
    for (path, content) in there.iter().zip(history.read(to, &there).await?) {
        if content.is_none() {
            let message = format!("{path:?} is no plain file, or too large to be copied");
            return Err(Failure::failed(message).into());
        }
        state.push(Change { path: path.clone(), content });
    }
    for change in &state {
        // A place that resolves to another one is not the file that the commit means.
        if checkout.resolve(&change.path)? != change.path {
            return Err(Failure::failed(format!("{:?} can't be put into a copy", change.path)).into());
        }
    }
    Ok(state)
}
